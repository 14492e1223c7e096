//! Finds cycles, and gives them whole: a person can only undo what they can see.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::links::{Queue, Reason};
use crate::engine::facts::{Brief, Facts, Need, Status};
use crate::engine::id::ChangeNumber;
use crate::engine::patch::Stage;
use crate::engine::state::State;
use crate::engine::window::Window;

/// The cycle that declaring `before` to go first would close, e.g. `[A, B, C, A]` where `before` is A and `after` is B.
/// What was declared of these two so far does not count: a new word takes its place.
pub fn cycle_with(
    state: &State,
    window: &Window,
    before: ChangeNumber,
    after: ChangeNumber,
) -> Option<Vec<ChangeNumber>> {
    if before == after {
        return Some(vec![before, after]);
    }
    let queue = Queue::new(state, window);
    let (from, to) = (queue.place(after)?, queue.place(before)?);
    let mut next: Vec<Vec<u32>> = vec![Vec::new(); queue.changes.len()];
    queue.links(|first, then, reason| {
        let replaced =
            matches!(reason, Reason::Declared(_)) && [(from, to), (to, from)].contains(&(first, then));
        if !replaced {
            next[first as usize].push(then);
        }
    });
    let mut came_from: Vec<Option<u32>> = vec![None; queue.changes.len()];
    let mut open = VecDeque::from([from]);
    while let Some(place) = open.pop_front() {
        if place == to {
            let back = std::iter::successors(Some(to), |place| came_from[*place as usize]);
            let mut cycle: Vec<ChangeNumber> = back.map(|place| queue.changes[place as usize]).collect();
            cycle.push(before);
            cycle.reverse();
            return Some(cycle);
        }
        for then in &next[place as usize] {
            if *then != from && came_from[*then as usize].is_none() {
                came_from[*then as usize] = Some(place);
                open.push_back(*then);
            }
        }
    }
    None
}

/// The cycle of needs that `including` is in or waits for, e.g. `[A, B, A]` (each needs the next), also through changes
/// that are not in the window. A merged change waits for nothing and closes no cycle.
pub fn existing_cycle(state: &State, window: &Window, including: ChangeNumber) -> Option<Vec<ChangeNumber>> {
    cycle_through(state, window, including, state.last_facts(including))
}

/// The same, for a change whose facts are in hand and perhaps not yet in the state.
pub fn cycle_through(
    state: &State,
    window: &Window,
    change: ChangeNumber,
    facts: Option<&Facts>,
) -> Option<Vec<ChangeNumber>> {
    let queue = Queue::new(state, window);
    let mut needs: BTreeMap<ChangeNumber, BTreeSet<ChangeNumber>> = BTreeMap::new();
    queue.links(|before, after, _| {
        let first = queue.changes[before as usize];
        let is_out = matches!(queue.patches[before as usize].stage, Stage::Live { .. });
        if !is_out && !state.is_merged(first) {
            needs.entry(queue.changes[after as usize]).or_default().insert(first);
        }
    });
    let in_hand = facts.into_iter().chain(queue.known().filter(|other| other.change.number != change));
    for facts in in_hand {
        read(facts, &mut needs);
    }
    first_cycle(&needs, change)
}

fn read(facts: &Facts, needs: &mut BTreeMap<ChangeNumber, BTreeSet<ChangeNumber>>) {
    let chain = facts.chain.known().map_or(&[][..], Vec::as_slice);
    let ancestors = chain.iter().filter(|ancestor| ancestor.status == Status::Open);
    let own = facts.change.number;
    for ancestor in ancestors.filter(|ancestor| ancestor.number != own) {
        needs.entry(own).or_default().insert(ancestor.number);
    }
    let footers = facts.needs.known().map_or(&[][..], Vec::as_slice);
    for need in footers {
        let branch = branch_of(facts, footers, need.of);
        let is_meant = |found: &&Brief| branch.is_some_and(|branch| found.branch == branch);
        let only_branch = need.found.iter().any(|found| is_meant(&found));
        let meant = need.found.iter().filter(|found| !only_branch || is_meant(found));
        let open = meant.filter(|found| found.status == Status::Open);
        needs.entry(need.of).or_default().extend(open.map(|found| found.number));
    }
}

/// The branch of a change that was met on the way.
fn branch_of<'a>(facts: &'a Facts, needs: &'a [Need], change: ChangeNumber) -> Option<&'a str> {
    if facts.change.number == change {
        return Some(&facts.change.branch);
    }
    let met = needs.iter().flat_map(|need| &need.found).find(|found| found.number == change);
    met.map(|found| found.branch.as_str())
}

/// The first cycle that can be reached from `start`. It keeps its own stack: a chain from outside may be long.
fn first_cycle(
    needs: &BTreeMap<ChangeNumber, BTreeSet<ChangeNumber>>,
    start: ChangeNumber,
) -> Option<Vec<ChangeNumber>> {
    let none = BTreeSet::new();
    let of = |change: ChangeNumber| needs.get(&change).unwrap_or(&none).iter();
    let mut path = vec![start];
    let mut open = vec![of(start)];
    let mut seen = BTreeSet::from([start]);
    while let Some(rest) = open.last_mut() {
        let Some(need) = rest.next() else {
            open.pop();
            path.pop();
            continue;
        };
        if let Some(begin) = path.iter().position(|change| change == need) {
            let mut cycle = path.split_off(begin);
            cycle.push(*need);
            return Some(cycle);
        }
        if seen.insert(*need) {
            path.push(*need);
            open.push(of(*need));
        }
    }
    None
}
