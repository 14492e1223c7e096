//! Where measurements of the hosts' health come from. Each question has an end in time and in size, and says why where
//! nothing can be said: unknown is never healthy.

mod address;
mod client;
mod http;
mod program;
mod prometheus;
mod search;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::{Check, CheckSource};
use crate::engine::Measured;

/// The checks of a configuration, by name.
#[derive(Clone, Debug, Default)]
pub struct Checks(BTreeMap<String, Arc<Source>>);

#[derive(Debug)]
enum Source {
    Http(http::Pages),
    Prometheus(prometheus::Prometheus),
    Search(search::Search),
    Command(program::Program),
}

impl Checks {
    /// Makes them ready; nothing is asked yet.
    ///
    /// # Errors
    /// Words for a person: an address that nothing may be asked at, or certificates that cannot be read.
    pub fn new(checks: &[Check]) -> Result<Self, String> {
        let ready = |check: &Check| {
            let source = Source::new(check).map_err(|why| format!("the check {:?}: {why}", check.id))?;
            Ok((check.id.clone(), Arc::new(source)))
        };
        checks.iter().map(ready).collect::<Result<_, String>>().map(Self)
    }

    /// Takes one sample. It ends, at the latest, some seconds after the time-out of the check.
    ///
    /// # Errors
    /// Why nothing is known, as `cannot reach Prometheus: connection refused`.
    pub async fn measure(&self, check: &str) -> Result<Measured, String> {
        let Some(source) = self.0.get(check) else {
            return Err(format!("there is no check called {check:?} any more"));
        };
        let answer = match &**source {
            Source::Http(pages) => pages.measure().await,
            Source::Prometheus(prometheus) => prometheus.measure().await,
            Source::Search(search) => search.measure().await,
            Source::Command(program) => program.measure().await,
        };
        let answer = answer.map_err(cut)?;
        let top = answer.top.into_iter().map(cut).collect();
        Ok(Measured { words: cut(answer.words), top, ..answer })
    }
}

/// No more of what others say is kept, in characters: it stands in the log with each sample.
const WORDS: usize = 500;

fn cut(mut words: String) -> String {
    if let Some((end, _)) = words.char_indices().nth(WORDS) {
        words.truncate(end);
        words.push('…');
    }
    words
}

impl Source {
    fn new(check: &Check) -> Result<Self, String> {
        match &check.source {
            CheckSource::Http(pages) => http::Pages::new(pages, &check.way).map(Self::Http),
            CheckSource::Prometheus { url, query, stale } => {
                prometheus::Prometheus::new(url, query, *stale, &check.way).map(Self::Prometheus)
            }
            CheckSource::Search(search) => search::Search::new(search, &check.way).map(Self::Search),
            CheckSource::Command(program) => Ok(Self::Command(program::Program::new(program.clone()))),
        }
    }
}
