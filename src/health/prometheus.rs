//! Prometheus: a query that gives one figure. Everything else it may give is unknown.

use std::time::Duration;

use reqwest::Url;
use serde_json::Value;

use super::client::Asker;
use crate::config::Way;
use crate::engine::Measured;

/// A server and what it is asked.
#[derive(Debug)]
pub(super) struct Prometheus {
    asker: Asker,
    url: Url,
}

impl Prometheus {
    /// Makes it ready. What was scraped longer than `stale` ago does not count.
    ///
    /// # Errors
    /// Words for a person.
    pub(super) fn new(root: &str, query: &str, stale: Duration, way: &Way) -> Result<Self, String> {
        let mut url =
            Url::parse(&format!("{root}/api/v1/query")).map_err(|error| format!("{root}: {error}"))?;
        url.query_pairs_mut()
            .append_pair("query", query)
            .append_pair("timeout", &format!("{}ms", way.timeout.as_millis()))
            .append_pair("lookback_delta", &format!("{}s", stale.as_secs()));
        Ok(Self { asker: Asker::new(&url, None, way)?, url })
    }

    /// Asks it.
    pub(super) async fn measure(&self) -> Result<Measured, String> {
        let answer = self.asker.get(&self.url).await;
        let answer = answer.map_err(|trouble| format!("cannot reach Prometheus: {}", trouble.why()))?;
        let json: Option<Value> = serde_json::from_slice(&answer.body).ok();
        let Some(json) = json.filter(|json| json["status"].is_string()) else {
            return Err(format!("Prometheus answers {} and no JSON of its own", answer.status));
        };
        let value = figure(&json)?;
        Ok(Measured { value: Some(value), good: None, words: said(value), top: Vec::new() })
    }
}

/// The one figure of an answer.
fn figure(json: &Value) -> Result<f64, String> {
    if json["status"] != "success" {
        return Err(format!(
            "Prometheus refuses the query: {}",
            json["error"].as_str().unwrap_or("no reason")
        ));
    }
    // What answers in the place of several servers warns when it has not heard all of them.
    if let Some(warning) = json["warnings"].as_array().and_then(|warnings| warnings.first()) {
        return Err(format!("Prometheus warns: {}", warning.as_str().unwrap_or("something is missing")));
    }
    let (kind, result) = (json["data"]["resultType"].as_str().unwrap_or_default(), &json["data"]["result"]);
    let sample = match (kind, result.as_array()) {
        ("scalar", Some(_)) => result,
        ("vector", Some(series)) => match series.as_slice() {
            [one] => &one["value"],
            [] => return Err("Prometheus has no data for the query, or only old data".to_owned()),
            several => {
                let count = several.len();
                return Err(format!(
                    "the query gives {count} figures instead of one: put sum() or max() around it"
                ));
            }
        },
        _ => return Err(format!("the query gives a {kind} instead of a figure")),
    };
    let text = sample[1].as_str().ok_or("Prometheus answers without a figure")?;
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(_) => Err(format!("the query gives {text}, which is no figure")),
        Err(_) => Err("Prometheus answers with something that is no figure".to_owned()),
    }
}

/// A figure with as many digits as say something.
fn said(value: f64) -> String {
    let size = value.abs();
    match size {
        _ if size == 0.0 || size >= 100.0 => format!("{value:.0}"),
        1.0.. => trimmed(format!("{value:.1}")),
        0.001.. => trimmed(format!("{value:.3}")),
        _ => format!("{value:.1e}"),
    }
}

fn trimmed(text: String) -> String {
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
