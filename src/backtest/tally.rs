//! What the rules said of many windows, in figures: as much memory for a thousand windows as for one.

use std::collections::{BTreeMap, BTreeSet};

use super::{Seen, Went};
use crate::engine::guidelines::{RuleId, Verdict};
use crate::engine::id::{At, ChangeNumber};
use crate::review::PastWindow;

/// How often one rule had something to say. Each patch counts once, by the gravest word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Patches that it stopped.
    pub blocked: usize,
    /// Patches about which somebody had to answer.
    pub asked: usize,
    /// Patches about which something was said.
    pub warned: usize,
    /// Windows in which it stopped a patch or asked about one.
    pub windows: usize,
    /// The patches of these three that were reverted later.
    pub reverted: usize,
}

impl Counts {
    /// The patches about which it had something to say.
    pub fn patches(&self) -> usize {
        self.blocked + self.asked + self.warned
    }
}

/// The sum over all windows.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Windows.
    pub windows: usize,
    /// Windows in which any rule stopped a patch or asked about one.
    pub bothered: usize,
    /// Windows that were made longer.
    pub extended: usize,
    /// Patches.
    pub patches: usize,
    /// Patches that went out.
    pub live: usize,
    /// Patches that were reverted later.
    pub reverted: usize,
    /// The first approval of the earliest window, and of the latest.
    pub span: Option<(At, At)>,
    /// By rule; one that never had anything to say is not in it.
    pub rules: BTreeMap<RuleId, Counts>,
}

impl Tally {
    /// Adds a window that was played.
    pub fn add(&mut self, window: &PastWindow, went: &Went) {
        self.windows += 1;
        self.extended += usize::from(went.extended > 0);
        self.patches += window.patches.len();
        self.live += went.live.len();
        let (first, last) = self.span.unwrap_or((window.first, window.first));
        self.span = Some((first.min(window.first), last.max(window.first)));
        let reverted: BTreeSet<ChangeNumber> =
            window.patches.iter().filter(|patch| patch.reverted).map(|patch| patch.number).collect();
        self.reverted += reverted.len();
        let mut stopped: BTreeSet<RuleId> = BTreeSet::new();
        for patch in &window.patches {
            for Seen { rule, verdict, .. } in went.verdicts(patch.number) {
                let counts = self.rules.entry(*rule).or_default();
                match verdict {
                    Verdict::Block => counts.blocked += 1,
                    Verdict::Ask => counts.asked += 1,
                    Verdict::Warn => counts.warned += 1,
                    Verdict::Pass => {}
                }
                counts.reverted += usize::from(reverted.contains(&patch.number));
                if *verdict >= Verdict::Ask {
                    stopped.insert(*rule);
                }
            }
        }
        self.bothered += usize::from(!stopped.is_empty());
        for rule in stopped {
            self.rules.entry(rule).or_default().windows += 1;
        }
    }
}
