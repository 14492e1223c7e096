//! Reads a patch as git writes it, and decides how much of it is asked for.

use crate::engine::facts::{Change, File};
use crate::engine::order::{Diff, FileDiff, unread};

/// A patch with more changed lines than this is asked for file by file, without its large and generated ones.
const MOST_AT_ONCE: usize = 4000;
/// Of such a patch so many files are asked for.
const MOST_FILES: usize = 20;

/// What is to be asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The whole patch.
    Whole,
    /// The patches of these files alone; the others are left out, each with the reason.
    Files(Vec<String>, Vec<String>),
}

/// How the diff of a patch set is asked for, by what its files say of their length.
pub(super) fn wanted(change: &Change) -> Wanted {
    let files = change.files.known().map_or(&[][..], Vec::as_slice);
    let length = |file: &File| (file.inserted as usize).saturating_add(file.deleted as usize);
    if files.iter().map(length).fold(0, usize::saturating_add) <= MOST_AT_ONCE {
        return Wanted::Whole;
    }
    let mut asked = Vec::new();
    let mut left_out = Vec::new();
    for file in files {
        match unread(&file.path, length(file)) {
            Some(why) => left_out.push(format!("{} ({why})", file.path)),
            None if asked.len() == MOST_FILES => left_out.push(format!("{} (too many files)", file.path)),
            None => asked.push(file.path.clone()),
        }
    }
    Wanted::Files(asked, left_out)
}

/// What is kept of a patch in git's format. What is not understood is passed over: a binary file has no lines.
pub(super) fn read(patch: &str) -> Diff {
    let mut files: Vec<FileDiff<'_>> = Vec::new();
    // So many lines of the hunk are still to come on the old and the new side.
    let (mut old, mut new) = (0_usize, 0_usize);
    for line in patch.lines() {
        if old > 0 || new > 0 {
            let Some(file) = files.last_mut() else { break };
            match line.as_bytes().first() {
                Some(b'+') => {
                    new = new.saturating_sub(1);
                    file.added.push(&line[1..]);
                }
                Some(b'-') => {
                    old = old.saturating_sub(1);
                    file.removed.push(&line[1..]);
                }
                Some(b'\\') => {}
                _ => {
                    old = old.saturating_sub(1);
                    new = new.saturating_sub(1);
                    file.context.extend(line.get(1..).filter(|text| !text.trim().is_empty()));
                }
            }
        } else if let Some(names) = line.strip_prefix("diff --git ") {
            let path = names.rsplit_once(" b/").map_or(names, |(_, path)| path);
            files.push(FileDiff { path: path.trim_matches('"'), ..FileDiff::default() });
        } else if let ("--- /dev/null", Some(file)) = (line, files.last_mut()) {
            file.is_new = true;
        } else if let ("+++ /dev/null", Some(file)) = (line, files.last_mut()) {
            file.is_gone = true;
        } else if let (Some(hunk), Some(file)) = (line.strip_prefix("@@ -"), files.last_mut()) {
            let (ranges, function) = hunk.split_once(" @@").unwrap_or((hunk, ""));
            let (before, after) = ranges.split_once(" +").unwrap_or((ranges, ""));
            (old, new) = (length(before), length(after));
            file.context.extend(Some(function.trim()).filter(|text| !text.is_empty()));
        }
    }
    Diff::of(&files)
}

/// The length in `12,3`; alone, a line number means one line.
fn length(range: &str) -> usize {
    range.split_once(',').map_or(1, |(_, length)| length.parse().unwrap_or(0))
}
