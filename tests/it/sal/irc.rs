//! Logs of channels, as clients write them.

use chrono_tz::Tz;
use swatbot::sal::{self, Format, Read, Source};

use super::{refused, said, source};

fn log(text: &str, name: &str) -> Read {
    super::read(text, Format::Irc, name)
}

#[test]
fn each_client_writes_the_same_line_in_its_own_form() {
    let expected = ["2015-01-02T14:05:00 alice: restarting apache"];
    let with_seconds = ["2015-01-02T14:05:33 alice: restarting apache"];
    for (text, name) in [
        ("--- Log opened Fri Jan 02 00:00:00 2015\n14:05 < alice> !log restarting apache", "#ops.log"),
        ("--- Day changed Fri Jan 02 2015\n14:05 <@alice> !log restarting apache\r\n", "#ops.log"),
        ("[00:00] --- Fri Jan  2 2015\n[14:05] <alice> !log restarting apache", "ops.log"),
        ("[14:05] <+alice> !LOG  restarting apache ", "#ops_20150102.log"),
        ("--- Day changed Fri Jan 02 2015\n02:05 PM <alice> !log restarting apache", "#ops.log"),
    ] {
        assert_eq!(said(&log(text, name)), expected, "{text}");
    }
    for (text, name) in [
        ("2015-01-02 14:05:33\t@alice\t!log restarting apache", "irc.libera.#ops.weechatlog"),
        ("[14:05:33] <alice> !log restarting apache", "2015-01-02.log"),
        ("[2015-01-02 14:05:33] <alice> !log restarting apache", "ops"),
        ("2015-01-02T14:05:33  <alice> !log restarting apache", "#ops.log"),
        ("2015-01-02T15:05:33+01:00 <alice> !log restarting apache", "#ops.log"),
        ("[2:05:33 pm] <alice> !log restarting apache", "#ops_20150102.log"),
        (
            "**** BEGIN LOGGING AT Fri Jan  2 14:00:00 2015\nJan 02 14:05:33 <alice>\t!log restarting apache",
            "ops",
        ),
    ] {
        assert_eq!(said(&log(text, name)), with_seconds, "{text}");
    }
}

#[test]
fn only_what_was_logged_is_read() {
    let read = log(
        "[14:05:33] <alice> hello !log no\n[14:05:34] * alice !log no\n[14:05:35] <alice> !logs no\n\
         [14:05:36] <alice> !log\n[14:05:37] <alice> !log help\n[14:05:38] *** bob joined\n[14:05:39] <bob> !log yes\n\
         2015-01-02 14:05:40\t--\t!log no\n",
        "#ops_20150102.log",
    );
    assert_eq!(said(&read), ["2015-01-02T14:05:39 bob: yes"]);
    assert_eq!(read.bad_count, 0);
    assert_eq!(read.entries[0].channel.as_deref(), Some("#ops"));
}

#[test]
fn a_relay_names_who_did_it_and_colours_go() {
    let read = log(
        "[14:05:33] <logmsgbot> !log alice@deploy1001 Started \u{3}04scap\u{3}\n\
         [14:05:34] <mallory> !log alice@deploy1001 Started scap\n",
        "#ops_20150102.log",
    );
    assert_eq!(
        said(&read),
        [
            "2015-01-02T14:05:33 alice@deploy1001: Started scap",
            "2015-01-02T14:05:34 mallory: alice@deploy1001 Started scap",
        ]
    );
    let words = "<logmsgbot> !log alice@deploy1001 Started \u{3}04scap\u{3}";
    assert_eq!(read.entries[0].words.as_deref(), Some(words));
}

#[test]
fn the_clock_of_the_log_has_a_zone() {
    let read = |text: &str| {
        let source = Source { zone: Tz::Europe__Berlin, ..source("#ops.log") };
        sal::read(text.as_bytes(), Format::Irc, &source)
    };
    let summer = read("[2015-07-02 14:05:33] <alice> !log x");
    assert_eq!(said(&summer), ["2015-07-02T12:05:33 alice: x"]);
    // Once the hour comes twice, and once it does not come.
    let twice = read("[2015-10-25 02:30:00] <alice> !log x");
    assert_eq!(said(&twice), ["2015-10-25T00:30:00 alice: x"]);
    let never = read("[2015-03-29 02:30:00] <alice> !log x");
    assert_eq!(refused(&never), ["1: a time that its zone never had"]);
}

#[test]
fn days_follow_each_other_and_where_there_is_none_the_line_is_named() {
    let read = log(
        "14:05 <alice> !log no day\n--- Day changed Thu Dec 31 2015\n14:05 <alice> !log one\n25:05 <alice> !log no time\n\
         25:06 <alice> chat\n--- Day changed Fri Jan 01 2016\n00:05 <alice> !log two\n--- Log closed\n00:06 <alice> !log three\n",
        "#ops.log",
    );
    assert_eq!(
        said(&read),
        [
            "2015-12-31T14:05:00 alice: one",
            "2016-01-01T00:05:00 alice: two",
            "2016-01-01T00:06:00 alice: three"
        ]
    );
    assert_eq!(refused(&read), ["1: no day", "4: no time of day"]);
    // December is followed by January of the next year.
    let read = log(
        "**** BEGIN LOGGING AT Thu Dec 31 14:00:00 2015\nDec 31 23:59:00 <alice>\t!log one\nJan 01 00:01:00 <alice>\t!log two\n",
        "ops",
    );
    assert_eq!(said(&read), ["2015-12-31T23:59:00 alice: one", "2016-01-01T00:01:00 alice: two"]);
}
