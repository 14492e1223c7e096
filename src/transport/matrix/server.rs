//! The homeserver: each request that is made of it, and what its answers amount to. Nothing of a room is remembered here.
//!
//! Of `matrix-sdk` one turn of its sync is used, and not its loop: it decrypts, keeps the keys and gives ours to those who
//! may read along. The place up to which everything was read is our own, in one file and one transaction with what was
//! read; the SDK keeps its place in memory, where it ends with the connection.

mod keys;
mod session;
mod timeline;
mod trouble;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use matrix_sdk::config::{RequestConfig, SyncSettings, SyncToken};
use matrix_sdk::ruma::api::client::filter::{FilterDefinition, RoomEventFilter};
use matrix_sdk::ruma::api::client::membership::{join_room_by_id, leave_room};
use matrix_sdk::ruma::api::client::message::send_message_event;
use matrix_sdk::ruma::api::client::state::get_state_event_for_key;
use matrix_sdk::ruma::api::client::sync::sync_events::v3 as sync;
use matrix_sdk::ruma::api::error::ErrorKind;
use matrix_sdk::ruma::events::{AnyMessageLikeEventContent, AnySyncStateEvent, StateEventType};
use matrix_sdk::ruma::serde::Raw;
use matrix_sdk::ruma::{OwnedRoomId, OwnedTransactionId, RoomId};
use matrix_sdk::sync::State;
use matrix_sdk::{Client, RoomState};
use serde::Deserialize;
use tokio::time::timeout;

use crate::config::Matrix;
use crate::store::inbox::{Arrived, Outgoing, Session};

pub(super) use session::kept;
pub(super) use trouble::Trouble;
use trouble::{trouble, within};

/// How long the server may hold an answer back until there is something to tell.
const POLL: Duration = Duration::from_secs(30);
/// The same while a key is waited for, which the SDK may fetch from the backup meanwhile.
const POLL_FOR_KEYS: Duration = Duration::from_secs(5);
/// An answer that is not complete by then is none: the watchdog of the loop, which asks again.
const ANSWER: Duration = Duration::from_secs(30);
/// So many events of a room come in one answer.
const AT_ONCE: u32 = 100;
/// So many are read of what was said in an absence.
pub(super) const MOST_MISSED: usize = 1000;
/// Why nothing can be said in an encrypted room.
pub(super) const UNSIGNED: &str =
    "it is encrypted, and the homeserver has no keys of mine that people could trust";

/// The events that are read, and those of them that are part of a room's state.
const EVENTS: &[&str] = &[
    "m.room.message",
    "m.reaction",
    "m.room.redaction",
    "m.room.encrypted",
    "m.room.member",
    "m.room.encryption",
    "m.room.tombstone",
];
/// Who may read what was said before they came decides who is given keys.
const STATE: &[&str] =
    &["m.room.member", "m.room.encryption", "m.room.tombstone", "m.room.history_visibility"];

/// How things stand when a connection begins.
pub(super) struct Look {
    /// The place that follows.
    pub(super) next: String,
    /// The rooms that the account is in, each with the events that make its state.
    pub(super) joined: Vec<(String, Vec<String>)>,
    /// Who invites the account where.
    pub(super) invites: Vec<Invite>,
}

/// What has happened since a place.
pub(super) struct Batch {
    /// The place that follows.
    pub(super) next: String,
    /// Everything, in the order of each room, and before it what could not be read earlier.
    pub(super) events: Vec<Arrived>,
    /// The rooms of which not everything could be read: with how many events were.
    pub(super) gaps: Vec<(String, usize, Option<f64>)>,
    /// Who invites the account where.
    pub(super) invites: Vec<Invite>,
    /// Once it was compared with what was said before: which message of its key an event is, by its room and id.
    pub(super) numbers: Option<BTreeMap<(String, String), u32>>,
}

/// What is asked for.
pub(super) struct Since {
    /// The place that it begins at.
    pub(super) place: String,
    /// The state of all rooms is to come as well: the SDK does not know it yet.
    pub(super) whole: bool,
    /// The rooms that count.
    pub(super) rooms: Vec<String>,
    /// What could not be read so far, each with its room.
    pub(super) locked: Vec<(String, String)>,
}

