//! Days and times of day as people and clients write them.

use chrono::{FixedOffset, NaiveDate, NaiveTime};

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// What a heading says about days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heading {
    /// The day of what follows.
    Day(NaiveDate),
    /// A day whose year is said elsewhere: month and day.
    DayOfYear(u32, u32),
    /// The year of what follows.
    Year(i32),
    /// It has the form of a day, and there is none like it.
    NoDay,
    /// It is about something else.
    Other,
}

/// Reads a heading: `2026-11-23`, `2026/11/23`, `November 23`, `23 November 2026`, `Monday, November 23rd, 2026`, `2026`,
/// `November 2026`, `2026-11`.
pub(super) fn heading(title: &str) -> Heading {
    let words: Vec<&str> = title.split([' ', ',', '\u{a0}', '_']).filter(|word| !word.is_empty()).collect();
    if let [word] | [word, "(UTC)" | "UTC"] = words[..]
        && let Some(found) = numeric(word)
    {
        return found;
    }
    let (mut year, mut month, mut day) = (None, None, None);
    for word in words {
        let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        if let Some(found) = month_named(word) {
            month = Some(found);
        } else if digits.len() == 4 && digits == word {
            year = word.parse().ok();
        } else if (1..=2).contains(&digits.len())
            && matches!(&word[digits.len()..], "" | "st" | "nd" | "rd" | "th")
        {
            day = digits.parse().ok();
        } else if !is_weekday(word) {
            return Heading::Other;
        }
    }
    match (year, month, day) {
        (Some(year), Some(month), Some(day)) => {
            NaiveDate::from_ymd_opt(year, month, day).map_or(Heading::NoDay, Heading::Day)
        }
        // A leap year has each day that any year has.
        (None, Some(month), Some(day)) if NaiveDate::from_ymd_opt(2000, month, day).is_some() => {
            Heading::DayOfYear(month, day)
        }
        (None, Some(_), Some(_)) => Heading::NoDay,
        (Some(year), _, None) => Heading::Year(year),
        _ => Heading::Other,
    }
}

/// `2026-11-23`, `20261123`, `2026-11` or `2026`.
fn numeric(word: &str) -> Option<Heading> {
    let parts: Vec<&str> = word.split(['-', '/', '.']).collect();
    let all_digits =
        parts.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    if !all_digits {
        return None;
    }
    let number = |text: &str| text.parse::<u32>().unwrap_or(0);
    let day = |year: &str, month: &str, day: &str| {
        let year = year.parse().unwrap_or(0);
        NaiveDate::from_ymd_opt(year, number(month), number(day)).map_or(Heading::NoDay, Heading::Day)
    };
    match parts[..] {
        [year, month, of_month] if year.len() == 4 => Some(day(year, month, of_month)),
        [year, _] | [year] if year.len() == 4 => year.parse().ok().map(Heading::Year),
        [all] if all.len() == 8 => Some(day(&all[..4], &all[4..6], &all[6..])),
        _ => None,
    }
}

fn month_named(word: &str) -> Option<u32> {
    let word = word.trim_end_matches('.').to_lowercase();
    let same = |month: &&str| *month == word || word.len() >= 3 && month.starts_with(&word);
    let index = MONTHS.iter().position(same)?;
    u32::try_from(index + 1).ok()
}

fn is_weekday(word: &str) -> bool {
    let word = word.to_lowercase();
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    word.len() >= 3 && days.iter().any(|day| day.starts_with(&word))
}

/// The day that a client notes in its log: `Fri Jan 02 2015`, `Fri Jan  2 14:00:00 2015`, `2015-01-02`.
pub(super) fn noted(text: &str) -> Option<NaiveDate> {
    let words: Vec<&str> = text.split_whitespace().collect();
    for (index, word) in words.iter().enumerate() {
        if let Some(Heading::Day(day)) = numeric(word) {
            return Some(day);
        }
        let Some(month) = month_named(word) else { continue };
        let Some(day) = words.get(index + 1).and_then(|day| day.trim_end_matches(',').parse().ok()) else {
            continue;
        };
        let year = words[index + 2..].iter().find(|word| word.len() == 4).and_then(|year| year.parse().ok());
        return NaiveDate::from_ymd_opt(year?, month, day);
    }
    None
}

