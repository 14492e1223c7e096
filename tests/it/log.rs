//! `!log`: what is a question and what is recorded, and how rows are printed.

use clap::Parser;
use proptest::prelude::*;
use swatbot::cli::log::{Form, LogArgs, LogFault, Look, run, write_rows};
use swatbot::engine::event::kinds;
use swatbot::engine::event::{Author, Event, Record, Went};
use swatbot::engine::id::{At, ChangeNumber, RowId, Who};
use swatbot::engine::log::{
    self, Asked, InWindow, OUTCOMES, PARTS, Query, Risk, Row, Term, TermText, Wrong, before_find, describe,
    like_a_question, rank,
};
use swatbot::engine::say::no;
use swatbot::store::Store;

use crate::make;

/// A Monday afternoon.
fn now() -> At {
    "2026-11-23T14:05:12.345Z".parse().unwrap()
}

fn parse(text: &str, at: At) -> Asked {
    log::parse(text, at, &["gerrit.example.org".to_owned()])
}

fn moment(text: &str) -> Option<At> {
    Some(text.parse().unwrap())
}

#[test]
fn a_whole_line_of_parts_is_a_question() {
    let none = Query::default;
    let by = |who: &str| Query { by: Some(who.to_owned()), ..none() };
    let words = |words: &[&str]| Query { terms: make::words(&words.join(" ")), ..none() };
    let window = |window| Query { window: Some(window), ..none() };
    let count = |query| Query { count: true, ..query };
    for (text, expected) in [
        ("", Query { last: Some(5), ..none() }),
        ("   ", Query { last: Some(5), ..none() }),
        ("last 10", Query { last: Some(10), ..none() }),
        ("by alice", by("alice")),
        ("  By   ALICE ", by("ALICE")),
        ("by\u{a0}libera/alice", by("libera/alice")),
        ("change 900101", Query { change: Some(ChangeNumber(900_101)), ..none() }),
        ("change #3", Query { ticket: Some(3), ..none() }),
        (
            "change https://gerrit.example.org/r/c/mediawiki/core/+/900101/2",
            Query { change: Some(ChangeNumber(900_101)), ..none() },
        ),
        ("task T115031", Query { task: Some("T115031".to_owned()), ..none() }),
        ("task t7", Query { task: Some("T7".to_owned()), ..none() }),
        ("task 115031", Query { task: Some("T115031".to_owned()), ..none() }),
        ("window morning", window(InWindow::Any("morning".to_owned()))),
        ("window 2026-11-23/morning", window(InWindow::Occurrence("2026-11-23/morning".parse().unwrap()))),
        ("room #ops", Query { room: Some("#ops".to_owned()), ..none() }),
        ("kind Rolled-Back", Query { kind: Some("rolled-back".to_owned()), ..none() }),
        ("outcome REFUSED", Query { outcome: Some("refused".to_owned()), ..none() }),
        ("before L812", Query { before: Some(RowId(812)), ..none() }),
        ("show L812", Query { show: Some(RowId(812)), ..none() }),
        ("show 812", Query { show: Some(RowId(812)), ..none() }),
        ("around l812", Query { around: Some(RowId(812)), ..none() }),
        // The row is one of the ten.
        ("around L812 last 10", Query { around: Some(RowId(812)), last: Some(9), ..none() }),
        ("around L812 last 1", Query { around: Some(RowId(812)), last: Some(0), ..none() }),
        ("find apache", words(&["apache"])),
        ("find since 2h by the way", words(&["since", "2h", "by", "the", "way"])),
        ("count", count(none())),
        ("Count by alice", count(by("alice"))),
        ("by alice count", count(by("alice"))),
        ("count find a", count(words(&["a"]))),
        ("since 2026-11-22  14:30 by alice", Query { since: moment("2026-11-22T14:30:00Z"), ..by("alice") }),
        ("window either", window(InWindow::Any("either".to_owned()))),
        ("window (morning)", window(InWindow::Any("(morning)".to_owned()))),
        (
            "by bob change 12 kind refused since 2h until 14:00 last 3 find  a  b",
            Query {
                by: Some("bob".to_owned()),
                change: Some(ChangeNumber(12)),
                kind: Some("refused".to_owned()),
                since: moment("2026-11-23T12:05:12.345Z"),
                until: moment("2026-11-23T14:00:00Z"),
                last: Some(3),
                ..words(&["a", "b"])
            },
        ),
    ] {
        assert_eq!(parse(text, now()), Asked::Query(Box::new(expected)), "{text:?}");
    }
    assert_eq!(parse("More", now()), Asked::More);
    assert_eq!(parse("suspects", now()), Asked::Suspects(now()));
    assert_eq!(parse("Suspects 13:30", now()), Asked::Suspects(moment("2026-11-23T13:30:00Z").unwrap()));
    assert_eq!(
        parse("suspects yesterday 13:30", now()),
        Asked::Suspects(moment("2026-11-22T13:30:00Z").unwrap())
    );
    assert_eq!(parse("suspects 23:50", now()), Asked::Suspects(moment("2026-11-22T23:50:00Z").unwrap()));
}