/// An invitation.
#[derive(Clone, Debug)]
pub(super) struct Invite {
    /// Into this room.
    pub(super) room: String,
    /// By this user, where the server says so.
    pub(super) by: Option<String>,
}

/// A session at the homeserver.
#[derive(Clone)]
pub(super) struct Server {
    client: Client,
    user: String,
    /// What is known of this device's signature.
    proof: Arc<Mutex<Proof>>,
}

/// What is known of this device's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// It was not looked at yet.
    Unknown,
    /// It is signed.
    Signed,
    /// It is not, and nothing can be said where everything is encrypted.
    Missing,
}

impl Server {
    /// Takes up a session, or logs in: under the device of one that the server has ended softly.
    pub(super) async fn connect(
        settings: &Matrix,
        known: Option<&Session>,
        log_in_again: bool,
    ) -> Result<(Self, Session), Trouble> {
        let (client, session) = session::connect(settings, known, log_in_again).await?;
        let proof = Arc::new(Mutex::new(Proof::Unknown));
        Ok((Self { client, user: settings.user.clone(), proof }, session))
    }

    /// What is known of this device's signature so far.
    fn proof(&self) -> MutexGuard<'_, Proof> {
        self.proof.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks around: where the account is, who is there, and who invites it. Nothing that was said is looked at.
    ///
    /// `place` is the one up to which everything was read.
    ///
    /// Where nothing was read before, this is where reading begins, and the SDK takes the keys that come with it, because
    /// the server forgets them when it is asked for what follows. Otherwise they come again with what follows the place
    /// that was stored, and the SDK must not see this answer: it would take the next one for the same.
    pub(super) async fn look(self, place: Option<String>) -> Result<Look, Trouble> {
        let mut timeline = only(EVENTS);
        timeline.limit = Some(1_u32.into());
        let Some(place) = place else {
            let settings = SyncSettings::new()
                .token(SyncToken::NoToken)
                .timeout(Duration::ZERO)
                .filter(filter(timeline).into());
            let response = within(ANSWER * 2, self.client.sync_once(settings)).await?;
            let joined = response.rooms.joined.into_iter().map(|(room, joined)| {
                let (State::Before(state) | State::After(state)) = joined.state;
                (
                    room.to_string(),
                    with_last(state, joined.timeline.events.iter().map(|last| last.raw().json().get())),
                )
            });
            let joined = joined.collect();
            let invites = invites(response.rooms.invited, &self.user);
            return Ok(Look { next: response.next_batch, joined, invites });
        };
        let mut request = sync::Request::new();
        request.filter = Some(filter(timeline).into());
        // Synapse gives the answer to a question of two minutes ago again. Nobody waits for this time, and it makes it
        // another question, as long as anything was read since.
        request.timeout = Some(Duration::from_millis(1 + hashed(&place) % 1000));
        let config = RequestConfig::new().disable_retry().timeout(ANSWER);
        let asked = async { self.client.send(request).with_request_config(config).await };
        let response = within(ANSWER, asked).await?;
        let joined = response.rooms.join.into_iter().map(|(room, joined)| {
            let state = match joined.state {
                sync::State::Before(state) | sync::State::After(state) => state.events,
                _ => Vec::new(),
            };
            (room.to_string(), with_last(state, joined.timeline.events.iter().map(|last| last.json().get())))
        });
        let joined = joined.collect();
        let invites = invites(response.rooms.invite, &self.user);
        Ok(Look { next: response.next_batch, joined, invites })
    }

