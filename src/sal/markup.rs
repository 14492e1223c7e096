//! Wikitext as a sentence: links, templates, tags and entities become the words that a reader of the page sees.

/// Tags that only say how words look.
const TAGS: &[&str] = &[
    "b", "big", "code", "del", "em", "font", "i", "ins", "kbd", "s", "samp", "small", "span", "strike",
    "strong", "sub", "sup", "tt", "u", "var",
];

/// The words of a line. What is no markup, or none that is known, stays as it is.
pub(super) fn plain(text: &str) -> String {
    if !text.contains(['<', '[', '{', '\'', '&']) {
        return text.trim().to_owned();
    }
    let bars = text.replace("{{!}}", "|").replace("{{=}}", "=");
    let mut out = String::with_capacity(bars.len());
    put(&mut out, &bars, 0);
    out.trim().to_owned()
}

/// So deep are links and templates read in each other; nobody writes deeper.
const DEEPEST: usize = 8;

fn put(out: &mut String, mut rest: &str, depth: usize) {
    while let Some(start) = rest.find(['<', '[', '{', '\'', '&']) {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let read = match rest.as_bytes()[0] {
            _ if depth >= DEEPEST => None,
            b'<' => tag(out, rest),
            b'[' => link(out, rest, depth).or_else(|| address(out, rest)),
            b'{' => template(out, rest, depth),
            b'\'' => quotes(rest),
            _ => entity(out, rest),
        };
        let taken = read.unwrap_or_else(|| {
            out.push_str(&rest[..1]);
            1
        });
        rest = &rest[taken..];
    }
    out.push_str(rest);
}

/// Comments, `nowiki`, line breaks and tags of looks. Like the others it gives how much it has read.
fn tag(out: &mut String, text: &str) -> Option<usize> {
    if text.starts_with("<!--") {
        return Some(text.find("-->").map_or(text.len(), |end| end + 3));
    }
    let end = text.find('>')? + 1;
    let inside = text[1..end - 1].trim_start_matches('/').trim_end_matches('/').trim();
    let name = inside.split([' ', '/']).next()?.to_ascii_lowercase();
    match name.as_str() {
        "nowiki" | "pre" if !text.starts_with("</") && !text[..end].ends_with("/>") => {
            let close = format!("</{name}>");
            let inner = text[end..].find(&close).map_or(text.len(), |at| end + at);
            literal(out, &text[end..inner]);
            Some((inner + close.len()).min(text.len()))
        }
        "nowiki" | "pre" => Some(end),
        "br" => {
            out.push(' ');
            Some(end)
        }
        name => TAGS.contains(&name).then_some(end),
    }
}

/// What `nowiki` keeps from being markup: only entities are read.
fn literal(out: &mut String, mut rest: &str) {
    while let Some(start) = rest.find('&') {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let taken = entity(out, rest).unwrap_or_else(|| {
            out.push('&');
            1
        });
        rest = &rest[taken..];
    }
    out.push_str(rest);
}

/// `[[phab:T1|T1]]` is `T1`, `[[gerrit:4|Fix it]]` is `Fix it (gerrit:4)`.
fn link(out: &mut String, text: &str, depth: usize) -> Option<usize> {
    let inside = text.strip_prefix("[[")?;
    let end = inside.find("]]")?;
    let (target, label) = inside[..end].split_once('|').unwrap_or((&inside[..end], ""));
    let target = target.trim().trim_start_matches(':');
    let name = target.rsplit(':').next().unwrap_or(target);
    let mut said = String::new();
    put(&mut said, label.trim(), depth + 1);
    let user = ["user:", "user talk:"]
        .iter()
        .any(|space| target.get(..space.len()).is_some_and(|start| start.eq_ignore_ascii_case(space)));
    if user {
        out.push_str(if said.is_empty() { name } else { &said });
    } else if said.is_empty() {
        out.push_str(target);
    } else if said == name || said == target {
        out.push_str(&said);
    } else {
        out.push_str(&format!("{said} ({target})"));
    }
    Some(end + 4)
}

