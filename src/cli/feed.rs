//! `swatbot feed`: files for a web server, made from the log alone. For each occurrence its report as JSON and its rows as
//! an Atom feed, and for each window an Atom feed with an entry for each occurrence.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chrono::{SecondsFormat, TimeDelta};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::report::{Known, ReportFault, known};
use crate::engine::id::{At, OccurrenceId, RowId};
use crate::engine::say::report::{Form, page};
use crate::engine::text;
use crate::store::Reader;

/// Feed readers ask often; who wants more asks the log.
const OCCURRENCES: usize = 50;

/// A title, and a text, in so many letters.
const TITLE: usize = 120;
const TEXT: usize = 20_000;

/// What is written, and where.
#[derive(clap::Args, Clone, Debug)]
pub(super) struct FeedArgs {
    /// The folder; files in it that have these names are replaced
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// The occurrences, such as 2026-11-23/morning; all, where none is named
    #[arg(value_name = "OCCURRENCE", value_parser = super::occurrence)]
    occurrences: Vec<OccurrenceId>,
}

/// Writes the files. `name` is the bot's, `budget` the time that a patch has.
pub(super) fn run(
    args: &FeedArgs,
    database: &Path,
    name: &str,
    budget: TimeDelta,
    out: &mut dyn Write,
) -> Result<(), ReportFault> {
    let log = Reader::open(database)?;
    let all = log.occurrences()?;
    // The log is told from others by its first row, so that entries have names of their own for ever.
    let first = log.head_of(RowId(1))?.map(|head| head.to_string()).unwrap_or_default();
    let log_id = first.rsplit(' ').next().unwrap_or_default().to_owned();
    let feeds = Feeds { dir: &args.dir, name, budget, log_id };
    fs::create_dir_all(&args.dir).map_err(|source| unwritten(&args.dir, source))?;
    let asked = if args.occurrences.is_empty() { &all } else { &args.occurrences };
    let mut written = 0;
    for id in asked {
        let known = known(&log, id)?.ok_or_else(|| ReportFault::Nothing(id.clone()))?;
        written +=
            usize::from(feeds.write(&file_name(&[&id.date.to_string(), &id.window], "json"), &json(&known))?);
        written += usize::from(
            feeds.write(&file_name(&[&id.date.to_string(), &id.window], "atom"), &feeds.rows(&known)?)?,
        );
    }
    let windows: BTreeSet<&str> = asked.iter().map(|id| id.window.as_str()).collect();
    for window in windows {
        let mut of_window = Vec::new();
        for id in all.iter().rev().filter(|id| id.window == window) {
            let known = known(&log, id)?.filter(|known| known.report.on.or(known.report.closed).is_some());
            of_window.extend(known);
            if of_window.len() == OCCURRENCES {
                break;
            }
        }
        written +=
            usize::from(feeds.write(&file_name(&[window], "atom"), &feeds.of_window(window, &of_window)?)?);
    }
    let same = if written == 1 { "file" } else { "files" };
    // Whoever is not there to read it has the files.
    let _ = writeln!(out, "{}: {written} {same} written", args.dir.display());
    Ok(())
}

fn unwritten(path: &Path, source: io::Error) -> ReportFault {
    ReportFault::Write { what: path.display().to_string(), source }
}

/// A name that is one in every folder and every address, whatever a window is called.
fn file_name(parts: &[&str], ending: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' };
    format!("{}.{ending}", parts.join("-").chars().map(plain).collect::<String>())
}

fn json(known: &Known) -> Vec<u8> {
    let mut value = serde_json::to_value(&known.report).unwrap_or_default();
    value["head"] = known.head.as_ref().map(ToString::to_string).into();
    let mut bytes = value.to_string().into_bytes();
    bytes.push(b'\n');
    bytes
}

struct Feeds<'a> {
    dir: &'a Path,
    name: &'a str,
    budget: TimeDelta,
    log_id: String,
}

/// One entry, or the head of a feed.
struct Item<'a> {
    id: String,
    title: String,
    updated: At,
    author: &'a str,
    kind: Option<&'a str>,
    content: Option<String>,
}