    /// Waits for what happens after a place, fills the gaps of these rooms, and tries again to read what could not be read.
    pub(super) async fn fetch(self, since: Since) -> Result<Batch, Trouble> {
        let mut timeline = only(EVENTS);
        timeline.limit = Some(AT_ONCE.into());
        let settings = SyncSettings::new()
            .token(SyncToken::Specific(since.place.clone()))
            .full_state(since.whole)
            .timeout(if since.locked.is_empty() { POLL } else { POLL_FOR_KEYS })
            .filter(filter(timeline).into());
        // Before and after the answer, keys may be asked for: that is a minute more at most.
        let response = match timeout(POLL + ANSWER * 3, self.client.sync_once(settings)).await {
            Ok(Ok(response)) => response,
            // Without an answer nothing was taken.
            Ok(Err(error @ matrix_sdk::Error::Http(_))) => return Err(trouble(error)),
            Ok(Err(error)) => return Err(Trouble::Torn(trouble(error).words())),
            Err(_) => return Err(Trouble::Torn("the homeserver's answer came to no end".to_owned())),
        };
        let mut batch = Batch {
            next: response.next_batch,
            events: self.opened(&since.locked).await,
            gaps: Vec::new(),
            numbers: None,
            invites: invites(response.rooms.invited, &self.user),
        };
        let left = response.rooms.left.into_iter().map(|(room, left)| (room, left.state, left.timeline));
        let joined = response.rooms.joined.into_iter();
        let joined = joined.map(|(room, joined)| (room, joined.state, joined.timeline));
        for (room, state, timeline) in left.chain(joined) {
            if since.rooms.iter().any(|other| other == room.as_str()) {
                self.read(&room, state, timeline, &since, &mut batch).await?;
            }
        }
        Ok(batch)
    }

    /// Sends an event under its number: the same number twice is one event. `is_encrypted` is what is known of its room
    /// here; where the SDK knows more, it is encrypted all the same. Gives the event's id.
    pub(super) async fn send(self, out: Outgoing, is_encrypted: bool) -> Result<String, Trouble> {
        let content: Raw<AnyMessageLikeEventContent> =
            Raw::from_json_string(out.content).map_err(|error| Trouble::Refused(error.to_string()))?;
        let room = room_id(&out.room)?;
        let number = OwnedTransactionId::from(format!("swat-{}", out.id));
        let known = self.client.get_room(&room);
        if !is_encrypted && !known.as_ref().is_some_and(|room| room.encryption_state().is_encrypted()) {
            // The bot may be in a room before an answer has brought its state, and nothing goes out in clear by mistake.
            let is_known = known.as_ref().is_some_and(|room| room.state() == RoomState::Joined);
            if !is_known && self.is_encrypted(&room).await? {
                let why = "the state of an encrypted room is not known yet";
                return Err(Trouble::Unready(why.to_owned()));
            }
            let request = send_message_event::v3::Request::new_raw(room, number, out.kind.into(), content);
            let sent = within(ANSWER, async { self.client.send(request).await }).await?;
            return Ok(sent.event_id.to_string());
        }
        match known {
            Some(room) if room.encryption_state().is_encrypted() => {
                match *self.proof() {
                    Proof::Signed => {}
                    Proof::Unknown => {
                        let why = "it is not known yet whether my device is signed";
                        return Err(Trouble::Unready(why.to_owned()));
                    }
                    Proof::Missing => return Err(Trouble::Forbidden(UNSIGNED.to_owned())),
                }
                let sending = room.send_raw(&out.kind, content).with_transaction_id(&number);
                let sent = within(ANSWER * 3, async { sending.await }).await?;
                Ok(sent.response.event_id.to_string())
            }
            // The SDK would ask the server whether it is encrypted, and believe whatever it says.
            _ => Err(Trouble::Unready("the state of an encrypted room is not known yet".to_owned())),
        }
    }

    /// Whether a room is encrypted, as the homeserver says.
    async fn is_encrypted(&self, room: &RoomId) -> Result<bool, Trouble> {
        let (room, kind) = (room.to_owned(), StateEventType::RoomEncryption);
        let request = get_state_event_for_key::v3::Request::new(room, kind, String::new());
        let asked = async {
            match self.client.send(request).await {
                Ok(_) => Ok(true),
                Err(error) if matches!(error.client_api_error_kind(), Some(ErrorKind::NotFound)) => Ok(false),
                Err(error) => Err(error),
            }
        };
        within(ANSWER, asked).await
    }

