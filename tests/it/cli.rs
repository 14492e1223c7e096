//! The command line: what is printed, where, and with which exit code.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/windows.toml");

/// Runs the program on an input to its end.
fn run(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_swatbot"))
        .args(arguments)
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One that reads nothing may have ended already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// The exit code, standard output and standard error.
fn parts(output: Output) -> (i32, String, String) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().expect("it was not killed"), text(output.stdout), text(output.stderr))
}

fn swatbot(arguments: &[&str]) -> (i32, String, String) {
    parts(run(arguments, ""))
}

/// Plays a script on a log of its own.
fn play(database: &Path, script: &str) -> (i32, String, String) {
    let database = database.to_str().unwrap();
    parts(run(&["--config", CONFIG, "--database", database, "--clock", "2026-11-23T12:00:00Z"], script))
}

#[test]
fn help_names_every_subcommand() {
    let (code, out, err) = swatbot(&["--help"]);
    assert_eq!((code, err.as_str()), (0, ""));
    for word in [
        "run",
        "demo",
        "check",
        "log",
        "report",
        "feed",
        "export",
        "import",
        "import-sal",
        "backtest",
        "matrix-setup",
        "completions",
        "--config",
        "--database",
        "--clock",
    ] {
        assert!(out.contains(word), "{word} is not in {out}");
    }
    let (code, out, _) = swatbot(&["--version"]);
    assert_eq!((code, out), (0, format!("swatbot {}\n", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn wrong_usage_exits_with_2_and_says_so_on_standard_error() {
    for arguments in [
        &["--colour"][..],
        &["dance"],
        &["check", "now"],
        &["report"],
        &["backtest"],
        &["report", "2026-02-30/morning"],
        &["completions", "klingon"],
        &["--clock", "yesterday"],
        &["--config"],
    ] {
        let (code, out, err) = swatbot(arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}");
        assert!(err.starts_with("error: "), "{arguments:?}: {err}");
    }
}

#[test]
fn check_says_that_a_configuration_is_good_or_lists_every_fault() {
    let (code, out, err) = swatbot(&["check", "--config", CONFIG]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.ends_with("windows.toml is good: 3 windows\n"), "{out}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.toml");
    let good = fs::read_to_string(CONFIG).unwrap();
    let bad = good
        .replace("timezone = \"America/Los_Angeles\"", "timezone = \"America/Los_Angels\"")
        .replace("minutes = 60", "minuets = 60")
        .replace("roles = [\"manager\"]", "roles = []");
    fs::write(&path, bad).unwrap();
    let (code, out, err) = swatbot(&["check", "--config", path.to_str().unwrap()]);
    assert_eq!((code, out.as_str()), (2, ""));
    // Three windows and the train have the zone, three windows the length, one person the roles.
    for (words, count) in [("America/Los_Angels", 4), ("minuets", 3), ("roles", 1)] {
        assert!(err.matches(words).count() >= count, "{words} {count} times: {err}");
    }
    for verb in [&["run"][..], &["log"], &["report", "2026-11-23/morning"]] {
        let (code, _, other) = swatbot(&[verb, &["--config", path.to_str().unwrap()]].concat());
        assert_eq!((code, other), (2, err.clone()), "{verb:?}");
    }
    let (code, _, err) = swatbot(&["check", "--config", "/nowhere/windows.toml"]);
    assert_eq!(code, 2);
    assert!(err.contains("/nowhere/windows.toml"), "{err}");
}

#[cfg(feature = "irc")]
#[test]
fn check_says_what_the_bot_would_connect_to_and_nothing_secret() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("libera.password");
    fs::write(&password, "hunter2\n").unwrap();
    fs::set_permissions(&password, fs::Permissions::from_mode(0o600)).unwrap();
    let networks = r##"[[connection]]
kind = "irc"
network = "libera"
server = "irc.libera.chat"
account = "swatbot"
password_file = "libera.password"
channels = ["#ops", "#swat"]
[[connection]]
kind = "irc"
network = "local"
server = "localhost"
tls = false
trust = "off"
channels = ["#ops"]
[[connection]]
"##;
    let changes = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/changes");
    let text = fs::read_to_string(CONFIG)
        .unwrap()
        .replacen("\n[[connection]]\n", &format!("\n{networks}"), 1)
        .replace("\"examples/changes\"", &format!("{changes:?}"));
    let path = folder.path().join("windows.toml");
    fs::write(&path, text).unwrap();
    let (code, out, err) = swatbot(&["check", "--config", path.to_str().unwrap()]);
    assert_eq!((code, err.as_str()), (0, ""));
    let expected = "libera: swatbot joins #ops, #swat at irc.libera.chat port 6697 (TLS, SASL PLAIN as swatbot, \
                    rights by account-tag)\n\
                    local: swatbot joins #ops at localhost port 6667 (no TLS, no account, no rights: trust is off)\n";
    let rest: Vec<&str> = out.strip_prefix(expected).unwrap_or_else(|| panic!("{out}")).lines().collect();
    let note = "note: local: the bot has no account there, so others can take the nick swatbot; ";
    assert!(
        matches!(rest[..], [good, last] if good.contains(" is good: ") && last.starts_with(note)),
        "{out}"
    );
}

/// A file that `LoadCredential=` of systemd hands over is the bot's own though its group's bits are set.
#[test]
fn a_credential_of_systemd_may_show_an_access_list() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("gerrit.password");
    fs::write(&password, "hunter2\n").unwrap();
    let gerrit = format!(
        "kind = \"gerrit\"\nurl = \"https://gerrit.example.org\"\nusername = \"swatbot\"\npassword_file = {password:?}\n"
    );
    let text = fs::read_to_string(CONFIG).unwrap();
    let (before, rest) = text.split_once("kind = \"files\"").unwrap();
    let rest = rest.split_once("path = \"examples/changes\"\n").unwrap().1;
    let path = folder.path().join("windows.toml");
    fs::write(&path, format!("{before}{gerrit}{rest}")).unwrap();
    let check = |mode: u32, credentials: &Path| {
        fs::set_permissions(&password, fs::Permissions::from_mode(mode)).unwrap();
        let mut program = Command::new(env!("CARGO_BIN_EXE_swatbot"));
        program.args(["check", "--config", path.to_str().unwrap()]);
        program.env("CREDENTIALS_DIRECTORY", credentials).output().unwrap().status.code().unwrap()
    };
    assert_eq!(check(0o440, folder.path()), 0);
    assert_eq!(check(0o444, folder.path()), 2, "everybody can read it");
    assert_eq!(check(0o440, Path::new("/nowhere")), 2, "systemd did not put it there");
    assert_eq!(check(0o440, Path::new("")), 2);
}

#[test]
fn completions_are_a_script_that_bash_reads() {
    let (code, script, err) = swatbot(&["completions", "bash"]);
    assert_eq!((code, err.as_str()), (0, ""));
    for word in ["swatbot", "report", "--wikitext", "--follow"] {
        assert!(script.contains(word), "{word}");
    }
    let mut bash = Command::new("bash").arg("-n").stdin(Stdio::piped()).spawn().unwrap();
    bash.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    assert!(bash.wait().unwrap().success());
}

#[test]
fn a_script_on_a_pipe_is_played_to_its_end_and_always_alike() {
    let script = include_str!("../transcripts/first_patch.txt");
    let folder = tempfile::tempdir().unwrap();
    let first = play(&folder.path().join("first.db"), script);
    assert_eq!((first.0, first.2.as_str()), (0, ""));
    assert!(first.1.contains("4 is live"), "{}", first.1);
    assert!(folder.path().join("first.db").exists(), "--database names the log");
    assert_eq!(play(&folder.path().join("second.db"), script), first);
    // What it printed can be played: answers are passed over.
    assert_eq!(play(&folder.path().join("third.db"), &first.1), first);
    // The last line may lack its end.
    let (code, out, _) = play(&folder.path().join("short.db"), "!swat whoami");
    assert_eq!(code, 0);
    assert!(out.starts_with("!swat whoami\nswatbot> alice: "), "{out}");
}

#[test]
fn a_log_that_cannot_be_opened_exits_with_1() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no-log.db");
    fs::write(&path, "this is a letter, not a database").unwrap();
    let (code, out, err) = play(&path, "!swat now\n");
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains(path.to_str().unwrap()), "{err}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "this is a letter, not a database");
    let (code, _, err) = play(&folder.path().join("nowhere/swatbot.db"), "!swat now\n");
    assert_eq!(code, 1);
    assert!(err.contains("nowhere"), "{err}");
}

#[test]
fn where_there_is_no_log_the_configuration_that_names_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("windows.toml");
    let changes = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/changes");
    let text = fs::read_to_string(CONFIG).unwrap().replace("\"examples/changes\"", &format!("{changes:?}"));
    fs::write(&config, text).unwrap();
    for verb in [&["log"][..], &["report", "2026-11-23/morning"]] {
        let (code, out, err) = swatbot(&[verb, &["--config", config.to_str().unwrap()]].concat());
        assert_eq!((code, out.as_str()), (1, ""));
        let database = folder.path().join("swatbot.db");
        let (database, config) = (database.display(), config.display());
        assert_eq!(
            err,
            format!("there is no log at {database}, which {config} names; --config FILE names another\n")
        );
    }
}

