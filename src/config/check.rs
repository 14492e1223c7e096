//! `[[check]]`: what tells whether hosts are healthy, by name, for the steps of a plan.

mod source;

use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;

use super::Login;
use super::command;
use super::item::Item;
use super::reader::Section;
use super::subnet::Subnet;
use super::word;
use crate::engine::settings::{CheckSettings, Limit};

const SECOND: TimeDelta = TimeDelta::seconds(1);
const HOUR: TimeDelta = TimeDelta::hours(1);
/// One question waits this long for its answer by default.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Where the measurements of a check come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What steps and people call it.
    pub id: String,
    /// What is asked.
    pub source: CheckSource,
    /// How the way there is, where it is asked over HTTP.
    pub way: Way,
}

/// How a server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// An answer may take this long, from the first byte of the question to its own last one.
    pub timeout: Duration,
    /// Addresses inside these are connected to as well as public ones, and over http these alone.
    pub networks: Vec<Subnet>,
    /// Certificates that are trusted besides the system's, in PEM.
    pub ca_file: Option<PathBuf>,
    /// Who asks; nobody in particular where it is left out.
    pub login: Option<Login>,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckSource {
    /// Pages, each from each host.
    Http(Pages),
    /// A query to a Prometheus.
    Prometheus {
        /// Its address, without a slash at the end.
        url: String,
        /// In its own language; it gives one figure.
        query: String,
        /// What was measured longer ago is not counted.
        stale: Duration,
    },
    /// Matching lines in an OpenSearch or an Elasticsearch.
    Search(Search),
    /// A program, which says by its exit status what it has seen.
    Command(command::Program),
}

/// Pages that are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pages {
    /// Their addresses.
    pub urls: Vec<String>,
    /// The hosts that are each asked for all of them; where there is none, whoever the addresses lead to.
    pub hosts: Vec<String>,
    /// The status of a good answer.
    pub status: u16,
    /// The body of a good answer matches this.
    pub body: Option<String>,
    /// A good answer is whole within this time.
    pub latency: Option<Duration>,
}

/// Lines of a log that are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// The address of the server, without a slash at the end.
    pub url: String,
    /// The index, or a pattern of several.
    pub index: String,
    /// Which lines, in Lucene's language.
    pub query: String,
    /// Those of so long ago and less.
    pub within: Duration,
    /// The field that says when a line was written.
    pub time_field: String,
    /// The field by which equal messages are told; it holds a keyword.
    pub message_field: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Http,
    Prometheus,
    Search,
    Command,
}

const KINDS: &[(&str, Kind)] = &[
    ("http", Kind::Http),
    ("prometheus", Kind::Prometheus),
    ("opensearch", Kind::Search),
    ("elasticsearch", Kind::Search),
    ("command", Kind::Command),
];

/// What is read of all checks: how they are judged, and where their measurements come from.
#[derive(Default)]
pub(super) struct Checks {
    /// For the engine.
    pub(super) settings: Vec<CheckSettings>,
    /// For those who measure.
    pub(super) sources: Vec<Check>,
    /// The names of all, of those with faults too.
    pub(super) names: Vec<String>,
}

/// Reads the checks.
pub(super) fn read(root: &Section<'_>) -> Checks {
    let mut checks = Checks::default();
    for section in root.sections("check").unwrap_or_default() {
        let id = id(&section, &checks.names);
        checks.names.extend(id.clone());
        if let Some((settings, source)) = check(&section, id) {
            checks.settings.push(settings);
            checks.sources.push(source);
        }
        section.finish();
    }
    checks
}

fn id(section: &Section<'_>, taken: &[String]) -> Option<String> {
    let item = section.need("id", "\"errors\"")?;
    let id = item.text()?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !id.chars().all(plain) || id.starts_with('-') || id.len() > 40 {
        item.fault(
            format!("{id:?} cannot be the name of a check"),
            "Name it with small letters, digits and -, for example \"errors\".",
        );
        return None;
    }
    if taken.iter().any(|taken| taken == id) {
        item.fault(format!("there is a check called {id:?} already"), "Give each check its own id.");
        return None;
    }
    Some(id.to_owned())
}

