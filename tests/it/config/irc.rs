//! `[[connection]]` of the kind "irc": what its keys mean, and that nothing of a secret can be seen.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use swatbot::config::{self, Config, Connection, Irc, IrcLogin};
use swatbot::engine::id::RoomId;
use swatbot::engine::settings::{LogMode, NetworkSettings};

use super::parse;

/// A file with one network and no fault. `irc_faults.txt` changes one place of it.
pub(super) const GOOD: &str = r###"[review]
kind = "files"
path = "changes"
config_repos = ["operations/mediawiki-config"]
[[connection]]
kind = "irc"
network = "libera"
server = "irc.libera.chat"
account = "swatbot"
password_file = "libera.password"
channels = ["#ops", "##swat"]
[[window]]
id = "morning"
name = "Morning window"
days = ["mon", "tue"]
start = "06:00"
timezone = "America/Los_Angeles"
minutes = 60
rooms = ["libera/#ops"]
[[person]]
id = "alice"
roles = ["deployer"]
irc = ["libera/alice", "later/alice"]
"###;

fn irc(config: &Config) -> &Irc {
    match &config.connections[..] {
        [Connection::Irc(irc)] => irc,
        other => panic!("not one network: {other:?}"),
    }
}

/// The good file with other lines for the network, but for its name and its channels.
fn with(lines: &str) -> Config {
    let all = "server = \"irc.libera.chat\"\naccount = \"swatbot\"\npassword_file = \"libera.password\"";
    parse(&GOOD.replace(all, lines))
}

#[test]
fn a_short_connection_has_defaults_for_the_rest() {
    let config = parse(GOOD);
    let expected = Irc {
        network: "libera".to_owned(),
        server: "irc.libera.chat".to_owned(),
        port: 6697,
        tls: true,
        ca_file: None,
        nick: "swatbot".to_owned(),
        alternative_nicks: Vec::new(),
        real_name: "deployment windows, say !swat help".to_owned(),
        account: Some("swatbot".to_owned()),
        login: IrcLogin::Password { file: PathBuf::from("/srv/swatbot/libera.password"), password: None },
        channels: vec!["#ops".to_owned(), "##swat".to_owned()],
        ignore: Vec::new(),
        burst: 4,
        line_every: Duration::from_secs(1),
        formatting: true,
        topic: false,
    };
    assert_eq!(irc(&config), &expected);
    assert_eq!(config.settings.network("libera"), NetworkSettings { trust: true, log: LogMode::Own });
    let window = config.settings.window("morning").unwrap();
    assert_eq!(window.rooms, [RoomId("libera/#ops".to_owned())]);
    assert!(!window.private_commands);
}

#[test]
fn its_keys_change_what_they_name() {
    let config = with(
        r###"server = "2001:db8::1"
port = 7000
ca_file = "ca.pem"
nick = "windows"
alternative_nicks = ["windows_", "windows__"]
real_name = "the windows of example.org"
certificate_file = "/etc/swatbot/irc.pem"
trust = "off"
log = "emit"
ignore = ["stashbot", "logmsgbot"]
burst = 20
line_every = "0s"
formatting = false
topic = true"###,
    );
    let irc = irc(&config);
    assert_eq!((irc.server.as_str(), irc.port, irc.tls), ("2001:db8::1", 7000, true));
    assert_eq!(irc.ca_file.as_deref(), Some(Path::new("/srv/swatbot/ca.pem")));
    assert_eq!(irc.nick, "windows");
    assert_eq!(irc.alternative_nicks, ["windows_", "windows__"]);
    assert_eq!(irc.real_name, "the windows of example.org");
    assert_eq!(irc.account, None);
    assert_eq!(irc.login, IrcLogin::Certificate { file: PathBuf::from("/etc/swatbot/irc.pem") });
    assert_eq!(irc.ignore, ["stashbot", "logmsgbot"]);
    assert_eq!((irc.burst, irc.line_every), (20, Duration::ZERO));
    assert_eq!((irc.formatting, irc.topic), (false, true));
    assert_eq!(config.settings.network("libera"), NetworkSettings { trust: false, log: LogMode::Emit });
}

#[test]
fn without_encryption_a_password_stays_on_this_machine() {
    for server in ["localhost", "127.0.0.1", "127.1.2.3", "::1"] {
        let lines = format!("server = {server:?}\ntls = false\naccount = \"swatbot\"\npassword_file = \"p\"");
        let config = with(&lines);
        assert_eq!((irc(&config).port, irc(&config).tls), (6667, false), "{server}");
    }
    // Without an account there is nothing to lose.
    assert_eq!(irc(&with("server = \"irc.example.org\"\ntls = false")).login, IrcLogin::None);
}

