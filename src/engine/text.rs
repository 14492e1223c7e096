//! Words of strangers made harmless: what reaches the channel is one short line that shows all there is in it.

use std::iter;

use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{UnicodeNormalization, is_nfc};
use unicode_security::{MixedScript, RestrictionLevel, RestrictionLevelDetection};
use unicode_segmentation::UnicodeSegmentation;

/// How long a piece of text gets, in graphemes.
const LONGEST: usize = 200;

/// How long a title gets, in graphemes.
const LONGEST_TITLE: usize = 60;

/// The most characters a grapheme counts for: one grapheme alone can be as long as it likes.
const CHARS_EACH: usize = 5;

/// The most combining marks on one letter. Pointed Hebrew with cantillation needs four.
const MOST_MARKS: usize = 4;

/// Words behind an `@` that wake a whole room.
const LOUD: &[&str] = &["room", "here", "everyone", "channel"];

/// Characters above ASCII that show nothing or steer what is around them: format characters (bidi controls, zero
/// width, tags), fillers, the selectors that only smuggle, and what is no character at all. Sorted.
const HIDDEN: &[(char, char)] = &[
    ('\u{AD}', '\u{AD}'),
    ('\u{34F}', '\u{34F}'),
    ('\u{600}', '\u{605}'),
    ('\u{61C}', '\u{61C}'),
    ('\u{6DD}', '\u{6DD}'),
    ('\u{70F}', '\u{70F}'),
    ('\u{890}', '\u{891}'),
    ('\u{8E2}', '\u{8E2}'),
    ('\u{115F}', '\u{1160}'),
    ('\u{17B4}', '\u{17B5}'),
    ('\u{180B}', '\u{180F}'),
    ('\u{200B}', '\u{200F}'),
    ('\u{202A}', '\u{202E}'),
    ('\u{2060}', '\u{206F}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{FDD0}', '\u{FDEF}'),
    ('\u{FEFF}', '\u{FEFF}'),
    ('\u{FFA0}', '\u{FFA0}'),
    ('\u{FFF0}', '\u{FFFB}'),
    ('\u{110BD}', '\u{110BD}'),
    ('\u{110CD}', '\u{110CD}'),
    ('\u{13430}', '\u{1343F}'),
    ('\u{1BCA0}', '\u{1BCA3}'),
    ('\u{1D173}', '\u{1D17A}'),
    ('\u{E0000}', '\u{E0FFF}'),
];

/// What becomes of a character.
#[derive(PartialEq)]
enum Fate {
    Stays,
    BecomesSpace,
    Goes,
}

/// Makes `text` harmless: composed (NFC), one line without control or format characters, no word that wakes a room,
/// at most 200 graphemes and then `…`. What is clean already comes back as it is.
pub fn clean(text: &str) -> String {
    clean_to(text, LONGEST)
}

/// The same as [`clean`] with a limit of one's own.
pub fn clean_to(text: &str, graphemes: usize) -> String {
    if text.len() <= graphemes && is_plain(text) {
        return text.to_owned();
    }
    let chars = graphemes.saturating_mul(CHARS_EACH);
    let composed = visible(text).nfc();
    // One more than fits is enough to know that it does not.
    let line = without_loud_words(fold(composed, chars.saturating_add(1)));
    cut(line, graphemes, chars)
}

/// A title as it is said: harmless, short, in double quotes, and marked where letters of one script may pose as
/// those of another or something hidden was taken out.
pub fn title(text: &str) -> String {
    let shown = clean_to(text, LONGEST_TITLE);
    let mark = if mixes_scripts(&shown) || hides(text) { " [unicode]" } else { "" };
    format!("\"{shown}\"{mark}")
}

/// Whether a line of chat holds something that could disguise a command: anything that [`clean`] takes for hidden or
/// for a space, or that is not composed. White space around the line is nobody's disguise, and neither is a joiner
/// between characters outside ASCII, as in emoji families and Persian words.
pub fn is_odd(text: &str) -> bool {
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace());
    if text.bytes().all(is_printable) {
        return false;
    }
    let mut marks = Marks::new();
    let mut before = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let outside = |c: Option<&char>| c.is_some_and(|c| !c.is_ascii());
        let joins = matches!(c, '\u{200C}' | '\u{200D}') && outside(before.as_ref()) && outside(chars.peek());
        if !joins && (fate(c) != Fate::Stays || !marks.allow(c)) {
            return true;
        }
        before = Some(c);
    }
    !is_nfc(text)
}

/// Whether a byte is an ASCII character that shows, or the space.
fn is_printable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

/// Whether nothing needs to be done: printable ASCII, single spaces inside, and no `@`.
fn is_plain(text: &str) -> bool {
    let mut before = b' ';
    for byte in text.bytes() {
        if !is_printable(byte) || byte == b'@' || (byte == b' ' && before == b' ') {
            return false;
        }
        before = byte;
    }
    before != b' ' || text.is_empty()
}

fn fate(c: char) -> Fate {
    match c {
        ' '..='~' => Fate::Stays,
        '\0' | '\t'..='\r' | '\u{85}' => Fate::BecomesSpace,
        '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{2028}' | '\u{2029}' => Fate::BecomesSpace,
        // The last one is a Braille cell without dots, which no script counts as a space.
        '\u{202F}' | '\u{205F}' | '\u{3000}' | '\u{2800}' => Fate::BecomesSpace,
        _ if c.is_control() || is_hidden(c) => Fate::Goes,
        _ => Fate::Stays,
    }
}

