//! What the bot gives out beside its sentences: which commands were taken, which patch a sentence is about, who is called,
//! and the card of a window.

use std::path::Path;

use chrono::TimeDelta;
use swatbot::bot::{Bot, Said, facts};
use swatbot::config;
use swatbot::engine::id::{At, ChangeNumber, RoomId};
use swatbot::engine::say::card::Card;
use swatbot::engine::{Edited, Input, Line, Nod, Reply};
use swatbot::store::Store;
use tempfile::TempDir;

use super::make;

const ROOM: &str = "matrix/!ops:example.org";

struct Room {
    _folder: TempDir,
    bot: Bot,
    at: At,
    messages: usize,
}

impl Room {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("swatbot.db")).unwrap();
        let windows = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts/windows-run.toml");
        let mut settings = config::load(&windows).unwrap_or_else(|faults| panic!("{faults}")).settings;
        settings.windows.iter_mut().for_each(|window| window.rooms = vec![RoomId(ROOM.to_owned())]);
        for person in &mut settings.people {
            person.accounts = vec![format!("matrix/@{}:example.org", person.id)];
        }
        let at = "2026-11-23T13:58:00Z".parse().unwrap();
        let (bot, _) = Bot::open(settings, store, at).unwrap();
        Self { _folder: folder, bot, at, messages: 0 }
    }

    fn line(&mut self, name: &str, text: &str) -> Line {
        self.messages += 1;
        Line {
            network: "matrix".to_owned(),
            room: Some(RoomId(ROOM.to_owned())),
            nick: name.to_owned(),
            account: Some(format!("@{name}:example.org")),
            text: text.to_owned(),
            message_id: Some(format!("${}", self.messages)),
        }
    }

    fn says(&mut self, name: &str, text: &str) -> Said {
        let line = self.line(name, text);
        self.bot.take(self.at, &[Input::Line(line)])
    }

    fn knows(&mut self, change: u32) -> Said {
        let known = make::config(change);
        self.bot.take(self.at, &[facts(ChangeNumber(change), Ok(Box::new(known)))])
    }

    fn later(&mut self, minutes: i64) -> Said {
        self.at += TimeDelta::minutes(minutes);
        self.bot.take(self.at, &[])
    }

    /// A window that runs, with the first of two patches at the test servers.
    fn running() -> Self {
        let mut room = Self::open();
        for change in [900_101, 900_102] {
            room.says("bob", &format!("!swat add {change}"));
            room.knows(change);
        }
        room.says("alice", "!swat claim");
        room.later(2);
        room.says("alice", "!swat start");
        room
    }
}

/// The messages that are shown to be taken, and whether anything was answered.
fn taken(said: &Said) -> Vec<&str> {
    said.accepted.iter().map(|accepted| accepted.message.as_str()).collect()
}

#[test]
fn a_command_is_shown_to_be_taken_where_all_of_it_was() {
    let mut room = Room::open();
    for text in ["good morning", "!swat queue", "!swat now", "!swat whoami", "!log last 3", "!swat help add"]
    {
        assert_eq!(taken(&room.says("bob", text)), [""; 0], "{text} left no row");
    }
    for text in ["!swat start", "!swat ad 4", "!swat done 3", "!swat limit 3", "!swat add x"] {
        let said = room.says("bob", text);
        assert!(said.replies[0].text.contains("no:"), "{text}: {:?}", said.replies);
        assert_eq!(taken(&said), [""; 0], "{text} was refused");
    }
    assert_eq!(taken(&room.says("bob", "!log a word")), ["$12"]);
    // What is offered may still be refused, so nothing is shown before it is known.
    assert_eq!(taken(&room.says("bob", "!swat add 900101 900102")), [""; 0]);
    assert_eq!(taken(&room.knows(900_101)), [""; 0]);
    assert_eq!(taken(&room.knows(900_102)), ["$13"]);
    assert_eq!(taken(&room.says("bob", "!swat add 900101")), [""; 0], "it is so already");
    // One of two is refused, at once or when it is known.
    room.says("carol", "!swat add #9 900103");
    assert_eq!(taken(&room.knows(900_103)), [""; 0]);
    room.says("carol", "!swat add 900104 900105");
    room.knows(900_104);
    let mut merged = make::config(900_105);
    merged.change.status = swatbot::engine::facts::Status::Merged;
    let said = room.bot.take(room.at, &[facts(ChangeNumber(900_105), Ok(Box::new(merged)))]);
    assert!(said.replies.iter().any(|reply| reply.text.contains("no:")), "{:?}", said.replies);
    assert_eq!(taken(&said), [""; 0]);
    assert_eq!(taken(&room.says("alice", "!swat claim")), ["$17"]);
    assert_eq!(taken(&room.says("alice", "!swat claim")), [""; 0]);
}

