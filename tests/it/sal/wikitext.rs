//! Pages of a wiki, as people and bots have written them in twenty years.

use swatbot::sal::{Format, Read};

use super::{refused, said, source};

fn page(text: &str) -> Read {
    super::read(text, Format::Wikitext, "Server_Admin_Log.wiki")
}

#[test]
fn a_page_is_read_oldest_first() {
    let read = page(
        "{{SAL header}}\n__NOTOC__\n* [[a link]] of the head\n\n== 2026-11-22 ==\n* 23:59 bob: third\n* 14:05 bob: second\n\
         === Outage ===\n* 00:01 alice@deploy1001: first\n== 2026-11-21 ==\n* 14:05 carol: before\n\n[[Category:SAL]]\n",
    );
    assert_eq!(
        said(&read),
        [
            "2026-11-21T14:05:00 carol: before",
            "2026-11-22T00:01:00 alice@deploy1001: first",
            "2026-11-22T14:05:00 bob: second",
            "2026-11-22T23:59:00 bob: third",
        ]
    );
    assert_eq!(refused(&read), [""; 0]);
    assert_eq!((read.others, read.first_other), (4, Some((1, "{{SAL header}}".to_owned()))));
    assert_eq!(read.entries[0].line, 11);
    // What the row says already is not kept twice.
    assert!(read.entries.iter().all(|entry| entry.words.is_none() && !entry.latin1));
}

#[test]
fn markup_becomes_words_and_what_stood_there_is_kept() {
    for (stands, text) in [
        ("{{safesubst:SAL entry|1=14:05 alice: plain}}", "plain"),
        ("{{SAL entry|1=14:05 alice: a {{!}} b}}", "a | b"),
        ("14:05 alice: [[phab:T123|T123]] and [[T4]]", "T123 and T4"),
        ("14:05 alice: [[gerrit:900|Fix it (T1)]]", "Fix it (T1) (gerrit:900)"),
        ("14:05 alice: [https://example.org/a the page]", "the page (https://example.org/a)"),
        ("14:05 [[User:Alice|alice]]: {{gerrit|900}} {{bug|12}} {{phab|T7}}", "gerrit:900 bug 12 T7"),
        ("14:05 alice: <nowiki>{</nowiki>[[a]]<nowiki>''}</nowiki>", "{a''}"),
        ("14:05 alice: '''bold''' and ''not'' it's", "bold and not it's"),
        ("14:05 alice: 1 &lt; 2 &amp;&amp; &#123;&#x7d; &bogus;", "1 < 2 && {} &bogus;"),
        ("14:05 alice: <code>rm -rf</code> <blink>x<br>y<!-- z -->", "rm -rf <blink>x y"),
        ("14:05 alice: a {\u{80} b {{bug|12}} and { {{phab|T7}}", "a {\u{80} b bug 12 and { T7"),
        ("14:05 alice: {{unknown|[[x]]}} [0] {{ open [[ open", "{{unknown|[[x]]}} [0] {{ open [[ open"),
    ] {
        let read = page(&format!("== 2026-11-22 ==\n* {stands}\n"));
        assert_eq!(said(&read), [format!("2026-11-22T14:05:00 alice: {text}")], "{stands}");
        let words = (stands != format!("14:05 alice: {text}")).then(|| stands.to_owned());
        assert_eq!(read.entries[0].words, words);
    }
}

#[test]
fn days_and_times_are_read_in_all_their_forms() {
    let year = "= 2008 =\n";
    for (heading, day) in [
        ("== 2008-02-29 ==", "2008-02-29"),
        ("==2008/02/29==", "2008-02-29"),
        ("== February 29 ==", "2008-02-29"),
        ("=== 29 Feb ===", "2008-02-29"),
        ("== Friday, February 29th, 2008 ==", "2008-02-29"),
        ("== [[29 February 2008]] ==", "2008-02-29"),
    ] {
        for (written, time) in [
            ("14:05", "14:05:00"),
            ("2:05 pm", "14:05:00"),
            ("02:05PM", "14:05:00"),
            ("12:05 a.m.", "00:05:00"),
            ("12:05 pm", "12:05:00"),
            ("14:05:33", "14:05:33"),
            ("14:05 UTC", "14:05:00"),
            ("9:05", "09:05:00"),
        ] {
            let read = page(&format!("{year}{heading}\n* {written} - alice: x\n"));
            assert_eq!(said(&read), [format!("{day}T{time} alice: x")], "{heading} {written}");
        }
    }
    // The name of an archive says its year.
    let read =
        super::read("== June 1 ==\n* 14:05 Tim Starling: x", Format::Wikitext, "Server_admin_log_2005");
    assert_eq!(said(&read), ["2005-06-01T14:05:00 Tim Starling: x"]);
}

#[test]
fn who_is_not_always_named() {
    let read = page(
        "== 2026-11-22 ==\n* 14:05 apache restarted\n* 14:06 <bob> said: so\n* 14:07 https://example.org is down\n",
    );
    assert_eq!(
        said(&read),
        [
            "2026-11-22T14:05:00 : apache restarted",
            "2026-11-22T14:06:00 bob: said: so",
            "2026-11-22T14:07:00 : https://example.org is down",
        ]
    );
}

#[test]
fn lines_that_go_on_belong_to_the_entry_above() {
    let read =
        page("== 2026-11-22 ==\n* 14:05 alice: one\n** two [[x]]\n*: three\n\n** none\n* 14:04 bob: four\n");
    assert_eq!(said(&read), ["2026-11-22T14:04:00 bob: four", "2026-11-22T14:05:00 alice: one two x three"]);
    assert_eq!(read.entries[1].words.as_deref(), Some("14:05 alice: one\n** two [[x]]\n*: three"));
    assert_eq!(read.bad_count, 0);
}

#[test]
fn lines_that_cannot_be_read_are_named_and_keep_nothing_back() {
    let long = "x".repeat(1 << 20);
    let read = page(&format!(
        "* 14:05 alice: above\n== 2026-02-30 ==\n* 14:05 alice: no day\n== March 4 ==\n* 14:05 alice: no year\n\
         == 1815-06-18 ==\n* 14:05 arthur: early\n== 2099-01-01 ==\n* 14:05 zed: late\n== 2026-11-22 ==\n\
         * 25:05 alice: no time\n* no time\n* 14:05 alice:\n* 14:05 alice: {long}\n* 14:06 bob: good\n"
    ));
    assert_eq!(said(&read), ["2026-11-22T14:06:00 bob: good"]);
    assert_eq!(read.bad_count, 9);
    assert_eq!(
        refused(&read),
        [
            "1: no day",
            "3: no day",
            "5: a day without a year",
            "7: before 1988 or in the future",
            "9: before 1988 or in the future",
        ]
    );
    let rest = page(&format!("== 2026-11-22 ==\n* 25:05 alice: x\n* x\n* 14:05 alice:\n* 14:05 a: {long}\n"));
    assert_eq!(
        refused(&rest),
        ["2: no time of day", "3: no time of day", "4: nothing said", "5: longer than 64 KiB"]
    );
}

#[test]
fn bytes_that_are_no_utf_8_are_letters_of_latin_1() {
    let read = swatbot::sal::read(
        b"== 2026-11-22 ==\r\n* 14:05 alice: caf\xE9 \xFF\r\n",
        Format::Wikitext,
        &source("x"),
    );
    assert_eq!(said(&read), ["2026-11-22T14:05:00 alice: café ÿ"]);
    assert!(read.entries[0].latin1);
}
