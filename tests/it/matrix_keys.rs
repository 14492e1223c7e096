//! The keys of a device, killed at each point of an answer that brings the key of a room.

use std::collections::BTreeMap;
use std::fs;
use std::future::poll_fn;
use std::path::Path;
use std::pin::pin;
use std::task::Poll;

use matrix_sdk::SqliteCryptoStore;
use matrix_sdk::ruma::api::client::keys::{claim_keys, get_keys, upload_keys};
use matrix_sdk::ruma::api::client::sync::sync_events::DeviceLists;
use matrix_sdk::ruma::events::AnyToDeviceEvent;
use matrix_sdk::ruma::serde::Raw;
use matrix_sdk::ruma::{UserId, device_id, room_id, user_id};
use matrix_sdk_base::crypto::types::requests::AnyOutgoingRequest;
use matrix_sdk_base::crypto::{
    DecryptionSettings, EncryptionSettings, EncryptionSyncChanges, OlmMachine, TrustRequirement,
};
use serde_json::json;
use swatbot::transport::matrix::keys::Keys;

fn swatbot() -> &'static UserId {
    user_id!("@swatbot:example.org")
}

/// The bot's machine on the keys in a folder.
async fn bot(folder: &Path) -> OlmMachine {
    let store = SqliteCryptoStore::open(folder, None).await.unwrap();
    OlmMachine::with_store(swatbot(), device_id!("BOT"), Keys::new(store), None).await.unwrap()
}

/// What alice sends the bot when she first speaks in a room: its key, in a message that can be decrypted once. The keys
/// that it takes are in the folder.
async fn first_key(folder: &Path) -> Raw<AnyToDeviceEvent> {
    let bot = bot(folder).await;
    let alice = OlmMachine::new(user_id!("@alice:example.org"), device_id!("ALICE")).await;
    let requests = bot.outgoing_requests().await.unwrap();
    let upload = requests.iter().find_map(|request| match request.request() {
        AnyOutgoingRequest::KeysUpload(upload) => Some((request.request_id(), upload.clone())),
        _ => None,
    });
    let (number, upload) = upload.unwrap();
    let uploaded = upload_keys::v3::Response::new(BTreeMap::new());
    bot.mark_request_as_sent(number, &uploaded).await.unwrap();

    alice.update_tracked_users([swatbot()]).await.unwrap();
    let (number, _) = alice.query_keys_for_users([swatbot()]);
    let mut known = get_keys::v3::Response::new();
    let device = (device_id!("BOT").to_owned(), upload.device_keys.unwrap());
    known.device_keys.insert(swatbot().to_owned(), BTreeMap::from([device]));
    alice.mark_request_as_sent(&number, &known).await.unwrap();

    let (number, _) = alice.get_missing_sessions([swatbot()].into_iter()).await.unwrap().unwrap();
    let key = upload.one_time_keys.into_iter().next().unwrap();
    let keys = BTreeMap::from([(device_id!("BOT").to_owned(), BTreeMap::from([key]))]);
    let claimed = claim_keys::v3::Response::new(BTreeMap::from([(swatbot().to_owned(), keys)]));
    alice.mark_request_as_sent(&number, &claimed).await.unwrap();

    let room = room_id!("!ops:example.org");
    let shared =
        alice.share_room_key(room, [swatbot()].into_iter(), EncryptionSettings::default()).await.unwrap();
    let content = shared[0].messages[swatbot()].values().next().unwrap();
    let event = json!({"type": "m.room.encrypted", "sender": alice.user_id(), "content": content});
    Raw::from_json_string(event.to_string()).unwrap()
}

/// Gives the bot an answer with this message, for as many turns as it may take. False: it was not through by then.
async fn take(bot: &OlmMachine, event: &Raw<AnyToDeviceEvent>, turns: usize) -> bool {
    let (lists, counts) = (DeviceLists::new(), BTreeMap::new());
    let changes = EncryptionSyncChanges {
        to_device_events: vec![event.clone()],
        changed_devices: &lists,
        one_time_keys_counts: &counts,
        unused_fallback_keys: None,
        next_batch_token: Some("s2".to_owned()),
    };
    let settings = DecryptionSettings { sender_device_trust_requirement: TrustRequirement::Untrusted };
    let mut taking = pin!(bot.receive_sync_changes(changes, &settings));
    let mut left = turns;
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        taking.as_mut().poll(context).map(|taken| taken.is_ok())
    })
    .await
}

#[tokio::test]
async fn the_key_of_a_room_survives_a_kill_at_each_point() {
    let origin = tempfile::tempdir().unwrap();
    let event = first_key(origin.path()).await;
    let mut cut_short = 0;
    for turns in 0.. {
        let folder = tempfile::tempdir().unwrap();
        for file in fs::read_dir(origin.path()).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
        }
        let through = take(&bot(folder.path()).await, &event, turns).await;
        // The homeserver sends it again to whoever does not ask for what follows it.
        let restarted = bot(folder.path()).await;
        take(&restarted, &event, usize::MAX).await;
        let known = restarted.store().export_room_keys(|_| true).await.unwrap();
        assert_eq!(known.len(), 1, "killed after {turns} turns, the key is lost");
        if through {
            break;
        }
        cut_short += 1;
    }
    assert!(cut_short > 2, "it was cut short {cut_short} times");
}