#[test]
fn a_message_that_is_changed_again_and_again_is_answered_once() {
    let mut room = Room::open();
    let row = room.bot.store().last().0;
    let mut edit = |text: &str| {
        let line = Line { message_id: Some("edit of $1".to_owned()), ..room.line("bob", text) };
        room.bot.take(room.at, &[Input::Edited(Edited { line, of: "$1".to_owned() })])
    };
    assert!(edit("good morning").replies.is_empty());
    let said = edit("!swat add 900101");
    assert_eq!(said.replies.len(), 1, "{said:?}");
    assert_eq!(said.replies[0].answers.as_deref(), Some("$1"));
    assert_eq!((said.accepted, said.lookups), (Vec::new(), Vec::new()));
    for _ in 0..4 {
        assert!(edit("!swat add 900102").replies.is_empty());
    }
    assert_eq!(room.bot.store().last().0, row + 1, "it is on the record once");
    assert!(room.bot.state().offers.is_empty());
}

fn texts(replies: &[Reply]) -> Vec<&str> {
    replies.iter().map(|reply| reply.text.as_str()).collect()
}

#[test]
fn a_nod_acts_once_and_answers_where_the_question_is() {
    let mut room = Room::running();
    room.says("alice", "!swat check 900101 deployer");
    let mut merged = make::config(900_101);
    merged.change.status = swatbot::engine::facts::Status::Merged;
    let said = room.bot.take(room.at, &[facts(ChangeNumber(900_101), Ok(Box::new(merged)))]);
    let asked: Vec<_> = said.replies.iter().filter_map(|reply| reply.confirm.clone()).collect();
    let [confirm] = asked.as_slice() else { panic!("{:?}", texts(&said.replies)) };
    assert_eq!((confirm.who.0.as_str(), confirm.step, confirm.patch_set), ("alice", 3, 3));
    let nod = Nod { line: room.line("alice", ""), confirm: confirm.clone(), unfit: None };
    let before = room.bot.store().last().0;
    let said = room.bot.take(room.at, &[Input::Nod(Box::new(nod.clone()))]);
    assert_eq!(said.replies[0].answers, nod.line.message_id);
    assert_eq!(said.accepted, [], "the answer is enough");
    assert_eq!(room.bot.store().last().0, before + 1);
    // The same one again, and one more by the same person.
    assert!(room.bot.take(room.at, &[Input::Nod(Box::new(nod.clone()))]).replies.is_empty());
    let again = Nod { line: room.line("alice", ""), ..nod.clone() };
    let said = room.bot.take(room.at, &[Input::Nod(Box::new(again))]);
    assert!(said.replies[0].text.starts_with("alice: already done by alice"), "{:?}", texts(&said.replies));
    // One that proves nothing changes nothing, whoever is named in it.
    for (unfit, code) in
        [(swatbot::engine::Unfit::Late, "[not-asked]"), (swatbot::engine::Unfit::InClear, "[in-clear]")]
    {
        let bob = Nod { line: room.line("bob", ""), unfit: Some(unfit), confirm: confirm.clone() };
        let said = room.bot.take(room.at, &[Input::Nod(Box::new(bob))]);
        assert!(said.replies[0].text.ends_with(code), "{:?}", texts(&said.replies));
    }
}

#[test]
fn what_is_about_one_patch_says_so_and_what_is_about_a_window_does_not() {
    let mut room = Room::open();
    let about = |said: &Said| -> Vec<Option<u32>> {
        said.replies.iter().map(|reply| reply.about.map(|change| change.0)).collect()
    };
    assert_eq!(about(&room.says("bob", "!swat show 900101")), [None], "it is in no queue");
    room.says("bob", "!swat add 900101");
    let said = room.knows(900_101);
    assert_eq!(about(&said), [Some(900_101)]);
    assert_eq!(said.replies[0].answers.as_deref(), Some("$2"), "it answers what was said before");
    room.says("bob", "!swat add 900102");
    assert_eq!(about(&room.knows(900_102)), [Some(900_102)]);
    assert_eq!(about(&room.says("bob", "!swat show 900101")), [Some(900_101)]);
    assert_eq!(about(&room.says("bob", "!swat queue")), [None]);
    assert_eq!(about(&room.says("carol", "!swat remove 900101")), [Some(900_101)], "a refusal");
    assert_eq!(about(&room.says("alice", "!swat claim")), [None]);
    assert!(about(&room.later(2)).iter().all(Option::is_none));
    assert_eq!(about(&room.says("alice", "!swat start")), [None], "what comes next concerns all");
    assert_eq!(about(&room.says("alice", "!swat check 900101 deployer")), [Some(900_101)]);
    assert_eq!(about(&room.says("bob", "!swat hold")), [None]);
}

