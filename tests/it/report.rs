//! Reports and feeds of windows that were played: what they say, and that nothing in them is more than text.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::TimeDelta;
use proptest::prelude::*;
use pulldown_cmark::{Event as Mark, Options, Parser, Tag, TagEnd};
use quick_xml::events::Event as Xml;
use swatbot::engine::guidelines::RuleId;
use swatbot::engine::id::{At, ChangeNumber, OccurrenceId, RowId};
use swatbot::engine::incident::Incident;
use swatbot::engine::log::Row;
use swatbot::engine::report::{Fate, Report, report};
use swatbot::engine::say::health::clock;
use swatbot::engine::say::report::{Form, page};
use swatbot::engine::stats::{KINDS, Stats};
use swatbot::engine::text;
use swatbot::store::Reader;

use super::transcripts::{self, Scene, without_heads};

const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/windows.toml");

/// Plays a transcript, and gives its log with the folder it is in.
fn played(path: &Path) -> (tempfile::TempDir, PathBuf) {
    let Scene { script, mut player, mut said, database, place } = Scene::open(path);
    player.play(&mut script.as_bytes(), &mut said).unwrap();
    drop(player);
    (place, database)
}

fn transcript(name: &str) -> PathBuf {
    transcripts::folder().join(format!("{name}.txt"))
}

fn reports(database: &Path) -> Vec<Report> {
    let log = Reader::open(database).unwrap();
    let all = log.occurrences().unwrap();
    all.iter().map(|id| report(id, &log.rows_of_window(id).unwrap(), &BTreeMap::new())).collect()
}

fn program(arguments: &[&str], database: &Path) -> String {
    let mut program = Command::new(env!("CARGO_BIN_EXE_swatbot"));
    program.args(arguments).args(["--config", CONFIG, "--database"]).arg(database);
    let output = program.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn budget() -> TimeDelta {
    TimeDelta::minutes(10)
}

/// The pages as they stand in tests/samples/report; `UPDATE=1` writes what is said now.
#[test]
fn a_page_says_how_the_window_went() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples/report");
    for (name, id) in [
        ("story", "2026-11-23/morning"),
        ("readme", "2026-11-23/morning"),
        ("no_show", "2026-11-23/morning"),
        ("canary_goes_bad", "2026-11-23/morning"),
        ("unknown_under_a_hold", "2026-11-23/morning"),
    ] {
        let (_place, database) = played(&transcript(name));
        for (form, ending) in [(None, "md"), (Some("--wikitext"), "wiki")] {
            let arguments: Vec<&str> = ["report", id].into_iter().chain(form).collect();
            let said = without_heads(&program(&arguments, &database));
            let file = folder.join(format!("{name}.{ending}"));
            if std::env::var_os("UPDATE").is_some() {
                fs::write(&file, &said).unwrap();
            }
            assert_eq!(said, fs::read_to_string(&file).unwrap_or_default(), "{}: UPDATE=1", file.display());
        }
    }
}

#[test]
fn figures_follow_from_the_rows() {
    let (_place, database) = played(&transcript("readme"));
    let report = reports(&database).into_iter().find(|report| !report.outages.is_empty()).unwrap();
    let [outage] = &report.outages[..] else { panic!("{:?}", report.outages) };
    // The first word that something is broken, not the rollback, begins it.
    let row = report.timeline.iter().find(|entry| entry.kind == "broken").unwrap();
    assert_eq!((outage.first, outage.told), (row.at, row.at));
    let off = report.timeline.iter().find(|entry| entry.kind == "rolled-back").unwrap();
    assert_eq!((outage.off, outage.restored), (Some(off.at), Some(off.at)));
    assert!(outage.decided >= Some(outage.first) && outage.restored >= outage.decided);
    let mut lived = 0;
    let names = ["story", "failed_and_retry", "file_by_file", "put_back", "new_patch_set", "rollback_which"];
    for report in names.iter().flat_map(|name| reports(&played(&transcript(name)).1)) {
        for patch in &report.patches {
            let times = patch.steps.iter().filter_map(|step| Some((step.from?, step.to?)));
            let times: Vec<(At, At)> = times.collect();
            assert!(times.iter().all(|(from, to)| from <= to), "{patch:?}");
            assert!(
                times.windows(2).all(|two| two[0].1 == two[1].0),
                "each begins where the one before ends: {patch:?}"
            );
            if matches!(patch.fate, Fate::Live | Fate::Merged) {
                // Its steps take all the time that it was in motion.
                let sum: TimeDelta = times.iter().map(|(from, to)| *to - *from).sum();
                assert_eq!((Some(sum), times.len()), (patch.took(), patch.steps.len()), "{patch:?}");
                lived += 1;
            }
        }
    }
    assert!(lived > 3, "{lived}");
}

