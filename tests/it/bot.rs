//! What the bot writes beside the rows, whom it believes in a network, and what the operator hears when nothing is stored.

mod recall;

use std::fs;
use std::path::Path;

use chrono::TimeDelta;
use swatbot::bot::{Bot, LastAsked, Said, Waiting};
use swatbot::config;
use swatbot::engine::id::{At, RoomId, RowId};
use swatbot::engine::settings::{CONSOLE, Seed, Settings};
use swatbot::engine::{Doubt, Input, Kind, Line, Link, LinkChange, Place, Reply, say};
use swatbot::store::Store;
use tempfile::TempDir;

fn bot() -> (TempDir, Bot) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("swatbot.db")).unwrap();
    let windows = Path::new(env!("CARGO_MANIFEST_DIR")).join("windows.toml");
    let settings = config::load(&windows).unwrap().settings;
    let (bot, _) = Bot::open(settings, store, now()).unwrap();
    (folder, bot)
}

fn now() -> At {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn hears(bot: &mut Bot, network: &str, id: Option<&str>, text: &str) -> Said {
    let line = Line {
        network: network.to_owned(),
        room: Some(RoomId(CONSOLE.to_owned())),
        nick: "bob".to_owned(),
        account: Some("bob".to_owned()),
        text: text.to_owned(),
        message_id: id.map(str::to_owned),
    };
    bot.take(now(), &[Input::Line(line)])
}

#[test]
fn the_id_of_a_message_is_kept_only_where_something_followed() {
    let (_folder, mut bot) = bot();
    assert!(hears(&mut bot, "libera", Some("m1"), "good morning").replies.is_empty());
    assert!(!bot.store().was_seen("libera", "m1").unwrap(), "chat costs no write");
    assert_eq!(hears(&mut bot, "libera", Some("m2"), "!log a word").replies.len(), 1);
    assert!(bot.store().was_seen("libera", "m2").unwrap());
    assert!(hears(&mut bot, "libera", Some("m2"), "!log a word").replies.is_empty(), "handled once");
    assert_eq!(hears(&mut bot, "libera", Some("m3"), "!swat now").replies.len(), 1);
    assert!(hears(&mut bot, "libera", Some("m3"), "!swat now").replies.is_empty(), "answered once");
}

#[test]
fn a_question_to_the_log_can_be_answered_by_another_thread() {
    let (_folder, mut bot) = bot();
    hears(&mut bot, "matrix", Some("$1"), "!log restarted apache");
    let inline = hears(&mut bot, "matrix", Some("$2"), "!log find apache");
    assert!(inline.questions.is_empty() && inline.replies.len() == 1);
    bot.give_out_questions();
    let said = hears(&mut bot, "matrix", Some("$3"), "!log find apache");
    assert!(said.replies.is_empty());
    let [asked] = &said.questions[..] else { panic!("{said:?}") };
    assert_eq!(LastAsked::default().answer(bot.store().reader(), asked), inline.replies);
    assert_eq!(bot.unsettled("matrix"), ["$3"], "a kill must not lose it");
    assert_eq!(bot.unsettled("libera"), [""; 0]);
    bot.answered(asked.message.as_ref());
    assert_eq!(bot.unsettled("matrix"), [""; 0]);
    assert!(hears(&mut bot, "matrix", Some("$3"), "!log find apache").questions.is_empty(), "handled once");
}

#[test]
fn whoever_waits_for_an_answer_is_told_nothing_of_later_before_it() {
    let (_folder, mut bot) = bot();
    bot.give_out_questions();
    let mut waiting = Waiting::default();
    let said = hears(&mut bot, "libera", None, "!log find apache");
    waiting.ask(said.questions[0].clone());
    let reply = |text: &str| Reply::new(said.questions[0].question.to.clone(), text.to_owned());
    let more = |text: &str| Reply { more: true, ..reply(text) };
    let elsewhere = Reply::new(Place::Room(RoomId("libera/#other".to_owned())), "bob: there".to_owned());
    let replies =
        vec![reply("bob: logged L2"), more("and"), reply("carol: L3"), more("so"), elsewhere.clone()];
    let now = waiting.pass(replies);
    assert_eq!(now, [reply("carol: L3"), more("so"), elsewhere]);
    waiting.ask(said.questions[0].clone());
    assert_eq!(waiting.pass(vec![reply("bob: L4")]), []);
    assert_eq!(
        waiting.answered(vec![reply("bob: found")]),
        [reply("bob: found")],
        "the second is still asked"
    );
    assert!(waiting.is_waiting());
    let texts: Vec<String> =
        waiting.answered(vec![reply("bob: nothing found")]).into_iter().map(|reply| reply.text).collect();
    assert_eq!(texts, ["bob: nothing found", "bob: logged L2", "and", "bob: L4"]);
    assert!(!waiting.is_waiting());
    assert_eq!(waiting.pass(vec![reply("bob: L5")]).len(), 1);
}

fn late(id: &str, name: &str, text: &str) -> Line {
    Line {
        network: "matrix".to_owned(),
        room: Some(RoomId("matrix/!ops:example.org".to_owned())),
        nick: name.to_owned(),
        account: Some(format!("@{name}:example.org")),
        text: text.to_owned(),
        message_id: Some(id.to_owned()),
    }
}

#[test]
fn what_came_too_late_is_told_of_once_and_not_done() {
    let (_folder, mut bot) = bot();
    let (before, row) = (bot.state().clone(), bot.store().last().0);
    let lines = vec![
        late("$1", "alice", "!swat add 4"),
        late("$2", "bob", "good morning"),
        late("$3", "bob", &format!("!log {}", "word ".repeat(30))),
        late("$4", "carol", "!swat nonsense"),
    ];
    let said = bot.take(now(), &[Input::Late(lines.clone())]);
    let texts: Vec<&str> = said.replies.iter().map(|reply| reply.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "3 commands came too late and were not acted on: alice \"!swat add 4\", bob \"!log word word word word word \
          word word word word word word …\", carol \"!swat nonsense\". Say again what still holds [late]"
        ]
    );
    assert!(said.lookups.is_empty() && bot.state().offers.is_empty());
    assert_eq!(bot.state().windows, before.windows);
    assert_eq!(bot.store().last(), RowId(row + 3), "each is on the record");
    // The same again, whether late or not, is known.
    assert!(bot.take(now(), &[Input::Late(lines.clone())]).replies.is_empty());
    assert!(bot.take(now(), &[Input::Line(lines[0].clone())]).replies.is_empty());
    assert_eq!(bot.store().last(), RowId(row + 3));
    // What was handled in time is not told of as late.
    let in_time = late("$5", "alice", "!swat now");
    assert_eq!(bot.take(now(), &[Input::Line(in_time.clone())]).replies.len(), 1);
    assert!(bot.take(now(), &[Input::Late(vec![in_time])]).replies.is_empty());
}

