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
    /// The one account that may type it, also where others read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<String>,
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
            Event::LinkAsked { code, account, only } => {
                self.codes.retain(|other| other.is_fresh(record.at) && other.account != *account);
                let (code, account, only) = (code.clone(), account.clone(), only.clone());
                self.codes.push(Code { code, account, only, at: record.at });
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
