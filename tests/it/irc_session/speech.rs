//! Who is speaking: the account stands in the tag of that very line, or there is none.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use swatbot::engine::{Input, Line};
use swatbot::transport::irc::session::Effect;
use swatbot::transport::irc::wire::LONGEST;

use super::{Irc, Play, irc, unescaped};

#[test]
fn the_account_is_in_the_tag_of_that_very_line() {
    let says = |nick: &str, tags: &str| {
        let mut play = Play::in_ops(&irc());
        play.line(&format!("{tags}:{nick}!~a@a.test PRIVMSG #ops :!swat start")).expect("it is heard").account
    };
    assert_eq!(says("bob", "@account=bob ").as_deref(), Some("bob"));
    assert_eq!(says("bob", "@time=2026-11-23T14:00:00Z;account=b\\:ob;msgid=x ").as_deref(), Some("b;ob"));
    // The roster knows the account of `alice`, and that says nothing.
    for tags in [
        "",
        "@time=2026-11-23T14:00:00.000Z ",
        "@account ",
        "@account= ",
        "@account=* ",
        "@account=alice;account=alice ",
        "@account=alice;account=mallory ",
        "@account;account=alice ",
        "@account=alice;account ",
        "@+account=alice ",
        "@vendor.test/account=alice ",
        "@ACCOUNT=alice ",
        "@account=al\\sice ",
        "@account=alice\\r\\n ",
    ] {
        assert_eq!(says("alice", tags), None, "{tags}");
    }
}

#[test]
fn t1_a_nick_says_nothing() {
    Play::in_ops(&irc()).plays(
        "
        < :alice!~a@a.test NICK alice2
        < :mallory!~m@m.test NICK alice
        < :alice!~m@m.test PRIVMSG #ops :!swat rollback
        = libera/#ops <alice=-> !swat rollback
        < @account=mallory;msgid=63E1033A051D :alice!~m@m.test PRIVMSG #ops :!swat rollback
        = libera/#ops <alice=mallory> !swat rollback [63E1033A051D]
        < @account=alice :alice2!~a@a.test PRIVMSG #ops :it is me
        = libera/#ops <alice2=alice> it is me
        ",
    );
}

#[test]
fn what_is_not_said_to_us_by_a_person_is_not_heard() {
    let settings = Irc { ignore: vec!["LogMsgBot".to_owned(), "stashbot[m]".to_owned()], ..irc() };
    for line in [
        "NOTICE #ops :!swat start",
        "NOTICE swatbot :!swat start",
        "PRIVMSG @#ops :!swat start",
        "PRIVMSG +#ops :!swat start",
        "PRIVMSG #elsewhere :!swat start",
        "PRIVMSG #ops-archive :!swat start",
        "PRIVMSG #op :!swat start",
        "PRIVMSG carol :!swat start",
        "PRIVMSG $$*.test :!swat start",
        "PRIVMSG #ops,#elsewhere :!swat start",
        "PRIVMSG #ops :\\x01ACTION !swat start\\x01",
        "PRIVMSG #ops :\\x01ACTION !swat start",
        "PRIVMSG swatbot :\\x01VERSION\\x01",
        "TAGMSG #ops",
        "PRIVMSG #ops",
        "PRIVMSG #ops !swat start",
    ] {
        let mut play = Play::in_ops(&settings);
        let line = unescaped(&format!("@account=alice :alice!~a@a.test {line}"));
        assert_eq!(play.heard(&line), [], "{line}");
        assert!(play.run("").is_empty(), "nothing is answered: {line}");
    }
    for line in [
        "@bot;account=b :other!~o@o.test PRIVMSG #ops :!swat start",
        "@account=b;draft/bot= :other!~o@o.test PRIVMSG #ops :!swat start",
        "@inspircd.org/bot=x;account=b :other!~o@o.test PRIVMSG #ops :!swat start",
        "@account=x :logmsgbot!~l@l.test PRIVMSG #ops :!swat start",
        "@account=logmsgbot :someone!~l@l.test PRIVMSG #ops :!swat start",
        ":StashBot{M}!~l@l.test PRIVMSG #ops :!swat start",
        "@account=alice :swatbot!~swat@bot.test PRIVMSG #ops :!swat start",
        "@account=alice :SWATBOT!~x@x.test PRIVMSG swatbot :!swat start",
        "@account=alice :irc.test PRIVMSG #ops :!swat start",
        "@account=alice :alice PRIVMSG #ops :!swat start",
        "@account=alice :alice@a.test PRIVMSG #ops :!swat start",
        "@account=alice PRIVMSG #ops :!swat start",
    ] {
        assert_eq!(Play::in_ops(&settings).heard(line), [], "{line}");
    }
}

#[test]
fn in_private_there_is_no_room() {
    Play::in_ops(&irc()).plays(
        "
        < @account=bob :bob!~b@b.test PRIVMSG SwatBot :queue
        = private <bob=bob> queue
        ",
    );
}

