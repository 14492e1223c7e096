//! The search over the log of a fake host, as OpenSearch and Elasticsearch answer it: so much of it as is asked.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Answer, Model};

/// Without `track_total_hits` no more than these are counted.
const COUNTED: usize = 10_000;

/// A line of a log.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    /// When it was written, in seconds.
    pub(crate) at: i64,
    /// Its fields.
    pub(crate) fields: BTreeMap<&'static str, String>,
}

impl Document {
    /// An error of a host.
    pub(crate) fn error(at: i64, host: &str, message: &str) -> Self {
        let fields = [("level", "ERROR"), ("host", host), ("message.keyword", message)];
        Self { at, fields: fields.map(|(name, value)| (name, value.to_owned())).into() }
    }

    /// Whether a query of `field:value` and `AND` finds it.
    fn matches(&self, query: &str) -> bool {
        query.split(" AND ").all(|term| {
            let (field, value) = term.split_once(':').expect("terms have fields");
            let found = self.fields.get(field).map_or("", String::as_str);
            value.strip_suffix('*').map_or(found == value, |start| found.starts_with(start))
        })
    }
}

pub(super) fn answer(model: &Model, index: &str, body: &str) -> Answer {
    let Some(log) = model.log.get(index) else {
        let reason = format!("no such index [{index}]");
        let error = json!({ "error": { "root_cause": [{ "reason": reason }] }, "status": 404 });
        return Answer::Page(404, error.to_string());
    };
    let question: Value = serde_json::from_str(body).expect("a question is JSON");
    let filter = question["query"]["bool"]["filter"].as_array().expect("it filters");
    let mut found: Vec<&Document> = log.iter().collect();
    for one in filter {
        if let Some(query) = one["query_string"]["query"].as_str() {
            if query.contains('(') {
                let error = json!({ "error": { "root_cause": [{ "reason": format!("Failed to parse query [{query}]") }] } });
                return Answer::Page(400, error.to_string());
            }
            found.retain(|document| document.matches(query));
        } else {
            let since = one["range"]["@timestamp"]["gte"].as_str().expect("a range of time");
            let seconds = since.strip_prefix("now-").and_then(|since| since.strip_suffix('s'));
            let seconds: i64 = seconds.expect("a span").parse().expect("a number");
            found.retain(|document| document.at >= model.now - seconds && document.at <= model.now);
        }
    }
    let is_whole = question["track_total_hits"] == true || found.len() <= COUNTED;
    let (count, relation) = if is_whole { (found.len(), "eq") } else { (COUNTED, "gte") };
    let terms = &question["aggs"]["top"]["terms"];
    let field = terms["field"].as_str().expect("a field");
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for document in &found {
        if let Some(value) = document.fields.get(field) {
            *counts.entry(value).or_default() += 1;
        }
    }
    let mut buckets: Vec<(&str, u64)> = counts.into_iter().collect();
    buckets.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let size = terms["size"].as_u64().and_then(|size| usize::try_from(size).ok()).expect("a size");
    buckets.truncate(size);
    let buckets: Vec<Value> =
        buckets.iter().map(|(key, count)| json!({ "key": key, "doc_count": count })).collect();
    let failed = model.failed_shards;
    Answer::Page(
        200,
        json!({
            "took": 3,
            "timed_out": model.timed_out,
            "_shards": { "total": 5, "successful": 5 - failed, "skipped": 0, "failed": failed },
            "hits": { "total": { "value": count, "relation": relation }, "max_score": null, "hits": [] },
            "aggregations": { "top": { "buckets": buckets } },
        })
        .to_string(),
    )
}
