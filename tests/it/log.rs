//! `!log`: what is a question and what is recorded, and how rows are printed.

use clap::Parser;
use proptest::prelude::*;
use swatbot::cli::log::{Form, LogArgs, LogFault, run, write_rows};
use swatbot::engine::event::{Author, Event, Record, Went};
use swatbot::engine::id::{At, ChangeNumber, RowId, Who};
use swatbot::engine::log::{Asked, InWindow, Query, Row, describe, parse};
use swatbot::store::Store;

use crate::make;

/// A Monday afternoon.
fn now() -> At {
    "2026-11-23T14:05:12.345Z".parse().unwrap()
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
    for (text, expected) in [
        ("", Query { last: Some(5), ..none() }),
        ("   ", Query { last: Some(5), ..none() }),
        ("last 10", Query { last: Some(10), ..none() }),
        ("by alice", by("alice")),
        ("  By   ALICE ", by("ALICE")),
        ("by\u{a0}libera/alice", by("libera/alice")),
        ("change 900101", Query { change: Some(ChangeNumber(900_101)), ..none() }),
        ("window morning", window(InWindow::Any("morning".to_owned()))),
        ("window 2026-11-23/morning", window(InWindow::Occurrence("2026-11-23/morning".parse().unwrap()))),
        ("kind Rolled-Back", Query { kind: Some("rolled-back".to_owned()), ..none() }),
        ("show L812", Query { show: Some(RowId(812)), ..none() }),
        ("show 812", Query { show: Some(RowId(812)), ..none() }),
        ("find apache", words(&["apache"])),
        ("find since 2h by the way", words(&["since", "2h", "by", "the", "way"])),
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
        assert_eq!(parse(text, now()), Asked::Query(expected), "{text:?}");
    }
}

