//! Everything that has happened: the only thing that is stored, and all that state is made of.
//!
//! Stored events are read for ever (I6): a variant or a field is added, never renamed or removed.

mod back_step;
mod cause;
mod debt;
mod ending;
mod imported;
mod kinds;
mod record;
mod redacted;
mod sampled;
mod unseen;
mod wish;

use serde::{Deserialize, Serialize};

use super::checklist::Item;
use super::facts::{Facts, Fault};
use super::guidelines::RuleId;
use super::health::Verdict;
use super::id::{At, ChangeNumber, OccurrenceId, RoomId, RowId, Who};
use super::incident::Incident;
use super::plan::Step;
use super::program::Ended;
use super::state::State;
use super::window::Occurrence;

pub use back_step::BackStep;
pub use cause::{Absence, Cause, LinkNow};
pub use debt::{Debt, Owed, Settlement};
pub use ending::Ending;
pub use imported::{Format, IMPORTED, Origin};
pub use kinds::{BOOKKEEPING, WITHOUT_EFFECT, kinds};
pub use record::{Author, Record, Went};
pub use redacted::{Blanked, TAKEN_OUT, without_words};
pub use sampled::Sampled;
pub use unseen::Unseen;
pub use wish::Wish;

/// What happened. `window` and `change` of the record say to what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// Somebody wrote to the log; the record's text is theirs.
    Logged,
    /// Somebody corrected a row with a new text.
    Amended {
        /// The row that the text corrects.
        row: RowId,
    },
    /// Words were taken out of the log, because nobody may read them any more.
    Redacted {
        /// The row that was named.
        row: RowId,
        /// Every row that lost words. The store fills it in when it takes them out.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        rows: Vec<Blanked>,
    },
    /// An entry of another log, taken over with its own time: nothing that was done here.
    Imported {
        /// Where it stands there.
        from: Box<Origin>,
    },
    /// A command was refused, and nothing changed.
    Refused {
        /// The verb as it was understood.
        verb: String,
        /// The stable code.
        code: String,
    },
    /// Somebody was told how a patch stands.
    Asked {
        /// The verb.
        verb: String,
    },
    /// The program started.
    Started,
    /// The program was told to stop.
    Stopped,
    /// All that outlives a closed window, so that a start need not read what came before.
    Carried {
        /// The state at that point.
        state: Box<State>,
    },
    /// The review system answered with something new.
    FactsSeen {
        /// All of it.
        facts: Box<Facts>,
    },
    /// A lookup gave nothing.
    LookupFailed {
        /// Why.
        fault: Fault,
    },
    /// An occurrence is spoken of for the first time; its times and limit hold from here.
    WindowPlanned {
        /// The occurrence.
        occurrence: Occurrence,
    },
    /// The reminder before the start was said.
    Reminded {
        /// How many minutes before.
        minutes: i64,
    },
    /// The window is on: the announcement, which is the roll call.
    WindowStarted {
        /// Who was asked to say `here`.
        asked: Vec<Who>,
    },
    /// Somebody leads from here.
    Claimed {
        /// Why, where it was taken from a silent lead.
        reason: Option<String>,
    },
    /// The lead gave it up.
    Unclaimed,
    /// The lead offered it to somebody.
    HandoverOffered {
        /// To whom.
        to: Who,
    },
    /// The lead began the run.
    RunStarted,
    /// The end moved.
    Extended {
        /// To.
        until: At,
    },
    /// The limit changed.
    Limited {
        /// To this many places.
        limit: u32,
    },
    /// The notice near the end was said.
    NearEnd,
    /// The notice that time is up was said.
    TimeUp,
    /// It is over.
    WindowClosed {
        /// How.
        ending: Ending,
        /// What was queued and is not live: offered the next window.
        left: Vec<ChangeNumber>,
    },
    /// An occurrence that was over is on again, for a rollback of what it put out.
    Reopened,
    /// Somebody asked to have a change in a window; the review system is asked.
    Offered {
        /// What was asked for.
        wish: Wish,
        /// The row from which on the offers of the same line stand: they are answered together.
        line: RowId,
        /// The nick that asked, where it is not the person's name: it is answered. In private the answer goes there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        nick: Option<String>,
        /// The message that asked, where the network has a name for it: it is answered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// Other changes of the same line were refused at once.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        partly: bool,
    },
    /// An offer was answered with no, or nobody could answer it.
    OfferClosed {
        /// The stable code.
        code: String,
    },
    /// A patch is in the queue.
    Added {
        /// Its ticket, never reused in this occurrence.
        ticket: u32,
        /// The patch set that was judged; 0 where the facts are not here yet.
        patch_set: u32,
        /// What was asked for.
        wish: Wish,
        /// Before all others: a revert.
        first: bool,
        /// The commits that it takes back, as it says itself.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        reverts: Vec<String>,
    },
    /// A patch that was skipped is back, at the end.
    PutBack,
    /// A patch left the queue.
    Removed {
        /// Why, where it was said.
        reason: Option<String>,
    },
    /// A patch went to another occurrence, its checks with it.
    Moved {
        /// To this one.
        to: OccurrenceId,
        /// Its ticket there.
        ticket: u32,
    },
    /// The places in the queue changed.
    Placed {
        /// All of the queue's changes, first goes first (declared order still goes before places).
        places: Vec<ChangeNumber>,
    },
    /// Somebody declared that one goes out before the other.
    Ordered {
        /// This one first.
        before: ChangeNumber,
        /// Then this one.
        after: ChangeNumber,
    },
    /// Somebody declared that neither waits for the other.
    Independent {
        /// One.
        a: ChangeNumber,
        /// The other.
        b: ChangeNumber,
    },
    /// The order in which the files of a patch are synced.
    FilesOrdered {
        /// All files that are synced, first goes first; empty for one sync of all at once.
        files: Vec<String>,
        /// The patch set it was given for.
        patch_set: u32,
        /// Why all at once, where it was said.
        reason: Option<String>,
    },
    /// Somebody answered the roll call.
    Here,
    /// The answers to the roll call were said.
    HereSaid,
    /// Somebody is not here.
    Away,
    /// The lead said something: at most one a minute, so that silence can be told.
    LeadSpoke,
    /// Somebody whose patch is not through was heard in another room than before, or again.
    OwnerSpoke,
    /// An account asked for a code, by which another becomes its person's.
    LinkAsked {
        /// The code.
        code: String,
        /// `network/account`.
        account: String,
        /// The one account that may say it, which may do so where others read it; any, in private, where it is not given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        only: Option<String>,
    },
    /// A code was said where others read it.
    LinkVoided {
        /// The code.
        code: String,
    },
    /// An account belongs to the person of another from now on.
    Linked {
        /// `network/account`.
        account: String,
        /// The account that asked for the code.
        to: String,
    },
    /// An account is a person of its own again.
    Unlinked {
        /// `network/account`.
        account: String,
    },
    /// Somebody gave a command in one of several rooms: a bridge may repeat it in another.
    Spoken {
        /// The verb and what followed it.
        words: String,
    },
    /// People are gone from the room they were last heard in.
    Gone {
        /// Who.
        who: Vec<Who>,
        /// How.
        how: Absence,
        /// Why the bot itself is out of the room, where that is how.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// People who were gone are there again.
    Back {
        /// Who.
        who: Vec<Who>,
        /// In this room.
        room: RoomId,
    },
    /// The connection to a network changed.
    Link {
        /// Which network.
        network: String,
        /// How it stands from here.
        now: LinkNow,
    },
    /// The operator switched the rights of a network's accounts off or on.
    Rights {
        /// Which network.
        network: String,
        /// They count from here.
        on: bool,
    },
    /// The configuration has other rooms for an occurrence than it was planned with.
    RoomsMoved {
        /// It is held in these from here.
        rooms: Vec<RoomId>,
    },
    /// The lead was asked to go on: nothing is in motion, and patches wait.
    LeadNagged,
    /// People were asked again.
    Pinged {
        /// Who.
        who: Vec<Who>,
    },
    /// The patches of silent owners went to the end.
    Slid {
        /// These.
        changes: Vec<ChangeNumber>,
    },
    /// A point of the checklist is filled.
    Checked {
        /// Which.
        item: Item,
        /// For this patch set.
        patch_set: u32,
        /// What was said.
        note: Option<String>,
        /// It does not apply.
        not_needed: bool,
    },
    /// A point is open again.
    Unchecked {
        /// Which.
        item: Item,
    },
    /// A rule was set aside for this patch set.
    Overridden {
        /// Which.
        rule: RuleId,
        /// For this patch set.
        patch_set: u32,
        /// Why.
        reason: String,
    },
    /// The review system has a newer patch set than the one in front of people.
    PatchSetSeen {
        /// The new one.
        patch_set: u32,
        /// A trivial rebase or no code change: what people said stays.
        kept: bool,
    },
    /// A patch is in motion.
    PatchStarted {
        /// Its steps.
        steps: Vec<Step>,
    },
    /// The steps of the patch in motion were laid out anew.
    StepsPlanned {
        /// All of them; those done before stay done.
        steps: Vec<Step>,
    },
    /// A step is confirmed.
    StepDone {
        /// Its number, from 1.
        step: u32,
        /// For this patch set.
        patch_set: u32,
        /// What was said, or the evidence.
        note: Option<String>,
    },
    /// A step failed.
    StepFailed {
        /// Its number.
        step: u32,
        /// What was said.
        why: String,
    },
    /// A failed step is tried again.
    StepRetried {
        /// Its number.
        step: u32,
    },
    /// Somebody who is asked for something was asked again.
    Nagged {
        /// About this step.
        step: u32,
    },
    /// The owner, or the lead, says it is broken.
    Broken {
        /// How.
        why: String,
    },
    /// All its steps are done.
    Live,
    /// It is not deployed in this occurrence.
    Skipped {
        /// Why.
        reason: String,
        /// A deployer's veto.
        veto: bool,
        /// The rule, where the bot did it.
        rule: Option<RuleId>,
    },
    /// Everything stops.
    Held {
        /// Its number in this occurrence: `H1`.
        hold: u32,
        /// Why, where it was said.
        reason: Option<String>,
        /// What made it.
        cause: Cause,
    },
    /// A hold got its reason afterwards.
    HoldExplained {
        /// Which.
        hold: u32,
        /// Why.
        reason: String,
    },
    /// A hold was named again.
    HoldNagged {
        /// Which.
        hold: u32,
    },
    /// A hold is off.
    Resumed {
        /// Which.
        hold: u32,
        /// What was resolved.
        note: String,
    },
    /// Patches go back.
    RollbackStarted {
        /// The steps, `r1` first.
        steps: Vec<BackStep>,
        /// Why, where it was said.
        reason: Option<String>,
    },
    /// A rollback step is done.
    BackStepDone {
        /// Its number, from 1.
        step: u32,
        /// What was said.
        note: Option<String>,
        /// What the health checks saw then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        health: Option<String>,
    },
    /// A rollback step failed.
    BackStepFailed {
        /// Its number.
        step: u32,
        /// What was said.
        why: String,
    },
    /// A failed rollback step is tried again.
    BackStepRetried {
        /// Its number.
        step: u32,
    },
    /// Everything that went back is off the hosts.
    RolledBack {
        /// These changes.
        changes: Vec<ChangeNumber>,
    },
    /// A change is merged and not deployed.
    LedgerEntered(Owed),
    /// A ledger entry is dealt with.
    Settled {
        /// How.
        how: Settlement,
        /// What was said, or the evidence.
        reason: String,
    },
    /// Nothing is deployed for a time.
    Frozen {
        /// Its number: `F1`.
        freeze: u32,
        /// From.
        from: At,
        /// To.
        to: At,
        /// Why.
        reason: String,
    },
    /// A freeze is lifted.
    Thawed {
        /// Which.
        freeze: u32,
    },
    /// A check was read while nothing moved, or for the patch of the record before its first step.
    BaselineTaken {
        /// Which.
        check: String,
        /// The figure.
        value: f64,
    },
    /// A check was sampled.
    Sampled(Sampled),
    /// What follows from the samples of a step.
    HealthJudged {
        /// Its number.
        step: u32,
        /// That.
        verdict: Verdict,
        /// What was seen, or why nothing was.
        words: String,
        /// The errors that were seen most.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        top: Vec<String>,
        /// Since when: the first bad sample, or the first of the good ones.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<At>,
    },
    /// Another deployer lets a patch go on although its health is bad, or not known.
    HealthOverridden {
        /// The step of the checks.
        step: u32,
        /// For this patch set.
        patch_set: u32,
        /// Why.
        reason: String,
    },
    /// Time was added to the current step.
    Soaked {
        /// Its number.
        step: u32,
        /// So many seconds.
        seconds: i64,
    },
    /// The patch goes back by itself then, unless somebody says `cancel`.
    RollbackCounted {
        /// Then.
        until: At,
    },
    /// Somebody said `cancel`.
    RollbackCancelled,
    /// The hosts are healthy again after what was bad.
    Restored {
        /// What was seen.
        words: String,
        /// When it was bad, seen, decided and off.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        clock: Option<Incident>,
    },
    /// The command of a step is to be started, once.
    StepIntended {
        /// Its number.
        step: u32,
        /// The program's absolute path and its arguments.
        argv: Vec<String>,
    },
    /// The command of a rollback step is to be started, once.
    BackStepIntended {
        /// Its number.
        step: u32,
        /// The program's absolute path and its arguments.
        argv: Vec<String>,
    },
    /// A line of what a command prints was said.
    StepProgressed {
        /// The row of the intent.
        row: RowId,
        /// The line.
        line: String,
    },
    /// A command has ended.
    StepRan {
        /// The row of the intent.
        row: RowId,
        /// How, and what it printed.
        ended: Ended,
    },
    /// The program was away while a command ran: whether it went through, nobody knows.
    StepUnknown(Unseen),
    /// The program was away while a command ran, and it is still at work.
    StepLeft(Unseen),
    /// A manager let other windows of the same target go on although this one has something in motion.
    LockStolen {
        /// Why.
        reason: String,
    },
    /// A deployer wants to deploy outside windows.
    EmergencyAsked {
        /// Why it cannot wait.
        reason: String,
        /// The rooms that it is held in.
        rooms: Vec<RoomId>,
    },
    /// Another one agrees.
    EmergencyApproved {
        /// Who asked.
        by: Who,
    },
    /// What had to be said of it afterwards.
    EmergencyReported {
        /// That.
        words: String,
    },
}
