//! Which accounts are one person: by the configuration, or linked by a code.

use sha2::{Digest, Sha256};

use super::id::{At, Who};
use super::settings::{CONSOLE, Seed, Settings};
use super::state::State;

/// What codes are made of: no two of these look alike.
const LETTERS: &[u8] = b"34679ACDEFGHJKMNPQRTUVWXY";

/// How many of them a code has.
const LENGTH: usize = 6;

/// `network/account`.
pub fn full(network: &str, account: &str) -> String {
    format!("{network}/{account}")
}

/// The person behind an account: whom the configuration names, else whose account it was linked to, else the account.
/// A link leads to an account and not to a person, so that it never gives more than the configuration gives that account.
pub fn who(settings: &Settings, state: &State, network: &str, account: &str) -> Who {
    let full = full(network, account);
    let linked = state.linked.get(&full).filter(|_| configured(settings, &full).is_none());
    match linked {
        Some(to) => configured(settings, to).unwrap_or_else(|| Who(to.clone())),
        None => settings.who(network, account),
    }
}

/// The person that the configuration gives an account to; on the terminal an account is its person.
pub fn configured(settings: &Settings, full: &str) -> Option<Who> {
    let (network, account) = full.split_once('/')?;
    let who = settings.who(network, account);
    (network == CONSOLE || who.0 != full).then_some(who)
}

/// All accounts of a person: those of the configuration, then those that were linked.
pub fn of(settings: &Settings, state: &State, who: &Who) -> Vec<String> {
    let mut accounts = settings.person(who).map(|person| person.accounts.clone()).unwrap_or_default();
    if accounts.is_empty() && who.0.contains('/') {
        accounts.push(who.0.clone());
    }
    let linked = state.linked.keys().filter_map(|full| full.split_once('/'));
    let theirs = linked.filter(|(network, account)| self::who(settings, state, network, account) == *who);
    accounts.extend(theirs.map(|(network, account)| full(network, account)));
    accounts.dedup();
    accounts
}

/// The accounts of a person on one network, without its name.
pub fn on(settings: &Settings, state: &State, who: &Who, network: &str) -> Vec<String> {
    let here = |full: String| Some(full.strip_prefix(network)?.strip_prefix('/')?.to_owned());
    of(settings, state, who).into_iter().filter_map(here).collect()
}

/// The code that an account gets at this moment. Nobody who does not know the seed can tell it.
pub fn code(seed: &Seed, full: &str, at: At) -> String {
    let mut hash = Sha256::new();
    hash.update(seed.0);
    hash.update(at.timestamp_millis().to_be_bytes());
    hash.update(full.as_bytes());
    let hash = hash.finalize();
    let letter = |bytes: &[u8]| {
        let number = bytes.iter().fold(0_usize, |number, byte| number << 8 | usize::from(*byte));
        char::from(LETTERS[number % LETTERS.len()])
    };
    hash.chunks(4).take(LENGTH).map(letter).collect()
}
