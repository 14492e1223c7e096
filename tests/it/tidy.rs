//! The house plan, checked: who may use what, how a file begins and how long it is, and that what there is can be seen
//! in a transcript. Every rule carries lines that break it, and a test shows that it notices them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use regex::Regex;
use swatbot::engine::command::VERBS;
use swatbot::engine::guidelines::RuleId;
use swatbot::engine::settings::CONSOLE;
use swatbot::engine::{Line, id::RoomId};
use swatbot::transport::console::{self, Typed};

use super::transcripts;

/// A file is split by noun before it gets this long.
const LONGEST: usize = 600;
/// From here on it is time to think of it.
const LONG: usize = 400;
/// What is too long already, and may not grow.
const TOO_LONG: &[(&str, usize)] = &[];

/// What no transcript shows yet. These numbers only ever go down: whoever shows one more, counts one less.
const VERBS_NOT_SHOWN: usize = 8;
const RULES_NOT_SHOWN: usize = 0;
const CODES_NOT_SHOWN: usize = 17;

/// What the files of one place may use from this crate, and what they never mention.
struct Layer {
    /// The folder or the file, from the root of the repository.
    place: &'static str,
    /// The modules of this crate.
    uses: &'static [&'static str],
    /// Patterns.
    never: &'static [&'static str],
    /// Lines that break the rule.
    planted: &'static [&'static str],
}

const PRINTING: &str = r"\be?print(ln)?!";
const CLOCK: &str = r"\b(Utc|Local|SystemTime|Instant)::now\b";
const SQL: &str = r#""\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA|ATTACH) "#;
const GERRIT: &str = r"\)\]\}'|_revision_number|current_revision\b";

