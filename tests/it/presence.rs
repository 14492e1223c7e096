//! Presence and links where a window is held on several networks: what a departure means, and who is told.

use swatbot::engine::command::VERBS;
use swatbot::engine::event::{Absence, Cause, Event};
use swatbot::engine::id::{At, RoomId};
use swatbot::engine::settings::{LogMode, NetworkSettings, Settings};
use swatbot::engine::state::State;
use swatbot::engine::window::{Lead, Phase, Window};
use swatbot::engine::{
    Attendance, Departure, Input, Kind, Line, Link, LinkChange, Outcome, Place, Presence, turn,
};

use super::make::{self, at, who};

const IRC: &str = "libera/#ops";
const MATRIX: &str = "matrix/!ops:example.org";

/// A window that runs in a channel and in a Matrix room; alice leads, bob's patch waits.
struct Held {
    settings: Settings,
    state: State,
    now: At,
}

impl Held {
    fn new() -> Self {
        let mut settings = make::settings();
        let rooms = vec![RoomId(IRC.to_owned()), RoomId(MATRIX.to_owned())];
        settings.windows[0].rooms.clone_from(&rooms);
        for person in &mut settings.people {
            person.accounts.push(format!("matrix/@{}:example.org", person.id));
        }
        let mut window = make::window();
        window.occurrence.rooms = rooms;
        window.phase = Phase::Running { since: at("14:00") };
        window.lead = Some(Lead { who: who("alice"), heard: at("14:00"), handover: None });
        let mut state = State::default();
        make::queue(&mut state, &mut window, &make::config(900_101));
        state.windows.insert(window.id().clone(), window);
        Self { settings, state, now: at("14:01") }
    }

    fn window(&self) -> &Window {
        self.state.windows.values().next().unwrap()
    }

    /// Takes an input and what is due after it.
    fn take(&mut self, input: &Input) -> Outcome {
        let mut outcome = turn(&self.settings, &mut self.state, self.now, input);
        let tick = turn(&self.settings, &mut self.state, self.now, &Input::Tick);
        outcome.records.extend(tick.records);
        outcome.replies.extend(tick.replies);
        outcome
    }

    fn says(&mut self, room: &str, name: &str, text: &str) -> Outcome {
        let network = room.split('/').next().unwrap().to_owned();
        let account = if network == "matrix" { format!("@{name}:example.org") } else { name.to_owned() };
        self.take(&Input::Line(Line {
            network,
            room: Some(RoomId(room.to_owned())),
            nick: format!("{name}_"),
            account: Some(account),
            text: text.to_owned(),
            message_id: None,
        }))
    }

    fn attends(&mut self, change: Attendance) -> Outcome {
        self.take(&Input::Presence(Presence { room: RoomId(IRC.to_owned()), change }))
    }

    fn leaves(&mut self, account: &str) -> Outcome {
        self.attends(Attendance::Left { account: account.to_owned(), how: Departure::Left })
    }

    fn link(&mut self, change: LinkChange) -> Outcome {
        self.take(&Input::Link(Link { network: "libera".to_owned(), change }))
    }
}

/// Where each line is said, and the line.
fn said(outcome: &Outcome) -> Vec<(&str, &str)> {
    let replies = outcome.replies.iter();
    let place_and_text = replies.map(|reply| match &reply.to {
        Place::Room(room) => (room.0.as_str(), reply.text.as_str()),
        Place::Private { nick, .. } => (nick.as_str(), reply.text.as_str()),
    });
    place_and_text.collect()
}

