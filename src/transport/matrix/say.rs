//! What an answer looks like in a room: the content of an event, as JSON. Pure.
//!
//! A notice, unless somebody must notice it: bots never answer notices, and clients are quiet about them. Every message
//! says whom it mentions, also when that is nobody: without that, servers look for names in the text and ping by them.

use std::collections::BTreeSet;
use std::fmt::Write;

use matrix_sdk::ruma::UserId;
use serde_json::{Value, json};

use crate::engine::id::{ChangeNumber, Who};
use crate::engine::say::card::{COLUMNS, Card};
use crate::engine::{Kind, Place, Reply, say};

use super::refer;

/// An event to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Out {
    /// The room, as the homeserver calls it.
    pub room: String,
    /// What is sent, the content of an `m.room.message`.
    pub content: Value,
    /// It says how things stand, and may be left out when it is late.
    pub is_status: bool,
    /// The event that it answers.
    pub answers: Option<String>,
    /// The patch that it is about.
    pub about: Option<ChangeNumber>,
}

/// The events that say these replies. What belongs in no room of this network is passed over.
pub fn events(replies: &[Reply], network: &str) -> Vec<Out> {
    let mut events: Vec<(String, Vec<&Reply>)> = Vec::new();
    for reply in replies {
        let Place::Room(room) = &reply.to else { continue };
        let Some(room) = room.0.strip_prefix(network).and_then(|rest| rest.strip_prefix('/')) else {
            continue;
        };
        if reply.text.trim().is_empty() {
            continue;
        }
        match events.last_mut() {
            // The lines of one answer are one message.
            Some((last, lines)) if last == room && goes_on(lines, reply) => lines.push(reply),
            _ => events.push((room.to_owned(), vec![reply])),
        }
    }
    let out = |(room, lines): (String, Vec<&Reply>)| Out {
        room,
        is_status: lines.iter().all(|line| line.kind == Kind::Status),
        answers: lines.iter().find_map(|line| line.answers.clone()),
        about: lines.first().and_then(|line| line.about),
        content: content(&lines),
    };
    events.into_iter().map(out).collect()
}

/// Something that the bot says of itself, to nobody in particular.
pub fn notice(text: &str) -> String {
    body("m.notice", text, &escaped(text), &BTreeSet::new()).to_string()
}

/// A card, which pings nobody: its lines, and the queue as a table.
pub fn card(card: &Card) -> Value {
    let mut text = clean(&card.head);
    let mut html = format!("<strong>{}</strong>", escaped(&text));
    for line in card.lines.iter().map(|line| clean(line)) {
        let _ = write!(text, "\n{line}");
        let _ = write!(html, "<br>{}", escaped(&line));
    }
    if !card.rows.is_empty() {
        let cells = |row: &[String; 4], cell: &str| -> String {
            row.iter().map(|text| format!("<{cell}>{}</{cell}>", escaped(&clean(text)))).collect()
        };
        let head = cells(&COLUMNS.map(str::to_owned), "th");
        let _ = write!(html, "<table><thead><tr>{head}</tr></thead><tbody>");
        for row in &card.rows {
            let [ticket, patch, owner, state] = row.each_ref().map(|text| clean(text));
            let _ = write!(text, "\n{ticket} {patch} ({owner}) {state}");
            let _ = write!(html, "<tr>{}</tr>", cells(row, "td"));
        }
        html.push_str("</tbody></table>");
    }
    body("m.notice", &text, &html, &BTreeSet::new())
}

fn goes_on(lines: &[&Reply], reply: &Reply) -> bool {
    let quiet = |reply: &Reply| reply.ping.is_empty() && !matches!(reply.kind, Kind::ForLog);
    let is_about_the_same = lines.iter().all(|line| line.about == reply.about);
    reply.more && is_about_the_same && quiet(reply) && lines.iter().all(|line| quiet(line))
}

