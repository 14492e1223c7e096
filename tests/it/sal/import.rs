//! Taking entries over: once, with their own time, as nobody who could act here, and also where it was killed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use swatbot::engine::event::Event;
use swatbot::engine::log::{Query, Row};
use swatbot::store::{Reader, Store, verify};

const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/windows.toml");

fn program(database: &Path, files: &[&Path]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_swatbot"));
    program.args(["--config", CONFIG, "--clock", "2026-11-23T12:00:00Z", "--database"]).arg(database);
    program.arg("import-sal").args(files).stdin(Stdio::null());
    program
}

/// The exit code, standard output and standard error.
fn import(database: &Path, files: &[&Path]) -> (i32, String, String) {
    let output = program(database, files).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("swatbot.db");
    (folder, database)
}

fn rows(database: &Path) -> Vec<Row> {
    let query = Query { last: Some(1_000_000), ..Query::default() };
    let mut rows = Reader::open(database).unwrap().search(&query).unwrap().rows;
    rows.sort_by_key(|row| row.id);
    verify(database, None, &[], &|_| ()).unwrap();
    rows
}

fn page(days: std::ops::RangeInclusive<u32>) -> String {
    let mut text = String::new();
    for day in days.rev() {
        text.push_str(&format!("== 2026-11-{day:02} ==\n"));
        for minute in (0..1300).rev() {
            let (hour, minute) = (minute / 60, minute % 60);
            text.push_str(&format!("* {hour:02}:{minute:02} alice: did it again\n"));
            text.push_str(&format!("* {hour:02}:{minute:02} bob: [[gerrit:{day}|Fix it]]\n"));
        }
    }
    text
}

