//! Which file of a patch defines what another one uses, read out of the changed lines: the links of `files`.

use std::collections::BTreeSet;

use super::diff::{FileDiff, is_beside_the_code, unread};
use super::tokens;
use crate::engine::files::{FileNames, Link, links};

/// So many links of one patch are stored.
const MOST: usize = 24;
/// A name that is one word of a language may mean anything.
const ONE_WORD: u32 = 12;

/// The links between the files of a patch. A new file defines its own name, one that is taken away defined it.
pub(super) fn links_between(files: &[FileDiff<'_>]) -> Vec<Link> {
    let is_read = |file: &&FileDiff<'_>| {
        unread(file.path, file.added.len() + file.removed.len()).is_none() && !is_beside_the_code(file.path)
    };
    let files: Vec<&FileDiff<'_>> = files.iter().filter(is_read).collect();
    if files.len() < 2 {
        return Vec::new();
    }
    let mut found: Vec<FileNames<'_>> = files.iter().map(|file| definitions(file)).collect();
    let owned: BTreeSet<&str> =
        found.iter().flat_map(|file| file.defines.iter().chain(&file.undefines).copied()).collect();
    if owned.is_empty() {
        return Vec::new();
    }
    for (file, found) in files.iter().zip(&mut found) {
        for (lines, uses) in [(&file.added, &mut found.uses), (&file.removed, &mut found.drops)] {
            for line in lines {
                let own = definition(file.path, line);
                tokens::names(line, &mut |name| {
                    if own != Some(name) && owned.contains(name) {
                        uses.insert(name);
                    }
                });
            }
        }
    }
    let mut links = links(&found);
    links.truncate(MOST);
    links
}

fn definitions<'a>(file: &FileDiff<'a>) -> FileNames<'a> {
    let in_lines = |lines: &[&'a str]| -> BTreeSet<&'a str> {
        lines.iter().filter_map(|line| definition(file.path, line)).collect()
    };
    let mut found = FileNames {
        path: file.path,
        defines: in_lines(&file.added),
        undefines: in_lines(&file.removed),
        ..FileNames::default()
    };
    let name = file.path.rsplit('/').next().unwrap_or(file.path);
    if file.is_new {
        found.defines.insert(name);
    }
    if file.is_gone {
        found.undefines.insert(name);
    }
    found
}

fn definition<'a>(path: &str, line: &'a str) -> Option<&'a str> {
    let (_, name) = tokens::definition(path, line)?;
    (tokens::commonness(name) < ONE_WORD).then_some(name)
}
