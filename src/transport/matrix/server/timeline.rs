//! What rooms have to tell: the events of an answer, those of a gap, those that could not be read before, and what their
//! encryption proves.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use matrix_sdk::Room;
use matrix_sdk::deserialized_responses::{
    EncryptionInfo, TimelineEvent, TimelineEventKind, VerificationLevel, VerificationState,
};
use matrix_sdk::ruma::api::Direction;
use matrix_sdk::ruma::api::client::message::get_message_events;
use matrix_sdk::ruma::api::client::room::get_room_event;
use matrix_sdk::ruma::events::AnySyncStateEvent;
use matrix_sdk::ruma::serde::Raw;
use matrix_sdk::ruma::{OwnedEventId, RoomId, UInt};
use matrix_sdk::sync::{State, Timeline};
use matrix_sdk_base::crypto::vodozemac::megolm::MegolmMessage;
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tokio::time::sleep;

use crate::store::inbox::{Arrived, Origin, Repeat, Seal};

use super::super::link::{LONGEST_WAIT, pause};
use super::trouble::{Trouble, within};
use super::{ANSWER, AT_ONCE, Batch, EVENTS, MOST_MISSED, Server, Since, head, only, room_id};

/// A server that gives empty pages for ever is left.
const MOST_PAGES: usize = 50;

impl Server {
    /// Adds what one room has to tell.
    pub(super) async fn read(
        &self,
        room: &RoomId,
        state: State,
        timeline: Timeline,
        since: &Since,
        batch: &mut Batch,
    ) -> Result<(), Trouble> {
        // What stood before the timeline comes before it, and what stands after it after it.
        let (before, after) = match state {
            State::Before(state) => (state, Vec::new()),
            State::After(state) => (Vec::new(), state),
        };
        // Who is in a room was looked at when the connection began, and the whole state would say it all again.
        let counts =
            |event: &String| !since.whole || head(event).is_some_and(|head| head.kind != "m.room.member");
        let clear = |state: Vec<Raw<AnySyncStateEvent>>| {
            let texts = state.into_iter().map(|event| event.json().get().to_owned()).filter(counts);
            texts.filter_map(|text| arrived(room, text, Seal::Clear)).collect::<Vec<_>>()
        };
        batch.events.extend(clear(before));
        if timeline.limited
            && let Some(end) = timeline.prev_batch
        {
            let (missed, is_whole) = self.missed(room, end, &since.place).await?;
            if !is_whole {
                let oldest = missed.first().and_then(|event| head(&event.text)?.origin_server_ts);
                batch.gaps.push((room.to_string(), missed.len() + timeline.events.len(), oldest));
            }
            batch.events.extend(missed);
        }
        for event in &timeline.events {
            batch.events.extend(self.seen(room, event).await);
        }
        batch.events.extend(clear(after));
        Ok(())
    }

    /// An event as the SDK gives it. One whose device was not known when it was decrypted may be known by now.
    async fn seen(&self, room: &RoomId, event: &TimelineEvent) -> Option<Arrived> {
        let text = event.raw().json().get().to_owned();
        let info = match &event.kind {
            TimelineEventKind::PlainText { .. } => return arrived(room, text, Seal::Clear),
            TimelineEventKind::UnableToDecrypt { .. } => return arrived(room, text, Seal::Locked),
            TimelineEventKind::Decrypted(decrypted) => &decrypted.encryption_info,
        };
        let seal = match seal_of(info) {
            Seal::Untrusted => self.looked_up(room, info).await,
            seal => seal,
        };
        let mark = mark(info, &text).filter(|_| info.sender != self.user);
        let signer = if mark.is_some() { self.signer(info).await } else { None };
        let origin = mark.map(|mark| Origin { mark, number: None, signer });
        Some(Arrived { origin, ..arrived(room, text, seal)? })
    }

    async fn looked_up(&self, room: &RoomId, info: &EncryptionInfo) -> Seal {
        let (Some(room), Some(session)) = (self.client.get_room(room), info.session_id()) else {
            return Seal::Untrusted;
        };
        let now = room.get_encryption_info(session, &info.sender).await;
        now.map_or(Seal::Untrusted, |now| seal_of(&now))
    }

