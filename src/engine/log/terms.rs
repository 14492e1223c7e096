//! What `find` looks for: words, "phrases", parts of words, and what must not be there.

use super::{Term, TermText};

/// Quotes, as keyboards and telephones write them.
const QUOTES: [char; 4] = ['"', '\u{201c}', '\u{201d}', '\u{201e}'];

/// Reads what stands behind `find`. A quote that nothing closes reaches to the end.
pub(super) fn parse(text: &str) -> Vec<Term> {
    let mut terms = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let behind = rest
            .strip_prefix('-')
            .filter(|behind| !behind.is_empty() && !behind.starts_with(char::is_whitespace));
        let not = behind.is_some();
        let positive = behind.unwrap_or(rest);
        let (text, behind) = match positive.strip_prefix(QUOTES) {
            Some(quoted) => {
                let (phrase, behind) = quoted.split_once(QUOTES).unwrap_or((quoted, ""));
                (Some(TermText::Phrase(phrase.split_whitespace().collect::<Vec<_>>().join(" "))), behind)
            }
            None => {
                let (word, behind) = positive.split_once(char::is_whitespace).unwrap_or((positive, ""));
                (Some(part_or_word(word)), behind)
            }
        };
        terms.extend(
            text.filter(|text| *text != TermText::Phrase(String::new())).map(|text| Term { text, not }),
        );
        rest = behind.trim_start();
    }
    terms
}

/// `apach*`, `*apache*`; a star beside nothing that could be of a word is a word like any other.
fn part_or_word(word: &str) -> TermText {
    let (before, text) = word.strip_prefix('*').map_or((false, word), |text| (true, text));
    let (behind, text) = text.strip_suffix('*').map_or((false, text), |text| (true, text));
    if (before || behind) && text.contains(char::is_alphanumeric) {
        TermText::Part { text: text.to_owned(), before, behind }
    } else {
        TermText::Word(word.to_owned())
    }
}

/// The term in words that [`parse`] reads as the same term.
pub(super) fn describe(term: &Term) -> String {
    let not = if term.not { "-" } else { "" };
    match &term.text {
        TermText::Word(word) => format!("{not}{word}"),
        TermText::Phrase(phrase) => format!("{not}\"{phrase}\""),
        TermText::Part { text, before, behind } => {
            let star = |is_open: &bool| if *is_open { "*" } else { "" };
            format!("{not}{}{text}{}", star(before), star(behind))
        }
    }
}
