//! An occurrence of a window that somebody spoke of: its times, its queue, who leads it and what stops it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::event::{Absence, BackStep, Cause};
use super::health::Sample;
use super::id::{At, ChangeNumber, OccurrenceId, RoomId, Who};
use super::incident::Incident;
use super::patch::{Patch, Stage};

/// The times, places and rooms of one occurrence, as they were when it was first spoken of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occurrence {
    /// Which.
    pub id: OccurrenceId,
    /// What people call the window.
    pub name: String,
    /// From.
    pub starts: At,
    /// To.
    pub ends: At,
    /// How many places it has.
    pub limit: u32,
    /// Where it is held.
    pub rooms: Vec<RoomId>,
}

/// Where an occurrence is in its life. A closed one is no longer in the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Not on yet.
    Planned,
    /// On, the roll call is out.
    On {
        /// Since.
        since: At,
    },
    /// The lead said `start`.
    Running {
        /// When it went on.
        since: At,
    },
}

/// The deployer who runs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lead {
    /// Who.
    pub who: Who,
    /// When something was last heard of them.
    pub heard: At,
    /// To whom it is offered.
    pub handover: Option<Who>,
}

/// Something that stops all forward motion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Said as `H1`.
    pub number: u32,
    /// Who set it.
    pub by: Who,
    /// When.
    pub at: At,
    /// Why, where it was said.
    pub reason: Option<String>,
    /// What made it.
    pub cause: Cause,
    /// When it was last named.
    pub named: At,
}

/// A declared order of two patches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declared {
    /// This one first.
    pub before: ChangeNumber,
    /// Then this one.
    pub after: ChangeNumber,
    /// By whom.
    pub by: Who,
    /// When.
    pub at: At,
}

/// How and since when somebody is gone from the room they were last heard in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gone {
    /// Since.
    pub at: At,
    /// How.
    pub how: Absence,
    /// Why the bot itself is out of the room, where that is how.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What is known of the presence of a person: what they answered, and whether they are where they were last heard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// When they were asked.
    pub asked: Vec<At>,
    /// The last answer: when, and whether here.
    pub answer: Option<(At, bool)>,
    /// The room they were last heard in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomId>,
    /// They are not in it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone: Option<Gone>,
}

/// A rollback in motion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollback {
    /// Who started it.
    pub by: Who,
    /// When.
    pub at: At,
    /// Why, where it was said.
    pub reason: Option<String>,
    /// The steps, `r1` first.
    pub steps: Vec<BackStep>,
}

/// An occurrence with everything that belongs to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// Its times, places and rooms.
    pub occurrence: Occurrence,
    /// Where it is in its life.
    pub phase: Phase,
    /// Who runs it.
    pub lead: Option<Lead>,
    /// When the last lead gave it up, while nobody has claimed it since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_up: Option<At>,
    /// When a hold was last lifted: silence counts from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed: Option<At>,
    /// Since when holds stop it, while there is one: what is watched goes on where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<At>,
    /// When the lead was last asked to go on, with nothing in motion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nagged: Option<At>,
    /// Its patches by ticket, the skipped ones too.
    pub patches: Vec<Patch>,
    /// The places in the queue; order between patches goes before them.
    pub places: Vec<ChangeNumber>,
    /// The next ticket.
    pub next_ticket: u32,
    /// Orders that people declared.
    pub declared: Vec<Declared>,
    /// Pairs that people declared free of each other.
    pub independent: Vec<(ChangeNumber, ChangeNumber)>,
    /// Pairs of which something was declared when one of them had other content.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reopened: Vec<(ChangeNumber, ChangeNumber)>,
    /// The roll call.
    pub presence: BTreeMap<Who, Presence>,
    /// Answers to the roll call that are not acknowledged yet, and since when.
    pub unsaid: Vec<Who>,
    /// When the first of them came.
    pub unsaid_since: Option<At>,
    /// What stops it.
    pub holds: Vec<Hold>,
    /// The number of the next hold.
    pub next_hold: u32,
    /// The patch in motion.
    pub motion: Option<ChangeNumber>,
    /// When a step was last confirmed by a person.
    pub advanced: Option<At>,
    /// The rollback in motion.
    pub rollback: Option<Rollback>,
    /// The reminders that were said, in minutes before the start.
    pub reminded: Vec<i64>,
    /// The notice near the end was said.
    pub near_end: bool,
    /// The notice that time is up was said.
    pub time_up: bool,
    /// What each check saw last.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub health: BTreeMap<String, Sample>,
    /// What checks saw while nothing was in motion, and when.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub clean: BTreeMap<String, (f64, At)>,
    /// What is bad now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<Incident>,
    /// What was bad and is over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub incidents: Vec<Incident>,
    /// What was rolled back in it before it was over, where it is on again for another rollback.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub back_before: Vec<ChangeNumber>,
    /// When the patch in motion goes back by itself, and whether that was said again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub countdown: Option<(At, bool)>,
    /// A manager let other windows go on although something is in motion here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub robbed: bool,
    /// It was opened outside windows; what was said of it afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emergency: Option<Emergency>,
}

