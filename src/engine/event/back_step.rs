//! A step of a rollback, as its events and the state hold it.

use serde::{Deserialize, Serialize};

use super::super::id::{At, ChangeNumber, RoomId, Who};
use super::super::plan::Going;
use super::super::settings::CommandSettings;

/// One step of a rollback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackStep {
    /// The patch that goes back.
    pub change: ChangeNumber,
    /// The stage it goes back on.
    pub stage: String,
    /// The file, where it went out file by file.
    pub file: Option<String>,
    /// The one file of the patch, where the step is for all its files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// It is done.
    pub done: bool,
    /// It failed, and why.
    pub failed: Option<String>,
    /// Who said that it is done, when, and in which room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<(Who, At, Option<RoomId>)>,
    /// What does it; a person, where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<CommandSettings>,
    /// That is on its way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub going: Option<Going>,
}

impl BackStep {
    /// Whether its command is at work, as far as anybody knows.
    pub fn is_running(&self) -> bool {
        self.going.as_ref().is_some_and(|going| !going.is_unknown)
    }
}
