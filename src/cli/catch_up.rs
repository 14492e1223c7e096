//! Makes the index of a log before it is asked, where nobody else does.

use std::path::Path;

use super::verify::bar;
use crate::store::{FeedError, Feeder};

/// So many rows are looked at one by one sooner than they come into the index.
const A_MOMENT: u64 = 50_000;

/// Takes in the rows that the index of the log at `database` does not have, with a bar where a person looks. Where that
/// cannot be (the folder is read-only, the bot is at it), the log is searched as it is.
pub(super) fn run(database: &Path) -> Result<u64, FeedError> {
    let feeder = Feeder::open(database)?;
    let behind = feeder.behind()?;
    if behind < A_MOMENT {
        return Ok(0);
    }
    let bar = bar(behind);
    let fed = feeder.feed(&|rows| bar.inc(rows));
    bar.finish_and_clear();
    fed
}
