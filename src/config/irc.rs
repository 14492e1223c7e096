//! A `[[connection]]` of the kind "irc": the server, who the bot is there, its channels and its manners.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;

use crate::engine::event::IMPORTED;
use crate::engine::settings::{CONSOLE, LogMode, NetworkSettings};

use super::bot::Bot;
use super::item::Item;
use super::reader::Section;
use super::secret;
use super::{Irc, IrcLogin};

const TLS_PORT: u16 = 6697;
const PLAIN_PORT: u16 = 6667;
/// So many lines at once and then one a second is what every network takes (reference: Solanum, Ergo, InspIRCd).
const BURST: u32 = 4;
const LINE_EVERY: TimeDelta = TimeDelta::seconds(1);
/// Slower than this, a window could not be held.
const SLOWEST: TimeDelta = TimeDelta::seconds(60);
/// No network has longer channel names.
const LONGEST_CHANNEL: usize = 64;
/// Networks cut a real name that is longer.
const LONGEST_REAL_NAME: usize = 50;
/// Names under which other accounts are kept.
const RESERVED: &[&str] = &[CONSOLE, "matrix", "gerrit", IMPORTED];

/// Reads one network, and puts what the engine must know of it into `networks`.
pub(super) fn read(
    section: &Section<'_>,
    bot: &Bot,
    networks: &mut BTreeMap<String, NetworkSettings>,
) -> Option<Irc> {
    // Everything is read before anything is missed, so that one network shows all its faults.
    let network = section.need("network", "\"libera\"").and_then(|item| network(&item, networks));
    let server = section.need("server", "\"irc.libera.chat\"").and_then(|item| server(&item));
    let tls = section.get("tls").and_then(|item| item.truth()).unwrap_or(true);
    let port = section.get("port").and_then(|item| item.port());
    let ca_file = section.get("ca_file").and_then(|item| ca_file(&item, tls));
    let nick = section.get("nick").and_then(|item| item.nick()).unwrap_or(&bot.name).to_owned();
    let alternative_nicks = alternative_nicks(section, &nick);
    let real_name = section.get("real_name").and_then(|item| real_name(&item));
    let account = section.get("account");
    let login = login(section, account.as_ref(), tls, server);
    let account = account.and_then(|item| account_name(&item)).map(str::to_owned);
    let channels = section.need("channels", "[\"#channel\"]").and_then(|item| channels(&item));
    let trust = section.get("trust").and_then(|item| trust(&item));
    let modes = [("own", LogMode::Own), ("emit", LogMode::Emit), ("observe", LogMode::Observe)];
    let log = section.get("log").and_then(|item| item.one_of(&modes));
    let ignore = section.texts("ignore").iter().filter_map(ignored).collect();
    let burst = section.get("burst").and_then(|item| item.number(1..=20, "lines"));
    let line_every = section
        .get("line_every")
        .and_then(|item| item.span(TimeDelta::zero()..=SLOWEST))
        .unwrap_or(LINE_EVERY);
    let formatting = section.get("formatting").and_then(|item| item.truth());
    let topic = section.get("topic").and_then(|item| item.truth());
    section.finish();

    let network = network?.to_owned();
    let default = NetworkSettings::default();
    networks.insert(
        network.clone(),
        NetworkSettings { trust: trust.unwrap_or(default.trust), log: log.unwrap_or(default.log) },
    );
    let default_port = if tls { TLS_PORT } else { PLAIN_PORT };
    Some(Irc {
        network,
        server: server?.to_owned(),
        port: port.unwrap_or(default_port),
        tls,
        ca_file,
        nick,
        alternative_nicks,
        real_name: real_name
            .map_or_else(|| format!("deployment windows, say {}swat help", bot.prefix), str::to_owned),
        account,
        login: login?,
        channels: channels?,
        ignore,
        burst: burst.and_then(|lines| u32::try_from(lines).ok()).unwrap_or(BURST),
        line_every: line_every.to_std().unwrap_or(Duration::ZERO),
        formatting: formatting.unwrap_or(true),
        topic: topic.unwrap_or(false),
    })
}

/// A name of our own for the network; it stands in front of accounts and channels.
fn network<'r>(item: &Item<'r>, networks: &BTreeMap<String, NetworkSettings>) -> Option<&'r str> {
    let name = item.text()?;
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')) {
        let fix = "Type a short name of letters, digits, - _ and . only: \"libera\".";
        item.fault(format!("{name:?} cannot be the name of a network"), fix);
        return None;
    }
    if RESERVED.iter().any(|other| name.eq_ignore_ascii_case(other)) {
        let fix = "Type another name for this network: \"libera\".";
        item.fault(format!("{name:?} already means something else in front of an account"), fix);
        return None;
    }
    if networks.keys().any(|other| name.eq_ignore_ascii_case(other)) {
        let fix = "Give this one another name, or put all channels under one [[connection]].";
        item.fault(format!("there is a network {name:?} already"), fix);
        return None;
    }
    Some(name)
}

fn server<'r>(item: &Item<'r>) -> Option<&'r str> {
    let text = item.text()?;
    let of_a_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let is_host = text.chars().all(of_a_host) && !text.starts_with(['-', '.']);
    if is_host || text.parse::<IpAddr>().is_ok() {
        return Some(text);
    }
    let fix = match text.rsplit_once(':') {
        Some((host, port)) if host.chars().all(of_a_host) && port.parse::<u16>().is_ok() => {
            format!("Type server = {host:?} and port = {port}.")
        }
        _ => "Type the host alone, without a scheme and a port: \"irc.libera.chat\".".to_owned(),
    };
    item.fault(format!("{text:?} is not a host"), fix);
    None
}

