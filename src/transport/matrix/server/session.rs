//! A session at the homeserver: taken up, or begun by a login, with the keys of its device.
//!
//! The keys are in a folder that bears the name of the device, so those of two devices never meet, and what a login as a
//! new device leaves behind lies aside untouched. The state of the rooms is in memory alone: it is looked at anew on
//! each connection, and with it goes the SDK's own place in the stream, which would have it pass over events that are
//! asked for again after a kill.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use matrix_sdk::authentication::matrix::MatrixSession;
use matrix_sdk::config::{RequestConfig, StoreConfig};
use matrix_sdk::cross_process_lock::CrossProcessLockConfig;
use matrix_sdk::encryption::{BackupDownloadStrategy, EncryptionSettings};
use matrix_sdk::ruma::api::MatrixVersion;
use matrix_sdk::ruma::api::client::session::login;
use matrix_sdk::ruma::api::client::uiaa::{MatrixUserIdentifier, UserIdentifier};
use matrix_sdk::store::RoomLoadSettings;
use matrix_sdk::{Client, SessionMeta, SessionTokens, SqliteCryptoStore, SqliteStoreConfig, reqwest};
use matrix_sdk_base::crypto::{CollectStrategy, DecryptionSettings, TrustRequirement};

use crate::config::{Matrix, MatrixLogin};
use crate::store::inbox::Session;
use crate::transport::matrix::keys::Keys;

use super::ANSWER;
use super::trouble::{Trouble, cut, root, trouble, within};

/// What the device is called in the account's settings.
const DEVICE: &str = "swatbot";
/// Where in the folder of the connection the keys are, a folder for each device.
const KEYS: &str = "keys";
/// What the SDK calls its file there.
const KEYS_FILE: &str = "matrix-sdk-crypto.sqlite3";

/// Takes up a session, or logs in: under the device of one that the server has ended softly, as long as its keys are
/// there. A device whose keys are lost is nobody any more: others know it by them.
pub(super) async fn connect(
    settings: &Matrix,
    known: Option<&Session>,
    log_in_again: bool,
) -> Result<(Client, Session), Trouble> {
    let known = known.filter(|known| !known.device.is_empty());
    let has_keys = |session: &&Session| keys_of(settings, &session.device).join(KEYS_FILE).exists();
    let session = match (&settings.login, known) {
        (MatrixLogin::Password { .. }, Some(known)) if !log_in_again && has_keys(&known) => known.clone(),
        (MatrixLogin::Password { password, .. }, known) => {
            let password = password.as_ref().map_or("", |password| password.reveal());
            let device = known.filter(has_keys).map(|known| known.device.as_str());
            let session = log_in(settings, password, device).await?;
            let client = client(settings, Some(&keys_of(settings, &session.device))).await?;
            restore(&client, &session).await?;
            return Ok((client, session));
        }
        (MatrixLogin::Token { token, .. }, known) => {
            let token = token.as_ref().map_or("", |token| token.reveal()).to_owned();
            let session = |device: &str| Session {
                user: settings.user.clone(),
                device: device.to_owned(),
                token: token.clone(),
            };
            match known.filter(has_keys) {
                Some(known) => session(&known.device),
                // Whose keys are needed is not known before the server has said whose token this is.
                None => {
                    let client = client(settings, None).await?;
                    restore(&client, &session("")).await?;
                    let session = ask_whose(settings, &client, session("")).await?;
                    if known.is_some_and(|known| known.device == session.device) {
                        return Err(Trouble::Refused(lost_keys(&session.device)));
                    }
                    session
                }
            }
        }
    };
    let device = session.device.clone();
    let client = client(settings, Some(&keys_of(settings, &device))).await?;
    restore(&client, &session).await?;
    let session = ask_whose(settings, &client, session).await?;
    if session.device != device {
        // Another token is in the file than at the last start.
        return Box::pin(connect(settings, None, log_in_again)).await;
    }
    Ok((client, session))
}

fn lost_keys(device: &str) -> String {
    format!(
        "the keys of the device {device} are lost. Log in anew, and put the new access token into the file"
    )
}

