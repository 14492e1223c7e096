//! What people declared of the order of two patches, on its way from one occurrence to another.

use serde::{Deserialize, Serialize};

use super::in_window::{forget_order, same_pair};
use crate::engine::id::ChangeNumber;
use crate::engine::window::{Declared, Window};

/// Declared orders, and pairs that are free of each other. Of two patches that are not both in a queue they say nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pairs {
    /// Orders that people declared.
    pub declared: Vec<Declared>,
    /// Pairs that people declared free of each other.
    pub independent: Vec<(ChangeNumber, ChangeNumber)>,
    /// Those of either that were said when one of them had other content.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reopened: Vec<(ChangeNumber, ChangeNumber)>,
}

impl Pairs {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.declared.is_empty() && self.independent.is_empty()
    }

    /// All that a window knows.
    pub(super) fn of(window: &Window) -> Self {
        Self {
            declared: window.declared.clone(),
            independent: window.independent.clone(),
            reopened: window.reopened.clone(),
        }
    }

    /// Those that name this change.
    pub(super) fn naming(&self, change: ChangeNumber) -> Self {
        let mut pairs = self.clone();
        pairs.keep(|other| other == change);
        pairs
    }

    /// Drops those of which neither change is `wanted`.
    pub(super) fn keep(&mut self, wanted: impl Fn(ChangeNumber) -> bool) {
        self.declared.retain(|order| wanted(order.before) || wanted(order.after));
        self.independent.retain(|(a, b)| wanted(*a) || wanted(*b));
        self.reopened.retain(|(a, b)| wanted(*a) || wanted(*b));
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.declared.extend(other.declared);
        self.independent.extend(other.independent);
        self.reopened.extend(other.reopened);
    }

    /// Gives them to a window. Where it knows of a pair, this is newer: the two were together where it comes from.
    pub(super) fn give_to(self, window: &mut Window) {
        for order in self.declared {
            forget_pair(window, order.before, order.after);
            window.declared.push(order);
        }
        for (a, b) in self.independent {
            forget_pair(window, a, b);
            window.independent.push((a, b));
        }
        window.reopened.extend(self.reopened);
    }
}

fn forget_pair(window: &mut Window, a: ChangeNumber, b: ChangeNumber) {
    forget_order(window, a, b);
    window.independent.retain(|pair| !same_pair(*pair, a, b));
}
