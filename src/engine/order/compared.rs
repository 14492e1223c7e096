//! Which changes belong together by what is known of them: two diffs are compared when one is read, not with each question.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::id::ChangeNumber;

/// For each known change that belongs together with others, which these are. It follows from what is known of them, so it
/// is not stored, and made anew where a state is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared(BTreeMap<ChangeNumber, BTreeSet<ChangeNumber>>);

impl Compared {
    /// A change belongs together with these, and with no others any more.
    pub(in crate::engine) fn learn(&mut self, change: ChangeNumber, partners: BTreeSet<ChangeNumber>) {
        self.forget(change);
        for partner in &partners {
            self.0.entry(*partner).or_default().insert(change);
        }
        if !partners.is_empty() {
            self.0.insert(change, partners);
        }
    }

    /// Forgets all but these.
    pub(in crate::engine) fn keep(&mut self, wanted: impl Fn(ChangeNumber) -> bool) {
        let gone: Vec<ChangeNumber> = self.0.keys().copied().filter(|change| !wanted(*change)).collect();
        gone.into_iter().for_each(|change| self.forget(change));
    }

    /// Whether nothing belongs together with anything.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether these two belong together.
    pub(super) fn are(&self, a: ChangeNumber, b: ChangeNumber) -> bool {
        self.0.get(&a).is_some_and(|partners| partners.contains(&b))
    }

    fn forget(&mut self, change: ChangeNumber) {
        for partner in self.0.remove(&change).unwrap_or_default() {
            if let Some(theirs) = self.0.get_mut(&partner) {
                theirs.remove(&change);
                if theirs.is_empty() {
                    self.0.remove(&partner);
                }
            }
        }
    }
}