#[test]
fn a_report_is_the_summary_and_what_happened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("swatbot.db");
    let database = path.to_str().unwrap();
    let report =
        |occurrence: &str| swatbot(&["report", occurrence, "--config", CONFIG, "--database", database]);
    let (code, out, err) = report("2026-11-23/morning");
    assert_eq!((code, out.as_str()), (1, ""), "there is no log yet");
    assert!(err.contains(database), "{err}");
    assert!(!path.exists(), "a report makes no log");

    let planned = "bob> !swat add 4\nbob> !swat remove 9\nalice> !swat claim\n";
    assert_eq!(play(&path, planned).0, 0);
    let (code, out, err) = report("2026-11-23/morning");
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.starts_with("# 2026-11-23/morning\n\n2026-11-23/morning is not closed\n"), "{out}");
    assert!(out.lines().any(|line| line.starts_with("| 12:00:00 | L7 | alice | ")), "{out}");

    let over = "+14h\n!swat now\n";
    assert_eq!(play(&path, over).0, 0);
    let (code, out, _) = report("2026-11-23/morning");
    assert_eq!(code, 0);
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[2].starts_with("2026-11-23/morning is over") && lines[2].contains("skipped 4"), "{out}");
    assert!(lines.iter().any(|line| line.starts_with("| 14:00:00 | L")), "{out}");
    let wikitext = ["report", "--wikitext", "2026-11-23/morning", "--config", CONFIG, "--database", database];
    assert!(swatbot(&wikitext).1.starts_with("== 2026-11-23/morning ==\n2026-11-23/morning is over"));
    // The rows that the log gives for the window, one for one.
    let (code, json, _) = swatbot(&[
        "log",
        "last",
        "1000",
        "window",
        "2026-11-23/morning",
        "--json",
        "--config",
        CONFIG,
        "--database",
        database,
    ]);
    assert_eq!(code, 0);
    for line in json.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = row["text"].as_str().unwrap();
        let row = format!("| L{} |", row["seq"]);
        let line = lines.iter().find(|line| line.contains(&row)).unwrap_or_else(|| panic!("{row}: {out}"));
        assert!(line.replace('\\', "").ends_with(&format!("| {text} |")), "{text} is not in {line}");
    }

    // A window by its name is its last occurrence that was held.
    assert_eq!(report("morning"), report("2026-11-23/morning"));
    let (code, out, err) = report("mornign");
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(
        err.contains("a window called mornign. Type ") && err.contains("\"swatbot report morning\" or "),
        "{err}"
    );
    let at = |clock: &str, what: &str| {
        let report = ["report", what, "--clock", clock, "--config", CONFIG, "--database", database];
        swatbot(&report)
    };
    let (code, _, err) = at("2026-11-24T12:00:00Z", "next");
    assert_eq!(code, 1);
    assert!(
        err.starts_with("2026-11-24/morning is next, and nothing is on record of it yet. Type "),
        "{err}"
    );
    assert_eq!(at("2026-11-23T12:00:00Z", "next"), report("2026-11-23/morning"), "it was spoken of");
    let (code, out, _) = report("stats");
    assert_eq!((code, out.as_str()), (0, "2 windows, 0 live, 0 rolled back\n"), "nobody claimed either");

    let (code, out, err) = report("2026-11-25/morning");
    assert_eq!((code, out.as_str()), (1, ""));
    assert_eq!(err, "nothing is on record of 2026-11-25/morning\n");
}