impl Feeds<'_> {
    /// The rows of an occurrence, the newest first.
    fn rows(&self, known: &Known) -> Result<Vec<u8>, ReportFault> {
        let report = &known.report;
        let id = report.occurrence.to_string();
        let entries = report.timeline.iter().rev().map(|entry| Item {
            id: self.tag(&entry.row.to_string()),
            title: format!("{}: {}", entry.who, entry.text),
            updated: entry.at,
            author: &entry.who.0,
            kind: Some(&entry.kind),
            content: Some(entry.text.clone()),
        });
        self.feed(self.tag(&id), id, entries.collect())
    }

    /// The occurrences of a window, the newest first: their reports.
    fn of_window(&self, window: &str, occurrences: &[Known]) -> Result<Vec<u8>, ReportFault> {
        let entries = occurrences.iter().map(|known| {
            let report = &known.report;
            let id = report.occurrence.to_string();
            let head = known.head.as_ref().map(ToString::to_string);
            Item {
                // The rows of the occurrence are a feed of the same name.
                id: self.tag(&format!("{id}/report")),
                title: report.summary.clone().unwrap_or_else(|| format!("{id} is on")),
                updated: report.timeline.last().map_or_else(At::default, |last| last.at),
                author: self.name,
                kind: None,
                content: Some(page(report, self.budget, head.as_deref(), Form::Markdown)),
            }
        });
        self.feed(self.tag(window), window.to_owned(), entries.collect())
    }

    /// RFC 4287: everything that must be there, in the order in which people read it.
    fn feed(&self, id: String, title: String, entries: Vec<Item<'_>>) -> Result<Vec<u8>, ReportFault> {
        let updated = entries.iter().map(|entry| entry.updated).max().unwrap_or_default();
        let mut xml = Writer::new_with_indent(Vec::new(), b' ', 1);
        let head = Item { id, title, updated, author: self.name, kind: None, content: None };
        let written =
            xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None))).and_then(|()| {
                xml.create_element("feed")
                    .with_attribute(("xmlns", "http://www.w3.org/2005/Atom"))
                    .write_inner_content(|xml| {
                        item(xml, &head)?;
                        xml.create_element("generator")
                            .with_attribute(("version", env!("CARGO_PKG_VERSION")))
                            .write_text_content(BytesText::new("swatbot"))?;
                        for entry in &entries {
                            xml.create_element("entry").write_inner_content(|xml| item(xml, entry))?;
                        }
                        Ok(())
                    })?;
                Ok(())
            });
        written.map_err(|source| unwritten(self.dir, source))?;
        let mut bytes = xml.into_inner();
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// RFC 4151. Nobody can own a name under `invalid`; the log's own digits tell it from other logs.
    fn tag(&self, what: &str) -> String {
        format!(
            "tag:swatbot.invalid,2026:{}/{}",
            self.log_id,
            what.replace(|c: char| !c.is_ascii_graphic(), "_")
        )
    }

    /// Replaces a file, in one moment for whoever reads it; `false` where it is the same already.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<bool, ReportFault> {
        let path = self.dir.join(name);
        if fs::read(&path).is_ok_and(|stands| stands == bytes) {
            return Ok(false);
        }
        let part = self.dir.join(format!(".{name}.part"));
        fs::write(&part, bytes)
            .and_then(|()| fs::rename(&part, &path))
            .map_err(|source| unwritten(&path, source))?;
        Ok(true)
    }
}

fn item(xml: &mut Writer<Vec<u8>>, item: &Item<'_>) -> io::Result<()> {
    let mut line = |name: &str, words: &str, most: usize| {
        // Control characters are not allowed in XML in any form.
        let words: Vec<String> = words.lines().map(|line| text::clean_to(line, most)).collect();
        xml.create_element(name).write_text_content(BytesText::new(&words.join("\n"))).map(|_| ())
    };
    line("id", &item.id, TEXT)?;
    line("title", &item.title, TITLE)?;
    line("updated", &item.updated.to_rfc3339_opts(SecondsFormat::Millis, true), TEXT)?;
    if let Some(content) = &item.content {
        line("content", content, TEXT)?;
    }
    let author = text::clean_to(item.author, TITLE);
    xml.create_element("author").write_inner_content(|xml| {
        xml.create_element("name").write_text_content(BytesText::new(&author))?;
        Ok(())
    })?;
    if let Some(kind) = item.kind {
        xml.create_element("category").with_attribute(("term", kind)).write_empty()?;
    }
    Ok(())
}