/// The cells of all tables, and the words of headings and paragraphs; it fails on anything else.
fn plain_texts(markdown: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let options = Options::all() - Options::ENABLE_SMART_PUNCTUATION;
    for mark in Parser::new_ext(markdown, options) {
        match mark {
            Mark::Start(Tag::TableCell | Tag::Heading { .. } | Tag::Paragraph) => texts.push(String::new()),
            Mark::Text(text) => texts.last_mut().unwrap().push_str(&text),
            Mark::Start(Tag::Table(_) | Tag::TableHead | Tag::TableRow) => {}
            Mark::End(
                TagEnd::Table
                | TagEnd::TableHead
                | TagEnd::TableRow
                | TagEnd::TableCell
                | TagEnd::Heading(_)
                | TagEnd::Paragraph,
            ) => {}
            other => panic!("it is more than text: {other:?} in\n{markdown}"),
        }
    }
    texts
}

fn row(id: i64, actor: &str, text: &str, detail: &str) -> Row {
    Row {
        id: RowId(id),
        at: "2026-11-23T14:00:00Z".parse().unwrap(),
        network: String::new(),
        room: String::new(),
        actor: actor.to_owned(),
        account: String::new(),
        window: "2026-11-23/morning".to_owned(),
        change: Some(ChangeNumber(4)),
        kind: "logged".to_owned(),
        outcome: "ok".to_owned(),
        text: text.to_owned(),
        detail: detail.to_owned(),
    }
}

fn page_of(words: &str, form: Form) -> String {
    let id: OccurrenceId = "2026-11-23/morning".parse().unwrap();
    let wish = r#"{"owner":"bob","urgent":null,"test":null,"note":null}"#;
    let added = format!(r#"{{"event":"added","ticket":1,"patch_set":1,"wish":{wish},"first":false}}"#);
    let closed = r#"{"event":"window-closed","ending":"finished","left":[]}"#;
    let rows = [row(1, "x", "added", &added), row(2, words, words, "{}"), row(3, "y", words, closed)];
    let titles = BTreeMap::from([(ChangeNumber(4), words.to_owned())]);
    page(&report(&id, &rows, &titles), budget(), None, form)
}

#[test]
fn what_strangers_wrote_is_text_and_nothing_else() {
    let piece = prop::sample::select(vec![
        "[",
        "](",
        ")",
        "!",
        "*",
        "_",
        "**",
        "`",
        "|",
        "<",
        ">",
        "</td>",
        "<script>",
        "http://",
        "https://x.example",
        "www.x",
        "&lt;",
        "&",
        "#",
        "# ",
        "- ",
        "1. ",
        "+",
        "~",
        "~~",
        "\\",
        "$",
        ":",
        "^",
        "==",
        "{{",
        "}}",
        "[[",
        "]]",
        "''",
        "__TOC__",
        "~~~~",
        "a",
        "é",
        " ",
        "\n",
        "@",
        "mailto:a@b.c",
        "---",
        "|-",
        "!!",
        "||",
        "{|",
        "\u{202e}",
        "[^1]",
        "\u{0}",
        "=",
    ]);
    let words = prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat());
    let words = prop_oneof![words, any::<String>()];
    proptest!(ProptestConfig::with_cases(2000), |(words in words)| {
        let stands = text::clean_to(&words, 4_000);
        let markdown = page_of(&words, Form::Markdown);
        let texts = plain_texts(&markdown);
        let same = texts.iter().filter(|text| **text == stands).count();
        // The summary, the title, who and what twice in the timeline.
        prop_assert!(stands.is_empty() || same >= 4, "{same}: {texts:?} of {stands:?} in\n{markdown}");
        let wikitext = page_of(&words, Form::Wikitext);
        let cells: Vec<&str> = wikitext.lines().filter(|line| line.starts_with("| ")).collect();
        prop_assert!(cells.len() > 4);
        for mark in ["[[", "{{", "<", "''", "~~~", "__", "http://["] {
            prop_assert!(!wikitext.contains(mark), "{mark}: {wikitext}");
        }
        // Nothing begins a row, a cell or a heading of its own.
        let plain = page_of("x", Form::Wikitext);
        prop_assert_eq!(wikitext.matches("\n|").count(), plain.matches("\n|").count());
        prop_assert!(stands.contains('|') || wikitext.matches("||").count() == plain.matches("||").count());
        if !stands.is_empty() {
            prop_assert_eq!(wikitext.lines().count(), plain.lines().count(), "{}", wikitext);
        }
    });
}