#[test]
fn everything_else_is_recorded_as_it_came() {
    for text in [
        "by the way, apache restarted",
        "synchronized wmf-config/InitialiseSettings.php",
        "by",
        "last",
        "find",
        "by alice since",
        "by alice by bob",
        "since 2h since 3h",
        "by alice apache is down",
        "change of plans",
        "change 900101 reverted",
        "change 0",
        "change 1234567890",
        "change \u{661}\u{662}",
        "change \u{ff11}\u{ff12}",
        "change -1",
        "last night",
        "last 0",
        "last L5",
        "last 99999999999999999999",
        "window of opportunity",
        "window either/or",
        "window (morning)",
        "kind of slow",
        "kind 7",
        "show must go on",
        "show L0",
        "show Lx",
        "since when",
        "since 2h apache is down",
        "since 25:61 apache is down",
        "until further notice",
        "until 2fast",
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
        ("14:30", "2026-11-23T14:30:00Z", "2026-11-23T14:30:00Z"),
        ("9:05", "2026-11-23T09:05:00Z", "2026-11-23T09:05:00Z"),
        ("2026-11-22T14:30", "2026-11-22T14:30:00Z", "2026-11-22T14:30:00Z"),
        ("2026-11-22t14:30:05z", "2026-11-22T14:30:05Z", "2026-11-22T14:30:05Z"),
        ("2026-11-22T14:30:05.250Z", "2026-11-22T14:30:05.250Z", "2026-11-22T14:30:05.250Z"),
        ("30m", "2026-11-23T13:35:12.345Z", "2026-11-23T13:35:12.345Z"),
        ("2h", "2026-11-23T12:05:12.345Z", "2026-11-23T12:05:12.345Z"),
        ("3D", "2026-11-20T14:05:12.345Z", "2026-11-20T14:05:12.345Z"),
        ("1w", "2026-11-16T14:05:12.345Z", "2026-11-16T14:05:12.345Z"),
        ("2024-02-29", "2024-02-29T00:00:00Z", "2024-02-29T23:59:59.999Z"),
        ("9999-12-31", "9999-12-31T00:00:00Z", "9999-12-31T23:59:59.999Z"),
    ] {
        let query = Query { since: moment(since), ..Query::default() };
        assert_eq!(parse(&format!("since {text}"), now()), Asked::Query(query));
        let query = Query { until: moment(until), ..Query::default() };
        assert_eq!(parse(&format!("until {text}"), now()), Asked::Query(query));
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
    ] {
        for line in [format!("since {time}"), format!("by alice until {time} find apache")] {
            assert_eq!(parse(&line, now()), Asked::NotATime(time.to_owned()), "{line}");
        }
    }
    assert_eq!(parse("window 2026-02-30/morning", now()), Asked::NotATime("2026-02-30/morning".to_owned()));
    assert_eq!(parse("-- since 2026-02-30", now()), Asked::Text("since 2026-02-30".to_owned()));
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
        "by bob since 2026-11-22T14:30:05 find apache by night",
    ] {
        let Asked::Query(query) = parse(text, now()) else { panic!("{text}") };
        let described = describe(&query);
        assert_eq!(parse(&described, now() + chrono::TimeDelta::days(1)), Asked::Query(query), "{described}");
    }
    let Asked::Query(query) = parse("find b since 2h", now()) else { panic!() };
    assert_eq!(describe(&query), "find b since 2h");
    let Asked::Query(query) = parse("until 14:30 by bob", now()) else { panic!() };
    assert_eq!(describe(&query), "by bob until 2026-11-23T14:30Z");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_line_is_lost(text in r"(last|by|change|window|kind|since|until|find|show|amend|redact|--|L?[0-9]{1,4}|[0-9]{1,4}[-:/mhdwTZ.][0-9]{0,2}|\PC{1,4}| ){0,8}") {
        match parse(&text, now()) {
            Asked::Query(query) => {
                if query != Query::default() {
                    let described = describe(&query);
                    prop_assert_eq!(parse(&described, now()), Asked::Query(query), "{}", described);
                }
            }
            Asked::Text(said) | Asked::Amend { text: said, .. } => prop_assert!(text.contains(&said) && !said.is_empty()),
            Asked::Redact { row, reason } => {
                prop_assert!(text.contains(&reason) && text.to_ascii_uppercase().contains(&row.to_string()));
            }
            Asked::NotATime(time) => prop_assert!(text.contains(&time)),
            Asked::Nothing => prop_assert_eq!(text.trim(), "--"),
        }
    }
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
    assert!(printed(&[odd], Form::Json).contains(r#""detail":"{""#));
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
        run(&args(line), &path, now(), &mut out).map(|()| String::from_utf8(out).unwrap())
    };
    let apache = "L3  2026-11-23 14:05:12Z  alice  -  ok  apache\n";
    assert_eq!(answer("find apache").unwrap(), apache);
    assert_eq!(answer("show L3").unwrap(), apache);
    assert_eq!(answer("").unwrap().lines().count(), 5);
    assert_eq!(answer("by alice --json").unwrap().lines().count(), 6);
    assert_eq!(answer("--csv last 2").unwrap().lines().count(), 3);
    assert_eq!(answer("find nothing").unwrap(), "");
    for (line, words) in [
        ("apache is down", "\"apache is down\" is not a query: see swatbot log --help"),
        ("amend L3 nginx", "\"amend L3 nginx\" is not a query: see swatbot log --help"),
        ("since 25:61", "\"25:61\" is not a time: write 2026-11-23"),
    ] {
        let fault = answer(line).unwrap_err();
        assert_eq!(fault.exit_code(), 2);
        assert!(fault.to_string().starts_with(words) && !fault.to_string().contains('\n'), "{fault}");
    }
    assert!(Cli::try_parse_from(["log", "--json", "--csv"]).is_err());
    let fault = run(&args("last 2"), &folder.path().join("none.db"), now(), &mut Vec::new()).unwrap_err();
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
    let (_folder, path, _store) = log_of(&["one", "two"]);
    for form in ["--csv", "--json", ""] {
        run(&args(form), &path, now(), &mut Closed).unwrap();
    }
}
