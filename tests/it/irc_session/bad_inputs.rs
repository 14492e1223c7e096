//! Bad inputs, by the list of the reliability study, part (c), as far as IRC can carry them: 1 to 32, 61 and 64. The
//! line goes through the session as the link would bring it, and what the session hears goes to the engine.

use swatbot::engine::event::Event;
use swatbot::engine::id::RoomId;
use swatbot::engine::state::State;
use swatbot::engine::{Input, turn};

use super::{Play, irc, make};

/// What is to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Then {
    /// The session does not pass it on.
    Unheard,
    /// The engine says nothing and writes nothing.
    Silence,
    /// One line that ends in this code, and one row that says so.
    No(&'static str),
    /// An answer.
    Answer,
}
use Then::{Answer, No, Silence, Unheard};

/// The numbers are those of the list; the text goes to `#ops`, from alice, a deployer.
fn to_the_room() -> Vec<(u32, Vec<u8>, Then)> {
    let mut rows: Vec<(u32, Vec<u8>, Then)> = Vec::new();
    let mut is = |number: u32, text: &[u8], then: Then| rows.push((number, text.to_vec(), then));
    is(1, b"", Silence);
    is(2, b"!", Silence);
    is(3, &[b"!swat".as_slice(), "a".repeat(8192).as_bytes()].concat(), Silence);
    is(3, &[b"!swat ".as_slice(), "a".repeat(8192).as_bytes()].concat(), No("too-long"));
    is(4, b"!swat\x00next", No("unusual-characters"));
    is(5, b"!swat next\rQUIT :x", No("unusual-characters"));
    is(7, b"\xff\xfe", Silence);
    is(7, b"!swat \xff\xfe", No("unusual-characters"));
    is(8, b"!swat \xc0\xaf", No("unusual-characters"));
    is(9, b"!swat \xed\xa0\x80", No("unusual-characters"));
    is(10, b"!swat show caf\xc3", No("not-a-change"));
    is(11, b"!swat show caf\xe9", No("not-a-change"));
    is(12, b"\x01ACTION !swat start\x01", Unheard);
    is(13, b"\x01DCC SEND x 0 0\x01", Unheard);
    is(14, b"\x02!swat start", No("unusual-characters"));
    is(15, b"\x0304!swat start\x03", No("unusual-characters"));
    is(15, b"!swat start\x0f", No("unusual-characters"));
    is(16, b"!\x0fswat start", No("unusual-characters"));
    is(16, b"!swat \x1d\x1e\x1f\x11\x16\x04ff0000start", No("unusual-characters"));
    is(17, b"!swat\tshow\t4", No("unusual-characters"));
    is(17, "!swat\u{a0}show\u{a0}4".as_bytes(), No("unusual-characters"));
    is(18, "!swat\u{3000}show\u{3000}4".as_bytes(), No("unusual-characters"));
    is(19, "\u{feff}!swat start".as_bytes(), No("unusual-characters"));
    let mut cut = b"!swat show 4 ".to_vec();
    cut.extend("\u{e9}".repeat(300).bytes().take(511 - cut.len()));
    is(20, &cut, No("usage"));
    is(26, b"> <@bob:x> !swat start", Silence);
    is(27, b"```!swat start```", Silence);
    is(29, b"<alice> !swat start", Silence);
    is(61, b"!SWAT QUEUE", Answer);
    is(61, b"! swat queue", Silence);
    is(61, b"!swatqueue", Silence);
    is(61, b"!!swat", Silence);
    rows
}

/// Whole lines, where it is not the text that is odd.
const LINES: &[(u32, &str, Then)] = &[
    // The link splits at line feeds; what comes after one is a line of its own, and no command of the server's.
    (6, "!swat start", Unheard),
    (21, "@account=alice :alice!~a@a.test PRIVMSG @#ops :!swat start", Unheard),
    (22, "@account=alice :alice!~a@a.test PRIVMSG swatbot :start", No("room")),
    (23, "@account=alice :alice!~a@a.test NOTICE #ops :!swat start", Unheard),
    (30, "@account=alice :swatbot!~swat@bot.test PRIVMSG #ops :!swat start", Unheard),
    (31, "@account=alice;time=2026-11-23T13:00:00Z :alice!~a@a.test PRIVMSG #ops :!swat start", Unheard),
    (31, "@account=alice;batch=gone :alice!~a@a.test PRIVMSG #ops :!swat start", Unheard),
    (32, "@account=alice :alice!~a@a.test PRIVMSG #elsewhere :!swat start", Unheard),
    (64, "@account=alice;+draft/react=\u{2705};+draft/reply=1 :alice!~a@a.test TAGMSG #ops", Unheard),
];

#[test]
fn each_has_one_clear_answer_or_none() {
    let whole = LINES.iter().map(|(number, line, then)| (*number, line.as_bytes().to_vec(), then.clone()));
    let texts = to_the_room().into_iter().map(|(number, text, then)| {
        (number, [b"@account=alice :alice!~a@a.test PRIVMSG #ops :".as_slice(), &text].concat(), then)
    });
    for (number, bytes, then) in whole.chain(texts) {
        let mut play = Play::in_ops(&irc());
        let heard = play.heard(&String::from_utf8_lossy(&bytes));
        let shown =
            format!("{number}: {}", String::from_utf8_lossy(&bytes).chars().take(80).collect::<String>());
        assert_eq!(answer(&shown, heard), then, "{shown}");
    }
}

/// What the engine makes of it.
#[track_caller]
fn answer(shown: &str, heard: Vec<Input>) -> Then {
    let mut settings = make::settings();
    settings.windows[0].rooms = vec![RoomId("libera/#ops".to_owned())];
    let mut heard = heard.into_iter();
    let (Some(input), None) = (heard.next(), heard.next()) else { return Unheard };
    let mut state = State::default();
    let outcome = turn(&settings, &mut state, make::at("12:00"), &input);
    let replies: Vec<&str> = outcome.replies.iter().map(|reply| reply.text.as_str()).collect();
    let refused =
        outcome.records.iter().filter(|record| matches!(record.event, Event::Refused { .. })).count();
    match replies.as_slice() {
        [] => {
            assert!(outcome.records.is_empty(), "{shown}: {:?}", outcome.records);
            Silence
        }
        [one] if refused == 1 && outcome.records.len() == 1 => {
            let code = one.rsplit_once('[').and_then(|(_, code)| code.strip_suffix(']')).unwrap_or(one);
            No(code.to_owned().leak())
        }
        _ => {
            assert_eq!(refused, 0, "{shown}: {replies:?}");
            Answer
        }
    }
}