/// Everything under src/ but the composition root, which may use all of it.
const LAYERS: &[Layer] = &[
    Layer {
        place: "src/engine/",
        uses: &["engine"],
        never: &[
            r"\b(tokio|rusqlite|reqwest|rustls|toml|clap|rand)::",
            r"\basync\b|\.await\b",
            CLOCK,
            r"\bstd::(fs|env|net|io|process|thread|time)\b",
            r"\b(Mutex|RwLock|RefCell|Atomic\w+)\b",
            PRINTING,
            SQL,
            GERRIT,
        ],
        planted: &[
            "use crate::store::Store;",
            "use toml::Value;",
            "use super::super::super::bot::Bot;",
            "let when = chrono::Utc::now();",
            "use std::time::Instant;",
            "pub async fn decide() {}",
            "let text = std::fs::read_to_string(path);",
            "let home = std::env::var(\"HOME\");",
            "use std::net::TcpStream;",
            "tokio::spawn(work);",
            "use rusqlite::Connection;",
            "static SEEN: Mutex<u32> = Mutex::new(0);",
            "println!(\"{text}\");",
            "let sql = \"SELECT 1\";",
            "let prefix = \")]}'\";",
        ],
    },
    Layer {
        place: "src/config/",
        uses: &["engine", "config", "secret"],
        never: &[r"\b(tokio|rusqlite|reqwest)\b", CLOCK, PRINTING, SQL, GERRIT],
        planted: &["use crate::review::Source;", "use crate::bot::Bot;", "use tokio::fs;", "println!();"],
    },
    Layer {
        place: "src/store/",
        uses: &["engine", "store"],
        never: &[r"\b(tokio|reqwest)\b", r"\basync\b", CLOCK, PRINTING, GERRIT],
        planted: &["use crate::bot::Bot;", "tokio::spawn(work);", "let at = Utc::now();"],
    },
    Layer {
        place: "src/review/",
        uses: &["engine", "review", "secret"],
        never: &[r"\b(rusqlite|toml)\b", CLOCK, PRINTING, SQL],
        planted: &[
            "use crate::store::Store;",
            "use crate::config::Config;",
            "let sql = \"INSERT INTO event\";",
        ],
    },
    Layer {
        place: "src/sal/",
        uses: &["engine", "sal"],
        never: &[
            r"\b(tokio|rusqlite|reqwest|toml)\b",
            r"\bstd::(fs|env|net|io)\b",
            CLOCK,
            PRINTING,
            SQL,
            GERRIT,
        ],
        planted: &["use crate::store::Store;", "use std::fs;", "let at = Utc::now();"],
    },
    // Its protocol is JSON, and what it has read outlives the program.
    Layer {
        place: "src/transport/matrix/",
        uses: &["clock", "config", "engine", "secret", "store", "transport"],
        never: &[r"\b(rusqlite|toml|irc)\b", r"\b(Utc|Local|SystemTime)::now\b", PRINTING, SQL, GERRIT],
        planted: &["use crate::bot::Bot;", "use crate::review::Files;", "use crate::transport::irc::wire;"],
    },
    Layer {
        place: "src/transport/",
        uses: &["clock", "config", "engine", "secret", "transport"],
        never: &[
            r"\b(rusqlite|serde_json|toml)\b",
            r"\b(Utc|Local|SystemTime)::now\b",
            PRINTING,
            SQL,
            GERRIT,
        ],
        planted: &["use crate::bot::Bot;", "use crate::review::Files;", "use crate::{store, engine};"],
    },
    Layer {
        place: "src/bot",
        uses: &["engine", "store", "clock"],
        never: &[
            r"\b(tokio|rusqlite|reqwest|serde_json|toml)\b",
            r"\b(Mutex|RwLock)\b",
            CLOCK,
            PRINTING,
            SQL,
        ],
        planted: &["use crate::transport::console;", "use crate::review::Source;", "let at = Utc::now();"],
    },
    Layer {
        place: "src/backtest/",
        uses: &["engine", "bot", "review", "transport", "backtest"],
        never: &[r"\b(tokio|rusqlite|reqwest|serde_json|toml)\b", CLOCK, PRINTING, SQL, GERRIT],
        planted: &["use crate::store::Store;", "use crate::config::Config;", "let at = Utc::now();"],
    },
    Layer {
        place: "src/play.rs",
        uses: &["engine", "store", "clock", "bot", "review", "transport"],
        never: &[r"\b(rusqlite|reqwest|serde_json|toml)\b", CLOCK, PRINTING, SQL, GERRIT],
        planted: &["use crate::cli::main;", "use crate::config::Config;"],
    },
    Layer {
        place: "src/clock.rs",
        uses: &["engine"],
        never: &[r"\b(tokio|rusqlite|reqwest)\b", PRINTING],
        planted: &["use crate::bot::Bot;"],
    },
    Layer {
        place: "src/secret.rs",
        uses: &[],
        never: &[r"\bimpl (fmt::)?Display\b", PRINTING],
        planted: &["use crate::engine::id::Who;", "impl fmt::Display for Secret {"],
    },
];

/// The composition root: it may use everything.
const ROOT: &[&str] = &["src/main.rs", "src/lib.rs", "src/cli/"];

/// What some files must not mention, whatever their layer: the pattern, the files it holds for, and a line that breaks it.
const HABITS: &[(&str, &str, &str)] = &[
    // Applying an event looks at nothing but the event (I4).
    (
        r"\b(settings|Settings|judge|points|schedule)\b",
        "src/engine/state.rs",
        "use super::settings::Settings;",
    ),
    (r"\b(TODO|FIXME|XXX|HACK)\b", "src/", "// TODO: later"),
    (r"#!?\[allow\(", "src/", "#[allow(dead_code)]"),
    (r"\.unwrap\(\)|\bpanic!|\bunreachable!|\btodo!", "src/engine/", "let window = found.unwrap();"),
];

