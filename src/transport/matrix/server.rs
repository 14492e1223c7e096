//! The homeserver: each request that is made of it, and what its faults mean. Nothing here is remembered.
//!
//! Of `matrix-sdk` the login, the session and the requests are used, and not its loop: without encryption nothing goes
//! through its stores, so what was read is in one file of our own, in one transaction with the place up to which it was
//! read. Its sync would store a place of its own before anybody has taken the events.

use std::collections::BTreeSet;
use std::error::Error as _;
use std::time::Duration;

use matrix_sdk::authentication::matrix::MatrixSession;
use matrix_sdk::config::RequestConfig;
use matrix_sdk::ruma::api::client::filter::{FilterDefinition, RoomEventFilter};
use matrix_sdk::ruma::api::client::membership::{join_room_by_id, leave_room};
use matrix_sdk::ruma::api::client::message::{get_message_events, send_message_event};
use matrix_sdk::ruma::api::client::sync::sync_events::v3 as sync;
use matrix_sdk::ruma::api::error::{ErrorKind, RetryAfter};
use matrix_sdk::ruma::api::{Direction, MatrixVersion};
use matrix_sdk::ruma::events::AnyMessageLikeEventContent;
use matrix_sdk::ruma::serde::Raw;
use matrix_sdk::ruma::{OwnedRoomId, OwnedTransactionId, RoomId, UInt};
use matrix_sdk::store::RoomLoadSettings;
use matrix_sdk::{Client, HttpError, SessionMeta, SessionTokens, reqwest};
use serde::Deserialize;

use crate::config::{Matrix, MatrixLogin};
use crate::store::inbox::{Outgoing, Session};

/// How long the server may hold an answer back until there is something to tell.
const POLL: Duration = Duration::from_secs(30);
/// An answer that is not complete by then is none: the watchdog of the loop, which asks again.
const ANSWER: Duration = Duration::from_secs(30);
/// So many events of a room come in one answer.
const AT_ONCE: u32 = 100;
/// So many are read of what was said in an absence.
pub(super) const MOST_MISSED: usize = 1000;
/// A server that gives empty pages for ever is left.
const MOST_PAGES: usize = 50;
/// What the device is called in the account's settings.
const DEVICE: &str = "swatbot";
/// The words of a fault are cut here: a server may put a page of HTML into them.
const LONGEST_WORDS: usize = 200;

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
const STATE: &[&str] = &["m.room.member", "m.room.encryption", "m.room.tombstone"];

/// Why a request came to nothing.
#[derive(Clone, Debug)]
pub(super) enum Trouble {
    /// Another try may do better, after this time where the server says so.
    Later(String, Option<Duration>),
    /// The session is over; with `soft` the device may log in again.
    LoggedOut { soft: bool },
    /// The server does not do this.
    Refused(String),
}

impl Trouble {
    /// In words for a tired person.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Later(why, _) | Self::Refused(why) => why.clone(),
            Self::LoggedOut { .. } => "the homeserver has logged me out".to_owned(),
        }
    }
}

/// An event: its room, its id, and its text.
pub(super) type Found = (String, String, String);

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
    /// Everything, in the order of each room.
    pub(super) events: Vec<Found>,
    /// The rooms of which not everything could be read: with how many events were.
    pub(super) gaps: Vec<(String, usize, Option<f64>)>,
    /// Who invites the account where.
    pub(super) invites: Vec<Invite>,
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
}

