//! What it takes to ask a long log, beside the ways in which logs are searched today: `cargo bench --bench log -- 1000000 10000000`.
//!
//! For each size it makes a log of rows that are the same in every run, the same rows as lines of text, and the same
//! in a table with FTS5 as one would use it at first; it needs about 0.9 GB for a million rows, in the folder `LOG_BENCH` or a
//! new one in the target folder, which is removed at the end unless it was named. Nothing is asserted about time. Ratios can be
//! compared between machines, microseconds cannot. The time in which another program had the processor is not counted.

mod beside;
mod commits;
mod rows;
mod table;

mod asked;

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use swatbot::store::{Feeder, Store, verify};

use rows::{Rows, line};

/// So many rows share a commit while the log is made.
const BATCH: usize = 10_000;

/// Where the files of one size are.
pub(crate) struct Place {
    pub(crate) rows: u64,
    pub(crate) log: PathBuf,
    pub(crate) text: PathBuf,
    pub(crate) naive: PathBuf,
}

fn main() {
    // Cargo passes flags of its own, such as --bench.
    let sizes: Vec<u64> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![1_000_000] } else { sizes };
    for rows in sizes {
        let named = std::env::var_os("LOG_BENCH").map(PathBuf::from);
        let made = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let folder = named.unwrap_or_else(|| made.path().to_owned());
        fs::create_dir_all(&folder).expect("a folder");
        let at = |name: &str| folder.join(format!("{rows}.{name}"));
        measure(&Place { rows, log: at("db"), text: at("txt"), naive: at("naive.db") });
    }
}

fn measure(place: &Place) {
    table::title(&format!("a log of {} rows", place.rows));
    if !place.log.exists() {
        make(place);
    }
    let text = size(&place.text);
    table::figure("the lines as text", &megabytes(text), "");
    table::figure("the log", &megabytes(size(&place.log)), "");
    index(place, text);
    beside::make(place);
    asked::warm(place);
    asked::cold(place);
    beside::run(place);
    commits::run(place);
    let begin = (Instant::now(), table::processor());
    verify(&place.log, None, &[], &|_| ()).expect("it is whole");
    speed("verify", place.rows, begin, "target >= 500000");
}

/// Makes the log by the bot's own way in, and the same lines as text.
fn make(place: &Place) {
    let begin = (Instant::now(), table::processor());
    let mut store = Store::open(&place.log).expect("the log opens");
    let mut text = BufWriter::new(File::create(&place.text).expect("a file"));
    let mut rows = Rows::new(place.rows);
    loop {
        let batch: Vec<_> = rows.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            break;
        }
        store.append(&batch, &[]).expect("they are stored");
        for record in &batch {
            text.write_all(line(record).as_bytes()).expect("it is written");
        }
    }
    text.flush().expect("it is written");
    speed("the log is made", place.rows, begin, "chained, committed 10000 at a time");
}

fn index(place: &Place, text: u64) {
    let folder = PathBuf::from(format!("{}.index", place.log.display()));
    let feeder = Feeder::open(&place.log).expect("the log opens");
    if feeder.behind().expect("it can be read") > place.rows / 10 {
        let begin = (Instant::now(), table::processor());
        feeder.feed(&|_| ()).expect("the index is made");
        speed("the index is made", place.rows, begin, "target >= 150000");
    }
    let files = fs::read_dir(&folder).expect("the index").filter_map(Result::ok);
    let bytes: u64 = files.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum();
    let ratio = bytes as f64 / text as f64;
    table::figure("the index", &megabytes(bytes), &format!("{ratio:.2} x the text (target <= 1)"));
}

pub(crate) fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |file| file.len())
}

pub(crate) fn megabytes(bytes: u64) -> String {
    format!("{:.0} MB", bytes as f64 / 1e6)
}

pub(crate) fn speed(name: &str, rows: u64, (begin, before): (Instant, f64), remark: &str) {
    let seconds = begin.elapsed().as_secs_f64();
    let busy = table::processor() - before;
    table::figure(
        name,
        &format!("{:.0} rows/s", rows as f64 / seconds),
        &format!("{seconds:.1} s, {busy:.1} s of a processor; {remark}"),
    );
}
