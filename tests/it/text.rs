//! Text of strangers: the corpus of bad inputs, and what holds for every string there is.

use proptest::prelude::*;
use regex::Regex;
use swatbot::engine::text::{clean, clean_to, is_odd, title};
use unicode_normalization::is_nfc;
use unicode_segmentation::UnicodeSegmentation;

/// Everything that shows nothing, breaks a line or steers its surroundings. Variation selectors choose a form of what
/// is before them, and emoji need them.
const NEVER: &str = r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]|[\p{Default_Ignorable_Code_Point}--\p{Variation_Selector}]|[\x{E0100}-\x{E01EF}]";

const FAMILY: &str = "👨\u{200D}👩\u{200D}👧";

#[test]
fn what_is_clean_stays_as_it_is() {
    for text in [
        "",
        "a",
        "Enable FooBar on testwiki",
        "Καλημέρα κόσμε",
        "Исправить вход на мобильных",
        "שינוי הגדרות באתר",
        "تحديث الإعدادات",
        "ウィキの設定を直す API",
        "कॉन्फ़िग ठीक करें",
        "แก้ไขการตั้งค่า",
        "café, naïve, Ærøskøbing",
        "🚀 ship it 👍🏽 🇩🇪 ❤️",
        "<script>alert(1)</script>",
        "<a href=\"javascript:x\">, ![x](http://e/x.png), [[File:x]], {{subst:x}}, ~~~~, {|",
        "'); DROP TRIGGER log_no_upd;--",
        "bob@example.org",
        "a…",
    ] {
        assert_eq!(clean(text), text);
        assert!(!is_odd(text), "{text}");
    }
}

#[test]
fn one_line_comes_out() {
    for (text, expected) in [
        ("!swat\0next", "!swat next"),
        ("!swat next\rQUIT :x", "!swat next QUIT :x"),
        ("!swat next\n!swat go", "!swat next !swat go"),
        ("a\r\n\tb", "a b"),
        ("a\u{2028}b\u{2029}c\u{85}d\u{B}e\u{C}f", "a b c d e f"),
        ("  a   b  ", "a b"),
        ("!swat\u{A0}go\u{A0}3", "!swat go 3"),
        ("!swat\u{3000}go", "!swat go"),
        ("a\u{2800}b", "a b"),
        ("a \u{200B} b", "a b"),
        (" \n\t", ""),
    ] {
        assert_eq!(clean(text), expected, "{text:?}");
    }
}

#[test]
fn control_characters_and_formatting_go() {
    for (text, expected) in [
        ("\u{1}ACTION !swat go\u{1}", "ACTION !swat go"),
        ("\u{1}DCC SEND x 0 0\u{1}", "DCC SEND x 0 0"),
        ("\u{2}!swat go", "!swat go"),
        ("\u{3}04!swat go\u{3}", "!swat go"),
        ("\u{3}4,12red\u{3}, then \u{3},5", "red, then ,5"),
        ("\u{3}04,x \u{3}123", ",x 3"),
        ("\u{4}FF0000,00FF00hex \u{4}beef", "hex beef"),
        ("!\u{F}swat go", "!swat go"),
        ("\u{11}\u{16}\u{1D}\u{1E}\u{1F}x\u{7F}\u{80}\u{9F}", "x"),
        ("\u{1B}[31mred", "[31mred"),
        ("\u{FEFF}!swat go", "!swat go"),
        ("so\u{AD}ft \u{FFFE}\u{10FFFF}\u{FDD0}", "soft"),
    ] {
        assert_eq!(clean(text), expected, "{text:?}");
    }
}

#[test]
fn broken_utf_8_shows_as_such() {
    for bytes in [
        b"\xff\xfe".as_slice(),
        b"\xc0\xaf",
        b"\xed\xa0\x80",
        b"caf\xc3",
        b"caf\xe9",
        [b'a'; 510].as_slice(),
        &[b"a".repeat(510), vec![0xc3]].concat(),
    ] {
        let text = String::from_utf8_lossy(bytes);
        let cleaned = clean(&text);
        assert_eq!(text.chars().count() > 200, cleaned.ends_with('…'), "{text}");
        assert_eq!(text.contains('\u{FFFD}') && text.len() < 200, cleaned.contains('\u{FFFD}'), "{text}");
    }
    assert_eq!(clean(&format!("!swat{}", "a".repeat(8192))), format!("!swat{}…", "a".repeat(195)));
}

