//! The program itself without a terminal, on a server of its own: it connects, answers, stops, reads its configuration
//! again, and outlives being killed.

#[cfg(feature = "matrix")]
mod both;
#[cfg(feature = "matrix")]
mod kills;
mod log;
#[cfg(feature = "matrix")]
mod matrix;
mod steps;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::fake_irc::{FakeIrc, Welcome};

/// How long something may take that takes milliseconds where nothing is wrong.
const PATIENCE: Duration = Duration::from_secs(20);

/// The running program. Dropped, it is killed.
struct Daemon {
    child: Child,
    /// What it tells its operator, line by line.
    told: Receiver<String>,
}

/// A folder with a configuration that knows one server.
struct Home {
    _folder: TempDir,
    config: PathBuf,
}

impl Home {
    fn new(server: &FakeIrc) -> Self {
        Self::with(server, "")
    }

    /// `more` belongs to the connection.
    fn with(server: &FakeIrc, more: &str) -> Self {
        let home = Self::empty();
        home.write(server, more);
        home
    }

    fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("windows.toml");
        Self { _folder: folder, config }
    }

    fn write(&self, server: &FakeIrc, more: &str) {
        let port = server.port();
        let connections = format!(
            r##"
[[connection]]
kind = "irc"
network = "test"
server = "127.0.0.1"
port = {port}
tls = false
channels = ["#ops"]
{more}
"##
        );
        self.write_connections(&connections, &["test/#ops"], r#"irc = ["test/alice"]"#);
    }

    /// A configuration with these connections, a window in these rooms, and alice under these accounts.
    fn write_connections(&self, connections: &str, rooms: &[&str], alice: &str) {
        let changes = self.changes();
        let changes = changes.display();
        let text = format!(
            r##"
[bot]
database = "swatbot.db"

[review]
kind = "files"
path = "{changes}"
config_repos = ["operations/mediawiki-config"]
{connections}
[[window]]
id = "day"
name = "The whole day"
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
start = "12:00"
timezone = "UTC"
minutes = 600
rooms = {rooms:?}

[[person]]
id = "alice"
roles = ["deployer"]
{alice}
"##
        );
        fs::write(&self.config, text).unwrap();
    }

    /// The folder with what is known of changes, made of the examples.
    fn changes(&self) -> PathBuf {
        let folder = self.config.with_file_name("changes");
        if !folder.exists() {
            fs::create_dir(&folder).unwrap();
            let examples = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples/changes");
            for file in fs::read_dir(examples).unwrap().map(Result::unwrap) {
                fs::copy(file.path(), folder.join(file.file_name())).unwrap();
            }
        }
        folder
    }

    /// A change is merged.
    #[cfg(feature = "matrix")]
    fn merge(&self, change: u32) {
        let file = self.changes().join(format!("{change}.json"));
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replacen("\"status\": \"NEW\"", "\"status\": \"MERGED\"", 1)).unwrap();
    }

    /// How many rows have this text in them, as somebody else reads the log.
    fn rows(&self, text: &str) -> usize {
        let output = self.command().args(["log", "last", "1000", "--json"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().lines().filter(|row| row.contains(text)).count()
    }

    fn wait_for_row(&self, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.rows(text) == 0 {
            assert!(Instant::now() < deadline, "no row has {text:?} in it");
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_swatbot"));
        command.args(["--config", self.config.to_str().unwrap(), "--clock", "2026-11-23T12:00:00Z"]);
        command
    }

    fn start(&self) -> Daemon {
        Self::spawn(self.command())
    }

    /// Starts it with the time of the machine instead of a clock that stands.
    fn start_by_the_clock(&self) -> Daemon {
        let mut command = Command::new(env!("CARGO_BIN_EXE_swatbot"));
        command.arg("--config").arg(&self.config);
        Self::spawn(command)
    }

    fn spawn(mut command: Command) -> Daemon {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (tell, told) = channel();
        std::thread::spawn(move || {
            stderr.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)).ok();
        });
        Daemon { child, told }
    }
}