    /// Those of these events that can be read now.
    pub(super) async fn opened(&self, locked: &[(String, String)]) -> Vec<Arrived> {
        let mut opened = Vec::new();
        for (room, text) in locked {
            let Some(room) = room_id(room).ok().and_then(|room| self.client.get_room(&room)) else {
                continue;
            };
            let event = self.decrypted(&room, text.clone()).await;
            opened.extend(event.filter(|event| event.seal != Seal::Locked));
        }
        opened
    }

    /// Reads an encrypted event; where its key is not here, the SDK looks for it in the backup, for the next time.
    async fn decrypted(&self, room: &Room, text: String) -> Option<Arrived> {
        let raw = Raw::from_json_string(text.clone()).ok()?;
        let mut event = match room.decrypt_event(&raw, None).await {
            Ok(event) => self.seen(room.room_id(), &event).await?,
            // The store could not be read, which may pass.
            Err(_) => return arrived(room.room_id(), text, Seal::Locked),
        };
        if let Some(origin) = &mut event.origin {
            origin.number = number(&text);
        }
        Some(event)
    }

    /// The key that signs the devices of whoever said something.
    async fn signer(&self, info: &EncryptionInfo) -> Option<(String, String)> {
        let identity = self.client.encryption().get_user_identity(&info.sender).await.ok()??;
        let key = identity.master_key().get_first_key()?;
        Some((info.sender.to_string(), key.to_base64()))
    }

    /// Judges what says the same with the same key as something before. Somebody may have said it twice, and a homeserver
    /// may show one message under two ids: what was encrypted tells which. The SDK keeps nothing of that, so the events
    /// are asked for once more; whoever lies then needs another message of the same words all the same.
    pub(in super::super) async fn compare(
        self,
        mut batch: Batch,
        repeats: Vec<Repeat>,
    ) -> Result<Batch, Trouble> {
        let mut numbers = BTreeMap::new();
        for Repeat { at, others } in repeats {
            let Arrived { room, id, origin: Some(origin), .. } = &batch.events[at] else { continue };
            let own = (id.clone(), origin.number);
            let mut found = Vec::new();
            for (event, number) in others.into_iter().chain([own]) {
                let key = (room.clone(), event);
                let number = match number.or_else(|| numbers.get(&key).copied().flatten()) {
                    Some(number) => Some(number),
                    None => self.asked_again(room, &key.1, &origin.mark).await?,
                };
                numbers.insert(key, number);
                found.push(number);
            }
            let own = found.pop().flatten();
            let is_new = own.is_some() && found.iter().all(|other| other.is_some() && *other != own);
            let event = &mut batch.events[at];
            if !is_new {
                event.seal = Seal::Replayed;
                event.origin = None;
            }
        }
        let numbers: BTreeMap<_, _> =
            numbers.into_iter().filter_map(|(event, number)| Some((event, number?))).collect();
        for event in &mut batch.events {
            if let Some(origin) = &mut event.origin {
                let known = numbers.get(&(event.room.clone(), event.id.clone()));
                origin.number = origin.number.or(known.copied());
            }
        }
        batch.numbers = Some(numbers);
        Ok(batch)
    }

    /// Which message of its key an event is, as it is asked for now, where it says what this mark says.
    async fn asked_again(&self, room: &str, event: &str, mark: &str) -> Result<Option<u32>, Trouble> {
        let id = room_id(room)?;
        let (Ok(event), Some(known)) = (OwnedEventId::try_from(event), self.client.get_room(&id)) else {
            return Ok(None);
        };
        let request = get_room_event::v3::Request::new(id, event);
        let mut failed = 0;
        let text = loop {
            let request = request.clone();
            match within(ANSWER, async { self.client.send(request).await }).await {
                Ok(answer) => break answer.event.json().get().to_owned(),
                Err(Trouble::Later(_, after)) => wait(&mut failed, after).await,
                Err(over @ Trouble::LoggedOut { .. }) => return Err(over),
                Err(_) => return Ok(None),
            }
        };
        let origin = self.decrypted(&known, text).await.and_then(|event| event.origin);
        Ok(origin.filter(|origin| origin.mark == mark).and_then(|origin| origin.number))
    }

