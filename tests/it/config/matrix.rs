//! `[[connection]]` of the kind "matrix": what its keys mean, and that nothing of a secret can be seen.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use swatbot::config::{self, Config, Connection, Matrix, MatrixLogin, Recovery, Threads};
use swatbot::engine::id::RoomId;
use swatbot::engine::settings::{LogMode, NetworkSettings};

use super::parse;

/// A file with a Matrix connection and no fault. `matrix_faults.txt` changes one place of it.
pub(super) const GOOD: &str = r###"[review]
kind = "files"
path = "changes"
config_repos = ["operations/mediawiki-config"]
[[connection]]
kind = "matrix"
homeserver = "https://matrix.example.org/"
user = "@swatbot:example.org"
password_file = "matrix.password"
rooms = ["!ops:example.org", "!UOR6HFdPq5kLrZJ4cyZKrTHEeZNiXSuPUkQzVoxS6hE"]
state_dir = "matrix"
[[window]]
id = "morning"
name = "Morning window"
days = ["mon", "tue"]
start = "06:00"
timezone = "America/Los_Angeles"
minutes = 60
rooms = ["matrix/!ops:example.org"]
[[person]]
id = "alice"
roles = ["deployer"]
matrix = ["@alice:example.org"]
"###;

fn matrix(config: &Config) -> &Matrix {
    match &config.connections[..] {
        [Connection::Matrix(matrix)] => matrix,
        other => panic!("not one homeserver: {other:?}"),
    }
}

#[test]
fn a_short_connection_has_defaults_for_the_rest() {
    let config = parse(GOOD);
    let expected = Matrix {
        network: "matrix".to_owned(),
        homeserver: "https://matrix.example.org".to_owned(),
        user: "@swatbot:example.org".to_owned(),
        login: MatrixLogin::Password { file: PathBuf::from("/srv/swatbot/matrix.password"), password: None },
        rooms: vec!["!ops:example.org".to_owned(), "!UOR6HFdPq5kLrZJ4cyZKrTHEeZNiXSuPUkQzVoxS6hE".to_owned()],
        state_dir: PathBuf::from("/srv/swatbot/matrix"),
        recovery: None,
        ignore: Vec::new(),
        inviters: Vec::new(),
        bridged: Vec::new(),
        threads: Threads::Answers,
    };
    assert_eq!(matrix(&config), &expected);
    assert_eq!(config.settings.network("matrix"), NetworkSettings { trust: true, log: LogMode::Own });
    let window = config.settings.window("morning").unwrap();
    assert_eq!(window.rooms, [RoomId("matrix/!ops:example.org".to_owned())]);
    assert_eq!(window.rooms[0].network(), "matrix");
    assert_eq!(config.settings.who("matrix", "@alice:example.org").0, "alice");
}

#[test]
fn its_keys_change_what_they_name() {
    let keys = "access_token_file = \"token\"\nignore = [\"@stashbot:example.org\"]\n\
                inviters = [\"@alice:example.org\"]\nbridged = [\"@irc_*:example.org\", \"@_slack_*\"]\n\
                threads = \"patch\"\ntrust = \"off\"\nlog = \"observe\"\n";
    let text = GOOD.replace("password_file = \"matrix.password\"\n", keys);
    for homeserver in ["http://localhost:8008", "http://127.0.0.1:8008", "http://[::1]:8008"] {
        let config = parse(&text.replace("https://matrix.example.org/", homeserver));
        let matrix = matrix(&config);
        assert_eq!(matrix.homeserver, homeserver);
        assert!(matches!(&matrix.login, MatrixLogin::Token { file, token: None } if file.ends_with("token")));
        assert_eq!(matrix.ignore, ["@stashbot:example.org"]);
        assert_eq!(matrix.inviters, ["@alice:example.org"]);
        assert_eq!(matrix.bridged, ["@irc_*:example.org", "@_slack_*"]);
        assert_eq!(matrix.threads, Threads::Patch);
        let expected = NetworkSettings { trust: false, log: LogMode::Observe };
        assert_eq!(config.settings.network("matrix"), expected);
    }
}

