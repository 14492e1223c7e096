//! What stands between the two steps of a pair, in either order: that much can be said for certain.

use super::diff::{Name, Roles};
use super::signals::{Shared, Side, moves};
use super::tokens::Kind;

/// How a name stands while only one of two patches is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meanwhile {
    /// It is there twice.
    Twice,
    /// It is there nowhere, and was there before.
    Nowhere,
    /// It is used and nowhere there.
    Missing,
    /// It is there, and nothing uses it.
    Unused,
    /// It is set, and nothing reads it.
    Unread,
    /// It is read, and has its default.
    Default,
}

/// A name of both, and how it stands in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Between<'a> {
    /// The name.
    pub name: &'a str,
    /// What it is, where that is known.
    pub kind: Option<Kind>,
    /// While only the first is out.
    pub first_out: Meanwhile,
    /// While only the second is out.
    pub second_out: Meanwhile,
}

impl Between<'_> {
    /// Whether the order with the first (or else the second) in front makes a unique name exist twice.
    pub fn clashes(&self, first: bool) -> bool {
        let meanwhile = if first { self.first_out } else { self.second_out };
        meanwhile == Meanwhile::Twice && self.kind.is_some_and(Kind::must_be_unique)
    }
}

/// The name that says most: one that must be unique before others, a definition before a use, a rare name before a
/// common one.
pub(super) fn between<'a>(a: &Side<'a>, b: &Side<'a>) -> Option<Between<'a>> {
    let found = a.shared(b).into_iter().filter_map(|Shared { ours, theirs, rarity }| {
        let (first_out, second_out) = meanwhile(ours, theirs)?;
        let kind = ours.kind.or(theirs.kind);
        let between = Between { name: &ours.text, kind, first_out, second_out };
        let clashes = between.clashes(true) || between.clashes(false);
        (clashes || rarity >= 60).then_some((clashes, kind.is_some(), rarity, between))
    });
    found
        .max_by_key(|(clashes, is_known, rarity, _)| (*clashes, *is_known, *rarity))
        .map(|(.., between)| between)
}

fn meanwhile(a: &Name, b: &Name) -> Option<(Meanwhile, Meanwhile)> {
    use Meanwhile::{Default, Missing, Nowhere, Twice, Unread, Unused};
    if moves(a, b) {
        return Some((Twice, Nowhere));
    }
    if moves(b, a) {
        return Some((Nowhere, Twice));
    }
    let (sets, reads) = (Some(Kind::Value), Some(Kind::Setting));
    match (a.roles.is_defined() && b.roles.is_defined(), a.kind, b.kind) {
        (true, ours, theirs) if ours == sets && theirs == reads => return Some((Unread, Default)),
        (true, ours, theirs) if ours == reads && theirs == sets => return Some((Default, Unread)),
        _ => {}
    }
    let begins = |roles: Roles| roles.is_new() && !roles.has(Roles::DEFINED);
    let ends = |roles: Roles| roles.is_gone() && !roles.has(Roles::UNDEFINED);
    match (a.roles, b.roles) {
        (a, b) if a.is_defined() && begins(b) => Some((Unused, Missing)),
        (a, b) if b.is_defined() && begins(a) => Some((Missing, Unused)),
        (a, b) if a.is_undefined() && ends(b) => Some((Missing, Unused)),
        (a, b) if b.is_undefined() && ends(a) => Some((Unused, Missing)),
        _ => None,
    }
}