/// `[https://example.org the page]` is `the page (https://example.org)`.
fn address(out: &mut String, text: &str) -> Option<usize> {
    let end = text.find(']')?;
    let (address, label) = text[1..end].split_once(' ').unwrap_or((&text[1..end], ""));
    if !address.starts_with("http://") && !address.starts_with("https://") && !address.starts_with("//") {
        return None;
    }
    match label.trim() {
        "" => out.push_str(address),
        label => out.push_str(&format!("{label} ({address})")),
    }
    Some(end + 1)
}

/// The templates of such pages; others stay as they stand.
fn template(out: &mut String, text: &str, depth: usize) -> Option<usize> {
    // One brace alone is no template, whatever stands behind it.
    text.strip_prefix("{{")?;
    let end = closing(text)?;
    let inside = &text[2..end - 2];
    if let Some(entry) = entry_of_the_log(inside) {
        put(out, entry, depth + 1);
        return Some(end);
    }
    let mut parts = inside.split('|').map(str::trim);
    let name = parts.next()?.to_ascii_lowercase();
    let first = parts.next().map(|part| part.strip_prefix("1=").unwrap_or(part));
    let first = first.filter(|first| !first.is_empty());
    match (name.as_str(), first) {
        ("gerrit" | "gerrit2", Some(change)) => out.push_str(&format!("gerrit:{change}")),
        ("phab" | "phabricator" | "t", Some(task)) => {
            if task.starts_with(|c: char| c.is_ascii_digit()) {
                out.push('T');
            }
            out.push_str(task);
        }
        ("bug" | "bz", Some(bug)) => out.push_str(&format!("bug {bug}")),
        ("rev" | "r", Some(revision)) => out.push_str(&format!("r{}", revision.trim_start_matches('r'))),
        ("ircnick" | "irc" | "user" | "u" | "nowrap" | "code" | "tl", Some(words)) => {
            put(out, words, depth + 1)
        }
        _ => out.push_str(&text[..end]),
    }
    Some(end)
}

/// What stands in `{{safesubst:SAL entry|1=14:05 alice: text}}`, without the braces; also where the second brace is on
/// another line.
pub(super) fn entry_of_the_log(inside: &str) -> Option<&str> {
    let (name, rest) = inside.split_once('|')?;
    let name = name.rsplit(':').next().unwrap_or(name).trim();
    if !name.eq_ignore_ascii_case("SAL entry") && !name.eq_ignore_ascii_case("SAL_entry") {
        return None;
    }
    let rest = rest.trim_start();
    Some(rest.strip_prefix("1=").unwrap_or(rest))
}

/// The end of a template, behind its braces.
fn closing(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    let mut at = 0;
    while at + 1 < text.len() {
        match &text.as_bytes()[at..at + 2] {
            b"{{" => open += 1,
            b"}}" => {
                open = open.checked_sub(1)?;
                if open == 0 {
                    return Some(at + 2);
                }
            }
            _ => {
                at += 1;
                continue;
            }
        }
        if open == 0 {
            return None;
        }
        at += 2;
    }
    None
}

/// Italics and bold.
fn quotes(text: &str) -> Option<usize> {
    let count = text.bytes().take(5).take_while(|byte| *byte == b'\'').count();
    match count {
        0 | 1 => None,
        4 => Some(3),
        _ => Some(count),
    }
}

fn entity(out: &mut String, text: &str) -> Option<usize> {
    let end = text.bytes().take(12).position(|byte| byte == b';')?;
    let name = &text[1..end];
    let found = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "lbrace" | "lcub" => '{',
        "rbrace" | "rcub" => '}',
        _ => {
            let number = name.strip_prefix('#')?;
            let number = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(number)?
        }
    };
    out.push(found);
    Some(end + 1)
}