#[test]
fn a_departure_counts_only_where_somebody_was_last_heard() {
    let mut held = Held::new();
    assert_eq!(held.leaves("alice").records, [], "never heard in the channel");
    held.says(IRC, "alice", "good morning");
    let moved = held.says(MATRIX, "alice", "I am here now");
    assert!(matches!(moved.records[0].event, Event::LeadSpoke), "{moved:?}");
    assert_eq!(held.says(MATRIX, "alice", "still").records, [], "nothing new");
    assert_eq!(held.leaves("alice").records, [], "she is on Matrix");
    held.says(IRC, "alice", "back on IRC");
    let left = held.leaves("alice");
    assert_eq!(left.records.len(), 2, "gone, and held: {left:?}");
    assert!(held.window().holds.len() == 1 && said(&left).len() == 2, "said in both rooms: {left:?}");
    assert_eq!(held.leaves("alice").records, [], "once");
    // Heard on the other network, she is there; the hold stays until she says so.
    held.says(MATRIX, "alice", "my connection is bad");
    assert!(held.window().gone(&who("alice")).is_none() && held.window().holds.len() == 1);
    held.says(MATRIX, "alice", "!swat resume on Matrix now");
    assert_eq!(held.window().holds, []);
}

#[test]
fn who_does_not_matter_leaves_no_row() {
    let mut held = Held::new();
    held.says(IRC, "bob", "!swat here");
    for account in ["mallory", "carol", "dave"] {
        assert_eq!(held.attends(Attendance::Came(account.to_owned())).records, []);
        assert_eq!(held.leaves(account).records, []);
    }
    assert_eq!(held.attends(Attendance::Came("bob".to_owned())).records, [], "he is there already");
    let split = Attendance::Left { account: "bob".to_owned(), how: Departure::Split };
    let gone = held.attends(split.clone());
    assert!(matches!(&gone.records[0].event, Event::Gone { how: Absence::Split, .. }), "{gone:?}");
    assert_eq!(held.attends(split).records, [], "once");
    let heard = held.says(IRC, "bob", "that was quick");
    assert!(matches!(heard.records[0].event, Event::OwnerSpoke), "{heard:?}");
    // A day before the window, only its lead matters.
    held.now = at("14:01") - chrono::TimeDelta::days(1);
    let id = held.window().id().clone();
    held.state.windows.get_mut(&id).unwrap().phase = Phase::Planned;
    assert_eq!(held.leaves("bob").records, []);
}

#[test]
fn the_roster_of_a_room_says_who_is_gone_and_who_is_back() {
    let mut held = Held::new();
    held.says(IRC, "alice", "good morning");
    held.says(IRC, "bob", "!swat here");
    assert_eq!(held.attends(Attendance::Roster(vec!["alice".into(), "bob".into(), "x".into()])).records, []);
    let closed = held.attends(Attendance::Closed("kicked".to_owned()));
    assert!(said(&closed)[0].1.contains("HELD (H1): I was out of libera/#ops"), "{closed:?}");
    let roster = held.attends(Attendance::Roster(vec!["bob".to_owned()]));
    assert!(matches!(&roster.records[0].event, Event::Back { who: back, .. } if *back == [who("bob")]));
    assert!(held.window().gone(&who("alice")).is_some());
    let roster = held.attends(Attendance::Roster(vec!["alice".to_owned()]));
    let kinds: Vec<_> = roster.records.iter().map(|record| record.event.kind()).collect();
    assert_eq!(kinds, ["back", "gone"], "alice is back, bob is not there now");
}

#[test]
fn a_link_that_is_lost_is_said_nowhere_and_its_return_where_a_window_is_open() {
    let mut held = Held::new();
    held.says(IRC, "alice", "good morning");
    assert_eq!(held.link(LinkChange::Up { read_only: None }).records, [], "it was never lost");
    let lost = held.link(LinkChange::Lost("ping timeout".to_owned()));
    assert!(held.window().gone(&who("alice")).is_some());
    let rooms: Vec<&str> = said(&lost).iter().map(|(room, _)| *room).collect();
    assert_eq!(rooms, [MATRIX], "the hold is said where it can be heard");
    assert_eq!(held.link(LinkChange::Lost("refused".to_owned())).records, [], "once");
    let up = held.link(LinkChange::Up { read_only: None });
    let lines = said(&up);
    let back = "alice: I am back (the link to libera was lost). 2026-11-23/morning is HELD (H1); what was said \
                meanwhile I did not hear. \"!swat resume H1 NOTE\"";
    assert_eq!(lines, [(IRC, back)]);
    assert_eq!(up.replies[0].ping, [who("alice")]);
    // She never left: the roster says nothing more.
    assert_eq!(said(&held.attends(Attendance::Roster(vec!["alice".to_owned()]))), []);
    assert_eq!(held.link(LinkChange::Up { read_only: None }).records, []);
    // With no open window, nobody is told.
    held.state.windows.clear();
    held.now = at("09:00");
    held.link(LinkChange::Lost("again".to_owned()));
    assert_eq!(said(&held.link(LinkChange::Up { read_only: None })), []);
}