fn check(section: &Section<'_>, id: Option<String>) -> Option<(CheckSettings, Check)> {
    let kind = section.need("kind", "\"http\"").and_then(|item| item.one_of(KINDS));
    let span = |key, least, most, default| {
        section.get(key).and_then(|item| item.span(least..=most)).unwrap_or(default)
    };
    let every = span("every", SECOND, HOUR, TimeDelta::seconds(10));
    let soak = span("soak", TimeDelta::zero(), HOUR * 2, TimeDelta::minutes(2));
    let stale = span("stale", SECOND, HOUR, (every * 3).max(TimeDelta::seconds(30)));
    if let Some(item) = section.get("stale").filter(|_| stale <= every) {
        item.fault(
            format!("{} is not longer than every, so it would always be stale", item.written()),
            format!("Type a time longer than {:?}.", word::said(every)),
        );
    }
    let count = |key, least, default: u32| {
        let number = section.get(key).and_then(|item| item.number(least..=1000, "samples"));
        number.and_then(|number| u32::try_from(number).ok()).unwrap_or(default)
    };
    let (need, tolerate) = (count("need", 1, 5), count("tolerate", 0, 0));
    if let Some(item) = section.get("tolerate").filter(|_| tolerate >= need) {
        item.fault(
            format!(
                "with {tolerate} bad samples forgiven and {need} good ones needed, nothing would be unhealthy"
            ),
            "Type less than need.",
        );
    }
    let looks_at = section.get("looks_at").and_then(|item| item.text());
    let Some(kind) = kind else {
        // What the other keys mean depends on the kind, so they are not judged.
        source::pass_over(section);
        return None;
    };
    let limit = limit(section, kind);
    let stale_data = stale.to_std().unwrap_or(TIMEOUT);
    let way = source::way(section, kind);
    let (source, seen) = source::read(section, kind, stale_data)?;
    let id = id?;
    let looks_at = looks_at.map_or(seen, str::to_owned);
    let settings =
        CheckSettings { id: id.clone(), looks_at, every, soak, need, tolerate, stale, limit: limit? };
    Some((settings, Check { id, source, way }))
}

/// What is healthy: what the source says itself, a figure, or a figure beside that from before.
fn limit(section: &Section<'_>, kind: Kind) -> Option<Limit> {
    if kind == Kind::Command {
        section.refuse("at_most", "a command says by its exit status what is healthy");
        section.refuse("baseline", "a command says by its exit status what is healthy");
        return Some(Limit::Own);
    }
    let (at_most, baseline) = (section.get("at_most"), section.get("baseline"));
    match (at_most, baseline) {
        (Some(_), Some(baseline)) => {
            baseline.fault("there is at_most already", "Remove one of the two.");
            None
        }
        (Some(item), None) => item.figure(0.0..=1e12).map(Limit::AtMost),
        (None, Some(item)) if kind == Kind::Http => {
            item.fault(
                "an http check counts bad answers, and what was bad before is no measure",
                "Type at_most = 1 to forgive one, or remove the key.",
            );
            None
        }
        (None, Some(item)) => baseline_of(&item),
        (None, None) if kind == Kind::Http => Some(Limit::Own),
        (None, None) => {
            let fix = "Type at_most = 10, or baseline = { factor = 2.0, at_least = 5 }, below this line.";
            section.fault("at_most", "it does not say what is healthy", fix);
            None
        }
    }
}

fn baseline_of(item: &Item<'_>) -> Option<Limit> {
    let section = item.section("Write it as { factor = 2.0, at_least = 5 }.")?;
    let factor = section.need("factor", "2.0").and_then(|item| item.figure(1.0..=1000.0));
    let at_least = section.need("at_least", "5").and_then(|item| item.figure(0.0..=1e12));
    section.finish();
    Some(Limit::Baseline { factor: factor?, at_least: at_least? })
}
