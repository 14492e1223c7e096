//! A real Prometheus, which scrapes a page of metrics of the test's own.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use swatbot::engine::Measured;
use tempfile::TempDir;

use super::{HERE, check, measure};
use crate::fake_host::{Answer, FakeHost};

const LONG: Duration = Duration::from_secs(60);

/// A Prometheus that looks at one host every second. Dropped, it is gone.
struct Prometheus {
    child: Child,
    url: String,
    _folder: TempDir,
}

impl Prometheus {
    /// It, or a loud word that it is not installed.
    fn start(scraped: &FakeHost) -> Option<Self> {
        let path = std::env::var("PATH").unwrap_or_default();
        if !path.split(':').any(|dir| Path::new(dir).join("prometheus").exists()) {
            let why = "prometheus is not installed";
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{why}");
            crate::review::skipped(why);
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        // A port that was free a moment ago, on an address that nobody else has.
        let place = FakeHost::start();
        let address = place.url().replace("http://", "");
        drop(place);
        let target = scraped.url().replace("http://", "");
        let config = folder.path().join("prometheus.yml");
        let text = format!(
            "global: {{scrape_interval: 1s, scrape_timeout: 1s}}\n\
             scrape_configs: [{{job_name: canary, static_configs: [{{targets: [\"{target}\"]}}]}}]\n"
        );
        fs::write(&config, text).unwrap();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--log.level=error")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        Some(Self { child, url: format!("http://{address}"), _folder: folder })
    }

    /// One sample of a query.
    fn ask(&self, query: &str) -> Result<Measured, String> {
        let source =
            format!("kind = \"prometheus\"\nurl = \"{}\"\nquery = {query:?}\nat_most = 5\n{HERE}", self.url);
        measure(&check(&format!("{source}\nevery = \"1s\"\nstale = \"10s\"")))
    }

    /// Asks until this is the answer; what it says meanwhile is only what it may say.
    fn until(&self, query: &str, wanted: &Result<Option<f64>, &str>) {
        let began = Instant::now();
        loop {
            let found = self.ask(query);
            let found = found.as_ref().map(|found| found.value).map_err(String::as_str);
            if found == *wanted {
                return;
            }
            assert!(began.elapsed() < LONG, "{query}: {found:?} and never {wanted:?}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn stop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn metrics(host: &FakeHost, errors: f64) {
    host.page(
        "/metrics",
        &format!("errors{{server=\"mw1\"}} {errors}\nerrors{{server=\"mw2\"}} 1\nnone NaN\n"),
    );
}

#[test]
fn a_real_one_gives_a_figure_or_nobody_knows() {
    let host = FakeHost::start();
    metrics(&host, 2.5);
    let Some(mut prometheus) = Prometheus::start(&host) else { return };
    prometheus.until("sum(errors)", &Ok(Some(3.5)));
    let found = prometheus.ask("sum(errors)").unwrap();
    assert_eq!((found.good, found.words.as_str()), (None, "3.5"));
    assert_eq!(prometheus.ask("scalar(sum(errors)) * 100").unwrap().words, "350");
    assert_eq!(prometheus.ask("vector(0.0004)").unwrap().words, "4.0e-4");
    assert_eq!(prometheus.ask("vector(0)").unwrap().words, "0");
    for (query, why) in [
        ("errors", "the query gives 2 figures instead of one: put sum() or max() around it"),
        ("none", "the query gives NaN, which is no figure"),
        ("vector(1) / 0", "the query gives +Inf, which is no figure"),
        ("nothing_like_it", "Prometheus has no data for the query, or only old data"),
        ("errors[1m]", "the query gives a matrix instead of a figure"),
        ("\"text\"", "the query gives a string instead of a figure"),
    ] {
        assert_eq!(prometheus.ask(query).unwrap_err(), why, "{query}");
    }
    let why = prometheus.ask("sum(").unwrap_err();
    assert!(why.starts_with("Prometheus refuses the query: invalid parameter"), "{why}");
    metrics(&host, 30.0);
    prometheus.until("sum(errors)", &Ok(Some(31.0)));
    // What it cannot look at any more is not what it saw last.
    host.answer("/metrics", Answer::Drop);
    prometheus.until("sum(errors)", &Err("Prometheus has no data for the query, or only old data"));
    prometheus.stop();
    assert_eq!(prometheus.ask("sum(errors)").unwrap_err(), "cannot reach Prometheus: refuses connections");
}

#[test]
fn what_stands_in_its_place_is_not_believed() {
    let host = FakeHost::start();
    let ask = || {
        let source = format!(
            "kind = \"prometheus\"\nurl = \"{}/ops\"\nquery = \"up\"\nat_most = 5\n{HERE}",
            host.url()
        );
        measure(&check(&format!("{source}\ntimeout = \"1s\""))).map(|found| found.value)
    };
    let path = "/ops/api/v1/query";
    for (status, body, why) in [
        (502, "<html>", "Prometheus answers 502 Bad Gateway and no JSON of its own"),
        (200, "{}", "Prometheus answers 200 OK and no JSON of its own"),
        (
            200,
            r#"{"status":"success","data":{"resultType":"vector","result":[{}]}}"#,
            "Prometheus answers without a figure",
        ),
        (
            200,
            r#"{"status":"success","warnings":["1 store away"],"data":{"resultType":"scalar","result":[1,"5"]}}"#,
            "Prometheus warns: 1 store away",
        ),
        (
            200,
            r#"{"status":"success","data":{"resultType":"scalar","result":[1,"five"]}}"#,
            "Prometheus answers with something that is no figure",
        ),
    ] {
        host.answer(path, Answer::Page(status, body.to_owned()));
        assert_eq!(ask(), Err(why.to_owned()), "{body}");
    }
    host.answer(path, Answer::Hang);
    assert_eq!(ask(), Err("cannot reach Prometheus: no whole answer within 1 s".to_owned()));
    host.page(path, r#"{"status":"success","data":{"resultType":"scalar","result":[1,"5"]}}"#);
    assert_eq!(ask(), Ok(Some(5.0)));
    let request = host.requests().pop().unwrap();
    assert!(
        request.starts_with("GET /ops/api/v1/query?query=up&timeout=1000ms&lookback_delta=30s "),
        "{request}"
    );
}
