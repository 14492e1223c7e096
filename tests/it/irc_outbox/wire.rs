//! The bytes of a line: whatever goes in, one line goes out, with the command and the parameters that were asked for.

use proptest::prelude::*;
use swatbot::transport::irc::wire::{LONGEST, OutLine};

/// Strings with more of what breaks lines in them than there is in arbitrary ones.
pub(super) fn nasty() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        4 => any::<String>(),
        4 => "[a-z#]{1,8}",
        1 => Just(" ".to_owned()),
        1 => Just(":".to_owned()),
        1 => Just(",".to_owned()),
        1 => Just("\r\nQUIT :x".to_owned()),
        1 => prop::sample::select(vec!["\r", "\n", "\0", "\u{1}", "\u{2}", "\u{3}04", "\u{7f}", "\u{85}", "\u{9b}"])
            .prop_map(str::to_owned),
        1 => prop::sample::select(vec!["\u{2028}", "\u{2029}", "é", "日本", "👩\u{200d}👧"]).prop_map(str::to_owned),
        1 => "[a-zé]{100,300}",
    ];
    prop::collection::vec(pieces, 0..6).prop_map(|pieces| pieces.concat())
}

/// The wire after these lines are written, as the link writes them.
fn wire(lines: &[OutLine]) -> Vec<u8> {
    lines.iter().flat_map(|line| [line.as_str().as_bytes(), b"\r\n"].concat()).collect()
}

/// What holds for all that is ever written.
fn is_sound(lines: &[OutLine], verbs: &[&str]) -> Result<(), TestCaseError> {
    let bytes = wire(lines);
    let text = std::str::from_utf8(&bytes).expect("it is UTF-8");
    prop_assert_eq!(bytes.iter().filter(|byte| **byte == b'\r').count(), lines.len());
    prop_assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), lines.len());
    prop_assert!(!bytes.contains(&0));
    let apart: Vec<&str> = text.split_terminator("\r\n").collect();
    prop_assert_eq!(apart.len(), lines.len());
    for (line, verb) in apart.iter().zip(verbs) {
        prop_assert!(line.len() <= LONGEST, "{} bytes", line.len());
        prop_assert_eq!(line.split(' ').next(), Some(*verb));
    }
    Ok(())
}

/// The parameters of a line as a server reads them: the reader of RFC 1459 §2.3.1, not ours.
fn parameters(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = line;
    while let Some((_, after)) = rest.split_once(' ') {
        if let Some(last) = after.strip_prefix(':') {
            found.push(last.to_owned());
            break;
        }
        found.push(after.split(' ').next().unwrap_or_default().to_owned());
        rest = after;
    }
    found
}

proptest! {
    #[test]
    fn whatever_goes_in_each_line_is_one_line(said in prop::collection::vec((nasty(), nasty(), any::<bool>()), 0..5)) {
        let mut lines = Vec::new();
        let mut verbs = Vec::new();
        for (target, text, notice) in &said {
            let line = if *notice { OutLine::notice(target, text) } else { OutLine::privmsg(target, text) };
            let Some(line) = line else { continue };
            let read = parameters(line.as_str());
            prop_assert_eq!(read.len(), 2, "a parameter came in: {:?}", line);
            prop_assert_eq!(&read[0], target);
            prop_assert!(!target.contains(','));
            prop_assert_eq!(read[1].chars().count(), text.chars().count());
            let steers = |c: char| (c.is_control() && c != '\u{2}') || c == '\u{2028}' || c == '\u{2029}';
            prop_assert!(!read[1].contains(steers), "{:?}", line);
            verbs.push(if *notice { "NOTICE" } else { "PRIVMSG" });
            lines.push(line);
        }
        is_sound(&lines, &verbs)?;
    }

    #[test]
    fn a_command_has_the_parameters_that_it_was_given(
        verb in prop_oneof![4 => "[A-Z]{1,8}", 1 => nasty()],
        given in prop::collection::vec(nasty(), 0..4),
    ) {
        let given: Vec<&str> = given.iter().map(String::as_str).collect();
        if let Some(line) = OutLine::command(&verb, &given) {
            prop_assert_eq!(&parameters(line.as_str()), &given);
            is_sound(&[line], &[&verb])?;
        }
    }
}

#[test]
fn an_ordinary_line_goes_out_as_it_is() {
    let line = |line: Option<OutLine>| line.map(|line| line.as_str().to_owned());
    assert_eq!(line(OutLine::privmsg("#ops", "bob: go")).as_deref(), Some("PRIVMSG #ops :bob: go"));
    assert_eq!(line(OutLine::notice("bob", ":) naïve")).as_deref(), Some("NOTICE bob ::) naïve"));
    assert_eq!(line(OutLine::command("PING", &["a b"])).as_deref(), Some("PING :a b"));
    assert_eq!(line(OutLine::command("MODE", &["bot", "+B"])).as_deref(), Some("MODE bot +B"));
    let longest = "a".repeat(LONGEST - "NOTICE bob :".len());
    assert!(OutLine::notice("bob", &longest).is_some());
    assert!(OutLine::notice("bob", &format!("{longest}a")).is_none());
}

#[test]
fn what_would_be_another_command_is_none() {
    for target in ["", ":x", "#a,#b", "#a b", "#a\r", "#a\0", "#a\tb", "#a\u{85}"] {
        assert_eq!(OutLine::privmsg(target, "hello"), None, "{target:?}");
    }
    for text in ["", " ", "\r\n", "\u{2}\u{2}", "\u{1}", "\u{a0}"] {
        assert_eq!(OutLine::notice("#ops", text), None, "{text:?}");
    }
    for (verb, parameters) in [
        ("", &[][..]),
        ("QUIT x", &[]),
        (":a", &[]),
        ("JOIN", &["", "x"]),
        ("JOIN", &["a b", "x"]),
        ("JOIN", &["x\r\nQUIT"]),
    ] {
        assert_eq!(OutLine::command(verb, parameters), None, "{verb:?} {parameters:?}");
    }
    assert_eq!(
        OutLine::privmsg("#ops", "a\r\nQUIT :b\u{3}4").map(|line| line.as_str().to_owned()).as_deref(),
        Some("PRIVMSG #ops :a  QUIT :b 4")
    );
}