impl Server {
    /// Takes up a session, or logs in: under the device of one that the server has ended softly.
    pub(super) async fn connect(
        settings: &Matrix,
        known: Option<&Session>,
        log_in_again: bool,
    ) -> Result<(Self, Session), Trouble> {
        let client = client(settings).await?;
        let session = match (&settings.login, known) {
            (MatrixLogin::Password { .. }, Some(known)) if !log_in_again => known.clone(),
            (MatrixLogin::Password { password, .. }, known) => {
                let password = password.as_ref().map_or("", |password| password.reveal());
                return log_in(client, settings, password, known.map(|known| known.device.as_str())).await;
            }
            (MatrixLogin::Token { token, .. }, _) => Session {
                user: settings.user.clone(),
                device: known.map_or_else(String::new, |known| known.device.clone()),
                token: token.as_ref().map_or("", |token| token.reveal()).to_owned(),
            },
        };
        restore(&client, &session).await?;
        let server = Self { client, user: settings.user.clone() };
        let is = server.client.whoami().await.map_err(|error| trouble(&error))?;
        if is.user_id.as_str() != settings.user {
            let why =
                format!("the access token is {}'s, and the configuration says {}", is.user_id, settings.user);
            return Err(Trouble::Refused(why));
        }
        let device = is.device_id.map_or(session.device, |device| device.to_string());
        Ok((server, Session { device, ..session }))
    }

    /// Looks around: where the account is, who is there, and who invites it. Nothing that was said is looked at.
    pub(super) async fn look(self) -> Result<Look, Trouble> {
        let mut timeline = only(EVENTS);
        timeline.limit = Some(1_u32.into());
        let response = self.sync(None, timeline, Duration::ZERO).await?;
        let joined = response.rooms.join.into_iter().map(|(room, joined)| {
            let state = state_of(joined.state).into_iter();
            let last = joined.timeline.events.into_iter().map(|event| event.json().get().to_owned());
            (room.to_string(), state.chain(last.filter(|event| is_state(event))).collect())
        });
        let joined = joined.collect();
        let invites = invites(response.rooms.invite, &self.user);
        Ok(Look { next: response.next_batch, joined, invites })
    }

    /// Waits for what happens after a place, and fills the gaps of these rooms.
    pub(super) async fn fetch(self, since: String, rooms: Vec<String>) -> Result<Batch, Trouble> {
        let mut timeline = only(EVENTS);
        timeline.limit = Some(AT_ONCE.into());
        let response = self.sync(Some(since.clone()), timeline, POLL).await?;
        let mut batch = Batch {
            next: response.next_batch,
            events: Vec::new(),
            gaps: Vec::new(),
            invites: invites(response.rooms.invite, &self.user),
        };
        let left = response.rooms.leave.into_iter().map(|(room, left)| (room, left.state, left.timeline));
        let joined =
            response.rooms.join.into_iter().map(|(room, joined)| (room, joined.state, joined.timeline));
        for (room, state, timeline) in left.chain(joined) {
            if !rooms.iter().any(|other| other == room.as_str()) {
                continue;
            }
            let mut texts = state_of(state);
            if timeline.limited
                && let Some(end) = timeline.prev_batch
            {
                let (missed, is_whole) = self.missed(&room, end, &since).await?;
                if !is_whole {
                    let oldest = missed.first().and_then(|event| sent(event));
                    batch.gaps.push((room.to_string(), missed.len() + timeline.events.len(), oldest));
                }
                texts.extend(missed);
            }
            texts.extend(timeline.events.into_iter().map(|event| event.json().get().to_owned()));
            let events = texts.into_iter().filter_map(|text| Some((room.to_string(), id_of(&text)?, text)));
            batch.events.extend(events);
        }
        Ok(batch)
    }

    /// What was said in a room between two places, the oldest first, and whether that is all of it.
    async fn missed(&self, room: &RoomId, end: String, since: &str) -> Result<(Vec<String>, bool), Trouble> {
        let mut found = Vec::new();
        let mut from = end;
        for _ in 0..MOST_PAGES {
            let mut request = get_message_events::v3::Request::new(room.to_owned(), Direction::Backward);
            request.from = Some(from.clone());
            request.to = Some(since.to_owned());
            request.limit = UInt::from(AT_ONCE);
            request.filter = only(EVENTS);
            let page = within(ANSWER * 2, async { self.client.send(request).await }).await?;
            let is_empty = page.chunk.is_empty();
            found.extend(page.chunk.into_iter().map(|event| event.json().get().to_owned()));
            match page.end {
                Some(next) if !is_empty && next != since && next != from => from = next,
                _ => {
                    found.reverse();
                    return Ok((found, true));
                }
            }
            if found.len() >= MOST_MISSED {
                break;
            }
        }
        found.truncate(MOST_MISSED);
        found.reverse();
        Ok((found, false))
    }

