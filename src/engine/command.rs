//! What people can say: who may, what they name, and each command as it is once it is read.

mod reader;
mod verbs;

use super::checklist::Item;
use super::guidelines::RuleId;
use super::id::{At, ChangeNumber, RowId};
use super::log::Query;
use super::say::Refusal;

pub use reader::{Words, target};
pub use verbs::VERBS;

/// What somebody may be in the case at hand. The higher ones are not the lower ones: `who` lists each that may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Anybody who can talk here.
    Anyone,
    /// Identified by the network.
    User,
    /// The owner of the patch in question.
    Owner,
    /// Named a deployer in the configuration.
    Deployer,
    /// The deployer who leads the window.
    Lead,
    /// Named a manager in the configuration.
    Manager,
}

/// A verb of the table.
pub struct Verb {
    /// What people type.
    pub name: &'static str,
    /// Other words for it.
    pub aliases: &'static [&'static str],
    /// Its grammar, one form an entry.
    pub usage: &'static [&'static str],
    /// Who may say it: any one of these.
    pub who: &'static [Role],
    /// What it does, in a few words.
    pub does: &'static str,
    /// Whether it only asks, so that it works anywhere.
    pub asks: bool,
    /// Reads what follows the verb.
    pub parse: fn(&mut Words<'_>) -> Result<Command, Refusal>,
}

/// A patch as people name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// By its change number, or the URL that holds it.
    Change(ChangeNumber),
    /// By its ticket, `#3`.
    Ticket(u32),
}

/// A step as people name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepRef {
    /// `3`
    Forward(u32),
    /// `r3`
    Back(u32),
}

/// Where `move` puts a patch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Into another occurrence.
    Window(String),
    /// Before another patch.
    Before(Target),
    /// After another patch.
    After(Target),
}

/// What `files` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilesWord {
    /// List them, with a proposal.
    Show,
    /// Take the proposal.
    Accept,
    /// All at once.
    Atomic(String),
    /// This order.
    List(String),
}

/// The options of `add`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddOptions {
    /// `for W`
    pub window: Option<String>,
    /// `urgent:`
    pub urgent: Option<String>,
    /// `test:`
    pub test: Option<String>,
    /// `owner:`
    pub owner: Option<String>,
    /// `note:`
    pub note: Option<String>,
}

/// A whole command, read but not judged.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each variant is the verb of the same name; its grammar is in VERBS")]
pub enum Command {
    Add { changes: Vec<Target>, options: AddOptions },
    Remove { patch: Target, reason: Option<String> },
    Move { patch: Target, place: Place },
    Order { before: Target, after: Target },
    Independent { a: Target, b: Target, reason: String },
    Files { patch: Target, word: FilesWord },
    Queue { window: Option<String> },
    Show { patch: Target },
    Why { patch: Target },
    Windows { week: bool },
    Now,
    Next,
    NowAndNext,
    Status,
    Here,
    Away,
    Claim { window: Option<String>, reason: Option<String> },
    Unclaim,
    Handover { to: String },
    Start,
    Checklist { patch: Option<Target> },
    Check { patch: Option<Target>, item: Item, note: Option<String> },
    Uncheck { patch: Option<Target>, item: Item },
    NotNeeded { patch: Option<Target>, item: Item, reason: String },
    Steps { patch: Option<Target> },
    Done { step: Option<StepRef>, patch: Option<Target>, note: Option<String> },
    Go { step: Option<StepRef> },
    Promote,
    Rerun,
    Health { check: Option<String> },
    Soak { by: String },
    Cancel,
    Failed { why: String },
    Retry,
    Verified { patch: Option<Target>, note: Option<String> },
    Broken { patch: Option<Target>, why: String },
    Skip { patch: Target, reason: String },
    Veto { patch: Target, reason: String },
    Hold { reason: Option<String> },
    Resume { hold: Option<u32>, note: String },
    Rollback { words: String },
    Ledger,
    Settle { patch: Target, how: String, reason: String },
    Override { patch: Target, rule: RuleId, reason: String },
    OverrideHealth { patch: Target, reason: String },
    Steal { window: String, reason: String },
    Emergency { change: Target, reason: String },
    Approve { change: Target },
    Aftermath { words: String },
    Extend { by: String },
    Limit { limit: u32 },
    Freeze { from: String, to: String, reason: String },
    Thaw { freeze: u32 },
    Finish,
    Report { window: Option<String> },
    Whoami,
    Link { code: Option<String> },
    Unlink { account: String },
    Help { verb: Option<String> },
    LogText { text: String, like: Option<&'static str> },
    LogQuery { query: Box<Query> },
    LogMore,
    LogSuspects { at: At },
    LogAmend { row: RowId, text: String },
    LogRedact { row: RowId, reason: String },
}

/// The verb called `word`, by name or alias, in any case.
pub fn verb(word: &str) -> Option<&'static Verb> {
    let word = word.to_ascii_lowercase();
    VERBS.iter().find(|verb| verb.name == word || verb.aliases.contains(&word.as_str()))
}