#[test]
fn the_bot_is_called_everywhere_what_it_is_called_once() {
    let config = parse(&format!("[bot]\nname = \"windows\"\nprefix = \".\"\n{GOOD}"));
    assert_eq!(irc(&config).nick, "windows");
    assert_eq!(irc(&config).real_name, "deployment windows, say .swat help");
}

#[test]
fn several_networks_are_kept_apart() {
    let oftc = r###"[[connection]]
kind = "irc"
network = "oftc"
server = "irc.oftc.net"
channels = ["#ops"]
log = "observe"
[[window]]
id = "evening"
name = "Evening window"
days = ["mon"]
start = "13:00"
timezone = "America/Los_Angeles"
minutes = 60
rooms = ["libera/##swat", "oftc/#ops"]
private_commands = true
"###;
    let settings = parse(&format!("{GOOD}{oftc}")).settings;
    assert_eq!(settings.network("libera").log, LogMode::Own);
    assert_eq!(settings.network("oftc").log, LogMode::Observe);
    assert!(settings.window("evening").unwrap().private_commands);
    assert_eq!(settings.who("libera", "alice").0, "alice");
    assert_eq!(settings.who("oftc", "alice").0, "oftc/alice");
}

/// Loads the good file from a folder with these files, each with its rights.
fn load(lines: &str, files: &[(&str, &str, u32)]) -> Result<Config, String> {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("changes")).unwrap();
    for (name, text, mode) in files {
        fs::write(dir.path().join(name), text).unwrap();
        fs::set_permissions(dir.path().join(name), fs::Permissions::from_mode(*mode)).unwrap();
    }
    let file = dir.path().join("windows.toml");
    fs::write(&file, GOOD.replace("password_file = \"libera.password\"", lines)).unwrap();
    let folder = dir.path().display().to_string();
    config::load(&file).map_err(|faults| faults.to_string().replace(&folder, "DIR"))
}

#[test]
fn the_password_is_read_and_never_shown() {
    let config = load("password_file = \"p\"", &[("p", "hunter2\n", 0o600)]).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
    let IrcLogin::Password { password: Some(password), .. } = &irc(&config).login else {
        panic!("no password")
    };
    assert_eq!(password.reveal(), "hunter2");
    let said = load("password_file = \"p\"", &[("p", "hunter2\n", 0o640)]).unwrap_err();
    assert_eq!(
        said,
        "DIR/windows.toml:10: connection[1].password_file: others can read DIR/p. Type chmod 600 DIR/p and change \
         the password."
    );
}

#[test]
fn a_certificate_file_is_refused_for_what_is_wrong_with_it() {
    const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nMIIhunter2\n-----END CERTIFICATE-----\n";
    const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMIIhunter2\n-----END PRIVATE KEY-----\n";
    let lines = "certificate_file = \"irc.pem\"";
    let both = format!("{CERTIFICATE}{KEY}");
    let config = load(lines, &[("irc.pem", &both, 0o600)]).unwrap();
    assert!(matches!(&irc(&config).login, IrcLogin::Certificate { file } if file.ends_with("irc.pem")));

    let put = "Put the certificate and its key into that file, both in PEM, and make it yours alone with chmod 600.";
    let table = [
        (
            Some(both.as_str()),
            0o604,
            "others can read DIR/irc.pem. Type chmod 600 DIR/irc.pem and change the key.".to_owned(),
        ),
        (Some(CERTIFICATE), 0o600, format!("DIR/irc.pem holds no private key. {put}")),
        (Some(KEY), 0o600, format!("DIR/irc.pem holds no certificate. {put}")),
        (
            Some(&both.replace("PRIVATE", "ENCRYPTED PRIVATE")),
            0o600,
            format!("DIR/irc.pem holds a key that needs a password. {put}"),
        ),
        (None, 0o600, format!("DIR/irc.pem cannot be read: No such file or directory (os error 2). {put}")),
    ];
    for (text, mode, expected) in table {
        let files: Vec<_> = text.map(|text| ("irc.pem", text, mode)).into_iter().collect();
        let said = load(lines, &files).unwrap_err();
        assert_eq!(said, format!("DIR/windows.toml:10: connection[1].certificate_file: {expected}"));
        assert!(!said.contains("hunter2"));
    }
}

#[test]
fn a_file_of_authorities_must_hold_some() {
    let password = ("p", "hunter2", 0o600);
    let lines = "password_file = \"p\"\nca_file = \"ca.pem\"";
    let good = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n";
    assert!(load(lines, &[password, ("ca.pem", good, 0o644)]).is_ok());
    let start = "DIR/windows.toml:11: connection[1].ca_file: DIR/ca.pem";
    let fix = "Name a file of certificates in PEM.";
    let said = load(lines, &[password, ("ca.pem", "nothing", 0o644)]).unwrap_err();
    assert_eq!(said, format!("{start} holds no certificate. {fix}"));
    let said = load(lines, &[password]).unwrap_err();
    assert_eq!(said, format!("{start} cannot be read: No such file or directory (os error 2). {fix}"));
}

