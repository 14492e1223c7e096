//! What is said of accounts that are one person.

use super::super::id::Who;
use super::{command, own_words, short_name};

/// A code for the other account.
pub fn code(code: &str) -> String {
    format!(
        "your code is {code}, for 10 min and for you alone. With your other account say to me in private \"link {code}\": \
         from then on it is you, with your rights"
    )
}

/// A code for one other account.
pub fn code_for(prefix: &str, code: &str, only: &str) -> String {
    let say = command(prefix, &format!("link {code}"));
    format!(
        "your code is {code}, for 10 min and for {} alone. Say {say} with it, also in a room: from then on it is you, with your rights",
        own_words(only)
    )
}

/// Said to somebody who says a code where others read it.
pub const VOID: &str = "that code is void now, others have read it. Say \"link\" to me in private for a new one, and give it in private";

/// Said to the account that gave the code.
pub fn you_are(prefix: &str, account: &str, person: &Who) -> String {
    let back = command(prefix, &format!("unlink {}", own_words(account)));
    format!("{} is {} from now on. {back} takes it back", own_words(account), short_name(person))
}

/// Said to everybody, and to the person first of all.
pub fn linked(prefix: &str, account: &str, to: &str, person: &Who) -> String {
    let unlink = command(prefix, &format!("unlink {}", own_words(account)));
    format!(
        "{}: {} is you from now on, by the code of {}. If not: {unlink}",
        short_name(person),
        own_words(account),
        own_words(to)
    )
}

/// The link is there.
pub fn already(account: &str, person: &Who) -> String {
    format!("already so, {} is {}", own_words(account), short_name(person))
}

/// The answer to `unlink`.
pub fn unlinked(account: &str, person: &Who) -> String {
    format!("{} is not {} any more", own_words(account), short_name(person))
}

/// The same, said to everybody.
pub fn unlinked_by(account: &str, person: &Who, by: &str) -> String {
    let name = short_name(person);
    format!("{name}: {} is not {name} any more ({by})", own_words(account))
}

/// The accounts of a person, the one they speak with first.
pub fn list(speaking: &str, all: &[String]) -> String {
    let others: Vec<String> =
        all.iter().filter(|other| *other != speaking).map(|other| own_words(other)).collect();
    let also = if others.is_empty() { String::new() } else { format!(", also {}", others.join(", ")) };
    format!("{}{also}", own_words(speaking))
}
