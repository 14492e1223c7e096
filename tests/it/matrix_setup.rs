//! `swatbot matrix-setup` on a homeserver that knows no keys: what it refuses, and that it leaves nothing behind then. What
//! it makes is shown on a real server.

use std::fs;
use std::path::Path;

use serde_json::json;
use swatbot::config::{Matrix, MatrixLogin, Recovery};
use swatbot::secret::Secret;
use swatbot::store::inbox::Inbox;
use swatbot::transport::matrix::setup::setup;

use super::fake_matrix::{FakeMatrix, Trouble};
use super::matrix_link;

/// 2018-03-05T18:55:00Z.
const NOW: i64 = 1_520_276_100_000;

fn settings(fake: &FakeMatrix, folder: &Path, key: Option<&str>) -> Matrix {
    let key = key.map(|key| Secret::new(key.to_owned()));
    let recovery = Some(Recovery { file: folder.join("recovery.key"), key });
    Matrix { recovery, ..matrix_link::settings(fake, folder) }
}

async fn refusal(settings: &Matrix) -> String {
    setup(settings, NOW).await.expect_err("it cannot be done")
}

#[tokio::test(start_paused = true)]
async fn without_a_place_for_the_key_nothing_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let fake = FakeMatrix::start().await;
    let said = refusal(&matrix_link::settings(&fake, folder.path())).await;
    assert_eq!(
        said,
        "there is no recovery_key_file; add recovery_key_file = \"matrix.recovery\" to the [[connection]]: \
         the key is kept there"
    );
    assert!(fake.requests("").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_there_is_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let fake = FakeMatrix::start().await;
    let settings = settings(&fake, folder.path(), None);
    let file = folder.path().join("recovery.key");
    fs::write(&file, "precious").unwrap();
    let said = refusal(&settings).await;
    assert!(said.ends_with("recovery.key is there already and is not written over: move it away"), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
    assert!(fake.requests("device_signing").is_empty(), "no key is made that could not be kept");
}

#[tokio::test(start_paused = true)]
async fn a_key_of_another_account_is_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let fake = FakeMatrix::start().await;
    let said = refusal(&settings(&fake, folder.path(), Some("EsTc 1234"))).await;
    assert!(said.starts_with("@swatbot:example.org has no keys, so the recovery key in "), "{said}");
    assert!(!said.contains("EsTc"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_names_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let fake = FakeMatrix::start().await;
    let settings = settings(&fake, folder.path(), None);
    let password = Some(Secret::new("wrong".to_owned()));
    let login = MatrixLogin::Password { file: "matrix.password".into(), password };
    let said = refusal(&Matrix { login, ..settings }).await;
    assert!(said.starts_with("matrix.password: the homeserver says "), "{said}");
}

#[tokio::test(start_paused = true)]
async fn where_it_fails_no_empty_file_is_left_and_it_can_be_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let fake = FakeMatrix::start().await;
    let settings = settings(&fake, folder.path(), None);
    let wants_password =
        json!({"session": "s", "flows": [{"stages": ["m.login.password"]}], "params": {}}).to_string();
    let wrong = json!({"errcode": "M_FORBIDDEN", "error": "wrong password"}).to_string();
    fake.trouble("device_signing/upload", Trouble::Answer(401, "application/json", wants_password), 1);
    fake.trouble("device_signing/upload", Trouble::Answer(403, "application/json", wrong), 1);
    let said = refusal(&settings).await;
    assert!(said.starts_with("it does not take the password") && said.contains("M_FORBIDDEN"), "{said}");
    assert!(!folder.path().join("recovery.key").exists());
    fake.trouble("device_signing/upload", Trouble::Drop, 1);
    let said = refusal(&settings).await;
    assert!(said.contains("the homeserver cannot be reached"), "{said}");
    assert!(!folder.path().join("recovery.key").exists());
    assert!(fake.requests("room_keys").is_empty(), "nothing is stored of keys that the server does not have");
    assert_eq!(fake.logins().0, 1, "the session of the first run is taken up");
}

#[tokio::test(start_paused = true)]
async fn it_waits_for_no_bot_and_takes_nobodys_state() {
    let folder = tempfile::tempdir().unwrap();
    let fake = FakeMatrix::start().await;
    let settings = settings(&fake, folder.path(), None);
    let inbox = Inbox::open(&settings.state_dir, NOW).unwrap();
    let said = refusal(&settings).await;
    assert!(said.contains("in use by another swatbot"), "{said}");
    drop(inbox);
    refusal(&settings).await;
    let other = Matrix { user: "@other:example.org".to_owned(), ..settings };
    let said = refusal(&other).await;
    assert!(said.ends_with("is @swatbot:example.org's: another user needs another state_dir"), "{said}");
}