#[test]
fn the_secret_is_read_and_never_shown() {
    for (key, mode) in [("password_file", 0o600), ("access_token_file", 0o600), ("access_token_file", 0o640)]
    {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("changes")).unwrap();
        let secret = dir.path().join("secret");
        fs::write(&secret, "hunter2\n").unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(mode)).unwrap();
        let file = dir.path().join("windows.toml");
        fs::write(&file, GOOD.replace("password_file = \"matrix.password\"", &format!("{key} = \"secret\"")))
            .unwrap();
        match config::load(&file) {
            Ok(config) => {
                assert_eq!(mode, 0o600);
                assert!(!format!("{config:?}").contains("hunter2"));
                let (MatrixLogin::Password { password: Some(secret), .. }
                | MatrixLogin::Token { token: Some(secret), .. }) = &matrix(&config).login
                else {
                    panic!("{key} was not read");
                };
                assert_eq!(secret.reveal(), "hunter2");
            }
            Err(faults) => {
                let said = faults.to_string();
                assert!(mode == 0o640 && said.contains("others can read"), "{said}");
                assert!(!said.contains("hunter2"));
            }
        }
    }
}

#[test]
fn the_recovery_key_is_made_later_and_then_nobody_elses_to_read() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("changes")).unwrap();
    let write = |name: &str, text: &str, mode| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    };
    write("matrix.password", "hunter2\n", 0o600);
    let file = dir.path().join("windows.toml");
    let keys = "state_dir = \"matrix\"\nrecovery_key_file = \"key\"\n";
    fs::write(&file, GOOD.replace("state_dir = \"matrix\"\n", keys)).unwrap();

    let config = config::load(&file).unwrap();
    assert_eq!(matrix(&config).recovery, Some(Recovery { file: dir.path().join("key"), key: None }));
    let notes = config.notes();
    assert!(notes.iter().any(|note| note.contains("\"swatbot matrix-setup\" makes it")), "{notes:?}");

    write("key", "EsTc LW2K PGiF wKEA\n", 0o600);
    let config = config::load(&file).unwrap();
    let key = matrix(&config).recovery.as_ref().and_then(|recovery| recovery.key.as_ref()).unwrap();
    assert_eq!(key.reveal(), "EsTc LW2K PGiF wKEA");
    let note = "matrix/!UOR6HFdPq5kLrZJ4cyZKrTHEeZNiXSuPUkQzVoxS6hE is in no window: nothing of a window is said there";
    assert_eq!(config.notes(), [note]);
    assert!(!format!("{config:?}").contains("EsTc"));

    for (text, mode, said) in [
        ("EsTc LW2K\n", 0o640, "others can read"),
        ("", 0o600, "does not hold one recovery key"),
        ("EsTc\nLW2K\n", 0o600, "does not hold one recovery key"),
    ] {
        write("key", text, mode);
        let faults = config::load(&file).expect_err("it is refused").to_string();
        assert!(faults.contains("connection[1].recovery_key_file") && faults.contains(said), "{faults}");
        assert!(!faults.contains("EsTc"), "{faults}");
    }
}

/// The file of `examples/matrix`: as it is, it says each place where a word is left to the reader.
#[test]
fn the_example_to_begin_with_has_no_fault() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("examples/matrix/windows.toml")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("examples/changes")).unwrap();
    let folder = dir.path().join("examples/matrix");
    fs::create_dir(&folder).unwrap();
    let password = folder.join("matrix.password");
    fs::write(&password, "hunter2\n").unwrap();
    fs::set_permissions(&password, fs::Permissions::from_mode(0o600)).unwrap();
    let file = folder.join("windows.toml");
    fs::write(&file, &text).unwrap();
    assert!(config::load(&file).unwrap_err().to_string().contains("YOUR-"));
    fs::write(&file, text.replace("YOUR-", "my-")).unwrap();
    let config = config::load(&file).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(matrix(&config).user, "@my-bot:my-server");
    assert_eq!(config.settings.who("matrix", "@my-account:my-server").0, "my-name");
    assert_eq!(config.settings.windows[0].rooms, [RoomId("matrix/!my-room:my-server".to_owned())]);
}