/// Places that only this machine, or only one person, has. Addresses at the reserved domains are examples.
const PRIVATE: &[(&str, &str)] = &[
    (r"(^|[^\w.:/])/(home|root|Users|work|tmp/wt)/\w", "see /home/ann/notes"),
    (r"[\w.+-]+@[\w-]+\.(?i:com|net|de|io|dev|edu)\b", "mail ann@corp.com"),
    (r"(?i)\b(crates|pypi|npmjs)\.(io|org|com)\b", "get it from pypi.org"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a folder of the repository, as `src/bot.rs`, sorted.
fn files(folder: &str, endings: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(path) = open.pop().filter(|path| path.is_dir()) {
        for entry in fs::read_dir(&path).expect("a folder can be listed") {
            let path = entry.expect("it can be listed").path();
            let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
            if path.is_dir() {
                open.push(path);
            } else if endings.contains(&ending) {
                found.push(from_root(&path));
            }
        }
    }
    found.sort();
    found
}

fn from_root(path: &Path) -> String {
    path.strip_prefix(root()).expect("it is in the repository").to_str().expect("a name is text").to_owned()
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The code of a file by line; what stands in comments is left out.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let comment = |line: &str| line.trim_start().starts_with("//");
    text.lines().enumerate().filter(move |(_, line)| !comment(line)).map(|(index, line)| {
        let end = line.find(" // ").unwrap_or(line.len());
        (index + 1, &line[..end])
    })
}

impl Layer {
    /// What it never mentions, as one pattern.
    fn never(&self) -> Regex {
        pattern_of(&self.never.join("|"))
    }

    /// What a line of `file` breaks; `never` comes from [`Layer::never`].
    fn broken(&self, never: &Regex, file: &str, line: &str) -> Option<String> {
        if let Some(found) = never.find(line) {
            return Some(format!("never mentions {}", found.as_str()));
        }
        let other = modules(file, line).into_iter().find(|module| !self.uses.contains(&module.as_str()));
        other.map(|module| format!("may not use crate::{module}"))
    }
}

/// The modules of this crate that a line names, by `crate::` or by as many `super::` as lead out of the file's folder.
fn modules(file: &str, line: &str) -> Vec<String> {
    static BY_NAME: LazyLock<Regex> = LazyLock::new(|| pattern_of(r"\bcrate::(\{|\w+)"));
    static BY_SUPERS: LazyLock<Regex> = LazyLock::new(|| pattern_of(r"\b((?:super::)+)(\{|\w+)"));
    let mut found: Vec<String> = BY_NAME.captures_iter(line).map(|found| found[1].to_owned()).collect();
    let inside = file.trim_start_matches("src/").trim_end_matches(".rs");
    let depth = inside.split('/').filter(|part| *part != "mod").count();
    for found_supers in BY_SUPERS.captures_iter(line) {
        if found_supers[1].matches("super::").count() >= depth {
            found.push(found_supers[2].to_owned());
        }
    }
    found
}

fn pattern_of(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern of this file")
}

#[test]
fn each_layer_uses_what_it_may() {
    let mut faults = Vec::new();
    for file in files("src", &["rs"]) {
        if ROOT.iter().any(|place| file.starts_with(place)) {
            continue;
        }
        let Some(layer) = LAYERS.iter().find(|layer| file.starts_with(layer.place)) else {
            faults.push(format!("{file}: no layer of tests/it/tidy.rs holds it"));
            continue;
        };
        let (text, never) = (read(&file), layer.never());
        faults.extend(code(&text).filter_map(|(number, line)| {
            layer.broken(&never, &file, line).map(|why| format!("{file}:{number}: {} {why}", layer.place))
        }));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn each_rule_of_a_layer_notices_what_breaks_it() {
    for layer in LAYERS {
        assert!(!layer.planted.is_empty(), "{}", layer.place);
        let file = if layer.place.ends_with('/') {
            format!("{}some/file.rs", layer.place)
        } else {
            layer.place.to_owned()
        };
        let never = layer.never();
        for line in layer.planted {
            assert!(layer.broken(&never, &file, line).is_some(), "{} does not notice {line:?}", layer.place);
        }
        let kept = "use std::collections::BTreeMap; // the store's own tokio";
        let (_, kept) = code(kept).next().expect("it is code");
        assert_eq!(layer.broken(&never, &file, kept), None, "{}", layer.place);
    }
    assert_eq!(modules("src/engine/decide/queue.rs", "use super::super::say;"), Vec::<String>::new());
    assert_eq!(modules("src/engine/mod.rs", "use super::store;"), ["store"]);
}

#[test]
fn every_file_says_what_it_is_for_and_ends_in_time() {
    let mut faults = Vec::new();
    for folder in ["src", "tests", "benches"] {
        for file in files(folder, &["rs"]) {
            let text = read(&file);
            if !text.lines().next().is_some_and(|line| line.starts_with("//! ") && line.len() > 12) {
                faults.push(format!("{file}: it opens with no //! sentence"));
            }
            let length = text.lines().count();
            if folder == "src" && length > LONG {
                tell(&format!("{file}: {length} lines"));
            }
            let most = TOO_LONG.iter().find(|(long, _)| *long == file).map_or(LONGEST, |(_, most)| *most);
            if folder == "src" && length > most {
                faults.push(format!("{file}: {length} lines, split it by noun before {most}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn habits_are_kept_and_noticed() {
    let mut faults = Vec::new();
    for (pattern, place, planted) in HABITS {
        let pattern = pattern_of(pattern);
        assert!(pattern.is_match(planted), "{pattern} does not notice {planted:?}");
        for file in files("src", &["rs"]).into_iter().filter(|file| file.starts_with(place)) {
            for (number, line) in read(&file).lines().enumerate() {
                let line = line.trim_start();
                // A constant is worked out by the compiler, and comments may speak of what code must not.
                let exempt = *place != "src/" && (line.starts_with("//") || line.starts_with("const "));
                if !exempt && let Some(found) = pattern.find(line) {
                    faults.push(format!("{file}:{}: {}", number + 1, found.as_str()));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_build_without_matrix_links_nothing_of_it() {
    // Everything that only its SDK brings, in the program and in the tests.
    const ITS: &[&str] = &["matrix-sdk", "ruma", "vodozemac", "eyeball"];
    let linked = |features: &[&str]| {
        let output = Command::new(env!("CARGO"))
            .args(["tree", "--locked", "--offline", "--prefix", "none", "-e", "normal,dev"])
            .args(features)
            .current_dir(root())
            .output()
            .expect("cargo runs");
        assert!(output.status.success(), "{output:?}");
        let tree = String::from_utf8(output.stdout).expect("names of crates are text");
        let is_its = |line: &&str| ITS.iter().any(|its| line.starts_with(its));
        tree.lines().filter(is_its).map(str::to_owned).collect::<BTreeSet<String>>()
    };
    assert!(linked(&[]).len() > ITS.len(), "they are not called so any more");
    for features in [&["--no-default-features", "--features", "irc"][..], &["--no-default-features"]] {
        assert!(linked(features).is_empty(), "{features:?}: {:?}", linked(features));
    }
}

#[test]
fn nothing_private_is_written_down() {
    let mut all = vec![];
    for folder in ["src", "tests", "benches", "docs", "examples", "migrations", ".ci"] {
        all.extend(files(folder, &["rs", "md", "txt", "json", "jsonl", "sql", "toml", "run"]));
    }
    let top = fs::read_dir(root()).expect("the repository can be listed");
    let top = top.map(|entry| entry.expect("it can be listed").path()).filter(|path| path.is_file());
    all.extend(top.map(|path| from_root(&path)).filter(|file| {
        ["md", "toml", "lock"].iter().any(|ending| file.ends_with(ending)) && file != "Cargo.lock"
    }));
    let mut faults = Vec::new();
    for (pattern, planted) in PRIVATE {
        let pattern = pattern_of(pattern);
        assert!(pattern.is_match(planted), "{pattern} does not notice {planted:?}");
        for file in all.iter().filter(|file| *file != "tests/it/tidy.rs") {
            for (number, line) in read(file).lines().enumerate() {
                if let Some(found) = pattern.find(line) {
                    faults.push(format!("{file}:{}: {}", number + 1, found.as_str()));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What people say in the transcripts, and what the bot says.
fn said_in_transcripts() -> (Vec<Line>, String) {
    let mut lines = Vec::new();
    let mut answers = String::new();
    for path in transcripts::all() {
        let text = fs::read_to_string(&path).expect("a transcript is text");
        for line in text.lines() {
            match console::read(line, "alice", "swatbot") {
                Typed::Said(said) => lines.push(said),
                Typed::Answer => {
                    answers.push_str(line);
                    answers.push('\n');
                }
                _ => {}
            }
        }
    }
    (lines, answers)
}

/// The verb of a line that is addressed to the bot, as it is in the table.
fn verb_of(line: &Line) -> Option<&'static str> {
    let text = line.text.trim();
    let word = ["!swat ", "swatbot: ", "swatbot, "].iter().find_map(|mark| text.strip_prefix(mark));
    let word = word.or_else(|| text.strip_prefix('!')).or_else(|| line.room.is_none().then_some(text));
    let word = word?.split_ascii_whitespace().next()?;
    swatbot::engine::command::verb(word).map(|verb| verb.name)
}

/// The tests that show things in Rust instead of in a transcript.
fn rust_tests() -> String {
    files("tests", &["rs"]).iter().filter(|file| *file != "tests/it/tidy.rs").map(|file| read(file)).collect()
}

/// All codes that a refusal of src/ can have, other than the rules'.
fn codes() -> BTreeSet<String> {
    let pattern = pattern_of(r#"Refusal::new\(\s*"([a-z-]+)""#);
    let mut codes = BTreeSet::new();
    for file in files("src", &["rs"]) {
        codes.extend(pattern.captures_iter(&read(&file)).map(|found| found[1].to_owned()));
    }
    codes
}

/// Says something that fails no test, past the runner, which keeps what passing tests print.
fn tell(what: &str) {
    use std::io::Write;
    writeln!(std::io::stderr(), "tidy: {what}").expect("standard error can be written");
}

/// Fails where more is not shown than the number allows, and says what that is in any case.
fn ratchet(what: &str, left: &[String], allowed: usize) {
    if !left.is_empty() {
        tell(&format!("{} {what} no transcript shows: {}", left.len(), left.join(" ")));
    }
    assert!(left.len() <= allowed, "show them in tests/transcripts/: {}", left.join(" "));
}

#[test]
fn every_verb_is_said_in_a_transcript() {
    let (lines, _) = said_in_transcripts();
    let said: BTreeSet<&str> = lines.iter().filter_map(verb_of).collect();
    let left: Vec<String> =
        VERBS.iter().map(|verb| verb.name).filter(|name| !said.contains(name)).map(str::to_owned).collect();
    ratchet("verbs", &left, VERBS_NOT_SHOWN);
    let line = |text: &str, room: bool| Line {
        network: CONSOLE.to_owned(),
        room: room.then(|| RoomId(CONSOLE.to_owned())),
        nick: "bob".to_owned(),
        account: None,
        text: text.to_owned(),
        message_id: None,
    };
    assert_eq!(verb_of(&line("!swat join 4", true)), Some("add"));
    assert_eq!(verb_of(&line("!hold", true)), Some("hold"));
    assert_eq!(verb_of(&line("add 4", true)), None);
    assert_eq!(verb_of(&line("add 4", false)), Some("add"));
}

#[test]
fn every_rule_is_shown() {
    let (_, answers) = said_in_transcripts();
    let tests = rust_tests();
    let shown = |rule: &RuleId| {
        answers.contains(&format!("[{}]", rule.word())) || tests.contains(&format!("RuleId::{rule:?}"))
    };
    let left: Vec<String> =
        RuleId::ALL.iter().filter(|rule| !shown(rule)).map(|rule| rule.word().to_owned()).collect();
    ratchet("rules", &left, RULES_NOT_SHOWN);
}

#[test]
fn every_refusal_is_shown() {
    let (_, answers) = said_in_transcripts();
    let tests = rust_tests();
    let codes = codes();
    assert!(codes.contains("usage") && codes.len() > 40, "the codes are found: {codes:?}");
    let shown = |code: &&String| {
        answers.contains(&format!("[{code}]"))
            || tests.contains(&format!("[{code}]"))
            || tests.contains(&format!("\"{code}\""))
    };
    let left: Vec<String> = codes.iter().filter(|code| !shown(code)).cloned().collect();
    ratchet("refusals", &left, CODES_NOT_SHOWN);
}