fn is_hidden(c: char) -> bool {
    // The last two code points of every plane are no characters.
    let after = HIDDEN.partition_point(|(first, _)| *first <= c);
    u32::from(c) & 0xFFFE == 0xFFFE || after.checked_sub(1).is_some_and(|row| c <= HIDDEN[row].1)
}

/// The text as it shows on IRC: without colours and the numbers that belong to them, and without control characters.
pub fn without_formatting(text: &str) -> String {
    visible(text).collect()
}

/// The characters that show, with plain spaces, and without IRC formatting and the numbers that belong to it.
fn visible(text: &str) -> impl Iterator<Item = char> {
    let mut rest = text;
    iter::from_fn(move || {
        loop {
            let c = rest.chars().next()?;
            rest = &rest[c.len_utf8()..];
            match fate(c) {
                Fate::Stays => return Some(c),
                Fate::BecomesSpace => return Some(' '),
                Fate::Goes if c == '\u{3}' => rest = after_colours(rest, 1, 2, |b| b.is_ascii_digit()),
                Fate::Goes if c == '\u{4}' => rest = after_colours(rest, 6, 6, |b| b.is_ascii_hexdigit()),
                Fate::Goes => {}
            }
        }
    })
}

/// What follows the colours of IRC formatting: `4,12` behind a `\x03`, `FF0000,00FF00` behind a `\x04`.
fn after_colours(text: &str, least: usize, most: usize, is_digit: impl Fn(&u8) -> bool) -> &str {
    let colour = |text: &str| {
        let digits = text.bytes().take(most).take_while(&is_digit).count();
        if digits >= least { digits } else { 0 }
    };
    let rest = &text[colour(text)..];
    match rest.strip_prefix(',') {
        Some(background) if rest.len() < text.len() && colour(background) > 0 => {
            &background[colour(background)..]
        }
        _ => rest,
    }
}

/// Puts composed characters together: single spaces, none around, few marks on a letter; at most `most` of them.
fn fold(composed: impl Iterator<Item = char>, most: usize) -> String {
    let mut line = String::new();
    let mut marks = Marks::new();
    let mut count = 0;
    let mut space = false;
    for c in composed {
        if !marks.allow(c) {
            continue;
        }
        if c == ' ' {
            space = !line.is_empty();
            continue;
        }
        if space {
            line.push(' ');
            space = false;
            count += 1;
        }
        line.push(c);
        count += 1;
        if count >= most {
            break;
        }
    }
    line
}

/// Counts the combining marks on a letter.
struct Marks {
    on_this: usize,
    before: char,
}

impl Marks {
    fn new() -> Self {
        Self { on_this: MOST_MARKS, before: ' ' }
    }

    /// Whether `c` may stand here: anything but a mark, and a mark that has a letter under it and is not one too
    /// many. A variation selector changes nothing on an ASCII character but how it compares.
    fn allow(&mut self, c: char) -> bool {
        if !is_combining_mark(c) {
            self.on_this = if c == ' ' { MOST_MARKS } else { 0 };
            self.before = c;
            return true;
        }
        if self.before.is_ascii() && matches!(c, '\u{FE00}'..='\u{FE0F}') {
            // What comes after it is refused too: without the selector between them it would compose anew.
            self.on_this = MOST_MARKS;
        }
        self.before = c;
        self.on_this += 1;
        self.on_this <= MOST_MARKS
    }
}

/// Takes the `@` from words that wake a room, and from words that begin so: where a network ends a word is its own
/// affair.
fn without_loud_words(line: String) -> String {
    if !line.contains('@') {
        return line;
    }
    let mut quiet = String::with_capacity(line.len() + 8);
    for (at, c) in line.char_indices() {
        let after = &line.as_bytes()[at + c.len_utf8()..];
        let is_loud = |word: &&str| {
            after.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
        };
        if c == '@' && LOUD.iter().any(is_loud) {
            quiet.push_str("(at)");
        } else {
            quiet.push(c);
        }
    }
    quiet
}

/// Ends a line that is too long with `…`.
fn cut(mut line: String, graphemes: usize, chars: usize) -> String {
    // Each takes at least one byte.
    if line.len() <= graphemes {
        return line;
    }
    let by_grapheme = line.grapheme_indices(true).nth(graphemes).map(|(end, _)| end);
    let by_char = line.char_indices().nth(chars).map(|(end, _)| end);
    if let Some(end) = by_grapheme.into_iter().chain(by_char).min() {
        line.truncate(end);
        line.truncate(line.trim_end().len());
        line.push('…');
    }
    line
}

/// Whether characters were taken out that show nothing or turn the text around them. Joiners and the marks that writing
/// from right to left needs are ordinary.
fn hides(text: &str) -> bool {
    text.chars().any(|c| is_hidden(c) && !matches!(c, '\u{200C}'..='\u{200F}' | '\u{61C}'))
}

/// Whether letters of several scripts stand together that people do not use together: Latin with Han or with Hebrew
/// is ordinary, Latin with Cyrillic or Greek is how one name poses as another.
fn mixes_scripts(text: &str) -> bool {
    if text.is_ascii() {
        return false;
    }
    let letters: String = text.chars().filter(|c| c.is_alphabetic()).collect();
    !letters.is_single_script()
        && letters.detect_restriction_level() > RestrictionLevel::ModeratelyRestrictive
}
