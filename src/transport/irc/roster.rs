//! Who is in which channel, under which nick and with which account, as far as the server has said so.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::isupport::Casemapping;

/// The channels that the bot is in, and who is there.
#[derive(Debug, Default)]
pub struct Roster {
    casemapping: Casemapping,
    people: HashMap<String, Person>,
    rooms: BTreeMap<String, Room>,
    /// Counts what was said, so that the last who spoke is known without a clock.
    said: u64,
}

/// Somebody who shares a channel with the bot.
#[derive(Debug)]
struct Person {
    nick: String,
    account: Option<String>,
    /// The count of `said` when they spoke last.
    spoke: u64,
    /// How many channels they share with the bot.
    rooms: usize,
}

/// All names in it are folded, accounts are not.
#[derive(Debug, Default)]
struct Room {
    nicks: HashSet<String>,
    /// The nicks of each account. None is empty.
    accounts: HashMap<String, BTreeSet<String>>,
}

impl Room {
    /// Whether the account was not there before.
    fn add(&mut self, nick: &str, account: &str) -> bool {
        let nicks = self.accounts.entry(account.to_owned()).or_default();
        nicks.insert(nick.to_owned());
        nicks.len() == 1
    }

    /// Whether the account is not there any more.
    fn remove(&mut self, nick: &str, account: &str) -> bool {
        let Some(nicks) = self.accounts.get_mut(account) else { return false };
        let is_last = nicks.remove(nick) && nicks.is_empty();
        if is_last {
            self.accounts.remove(account);
        }
        is_last
    }
}

/// What a change of account means for one channel.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Turnover {
    /// The channel, folded.
    pub(super) channel: String,
    /// The account that is not there any more.
    pub(super) gone: Option<String>,
    /// The account that is there now.
    pub(super) came: Option<String>,
}

impl Roster {
    /// The nicks that an account has in a channel, the one that spoke last first.
    pub fn nicks(&self, channel: &str, account: &str) -> Vec<String> {
        let room = self.rooms.get(&self.casemapping.fold(channel));
        let Some(nicks) = room.and_then(|room| room.accounts.get(account)) else { return Vec::new() };
        let mut people: Vec<&Person> = nicks.iter().filter_map(|nick| self.people.get(nick)).collect();
        people.sort_by_key(|person| std::cmp::Reverse(person.spoke));
        people.into_iter().map(|person| person.nick.clone()).collect()
    }

    /// The accounts that are in a channel, sorted.
    pub(super) fn accounts(&self, channel: &str) -> Vec<String> {
        let room = self.rooms.get(&self.casemapping.fold(channel));
        let mut accounts: Vec<String> =
            room.map(|room| room.accounts.keys().cloned().collect()).unwrap_or_default();
        accounts.sort();
        accounts
    }

    /// Compares names like this from now on. Only to be said while nobody is known.
    pub(super) fn compare_by(&mut self, casemapping: Casemapping) {
        self.casemapping = casemapping;
    }

    /// The bot is in a channel, and knows of nobody there yet.
    pub(super) fn open(&mut self, channel: &str) {
        self.close(channel);
        self.rooms.insert(self.casemapping.fold(channel), Room::default());
    }

    /// The bot is in a channel no more.
    pub(super) fn close(&mut self, channel: &str) {
        let Some(room) = self.rooms.remove(&self.casemapping.fold(channel)) else { return };
        for nick in room.nicks {
            self.forget_one_room(&nick);
        }
    }