#[test]
fn titles_cannot_turn_or_hide() {
    for (text, expected) in [
        ("\u{202E}evil\u{202C}", "\"evil\" [unicode]"),
        ("open \u{2066}isolate", "\"open isolate\" [unicode]"),
        ("\u{200E}\u{200F}\u{61C}a", "\"a\""),
        ("g\u{200D}o", "\"go\""),
        ("g\u{E0067}o\u{E007F}", "\"go\" [unicode]"),
        ("o\u{3164}k\u{115F}", "\"ok\" [unicode]"),
        ("a\u{34F}\u{FE0F}b", "\"ab\" [unicode]"),
        ("he said \"no\"", "\"he said \"no\"\""),
        ("", "\"\""),
        // Normalising can make ASCII of what was not.
        ("\u{212A}\u{FE0F}elvin", "\"Kelvin\""),
    ] {
        assert_eq!(title(text), expected, "{text:?}");
    }
}

#[test]
fn titles_that_mix_scripts_are_marked() {
    for text in [
        "g\u{43E}",                  // Cyrillic o
        "Fix the \u{440}\u{430}urA", // within a word
        "Fix \u{430}\u{440}\u{440}", // a word of its own
        "Ω and \u{3B1}dmin",
        "\u{13AA}dmin rights", // Cherokee
        "עברית and العربية",
    ] {
        assert!(title(text).ends_with("\" [unicode]"), "{}", title(text));
    }
    for text in [
        "Исправить вход",
        "שינוי הגדרות",
        "Fix ירושלים on hewiki",
        "ウィキのAPI設定",
        "한국어 wiki",
        "中文 wiki",
        "fixé à côté",
        FAMILY,
        "5 µs",
    ] {
        assert!(title(text).ends_with('"'), "{}", title(text));
    }
}

#[test]
fn right_to_left_and_emoji_are_legitimate() {
    assert_eq!(title("تحديث الإعدادات"), "\"تحديث الإعدادات\"");
    assert_eq!(title(FAMILY), "\"👨👩👧\"");
    assert_eq!(clean("ok 3\u{FE0F}\u{20E3} ❤️"), "ok 3 ❤️");
    for line in
        [FAMILY, "!swat hold 👨\u{200D}👩\u{200D}👧 says so", "می\u{200C}خواهم", "تحديث", "❤️\u{200D}🔥"]
    {
        assert!(!is_odd(line), "{line}");
    }
}

#[test]
fn marks_do_not_pile_up() {
    let zalgo = format!("Z{}algo", "\u{301}".repeat(5000));
    assert_eq!(clean(&zalgo).chars().count(), 5 + 4);
    assert!(is_odd(&zalgo));
    // A mark without a letter would sit on the quote.
    assert_eq!(title("\u{301}a \u{302}b"), "\"a b\"");
    assert_eq!(clean("e\u{301}"), "é");
    assert_eq!(clean("\u{344}\u{344}a"), "a");
    // One grapheme can be as long as it likes without any mark.
    assert_eq!(clean(&"\u{1F3FF}".repeat(5000)).chars().count(), 1001);
    assert_eq!(clean(&"क\u{94D}".repeat(5000)).chars().count(), 1001);
}

#[test]
fn nobody_wakes_a_room() {
    for (text, expected) in [
        ("@room look", "(at)room look"),
        ("hi @HERE, @everyone and @channel!", "hi (at)HERE, (at)everyone and (at)channel!"),
        ("@\u{200B}room", "(at)room"),
        ("@@room @rooms", "@(at)room (at)rooms"),
        ("@ room @alice @roo", "@ room @alice @roo"),
        ("@", "@"),
        ("@é", "@é"),
    ] {
        assert_eq!(clean(text), expected, "{text:?}");
    }
    let pings = "@nick ".repeat(400);
    assert_eq!(clean(&pings).graphemes(true).count(), 201);
}

#[test]
fn long_text_ends_with_an_ellipsis() {
    assert_eq!(clean(&"a".repeat(200)), "a".repeat(200));
    assert_eq!(clean(&"a".repeat(201)), format!("{}…", "a".repeat(200)));
    assert_eq!(clean(&format!("{} bc", "a".repeat(199))), format!("{}…", "a".repeat(199)));
    assert_eq!(clean(&"é".repeat(200)), "é".repeat(200));
    assert_eq!(clean(&"é".repeat(201)), format!("{}…", "é".repeat(200)));
    assert_eq!(clean_to("Enable FooBar", 6), "Enable…");
    assert_eq!(clean_to("Enable", 0), "…");
    assert_eq!(clean_to("", 0), "");
    assert_eq!(clean_to("a\tb", usize::MAX), "a b");
    assert_eq!(title(&"a".repeat(61)), format!("\"{}…\"", "a".repeat(60)));
}

