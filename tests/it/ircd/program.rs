//! The program itself on a network: its folder, its configuration, and what it wrote into its log.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use serde_json::Value;
use swatbot::clock::Clock;
use tempfile::TempDir;

use super::client::{Client, Heard};
use super::daemon::{Daemon, LONG_ENOUGH};
use super::network::{Network, PORT, password};

/// The nick and the account of the bot.
pub(crate) const BOT: &str = "swatbot";

/// The bot, running. Dropped, it is killed, and its folder is gone.
pub(crate) struct Program {
    folder: TempDir,
    pub(crate) daemon: Daemon,
}

/// What a test changes in the configuration.
pub(crate) struct Setup<'a> {
    /// More lines of `[[connection]]`.
    pub(crate) connection: &'a str,
    /// The steps of a patch of configuration.
    pub(crate) steps: &'a str,
    /// More sections.
    pub(crate) sections: &'a str,
}

impl Default for Setup<'_> {
    fn default() -> Self {
        let steps = r#""review", "merge", "testservers", "verify", "production", "watch 1s""#;
        // Only the tests of the pace wait for it.
        Self { connection: "burst = 20\n", steps, sections: "" }
    }
}

impl Program {
    /// Starts it on a network, where it logs in to its account, with a window that is on.
    pub(crate) fn on(network: &Network, setup: &Setup<'_>) -> Self {
        let login = format!("account = \"{BOT}\"\npassword_file = \"password\"\n");
        let connection = connection(&network.host, PORT, &format!("{login}{}", setup.connection));
        Self::start(&configuration(&connection, setup))
    }

    /// Starts it with the text of a configuration.
    pub(crate) fn start(configuration: &str) -> Self {
        Self::in_folder(folder(configuration))
    }

    /// The same after one of its other commands, which must go well.
    #[cfg(feature = "matrix")]
    pub(crate) fn start_after(command: &str, configuration: &str) -> Self {
        let folder = folder(configuration);
        let output = Command::new(env!("CARGO_BIN_EXE_swatbot"))
            .args([command, "--config"])
            .arg(folder.path().join("windows.toml"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{command}: {output:?}");
        Self::in_folder(folder)
    }

    fn in_folder(folder: TempDir) -> Self {
        let daemon = Self::run(&folder.path().join("windows.toml"));
        Self { folder, daemon }
    }

    fn run(configuration: &std::path::Path) -> Daemon {
        Daemon::program(env!("CARGO_BIN_EXE_swatbot"), &["--config", configuration.to_str().unwrap()])
    }

    /// A file of its folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Lets the review system say that a change is merged.
    pub(crate) fn merge(&self, change: u32) {
        self.edit(change, |info| {
            let now = Clock::system().now().format("%Y-%m-%d %H:%M:%S.000000000").to_string();
            info["status"] = "MERGED".into();
            info["submitted"] = now.as_str().into();
            info["updated"] = now.into();
        });
    }

    /// Makes more changes like one of the examples.
    pub(crate) fn copy_change(&self, from: u32, to: u32) {
        fs::copy(self.file(&format!("changes/{from}.json")), self.file(&format!("changes/{to}.json")))
            .unwrap();
        self.edit(to, |info| {
            let id = format!("I{to:040x}");
            let project = info["project"].as_str().unwrap().replace('/', "%2F");
            info["id"] = format!("{project}~{to}").into();
            info["change_id"] = id.into();
            info["_number"] = to.into();
            info["virtual_id_number"] = to.into();
        });
    }

    fn edit(&self, change: u32, edit: impl Fn(&mut Value)) {
        const GUARD: &str = ")]}'\n";
        let file = self.file(&format!("changes/{change}.json"));
        let text = fs::read_to_string(&file).unwrap();
        let mut info: Value = serde_json::from_str(text.strip_prefix(GUARD).unwrap()).unwrap();
        edit(&mut info);
        // The bot reads the old file or the new one, and never half of it.
        let fresh = self.file("fresh.json");
        fs::write(&fresh, format!("{GUARD}{info}")).unwrap();
        fs::rename(fresh, file).unwrap();
    }

    /// The rows that `swatbot log` gives, the oldest first.
    pub(crate) fn log(&self) -> Vec<Value> {
        self.asked().unwrap_or_else(|why| panic!("{why}"))
    }

    fn asked(&self) -> Result<Vec<Value>, String> {
        let output = Command::new(env!("CARGO_BIN_EXE_swatbot"))
            .args(["log", "last", "1000", "--json", "--config"])
            .arg(self.file("windows.toml"))
            .output()
            .unwrap();
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let text = String::from_utf8(output.stdout).unwrap();
        Ok(text.lines().rev().map(|line| serde_json::from_str(line).unwrap()).collect())
    }

    /// Waits for a row of the log, which may not be there at all yet.
    pub(crate) fn wait_for_row(&self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + LONG_ENOUGH;
        while Instant::now() < end {
            if let Some(row) = self.asked().unwrap_or_default().into_iter().find(&is_it) {
                return row;
            }
        }
        panic!("{what}: no such row in {:#?}", self.log());
    }

    /// Runs one of its other commands in its folder, which must go well, and gives what it prints.
    #[cfg(feature = "matrix")]
    pub(crate) fn command(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_swatbot"));
        let output = command.args(arguments).arg("--config").arg(self.file("windows.toml")).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        self.daemon.signal(name);
    }

    /// Kills it, as a power cut would.
    #[cfg(feature = "matrix")]
    pub(crate) fn kill(&mut self) {
        self.daemon.kill();
    }

    /// Kills it and starts it again.
    pub(crate) fn restart(&mut self) {
        self.daemon.kill();
        self.daemon = Self::run(&self.file("windows.toml"));
    }

    /// Waits until it prints a line with these words.
    #[cfg(feature = "matrix")]
    pub(crate) fn prints(&mut self, words: &str) {
        self.daemon.until(words);
    }

    /// Waits until it ends, and gives its exit code.
    #[cfg(feature = "matrix")]
    pub(crate) fn ends(&mut self) -> Option<i32> {
        self.daemon.ends()
    }
}

/// A folder with a configuration, the bot's password, and the changes of the examples.
fn folder(configuration: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    fs::write(place.join("windows.toml"), configuration).unwrap();
    let file = place.join("password");
    fs::write(&file, password(BOT)).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    fs::create_dir(place.join("changes")).unwrap();
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/changes");
    for file in fs::read_dir(examples).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), place.join("changes").join(file.file_name())).unwrap();
    }
    folder
}

