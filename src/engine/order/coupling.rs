//! Which patches of a window belong together though nobody said so, and of which nobody has said yet which goes first.
//!
//! It is computed from the state each time it is asked for, as the order is; only that two have enough in common is kept
//! (`compared`). How rare a name is was fixed when a patch set
//! was first read, so a question does not go away by itself.

use std::collections::BTreeSet;

use super::between::{Between, between};
use super::diff::Diff;
use super::first::{Suggestion, suggestion};
use super::score::{Score, score};
use super::signals::{Side, signals};
use super::{Order, Why, predecessors};
use crate::engine::facts::{Fact, Facts};
use crate::engine::id::ChangeNumber;
use crate::engine::kind;
use crate::engine::patch::Stage;
use crate::engine::state::State;
use crate::engine::window::Window;

/// Two patches that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coupling<'a> {
    /// The one with the earlier place.
    pub a: ChangeNumber,
    /// The other.
    pub b: ChangeNumber,
    /// Their repositories.
    pub projects: [&'a str; 2],
    /// The Change-Ids.
    pub change_ids: [&'a str; 2],
    /// What speaks for it.
    pub score: Score<'a>,
    /// What stands between the two steps.
    pub between: Option<Between<'a>>,
    /// Which could go first.
    pub suggestion: Option<Suggestion<'a>>,
    /// Their diffs, where they were asked for: what was not read of them was not compared.
    pub unread: [Option<&'a Fact<Diff>>; 2],
    /// The second is not in the window: it is merged and not deployed.
    pub owed: bool,
}

impl Coupling<'_> {
    /// The other one of the two.
    pub fn other(&self, change: ChangeNumber) -> ChangeNumber {
        if change == self.a { self.b } else { self.a }
    }

    /// Whether it is about this change.
    pub fn is_about(&self, change: ChangeNumber) -> bool {
        change == self.a || change == self.b
    }
}

/// The couplings of a window that nobody has answered, by the places of their patches.
pub fn open_couplings<'a>(state: &'a State, window: &'a Window) -> Vec<Coupling<'a>> {
    if state.compared.is_empty() {
        return Vec::new();
    }
    let order = predecessors(state, window);
    let waiting: Vec<ChangeNumber> = window.waiting().map(|patch| patch.change).collect();
    let mut open = Vec::new();
    for (place, change) in waiting.iter().enumerate() {
        let before = waiting[..place].iter();
        open.extend(before.filter_map(|other| unanswered(state, window, &order, *other, *change)));
        open.extend(with_others(state, window, &order, *change));
    }
    open
}

/// Those of one patch that waits.
pub fn open_couplings_of<'a>(
    state: &'a State,
    window: &'a Window,
    change: ChangeNumber,
) -> Vec<Coupling<'a>> {
    let waits = window.patch(change).is_some_and(|patch| patch.stage == Stage::Queued);
    if state.compared.is_empty() || !waits {
        return Vec::new();
    }
    let order = predecessors(state, window);
    let mut waiting: Vec<ChangeNumber> = window.waiting().map(|patch| patch.change).collect();
    let own = waiting.iter().position(|other| *other == change).unwrap_or(waiting.len());
    let later = waiting.split_off(own);
    let mut open: Vec<Coupling<'a>> = Vec::new();
    open.extend(waiting.into_iter().filter_map(|other| unanswered(state, window, &order, other, change)));
    open.extend(later.into_iter().filter_map(|other| unanswered(state, window, &order, change, other)));
    open.extend(with_others(state, window, &order, change));
    open
}

/// With what is in motion, and with what is merged and not deployed.
fn with_others<'a>(
    state: &'a State,
    window: &'a Window,
    order: &Order,
    change: ChangeNumber,
) -> Vec<Coupling<'a>> {
    let moving = window.moving().map(|patch| (patch.change, false));
    let waits = |other: &ChangeNumber| window.patch(*other).is_some_and(|patch| patch.stage == Stage::Queued);
    let owed = state.ledger.keys().filter(|other| !waits(other) && Some(**other) != window.motion);
    let others = moving.into_iter().chain(owed.map(|other| (*other, true)));
    let found = others.filter_map(|(other, owed)| {
        let coupling = unanswered(state, window, order, change, other)?;
        // Inside one repository it rides along, and nothing starts before it is settled.
        let rides_along = owed && coupling.projects[0] == coupling.projects[1];
        (!rides_along).then_some(Coupling { owed, ..coupling })
    });
    found.collect()
}

