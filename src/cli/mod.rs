//! The command line: what can be asked of the program, and how each part is put together. Thin on purpose.

mod backtest;
mod backup;
mod catch_up;
mod check;
mod demo;
mod export;
mod feed;
mod import_sal;
pub mod log;
mod report;
mod run;
mod setup;
mod verify;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::clock::Clock;
use crate::config::{self, Config};
use crate::engine::id::{At, OccurrenceId};
use crate::engine::say::report::Form;
use crate::store::OpenError;

/// Conducts deployment windows in chat.
#[derive(Clone, Debug, Parser)]
#[command(version, about)]
struct Args {
    /// The configuration
    #[arg(long, global = true, default_value = "windows.toml", value_name = "FILE")]
    config: PathBuf,
    /// The log, instead of the one that the configuration names
    #[arg(long, global = true, value_name = "FILE")]
    database: Option<PathBuf>,
    /// Let time start here and stand still: only "+10m" moves it. For scripts and stories
    #[arg(long, global = true, value_name = "TIME", value_parser = moment)]
    clock: Option<At>,
    #[command(subcommand)]
    verb: Option<Verb>,
    /// Those of the options above that stand on the command line.
    #[arg(skip)]
    given: Vec<&'static str>,
}

/// The options that every verb takes.
const OPTIONS: [&str; 3] = ["config", "database", "clock"];

