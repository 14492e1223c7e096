//! `swatbot backtest` on four windows of our own: the table, one window in full, one object a patch, and bad files.
//! `UPDATE=1` writes the expected outputs anew. `history` compares what is played with the whole bot on real windows.

use std::fs;
use std::path::Path;
use std::process::Command;

const FILE: &str = "tests/samples/backtest/windows.jsonl";

/// The exit code, standard output and standard error of `swatbot backtest`, run in the repository.
fn backtest(arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_swatbot"))
        .arg("backtest")
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("it is text");
    (output.status.code().expect("it was not killed"), text(output.stdout), text(output.stderr))
}

/// Compares an output with the one that is kept.
fn check(name: &str, found: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples/backtest").join(name);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&file, found).expect("an expected output can be written");
    }
    let expected = fs::read_to_string(&file).expect("the expected output is there");
    assert_eq!(found, expected, "{name}: UPDATE=1 writes it anew");
}

/// A file of windows in a folder of its own: lines of the sample by number, and others as they stand.
fn file(lines: &[&str]) -> (tempfile::TempDir, String) {
    let sample = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE)).expect("the sample");
    let sample: Vec<&str> = sample.lines().collect();
    let line = |line: &&str| line.parse::<usize>().map_or(*line, |number| sample[number - 1]).to_owned();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("windows.jsonl");
    let text: Vec<String> = lines.iter().map(line).collect();
    fs::write(&path, text.join("\n")).expect("a file in it");
    (folder, path.to_str().expect("its name is text").to_owned())
}

#[test]
fn the_table_fits_a_terminal_and_counts_every_rule() {
    let (code, out, err) = backtest(&[FILE]);
    // On a pipe there is no bar.
    assert_eq!((code, err.as_str()), (0, ""));
    check("table.txt", &out);
    for line in out.lines() {
        assert!(line.chars().count() <= 80, "too wide: {line}");
    }
}

#[test]
fn one_window_is_shown_in_full() {
    let (code, out, err) = backtest(&[FILE, "--window", "2017-03-06/morning"]);
    assert_eq!((code, err.as_str()), (0, ""));
    check("window.txt", &out);
}

