//! Reads the edges of the order out of the facts: most patches have none, so nothing is indexed before it is needed.

use std::cell::OnceCell;

use crate::engine::facts::{Brief, Fact, Facts, footers};
use crate::engine::id::ChangeNumber;
use crate::engine::patch::{Patch, Stage};
use crate::engine::state::State;
use crate::engine::window::{Declared, Window};

/// Why one patch goes before another, borrowed.
#[derive(Clone, Copy)]
pub(super) enum Reason<'a> {
    Parent,
    DependsOn,
    NeededBy,
    Declared(&'a Declared),
}

/// The patches that take part, by place, with what is known of them.
pub(super) struct Queue<'a> {
    pub(super) changes: Vec<ChangeNumber>,
    pub(super) patches: Vec<&'a Patch>,
    facts: Vec<Option<&'a Facts>>,
    window: &'a Window,
    numbers: Vec<(ChangeNumber, u32)>,
    names: OnceCell<Index>,
    commits: OnceCell<Index>,
}

impl<'a> Queue<'a> {
    pub(super) fn new(state: &'a State, window: &'a Window) -> Self {
        let mut by_number: Vec<(ChangeNumber, u32)> =
            (0..).zip(&window.patches).map(|(index, patch)| (patch.change, index)).collect();
        by_number.sort_unstable();
        let mut changes = Vec::with_capacity(window.places.len());
        let mut patches = Vec::with_capacity(window.places.len());
        let mut place_of = vec![None; window.patches.len()];
        for change in &window.places {
            let Some(index) = find(&by_number, *change) else { continue };
            let patch = &window.patches[index as usize];
            if !matches!(patch.stage, Stage::Skipped { .. }) {
                place_of[index as usize] = u32::try_from(changes.len()).ok();
                changes.push(*change);
                patches.push(patch);
            }
        }
        let numbers = by_number
            .iter()
            .filter_map(|(change, index)| Some((*change, place_of[*index as usize]?)))
            .collect();
        // An order that was known stays in force while the review system does not answer.
        let facts = changes.iter().map(|change| state.last_facts(*change)).collect();
        Self { changes, patches, facts, window, numbers, names: OnceCell::new(), commits: OnceCell::new() }
    }

    /// The place of a change that takes part.
    pub(super) fn place(&self, change: ChangeNumber) -> Option<u32> {
        find(&self.numbers, change)
    }

