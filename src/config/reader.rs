//! Reads a TOML document key by key and collects every fault, so that one look at the file shows them all.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

use super::fault::{Fault, Faults};
use super::item::Item;
use super::suggest::did_you_mean;

/// What `toml` calls a key that stands twice in a table. It leaves the rest of the document sound.
const DUPLICATE_KEY: &str = "duplicate key";

/// The document under reading: its text for line numbers, its folder for relative paths, and the faults so far.
pub(super) struct Reader<'t> {
    text: &'t str,
    dir: &'t Path,
    looks_at_files: bool,
    faults: RefCell<Vec<(usize, Fault)>>,
}

impl<'t> Reader<'t> {
    /// With `looks_at_files`, the files that the document names are looked at too.
    pub(super) fn new(text: &'t str, dir: &'t Path, looks_at_files: bool) -> Self {
        Self { text, dir, looks_at_files, faults: RefCell::default() }
    }

    /// Whether the files that the document names are looked at.
    pub(super) fn looks_at_files(&self) -> bool {
        self.looks_at_files
    }

    /// A path of the document; a relative one starts from the document's folder.
    pub(super) fn path(&self, written: &str) -> PathBuf {
        self.dir.join(written)
    }

    /// The text of the document at `span`.
    pub(super) fn written(&self, span: &Range<usize>) -> &'t str {
        self.text.get(span.clone()).unwrap_or_default()
    }

    /// Notes a fault at a place of the document.
    pub(super) fn fault(
        &self,
        at: &Range<usize>,
        key: &str,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) {
        let fault =
            Fault { line: self.line(at.start), key: key.to_owned(), what: what.into(), fix: fix.into() };
        self.faults.borrow_mut().push((at.start, fault));
    }

    /// Notes what is not TOML and says whether the rest can be read. After a broken line the tree holds guesses, and
    /// faults found in guesses would only mislead.
    pub(super) fn syntax(&self, root: &Spanned<DeTable<'_>>, errors: &[Error]) -> bool {
        let mut dates = Vec::new();
        for value in root.get_ref().values() {
            impossible_dates(value, &mut dates);
        }
        let mut readable = true;
        let mut lines = BTreeSet::new();
        for error in errors {
            let span = error.span().unwrap_or_default();
            if dates.contains(&span) {
                // The key that holds it reports it, with its name.
                continue;
            }
            let duplicate = error.message() == DUPLICATE_KEY;
            readable &= duplicate;
            if !lines.insert(self.line(span.start)) {
                continue;
            }
            if duplicate {
                let what = format!("{:?} stands here a second time", self.written(&span));
                self.fault(&span, "", what, "Remove one of the two.");
            } else {
                let what = format!("this is not TOML: {}", error.message());
                self.fault(&span, "", what, "Correct this line first; the keys are checked after that.");
            }
        }
        readable
    }

    /// The whole document as a section without a name.
    pub(super) fn root<'r>(&'r self, table: &'r DeTable<'r>) -> Section<'r> {
        Section::new(self, table, String::new(), 0..0)
    }

    /// Everything that was noted, in the order of the file.
    pub(super) fn into_faults(self, file: &str) -> Faults {
        let mut faults = self.faults.into_inner();
        faults.sort_by_key(|(place, _)| *place);
        Faults { file: file.to_owned(), list: faults.into_iter().map(|(_, fault)| fault).collect() }
    }

    fn line(&self, offset: usize) -> usize {
        let before = self.text.as_bytes().iter().take(offset);
        before.filter(|byte| **byte == b'\n').count() + 1
    }
}

/// The places of dates and times that no calendar or clock has: `toml` reports them and leaves them without a value.
fn impossible_dates(value: &Spanned<DeValue<'_>>, found: &mut Vec<Range<usize>>) {
    match value.get_ref() {
        DeValue::Datetime(at) if at.date.is_none() && at.time.is_none() => found.push(value.span()),
        DeValue::Array(items) => items.iter().for_each(|item| impossible_dates(item, found)),
        DeValue::Table(table) => table.values().for_each(|item| impossible_dates(item, found)),
        _ => {}
    }
}