#[test]
fn of_many_that_came_too_late_the_last_are_named() {
    let (_folder, mut bot) = bot();
    let before = bot.store().last().0;
    let lines = (0..1000).map(|n| late(&format!("${n}"), "alice", &format!("!swat done {n}"))).collect();
    let said = bot.take(now(), &[Input::Late(lines)]);
    let texts: Vec<&str> = said.replies.iter().map(|reply| reply.text.as_str()).collect();
    let named = (995..1000).map(|n| format!("alice \"!swat done {n}\"")).collect::<Vec<_>>().join(", ");
    assert_eq!(
        texts,
        [format!(
            "1000 commands came too late and were not acted on: the last ones: {named}. Say again what still holds [late]"
        )]
    );
    assert_eq!(bot.store().last(), RowId(before + 1000));
    let one = bot.take(now(), &[Input::Late(vec![late("$x", "bob", "!hold")])]);
    assert!(one.replies.is_empty(), "no window is on, so it is chat");
    let one = bot.take(now(), &[Input::Late(vec![late("$y", "bob", "!swat hold")])]);
    assert!(
        one.replies[0].text.starts_with("1 command came too late and was not acted on: bob \"!swat hold\".")
    );
}

/// T8: nobody has a right under a name that nothing proves, and whoever it is hears what to do.
#[test]
fn a_command_of_nobody_knows_whom_is_refused_once_and_recorded() {
    let (_folder, mut bot) = bot();
    let (before, row) = (bot.state().clone(), bot.store().last().0);
    let mut says = |id: &str, doubt, text: &str| {
        let said = bot.take(now(), &[Input::Unproven(late(id, "alice", text), doubt)]);
        said.replies.into_iter().map(|reply| (reply.answers, reply.text)).collect::<Vec<_>>()
    };
    assert_eq!(
        says("$1", Doubt::Clear, "!swat hold"),
        [(
            Some("$1".to_owned()),
            "alice: no: this room is encrypted and that came in clear, so anybody can have written it. \
             Say it again with a client that encrypts [clear-text]"
                .to_owned()
        )]
    );
    assert_eq!(
        says("$2", Doubt::Device, "!swat claim")[0].1,
        "alice: no: that came from a session that its owner has not verified. \
         Verify it with another one of yours or your recovery key, then say it again [untrusted]"
    );
    assert_eq!(
        says("$4", Doubt::Replayed, "!swat claim")[0].1,
        "alice: no: that very message was here before, so somebody shows it again. \
         If you mean it, say it again; if you did not send it, ask who runs the homeserver [replayed]"
    );
    assert_eq!(
        says("$5", Doubt::Keys, "!swat claim")[0].1,
        "alice: no: your keys are not those I know you by, so somebody may have replaced them. \
         An operator who has asked you stops me, runs \"swatbot matrix-setup --trust alice\" and starts me [new-keys]"
    );
    assert_eq!(says("$3", Doubt::Device, "good morning"), []);
    assert_eq!(says("$1", Doubt::Clear, "!swat hold"), [], "it came again");
    assert_eq!(bot.store().last().0, row + 4);
    assert_eq!((&bot.state().windows, &bot.state().ledger), (&before.windows, &before.ledger));
}

