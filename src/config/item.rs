//! One value of the document, with its key and place: plain TOML types here, words of our own in `word`.

use std::ops::{Range, RangeInclusive};
use std::path::PathBuf;

use toml::Spanned;
use toml::de::DeValue;

use super::reader::{Reader, Section};
use super::suggest::did_you_mean;

/// How the words begin that an example leaves to its reader: `YOUR-channel`. A bot that took them would sit in a channel
/// where nobody is.
const PLACEHOLDER: &str = "YOUR-";

/// One value of the document. Each way to read it notes a fault and gives `None` where it cannot be read so.
#[derive(Clone)]
pub(super) struct Item<'r> {
    reader: &'r Reader<'r>,
    key: String,
    span: Range<usize>,
    value: &'r DeValue<'r>,
}

impl<'r> Item<'r> {
    /// The value that stands under `key`.
    pub(super) fn new(reader: &'r Reader<'r>, key: String, value: &'r Spanned<DeValue<'r>>) -> Self {
        Self { reader, key, span: value.span(), value: value.get_ref() }
    }

    /// The document it stands in.
    pub(super) fn reader(&self) -> &'r Reader<'r> {
        self.reader
    }

    /// The value as the parser found it.
    pub(super) fn value(&self) -> &'r DeValue<'r> {
        self.value
    }

    /// The value as it was typed.
    pub(super) fn written(&self) -> &'r str {
        self.reader.written(&self.span)
    }

    /// Notes a fault of this value.
    pub(super) fn fault(&self, what: impl Into<String>, fix: impl Into<String>) {
        self.reader.fault(&self.span, &self.key, what, fix);
    }

    /// Notes a value of the wrong type.
    pub(super) fn expected(&self, wanted: &str, fix: impl Into<String>) {
        self.fault(format!("expected {wanted}, found {}", type_name(self.value)), fix);
    }

    /// A text on one line.
    pub(super) fn text(&self) -> Option<&'r str> {
        let Some(text) = self.value.as_str() else {
            let fix = match self.value {
                DeValue::Array(_) | DeValue::Table(_) => "Write it as \"one text\".".to_owned(),
                _ => format!("Put it in quotation marks: {:?}.", self.written()),
            };
            self.expected("a string", fix);
            return None;
        };
        if text.trim().is_empty() {
            self.fault("it is empty", "Write something between the quotation marks, or remove the key.");
            return None;
        }
        if text.chars().any(char::is_control) {
            self.fault("it has a line break, tab or control character in it", "Write it on one line.");
            return None;
        }
        if let Some(at) = text.find(PLACEHOLDER) {
            let word = text[at..].split(char::is_whitespace).next().unwrap_or_default();
            self.fault(format!("{word} stands here still"), "Put your own word in its place.");
            return None;
        }
        Some(text)
    }

    /// One of a few words.
    pub(super) fn one_of<T: Copy>(&self, known: &[(&'static str, T)]) -> Option<T> {
        let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
        if !self.value.is_str() {
            self.expected("a string", format!("Type one of these in quotation marks: {}.", words.join(", ")));
            return None;
        }
        let text = self.text()?;
        let found = known.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            self.fault(format!("{text:?} means nothing here"), did_you_mean(text, &words));
        }
        found.map(|(_, meaning)| *meaning)
    }

    /// A whole number in `range`; `unit` is what it counts.
    pub(super) fn number(&self, range: RangeInclusive<i64>, unit: &str) -> Option<i64> {
        let fix = format!("Type a number of {unit} from {} to {}.", range.start(), range.end());
        self.integer(range, &format!("{} {unit}", self.written()), fix)
    }

    /// A figure in `range`, with or without a point in it.
    pub(super) fn figure(&self, range: RangeInclusive<f64>) -> Option<f64> {
        let fix = format!("Type a figure from {} to {}, for example 5 or 0.5.", range.start(), range.end());
        let figure = match self.value {
            DeValue::Integer(integer) => {
                i64::from_str_radix(integer.as_str(), integer.radix()).ok().map(|number| number as f64)
            }
            DeValue::Float(float) => float.as_str().parse().ok(),
            _ => {
                self.expected("a figure", fix);
                return None;
            }
        };
        let found = figure.filter(|figure| range.contains(figure));
        if found.is_none() {
            self.fault(format!("{} is out of range", self.written()), fix);
        }
        found
    }

    /// A port of a server.
    pub(super) fn port(&self) -> Option<u16> {
        let fix = "Type the number of a port, from 1 to 65535.".to_owned();
        self.integer(1..=65535, self.written(), fix).and_then(|port| u16::try_from(port).ok())
    }

    fn integer(&self, range: RangeInclusive<i64>, called: &str, fix: String) -> Option<i64> {
        let DeValue::Integer(integer) = self.value else {
            let quoted = matches!(self.value, DeValue::String(_));
            self.expected(if quoted { "a number without quotation marks" } else { "a whole number" }, fix);
            return None;
        };
        let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        if let Some(number) = number.filter(|number| range.contains(number)) {
            return Some(number);
        }
        self.fault(format!("{called} is out of range"), fix);
        None
    }

    /// `true` or `false`.
    pub(super) fn truth(&self) -> Option<bool> {
        let truth = self.value.as_bool();
        if truth.is_none() {
            self.expected("true or false", "Type true or false, without quotation marks.");
        }
        truth
    }

    /// The elements of a list.
    pub(super) fn list(&self, wanted: &str, fix: &str) -> Option<Vec<Item<'r>>> {
        let DeValue::Array(items) = self.value else {
            self.expected(wanted, fix);
            return None;
        };
        let element = |(index, value)| Item::new(self.reader, format!("{}[{index}]", self.key), value);
        Some((1..).zip(items.iter()).map(element).collect())
    }

    /// The elements of a list of texts. Those that are no texts, or are named twice, are noted and left out.
    pub(super) fn texts(&self) -> Vec<Item<'r>> {
        let fix = match self.value {
            DeValue::String(_) => format!("Put it in brackets: [{}].", self.written()),
            _ => "Write it as [\"one\", \"two\"].".to_owned(),
        };
        let mut seen: Vec<&str> = Vec::new();
        let mut kept = Vec::new();
        for item in self.list("a list of strings", &fix).unwrap_or_default() {
            let Some(text) = item.text() else { continue };
            if seen.contains(&text) {
                item.fault(format!("{text:?} stands in this list twice"), "Remove one of the two.");
            } else {
                seen.push(text);
                kept.push(item);
            }
        }
        kept
    }

    /// Whether it is a list without elements.
    pub(super) fn is_empty_list(&self) -> bool {
        matches!(self.value, DeValue::Array(items) if items.is_empty())
    }

    /// Like `texts`, but not empty; `fix` says what to put in.
    pub(super) fn some_texts(&self, fix: &str) -> Vec<Item<'r>> {
        if self.is_empty_list() {
            self.fault("the list is empty", fix);
        }
        self.texts()
    }

    /// A table with keys of its own.
    pub(super) fn section(&self, fix: &str) -> Option<Section<'r>> {
        let DeValue::Table(table) = self.value else {
            self.expected("a table", fix);
            return None;
        };
        Some(Section::new(self.reader, table, self.key.clone(), self.span.clone()))
    }

    /// A path; a relative one starts from the folder of the file.
    pub(super) fn path(&self) -> Option<PathBuf> {
        self.text().map(|text| self.reader.path(text))
    }
}

/// What a person calls a TOML type.
fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a number with a point in it",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