#[test]
fn an_imported_row_is_what_it_was_there_and_nobody_s_act_here() {
    let (folder, database) = place();
    let file = folder.path().join("SAL.wiki");
    fs::write(
        &file,
        "== 2026-11-22 ==\n* 14:05 alice@deploy1001: [[gerrit:4|Fix it]]\n* 14:04 apache is up\n",
    )
    .unwrap();
    let (code, out, err) = import(&database, &[&file]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(out, format!("{}: 2 entries (wikitext), 2 new\n", file.display()));
    let rows = rows(&database);
    assert_eq!((rows[0].actor.as_str(), rows[0].text.as_str()), ("sal", "apache is up"));
    let row = &rows[1];
    assert_eq!(row.at.to_rfc3339(), "2026-11-22T14:05:00+00:00");
    assert_eq!((row.network.as_str(), row.actor.as_str(), row.account.as_str()), ("sal", "sal/alice", ""));
    assert_eq!(
        (row.kind.as_str(), row.text.as_str(), row.change.unwrap().0),
        ("imported", "Fix it (gerrit:4)", 4)
    );
    let Event::Imported { from } = serde_json::from_str(&row.detail).unwrap() else { panic!("{row:?}") };
    assert_eq!((from.source.as_str(), from.line, from.nick.as_str()), ("SAL.wiki", 2, "alice@deploy1001"));
    assert_eq!(from.words.as_deref(), Some("14:05 alice@deploy1001: [[gerrit:4|Fix it]]"));
    // The bot believes nothing of it.
    let state = Store::open(&database).unwrap().load_state().unwrap();
    assert_eq!(state, swatbot::engine::state::State { row: 2, ..Default::default() });
}

#[test]
fn the_same_file_adds_nothing_and_a_changed_one_what_is_new() {
    let (folder, database) = place();
    let file = folder.path().join("SAL.wiki");
    let stands = "== 2026-11-22 ==\n* 14:05 alice: again\n* 14:05 alice: again\n* 14:04 bob: x\n";
    fs::write(&file, stands).unwrap();
    assert!(
        import(&database, &[&file]).1.ends_with("3 entries (wikitext), 3 new\n"),
        "equal entries are two"
    );
    assert!(
        import(&database, &[&file, &file]).1.ends_with("3 entries (wikitext), 0 new, 3 were here already\n")
    );
    let moved = folder.path().join("another name.wiki");
    fs::write(
        &moved,
        format!("== 2026-11-23 ==\n* 08:00 carol: new\n{stands}* 14:03 dan: found\n* nonsense\n"),
    )
    .unwrap();
    let (code, out, err) = import(&database, &[&moved]);
    assert_eq!(code, 0);
    assert!(
        out.ends_with("5 entries (wikitext), 2 new, 3 were here already, 1 line could not be read\n"),
        "{out}"
    );
    assert_eq!(err, format!("{}:8: no time of day: * nonsense\n", moved.display()));
    let texts: Vec<String> = rows(&database).into_iter().map(|row| row.text).collect();
    assert_eq!(texts, ["x", "again", "again", "found", "new"]);
}

#[test]
fn a_killed_import_goes_on_where_it_was() {
    let (folder, database) = place();
    let file = folder.path().join("SAL.wiki");
    fs::write(&file, page(1..=20)).unwrap();
    let whole = folder.path().join("whole.db");
    assert_eq!(import(&whole, &[&file]).0, 0);
    let mut child = program(&database, &[&file]).stdout(Stdio::null()).spawn().unwrap();
    // It is killed as soon as something is stored.
    let some = || Reader::open(&database).and_then(|log| log.rows().or(Ok(0))).unwrap_or(0) > 0;
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !some() && std::time::Instant::now() < deadline {
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let stored = rows(&database).len();
    assert!(
        (1..52_000).contains(&stored) && stored.is_multiple_of(20_000),
        "{stored}: it was killed between two commits"
    );
    let (code, out, _) = import(&database, &[&file]);
    assert_eq!(code, 0);
    let left = 52_000 - stored;
    assert!(
        out.contains(&format!("52000 entries (wikitext), {left} new, {stored} were here already")),
        "{out}"
    );
    assert_eq!(rows(&database), rows(&whole));
}

#[test]
fn what_cannot_be_read_at_all_fails_and_keeps_no_other_file_back() {
    let (folder, database) = place();
    let [letter, bad, good] =
        ["letter.txt", "bad.wiki", "#ops_20261122.log"].map(|name| folder.path().join(name));
    fs::write(&letter, "Dear all,\n").unwrap();
    fs::write(&bad, "== 2026-02-30 ==\n* 14:05 alice: x\n").unwrap();
    fs::write(&good, "[14:05:33] <alice> !log x\n").unwrap();
    let missing = folder.path().join("missing");
    let (code, out, err) = import(&database, &[&letter, &bad, &missing, &good]);
    assert_eq!(code, 1);
    assert_eq!(out, format!("{}: 1 entries (irc), 1 new\n", good.display()));
    for words in [
        "letter.txt: nothing in it looks like a log; --format names how it is written",
        "bad.wiki:2: no day: * 14:05 alice: x",
        "bad.wiki: nothing of it could be read as wikitext",
        "missing: No such file",
    ] {
        assert!(err.contains(words), "{words}: {err}");
    }
    assert_eq!(rows(&database)[0].room, "sal/#ops");
}

#[test]
fn a_file_in_which_nothing_is_an_entry_is_said_to_be_one() {
    let (folder, database) = place();
    for (format, name, text, code, words) in [
        (
            "wikitext",
            "letter.wiki",
            "= A letter =\n\nDear all,\nit is late.\n* a list\n",
            1,
            "letter.wiki:3: no entry: Dear all,\nF: nothing of it could be read as wikitext, 3 lines were no entry\n",
        ),
        ("wikitext", "empty.wiki", "", 1, "F: nothing of it could be read as wikitext\n"),
        (
            "stashbot",
            "quips.json",
            "{\"type\":\"quip\",\"message\":\"ha\",\"@timestamp\":\"2026-11-01T00:00:00Z\"}\n",
            1,
            "quips.json:1: no entry: ha\nF: nothing of it could be read as stashbot, 1 line was no entry\n",
        ),
        (
            "irc",
            "letter.log",
            "Dear all,\n",
            1,
            "letter.log:1: no entry: Dear all,\nF: nothing of it could be read as irc, 1 line was no entry\n",
        ),
        // On a quiet day nobody logs anything.
        ("irc", "#ops_20261101.log", "[14:05:33] <alice> hello\n[14:06:00] *** bob quit\n", 0, ""),
    ] {
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        let output = program(&database, &[&file]).args(["--format", format]).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        let folder = format!("{}/", folder.path().display());
        let words = words.replace("F:", &format!("{name}:"));
        assert_eq!((output.status.code(), err.replace(&folder, "")), (Some(code), words), "{name}");
    }
    // Beside entries it is told and does no harm.
    let file = folder.path().join("SAL.wiki");
    fs::write(&file, "{{SAL}}\n== 2026-11-22 ==\n* 14:05 alice: x\n").unwrap();
    let (code, out, err) = import(&database, &[&file]);
    assert_eq!(
        (code, out),
        (0, format!("{}: 1 entries (wikitext), 1 new, 1 line was no entry\n", file.display()))
    );
    assert_eq!(err, format!("{}:1: no entry: {{{{SAL}}}}\n", file.display()));
}

#[test]
fn while_the_bot_runs_the_log_is_its_own() {
    let (folder, database) = place();
    let file = folder.path().join("SAL.wiki");
    fs::write(&file, "== 2026-11-22 ==\n* 14:05 alice: x\n").unwrap();
    let running = Store::open(&database).unwrap();
    let (code, out, err) = import(&database, &[&file]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("stop it first, import, and start it again"), "{err}");
    drop(running);
    assert_eq!(import(&database, &[&file]).0, 0);
}
