//! Where the facts about a change come from: a Gerrit, or the same JSON in a folder. Both answer one question.

mod coverage;
mod diff;
mod files;
mod gerrit;
mod http;
pub mod json;
mod needs;
mod past;
mod tell;

pub use coverage::CoverageFrom;
pub use files::Files;
pub use gerrit::{Gerrit, GerritSettings};
pub use past::{Past, PastPatch, PastWindow};

use crate::engine::facts::{Fact, Facts, Fault};
use crate::engine::id::ChangeNumber;

/// A review system.
#[derive(Debug)]
pub enum Source {
    /// A Gerrit server.
    Gerrit(Gerrit),
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
            Self::Gerrit(gerrit) => gerrit.look_up(change).await,
            Self::Files(files) => files.look_up(change).await,
        }
    }
}

/// A fault of a side question as the reason why its piece is not known.
fn fact<T>(answer: Result<T, Fault>) -> Fact<T> {
    match answer {
        Ok(known) => Fact::Known(known),
        Err(fault) => Fact::Unknown(why(&fault)),
    }
}

fn why(fault: &Fault) -> String {
    match fault {
        Fault::NotFound => "not found".to_owned(),
        Fault::Denied { why } | Fault::Unreachable { why } | Fault::Malformed { why } => why.clone(),
    }
}