    async fn sync(
        &self,
        since: Option<String>,
        timeline: RoomEventFilter,
        poll: Duration,
    ) -> Result<sync::Response, Trouble> {
        let mut filter = FilterDefinition::ignore_all();
        filter.room.rooms = None;
        filter.room.account_data = RoomEventFilter::ignore_all();
        filter.room.ephemeral = RoomEventFilter::ignore_all();
        filter.room.timeline = timeline;
        filter.room.state = only(STATE);
        let mut request = sync::Request::new();
        request.filter = Some(filter.into());
        request.since = since;
        request.timeout = Some(poll);
        let config = RequestConfig::new().disable_retry().timeout(poll + ANSWER);
        within(poll + ANSWER, async { self.client.send(request).with_request_config(config).await }).await
    }

    /// Sends an event under its number: the same number twice is one event. Gives the event's id.
    pub(super) async fn send(self, out: Outgoing) -> Result<String, Trouble> {
        let content: Raw<AnyMessageLikeEventContent> =
            Raw::from_json_string(out.content).map_err(|error| Trouble::Refused(error.to_string()))?;
        let request = send_message_event::v3::Request::new_raw(
            room_id(&out.room)?,
            OwnedTransactionId::from(format!("swat-{}", out.id)),
            out.kind.into(),
            content,
        );
        let sent = within(ANSWER, async { self.client.send(request).await }).await?;
        Ok(sent.event_id.to_string())
    }

    /// Goes into a room.
    pub(super) async fn join(self, room: String) -> Result<(), Trouble> {
        let request = join_room_by_id::v3::Request::new(room_id(&room)?);
        within(ANSWER * 2, async { self.client.send(request).await }).await.map(drop)
    }

    /// Refuses an invitation.
    pub(super) async fn refuse(self, room: String) -> Result<(), Trouble> {
        let request = leave_room::v3::Request::new(room_id(&room)?);
        within(ANSWER, async { self.client.send(request).await }).await.map(drop)
    }
}