/// One table of the document. It remembers which keys were asked for; `finish` reports all others.
pub(super) struct Section<'r> {
    reader: &'r Reader<'r>,
    table: &'r DeTable<'r>,
    name: String,
    span: Range<usize>,
    asked: RefCell<Vec<&'static str>>,
}

impl<'r> Section<'r> {
    /// The table at `span`, called `name`.
    pub(super) fn new(
        reader: &'r Reader<'r>,
        table: &'r DeTable<'r>,
        name: String,
        span: Range<usize>,
    ) -> Self {
        Self { reader, table, name, span, asked: RefCell::default() }
    }

    /// The document it stands in.
    pub(super) fn reader(&self) -> &'r Reader<'r> {
        self.reader
    }

    /// The value of a key, where the file has it.
    pub(super) fn get(&self, key: &'static str) -> Option<Item<'r>> {
        let mut asked = self.asked.borrow_mut();
        if !asked.contains(&key) {
            asked.push(key);
        }
        let value = self.table.get(key)?;
        Some(Item::new(self.reader, self.dotted(key), value))
    }

    /// The value of a key that must be there; `example` is what to type.
    pub(super) fn need(&self, key: &'static str, example: &str) -> Option<Item<'r>> {
        let found = self.get(key);
        if found.is_none() {
            self.fault(key, "this key is missing", format!("Type {key} = {example} below this line."));
        }
        found
    }

    /// A list of texts, empty when the file has none.
    pub(super) fn texts(&self, key: &'static str) -> Vec<Item<'r>> {
        self.get(key).map(|item| item.texts()).unwrap_or_default()
    }

    /// A section of its own: `[key]`.
    pub(super) fn section(&self, key: &'static str) -> Option<Section<'r>> {
        self.get(key)?.section(&format!("Write [{}] and the keys below it.", self.dotted(key)))
    }

    /// The tables of `[[key]]`, in the order of the file. `None` where the key is something else.
    pub(super) fn sections(&self, key: &'static str) -> Option<Vec<Section<'r>>> {
        let Some(item) = self.get(key) else { return Some(Vec::new()) };
        let fix = format!("Write [[{key}]] with two brackets before each.");
        let tables = item.list("a list of tables", &fix)?;
        tables.into_iter().map(|table| table.section(&fix)).collect()
    }

    /// All keys with their values, for sections whose keys are data.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'r str, Item<'r>)> {
        self.table.iter().map(|(key, value)| {
            let word: &str = key.get_ref().as_ref();
            (word, Item::new(self.reader, self.dotted(word), value))
        })
    }

    /// Notes a fault of a key that is not there.
    pub(super) fn fault(&self, key: &str, what: impl Into<String>, fix: impl Into<String>) {
        self.reader.fault(&self.span, &self.dotted(key), what, fix);
    }

    /// Notes a key that means nothing beside what another key says, for example `url` where the kind is "files".
    pub(super) fn refuse(&self, key: &'static str, what: &str) {
        if let Some(item) = self.get(key) {
            item.fault(what, "Remove it, or put # before it.");
        }
    }

    /// Notes every key that nobody asked for.
    pub(super) fn finish(&self) {
        let asked = self.asked.borrow();
        for key in self.table.keys() {
            let word: &str = key.get_ref().as_ref();
            if !asked.contains(&word) {
                let fix = did_you_mean(word, &asked);
                self.reader.fault(&key.span(), &self.dotted(word), "unknown key", fix);
            }
        }
    }

    fn dotted(&self, key: &str) -> String {
        match (self.name.as_str(), key) {
            ("", key) => key.to_owned(),
            (name, "") => name.to_owned(),
            (name, key) => format!("{name}.{key}"),
        }
    }
}
