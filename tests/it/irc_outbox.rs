//! What goes out over IRC: the bytes of a line, the form of a text, and which of the waiting lines goes out when.

mod pace;
mod shape;
mod wire;

use std::sync::Arc;
use std::time::{Duration, Instant};

use swatbot::config::{Irc, IrcLogin};
use swatbot::engine::id::{RoomId, RowId, Who};
use swatbot::engine::{Kind, Place, Reply};
use swatbot::transport::irc::outbox::{Outbox, View};
use swatbot::transport::irc::session::Access;

use super::make;

/// The connection, as far as the outbox looks at it.
struct Here {
    ready: bool,
    budget: usize,
    proved: Option<Instant>,
    /// What can be said in the first channel and in the second.
    access: [Access; 2],
    /// Account and nick, of everybody in every channel.
    nicks: Vec<(&'static str, String)>,
}

impl View for Here {
    fn is_ready(&self) -> bool {
        self.ready
    }

    fn access(&self, channel: usize, _: Instant) -> Access {
        self.access[channel]
    }

    fn proved(&self) -> Option<Instant> {
        self.proved
    }

    fn budget(&self) -> usize {
        self.budget
    }

    fn nicks(&self, channel: &str, account: &str) -> Vec<String> {
        assert!(channel.starts_with('#'), "{channel}");
        self.nicks.iter().filter(|(who, _)| *who == account).map(|(_, nick)| nick.clone()).collect()
    }
}

fn here(nicks: &[(&'static str, &str)]) -> Here {
    let nicks = nicks.iter().map(|(account, nick)| (*account, (*nick).to_owned())).collect();
    Here { ready: true, budget: 350, proved: None, access: [Access::Open; 2], nicks }
}

fn irc(burst: u32, every_ms: u64) -> Irc {
    Irc {
        network: "libera".to_owned(),
        server: "irc.example.org".to_owned(),
        port: 6697,
        tls: true,
        ca_file: None,
        nick: "swatbot".to_owned(),
        alternative_nicks: Vec::new(),
        real_name: "swatbot".to_owned(),
        account: None,
        login: IrcLogin::None,
        channels: vec!["#ops".to_owned(), "#dev".to_owned()],
        ignore: Vec::new(),
        burst,
        line_every: Duration::from_millis(every_ms),
        formatting: false,
        topic: false,
    }
}

/// An outbox with this burst and this many milliseconds for each line after it.
fn outbox(burst: u32, every_ms: u64) -> Outbox {
    Outbox::new(&irc(burst, every_ms), Arc::new(make::settings()))
}

fn place(room: &str) -> Place {
    if room.starts_with('#') {
        Place::Room(RoomId(format!("libera/{room}")))
    } else {
        Place::Private { network: "libera".to_owned(), nick: room.to_owned() }
    }
}

fn plain(room: &str, text: &str) -> Reply {
    Reply::new(place(room), text.to_owned())
}

fn status(room: &str, text: &str) -> Reply {
    Reply { kind: Kind::Status, ..plain(room, text) }
}

fn more(reply: Reply) -> Reply {
    Reply { more: true, ..reply }
}

fn ping(room: &str, text: &str, whom: &[&str]) -> Reply {
    Reply { ping: whom.iter().map(|name| Who((*name).to_owned())).collect(), ..plain(room, text) }
}

fn logged(room: &str, name: &str, row: i64) -> Reply {
    let kind = Kind::Logged { name: name.to_owned(), row: RowId(row) };
    Reply { kind, ..plain(room, &format!("{name}: logged L{row}")) }
}

/// All that goes out now.
fn all(outbox: &mut Outbox, view: &Here, now: Instant) -> Vec<String> {
    std::iter::from_fn(|| outbox.pop(view, now)).map(|line| line.as_str().to_owned()).collect()
}

/// What comes of these without a limit.
fn said(view: &Here, replies: Vec<Reply>) -> Vec<String> {
    let mut outbox = outbox(4, 0);
    let now = Instant::now();
    outbox.push(replies, now);
    all(&mut outbox, view, now)
}

/// Plays what arrives when, in milliseconds, and wakes the outbox when it wants to be woken: what goes out when.
fn play(outbox: &mut Outbox, view: &Here, arrivals: Vec<(u64, Vec<Reply>)>) -> Vec<(u64, String)> {
    let start = Instant::now();
    let mut out = Vec::new();
    let mut arrivals = arrivals.into_iter().peekable();
    let mut now = start;
    for _ in 0..10_000 {
        let due = arrivals.peek().map(|(at, _)| start + Duration::from_millis(*at));
        let wake = outbox.wake().map(|wake| wake.max(now));
        let Some(next) = [due, wake].into_iter().flatten().min() else { return out };
        now = next;
        if due == Some(next) {
            outbox.push(arrivals.next().expect("it is due").1, now);
        }
        let at = u64::try_from((now - start).as_millis()).expect("it is short");
        out.extend(all(outbox, view, now).into_iter().map(|line| (at, line)));
        assert!(outbox.wake().is_none_or(|wake| wake > now), "it wakes at once and has nothing to say");
    }
    panic!("it never comes to rest: {out:?}");
}

#[test]
fn pings_and_the_other_bots_log_are_messages_and_the_rest_are_notices() {
    let for_log = Reply { kind: Kind::ForLog, ..plain("#ops", "!log bob: 900101 is live") };
    let replies = vec![
        plain("#ops", "900101 is live"),
        for_log,
        status("bob", "bob: you are bob"),
        ping("#dev", "bob: test it", &["bob"]),
        logged("#ops", "bob", 7),
    ];
    assert_eq!(
        said(&here(&[]), replies),
        [
            "PRIVMSG #dev :bob: test it",
            "NOTICE #ops :900101 is live",
            "PRIVMSG #ops :!log bob: 900101 is live",
            "NOTICE #ops :bob: logged L7",
            "NOTICE bob :bob: you are bob",
        ]
    );
}

#[test]
fn an_answer_has_three_lines_in_a_room_and_twenty_in_private() {
    let answer = |room: &str, count: usize| -> Vec<Reply> {
        let line = |at| plain(room, &format!("line {at}"));
        (1..=count).map(|at| if at == 1 { line(at) } else { more(line(at)) }).collect()
    };
    let end = "… (+5 more: ask for a part of it)";
    assert_eq!(
        said(&here(&[]), answer("#ops", 8)),
        ["NOTICE #ops :line 1", "NOTICE #ops :line 2", &format!("NOTICE #ops :line 3 {end}")]
    );
    // Whoever asked gets the rest in private.
    let lines: Vec<Reply> = answer("#ops", 5)
        .into_iter()
        .map(|line| Reply { text: format!("bob: {}", line.text), ..line })
        .collect();
    assert_eq!(
        said(&here(&[]), lines),
        [
            "NOTICE #ops :bob: line 1",
            "NOTICE #ops :bob: line 2",
            "NOTICE #ops :bob: line 3 … (+2 more: in private to you)",
            "NOTICE bob :bob: line 4",
            "NOTICE bob :bob: line 5",
        ]
    );
    assert_eq!(said(&here(&[]), answer("#ops", 3)).len(), 3);
    let private = said(&here(&[]), answer("bob", 22));
    assert_eq!(
        (private.len(), private[19].as_str()),
        (20, "NOTICE bob :line 20 … (+2 more: ask for a part of it)")
    );

    // Two answers are two answers, and a ping between the lines of one counts for nothing.
    let mut both = answer("#ops", 3);
    both.insert(1, ping("#ops", "bob: go", &["bob"]));
    both.extend(answer("#ops", 3));
    assert_eq!(said(&here(&[]), both).len(), 7);

    // What a line is cut into counts, and the end fits.
    let long = format!("bob: {}", "word ".repeat(500));
    let lines = said(&here(&[]), vec![plain("#ops", &long)]);
    assert!(lines[2].ends_with("more: in private to you)"), "{}", lines[2]);
    assert!(lines[3..].iter().all(|line| line.starts_with("NOTICE bob :")), "{lines:?}");
    assert!(lines.iter().all(|line| line.len() <= 350));
    let words: usize = lines.iter().map(|line| line.matches("word").count()).sum();
    assert_eq!(words, 500, "nothing is lost");
    let pings = said(&here(&[]), vec![ping("#ops", &long, &["bob"])]);
    assert!(pings.len() > 7, "{}", pings.len());
}

#[test]
fn pings_go_first_then_answers_then_how_things_stand() {
    let mut outbox = outbox(1, 1000);
    let replies = vec![
        status("#ops", "status 1"),
        plain("#ops", "plain 1"),
        plain("#dev", "plain 2"),
        plain("#ops", "plain 3"),
        ping("#ops", "bob: ping 1", &["bob"]),
        ping("#ops", "bob: ping 2", &["bob"]),
    ];
    let late = vec![ping("#dev", "bob: ping 3", &["bob"])];
    let out = play(&mut outbox, &here(&[]), vec![(0, replies), (1500, late)]);
    let lines: Vec<(u64, &str)> = out.iter().map(|(at, line)| (*at, line.as_str())).collect();
    assert_eq!(
        lines,
        [
            (0, "PRIVMSG #ops :bob: ping 1"),
            (1000, "PRIVMSG #ops :bob: ping 2"),
            (2000, "PRIVMSG #dev :bob: ping 3"),
            (3000, "NOTICE #ops :plain 1"),
            (4000, "NOTICE #dev :plain 2"),
            (5000, "NOTICE #ops :plain 3"),
            (6000, "NOTICE #ops :status 1"),
        ]
    );
}

#[test]
fn a_late_status_is_dropped_and_said_to_be() {
    // Somebody else's question is answered too, however many are asked.
    let mut out = outbox(1, 1000);
    let first =
        vec![plain("#ops", "plain"), status("#ops", "one"), status("#dev", "two"), status("#ops", "three")];
    assert_eq!(play(&mut out, &here(&[]), vec![(0, first)]).len(), 4);

    let mut out = outbox(1, 20_000);
    let replies = vec![plain("#ops", "plain"), plain("#ops", "plain"), status("#ops", "late")];
    let lines = play(&mut out, &here(&[]), vec![(0, replies)]);
    let texts: Vec<&str> = lines.iter().map(|(_, line)| line.as_str()).collect();
    assert_eq!(
        texts,
        [
            "NOTICE #ops :plain",
            "NOTICE #ops :plain",
            "NOTICE #ops :1 line is left out here: there was more to say than the network takes"
        ]
    );
}

#[test]
fn too_much_is_dropped_and_said() {
    let mut out = outbox(1, 1000);
    let now = Instant::now();
    let mut replies: Vec<Reply> = (0..600).map(|at| plain("#ops", &format!("plain {at}"))).collect();
    replies.extend((0..10).map(|at| status("#dev", &format!("status {at}"))));
    replies.extend((0..600).map(|at| ping("#ops", &format!("bob: ping {at}"), &["bob"])));
    replies.truncate(600 + 10 + 100);
    out.push(replies, now);
    let mut lines = Vec::new();
    let mut at = now;
    while let Some(wake) = out.wake() {
        at = at.max(wake);
        lines.extend(all(&mut out, &here(&[]), at));
    }
    let count = |what: &str| lines.iter().filter(|line| line.contains(what)).count();
    assert_eq!((count("ping"), count("status"), count(":plain")), (100, 0, 400));
    assert!(lines.contains(&"NOTICE #ops :plain 200".to_owned()));
    assert!(!lines.contains(&"NOTICE #ops :plain 199".to_owned()));
    let ends = &lines[lines.len() - 2..];
    assert!(ends[0].starts_with("NOTICE #ops :200 lines are left out"), "{ends:?}");
    assert!(ends[1].starts_with("NOTICE #dev :10 lines are left out"), "{ends:?}");
    assert_eq!(all(&mut out, &here(&[]), at + Duration::from_secs(9)), Vec::<String>::new());
}

#[test]
fn it_outlives_a_connection() {
    let (away, back) = (Here { ready: false, ..here(&[]) }, here(&[]));
    let mut out = outbox(4, 1000);
    let start = Instant::now();
    let at = |seconds| start + Duration::from_secs(seconds);
    out.push(vec![plain("#ops", "before")], start);
    assert_eq!(all(&mut out, &back, start), ["NOTICE #ops :before"]);
    out.push(vec![plain("#ops", "old"), ping("#ops", "bob: old", &["bob"])], at(10));
    assert_eq!(all(&mut out, &away, at(10)), Vec::<String>::new());
    assert_eq!(out.wake(), None, "there is nobody to say it to");
    out.push(vec![plain("#ops", "young"), status("#ops", "status")], at(60));
    out.push(vec![plain("#ops", "younger")], at(61));
    assert_eq!(
        all(&mut out, &back, at(140)),
        ["PRIVMSG #ops :bob: old", "NOTICE #ops :young", "NOTICE #ops :younger"]
    );

    // Nothing is late because nothing was said for an hour, or because much is said.
    out.push(vec![plain("#ops", "after an hour")], at(4000));
    assert_eq!(all(&mut out, &back, at(4000)), ["NOTICE #ops :after an hour"]);
    let many = (0..200).map(|_| plain("#ops", "many")).collect();
    let mut out = outbox(4, 1000);
    assert_eq!(play(&mut out, &back, vec![(0, many)]).len(), 200);
}

#[test]
fn what_is_for_a_channel_waits_until_the_bot_is_in_and_knows_who_is_there() {
    let view = |access| Here { access: [access, Access::Open], ..here(&[("bob", "bobby")]) };
    let mut out = outbox(4, 1000);
    let start = Instant::now();
    let at = |seconds| start + Duration::from_secs(seconds);
    let replies = vec![
        plain("#ops", "one"),
        plain("#dev", "two"),
        logged("#ops", "carol", 7),
        status("#ops", "three"),
        ping("#ops", "bob: four", &["bob"]),
        ping("#dev", "bob: five", &["bob"]),
    ];
    out.push(replies, start);
    assert_eq!(all(&mut out, &view(Access::Shut), start), ["PRIVMSG #dev :bobby: five", "NOTICE #dev :two"]);
    assert_eq!(out.wake(), None, "nothing can be said");
    let nameless = all(&mut out, &view(Access::Nameless), at(9));
    assert_eq!(nameless, ["NOTICE #ops :one", "NOTICE #ops :carol: logged L7", "NOTICE #ops :three"]);
    assert_eq!(out.wake(), None, "the ping waits for a nick");
    out.push(vec![plain("#ops", "six")], at(10));
    assert_eq!(all(&mut out, &view(Access::Open), at(10)), ["PRIVMSG #ops :bobby: four", "NOTICE #ops :six"]);

    // Who is thrown out for long tells nobody about it afterwards; what is new by then is said.
    out.push(vec![ping("#ops", "bob: old", &["bob"]), plain("#ops", "old")], at(20));
    assert!(all(&mut out, &view(Access::Shut), at(20)).is_empty());
    out.push(vec![plain("#ops", "new")], at(100));
    assert!(all(&mut out, &view(Access::Shut), at(141)).is_empty());
    assert_eq!(all(&mut out, &view(Access::Open), at(142)), ["NOTICE #ops :new"]);

    // A ping that has outlived a long outage waits for its room like any other.
    out.push(vec![ping("#ops", "bob: seven", &["bob"])], at(200));
    assert!(all(&mut out, &Here { ready: false, ..here(&[]) }, at(200)).is_empty());
    assert!(all(&mut out, &view(Access::Shut), at(9000)).is_empty());
    assert_eq!(all(&mut out, &view(Access::Open), at(9001)), ["PRIVMSG #ops :bobby: seven"]);
}

#[test]
fn what_may_be_lost_with_the_connection_is_said_again_once() {
    let (away, back) = (Here { ready: false, ..here(&[]) }, here(&[]));
    let mut out = outbox(4, 0);
    let start = Instant::now();
    let at = |seconds| start + Duration::from_secs(seconds);
    let say = |out: &mut Outbox, text: &str, seconds| {
        out.push(vec![ping("#ops", &format!("bob: {text}"), &["bob"])], at(seconds));
        all(out, &back, at(seconds));
    };
    say(&mut out, "proved", 0);
    let replies = vec![
        plain("#ops", "an answer"),
        status("#ops", "status"),
        ping("#ops", "bob: ping", &["bob"]),
        logged("#ops", "bob", 7),
    ];
    out.push(replies, at(10));
    assert_eq!(all(&mut out, &Here { proved: Some(at(10)), ..here(&[]) }, at(10)).len(), 4);
    all(&mut out, &away, at(11));
    out.push(vec![logged("#ops", "bob", 8)], at(11));
    let again = ["PRIVMSG #ops :bob: ping", "NOTICE #ops :bob: logged L7", "NOTICE #ops :bob: logged L8"];
    assert_eq!(all(&mut out, &back, at(12)), again);
    // What is said a second time may be what the server does not bear.
    all(&mut out, &away, at(13));
    assert_eq!(all(&mut out, &back, at(14)), ["NOTICE #ops :bob: logged L8"]);
    // It is bounded, and after a long outage it is no news.
    (0..60).for_each(|text| say(&mut out, &format!("many {text}"), 100));
    all(&mut out, &away, at(101));
    assert_eq!(all(&mut out, &back, at(102)).len(), 50);
    out.push(vec![ping("#ops", "bob: old", &["bob"])], at(103));
    assert_eq!(all(&mut out, &back, at(103)).len(), 1);
    all(&mut out, &away, at(300));
    assert_eq!(all(&mut out, &back, at(301)), Vec::<String>::new());
}

#[test]
fn nothing_wakes_it_while_nothing_waits() {
    let mut out = outbox(4, 1000);
    assert_eq!(out.wake(), None);
    let now = Instant::now();
    out.push(vec![plain("#ops", "one"), plain("#ops", " "), plain("#ops", "\u{1}")], now);
    assert!(out.wake().is_some_and(|wake| wake <= now));
    assert_eq!(all(&mut out, &here(&[]), now), ["NOTICE #ops :one"]);
    assert_eq!(out.wake(), None);
}

#[test]
fn other_channels_get_nothing() {
    let replies = vec![plain("#ops", "here")];
    assert_eq!(said(&here(&[]), replies).len(), 1);
    for odd in ["a b", "bob,#ops", ":bob"] {
        assert_eq!(said(&here(&[]), vec![plain(odd, "hello")]), Vec::<String>::new(), "{odd:?}");
    }
}