#[test]
fn what_is_found_is_words_phrases_parts_and_what_is_not_there() {
    let word = |text: &str| TermText::Word(text.to_owned());
    let phrase = |text: &str| TermText::Phrase(text.to_owned());
    let part = |text: &str, before, behind| TermText::Part { text: text.to_owned(), before, behind };
    let beginning = |text: &str| part(text, false, true);
    for (text, expected, said) in [
        ("apache -nginx", vec![(word("apache"), false), (word("nginx"), true)], "apache -nginx"),
        (
            "\"out  of memory\" mw*",
            vec![(phrase("out of memory"), false), (beginning("mw"), false)],
            "\"out of memory\" mw*",
        ),
        ("-\"a b\"-c*", vec![(phrase("a b"), true), (beginning("c"), true)], "-\"a b\" -c*"),
        ("\u{201c}a b\u{201d} c", vec![(phrase("a b"), false), (word("c"), false)], "\"a b\" c"),
        ("\"never closed", vec![(phrase("never closed"), false)], "\"never closed\""),
        (
            "- * ** -* --x",
            vec![
                (word("-"), false),
                (word("*"), false),
                (word("**"), false),
                (word("*"), true),
                (word("-x"), true),
            ],
            "- * ** -* --x",
        ),
        (
            "*pach* -*265 *- *é*",
            vec![
                (part("pach", true, true), false),
                (part("265", true, false), true),
                (word("*-"), false),
                (part("é", true, true), false),
            ],
            "*pach* -*265 *- *é*",
        ),
        (
            "wmf-config/x.php a\"b",
            vec![(word("wmf-config/x.php"), false), (word("a\"b"), false)],
            "wmf-config/x.php a\"b",
        ),
        ("\"\" a -\"\"", vec![(word("a"), false)], "a"),
    ] {
        let terms = expected.into_iter().map(|(text, not)| Term { text, not }).collect();
        let query = Box::new(Query { terms, ..Query::default() });
        assert_eq!(describe(&query), format!("find {said}"));
        assert_eq!(parse(&format!("find {text}"), now()), Asked::Query(query), "{text}");
    }
    assert_eq!(parse("find \"\"", now()), Asked::Wrong(Wrong::Missing("find")));
}

#[test]
fn each_part_of_the_language_has_an_example_that_is_a_question() {
    for part in PARTS {
        let Asked::Query(query) = parse(part.example, now()) else { panic!("{}", part.example) };
        assert!(describe(&query).split(' ').any(|word| word == part.word), "{}", part.example);
    }
    let all = Query {
        by: Some("alice".to_owned()),
        change: Some(ChangeNumber(1)),
        ticket: None,
        task: Some("T1".to_owned()),
        window: Some(InWindow::Any("morning".to_owned())),
        room: Some("#ops".to_owned()),
        kind: Some("live".to_owned()),
        outcome: Some("ok".to_owned()),
        since: Some(now()),
        until: Some(now()),
        terms: make::words("last"),
        show: Some(RowId(1)),
        last: Some(1),
        before: Some(RowId(1)),
        around: Some(RowId(1)),
        count: true,
    };
    let said = describe(&all);
    let told: Vec<&str> =
        said.split(' ').filter(|word| PARTS.iter().any(|part| part.word == *word)).collect();
    // The last word is what is looked for.
    assert_eq!(told[..told.len() - 1], PARTS.iter().map(|part| part.word).collect::<Vec<_>>());
}

#[test]
fn kinds_are_those_of_the_stored_samples() {
    let samples = include_str!("../samples/events.jsonl");
    for line in samples.lines() {
        let sample: serde_json::Value = serde_json::from_str(line).unwrap();
        let kind = sample["event"].as_str().unwrap();
        assert!(kinds().contains(&kind), "{kind}");
    }
    assert!(kinds().len() > 50 && !kinds().contains(&""));
}

#[test]
fn everything_else_is_recorded_as_it_came() {
    for text in [
        "by the way, apache restarted",
        "synchronized wmf-config/InitialiseSettings.php",
        "by alice apache is down",
        "change of plans",
        "change 900101 reverted",
        "last 10 minutes were quiet",
        "window of opportunity",
        "kind of slow",
        "show must go on",
        "since the restart mw1265 is slow",
        "since 2h apache is down",
        "since 25:61 apache is down",
        "since 2026-11-22 14:30 apache is down",
        "until further notice",
        "kind regards from the datacentre",
        "task force met",
        "around 14:30 apache died",
        "around the world",
        "suspects bob and carol",
        "suspects 14:30 are many",
        "count sheep",
        "count on me",
        "more to come",
        "outcome of the vote: 3",
        "window closed early",
        "lastly 10",
        "amend L812",
        "amend 812 typo",
        "amend the plan",
        "--force was used",
        "seq=1 h=00 a  text\twith   its own  spaces",
        "\u{202e}drawkcab",
        "'); DROP TRIGGER event_stays;--",
    ] {
        assert_eq!(parse(text, now()), Asked::Text(text.to_owned()), "{text:?}");
        assert_eq!(parse(&format!(" {text}\u{3000}"), now()), Asked::Text(text.to_owned()), "{text:?}");
    }
}

#[test]
fn of_a_text_that_begins_like_a_question_it_is_known() {
    for (text, like) in [
        ("since the restart mw1265 is slow", Some("since 2h")),
        ("Last 10 minutes were quiet", Some("last 20")),
        ("suspects bob and carol", Some("suspects 14:30")),
        ("amend the plan", Some("amend L812 TEXT")),
        ("redact the plan", Some("redact L812 REASON")),
        ("restarted apache since yesterday", None),
        ("lastly 10", None),
        ("seq=1", None),
    ] {
        assert_eq!(like_a_question(text), like, "{text}");
        assert!(matches!(parse(text, now()), Asked::Text(_)));
    }
}

