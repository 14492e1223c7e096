//! The names of things: people, rooms, changes, occurrences and rows. Each is its own type so that none passes for another.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

/// A moment, in UTC. The engine gets it with every input and never asks for it.
pub type At = DateTime<Utc>;

/// Who acted: the id of a configured person, or `network/account` of somebody who is not in the configuration.
/// It is never made from a nick or a display name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Who(pub String);

/// A place where people talk: `console`, or `network/#channel`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RoomId(pub String);

/// The number of a change in the review system, 1 to 999,999,999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ChangeNumber(pub u32);

/// A row of the log, said as `L812`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RowId(pub i64);

/// One occurrence of a recurring window, said as `2026-11-23/morning`; the date is in the window's own time zone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OccurrenceId {
    /// The day it starts on, in the zone of the window.
    pub date: NaiveDate,
    /// The id of the window in the configuration.
    pub window: String,
}

impl RoomId {
    /// The network it is on: `libera` for `libera/#channel`, `console` for the terminal.
    pub fn network(&self) -> &str {
        self.0.split_once('/').map_or(self.0.as_str(), |(network, _)| network)
    }
}

impl ChangeNumber {
    /// Reads 1 to 9 ASCII digits without a leading zero. Full-width and Arabic-Indic digits are not numbers here.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = (1..=9).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_digit())
            && !text.starts_with('0');
        if plain { text.parse().ok().map(Self) } else { None }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ChangeNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "L{}", self.0)
    }
}

impl fmt::Display for OccurrenceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.date.format("%Y-%m-%d"), self.window)
    }
}

impl FromStr for OccurrenceId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (date, window) = text.split_once('/').ok_or(())?;
        let date = NaiveDate::parse_from_str(date, "%Y-%m-%d").map_err(|_| ())?;
        if window.is_empty() || window.contains('/') {
            return Err(());
        }
        Ok(Self { date, window: window.to_owned() })
    }
}

impl<'de> Deserialize<'de> for ChangeNumber {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;
        impl serde::de::Visitor<'_> for Number {
            type Value = ChangeNumber;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the number of a change")
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<ChangeNumber, E> {
                number.try_into().map(ChangeNumber).map_err(E::custom)
            }

            // The key of a map in a tagged enum arrives as text: serde buffers it before it knows what it is for.
            fn visit_str<E: serde::de::Error>(self, number: &str) -> Result<ChangeNumber, E> {
                number.parse().map(ChangeNumber).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Number)
    }
}

impl Serialize for OccurrenceId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for OccurrenceId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|()| serde::de::Error::custom("an occurrence is DATE/WINDOW"))
    }
}
