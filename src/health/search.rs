//! OpenSearch and Elasticsearch: how many lines of a log match, and which messages stand in most of them.

use std::time::Duration;

use reqwest::Url;
use serde_json::{Value, json};

use super::client::{Asker, seconds};
use crate::config::{self, Way};
use crate::engine::Measured;

/// So many messages are asked for.
const TOP: usize = 5;
/// No more of a message is kept, in characters.
const MESSAGE: usize = 300;

/// A server and what it is asked.
#[derive(Debug)]
pub(super) struct Search {
    asker: Asker,
    url: Url,
    question: String,
    within: Duration,
}

impl Search {
    /// Makes it ready.
    ///
    /// # Errors
    /// Words for a person.
    pub(super) fn new(search: &config::Search, way: &Way) -> Result<Self, String> {
        let root = &search.url;
        let mut url = Url::parse(root).map_err(|error| format!("{root}: {error}"))?;
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push(&search.index).push("_search");
        }
        // An index that is not there has no errors, which is not what it means.
        url.query_pairs_mut().append_pair("allow_no_indices", "false");
        let since = format!("now-{}s", search.within.as_secs());
        let question = json!({
            "size": 0,
            "track_total_hits": true,
            "timeout": format!("{}ms", way.timeout.as_millis()),
            "query": { "bool": { "filter": [
                { "query_string": { "query": search.query } },
                { "range": { &search.time_field: { "gte": since } } },
            ] } },
            "aggs": { "top": { "terms": { "field": search.message_field, "size": TOP } } },
        });
        let asker = Asker::new(&url, None, way)?;
        Ok(Self { asker, url, question: question.to_string(), within: search.within })
    }

    /// Asks it.
    pub(super) async fn measure(&self) -> Result<Measured, String> {
        let answer = self.asker.post(&self.url, self.question.clone()).await;
        let answer = answer.map_err(|trouble| format!("cannot reach the log search: {}", trouble.why()))?;
        let json: Option<Value> = serde_json::from_slice(&answer.body).ok();
        let Some(json) = json.filter(Value::is_object) else {
            return Err(format!("the log search answers {} and no JSON", answer.status));
        };
        if !answer.status.is_success() {
            let reason = ["/error/root_cause/0/reason", "/error/reason", "/error"];
            let reason = reason.iter().find_map(|place| json.pointer(place)?.as_str());
            return Err(format!(
                "the log search answers {}: {}",
                answer.status,
                reason.unwrap_or("no reason")
            ));
        }
        let count = count(&json)?;
        let words = match count {
            1 => format!("1 line in {}", seconds(self.within)),
            count => format!("{count} lines in {}", seconds(self.within)),
        };
        Ok(Measured { value: Some(count as f64), good: None, words, top: top(&json) })
    }
}

/// How many lines there are. Where not all of them were counted, nobody knows.
fn count(json: &Value) -> Result<u64, String> {
    if json["timed_out"] != false {
        return Err("the log search did not get through all lines in time".to_owned());
    }
    let (total, failed) = (json["_shards"]["total"].as_u64(), json["_shards"]["failed"].as_u64());
    match (total, failed) {
        (Some(0) | None, _) | (_, None) => return Err("the log search has no index to look into".to_owned()),
        (Some(total), Some(failed @ 1..)) => {
            return Err(format!("{failed} of {total} parts of the log could not be searched"));
        }
        (Some(_), Some(0)) => {}
    }
    let hits = &json["hits"]["total"];
    // Before its seventh version it gave the number alone.
    let count = hits["value"].as_u64().filter(|_| hits["relation"] == "eq").or_else(|| hits.as_u64());
    count.ok_or_else(|| "the log search answers without a count".to_owned())
}

/// The messages that stand in most lines, each with their number.
fn top(json: &Value) -> Vec<String> {
    let buckets = json["aggregations"]["top"]["buckets"].as_array().map(Vec::as_slice).unwrap_or_default();
    let told = |bucket: &Value| {
        let (message, count) = (bucket["key"].as_str()?, bucket["doc_count"].as_u64()?);
        let message: String = message.chars().take(MESSAGE).collect();
        Some(format!("{count}x {message:?}"))
    };
    buckets.iter().take(TOP).filter_map(told).collect()
}
