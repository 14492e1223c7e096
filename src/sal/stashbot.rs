//! The documents that stashbot keeps in Elasticsearch: one a line, as they go in by bulk, as tools export them, or as a
//! search answers. Of other types than `sal` (chat, quips) nothing is read.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::Deserialize;
use serde_json::value::Value;

use super::entry::is_possible;
use super::lines::LONGEST;
use super::{Entry, Read, Source, Why};
use crate::engine::id::At;

/// A document, or what is wrapped around one. Fields that are not read may be anything.
#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow, default)]
    message: Option<Cow<'a, str>>,
    #[serde(rename = "@timestamp", default)]
    timestamp: Option<Value>,
    #[serde(rename = "type", default)]
    kind: Option<Value>,
    #[serde(borrow, default)]
    nick: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    channel: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    project: Option<Cow<'a, str>>,
    /// The document in an export or in an answer.
    #[serde(borrow, rename = "_source", default)]
    source: Option<Box<Document<'a>>>,
    /// The lines of a bulk request that say what becomes of the next.
    #[serde(default)]
    index: Option<Value>,
    #[serde(default)]
    create: Option<Value>,
    #[serde(borrow, default)]
    hits: Option<Hits<'a>>,
}

/// What a search answers.
#[derive(Deserialize)]
struct Hits<'a> {
    #[serde(borrow)]
    hits: Vec<Document<'a>>,
}

/// Reads documents.
pub(super) fn read(bytes: &[u8], source: &Source) -> Read {
    let mut read = Read::default();
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if let Some(documents) = whole(bytes) {
        for (document, number) in documents.into_iter().zip(1..) {
            take(&mut read, document, number, source, false);
        }
        return read;
    }
    for (line, number) in bytes.split(|byte| *byte == b'\n').zip(1..) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let text = match std::str::from_utf8(line) {
            Ok(text) => (Cow::Borrowed(text), false),
            Err(_) => (line.iter().map(|byte| char::from(*byte)).collect(), true),
        };
        match serde_json::from_str::<Document<'_>>(&text.0) {
            Ok(document) => take(&mut read, document, number, source, text.1),
            Err(_) => read.refuse(number, Why::NotADocument, &text.0),
        }
    }
    read
}

/// The documents of a file that is one array or one answer; `None` where it is one document a line.
fn whole(bytes: &[u8]) -> Option<Vec<Document<'_>>> {
    let start = bytes.trim_ascii_start();
    if start.starts_with(b"[") {
        return serde_json::from_slice(bytes).ok();
    }
    let first = start.split(|byte| *byte == b'\n').next()?;
    let one_a_line = serde_json::from_slice::<Document<'_>>(first).is_ok_and(|first| first.hits.is_none());
    if one_a_line {
        return None;
    }
    let document: Document<'_> = serde_json::from_slice(bytes).ok()?;
    Some(match document.hits {
        Some(hits) => hits.hits,
        None => vec![document],
    })
}

fn take(read: &mut Read, document: Document<'_>, number: u64, source: &Source, latin1: bool) {
    let of_bulk = document.index.is_some() || document.create.is_some();
    let mut document = document;
    if let Some(inner) = document.source.take() {
        document = *inner;
    }
    if of_bulk && document.message.is_none() {
        return;
    }
    let is_of_the_log = document.kind.as_ref().is_none_or(|kind| kind == "sal");
    if !is_of_the_log {
        read.pass_over(number, document.message.as_deref().unwrap_or("a document of another type"));
        return;
    }
    match entry(document, number, source, latin1) {
        Ok(entry) => read.entries.push(entry),
        Err((why, words)) => read.refuse(number, why, &words),
    }
}

fn entry(document: Document<'_>, line: u64, source: &Source, latin1: bool) -> Result<Entry, (Why, String)> {
    let Some(message) = document.message else { return Err((Why::NotADocument, String::new())) };
    let because = |why| Err((why, message.chars().take(200).collect()));
    if message.len() > LONGEST {
        return because(Why::Long);
    }
    let Some(timestamp) = &document.timestamp else { return because(Why::NotADocument) };
    let Some(at) = moment(timestamp) else { return because(Why::NoTime) };
    if !is_possible(at, source.now) {
        return because(Why::NotThen);
    }
    let text = message.trim();
    if text.is_empty() {
        return because(Why::Empty);
    }
    let given = |field: Option<Cow<'_, str>>| field.filter(|field| !field.is_empty()).map(Cow::into_owned);
    Ok(Entry {
        at,
        nick: given(document.nick).unwrap_or_default(),
        words: (text.len() != message.len()).then(|| message.clone().into_owned()),
        text: text.to_owned(),
        line,
        channel: given(document.channel),
        project: given(document.project),
        latin1,
    })
}

/// `2015-01-02T14:05:33.250Z`, with an offset, or without one for UTC; or milliseconds since 1970.
fn moment(stamp: &Value) -> Option<At> {
    if let Some(milliseconds) = stamp.as_i64() {
        return DateTime::from_timestamp_millis(milliseconds);
    }
    let text = stamp.as_str()?;
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        // The log knows milliseconds.
        return DateTime::from_timestamp_millis(at.timestamp_millis());
    }
    let plain = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
    DateTime::<Utc>::from_timestamp_millis(plain.and_utc().timestamp_millis())
}
