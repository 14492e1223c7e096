//! Where the measurements of a check come from, by its kind.

use std::time::Duration;

use chrono::TimeDelta;
use regex::RegexBuilder;
use toml::de::DeValue;

use super::super::item::Item;
use super::super::reader::Section;
use super::super::subnet::Subnet;
use super::super::{command, review, secret};
use super::{CheckSource, Kind, Pages, SECOND, Search, TIMEOUT, Way};

/// A pattern that needs more than this is a mistake.
const PATTERN_SIZE: usize = 1 << 20;
/// So many questions are asked for one sample at the most.
const MOST_PAGES: usize = 200;

/// The keys that only some kinds have, each with these kinds.
const KEYS: &[(&str, &[Kind], &str)] = &[
    ("urls", &[Kind::Http], "\"http\""),
    ("hosts", &[Kind::Http], "\"http\""),
    ("status", &[Kind::Http], "\"http\""),
    ("body", &[Kind::Http], "\"http\""),
    ("latency", &[Kind::Http], "\"http\""),
    ("url", &[Kind::Prometheus, Kind::Search], "\"prometheus\" and \"opensearch\""),
    ("query", &[Kind::Prometheus, Kind::Search], "\"prometheus\" and \"opensearch\""),
    ("username", &[Kind::Prometheus, Kind::Search], "\"prometheus\" and \"opensearch\""),
    ("password_file", &[Kind::Prometheus, Kind::Search], "\"prometheus\" and \"opensearch\""),
    ("index", &[Kind::Search], "\"opensearch\""),
    ("within", &[Kind::Search], "\"opensearch\""),
    ("time_field", &[Kind::Search], "\"opensearch\""),
    ("message_field", &[Kind::Search], "\"opensearch\""),
    ("run", &[Kind::Command], "\"command\""),
    ("networks", &[Kind::Http, Kind::Prometheus, Kind::Search], "what is asked over HTTP"),
    ("ca_file", &[Kind::Http, Kind::Prometheus, Kind::Search], "what is asked over HTTP"),
];

/// Keys whose meaning is not known, because the kind is not.
pub(super) fn pass_over(section: &Section<'_>) {
    for key in KEYS.iter().map(|(key, ..)| *key).chain(["at_most", "baseline", "timeout", "kill_after"]) {
        section.get(key);
    }
}

/// What is asked, and what people call that when the file does not say.
pub(super) fn read(section: &Section<'_>, kind: Kind, stale: Duration) -> Option<(CheckSource, String)> {
    for (key, kinds, called) in KEYS {
        if !kinds.contains(&kind) {
            section.refuse(key, &format!("this key is for {called}"));
        }
    }
    match kind {
        Kind::Http => {
            let pages = pages(section)?;
            let seen = match pages.hosts.len() {
                0 => pages.urls.join(", "),
                1 => format!("{} on {}", pages.urls.join(", "), pages.hosts[0]),
                count => format!("{} on {count} hosts", pages.urls.join(", ")),
            };
            Some((CheckSource::Http(pages), seen))
        }
        Kind::Prometheus => {
            let url = section.need("url", "\"https://prometheus.example.org\"");
            let query = section.need("query", "\"sum(rate(errors_total[1m]))\"");
            let (url, query) = (server(&url?, section)?, query?.text()?.to_owned());
            let seen = query.clone();
            Some((CheckSource::Prometheus { url, query, stale }, seen))
        }
        Kind::Search => {
            let search = search(section)?;
            let seen = format!("log lines with {}", search.query);
            Some((CheckSource::Search(search), seen))
        }
        Kind::Command => {
            let program = command::check(section)?;
            let seen = program.argv.first().cloned().unwrap_or_default();
            Some((CheckSource::Command(program), seen))
        }
    }
}

/// `"300ms"`: nobody waits a second for a page.
fn milliseconds(item: &Item<'_>) -> Option<Duration> {
    let DeValue::String(text) = item.value() else { return None };
    let digits = text.strip_suffix("ms").filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    digits.parse().ok().filter(|number| (1..=60_000).contains(number)).map(Duration::from_millis)
}

fn pages(section: &Section<'_>) -> Option<Pages> {
    let urls = section.need("urls", "[\"https://www.example.org/\"]").map(|item| {
        let items = item.some_texts("Type the pages to ask for: [\"https://www.example.org/\"].");
        items.iter().filter_map(|item| page(item, section)).collect::<Vec<_>>()
    });
    let hosts: Vec<String> = section.texts("hosts").iter().filter_map(host).collect();
    let status = section.get("status").and_then(|item| item.number(100..=599, "status"));
    let body = section.get("body").and_then(|item| pattern(&item));
    let latency = section.get("latency").and_then(|item| match milliseconds(&item) {
        Some(time) => Some(time),
        None => item.span(SECOND..=TimeDelta::seconds(60))?.to_std().ok(),
    });
    let urls = urls?;
    if urls.len() * hosts.len().max(1) > MOST_PAGES {
        section.fault(
            "hosts",
            format!("{} pages from each of {} hosts are too many questions", urls.len(), hosts.len()),
            format!("Name fewer, so that they are {MOST_PAGES} at the most."),
        );
    }
    if !hosts.is_empty() && urls.iter().any(|url| is_address(url)) {
        section.fault(
            "hosts",
            "a page whose host is an address can be asked of nobody else",
            "Name the host in urls, or remove hosts.",
        );
    }
    let status = status.and_then(|status| u16::try_from(status).ok()).unwrap_or(200);
    Some(Pages { urls, hosts, status, body, latency })
}