    /// What is known of each patch, by place.
    pub(super) fn known(&self) -> impl Iterator<Item = &'a Facts> {
        self.facts.iter().filter_map(|facts| *facts)
    }

    /// Calls `each` with every edge: the earlier place, the later place, and why. An edge may come more than once.
    pub(super) fn links(&self, mut each: impl FnMut(u32, u32, Reason<'a>)) {
        for (place, facts) in (0..).zip(&self.facts) {
            let Some(facts) = facts else { continue };
            self.parents(place, facts, &mut each);
            self.needs(place, facts, &mut each);
            self.needed_by(place, facts, &mut each);
        }
        for order in &self.window.declared {
            if let (Some(before), Some(after)) = (self.place(order.before), self.place(order.after))
                && !self.independent(before, after)
            {
                each(before, after, Reason::Declared(order));
            }
        }
    }

    fn parents(&self, place: u32, facts: &'a Facts, each: &mut impl FnMut(u32, u32, Reason<'a>)) {
        match &facts.chain {
            Fact::Known(chain) => {
                for ancestor in chain {
                    if let Some(before) = self.place(ancestor.number).filter(|before| *before != place) {
                        each(before, place, Reason::Parent);
                    }
                }
            }
            Fact::Unknown(_) => {
                for parent in &facts.change.parents {
                    for before in self.with_commit(parent).filter(|before| *before != place) {
                        each(before, place, Reason::Parent);
                    }
                }
            }
        }
    }

    /// Footers of what this patch needs are its own too: what stands between may not be in the window at all.
    fn needs(&self, place: u32, facts: &'a Facts, each: &mut impl FnMut(u32, u32, Reason<'a>)) {
        let Some(needs) = facts.needs.known() else { return };
        let branch = facts.change.branch.as_str();
        for (need, found) in needs.iter().flat_map(|need| need.found.iter().map(move |found| (need, found))) {
            // A Change-Id names its picks on all branches; where one is on this patch's, the others are not meant.
            let is_id = need.named.starts_with('I');
            let pick_is_here = |other: &Brief| other.branch == branch && other.project == found.project;
            let on_this = || need.found.iter().any(pick_is_here);
            if is_id && found.branch != branch && on_this() {
                continue;
            }
            self.each_named(place, Named::Change(found), |before| each(before, place, Reason::DependsOn));
        }
    }

    fn needed_by(&self, place: u32, facts: &'a Facts, each: &mut impl FnMut(u32, u32, Reason<'a>)) {
        let message = facts.change.message.as_str();
        // A whole message is long, and hardly one has this footer: a search is quicker than a look at every line.
        if !message.contains("eeded-") {
            return;
        }
        for value in footers(message, "Needed-By") {
            self.each_named(place, Named::Footer(value), |after| {
                if !self.independent(place, after) {
                    each(place, after, Reason::NeededBy);
                }
            });
        }
    }

    /// The patches that a footer of the one at `place` means: the change itself where it takes part, and those with the
    /// same Change-Id. Of these the one on the same branch is meant; where there is none (configuration that needs
    /// code), all of them are.
    fn each_named(&self, place: u32, name: Named<'_>, mut each: impl FnMut(u32)) {
        let (number, change_id) = match name {
            Named::Change(found) => (Some(found.number), Some(found.change_id.as_str())),
            Named::Footer(value) if value.starts_with('I') => (None, Some(value)),
            Named::Footer(value) => (number_of(value), None),
        };
        let itself = number.and_then(|number| self.place(number)).filter(|other| *other != place);
        if let Some(other) = itself {
            each(other);
        }
        let Some(change_id) = change_id.filter(|id| !id.is_empty()) else { return };
        let project = match name {
            Named::Change(found) => Some(found.project.as_str()),
            Named::Footer(_) => None,
        };
        let branch_of = |other: u32| self.facts[other as usize].map(|facts| facts.change.branch.as_str());
        let of_project = |other: &u32| {
            let theirs = self.facts[*other as usize].map(|facts| facts.change.project.as_str());
            *other != place && (project.is_none() || theirs == project)
        };
        let branch = branch_of(place);
        let on_branch = |other: &u32| branch_of(*other) == branch;
        let with_name = || self.with_name(change_id).filter(of_project);
        let only_branch = with_name().any(|other| on_branch(&other));
        for other in with_name().filter(|other| Some(*other) != itself && (!only_branch || on_branch(other)))
        {
            each(other);
        }
    }

    fn independent(&self, a: u32, b: u32) -> bool {
        let (a, b) = (self.changes[a as usize], self.changes[b as usize]);
        self.window.independent.iter().any(|pair| *pair == (a, b) || *pair == (b, a))
    }

    /// The patches with this Change-Id.
    fn with_name<'s>(&'s self, name: &'s str) -> impl Iterator<Item = u32> + 's {
        let index = self.names.get_or_init(|| self.index(|facts| &facts.change.change_id));
        index.find(name).filter(move |place| {
            self.facts[*place as usize].is_some_and(|facts| facts.change.change_id == name)
        })
    }

    /// The patches whose current commit this is.
    fn with_commit<'s>(&'s self, commit: &'s str) -> impl Iterator<Item = u32> + 's {
        let index = self.commits.get_or_init(|| self.index(|facts| &facts.change.revision));
        index.find(commit).filter(move |place| {
            self.facts[*place as usize].is_some_and(|facts| facts.change.revision == commit)
        })
    }

    fn index(&self, text: impl Fn(&'a Facts) -> &'a str) -> Index {
        let known = self.facts.iter().zip(0..).filter_map(|(facts, place)| Some(((*facts)?, place)));
        let mut rows: Vec<(u64, u32)> = known.map(|(facts, place)| (key(text(facts)), place)).collect();
        rows.sort_unstable();
        Index(rows)
    }
}

/// Places by a key made of a long name, sorted. Two names may share a key, so what is found is compared in full.
struct Index(Vec<(u64, u32)>);

impl Index {
    fn find(&self, name: &str) -> impl Iterator<Item = u32> {
        let key = key(name);
        let from = self.0.partition_point(|(other, _)| *other < key);
        self.0[from..].iter().take_while(move |(other, _)| *other == key).map(|(_, place)| *place)
    }
}

/// The end of a name: these names are hex digits of a hash, and a number sorts faster than a text.
fn key(name: &str) -> u64 {
    name.as_bytes().last_chunk().map_or(0, |end| u64::from_le_bytes(*end))
}

/// How one patch names another.
#[derive(Clone, Copy)]
enum Named<'a> {
    Change(&'a Brief),
    Footer(&'a str),
}

/// The change number at the end of a URL, or a bare one.
fn number_of(value: &str) -> Option<ChangeNumber> {
    value.trim_end_matches('/').rsplit('/').next().and_then(ChangeNumber::parse)
}

fn find(index: &[(ChangeNumber, u32)], change: ChangeNumber) -> Option<u32> {
    index.binary_search_by_key(&change, |(number, _)| *number).ok().map(|at| index[at].1)
}