/// Somebody says something to the bot in a room, with a message id.
fn says(bot: &mut Bot, at: At, (network, account): (&str, &str), id: &str, text: &str) -> usize {
    let line = Line {
        network: network.to_owned(),
        room: Some(RoomId(format!("{network}/#ops"))),
        nick: account.to_owned(),
        account: Some(account.to_owned()),
        text: text.to_owned(),
        message_id: Some(id.to_owned()),
    };
    bot.take(at, &[Input::Line(line)]).replies.len()
}

#[test]
fn what_a_bridge_repeats_does_not_act_later_either() {
    let (_folder, mut bot) = bot();
    let mut settings = bot.settings().clone();
    let rooms = ["libera/#ops", "matrix/#ops"].map(|room| RoomId(room.to_owned()));
    settings.windows.iter_mut().for_each(|window| window.rooms = rooms.to_vec());
    bot.set(settings);
    let (there, here) = (("matrix", "@alice:example.org"), ("libera", "alice"));
    assert_eq!(says(&mut bot, now(), there, "m1", "!log the racks are warm"), 1);
    assert_eq!(says(&mut bot, now(), here, "i1", "!log the racks are warm"), 0, "it is the copy");
    let later = now() + TimeDelta::minutes(1);
    assert_eq!(says(&mut bot, later, here, "i1", "!log the racks are warm"), 0, "and stays one");
    assert_eq!(says(&mut bot, later, here, "i2", "!log the racks are warm"), 1, "these are new words");
}

#[test]
fn a_new_configuration_keeps_what_codes_are_made_of() {
    let (_folder, mut bot) = bot();
    let read_again = Settings { seed: Seed([7; 32]), ..bot.settings().clone() };
    bot.set(read_again);
    assert_eq!(bot.settings().seed, Seed::default(), "it is drawn once, when the program starts");
}

#[test]
fn the_operator_hears_once_why_nothing_is_stored() {
    let (folder, mut bot) = bot();
    let (here, away) = (folder.path().join("swatbot.db"), folder.path().join("away.db"));
    assert_eq!(hears(&mut bot, CONSOLE, None, "!log one").trouble, None);
    for round in 0..2 {
        fs::rename(&here, &away).unwrap();
        let trouble = hears(&mut bot, CONSOLE, None, "!log two").trouble;
        assert!(trouble.is_some_and(|why| why.contains("no longer the file")), "round {round}");
        assert_eq!(hears(&mut bot, CONSOLE, None, "good morning").trouble, None);
        assert_eq!(hears(&mut bot, CONSOLE, None, "!log three").trouble, None);
        fs::rename(&away, &here).unwrap();
        assert_eq!(hears(&mut bot, CONSOLE, None, "!log four").trouble, None);
    }
}

#[test]
fn what_a_network_says_while_nothing_is_stored_is_taken_in_afterwards() {
    let (folder, mut bot) = bot();
    let link = |bot: &mut Bot, change| {
        bot.take(now(), &[Input::Link(Link { network: "libera".to_owned(), change })]);
    };
    let (here, away) = (folder.path().join("swatbot.db"), folder.path().join("away.db"));
    link(&mut bot, LinkChange::Lost("it is gone".to_owned()));
    assert!(bot.state().is_down("libera"));
    for round in 0..2 {
        fs::rename(&here, &away).unwrap();
        link(&mut bot, LinkChange::Up { read_only: Some("no account-tag".to_owned()) });
        link(&mut bot, LinkChange::Up { read_only: None });
        fs::rename(&away, &here).unwrap();
        // The loop looks again of itself: no network says it twice.
        assert_eq!(bot.wake(now()), Some(now()), "round {round}");
        bot.take(now(), &[]);
        assert!(!bot.state().is_down("libera") && bot.state().read_only("libera").is_none());
        assert_ne!(bot.wake(now()), Some(now()));
        link(&mut bot, LinkChange::Lost("it is gone".to_owned()));
    }
}