#[test]
fn parts_behind_find_are_words_and_what_was_meant_is_known() {
    for (text, meant) in [
        ("find apache by bob", Some("by bob find apache")),
        ("find apache last 1", Some("last 1 find apache")),
        ("find apache down since 2h", Some("since 2h find apache down")),
        (
            "count find apache by bob since 2026-11-22 14:30",
            Some("count by bob since 2026-11-22 14:30 find apache"),
        ),
        (
            "kind logged find \"out of memory\" -mw1263 change #3",
            Some("kind logged change #3 find \"out of memory\" -mw1263"),
        ),
        ("since 13:00 find apache until 14:00", Some("since 2026-11-23T13:00Z until 14:00 find apache")),
        ("find by bob", Some("by bob")),
        // The value is none, the part is there already, it stands alone, or it is none at all.
        ("find apache kind nonsense", None),
        ("by alice find apache by bob", None),
        ("find apache show L5", None),
        ("find apache \"by bob\"", None),
        ("find apache by -bob", None),
        ("find by the way", None),
        ("find by bob apache", None),
        ("find apache", None),
        ("by bob", None),
    ] {
        let Asked::Query(query) = parse(text, now()) else { panic!("{text}") };
        let found = before_find(&query);
        assert_eq!(found.as_deref(), meant, "{text}");
        if let Some(found) = found {
            assert!(matches!(parse(&found, now()), Asked::Query(_)), "{found}");
        }
    }
}

#[test]
fn two_dashes_record_what_is_behind_them() {
    for (text, expected) in [("-- by alice", "by alice"), ("--\tlast 10 ", "last 10"), ("-- -- x", "-- x")] {
        assert_eq!(parse(text, now()), Asked::Text(expected.to_owned()));
    }
    assert_eq!(parse("--", now()), Asked::Nothing);
    assert_eq!(parse(" --  ", now()), Asked::Nothing);
}

#[test]
fn amend_names_the_row_and_keeps_the_text() {
    let amended = |row, text: &str| Asked::Amend { row: RowId(row), text: text.to_owned() };
    assert_eq!(
        parse("amend L812 it was mw1002,  not mw1001", now()),
        amended(812, "it was mw1002,  not mw1001")
    );
    assert_eq!(parse("AMEND l7 by alice", now()), amended(7, "by alice"));
}

#[test]
fn times_are_read_in_utc() {
    for (text, since, until) in [
        ("2026-11-22", "2026-11-22T00:00:00Z", "2026-11-22T23:59:59.999Z"),
        ("today", "2026-11-23T00:00:00Z", "2026-11-23T23:59:59.999Z"),
        ("Yesterday", "2026-11-22T00:00:00Z", "2026-11-22T23:59:59.999Z"),
        ("13:30", "2026-11-23T13:30:00Z", "2026-11-23T13:30:00Z"),
        // The last time that it was so late.
        ("14:30", "2026-11-22T14:30:00Z", "2026-11-22T14:30:00Z"),
        ("now", "2026-11-23T14:05:12.345Z", "2026-11-23T14:05:12.345Z"),
        ("9:05", "2026-11-23T09:05:00Z", "2026-11-23T09:05:00Z"),
        ("2026-11-22T14:30", "2026-11-22T14:30:00Z", "2026-11-22T14:30:00Z"),
        ("2026-11-22t14:30:05z", "2026-11-22T14:30:05Z", "2026-11-22T14:30:05Z"),
        ("2026-11-22T14:30:05.250Z", "2026-11-22T14:30:05.250Z", "2026-11-22T14:30:05.250Z"),
        ("30m", "2026-11-23T13:35:12.345Z", "2026-11-23T13:35:12.345Z"),
        ("2h", "2026-11-23T12:05:12.345Z", "2026-11-23T12:05:12.345Z"),
        ("3D", "2026-11-20T14:05:12.345Z", "2026-11-20T14:05:12.345Z"),
        ("1w", "2026-11-16T14:05:12.345Z", "2026-11-16T14:05:12.345Z"),
        // It is a Monday.
        ("monday", "2026-11-23T00:00:00Z", "2026-11-23T23:59:59.999Z"),
        ("Tue", "2026-11-17T00:00:00Z", "2026-11-17T23:59:59.999Z"),
        ("sunday", "2026-11-22T00:00:00Z", "2026-11-22T23:59:59.999Z"),
        ("saturday 14:30", "2026-11-21T14:30:00Z", "2026-11-21T14:30:00Z"),
        ("tuesdayT14:30Z", "2026-11-17T14:30:00Z", "2026-11-17T14:30:00Z"),
        ("yesterday \t9:05", "2026-11-22T09:05:00Z", "2026-11-22T09:05:00Z"),
        ("2026-11-22 14:30:05Z", "2026-11-22T14:30:05Z", "2026-11-22T14:30:05Z"),
        ("2024-02-29", "2024-02-29T00:00:00Z", "2024-02-29T23:59:59.999Z"),
        ("9999-12-31", "9999-12-31T00:00:00Z", "9999-12-31T23:59:59.999Z"),
    ] {
        let query = Query { since: moment(since), ..Query::default() };
        assert_eq!(parse(&format!("since {text}"), now()), Asked::Query(Box::new(query)));
        let query = Query { until: moment(until), ..Query::default() };
        assert_eq!(parse(&format!("until {text}"), now()), Asked::Query(Box::new(query)));
    }
}

