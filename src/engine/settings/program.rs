//! A command of a step, as the configuration gives it: no shell ever reads it.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

/// A program with its arguments. It is copied into the steps of a patch, so that a new configuration does not change what a
/// patch in motion runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandSettings {
    /// The program's absolute path and its arguments. `{path}`, `{message}`, `{change}`, `{branch}`, `{stage}` and
    /// `{patch_set}` stand for values, each inside one argument.
    pub argv: Vec<String>,
    /// It is ended after this long; stored in seconds.
    #[serde(with = "seconds")]
    pub timeout: TimeDelta,
    /// It is killed this long after it was asked to end; stored in seconds.
    #[serde(with = "seconds")]
    pub kill_after: TimeDelta,
}

/// A time as a whole number of seconds.
mod seconds {
    use chrono::TimeDelta;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &TimeDelta, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_i64(time.num_seconds())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<TimeDelta, D::Error> {
        let seconds = i64::deserialize(from)?;
        TimeDelta::try_seconds(seconds).ok_or_else(|| serde::de::Error::custom("too many seconds"))
    }
}
