//! `windows.toml` to typed settings: every fault at once, each with its line, its key and what to type instead.

mod bot;
mod connection;
mod fault;
mod irc;
mod item;
mod matrix;
mod notes;
mod overlap;
mod person;
mod plan;
mod policy;
mod reader;
mod review;
mod secret;
mod suggest;
mod timers;
mod window;
mod word;

use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::de::DeTable;

use crate::engine::settings::{EmergencySettings, Seed, Settings};
use crate::secret::Secret;

pub use fault::{Fault, Faults};

use reader::{Reader, Section};

/// What a file is called that was given as text.
const NAME: &str = "windows.toml";

/// Everything the program is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// What the engine decides by.
    pub settings: Settings,
    /// The log.
    pub database: PathBuf,
    /// How often the whole log is checked while the bot runs.
    pub full_check: Duration,
    /// Where facts about patches come from.
    pub review: Review,
    /// The report of what tests run, where there is one.
    pub coverage: Option<Coverage>,
    /// Where the bot talks.
    pub connections: Vec<Connection>,
}

/// Where facts about patches come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Review {
    /// A folder of answers, one file a change.
    Files {
        /// The folder.
        path: PathBuf,
    },
    /// A Gerrit server.
    Gerrit {
        /// Its address, without a slash at the end.
        url: String,
        /// Who asks; nobody in particular where it is left out.
        login: Option<Login>,
        /// How long an answer is waited for.
        timeout_seconds: u64,
    },
}

/// An account at the review system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Its name.
    pub username: String,
    /// The file that holds the password.
    pub password_file: PathBuf,
    /// The password. Only `load` reads it, `parse` looks at no file.
    pub password: Option<Secret>,
}

/// A Clover report of what tests run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// In a file.
    File(PathBuf),
    /// At an address.
    Url(String),
}

/// A place where the bot talks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connection {
    /// The terminal.
    Console,
    /// An IRC network.
    Irc(Box<Irc>),
    /// Matrix, through one homeserver.
    Matrix(Box<Matrix>),
}

/// An IRC network and how the bot behaves there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Irc {
    /// The name that its accounts and channels are kept under: `libera/alice`, `libera/#channel`.
    pub network: String,
    /// The host.
    pub server: String,
    /// The port.
    pub port: u16,
    /// The connection is encrypted, and the server proves its name.
    pub tls: bool,
    /// The certificates that the server's is checked against, in PEM; the system's where it is left out.
    pub ca_file: Option<PathBuf>,
    /// The nick. The bot acts only while it has it.
    pub nick: String,
    /// Nicks to wait under while the first is taken.
    pub alternative_nicks: Vec<String>,
    /// The real name, which tells people whose bot it is.
    pub real_name: String,
    /// The services account that the server must confirm.
    pub account: Option<String>,
    /// How it logs in.
    pub login: IrcLogin,
    /// The channels it is in.
    pub channels: Vec<String>,
    /// Accounts and nicks of other bots: they get no answer.
    pub ignore: Vec<String>,
    /// So many lines are said at once.
    pub burst: u32,
    /// After these, one in this time; zero for no limit.
    pub line_every: std::time::Duration,
    /// Commands that can be pasted stand in bold.
    pub formatting: bool,
    /// The topic says how the window stands.
    pub topic: bool,
}

/// How the bot logs in to services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IrcLogin {
    /// Not at all: it has no account.
    None,
    /// SASL PLAIN.
    Password {
        /// The file that holds the password.
        file: PathBuf,
        /// The password. Only `load` reads it, `parse` looks at no file.
        password: Option<Secret>,
    },
    /// SASL EXTERNAL, by the certificate of the connection.
    Certificate {
        /// The certificate and the key, in PEM, in one file that only the bot can read.
        file: PathBuf,
    },
}

/// A Matrix homeserver and how the bot behaves there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// The name that its accounts and rooms are kept under: `matrix/@alice:example.org`, `matrix/!room:example.org`.
    pub network: String,
    /// The address of the client API, without a slash at the end.
    pub homeserver: String,
    /// The bot's own user id.
    pub user: String,
    /// How it logs in.
    pub login: MatrixLogin,
    /// The ids of the rooms it is in.
    pub rooms: Vec<String>,
    /// Where its session, its keys and what it has read are kept.
    pub state_dir: PathBuf,
    /// What brings its signature back when the keys are lost; without it the bot talks in rooms without encryption only.
    pub recovery: Option<Recovery>,
    /// User ids of other bots: they get no answer.
    pub ignore: Vec<String>,
    /// User ids whose invitations into these rooms are taken.
    pub inviters: Vec<String>,
    /// User ids that a bridge speaks under, with `*` for what differs: nobody has a right through them.
    pub bridged: Vec<String>,
    /// Where it answers.
    pub threads: Threads,
}

