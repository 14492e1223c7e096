//! Gives an answer the form in which it goes out: clean, with the nicks of those it calls, in lines that fit.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::mem;

use crate::engine::id::Who;
use crate::engine::say;

use super::super::wire::{self, BOLD, may_steer, steers};
use super::ping::{self, Called};
use super::split::{quoted, split};
use super::{MOST_IN_PRIVATE, MOST_IN_ROOM, Outbox, Target, View, Waiting};

/// Whoever is addressed with more bytes than this is so in the first line only.
const LONGEST_ADDRESSEE: usize = 100;

impl Outbox {
    /// Makes lines of at most `room` bytes of what waits. What has its form already is only cut again. What is too much
    /// for a room comes back: it goes to whoever asked, in private.
    pub(super) fn shape(&self, waiting: &mut Waiting, view: &impl View, room: usize) -> Option<Waiting> {
        let mut lines = VecDeque::with_capacity(waiting.lines.len());
        for text in mem::take(&mut waiting.lines) {
            let text = if waiting.is_shaped { text } else { self.word(text, waiting, view) };
            let again = match &waiting.target {
                _ if waiting.is_message && waiting.ping.is_empty() => first_word(&text),
                Target::Channel(_) => addressee(&text),
                Target::Nick(_) => "",
            };
            if text.len() <= room {
                lines.push_back(text);
            } else {
                split(&text, room, &format!("{again}… "), &mut lines);
            }
        }
        let most = match &waiting.target {
            Target::Channel(_) => MOST_IN_ROOM,
            Target::Nick(_) => MOST_IN_PRIVATE,
        };
        let mut rest = None;
        if !waiting.is_message && !waiting.is_shaped && lines.len() > most {
            let nick = lines.front().and_then(|line| addressee(line).strip_suffix(": "));
            let nick = nick.filter(|nick| matches!(waiting.target, Target::Channel(_)) && wire::is_one(nick));
            let target = nick.map(|nick| Target::Nick(nick.to_owned()));
            let hint = if target.is_some() { "in private to you" } else { "ask for a part of it" };
            let cut = end(&mut lines, most, room, hint);
            rest = target.map(|target| Waiting { target, lines: cut, is_shaped: false, ..waiting.bare() });
        }
        waiting.lines = lines;
        waiting.is_shaped = true;
        rest
    }

    /// The text as people are to see it.
    fn word(&self, text: String, waiting: &Waiting, view: &impl View) -> String {
        let mut text = match clean(&text) {
            Cow::Borrowed(_) => text,
            Cow::Owned(clean) => clean,
        };
        if let Target::Channel(at) = waiting.target
            && !(waiting.ping.is_empty() && waiting.named.is_empty())
        {
            let ping = waiting.ping.iter().map(|who| self.called(who, at, true, view));
            let named = waiting.named.iter().map(|who| self.called(who, at, false, view));
            text = ping::name(&text, &ping.chain(named).collect::<Vec<Called<'_>>>());
        }
        if self.formatting && text.contains('"') { bold(&text, &self.people.prefix) } else { text }
    }

    fn called<'a>(&self, who: &'a Who, channel: usize, must: bool, view: &impl View) -> Called<'a> {
        let full: Vec<&str> = match self.people.person(who) {
            Some(person) => person.accounts.iter().map(String::as_str).collect(),
            None => vec![who.0.as_str()],
        };
        let here = full.iter().filter_map(|full| full.strip_prefix(self.network.as_str())?.strip_prefix('/'));
        let mut nicks: Vec<String> =
            here.flat_map(|account| view.nicks(&self.channels[channel].1, account)).collect();
        if !must {
            // Whoever is looking has just spoken, under the nick that comes first.
            nicks.truncate(1);
        }
        Called { name: say::short_name(who), must, nicks }
    }
}

/// The text with a space for each character that would steer whoever reads it.
fn clean(text: &str) -> Cow<'_, str> {
    if may_steer(text) && text.contains(steers) {
        Cow::Owned(text.replace(steers, " "))
    } else {
        Cow::Borrowed(text)
    }
}

/// Sets the commands in quotes in bold: what can be pasted.
fn bold(text: &str, prefix: &str) -> String {
    let mut set = String::with_capacity(text.len() + 8);
    let mut rest = 0;
    while let Some(start) = text[rest..].find('"').map(|at| rest + at) {
        let end = quoted(text, start).unwrap_or(start + 1);
        let inside = text.get(start + 1..end - 1).unwrap_or_default();
        let is_command = |words: &str| words.starts_with(|c: char| c.is_ascii_alphabetic());
        if !prefix.is_empty() && inside.strip_prefix(prefix).is_some_and(is_command) {
            set.push_str(&text[rest..=start]);
            set.extend([BOLD.encode_utf8(&mut [0; 1]), inside, BOLD.encode_utf8(&mut [0; 1]), "\""]);
        } else {
            set.push_str(&text[rest..end]);
        }
        rest = end;
    }
    set.push_str(&text[rest..]);
    set
}

/// Whom a text is addressed to, with the colon and the space: `bob: `, `alice, bob: `, or nothing.
fn addressee(text: &str) -> &str {
    let Some(end) = text.find(": ") else { return "" };
    let is_name = |name: &str| !name.is_empty() && !name.contains([' ', '"', BOLD]);
    if end < LONGEST_ADDRESSEE && text[..end].split(", ").all(is_name) { &text[..end + 2] } else { "" }
}

/// The first word with its space, such as the `!log ` that another bot listens for.
fn first_word(text: &str) -> &str {
    text.find(' ').map_or("", |space| &text[..=space])
}

/// Keeps `most` lines, says at the end of the last how many there are, and gives the others.
fn end(lines: &mut VecDeque<String>, most: usize, room: usize, hint: &str) -> VecDeque<String> {
    let end = say::more_lines(lines.len() - most, hint);
    let mut cut = lines.split_off(most);
    let Some(last) = lines.pop_back() else { return cut };
    let mut kept = VecDeque::new();
    split(&last, room.saturating_sub(end.len() + 1), "", &mut kept);
    lines.push_back(format!("{} {end}", kept.pop_front().unwrap_or_default()));
    kept.into_iter().rev().for_each(|piece| cut.push_front(piece));
    cut
}