impl Daemon {
    /// Waits for a line with `part` in it, and gives everything up to it.
    fn tells(&self, part: &str) -> Vec<String> {
        let mut told = Vec::new();
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.told.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => told.push(line),
                Err(error) => panic!("no {part:?} was told ({error}): {told:#?}"),
            }
            if told.last().unwrap().contains(part) {
                return told;
            }
        }
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("sh").args(["-c", &format!("kill -{name} {}", self.child.id())]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for its end, and gives its exit code.
    fn ends(mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < deadline, "it does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The most memory that it ever had, in KiB.
    fn most_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server and a program in its channel.
fn started() -> (FakeIrc, Home, Daemon) {
    let server = FakeIrc::in_thread();
    server.add("alice", Some("alice"));
    let home = Home::new(&server);
    let daemon = home.start();
    server.wait_for("WHO #ops", 1);
    (server, home, daemon)
}

#[test]
fn it_connects_joins_answers_and_leaves_in_order() {
    let (server, home, daemon) = started();
    daemon.tells("swatbot: connected to test");
    server.say("account=alice", "alice", "#ops", "!swat now");
    let answer = server.wait_for("alice: ", 1).remove(0);
    assert!(answer.starts_with("NOTICE #ops :alice: "), "{answer}");
    server.say("account=alice", "alice", "#ops", "!log on the record");
    server.wait_for("logged L", 1);
    daemon.signal("TERM");
    let quit = server.wait_for("QUIT", 1).remove(0);
    assert!(quit.starts_with("QUIT :") && quit.contains("stopped"), "{quit}");
    assert_eq!(daemon.ends(), Some(0));
    assert_eq!((home.rows("on the record"), server.connections()), (1, 1));
}

#[test]
fn what_was_recorded_and_not_yet_answered_is_not_recorded_twice() {
    let server = FakeIrc::in_thread();
    server.add("alice", Some("alice"));
    // One line a minute: answers wait, and rows do not.
    let home = Home::with(&server, "burst = 1\nline_every = \"60s\"");
    let daemon = home.start();
    server.wait_for("WHO #ops", 1);
    server.say("account=alice;msgid=m1", "alice", "#ops", "!swat claim");
    server.wait_for("you lead 2026-11-23/day", 1);
    server.say("account=alice;msgid=m2", "alice", "#ops", "!log the unanswered one");
    home.wait_for_row("the unanswered one");
    daemon.kill();
    assert_eq!(server.heard("logged"), [""; 0], "it was killed before it answered");
    let daemon = home.start();
    // The window waits for the lead, so this is for her.
    let back = "PRIVMSG #ops :alice: I am back. 2026-11-23/day is on";
    assert!(server.wait_for("I am back", 1)[0].starts_with(back), "{:?}", server.heard("I am back"));
    // As a server does that hands out what was missed.
    server.say("account=alice;msgid=m2", "alice", "#ops", "!log the unanswered one");
    server.say("account=alice;msgid=m3", "alice", "#ops", "!log the next one");
    home.wait_for_row("the next one");
    assert_eq!(home.rows("the unanswered one"), 1);
    drop(daemon);
}

#[test]
fn a_configuration_that_is_read_again_takes_rights_away_and_a_bad_one_changes_nothing() {
    let (server, home, daemon) = started();
    server.say("account=alice", "alice", "#ops", "!swat claim");
    server.wait_for("you lead 2026-11-23/day", 1);
    home.write(&server, "trust = \"of\"");
    daemon.signal("HUP");
    let told = daemon.tells("trust");
    assert!(told.iter().any(|line| line.contains("is not taken")), "{told:?}");
    server.say("account=alice", "alice", "#ops", "!swat unclaim");
    server.wait_for("has no lead now", 1);
    home.write(&server, "trust = \"off\"");
    daemon.signal("HUP");
    daemon.tells("swatbot: the configuration was read again");
    server.say("account=alice", "alice", "#ops", "!swat claim");
    let refusal = server.wait_for("alice: no: ", 1).remove(0);
    assert_eq!(server.heard("you lead").len(), 1, "{refusal}");
    // A connection is not changed under those who talk on it, and the operator is told.
    home.write(&server, "burst = 2");
    daemon.signal("HUP");
    daemon.tells("change with a restart only");
    daemon.signal("TERM");
    assert_eq!((daemon.ends(), server.connections()), (Some(0), 1));
}

#[test]
fn f38_systemd_is_told_that_it_listens_and_then_that_its_loop_goes_round() {
    let server = FakeIrc::in_thread();
    let home = Home::new(&server);
    let socket = home.config.with_file_name("notify");
    let heard = UnixDatagram::bind(&socket).unwrap();
    heard.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut command = home.command();
    command.env("NOTIFY_SOCKET", &socket).env("WATCHDOG_USEC", "600000");
    let daemon = Home::spawn(command);
    let mut bytes = [0; 100];
    let mut word = || {
        let count = heard.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..count].to_vec()).unwrap()
    };
    assert_eq!(word(), "READY=1");
    let began = Instant::now();
    for _ in 0..5 {
        assert_eq!(word(), "WATCHDOG=1");
    }
    // Nothing is said, and it goes round all the same; not at every opportunity either.
    let took = began.elapsed();
    assert!(took > Duration::from_millis(450), "{took:?}");
    daemon.signal("TERM");
    assert_eq!(daemon.ends(), Some(0));
}

