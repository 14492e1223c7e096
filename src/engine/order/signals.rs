//! What two patches have in common: one signal after another, each something that can be said in a few words.

use chrono::TimeDelta;

use super::diff::{Diff, Name, Roles, is_beside_the_code};
use super::message::{self, Named};
use super::tokens::{self, Kind};
use crate::engine::id::{At, ChangeNumber};

/// One of two patches, as much as a comparison looks at.
#[derive(Clone, Debug, Default)]
pub struct Side<'a> {
    /// Its number, where it has one.
    pub number: Option<ChangeNumber>,
    /// The repository.
    pub project: &'a str,
    /// Its Change-Id.
    pub change_id: &'a str,
    /// Its commit.
    pub revision: &'a str,
    /// The first line of its message.
    pub subject: &'a str,
    /// Its message.
    pub message: &'a str,
    /// Its tasks.
    pub tasks: Vec<&'a str>,
    /// Its topic.
    pub topic: Option<&'a str>,
    /// Who wrote it.
    pub author: &'a str,
    /// When it was written.
    pub authored: Option<At>,
    /// The paths of its files.
    pub paths: Vec<&'a str>,
    /// Lines added and removed.
    pub lines: (u32, u32),
    /// What is kept of its diff.
    pub diff: Option<&'a Diff>,
    /// How rare each name of the diff is, in the order of its names.
    pub rarity: &'a [u8],
}

impl<'a> Side<'a> {
    /// The names that both diffs touch, each with how rare it is; what stands only around the hunks counts less.
    pub(super) fn shared(&self, other: &Side<'a>) -> Vec<Shared<'a>> {
        let (Some(left), Some(right)) = (self.diff, other.diff) else { return Vec::new() };
        let shared = left.shared(right).into_iter().map(|(a, b)| {
            let (ours, theirs) = (&left.names[a], &right.names[b]);
            let around = ours.roles == Roles::AROUND && theirs.roles == Roles::AROUND;
            let rarity = self.rarity_at(a).min(other.rarity_at(b));
            Shared { ours, theirs, rarity: rarity.saturating_sub(if around { 10 } else { 0 }) }
        });
        shared.collect()
    }

    fn rarity_at(&self, place: usize) -> u8 {
        self.rarity.get(place).copied().unwrap_or(0)
    }
}

/// A name that both diffs touch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shared<'a> {
    pub(super) ours: &'a Name,
    pub(super) theirs: &'a Name,
    pub(super) rarity: u8,
}

/// What speaks for it that two patches belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signals<'a> {
    /// How the first names the second, and the other way.
    pub named: [Option<Named>; 2],
    /// They are of one repository.
    pub same_project: bool,
    /// One of them reaches no host: a test, a text, what builds it.
    pub beside: bool,
    /// A task of both, or one that the other's message speaks of.
    pub task: Option<&'a str>,
    /// They have this topic.
    pub topic: Option<&'a str>,
    /// They have one author: the time between them, where it is known.
    pub same_author: Option<TimeDelta>,
    /// How many lines leave the first and arrive in the second, and the other way.
    pub moved: [u32; 2],
    /// The rarest name that both touch, and how rare it is.
    pub rarest: Option<(&'a str, u8)>,
    /// A name that is rare (60 or more) stands on changed lines of both, not only around those of one.
    pub both_change: bool,
    /// How many names both touch that are rare (70 or more).
    pub rare: u32,
    /// The rarest name that one defines, or no longer does, and the other speaks of.
    pub defined: Option<Definition<'a>>,
    /// A name that must be unique leaves the one and arrives in the other.
    pub unique: Option<&'a str>,
    /// The rarest name that one message says and the other's diff touches.
    pub said: Option<(&'a str, u8)>,
    /// One takes back another patch, so its message and its task are those of that one.
    pub reverts: bool,
}

/// A name that one patch defines, or no longer does, and the other speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition<'a> {
    /// The name.
    pub name: &'a str,
    /// How rare it is.
    pub rarity: u8,
    /// The first of the two does.
    pub first: bool,
    /// It no longer does.
    pub gone: bool,
}

