//! Pages: each host answers each of them with the right status, the right words, in time.

use std::sync::Arc;
use std::time::Duration;

use regex::bytes::{Regex, RegexBuilder};
use reqwest::Url;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::client::{Answer, Asker, Trouble, seconds};
use crate::config::{self, Way};
use crate::engine::Measured;

/// A pattern that needs more than this is a mistake.
const PATTERN_SIZE: usize = 1 << 20;
/// So many are asked at the same time.
const AT_ONCE: usize = 32;
/// So many bad answers are told.
const TOP: usize = 5;

/// What is asked for, of whom.
#[derive(Debug)]
pub(super) struct Pages {
    targets: Vec<Arc<Target>>,
    good: Arc<Good>,
    /// What all of them are called, in numbers: hosts where there are any, else pages.
    are: &'static str,
}

/// One page of one host.
#[derive(Debug)]
struct Target {
    asker: Arc<Asker>,
    url: Url,
    /// What it is called when it is bad.
    name: String,
}

/// What a good answer is.
#[derive(Debug)]
struct Good {
    status: u16,
    body: Option<Regex>,
    latency: Option<Duration>,
}

impl Pages {
    /// Makes them ready.
    ///
    /// # Errors
    /// Words for a person.
    pub(super) fn new(pages: &config::Pages, way: &Way) -> Result<Self, String> {
        let urls = pages.urls.iter().map(|url| Url::parse(url).map_err(|error| format!("{url}: {error}")));
        let urls = urls.collect::<Result<Vec<Url>, String>>()?;
        let mut targets = Vec::new();
        if pages.hosts.is_empty() {
            for url in &urls {
                let asker = Arc::new(Asker::new(url, None, way)?);
                let name = url.as_str().to_owned();
                targets.push(Arc::new(Target { asker, url: url.clone(), name }));
            }
        }
        for host in &pages.hosts {
            for (index, url) in urls.iter().enumerate() {
                let asker = Arc::new(Asker::new(url, Some(host), way)?);
                let name = if index == 0 { host.clone() } else { format!("{host}{}", url.path()) };
                targets.push(Arc::new(Target { asker, url: url.clone(), name }));
            }
        }
        let body = pages.body.as_ref().map(|body| RegexBuilder::new(body).size_limit(PATTERN_SIZE).build());
        let body = body.transpose().map_err(|error| error.to_string())?;
        let are = match (pages.hosts.is_empty(), urls.len()) {
            (true, _) => "pages",
            (false, 1) => "hosts",
            (false, _) => "pages of hosts",
        };
        let good = Arc::new(Good { status: pages.status, body, latency: pages.latency });
        Ok(Self { targets, good, are })
    }

    /// Asks all of them. The figure is how many are bad; of those that cannot be reached nobody knows.
    pub(super) async fn measure(&self) -> Result<Measured, String> {
        let gate = Arc::new(Semaphore::new(AT_ONCE));
        let mut asked = JoinSet::new();
        for (index, target) in self.targets.iter().enumerate() {
            let (target, good, gate) = (Arc::clone(target), Arc::clone(&self.good), Arc::clone(&gate));
            asked.spawn(async move {
                // It is never closed, and without it they would all be asked at once.
                let _turn = gate.acquire().await;
                let found = match target.asker.get(&target.url).await {
                    Ok(answer) => good.judge(&answer).map(|()| answer.took).map_err(Trouble::Bad),
                    Err(trouble) => Err(trouble),
                };
                (index, found)
            });
        }
        let mut found = asked.join_all().await;
        found.sort_by_key(|(index, _)| *index);
        let (mut bad, mut unknown, mut slowest) = (Vec::new(), Vec::new(), Duration::ZERO);
        for (index, found) in found {
            let name = &self.targets[index].name;
            match found {
                Ok(took) => slowest = slowest.max(took),
                Err(Trouble::Bad(why)) => bad.push(format!("{name}: {why}")),
                Err(Trouble::Unknown(why)) => unknown.push(format!("{name}: {why}")),
            }
        }
        let all = self.targets.len();
        if bad.is_empty()
            && let Some(first) = unknown.first()
        {
            return Err(match unknown.len() {
                1 => format!("cannot reach {first}"),
                count => format!("cannot reach {count} of {all} {}, {first}", self.are),
            });
        }
        let (value, good) = (Some(bad.len() as f64), Some(bad.is_empty()));
        let words = match (bad.len(), all) {
            (0, 1) => format!("good in {}", milliseconds(slowest)),
            (0, _) => format!("all {all} {} good, the slowest in {}", self.are, milliseconds(slowest)),
            // Nothing is left to be listed behind it.
            (_, 1) => bad.remove(0),
            (count, _) => format!("{count} of {all} {} bad", self.are),
        };
        bad.truncate(TOP);
        Ok(Measured { value, good, words, top: bad })
    }
}

impl Good {
    /// What is wrong with an answer.
    fn judge(&self, answer: &Answer) -> Result<(), String> {
        if answer.status.as_u16() != self.status {
            return Err(answer.status.to_string());
        }
        if self.body.as_ref().is_some_and(|body| !body.is_match(&answer.body)) {
            return Err("the page does not say what it should".to_owned());
        }
        match self.latency.filter(|latency| answer.took > *latency) {
            Some(latency) => {
                Err(format!("took {}, more than {}", milliseconds(answer.took), seconds(latency)))
            }
            None => Ok(()),
        }
    }
}

fn milliseconds(time: Duration) -> String {
    format!("{} ms", time.as_millis())
}