/// Whether what is sent to this server never leaves the machine.
fn is_loopback(server: &str) -> bool {
    server.eq_ignore_ascii_case("localhost") || server.parse::<IpAddr>().is_ok_and(|at| at.is_loopback())
}

fn ca_file(item: &Item<'_>, tls: bool) -> Option<PathBuf> {
    if !tls {
        item.fault("there is nothing to check where tls = false", "Remove it, or remove tls = false.");
    }
    let path = item.path()?;
    if item.reader().looks_at_files() {
        secret::check_authorities(item, &path);
    }
    Some(path)
}

fn alternative_nicks(section: &Section<'_>, nick: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for item in section.texts("alternative_nicks") {
        let Some(other) = item.nick() else { continue };
        if found.iter().map(String::as_str).chain([nick]).any(|known| folded(known) == folded(other)) {
            item.fault(format!("{other:?} is among the nicks already"), "Remove it, or type another one.");
        } else {
            found.push(other.to_owned());
        }
    }
    found
}

fn real_name<'r>(item: &Item<'r>) -> Option<&'r str> {
    let text = item.text()?;
    if text.len() > LONGEST_REAL_NAME {
        let fix = format!("Say in {LONGEST_REAL_NAME} bytes whose bot it is.");
        item.fault(format!("it has {} bytes, and networks cut it", text.len()), fix);
        return None;
    }
    Some(text)
}

/// How the bot logs in; `None` where the keys contradict each other.
fn login(
    section: &Section<'_>,
    account: Option<&Item<'_>>,
    tls: bool,
    server: Option<&str>,
) -> Option<IrcLogin> {
    match (section.get("password_file"), section.get("certificate_file")) {
        (Some(_), Some(certificate)) => {
            certificate.fault("there is a password file too", "Remove one of the two.");
            None
        }
        (None, None) => {
            if let Some(account) = account {
                account.fault(
                    "there is an account and nothing to log in with",
                    "Type password_file = \"irc.password\" or certificate_file = \"irc.pem\" below it.",
                );
            }
            Some(IrcLogin::None)
        }
        (Some(item), None) => {
            if account.is_none() {
                let fix = "Type account = \"swatbot\", the name that services know the bot by.";
                section.fault("account", "there is a password file without an account", fix);
            }
            if !tls && server.is_some_and(|server| !is_loopback(server)) {
                item.fault(
                    "the password would travel without encryption, where anybody can read it",
                    "Remove tls = false.",
                );
            }
            let file = item.path()?;
            let reads = item.reader().looks_at_files();
            let password = if reads { secret::read(&item, &file) } else { None };
            Some(IrcLogin::Password { file, password })
        }
        (None, Some(item)) => {
            if !tls {
                item.fault("a certificate proves nothing without encryption", "Remove tls = false.");
            }
            let file = item.path()?;
            if item.reader().looks_at_files() {
                secret::check_certificate(&item, &file);
            }
            Some(IrcLogin::Certificate { file })
        }
    }
}

fn account_name<'r>(item: &Item<'r>) -> Option<&'r str> {
    let text = item.text()?;
    if text.contains(|c: char| c.is_whitespace() || matches!(c, '/' | ',' | '!' | '@' | '*' | ':')) {
        let fix = "Type the account alone, as services show it: \"swatbot\".";
        item.fault(format!("{text:?} is not an account"), fix);
        return None;
    }
    Some(text)
}

/// The channels, or `None` where one of them cannot be read: then nothing is known of the rooms.
fn channels(item: &Item<'_>) -> Option<Vec<String>> {
    let mut found: Vec<String> = Vec::new();
    let items = item.some_texts("Type the channels it is in: [\"#channel\"].");
    let mut sound = !items.is_empty();
    for item in items {
        match channel(&item) {
            None => sound = false,
            Some(channel) => match found.iter().find(|other| folded(other) == folded(channel)) {
                Some(other) => {
                    item.fault(format!("it is the same channel as {other:?}"), "Remove one of the two.");
                }
                None => found.push(channel.to_owned()),
            },
        }
    }
    sound.then_some(found)
}

fn channel<'r>(item: &Item<'r>) -> Option<&'r str> {
    let text = item.text()?;
    let whole = text.len() > 1 && text.len() <= LONGEST_CHANNEL && !text.contains([' ', ',']);
    if whole && text.starts_with(['#', '&']) {
        return Some(text);
    }
    let fix = if whole && text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        format!("Type \"#{text}\".")
    } else {
        format!("Type # and a name without spaces and commas, {LONGEST_CHANNEL} bytes at most: \"#channel\".")
    };
    item.fault(format!("{text:?} is not a channel"), fix);
    None
}

/// The kill switch. No "did you mean": a near miss must not turn rights on.
pub(super) fn trust(item: &Item<'_>) -> Option<bool> {
    match item.value().as_str() {
        Some("on") => Some(true),
        Some("off") => Some(false),
        _ => {
            let fix = "Type \"on\", or \"off\" where nobody is to have a right from this network.";
            item.fault(format!("{} means nothing here", item.written()), fix);
            None
        }
    }
}

/// A nick or an account of another bot.
fn ignored(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    if text.contains(|c: char| c.is_whitespace() || matches!(c, '!' | '@' | '*' | '/' | ',')) {
        let fix = "Type a nick or an account alone: \"stashbot\".";
        item.fault(format!("{text:?} is neither a nick nor an account"), fix);
        return None;
    }
    Some(text.to_owned())
}

/// A name as the most generous of the usual case mappings compares it (`rfc1459`): the server's own is not known yet.
fn folded(name: &str) -> String {
    let fold = |c: char| match c {
        '[' => '{',
        ']' => '}',
        '\\' => '|',
        '~' => '^',
        _ => c.to_ascii_lowercase(),
    };
    name.chars().map(fold).collect()
}
