//! Real windows of the past, played through the engine under the settings of today: what would the rules have done to us?
//!
//! There is no disk, no network and no bot loop in it: a window is a state of its own, its review system is what was
//! recorded, and its people say what let the real patches go. So what is found is what the rules say of patches, and
//! nothing about who was absent or silent.

mod conduct;
mod plan;
mod room;
mod tally;

use std::collections::BTreeMap;

use crate::engine::guidelines::{RuleId, Verdict, When};
use crate::engine::id::{ChangeNumber, OccurrenceId};
use crate::engine::settings::Settings;
use crate::review::PastWindow;

pub use conduct::{NOT_MERGED, conduct};
pub use plan::{Plan, plan};
pub use room::{Heard, Room};
pub use tally::{Counts, Tally};

/// What a rule said of a patch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The patch.
    pub change: ChangeNumber,
    /// The rule.
    pub rule: RuleId,
    /// At its turn; else when it was added.
    pub turn: bool,
    /// More than `Pass`.
    pub verdict: Verdict,
    /// Why, and what to do about it, for a person.
    pub words: String,
}

/// How a window went.
#[derive(Clone, Debug)]
pub struct Went {
    /// Which occurrence it is today.
    pub id: OccurrenceId,
    /// What the rules said, in the order in which they said it.
    pub seen: Vec<Seen>,
    /// The pairs of patches that belong together though nobody said so, each with why.
    pub couplings: BTreeMap<(ChangeNumber, ChangeNumber), String>,
    /// Refusals that are no rule's: their codes, and what they were about.
    pub refused: Vec<(ChangeNumber, String)>,
    /// The patches that went out.
    pub live: Vec<ChangeNumber>,
    /// The patches that did not, each with the reason.
    pub skipped: Vec<(ChangeNumber, String)>,
    /// The patches in the order in which they were set in motion.
    pub started: Vec<ChangeNumber>,
    /// How often it was made longer by a quarter of an hour.
    pub extended: usize,
    /// All that was said, in the form of a transcript.
    pub lines: Vec<String>,
    /// It could not be played to its end, and why.
    pub stuck: Option<String>,
}

impl Went {
    /// What all rules together said of a patch: the gravest verdict of each, in the order of the table. What was asked
    /// when it was added and needed no answer by its turn, such as a test run still to come, bothered nobody.
    pub fn verdicts(&self, change: ChangeNumber) -> Vec<&Seen> {
        let has_turn = self.started.contains(&change);
        let of_it = || self.seen.iter().filter(|seen| seen.change == change);
        let came_to_nothing = |seen: &&Seen| {
            let asked_early = !seen.turn && seen.verdict == Verdict::Ask && has_turn;
            let again = || of_it().any(|other| other.turn && other.rule == seen.rule);
            asked_early && seen.rule.row().when == When::Always && !again()
        };
        let mut gravest: Vec<&Seen> = Vec::new();
        for seen in of_it().filter(|seen| !came_to_nothing(seen)) {
            match gravest.iter_mut().find(|known| known.rule == seen.rule) {
                Some(known) if known.verdict < seen.verdict => *known = seen,
                Some(_) => {}
                None => gravest.push(seen),
            }
        }
        gravest.sort_by_key(|seen| seen.rule);
        gravest
    }
}

/// Plays one window from `add` to `finish` through the engine alone.
pub fn play(settings: &Settings, window: &PastWindow) -> Went {
    let plan = plan(settings, window);
    let mut room = room::Alone::open(&plan, window);
    conduct(&mut room, &plan, window)
}
