//! What is kept of a diff: the names it touches, what it defines, and marks of its lines. Never its text.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::tokens::{self, Kind};
use super::uses::links_between;
use crate::engine::files::Link;

/// So many names of one patch are kept, those that say most first.
const MOST_NAMES: usize = 250;
/// So many lines of one patch are marked on each side.
const MOST_LINES: usize = 200;
/// A file with more changed lines than this is not read.
pub const LARGE: usize = 2000;
/// A line that is at least this long without its indentation is like no other by accident.
const LONG_LINE: usize = 12;

/// The changed lines of one file, as the review system gives them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileDiff<'a> {
    /// Its path.
    pub path: &'a str,
    /// The lines that are new.
    pub added: Vec<&'a str>,
    /// The lines that are gone.
    pub removed: Vec<&'a str>,
    /// What stands around them: the function or the setting that a hunk is in.
    pub context: Vec<&'a str>,
    /// It was not there before.
    pub is_new: bool,
    /// It is there no more.
    pub is_gone: bool,
}

/// What is kept of the diff of a patch set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diff {
    /// The names it touches, sorted.
    pub names: Vec<Name>,
    /// Marks of the lines that arrive, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arrives: Vec<u32>,
    /// Marks of the lines that leave, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leaves: Vec<u32>,
    /// The files that were not read, each with the reason, e.g. `package-lock.json (generated)`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<String>,
    /// Which file goes before which, because of a name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
}

/// A name that a patch touches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    /// The name; of a configuration key without `wg` and `wmg`.
    #[serde(rename = "n")]
    pub text: String,
    /// Where it stands.
    #[serde(rename = "r")]
    pub roles: Roles,
    /// What it is, where the patch defines it, or takes its definition away.
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
}

/// Where a name stands in a diff: a set of the constants below.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Roles(u8);

impl Roles {
    /// On a line that arrives.
    pub const ADDED: Self = Self(1);
    /// On a line that leaves.
    pub const REMOVED: Self = Self(2);
    /// Around a hunk, or in the path of a file.
    pub const AROUND: Self = Self(4);
    /// Defined by a line that arrives.
    pub const DEFINED: Self = Self(8);
    /// Its definition leaves.
    pub const UNDEFINED: Self = Self(16);

    /// Whether all of `other` is in it.
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// It stands on a line that arrives or leaves.
    pub fn is_changed(self) -> bool {
        self.has(Self::ADDED) || self.has(Self::REMOVED)
    }

    /// It arrives and does not leave.
    pub fn is_new(self) -> bool {
        self.has(Self::ADDED) && !self.has(Self::REMOVED)
    }

    /// It leaves and does not arrive.
    pub fn is_gone(self) -> bool {
        self.has(Self::REMOVED) && !self.has(Self::ADDED)
    }

    /// Its definition arrives, and none leaves.
    pub fn is_defined(self) -> bool {
        self.has(Self::DEFINED) && !self.has(Self::UNDEFINED)
    }

    /// Its definition leaves, and none arrives.
    pub fn is_undefined(self) -> bool {
        self.has(Self::UNDEFINED) && !self.has(Self::DEFINED)
    }

    fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl Diff {
    /// Reads the files of a patch set.
    pub fn of(files: &[FileDiff<'_>]) -> Self {
        let mut diff = Self { links: links_between(files), ..Self::default() };
        let mut found: BTreeMap<String, (Roles, Option<Kind>)> = BTreeMap::new();
        for file in files {
            if let Some(why) = unread(file.path, file.added.len() + file.removed.len()) {
                diff.skipped.push(format!("{} ({why})", file.path));
                continue;
            }
            let mut note = |name: &str, role: Roles| match found.get_mut(name) {
                Some((roles, _)) => roles.add(role),
                None => {
                    found.insert(name.to_owned(), (role, None));
                }
            };
            let mut of_lines = |lines: &[&str], role: Roles| {
                for line in lines {
                    tokens::names(line, &mut |name| note(name, role));
                }
            };
            if !in_tests(file.path) {
                of_lines(&file.added, Roles::ADDED);
                of_lines(&file.removed, Roles::REMOVED);
                of_lines(&file.context, Roles::AROUND);
                of_lines(&[file.path], Roles::AROUND);
                for (lines, role) in [(&file.added, Roles::DEFINED), (&file.removed, Roles::UNDEFINED)] {
                    for (kind, name) in lines.iter().filter_map(|line| tokens::definition(file.path, line)) {
                        let entry = found.entry(name.to_owned()).or_default();
                        entry.0.add(role);
                        entry.1 = Some(kind);
                    }
                }
                diff.arrives.extend(file.added.iter().filter_map(|line| mark(line)));
                diff.leaves.extend(file.removed.iter().filter_map(|line| mark(line)));
            }
        }
        let mut names: Vec<Name> =
            found.into_iter().map(|(text, (roles, kind))| Name { text, roles, kind }).collect();
        if names.len() > MOST_NAMES {
            names.sort_by_key(|name| {
                (name.kind.is_none(), name.roles == Roles::AROUND, tokens::commonness(&name.text))
            });
            names.truncate(MOST_NAMES);
            names.sort_by(|a, b| a.text.cmp(&b.text));
        }
        diff.names = names;
        for marks in [&mut diff.arrives, &mut diff.leaves] {
            marks.sort_unstable();
            marks.dedup();
            marks.truncate(MOST_LINES);
        }
        diff
    }

    /// Where a name stands in the list, if it touches it.
    pub fn place(&self, text: &str) -> Option<usize> {
        self.names.binary_search_by(|name| name.text.as_str().cmp(text)).ok()
    }

    /// The places of the names that both touch, in the order of the names.
    pub fn shared(&self, other: &Self) -> Vec<(usize, usize)> {
        let (mut a, mut b) = (0, 0);
        let mut shared = Vec::new();
        while let (Some(left), Some(right)) = (self.names.get(a), other.names.get(b)) {
            match left.text.cmp(&right.text) {
                Ordering::Less => a += 1,
                Ordering::Greater => b += 1,
                Ordering::Equal => {
                    shared.push((a, b));
                    a += 1;
                    b += 1;
                }
            }
        }
        shared
    }

    /// How many lines leave here and arrive there.
    pub fn moved_to(&self, other: &Self) -> u32 {
        let arrives = |mark: &&u32| other.arrives.binary_search(mark).is_ok();
        u32::try_from(self.leaves.iter().filter(arrives).count()).unwrap_or(u32::MAX)
    }
}

/// Why a file is not read.
pub fn unread(path: &str, lines: usize) -> Option<&'static str> {
    let file = path.rsplit('/').next().unwrap_or(path);
    let generated = ["package-lock.json", "composer.lock", "yarn.lock", "npm-shrinkwrap.json"]
        .contains(&file)
        || file.ends_with(".min.js")
        || file.ends_with(".min.css")
        || file.ends_with(".map")
        || file.ends_with(".svg")
        || path.split('/').any(|folder| ["vendor", "node_modules", "dist"].contains(&folder));
    match (generated, lines > LARGE) {
        (true, _) => Some("generated"),
        (_, true) => Some("large"),
        _ => None,
    }
}

/// Whether a file is only run by tests.
fn in_tests(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    let mut folders = path.split('/').rev().skip(1);
    folders.any(|folder| ["tests", "test", "spec", "__tests__", "cypress", "features"].contains(&folder))
        || file.ends_with("Test.php")
        || file.ends_with(".test.js")
        || file.ends_with(".spec.js")
}

/// Whether a file reaches no host that answers readers: a test, a text about the code, or what builds it.
pub(super) fn is_beside_the_code(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    let build = [
        "composer.json",
        "package.json",
        "package-lock.json",
        "composer.lock",
        "Gruntfile.js",
        "Gemfile",
        "Gemfile.lock",
        "Rakefile",
        "Makefile",
        "tox.ini",
        "phpunit.xml",
        "phpunit.xml.dist",
        "jsduck.json",
        "Doxyfile",
        "CODEOWNERS",
        "CREDITS",
        "COPYING",
        "LICENSE",
        "README",
        "HISTORY",
        "RELEASE-NOTES",
        "jsdoc.json",
        "karma.conf.js",
    ];
    in_tests(path)
        || file.starts_with('.')
        || build.contains(&file)
        || file.ends_with(".md")
        || file.ends_with(".txt")
        || file.ends_with(".yml")
        || file.ends_with(".yaml")
        || path
            .split('/')
            .next()
            .is_some_and(|folder| folder == "docs" || folder == "doc" || folder.starts_with('.'))
}

/// A line by which it is known again elsewhere; `None` for one that may stand anywhere.
fn mark(line: &str) -> Option<u32> {
    let line = line.trim();
    let says_something = line.len() >= LONG_LINE && line.bytes().filter(u8::is_ascii_alphabetic).count() >= 8;
    says_something.then(|| tokens::mark(line))
}