/// Asks the server whose session this is; it must be the configured user's.
async fn ask_whose(settings: &Matrix, client: &Client, session: Session) -> Result<Session, Trouble> {
    let is = client.whoami().await.map_err(|error| trouble(error.into()))?;
    if is.user_id.as_str() != settings.user {
        let why =
            format!("the access token is {}'s, and the configuration says {}", is.user_id, settings.user);
        return Err(Trouble::Refused(why));
    }
    let device = is.device_id.map_or(session.device, |device| device.to_string());
    Ok(Session { device, ..session })
}

/// Where the keys of a device are. Its name is the server's to choose, so nothing of it may leave the folder.
fn keys_of(settings: &Matrix, device: &str) -> PathBuf {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let name: String = device
        .chars()
        .map(|c| if plain(c) { c.to_string() } else { format!("~{:x}", u32::from(c)) })
        .collect();
    settings.state_dir.join(KEYS).join(name)
}

/// A client that nobody is logged in with; without a folder for keys it forgets them.
async fn client(settings: &Matrix, keys: Option<&Path>) -> Result<Client, Trouble> {
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
    let mut stores = StoreConfig::new(CrossProcessLockConfig::SingleProcess);
    if let Some(folder) = keys {
        stores = stores.crypto_store(Keys::new(open_keys(folder).await?));
    }
    Client::builder()
        .homeserver_url(&settings.homeserver)
        .http_client(http)
        // What is asked here every homeserver knows, so nothing need be asked before.
        .server_versions([MatrixVersion::V1_1])
        .request_config(RequestConfig::new().disable_retry().timeout(ANSWER))
        .respect_login_well_known(false)
        .store_config(stores)
        // The lock on the inbox keeps every other swatbot out.
        .cross_process_store_config(CrossProcessLockConfig::SingleProcess)
        // Only to devices that their owner has signed, and nothing of what was said before to somebody who is invited.
        .with_room_key_recipient_strategy(CollectStrategy::IdentityBasedStrategy)
        .with_enable_share_history_on_invite(false)
        // With `CrossSigned` the text of an event that falls short of it would be lost, and nobody could be told why their
        // command did nothing. So everything is decrypted, and `seal_of` demands the same.
        .with_decryption_settings(DecryptionSettings {
            sender_device_trust_requirement: TrustRequirement::Untrusted,
        })
        .with_encryption_settings(EncryptionSettings {
            auto_enable_cross_signing: false,
            auto_enable_backups: false,
            backup_download_strategy: BackupDownloadStrategy::AfterDecryptionFailure,
        })
        .build()
        .await
        .map_err(|error| broken(error.to_string()))
}

async fn open_keys(folder: &Path) -> Result<SqliteCryptoStore, Trouble> {
    let refused = |error: String| {
        let why = format!("the keys in {} cannot be opened: {error}", folder.display());
        // The keys are as good as before once there is room again.
        if error.contains("full") || error.contains("No space left") {
            return Trouble::Later(why, None);
        }
        Trouble::Refused(format!("{why}. Move that folder away, and I log in as a new device"))
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| refused(error.to_string()))?;
    let config = SqliteStoreConfig::with_low_memory_config(folder);
    SqliteCryptoStore::open_with_config(&config).await.map_err(|error| refused(error.to_string()))
}

/// Logs in, without a store that could be another device's.
async fn log_in(settings: &Matrix, password: &str, device: Option<&str>) -> Result<Session, Trouble> {
    let user = UserIdentifier::Matrix(MatrixUserIdentifier::new(settings.user.clone()));
    let by = login::v3::Password::new(user, password.to_owned());
    let mut request = login::v3::Request::new(login::v3::LoginInfo::Password(by));
    request.device_id = device.map(Into::into);
    request.initial_device_display_name = Some(DEVICE.to_owned());
    let client = client(settings, None).await?;
    let response = within(ANSWER, async { client.send(request).await }).await?;
    if response.user_id.as_str() != settings.user {
        let why = format!(
            "the homeserver calls me {}, and the configuration says {}",
            response.user_id, settings.user
        );
        return Err(Trouble::Refused(why));
    }
    Ok(Session {
        user: settings.user.clone(),
        device: response.device_id.to_string(),
        token: response.access_token,
    })
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

/// What of a session is stored: a token from a file stays there alone.
pub(in super::super) fn kept(settings: &Matrix, session: &Session) -> Session {
    let is_password = matches!(settings.login, MatrixLogin::Password { .. });
    let token = if is_password { session.token.clone() } else { String::new() };
    Session { token, ..session.clone() }
}