#[test]
fn the_demo_takes_no_option_that_it_would_not_heed() {
    for (option, value) in [("--config", CONFIG), ("--database", "a.db"), ("--clock", "2026-11-23T12:00:00Z")]
    {
        for arguments in [["demo", option, value], [option, value, "demo"]] {
            let why =
                format!("the demo has a configuration, a log and a time of its own: it takes no {option}\n");
            assert_eq!(swatbot(&arguments), (2, String::new(), why));
        }
    }
}

#[test]
fn a_correction_and_a_redaction_name_their_rows_in_every_form() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("swatbot.db");
    let script = "alice> !log restarted mw1263\nalice> !log amend L2 restarted mw1264\nalice> !log amend L2 restarted mw1265\n\
                  alice> !log the password is hunter2\ngrace> !log redact L5 a password\n";
    let (code, _, err) = play(&path, script);
    assert_eq!((code, err.as_str()), (0, ""));
    let log = |line: &str| {
        let place = ["--config", CONFIG, "--database", path.to_str().unwrap()];
        let words: Vec<&str> = ["log"].into_iter().chain(line.split(' ')).chain(place).collect();
        swatbot(&words).1
    };
    for form in ["last 9", "last 9 --json", "last 9 --csv", "last 9 --wikitext", "last 9 --markdown"] {
        let said = log(form);
        for words in
            ["corrects L2: restarted mw1264", "corrects L2: restarted mw1265", "redacts L5: a password"]
        {
            assert_eq!(said.matches(words).count(), 1, "{form}: {words}: {said}");
        }
        assert!(!said.contains("hunter2"), "{said}");
    }
    assert!(log("show L2").ends_with("\ncorrected by L3, L4\n"), "{}", log("show L2"));
    assert!(!log("show L3").contains("corrected by"));
    let verified = swatbot(&["verify", "--config", CONFIG, "--database", path.to_str().unwrap()]).1;
    assert!(verified.starts_with("L5 redacted by grace (L6): a password\n"), "{verified}");
}

