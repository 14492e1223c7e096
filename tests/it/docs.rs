//! The documents say what is so: the picture, the verbs, the story and the map are compared with the program itself.
//! `UPDATE=1` rewrites the parts that are made from it.

use std::fs;
use std::path::Path;

use regex::Regex;
use swatbot::engine::command::{Role, VERBS};
use swatbot::engine::event::{BOOKKEEPING, kinds};
use swatbot::engine::log::PARTS;
use swatbot::transport::console::{self, Typed};

use super::transcripts;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// What stands between the marks `<!-- begin NAME -->` and `<!-- end NAME -->`, and where.
fn part(text: &str, name: &str) -> std::ops::Range<usize> {
    let (begin, end) = (format!("<!-- begin {name} -->\n"), format!("<!-- end {name} -->"));
    let from = text.find(&begin).unwrap_or_else(|| panic!("no mark {begin}")) + begin.len();
    let to = text[from..].find(&end).unwrap_or_else(|| panic!("no mark {end}")) + from;
    from..to
}

/// Compares a part of a document with what it should be.
fn check(file: &str, name: &str, expected: &str) {
    let mut text = read(file);
    let range = part(&text, name);
    if std::env::var_os("UPDATE").is_some() {
        text.replace_range(range, expected);
        fs::write(root().join(file), text).expect("a document can be written");
        return;
    }
    let found = &text[range];
    let first = found.lines().zip(expected.lines()).find(|(a, b)| a != b);
    assert!(found == expected, "{file}, {name}: UPDATE=1 writes it anew. The first difference: {first:?}");
}

/// The parts of README.md that are made from the program. One test, since two could not rewrite one file at a time.
#[test]
fn the_readme_shows_what_the_program_says() {
    let (said, _) = transcripts::play(&transcripts::folder().join("readme.txt"));
    let picture: String =
        said.lines().filter(|line| !line.starts_with('#')).fold(String::new(), |all, line| all + line + "\n");
    check("README.md", "picture", &format!("```\n{picture}```\n"));
    check("README.md", "verbs", &verbs());
}

#[test]
fn the_page_on_backtests_shows_what_is_printed() {
    let table = read("tests/samples/backtest/table.txt");
    let command = "$ swatbot backtest tests/samples/backtest/windows.jsonl\n";
    check("docs/backtest.md", "table", &format!("```\n{command}{table}```\n"));
}

#[test]
fn the_page_on_the_log_names_all_that_can_be_asked() {
    let mut table = "| part | what it asks for | for example |\n|---|---|---|\n".to_owned();
    for part in PARTS {
        let form = [part.word, part.value].join(" ");
        table.push_str(&format!("| `{}` | {} | `{}` |\n", form.trim_end(), part.does, part.example));
    }
    check("docs/log.md", "parts", &table);
    check("docs/log.md", "kinds", &all_kinds());
}

/// The table of the kinds of events, of what stands in front of each in the code.
fn all_kinds() -> String {
    let mut table = "| kind | what it means |\n|---|---|\n".to_owned();
    let meanings = meanings(&read("src/engine/event.rs"));
    let known: Vec<&str> = meanings.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(known, kinds());
    for (kind, meaning) in &meanings {
        let bookkeeping = if BOOKKEEPING.contains(&kind.as_str()) { " (bookkeeping)" } else { "" };
        table.push_str(&format!("| `{kind}`{bookkeeping} | {} |\n", meaning.replace('|', "\\|")));
    }
    table
}

/// Each event by its kind, with what its comment says.
fn meanings(source: &str) -> Vec<(String, String)> {
    let (_, variants) = source.split_once("pub enum Event {\n").expect("the events are there");
    let (mut meanings, mut words) = (Vec::new(), String::new());
    for line in variants.lines().take_while(|line| *line != "}") {
        let Some(line) = line.strip_prefix("    ").filter(|line| !line.starts_with([' ', '}', '#'])) else {
            continue;
        };
        if let Some(comment) = line.strip_prefix("///") {
            words.push_str(comment);
            continue;
        }
        let name = line.trim_end_matches(|c: char| !c.is_alphanumeric());
        let name = name.split('(').next().expect("there is always a first part");
        let mut kind = String::new();
        for c in name.chars() {
            if c.is_uppercase() && !kind.is_empty() {
                kind.push('-');
            }
            kind.push(c.to_ascii_lowercase());
        }
        meanings.push((kind, std::mem::take(&mut words).trim().to_owned()));
    }
    meanings
}

/// The table of verbs, as README.md shows it.
fn verbs() -> String {
    let mut table = "| what you say | who may | what it does |\n|---|---|---|\n".to_owned();
    for verb in VERBS {
        let forms: Vec<String> =
            verb.usage.iter().map(|usage| format!("`{}`", usage.replace('|', "\\|"))).collect();
        let who: Vec<&str> = verb.who.iter().map(|role| role_word(*role)).collect();
        let also = if verb.aliases.is_empty() {
            String::new()
        } else {
            format!(" (also `{}`)", verb.aliases.join("`, `"))
        };
        table.push_str(&format!("| {}{also} | {} | {} |\n", forms.join("<br>"), who.join(", "), verb.does));
    }
    table
}

fn role_word(role: Role) -> &'static str {
    match role {
        Role::Anyone => "anyone",
        Role::User => "user",
        Role::Owner => "owner",
        Role::Deployer => "deployer",
        Role::Lead => "lead",
        Role::Manager => "manager",
    }
}

/// The lines of a text that mean something when they are typed.
fn typed(text: &str) -> Vec<&str> {
    let is_typed =
        |line: &&str| !matches!(console::read(line, "alice", "swatbot"), Typed::Nothing | Typed::Answer);
    text.lines().filter(is_typed).collect()
}