async fn client(settings: &Matrix) -> Result<Client, Trouble> {
    // Whoever comes first installs it, and all of them install the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let broken = |error: String| Trouble::Refused(format!("cannot speak HTTP: {error}"));
    let mut http = reqwest::Client::builder()
        .user_agent(concat!("swatbot/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(ANSWER)
        // A homeserver answers where it is asked; elsewhere the token is nobody's business.
        .redirect(reqwest::redirect::Policy::none());
    if settings.homeserver.starts_with("http://") {
        http = http.no_proxy();
    }
    let http = http.build().map_err(|error| broken(root(&error)))?;
    Client::builder()
        .homeserver_url(&settings.homeserver)
        .http_client(http)
        // What is asked here every homeserver knows, so nothing need be asked before.
        .server_versions([MatrixVersion::V1_1])
        .request_config(RequestConfig::new().disable_retry().timeout(ANSWER))
        .respect_login_well_known(false)
        .build()
        .await
        .map_err(|error| broken(error.to_string()))
}

async fn log_in(
    client: Client,
    settings: &Matrix,
    password: &str,
    device: Option<&str>,
) -> Result<(Server, Session), Trouble> {
    let auth = client.matrix_auth();
    let mut login = auth.login_username(&settings.user, password).initial_device_display_name(DEVICE);
    if let Some(device) = device {
        login = login.device_id(device);
    }
    let response = login.send().await.map_err(|error| match error {
        matrix_sdk::Error::Http(error) => trouble(&error),
        error => Trouble::Later(cut(&error.to_string()), None),
    })?;
    if response.user_id.as_str() != settings.user {
        let why = format!(
            "the homeserver calls me {}, and the configuration says {}",
            response.user_id, settings.user
        );
        return Err(Trouble::Refused(why));
    }
    let session = Session {
        user: settings.user.clone(),
        device: response.device_id.to_string(),
        token: response.access_token,
    };
    Ok((Server { client, user: settings.user.clone() }, session))
}

async fn restore(client: &Client, session: &Session) -> Result<(), Trouble> {
    let refused = |error: String| Trouble::Refused(cut(&error));
    let session = MatrixSession {
        meta: SessionMeta {
            user_id: session
                .user
                .as_str()
                .try_into()
                .map_err(|_| refused("this is no user id".to_owned()))?,
            device_id: session.device.as_str().into(),
        },
        tokens: SessionTokens { access_token: session.token.clone(), refresh_token: None },
    };
    let restored = client.matrix_auth().restore_session(session, RoomLoadSettings::default()).await;
    restored.map_err(|error| refused(error.to_string()))
}

/// The answer, if it comes in time.
async fn within<T>(time: Duration, answer: impl Future<Output = Result<T, HttpError>>) -> Result<T, Trouble> {
    match tokio::time::timeout(time, answer).await {
        Ok(answer) => answer.map_err(|error| trouble(&error)),
        Err(_) => {
            Err(Trouble::Later(format!("the homeserver did not answer for {} s", time.as_secs()), None))
        }
    }
}

fn trouble(error: &HttpError) -> Trouble {
    match error.client_api_error_kind() {
        Some(ErrorKind::UnknownToken(how)) => return Trouble::LoggedOut { soft: how.soft_logout },
        Some(ErrorKind::LimitExceeded(how)) => {
            let after = match how.retry_after {
                Some(RetryAfter::Delay(after)) => Some(after),
                // A date would have to be compared with a clock of ours; the backoff is long enough.
                _ => None,
            };
            return Trouble::Later("the homeserver asks me to slow down".to_owned(), after);
        }
        _ => {}
    }
    match (error, error.as_client_api_error()) {
        (_, Some(answer)) => {
            let status = answer.status_code;
            let why = cut(&format!("the homeserver says {}", answer));
            let passes = status.is_server_error() || matches!(status.as_u16(), 408 | 429);
            if passes { Trouble::Later(why, None) } else { Trouble::Refused(why) }
        }
        (HttpError::Reqwest(error), None) => {
            Trouble::Later(cut(&format!("the homeserver cannot be reached: {}", root(error))), None)
        }
        (error, None) => {
            Trouble::Later(cut(&format!("the homeserver's answer makes no sense: {error}")), None)
        }
    }
}

/// The cause at the bottom of a fault: the layers above it name addresses, with what was asked in them.
fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(below) = cause.source() {
        cause = below;
    }
    if cause.source().is_none() && error.source().is_none() {
        "no answer".to_owned()
    } else {
        cause.to_string()
    }
}

fn cut(words: &str) -> String {
    words.chars().take(LONGEST_WORDS).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn only(types: &[&str]) -> RoomEventFilter {
    let mut filter = RoomEventFilter::empty();
    filter.types = Some(types.iter().map(|kind| (*kind).to_owned()).collect());
    filter
}

fn room_id(room: &str) -> Result<OwnedRoomId, Trouble> {
    OwnedRoomId::try_from(room).map_err(|_| Trouble::Refused(format!("{room} is no room")))
}

fn state_of(state: sync::State) -> Vec<String> {
    let events = match state {
        sync::State::Before(state) | sync::State::After(state) => state.events,
        _ => return Vec::new(),
    };
    events.into_iter().map(|event| event.json().get().to_owned()).collect()
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
    event_id: Option<String>,
    state_key: Option<String>,
    origin_server_ts: Option<f64>,
}

fn head(event: &str) -> Option<Head> {
    serde_json::from_str(event).ok()
}

fn id_of(event: &str) -> Option<String> {
    head(event)?.event_id
}

fn is_state(event: &str) -> bool {
    head(event).is_some_and(|head| head.state_key.is_some())
}

fn sent(event: &str) -> Option<f64> {
    head(event)?.origin_server_ts
}
