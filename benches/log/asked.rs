//! Every kind of question to the log, with other words and names each time.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::{Days, TimeDelta};
use swatbot::engine::id::{ChangeNumber, RowId};
use swatbot::engine::log::{Query, Term, TermText, Total};
use swatbot::store::Reader;

use crate::Place;
use crate::rows::{Chance, FIRST_CHANGE, PEOPLE, begin, person};
use crate::table::{self, Samples};

/// Words that each tenth row has, at least.
pub(crate) const COMMON: &[&str] =
    &["scap", "cookbook", "restarted", "depool", "backport", "duration", "reason"];

/// Two words that are never in one row, each of which is in every tenth.
pub(crate) const NEVER_TOGETHER: &[(&str, &str)] = &[
    ("scap", "wmnet"),
    ("restarted", "backport"),
    ("cookbook", "gerrit"),
    ("depool", "duration"),
    ("dbctl", "start"),
];

/// What a question of this name must not take longer than, in microseconds: p50 and p99.
type Target = (f64, f64);

const ORDINARY: Target = (150.0, 1_000.0);
const NARROW: Target = (5_000.0, 5_000.0);
/// What ripgrep takes for it at 10 million rows.
const SUBSTRING: Target = (221_000.0, 221_000.0);
const WORST: Target = (30_000.0, 30_000.0);

fn word(text: &str) -> Term {
    Term { text: TermText::Word(text.to_owned()), not: false }
}

/// `text*`, or `*text*`.
fn part(text: &str, before: bool) -> Term {
    Term { text: TermText::Part { text: text.to_owned(), before, behind: true }, not: false }
}

fn five(query: Query) -> Query {
    Query { last: Some(5), ..query }
}

fn find(terms: Vec<Term>) -> Query {
    five(Query { terms, ..Query::default() })
}

fn within(query: Query, chance: &mut Chance, days: u64) -> Query {
    let since = begin() + TimeDelta::days(chance.below(20 * 365 - days) as i64);
    Query { since: Some(since), until: since.checked_add_days(Days::new(days)), ..query }
}

