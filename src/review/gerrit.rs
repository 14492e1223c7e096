//! Gerrit over REST. The detail makes or breaks a lookup; a side question that fails leaves its own piece unknown.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::Url;
use serde_json::Value;

use super::coverage::{Coverage, CoverageFrom};
use super::diff::{self, Wanted};
use super::http::{self, Http, Patience};
use super::json::{self, Found};
use super::needs::{Named, Walk};
use super::{fact, why};
use crate::engine::facts::{Brief, Change, Covered, Fact, Facts, Fault, Need, Status};
use crate::engine::id::ChangeNumber;
use crate::engine::order::Diff;
use crate::secret::Secret;

/// The largest answer that is read: a change with thousands of messages stays below it.
const LIMIT: usize = 4 << 20;
/// How many changes one query asks about by number.
const BATCH: usize = 25;
/// So many diffs are kept in memory.
const MOST_DIFFS: usize = 200;
/// How many changes one query may find.
const MOST_FOUND: &str = "100";

/// Where a Gerrit is and how patiently it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GerritSettings {
    /// Its root, e.g. `https://gerrit.example.org/r/`.
    pub url: String,
    /// The user and the password of the HTTP credentials; `None` asks anonymously.
    pub login: Option<(String, Secret)>,
    /// One request may take this long.
    pub timeout: Duration,
    /// How often a request is tried in all, where the fault may pass.
    pub tries: u32,
    /// The pause after the first try; each further one is twice as long.
    pub backoff: Duration,
}

impl GerritSettings {
    /// The usual patience: 10 s, 3 tries, a first pause of 500 ms; anonymous.
    pub fn new(url: String) -> Self {
        Self {
            url,
            login: None,
            timeout: Duration::from_secs(10),
            tries: 3,
            backoff: Duration::from_millis(500),
        }
    }
}

/// A Gerrit server.
#[derive(Debug)]
pub struct Gerrit {
    http: Http,
    /// The root of the REST API, with `/a` where there is a login.
    root: Url,
    host: String,
    coverage: Option<Coverage>,
    /// The diffs that were read, by commit.
    diffs: Mutex<BTreeMap<String, Diff>>,
}

impl Gerrit {
    /// Checks the settings; nothing is asked yet.
    ///
    /// # Errors
    /// Words for a person, without secrets: a URL that cannot be one, or a login that would travel in the clear.
    pub fn new(settings: GerritSettings, coverage: Option<CoverageFrom>) -> Result<Self, String> {
        let mut root = http::url(&settings.url)?;
        let host = root.host_str().unwrap_or("").to_owned();
        if settings.login.is_some() && root.scheme() != "https" && !http::is_loopback(&root) {
            return Err("a password is only sent over https".to_owned());
        }
        root.set_query(None);
        root.set_fragment(None);
        if let Ok(mut path) = root.path_segments_mut() {
            path.pop_if_empty();
            if settings.login.is_some() {
                path.push("a");
            }
        }
        let patience =
            Patience { timeout: settings.timeout, tries: settings.tries, backoff: settings.backoff };
        let http = Http::new(&root, settings.login, patience, LIMIT)?;
        let coverage = coverage.map(|from| Coverage::new(from, patience)).transpose()?;
        Ok(Self { http, root, host, coverage, diffs: Mutex::default() })
    }

    /// Everything about one change.
    ///
    /// # Errors
    /// What the question for the change itself met; a side question leaves its own piece unknown instead.
    pub async fn look_up(&self, number: ChangeNumber) -> Result<Box<Facts>, Fault> {
        let options = [("o", "CURRENT_REVISION"), ("o", "CURRENT_COMMIT"), ("o", "CURRENT_FILES")];
        let path = format!("changes/{number}/detail");
        let change = json::change(&self.ask(&path, &options).await?)?;
        if change.number != number {
            return Err(Fault::Malformed { why: format!("asked for {number}, got {}", change.number) });
        }
        let (chain, siblings, needs, included_in, coverage, diff) = tokio::join!(
            self.chain(&change),
            self.siblings(&change),
            self.needs(&change),
            self.own_branches(&change),
            self.coverage(&change),
            self.diff(&change),
        );
        Ok(Box::new(Facts {
            change,
            chain: fact(chain),
            siblings: fact(siblings),
            needs: needs.unwrap_or_else(|fault| Fact::Unknown(why(&fault))),
            included_in,
            coverage,
            diff: Some(fact(diff)),
        }))
    }

