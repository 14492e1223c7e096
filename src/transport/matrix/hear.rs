//! What one event of a room amounts to: a line, somebody who comes or goes, or nothing. Pure: an event is a text, and
//! what is known beside it is an argument.
//!
//! Everything here is written by strangers. An event is read as plain JSON of the few fields that count, and one that
//! has a field twice, or of another type, is no event.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use chrono::TimeDelta;

use crate::config::Matrix;
use crate::engine::id::RoomId;
use crate::engine::{Doubt, Line, Unfit};
use crate::store::inbox::Seal;

/// What is older than this is listed and not acted on.
pub const LATE: TimeDelta = TimeDelta::seconds(120);

/// The specification allows no longer user ids.
const LONGEST_ID: usize = 255;

/// Where an event stands.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The bot and its rooms.
    pub settings: &'a Matrix,
    /// The room the event came in.
    pub room: &'a str,
    /// What is said there is encrypted.
    pub is_encrypted: bool,
    /// What the encryption of this event proves.
    pub seal: Seal,
    /// How long ago the event came here.
    pub waited: TimeDelta,
    /// When that is, in milliseconds since 1970: for events whose age no server tells.
    pub now: i64,
}

/// What an event amounts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nothing that concerns the bot.
    Nothing,
    /// Somebody said something.
    Line(Line),
    /// Somebody said something too long ago.
    Late(Line),
    /// Somebody changed a message.
    Edited {
        /// What it says now.
        line: Line,
        /// Which.
        of: String,
    },
    /// Somebody put a ✅ on a message.
    Nod {
        /// Who and where.
        line: Line,
        /// On which.
        on: String,
        /// Why it counts for nothing.
        unfit: Option<Unfit>,
    },
    /// Somebody took this event away.
    Redacted(String),
    /// Somebody said something, and who it was is not proved.
    Unproven(Line, Doubt),
    /// This user said something that cannot be decrypted.
    Unreadable(String),
    /// The room is encrypted from now on.
    Encrypted,
    /// This user is in the room now.
    Came(String),
    /// This user is not in the room any more.
    Left {
        /// Who.
        user: String,
        /// Somebody else removed them.
        removed: bool,
    },
    /// The bot is in the room now.
    Joined,
    /// The bot is out of the room.
    Out {
        /// Who removed it, if somebody else did.
        by: Option<String>,
        /// It may not come back.
        banned: bool,
    },
    /// The room was closed for another one: for this, as it says itself.
    Replaced(Option<String>),
}

/// The fields that count.
#[derive(Deserialize)]
struct Event<'e> {
    #[serde(rename = "type")]
    kind: String,
    event_id: String,
    sender: String,
    #[serde(borrow)]
    content: &'e RawValue,
    state_key: Option<String>,
    redacts: Option<String>,
    origin_server_ts: Option<f64>,
    #[serde(default)]
    unsigned: Unsigned,
}

#[derive(Default, Deserialize)]
struct Unsigned {
    age: Option<f64>,
}

#[derive(Deserialize)]
struct Message {
    msgtype: String,
    body: String,
    #[serde(rename = "m.relates_to")]
    relates_to: Option<Relation>,
    #[serde(rename = "m.new_content")]
    new_content: Option<Said>,
}

/// What a message says after it was changed.
#[derive(Deserialize)]
struct Said {
    msgtype: String,
    body: String,
}

#[derive(Deserialize)]
struct Relation {
    rel_type: Option<String>,
    event_id: Option<String>,
    key: Option<String>,
}

/// What an event says of others.
#[derive(Deserialize)]
struct Related {
    #[serde(rename = "m.relates_to")]
    relates_to: Option<Relation>,
}

#[derive(Deserialize)]
struct Tombstone {
    replacement_room: Option<String>,
}

#[derive(Deserialize)]
struct Member {
    membership: String,
}

