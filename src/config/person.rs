//! `[[person]]`: who has which right, and which accounts are theirs.

use std::collections::BTreeMap;

use crate::engine::id::Who;
use crate::engine::settings::{CONSOLE, NetworkSettings, Person, Standing};

use super::item::Item;
use super::matrix::NETWORK as MATRIX;
use super::reader::Section;
use super::suggest::nearest;

const ROLES: &[(&str, Standing)] = &[("deployer", Standing::Deployer), ("manager", Standing::Manager)];

/// Who has which account; with the ids, because an id is the account on the terminal.
#[derive(Default)]
struct Taken {
    ids: Vec<String>,
    accounts: BTreeMap<String, String>,
}

/// The networks that the file has a connection for.
type Networks = BTreeMap<String, NetworkSettings>;

/// Reads everybody.
pub(super) fn read(root: &Section<'_>, networks: &Networks) -> Vec<Person> {
    let mut taken = Taken::default();
    let sections = root.sections("person").unwrap_or_default();
    (1..).zip(&sections).filter_map(|(place, section)| person(section, place, networks, &mut taken)).collect()
}

fn person(section: &Section<'_>, place: usize, networks: &Networks, taken: &mut Taken) -> Option<Person> {
    let id = section.need("id", "\"alice\"").and_then(|item| person_id(&item, taken));
    let roles = section.get("roles").map(|item| {
        let items =
            item.some_texts("Type [\"deployer\"] or [\"manager\"], or remove the key: a person needs none.");
        items.iter().filter_map(|item| item.one_of(ROLES)).collect()
    });
    // An account is compared under the name of its owner; without an id the place in the file stands for it.
    let owner = id.map_or_else(|| format!("#{place}"), str::to_owned);
    let mut accounts = Vec::new();
    for item in section.texts("irc") {
        accounts.extend(irc_account(&item, networks).and_then(|account| taken.claim(&item, account, &owner)));
    }
    for item in section.texts("matrix") {
        accounts.extend(matrix_account(&item).and_then(|account| taken.claim(&item, account, &owner)));
    }
    let review = section.get("gerrit").and_then(|item| {
        let name = item.text()?;
        taken.claim(&item, format!("gerrit/{name}"), &owner)?;
        Some(name.to_owned())
    });
    section.finish();
    Some(Person { id: Who(id?.to_owned()), roles: roles.unwrap_or_default(), accounts, review })
}

impl Taken {
    /// Gives an account to its owner, unless somebody has it.
    fn claim(&mut self, item: &Item<'_>, account: String, owner: &str) -> Option<String> {
        match self.accounts.get(&account) {
            Some(other) if other != owner => {
                let whose = if other.starts_with('#') { "somebody else" } else { other };
                let what = format!("{} is {whose}'s account already", item.written());
                item.fault(what, "Remove it from one of the two: an account is one person.");
                None
            }
            _ => {
                self.accounts.insert(account.clone(), owner.to_owned());
                Some(account)
            }
        }
    }
}

fn person_id<'r>(item: &Item<'r>, taken: &mut Taken) -> Option<&'r str> {
    let id = item.text()?;
    if id.contains(|c: char| c == '/' || c.is_whitespace()) || id.starts_with(['#', '@']) {
        let fix = "Type a name without spaces and slashes that starts with a letter: \"alice\".";
        item.fault(format!("{id:?} cannot be a person's id"), fix);
        return None;
    }
    if taken.ids.iter().any(|other| other == id) {
        let fix = "Give this one another id, or put everything under one [[person]].";
        item.fault(format!("there is a person {id:?} already"), fix);
        return None;
    }
    taken.ids.push(id.to_owned());
    Some(id)
}

/// `libera/alice`, as it is. A network without a connection may get one later, a mistyped one never will.
fn irc_account(item: &Item<'_>, networks: &Networks) -> Option<String> {
    let text = item.text()?;
    let plain = |part: &str| !part.is_empty() && !part.contains(char::is_whitespace);
    let parts = text.split_once('/').filter(|(network, account)| {
        plain(network)
            && plain(account)
            && !account.contains('/')
            && !matches!(*network, CONSOLE | MATRIX | "gerrit")
    });
    let Some((network, account)) = parts else {
        let fix = "Type the network and the services account: \"libera/alice\".";
        item.fault(format!("{text:?} is not an IRC account"), fix);
        return None;
    };
    if !networks.contains_key(network)
        && let Some(near) = nearest(network, networks.keys().map(String::as_str))
    {
        let meant = format!("{near}/{account}");
        item.fault(format!("no connection has the network {network:?}"), format!("Did you mean {meant:?}?"));
    }
    Some(text.to_owned())
}

/// `@alice:example.org`, under the network's name.
fn matrix_account(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    let parts = text.strip_prefix('@').and_then(|rest| rest.split_once(':'));
    match parts {
        Some((local, server))
            if !local.is_empty()
                && !server.is_empty()
                && !text.contains(|c: char| c == '/' || c.is_whitespace()) =>
        {
            Some(format!("{MATRIX}/{text}"))
        }
        _ => {
            let fix = "Type the whole user id: \"@alice:example.org\".";
            item.fault(format!("{text:?} is not a Matrix account"), fix);
            None
        }
    }
}
