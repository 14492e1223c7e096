//! Refusals that are about accounts: codes, and who is whom.

use std::collections::BTreeSet;

use super::super::super::id::Who;
use super::super::super::patch::Patch;
use super::super::super::window::Window;
use super::super::{Refusal, command, own_words, short_name};

/// Codes are for one pair of eyes.
pub fn link_in_private() -> Refusal {
    let text = "a code is for you alone. Say \"link\" to me in private; where there is no private, say \
                \"link NETWORK/ACCOUNT\" in private with your other account, then its code here";
    Refusal::new("private", text)
}

/// Codes are for accounts of networks that are connected.
pub fn link_to_nowhere(networks: &BTreeSet<String>) -> Refusal {
    let known: Vec<&str> = networks.iter().map(String::as_str).collect();
    let text = if known.is_empty() {
        "the terminal is the only network, and nothing is linked there".to_owned()
    } else {
        format!("no window is held there. Type NETWORK/ACCOUNT, with {}", known.join(" or "))
    };
    Refusal::new("usage", text)
}

/// A code is for one account, and another one said it.
pub fn code_of_another(only: &str) -> Refusal {
    Refusal::new("code", format!("that code is for {} alone", own_words(only)))
}

/// An account that was linked gives no codes.
pub fn ask_there(to: &str) -> Refusal {
    let text = format!("this account is linked to {}. Ask with that one", own_words(to));
    Refusal::new("linked", text)
}

/// No such code is open.
pub fn no_code() -> Refusal {
    let text = "no such code is open: it holds for 10 min, and once. \
                Say \"link\" to me in private with the account whose rights you have";
    Refusal::new("code", text)
}

/// The terminal needs no code.
pub fn link_on_terminal() -> Refusal {
    Refusal::new("terminal", "on the terminal you are who you say you are, nothing is linked there")
}

/// The configuration says that they are two.
pub fn two_people(a: &Who, b: &Who) -> Refusal {
    let text = format!("{} and {} are two people in the configuration", short_name(a), short_name(b));
    Refusal::new("two-people", text)
}

/// Whoever asks for a code gets nobody's rights by it.
pub fn other_direction(account: &str, person: &Who) -> Refusal {
    let text = format!(
        "{} is {} in the configuration and stays so. Say \"link\" with it, and the code with the other account",
        own_words(account),
        short_name(person)
    );
    Refusal::new("direction", text)
}

/// It is linked to somebody else.
pub fn linked_elsewhere(prefix: &str, account: &str, person: &Who) -> Refusal {
    let unlink = command(prefix, &format!("unlink {}", own_words(account)));
    let text = format!("{} is {} already. First {unlink}", own_words(account), short_name(person));
    Refusal::new("linked", text)
}

/// Nobody would own the patch.
pub fn owner_cannot_link(account: &str, patch: &Patch, window: &Window) -> Refusal {
    let (account, change, id) = (own_words(account), patch.change, window.id());
    let text = format!("{account} owns {change} in {id}. Link it when that is through");
    Refusal::new("owner", text)
}

/// There is nothing to take back.
pub fn not_linked(prefix: &str, account: &str) -> Refusal {
    let whoami = command(prefix, "whoami");
    let text = format!("\"{}\" is not linked. {whoami} lists your accounts", own_words(account));
    Refusal::new("not-linked", text)
}

/// It is somebody else's.
pub fn not_your_link(person: &Who, managers: &[Who]) -> Refusal {
    let managers: Vec<&str> = managers.iter().map(short_name).collect();
    let text = format!("unlink is for {} and managers: {}", short_name(person), managers.join(", "));
    Refusal::new("not-yours", text)
}
