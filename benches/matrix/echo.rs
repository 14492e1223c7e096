//! The bare bot that swatbot is measured against: the SDK's own handlers on turns of its own sync, nothing stored, no
//! rights, no care. Its loop is the SDK's without the pause of a second that `sync` makes between two answers that come
//! shortly after one another: beside that, every bot would look fast.

use std::convert::Infallible;
use std::error::Error;

use matrix_sdk::config::SyncSettings;
use matrix_sdk::ruma::events::room::message::{
    MessageType, OriginalSyncRoomMessageEvent, RoomMessageEventContent,
};
use matrix_sdk::{Client, Room};

/// Its account.
pub(crate) const ECHO: &str = "echo";

/// Goes where it is invited and answers each `!log` with one notice, until it is killed.
pub(crate) async fn run(homeserver: &str, password: &str) -> Result<Infallible, Box<dyn Error>> {
    // All of TLS that is linked here is ring's; the homeserver is asked without.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().homeserver_url(homeserver).build().await?;
    client.matrix_auth().login_username(ECHO, password).send().await?;
    let first = client.sync_once(SyncSettings::default()).await?;
    for room in client.invited_rooms() {
        room.join().await?;
    }
    client.add_event_handler(answer);
    let mut next = first.next_batch;
    loop {
        next = client.sync_once(SyncSettings::default().token(next)).await?.next_batch;
    }
}

async fn answer(event: OriginalSyncRoomMessageEvent, room: Room) {
    let MessageType::Text(text) = event.content.msgtype else { return };
    if text.body.starts_with("!log ") {
        let notice = RoomMessageEventContent::notice_plain(format!("{}: logged", event.sender.localpart()));
        // Whoever waits for it in vain notices.
        let _ = room.send(notice).await;
    }
}
