//! What is deployed outside windows: who asked, who agreed.

use serde::{Deserialize, Serialize};

use super::State;
use crate::engine::event::Record;
use crate::engine::id::{At, ChangeNumber, RoomId, Who};
use crate::engine::window::Emergency;

/// Somebody asked to deploy outside windows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmergencyWish {
    /// Which change.
    pub change: ChangeNumber,
    /// Who.
    pub by: Who,
    /// When.
    pub at: At,
    /// Why it cannot wait.
    pub reason: String,
    /// The rooms that it is held in.
    pub rooms: Vec<RoomId>,
}

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