fn search(section: &Section<'_>) -> Option<Search> {
    let url = section.need("url", "\"https://logs.example.org:9200\"");
    let index = section.need("index", "\"logstash-*\"").and_then(|item| {
        let index = item.text()?;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.*,:+".contains(c);
        if !index.chars().all(plain) || index.starts_with(['-', '_', '+', '.']) {
            item.fault(
                format!("{index:?} is not the name of an index"),
                "Type small letters, digits, - and *, for example \"logstash-*\".",
            );
            return None;
        }
        Some(index.to_owned())
    });
    let query = section.need("query", "\"level:ERROR AND host:mw126*\"");
    let query = query.and_then(|item| item.text().map(str::to_owned));
    let within = section.get("within").and_then(|item| item.span(SECOND..=TimeDelta::hours(1)));
    let within = within.unwrap_or(TimeDelta::seconds(60)).to_std().ok()?;
    let field = |key, default: &str| match section.get(key) {
        Some(item) => item.text().map(str::to_owned),
        None => Some(default.to_owned()),
    };
    let (time_field, message_field) =
        (field("time_field", "@timestamp"), field("message_field", "message.keyword"));
    Some(Search {
        url: server(&url?, section)?,
        index: index?,
        query: query?,
        within,
        time_field: time_field?,
        message_field: message_field?,
    })
}

/// How the server is reached; the time-out of a command is its own.
pub(super) fn way(section: &Section<'_>, kind: Kind) -> Way {
    let mut way = Way { timeout: TIMEOUT, networks: Vec::new(), ca_file: None, login: None };
    if kind == Kind::Command {
        return way;
    }
    let timeout = section.get("timeout").and_then(|item| item.span(SECOND..=TimeDelta::seconds(60)));
    way.timeout = timeout.and_then(|time| time.to_std().ok()).unwrap_or(TIMEOUT);
    section.refuse("kill_after", "this key is for commands");
    way.networks = section.texts("networks").iter().filter_map(subnet).collect();
    if let Some(item) = section.get("ca_file") {
        way.ca_file = item.path();
        if let Some(path) = way.ca_file.as_ref().filter(|_| item.reader().looks_at_files()) {
            secret::check_authorities(&item, path);
        }
    }
    if kind != Kind::Http {
        way.login = review::login(section);
        if let Some(url) =
            section.get("url").filter(|url| way.login.is_some() && review::sends_in_the_clear(url))
        {
            url.fault(
                "a password would travel over http, where anybody can read it",
                "Type https:// instead of http://.",
            );
        }
    }
    way
}

/// The address of a server.
fn server(item: &Item<'_>, section: &Section<'_>) -> Option<String> {
    let url = review::url_of(item)?;
    needs_networks(item, &url, section);
    Some(url)
}

/// The address of a page, which may have a query.
fn page(item: &Item<'_>, section: &Section<'_>) -> Option<String> {
    let text = item.text()?;
    let url = review::page_of(item)?;
    needs_networks(item, text, section);
    Some(url)
}

/// Over http everything can be read and changed on the way, so the way has to be one's own.
fn needs_networks(item: &Item<'_>, url: &str, section: &Section<'_>) {
    if url.starts_with("http://") && section.get("networks").is_none() {
        item.fault(
            "over http anybody on the way can change the answer",
            "Type https://, or name your own networks below: networks = [\"10.0.0.0/8\"].",
        );
    }
}

fn host(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':');
    if !text.chars().all(plain) || text.starts_with(['-', '.']) {
        item.fault(format!("{text:?} is not a host"), "Type its name alone: \"mw1263.example.org\".");
        return None;
    }
    Some(text.to_owned())
}

fn subnet(item: &Item<'_>) -> Option<Subnet> {
    let text = item.text()?;
    let subnet = text.parse().ok();
    if subnet.is_none() {
        item.fault(
            format!("{text:?} is not a network"),
            "Type its first address and how many bits are fixed: \"10.64.0.0/16\".",
        );
    }
    subnet
}

fn pattern(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    match RegexBuilder::new(text).size_limit(PATTERN_SIZE).build() {
        Ok(_) => Some(text.to_owned()),
        Err(error) => {
            let why = error.to_string();
            let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
            item.fault(format!("{text:?} is not a pattern: {why}"), "Write a regular expression.");
            None
        }
    }
}

/// Whether the host of an address is one of numbers.
fn is_address(url: &str) -> bool {
    let host = url.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or_default());
    host.starts_with('[')
        || host.split(':').next().is_some_and(|host| host.parse::<std::net::IpAddr>().is_ok())
}
