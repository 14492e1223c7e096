//! The HTTP side of the fake Gerrit: requests read, endpoints answered from the model, troubles on top.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::{Model, Request, Trouble, current, lock};

/// A whole answer: status, type, body.
type Answer = (u16, &'static str, String);

/// Answers one request and closes the connection. An error means that the client has gone, which is its right.
pub(super) fn serve(mut stream: TcpStream, model: &Mutex<Model>) {
    let Some(request) = read_request(&mut stream) else { return };
    let (trouble, (status, kind, body)) = {
        let mut model = lock(model);
        model.requests.push(request.clone());
        let trouble = model.next_trouble(&request.path);
        (trouble, model.answer(&request))
    };
    let mut extra = String::new();
    let (status, kind, body) = match trouble {
        None => (status, kind, body),
        Some(Trouble::Answer(status, kind, body)) => (status, kind, body.to_owned()),
        Some(Trouble::Huge(bytes)) => (200, "application/json", format!("[\"{}\"]", "x".repeat(bytes))),
        Some(Trouble::Redirect(url)) => {
            extra = format!("Location: {url}\r\n");
            (302, "text/html", String::new())
        }
        Some(Trouble::Drop) => return,
        Some(Trouble::Hang) => {
            // The client gives up at some point, and then this read ends.
            let _ = stream.read(&mut [0]);
            return;
        }
    };
    let head = format!(
        "HTTP/1.1 {status} -\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n{extra}Connection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
}

fn read_request(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    while !bytes.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    let mut lines = text.lines();
    let path = decode(lines.next()?.split(' ').nth(1)?);
    let authorization = lines
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("authorization"))
        .map(|(_, value)| value.to_owned());
    Some(Request { path, authorization })
}

fn decode(text: &str) -> String {
    let mut decoded = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        match first {
            b'+' => decoded.push(b' '),
            b'%' => {
                let hex = std::str::from_utf8(&rest[..2]).expect("a percent sign has two digits");
                decoded.push(u8::from_str_radix(hex, 16).expect("the digits are hexadecimal"));
                rest = &rest[2..];
            }
            byte => decoded.push(*byte),
        }
    }
    String::from_utf8(decoded).expect("paths are UTF-8")
}

impl Model {
    fn next_trouble(&mut self, path: &str) -> Option<Trouble> {
        let (_, trouble, left) =
            self.troubles.iter_mut().find(|(part, _, left)| *left > 0 && path.contains(part.as_str()))?;
        *left -= 1;
        Some(trouble.clone())
    }

    fn answer(&self, request: &Request) -> Answer {
        if let Some((kind, body)) = self.pages.get(&request.path) {
            return (200, *kind, body.clone());
        }
        let Some(path) = request.path.strip_prefix("/r/") else { return not_found(&request.path) };
        let path = match (path.strip_prefix("a/"), &self.password) {
            (Some(_), wanted) if request.authorization != *wanted => {
                return (401, "text/plain", "Unauthorized".to_owned());
            }
            (None, Some(_)) => return (403, "text/plain", "Forbidden".to_owned()),
            (inner, _) => inner.unwrap_or(path),
        };
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let options: Vec<(&str, &str)> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
        let parts: Vec<&str> = path.split('/').collect();
        if let ["changes", number, "revisions", sha, "patch"] = parts[..] {
            let found = self.find(number).filter(|change| change["current_revision"] == sha);
            let file = options.iter().find(|(name, _)| *name == "path").map(|(_, path)| *path);
            return match found {
                Some(change) => (200, "text/plain", BASE64_STANDARD.encode(self.patch(change, file))),
                None => not_found(number),
            };
        }
        let answer = match parts[..] {
            ["changes", ""] => Some(self.query(&options)),
            ["changes", number, "detail"] => {
                self.find(number).map(|change| view(change, &options, &["labels", "messages"]))
            }
            ["changes", number, "in"] => self.find(number).map(|change| {
                let number = change["_number"].as_u64().unwrap_or(0);
                json!({ "branches": self.included_in.get(&number).cloned().unwrap_or_default(), "tags": [] })
            }),
            ["changes", number, "revisions", "current", "related"] => {
                self.find(number).map(|change| self.related(change))
            }
            _ => None,
        };
        match answer {
            Some(answer) => (200, "application/json; charset=UTF-8", format!(")]}}'\n{answer}\n")),
            None => not_found(parts.get(1).copied().unwrap_or("")),
        }
    }