#[test]
fn a_program_gets_one_object_a_patch() {
    let (code, out, err) = backtest(&[FILE, "--json"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let rows: Vec<serde_json::Value> =
        out.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    let changes: Vec<u64> = rows.iter().filter_map(|row| row["change"].as_u64()).collect();
    assert_eq!(changes, (101..=111).collect::<Vec<u64>>());
    let second = &rows[1];
    assert_eq!(second["window"], "2017-03-06/morning");
    assert_eq!(
        (&second["line"], &second["outcome"], &second["reverted"]),
        (&1.into(), &"live".into(), &true.into())
    );
    let verdicts = second["verdicts"].as_array().expect("a list");
    let blocked = verdicts.iter().find(|verdict| verdict["rule"] == "single-sync").expect("it has two files");
    assert_eq!((&blocked["verdict"], &blocked["when"]), (&"block".into(), &"add".into()));
    assert!(blocked["words"].as_str().is_some_and(|words| words.contains("2 files")), "{blocked}");
    assert_eq!(rows[5]["outcome"], "it was not merged that day");
    let (_, one, _) = backtest(&[FILE, "--json", "--window", "2017-03-06/morning"]);
    assert_eq!(one.lines().count(), 3, "{one}");
}

#[test]
fn both_of_a_coupling_are_blocked_until_it_is_answered_as_it_was_deployed() {
    let (code, out, err) = backtest(&[FILE, "--window", "2017-03-09/morning"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let found = |words: &str| out.lines().filter(|line| line.contains(words)).count();
    // The order that was deployed registers the module twice, so a second deployer has to set that aside.
    assert_eq!(found("alice> !swat order 109 before 110"), 2, "{out}");
    assert_eq!(found("[unique-name]"), 1, "{out}");
    assert_eq!(found("reader> !swat override 109 coupled it was deployed so"), 1, "{out}");
    assert_eq!(found("109 goes before 110"), 1, "{out}");
    let (_, out, _) = backtest(&[FILE, "--json", "--window", "2017-03-09/morning"]);
    let rows: Vec<serde_json::Value> =
        out.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
    for (row, times) in rows.iter().zip([1, 1, 0]) {
        assert_eq!(row["outcome"], "live", "{row}");
        assert_eq!(row["couplings"].as_array().map(Vec::len), Some(times), "{row}");
        let verdicts = row["verdicts"].as_array().expect("a list");
        let blocked = verdicts.iter().find(|said| said["rule"] == "coupled" && said["verdict"] == "block");
        assert_eq!(blocked.is_some(), times > 0, "{row}");
    }
    let (_, out, _) = backtest(&[FILE]);
    let row = out.lines().find(|line| line.starts_with("coupled ")).expect("it has a row");
    assert_eq!(row.split_whitespace().nth(1), Some("2"), "{row}");
    assert!(
        out.contains("\ncouplings: 1\n2017-03-09/morning 109 and 110 belong together: both T1109,"),
        "{out}"
    );
}

#[test]
fn the_guidelines_are_the_teams_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let own = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("windows.toml")).expect("ours");
    let own = own
        .replace("#reviewed = \"warn\"", "reviewed = \"block\"")
        .replace("#ci-green = \"block\"", "ci-green = \"off\"");
    fs::create_dir_all(folder.path().join("examples/changes")).expect("a folder in it");
    let config = folder.path().join("windows.toml");
    fs::write(&config, own).expect("a configuration");
    let config = config.to_str().expect("its name is text");
    let (code, out, err) = backtest(&[FILE, "--config", config]);
    assert_eq!((code, err.as_str()), (0, ""));
    let reviewed = out.lines().find(|line| line.starts_with("reviewed ")).expect("it has a row");
    // Five without a vote, and 108, which was offered before it had one.
    assert_eq!(reviewed.split_whitespace().nth(1), Some("6"), "{reviewed}");
    assert!(out.lines().any(|line| line == "off: ci-green"), "{out}");
    fs::write(folder.path().join("bad.toml"), "[bot\n").expect("a bad one");
    let bad = folder.path().join("bad.toml");
    assert_eq!(backtest(&[FILE, "--config", bad.to_str().expect("text")]).0, 2);
}

#[test]
fn lines_that_are_no_windows_are_named_and_left_out() {
    let twice = "{\"start\":\"2017-03-06 14:02:00.000\",\"deployers\":[\"Alice\"],\"patches\":[{\"plus2_at\":\"2017\"}]}";
    let nobody = "{\"start\":\"2017-03-06 14:02:00.000\",\"deployers\":[],\"patches\":[]}";
    let (_folder, path) = file(&["1", "{\"start\": ", "", "[]", twice, nobody, "\u{1b}[31m", "3"]);
    let (code, out, err) = backtest(&[&path]);
    assert_eq!(code, 1);
    assert!(out.contains("2 windows, 5 patches"), "{out}");
    let lines: Vec<String> = err.lines().map(|line| line.replace(&path, "FILE")).collect();
    assert_eq!(
        lines,
        [
            "FILE:2: it is not JSON (column 9)",
            "FILE:4: no field \"deployers\"",
            "FILE:5: patch 1: no field \"change\"",
            "FILE:6: it has no deployer or no patch",
            "FILE:7: it is not JSON (column 1)",
            "FILE: 5 lines are no windows and were left out",
        ]
    );
}

#[test]
fn a_file_without_any_window_is_no_result() {
    let (_folder, path) = file(&["", ""]);
    let (code, out, err) = backtest(&[&path]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.ends_with("no line of it is a window\n"), "{err}");
    let (code, out, err) = backtest(&["not-there.jsonl"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.starts_with("cannot read not-there.jsonl: "), "{err}");
    let (code, out, err) = backtest(&[FILE, "--window", "2017-03-06/late"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert_eq!(err, format!("{FILE}: no window 2017-03-06/late; that day has 2017-03-06/morning\n"));
    assert_eq!(backtest(&[FILE, "--window", "morning"]).0, 2);
}

#[test]
fn a_change_stands_in_a_window_once() {
    let sample = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE)).expect("the sample");
    let first = sample.lines().next().expect("a line");
    let (_folder, path) = file(&[&first.replace("\"_number\":102,", "\"_number\":101,")]);
    let (code, _, err) = backtest(&[&path]);
    assert_eq!(code, 1);
    assert!(err.contains(":1: change 101 stands in it twice\n"), "{err}");
}
