//! Refusals of what is asked of the log: what is no question, and one that is.

use super::super::super::event;
use super::super::super::log::{OUTCOMES, PARTS, Wrong};
use super::super::super::words;
use super::{Refusal, short};

/// What is wrong with a question. `ask` is how one begins, `!log` or `swatbot log`.
pub fn wrong_question(wrong: &Wrong, ask: &str) -> Refusal {
    let right = |question: &str| format!("\"{ask} {question}\"");
    match wrong {
        Wrong::Missing(word) => {
            let part = PARTS.iter().find(|part| part.word == *word);
            // The example of find has quotes in it.
            let like = part.filter(|_| *word != "find").map_or("find apache", |part| part.example);
            Refusal::new("no-value", format!("nothing stands behind \"{word}\". {}", right(like)))
        }
        Wrong::Time(word) => {
            let like = right("since 2026-11-23 until 14:30");
            let text = format!("\"{}\" is no time (UTC). {like}, or 2h, or yesterday", short(word));
            Refusal::new("not-a-time", text)
        }
        Wrong::Backwards { since, until } => {
            let [since, until] = [since, until].map(|at| at.format("%Y-%m-%d %H:%MZ"));
            let text = format!(
                "it ends at {until}, before it begins at {since}. {}",
                right("since yesterday until 14:30")
            );
            Refusal::new("not-a-time", text)
        }
        Wrong::Count(word)
            if word.starts_with(|c: char| c.is_ascii_digit()) && word.ends_with(['m', 'h', 'd', 'w']) =>
        {
            let text = format!(
                "last takes a number of rows. {} or {}",
                right(&format!("since {}", short(word))),
                right("last 10")
            );
            Refusal::new("not-a-number", text)
        }
        Wrong::Count(word) => Refusal::new(
            "not-a-number",
            format!("\"{}\" is no number of rows. {}", short(word), right("last 10")),
        ),
        Wrong::Change(word) => Refusal::new(
            "not-a-change",
            format!("\"{}\" is no change number. {}", short(word), right("change 900101")),
        ),
        Wrong::Task(word) => {
            Refusal::new("not-a-task", format!("\"{}\" is no task. {}", short(word), right("task T1234")))
        }
        Wrong::Window(word) => Refusal::new(
            "unknown-window",
            format!("\"{}\" is no occurrence. {}", short(word), right("window 2026-11-23/morning")),
        ),
        Wrong::Row(part, word) => {
            let mut text = format!("\"{}\" is no row. {}", short(word), right(&format!("{part} L812")));
            if word.contains(':') {
                text.push_str(&format!(", or of a time {}", right(&format!("until {}", short(word)))));
            }
            Refusal::new("not-a-row", text)
        }
        Wrong::Kind(word) => {
            let (near, like) = match words::near(word, event::kinds()) {
                Some(near) => (format!(", did you mean {near}?"), near),
                None => (
                    ": there are live, held, rolled-back, overridden, logged and others.".to_owned(),
                    "refused",
                ),
            };
            let text =
                format!("no row is of the kind \"{}\"{near} {}", short(word), right(&format!("kind {like}")));
            Refusal::new("unknown-kind", text)
        }
        Wrong::Outcome(word) => {
            let text = format!(
                "\"{}\" is no outcome: there are {}. {}",
                short(word),
                words::list(OUTCOMES),
                right("outcome refused")
            );
            Refusal::new("unknown-outcome", text)
        }
        Wrong::Twice(part) => {
            let like = if *part == "by" { "by alice" } else { "last 10" };
            Refusal::new("twice", format!("{part} is there twice, and a row has one. {}", right(like)))
        }
        Wrong::Alone("suspects") => {
            let like = right("suspects 14:30");
            Refusal::new("not-with-others", format!("suspects takes one time and nothing else. {like}"))
        }
        Wrong::Alone(part) => {
            let like = format!("{part} L812");
            Refusal::new(
                "not-with-others",
                format!("{part} asks for a row by its number and for nothing else. {}", right(&like)),
            )
        }
        Wrong::Stranger { word, question } => Refusal::new(
            "not-a-question",
            format!(
                "\"{}\" is no part of a question, words stand behind find. {}",
                short(word),
                right(question)
            ),
        ),
        Wrong::InChat(word) => Refusal::new(
            "not-a-question",
            format!("\"{}\" is for chat, here the log is only read. {}", short(word), right("last 20")),
        ),
    }
}

/// The same where the line could have been recorded, too.
pub fn wrong_question_or_text(wrong: &Wrong, prefix: &str) -> Refusal {
    or_text(wrong_question(wrong, &format!("{prefix}log")), prefix)
}

/// A window that the configuration does not name.
pub fn not_a_window(word: &str, known: &[&str], prefix: &str) -> Refusal {
    let like = words::near(word, known).or(known.first().copied()).unwrap_or("morning");
    let only = only(known, "");
    let text = format!("no window is called \"{}\"{only}. \"{prefix}log window {like}\"", short(word));
    or_text(Refusal::new("unknown-window", text), prefix)
}

/// A room that no window is held in and nobody speaks in.
pub fn not_a_room(word: &str, known: &[&str], prefix: &str) -> Refusal {
    let like = words::near(word, known).or(known.first().copied()).unwrap_or("#ROOM");
    let only = only(known, "in ");
    let text = format!("I am in no room \"{}\"{only}. \"{prefix}log room {like}\"", short(word));
    or_text(Refusal::new("unknown-room", text), prefix)
}

fn only(known: &[&str], place: &str) -> String {
    if known.is_empty() { String::new() } else { format!(", only {place}{}", words::list(known)) }
}

fn or_text(refusal: Refusal, prefix: &str) -> Refusal {
    let Refusal { code, text } = refusal;
    Refusal { code, text: format!("{text}, or \"{prefix}log -- TEXT\" to record it") }
}
