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
    names: OnceCell<Vec<(&'a str, u32)>>,
    commits: OnceCell<Vec<(&'a str, u32)>>,
}

impl<'a> Queue<'a> {
    pub(super) fn new(state: &'a State, window: &'a Window) -> Self {
        let mut by_number: Vec<(ChangeNumber, u32)> =
            (0..).zip(&window.patches).map(|(index, patch)| (patch.change, index)).collect();
        by_number.sort_unstable();
        let mut changes = Vec::with_capacity(window.places.len());
        let mut patches = Vec::with_capacity(window.places.len());
        for change in &window.places {
            let Some(index) = find(&by_number, *change) else { continue };
            let patch = &window.patches[index as usize];
            if !matches!(patch.stage, Stage::Skipped { .. }) {
                changes.push(*change);
                patches.push(patch);
            }
        }
        // An order that was known stays in force while the review system does not answer.
        let facts = changes.iter().map(|change| state.last_facts(*change)).collect();
        let mut numbers: Vec<(ChangeNumber, u32)> = changes.iter().copied().zip(0..).collect();
        numbers.sort_unstable();
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
                    for before in named(self.commits(), parent).filter(|before| *before != place) {
                        each(before, place, Reason::Parent);
                    }
                }
            }
        }
    }

    /// Footers of what this patch needs are its own too: what stands between may not be in the window at all.
    fn needs(&self, place: u32, facts: &'a Facts, each: &mut impl FnMut(u32, u32, Reason<'a>)) {
        let Some(needs) = facts.needs.known() else { return };
        for found in needs.iter().flat_map(|need| &need.found) {
            self.each_named(place, Named::Change(found), |before| each(before, place, Reason::DependsOn));
        }
    }

    fn needed_by(&self, place: u32, facts: &'a Facts, each: &mut impl FnMut(u32, u32, Reason<'a>)) {
        let message = facts.change.message.as_str();
        // A whole message is long, and hardly one has this footer.
        if !message.contains("eeded-") && !message.contains("EEDED-") {
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
        let with_name = || named(self.names(), change_id).filter(of_project);
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

    fn names(&self) -> &[(&'a str, u32)] {
        self.names.get_or_init(|| self.index(|facts| &facts.change.change_id))
    }

    fn commits(&self) -> &[(&'a str, u32)] {
        self.commits.get_or_init(|| self.index(|facts| &facts.change.revision))
    }

    fn index(&self, text: impl Fn(&'a Facts) -> &'a str) -> Vec<(&'a str, u32)> {
        let known = self.facts.iter().zip(0..).filter_map(|(facts, place)| Some(((*facts)?, place)));
        let mut index: Vec<(&str, u32)> = known.map(|(facts, place)| (text(facts), place)).collect();
        index.sort_unstable();
        index
    }
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

/// The places under `name` in a sorted index.
fn named<'i>(index: &'i [(&str, u32)], name: &'i str) -> impl Iterator<Item = u32> + 'i {
    let from = index.partition_point(|(other, _)| *other < name);
    index[from..].iter().take_while(move |(other, _)| *other == name).map(|(_, place)| *place)
}