/// A `[[connection]]` to the network of a test.
pub(crate) fn connection(server: &str, port: u16, keys: &str) -> String {
    format!(
        "[[connection]]\nkind = \"irc\"\nnetwork = \"testnet\"\nserver = \"{server}\"\nport = {port}\nnick = \"{BOT}\"\n\
         channels = [\"#ops\", \"#other\"]\n{}{keys}\n",
        if keys.contains("tls = ") { "" } else { "tls = false\n" }
    )
}

/// A whole configuration: a window in #ops that began in this minute, alice and dan who deploy, bob who does not.
pub(crate) fn configuration(connection: &str, setup: &Setup<'_>) -> String {
    let accounts = |name: &str| format!("irc = [\"testnet/{name}\"]");
    configuration_in(&["testnet/#ops"], connection, accounts, setup)
}

/// The same in other rooms and with other accounts, one line for each person.
pub(crate) fn configuration_in(
    rooms: &[&str],
    connections: &str,
    accounts: impl Fn(&str) -> String,
    setup: &Setup<'_>,
) -> String {
    const DEPLOYER: &str = "roles = [\"deployer\"]\n";
    let begin = Clock::system().now().format("%H:%M");
    let Setup { steps, sections, .. } = setup;
    let person = |(name, roles): (&str, &str)| {
        format!("[[person]]\nid = \"{name}\"\n{roles}gerrit = \"{name}\"\n{}\n", accounts(name))
    };
    let people = [("alice", DEPLOYER), ("dan", DEPLOYER), ("bob", "")].map(person).concat();
    format!(
        r#"
[review]
kind = "files"
path = "changes"
config_repos = ["operations/mediawiki-config"]
code_repos = ["mediawiki/"]
live_branches = ["wmf/1.27.0-wmf.4"]
ci_accounts = ["jenkins-bot"]

{connections}
[[window]]
id = "real"
name = "A window of the tests"
days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
start = "{begin}"
timezone = "UTC"
minutes = 600
limit = 40
rooms = {rooms:?}

[[plan]]
for = "config"
steps = [{steps}]

[timers]
debounce = "0s"
crossed = "0s"
gather = "0s"

{people}
{sections}
"#
    )
}

impl Client {
    /// Waits for a line of the bot with these words, in a channel or to itself.
    pub(crate) fn told(&mut self, words: &str) -> Heard {
        let ours = |heard: &Heard| {
            matches!(heard.verb.as_str(), "NOTICE" | "PRIVMSG") && heard.nick().starts_with(BOT)
        };
        self.wait(words, |heard| ours(heard) && heard.text().contains(words))
    }

    /// Says a line in #ops and waits for the answer: a NOTICE to the channel that begins with the nick.
    pub(crate) fn ask(&mut self, line: &str, words: &str) -> Heard {
        self.say("#ops", line);
        let nick = format!("{}: ", self.nick);
        let answer = self.wait(&format!("the answer to {line}"), |heard| {
            heard.is("NOTICE", BOT) && heard.parameter(0) == "#ops" && heard.text().starts_with(&nick)
        });
        assert!(answer.text().contains(words), "{line}: {words:?} is not in {answer:?}");
        answer
    }
}