    /// Somebody is in a channel that the bot is in. `account` is what the server said of it just now: nothing, or that
    /// there is none, or which. What follows where they were before under another account comes out.
    pub(super) fn enter(
        &mut self,
        channel: &str,
        nick: &str,
        account: Option<Option<&str>>,
    ) -> Vec<Turnover> {
        let (channel, key) = (self.casemapping.fold(channel), self.casemapping.fold(nick));
        let Some(room) = self.rooms.get_mut(&channel) else { return Vec::new() };
        let person = self.people.entry(key.clone()).or_insert_with(|| Person {
            nick: nick.to_owned(),
            account: None,
            spoke: 0,
            rooms: 0,
        });
        nick.clone_into(&mut person.nick);
        let mut turnover = Vec::new();
        if room.nicks.insert(key.clone()) {
            person.rooms += 1;
            if let Some(account) = &person.account
                && room.add(&key, account)
            {
                turnover.push(Turnover { channel, gone: None, came: Some(account.clone()) });
            }
        }
        if let Some(account) = account {
            turnover.extend(self.log_in(nick, account));
        }
        turnover
    }

    /// Somebody is in a channel no more: the account that went with them.
    pub(super) fn leave(&mut self, channel: &str, nick: &str) -> Option<String> {
        let (channel, nick) = (self.casemapping.fold(channel), self.casemapping.fold(nick));
        let account = self.people.get(&nick).and_then(|person| person.account.clone());
        let room = self.rooms.get_mut(&channel)?;
        if !room.nicks.remove(&nick) {
            return None;
        }
        let account = account.filter(|account| room.remove(&nick, account));
        self.forget_one_room(&nick);
        account
    }

    /// Somebody is gone altogether: from where, and the accounts that went with them.
    pub(super) fn quit(&mut self, nick: &str) -> Vec<Turnover> {
        let folded = self.casemapping.fold(nick);
        let rooms: Vec<String> = self
            .rooms
            .iter()
            .filter(|(_, room)| room.nicks.contains(&folded))
            .map(|(name, _)| name.clone())
            .collect();
        let mut turnover = Vec::new();
        for channel in rooms {
            let gone = self.leave(&channel, nick);
            turnover.push(Turnover { channel, gone, came: None });
        }
        turnover
    }

    /// Somebody has another nick now. Nobody comes or goes, but for whoever we believed to have that nick.
    pub(super) fn rename(&mut self, old: &str, new: &str) -> Vec<Turnover> {
        let (before, after) = (self.casemapping.fold(old), self.casemapping.fold(new));
        let turnover = if before == after { Vec::new() } else { self.quit(new) };
        let Some(mut person) = self.people.remove(&before) else { return turnover };
        new.clone_into(&mut person.nick);
        for room in self.rooms.values_mut() {
            if room.nicks.remove(&before) {
                room.nicks.insert(after.clone());
                if let Some(nicks) =
                    person.account.as_ref().and_then(|account| room.accounts.get_mut(account))
                {
                    nicks.remove(&before);
                    nicks.insert(after.clone());
                }
            }
        }
        self.people.insert(after, person);
        turnover
    }

    /// Somebody has this account now, or none.
    pub(super) fn log_in(&mut self, nick: &str, account: Option<&str>) -> Vec<Turnover> {
        let nick = self.casemapping.fold(nick);
        let Some(person) = self.people.get_mut(&nick) else { return Vec::new() };
        if person.account.as_deref() == account {
            return Vec::new();
        }
        let before = std::mem::replace(&mut person.account, account.map(str::to_owned));
        let mut turnover = Vec::new();
        for (name, room) in &mut self.rooms {
            if room.nicks.contains(&nick) {
                let gone = before.clone().filter(|account| room.remove(&nick, account));
                let came = account.filter(|account| room.add(&nick, account)).map(str::to_owned);
                turnover.push(Turnover { channel: name.clone(), gone, came });
            }
        }
        turnover
    }

    /// Somebody has spoken.
    pub(super) fn spoke(&mut self, nick: &str) {
        self.said += 1;
        if let Some(person) = self.people.get_mut(&self.casemapping.fold(nick)) {
            person.spoke = self.said;
        }
    }

    /// Somebody shares one channel less with the bot.
    fn forget_one_room(&mut self, nick: &str) {
        if let Some(person) = self.people.get_mut(nick) {
            person.rooms -= 1;
            if person.rooms == 0 {
                self.people.remove(nick);
            }
        }
    }
}