#[test]
fn a_lead_was_not_away_where_the_bot_was() {
    let mut held = Held::new();
    held.says(IRC, "alice", "good morning");
    held.attends(Attendance::Closed("kicked by eve: flood".to_owned()));
    let back = held.attends(Attendance::Roster(vec!["alice".to_owned()]));
    let line = "alice: I am back (I was out of libera/#ops: kicked by eve: flood). 2026-11-23/morning is HELD (H1); \
                what was said meanwhile I did not hear. \"!swat resume H1 NOTE\"";
    assert_eq!(said(&back), [(IRC, line), (MATRIX, line)]);
    // After a restart nobody has been seen yet, so nobody is gone.
    held.leaves("alice");
    let started = held.take(&Input::Started { at_work: Vec::new() });
    let lines = said(&started);
    assert!(lines[0].1.contains("I am back.") && !lines[0].1.contains("gone"), "{started:?}");
}

#[test]
fn the_kill_switch_is_on_record_and_holds_a_window_whose_lead_it_silences() {
    let mut held = Held::new();
    held.says(IRC, "alice", "good morning");
    assert_eq!(held.take(&Input::Settings).records, [], "nothing has changed");
    held.settings
        .networks
        .insert("libera".to_owned(), NetworkSettings { trust: false, ..Default::default() });
    let off = held.take(&Input::Settings);
    let kinds: Vec<_> = off.records.iter().map(|record| record.event.kind()).collect();
    assert_eq!(kinds, ["rights", "gone", "held"]);
    let line = "rights on libera are switched off by the operator: commands from there are refused, questions \
                answered";
    assert_eq!(said(&off)[..2], [(IRC, line), (MATRIX, line)]);
    assert!(said(&off)[2].1.contains("HELD (H1): rights on libera are switched off"), "{off:?}");
    assert_eq!(held.take(&Input::Settings).records, [], "once");
    assert_eq!(held.take(&Input::Started { at_work: Vec::new() }).records.len(), 1, "a restart knows it");
    held.settings.networks.clear();
    let on = held.take(&Input::Settings);
    let kinds: Vec<_> = on.records.iter().map(|record| record.event.kind()).collect();
    assert_eq!(kinds, ["rights", "back"]);
    let text = said(&on).last().unwrap().1.to_owned();
    assert!(text.starts_with("alice: 2026-11-23/morning is HELD (H1) since your rights were off."), "{text}");
    assert!(held.window().holds.len() == 1, "coming back resumes nothing");
}

#[test]
fn a_window_goes_where_the_configuration_holds_it_after_a_restart() {
    let mut held = Held::new();
    held.says(IRC, "alice", "good morning");
    held.settings.windows[0].rooms = vec![RoomId("libera/#new".to_owned())];
    let started = held.take(&Input::Started { at_work: Vec::new() });
    let kinds: Vec<_> = started.records.iter().map(|record| record.event.kind()).collect();
    assert_eq!(kinds, ["started", "rooms-moved"]);
    assert_eq!(said(&started).iter().map(|(room, _)| *room).collect::<Vec<_>>(), ["libera/#new"]);
    held.says("libera/#new", "alice", "!swat hold");
    assert_eq!(held.window().holds.len(), 1, "it answers there");
    assert_eq!(held.take(&Input::Started { at_work: Vec::new() }).records.len(), 1, "once");
}

