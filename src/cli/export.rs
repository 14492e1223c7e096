//! `swatbot export` and `swatbot import`: the whole log as lines of JSON, and a log made of them.

use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::Path;

use super::Fault;
use super::log::harmless;
use super::verify::bar;
use crate::store::{ExportError, PartError, Reader, RestoreError, export, export_to, restore};

/// Exports the log at `database` to `target`; "-" is standard output.
pub(super) fn export_log(target: &Path, database: &Path, out: &mut dyn Write) -> Result<(), Fault> {
    let rows = Reader::open(database).and_then(|log| log.rows().or(Ok(0)));
    let bar = bar(rows.unwrap_or(0));
    let to_pipe = target == Path::new("-");
    let exported = if to_pipe {
        export(database, &mut io::BufWriter::new(&mut *out), &|rows| bar.inc(rows))
    } else {
        export_to(database, target, &|rows| bar.inc(rows))
    };
    bar.finish_and_clear();
    match &exported {
        // Whoever read it has seen enough.
        Err(ExportError::Write(error)) if to_pipe && error.kind() == io::ErrorKind::BrokenPipe => {
            return Ok(());
        }
        _ => {}
    }
    let exported = exported.map_err(|error| match error {
        ExportError::Part(PartError::Exists(_)) => Fault::Usage(error.to_string()),
        _ => Fault::Failed(harmless(&error.to_string())),
    })?;
    let said = match exported.last.0 {
        0 => "the log is empty".to_owned(),
        _ => format!("head {} {}", exported.last, exported.head),
    };
    let said = format!("{}: {} rows; {said}", target.display(), exported.last.0);
    // Behind the lines it would be one of them.
    if to_pipe { writeln!(io::stderr(), "{said}") } else { writeln!(out, "{said}") }
        .or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
        .map_err(|error| Fault::Failed(error.to_string()))
}

/// Makes a log at `database`, where there must be none, of the export `file`; "-" is standard input.
pub(super) fn import_log(file: &Path, database: &Path, out: &mut dyn Write) -> Result<(), Fault> {
    let shown = harmless(&file.display().to_string());
    let written = bar(0);
    let mut lines: Box<dyn io::BufRead> = if file == Path::new("-") {
        Box::new(BufReader::new(io::stdin()))
    } else {
        let file = File::open(file).map_err(|error| Fault::Failed(format!("{shown}: {error}")))?;
        // How many rows there are stands at the end; an ordinary one has so many bytes.
        written.set_length(file.metadata().map_or(0, |file| file.len() / 450));
        Box::new(BufReader::with_capacity(1 << 16, file))
    };
    let made = restore(&mut lines, database, &|rows| written.inc(rows), &|_| ());
    written.finish_and_clear();
    let whole = made.map_err(|error| match &error {
        RestoreError::Part(PartError::Exists(path)) => Fault::Usage(format!(
            "{} is there already: an export becomes a new log, --database FILE says where",
            path.display()
        )),
        RestoreError::Line { .. } | RestoreError::Read(_) => {
            Fault::Failed(format!("{shown}: {}", harmless(&error.to_string())))
        }
        _ => Fault::Failed(error.to_string()),
    })?;
    let said = match whole.last.0 {
        0 => "the log is empty".to_owned(),
        _ => format!("head {} {}", whole.last, whole.head),
    };
    match writeln!(out, "{}: {} rows, checked; {said}", database.display(), whole.last.0) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Fault::Failed(error.to_string())),
        _ => Ok(()),
    }
}