#[test]
fn a_question_with_a_time_there_is_not_is_said_to_be_one() {
    for time in [
        "2026-02-30",
        "2025-02-29",
        "2026-13-01",
        "2026-00-10",
        "0000-01-01",
        "-0001-01-01",
        "-0001",
        "25:61",
        "24:00",
        "14:3",
        "14:30:61",
        "2026-11-23T25:00",
        "2026-1-3",
        "2026/11/23",
        "23.11.2026",
        "2026",
        "99999999999999999999d",
        "999999999w",
        "9000000w",
        "14:30+02:00",
        "2026-11-22 25:61",
        "2026-02-30 14:30",
        "14:30 14:31",
        "when",
        "lunch",
        "mond",
        "2fast",
    ] {
        for line in [format!("since {time}"), format!("by alice until {time} find apache")] {
            assert_eq!(parse(&line, now()), Asked::Wrong(Wrong::Time(time.to_owned())), "{line}");
        }
    }
    assert_eq!(
        parse("window 2026-02-30/morning", now()),
        Asked::Wrong(Wrong::Window("2026-02-30/morning".to_owned()))
    );
    assert_eq!(parse("-- since 2026-02-30", now()), Asked::Text("since 2026-02-30".to_owned()));
}

#[test]
fn the_time_of_day_after_another_is_later() {
    let span = |text: &str| match parse(text, now()) {
        Asked::Query(query) => (query.since, query.until),
        other => panic!("{other:?}"),
    };
    // It is 14:05.
    assert_eq!(
        span("since 13:00 until 15:00"),
        (moment("2026-11-23T13:00:00Z"), moment("2026-11-23T15:00:00Z"))
    );
    assert_eq!(
        span("until 02:00 since 22:00"),
        (moment("2026-11-22T22:00:00Z"), moment("2026-11-23T02:00:00Z"))
    );
    assert_eq!(
        span("since 2026-11-20T22:00 until 02:00"),
        (moment("2026-11-20T22:00:00Z"), moment("2026-11-23T02:00:00Z"))
    );
}

#[test]
fn a_question_with_one_wrong_value_is_wrong_and_not_recorded() {
    let text = |text: &str| text.to_owned();
    for (line, wrong) in [
        ("last 0", Wrong::Count(text("0"))),
        ("last 99999999999999999999", Wrong::Count(text("99999999999999999999"))),
        ("last 2h", Wrong::Count(text("2h"))),
        ("last five", Wrong::Count(text("five"))),
        ("last L5", Wrong::Count(text("L5"))),
        ("last night", Wrong::Count(text("night"))),
        ("by", Wrong::Missing("by")),
        ("show", Wrong::Missing("show")),
        ("find", Wrong::Missing("find")),
        ("by alice since", Wrong::Missing("since")),
        ("change reverted", Wrong::Change(text("reverted"))),
        ("change \u{661}\u{662}", Wrong::Change(text("\u{661}\u{662}"))),
        (
            "change https://evil.example/r/c/x/+/900101",
            Wrong::Change(text("https://evil.example/r/c/x/+/900101")),
        ),
        ("change #0", Wrong::Change(text("#0"))),
        ("change #1 change 900101", Wrong::Twice("change")),
        ("task done", Wrong::Task(text("done"))),
        ("window either/or", Wrong::Window(text("either/or"))),
        ("kind 7", Wrong::Kind(text("7"))),
        ("show Lx", Wrong::Row("show", text("Lx"))),
        ("before lunch", Wrong::Row("before", text("lunch"))),
        ("count by bob count", Wrong::Twice("count")),
        ("change 0", Wrong::Change(text("0"))),
        ("change 1234567890", Wrong::Change(text("1234567890"))),
        ("change -1", Wrong::Change(text("-1"))),
        ("show L0", Wrong::Row("show", text("L0"))),
        ("around 14:30", Wrong::Row("around", text("14:30"))),
        ("before 0", Wrong::Row("before", text("0"))),
        ("kind nonsense", Wrong::Kind(text("nonsense"))),
        ("by alice kind refussed find apache", Wrong::Kind(text("refussed"))),
        ("outcome maybe", Wrong::Outcome(text("maybe"))),
        ("suspects 25:61", Wrong::Time(text("25:61"))),
        ("suspects bla", Wrong::Time(text("bla"))),
        ("by alice by bob", Wrong::Twice("by")),
        ("since 2h since 3h", Wrong::Twice("since")),
        ("show L5 by alice", Wrong::Alone("show")),
        ("count show L5", Wrong::Alone("show")),
        ("around L5 find apache", Wrong::Alone("around")),
        (
            "since yesterday until 2026-11-01",
            Wrong::Backwards {
                since: moment("2026-11-22T00:00:00Z").unwrap(),
                until: moment("2026-11-01T23:59:59.999Z").unwrap(),
            },
        ),
        (
            "since 14:04 until 14:00",
            Wrong::Backwards {
                since: moment("2026-11-23T14:04:00Z").unwrap(),
                until: moment("2026-11-23T14:00:00Z").unwrap(),
            },
        ),
        // The first one is said.
        ("kind nonsense outcome maybe since 25:61", Wrong::Kind(text("nonsense"))),
    ] {
        assert_eq!(parse(line, now()), Asked::Wrong(wrong.clone()), "{line}");
        assert_eq!(parse(&format!("-- {line}"), now()), Asked::Text(text(line)));
        // It says one that works.
        let refusal = no::wrong_question(&wrong, "!log");
        let offered: Vec<&str> =
            refusal.text.split("\"!log ").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(!offered.is_empty() && !refusal.text.contains('\n'), "{}", refusal.text);
        for question in offered {
            assert!(matches!(parse(question, now()), Asked::Query(_)), "{line}: {question}");
        }
    }
}