#[test]
fn on_a_network_an_owner_is_known_or_spelt_out() {
    let (_folder, mut bot) = bot();
    let mut answer = |owner: &str| {
        let said = hears(&mut bot, "libera", None, &format!("!swat add 4 owner: {owner}"));
        said.replies.iter().map(|reply| reply.text.clone()).collect::<String>()
    };
    assert!(answer("somebody").contains("[unknown-person]"));
    assert!(answer("console/alice").contains("[unknown-person]"), "the terminal is no network");
    assert!(answer("allice").contains("Did you mean alice?"));
    assert!(!answer("libera/somebody").contains("[unknown-person]"));
}

#[test]
fn a_window_that_left_the_configuration_is_still_found() {
    let (folder, mut bot) = bot();
    let said = hears(&mut bot, CONSOLE, None, "!swat add 4");
    assert_eq!(said.lookups.len(), 1);
    let id = bot.state().windows.keys().next().unwrap().clone();
    let mut settings = bot.settings().clone();
    settings.windows.clear();
    drop(bot);
    let store = Store::open(&folder.path().join("swatbot.db")).unwrap();
    let (mut bot, _) = Bot::open(settings, store, now()).unwrap();
    for words in [format!("queue {id}"), format!("queue {}", id.window), "log a word".to_owned()] {
        let said = hears(&mut bot, CONSOLE, None, &format!("!swat {words}"));
        let said: String = said.replies.iter().map(|reply| reply.text.clone()).collect();
        assert!(!said.is_empty() && !said.contains("[unknown-window]"), "{words}: {said}");
    }
    let said = hears(&mut bot, CONSOLE, None, &format!("!swat add 9 for {id}"));
    assert!(said.replies.is_empty(), "asked about, not refused: {:?}", said.replies);
}

#[test]
fn what_is_logged_is_marked_so_that_it_can_be_merged() {
    let (_folder, mut bot) = bot();
    let said = hears(&mut bot, "libera", None, "!log a word");
    let Kind::Logged { name, row } = said.replies[0].kind.clone() else { panic!("{said:?}") };
    assert_eq!((name.as_str(), format!("bob: logged {row}")), ("bob", said.replies[0].text.clone()));
    let entries = |rows: &[(&str, i64)]| {
        let entries: Vec<_> = rows.iter().map(|(name, row)| ((*name).to_owned(), RowId(*row))).collect();
        say::logged(&entries)
    };
    assert_eq!(entries(&[(&name, row.0)]), said.replies[0].text, "one is what it always was");
    let six: Vec<(&str, i64)> = (1001..=1006).map(|row| ("alice", row)).collect();
    assert_eq!(entries(&six), "alice: logged 6 entries: L1001–L1006");
    let gap = [("alice", 1003), ("alice", 1001), ("bob", 1002), ("alice", 1005)];
    assert_eq!(entries(&gap), "alice, bob: logged 4 entries: L1001–L1003, L1005");
    let asked = hears(&mut bot, "libera", None, "!log last 1");
    assert_eq!(asked.replies[0].kind, Kind::Status);
    assert_eq!(say::more_lines(5, "\"log last 8\""), "… (+5 more: \"log last 8\")");
}

#[test]
fn a_topic_is_given_out_when_it_changes_and_taken_back() {
    let (_folder, mut bot) = bot();
    let room = RoomId(CONSOLE.to_owned());
    let mut topics = |clock: &str, who: &str, text: &str| {
        let at: At = format!("2026-11-23T{clock}:00Z").parse().unwrap();
        let line = Line {
            network: CONSOLE.to_owned(),
            room: Some(room.clone()),
            nick: who.to_owned(),
            account: Some(who.to_owned()),
            text: text.to_owned(),
            message_id: None,
        };
        let said = bot.take(at, &[Input::Line(line)]);
        assert!(said.topics.iter().all(|(of, _)| *of == room));
        said.topics.into_iter().map(|(_, text)| text).collect::<Vec<_>>()
    };
    assert_eq!(topics("13:58", "alice", "!swat claim"), []);
    let topic = |text: &str| [Some(format!("2026-11-23/morning {text}"))];
    assert_eq!(topics("14:00", "bob", "good morning"), topic("is on until 15:00 UTC, lead alice"));
    assert_eq!(topics("14:01", "alice", "!swat queue"), []);
    assert_eq!(topics("14:01", "alice", "!swat start"), topic("runs until 15:00 UTC, lead alice"));
    assert_eq!(topics("14:02", "bob", "!hold"), topic("runs until 15:00 UTC, lead alice; HELD (H1)"));
    assert_eq!(topics("14:03", "bob", "!swat resume fine"), topic("runs until 15:00 UTC, lead alice"));
    assert_eq!(topics("14:04", "alice", "!swat extend 15m"), topic("runs until 15:15 UTC, lead alice"));
    assert_eq!(topics("14:05", "alice", "!swat finish"), [None]);
    assert_eq!(topics("14:06", "alice", "!swat queue"), []);
}
