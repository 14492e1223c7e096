//! Times, lists and files as people write them, and as they are answered.

use chrono::TimeDelta;
use proptest::prelude::*;
use swatbot::engine::id::At;
use swatbot::engine::words::{
    FileListFault, ago_or_in, clock, day_clock, duration, exact_span, file_by_ending, file_list, list,
    moment, names, near, short_files, span,
};

fn at(text: &str) -> At {
    text.parse().unwrap()
}

fn paths(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn durations() {
    for (word, seconds) in [
        ("15m", 900),
        ("2h", 7200),
        ("90s", 90),
        ("1h30m", 5400),
        ("1d2h3m4s", 93_784),
        ("1H30M", 5400),
        ("90m", 5400),
        ("1h0m", 3600),
        ("007m", 420),
        ("7d", 604_800),
        ("168h", 604_800),
        ("604800s", 604_800),
    ] {
        assert_eq!(duration(word), Some(TimeDelta::seconds(seconds)), "{word}");
    }
    for word in [
        "",
        "0",
        "15",
        "m",
        "0m",
        "0h0m",
        "-5m",
        "+5m",
        "1.5h",
        "1h 30m",
        "30m1h",
        "5m5m",
        "1w",
        "15min",
        "7d1s",
        "169h",
        "604801s",
        "9999999s",
        "99999999999999999999h",
        "1e3s",
        "١٥m",
        "１５m",
        "5\u{43C}",
        "5m\u{200D}",
        "m5",
        "5m5",
    ] {
        assert_eq!(duration(word), None, "{word}");
    }
}

#[test]
fn moments() {
    let now = at("2026-11-23T12:00:30Z");
    for (word, expected) in [
        ("now", "2026-11-23T12:00:30Z"),
        ("NOW", "2026-11-23T12:00:30Z"),
        ("2026-12-20", "2026-12-20T00:00:00Z"),
        ("2026-12-20T14:30", "2026-12-20T14:30:00Z"),
        ("2026-12-20t14:30:15z", "2026-12-20T14:30:15Z"),
        ("14:30", "2026-11-23T14:30:00Z"),
        ("14:30Z", "2026-11-23T14:30:00Z"),
        ("12:00:30", "2026-11-23T12:00:30Z"),
        ("12:00", "2026-11-24T12:00:00Z"),
        ("00:00", "2026-11-24T00:00:00Z"),
        ("+2h", "2026-11-23T14:00:30Z"),
        ("+1h30m", "2026-11-23T13:30:30Z"),
        ("2000-01-01", "2000-01-01T00:00:00Z"),
        ("2100-12-31T23:59", "2100-12-31T23:59:00Z"),
        ("2028-02-29", "2028-02-29T00:00:00Z"),
    ] {
        assert_eq!(moment(word, now), Some(at(expected)), "{word}");
    }
    for word in [
        "",
        "T",
        ":",
        "-",
        "+",
        "+0m",
        "+8d",
        "-2h",
        "2h",
        "tomorrow",
        "2026-02-30",
        "2026-02-29",
        "2026-13-01",
        "2026-1-1",
        "26-01-01",
        "1999-12-31",
        "2101-01-01",
        "9999-01-01",
        "-0001-01-01",
        "+2026-01-01",
        "2026-12-20T",
        "2026-12-20T25:61",
        "2026-12-20T14",
        "2026-12-20T14:30T",
        "2026-12-20 14:30",
        "2026-12-20-01",
        "25:61",
        "24:00",
        "14:60",
        "14:30:60",
        "14:30:00:00",
        "1:30",
        "14:3",
        "１４:30",
        "٢٠٢٦-12-20",
        "2026-12-20T14:30+01:00",
    ] {
        assert_eq!(moment(word, now), None, "{word}");
    }
    assert_eq!(moment("now", At::MAX_UTC), None);
    assert_eq!(moment("+1h", At::MAX_UTC), None);
    assert_eq!(moment("00:00", At::MAX_UTC), None);
}

#[test]
fn spans() {
    for (seconds, expected, exact) in [
        (0, "0 s", "0 s"),
        (40, "40 s", "40 s"),
        (60, "1 min", "1 min"),
        (100, "2 min", "1 min 40 s"),
        (194, "3 min", "3 min 14 s"),
        (720, "12 min", "12 min"),
        (3569, "59 min", "59 min 29 s"),
        (3599, "1 h", "59 min 59 s"),
        (3600, "1 h", "1 h"),
        (7800, "2 h 10", "2 h 10"),
        (7500, "2 h 05", "2 h 05"),
        (86_399, "1 d", "1 d"),
        (86_400, "1 d", "1 d"),
        (3 * 86_400 + 4 * 3600, "3 d 4 h", "3 d 4 h"),
        (60 * 86_400, "60 d", "60 d"),
    ] {
        for length in [TimeDelta::seconds(seconds), TimeDelta::seconds(-seconds)] {
            assert_eq!(span(length), expected);
            assert_eq!(exact_span(length), exact);
        }
    }
    assert_eq!(span(TimeDelta::milliseconds(39_500)), "40 s");
    assert_eq!(span(TimeDelta::milliseconds(59_500)), "1 min");
}

#[test]
fn distances() {
    let now = at("2026-11-23T12:00:00Z");
    for (seconds, expected) in [
        (7800, "in 2 h 10"),
        (2400, "in 40 min"),
        (30, "in 30 s"),
        (1, "in 1 s"),
        (0, "now"),
        (-1, "1 s ago"),
        (-240, "4 min ago"),
    ] {
        assert_eq!(ago_or_in(now, now + TimeDelta::seconds(seconds)), expected);
    }
    assert_eq!(ago_or_in(now, now + TimeDelta::milliseconds(499)), "now");
    assert_eq!(ago_or_in(now, now - TimeDelta::milliseconds(499)), "now");
    assert!(ago_or_in(At::MIN_UTC, At::MAX_UTC).starts_with("in "));
    assert!(ago_or_in(At::MAX_UTC, At::MIN_UTC).ends_with(" ago"));
}

#[test]
fn clocks() {
    let now = at("2026-11-23T12:00:00Z"); // a Monday
    assert_eq!(clock(at("2026-11-23T14:05:59Z")), "14:05");
    for (moment, expected) in [
        ("2026-11-23T14:00:00Z", "14:00 UTC"),
        ("2026-11-23T00:00:00Z", "00:00 UTC"),
        ("2026-11-23T23:59:59Z", "23:59 UTC"),
        ("2026-11-24T00:00:00Z", "Tue 00:00 UTC"),
        ("2026-11-29T14:00:00Z", "Sun 14:00 UTC"),
        ("2026-11-30T14:00:00Z", "2026-11-30 14:00 UTC"),
        ("2026-12-01T14:00:00Z", "2026-12-01 14:00 UTC"),
        ("2026-11-22T14:00:00Z", "2026-11-22 14:00 UTC"),
    ] {
        assert_eq!(day_clock(at(moment), now), expected);
    }
    day_clock(At::MAX_UTC, At::MIN_UTC);
    day_clock(At::MIN_UTC, At::MAX_UTC);
}

#[test]
fn lists() {
    let none: [&str; 0] = [];
    assert_eq!((list(&none), names(&none)), (String::new(), String::new()));
    assert_eq!((list(&["a"]), names(&["a"])), ("a".to_owned(), "a".to_owned()));
    assert_eq!((list(&["a", "b"]), names(&["a", "b"])), ("a and b".to_owned(), "a, b".to_owned()));
    assert_eq!((list(&[1, 2, 3]), names(&[1, 2, 3])), ("1, 2 and 3".to_owned(), "1, 2, 3".to_owned()));
}

#[test]
fn short_names_of_files() {
    for (given, expected) in [
        ("", ""),
        ("wmf-config/logos.php", "logos.php"),
        ("CirrusSearch.php includes/Hooks.php a/b/search.js", "CirrusSearch.php Hooks.php search.js"),
        ("a/Hooks.php b/Hooks.php", "a/Hooks.php b/Hooks.php"),
        ("x/a/Hooks.php y/a/Hooks.php c.php", "x/a/Hooks.php y/a/Hooks.php c.php"),
        ("x/a/Hooks.php x/b/Hooks.php", "a/Hooks.php b/Hooks.php"),
        // One is the ending of the other.
        ("Hooks.php includes/Hooks.php", "Hooks.php includes/Hooks.php"),
        ("a.php a.php", "a.php a.php"),
        ("/ //", "/ //"),
    ] {
        assert_eq!(short_files(&paths(given)), paths(expected), "{given}");
    }
}

#[test]
fn files_by_number_and_by_ending() {
    let files = paths("wmf-config/logos.php includes/Hooks.php ext/includes/Hooks.php dblists/x dblists/10");
    for (word, index) in [
        ("1", 0),
        ("5", 4),
        ("10", 4),
        ("logos.php", 0),
        ("wmf-config/logos.php", 0),
        ("includes/Hooks.php", 1), // the whole path of one
        ("ext/includes/Hooks.php", 2),
        ("x", 3),
        ("dblists/x", 3),
    ] {
        assert_eq!(file_by_ending(&files, word), Ok(index), "{word}");
    }
    for word in [
        "",
        "0",
        "6",
        "99999999999999999999",
        "ogos.php",
        "Logos.php",
        "wmf-config",
        "/x",
        "config/logos.php",
        "-1",
    ] {
        assert_eq!(file_by_ending(&files, word), Err(FileListFault::Unknown(word.to_owned())), "{word}");
    }
    let ambiguous = FileListFault::Ambiguous {
        word: "Hooks.php".to_owned(),
        candidates: paths("includes/Hooks.php ext/includes/Hooks.php"),
    };
    assert_eq!(file_by_ending(&files, "Hooks.php"), Err(ambiguous));
}

#[test]
fn orders_of_files() {
    let files = paths("wmf-config/logos.php wmf-config/InitialiseSettings.php dblists/x");
    for text in [
        "3, 1, 2",
        "3 > 1 > 2",
        "3,1,2",
        "3 then 1 then 2",
        "3, then 1, then 2",
        "dblists/x THEN logos.php>InitialiseSettings.php",
        "x then 1 , InitialiseSettings.php,",
    ] {
        let expected = paths("dblists/x wmf-config/logos.php wmf-config/InitialiseSettings.php");
        assert_eq!(file_list(text, &files), Ok(expected), "{text}");
    }
    let unknown = |word: &str| FileListFault::Unknown(word.to_owned());
    for (text, fault) in [
        ("", FileListFault::Missing(files.clone())),
        (" , then > ", FileListFault::Missing(files.clone())),
        ("1, 3", FileListFault::Missing(paths("wmf-config/InitialiseSettings.php"))),
        ("1, 4, 1", unknown("4")),
        ("1 2 3", unknown("1 2 3")),
        ("1, 2, thenx", unknown("thenx")),
        ("1, logos.php, 3", FileListFault::Twice("wmf-config/logos.php".to_owned())),
    ] {
        assert_eq!(file_list(text, &files), Err(fault), "{text}");
    }
    let twins = paths("a/x b/x");
    let ambiguous = FileListFault::Ambiguous { word: "x".to_owned(), candidates: twins.clone() };
    assert_eq!(file_list("x > a/x", &twins), Err(ambiguous));
    assert_eq!(file_list("b/x > a/x", &twins), Ok(paths("b/x a/x")));
    assert_eq!(file_list("", &[]), Ok(Vec::new()));
    // A file with a space in its name.
    assert_eq!(file_list("my file.txt", &["a/my file.txt".to_owned()]), Ok(vec!["a/my file.txt".to_owned()]));
}

#[test]
fn near_misses() {
    let verbs = [
        "add",
        "claim",
        "unclaim",
        "check",
        "checklist",
        "done",
        "rollback",
        "skip",
        "move",
        "remove",
        "go",
        "no",
    ];
    for (word, expected) in [
        ("ad", Some("add")),
        ("adn", Some("add")),
        ("chekc", Some("check")),
        ("CHEKC", Some("check")),
        ("rolback", Some("rollback")),
        ("cliam", Some("claim")),
        ("checklst", Some("checklist")),
        ("dnoe", Some("done")),
        ("remvoe", Some("remove")),
        ("add", Some("add")),
        ("g", None),
        ("to", None), // as near to `go` as to `no`, and half of it is wrong
        ("deploy", None),
        ("", None),
        ("\u{1F600}", None),
    ] {
        assert_eq!(near(word, &verbs), expected, "{word}");
    }
    assert_eq!(near("evning", &["evening", "morning"]), Some("evening"));
    // Two that are as near: no guess.
    assert_eq!(near("slot-c", &["slot-a", "slot-b"]), None);
    assert_eq!(near("slot-aa", &["slot-a", "slot-b"]), Some("slot-a"));
    assert_eq!(near("slot-c", &["slot-a", "slot-b", "slot-cc", "slot-c"]), Some("slot-c"));
    assert_eq!(near("doen", &["done", "done"]), Some("done"));
    assert_eq!(near(&"a".repeat(100_000), &verbs), None);
}

proptest! {
    #[test]
    fn any_word_is_read_or_refused(word in any::<String>(), seconds in any::<i32>()) {
        let now = At::from_timestamp(seconds.into(), 0).unwrap();
        if let Some(length) = duration(&word) {
            prop_assert!(length > TimeDelta::zero() && length <= TimeDelta::days(7));
        }
        moment(&word, now);
        near(&word, &["add", "claim", &word]);
        let files = vec![word.clone(), "b/c".to_owned(), format!("a/{word}")];
        short_files(&files);
        let _ = file_by_ending(&files, &word);
        let _ = file_list(&word, &files);
    }

    #[test]
    fn words_of_the_right_kind_are_read_or_refused(word in "[0-9dhms:TtZz+-]{0,12}", seconds in any::<i32>()) {
        let now = At::from_timestamp(seconds.into(), 0).unwrap();
        if let Some(length) = duration(&word) {
            prop_assert_eq!(moment(&format!("+{word}"), now).is_some(), (946_684_800..).contains(&(now + length).timestamp()));
        }
        moment(&word, now);
    }

    #[test]
    fn what_is_written_is_read_again(seconds in 946_684_800i64..4_133_980_800, now in 0i64..4_000_000_000) {
        let (then, now) = (At::from_timestamp(seconds, 0).unwrap(), At::from_timestamp(now, 0).unwrap());
        prop_assert_eq!(moment(&then.format("%Y-%m-%dT%H:%M:%S").to_string(), now), Some(then));
        if let Some(soon) = moment(&clock(then), now) {
            prop_assert_eq!(clock(soon), clock(then));
            prop_assert!(now <= soon && soon < now + TimeDelta::days(1));
        }
    }

    #[test]
    fn every_length_has_words(milliseconds in any::<i64>()) {
        let length = TimeDelta::try_milliseconds(milliseconds).unwrap_or(TimeDelta::MAX);
        prop_assert!(!span(length).is_empty() && !exact_span(length).is_empty());
    }

    #[test]
    fn short_names_lead_back(files in prop::collection::btree_set("([ab]/){0,3}[abc]", 0..8)) {
        let files: Vec<_> = files.into_iter().collect();
        let short = short_files(&files);
        for (index, name) in short.iter().enumerate() {
            prop_assert_eq!(file_by_ending(&files, name), Ok(index));
        }
        prop_assert_eq!(file_list(&short.join(" > "), &files), Ok(files.clone()));
        let numbers: Vec<_> = (1..=files.len()).map(|number| number.to_string()).collect();
        prop_assert_eq!(file_list(&numbers.join(", "), &files), Ok(files));
    }
}