/// Where answers are said in rooms with threads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Threads {
    /// Where the command was said.
    #[default]
    Answers,
    /// What is about a patch in a thread of the patch, and all else where the command was said.
    Patch,
}

/// The recovery key of the bot's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// The file that holds it. `swatbot matrix-setup` makes it.
    pub file: PathBuf,
    /// The key, once there is one. Only `load` reads it, `parse` looks at no file.
    pub key: Option<Secret>,
}

/// How the bot logs in to a homeserver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MatrixLogin {
    /// By password, once; the session is kept.
    Password {
        /// The file that holds the password.
        file: PathBuf,
        /// The password. Only `load` reads it, `parse` looks at no file.
        password: Option<Secret>,
    },
    /// By an access token that somebody made.
    Token {
        /// The file that holds the token.
        file: PathBuf,
        /// The token. Only `load` reads it, `parse` looks at no file.
        token: Option<Secret>,
    },
}

/// Reads a file, and looks at the files that it names.
///
/// # Errors
///
/// All faults of the file.
pub fn load(path: &Path) -> Result<Config, Faults> {
    let file = path.display().to_string();
    let unreadable = |line, what: String, fix: &str| Faults {
        file: file.clone(),
        list: vec![Fault { line, key: String::new(), what, fix: fix.to_owned() }],
    };
    let bytes = std::fs::read(path).map_err(|error| {
        unreadable(0, format!("it cannot be read: {error}"), "Name the file with --config FILE.")
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
        unreadable(line, "this line is not UTF-8".to_owned(), "Save the file as UTF-8.")
    })?;
    read(&text, path.parent().unwrap_or(Path::new("")), &file, true)
}

/// Reads a text as if it stood in a file in `dir`. No file is looked at, so passwords stay unread.
///
/// # Errors
///
/// All faults of the text.
pub fn parse(text: &str, dir: &Path) -> Result<Config, Faults> {
    read(text, dir, NAME, false)
}

fn read(text: &str, dir: &Path, file: &str, looks_at_files: bool) -> Result<Config, Faults> {
    let reader = Reader::new(text, dir, looks_at_files);
    let (root, errors) = DeTable::parse_recoverable(text);
    let config = if reader.syntax(&root, &errors) { document(&reader.root(root.get_ref())) } else { None };
    let faults = reader.into_faults(file);
    match config {
        Some(config) if faults.list.is_empty() => Ok(config),
        _ => Err(faults),
    }
}

/// Reads all sections before it gives up on any, so that every fault is noted.
fn document(root: &Section<'_>) -> Option<Config> {
    let bot = bot::read(root);
    let connections = connection::read(root, &bot);
    let mut policy = policy::default();
    policy::limits(root, &mut policy);
    policy::calendar(root, &mut policy);
    policy.train = policy::train(root);
    policy.file_order = policy::file_order(root);
    let coverage = review::coverage(root, &mut policy.coverage_at_least);
    let review = match root.section("review") {
        Some(section) => {
            let review = review::read(&section);
            policy::repositories(&section, &mut policy);
            section.finish();
            review
        }
        None => {
            if root.get("review").is_none() {
                let fix = "Add [review] with kind and config_repos below it.";
                root.fault("review", "it does not say where facts about patches come from", fix);
            }
            None
        }
    };
    if let Some(Review::Gerrit { url, .. }) = &review
        && policy.review_hosts.is_empty()
    {
        policy.review_hosts.extend(review::host_of(url).map(str::to_lowercase));
    }
    let windows = window::read(root, &connections.list, policy.last_start);
    let people = person::read(root, &connections.networks);
    let guidelines = policy::guidelines(root);
    let plans = plan::read(root);
    let timers = timers::read(root);
    root.finish();
    let settings = Settings {
        name: bot.name,
        prefix: bot.prefix,
        windows,
        people,
        networks: connections.networks,
        guidelines,
        policy,
        plans,
        checks: Vec::new(),
        auto_rollback: None,
        emergency: EmergencySettings::default(),
        timers,
        seed: Seed::default(),
    };
    Some(Config {
        settings,
        database: bot.database,
        full_check: bot.full_check,
        review: review?,
        coverage,
        connections: connections.list.into_iter().flatten().collect(),
    })
}
