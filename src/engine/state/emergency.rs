//! What is deployed outside windows: who asked, who agreed.

use super::State;
use crate::engine::event::Record;
use crate::engine::id::Who;
use crate::engine::window::Emergency;

impl State {
    /// Somebody agrees to what was asked for: the occurrence of the record is an emergency.
    pub(super) fn open_emergency(&mut self, record: &Record, by: &Who) {
        let Some(change) = record.change else { return };
        let wish = self.emergencies.iter().position(|wish| wish.change == change);
        let reason = wish.map(|index| self.emergencies.remove(index).reason).unwrap_or_default();
        if let Some(window) = record.window.as_ref().and_then(|id| self.windows.get_mut(id)) {
            let approved = record.by.who.clone();
            window.emergency = Some(Emergency { by: by.clone(), approved, reason, report: None });
        }
    }
}