/// Reads one event.
pub fn hear(event: &str, scene: Scene<'_>) -> Heard {
    let settings = scene.settings;
    if !settings.rooms.iter().any(|room| room == scene.room) {
        return Heard::Nothing;
    }
    let Ok(event) = serde_json::from_str::<Event<'_>>(event) else { return Heard::Nothing };
    if !is_user(&event.sender) {
        return Heard::Nothing;
    }
    // The state of a room is in clear, and so is what takes an event away. Whoever puts such a thing into an encrypted
    // text was asked for no right to it by any homeserver.
    let is_encrypted = !matches!(scene.seal, Seal::Clear | Seal::Locked);
    let is_of_messages = matches!(event.kind.as_str(), "m.room.message" | "m.reaction");
    if is_encrypted && !(is_of_messages && event.state_key.is_none()) {
        return Heard::Nothing;
    }
    match (event.kind.as_str(), event.state_key.as_deref()) {
        ("m.room.member", Some(user)) => member(&event, user, &settings.user),
        ("m.room.encryption", Some("")) => Heard::Encrypted,
        ("m.room.tombstone", Some("")) => replaced(&event),
        ("m.room.encrypted", None) if is_heard(&event.sender, settings) => Heard::Unreadable(event.sender),
        ("m.room.message", None) if is_heard(&event.sender, settings) => message(&event, scene),
        ("m.reaction", None) if is_heard(&event.sender, settings) => reaction(&event, scene),
        ("m.room.redaction", None) => redaction(&event),
        // Stickers, topics: nothing of it is said to the bot.
        _ => Heard::Nothing,
    }
}

/// Whether what this user says counts at all: the bot does not talk to itself or to other bots.
fn is_heard(sender: &str, settings: &Matrix) -> bool {
    sender != settings.user && !settings.ignore.iter().any(|other| other == sender)
}

fn replaced(event: &Event<'_>) -> Heard {
    let next = serde_json::from_str::<Tombstone>(event.content.get()).ok();
    Heard::Replaced(next.and_then(|next| next.replacement_room))
}

fn member(event: &Event<'_>, user: &str, own: &str) -> Heard {
    let Ok(Member { membership }) = serde_json::from_str(event.content.get()) else { return Heard::Nothing };
    let removed = event.sender != user;
    match (membership.as_str(), user == own) {
        ("join", true) => Heard::Joined,
        ("join", false) if is_user(user) => Heard::Came(user.to_owned()),
        ("leave" | "ban", true) => {
            Heard::Out { by: removed.then(|| event.sender.clone()), banned: membership == "ban" }
        }
        ("leave" | "ban", false) if is_user(user) => Heard::Left { user: user.to_owned(), removed },
        _ => Heard::Nothing,
    }
}

fn message(event: &Event<'_>, scene: Scene<'_>) -> Heard {
    let Ok(message) = serde_json::from_str::<Message>(event.content.get()) else { return Heard::Nothing };
    let (kind, other) = message.relates_to.map_or((None, None), |it| (it.rel_type, it.event_id));
    let (said, of) = match (message.new_content, kind.as_deref(), other) {
        (None, None | Some("m.thread"), _) => (Said { msgtype: message.msgtype, body: message.body }, None),
        (Some(now), Some("m.replace"), Some(of)) => (now, Some(of)),
        // What other relations mean is not known, so only threads and replies are read.
        _ => return Heard::Nothing,
    };
    // A notice is what bots say, and must never be answered. An emote, a picture's name and a file's are nobody's words.
    if said.msgtype != "m.text" {
        return Heard::Nothing;
    }
    let text = without_quote(&said.body);
    if text.trim().is_empty() {
        return Heard::Nothing;
    }
    let line = line(event, scene, &by_name(text, &scene.settings.user));
    match of {
        // All changes of one message are one: it is answered once.
        Some(of) => Heard::Edited { line: Line { message_id: Some(format!("edit of {of}")), ..line }, of },
        None if age(event, scene) > LATE => Heard::Late(line),
        None => match doubt(scene) {
            Some(doubt) => Heard::Unproven(line, doubt),
            None => Heard::Line(line),
        },
    }
}

/// Rooms of version 11 and later have the event in the content.
fn redaction(event: &Event<'_>) -> Heard {
    #[derive(Deserialize)]
    struct Redaction {
        redacts: Option<String>,
    }
    let content = serde_json::from_str::<Redaction>(event.content.get()).ok();
    let redacted = event.redacts.clone().or_else(|| content?.redacts);
    redacted.map_or(Heard::Nothing, Heard::Redacted)
}

/// A ✅ on a message; whether that was a question is for others to know.
fn reaction(event: &Event<'_>, scene: Scene<'_>) -> Heard {
    let Ok(related) = serde_json::from_str::<Related>(event.content.get()) else { return Heard::Nothing };
    let Some(Relation { rel_type: Some(kind), event_id: Some(on), key: Some(key) }) = related.relates_to
    else {
        return Heard::Nothing;
    };
    // Clients write it as an emoji, with a selector behind it, or not.
    if kind != "m.annotation" || !matches!(key.trim_end_matches('\u{fe0f}'), "✅" | "✔") {
        return Heard::Nothing;
    }
    let unfit = match doubt(scene) {
        // No client that is known encrypts one; and what it is on stands outside of what is encrypted, where whoever runs
        // a homeserver can change it.
        Some(_) => Some(Unfit::InClear),
        None if scene.is_encrypted => Some(Unfit::InClear),
        None => (age(event, scene) > LATE).then_some(Unfit::Late),
    };
    Heard::Nod { line: line(event, scene, ""), on, unfit }
}