#[test]
fn where_nobody_has_a_right_no_command_is_offered_without_a_word() {
    let mut held = Held::new();
    held.says(IRC, "alice", "good morning");
    held.link(LinkChange::Lost("ping timeout".to_owned()));
    let up = held.link(LinkChange::Up { read_only: Some("my nick is taken".to_owned()) });
    assert!(said(&up)[0].1.ends_with("NOTE\" (commands from here are refused now)"), "{up:?}");
    let mut started = held.take(&Input::Started { at_work: Vec::new() });
    started.replies.retain(|reply| reply.text.ends_with("(commands from here are refused now)"));
    assert_eq!(
        said(&started).iter().map(|(room, _)| *room).collect::<Vec<_>>(),
        [IRC],
        "on Matrix they work"
    );
}

#[test]
fn a_link_that_is_given_up_is_said_on_the_other_networks() {
    let mut held = Held::new();
    let stopped = held.link(LinkChange::Stopped("banned".to_owned()));
    assert_eq!(
        said(&stopped),
        [(MATRIX, "I am out of libera and do not try again: banned. Whoever runs me must look")]
    );
    assert_eq!(held.link(LinkChange::Stopped("banned".to_owned())).records, [], "once");
}

#[test]
fn a_network_that_tells_nobody_apart_gives_no_rights() {
    let mut held = Held::new();
    let why = Some("no account-tag".to_owned());
    let said_once = held.link(LinkChange::Up { read_only: why.clone() });
    assert!(said(&said_once).len() == 1 && said(&said_once)[0].0 == IRC, "{said_once:?}");
    assert_eq!(held.link(LinkChange::Up { read_only: why }).records, []);
    let refused = held.says(IRC, "alice", "!swat extend 15m");
    assert!(said(&refused)[0].1.contains("no account-tag") && said(&refused)[0].1.contains("[read-only]"));
    assert!(!said(&held.says(MATRIX, "alice", "!swat extend 15m"))[0].1.contains("no:"));
    assert!(!said(&held.says(IRC, "alice", "!swat queue"))[0].1.contains("no:"), "questions work");
}

#[test]
fn accounts_of_a_network_without_trust_count_for_nothing() {
    let mut held = Held::new();
    let off = NetworkSettings { trust: false, ..NetworkSettings::default() };
    held.settings.networks.insert("libera".to_owned(), off);
    let refused = held.says(IRC, "alice", "!swat extend 15m");
    assert!(said(&refused)[0].1.ends_with("[trust-off]"), "{refused:?}");
    assert!(!said(&held.says(MATRIX, "alice", "!swat extend 15m"))[0].1.contains("no:"));
    held.says(MATRIX, "alice", "here");
    assert_eq!(held.leaves("alice").records, []);
}

#[test]
fn a_lead_who_was_heard_in_private_alone_is_missed_in_the_room() {
    let mut held = Held::new();
    held.settings.windows[0].private_commands = true;
    held.take(&Input::Line(Line {
        network: "libera".to_owned(),
        room: None,
        nick: "alice".to_owned(),
        account: Some("alice".to_owned()),
        text: "extend 15m".to_owned(),
        message_id: None,
    }));
    assert!(held.leaves("alice").records.iter().any(|record| matches!(record.event, Event::Held { .. })));
}

#[test]
fn an_offer_is_answered_to_the_nick_that_made_it() {
    let mut held = Held::new();
    held.says(IRC, "bob", "!swat add 900102");
    let answer = Ok(Box::new(make::config(900_102)));
    let added = held.take(&Input::Facts { change: make::number(900_102), answer });
    assert!(said(&added)[0].1.starts_with("bob_: "), "{added:?}");
}

