//! The form of a text: nicks that ping, lines that fit and keep together what belongs together, bold commands.

use std::sync::Arc;
use std::time::Instant;

use proptest::prelude::*;
use swatbot::engine::Reply;
use swatbot::transport::irc::outbox::Outbox;
use swatbot::transport::irc::wire::BOLD;
use unicode_segmentation::UnicodeSegmentation;

use super::wire::nasty;
use super::{Here, all, here, irc, make, more, ping, plain, said, status};

/// The text of the one line that comes of this ping.
fn pinged(nicks: &[(&'static str, &str)], text: &str, whom: &[&str]) -> String {
    let lines = said(&here(nicks), vec![ping("#ops", text, whom)]);
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines[0].strip_prefix("PRIVMSG #ops :").expect("a ping is a message").to_owned()
}

#[test]
fn a_head_of_the_log_stays_in_one_line() {
    let head = "(head L1187 5f2c81d09a3e77b0)";
    for letters in 300..400 {
        let text = format!("alice: {} {head}", "x ".repeat(letters / 2));
        let lines = said(&here(&[]), vec![ping("#ops", &text, &["alice"])]);
        assert!(lines.iter().any(|line| line.contains(head)), "{lines:?}");
    }
}

#[test]
fn the_nick_that_somebody_has_now_stands_in_a_ping() {
    let text = "alice, bob: 900101 is broken (bob): say \"!swat rollback 900101\" to bob";
    assert_eq!(pinged(&[], text, &["alice", "bob"]), text, "who is not there stays as named");
    assert_eq!(pinged(&[("alice", "alice"), ("bob", "bob")], text, &["alice", "bob"]), text);
    assert_eq!(
        pinged(&[("alice", "ali"), ("bob", "bobby")], text, &["alice", "bob"]),
        "ali, bobby: 900101 is broken (bob): say \"!swat rollback 900101\" to bob"
    );
    assert_eq!(
        pinged(&[("alice", "bob"), ("bob", "alice")], "alice, bob: go", &["alice", "bob"]),
        "bob, alice: go"
    );
    assert_eq!(pinged(&[("bob", "bob"), ("bob", "bob_phone")], "bob: go", &["bob"]), "bob/bob_phone: go");
    assert_eq!(pinged(&[("mal", "mallory")], "mal: go", &["libera/mal"]), "mallory: go");
    assert_eq!(pinged(&[("mal", "mallory")], "mal: go", &["oftc/mal"]), "mal: go", "another network's");
}

#[test]
fn whose_name_stands_nowhere_is_named_at_the_end() {
    let bobby = [("bob", "bobby")];
    assert_eq!(pinged(&bobby, "900101 is live", &["bob"]), "900101 is live (bobby)");
    assert_eq!(pinged(&bobby, "bobby: 900101 is live", &["bob"]), "bobby: 900101 is live");
    assert_eq!(pinged(&bobby, "say \"bob\"", &["bob"]), "say \"bob\" (bobby)", "quotes stay as they are");
    assert_eq!(
        pinged(&bobby, "bobs x/bob bob-x bob/x #bob: no", &["bob"]),
        "bobs x/bob bob-x bob/x #bob: no (bobby)"
    );
    let both = [("bob", "bobby"), ("alice", "ali")];
    assert_eq!(pinged(&both, "900101 is live", &["bob", "alice", "carol"]), "900101 is live (bobby, ali)");
}

#[test]
fn only_pings_change_a_name_and_only_in_rooms() {
    let view = here(&[("bob", "bobby")]);
    assert_eq!(said(&view, vec![plain("#ops", "bob: noted")]), ["NOTICE #ops :bob: noted"]);
    assert_eq!(said(&view, vec![ping("x", "bob: noted", &["bob"])]), ["PRIVMSG x :bob: noted"]);
}

#[test]
fn who_is_looking_is_named_by_the_nick_they_spoke_under() {
    let view = here(&[("bob", "bobby"), ("bob", "bob_phone")]);
    let answer =
        |text: &str| Reply { named: vec![swatbot::engine::id::Who("bob".to_owned())], ..plain("#ops", text) };
    assert_eq!(said(&view, vec![answer("bob: merge it")]), ["NOTICE #ops :bobby: merge it"]);
    assert_eq!(said(&view, vec![answer("900101 is live")]), ["NOTICE #ops :900101 is live"]);
}

/// The texts of what comes of one answer in a room of so many bytes for the text.
fn lines(room: usize, text: &str) -> Vec<String> {
    let view = Here { budget: room + "PRIVMSG #ops :".len(), ..here(&[]) };
    let lines = said(&view, vec![ping("#ops", text, &["nobody"])]);
    lines
        .iter()
        .map(|line| line.strip_prefix("PRIVMSG #ops :").expect("it is said there").to_owned())
        .collect()
}

#[test]
fn what_goes_on_keeps_the_addressee() {
    assert_eq!(
        lines(30, "bob: one two three four five six seven"),
        ["bob: one two three four five", "bob: … six seven"]
    );
    assert_eq!(
        lines(30, "alice, bob: one two three four five"),
        ["alice, bob: one two three four", "alice, bob: … five"]
    );
    assert_eq!(
        lines(30, "this is said to nobody at all: not even"),
        ["this is said to nobody at all:", "… not even"]
    );
}

#[test]
fn tokens_stay_whole() {
    let cut = |room: usize, text: &str| lines(room, text).join("|");
    assert_eq!(
        cut(30, "bob: you may say \"!swat done 3 ok\" again"),
        "bob: you may say|bob: … \"!swat done 3 ok\"|bob: … again"
    );
    assert_eq!(
        cut(30, "bob: it is (\"!swat done 3 ok\"). Then"),
        "bob: it is|bob: … (\"!swat done 3 ok\").|bob: … Then"
    );
    assert_eq!(
        cut(30, "bob: \"Revert \"a b\" now\" (900101)"),
        "bob: \"Revert \"a b\" now\"|bob: … (900101)"
    );
    assert_eq!(
        cut(30, "bob: said \"so and \"!swat done 3\" x"),
        "bob: said \"so and|bob: … \"!swat done 3\" x"
    );
    assert_eq!(cut(30, "bob: see https://example.org/900101"), "bob: see https://example.org/9|bob: … 00101");
    assert_eq!(
        cut(40, "bob: no: read this https://example.org/9001 [x]"),
        "bob: no: read this|bob: … https://example.org/9001 [x]"
    );
    assert_eq!(
        cut(30, "bob: \"a quoted stretch that no line can hold\" x"),
        "bob: \"a quoted stretch that no|bob: … line can hold\" x"
    );
}

#[test]
fn a_list_is_cut_between_its_items() {
    let queue: Vec<String> = (1..=20).map(|n| format!("#{n} {} (bob) waits", 900_100 + n)).collect();
    let text = format!("bob: morning (on until 15:00 UTC), 20 of 20 places: {}", queue.join("; "));
    let said = lines(150, &text);
    assert!(said.len() > 3, "{said:?}");
    for line in &said[..said.len() - 1] {
        assert!(line.ends_with(" waits;"), "{said:#?}");
    }
    // One that would leave most of a line empty is not waited for.
    let cut = |text: &str| lines(30, text).join("|");
    assert_eq!(cut("bob: one, two three four five six"), "bob: one, two three four five|bob: … six");
    assert_eq!(cut("bob: one two three four, five six"), "bob: one two three four,|bob: … five six");
    // What is quoted holds no items.
    assert_eq!(cut("bob: \"one two three, four\" five six"), "bob: \"one two three, four\"|bob: … five six");
}

#[test]
fn a_log_line_that_is_cut_stays_a_log_line() {
    let reply = Reply {
        kind: swatbot::engine::Kind::ForLog,
        ..plain("#ops", &format!("!log {}", "word ".repeat(80)))
    };
    let lines = said(&here(&[]), vec![reply]);
    assert_eq!(lines.len(), 2);
    assert!(lines[1].starts_with("PRIVMSG #ops :!log … word"), "{}", lines[1]);
}

/// What comes of these with bold switched on.
fn formatted(view: &Here, replies: Vec<Reply>) -> Vec<String> {
    let settings = swatbot::config::Irc { formatting: true, ..irc(4, 0) };
    let mut outbox = Outbox::new(&settings, Arc::new(make::settings()));
    let now = Instant::now();
    outbox.push(replies, now);
    all(&mut outbox, view, now)
}

#[test]
fn commands_in_quotes_are_bold_where_that_is_wanted() {
    let text = "bob: no: \"Fix !swat\" waits: \"!swat why 900101\", \"!log x\" or \"swatbot log\" [order]";
    assert_eq!(
        formatted(&here(&[]), vec![plain("#ops", text)]),
        [
            "NOTICE #ops :bob: no: \"Fix !swat\" waits: \"\u{2}!swat why 900101\u{2}\", \"\u{2}!log x\u{2}\" or \"swatbot log\" [order]"
        ]
    );
    assert_eq!(said(&here(&[]), vec![plain("#ops", text)]), [format!("NOTICE #ops :{text}")]);
    assert_eq!(
        formatted(&here(&[]), vec![plain("#ops", "bob\u{2}: \u{3}4!\u{f} \"!\u{2}swat x\"")]),
        ["NOTICE #ops :bob :  4!  \"! swat x\""],
        "no code of a stranger goes out"
    );
}

#[test]
fn bold_ends_with_a_line_and_goes_on_in_the_next() {
    let view = Here { budget: 30 + "NOTICE #ops :".len(), ..here(&[]) };
    let lines = formatted(&view, vec![plain("#ops", "bob: \"!swat add 900101 900102 900103 900104\"")]);
    assert_eq!(
        lines,
        [
            "NOTICE #ops :bob: \"\u{2}!swat add 900101\u{2}",
            "NOTICE #ops :bob: … \u{2}900102 900103\u{2}",
            "NOTICE #ops :bob: … \u{2}900104\u{2}\"",
        ]
    );
}

/// Text as the engine and strangers write it, with more of what is hard to cut than there is in arbitrary strings.
fn text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        6 => "[a-z]{1,12}",
        2 => "900[0-9]{3}",
        1 => "\"!swat [a-z]{1,9} [a-z ]{1,40}\"",
        1 => "\"[A-Z][a-z \"]{1,60}\"",
        1 => "\\[[a-z-]{2,12}\\]",
        1 => "https://[a-z]{3,9}\\.example/[a-z0-9]{1,60}",
        1 => "[日本語é👩]{1,80}",
        1 => nasty(),
    ];
    (prop::option::of("[a-z]{1,9}"), prop::collection::vec(word, 0..40)).prop_map(|(name, words)| {
        name.map(|name| format!("{name}: ")).unwrap_or_default() + words.join(" ").as_str()
    })
}

