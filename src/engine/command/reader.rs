//! The grammar of each verb: the words after it, read one by one; leftover words are refused.

use std::str::FromStr;

use super::{AddOptions, Command, FilesWord, Place, StepRef, Target, Verb};
use crate::engine::checklist::Item;
use crate::engine::guidelines::RuleId;
use crate::engine::id::{At, ChangeNumber, OccurrenceId, RowId};
use crate::engine::log;
use crate::engine::say::{Refusal, no};

/// The words after a verb, with what a refusal needs.
pub struct Words<'a> {
    verb: &'static Verb,
    left: &'a str,
    prefix: &'a str,
    hosts: &'a [String],
    at: At,
}

impl<'a> Words<'a> {
    /// What follows `verb` on the line. `hosts` are the review system's, for URLs.
    pub fn new(verb: &'static Verb, left: &'a str, prefix: &'a str, hosts: &'a [String], at: At) -> Self {
        Self { verb, left: left.trim(), prefix, hosts, at }
    }

    /// Reads the whole command.
    pub fn command(mut self) -> Result<Command, Refusal> {
        (self.verb.parse)(&mut self)
    }

    pub(super) fn usage(&self) -> Refusal {
        no::usage(self.prefix, self.verb)
    }

    /// None of the `known` words, of which the first are worth a line.
    pub(super) fn unknown(&self, what: &str, word: &str, known: &[&str], shown: usize) -> Refusal {
        no::unknown_word(self.prefix, self.verb, what, word, (known, shown))
    }

    pub(super) fn peek(&self) -> Option<&'a str> {
        self.left.split_ascii_whitespace().next()
    }

    pub(super) fn next(&mut self) -> Option<&'a str> {
        let word = self.peek()?;
        self.left = self.left[word.len()..].trim_start();
        Some(word)
    }

    pub(super) fn one(&mut self, what: &str) -> Result<&'a str, Refusal> {
        self.next().ok_or_else(|| no::missing(self.prefix, self.verb, what))
    }

    /// All that is left, where there is something.
    pub(super) fn rest(&mut self) -> Option<String> {
        let rest = std::mem::take(&mut self.left).trim();
        (!rest.is_empty()).then(|| rest.to_owned())
    }

    /// All that is left, which must be something.
    pub(super) fn text(&mut self) -> Result<String, Refusal> {
        self.rest().ok_or_else(|| no::missing(self.prefix, self.verb, "a reason in your own words"))
    }

    /// Nothing may be left.
    pub(super) fn end(&self) -> Result<(), Refusal> {
        match self.peek() {
            None => Ok(()),
            Some(word) => Err(no::leftover(self.prefix, self.verb, word)),
        }
    }

    pub(super) fn last_word(&mut self) -> Result<Option<String>, Refusal> {
        let word = self.next().map(str::to_owned);
        self.end()?;
        Ok(word)
    }

    pub(super) fn target(&mut self) -> Result<Target, Refusal> {
        let word = self.one("a change number")?;
        self.read_target(word)
    }

    pub(super) fn only_target(&mut self) -> Result<Target, Refusal> {
        let target = self.target()?;
        self.end()?;
        Ok(target)
    }

    pub(super) fn maybe_only_target(&mut self) -> Result<Option<Target>, Refusal> {
        if self.peek().is_none() { Ok(None) } else { self.only_target().map(Some) }
    }

    /// A patch, where the next word is one; else the word stays.
    pub(super) fn maybe_target(&mut self) -> Result<Option<Target>, Refusal> {
        match self.peek() {
            Some(word) if target(word, self.hosts).is_some() => self.target().map(Some),
            _ => Ok(None),
        }
    }

    fn read_target(&self, word: &str) -> Result<Target, Refusal> {
        target(word, self.hosts).ok_or_else(|| no::not_a_change(self.prefix, self.verb, word, self.hosts))
    }

    /// `[N] ITEM`, where a bare small number is no patch: it could as well be a step.
    pub(super) fn patch_and_item(&mut self) -> Result<(Option<Target>, Item), Refusal> {
        let patch = match self.peek() {
            Some(word) if is_small_number(word) => {
                return Err(no::bare_number(self.prefix, self.verb, word));
            }
            _ => self.maybe_target()?,
        };
        let word = self.one("a review point")?;
        let item = Item::from_word(&word.to_ascii_lowercase());
        let item = item.ok_or_else(|| self.unknown("review point", word, &item_words(), 4))?;
        Ok((patch, item))
    }
}

