//! One person with several accounts: `link` joins them by a code, `unlink` takes it back.

use std::collections::BTreeSet;

use super::super::event::Event;
use super::super::id::Who;
use super::super::patch::Patch;
use super::super::say::{self, Refusal, no};
use super::super::settings::{CONSOLE, Standing};
use super::super::state::Code;
use super::super::window::Window;
use super::super::{Place, Reply, accounts};
use super::Turn;

impl Turn<'_> {
    /// The account of the speaker, with its network.
    fn account(&self) -> Option<String> {
        let (network, account) = (self.by.network.as_ref()?, self.by.account.as_ref()?);
        Some(accounts::full(network, account))
    }

    /// Gives a code, which makes whoever says it this person. So it is given in private, and only to an account that is
    /// the person by itself: one that was linked may have been linked by mistake. One that is for a single account is of no
    /// use to others, so that account may say it in a room: some networks have nothing else.
    pub(super) fn ask_for_code(&mut self, only: Option<String>) -> Result<(), Refusal> {
        let account = self.account().ok_or_else(|| self.not_identified())?;
        if self.by.room.is_some() {
            return Err(no::link_in_private());
        }
        if accounts::configured(self.settings, &account).is_none()
            && let Some(to) = self.state.linked.get(&account)
        {
            return Err(no::ask_there(to));
        }
        if let Some(other) = &only {
            let mut known: BTreeSet<String> =
                self.rooms_of_windows().iter().map(|room| room.network().to_owned()).collect();
            known.remove(CONSOLE);
            let is_known = |(network, account): (&str, &str)| known.contains(network) && !account.is_empty();
            if !other.split_once('/').is_some_and(is_known) {
                return Err(no::link_to_nowhere(&known));
            }
        }
        let code = accounts::code(&self.settings.seed, &account, self.at);
        let text = match &only {
            Some(only) => say::accounts::code_for(self.prefix(), &code, only),
            None => say::accounts::code(&code),
        };
        self.record(None, None, Event::LinkAsked { code, account, only });
        self.answer(&text);
        Ok(())
    }

    /// A code that was said in a room is void, whoever said it: everybody has read it, and anybody could be quicker than
    /// its owner.
    pub(super) fn void_code(&mut self, said: &str) -> bool {
        let said = said.trim().to_ascii_uppercase();
        let anybodys = |code: &&Code| code.only.is_none() && code.is_fresh(self.at);
        let is_open = self.state.codes.iter().filter(anybodys).any(|code| code.code == said);
        if self.by.room.is_none() || !is_open {
            return false;
        }
        self.record(None, None, Event::LinkVoided { code: said });
        self.answer(say::accounts::VOID);
        true
    }

    /// Takes a code: the account that says it belongs to the person whose account asked.
    pub(super) fn give_code(&mut self, said: &str) -> Result<(), Refusal> {
        let said = said.to_ascii_uppercase();
        let code = self.state.codes.iter().find(|code| code.code == said && code.is_fresh(self.at));
        let only = code.and_then(|code| code.only.as_ref());
        if self.by.room.is_some() && only.is_none() {
            return Err(no::link_in_private());
        }
        let Code { account: to, .. } = code.ok_or_else(no::no_code)?;
        let account = self.account().ok_or_else(|| self.not_identified())?;
        if let Some(only) = only.filter(|only| **only != account) {
            return Err(no::code_of_another(only));
        }
        let person = self.person_behind(to);
        if self.who.as_ref() == Some(&person) {
            self.answer(&say::accounts::already(&account, &person));
            return Ok(());
        }
        if self.by.network.as_deref() == Some(CONSOLE) {
            return Err(no::link_on_terminal());
        }
        if let Some(other) = accounts::configured(self.settings, &account) {
            return Err(match accounts::configured(self.settings, to) {
                Some(person) => no::two_people(&person, &other),
                None => no::other_direction(&account, &other),
            });
        }
        if let Some(other) = self.state.linked.get(&account) {
            return Err(no::linked_elsewhere(self.prefix(), &account, &self.person_behind(other)));
        }
        if let Some((window, patch)) = self.patch_in_hand() {
            return Err(no::owner_cannot_link(&account, patch, window));
        }
        let event = Event::Linked { account: account.clone(), to: to.clone() };
        self.record(None, None, event);
        self.answer(&say::accounts::you_are(self.prefix(), &account, &person));
        let text = say::accounts::linked(self.prefix(), &account, to, &person);
        self.tell_everywhere(&person, &text);
        Ok(())
    }

    /// Makes an account a person of its own again.
    pub(super) fn unlink(&mut self, account: &str) -> Result<(), Refusal> {
        let to = self.state.linked.get(account).ok_or_else(|| no::not_linked(self.prefix(), account))?;
        let person = self.person_behind(to);
        let may =
            self.who.as_ref().is_some_and(|who| *who == person || self.settings.has(who, Standing::Manager));
        if !may {
            return Err(no::not_your_link(&person, &self.people_with(Standing::Manager)));
        }
        self.record(None, None, Event::Unlinked { account: account.to_owned() });
        let by = say::short_name(&self.by.who).to_owned();
        self.answer(&say::accounts::unlinked(account, &person));
        self.tell_everywhere(&person, &say::accounts::unlinked_by(account, &person, &by));
        Ok(())
    }

    fn person_behind(&self, account: &str) -> Who {
        accounts::configured(self.settings, account).unwrap_or_else(|| Who(account.to_owned()))
    }

    /// A patch of the speaker that is not through: linked, they would not be its owner any more.
    fn patch_in_hand(&self) -> Option<(&Window, &Patch)> {
        let who = self.who.as_ref()?;
        self.state.windows.values().find_map(|window| {
            let mut open = window.waiting().chain(window.moving());
            open.find(|patch| patch.owner() == who).map(|patch| (window, patch))
        })
    }

    /// Who somebody is concerns all: it is said in every room but the one where it is answered, and its person must notice.
    fn tell_everywhere(&mut self, person: &Who, text: &str) {
        for room in self.rooms_of_windows() {
            let to = Place::Room(room);
            let Place::Room(room) = &to else { continue };
            if to != self.to && !self.state.is_down(room.network()) {
                let ping = vec![person.clone()];
                self.out.replies.push(Reply { ping, ..Reply::new(to, text.to_owned()) });
            }
        }
    }
}
