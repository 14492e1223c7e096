//! Logs of elsewhere: what of them is read, and what becomes of it here.

mod import;
mod irc;
mod stashbot;
mod wikitext;

use chrono_tz::Tz;
use swatbot::engine::id::At;
use swatbot::sal::{self, Format, Read, Source};

fn source(name: &str) -> Source {
    let now: At = "2026-11-23T12:00:00Z".parse().unwrap();
    Source { name: name.to_owned(), project: None, zone: Tz::UTC, now }
}

fn read(text: &str, format: Format, name: &str) -> Read {
    sal::read(text.as_bytes(), format, &source(name))
}

/// `TIME NICK: TEXT` of each entry.
fn said(read: &Read) -> Vec<String> {
    let entries = read.entries.iter();
    entries
        .map(|entry| format!("{} {}: {}", entry.at.format("%Y-%m-%dT%H:%M:%S%.f"), entry.nick, entry.text))
        .collect()
}

/// `LINE: WHY` of each line that could not be read.
fn refused(read: &Read) -> Vec<String> {
    read.bad.iter().map(|bad| format!("{}: {}", bad.line, bad.why)).collect()
}

#[test]
fn the_first_lines_tell_how_a_file_is_written() {
    for (text, format) in [
        ("{{SAL header}}\n\n== 2026-11-23 ==\n* 14:05 alice: x", Some(Format::Wikitext)),
        ("= 2005 =\n== January 5 ==", Some(Format::Wikitext)),
        ("\u{feff}* 14:05 alice: x", Some(Format::Wikitext)),
        ("{\"message\":\"x\"}", Some(Format::Stashbot)),
        ("{\n \"hits\": {}}", Some(Format::Stashbot)),
        ("[\n{\"message\":\"x\"}]", Some(Format::Stashbot)),
        ("[{\"message\":\"x\"}]", Some(Format::Stashbot)),
        ("--- Log opened Thu Jan 01 00:00:00 2015\n", Some(Format::Irc)),
        ("[14:05:33] <alice> hello", Some(Format::Irc)),
        ("2015-01-02 14:05:33\t@alice\thello", Some(Format::Irc)),
        ("Dear all,\n== not a page ==\n", None),
        ("", None),
    ] {
        assert_eq!(sal::detect(text.as_bytes()), format, "{text:?}");
    }
}

#[test]
fn whatever_a_file_holds_it_is_read_without_a_panic() {
    use proptest::prelude::*;
    // Pieces that mean something, in any order, beside any bytes.
    let piece = prop_oneof![
        any::<Vec<u8>>(),
        prop::sample::select(vec![
            "== 2026-11-23 ==\n",
            "== January 5 ==",
            "* ",
            "14:05",
            "2:05 pm",
            " alice: ",
            "[[",
            "]]",
            "{{",
            "}}",
            "|",
            "<nowiki>",
            "</nowiki>",
            "<!--",
            "-->",
            "''",
            "&#x110000;",
            "&amp;",
            "{{SAL entry|1=",
            "[",
            "]",
            "<",
            ">",
            "!log ",
            "\t",
            "\r\n",
            "2015-01-02",
            "T",
            "Jan  2 ",
            "--- Day changed ",
            "{\"message\":\"",
            "\",",
            "\"@timestamp\":\"2015-01-02T14:05:33Z\"}",
            "\u{3}04,",
            "é",
            "\u{202f}",
            "+99:99",
            ".999999999",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    let file = prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat());
    proptest!(ProptestConfig::with_cases(2000), |(bytes in file)| {
        sal::detect(&bytes);
        for format in [Format::Wikitext, Format::Stashbot, Format::Irc] {
            let source = source("#ops_2015-01-02.log");
            let read = sal::read(&bytes, format, &source);
            prop_assert!(read.entries.is_sorted_by_key(|entry| entry.at));
            let entries = read.entries.len();
            let keys: std::collections::BTreeSet<String> =
                sal::imports(read.entries, format, &source).map(|import| import.key).collect();
            prop_assert_eq!(keys.len(), entries);
        }
    });
}
