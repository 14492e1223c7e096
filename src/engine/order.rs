//! What must go out before what, from git parents, `Depends-On`, `Needed-By` and what people declared.
//!
//! The order is computed from the state each time it is asked for; nothing of it is stored.

mod between;
mod compared;
mod coupling;
mod cycle;
mod diff;
mod first;
mod links;
mod message;
mod rarity;
mod score;
mod signals;
mod tokens;
mod uses;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::iter::Peekable;

use super::id::{At, ChangeNumber, Who};
use super::patch::Stage;
use super::state::State;
use super::window::Window;

pub use between::{Between, Meanwhile};
pub use compared::Compared;
pub(in crate::engine) use coupling::partners;
pub use coupling::{Coupling, between_them, coupling, open_couplings, open_couplings_of};
pub use cycle::{cycle_through, cycle_with, existing_cycle};
pub use diff::{Diff, FileDiff, LARGE, Name, Roles, unread};
pub use first::{Reason as FirstReason, Suggestion, suggestion};
use links::{Queue, Reason};
pub use message::Named;
pub use rarity::Seen;
pub use score::{ASKS_FROM, Score, Sign, score};
pub use signals::{Definition, Side, Signals, signals};
pub use tokens::Kind as NameKind;

/// Why one patch goes before another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// It is an ancestor in git.
    Parent,
    /// The other one names it in `Depends-On`, itself or through what it needs, on this branch or as a backport.
    DependsOn,
    /// It names the other one in `Needed-By`.
    NeededBy,
    /// Somebody said so.
    Declared {
        /// Who.
        by: Who,
        /// When.
        at: At,
    },
}

/// One patch goes before another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// This one first.
    pub before: ChangeNumber,
    /// Then this one.
    pub after: ChangeNumber,
    /// Why.
    pub why: Why,
}

/// All that is known of the order among the patches of one window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Order {
    edges: Vec<Edge>,
}

impl Order {
    /// Every edge, by the place of the later patch, then of the earlier one.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// What must go out before `change`, each with its reason.
    pub fn before(&self, change: ChangeNumber) -> impl Iterator<Item = &Edge> {
        self.edges.iter().filter(move |edge| edge.after == change)
    }

    /// The same without what follows from the others: of a chain, only the link before it.
    pub fn directly_before(&self, change: ChangeNumber) -> impl Iterator<Item = &Edge> {
        self.before(change).filter(move |edge| {
            let mut others = self.before(change).filter(|other| other.before != edge.before);
            !others.any(|other| self.why(edge.before, other.before).is_some())
        })
    }

    /// Why `before` goes before `after`, where it does.
    pub fn why(&self, before: ChangeNumber, after: ChangeNumber) -> Option<&Why> {
        self.before(after).find(|edge| edge.before == before).map(|edge| &edge.why)
    }

    /// What waits for `change`, each with its reason.
    pub fn after(&self, change: ChangeNumber) -> impl Iterator<Item = &Edge> {
        self.edges.iter().filter(move |edge| edge.before == change)
    }
}

/// What must go out before what among the patches that take part.
pub fn predecessors(state: &State, window: &Window) -> Order {
    let queue = Queue::new(state, window);
    let mut found: Vec<(u32, u32, Why)> = Vec::new();
    queue.links(|before, after, reason| {
        let why = match reason {
            Reason::Parent => Why::Parent,
            Reason::DependsOn => Why::DependsOn,
            Reason::NeededBy => Why::NeededBy,
            Reason::Declared(order) => Why::Declared { by: order.by.clone(), at: order.at },
        };
        found.push((after, before, why));
    });
    found.sort();
    found.dedup();
    let name = |place: u32| queue.changes[place as usize];
    let edge = |(after, before, why)| Edge { before: name(before), after: name(after), why };
    Order { edges: found.into_iter().map(edge).collect() }
}

/// The patches that take part in the order in which they run.
///
/// What is over or in motion comes first, since nothing can go before it any more. Then, again and again, the first by
/// place whose predecessors are out. Patches that wait for each other in a cycle come last, by place.
pub fn running_order(state: &State, window: &Window) -> Vec<ChangeNumber> {
    let queue = Queue::new(state, window);
    let mut pairs: Vec<(u32, u32)> = Vec::new();
    queue.links(|before, after, _| pairs.push((before, after)));
    let order = run(&queue, &mut pairs);
    order.into_iter().map(|place| queue.changes[place as usize]).collect()
}