/// The children of the root and of each entry: names and texts.
fn atom(bytes: &[u8]) -> Vec<Vec<(String, String)>> {
    let text = std::str::from_utf8(bytes).unwrap();
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let mut parts = vec![Vec::new()];
    let mut open: Vec<String> = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Xml::Start(start) => {
                let name = start.name().as_ref().to_owned();
                if name == "entry" {
                    parts.push(Vec::new());
                }
                parts.last_mut().unwrap().push((name.clone(), String::new()));
                open.push(name);
            }
            Xml::Empty(start) => {
                let name = start.name().as_ref().to_owned();
                parts.last_mut().unwrap().push((name, String::new()));
            }
            Xml::Text(words) => {
                let words = words.to_string();
                if let Some((_, said)) = parts.last_mut().unwrap().last_mut() {
                    said.push_str(&words);
                }
            }
            Xml::GeneralRef(name) => {
                let name = format!("&{};", &*name);
                let said = quick_xml::escape::unescape(&name).unwrap().into_owned();
                parts.last_mut().unwrap().last_mut().unwrap().1.push_str(&said);
            }
            Xml::End(_) => {
                open.pop();
            }
            Xml::Eof => break,
            _ => {}
        }
    }
    assert!(open.is_empty());
    assert!(text.starts_with(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">"
    ));
    parts
}

fn one<'a>(part: &'a [(String, String)], name: &str) -> &'a str {
    let all: Vec<&str> =
        part.iter().filter(|(other, _)| other == name).map(|(_, text)| text.as_str()).collect();
    let [text] = all[..] else { panic!("{} of {name} in {part:?}", all.len()) };
    text.trim()
}

#[test]
fn feeds_hold_what_rfc_4287_asks_for_and_stay_the_same() {
    let mut feeds = 0;
    for name in ["story", "titles", "rollback_dependents_first", "two_windows_on"] {
        let (place, database) = played(&transcript(name));
        let dir = place.path().join("feeds");
        let said = program(&["feed", dir.to_str().unwrap()], &database);
        let files: Vec<PathBuf> = fs::read_dir(&dir).unwrap().map(|file| file.unwrap().path()).collect();
        assert_eq!(said, format!("{}: {} files written\n", dir.display(), files.len()));
        let mut ids = Vec::new();
        for file in files.iter().filter(|file| file.extension().unwrap() == "atom") {
            let bytes = fs::read(file).unwrap();
            let parts = atom(&bytes);
            for part in &parts {
                let id = one(part, "id");
                assert!(id.starts_with("tag:swatbot.invalid,2026:"), "{id}");
                ids.push(id.to_owned());
                assert!(!one(part, "title").is_empty());
                one(part, "updated").parse::<At>().unwrap();
                assert!(!one(part, "name").is_empty());
            }
            let newest = parts[1..].iter().map(|entry| one(entry, "updated")).max();
            assert!(newest.is_none_or(|newest| newest == one(&parts[0], "updated")), "{}", file.display());
            assert!(parts[1..].iter().all(|entry| !one(entry, "content").is_empty()));
            feeds += 1;
        }
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count, "no two are the same");
        // The same log makes the same files, and they are not written again.
        assert_eq!(
            program(&["feed", dir.to_str().unwrap()], &database),
            format!("{}: 0 files written\n", dir.display())
        );
    }
    assert!(feeds >= 9, "{feeds}");
}

#[test]
fn the_json_of_an_occurrence_is_its_report() {
    let (place, database) = played(&transcript("story"));
    let id: OccurrenceId = "2026-11-23/morning".parse().unwrap();
    let dir = place.path().join("feeds");
    program(&["feed", dir.to_str().unwrap(), &id.to_string()], &database);
    let name = id.to_string().replace('/', "-");
    let mut names: Vec<String> =
        fs::read_dir(&dir).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, [format!("{name}.atom"), format!("{name}.json"), format!("{}.atom", id.window)]);
    let json = fs::read(dir.join(format!("{name}.json"))).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let report = reports(&database).into_iter().find(|report| report.occurrence == id).unwrap();
    assert_eq!(value["occurrence"], id.to_string());
    assert_eq!(value["summary"], report.summary.clone().unwrap());
    assert_eq!(value["timeline"].as_array().unwrap().len(), report.timeline.len());
    assert!(value["head"].as_str().unwrap().starts_with(&format!("{} ", report.closed_by.unwrap())));
    let titles = value["patches"].as_array().unwrap().iter().map(|patch| patch["title"].as_str());
    assert!(titles.into_iter().all(|title| title.is_some()));
}