/// Without spaces, and without what becomes a space.
fn bare(text: &str) -> String {
    let goes = |c: char| c == ' ' || c.is_control() || c == '\u{2028}' || c == '\u{2029}';
    text.chars().filter(|c| !goes(*c)).collect()
}

proptest! {
    #[test]
    fn nothing_is_lost_and_every_line_fits(text in text(), budget in 120_usize..510, bold in any::<bool>()) {
        let view = Here { budget, ..here(&[]) };
        let reply = vec![ping("#ops", &text, &["nobody"])];
        let out = if bold { formatted(&view, reply) } else { said(&view, reply) };
        let mut whole = String::new();
        let clean = text.replace(|c: char| c.is_control() || c == '\u{2028}' || c == '\u{2029}', " ");
        let is_name = |name: &str| !name.is_empty() && !name.contains([' ', '"']);
        let names = clean.split_once(": ").map(|(names, _)| names);
        let names = names.filter(|names| names.len() < 100 && names.split(", ").all(is_name));
        let again = names.map(|names| format!("{names}: … ")).unwrap_or("… ".to_owned());
        for (at, line) in out.iter().enumerate() {
            prop_assert!(line.len() <= budget, "{} bytes of {}", line.len(), budget);
            prop_assert_eq!(line.matches(BOLD).count() % 2, 0, "bold is left open: {:?}", line);
            prop_assert!(bold || !line.contains(BOLD), "{:?}", line);
            let said = line.strip_prefix("PRIVMSG #ops :").expect("a ping is a message");
            prop_assert!(!said.contains(|c: char| c.is_control() && c != BOLD), "{:?}", line);
            let said = if at == 0 { said } else { said.strip_prefix(&again).unwrap_or(said) };
            let said = if at == 0 { said } else { said.strip_prefix("… ").unwrap_or(said) };
            whole.push_str(said);
        }
        prop_assert_eq!(bare(&whole), bare(&text));
    }

    #[test]
    fn no_grapheme_is_cut(words in prop::collection::vec("(e\u{301}|👩\u{200d}👧|🇩🇪|日|a){1,60}", 1..20), budget in 120_usize..510) {
        let text = words.join(" ");
        let view = Here { budget, ..here(&[]) };
        let out = said(&view, vec![ping("#ops", &text, &["nobody"])]);
        let found: Vec<String> = out.iter().flat_map(|line| {
            let said = line.strip_prefix("PRIVMSG #ops :").expect("a ping is a message");
            said.strip_prefix("… ").unwrap_or(said).graphemes(true).filter(|g| *g != " ").map(str::to_owned).collect::<Vec<_>>()
        }).collect();
        let expected: Vec<String> = text.graphemes(true).filter(|g| *g != " ").map(str::to_owned).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn what_is_said_in_a_place_stays_in_order(
        given in prop::collection::vec((0_usize..3, 0_usize..3, any::<bool>()), 1..60),
        burst in 1_u32..6,
    ) {
        let rooms = ["#ops", "#dev", "bob"];
        let replies: Vec<Reply> = given.iter().enumerate().map(|(at, (room, weight, goes_on))| {
            let text = format!("text {at:03}");
            match weight {
                0 => ping(rooms[*room], &text, &["nobody"]),
                1 if *goes_on => more(plain(rooms[*room], &text)),
                1 => plain(rooms[*room], &text),
                _ => status(rooms[*room], &text),
            }
        }).collect();
        let out = super::play(&mut super::outbox(burst, 10), &here(&[]), vec![(0, replies)]);
        for room in rooms {
            for (weight, verb) in [(0, "PRIVMSG"), (1, "NOTICE"), (2, "NOTICE")] {
                let start = format!("{verb} {room} :text ");
                let found: Vec<usize> = out.iter().filter_map(|(_, line)| line.strip_prefix(&start))
                    .map(|rest| rest[..3].parse::<usize>().expect("its number"))
                    .filter(|at| given[*at].1 == weight)
                    .collect();
                prop_assert!(found.is_sorted(), "{} {:?}", start, out);
                if weight == 0 {
                    let all = given.iter().filter(|(at, weight, _)| rooms[*at] == room && *weight == 0).count();
                    prop_assert_eq!(found.len(), all);
                }
            }
        }
    }
}