#[test]
fn a_described_question_is_the_same_question() {
    for text in [
        "",
        "last 10",
        "by alice",
        "change 12 window morning",
        "window 2026-11-23/morning kind held",
        "since 2h",
        "since 2026-11-22 until yesterday",
        "since 14:30",
        "show L7",
        "around L7",
        "around L7 last 5",
        "change #3 by bob",
        "by bob since 2026-11-22T14:30:05 find apache by night",
    ] {
        let Asked::Query(query) = parse(text, now()) else { panic!("{text}") };
        let described = describe(&query);
        assert_eq!(parse(&described, now() + chrono::TimeDelta::days(1)), Asked::Query(query), "{described}");
    }
    let Asked::Query(query) = parse("find b since 2h", now()) else { panic!() };
    assert_eq!(describe(&query), "find b since 2h");
    let Asked::Query(query) = parse("until 14:30 by bob", now()) else { panic!() };
    assert_eq!(describe(&query), "by bob until 2026-11-22T14:30Z");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_line_is_lost(text in r"(last|by|change|task|window|room|kind|outcome|since|until|before|find|show|around|suspects|more|count|amend|redact|live|ok|--|T[0-9]|L?[0-9]{1,4}|[0-9]{1,4}[-:/mhdwTZ.][0-9]{0,2}|\PC{1,4}| ){0,8}") {
        match parse(&text, now()) {
            Asked::Query(query) => {
                if *query != Query::default() {
                    let described = describe(&query);
                    prop_assert_eq!(parse(&described, now()), Asked::Query(query), "{}", described);
                }
            }
            Asked::Text(said) | Asked::Amend { text: said, .. } => prop_assert!(text.contains(&said) && !said.is_empty()),
            Asked::Redact { row, reason } => {
                prop_assert!(text.contains(&reason) && text.to_ascii_uppercase().contains(&row.to_string()));
            }
            Asked::Wrong(wrong) => {
                // It was nothing but parts, and whoever meant a text can say so.
                let first = text.split_whitespace().next().unwrap().to_ascii_lowercase();
                prop_assert!(first == "suspects" || PARTS.iter().any(|part| part.word == first), "{:?}", wrong);
                let kept = Asked::Text(text.trim().to_owned());
                prop_assert_eq!(parse(&format!("-- {}", text), now()), kept);
            }
            Asked::Suspects(at) => prop_assert!(at <= now()),
            Asked::More => prop_assert_eq!(text.trim().to_ascii_lowercase(), "more"),
            Asked::Nothing => prop_assert_eq!(text.trim(), "--"),
        }
    }

    #[test]
    fn any_question_is_described_as_itself(query in any_query()) {
        let described = describe(&query);
        prop_assert_eq!(parse(&described, now()), Asked::Query(Box::new(query)), "{}", described);
    }
}

/// A question as a line can be one.
fn any_query() -> impl Strategy<Value = Query> {
    let seconds = || proptest::option::of(0_i64..4_000_000_000);
    let words = proptest::collection::vec(
        (
            prop_oneof![
                "[^\\s\\-\"*\u{201c}-\u{201e}][^\\s*]{0,8}".prop_map(TermText::Word),
                "[a-zé*-]{1,5}( [a-z*-]{1,5}){0,2}".prop_map(TermText::Phrase),
                ("[a-z0-9ü][a-z.*-]{0,5}[a-z]", 0..3).prop_map(|(text, open)| TermText::Part {
                    text,
                    before: open != 1,
                    behind: open != 2
                }),
            ],
            any::<bool>(),
        )
            .prop_map(|(text, not)| Term { text, not }),
        0..4,
    );
    let kind = proptest::sample::select(kinds());
    let outcome = proptest::sample::select(OUTCOMES);
    let window = prop_oneof![
        "[a-z][a-z0-9-]{0,6}".prop_map(InWindow::Any),
        "[1-2][0-9]{3}-0[1-9]-[0-2][1-8]/[a-z]{1,5}".prop_map(|id| InWindow::Occurrence(id.parse().unwrap())),
    ];
    let option = proptest::option::of::<BoxedStrategy<String>>;
    (
        (
            option("\\S{1,9}".boxed()),
            proptest::option::of(1_u32..999_999_999),
            option("T[0-9]{1,7}".boxed()),
            proptest::option::of(window),
            option("\\S{1,9}".boxed()),
            option(kind.prop_map(str::to_owned).boxed()),
            option(outcome.prop_map(str::to_owned).boxed()),
        ),
        (
            seconds(),
            seconds(),
            words,
            proptest::option::of(1_usize..1000),
            proptest::option::of(1_i64..99_999),
        ),
        any::<bool>(),
    )
        .prop_map(
            |(
                (by, change, task, window, room, kind, outcome),
                (since, until, terms, last, before),
                count,
            )| {
                let at = |millis: i64| At::from_timestamp_millis(millis * 1001).unwrap();
                let (since, until) = (since.map(at), until.map(at));
                let until = if until < since { None } else { until };
                let change = change.map(ChangeNumber);
                // With nothing in it, it would be the question of the last five.
                let last = last.or(Some(7));
                let before = before.map(RowId);
                Query {
                    by,
                    change,
                    task,
                    window,
                    room,
                    kind,
                    outcome,
                    since,
                    until,
                    terms,
                    last,
                    before,
                    count,
                    ..Query::default()
                }
            },
        )
}

