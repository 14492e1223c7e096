//! How people write and read times, lists and the files of a patch.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Display;

use chrono::{Datelike, NaiveDate, NaiveTime, TimeDelta, Timelike};
use strsim::damerau_levenshtein;

use super::id::At;

/// The longest duration that a person can ask for.
const LONGEST: TimeDelta = TimeDelta::days(7);

/// The units of a duration in the order they are written, with their seconds.
const UNITS: &[(char, i64)] = &[('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];

/// The most typing errors a word may have and still be guessed.
const MOST_ERRORS: usize = 2;

/// `15m`, `2h`, `90s`, `1h30m`, `3d`: more than nothing and at most 7 days.
pub fn duration(word: &str) -> Option<TimeDelta> {
    let mut units = UNITS.iter();
    let mut seconds = 0;
    let mut rest = word;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        // Six digits are more than a week of seconds.
        if !(1..=6).contains(&digits) {
            return None;
        }
        let number: i64 = rest[..digits].parse().ok()?;
        let unit = rest[digits..].chars().next()?.to_ascii_lowercase();
        // Going on where the last one was found: each unit once, the larger first.
        let (_, size) = units.find(|(name, _)| *name == unit)?;
        seconds += number * size;
        rest = &rest[digits + 1..];
    }
    let length = TimeDelta::try_seconds(seconds)?;
    (TimeDelta::zero() < length && length <= LONGEST).then_some(length)
}

/// A moment in UTC: `now`, `2026-12-20`, `2026-12-20T14:30`, `14:30` (today, or tomorrow if that is past), `+2h`.
/// Years from 2000 to 2100.
pub fn moment(word: &str, at: At) -> Option<At> {
    let moment = if word.eq_ignore_ascii_case("now") {
        at
    } else if let Some(length) = word.strip_prefix('+') {
        at.checked_add_signed(duration(length)?)?
    } else if let Some((day, time)) = word.split_once(['T', 't']) {
        date(day)?.and_time(time_of_day(time)?).and_utc()
    } else if word.contains(':') {
        let today = at.date_naive().and_time(time_of_day(word)?).and_utc();
        if today < at { today.checked_add_signed(TimeDelta::days(1))? } else { today }
    } else {
        date(word)?.and_time(NaiveTime::MIN).and_utc()
    };
    (2000..=2100).contains(&moment.year()).then_some(moment)
}

/// `2026-12-20` and nothing that only resembles it.
fn date(word: &str) -> Option<NaiveDate> {
    let mut parts = word.split('-');
    let date = NaiveDate::from_ymd_opt(
        i32::try_from(number(parts.next()?, 4)?).ok()?,
        number(parts.next()?, 2)?,
        number(parts.next()?, 2)?,
    )?;
    parts.next().is_none().then_some(date)
}

/// `14:30` or `14:30:15`, with or without a `Z`.
fn time_of_day(word: &str) -> Option<NaiveTime> {
    let mut parts = word.strip_suffix(['Z', 'z']).unwrap_or(word).split(':');
    let (hour, minute) = (number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let second = parts.next().map_or(Some(0), |second| number(second, 2))?;
    let time = NaiveTime::from_hms_opt(hour, minute, second)?;
    parts.next().is_none().then_some(time)
}

/// A number of just as many ASCII digits.
fn number(word: &str, digits: usize) -> Option<u32> {
    if word.len() == digits && word.bytes().all(|b| b.is_ascii_digit()) { word.parse().ok() } else { None }
}

/// How far `to` is from `from`: `in 2 h 10`, `in 40 min`, `in 30 s`, `4 min ago`, `now`.
pub fn ago_or_in(from: At, to: At) -> String {
    let distance = to - from;
    if in_units(distance, 1000) == 0 {
        "now".to_owned()
    } else if distance > TimeDelta::zero() {
        format!("in {}", span(distance))
    } else {
        format!("{} ago", span(distance))
    }
}

/// A length of time, rounded as one speaks: `40 s`, `12 min`, `2 h 10`, `3 d 4 h`.
pub fn span(length: TimeDelta) -> String {
    let seconds = in_units(length, 1000);
    let minutes = in_units(length, 60_000);
    let hours = in_units(length, 3_600_000);
    if seconds < 60 {
        format!("{seconds} s")
    } else if minutes < 60 {
        format!("{minutes} min")
    } else if minutes < 24 * 60 {
        match minutes % 60 {
            0 => format!("{} h", minutes / 60),
            rest => format!("{} h {rest:02}", minutes / 60),
        }
    } else {
        match hours % 24 {
            0 => format!("{} d", hours / 24),
            rest => format!("{} d {rest} h", hours / 24),
        }
    }
}

/// A length of time where seconds count, below an hour: `38 s`, `1 min 40 s`, `3 min`; above it as [`span`].
pub fn exact_span(length: TimeDelta) -> String {
    let seconds = in_units(length, 1000);
    match (seconds / 60, seconds % 60) {
        (1..60, rest @ 1..) => format!("{} min {rest} s", seconds / 60),
        _ => span(length),
    }
}

/// How many units of so many milliseconds a length has, to the nearest, without its sign.
fn in_units(length: TimeDelta, milliseconds: u64) -> u64 {
    (length.num_milliseconds().unsigned_abs() + milliseconds / 2) / milliseconds
}

/// The time of day in UTC: `14:05`.
pub fn clock(at: At) -> String {
    format!("{:02}:{:02}", at.hour(), at.minute())
}

/// The time with as much of a date as it needs now: `14:00 UTC` today, `Tue 14:00 UTC` in the six days to come,
/// `2026-12-01 14:00 UTC` else. A day that is past has its date: a bare `Tue` would be taken for the next one.
pub fn day_clock(at: At, now: At) -> String {
    let days = at.date_naive().signed_duration_since(now.date_naive()).num_days();
    match days {
        0 => format!("{} UTC", clock(at)),
        1..=6 => format!("{} {} UTC", at.weekday(), clock(at)),
        _ => format!("{} {} UTC", at.format("%Y-%m-%d"), clock(at)),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub fn list(items: &[impl Display]) -> String {
    match items {
        [] => String::new(),
        [one] => one.to_string(),
        [first @ .., last] => format!("{} and {last}", names(first)),
    }
}

/// The text with a capital letter: `next is 4` follows a full stop as `Next is 4`.
pub fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}

/// `a, b, c`: how people are addressed.
pub fn names(items: &[impl Display]) -> String {
    let mut text = String::new();
    for item in items {
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(&item.to_string());
    }
    text
}

/// What is wrong with a list of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileListFault {
    /// No file has this number or ending.
    Unknown(String),
    /// Several files have it.
    Ambiguous {
        /// What was said.
        word: String,
        /// The files that end so.
        candidates: Vec<String>,
    },
    /// A file is named more than once.
    Twice(String),
    /// These are not named.
    Missing(Vec<String>),
}

/// Each path by the shortest ending that no other path of the list has: `logos.php`, or `includes/Hooks.php` where
/// there are several `Hooks.php`.
pub fn short_files(paths: &[String]) -> Vec<String> {
    let mut uses: HashMap<&str, usize> = HashMap::new();
    for ending in paths.iter().flat_map(|path| endings(path)) {
        *uses.entry(ending).or_default() += 1;
    }
    paths
        .iter()
        .map(|path| endings(path).find(|ending| uses[ending] == 1).unwrap_or(path).to_owned())
        .collect()
}

/// The endings of a path on whole components, the shortest first, the path itself last.
fn endings(path: &str) -> impl Iterator<Item = &str> {
    path.rmatch_indices('/').map(|(slash, _)| &path[slash + 1..]).chain([path])
}

/// Which of `paths` is meant, counted from 0: by its number, counted from 1, or by a path or an ending on whole
/// components that only one of them has.
pub fn file_by_ending(paths: &[String], word: &str) -> Result<usize, FileListFault> {
    if word.bytes().all(|b| b.is_ascii_digit())
        && let Some(index) = word.parse::<usize>().ok().and_then(|number| number.checked_sub(1))
        && index < paths.len()
    {
        return Ok(index);
    }
    // The whole path of one file can be the ending of another.
    if let Some(index) = paths.iter().position(|path| path == word) {
        return Ok(index);
    }
    let ends_so =
        |path: &str| !word.is_empty() && path.strip_suffix(word).is_some_and(|folder| folder.ends_with('/'));
    let mut found = (0..paths.len()).filter(|index| ends_so(&paths[*index]));
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(FileListFault::Unknown(word.to_owned())),
        (Some(_), Some(_)) => Err(FileListFault::Ambiguous {
            word: word.to_owned(),
            candidates: paths.iter().filter(|path| ends_so(path)).cloned().collect(),
        }),
    }
}

/// The order that a list of files gives: numbers or endings between `,`, `>` or `then`, each of `paths` once.
pub fn file_list(text: &str, paths: &[String]) -> Result<Vec<String>, FileListFault> {
    let mut named = BTreeSet::new();
    let mut order = Vec::new();
    for word in file_words(text) {
        let index = file_by_ending(paths, &word)?;
        if !named.insert(index) {
            return Err(FileListFault::Twice(paths[index].clone()));
        }
        order.push(paths[index].clone());
    }
    if order.len() == paths.len() {
        Ok(order)
    } else {
        let missing = (0..paths.len()).filter(|index| !named.contains(index));
        Err(FileListFault::Missing(missing.map(|index| paths[index].clone()).collect()))
    }
}

/// What stands between the separators. Two separators in a row are one: people write `a, then b`.
fn file_words(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in text.split([',', '>']) {
        let words: Vec<_> = part.split_whitespace().collect();
        let between = words.split(|word| word.eq_ignore_ascii_case("then"));
        found.extend(between.filter(|words| !words.is_empty()).map(|words| words.join(" ")));
    }
    found
}

/// The one candidate that `word` may be a slip of: at most two errors, fewer than half the letters, and no other
/// candidate as near. Upper and lower case are the same.
pub fn near<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let word = word.to_lowercase();
    let length = word.chars().count();
    let mut best: Option<(usize, &'a str)> = None;
    let mut is_alone = true;
    for &candidate in candidates {
        let its_length = candidate.chars().count();
        // Cheaper than a distance, and it keeps a wall of text from being compared at all.
        if its_length.abs_diff(length) > MOST_ERRORS {
            continue;
        }
        let errors = damerau_levenshtein(&word, &candidate.to_lowercase());
        if errors > MOST_ERRORS || errors * 2 >= length.max(its_length) {
            continue;
        }
        match best {
            Some((least, _)) if errors > least => {}
            Some((least, other)) if errors == least => is_alone &= other == candidate,
            _ => (best, is_alone) = (Some((errors, candidate)), true),
        }
    }
    best.filter(|_| is_alone).map(|(_, candidate)| candidate)
}