/// Why an occurrence was opened outside windows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Emergency {
    /// Who asked.
    pub by: Who,
    /// Who agreed.
    pub approved: Who,
    /// Why.
    pub reason: String,
    /// What was said of it afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
}

impl Rollback {
    /// The current step and its number from 1.
    pub fn current(&self) -> Option<(u32, &BackStep)> {
        (1..).zip(&self.steps).find(|(_, step)| !step.done)
    }
}

impl Window {
    /// An occurrence nobody has touched.
    pub fn new(occurrence: Occurrence) -> Self {
        Self {
            occurrence,
            phase: Phase::Planned,
            lead: None,
            given_up: None,
            resumed: None,
            stopped: None,
            nagged: None,
            patches: Vec::new(),
            places: Vec::new(),
            next_ticket: 1,
            declared: Vec::new(),
            independent: Vec::new(),
            reopened: Vec::new(),
            presence: BTreeMap::new(),
            unsaid: Vec::new(),
            unsaid_since: None,
            holds: Vec::new(),
            next_hold: 1,
            motion: None,
            advanced: None,
            rollback: None,
            reminded: Vec::new(),
            near_end: false,
            time_up: false,
            health: BTreeMap::new(),
            clean: BTreeMap::new(),
            incident: None,
            incidents: Vec::new(),
            back_before: Vec::new(),
            countdown: None,
            robbed: false,
            emergency: None,
        }
    }

    /// Which occurrence this is.
    pub fn id(&self) -> &OccurrenceId {
        &self.occurrence.id
    }

    /// Whether it has begun.
    pub fn is_on(&self) -> bool {
        !matches!(self.phase, Phase::Planned)
    }

    /// Whether the lead said `start`.
    pub fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Running { .. })
    }

    /// Whether `who` leads it.
    pub fn led_by(&self, who: &Who) -> bool {
        self.lead.as_ref().is_some_and(|lead| lead.who == *who)
    }

    /// The patch of this change.
    pub fn patch(&self, change: ChangeNumber) -> Option<&Patch> {
        self.patches.iter().find(|patch| patch.change == change)
    }

    /// Whether somebody said of the current content of both which goes first, or that neither does.
    pub fn is_answered(&self, a: ChangeNumber, b: ChangeNumber) -> bool {
        let is_pair =
            |(one, other): (ChangeNumber, ChangeNumber)| (one, other) == (a, b) || (one, other) == (b, a);
        let declared = self.declared.iter().map(|order| (order.before, order.after));
        declared.chain(self.independent.iter().copied()).any(is_pair)
            && !self.reopened.iter().copied().any(is_pair)
    }

    /// The patch of this change, to be changed by an event.
    pub(super) fn patch_mut(&mut self, change: ChangeNumber) -> Option<&mut Patch> {
        self.patches.iter_mut().find(|patch| patch.change == change)
    }

    /// The patch in motion.
    pub fn moving(&self) -> Option<&Patch> {
        self.motion.and_then(|change| self.patch(change))
    }

    /// The patches in the order of their places. Each would be searched for among all of them, so a sorted list of
    /// their numbers is made first.
    fn by_place(&self) -> impl Iterator<Item = &Patch> {
        let mut index: Vec<(ChangeNumber, usize)> =
            self.patches.iter().enumerate().map(|(index, patch)| (patch.change, index)).collect();
        index.sort_unstable();
        self.places.iter().filter_map(move |change| {
            let found = index.binary_search_by_key(change, |(number, _)| *number).ok()?;
            self.patches.get(index[found].1)
        })
    }

    /// The patches that wait, in the order of their places.
    pub fn waiting(&self) -> impl Iterator<Item = &Patch> {
        self.by_place().filter(|patch| matches!(patch.stage, Stage::Queued))
    }

    /// The patches that take part: waiting, in motion or live.
    pub fn taking_part(&self) -> impl Iterator<Item = &Patch> {
        self.by_place().filter(|patch| !matches!(patch.stage, Stage::Skipped { .. }))
    }

    /// Whether `who` is there: said `here` and not `away` since `from`, or leads, and has not gone since.
    pub fn is_here(&self, who: &Who, from: At) -> bool {
        self.gone(who).is_none() && (self.led_by(who) || self.said_here(who, from))
    }

    /// How `who` is gone from the room they were last heard in, where they are.
    pub fn gone(&self, who: &Who) -> Option<Gone> {
        self.presence.get(who)?.gone.clone()
    }

    /// The lead, where the lead is gone, and how.
    pub fn gone_lead(&self) -> Option<(&Who, Gone)> {
        let lead = &self.lead.as_ref()?.who;
        self.gone(lead).map(|gone| (lead, gone))
    }

    /// Whether `who` said `here` and not `away` since `from`.
    pub fn said_here(&self, who: &Who, from: At) -> bool {
        let answer = self.presence.get(who).and_then(|presence| presence.answer);
        matches!(answer, Some((at, true)) if at >= from)
    }
}
