//! The words for events in the log, and which of them replay and people pass over.

use std::fmt;
use std::sync::LazyLock;

use serde::Deserialize;
use serde::de::{self, value::MapDeserializer};

use super::Event;

impl Event {
    /// The word for it in the log's `kind`, the same as the tag in its JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Logged => "logged",
            Self::Amended { .. } => "amended",
            Self::Redacted { .. } => "redacted",
            Self::Imported { .. } => "imported",
            Self::Refused { .. } => "refused",
            Self::Asked { .. } => "asked",
            Self::Started => "started",
            Self::Stopped => "stopped",
            Self::Carried { .. } => "carried",
            Self::FactsSeen { .. } => "facts-seen",
            Self::LookupFailed { .. } => "lookup-failed",
            Self::WindowPlanned { .. } => "window-planned",
            Self::Reminded { .. } => "reminded",
            Self::WindowStarted { .. } => "window-started",
            Self::Claimed { .. } => "claimed",
            Self::Unclaimed => "unclaimed",
            Self::HandoverOffered { .. } => "handover-offered",
            Self::RunStarted => "run-started",
            Self::Extended { .. } => "extended",
            Self::Limited { .. } => "limited",
            Self::NearEnd => "near-end",
            Self::TimeUp => "time-up",
            Self::WindowClosed { .. } => "window-closed",
            Self::Reopened => "reopened",
            Self::Offered { .. } => "offered",
            Self::OfferClosed { .. } => "offer-closed",
            Self::Added { .. } => "added",
            Self::PutBack => "put-back",
            Self::Removed { .. } => "removed",
            Self::Moved { .. } => "moved",
            Self::Placed { .. } => "placed",
            Self::Ordered { .. } => "ordered",
            Self::Independent { .. } => "independent",
            Self::FilesOrdered { .. } => "files-ordered",
            Self::Here => "here",
            Self::HereSaid => "here-said",
            Self::Away => "away",
            Self::LeadSpoke => "lead-spoke",
            Self::OwnerSpoke => "owner-spoke",
            Self::LinkAsked { .. } => "link-asked",
            Self::LinkVoided { .. } => "link-voided",
            Self::Linked { .. } => "linked",
            Self::Unlinked { .. } => "unlinked",
            Self::Spoken { .. } => "spoken",
            Self::Gone { .. } => "gone",
            Self::Back { .. } => "back",
            Self::Link { .. } => "link",
            Self::Rights { .. } => "rights",
            Self::RoomsMoved { .. } => "rooms-moved",
            Self::LeadNagged => "lead-nagged",
            Self::Pinged { .. } => "pinged",
            Self::Slid { .. } => "slid",
            Self::Checked { .. } => "checked",
            Self::Unchecked { .. } => "unchecked",
            Self::Overridden { .. } => "overridden",
            Self::PatchSetSeen { .. } => "patch-set-seen",
            Self::PatchStarted { .. } => "patch-started",
            Self::StepsPlanned { .. } => "steps-planned",
            Self::StepDone { .. } => "step-done",
            Self::StepFailed { .. } => "step-failed",
            Self::StepRetried { .. } => "step-retried",
            Self::Nagged { .. } => "nagged",
            Self::Broken { .. } => "broken",
            Self::Live => "live",
            Self::Skipped { .. } => "skipped",
            Self::Held { .. } => "held",
            Self::HoldExplained { .. } => "hold-explained",
            Self::HoldNagged { .. } => "hold-nagged",
            Self::Resumed { .. } => "resumed",
            Self::RollbackStarted { .. } => "rollback-started",
            Self::BackStepDone { .. } => "back-step-done",
            Self::BackStepFailed { .. } => "back-step-failed",
            Self::BackStepRetried { .. } => "back-step-retried",
            Self::RolledBack { .. } => "rolled-back",
            Self::LedgerEntered { .. } => "ledger-entered",
            Self::Settled { .. } => "settled",
            Self::Frozen { .. } => "frozen",
            Self::Thawed { .. } => "thawed",
            Self::BaselineTaken { .. } => "baseline-taken",
            Self::Sampled { .. } => "sampled",
            Self::HealthJudged { .. } => "health-judged",
            Self::HealthOverridden { .. } => "health-overridden",
            Self::Soaked { .. } => "soaked",
            Self::RollbackCounted { .. } => "rollback-counted",
            Self::RollbackCancelled => "rollback-cancelled",
            Self::Restored { .. } => "restored",
            Self::StepIntended { .. } => "step-intended",
            Self::BackStepIntended { .. } => "back-step-intended",
            Self::StepProgressed { .. } => "step-progressed",
            Self::StepRan { .. } => "step-ran",
            Self::StepUnknown(_) => "step-unknown",
            Self::StepLeft(_) => "step-left",
            Self::LockStolen { .. } => "lock-stolen",
            Self::EmergencyAsked { .. } => "emergency-asked",
            Self::EmergencyApproved { .. } => "emergency-approved",
            Self::EmergencyReported { .. } => "emergency-reported",
        }
    }
}

/// Kinds that change no state: replay passes over them.
pub const WITHOUT_EFFECT: &[&str] = &["logged", "amended", "imported", "refused", "asked", "started"];

/// Kinds that `!log` leaves out unless they are asked for by name: the bot's own bookkeeping.
pub const BOOKKEEPING: &[&str] = &[
    "asked",
    "baseline-taken",
    "carried",
    "facts-seen",
    "here-said",
    "lead-spoke",
    "offer-closed",
    "offered",
    "owner-spoke",
    "sampled",
    "spoken",
    "step-progressed",
    "steps-planned",
    "window-planned",
];

/// All words for events, as they stand in the log's `kind`.
pub fn kinds() -> &'static [&'static str] {
    static KINDS: LazyLock<Variants> = LazyLock::new(|| {
        let of_no_kind = [("event", "")].into_iter();
        Event::deserialize(MapDeserializer::new(of_no_kind)).err().unwrap_or(Variants(&[]))
    });
    KINDS.0
}

/// What serde says that it would have taken: the list that is made from the enum itself, and so is never behind it.
#[derive(Debug)]
struct Variants(&'static [&'static str]);

impl fmt::Display for Variants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl std::error::Error for Variants {}

impl de::Error for Variants {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self(&[])
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self(expected)
    }
}
