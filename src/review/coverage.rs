//! The line coverage of touched files, from a Clover report. Entities and DTDs of the report are never resolved.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use reqwest::Url;

use super::http::{self, Http, Patience};
use super::why;
use crate::engine::facts::{Covered, Fact, File, FileStatus};

/// The largest report that is read.
const LIMIT: usize = 16 << 20;

/// Where the Clover report is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CoverageFrom {
    /// On this machine.
    File(PathBuf),
    /// On a server, which is never sent the login of the review system.
    Url(String),
}

/// The configured report. It is read again for every lookup, so that a new one is seen.
#[derive(Debug)]
pub(super) enum Coverage {
    File(PathBuf),
    Url(Box<Http>, Url),
}

/// What the report says of one file.
#[derive(Clone, Copy, Default)]
struct Count {
    /// From `<metrics>`: covered statements and all.
    metrics: Option<(u32, u32)>,
    /// Counted from the lines.
    lines: (u32, u32),
}

impl Coverage {
    pub(super) fn new(from: CoverageFrom, patience: Patience) -> Result<Self, String> {
        match from {
            CoverageFrom::File(path) => Ok(Self::File(path)),
            CoverageFrom::Url(text) => {
                let url = http::url(&text)?;
                Ok(Self::Url(Box::new(Http::new(&url, None, patience, LIMIT)?), url))
            }
        }
    }

    /// The coverage of what is touched. Deleted files have no lines left and are left out.
    pub(super) async fn of(&self, files: &Fact<Vec<File>>) -> Fact<Vec<Covered>> {
        let files = match files {
            Fact::Known(files) => files,
            Fact::Unknown(why) => return Fact::Unknown(why.clone()),
        };
        let touched: Vec<String> = files
            .iter()
            .filter(|file| file.status != FileStatus::Deleted)
            .map(|file| file.path.clone())
            .collect();
        let counted = match self {
            // A report of some MiB takes longer to read than the loop can be kept waiting.
            Self::File(path) => {
                let path = path.clone();
                off_the_loop(move || read(&path).and_then(|bytes| cover(&bytes, touched))).await
            }
            Self::Url(http, url) => match http.get(url).await {
                Ok(body) => off_the_loop(move || cover(&body.bytes, touched)).await,
                Err(fault) => Err(why(&fault)),
            },
        };
        match counted {
            Ok(covered) => Fact::Known(covered),
            Err(why) => Fact::Unknown(format!("coverage report: {why}")),
        }
    }
}

async fn off_the_loop<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err("reading it was cut short".to_owned()))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let unreadable = |error: std::io::Error| format!("cannot read it: {}", error.kind());
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > LIMIT as u64 {
        return Err(format!("more than {} MiB", LIMIT >> 20));
    }
    std::fs::read(path).map_err(unreadable)
}

/// Finds each touched file in the report: the same path, or one that ends in it. Of several the shortest is meant,
/// since `/src/index.php` is nearer to `index.php` than `/src/includes/index.php`.
fn cover(report: &[u8], touched: Vec<String>) -> Result<Vec<Covered>, String> {
    let counts = counts(report)?;
    let lines = |path: &str| {
        let ends =
            |name: &str| name.strip_suffix(path).is_some_and(|dir| dir.is_empty() || dir.ends_with('/'));
        let (_, count) = counts.iter().filter(|(name, _)| ends(name)).min_by_key(|(name, _)| name.len())?;
        Some(count.metrics.unwrap_or(count.lines))
    };
    Ok(touched.into_iter().map(|path| Covered { lines: lines(&path), path }).collect())
}

/// Every file that the report names.
fn counts(report: &[u8]) -> Result<BTreeMap<String, Count>, String> {
    let report = std::str::from_utf8(report).map_err(|_| "it is not UTF-8".to_owned())?;
    let mut reader = Reader::from_str(report);
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    let mut open: Vec<String> = Vec::new();
    let mut file: Option<String> = None;
    let mut is_clover = false;
    loop {
        let event = reader.read_event().map_err(|error| match error {
            quick_xml::Error::Syntax(_) => "it ends in the middle".to_owned(),
            error => format!("it is not XML: {error}"),
        })?;
        let (element, empty) = match &event {
            Event::Start(element) => (element, false),
            Event::Empty(element) => (element, true),
            Event::End(end) => {
                open.pop();
                if end.name().as_ref() == "file" {
                    file = None;
                }
                continue;
            }
            Event::Eof if !open.is_empty() => return Err("it ends in the middle".to_owned()),
            Event::Eof if is_clover => return Ok(counts),
            Event::Eof => return Err("it is not a Clover report".to_owned()),
            _ => continue,
        };
        let name = element.name().as_ref().to_owned();
        match name.as_str() {
            "coverage" => is_clover |= open.is_empty(),
            "file" => {
                // PHPUnit has the whole path in `name`; others have it in `path` and the last part in `name`.
                let path = match attribute(element, "path")? {
                    Some(path) => Some(path),
                    None => attribute(element, "name")?,
                };
                if let Some(path) = path {
                    counts.insert(path.clone(), Count::default());
                    file = (!empty).then_some(path);
                }
            }
            // Classes inside a file have metrics of their own.
            "metrics" if open.last().is_some_and(|parent| parent == "file") => {
                let (all, covered) = (number(element, "statements")?, number(element, "coveredstatements")?);
                if let (Some(count), Some(all), Some(covered)) = (current(&mut counts, &file), all, covered) {
                    count.metrics = Some((covered, all));
                }
            }
            "line" if attribute(element, "type")?.as_deref() == Some("stmt") => {
                let hits = number(element, "count")?.unwrap_or(0);
                if let Some(count) = current(&mut counts, &file) {
                    count.lines.0 += u32::from(hits > 0);
                    count.lines.1 += 1;
                }
            }
            _ => {}
        }
        if !empty {
            open.push(name);
        }
    }
}

fn current<'a>(counts: &'a mut BTreeMap<String, Count>, file: &Option<String>) -> Option<&'a mut Count> {
    file.as_ref().and_then(|file| counts.get_mut(file))
}

fn number(element: &BytesStart<'_>, name: &str) -> Result<Option<u32>, String> {
    match attribute(element, name)? {
        None => Ok(None),
        // More hits than fit are hits all the same.
        Some(text) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => {
            Ok(Some(text.parse().unwrap_or(u32::MAX)))
        }
        Some(_) => Err(format!("attribute \"{name}\" is not a number")),
    }
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Result<Option<String>, String> {
    let bad = || format!("attribute \"{name}\" cannot be read");
    let found: Option<Attribute<'_>> = element.try_get_attribute(name).map_err(|_| bad())?;
    match found {
        None => Ok(None),
        Some(found) => match found.normalized_value(XmlVersion::Implicit1_0) {
            Ok(value) => Ok(Some(value.into_owned())),
            Err(_) => Err(bad()),
        },
    }
}