/// `add N… [for W] [urgent: why] [test: plan] [owner: who] [note: text]`
pub(super) fn add(words: &mut Words<'_>) -> Result<Command, Refusal> {
    let mut changes = Vec::new();
    let mut options = AddOptions::default();
    while let Some(word) = words.peek() {
        let lower = word.to_ascii_lowercase();
        if lower == "for" || lower == "to" {
            words.next();
            options.window = Some(words.one("a window")?.to_owned());
        } else if OPTIONS.contains(&lower.as_str()) {
            words.next();
            let value = words.option_value();
            if value.is_empty() {
                return Err(no::missing(words.prefix, words.verb, &format!("something after {lower}")));
            }
            let slot = match lower.as_str() {
                "urgent:" => &mut options.urgent,
                "test:" => &mut options.test,
                "owner:" => &mut options.owner,
                _ => &mut options.note,
            };
            *slot = Some(value);
        } else {
            words.next();
            for part in word.split(',').filter(|part| !part.is_empty()) {
                let target = words.read_target(part)?;
                if changes.contains(&target) {
                    return Err(no::twice(part));
                }
                changes.push(target);
            }
        }
    }
    if changes.is_empty() {
        return Err(no::missing(words.prefix, words.verb, "a change number"));
    }
    if let Some(owner) = options.owner.as_ref().filter(|owner| owner.contains(char::is_whitespace)) {
        return Err(no::one_owner(owner));
    }
    if changes.len() > 20 {
        return Err(no::too_many(changes.len()));
    }
    Ok(Command::Add { changes, options })
}

const OPTIONS: &[&str] = &["urgent:", "test:", "owner:", "note:"];

impl Words<'_> {
    /// The words up to the next option, or to the end.
    fn option_value(&mut self) -> String {
        let mut value = Vec::new();
        while let Some(word) = self.peek() {
            if OPTIONS.contains(&word.to_ascii_lowercase().as_str()) {
                break;
            }
            value.push(word);
            self.next();
        }
        value.join(" ")
    }
}

/// `move N to W` · `move N before|after M`
pub(super) fn move_patch(words: &mut Words<'_>) -> Result<Command, Refusal> {
    let patch = words.target()?;
    let place = match words.one("to, before or after")?.to_ascii_lowercase().as_str() {
        "to" => Place::Window(words.one("a window")?.to_owned()),
        "before" => Place::Before(words.target()?),
        "after" => Place::After(words.target()?),
        _ => return Err(words.usage()),
    };
    words.end()?;
    Ok(Command::Move { patch, place })
}

/// `files N` · `files N ok` · `files N a > b > c` · `files N atomic reason`
pub(super) fn files(words: &mut Words<'_>) -> Result<Command, Refusal> {
    let patch = words.target()?;
    let word = match words.peek().map(str::to_ascii_lowercase).as_deref() {
        None => FilesWord::Show,
        Some("ok") => {
            words.next();
            words.end()?;
            FilesWord::Accept
        }
        Some("atomic") => {
            words.next();
            FilesWord::Atomic(words.text()?)
        }
        Some(_) => FilesWord::List(words.text()?),
    };
    Ok(Command::Files { patch, word })
}

/// `done [K] [note]`: K is a step, `rK` a rollback step; a change number is understood, to be told what is wrong.
pub(super) fn done(words: &mut Words<'_>) -> Result<Command, Refusal> {
    let Some(word) = words.peek() else {
        return Ok(Command::Done { step: None, patch: None, note: None });
    };
    let mut step = None;
    let mut patch = None;
    if let Some(number) = numbered(word, 'r') {
        step = Some(StepRef::Back(number));
        words.next();
    } else if is_small_number(word) {
        step = word.parse().ok().map(StepRef::Forward);
        words.next();
    } else if word.starts_with(|first: char| first.is_ascii_digit() || first == '#') {
        patch = Some(words.target()?);
    } else {
        // A note without a step could mean any step, or none: `done not yet` must confirm nothing.
        return Err(no::done_without_step(words.prefix, word));
    }
    Ok(Command::Done { step, patch, note: words.rest() })
}