    /// The ancestors in review. The answer to `related` holds descendants too, so the parents are followed.
    async fn chain(&self, change: &Change) -> Result<Vec<Brief>, Fault> {
        let path = format!("changes/{}/revisions/current/related", change.number);
        let related = json::related(&self.ask(&path, &[]).await?)?;
        let by_commit: BTreeMap<&str, &json::Related> =
            related.iter().map(|entry| (entry.commit.as_str(), entry)).collect();
        let mut numbers = Vec::new();
        let mut seen = BTreeSet::new();
        let mut open: VecDeque<&str> = change.parents.iter().map(String::as_str).collect();
        while let Some(commit) = open.pop_front() {
            let Some(entry) = by_commit.get(commit).filter(|_| seen.insert(commit)) else { continue };
            numbers
                .extend(entry.number.filter(|number| *number != change.number && !numbers.contains(number)));
            open.extend(entry.parents.iter().map(String::as_str));
        }
        let mut briefs = BTreeMap::new();
        for batch in numbers.chunks(BATCH) {
            let query: Vec<String> = batch.iter().map(|number| format!("change:{number}")).collect();
            let found = self.query(&query.join(" OR ")).await?;
            briefs.extend(found.into_iter().map(|found| (found.brief.number, found.brief)));
        }
        let hidden =
            |number| Fault::Unreachable { why: format!("the parent change {number} is hidden from us") };
        numbers.iter().map(|number| briefs.remove(number).ok_or_else(|| hidden(*number))).collect()
    }

    /// The same change on other branches of its repository.
    async fn siblings(&self, change: &Change) -> Result<Vec<Brief>, Fault> {
        let found = self.named(&Named::Id(change.change_id.clone())).await?;
        let mut siblings: Vec<Brief> = found.into_iter().map(|found| found.brief).collect();
        siblings.retain(|brief| brief.project == change.project && brief.branch != change.branch);
        self.fill_branches(siblings.iter_mut()).await;
        Ok(siblings)
    }

    async fn needs(&self, change: &Change) -> Result<Fact<Vec<Need>>, Fault> {
        let mut walk = Walk::new(change.number, &change.message, Some(&self.host));
        while let Some(named) = walk.question() {
            let found = self.named(&named).await?;
            walk.answer(named, found);
        }
        let mut needs = walk.finish();
        if let Fact::Known(needs) = &mut needs {
            self.fill_branches(needs.iter_mut().flat_map(|need| &mut need.found)).await;
        }
        Ok(needs)
    }

    async fn own_branches(&self, change: &Change) -> Fact<Vec<String>> {
        match change.status {
            Status::Merged => fact(self.branches(change.number).await),
            Status::Open | Status::Abandoned => Fact::Known(Vec::new()),
        }
    }

    /// Asks where the merged ones of `briefs` are, each once. Once it does not answer, the others are not asked
    /// any more: each would be waited for again.
    async fn fill_branches(&self, briefs: impl Iterator<Item = &mut Brief>) {
        let mut known: BTreeMap<ChangeNumber, Fact<Vec<String>>> = BTreeMap::new();
        let mut failed: Option<Fault> = None;
        for brief in briefs.filter(|brief| brief.status == Status::Merged) {
            if let Some(branches) = known.get(&brief.number) {
                brief.included_in = branches.clone();
                continue;
            }
            let answer = match &failed {
                Some(fault) => Err(fault.clone()),
                None => self.branches(brief.number).await,
            };
            if let Err(fault @ Fault::Unreachable { .. }) = &answer {
                failed = Some(fault.clone());
            }
            brief.included_in = fact(answer);
            known.insert(brief.number, brief.included_in.clone());
        }
    }

