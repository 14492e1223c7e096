//! A bot as a process: started on a processor of its own, looked at in /proc, ended with this.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::load::{Client, new_nick};

/// Which bot, and how it is set.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A floor, by its name.
    Floor(&'static str),
    /// swatbot without pacing.
    Swatbot,
    /// swatbot as it comes.
    Paced,
    /// swatbot without pacing, on a long log.
    Asked,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Floor(name) => name,
            Self::Swatbot => "swatbot",
            Self::Paced => "paced",
            Self::Asked => "asked",
        }
    }

    pub(crate) fn channel(self) -> String {
        format!("#{}", self.name())
    }

    /// Somebody who is in the channel before the bot.
    pub(crate) async fn observer(self, server: SocketAddr) -> io::Result<Client> {
        Client::join(server, &new_nick(), &self.channel()).await
    }
}

/// A running bot in its own channel.
pub(crate) struct Bot {
    child: Child,
    pub(crate) kind: Kind,
    pub(crate) channel: String,
    database: PathBuf,
}

impl Bot {
    /// Starts a bot with its files in `dir`, which reaches the server by the address `by`, and waits until it has answered
    /// the observer in its channel.
    pub(crate) async fn start(
        kind: Kind,
        by: SocketAddr,
        mut observer: Client,
        dir: &Path,
        pinned: bool,
    ) -> io::Result<Self> {
        let name = kind.name();
        let channel = kind.channel();
        let database = dir.join("log.db");
        let mut command = Command::new(if pinned { "taskset" } else { "env" });
        if pinned {
            command.args(["-c", &last_processor()?]);
        }
        match kind {
            Kind::Floor(floor) => {
                command.arg(std::env::current_exe()?).args(["floor", floor, &by.to_string(), name, &channel]);
                command.arg(&database);
            }
            Kind::Swatbot | Kind::Paced | Kind::Asked => {
                let config = dir.join("windows.toml");
                fs::create_dir_all(dir.join("changes"))?;
                fs::write(&config, configuration(by, name, kind == Kind::Paced))?;
                command.arg(env!("CARGO_BIN_EXE_swatbot")).arg("--config").arg(config);
            }
        }
        command.stdin(Stdio::null()).stdout(fs::File::create(dir.join("out"))?);
        command.stderr(fs::File::create(dir.join("err"))?);
        let child = command.spawn()?;
        let bot = Self { child, kind, channel, database };
        let ready = async {
            observer.wait_for(&format!("JOIN :{}", bot.channel)).await?;
            observer.ask(&bot.channel).await
        };
        match tokio::time::timeout(Duration::from_secs(10), ready).await {
            Ok(ready) => ready?,
            Err(_) => {
                let said = fs::read_to_string(dir.join("err")).unwrap_or_default();
                return Err(io::Error::other(format!("{name} did not answer within 10 s: {said}")));
            }
        }
        Ok(bot)
    }

    /// The processor time that it has used so far, in microseconds.
    pub(crate) fn cpu(&self) -> f64 {
        cpu(self.child.id())
    }

    /// What it holds in memory: all, and its own alone, in MiB.
    pub(crate) fn memory(&self) -> (f64, f64) {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        (field(&status, "VmRSS:") / 1024.0, field(&status, "RssAnon:") / 1024.0)
    }

    /// How often its threads have gone to sleep so far: each wake-up ends in one.
    pub(crate) fn sleeps(&self) -> f64 {
        threads(self.child.id(), "status")
            .iter()
            .map(|status| field(status, "voluntary_ctxt_switches:"))
            .sum()
    }

    /// The rows of `!log` that are in its database.
    pub(crate) fn rows(&self) -> rusqlite::Result<usize> {
        let sql = match self.kind {
            Kind::Floor("echo") => return Ok(0),
            Kind::Floor(_) => "SELECT count(*) FROM log",
            Kind::Swatbot | Kind::Paced | Kind::Asked => "SELECT count(*) FROM event WHERE kind = 'logged'",
        };
        let log = Connection::open_with_flags(&self.database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        log.query_one(sql, [], |row| row.get(0))
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        // Where it is gone already, there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The processor time of a process, in microseconds.
pub(crate) fn cpu(pid: u32) -> f64 {
    let nanoseconds = |stat: &String| stat.split(' ').next()?.parse::<f64>().ok();
    threads(pid, "schedstat").iter().filter_map(nanoseconds).sum::<f64>() / 1e3
}

/// What /proc says of each thread of a process.
fn threads(pid: u32, file: &str) -> Vec<String> {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    tasks.flatten().filter_map(|task| fs::read_to_string(task.path().join(file)).ok()).collect()
}

fn field(status: &str, key: &str) -> f64 {
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(f64::NAN)
}

/// The number of the last processor, from a list such as `0-3,5`.
fn last_processor() -> io::Result<String> {
    let list = fs::read_to_string("/sys/devices/system/cpu/online")?;
    Ok(list.trim().rsplit(['-', ',']).next().unwrap_or("0").to_owned())
}

/// A configuration with one channel; whoever is there has an account and no role.
fn configuration(server: SocketAddr, name: &str, paced: bool) -> String {
    let pacing = if paced { "" } else { "line_every = \"0s\"\n" };
    let port = server.port();
    format!(
        r##"[bot]
name = "{name}"
database = "log.db"

[review]
kind = "files"
path = "changes"
config_repos = ["operations/mediawiki-config"]

[[connection]]
kind = "irc"
network = "bench"
server = "127.0.0.1"
port = {port}
tls = false
nick = "{name}"
channels = ["#{name}"]
{pacing}
[[window]]
id = "morning"
name = "UTC morning backport and config window"
days = ["mon", "tue", "wed", "thu"]
start = "06:00"
timezone = "America/Los_Angeles"
minutes = 60
limit = 6
rooms = ["bench/#{name}"]
"##
    )
}