    /// The whole patch of a change, or that of one of its files.
    pub(super) fn patch(&self, change: &Value, wanted: Option<&str>) -> String {
        let number = change["_number"].as_u64().unwrap_or(0);
        let whole = self.patches.get(&number).cloned().unwrap_or_else(|| {
            let files = current(change)["files"].as_object().into_iter().flatten();
            files.fold(String::new(), |patch, (path, info)| patch + empty_lines(path, info).as_str())
        });
        let files = whole.split("diff --git ").skip(1).filter(|file| {
            wanted.is_none_or(|wanted| file.lines().next().is_some_and(|names| names.ends_with(wanted)))
        });
        files.fold("From: somebody\n\n".to_owned(), |patch, file| patch + "diff --git " + file)
    }

    fn find(&self, number: &str) -> Option<&Value> {
        self.changes.get(&number.parse().ok()?)
    }

    /// `q=change:A OR change:B`, with `n=`; the order is not that of the numbers, as on the real one.
    fn query(&self, options: &[(&str, &str)]) -> Value {
        let get = |name: &str| options.iter().find(|(option, _)| *option == name).map(|(_, value)| *value);
        let terms: Vec<&str> =
            get("q").unwrap_or("").split(" OR ").filter_map(|term| term.strip_prefix("change:")).collect();
        let limit = get("n").and_then(|n| n.parse().ok()).unwrap_or(500);
        let matches = |change: &&Value| {
            let number = change["_number"].to_string();
            terms.iter().any(|term| *term == number || change["change_id"] == *term)
        };
        let all: Vec<Value> =
            self.changes.values().rev().filter(matches).map(|change| view(change, options, &[])).collect();
        let mut page: Vec<Value> = all.iter().take(limit).cloned().collect();
        if let Some(last) = page.last_mut().filter(|_| all.len() > limit) {
            last["_more_changes"] = true.into();
        }
        page.into()
    }

    /// The relation chain: descendants, the change itself, ancestors, in this order, or nothing if it stands alone.
    fn related(&self, change: &Value) -> Value {
        let parent_of = |child: &Value, parent: &Value| {
            let commit = &current(child)["commit"]["parents"][0]["commit"];
            child["project"] == parent["project"]
                && parent["revisions"]
                    .as_object()
                    .is_some_and(|all| all.contains_key(commit.as_str().unwrap_or("")))
        };
        let mut chain = vec![change];
        while let Some(child) = self.changes.values().find(|other| parent_of(other, chain[0])) {
            if chain.iter().any(|known| known["_number"] == child["_number"]) {
                break;
            }
            chain.insert(0, child);
        }
        while let Some(parent) = self.changes.values().find(|other| parent_of(chain[chain.len() - 1], other))
        {
            if chain.iter().any(|known| known["_number"] == parent["_number"]) {
                break;
            }
            chain.push(parent);
        }
        if chain.len() == 1 {
            return json!({ "changes": [] });
        }
        let entries: Vec<Value> = chain
            .iter()
            .map(|change| {
                json!({
                    "project": change["project"], "change_id": change["change_id"],
                    "commit": {
                        "commit": change["current_revision"],
                        "parents": current(change)["commit"]["parents"],
                        "subject": change["subject"],
                    },
                    "_change_number": change["_number"],
                    "_revision_number": current(change)["_number"],
                    "_current_revision_number": current(change)["_number"],
                    "status": change["status"],
                })
            })
            .collect();
        json!({ "changes": entries })
    }
}

/// A ChangeInfo with what was asked for, and nothing else.
fn view(change: &Value, options: &[(&str, &str)], also: &[&str]) -> Value {
    let asked = |option: &str| options.contains(&("o", option));
    let mut view = change.clone();
    let fields = view.as_object_mut().expect("a change is an object");
    for field in ["labels", "messages"] {
        if !also.contains(&field) {
            fields.remove(field);
        }
    }
    fields.remove("revisions");
    if !asked("CURRENT_REVISION") {
        fields.remove("current_revision");
        return view;
    }
    let mut revision = current(change).clone();
    let parts = revision.as_object_mut().expect("a revision is an object");
    for (option, field) in [("CURRENT_COMMIT", "commit"), ("CURRENT_FILES", "files")] {
        if !asked(option) {
            parts.remove(field);
        }
    }
    let sha = change["current_revision"].as_str().expect("a change has a current revision");
    view["revisions"] = json!({ sha: revision });
    view
}

fn not_found(what: &str) -> Answer {
    (404, "text/plain; charset=UTF-8", format!("Not found: {what}"))
}

/// A diff with as many lines as the file says, with nothing on them.
fn empty_lines(path: &str, info: &Value) -> String {
    let count = |name: &str| usize::try_from(info[name].as_u64().unwrap_or(0)).expect("a count of lines");
    let (added, removed) = (count("lines_inserted"), count("lines_deleted"));
    let (gone, new) = ("-\n".repeat(removed), "+\n".repeat(added));
    format!(
        "diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n@@ -1,{removed} +1,{added} @@\n{gone}{new}"
    )
}