    /// Goes into a room.
    pub(super) async fn join(self, room: String) -> Result<(), Trouble> {
        let request = join_room_by_id::v3::Request::new(room_id(&room)?);
        within(ANSWER * 2, async { self.client.send(request).await }).await.map(drop)
    }

    /// The room that a room says it follows, as far as the account may know.
    pub(super) async fn predecessor(self, room: String) -> Result<Option<String>, Trouble> {
        #[derive(Deserialize)]
        struct Create {
            predecessor: Option<Predecessor>,
        }
        #[derive(Deserialize)]
        struct Predecessor {
            room_id: String,
        }
        let request = get_state_event_for_key::v3::Request::new(
            room_id(&room)?,
            StateEventType::RoomCreate,
            String::new(),
        );
        let answer = within(ANSWER, async { self.client.send(request).await }).await?;
        let create: Option<Create> = serde_json::from_str(answer.event_or_content.get()).ok();
        Ok(create.and_then(|create| create.predecessor).map(|before| before.room_id))
    }

    /// Refuses an invitation.
    pub(super) async fn refuse(self, room: String) -> Result<(), Trouble> {
        let request = leave_room::v3::Request::new(room_id(&room)?);
        within(ANSWER, async { self.client.send(request).await }).await.map(drop)
    }
}

fn hashed(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

fn filter(timeline: RoomEventFilter) -> FilterDefinition {
    let mut filter = FilterDefinition::ignore_all();
    filter.room.rooms = None;
    filter.room.account_data = RoomEventFilter::ignore_all();
    filter.room.ephemeral = RoomEventFilter::ignore_all();
    filter.room.timeline = timeline;
    filter.room.state = only(STATE);
    filter
}

fn only(types: &[&str]) -> RoomEventFilter {
    let mut filter = RoomEventFilter::empty();
    filter.types = Some(types.iter().map(|kind| (*kind).to_owned()).collect());
    filter
}

fn room_id(room: &str) -> Result<OwnedRoomId, Trouble> {
    OwnedRoomId::try_from(room).map_err(|_| Trouble::Refused(format!("{room} is no room")))
}

/// The state of a room, with what the last event makes of it.
fn with_last<'a>(state: Vec<Raw<AnySyncStateEvent>>, last: impl Iterator<Item = &'a str>) -> Vec<String> {
    let state = state.into_iter().map(|event| event.json().get().to_owned());
    let is_state = |event: &&str| head(event).is_some_and(|head| head.state_key.is_some());
    state.chain(last.filter(is_state).map(str::to_owned)).collect()
}

fn invites(rooms: std::collections::BTreeMap<OwnedRoomId, sync::InvitedRoom>, own: &str) -> Vec<Invite> {
    let invite = |(room, invited): (OwnedRoomId, sync::InvitedRoom)| {
        let members = invited.invite_state.events.iter().filter_map(|event| {
            let member: Member = serde_json::from_str(event.json().get()).ok()?;
            (member.kind == "m.room.member"
                && member.state_key == own
                && member.content.membership == "invite")
                .then_some(member.sender)
        });
        // Whoever writes two of them hides who it is.
        let mut by: BTreeSet<String> = members.collect();
        Invite { room: room.to_string(), by: if by.len() == 1 { by.pop_first() } else { None } }
    };
    rooms.into_iter().map(invite).collect()
}

/// A membership as an invitation shows it.
#[derive(Deserialize)]
struct Member {
    #[serde(rename = "type")]
    kind: String,
    state_key: String,
    sender: String,
    content: Membership,
}

#[derive(Deserialize)]
struct Membership {
    membership: String,
}

#[derive(Deserialize)]
struct Head {
    #[serde(rename = "type", default)]
    kind: String,
    event_id: Option<String>,
    state_key: Option<String>,
    origin_server_ts: Option<f64>,
}

fn head(event: &str) -> Option<Head> {
    serde_json::from_str(event).ok()
}