#[test]
fn whoever_has_seen_enough_is_told_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("swatbot.db");
    assert_eq!(play(&path, "bob> !swat add 4\nalice> !swat claim\nalice> !log it is slow\n").0, 0);
    let feeds = folder.path().join("feeds");
    for line in [
        "log",
        "log --json",
        "log --csv",
        "log --wikitext",
        "log --markdown",
        "log --follow",
        "log count",
        "log show L1",
        "log suspects 12:10",
        "report 2026-11-23/morning",
        "feed FEEDS",
        "export -",
        "verify",
        "check",
        "completions bash",
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let words =
            line.split(' ').map(|word| if word == "FEEDS" { feeds.as_os_str() } else { word.as_ref() });
        let output = Command::new(env!("CARGO_BIN_EXE_swatbot"))
            .args(words)
            .args(["--config", CONFIG, "--database", path.to_str().unwrap()])
            .stdin(Stdio::null())
            .stdout(writer)
            .output()
            .unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{line}: {err}");
        // How much was exported does not stand among the lines, and nobody finds nothing here.
        assert!(err.is_empty() || line.starts_with("log suspects"), "{line}: {err}");
    }
}

#[test]
fn the_demo_needs_nothing_and_takes_a_bad_canary_back() {
    let place = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_swatbot"));
    // In an empty folder, without an environment.
    command.arg("demo").current_dir(place.path()).env_clear().env("TMPDIR", place.path());
    let (code, out, err) = parts(command.stdin(Stdio::null()).output().unwrap());
    assert_eq!((code, err.as_str()), (0, ""));
    let mut rest = out.as_str();
    for part in [
        "alice> !swat go 5",
        "canaries UNHEALTHY: errors 31 errors/s",
        "alice> !swat rollback 500s everywhere",
        "4 off all hosts after 22 s",
        "healthy again",
        "10 merged: code and hosts agree again, 4 is settled",
        "merged only 10 (no host needs it); rolled back 4; not started 6; nothing merged and undeployed",
    ] {
        let (_, after) = rest.split_once(part).unwrap_or_else(|| panic!("no {part:?} in its place in {out}"));
        rest = after;
    }
    // What the story says is taken: a wrong line would be refused, or be none.
    let refused: Vec<&str> =
        out.lines().filter(|line| line.contains(": no: ") || line.contains(" # ")).collect();
    assert_eq!(refused.len(), 2, "only what people try while it is bad or held: {refused:#?}");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0, "it leaves nothing behind");
    // On a terminal it pauses for about this long, which is about a minute.
    let letters: usize = out.lines().map(|line| line.chars().count()).sum();
    let seconds = (out.lines().count() * 350 + letters * 8) / 1000;
    assert!((40..=75).contains(&seconds), "{seconds} s");
}

#[test]
fn a_log_that_is_named_needs_no_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("log.db");
    play(&database, "alice> !log restarted apache\n");
    let copy = folder.path().join("copy.db");
    let (database, copy) = (database.to_str().unwrap(), copy.to_str().unwrap());
    for (words, expected) in [
        (&["log", "find", "apache"][..], "restarted apache"),
        (&["verify"], "whole"),
        (&["backup", copy], "copy.db"),
        (&["export", "-"], "restarted apache"),
    ] {
        let nowhere = ["--config", "/nonexistent/windows.toml", "--database", database];
        let (code, out, err) = swatbot(&[&nowhere[..], words].concat());
        assert_eq!(code, 0, "{words:?}: {err}");
        assert!(out.contains(expected), "{words:?}: {out}");
    }
    for words in [["log", "show", "L9"], ["log", "around", "9"]] {
        let (code, out, err) = swatbot(&[&["--database", database][..], &words].concat());
        assert_eq!((code, out.as_str(), err.as_str()), (1, "", "there is no L9, the last is L2\n"));
    }
}