#[test]
fn what_reached_most_hosts_is_suspected_first() {
    let of = |id: i64, kind: &str, outcome: &str, text: &str| {
        let (kind, outcome) = (kind.to_owned(), outcome.to_owned());
        Row { kind, outcome, ..row(id, "alice", text) }
    };
    let rows = vec![
        of(20, "refused", "refused", "done: no: step 2 comes first [order]"),
        of(19, "claimed", "ok", "leads 2026-11-23/morning"),
        of(18, "logged", "ok", "looking at the graphs"),
        of(17, "thawed", "ok", "F1 is lifted"),
        of(16, "broken", "failed", "4 is broken: white pages"),
        of(15, "overridden", "ok", "ci-green set aside for 4 ps 3: it is green"),
        of(14, "ledger-entered", "ok", "4 is merged, not deployed yet (mediawiki/core wmf.4)"),
        of(13, "logged", "ok", "restarted apache on mw1263"),
        of(12, "rollback-started", "ok", "rolling back 4, 2 steps"),
        of(11, "step-done", "ok", "4 ps 3 step 5 (canaries) done"),
        of(10, "step-done", "ok", "4 ps 3 step 3 (testservers) done"),
        of(9, "step-done", "ok", "4 ps 3 step 8 (watch 2 min) done: its time has passed"),
        of(8, "step-done", "ok", "4 ps 3 step 7 (production, a/b.php) done: (again) step 9 (review)"),
        of(7, "step-done", "ok", "4 ps 3 step 6 (eqiad) done"),
        of(6, "step-done", "ok", "4 ps 3 step 2 (merge) done"),
    ];
    let ranked: Vec<(Risk, i64)> =
        rank(rows).iter().map(|suspect| (suspect.risk, suspect.row.id.0)).collect();
    assert_eq!(
        ranked,
        [
            (Risk::Production, 8),
            (Risk::Production, 7),
            (Risk::Canary, 11),
            (Risk::Rollback, 12),
            (Risk::Said, 13),
            (Risk::Merge, 14),
            (Risk::Override, 15),
            (Risk::Unwell, 16),
            (Risk::Loosened, 17),
            (Risk::Note, 18),
        ]
    );
}

fn row(id: i64, actor: &str, text: &str) -> Row {
    Row {
        id: RowId(id),
        at: now(),
        network: "libera".to_owned(),
        room: String::new(),
        actor: actor.to_owned(),
        account: String::new(),
        window: String::new(),
        change: (id % 2 == 0).then_some(ChangeNumber(900_101)),
        kind: "logged".to_owned(),
        outcome: "ok".to_owned(),
        text: text.to_owned(),
        detail: r#"{"event":"logged"}"#.to_owned(),
    }
}

fn printed(rows: &[Row], form: Form) -> String {
    let mut out = Vec::new();
    write_rows(&mut out, rows, form).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_table_is_a_line_a_row() {
    let mut refused = row(1_000, "swatbot", "no: step 2 comes first");
    refused.outcome = "refused".to_owned();
    let rows = [row(7, "libera/bob", "apache is slow"), row(812, "zoë", "größe"), refused];
    assert_eq!(
        printed(&rows, Form::Table),
        "L7     2026-11-23 14:05:12Z  libera/bob  -       ok       apache is slow\n\
         L812   2026-11-23 14:05:12Z  zoë         900101  ok       größe\n\
         L1000  2026-11-23 14:05:12Z  swatbot     900101  refused  no: step 2 comes first\n"
    );
    assert_eq!(
        printed(&[row(812, "alice", "text")], Form::Table),
        "L812  2026-11-23 14:05:12Z  alice  900101  ok  text\n"
    );
    assert_eq!(printed(&[], Form::Table), "");
}

#[test]
fn a_table_cannot_steer_the_terminal() {
    let text = "a\u{1b}[2Jb\u{202e}c\r\nd\u{9b}e\u{7f}f\u{2066}g\u{200b}h\u{e0041}i\u{2028}j \u{1f469}\u{200d}\u{1f692}";
    let table = printed(&[row(1, "m\u{1b}allory", text)], Form::Table);
    assert_eq!(
        table,
        "L1  2026-11-23 14:05:12Z  m\\u{1b}allory  -  ok  a\\u{1b}[2Jb\\u{202e}c\\r\\nd\\u{9b}e\\u{7f}f\\u{2066}g\
         \\u{200b}h\\u{e0041}i\\u{2028}j \u{1f469}\u{200d}\u{1f692}\n"
    );
}

#[test]
fn json_has_every_field_and_the_detail_as_json() {
    let lines = printed(&[row(812, "alice", "a \"b\"\n\u{202e}"), row(813, "bob", "")], Form::Json);
    let lines: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        lines[0],
        serde_json::json!({
            "seq": 812, "at": "2026-11-23T14:05:12.345Z", "network": "libera", "room": null, "actor": "alice",
            "account": null, "window": null, "change": 900_101, "kind": "logged", "outcome": "ok",
            "text": "a \"b\"\n\u{202e}", "detail": {"event": "logged"},
        })
    );
    assert_eq!(lines[1]["change"], serde_json::Value::Null);
    let mut odd = row(1, "x", "y");
    odd.detail = "{".to_owned();
    assert!(printed(std::slice::from_ref(&odd), Form::Json).contains(r#""detail":"{""#));
    odd.detail = "{\n}".to_owned();
    assert_eq!(printed(&[odd], Form::Json).lines().count(), 1, "an object a line");
}

#[test]
fn csv_comes_back_as_it_was() {
    let text = "=1+1, \"quoted\"\r\n;\u{202e} größe";
    let csv = printed(&[row(812, "alice", text), row(813, "bob", "")], Form::Csv);
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = "seq,at,network,room,actor,account,window,change,kind,outcome,text,detail";
    assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>().join(","), header);
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(&rows[0][10], text);
    assert_eq!(&rows[0][11], r#"{"event":"logged"}"#);
    // The event is the same in both forms, its keys in their order.
    let event = r#"{"event":"amended","row":4,"about":[1,2]}"#;
    let amended = Row { detail: event.to_owned(), ..row(1, "x", "y") };
    assert!(printed(std::slice::from_ref(&amended), Form::Json).contains(&format!("\"detail\":{event}")));
    let csv_of_it = printed(&[amended], Form::Csv);
    let records: Vec<csv::StringRecord> =
        csv::Reader::from_reader(csv_of_it.as_bytes()).records().map(Result::unwrap).collect();
    assert_eq!(&records[0][11], event);
    assert_eq!((&rows[0][0], &rows[0][1], &rows[0][7]), ("812", "2026-11-23T14:05:12.345Z", "900101"));
    assert_eq!((&rows[1][7], &rows[1][10]), ("", ""));
    assert_eq!(printed(&[], Form::Csv), format!("{header}\n"));
}

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    log: LogArgs,
}

fn args(line: &str) -> LogArgs {
    Cli::try_parse_from(std::iter::once("log").chain(line.split(' ').filter(|word| !word.is_empty())))
        .unwrap()
        .log
}

/// A log in a folder of its own, with a row for each text.
fn log_of(texts: &[&str]) -> (tempfile::TempDir, std::path::PathBuf, Store) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("swatbot.db");
    let mut store = Store::open(&path).unwrap();
    let by = Author { network: None, room: None, who: Who("alice".to_owned()), account: None };
    let said = |text: &&str| Record {
        at: now(),
        by: by.clone(),
        window: None,
        change: None,
        outcome: Went::Ok,
        text: (*text).to_owned(),
        event: Event::Logged,
    };
    store.append(&texts.iter().map(said).collect::<Vec<_>>(), &[]).unwrap();
    (folder, path, store)
}