#[test]
fn disguises_are_odd() {
    for line in [
        "!swat\u{A0}go\u{A0}3",
        "!swat\u{3000}go",
        "\u{A0}!swat go",
        "\u{FEFF}!swat go",
        "\u{2}!swat go",
        "\u{3}04!swat go\u{3}",
        "!\u{F}swat go",
        "\u{1}ACTION !swat go\u{1}",
        "!swat\0next",
        "!swat next\rQUIT",
        "!swat next\n!swat go",
        "!swat\tgo",
        "!swat g\u{200D}o",
        "!swat g\u{200C}o",
        "!swat é\u{200D}o",
        "!swat g\u{FE0F}o",
        "!swat g\u{E0067}o",
        "\u{202E}og taws!",
        "!swat go \u{2066}",
        "!swat show \u{212A}", // Kelvin: composes to K
        "!swat go\u{37E}",     // composes to a semicolon
        "cafe\u{301}",
        "!swat \u{301}go",
        "\u{200D}",
    ] {
        assert!(is_odd(line), "{line:?}");
    }
    for line in
        ["", " ", "\t!swat go\r\n", "!swat  go  3", "@room", "gо", "１２", "٣", "→ ok", &"a".repeat(8192)]
    {
        assert!(!is_odd(line), "{line:?}");
    }
}

#[test]
fn no_character_that_hides_gets_through() {
    let never = Regex::new(NEVER).unwrap();
    let all: Vec<char> = ('\0'..=char::MAX).collect();
    for chars in all.chunks(80) {
        let text: String = chars.iter().flat_map(|c| ['x', *c]).collect();
        let cleaned = clean(&text);
        assert!(!never.is_match(&cleaned), "{cleaned:?}");
        assert_eq!(clean(&cleaned), cleaned);
    }
    for c in all {
        let text = format!("x{c}y");
        if never.is_match(&text) {
            assert!(is_odd(&text), "{text:?}");
        }
    }
}

/// Strings of what makes trouble: marks, joiners, jamo, emoji, colours, loud words and what composes.
fn trouble() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "a",
        "e",
        "K",
        " ",
        "  ",
        "@",
        "@room",
        "@ro",
        "om",
        "here",
        "\u{301}",
        "\u{323}",
        "\u{344}",
        "\u{FE0F}",
        "\u{20E3}",
        "\u{200D}",
        "\u{200C}",
        "\u{34F}",
        "\u{1100}",
        "\u{1161}",
        "\u{11A8}",
        "\u{AC00}",
        "\u{3}",
        "\u{4}",
        "12",
        ",",
        "FF0000",
        "\u{202E}",
        "\u{E0067}",
        "👨",
        "\u{1F3FF}",
        "\u{1F1E9}",
        "क",
        "\u{94D}",
        "\u{9C7}",
        "\u{9BE}",
        "\u{212A}",
        "\u{FB2C}",
        "\u{958}",
        "\u{600}",
        "\u{D4E}",
        "\u{111C2}",
        "\u{E33}",
        "…",
        "\n",
        "\0",
        "\u{2126}",
        "\u{37E}",
        "\u{1D15F}",
        "\u{F73}",
        "\u{E0100}",
    ]);
    prop::collection::vec(pieces, 0..500).prop_map(|pieces| pieces.concat())
}

fn check(text: &str, never: &Regex) -> Result<(), TestCaseError> {
    let cleaned = clean(text);
    prop_assert!(!never.is_match(&cleaned), "{cleaned:?}");
    prop_assert!(cleaned.graphemes(true).count() <= 201);
    prop_assert!(cleaned.chars().count() <= 1001);
    prop_assert!(is_nfc(&cleaned), "{cleaned:?}");
    prop_assert_eq!(&clean(&cleaned), &cleaned);
    prop_assert_eq!(cleaned.trim(), &cleaned);
    prop_assert!(!cleaned.contains("  "));
    prop_assert!(!cleaned.to_ascii_lowercase().contains("@room"));
    prop_assert!(!is_odd(&cleaned), "{cleaned:?}");
    if !is_odd(text) && text.len() < 100 && !text.contains(['@', '\u{200C}', '\u{200D}']) {
        let words: Vec<_> = text.split_ascii_whitespace().collect();
        prop_assert_eq!(words.join(" "), cleaned);
    }
    let title = title(text);
    prop_assert!(title.graphemes(true).count() <= 61 + 2 + " [unicode]".len());
    prop_assert!(title.starts_with('"'));
    Ok(())
}

#[test]
fn for_every_string() {
    let never = Regex::new(NEVER).unwrap();
    proptest!(|(text in any::<String>())| check(&text, &never)?);
    proptest!(|(text in "[ -~]{0,300}")| check(&text, &never)?);
    proptest!(ProptestConfig::with_cases(1000), |(text in trouble())| check(&text, &never)?);
}