    /// What was said in a room between two places, the oldest first, and whether that is all of it.
    async fn missed(&self, room: &RoomId, end: String, since: &str) -> Result<(Vec<Arrived>, bool), Trouble> {
        let mut found = Vec::new();
        let mut from = end;
        let mut is_whole = false;
        for _ in 0..MOST_PAGES {
            let mut request = get_message_events::v3::Request::new(room.to_owned(), Direction::Backward);
            request.from = Some(from.clone());
            request.to = Some(since.to_owned());
            request.limit = UInt::from(AT_ONCE);
            request.filter = only(EVENTS);
            let mut failed = 0;
            let page = loop {
                let request = request.clone();
                match within(ANSWER * 2, async { self.client.send(request).await }).await {
                    Err(Trouble::Later(_, after)) => wait(&mut failed, after).await,
                    answered => break answered,
                }
            };
            let page = match page {
                Ok(page) => page,
                Err(over @ Trouble::LoggedOut { .. }) => return Err(over),
                Err(_) => break,
            };
            let is_empty = page.chunk.is_empty();
            found.extend(page.chunk.into_iter().map(|event| event.json().get().to_owned()));
            match page.end {
                Some(next) if !is_empty && next != since && next != from => from = next,
                _ => {
                    is_whole = true;
                    break;
                }
            }
            if found.len() >= MOST_MISSED {
                break;
            }
        }
        found.truncate(MOST_MISSED);
        let known = self.client.get_room(room);
        let mut events = Vec::with_capacity(found.len());
        for text in found.into_iter().rev() {
            let is_encrypted = head(&text).is_some_and(|head| head.kind == "m.room.encrypted");
            events.extend(match &known {
                Some(known) if is_encrypted => self.decrypted(known, text).await,
                _ => arrived(room, text, Seal::Clear),
            });
        }
        Ok((events, is_whole))
    }
}

/// The pause before a request that belongs to an answer which is not to be had again: it is made until the server says
/// something for good.
async fn wait(failed: &mut u32, after: Option<Duration>) {
    *failed += 1;
    sleep(after.unwrap_or_else(|| pause(*failed)).min(LONGEST_WAIT)).await;
}

/// What is proved by the encryption of an event: the same as the SDK demands for `TrustRequirement::CrossSigned`.
fn seal_of(info: &EncryptionInfo) -> Seal {
    match &info.verification_state {
        VerificationState::Verified
        // Its owner has signed the device. Whether the owner is who they say is what a person is asked, and not the bot.
        | VerificationState::Unverified(VerificationLevel::UnverifiedIdentity) => Seal::Trusted,
        VerificationState::Unverified(_) => Seal::Untrusted,
    }
}

fn arrived(room: &RoomId, text: String, seal: Seal) -> Option<Arrived> {
    let id = head(&text)?.event_id?;
    Some(Arrived { room: room.to_string(), id, text, seal, origin: None })
}

/// What tells an event from those that say something else or with another key. What it refers to is not encrypted, so
/// anybody can change that.
fn mark(info: &EncryptionInfo, text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Said {
        #[serde(rename = "type")]
        kind: String,
        content: Map<String, Value>,
    }
    let mut said: Said = serde_json::from_str(text).ok()?;
    said.content.remove("m.relates_to");
    let content = Value::Object(said.content).to_string();
    let digest = Sha256::new().chain_update(said.kind).chain_update([0]).chain_update(content).finalize();
    Some(format!("{} {}", info.session_id()?, BASE64_STANDARD_NO_PAD.encode(digest)))
}

/// Which message of its key an encrypted event is.
fn number(text: &str) -> Option<u32> {
    #[derive(Deserialize)]
    struct Encrypted {
        content: Ciphertext,
    }
    #[derive(Deserialize)]
    struct Ciphertext {
        ciphertext: String,
    }
    let encrypted: Encrypted = serde_json::from_str(text).ok()?;
    MegolmMessage::from_base64(&encrypted.content.ciphertext).ok().map(|message| message.message_index())
}
