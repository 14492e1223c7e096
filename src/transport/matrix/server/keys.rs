//! The keys of the account: whether this device is signed by it, how it comes to be, and how they are made at first.
//!
//! A device that is not signed is a stranger to everybody who is careful, and the bot itself gives keys to signed devices
//! only. The keys that sign are in the store of the device, and, encrypted with the recovery key, at the homeserver.

use std::time::Duration;

use matrix_sdk::config::{SyncSettings, SyncToken};
use matrix_sdk::encryption::recovery::RecoveryError;
use matrix_sdk::encryption::secret_storage::SecretStorageError;
use matrix_sdk::ruma::OneTimeKeyAlgorithm;
use matrix_sdk::ruma::api::client::filter::FilterDefinition;
use matrix_sdk::ruma::api::client::keys::{get_keys, upload_keys};
use matrix_sdk::ruma::api::client::uiaa::{AuthData, MatrixUserIdentifier, Password, UserIdentifier};
use matrix_sdk::ruma::{OwnedUserId, UInt};

use crate::secret::Secret;

use super::trouble::{Trouble, cut, trouble, within};
use super::{ANSWER, Proof, Server};

/// How the keys of an account stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Standing {
    /// The account has keys that sign, as the homeserver says.
    pub(in super::super) has_identity: bool,
    /// Those keys are here.
    pub(in super::super) has_secrets: bool,
    /// This device is signed by them.
    pub(in super::super) is_signed: bool,
    /// They are stored at the homeserver, encrypted with a recovery key.
    pub(in super::super) is_stored: bool,
}

impl Server {
    /// Whether this device is signed; where it is not and there is a recovery key, it is signed now. It must be known to
    /// the homeserver, which it is after the first answer to a sync.
    pub(in super::super) async fn prove(&self, key: Option<&Secret>) -> Result<bool, Trouble> {
        let mut is_signed = self.has_identity().await? && self.is_signed().await?;
        if !is_signed && let Some(key) = key {
            let recovered = self.recover(key).await;
            if let Err(Trouble::Refused(_) | Trouble::Forbidden(_)) = recovered {
                *self.proof() = Proof::Missing;
            }
            recovered?;
            is_signed = self.is_signed().await?;
        }
        *self.proof() = if is_signed { Proof::Signed } else { Proof::Missing };
        Ok(is_signed)
    }

    /// Takes the keys of the account out of their storage at the homeserver, and signs this device with them.
    pub(in super::super) async fn recover(&self, key: &Secret) -> Result<(), Trouble> {
        let recovering = self.client.encryption().recovery();
        let recovered = in_time(ANSWER * 3, recovering.recover(key.reveal())).await;
        match recovered {
            // Without a backup of the keys of rooms, what was said before is lost, and all else is as it should be.
            Err(Trouble::Refused(_) | Trouble::Forbidden(_)) if self.is_signed().await? => Ok(()),
            other => other,
        }
    }

    async fn is_signed(&self) -> Result<bool, Trouble> {
        let encryption = self.client.encryption();
        let own = encryption.get_own_device().await.map_err(|error| trouble(error.into()))?;
        let has_secrets = encryption.cross_signing_status().await.is_some_and(|status| status.is_complete());
        Ok(has_secrets && own.is_some_and(|own| own.is_verified_with_cross_signing()))
    }

    /// Makes this device known to the homeserver, without reading anything that was said.
    pub(in super::super) async fn introduce(&self) -> Result<(), Trouble> {
        let settings = SyncSettings::new()
            .token(SyncToken::NoToken)
            .timeout(Duration::ZERO)
            .filter(FilterDefinition::ignore_all().into());
        within(ANSWER * 3, self.client.sync_once(settings)).await.map(drop)
    }

    /// How the keys stand, as the homeserver says now.
    pub(in super::super) async fn standing(&self) -> Result<Standing, Trouble> {
        let encryption = self.client.encryption();
        let has_identity = self.has_identity().await?;
        let status = encryption.cross_signing_status().await;
        Ok(Standing {
            has_identity,
            has_secrets: status.is_some_and(|status| status.is_complete()),
            is_signed: self.is_signed().await?,
            is_stored: within(ANSWER, encryption.secret_storage().is_enabled()).await?,
        })
    }

