//! Rules about what a patch contains: its files, its messages, its task, its tests.

use chrono::TimeDelta;

use super::words::{clock, command, some};
use super::{Case, Finding};
use crate::engine::facts::{Covered, Fact, Facts, File, FileStatus};
use crate::engine::kind::{PatchKind, synced_files};
use crate::engine::{files, say};

/// Files that are shown and never run: they need no order among themselves or before others.
const PICTURES: &[&str] = &["png", "svg", "jpg", "jpeg", "gif", "ico", "webp"];

/// Files in which a mistake shows only when they run.
const CODE: &[&str] = &["php", "inc", "js", "mjs", "ts", "vue", "py", "rb", "lua", "pl", "sh"];

/// How long the localisation cache takes to build.
const L10N: TimeDelta = TimeDelta::minutes(20);

/// So many files are named with the order that is proposed; of more, the order is to be asked for.
const SHOWN: usize = 3;

fn has_ending(path: &str, endings: &[&str]) -> bool {
    let ending = path.rsplit_once('.').map(|(_, ending)| ending);
    ending.is_some_and(|ending| endings.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

/// Whether a folder of the path is called so.
fn is_in(path: &str, folder: &str) -> bool {
    path.rsplit_once('/').is_some_and(|(folders, _)| folders.split('/').any(|name| name == folder))
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn is_test(path: &str) -> bool {
    let name = file_name(path);
    let stem = name.split('.').next().unwrap_or(name);
    is_in(path, "tests")
        || is_in(path, "test")
        || stem.ends_with("Test")
        || stem.starts_with("test_")
        || name.contains(".test.")
        || name.contains(".spec.")
}

/// The files of the change that meet `wanted`, or the finding that they are not known.
fn touched(facts: &Facts, wanted: impl Fn(&File) -> bool) -> Result<Vec<&str>, Finding> {
    match &facts.change.files {
        Fact::Known(files) => {
            Ok(files.iter().filter(|file| wanted(file)).map(|file| file.path.as_str()).collect())
        }
        Fact::Unknown(why) => Err(Finding::unknown(format!("files: {why}"))),
    }
}

/// What to do with a patch that has its own way to production.
fn elsewhere(case: &Case<'_>, way: &str) -> String {
    match case.patch {
        Some(_) => format!("{way}; {}", command(case, &format!("remove {}", case.change))),
        None => way.to_owned(),
    }
}

/// G8: several files that run go out one after another, in an order somebody gave, or at once by somebody's word.
pub(super) fn single_sync(case: &Case<'_>, facts: &Facts) -> Finding {
    let synced = match synced_files(case.policy(), &facts.change) {
        Fact::Known(files) => files,
        Fact::Unknown(why) => return Finding::unknown(format!("files: {why}")),
    };
    let running = synced.iter().filter(|path| !has_ending(path, PICTURES)).count();
    if synced.is_empty() {
        return Finding::NotNeeded;
    }
    if let Some(order) = case.patch.and_then(|patch| patch.files.as_ref()) {
        let how = if order.files.is_empty() { "all at once" } else { "one after another" };
        return Finding::pass(format!("{} files {how} ({})", synced.len(), order.by));
    }
    if running <= 1 {
        let pictures = synced.len() - running;
        return Finding::pass(match (running, pictures) {
            (_, 0) => "1 file".to_owned(),
            (0, _) => "pictures only".to_owned(),
            (_, 1) => "1 file and a picture".to_owned(),
            (_, more) => format!("1 file and {more} pictures"),
        });
    }
    let number = case.change;
    let why = format!("{number} has {} files and needs their order", synced.len());
    if synced.len() > SHOWN {
        return Finding::fail(why, format!("{} proposes one", command(case, &format!("files {number}"))));
    }
    let links = files::links_of(facts);
    let proposal = files::propose(&case.policy().file_order, links, &facts.change, &synced);
    let paths: Vec<String> = synced.iter().map(|path| (*path).to_owned()).collect();
    let ok = command(case, &format!("files {number} ok"));
    let takes = say::files::in_order(&proposal.files, &paths);
    Finding::fail(why, format!("{ok} takes {takes}{}", say::files::because(&proposal, &paths)))
}

/// G9: a new extension is not for a window.
pub(super) fn new_extension(case: &Case<'_>, facts: &Facts) -> Finding {
    let is_code = case.kind(facts) == PatchKind::Code;
    let introduces = |file: &File| {
        let name = file_name(&file.path);
        if is_code {
            file.status == FileStatus::Added && ["extension.json", "skin.json"].contains(&name)
        } else {
            // Where a line takes the place of another, the extension was there before.
            file.path == "wmf-config/extension-list" && file.inserted > file.deleted
        }
    };
    match touched(facts, introduces) {
        Err(unknown) => unknown,
        Ok(found) if found.is_empty() => Finding::NotNeeded,
        Ok(found) => Finding::fail(
            format!("{} brings a new extension ({})", case.change, some(&found)),
            elsewhere(case, "It rides the train, then has its own window"),
        ),
    }
}

/// G10: message files are slow. `extension.json` is none, though an early form of the check took it for one.
pub(super) fn l10n(case: &Case<'_>, facts: &Facts) -> Finding {
    if case.kind(facts) != PatchKind::Code {
        return Finding::NotNeeded;
    }
    let messages = touched(facts, |file| is_in(&file.path, "i18n") || is_in(&file.path, "languages"));
    match messages {
        Err(unknown) => unknown,
        Ok(found) if found.is_empty() => Finding::NotNeeded,
        Ok(found) => {
            let number = case.change;
            let slow = format!("{number} rebuilds the localisation cache, about 20 min ({})", some(&found));
            let ends = case.window.occurrence.ends;
            let left = ends - case.at.max(case.window.occurrence.starts);
            if left >= L10N {
                return Finding::note(slow, "");
            }
            Finding::fail(
                format!("{slow}, and the window ends at {}", clock(ends)),
                format!("Leave it to the train, or {}", command(case, "extend 15m")),
            )
        }
    }
}

/// G13: a schema change has its own window.
pub(super) fn schema_change(case: &Case<'_>, facts: &Facts) -> Finding {
    let is_schema = |file: &File| {
        let path = &file.path;
        let named = has_ending(path, &["sql"]) || ["sql", "db_patches"].iter().any(|dir| is_in(path, dir));
        named && !is_test(path)
    };
    match touched(facts, is_schema) {
        Err(unknown) => unknown,
        Ok(found) if found.is_empty() => Finding::NotNeeded,
        Ok(found) => Finding::fail(
            format!("{} changes a schema ({})", case.change, some(&found)),
            elsewhere(case, "It needs its own window"),
        ),
    }
}

/// G11: library upgrades ride the train.
pub(super) fn vendor(case: &Case<'_>, facts: &Facts) -> Finding {
    if case.kind(facts) != PatchKind::Code {
        return Finding::NotNeeded;
    }
    let rides = elsewhere(case, "It rides the train");
    if facts.change.project == "mediawiki/vendor" {
        return Finding::fail(format!("{} upgrades libraries (mediawiki/vendor)", case.change), rides);
    }
    match touched(facts, |file| file.path.starts_with("vendor/")) {
        Err(unknown) => unknown,
        Ok(found) if found.is_empty() => Finding::NotNeeded,
        Ok(found) => Finding::fail(format!("{} upgrades libraries ({})", case.change, some(&found)), rides),
    }
}

/// H1: it says which task it is for.
pub(super) fn task_linked(case: &Case<'_>, facts: &Facts) -> Finding {
    match facts.change.tasks().as_slice() {
        [] => Finding::fail(
            format!("{} names no task", case.change),
            "A line Bug: TASK at the end of its message",
        ),
        tasks => Finding::pass(some(tasks)),
    }
}

/// Design §5: a change of code comes with a test, or the tests run what it touches.
pub(super) fn untested(case: &Case<'_>, facts: &Facts) -> Finding {
    if case.kind(facts) != PatchKind::Code {
        return Finding::NotNeeded;
    }
    let number = case.change;
    let code = match touched(facts, |file| is_code(&file.path) && file.status != FileStatus::Deleted) {
        Err(unknown) => return unknown,
        Ok(code) if code.is_empty() => return Finding::NotNeeded,
        Ok(code) => code,
    };
    match &facts.coverage {
        Some(Fact::Unknown(why)) => return Finding::unknown(format!("test coverage: {why}")),
        Some(Fact::Known(covered)) => return coverage(case, &code, covered),
        None => {}
    }
    match touched(facts, |file| is_test(&file.path)) {
        Err(unknown) => unknown,
        Ok(tests) if tests.is_empty() => Finding::fail(
            format!("{number} changes code and no test ({})", some(&code)),
            "A test with the change on the main branch",
        ),
        Ok(tests) => Finding::pass(format!("changes {}", some(&tests))),
    }
}

fn is_code(path: &str) -> bool {
    has_ending(path, CODE) && !is_test(path)
}

/// Whether the tests run enough of every touched file that the report names.
fn coverage(case: &Case<'_>, code: &[&str], covered: &[Covered]) -> Finding {
    let at_least = case.policy().coverage_at_least;
    let lines_of = |path: &str| covered.iter().find(|file| file.path == path).and_then(|file| file.lines);
    let unnamed: Vec<&str> = code.iter().copied().filter(|path| lines_of(path).is_none()).collect();
    let low: Vec<String> = code
        .iter()
        .filter_map(|path| {
            let (run, all) = lines_of(path).filter(|(_, all)| *all > 0)?;
            let percent = u64::from(run) * 100 / u64::from(all);
            (percent < u64::from(at_least)).then(|| format!("{} {percent} %", file_name(path)))
        })
        .collect();
    let low: Vec<&str> = low.iter().map(String::as_str).collect();
    if !low.is_empty() {
        return Finding::fail(
            format!(
                "{} touches code that tests hardly run: {} (at least {at_least} %)",
                case.change,
                some(&low)
            ),
            "A test with the change on the main branch",
        );
    }
    if !unnamed.is_empty() {
        return Finding::unknown(format!("test coverage of {}", some(&unnamed)));
    }
    Finding::pass(format!("tests run at least {at_least} % of what it touches"))
}
