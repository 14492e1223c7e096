//! What a redaction takes out of the log: the words of people, and nothing that the state is made of.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Event;

use super::super::id::RowId;

/// What stands in the place of words that were taken out of an event.
pub const TAKEN_OUT: &str = "[redacted]";

/// The fields of events that hold what people wrote.
const WORDS: &[&str] =
    &["reason", "note", "why", "words", "urgent", "test", "subject", "message", "output", "line"];

/// One row that lost its words, with what is needed to follow the chain without them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blanked {
    /// The row.
    pub row: RowId,
    /// The SHA-256 of the text that was taken out, in hexadecimal; `None` where the text stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The SHA-256 of the event's JSON that was taken out; `None` where that stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The JSON that stands in its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<String>,
}

/// An event's JSON with `[redacted]` in the place of everything that people wrote in it, and what that was; `None` where
/// they wrote nothing in it, or where it is no event afterwards.
pub fn without_words(detail: &str) -> Option<(String, Vec<String>)> {
    let mut value: Value = serde_json::from_str(detail).ok()?;
    let mut taken = Vec::new();
    take_out(&mut value, &mut taken);
    // A field that this program does not know would be lost on the way through `Event`, so the value itself is kept.
    let left = value.to_string();
    let is_event = serde_json::from_str::<Event>(&left).is_ok();
    (!taken.is_empty() && is_event).then_some((left, taken))
}

fn take_out(value: &mut Value, taken: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(words) if WORDS.contains(&name.as_str()) && words != TAKEN_OUT => {
                        taken.push(std::mem::replace(words, TAKEN_OUT.to_owned()));
                    }
                    _ => take_out(value, taken),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| take_out(value, taken)),
        _ => {}
    }
}