fn unanswered<'a>(
    state: &'a State,
    window: &Window,
    order: &Order,
    a: ChangeNumber,
    b: ChangeNumber,
) -> Option<Coupling<'a>> {
    if !state.compared.are(a, b) || is_answered(state, window, order, a, b) {
        return None;
    }
    coupling(state, a, b)
}

/// What the two have in common, where that is enough to ask.
pub fn coupling(state: &State, a: ChangeNumber, b: ChangeNumber) -> Option<Coupling<'_>> {
    let (left, right) = (side(state, a)?, side(state, b)?);
    // One change on two branches is not two pieces of one.
    if left.change_id == right.change_id && left.project == right.project {
        return None;
    }
    let score = score(&signals(&left, &right));
    score.asks().then(|| {
        let between = between(&left, &right);
        Coupling {
            a,
            b,
            projects: [left.project, right.project],
            change_ids: [left.change_id, right.change_id],
            score,
            between,
            unread: [a, b].map(|change| state.last_facts(change).and_then(|facts| facts.diff.as_ref())),
            // An order that breaks something is not suggested, whatever speaks for it.
            suggestion: suggestion(&left, &right)
                .filter(|suggestion| !between.is_some_and(|between| between.clashes(suggestion.first))),
            owed: false,
        }
    })
}

/// What stands between two patches, whether or not they belong together otherwise.
pub fn between_them(state: &State, a: ChangeNumber, b: ChangeNumber) -> Option<Between<'_>> {
    between(&side(state, a)?, &side(state, b)?)
}

/// Whether it is known which goes first: by git, by a footer, by a word that was given for these patch sets, or because
/// one takes the other back.
fn is_answered(state: &State, window: &Window, order: &Order, a: ChangeNumber, b: ChangeNumber) -> bool {
    let known = |why: Option<&Why>| why.is_some_and(|why| !matches!(why, Why::Declared { .. }));
    let reverts =
        |change, other| state.last_facts(change).and_then(|facts| kind::reverts(facts, state)) == Some(other);
    window.is_answered(a, b)
        || known(order.why(a, b))
        || known(order.why(b, a))
        || reverts(a, b)
        || reverts(b, a)
}

/// The known changes that one belongs together with.
pub(in crate::engine) fn partners(state: &State, change: ChangeNumber) -> BTreeSet<ChangeNumber> {
    let others = state.known.keys().copied().filter(|other| *other != change);
    others.filter(|other| coupling(state, change, *other).is_some()).collect()
}

/// A change as the comparison looks at it.
fn side(state: &State, change: ChangeNumber) -> Option<Side<'_>> {
    let known = state.known.get(&change)?;
    known.facts.as_ref().map(|facts| side_of(facts, &known.rarity))
}

fn side_of<'a>(facts: &'a Facts, rarity: &'a [u8]) -> Side<'a> {
    let change = &facts.change;
    let files = change.files.known().map_or(&[][..], Vec::as_slice);
    Side {
        number: Some(change.number),
        project: &change.project,
        change_id: &change.change_id,
        revision: &change.revision,
        subject: &change.subject,
        message: &change.message,
        tasks: change.tasks(),
        topic: change.topic.as_deref(),
        author: change.author.as_deref().unwrap_or(&change.owner.name),
        authored: change.authored,
        paths: files.iter().map(|file| file.path.as_str()).collect(),
        lines: files
            .iter()
            .fold((0, 0), |(added, removed), file| (added + file.inserted, removed + file.deleted)),
        diff: facts.diff.as_ref().and_then(|diff| diff.known()),
        rarity,
    }
}
