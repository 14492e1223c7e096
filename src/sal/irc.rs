//! Logs of IRC channels: the `!log` lines in what clients and bots write. Everything else in them is none of our business,
//! and is not kept.
//!
//! The forms, each by the clients that have it: `14:05 <@alice> text` (irssi), `2015-01-02 14:05:33⇥alice⇥text` (WeeChat),
//! `[14:05:33] <alice> text` (energymech, eggdrop, ZNC, HexChat's like), `2015-01-02T14:05:33  <alice> text` (Limnoria),
//! `Jan 02 14:05:33 <alice>⇥text` (HexChat). The day is in the line, in a line of its own, or in the name of the file.

use chrono::{Datelike, FixedOffset, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

use super::entry::is_possible;
use super::lines::lines;
use super::{Entry, Read, Source, Why, day};
use crate::engine::id::At;
use crate::engine::text;

/// The bots that repeat what a person did on a host, who is then the first word.
const RELAYS: &[&str] = &["logmsgbot", "logmsgbot_cloud"];

/// With these clients begin lines that say the day.
const NOTES: &[&str] = &["--- ", "**** BEGIN LOGGING", "Session Start", "Session Time", "*** Log"];

/// A line that somebody said.
struct Said<'a> {
    day: Day,
    time: Option<(NaiveTime, Option<FixedOffset>)>,
    nick: &'a str,
    text: &'a str,
}

enum Day {
    NotSaid,
    Said(NaiveDate),
    OfYear(u32, u32),
}

/// Whether a line is one of such a log.
pub(super) fn is_of_a_channel(text: &str) -> bool {
    NOTES.iter().any(|note| text.starts_with(note)) && day::noted(text).is_some() || said(text).is_some()
}

/// Reads a log.
pub(super) fn read(bytes: &[u8], source: &Source) -> Read {
    let mut read = Read::default();
    let mut today = day::in_name(&source.name);
    let channel = channel(&source.name);
    for line in lines(bytes) {
        let line = match line {
            Ok(line) => line,
            Err(too_long) => {
                read.refuse(too_long.0, Why::Long, "");
                continue;
            }
        };
        let Some(said) = said(&line.text) else {
            match noted(&line.text) {
                Some(day) => today = Some(day),
                None => read.pass_over(line.number, &line.text),
            }
            continue;
        };
        read.is_of_a_channel = true;
        match said.day {
            Day::Said(day) => today = Some(day),
            Day::OfYear(month, day) => today = today.and_then(|today| of_year(today, month, day)),
            Day::NotSaid => {}
        }
        let Some(words) = logged(said.text) else { continue };
        match when(&said, today, source) {
            Ok(at) => read.entries.push(entry(&said, words, at, line.number, channel.clone(), line.latin1)),
            Err(why) => read.refuse(line.number, why, &line.text),
        }
    }
    // Between what people say stands who came and went.
    if read.is_of_a_channel {
        (read.others, read.first_other) = (0, None);
    }
    read
}

/// What is behind `!log`, where that is what was said.
fn logged(text: &str) -> Option<&str> {
    let words = text.get(..4).filter(|mark| mark.eq_ignore_ascii_case("!log")).map(|_| &text[4..])?;
    let words = words.strip_prefix([' ', '\t'])?.trim();
    (!words.is_empty() && !words.eq_ignore_ascii_case("help")).then_some(words)
}

fn entry(said: &Said<'_>, words: &str, at: At, line: u64, channel: Option<String>, latin1: bool) -> Entry {
    let relayed = words.split_once(' ').filter(|(who, _)| RELAYS.contains(&said.nick) && who.contains('@'));
    let (nick, text) = relayed.unwrap_or((said.nick, words));
    let shown =
        if text.contains(char::is_control) { text::without_formatting(text) } else { text.to_owned() };
    Entry {
        at,
        nick: nick.to_owned(),
        words: (shown != text || relayed.is_some()).then(|| format!("<{}> {}", said.nick, said.text)),
        text: shown,
        line,
        channel,
        project: None,
        latin1,
    }
}

fn when(said: &Said<'_>, today: Option<NaiveDate>, source: &Source) -> Result<At, Why> {
    let (time, offset) = said.time.ok_or(Why::NoTime)?;
    let local = today.ok_or(Why::NoDay)?.and_time(time);
    let at = match offset {
        Some(offset) => offset.from_local_datetime(&local).single().map(|at| at.with_timezone(&Utc)),
        // The hour that comes twice is taken for the first.
        None => zoned(source.zone, &local),
    };
    let at = at.ok_or(Why::NeverWas)?;
    if is_possible(at, source.now) { Ok(at) } else { Err(Why::NotThen) }
}

fn zoned(zone: Tz, local: &chrono::NaiveDateTime) -> Option<At> {
    zone.from_local_datetime(local).earliest().map(|at| at.with_timezone(&Utc))
}

/// A line as somebody said it.
fn said(line: &str) -> Option<Said<'_>> {
    let text = line.trim_start_matches(['[', '(']);
    let bracket = text.len() < line.len();
    let (day, rest) = match day::leading(text) {
        Some((day, rest)) => (Day::Said(day), rest),
        None => match day::month_and_day(text) {
            Some(((month, day), rest)) => (Day::OfYear(month, day), rest),
            None => (Day::NotSaid, text),
        },
    };
    let (time, rest) = match day::time(rest) {
        Some((time, offset, rest)) => (Some((time, offset)), rest),
        // A time that there is not: the line is refused if something was logged in it.
        None if rest.starts_with(|c: char| c.is_ascii_digit()) => {
            (None, rest.trim_start_matches(|c: char| c.is_ascii_digit() || ":.".contains(c)))
        }
        None => return None,
    };
    let rest = if bracket { rest.trim_start().strip_prefix([']', ')'])? } else { rest };
    let rest = rest.trim_start_matches(' ').strip_prefix("UTC").unwrap_or(rest);
    let (nick, text) = match rest.trim_start().strip_prefix('<') {
        Some(rest) => rest.split_once('>')?,
        None => rest.strip_prefix('\t')?.split_once('\t')?,
    };
    let nick = nick.trim_matches([' ', '@', '+', '%', '&', '~', '!']);
    nick.contains(char::is_alphanumeric).then_some(Said { day, time, nick, text: text.trim() })
}

/// The day that a line of the client's own says.
fn noted(line: &str) -> Option<NaiveDate> {
    let line = match line.strip_prefix('[') {
        // `[00:00] --- Fri Jan  2 2015`
        Some(rest) => rest.split_once(']')?.1.trim_start(),
        None => line,
    };
    NOTES.iter().any(|note| line.starts_with(note)).then(|| day::noted(line)).flatten()
}

/// A day of the year that it is by the day before: December is followed by January of the next.
fn of_year(before: NaiveDate, month: u32, day: u32) -> Option<NaiveDate> {
    let found = NaiveDate::from_ymd_opt(before.year(), month, day)?;
    let next = NaiveDate::from_ymd_opt(before.year() + 1, month, day);
    if (before - found).num_days() > 180 { next } else { Some(found) }
}

/// The channel in the name of a file: `irc.libera.#ops.weechatlog`, `#ops_20150102.log`, `#ops.log`.
fn channel(name: &str) -> Option<String> {
    let name = &name[name.find('#')?..];
    let end = ["_20", "_19", "-20", ".20", ".log", ".txt", ".weechatlog"]
        .iter()
        .filter_map(|mark| name.find(mark))
        .min();
    let name = &name[..end.unwrap_or(name.len())];
    (name.len() > 1).then(|| name.to_owned())
}