#[test]
fn what_is_done_in_private_is_answered_to_the_nick_and_said_in_the_rooms() {
    let mut held = Held::new();
    let whisper = |text: &str| {
        Input::Line(Line {
            network: "libera".to_owned(),
            room: None,
            nick: "bob_away".to_owned(),
            account: Some("bob".to_owned()),
            text: text.to_owned(),
            message_id: None,
        })
    };
    let refused = held.take(&whisper("remove 900101"));
    assert_eq!(
        said(&refused),
        [("bob_away", "bob_away: no: that is said in libera/#ops, where others see it [room]")]
    );
    // One window allows it, the other does not.
    held.settings.windows[0].private_commands = true;
    let mut evening = held.settings.windows[0].clone();
    evening.id = "evening".to_owned();
    evening.start = chrono::NaiveTime::from_hms_opt(13, 0, 0).unwrap();
    evening.private_commands = false;
    held.settings.windows.push(evening);
    let before = held.state.windows.clone();
    let refused = held.take(&whisper("add 900102 for evening"));
    assert!(said(&refused)[0].1.ends_with("[room]") && refused.replies.len() == 1, "{refused:?}");
    assert_eq!(held.state.windows, before, "nothing was done");
    let refused = held.take(&whisper("freeze now +1h it is late"));
    assert!(said(&refused)[0].1.ends_with("[not-manager]"), "a refusal stays private: {refused:?}");
    // The answer to an offer comes later, and finds the nick that asked.
    assert_eq!(said(&held.take(&whisper("add 900102 for morning"))), []);
    let change = make::number(900_102);
    let answer = Ok(Box::new(make::config(900_102)));
    let added = held.take(&Input::Facts { change, answer });
    let places: Vec<&str> = said(&added).iter().map(|(place, _)| *place).collect();
    assert_eq!(places, ["bob_away", IRC, MATRIX], "{added:?}");
    assert!(said(&added)[0].1.starts_with("bob_away: "), "{added:?}");
    assert!(said(&added)[1].1.starts_with("bob, in private: #2 in 2026-11-23/morning"), "{added:?}");
    let removed = held.take(&whisper("remove 900102"));
    assert!(said(&removed)[0].1.starts_with("bob, in private, \"!swat remove 900102\": "), "{removed:?}");
    assert_eq!(removed.replies.iter().filter(|reply| reply.to != removed.replies[2].to).count(), 2);
}

#[test]
fn the_log_of_another_bot_is_kept_in_silence_and_told_the_milestones() {
    let mut held = Held::new();
    let mode = |log| NetworkSettings { log, ..NetworkSettings::default() };
    held.settings.networks.insert("libera".to_owned(), mode(LogMode::Emit));
    let logged = held.says(IRC, "bob", "!log restarted apache");
    assert!(matches!(logged.records[0].event, Event::Logged) && logged.replies.is_empty(), "{logged:?}");
    assert_eq!(
        said(&held.says(MATRIX, "bob", "!log restarted apache again")).len(),
        1,
        "the other network is ours"
    );
    let copy = held.says(MATRIX, "bob", "!log restarted apache");
    let passed_over = Outcome { is_copy: true, ..Outcome::default() };
    assert_eq!(copy, passed_over, "a bridge repeats what was said on the first");
    let started = held.says(IRC, "bob", "!hold db alerts");
    let for_log: Vec<_> = started.replies.iter().filter(|reply| reply.kind == Kind::ForLog).collect();
    assert!(for_log.len() == 1 && for_log[0].to == Place::Room(RoomId(IRC.to_owned())), "{started:?}");
    assert_eq!(for_log[0].text, "!log 2026-11-23/morning is HELD (H1) by bob: db alerts");
    held.settings.networks.insert("libera".to_owned(), mode(LogMode::Observe));
    let resumed = held.says(IRC, "bob", "!hold something else");
    assert!(resumed.replies.iter().all(|reply| reply.kind != Kind::ForLog), "{resumed:?}");
}

