//! Lines of a log that match: all of them counted, the messages that stand in most of them shown.

use super::{HERE, check, measure};
use crate::fake_host::{Answer, Document, FakeHost};

const TYPO: &str = "Call to undefined function arrray()";

fn searched(host: &FakeHost) -> String {
    format!(
        "kind = \"opensearch\"\nurl = \"{}\"\nindex = \"logstash-1\"\n{HERE}\n\
         query = \"level:ERROR AND host:mw126*\"\nat_most = 10",
        host.url()
    )
}

#[test]
fn the_lines_of_the_last_minute_are_counted_with_their_messages() {
    let host = FakeHost::start();
    host.set_time(1000);
    host.log("logstash-1", [Document::error(900, "mw1261", TYPO), Document::error(999, "db1", TYPO)]);
    let checks = check(&searched(&host));
    let found = measure(&checks).unwrap();
    assert_eq!((found.value, found.words.as_str(), found.top.len()), (Some(0.0), "0 lines in 60 s", 0));
    host.log("logstash-1", (0..12_000).map(|_| Document::error(990, "mw1263", TYPO)));
    let odd = "\u{202E}odd\n\"thing\"";
    host.log("logstash-1", (0..6).map(|kind| Document::error(991, "mw1262", &format!("{odd} {kind}"))));
    let found = measure(&checks).unwrap();
    assert_eq!(
        (found.value, found.words.as_str()),
        (Some(12_006.0), "12006 lines in 60 s"),
        "not only 10,000"
    );
    assert_eq!(found.top[0], format!("12000x {TYPO:?}"));
    assert_eq!((found.top.len(), found.top[1].as_str()), (5, r#"1x "\u{202e}odd\n\"thing\" 0""#));
    // Time passes, and they are old.
    host.set_time(1060);
    assert_eq!(measure(&checks).unwrap().value, Some(0.0));
}

#[test]
fn what_was_not_searched_whole_is_unknown() {
    let host = FakeHost::start();
    let checks = check(&searched(&host));
    let says = |words: &str| assert_eq!(measure(&checks).unwrap_err(), words);
    says("the log search answers 404 Not Found: no such index [logstash-1]");
    host.log("logstash-1", []);
    assert_eq!(measure(&checks).unwrap().value, Some(0.0));
    host.half_broken(2, false);
    says("2 of 5 parts of the log could not be searched");
    host.half_broken(0, true);
    says("the log search did not get through all lines in time");
    host.half_broken(0, false);
    let path = "/logstash-1/_search";
    host.answer(path, Answer::Page(503, "<html>".to_owned()));
    says("the log search answers 503 Service Unavailable and no JSON");
    host.answer(path, Answer::Page(200, "{}".to_owned()));
    says("the log search did not get through all lines in time");
    let empty = r#"{"timed_out":false,"_shards":{"total":0,"failed":0},"hits":{"total":{"value":0,"relation":"eq"}}}"#;
    host.answer(path, Answer::Page(200, empty.to_owned()));
    says("the log search has no index to look into");
    let part = r#"{"timed_out":false,"_shards":{"total":1,"failed":0},"hits":{"total":{"value":10000,"relation":"gte"}}}"#;
    host.answer(path, Answer::Page(200, part.to_owned()));
    says("the log search answers without a count");
    // As Elasticsearch said it before its seventh version.
    let old = r#"{"timed_out":false,"_shards":{"total":1,"failed":0},"hits":{"total":7}}"#;
    host.answer(path, Answer::Page(200, old.to_owned()));
    assert_eq!(measure(&checks).unwrap().words, "7 lines in 60 s");
    let wrong = check(
        &searched(&host).replace("level:ERROR AND host:mw126*", "level:(ERROR").replace("logstash-1", "l2"),
    );
    host.log("l2", []);
    assert_eq!(
        measure(&wrong).unwrap_err(),
        "the log search answers 400 Bad Request: Failed to parse query [level:(ERROR]"
    );
    drop(host);
    says("cannot reach the log search: refuses connections");
}
