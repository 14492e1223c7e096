//! Every fault that a configuration can have, from the rows of `faults.txt`.

use std::fmt::Write;
use std::path::Path;

use super::{GOOD, config};

const ROWS: &str = include_str!("faults.txt");
#[cfg(feature = "irc")]
const IRC_ROWS: &str = include_str!("irc_faults.txt");
#[cfg(feature = "matrix")]
const MATRIX_ROWS: &str = include_str!("matrix_faults.txt");

/// One change of the good file, and what is then said.
#[derive(Default)]
struct Row {
    remove: String,
    add: String,
    said: String,
}

fn rows(text: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    for block in text.split("\n\n") {
        let mut row = Row::default();
        for line in block.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let (to, text) = match (line.strip_prefix("- "), line.strip_prefix("+ ")) {
                (Some(text), _) => (&mut row.remove, text),
                (_, Some(text)) => (&mut row.add, text),
                (None, None) => (&mut row.said, line),
            };
            let _ = writeln!(to, "{text}");
        }
        if !row.remove.is_empty() || !row.add.is_empty() {
            rows.push(row);
        }
    }
    rows
}

impl Row {
    fn text(&self, good: &str) -> String {
        if self.remove.is_empty() {
            return format!("{good}{}", self.add);
        }
        assert!(good.contains(&self.remove), "the good file has no\n{}", self.remove);
        good.replacen(&self.remove, &self.add, 1)
    }
}

/// Changes a good file as each row says and compares what is said then.
fn check(good: &str, rows: &[Row]) {
    let mut wrong = String::new();
    for row in rows {
        let found = config::parse(&row.text(good), Path::new("/srv/swatbot"));
        let said = found.err().map(|faults| faults.to_string()).unwrap_or_default();
        let expected: Vec<String> = row.said.lines().map(|line| format!("windows.toml:{line}")).collect();
        if said.is_empty() || said.lines().ne(expected.iter().map(String::as_str)) {
            let _ = writeln!(wrong, "{}{}--- said:\n{said}\n", row.remove, row.add);
        }
    }
    assert!(wrong.is_empty(), "these rows are answered otherwise:\n\n{wrong}");
}

#[test]
fn each_fault_is_said_with_its_line_its_key_and_what_to_type() {
    let rows = rows(ROWS);
    assert!(rows.len() > 100, "{} rows were read", rows.len());
    check(GOOD, &rows);
}

#[cfg(feature = "irc")]
#[test]
fn each_fault_of_an_irc_connection_is_said_so_too() {
    let rows = rows(IRC_ROWS);
    assert!(rows.len() > 50, "{} rows were read", rows.len());
    check(super::irc::GOOD, &rows);
}

#[cfg(feature = "matrix")]
#[test]
fn each_fault_of_a_matrix_connection_is_said_so_too() {
    let rows = rows(MATRIX_ROWS);
    assert!(rows.len() > 30, "{} rows were read", rows.len());
    check(super::matrix::GOOD, &rows);
}

#[cfg(not(feature = "matrix"))]
#[test]
fn a_build_without_matrix_says_how_to_get_one() {
    let text = GOOD.replace("kind = \"console\"", "kind = \"matrix\"\nuser = \"@swatbot:example.org\"");
    let said = config::parse(&text, Path::new("/srv/swatbot")).unwrap_err().to_string();
    assert_eq!(
        said,
        "windows.toml:8: connection[1].kind: this build has no matrix. Build it with \"cargo build --release --features \
         matrix\", or put # before the lines of this [[connection]]."
    );
}

#[cfg(not(feature = "irc"))]
#[test]
fn a_build_without_irc_says_how_to_get_one() {
    let text = GOOD.replace("kind = \"console\"", "kind = \"irc\"\nnetwork = \"libera\"");
    let said = config::parse(&text, Path::new("/srv/swatbot")).unwrap_err().to_string();
    assert_eq!(
        said,
        "windows.toml:8: connection[1].kind: this build has no irc. Build it with \"cargo build --release --features \
         irc\", or put # before the lines of this [[connection]]."
    );
}

#[test]
fn no_text_makes_it_panic() {
    // Every prefix of a file with one of everything, and the file with each line missing.
    let file = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("windows.toml")).unwrap();
    let text = super::with_defaults_typed(&super::with_examples(&file));
    for end in (0..text.len()).filter(|end| end % 7 == 0 && text.is_char_boundary(*end)) {
        let _ = config::parse(&text[..end], Path::new(""));
    }
    for skipped in 0..text.lines().count() {
        let rest: Vec<&str> =
            text.lines().enumerate().filter(|(n, _)| *n != skipped).map(|(_, line)| line).collect();
        let _ = config::parse(&rest.join("\n"), Path::new(""));
    }
}