/// Why nothing proves who an event is from, where that is so.
fn doubt(scene: Scene<'_>) -> Option<Doubt> {
    match scene.seal {
        // Into an encrypted room whoever runs a homeserver can write in clear, under any name.
        Seal::Clear if scene.is_encrypted => Some(Doubt::Clear),
        Seal::Untrusted | Seal::Locked => Some(Doubt::Device),
        Seal::Replayed => Some(Doubt::Replayed),
        Seal::Changed => Some(Doubt::Keys),
        Seal::Clear | Seal::Trusted => None,
    }
}

/// What somebody says with an event.
fn line(event: &Event<'_>, scene: Scene<'_>, text: &str) -> Line {
    let settings = scene.settings;
    // Behind a bridge's user id is whoever has that nick there.
    let account =
        doubt(scene).is_none() && !settings.bridged.iter().any(|pattern| is_like(pattern, &event.sender));
    Line {
        network: settings.network.clone(),
        room: Some(room_id(settings, scene.room)),
        nick: name(&event.sender, &settings.user),
        account: account.then(|| event.sender.clone()),
        text: text.to_owned(),
        message_id: Some(event.event_id.clone()),
    }
}

/// A room as the engine calls it.
pub fn room_id(settings: &Matrix, room: &str) -> RoomId {
    RoomId(format!("{}/{room}", settings.network))
}

/// The text without what it quotes: a client that answers somebody may put their words, behind `> `, in front.
fn without_quote(body: &str) -> &str {
    let mut rest = body;
    while rest.starts_with("> ") || rest == ">" || rest.starts_with(">\n") {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
    }
    rest.trim_matches(['\n', '\r', ' '])
}

/// The text as it is typed: a client may put the whole user id where somebody picked the bot from a list.
fn by_name<'t>(text: &'t str, own: &str) -> Cow<'t, str> {
    let words = text.strip_prefix(own).map(|after| after.strip_prefix([':', ',']).unwrap_or(after));
    match words.filter(|words| words.starts_with(char::is_whitespace)) {
        Some(words) => Cow::Owned(format!("{}: {}", name(own, own), words.trim_start())),
        None => Cow::Borrowed(text),
    }
}

/// How long ago an event was said, as far as anybody knows.
pub fn said_ago(event: &str, scene: Scene<'_>) -> TimeDelta {
    serde_json::from_str::<Event<'_>>(event).map_or(TimeDelta::zero(), |event| age(&event, scene))
}

/// How old an event is. What servers say only makes it older: an event is never younger than its time here.
fn age(event: &Event<'_>, scene: Scene<'_>) -> TimeDelta {
    let age = match (event.unsigned.age, event.origin_server_ts) {
        (Some(age), _) => age,
        (None, Some(sent)) => scene.now as f64 - sent - scene.waited.num_milliseconds() as f64,
        (None, None) => 0.0,
    };
    // Anything that is no number of a usual size becomes one of the ends.
    let age = TimeDelta::milliseconds(age.clamp(0.0, 1e12) as i64);
    age + scene.waited.max(TimeDelta::zero())
}

/// Whether a text has the form of a user id.
fn is_user(text: &str) -> bool {
    text.len() <= LONGEST_ID
        && !text.contains(|c: char| c.is_control() || c.is_whitespace())
        && text
            .strip_prefix('@')
            .and_then(|rest| rest.split_once(':'))
            .is_some_and(|(name, server)| !name.is_empty() && !server.is_empty())
}

/// How somebody is addressed: by the first part of their user id, with their server where it is not the bot's own. A
/// display name is anybody's to choose.
pub fn name(user: &str, own: &str) -> String {
    let rest = user.strip_prefix('@').unwrap_or(user);
    let server = |user: &str| user.split_once(':').map(|(_, server)| server.to_owned());
    match rest.split_once(':') {
        Some((local, its)) if server(own).as_deref() == Some(its) => local.to_owned(),
        _ => rest.to_owned(),
    }
}

/// Whether a user id is meant by a pattern with at most one `*`.
fn is_like(pattern: &str, user: &str) -> bool {
    match pattern.split_once('*') {
        Some((start, end)) => {
            user.len() >= start.len() + end.len() && user.starts_with(start) && user.ends_with(end)
        }
        None => pattern == user,
    }
}