/// The file of `examples/irc`, for the network that stands in it and for the one that stands there as an example.
#[test]
fn the_example_to_begin_with_has_no_fault() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("examples/irc/windows.toml")).unwrap();
    let (before, rest) = text.split_once("[[connection]]\n").unwrap();
    let (of_libera, rest) = rest.split_once("\n\n").unwrap();
    let (of_local, after) = rest.split_once("\n\n").unwrap();
    let of_libera = format!("[[connection]]\n{of_libera}");
    let of_local = of_local.lines().skip(1).map(|line| line.strip_prefix("# ").unwrap()).collect::<Vec<_>>();
    let of_local = of_local.join("\n");
    for (network, connection) in [("libera", of_libera), ("local", of_local)] {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("examples/changes")).unwrap();
        fs::create_dir(dir.path().join("examples/irc")).unwrap();
        let folder = dir.path().join("examples/irc");
        let password = folder.join(format!("{network}.password"));
        fs::write(&password, "hunter2\n").unwrap();
        fs::set_permissions(&password, fs::Permissions::from_mode(0o600)).unwrap();
        let text = format!("{before}{connection}\n\n{}", after.replace("libera/", &format!("{network}/")));
        fs::write(folder.join("windows.toml"), &text).unwrap();
        // As it is, it says each place where a word is left to the reader.
        let faults = config::load(&folder.join("windows.toml")).unwrap_err();
        let left: Vec<&str> = faults.list.iter().map(|fault| fault.what.split(' ').next().unwrap()).collect();
        let ours = "YOUR-bot YOUR-bot YOUR-channel YOUR-channel YOUR-name YOUR-account YOUR-name";
        assert_eq!(left.join(" "), ours, "{faults}");
        fs::write(folder.join("windows.toml"), text.replace("YOUR-", "my-")).unwrap();
        let config = config::load(&folder.join("windows.toml")).unwrap_or_else(|faults| panic!("{faults}"));
        let irc = irc(&config);
        assert_eq!((irc.network.as_str(), irc.nick.as_str()), (network, "my-bot"));
        assert!(matches!(&irc.login, IrcLogin::Password { password: Some(_), .. }));
        assert_eq!(config.notes(), [""; 0]);
        assert_eq!(config.settings.who(network, "my-account").0, "my-name");
        assert_eq!(config.settings.windows[0].rooms, [RoomId(format!("{network}/##my-channel"))]);
    }
}

#[test]
fn what_is_seldom_meant_is_noted() {
    let later = "alice's account later/alice: no connection is called later, so it gives no right here";
    assert_eq!(parse(GOOD).notes(), [later]);
    let nobody = GOOD.replace("roles = [\"deployer\"]\nirc = [\"libera/alice\", \"later/alice\"]\n", "");
    assert_eq!(
        parse(&nobody).notes(),
        ["nobody is a deployer, so nobody can lead a window; [[person]] says who is"]
    );
    let alone = with("server = \"irc.example.org\"").notes();
    let taken = "libera: the bot has no account there, so others can take the nick swatbot; account and password_file \
                 give it one";
    assert_eq!(alone, [later, taken]);
    // Where there is no network at all, accounts wait for one.
    let network = GOOD.split_once("[[connection]]").unwrap().1.split_once("[[window]]").unwrap().0;
    let console = GOOD.replace(network, "\nkind = \"console\"\n").replace("libera/#ops", "console");
    assert_eq!(parse(&console).notes(), [""; 0]);
}

#[test]
fn a_step_that_the_bot_does_not_take_back_is_noted() {
    let noted = |back: &str| {
        let step =
            format!("{{ step = \"canaries\", run = [\"/usr/bin/scap\", \"sync\", \"{{stage}}\"]{back} }}");
        let plan =
            format!("[[plan]]\nfor = \"config\"\nsteps = [\"review\", \"merge\", {step}, \"production\"]\n");
        parse(&format!("{GOOD}{plan}"))
            .notes()
            .into_iter()
            .filter(|note| note.contains("[[plan]]"))
            .collect::<Vec<_>>()
    };
    let one_way = "[[plan]] for config: canaries has run and no back, so a rollback asks the deployer to take it off by \
                   hand and to say \"done rN\"";
    assert_eq!(noted(""), [one_way]);
    assert_eq!(noted(", back = [\"/usr/bin/scap\", \"revert\", \"{stage}\"]"), [""; 0]);
}
