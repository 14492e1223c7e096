//! Lines out of bytes, however they come.

use swatbot::transport::irc::lines::{LONGEST, Lines};

fn lines(pieces: &[&[u8]]) -> (Vec<String>, u64) {
    let mut found = Vec::new();
    let mut lines = Lines::default();
    for piece in pieces {
        lines.take(piece, |line| found.push(line.to_owned()));
    }
    (found, lines.skipped())
}

#[test]
fn a_line_is_the_same_wherever_it_is_cut() {
    let text = "PING :a\r\n\r\nPING :b\n:x PRIVMSG #c :h\u{e9} \u{1f980}\r\n\n:last\r\nnot yet".as_bytes();
    let whole =
        ["PING :a", "PING :b", ":x PRIVMSG #c :h\u{e9} \u{1f980}", ":last"].map(str::to_owned).to_vec();
    for cut in 0..=text.len() {
        assert_eq!(lines(&[&text[..cut], &text[cut..]]), (whole.clone(), 0), "cut at {cut}");
    }
    let bytes: Vec<&[u8]> = text.chunks(1).collect();
    assert_eq!(lines(&bytes), (whole, 0));
}

#[test]
fn what_is_not_utf_8_is_replaced_and_ends_nothing() {
    let (found, _) =
        lines(&[b":a PRIVMSG #c :caf\xe9\r\n:a PRIVMSG #c :\xff\xfe\xc0\xaf\xed\xa0\x80\r\n:next\r\n"]);
    assert_eq!(found[0], ":a PRIVMSG #c :caf\u{fffd}");
    assert_eq!((found.len(), found[2].as_str()), (3, ":next"));
    // A carriage return or a zero in the middle is for whoever reads the line.
    assert_eq!(lines(&[b"a\rb\0c\r\n"]).0, ["a\rb\0c"]);
}

#[test]
fn a_line_too_long_is_thrown_away_to_its_end() {
    let longest = vec![b'a'; LONGEST];
    let (found, skipped) = lines(&[&longest, b"\n:next\n"]);
    assert_eq!((found.len(), found[0].len(), skipped), (2, LONGEST, 0));
    for rest in [&b"b\n:next\r\n"[..], b"b and more", b"b\r\n"] {
        let (found, skipped) = lines(&[&longest, rest, b"\n:last\n"]);
        assert!(!found.iter().any(|line| line.starts_with('a')), "{rest:?}");
        assert_eq!((found.last().unwrap().as_str(), skipped), (":last", 1), "{rest:?}");
    }
    let (found, skipped) = lines(&[&[&longest[..], b"bc\n:next\n"].concat()]);
    assert_eq!((found, skipped), (vec![":next".to_owned()], 1), "all of it in one piece");
}