#[test]
fn t10_history_is_never_heard() {
    let mut play = Play::in_ops(&irc());
    play.plays(
        "
        < :irc.test BATCH +1 chathistory #ops
        < @batch=1;account=alice :alice!~a@a.test PRIVMSG #ops :!swat start
        < @batch=1 :alice!~a@a.test PART #ops
        < @batch=1 :irc.test BATCH +2 netjoin
        < @batch=2;account=alice :alice!~a@a.test PRIVMSG #ops :!swat start
        < @batch=1 :irc.test BATCH -2
        < :irc.test BATCH -1
        < :znc.test BATCH +p znc.in/playback #ops
        < @batch=p;account=alice :alice!~a@a.test PRIVMSG #ops :!swat start
        < :znc.test BATCH -p
        < :znc.test BATCH +q playback
        < @batch=q;account=alice :alice!~a@a.test PRIVMSG #ops :!swat start
        # A batch that nobody opened, or one that is over, is nothing to build on.
        < @batch=nobody;account=alice :alice!~a@a.test PRIVMSG #ops :!swat start
        < @batch=1;account=alice :alice!~a@a.test PRIVMSG #ops :!swat start
        < @batch;account=alice :alice!~a@a.test PRIVMSG #ops :!swat start
        < @account=alice :alice!~a@a.test PRIVMSG #ops :!swat start
        = libera/#ops <alice=alice> !swat start
        ",
    );
    // However many are opened, no more are remembered than anybody needs.
    for batch in 0..10_000 {
        play.hear(&format!(":irc.test BATCH +b{batch} netjoin"));
    }
    assert_eq!(play.heard("@batch=b9999 :alice!~a@a.test PRIVMSG #ops :late"), []);
}

#[test]
fn t10_an_old_line_is_history_by_the_clock_of_the_server() {
    let said =
        |clock: &str| format!("@time=2026-11-23T{clock}Z;account=alice :alice!~a@a.test PRIVMSG #ops :go");
    let mut play = Play::in_ops(&irc());
    assert!(play.line(&said("13:58:00.000")).is_some());
    assert!(play.line(&said("13:57:59.999")).is_none());
    assert!(play.line(&said("14:00:10.000")).is_some());
    // A clock that is an hour behind must not make the bot deaf.
    play.hear("@time=2026-11-23T13:00:00.000Z :irc.test PONG irc.test :swatbot");
    assert!(play.line(&said("13:00:00.000")).is_some());
    assert!(play.line(&said("12:57:59.000")).is_none());
    // And one that is ahead must not make old lines new.
    play.hear("@time=2026-11-23T15:00:00.000Z :irc.test PONG irc.test :swatbot");
    assert!(play.line(&said("14:57:59.000")).is_none());
    // What is no time is no reason.
    assert!(play.line(&said("25:00:00.000")).is_some());
}

#[test]
fn t10_what_was_said_before_the_bot_came_is_history_without_a_batch_too() {
    let mut play = Play::welcome(&irc());
    play.run("< @time=2026-11-23T14:00:00.000Z :swatbot!~swat@bot.test JOIN #ops * :swatbot");
    let said = |clock: &str| {
        format!("@time=2026-11-23T{clock}Z;account=alice :alice!~a@a.test PRIVMSG #ops :!swat done")
    };
    assert!(play.line(&said("13:59:30.000")).is_none(), "it may have been obeyed half a minute ago");
    assert!(play.line(&said("14:00:00.000")).is_some());
    // A server that sets its clock back is heard all the same.
    play.is_alive = true;
    play.pass(Duration::from_secs(300));
    play.effects.clear();
    play.hear("@time=2026-11-23T13:00:00.000Z :irc.test PONG irc.test :swatbot");
    assert!(play.line(&said("13:00:01.000")).is_some());
}

#[test]
fn f32_setting_our_own_clock_makes_nobody_unheard() {
    let mut play = Play::in_ops(&irc());
    play.hear("@time=2026-11-23T14:00:00.000Z :irc.test PONG irc.test :swatbot");
    play.passed += Duration::from_secs(3600);
    let line = "@time=2026-11-23T14:00:00.000Z;account=alice :alice!~a@a.test PRIVMSG #ops :!swat done";
    assert!(play.line(line).is_some());
}

#[test]
fn t26_who_says_more_than_anybody_types_is_told_once() {
    let mut play = Play::in_ops(&irc());
    let say = |play: &mut Play, nick: &str, account: &str, lines: usize| -> (usize, usize) {
        let heard: Vec<Input> = (0..lines)
            .flat_map(|_| {
                play.heard(&format!("@account={account} :{nick}!~a@a.test PRIVMSG #ops :!swat queue"))
            })
            .collect();
        let read = heard.iter().filter(|input| matches!(input, Input::Line(_))).count();
        (read, heard.len() - read)
    };
    assert_eq!(say(&mut play, "alice", "alice", 500), (40, 1));
    // Another nick of the same account is the same speaker; another account is not.
    assert_eq!(say(&mut play, "alice2", "alice", 10), (0, 0));
    assert_eq!(say(&mut play, "bob", "bob", 10), (10, 0));
    play.pass(Duration::from_millis(4900));
    assert_eq!(say(&mut play, "alice", "alice", 10), (0, 0));
    play.pass(Duration::from_millis(100));
    assert_eq!(
        say(&mut play, "alice", "alice", 30),
        (20, 0),
        "half of it is there again, and it is told once a minute"
    );
    play.is_alive = true;
    play.pass(Duration::from_secs(60));
    assert_eq!(say(&mut play, "alice", "alice", 50), (40, 1));
    // Somebody who is fast and long, but a person.
    for _ in 0..1000 {
        play.pass(Duration::from_millis(300));
        assert_eq!(say(&mut play, "carol", "carol", 1), (1, 0));
    }
}