/// Everything that needs `change`, directly or through others, in the order of a rollback: the last to run first.
pub fn dependents(state: &State, window: &Window, change: ChangeNumber) -> Vec<ChangeNumber> {
    let queue = Queue::new(state, window);
    let Some(start) = queue.place(change) else { return Vec::new() };
    let mut pairs: Vec<(u32, u32)> = Vec::new();
    queue.links(|before, after, _| pairs.push((before, after)));
    let order = run(&queue, &mut pairs);
    let mut needs = vec![false; queue.changes.len()];
    let mut open = vec![start];
    while let Some(place) = open.pop() {
        for after in followers(&pairs, place) {
            if after != start && !std::mem::replace(&mut needs[after as usize], true) {
                open.push(after);
            }
        }
    }
    let wanted = order.into_iter().rev().filter(|place| needs[*place as usize]);
    wanted.map(|place| queue.changes[place as usize]).collect()
}

/// Sorts `pairs`, and gives the places in running order.
fn run(queue: &Queue<'_>, pairs: &mut Vec<(u32, u32)>) -> Vec<u32> {
    pairs.sort_unstable();
    pairs.dedup();
    let count = u32::try_from(queue.changes.len()).unwrap_or(u32::MAX);
    let mut first: Vec<u32> = (0..count).filter(|place| queue.rank(*place).is_some()).collect();
    first.sort_by_key(|place| queue.rank(*place));
    if pairs.is_empty() {
        first.extend((0..count).filter(|place| queue.rank(*place).is_none()));
        return first;
    }
    let mut waits_for = vec![0_u32; queue.changes.len()];
    for (_, after) in pairs.iter() {
        waits_for[*after as usize] += 1;
    }
    let mut emitted = vec![false; queue.changes.len()];
    let mut order = Vec::with_capacity(queue.changes.len());
    // Most patches wait for nothing and come by place; only those that were released on the way are sorted in.
    let is_free = |place: &u32| queue.rank(*place).is_none() && waits_for[*place as usize] == 0;
    let free: Vec<u32> = (0..count).filter(is_free).collect();
    let mut free = free.into_iter().peekable();
    let mut released: BinaryHeap<Reverse<u32>> = BinaryHeap::new();
    let mut first = first.into_iter();
    while let Some(place) = first.next().or_else(|| next_by_place(&mut free, &mut released)) {
        emitted[place as usize] = true;
        order.push(place);
        for after in followers(pairs, place) {
            waits_for[after as usize] -= 1;
            if waits_for[after as usize] == 0 && queue.rank(after).is_none() {
                released.push(Reverse(after));
            }
        }
    }
    order.extend((0..count).filter(|place| !emitted[*place as usize]));
    order
}

fn next_by_place(
    free: &mut Peekable<impl Iterator<Item = u32>>,
    released: &mut BinaryHeap<Reverse<u32>>,
) -> Option<u32> {
    match (free.peek(), released.peek()) {
        (Some(place), Some(Reverse(other))) if place < other => free.next(),
        (Some(_), None) => free.next(),
        _ => released.pop().map(|Reverse(place)| place),
    }
}

/// The patches that wait for the one at `place`; `pairs` are sorted.
fn followers(pairs: &[(u32, u32)], place: u32) -> impl Iterator<Item = u32> {
    let from = pairs.partition_point(|(before, _)| *before < place);
    pairs[from..].iter().take_while(move |(before, _)| *before == place).map(|(_, after)| *after)
}

impl Queue<'_> {
    /// Where a patch stands among those that no order can hold back any more; `None` while it waits.
    fn rank(&self, place: u32) -> Option<(u8, Option<At>)> {
        match self.patches[place as usize].stage {
            Stage::Live { at } => Some((0, Some(at))),
            Stage::RolledBack => Some((1, None)),
            Stage::Moving => Some((2, None)),
            Stage::Queued | Stage::Skipped { .. } => None,
        }
    }
}
