//! What somebody may have meant whose line is no question, or finds nothing.

use super::super::id::At;
use super::read::{query, split};
use super::{Asked, PARTS, Query, Term, TermText, Wrong, describe, parse};

/// What begins with these words, besides the parts of a question.
const OTHERS: &[(&str, &str)] = &[
    ("suspects", "suspects 14:30"),
    ("more", "more"),
    ("amend", "amend L812 TEXT"),
    ("redact", "redact L812 REASON"),
];

/// Of a text that begins like something else than a text: how that is written.
pub fn like_a_question(text: &str) -> Option<&'static str> {
    let (word, _) = split(text);
    let parts = PARTS.iter().map(|part| (part.word, part.example));
    let mut known = parts.chain(OTHERS.iter().copied());
    known.find(|(begins, _)| begins.eq_ignore_ascii_case(word)).map(|(_, like)| like)
}

/// What is wrong with a line that is no question, where nothing can be recorded.
pub fn no_question(text: &str, at: At, hosts: &[String]) -> Wrong {
    let text = text.trim();
    let (word, _) = split(text);
    if word.eq_ignore_ascii_case("suspects") {
        return Wrong::Alone("suspects");
    }
    let from = match query(text, at, hosts) {
        Err(from) if OTHERS.iter().all(|(other, _)| !other.eq_ignore_ascii_case(word)) && word != "--" => {
            from
        }
        _ => return Wrong::InChat(word.to_owned()),
    };
    let question = format!("{}find {from}", &text[..text.len() - from.len()]);
    match query(&question, at, hosts) {
        // A wrong value comes before the word.
        Ok(Asked::Wrong(wrong)) => wrong,
        _ => Wrong::Stranger { word: split(from).0.to_owned(), question },
    }
}

/// The same question with those of the words behind `find` in front of it that are parts with their values; `None` where
/// the last words are not.
pub fn before_find(asked: &Query) -> Option<String> {
    let plain = |term: &Term| match &term.text {
        TermText::Word(word) if !term.not => Some(word.clone()),
        _ => None,
    };
    (0..asked.terms.len()).find_map(|from| {
        let tail: Vec<String> = asked.terms[from..].iter().map(plain).collect::<Option<_>>()?;
        let tail = tail.join(" ");
        // Whether a value is well formed depends on no moment and on no queue.
        let parts = parse(&tail, At::default(), &[]);
        let has_parts = matches!(&parts, Asked::Query(parts) if parts.terms.is_empty() && !parts.count);
        let head = Query { terms: Vec::new(), last: None, before: None, ..asked.clone() };
        let find = Query { terms: asked.terms[..from].to_vec(), ..Query::default() };
        let mut words = vec![describe(&head), tail, describe(&find)];
        words.retain(|words| !words.is_empty());
        let question = words.join(" ");
        let fits = matches!(
            parse(&question, At::default(), &[]),
            Asked::Query(_) | Asked::Wrong(Wrong::Backwards { .. })
        );
        (has_parts && fits).then_some(question)
    })
}