/// A question by its name, its target, and how one is made.
type Kind = (&'static str, Target, fn(&mut Chance, u64) -> Query);

const KINDS: &[Kind] = &[
    ("newest 5", ORDINARY, |_, _| five(Query::default())),
    ("rare word (1 row)", ORDINARY, |chance, rows| {
        find(vec![word(&(FIRST_CHANGE + 1 + chance.below(rows)).to_string())])
    }),
    ("absent word", ORDINARY, |chance, _| find(vec![word(&format!("zzqq{}", chance.below(9999)))])),
    ("task", ORDINARY, |chance, _| {
        five(Query { task: Some(format!("T{}", 100_000 + chance.below(280_000))), ..Query::default() })
    }),
    ("change", ORDINARY, |chance, rows| {
        let change = FIRST_CHANGE + 1 + chance.below(rows);
        five(Query { change: Some(ChangeNumber(change as u32)), ..Query::default() })
    }),
    ("common word", ORDINARY, |chance, _| find(vec![word(chance.pick(COMMON))])),
    ("two common words", ORDINARY, |chance, _| {
        let one = chance.pick(&["scap", "gerrit", "backport"]);
        find(vec![word(one), word(chance.pick(&["started", "finished", "enable", "echo"]))])
    }),
    ("common phrase", ORDINARY, |chance, _| {
        let phrase =
            chance.pick(&["rolling restart", "diff saved to", "Finished scap", "high replication lag"]);
        find(vec![Term { text: TermText::Phrase(phrase.to_owned()), not: false }])
    }),
    ("host (3 words of a phrase)", NARROW, |chance, _| {
        find(vec![word(&format!("mw{}.eqiad.wmnet", 1000 + chance.below(1200)))])
    }),
    ("path", NARROW, |_, _| find(vec![word("wmf-config/InitialiseSettings.php")])),
    ("prefix, common", ORDINARY, |chance, _| {
        find(vec![part(chance.pick(&["synchron", "depo", "rest", "cook"]), false)])
    }),
    ("prefix of tasks", NARROW, |chance, _| {
        find(vec![part(&format!("t{}", 1000 + chance.below(2800)), false)])
    }),
    ("part of a common word", SUBSTRING, |chance, _| {
        find(vec![part(chance.pick(&["ynchroni", "estarte"]), true)])
    }),
    ("part of rare words", SUBSTRING, |chance, _| {
        find(vec![part(&(100_000 + chance.below(900_000)).to_string(), true)])
    }),
    ("part of no word", SUBSTRING, |chance, _| find(vec![part(&format!("zq{}", chance.below(9999)), true)])),
    ("word, -other", ORDINARY, |chance, _| {
        let not =
            Term { text: TermText::Word(chance.pick(&["finished", "enwiki", "echo"]).to_owned()), not: true };
        find(vec![word("scap"), not])
    }),
    ("room", ORDINARY, |chance, _| {
        five(Query {
            room: Some(format!("#{}", chance.pick(&["cloud", "sre", "operations"]))),
            ..Query::default()
        })
    }),
    ("outcome", ORDINARY, |_, _| five(Query { outcome: Some("failed".to_owned()), ..Query::default() })),
    ("person", ORDINARY, |chance, _| {
        five(Query { by: Some(person(chance.below(PEOPLE))), ..Query::default() })
    }),
    ("day", ORDINARY, |chance, _| within(five(Query::default()), chance, 1)),
    ("person, day", ORDINARY, |chance, _| {
        let by = Some(person(chance.below(PEOPLE)));
        within(five(Query { by, ..Query::default() }), chance, 1)
    }),
    ("person, week", ORDINARY, |chance, _| {
        let by = Some(person(chance.below(PEOPLE)));
        within(five(Query { by, ..Query::default() }), chance, 7)
    }),
    ("common word, person, week", NARROW, |chance, _| {
        let by = Some(person(chance.below(PEOPLE)));
        within(Query { by, ..find(vec![word(chance.pick(COMMON))]) }, chance, 7)
    }),
    ("around", ORDINARY, |chance, rows| {
        let row = RowId(1 + chance.below(rows) as i64);
        Query { around: Some(row), last: Some(4), ..Query::default() }
    }),
    ("the next page (before)", ORDINARY, |chance, rows| {
        let before = Some(RowId(1 + chance.below(rows) as i64));
        Query { before, ..find(vec![word(chance.pick(COMMON))]) }
    }),
    ("count of a common word", WORST, |chance, _| Query {
        count: true,
        ..find(vec![word(chance.pick(COMMON))])
    }),
    ("count, person and common word", WORST, |chance, _| Query {
        count: true,
        by: Some(person(chance.below(PEOPLE))),
        ..find(vec![word(chance.pick(COMMON))])
    }),
    ("count of a common phrase", WORST, |_, _| Query {
        count: true,
        ..find(vec![Term { text: TermText::Phrase("rolling restart".to_owned()), not: false }])
    }),
    ("two common words, no row", WORST, |chance, _| never_together(chance)),
    ("part of words (signs)", WORST, |_, _| find(vec![word("]]")])),
];

pub(crate) fn never_together(chance: &mut Chance) -> Query {
    let (one, other) = NEVER_TOGETHER[chance.below(NEVER_TOGETHER.len() as u64) as usize];
    find(vec![word(one), word(other)])
}

/// Everything that is asked for is in memory, as it soon is where people ask.
pub(crate) fn warm(place: &Place) {
    table::title("asked of swatbot, warm (p50, p99, the longest; rows that were found)");
    // So that it is true of the first question too.
    for file in files(&place.log) {
        std::io::copy(&mut File::open(file).expect("a file"), &mut std::io::sink()).expect("it is read");
    }
    let reader = Reader::open(&place.log).expect("the log opens");
    for (name, target, kind) in KINDS {
        let mut chance = Chance::new(7);
        let queries: Vec<Query> = (0..210).map(|_| kind(&mut chance, place.rows)).collect();
        let mut samples = Samples::default();
        let (mut found, mut most) = (0, 0);
        for (number, query) in queries.iter().enumerate() {
            let ask = || reader.search(query).expect("it is answered");
            // The first ones are for what is made once.
            let answer = if number < 10 { ask() } else { samples.time(ask) };
            found += answer.rows.len();
            most = most.max(answer.total.at_least());
            assert!(query.count || answer.total == Total::Exactly(0) || !answer.rows.is_empty());
        }
        row(name, &samples, *target, &format!("{found} rows, of {most} at most"));
    }
}

fn row(name: &str, samples: &Samples, (p50, p99): Target, remark: &str) {
    let is_met = samples.p50() <= p50 && samples.p99() <= p99;
    let mark = if is_met { "" } else { "  <-- over its target" };
    let longest = samples.percentile(100);
    table::row(name, samples, &format!("max {longest:>9.1} us   {remark}{mark}"));
}

/// Nothing of it is in memory, as on the first question after a start of the machine.
pub(crate) fn cold(place: &Place) {
    table::title("asked of swatbot, cold: a new reader, its files not in memory (opening it is counted)");
    if !forget(&place.log) {
        table::line("  left out: dd cannot take files out of the cache of this system");
        return;
    }
    for (name, _, kind) in KINDS.iter().filter(|(name, ..)| {
        ["newest 5", "rare word (1 row)", "task", "common word", "person, week", "two common words, no row"]
            .contains(name)
    }) {
        let mut chance = Chance::new(11);
        let mut samples = Samples::default();
        for _ in 0..10 {
            let query = kind(&mut chance, place.rows);
            forget(&place.log);
            samples.time(|| {
                Reader::open(&place.log).expect("the log opens").search(&query).expect("it is answered")
            });
        }
        table::row(name, &samples, "");
    }
}

/// Takes the log and its index out of the cache; whether it could.
fn forget(log: &Path) -> bool {
    files(log).iter().all(|file| forget_file(file))
}

fn files(log: &Path) -> Vec<PathBuf> {
    let index = std::fs::read_dir(format!("{}.index", log.display())).into_iter().flatten();
    index.filter_map(Result::ok).map(|file| file.path()).chain([log.to_owned()]).collect()
}

pub(crate) fn forget_file(file: &Path) -> bool {
    let input = format!("if={}", file.display());
    let dropped =
        Command::new("dd").args([input.as_str(), "iflag=nocache", "count=0", "status=none"]).status();
    dropped.is_ok_and(|status| status.success())
}
