//! What is not lost of what was said before a restart, or while the log took nothing: it is answered from the log, and
//! refused as soon as that can be recorded.

use swatbot::bot::facts;
use swatbot::engine::facts::Fault;
use swatbot::engine::id::ChangeNumber;

use super::*;

fn line(id: &str, name: &str, text: &str) -> Line {
    Line { room: Some(RoomId(CONSOLE.to_owned())), ..late(id, name, text) }
}

fn texts(said: &Said) -> Vec<&str> {
    said.replies.iter().map(|reply| reply.text.as_str()).collect()
}

/// The program is killed with what it had still to say, and started again; then the same lines are handed on.
fn killed(folder: &TempDir, bot: Bot, lines: &[Line]) -> (Bot, Said) {
    let settings = bot.settings().clone();
    drop(bot);
    let store = Store::open(&folder.path().join("swatbot.db")).unwrap();
    let (mut bot, _) = Bot::open(settings, store, now()).unwrap();
    let mut inputs = vec![Input::Unanswered(lines.to_vec())];
    inputs.extend(lines.iter().cloned().map(Input::Line));
    let said = bot.take(now(), &inputs);
    (bot, said)
}

#[test]
fn what_was_stored_and_not_answered_is_answered_from_the_log() {
    let (folder, mut bot) = bot();
    let lines = [
        line("$1", "alice", "!log the racks are warm"),
        line("$2", "bob", "!swat done 3"),
        line("$3", "bob", "good morning"),
        line("$4", "alice", "!swat whoami"),
        line("$5", "alice", "!log show L2"),
    ];
    let before: Vec<Said> = lines.iter().map(|line| bot.take(now(), &[Input::Line(line.clone())])).collect();
    let row = bot.store().last().0;
    let (bot, said) = killed(&folder, bot, &lines);
    let texts = texts(&said);
    assert_eq!(
        texts[..2],
        [
            format!(
                "alice: that was recorded before my restart: L{} 2026-11-23 12:00:00Z alice: the racks are warm",
                row - 1
            ),
            format!(
                "bob: that was refused before my restart: L{row} 2026-11-23 12:00:00Z matrix/@bob:example.org refused: \
                 done: no: no window is on here. \"!swat next\" [no-window]"
            ),
        ]
    );
    assert_eq!(said.replies[0].answers.as_deref(), Some("$1"));
    // Questions are asked again, and chat is chat.
    assert_eq!(texts[2], before[3].replies[0].text);
    let shown: Vec<&String> = before[4].replies.iter().map(|reply| &reply.text).collect();
    assert!(shown.len() == 3 && texts[3..].iter().eq(shown));
    // The start is the only row that is new: nothing was done again.
    assert_eq!(bot.store().last().0, row + 1);
}

#[test]
fn what_the_log_does_not_know_is_decided_as_ever() {
    let (folder, bot) = bot();
    let row = bot.store().last().0;
    let (bot, said) = killed(&folder, bot, &[line("$1", "alice", "!log the racks are warm")]);
    assert_eq!(texts(&said), [format!("alice: logged L{}", row + 2)]);
    // A network that hands out a message again has had its answer: only what was left over asks for one.
    let again = bot.store().last().0;
    let mut bot = bot;
    let said = bot.take(now(), &[Input::Line(line("$1", "alice", "!log the racks are warm"))]);
    assert!(said.replies.is_empty() && bot.store().last().0 == again);
}