/// Somebody whom only a link makes one person is called by that account too.
#[test]
fn who_is_called_is_called_by_every_account() {
    let mut room = Room::open();
    let private = |room: &mut Room, name: &str, text: &str| {
        let line = Line { room: None, ..room.line(name, text) };
        room.bot.take(room.at, &[Input::Line(line)])
    };
    let said = private(&mut room, "alice", "link");
    let code =
        said.replies[0].text.split("\"link ").nth(1).and_then(|it| it.split('"').next()).unwrap().to_owned();
    private(&mut room, "phone", &format!("link {code}"));
    room.says("bob", "!swat add 900101");
    room.knows(900_101);
    room.says("alice", "!swat claim");
    let said = room.later(2);
    let called: Vec<_> = said.replies.iter().flat_map(|reply| reply.called.clone()).collect();
    let alice = called.iter().find(|(who, _)| who.0 == "alice").map(|(_, accounts)| accounts.clone());
    assert_eq!(alice, Some(vec!["@alice:example.org".to_owned(), "@phone:example.org".to_owned()]));
}

fn shown(card: &Card) -> String {
    let rows = card.rows.iter().map(|row| row.join(" | "));
    [card.head.clone()]
        .into_iter()
        .chain(card.lines.iter().cloned())
        .chain(rows)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_card_follows_the_window_to_its_end() {
    let mut room = Room::open();
    room.says("bob", "!swat add 900101");
    assert!(room.knows(900_101).cards.is_empty(), "the window is not on");
    room.says("alice", "!swat claim");
    let card = |said: &Said| match said.cards.as_slice() {
        [(place, window, card)] => {
            assert_eq!((place.0.as_str(), window.to_string().as_str()), (ROOM, "2026-11-23/morning"));
            shown(card)
        }
        [] => String::new(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        card(&room.later(2)),
        "2026-11-23/morning is on until 15:00 UTC, lead alice\nnot started, waiting for alice\n\
         #1 | 900101 ps 3 \"Change 900101\" | @bob:example.org | waits"
    );
    assert_eq!(card(&room.says("bob", "!swat queue")), "", "nothing has changed");
    assert_eq!(
        card(&room.says("alice", "!swat start")),
        "2026-11-23/morning runs until 15:00 UTC, lead alice\nnothing is in motion, waiting for alice\n\
         #1 | 900101 ps 3 \"Change 900101\" | @bob:example.org | waits"
    );
    room.says("alice", "!swat check 900101 deployer");
    assert_eq!(
        card(&room.says("bob", "!swat hold the db is slow")),
        "2026-11-23/morning runs until 15:00 UTC, lead alice\nHELD: H1 (@bob:example.org: the db is slow)\n\
         900101 step 2 of 8 (merge), waiting for MERGED\n\
         #1 | 900101 ps 3 \"Change 900101\" | @bob:example.org | step 2 of 8 (merge)"
    );
    room.says("alice", "!swat resume fine");
    room.says("alice", "!swat skip 900101 not today");
    let end = card(&room.says("alice", "!swat finish"));
    assert!(
        end.starts_with("2026-11-23/morning done at 14:00 UTC, lead alice: skipped 900101 (not today)"),
        "{end}"
    );
    assert!(
        end.ends_with("\n#1 | 900101 ps 3 \"Change 900101\" | @bob:example.org | skipped: not today"),
        "{end}"
    );
    assert_eq!(card(&room.says("alice", "!swat windows")), "");
}

/// A restart gives out what a card is to show, although it may show it already: whoever shows it knows that.
#[test]
fn the_card_is_given_out_again_after_a_restart() {
    let room = Room::running();
    let settings = room.bot.settings().clone();
    let Room { _folder: folder, bot, at, .. } = room;
    drop(bot);
    let store = Store::open(&folder.path().join("swatbot.db")).unwrap();
    let (_, said) = Bot::open(settings, store, at).unwrap();
    assert_eq!(said.cards.len(), 1, "{said:?}");
}