/// The day in the name of a file: `#ops_20150102.log`, `2015-01-02.txt`.
pub(super) fn in_name(name: &str) -> Option<NaiveDate> {
    let is_part = |c: char| c.is_ascii_digit() || c == '-';
    let words = name.split(|c| !is_part(c)).map(|word| word.trim_matches('-'));
    words.filter(|word| word.len() >= 8).find_map(|word| match numeric(word) {
        Some(Heading::Day(day)) => Some(day),
        _ => None,
    })
}

/// The year in the name of a page: `Server_Admin_Log_2005`, `SAL 2015-01.wiki`.
pub(super) fn year_in_name(name: &str) -> Option<i32> {
    let words = name.split(|c: char| !c.is_ascii_digit());
    words
        .filter(|word| word.len() == 4)
        .filter_map(|word| word.parse().ok())
        .find(|year| (1988..2100).contains(year))
}

/// A month by its name and a day, as HexChat writes them: `Jan 02`, with what follows.
pub(super) fn month_and_day(text: &str) -> Option<((u32, u32), &str)> {
    let (name, rest) = text.split_once(' ')?;
    let (day, rest) = rest.trim_start().split_once(' ')?;
    let month = month_named(name).filter(|_| name.len() == 3)?;
    Some(((month, day.parse().ok()?), rest))
}

/// A day in numbers at the beginning, `2015-01-02` or `20150102`, with what follows it and the mark between.
pub(super) fn leading(text: &str) -> Option<(NaiveDate, &str)> {
    let end = text.find(['T', ' ', '\t'])?;
    match numeric(&text[..end])? {
        Heading::Day(day) => Some((day, &text[end + 1..])),
        _ => None,
    }
}

/// A time of day at the beginning: `14:05`, `2:05:33 pm`, `14:05:33.250Z`, `14:05+01:00`; with the offset, where it has one,
/// and what follows.
pub(super) fn time(text: &str) -> Option<(NaiveTime, Option<FixedOffset>, &str)> {
    let (hour, rest) = digits(text, 1, 2)?;
    let (minute, rest) = digits(rest.strip_prefix(':')?, 2, 2)?;
    let seconds = rest.strip_prefix(':').and_then(|rest| digits(rest, 2, 2));
    let (second, mut rest) = seconds.unwrap_or((0, rest));
    let mut milliseconds = 0;
    if seconds.is_some()
        && let Some((fraction, after)) = rest.strip_prefix(['.', ',']).and_then(|rest| digits(rest, 1, 9))
    {
        let length = rest.len() - after.len() - 1;
        let length = u32::try_from(length).unwrap_or(9);
        milliseconds =
            if length <= 3 { fraction * 10_u32.pow(3 - length) } else { fraction / 10_u32.pow(length - 3) };
        rest = after;
    }
    let half = rest.trim_start_matches([' ', '\u{202f}', '\u{a0}']);
    let is_half = |mark: &str| half.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark));
    let mark = ["a.m.", "p.m.", "am", "pm"].into_iter().find(|mark| is_half(mark));
    let hour = match mark.filter(|mark| !half[mark.len()..].starts_with(char::is_alphanumeric)) {
        None => hour,
        Some(mark) if (1..=12).contains(&hour) => {
            rest = &half[mark.len()..];
            hour % 12 + if mark.starts_with('p') { 12 } else { 0 }
        }
        Some(_) => return None,
    };
    if rest.starts_with(|c: char| c.is_ascii_digit() || c == ':' && rest.starts_with(":0")) {
        return None;
    }
    let time = NaiveTime::from_hms_milli_opt(hour, minute, second, milliseconds)?;
    let (offset, rest) = offset(rest);
    Some((time, offset, rest))
}

fn offset(text: &str) -> (Option<FixedOffset>, &str) {
    if let Some(rest) = text.strip_prefix('Z') {
        return (FixedOffset::east_opt(0), rest);
    }
    let sign = match text.as_bytes().first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return (None, text),
    };
    let read = || {
        let (hours, rest) = digits(&text[1..], 2, 2)?;
        let (minutes, rest) = digits(rest.strip_prefix(':').unwrap_or(rest), 2, 2)?;
        let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
        Some((Some(FixedOffset::east_opt(sign * seconds)?), rest))
    };
    read().unwrap_or((None, text))
}

/// A number of so many digits at the beginning, with what follows.
fn digits(text: &str, least: usize, most: usize) -> Option<(u32, &str)> {
    let count = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if count < least {
        return None;
    }
    Some((text[..count].parse().ok()?, &text[count..]))
}