#[test]
fn f38_a_watchdog_time_that_is_none_or_tiny_ends_nothing() {
    // Whether systemd is told that it is alive: none is nobody who watches.
    for (time, is_told) in [("0", false), ("2", true), ("2000", true)] {
        let server = FakeIrc::in_thread();
        server.add("alice", Some("alice"));
        let home = Home::new(&server);
        let socket = home.config.with_file_name("notify");
        let heard = UnixDatagram::bind(&socket).unwrap();
        heard.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut command = home.command();
        command.env("NOTIFY_SOCKET", &socket).env("WATCHDOG_USEC", time);
        let daemon = Home::spawn(command);
        server.wait_for("WHO #ops", 1);
        // A wake is set by this, and is waited for.
        server.say("account=alice", "alice", "#ops", "!swat claim");
        server.wait_for("alice: you lead", 1);
        let mut bytes = [0; 100];
        let count = heard.recv(&mut bytes).unwrap();
        assert_eq!(&bytes[..count], b"READY=1");
        if is_told {
            let count = heard.recv(&mut bytes).unwrap();
            assert_eq!(&bytes[..count], b"WATCHDOG=1", "{time}");
        } else {
            heard.set_nonblocking(true).unwrap();
            assert!(heard.recv(&mut bytes).is_err(), "{time}");
        }
        daemon.signal("TERM");
        assert_eq!(daemon.ends(), Some(0), "{time}");
    }
}

#[test]
fn the_second_signal_ends_it_at_once() {
    let server = FakeIrc::in_thread();
    server.add("alice", Some("alice"));
    let home = Home::with(&server, "burst = 1\nline_every = \"60s\"");
    let daemon = home.start();
    server.wait_for("WHO #ops", 1);
    for number in 1..=3 {
        server.say("account=alice", "alice", "#ops", &format!("!log row {number}"));
    }
    home.wait_for_row("row 3");
    let began = Instant::now();
    daemon.signal("TERM");
    daemon.tells("swatbot: stopping");
    daemon.signal("TERM");
    assert_eq!(daemon.ends(), Some(1));
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

#[test]
fn a_server_that_is_not_there_is_told_and_waited_for() {
    let server = FakeIrc::in_thread();
    let home = Home::new(&server);
    let port = server.port();
    drop(server);
    let daemon = home.start();
    let told = daemon.tells("test is lost");
    // What `check` notes stands in front.
    let [note, lost] = &told[..] else { panic!("{told:?}") };
    assert!(note.starts_with("swatbot: note: test: the bot has no account there"), "{told:?}");
    assert_eq!(*lost, format!("swatbot: test is lost: 127.0.0.1:{port} takes no connection; trying again"));
    daemon.signal("INT");
    assert_eq!(daemon.ends(), Some(0));
}

#[test]
fn a_server_that_tells_nobody_apart_is_told_to_the_operator() {
    let server = FakeIrc::in_thread();
    server.offer(&[]);
    let home = Home::new(&server);
    let daemon = home.start();
    let told = daemon.tells("connected to test");
    assert!(
        told.last().unwrap().starts_with("swatbot: connected to test, where nobody has a right: "),
        "{told:?}"
    );
}

#[test]
fn a_wrong_password_ends_it_and_names_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let server = FakeIrc::in_thread();
    server.welcome(Welcome::Lines(vec![
        ":irc.test CAP * LS :sasl",
        ":irc.test CAP * ACK :sasl",
        ":irc.test 904 swatbot :SASL authentication failed",
    ]));
    let home = Home::with(&server, "account = \"swatbot\"\npassword_file = \"test.password\"");
    let password = home.config.with_file_name("test.password");
    fs::write(&password, "hunter2\n").unwrap();
    fs::set_permissions(&password, fs::Permissions::from_mode(0o600)).unwrap();
    let daemon = home.start();
    let told = daemon.tells("there is nowhere left to talk");
    let why = format!(
        "swatbot: test is lost: the login as swatbot failed: SASL authentication failed (904); the password is the one \
         in {}; not trying again before a restart",
        password.display()
    );
    assert!(told.contains(&why), "{told:?}");
    assert!(told.iter().all(|line| !line.contains("hunter2")), "{told:?}");
    assert_eq!(daemon.ends(), Some(1));
    assert_eq!(home.rows("the login as swatbot failed"), 1);
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_second_one_on_the_same_log_is_refused() {
    let (_server, home, daemon) = started();
    let second = home.start();
    let told = second.tells("in use");
    assert!(told.last().unwrap().contains(&daemon.child.id().to_string()), "{told:?}");
    assert_eq!(second.ends(), Some(1));
}

#[test]
fn a_line_without_end_costs_no_memory() {
    let (server, _home, daemon) = started();
    server.say("account=alice", "alice", "#ops", "!swat now");
    server.wait_for("alice: ", 1);
    let before = daemon.most_memory();
    let piece = vec![b'x'; 1 << 20];
    (0..64).for_each(|_| server.send(&piece));
    server.send("\r\n");
    server.say("account=alice", "alice", "#ops", "!swat now");
    server.wait_for("alice: ", 2);
    let grown = daemon.most_memory() - before;
    assert!(grown < 4096, "{grown} KiB more than the {before} KiB from before");
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_script_on_a_pipe_touches_no_network() {
    let server = FakeIrc::in_thread();
    let home = Home::with(&server, "\n[[connection]]\nkind = \"console\"");
    let mut script = home.command().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    script.stdin.take().unwrap().write_all(b"alice> !swat whoami\n").unwrap();
    let output = script.wait_with_output().unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8(output.stdout).unwrap().contains("swatbot> alice: "));
    assert_eq!(server.connections(), 0);
}
