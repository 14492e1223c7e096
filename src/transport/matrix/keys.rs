//! The store of the keys of a device: the SDK's own in SQLite, made safe against a kill in the middle of an answer.
//!
//! A key of a room comes in a message that can be decrypted once. The SDK (0.18, `Account::decrypt_olm_message`) stores the
//! session that decrypts it at once, and the key itself only after the whole answer; killed in between, it is sent the
//! message again and cannot read it, and what that sender says stays closed for good. So a session that has done no more
//! than read is held back here and stored in the same transaction as what was read with it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use matrix_sdk::SqliteCryptoStore;
use matrix_sdk::cross_process_lock::CrossProcessLockGeneration;
use matrix_sdk::ruma::events::secret::request::SecretName;
use matrix_sdk::ruma::{DeviceId, OwnedDeviceId, RoomId, TransactionId, UserId};
use matrix_sdk_base::crypto::olm::{
    Account, InboundGroupSession, OlmMessageHash, OutboundGroupSession, PrivateCrossSigningIdentity,
    SenderDataType, Session,
};
use matrix_sdk_base::crypto::store::CryptoStore;
use matrix_sdk_base::crypto::store::types::{
    BackupKeys, Changes, DehydratedDeviceKey, PendingChanges, RoomKeyCounts, RoomKeyWithheldEntry,
    RoomPendingKeyBundleDetails, RoomSettings, StoredRoomKeyBundleData, TrackedUser,
};
use matrix_sdk_base::crypto::vodozemac::Curve25519PublicKey;
use matrix_sdk_base::crypto::{DeviceData, GossipRequest, SecretInfo, UserIdentityData};
use zeroize::Zeroizing;

/// The store of one device's keys.
#[derive(Debug)]
pub struct Keys {
    inner: SqliteCryptoStore,
    /// Sessions that have read something, and nothing of what they have read is stored yet.
    held: Mutex<Vec<Session>>,
}

impl Keys {
    /// Keeps keys in a store that is open.
    pub fn new(inner: SqliteCryptoStore) -> Self {
        Self { inner, held: Mutex::default() }
    }