#[test]
fn what_changed_nothing_is_said_to_have_changed_nothing() {
    let (folder, mut bot) = bot();
    bot.take(now(), &[Input::Line(line("$0", "alice", "!swat claim"))]);
    let mut lines = vec![line("$1", "alice", "!swat claim"), line("$2", "alice", "!swat claim morning")];
    let said = bot.take(now(), &lines.iter().cloned().map(Input::Line).collect::<Vec<_>>());
    assert!(texts(&said).iter().all(|text| text.contains("already")), "{said:?}");
    let tardy = line("$3", "bob", "!swat hold");
    bot.take(now(), &[Input::Late(vec![tardy.clone(), line("$4", "bob", "good morning")])]);
    // Meanwhile it could be done, and is not.
    bot.take(now(), &[Input::Line(line("$5", "alice", "!swat unclaim"))]);
    lines.extend([tardy, line("$4", "bob", "good morning")]);
    let (bot, said) = killed(&folder, bot, &lines);
    assert_eq!(
        texts(&said),
        [
            "alice: before my restart these changed nothing: \"!swat claim\", \"!swat claim morning\"",
            "bob: before my restart these changed nothing: \"!swat hold\"",
        ]
    );
    assert!(bot.state().windows.values().all(|window| window.lead.is_none() && window.holds.is_empty()));
}

/// An offer is answered when the review system has answered: until then it is not done with.
#[test]
fn what_is_answered_later_is_kept_until_then() {
    let (folder, mut bot) = bot();
    let offer = line("$1", "bob", "!swat add 4");
    let said = bot.take(now(), &[Input::Line(offer.clone())]);
    assert!(said.replies.is_empty());
    assert_eq!(bot.unsettled("matrix"), ["$1"]);
    assert_eq!(bot.unsettled("libera"), [""; 0]);
    // Killed while it waits: the answer still comes, and nothing is said before it.
    let (mut bot, said) = killed(&folder, bot, std::slice::from_ref(&offer));
    assert!(said.replies.is_empty(), "{said:?}");
    assert_eq!(bot.unsettled("matrix"), ["$1"]);
    let answer = facts(ChangeNumber(4), Err(Fault::NotFound));
    let said = bot.take(now(), &[Input::Line(line("$2", "bob", "!log in between")), answer]);
    assert_eq!(said.replies.len(), 2, "{said:?}");
    assert_eq!(bot.unsettled("matrix"), [""; 0]);
    // Killed before that answer went out: the log has it.
    let (_, said) = killed(&folder, bot, &[offer]);
    let text = texts(&said).join("\n");
    assert!(
        text.starts_with("bob: that was refused before my restart: L") && text.contains("[not-found]"),
        "{text}"
    );
    assert_eq!(said.replies.len(), 1);
}

#[test]
fn what_came_too_late_while_nothing_is_stored_is_refused_afterwards() {
    let (folder, mut bot) = bot();
    let (here, away) = (folder.path().join("swatbot.db"), folder.path().join("away.db"));
    let row = bot.store().last().0;
    fs::rename(&here, &away).unwrap();
    let tardy = vec![line("$1", "alice", "!swat add 4"), line("$2", "bob", "good morning")];
    let in_time = line("$3", "alice", "!swat claim");
    let said = bot.take(now(), &[Input::Late(tardy.clone()), Input::Line(in_time.clone())]);
    assert_eq!(texts(&said), ["alice: I could not record that, so nothing has changed"]);
    let said = bot.take(now(), &[Input::Late(vec![line("$4", "carol", "!swat hold")])]);
    assert!(said.replies.is_empty());
    assert_eq!(bot.unsettled("matrix"), ["$1", "$2", "$4"], "whoever keeps them must keep them");
    fs::rename(&away, &here).unwrap();
    assert_eq!(bot.wake(now()), Some(now()));
    let said = bot.take(now(), &[]);
    assert_eq!(
        texts(&said),
        [
            "1 command came too late and was not acted on: alice \"!swat add 4\". Say again what still holds [late]",
            "1 command came too late and was not acted on: carol \"!swat hold\". Say again what still holds [late]",
        ]
    );
    assert_eq!((bot.store().last().0, bot.unsettled("matrix")), (row + 2, Vec::new()));
    assert!(bot.state().windows.values().all(|window| window.lead.is_none()), "what was refused stays so");
    assert!(bot.take(now(), &[Input::Late(tardy)]).replies.is_empty(), "once");
}