fn content(lines: &[&Reply]) -> Value {
    let (mut text, mut html, mut mentions) = (String::new(), String::new(), BTreeSet::new());
    let mut kind = "m.notice";
    for (index, reply) in lines.iter().enumerate() {
        if index > 0 {
            text.push('\n');
            html.push_str("<br>");
        }
        if !reply.ping.is_empty() || reply.kind == Kind::ForLog {
            kind = "m.text";
        }
        let called: Vec<Called<'_>> = reply
            .ping
            .iter()
            .map(|who| Called { name: say::short_name(who), users: users(who, reply) })
            .collect();
        let line = clean(&reply.text);
        let (plain, rich) = named(&line, &called);
        text.push_str(&plain);
        html.push_str(&rich);
        mentions.extend(called.into_iter().flat_map(|called| called.users));
    }
    let mut content = body(kind, &text, &html, &mentions);
    if let Some(confirm) = lines.iter().find_map(|line| line.confirm.as_ref()) {
        refer::ask(&mut content, confirm);
    }
    content
}

fn body(kind: &str, text: &str, html: &str, mentions: &BTreeSet<String>) -> Value {
    let mentions = if mentions.is_empty() { json!({}) } else { json!({"user_ids": mentions}) };
    json!({
        "msgtype": kind,
        "body": text,
        "format": "org.matrix.custom.html",
        "formatted_body": html,
        "m.mentions": mentions,
    })
}

/// Somebody who is to notice a line.
struct Called<'a> {
    /// The name that they have in the text.
    name: &'a str,
    /// Their user ids on this network.
    users: Vec<String>,
}

fn users(who: &Who, reply: &Reply) -> Vec<String> {
    let theirs = reply.called.iter().filter(|(called, _)| called == who).flat_map(|(_, users)| users);
    theirs.filter(|user| <&UserId>::try_from(user.as_str()).is_ok()).cloned().collect()
}

/// The plain and the rich form of a line. Whose name stands in it gets a link to them there, and whose does not, at the
/// end. What stands in quotes is to be pasted as it is, or somebody else's words.
fn named(line: &str, called: &[Called<'_>]) -> (String, String) {
    let before_quotes = line.find('"').map_or(line, |quote| &line[..quote]);
    let mut places: Vec<(usize, &Called<'_>)> = Vec::new();
    let mut at_the_end = Vec::new();
    for person in called.iter().filter(|person| !person.users.is_empty()) {
        let taken = |at: usize| places.iter().any(|(start, _)| *start == at);
        match words(before_quotes, person.name).find(|at| !taken(*at)) {
            Some(at) => places.push((at, person)),
            None => at_the_end.push(person),
        }
    }
    places.sort_unstable_by_key(|(at, _)| *at);
    let mut rich = String::with_capacity(line.len() + 64);
    let mut from = 0;
    for (at, person) in places {
        rich.push_str(&escaped(&line[from..at]));
        rich.push_str(&pills(person));
        from = at + person.name.len();
    }
    rich.push_str(&escaped(&line[from..]));
    let mut plain = line.to_owned();
    if !at_the_end.is_empty() {
        let names: Vec<&str> = at_the_end.iter().map(|person| person.name).collect();
        let _ = write!(plain, " ({})", names.join(", "));
        let pills: Vec<String> = at_the_end.iter().map(|person| pills(person)).collect();
        let _ = write!(rich, " ({})", pills.join(", "));
    }
    (plain, rich)
}

/// A link to each account of somebody; clients show it as a person.
fn pills(person: &Called<'_>) -> String {
    let pill = |user: &String| {
        let uri = <&UserId>::try_from(user.as_str()).map(|user| user.matrix_to_uri().to_string());
        let name = escaped(person.name);
        uri.map_or(name.clone(), |uri| format!("<a href=\"{}\">{name}</a>", escaped(&uri)))
    };
    person.users.iter().map(pill).collect::<Vec<_>>().join("/")
}

/// Where a name stands as a whole word, and not as a part of a path or of another name.
fn words<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = usize> {
    let in_name = |c: char| c.is_alphanumeric() || "-_/@".contains(c);
    let starts = move |c: char| in_name(c) || matches!(c, '.' | '#');
    text.match_indices(name).map(|(at, _)| at).filter(move |at| {
        !name.is_empty()
            && !text[..*at].chars().next_back().is_some_and(starts)
            && !text[at + name.len()..].chars().next().is_some_and(in_name)
    })
}

/// The text with a space for each character that would steer whoever reads it.
fn clean(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// The text as HTML that shows it as it is.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
    }
    html
}