    async fn coverage(&self, change: &Change) -> Option<Fact<Vec<Covered>>> {
        match &self.coverage {
            Some(coverage) => Some(coverage.of(&change.files).await),
            None => None,
        }
    }

    /// What is kept of the diff of the current patch set. A commit does not change, so it is asked for once.
    async fn diff(&self, change: &Change) -> Result<Diff, Fault> {
        if change.parents.len() > 1 {
            return Err(Fault::Malformed { why: "a merge has no diff of its own".to_owned() });
        }
        if let Some(diff) = self.read_diffs().get(&change.revision) {
            return Ok(diff.clone());
        }
        let path = format!("changes/{}/revisions/{}/patch", change.number, change.revision);
        let diff = match diff::wanted(change) {
            Wanted::Whole => diff::read(&self.patch(&path, &[]).await?),
            Wanted::Files(files, left_out) => {
                let mut patches = String::new();
                for file in &files {
                    patches.push_str(&self.patch(&path, &[("path", file)]).await?);
                    patches.push('\n');
                }
                let mut diff = diff::read(&patches);
                diff.skipped.extend(left_out);
                diff
            }
        };
        let mut read = self.read_diffs();
        if read.len() >= MOST_DIFFS {
            read.clear();
        }
        read.insert(change.revision.clone(), diff.clone());
        Ok(diff)
    }

    fn read_diffs(&self) -> MutexGuard<'_, BTreeMap<String, Diff>> {
        // What is in it is whole at every moment, so a panic elsewhere has not spoilt it.
        self.diffs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A patch, which Gerrit gives as a text in base64.
    async fn patch(&self, path: &str, options: &[(&str, &str)]) -> Result<String, Fault> {
        let body = self.http.get(&self.url(path, options)).await?;
        let bytes: Vec<u8> = body.bytes.into_iter().filter(|byte| !byte.is_ascii_whitespace()).collect();
        let patch = BASE64_STANDARD.decode(bytes).map_err(|_| {
            let kind = http::media(&body.kind);
            Fault::Unreachable { why: format!("answers with something that is no patch ({kind})") }
        })?;
        Ok(String::from_utf8_lossy(&patch).into_owned())
    }

    async fn branches(&self, number: ChangeNumber) -> Result<Vec<String>, Fault> {
        json::included_in(&self.ask(&format!("changes/{number}/in"), &[]).await?)
    }

    async fn named(&self, named: &Named) -> Result<Vec<Found>, Fault> {
        match named {
            Named::Id(id) => self.query(&format!("change:{id}")).await,
            Named::Number(number) => self.query(&format!("change:{number}")).await,
        }
    }

    async fn query(&self, query: &str) -> Result<Vec<Found>, Fault> {
        let options = [("q", query), ("n", MOST_FOUND), ("o", "CURRENT_REVISION"), ("o", "CURRENT_COMMIT")];
        let mut found = json::found_list(&self.ask("changes/", &options).await?)?;
        // Gerrit gives the last touched first, which would be another answer after every comment.
        found.sort_by_key(|found| found.brief.number);
        Ok(found)
    }

    fn url(&self, path: &str, options: &[(&str, &str)]) -> Url {
        let mut url = self.root.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path.split('/'));
        }
        if !options.is_empty() {
            url.query_pairs_mut().extend_pairs(options);
        }
        url
    }

    async fn ask(&self, path: &str, options: &[(&str, &str)]) -> Result<Value, Fault> {
        let body = self.http.get(&self.url(path, options)).await?;
        if http::is_page(&body.kind) {
            let kind = http::media(&body.kind);
            let why = format!("answers with a web page instead of JSON ({kind}): is the url right?");
            return Err(Fault::Unreachable { why });
        }
        json::parse(&body.bytes).map_err(|what| Fault::Unreachable { why: format!("answers with {what}") })
    }
}