/// What was bad is told by one clock: the summary in the chat, the page and the figures of all windows have the same.
#[test]
fn one_clock_for_summary_page_and_figures() {
    let mut seen = 0;
    for name in [
        "canary_goes_bad",
        "canary_countdown",
        "clock_of_a_bare_rollback",
        "clock_of_a_retry",
        "scenario_s2_retry_is_no_cure",
        "scenario_s3_canary_stays_dirty",
        "scenario_s10_killed_in_a_canary",
        "readme",
        "revert_goes_next",
    ] {
        let (_place, database) = played(&transcript(name));
        let log = Reader::open(&database).unwrap();
        let stats = Stats::of(&log.rows_of_kinds(KINDS).unwrap(), budget());
        let reports = reports(&database);
        let all: Vec<Incident> = reports.iter().flat_map(|report| report.outages.clone()).collect();
        // Samples are bookkeeping and stand in the rows of one window alone.
        let without_looks = |incident: &Incident| Incident { looks: BTreeMap::new(), ..incident.clone() };
        let all: Vec<Incident> = all.iter().map(without_looks).collect();
        assert_eq!(stats.incidents.iter().map(without_looks).collect::<Vec<_>>(), all, "{name}");
        for report in reports {
            for incident in &report.outages {
                let clock = clock(incident);
                let page = page(&report, budget(), None, Form::Markdown);
                assert!(page.contains(&clock), "{name}: {clock} in {page}");
                if let Some(summary) = &report.summary {
                    assert!(summary.contains(&clock), "{name}: {clock} in {summary}");
                }
                seen += 1;
            }
        }
    }
    assert!(seen >= 9, "{seen}");
}

/// A change that was live and is reverted afterwards has gone back as well, however long after that: the log alone tells it.
#[test]
fn a_revert_of_what_was_live_is_counted() {
    let mut rows = Vec::new();
    let mut add = |change: u32, event: &str| {
        let id = rows.len() as i64 + 1;
        let mut row = row(id, "alice", "", event);
        row.change = Some(ChangeNumber(change));
        rows.push(row);
    };
    let wish = r#"{"owner":"bob","urgent":null,"test":null,"note":null}"#;
    let step = |act: &str| format!(r#"{{"act":{act},"done":null,"failed":null}}"#);
    let steps =
        [r#"{"act":"review"}"#, r#"{"act":"merge"}"#, r#"{"act":"sync","stage":"production","file":null}"#];
    let steps = steps.map(step).join(",");
    let revision = "89abcdef0123456789abcdef0123456789abcdef";
    for (change, reverts) in [(4, ""), (5, revision), (6, ""), (7, "0123"), (8, "89abcde")] {
        add(
            change,
            &format!(
                r#"{{"event":"added","ticket":1,"patch_set":1,"wish":{wish},"first":false,"reverts":["{reverts}"]}}"#
            ),
        );
        if change == 4 {
            add(change, r#"{"event":"overridden","rule":"coupled","patch_set":1,"reason":"it is fine"}"#);
        }
        add(change, &format!(r#"{{"event":"patch-started","steps":[{steps}]}}"#));
        for step in 1..=3 {
            add(change, &format!(r#"{{"event":"step-done","step":{step},"patch_set":1,"note":null}}"#));
            if step == 2 && change == 4 {
                let entered =
                    r#"{"event":"ledger-entered","debt":"merged","project":"p","branch":"b","revision":"#;
                add(change, &format!(r#"{entered}"{revision}"}}"#));
            }
        }
        add(change, r#"{"event":"live"}"#);
    }
    let stats = Stats::of(&rows, budget());
    assert_eq!((stats.live().count, stats.back(), stats.reverted), (5, 0, 1), "twice is once");
    assert_eq!(
        (stats.rules.into_iter().collect::<Vec<_>>(), stats.within_rules),
        (vec![(RuleId::Coupled, 1)], 0)
    );
}