/// Compares two patches.
pub fn signals<'a>(a: &Side<'a>, b: &Side<'a>) -> Signals<'a> {
    let mut found = Signals {
        named: [message::names(a, b), message::names(b, a)],
        same_project: a.project == b.project,
        beside: is_beside(a) || is_beside(b),
        ..Signals::default()
    };
    // Inside one repository patches share files, tasks and authors all day: only a name is a sign there.
    if found.same_project || found.beside {
        return found;
    }
    found.task = message::shared_task(a, b);
    found.topic = a.topic.filter(|topic| b.topic == Some(*topic));
    found.same_author = (!a.author.is_empty() && a.author == b.author)
        .then(|| a.authored.zip(b.authored).map_or(TimeDelta::MAX, |(a, b)| (a - b).abs()));
    found.reverts = message::reverts(a) || message::reverts(b);
    if let (Some(left), Some(right)) = (a.diff, b.diff) {
        found.moved = [left.moved_to(right), right.moved_to(left)];
    }
    for Shared { ours, theirs, rarity } in a.shared(b) {
        found.rare += u32::from(rarity >= 70);
        found.both_change |= rarity >= 60 && ours.roles.is_changed() && theirs.roles.is_changed();
        keep_rarest(&mut found.rarest, &ours.text, rarity);
        if let Some((first, gone)) = definition(ours, theirs)
            && found.defined.is_none_or(|other| rarity > other.rarity)
        {
            found.defined = Some(Definition { name: &ours.text, rarity, first, gone });
        }
        if is_unique(ours, theirs) && (moves(ours, theirs) || moves(theirs, ours)) {
            found.unique = Some(&ours.text);
        }
    }
    for (side, other) in [(a, b), (b, a)] {
        let Some(diff) = other.diff else { continue };
        tokens::names(side.message, &mut |name| {
            let place = diff.place(name).filter(|place| diff.names[*place].roles != Roles::AROUND);
            let Some(place) = place else { return };
            let theirs = other.rarity_at(place);
            let own = side.diff.and_then(|own| own.place(name)).map(|place| side.rarity_at(place));
            keep_rarest(&mut found.said, &diff.names[place].text, own.map_or(theirs, |own| own.min(theirs)));
        });
    }
    found
}

/// Whether the first of two defines what the other speaks of, or else the second, and whether it no longer does. What
/// only gives a value to a setting does not define it, where the other one does.
fn definition(a: &Name, b: &Name) -> Option<(bool, bool)> {
    let gone = |name: &Name| name.roles.is_undefined();
    match (defines_for(a, b), defines_for(b, a)) {
        (true, true) if a.kind == Some(Kind::Value) => Some((false, gone(b))),
        (true, _) => Some((true, gone(a))),
        (false, true) => Some((false, gone(b))),
        (false, false) => None,
    }
}

fn defines_for(a: &Name, b: &Name) -> bool {
    (a.roles.has(Roles::DEFINED) || a.roles.has(Roles::UNDEFINED))
        && (b.roles.has(Roles::ADDED) || b.roles.has(Roles::REMOVED))
}

fn is_unique(a: &Name, b: &Name) -> bool {
    a.kind.is_some_and(Kind::must_be_unique) && b.kind.is_some_and(Kind::must_be_unique)
}

/// Its definition arrives with the one and leaves with the other.
pub(super) fn moves(to: &Name, from: &Name) -> bool {
    to.roles.is_defined() && from.roles.is_undefined()
}

fn keep_rarest<'a>(best: &mut Option<(&'a str, u8)>, name: &'a str, rarity: u8) {
    if best.is_none_or(|(_, other)| rarity > other) {
        *best = Some((name, rarity));
    }
}

fn is_beside(side: &Side<'_>) -> bool {
    !side.paths.is_empty() && side.paths.iter().all(|path| is_beside_the_code(path))
}
