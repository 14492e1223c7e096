//! Pages of a Server Admin Log: `== 2026-11-23 ==` and under it `* 14:05 alice: text`, the newest first.
//!
//! A line that goes on (`**`, `*:`, `:`) belongs to the entry above it. What else stands on a page (templates at its head,
//! categories, lists without a day above them) is no entry: it is counted, and the first of it is named.

use chrono::NaiveDate;

use super::day::{self, Heading};
use super::entry::is_possible;
use super::lines::{Line, lines};
use super::markup::{entry_of_the_log, plain};
use super::{Entry, Read, Source, Why};

/// What the headings above a line say.
enum Above {
    /// There is none, or it is about something else.
    Nothing,
    /// The day, and how deep its heading is.
    Day(NaiveDate, usize),
    /// A heading in the form of a day, without a day.
    NoDay,
    /// A day without a year.
    NoYear,
}

/// Whether a line is one of such a page.
pub(super) fn is_of_a_page(text: &str) -> bool {
    let dated = |title| !matches!(day::heading(&plain(title)), Heading::Other);
    title(text).is_some_and(|(title, _)| dated(title))
        || text.strip_prefix('*').is_some_and(|bullet| day::time(entry(bullet).trim_start()).is_some())
}

/// Reads a page.
pub(super) fn read(bytes: &[u8], source: &Source) -> Read {
    let mut read = Read::default();
    let mut year = day::year_in_name(&source.name);
    let mut above = Above::Nothing;
    // Only a line right below an entry goes on with it.
    let mut goes_on = false;
    for line in lines(bytes) {
        let line = match line {
            Ok(line) => line,
            Err(too_long) => {
                read.refuse(too_long.0, Why::Long, "");
                goes_on = false;
                continue;
            }
        };
        let text = line.text.trim_end();
        if let Some((title, depth)) = title(text) {
            above = under(above, day::heading(&plain(title)), depth, &mut year);
            goes_on = false;
        } else if text.starts_with("**") || text.starts_with("*:") || text.starts_with(':') {
            match read.entries.last_mut() {
                Some(entry) if goes_on => go_on(entry, text),
                _ => read.pass_over(line.number, text),
            }
        } else if let Some(bullet) = text.strip_prefix('*') {
            goes_on = false;
            match one(bullet, &line, &above, source) {
                Ok(Some(entry)) => {
                    read.entries.push(entry);
                    goes_on = true;
                }
                Ok(None) => read.pass_over(line.number, text),
                Err(why) => read.refuse(line.number, why, text),
            }
        } else {
            goes_on = false;
            read.pass_over(line.number, text);
        }
    }
    read
}

/// The words of a heading, and how deep it is.
fn title(text: &str) -> Option<(&str, usize)> {
    let text = text.trim();
    let depth = text.bytes().take_while(|byte| *byte == b'=').count();
    let title = text.trim_matches('=').trim();
    (depth > 0 && text.ends_with('=') && !title.is_empty()).then_some((title, depth))
}

fn under(above: Above, heading: Heading, depth: usize, year: &mut Option<i32>) -> Above {
    match heading {
        Heading::Day(day) => Above::Day(day, depth),
        Heading::DayOfYear(month, day) => match year {
            Some(year) => {
                NaiveDate::from_ymd_opt(*year, month, day).map_or(Above::NoDay, |day| Above::Day(day, depth))
            }
            None => Above::NoYear,
        },
        Heading::Year(of_all) => {
            *year = Some(of_all);
            Above::Nothing
        }
        Heading::NoDay => Above::NoDay,
        // A part of a day is of that day.
        Heading::Other if matches!(above, Above::Day(_, of_day) if of_day < depth) => above,
        Heading::Other => Above::Nothing,
    }
}

/// The entry in a list item: what stands in the template, or all of it.
fn entry(bullet: &str) -> &str {
    let bullet = bullet.trim();
    let Some(inside) = bullet.strip_prefix("{{") else { return bullet };
    let inside = inside.strip_suffix("}}").unwrap_or(inside);
    entry_of_the_log(inside).unwrap_or(bullet)
}

fn one(bullet: &str, line: &Line<'_>, above: &Above, source: &Source) -> Result<Option<Entry>, Why> {
    let stands = bullet.trim();
    let words = plain(entry(bullet));
    let found = day::time(&words);
    let day = match above {
        Above::Day(day, _) => *day,
        // A list that is none of entries.
        Above::Nothing if found.is_none() => return Ok(None),
        Above::Nothing | Above::NoDay => return Err(Why::NoDay),
        Above::NoYear => return Err(Why::NoYear),
    };
    let (time, _, rest) = found.ok_or(Why::NoTime)?;
    let at = day.and_time(time).and_utc();
    if !is_possible(at, source.now) {
        return Err(Why::NotThen);
    }
    let (nick, text) = nick_and_text(rest);
    if text.is_empty() {
        return Err(Why::Empty);
    }
    // What can be put together again from the parts need not be kept beside them.
    let same = stands == format!("{} {nick}: {text}", time.format("%H:%M"));
    Ok(Some(Entry {
        at,
        nick: nick.to_owned(),
        text: text.to_owned(),
        words: (!same).then(|| stands.to_owned()),
        line: line.number,
        channel: None,
        project: None,
        latin1: line.latin1,
    }))
}

/// What follows the time: `alice: text`, ` UTC - alice: text`, ` <alice> text`, or a text by nobody.
fn nick_and_text(rest: &str) -> (&str, &str) {
    let mut rest = rest.trim_start();
    for zone in ["(UTC)", "UTC", "GMT"] {
        rest = rest.strip_prefix(zone).unwrap_or(rest);
    }
    let rest = rest.trim_start_matches([' ', ',', ':', '-', '\u{2013}', '\u{2014}']).trim();
    if let Some((nick, text)) = rest.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
        return (nick.trim(), text.trim());
    }
    match rest.split_once(':') {
        Some((nick, text)) if is_nick(nick.trim()) && !text.starts_with(['/', ':']) => {
            (nick.trim(), text.trim())
        }
        _ => ("", rest),
    }
}

/// People have written names of up to three words.
fn is_nick(words: &str) -> bool {
    !words.is_empty() && words.len() <= 64 && words.split_whitespace().count() <= 3
}

fn go_on(entry: &mut Entry, text: &str) {
    let stands = match &entry.words {
        Some(words) => words.clone(),
        None => format!("{} {}: {}", entry.at.format("%H:%M"), entry.nick, entry.text),
    };
    entry.words = Some(format!("{stands}\n{text}"));
    let more = plain(text.trim_start_matches(['*', ':']));
    if !more.is_empty() {
        entry.text.push(' ');
        entry.text.push_str(&more);
    }
}