/// A good command of each verb that does something.
const COMMANDS: &[&str] = &[
    "add 900102",
    "remove 900101",
    "move 900101 to next",
    "order 900101 before 900102",
    "independent 900101 900102 they are",
    "files 900101 ok",
    "here",
    "away",
    "claim",
    "unclaim",
    "handover dan",
    "start",
    "check 900101 deployer",
    "uncheck 900101 deployer",
    "na 900101 beta config",
    "done 1",
    "failed it broke",
    "retry",
    "verified 900101",
    "broken 900101 it is",
    "skip 900101 later",
    "veto 900101 never",
    "hold",
    "resume it is well",
    "rollback",
    "settle 900101 keep as it is",
    "override 900101 reviewed I say so",
    "extend 15m",
    "limit 3",
    "freeze now +1h tired",
    "thaw F1",
    "finish",
    "go",
    "promote",
    "rerun",
    "soak +5m",
    "cancel",
    "steal 2026-11-23/morning she sleeps",
    "emergency 900101 all is down",
    "approve 900101",
    "aftermath a typo",
];

#[test]
fn t5_no_command_works_from_another_channel_or_in_private_or_without_an_account() {
    for verb in VERBS.iter().filter(|verb| !verb.asks) {
        let mut verbs = COMMANDS.iter().filter_map(|command| command.split(' ').next());
        assert!(verbs.any(|name| name == verb.name), "{} is missing", verb.name);
    }
    let elsewhere = [(Some("libera/#elsewhere"), Some("alice")), (None, Some("alice")), (Some(IRC), None)];
    for (command, (room, account)) in COMMANDS.iter().flat_map(|it| elsewhere.map(|place| (*it, place))) {
        let mut held = Held::new();
        let mut before = held.state.clone();
        let outcome = held.take(&Input::Line(Line {
            network: "libera".to_owned(),
            room: room.map(|room| RoomId(room.to_owned())),
            nick: "alice".to_owned(),
            account: account.map(str::to_owned),
            text: format!("!swat {command}"),
            message_id: None,
        }));
        // Whom nobody knows may be told first that there is no such patch.
        let no = if account.is_some() { "[room]" } else { "alice: no: " };
        let replies = said(&outcome);
        assert!(replies.len() == 1 && replies[0].1.contains(no), "{command} in {room:?}: {replies:?}");
        before.row = held.state.row;
        assert_eq!(held.state, before, "{command} in {room:?}");
    }
}

/// The bot is out of a room and does not come back by itself.
#[test]
fn a_room_that_is_gone_for_good_holds_and_is_said_elsewhere() {
    let shut = |why: &str, next: Option<&str>| Attendance::Shut {
        why: why.to_owned(),
        next: next.map(str::to_owned),
    };
    let mut held = Held::new();
    held.says(MATRIX, "alice", "I am on Matrix");
    let out = held.attends(shut("eve banned me", None));
    assert!(matches!(&out.records[0].event, Event::Held { cause: Cause::RoomShut, .. }), "{out:?}");
    let id = held.window().id().clone();
    assert_eq!(
        said(&out),
        [(
            MATRIX,
            format!(
                "alice: {id} is HELD (H1): I am out of {IRC}: eve banned me. Go on without that room: \
                 \"!swat resume H1 NOTE\"; else let me in again first"
            )
            .as_str()
        )]
    );
    assert_eq!(out.replies[0].ping, [who("alice")]);
    assert_eq!(held.attends(shut("eve banned me", None)).records, [], "once");
    held.says(MATRIX, "alice", "!swat resume H1 we go on");
    assert_eq!(held.window().holds, []);
    // A lead who was there is gone with it, and one hold is enough.
    held.says(IRC, "alice", "back on IRC");
    let out = held.attends(shut("it was replaced", Some("!new:example.org")));
    let texts: Vec<&str> = said(&out).into_iter().map(|(_, text)| text).collect();
    assert!(
        texts.len() == 1 && texts[0].contains("Both rooms say that !new:example.org follows it"),
        "{texts:?}"
    );
    assert_eq!((held.window().holds.len(), held.take(&Input::Tick).records), (1, Vec::new()));
    assert!(held.window().gone(&who("alice")).is_some());
}
