//! Makes one line of acknowledgements that wait, once there are more lines than may go out.

use std::time::Instant;

use crate::engine::id::RowId;
use crate::engine::say::logged;

use super::{COMPANY, COMPANY_FOR_LAST, Outbox, View};

impl Outbox {
    /// Prepares the acknowledgement that waits first: as it is while lines are plenty, else with those behind it for
    /// the same place. `None` while it is better to wait for more of them.
    pub(super) fn acknowledge(&mut self, view: &impl View, tokens: usize, now: Instant) -> Option<()> {
        let first = self.plain.front()?;
        let is_plenty = self.pace.is_plenty(tokens);
        if first.is_shaped || (is_plenty && self.waiting() <= tokens) {
            return Some(());
        }
        // Whoever pastes twenty lines has them arrive one after another: a moment later there are more to share the
        // line with. What is not an acknowledgement is not kept waiting for that.
        let nothing_else =
            self.status.is_empty() && self.plain.iter().all(|waiting| waiting.logged.is_some());
        let until = first.since + if tokens == 1 { COMPANY_FOR_LAST } else { COMPANY };
        if !is_plenty && nothing_else && now < until {
            self.held_until = Some(until);
            return None;
        }
        self.merge(self.room(first, view.budget()));
        Some(())
    }

    /// Puts the acknowledgements for the place of the first into its line, as many as fit, up to the first line for
    /// that place that is something else.
    fn merge(&mut self, room: usize) {
        let Some(first) = self.plain.front() else { return };
        let target = first.target.clone();
        let same = self.plain.iter().filter(|waiting| waiting.target == target);
        let mut entries: Vec<(String, RowId)> = same.map_while(|waiting| waiting.logged.clone()).collect();
        let mut text = logged(&entries);
        while text.len() > room && entries.len() > 1 {
            entries.truncate(entries.len() * 3 / 4);
            text = logged(&entries);
        }
        if entries.len() < 2 {
            return;
        }
        let mut merged = entries.len() - 1;
        let mut is_first = true;
        self.plain.retain(|waiting| {
            let goes = !is_first && merged > 0 && waiting.target == target;
            is_first = false;
            merged -= usize::from(goes);
            !goes
        });
        if let Some(first) = self.plain.front_mut() {
            first.lines = [text].into();
        }
    }
}