    fn held(&self) -> MutexGuard<'_, Vec<Session>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a session has only read so far. What was written with one must be stored before it is sent.
async fn has_only_read(session: &Session) -> bool {
    let pickle = serde_json::to_value(session.pickle().await.pickle).unwrap_or_default();
    pickle["sending_ratchet"]["type"] == "inactive"
}

/// Passes everything on but what is written out.
macro_rules! pass_on {
    ($store:ty { $($written:item)* } $(fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl CryptoStore for $store {
            type Error = <SqliteCryptoStore as CryptoStore>::Error;
            $($written)*
            $(async fn $name(&self, $($argument: $type),*) -> Result<$answer, Self::Error> {
                self.inner.$name($($argument),*).await
            })*
        }
    };
}

pass_on! {
    Keys {
        async fn save_changes(&self, mut changes: Changes) -> Result<(), Self::Error> {
            // The place in the stream is stored with everything that an answer brought.
            if changes.next_batch_token.is_some() {
                // What is stored last of one session counts, and that is the newer state.
                let mut sessions = std::mem::take(&mut *self.held());
                sessions.append(&mut changes.sessions);
                changes.sessions = sessions;
            } else if let [session] = changes.sessions.as_slice()
                && changes.inbound_group_sessions.is_empty()
                && changes.outbound_group_sessions.is_empty()
                && has_only_read(session).await
            {
                self.held().append(&mut changes.sessions);
            }
            self.inner.save_changes(changes).await
        }

        async fn get_sessions(&self, sender_key: &str) -> Result<Option<Vec<Session>>, Self::Error> {
            let mut found = self.inner.get_sessions(sender_key).await?;
            let held = self.held();
            let theirs = held.iter().filter(|session| session.sender_key().to_base64() == sender_key);
            for session in theirs {
                found.get_or_insert_default().push(session.clone());
            }
            Ok(found)
        }
    }
    fn load_account() -> Option<Account>;
    fn load_identity() -> Option<PrivateCrossSigningIdentity>;
    fn save_pending_changes(changes: PendingChanges) -> ();
    fn save_inbound_group_sessions(sessions: Vec<InboundGroupSession>, backed_up_to_version: Option<&str>) -> ();
    fn get_inbound_group_session(room_id: &RoomId, session_id: &str) -> Option<InboundGroupSession>;
    fn get_withheld_info(room_id: &RoomId, session_id: &str) -> Option<RoomKeyWithheldEntry>;
    fn get_withheld_sessions_by_room_id(room_id: &RoomId) -> Vec<RoomKeyWithheldEntry>;
    fn get_inbound_group_sessions() -> Vec<InboundGroupSession>;
    fn inbound_group_session_counts(backup_version: Option<&str>) -> RoomKeyCounts;
    fn get_inbound_group_sessions_by_room_id(room_id: &RoomId) -> Vec<InboundGroupSession>;
    fn get_inbound_group_sessions_for_device_batch(
        curve_key: Curve25519PublicKey, sender_data_type: SenderDataType, after_session_id: Option<String>, limit: usize
    ) -> Vec<InboundGroupSession>;
    fn inbound_group_sessions_for_backup(backup_version: &str, limit: usize) -> Vec<InboundGroupSession>;
    fn mark_inbound_group_sessions_as_backed_up(
        backup_version: &str, room_and_session_ids: &[(&RoomId, &str)]
    ) -> ();
    fn reset_backup_state() -> ();
    fn load_backup_keys() -> BackupKeys;
    fn load_dehydrated_device_pickle_key() -> Option<DehydratedDeviceKey>;
    fn delete_dehydrated_device_pickle_key() -> ();
    fn get_outbound_group_session(room_id: &RoomId) -> Option<OutboundGroupSession>;
    fn load_tracked_users() -> Vec<TrackedUser>;
    fn save_tracked_users(users: &[(&UserId, bool)]) -> ();
    fn get_device(user_id: &UserId, device_id: &DeviceId) -> Option<DeviceData>;
    fn get_user_devices(user_id: &UserId) -> HashMap<OwnedDeviceId, DeviceData>;
    fn get_own_device() -> DeviceData;
    fn get_user_identity(user_id: &UserId) -> Option<UserIdentityData>;
    fn is_message_known(message_hash: &OlmMessageHash) -> bool;
    fn get_outgoing_secret_requests(request_id: &TransactionId) -> Option<GossipRequest>;
    fn get_secret_request_by_info(secret_info: &SecretInfo) -> Option<GossipRequest>;
    fn get_unsent_secret_requests() -> Vec<GossipRequest>;
    fn delete_outgoing_secret_requests(request_id: &TransactionId) -> ();
    fn get_secrets_from_inbox(secret_name: &SecretName) -> Vec<Zeroizing<String>>;
    fn delete_secrets_from_inbox(secret_name: &SecretName) -> ();
    fn get_room_settings(room_id: &RoomId) -> Option<RoomSettings>;
    fn get_received_room_key_bundle_data(room_id: &RoomId, user_id: &UserId) -> Option<StoredRoomKeyBundleData>;
    fn get_pending_key_bundle_details_for_room(room_id: &RoomId) -> Option<RoomPendingKeyBundleDetails>;
    fn get_all_rooms_pending_key_bundles() -> Vec<RoomPendingKeyBundleDetails>;
    fn has_downloaded_all_room_keys(room_id: &RoomId) -> bool;
    fn get_custom_value(key: &str) -> Option<Vec<u8>>;
    fn set_custom_value(key: &str, value: Vec<u8>) -> ();
    fn remove_custom_value(key: &str) -> ();
    fn try_take_leased_lock(lease_duration_ms: u32, key: &str, holder: &str) -> Option<CrossProcessLockGeneration>;
    fn next_batch_token() -> Option<String>;
    fn close() -> ();
    fn reopen() -> ();
    fn get_size() -> Option<usize>;
}
