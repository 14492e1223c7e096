//! Where the facts about a change come from.

mod files;
pub mod json;
mod needs;
mod tell;

pub use files::Files;

use crate::engine::facts::{Facts, Fault};
use crate::engine::id::ChangeNumber;

/// A review system.
#[derive(Debug)]
pub enum Source {
    /// A folder with Gerrit's JSON: the embedded default.
    Files(Files),
}

impl Source {
    /// Asks for everything about one change. It takes as long as the review system takes, so the answer comes to the
    /// loop as an input of its own and may be late; what it says was true when it was asked.
    ///
    /// # Errors
    /// Why nothing is known. What only a part of the questions met is a `Fact::Unknown` in the answer.
    pub async fn look_up(&self, change: ChangeNumber) -> Result<Box<Facts>, Fault> {
        match self {
            Self::Files(files) => files.look_up(change).await,
        }
    }
}

fn why(fault: &Fault) -> String {
    match fault {
        Fault::NotFound => "not found".to_owned(),
        Fault::Denied { why } | Fault::Unreachable { why } | Fault::Malformed { why } => why.clone(),
    }
}