#[test]
fn without_pacing_nobody_says_too_much() {
    let mut play = Play::in_ops(&Irc { line_every: Duration::ZERO, ..irc() });
    for _ in 0..10_000 {
        assert!(play.line("@account=alice :alice!~a@a.test PRIVMSG #ops :!log x").is_some());
    }
}

#[test]
fn a_crowd_of_strangers_is_not_remembered_for_ever() {
    let mut play = Play::in_ops(&irc());
    let begun = Instant::now();
    for stranger in 0..50_000 {
        play.hear(&format!(":s{stranger}!~s@s.test PRIVMSG #ops :hello"));
    }
    assert_eq!(play.effects.len(), 50_000);
    let seen = format!("{:?}", play.session);
    assert!(seen.len() < 1_000_000, "{}", seen.len());
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}

/// Pieces of lines that matter, so that chance gets behind the first check.
const PIECES: &[&str] = &[
    "@",
    "account",
    "account=alice",
    "account=",
    ";",
    "=",
    "\\",
    "\\s",
    "batch=1",
    "time=2026-11-23T14:00:00Z",
    " ",
    " ",
    ":",
    "!",
    "alice!~a@a.test",
    "swatbot",
    "swatbot!~s@bot.test",
    "irc.test",
    "PRIVMSG",
    "NOTICE",
    "JOIN",
    "PART",
    "KICK",
    "QUIT",
    "NICK",
    "ACCOUNT",
    "CHGHOST",
    "BATCH",
    "+1",
    "-1",
    "chathistory",
    "CAP",
    "LS",
    "ACK",
    "NAK",
    "DEL",
    "NEW",
    "*",
    "account-tag",
    "#ops",
    "@#ops",
    "353",
    "354",
    "77",
    "366",
    "315",
    "332",
    "001",
    "005",
    "376",
    "433",
    "473",
    "900",
    "903",
    "904",
    "WHOX",
    "CASEMAPPING=ascii",
    "\u{1}ACTION",
    "TOPIC",
    "PING",
    "PONG",
    "\r",
    "\n",
    "\0",
    "\u{fffd}",
    "é",
];

/// One line of a hostile server: pieces, or bytes as they fall.
fn any_line() -> impl Strategy<Value = String> {
    let pieces =
        prop::collection::vec(prop::sample::select(PIECES), 0..16).prop_map(|pieces| pieces.concat());
    let spaced =
        prop::collection::vec(prop::sample::select(PIECES), 0..10).prop_map(|pieces| pieces.join(" "));
    let said = (prop::collection::vec(prop::sample::select(PIECES), 0..6), any::<bool>()).prop_map(
        |(tags, room)| {
            let to = if room { "#ops" } else { "swatbot" };
            format!("@{} :alice!~a@a.test PRIVMSG {to} :!swat start", tags.concat())
        },
    );
    let bytes = prop::collection::vec(any::<u8>(), 0..200)
        .prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    prop_oneof![pieces, spaced, said, bytes]
}

/// The account that a line carries, read a second time and by hand.
fn carried(line: &str) -> Option<String> {
    let tags = line.strip_prefix('@')?.split(' ').next()?;
    let mut values = tags.split(';').filter(|tag| tag.split('=').next() == Some("account"));
    let value = values.next()?.strip_prefix("account=")?;
    if values.next().is_some() {
        return None;
    }
    let mut account = String::new();
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        account.push(match letter {
            '\\' => match letters.next() {
                Some(':') => ';',
                Some('s') => ' ',
                Some('r') => '\r',
                Some('n') => '\n',
                Some(other) => other,
                None => break,
            },
            other => other,
        });
    }
    Some(account)
}

proptest! {
    #[test]
    fn whatever_a_server_says_no_account_is_made_up(lines in prop::collection::vec(any_line(), 1..40)) {
        let mut play = Play::in_ops(&irc());
        for line in lines {
            play.hear(&line);
            for effect in play.effects.drain(..) {
                match effect {
                    Effect::Heard(Input::Line(Line { account: Some(account), .. })) => {
                        prop_assert_eq!(Some(account), carried(&line), "{:?}", line);
                    }
                    Effect::Send(out) => {
                        prop_assert!(out.as_str().len() <= LONGEST, "{:?}", out);
                        prop_assert!(!out.as_str().contains(['\r', '\n', '\0']), "{:?}", out);
                    }
                    _ => {}
                }
            }
            play.pass(Duration::from_secs(1));
            let _ = (play.session.budget(), play.session.topic("#ops"));
        }
    }
}