    /// Whether the homeserver has keys of the account. The SDK believes that from when it has made them, also where they
    /// never reached the server.
    async fn has_identity(&self) -> Result<bool, Trouble> {
        let own = OwnedUserId::try_from(self.user.as_str());
        let own = own.map_err(|error| Trouble::Refused(error.to_string()))?;
        let mut request = get_keys::v3::Request::new();
        request.device_keys.insert(own.clone(), Vec::new());
        let known = within(ANSWER, async { self.client.send(request).await }).await?;
        within(ANSWER, self.client.encryption().request_user_identity(&own)).await?;
        Ok(known.master_keys.contains_key(&own))
    }

    /// Makes the keys of the account, which it must not have yet. Servers may want the password for that.
    pub(in super::super) async fn make_identity(&self, password: Option<&Secret>) -> Result<(), Trouble> {
        let encryption = self.client.encryption();
        let Err(error) = encryption.bootstrap_cross_signing(None).await else { return Ok(()) };
        let Some(wanted) = error.as_uiaa_response() else { return Err(trouble(error)) };
        let Some(password) = password else {
            let why =
                "the homeserver wants the password for that: put password_file in place of access_token_file";
            return Err(Trouble::Refused(why.to_owned()));
        };
        let user = UserIdentifier::Matrix(MatrixUserIdentifier::new(self.user.clone()));
        let mut by = Password::new(user, password.reveal().to_owned());
        by.session.clone_from(&wanted.session);
        let made = encryption.bootstrap_cross_signing(Some(AuthData::Password(by)));
        within(ANSWER, made).await.map_err(|trouble| match trouble {
            Trouble::Refused(why) | Trouble::Forbidden(why) => {
                Trouble::Refused(format!("it does not take the password: {why}"))
            }
            other => other,
        })
    }

    /// Stores the keys of the account at the homeserver, with a backup of the keys of rooms, and gives the new recovery
    /// key. One from before opens nothing any more.
    pub(in super::super) async fn store_secrets(&self, is_stored: bool) -> Result<Secret, Trouble> {
        let recovery = self.client.encryption().recovery();
        let key = if is_stored {
            in_time(ANSWER * 3, recovery.reset_key()).await?
        } else {
            in_time(ANSWER * 3, recovery.enable()).await?
        };
        Ok(Secret::new(key))
    }

    /// Whether a recovery key opens what is stored at the homeserver.
    pub(in super::super) async fn opens(&self, key: &Secret) -> Result<(), Trouble> {
        let storage = self.client.encryption().secret_storage();
        let opened = async { storage.open_secret_store(key.reveal()).await.map_err(RecoveryError::from) };
        in_time(ANSWER, opened).await.map(drop)
    }

    /// How many one-time keys the homeserver has: at none, nobody new can send a key.
    pub(in super::super) async fn one_time_keys(&self) -> Result<u64, Trouble> {
        let asked = async { self.client.send(upload_keys::v3::Request::new()).await };
        let counts = within(ANSWER, asked).await?.one_time_key_counts;
        Ok(counts.get(&OneTimeKeyAlgorithm::SignedCurve25519).copied().map_or(0, UInt::into))
    }
}

async fn in_time<T>(
    time: Duration,
    answer: impl IntoFuture<Output = Result<T, RecoveryError>>,
) -> Result<T, Trouble> {
    match tokio::time::timeout(time, answer.into_future()).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(in_words(error)),
        Err(_) => Err(Trouble::Later("the homeserver did not answer in time".to_owned(), None)),
    }
}

/// What went wrong with the storage of keys, in words for whoever has the key in hand.
fn in_words(error: RecoveryError) -> Trouble {
    use SecretStorageError as Fault;
    let why = match error {
        RecoveryError::Sdk(error) | RecoveryError::SecretStorage(Fault::Sdk(error)) => return trouble(error),
        RecoveryError::SecretStorage(Fault::Storage(error)) => return Trouble::Later(cut(&error.to_string()), None),
        RecoveryError::SecretStorage(Fault::SecretStorageKey(_)) => "this is not the recovery key of the account".to_owned(),
        RecoveryError::SecretStorage(Fault::MissingKeyInfo { .. }) => {
            "the homeserver has nothing that a recovery key could open".to_owned()
        }
        RecoveryError::BackupExistsOnServer => {
            "the account has a backup of keys that this device cannot open; remove it in a client of the account"
                .to_owned()
        }
        RecoveryError::SecretStorage(error) => error.to_string(),
    };
    Trouble::Refused(cut(&why))
}