#[test]
fn the_command_line_asks_the_same_language() {
    let (folder, path, _store) = log_of(&["one", "two", "apache", "four", "five", "six"]);
    let answer = |line: &str| {
        let mut out = Vec::new();
        run(&args(line), &path, now(), Look::default(), &mut out).map(|()| String::from_utf8(out).unwrap())
    };
    let apache = "L3  2026-11-23 14:05:12Z  alice  -  ok  apache\n";
    assert_eq!(answer("find apache").unwrap(), apache);
    let shown = answer("show L3").unwrap();
    assert!(shown.starts_with("row      L3\nat       2026-11-23T14:05:12.345Z\nnetwork  -\n"), "{shown}");
    assert!(shown.contains("\ntext     apache\n") && shown.contains("\nhead     L3 "), "{shown}");
    let numbers = |line: &str| -> Vec<String> {
        answer(line).unwrap().lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect()
    };
    assert_eq!(numbers("last 2"), ["L6", "L5"]);
    assert_eq!(numbers("before L3"), ["L2", "L1"]);
    assert_eq!(numbers("around L3 last 3"), ["L4", "L3", "L2"]);
    assert_eq!(numbers("around L3 last 2"), ["L3"]);
    assert_eq!(numbers("find apa* "), ["L3"]);
    assert_eq!(answer("count by alice").unwrap(), "6\n");
    assert_eq!(answer("count find apache by alice").unwrap(), "0\n");
    assert_eq!(answer("count by alice --json").unwrap(), "{\"count\":6}\n");
    assert_eq!(answer("suspects").unwrap().lines().count(), 6);
    assert!(answer("suspects").unwrap().contains("  note  "));
    assert_eq!(answer("suspects 12:00").unwrap(), "");
    // What the shell has taken the quotes from.
    let found = |words: &[&str]| {
        let words = ["log", "--csv", "find"].iter().chain(words);
        let args = Cli::try_parse_from(words).unwrap().log;
        let mut out = Vec::new();
        run(&args, &path, now(), Look::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap().lines().count() - 1
    };
    assert_eq!((found(&["four five"]), found(&["four"]), found(&["--", "-four", "-two five"])), (0, 1, 5));
    assert_eq!(answer("").unwrap().lines().count(), 5);
    assert_eq!(answer("by alice --json").unwrap().lines().count(), 6);
    assert_eq!(answer("--csv last 2").unwrap().lines().count(), 3);
    assert_eq!(answer("find nothing").unwrap(), "");
    for (line, words) in [
        (
            "apache is down",
            "\"apache\" is no part of a question, words stand behind find. \"swatbot log find apache is down\" [not-a-question]",
        ),
        (
            "by alice apache",
            "\"apache\" is no part of a question, words stand behind find. \"swatbot log by alice find apache\"",
        ),
        ("since the restart it is slow", "\"the\" is no time (UTC). \"swatbot log since 2026-11-23"),
        (
            "amend L3 nginx",
            "\"amend\" is for chat, here the log is only read. \"swatbot log last 20\" [not-a-question]",
        ),
        ("suspects 14:00 apache", "suspects takes one time and nothing else. \"swatbot log suspects 14:30\""),
        (
            "room",
            "nothing stands behind \"room\". \"swatbot log room libera/#wikimedia-operations\" [no-value]",
        ),
        ("change #1", "\"#1\" is no change number. \"swatbot log change 900101\""),
        ("since 25:61", "\"25:61\" is no time (UTC). \"swatbot log since 2026-11-23"),
        (
            "kind refussed",
            "no row is of the kind \"refussed\", did you mean refused? \"swatbot log kind refused\" [unknown-kind]",
        ),
        (
            "outcome maybe",
            "\"maybe\" is no outcome: there are ok, refused and failed. \"swatbot log outcome refused\"",
        ),
        ("more", "\"more\" is for chat, here the log is only read."),
        ("--follow show L3", "--follow goes with what more rows can come of"),
        ("--follow count", "--follow goes with what more rows can come of"),
    ] {
        let fault = answer(line).unwrap_err();
        assert_eq!(fault.exit_code(), 2);
        assert!(fault.to_string().starts_with(words) && !fault.to_string().contains('\n'), "{fault}");
    }
    for forms in [["--json", "--csv"], ["--wikitext", "--markdown"], ["--json", "--markdown"]] {
        assert!(Cli::try_parse_from(["log"].iter().chain(&forms)).is_err());
    }
    let fault = run(&args("last 2"), &folder.path().join("none.db"), now(), Look::default(), &mut Vec::new())
        .unwrap_err();
    assert!(matches!(fault, LogFault::Open(_)) && fault.exit_code() == 1);
}

#[test]
fn a_reader_that_goes_away_is_no_fault() {
    struct Closed;
    impl std::io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    // More than any buffer holds.
    let long = "a long text ".repeat(100);
    let (_folder, path, _store) = log_of(&[long.as_str(); 100]);
    for form in
        ["--csv", "--json", "--wikitext", "--markdown", "--follow", "count", "show L1", "suspects", ""]
    {
        let line = if form.starts_with('-') { format!("by alice {form}") } else { form.to_owned() };
        run(&args(&line), &path, now(), Look::default(), &mut Closed).unwrap();
    }
}

#[test]
fn wikitext_is_the_form_of_a_server_admin_log() {
    let day =
        |id: i64, at: &str, actor: &str, text: &str| Row { at: at.parse().unwrap(), ..row(id, actor, text) };
    let rows = [
        day(3, "2026-11-23T14:05:12Z", "libera/alice", "synced a|b, \u{1b}{c} T1"),
        day(2, "2026-11-23T00:00:00Z", "?bob", "{{evil}} }} ~~~~\nx"),
        day(1, "2026-11-22T23:59:59.999Z", "carol", "plain [[gerrit:900|fix]]"),
    ];
    assert_eq!(
        printed(&rows, Form::Wikitext),
        "== 2026-11-23 ==\n\
         * {{safesubst:SAL entry|1=14:05 alice: synced a{{!}}b, \\u<nowiki>{</nowiki>1b<nowiki>}</nowiki><nowiki>{</nowiki>c\
         <nowiki>}</nowiki> T1}}\n\
         * {{safesubst:SAL entry|1=00:00 ?bob: <nowiki>{{</nowiki>evil<nowiki>}}</nowiki> <nowiki>}}</nowiki> \
         <nowiki>~~~~</nowiki>\\nx}}\n\
         == 2026-11-22 ==\n\
         * {{safesubst:SAL entry|1=23:59 carol: plain [[gerrit:900{{!}}fix]]}}\n"
    );
    assert_eq!(printed(&[], Form::Wikitext), "");
}

#[test]
fn markdown_shows_every_sign() {
    let mut refused = row(2, "libera/bob", "no: <b> *x* _y_ [z](w) `c` #1 a|b\n# t");
    refused.outcome = "refused".to_owned();
    let mut before = row(1, "alice", "plain");
    before.at = "2026-11-22T23:59:59Z".parse().unwrap();
    assert_eq!(
        printed(&[refused, before], Form::Markdown),
        "## 2026-11-23 (UTC)\n\n\
         - 14:05:12 **libera/bob** *refused*: no: \\<b\\> \\*x\\* \\_y\\_ \\[z\\](w) \\`c\\` \\#1 a\\|b\\\\n\\# t (L2)\n\
         \n## 2026-11-22 (UTC)\n\n\
         - 23:59:59 **alice**: plain (L1)\n"
    );
}

#[test]
fn a_terminal_gets_colour_and_lines_that_fit() {
    let (_folder, path, _store) = log_of(&[
        "one two three four five six seven eight nine ten eleven",
        "größe 部署部署部署部署部署部署部署部署",
    ]);
    let answer = |look: Look| {
        let mut out = Vec::new();
        run(&args("last 2"), &path, now(), look, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let (indent, narrow) = (" ".repeat(40), answer(Look { colour: false, width: Some(66) }));
    assert_eq!(
        narrow.lines().collect::<Vec<_>>(),
        [
            "L2  2026-11-23 14:05:12Z  alice  -  ok  größe",
            &format!("{indent}部署部署部署部署部署部署部"),
            &format!("{indent}署部署"),
            "L1  2026-11-23 14:05:12Z  alice  -  ok  one two three four five",
            &format!("{indent}six seven eight nine ten"),
            &format!("{indent}eleven"),
        ]
    );
    let coloured = answer(Look { colour: true, width: None });
    assert!(coloured.starts_with("\u{1b}[2mL2\u{1b}[0m  "), "{coloured:?}");
    let bare = regex::Regex::new("\u{1b}\\[[0-9]+m").unwrap().replace_all(&coloured, "").into_owned();
    assert_eq!(bare, answer(Look::default()));
}
