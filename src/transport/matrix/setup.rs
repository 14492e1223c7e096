//! `swatbot matrix-setup`: makes the keys of the bot's account once, and the recovery key that brings them back; and says
//! what is so already. Run by hand while the bot does not run.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::config::{Matrix, MatrixLogin};
use crate::secret::Secret;
use crate::store::StoreError;
use crate::store::inbox::Inbox;

use super::hear::name;
use super::server::{Server, Trouble, kept};

/// Sets up what encryption needs, and says what was done, a sentence each. `now` is in milliseconds since 1970.
///
/// # Errors
///
/// Why it could not be done, and what to do about it. What was done before is done, and another run goes on from there.
pub async fn setup(settings: &Matrix, now: i64) -> Result<Vec<String>, String> {
    let Some(recovery) = &settings.recovery else {
        let fix = "add recovery_key_file = \"matrix.recovery\" to the [[connection]]: the key is kept there";
        return Err(format!("there is no recovery_key_file; {fix}"));
    };
    let file = recovery.file.display();
    let mut inbox = Inbox::open(&settings.state_dir, now).map_err(|error| error.to_string())?;
    let (server, device) = connect(settings, &mut inbox).await?;
    let words = |trouble: Trouble| trouble.words();
    server.introduce().await.map_err(words)?;
    let before = server.standing().await.map_err(words)?;
    let user = &settings.user;
    let next = "next: invite the bot and start it. In encrypted rooms it obeys only sessions that their owners have verified";
    match &recovery.key {
        Some(_) if !before.has_identity => Err(format!(
            "{user} has no keys, so the recovery key in {file} is of another account or an old one: move it away"
        )),
        Some(key) => {
            server.opens(key).await.map_err(|trouble| format!("{file}: {}", trouble.words()))?;
            if before.has_secrets && before.is_signed {
                return Ok(vec![format!(
                    "{user} is set up: the device {device} is signed, and {file} opens the keys. Nothing was changed"
                )]);
            }
            server.recover(key).await.map_err(|trouble| format!("{file}: {}", trouble.words()))?;
            Ok(vec![
                format!("took the keys of {user} from the homeserver with the recovery key in {file}"),
                format!("signed the device {device} with them; nothing else was changed"),
                next.to_owned(),
            ])
        }
        None if before.has_identity && !before.has_secrets => Err(format!(
            "{user} has keys already, and they are not here: put their recovery key into {file}, alone on one line, with \
             chmod 600; or remove the keys in a client that is logged in as {user}"
        )),
        None => {
            // What is made is worth nothing where the key to it cannot be kept.
            let mut kept = reserve(&recovery.file)?;
            let made = make(&server, settings, before.has_identity, before.is_stored).await;
            let written = made.and_then(|key| {
                let text = format!("{}\n", key.reveal());
                let written = kept.write_all(text.as_bytes()).and_then(|()| kept.sync_all());
                written.map_err(|error| format!("{file} cannot be written: {error}. Run this again"))
            });
            if let Err(why) = written {
                // Nothing is in it, and a file that is there would not be written by the next run.
                let _ = std::fs::remove_file(&recovery.file);
                return Err(why);
            }
            let mut said = Vec::new();
            if !before.has_identity {
                said.push(format!("made the keys of {user}, and signed the device {device} with them"));
            }
            said.push(format!(
                "stored them at the homeserver, with a backup of the keys of rooms, under a new recovery key in {file}"
            ));
            said.push(format!(
                "keep a copy of {file} elsewhere: without it the keys cannot be brought back, and whoever has it can be the bot"
            ));
            said.push(next.to_owned());
            Ok(said)
        }
    }
}

/// Knows somebody by the keys that they have now, and says so. `who` is a user id, or how the bot addresses that user.
///
/// # Errors
///
/// Why it could not be done.
pub fn trust(settings: &Matrix, who: &str, now: i64) -> Result<String, String> {
    let mut inbox = Inbox::open(&settings.state_dir, now).map_err(|error| error.to_string())?;
    let words = |error: StoreError| error.to_string();
    let changed = inbox.changed().map_err(words)?;
    let is_meant = |user: &&String| *user == who || name(user, &settings.user) == who;
    let Some(user) = changed.iter().find(is_meant) else {
        return Err(match changed.as_slice() {
            [] => "nobody has other keys than those that I know them by".to_owned(),
            changed => format!("{who} has no other keys than before; these have: {}", changed.join(", ")),
        });
    };
    let key = inbox.accept(user).map_err(words)?.unwrap_or_default();
    Ok(format!("{user} is known by the key {key} from now on; start the bot"))
}

async fn make(
    server: &Server,
    settings: &Matrix,
    has_identity: bool,
    is_stored: bool,
) -> Result<Secret, String> {
    let words = |trouble: Trouble| trouble.words();
    if !has_identity {
        let password = match &settings.login {
            MatrixLogin::Password { password, .. } => password.as_ref(),
            MatrixLogin::Token { .. } => None,
        };
        server.make_identity(password).await.map_err(words)?;
    }
    server.store_secrets(is_stored).await.map_err(words)
}

/// Takes up the session of the bot, or begins it, as the bot does when it starts.
async fn connect(settings: &Matrix, inbox: &mut Inbox) -> Result<(Server, String), String> {
    let known = inbox.session().map_err(|error| error.to_string())?;
    if let Some(other) = known.as_ref().filter(|known| known.user != settings.user) {
        let folder = settings.state_dir.display();
        return Err(format!("{folder} is {}'s: another user needs another state_dir", other.user));
    }
    let (server, session) = match Server::connect(settings, known.as_ref(), false).await {
        Err(Trouble::LoggedOut { soft }) if matches!(settings.login, MatrixLogin::Password { .. }) => {
            Server::connect(settings, known.as_ref().filter(|_| soft), true).await
        }
        connected => connected,
    }
    .map_err(|trouble| match (&trouble, &settings.login) {
        (Trouble::Forbidden(why), MatrixLogin::Password { file, .. } | MatrixLogin::Token { file, .. }) => {
            format!("{}: {why}", file.display())
        }
        _ => trouble.words(),
    })?;
    inbox.set_session(Some(&kept(settings, &session))).map_err(|error| error.to_string())?;
    Ok((server, session.device))
}

/// Makes the file that nobody else can read, and that was not there.
fn reserve(path: &Path) -> Result<File, String> {
    let file = path.display();
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    made.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => format!("{file} is there already and is not written over: move it away"),
        _ => format!("{file} cannot be made: {error}"),
    })
}
