//! How events refer to each other: the thread that one is in, the message that one is about, and what a question of the
//! bot asks. Pure: an event is a text, as it was stored when it came.
//!
//! A question carries what it asks. So nothing has to be kept beside it, and it is known again after any restart, as long
//! as the event itself is kept. What stands in it gives no right: the engine judges it anew when somebody answers.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::engine::Confirm;

/// The key of what a question asks.
const CONFIRM: &str = "swatbot.confirm";

#[derive(Deserialize)]
struct Event {
    sender: String,
    content: Content,
}

#[derive(Deserialize)]
struct Content {
    #[serde(rename = "m.relates_to")]
    relates_to: Option<Relation>,
    #[serde(rename = "swatbot.confirm")]
    confirm: Option<Confirm>,
}

#[derive(Deserialize)]
struct Relation {
    rel_type: Option<String>,
    event_id: Option<String>,
}

/// What an event is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// It is said in the thread that begins with this event.
    Thread(String),
    /// It changes this event, or is a reaction to it.
    Event(String),
    /// Nothing but itself.
    Itself,
}

/// What an event is about.
pub fn about(event: &str) -> About {
    let Ok(event) = serde_json::from_str::<Event>(event) else { return About::Itself };
    let relation =
        event.content.relates_to.and_then(|relation| Some((relation.rel_type?, relation.event_id?)));
    match relation {
        Some((kind, root)) if kind == "m.thread" => About::Thread(root),
        Some((kind, other)) if kind == "m.annotation" || kind == "m.replace" => About::Event(other),
        _ => About::Itself,
    }
}

/// Who sent an event.
pub fn sender(event: &str) -> Option<String> {
    serde_json::from_str::<Event>(event).ok().map(|event| event.sender)
}

/// What a question of the bot asks; `None` for everything else, whoever says that it is one.
pub fn question(event: &str, own: &str) -> Option<Confirm> {
    let event = serde_json::from_str::<Event>(event).ok().filter(|event| event.sender == own)?;
    event.content.confirm
}

/// Makes a question of what is to be sent.
pub fn ask(content: &mut Value, confirm: &Confirm) {
    // A text with numbers and times in it can always be written.
    content[CONFIRM] = json!(confirm);
}

/// Puts what is to be sent into a thread, in answer to one of its events. Clients without threads show the answer.
pub fn in_thread(content: &mut Value, root: &str, answers: &str) {
    content["m.relates_to"] = json!({
        "rel_type": "m.thread",
        "event_id": root,
        "is_falling_back": true,
        "m.in_reply_to": {"event_id": answers},
    });
}

/// Makes what is to be sent a change of an event.
pub fn replacing(content: &Value, event: &str) -> Value {
    let star = |key: &str| format!("* {}", content[key].as_str().unwrap_or_default());
    let mut change = content.clone();
    change["body"] = json!(star("body"));
    change["formatted_body"] = json!(star("formatted_body"));
    change["m.new_content"] = content.clone();
    change["m.relates_to"] = json!({"rel_type": "m.replace", "event_id": event});
    change
}

/// A ✅ on an event, as the content of an `m.reaction`.
pub fn tick(event: &str) -> Value {
    json!({"m.relates_to": {"rel_type": "m.annotation", "event_id": event, "key": "✅"}})
}
