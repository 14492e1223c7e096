//! Codes by which one account is linked to the person of another.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::super::event::{Event, Record};
use super::super::id::At;
use super::State;

/// A code that somebody asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    /// What is to be typed.
    pub code: String,
    /// The account that asked: whoever types the code is its person.
    pub account: String,
    /// When.
    pub at: At,
}

impl Code {
    /// So long it can be used, once.
    const HOLDS: TimeDelta = TimeDelta::minutes(10);

    /// Whether it can be used.
    pub fn is_fresh(&self, at: At) -> bool {
        at - self.at < Self::HOLDS
    }
}

impl State {
    /// Takes in what is about accounts.
    pub(super) fn change_accounts(&mut self, record: &Record) {
        match &record.event {
            Event::LinkAsked { code, account } => {
                self.codes.retain(|other| other.is_fresh(record.at) && other.account != *account);
                let (code, account) = (code.clone(), account.clone());
                self.codes.push(Code { code, account, at: record.at });
            }
            Event::LinkVoided { code } => self.codes.retain(|other| other.code != *code),
            Event::Linked { account, to } => {
                self.codes.retain(|other| other.account != *to);
                self.linked.insert(account.clone(), to.clone());
            }
            Event::Unlinked { account } => {
                self.linked.remove(account);
            }
            _ => {}
        }
    }
}