#[derive(Clone, Debug, Subcommand)]
enum Verb {
    /// Run the bot (the default); with the terminal as its chat, lines are chat
    Run,
    /// Play a window in about a minute, in which a canary goes bad and is taken back; it needs nothing
    Demo {
        /// Without pauses, as on a pipe
        #[arg(long)]
        fast: bool,
    },
    /// Check the configuration: every fault with its line and its fix, or what the bot would connect to
    Check,
    /// Ask the log; the bot may be running meanwhile
    Log(log::LogArgs),
    /// Print how one occurrence of a window went, from the log: a page in Markdown for a mail or a wiki; or what all
    /// windows amount to
    Report {
        /// In the wikitext of MediaWiki
        #[arg(long)]
        wikitext: bool,
        /// The occurrence, such as 2026-11-23/morning; a window, for its last one; next; or stats, for all of them
        #[arg(value_name = "OCCURRENCE|WINDOW|next|stats")]
        wanted: report::Wanted,
    },
    /// Write a JSON file and an Atom feed for each occurrence, and a feed for each window; the bot may be running
    Feed(feed::FeedArgs),
    /// Follow the hash chain of the log; the bot may be running meanwhile
    Verify(verify::VerifyArgs),
    /// Copy the log to a new file and check the copy; the bot may be running meanwhile
    Backup {
        /// The copy; nothing may have this name
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Write the whole log as lines of JSON, with what is needed to make it again; the bot may be running meanwhile
    Export {
        /// The file; nothing may have this name. "-" is standard output
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Make a log of an export, the same to the last byte; there must be none yet
    Import {
        /// The export. "-" is standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Take over entries of other logs, as what they are; while the bot does not run
    ImportSal(import_sal::ImportSalArgs),
    /// Play windows of the past under these guidelines: how often would each rule have stopped, asked or warned?
    Backtest(backtest::BacktestArgs),
    /// Make the keys that the bot needs in encrypted Matrix rooms, once; while it does not run
    MatrixSetup {
        /// Know this person, alice or @alice:example.org, by the keys they have now
        #[arg(long, value_name = "WHO")]
        trust: Option<String>,
    },
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

fn moment(text: &str) -> Result<At, String> {
    text.parse().map_err(|_| "a time is written 2018-03-05T18:55:00Z".to_owned())
}

fn occurrence(text: &str) -> Result<OccurrenceId, String> {
    text.parse().map_err(|()| "an occurrence is written 2026-11-23/morning".to_owned())
}

/// Why the program did not do what it was asked, and what it tells the shell.
enum Fault {
    /// Something failed: exit 1.
    Failed(String),
    /// It was asked wrongly, or configured wrongly: exit 2.
    Usage(String),
    /// The log cannot be written, and a bot that cannot record must not act: exit 78, which is `EX_CONFIG`.
    ReadOnly(String),
}

impl From<OpenError> for Fault {
    fn from(error: OpenError) -> Self {
        let text = error.to_string();
        if matches!(error, OpenError::ReadOnly { .. }) { Self::ReadOnly(text) } else { Self::Failed(text) }
    }
}

/// Runs the program. 0 is done, 1 failed, 2 wrong usage or configuration, 78 a log that the bot cannot write; errors go to
/// standard error.
pub fn main() -> ExitCode {
    let matches = Args::command().get_matches();
    let mut args = Args::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    args.given = OPTIONS.to_vec();
    args.given.retain(|option| matches.value_source(option) == Some(ValueSource::CommandLine));
    match dispatch(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            let (text, code) = match fault {
                Fault::Failed(text) => (text, 1),
                Fault::Usage(text) => (text, 2),
                Fault::ReadOnly(text) => (text, 78),
            };
            // Where standard error is closed there is nobody to tell.
            let _ = writeln!(io::stderr(), "{}", text.trim_end());
            ExitCode::from(code)
        }
    }
}

fn dispatch(args: &Args) -> Result<(), Fault> {
    match args.verb.as_ref().unwrap_or(&Verb::Run) {
        Verb::Run => {
            let args = args.clone();
            let clock = args.clock;
            run::run(Box::new(move || configuration(&args)), clock)
        }
        Verb::Demo { fast } => match args.given.first() {
            Some(option) => Err(Fault::Usage(format!(
                "the demo has a configuration, a log and a time of its own: it takes no --{option}"
            ))),
            None => demo::run(*fast),
        },
        Verb::Check => print(&check::said(&configuration(args)?, &args.config.display().to_string())),
        Verb::Log(question) => {
            let database = database(args)?;
            let mut question = question.clone();
            if args.database.is_none() || args.config.exists() {
                let settings = configuration(args)?.settings;
                question.rooms = settings.windows.into_iter().flat_map(|window| window.rooms).collect();
                question.hosts = settings.policy.review_hosts;
            }
            // A whole page at once: standard output on its own writes each line by itself.
            let mut out = io::BufWriter::new(io::stdout());
            log::run(&question, &database, Clock::system().now(), log::look(), &mut out).map_err(|fault| {
                match (fault.exit_code(), &fault) {
                    (2, _) => Fault::Usage(fault.to_string()),
                    (_, log::LogFault::Open(error)) => Fault::Failed(unopened(args, error)),
                    _ => Fault::Failed(fault.to_string()),
                }
            })
        }
        Verb::Report { wanted, wikitext } => {
            let config = configuration(args)?;
            let now = args.clock.unwrap_or_else(|| Clock::system().now());
            let form = if *wikitext { Form::Wikitext } else { Form::Markdown };
            let (settings, database) = (&config.settings, &config.database);
            report::run(wanted, settings, database, now, form, &mut io::stdout())
                .map_err(|fault| unreported(args, &fault))
        }
        Verb::Feed(feed) => {
            let config = configuration(args)?;
            let settings = &config.settings;
            feed::run(feed, &config.database, &settings.name, settings.policy.patch_time, &mut io::stdout())
                .map_err(|fault| unreported(args, &fault))
        }
        Verb::Verify(question) => verify::run(question, &database(args)?, &mut io::stdout()),
        Verb::Backup { file } => backup::run(file, &database(args)?, &mut io::stdout()),
        Verb::Export { file } => export::export_log(file, &database(args)?, &mut io::stdout()),
        Verb::Import { file } => export::import_log(file, &database(args)?, &mut io::stdout()),
        Verb::ImportSal(import) => {
            let database = database(args)?;
            let now = args.clock.unwrap_or_else(|| Clock::system().now());
            import_sal::run(import, &database, now, &mut io::stdout())
        }
        Verb::Backtest(question) => backtest::run(question, &configuration(args)?),
        Verb::MatrixSetup { trust } => {
            print(&setup::matrix(&configuration(args)?, Clock::system(), trust.as_deref())?)
        }
        Verb::Completions { shell } => {
            // Into memory first: the generator panics where whoever reads it has seen enough.
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Args::command(), "swatbot", &mut script);
            print(&String::from_utf8_lossy(&script))
        }
    }
}

fn configuration(args: &Args) -> Result<Config, Fault> {
    let mut config = config::load(&args.config).map_err(|faults| Fault::Usage(faults.to_string()))?;
    if let Some(database) = &args.database {
        config.database.clone_from(database);
    }
    Ok(config)
}

/// The log. Where it is named there need be no configuration: a copy of a log is read anywhere.
fn database(args: &Args) -> Result<PathBuf, Fault> {
    args.database.clone().map_or_else(|| Ok(configuration(args)?.database), Ok)
}

/// Why a log cannot be read. Where there is none, most likely another configuration is meant.
fn unopened(args: &Args, error: &OpenError) -> String {
    match error {
        OpenError::Missing { .. } if args.database.is_none() => {
            format!("{error}, which {} names; --config FILE names another", args.config.display())
        }
        _ => error.to_string(),
    }
}

fn unreported(args: &Args, fault: &report::ReportFault) -> Fault {
    Fault::Failed(match fault {
        report::ReportFault::Open(error) => unopened(args, error),
        _ => fault.to_string(),
    })
}

fn print(text: &str) -> Result<(), Fault> {
    match io::stdout().write_all(text.as_bytes()) {
        // Whoever read it has seen enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Fault::Failed(error.to_string())),
        _ => Ok(()),
    }
}