#[test]
fn the_story_of_the_examples_is_the_one_that_is_played() {
    let text = read("examples/README.md");
    let mut blocks = String::new();
    for block in text.split("```text\n").skip(1) {
        blocks.push_str(block.split("```").next().expect("there is always a first part"));
    }
    assert_eq!(typed(&blocks), typed(&read("tests/transcripts/story.txt")));
    for file in fs::read_dir(root().join("examples/changes")).expect("the examples are there") {
        let name = file.expect("it can be listed").file_name().into_string().expect("a name is text");
        assert!(text.contains(&format!("`{name}`")), "examples/README.md does not say what {name} is for");
    }
}

#[test]
fn the_invariants_are_the_same_everywhere() {
    let head = read("src/lib.rs");
    let words = |text: &str| text.replace("//!", " ").split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    let (head, document) = (words(&head), words(&read("ARCHITECTURE.md")).replace("**", ""));
    let number = Regex::new(r"- (I[1-8]) ").expect("a pattern");
    let starts: Vec<usize> = number.find_iter(&head).map(|found| found.start()).collect();
    assert_eq!(starts.len(), 8);
    for (index, start) in starts.iter().enumerate() {
        let end =
            starts.get(index + 1).copied().unwrap_or_else(|| head.find(" pub mod").expect("modules follow"));
        let invariant = head[*start..end].trim_start_matches("- ").trim();
        assert!(document.contains(invariant), "ARCHITECTURE.md does not say: {invariant}");
    }
}

#[test]
fn the_map_names_every_module() {
    let text = read("ARCHITECTURE.md");
    let map = &text[part(&text, "map")];
    let mut missing = Vec::new();
    for folder in [
        "src",
        "src/engine",
        "src/engine/decide",
        "src/engine/say",
        "src/store",
        "src/review",
        "src/transport",
        "src/transport/irc",
        "src/cli",
        "src/backtest",
        "tests/it",
    ] {
        for entry in fs::read_dir(root().join(folder)).expect("a folder of the map") {
            let path = entry.expect("it can be listed").path();
            let name = path.file_stem().and_then(|name| name.to_str()).expect("a name is text");
            if name != "mod"
                && !map.contains(&format!("`{name}`"))
                && !map.contains(&format!("/{name}/`"))
                && !map.contains(&format!("/{name}.rs`"))
            {
                missing.push(format!("{folder}/{name}"));
            }
        }
    }
    assert!(missing.is_empty(), "ARCHITECTURE.md, map: {}", missing.join(" "));
}

#[cfg(feature = "irc")]
#[test]
fn the_way_to_a_channel_shows_what_check_prints() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().expect("a folder");
    let folder = dir.path().join("examples/irc");
    fs::create_dir_all(&folder).expect("a folder in it");
    fs::create_dir(dir.path().join("examples/changes")).expect("another");
    let ours = read("examples/irc/windows.toml").replace("YOUR-", "my-");
    fs::write(folder.join("windows.toml"), ours).expect("a copy");
    fs::write(folder.join("libera.password"), "hunter2\n").expect("a password");
    fs::set_permissions(folder.join("libera.password"), fs::Permissions::from_mode(0o600))
        .expect("its rights");
    let arguments = ["check", "--config", "examples/irc/windows.toml"];
    let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_swatbot"));
    let output = program.args(arguments).current_dir(dir.path()).output().expect("it runs");
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).expect("text").replace("my-", "YOUR-");
    let shown: String = said.lines().map(|line| format!("       {line}\n")).collect();
    let command = format!("       $ cargo run --release -- {}\n", arguments.join(" "));
    assert!(read("README.md").contains(&format!("{command}{shown}")), "README.md does not show\n{shown}");
}

#[test]
fn the_way_to_a_channel_shows_the_file_that_is_there() {
    let file = read("examples/irc/windows.toml");
    let readme = read("README.md");
    let block =
        readme.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("the lines");
    assert!(block.contains("[[connection]]") && block.contains("[[person]]"), "{block}");
    for line in block.lines().map(str::trim).filter(|line| !line.is_empty()) {
        assert!(
            file.lines().any(|other| other.starts_with(line)),
            "examples/irc/windows.toml has no line {line}"
        );
    }
    // The one word of a change that a newcomer is told to replace.
    assert!(readme.contains(r#"sed -i 's/"status": "NEW"/"status": "MERGED"/' examples/changes/4.json"#));
    assert_eq!(read("examples/changes/4.json").matches(r#""status": "NEW""#).count(), 1);
}

#[test]
fn links_lead_somewhere() {
    let link = Regex::new(r"\]\(([^)#:]+)(#[^)]*)?\)").expect("a pattern");
    let path =
        Regex::new(r"`((?:src|tests|docs|examples|migrations|benches|\.ci)/[\w./-]+)`").expect("a pattern");
    for file in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "docs/backtest.md",
        "docs/guidelines.md",
        "docs/matrix.md",
        "docs/operations.md",
        "examples/README.md",
    ] {
        let text = read(file);
        let folder = root().join(file).parent().expect("a file is in a folder").to_owned();
        for found in link.captures_iter(&text) {
            assert!(folder.join(&found[1]).exists(), "{file} links to {}, which is not there", &found[1]);
        }
        for found in path.captures_iter(&text) {
            assert!(root().join(&found[1]).exists(), "{file} names {}, which is not there", &found[1]);
        }
    }
}

#[test]
fn the_test_command_stands_in_the_readme_once() {
    let text = read("README.md");
    let command = text[part(&text, "test")].trim();
    assert_eq!(command, "```\ncargo test\n```", "`.ci/run` runs what stands there");
}
