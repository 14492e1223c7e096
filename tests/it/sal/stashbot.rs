//! Documents of stashbot, in the shapes in which they leave Elasticsearch.

use swatbot::sal::{Format, Read};

use super::{refused, said};

const ONE: &str = r##"{"message":"first, \"quoted\"","@timestamp":"2015-01-02T14:05:33.250Z","type":"sal","user":"a@b","channel":"#ops","nick":"alice","server":"libera","host":"b","project":"production"}"##;
const TWO: &str =
    r#"{"message":"second","@timestamp":"2015-01-02T14:05:33.251999","type":"sal","nick":"bob"}"#;

fn read(text: &str) -> Read {
    super::read(text, Format::Stashbot, "sal.json")
}

#[test]
fn each_shape_holds_the_same_entries() {
    let both = ["2015-01-02T14:05:33.250 alice: first, \"quoted\"", "2015-01-02T14:05:33.251 bob: second"];
    let pretty: serde_json::Value = serde_json::from_str(&format!("[{ONE},{TWO}]")).unwrap();
    for shape in [
        format!("{ONE}\n{TWO}\n"),
        format!("{TWO}\r\n\r\n{ONE}"),
        format!("{{\"index\":{{\"_index\":\"sal\",\"_id\":\"1\"}}}}\n{ONE}\n{{\"create\":{{}}}}\n{TWO}\n"),
        format!("{{\"_index\":\"sal\",\"_id\":\"1\",\"_source\":{ONE}}}\n{{\"_source\":{TWO}}}\n"),
        format!("[{ONE},{TWO}]"),
        serde_json::to_string_pretty(&pretty).unwrap(),
        format!(
            "{{\"took\":1,\"hits\":{{\"total\":2,\"hits\":[{{\"_source\":{ONE}}},{{\"_source\":{TWO}}}]}}}}"
        ),
        format!(
            "{{\n\"hits\":{{\"hits\":[\n{{\"_id\":\"1\",\"_source\":{ONE}}},\n{{\"_source\":{TWO}}}]}}}}"
        ),
    ] {
        let read = read(&shape);
        assert_eq!(said(&read), both, "{shape}");
        assert_eq!(read.bad_count, 0, "{shape}");
        let first = &read.entries[0];
        assert_eq!((first.channel.as_deref(), first.project.as_deref()), (Some("#ops"), Some("production")));
        assert_eq!(first.words, None);
    }
}

#[test]
fn what_is_no_entry_of_the_log_is_passed_over_and_what_cannot_be_read_is_named() {
    let chat = ONE.replace("\"sal\"", "\"irc\"");
    let early = TWO.replace("2015", "1815");
    let no_day = TWO.replace("2015-01-02", "2015-02-30");
    let read = read(&format!(
        "{chat}\n{TWO}\n{{\"message\":\n{{\"type\":\"sal\"}}\n{early}\n{no_day}\n{}\nnonsense\n",
        TWO.replace("second", " ")
    ));
    assert_eq!(said(&read), ["2015-01-02T14:05:33.251 bob: second"]);
    assert_eq!(read.bad_count, 6);
    assert_eq!(
        refused(&read),
        [
            "3: not a document with message and @timestamp",
            "4: not a document with message and @timestamp",
            "5: before 1988 or in the future",
            "6: no time of day",
            "7: nothing said",
        ]
    );
}

#[test]
fn milliseconds_and_offsets_are_times_too() {
    let read = read(
        "{\"message\":\"x\",\"@timestamp\":1420207533250}\n{\"message\":\"y\",\"@timestamp\":\"2015-01-02T15:05:33+01:00\"}",
    );
    assert_eq!(said(&read), ["2015-01-02T14:05:33 : y", "2015-01-02T14:05:33.250 : x"]);
}