/// `go [K]`: a step, `rK` for one of a rollback, and nothing else.
pub(super) fn only_step(words: &mut Words<'_>) -> Result<Option<StepRef>, Refusal> {
    let Some(word) = words.peek() else { return Ok(None) };
    let forward = || word.parse().ok().filter(|_| is_small_number(word)).map(StepRef::Forward);
    let step = numbered(word, 'r').map(StepRef::Back).or_else(forward);
    let step = step.ok_or_else(|| words.usage())?;
    words.next();
    words.end()?;
    Ok(Some(step))
}

/// `log …`: see `engine::log` for what is a question.
pub(super) fn log_line(words: &mut Words<'_>) -> Result<Command, Refusal> {
    let text = words.rest().unwrap_or_default();
    if let Some(rest) = text.strip_prefix("amend ") {
        let (row, new) = rest.trim_start().split_once(' ').unwrap_or((rest.trim(), ""));
        if let Some(row) = numbered_row(row) {
            if new.trim().is_empty() {
                return Err(no::empty_amend(words.prefix, row));
            }
            return Ok(Command::LogAmend { row, text: new.trim().to_owned() });
        }
    }
    Ok(match log::parse(&text, words.at, words.hosts) {
        log::Asked::Query(query) => Command::LogQuery { query },
        log::Asked::Text(recorded) => {
            // Behind `--` it is said to be a text.
            let like = if recorded == text { log::like_a_question(&text) } else { None };
            Command::LogText { text: recorded, like }
        }
        log::Asked::Amend { row, text } => Command::LogAmend { row, text },
        log::Asked::Redact { row, reason } if reason.is_empty() => {
            return Err(no::empty_redact(words.prefix, row));
        }
        log::Asked::Redact { row, reason } => Command::LogRedact { row, reason },
        log::Asked::Wrong(wrong) => return Err(no::wrong_question_or_text(&wrong, words.prefix)),
        log::Asked::More => Command::LogMore,
        log::Asked::Suspects(at) => Command::LogSuspects { at },
        log::Asked::Nothing => Command::LogText { text: String::new(), like: None },
    })
}

/// Reads `#3`, a change number, or a URL of the review system that ends in one.
pub fn target(word: &str, hosts: &[String]) -> Option<Target> {
    if let Some(ticket) = word.strip_prefix('#') {
        return ChangeNumber::parse(ticket).map(|number| Target::Ticket(number.0));
    }
    ChangeNumber::parse(word).or_else(|| change_in_url(word, hosts)).map(Target::Change)
}

/// The change in `https://HOST/r/N`, `/r/c/N`, `/c/PROJECT/+/N[/PS[/FILE]]`, `/N` or `/#/c/N/`; no other host.
fn change_in_url(url: &str, hosts: &[String]) -> Option<ChangeNumber> {
    let (host, path) = url.strip_prefix("https://")?.split_once('/')?;
    if url.len() > 500 || !hosts.iter().any(|known| known == host) {
        return None;
    }
    let path = path.split(['?', '#']).find(|part| part.bytes().any(|byte| byte.is_ascii_digit()))?;
    let path = match path.split_once("/+/") {
        Some((_, after)) => after,
        None => path.trim_start_matches('/').trim_start_matches("r/").trim_start_matches("c/"),
    };
    path.trim_start_matches('/').split('/').next().and_then(ChangeNumber::parse)
}

/// One or two digits: a step, never a patch, in a verb that takes steps or items.
fn is_small_number(word: &str) -> bool {
    (1..=2).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// `H1`, `r3`: a letter and a number.
pub(super) fn numbered(word: &str, letter: char) -> Option<u32> {
    let rest = word.strip_prefix([letter, letter.to_ascii_uppercase()])?;
    if (1..=4).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_digit()) {
        rest.parse().ok()
    } else {
        None
    }
}

fn numbered_row(word: &str) -> Option<RowId> {
    let rest = word.strip_prefix(['L', 'l'])?;
    rest.parse().ok().filter(|row| *row > 0).map(RowId)
}

/// A word that can only be a window: an occurrence id, or `next`, or a plain id (judged later).
pub(super) fn looks_like_window(word: &str) -> bool {
    OccurrenceId::from_str(word).is_ok()
        || word
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte))
}

fn item_words() -> Vec<&'static str> {
    let mut words = vec!["precommit", "beta", "backport", "deployer"];
    // A rule that belongs to one of these four is no point of its own.
    words.extend(RuleId::ALL.iter().filter(|rule| rule.row().point.is_none()).map(|rule| rule.word()));
    words
}

pub(super) fn rule_words() -> Vec<&'static str> {
    RuleId::ALL.iter().map(|rule| rule.word()).collect()
}
