//! The report of an occurrence, as a page for a mail or a wiki. Every word in it is escaped where it is put in, so that no
//! title and no reason of a stranger becomes a link, an image or a heading.

use chrono::TimeDelta;

use super::super::event::Ending;
use super::super::id::{At, ChangeNumber};
use super::super::report::{Entry, Fate, PatchReport, Report, Running, StepReport};
use super::super::text;
use super::super::words;
use super::{names, numbers};

/// A summary names many patches, and nobody reads more of one sentence.
const LONGEST: usize = 4_000;

/// How a page is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Markdown with tables.
    Markdown,
    /// The wikitext of MediaWiki.
    Wikitext,
}

/// The page. `budget` is the time that a patch has, `head` the digits after the number of the row that closed it.
pub fn page(report: &Report, budget: TimeDelta, head: Option<&str>, form: Form) -> String {
    let mut page = Page { text: String::new(), form };
    page.heading(1, &report.occurrence.to_string());
    let head = head.map(|head| format!(" (head {head})")).unwrap_or_default();
    match &report.summary {
        Some(summary) => page.paragraph(&format!("{summary}{head}")),
        None => page.paragraph(&format!("{} is not closed", report.occurrence)),
    }
    page.table(&["", ""], &facts(report, budget));
    if !report.patches.is_empty() {
        page.heading(2, "Patches");
        let rows: Vec<Vec<String>> = report.patches.iter().map(|patch| patch_row(patch, budget)).collect();
        page.table(
            &["", "change", "title", "owner", "how it went", "in motion", "against the budget"],
            &rows,
        );
        if report.patches.iter().any(|patch| patch.started.is_some()) {
            page.heading(2, "Steps");
        }
        for patch in report.patches.iter().filter(|patch| patch.started.is_some()) {
            page.heading(3, &named(patch));
            page.table(&["", "step", "from", "to", "took", "by"], &steps(patch));
        }
    }
    if !report.exceptions.is_empty() {
        page.heading(2, "Overrides and refusals");
        page.table(&["UTC", "row", "who", "what"], &entries(&report.exceptions, false));
    }
    page.heading(2, "Left over");
    page.paragraph(&left(report));
    page.heading(2, "Timeline");
    let days = report.timeline.first().map(|first| first.at.date_naive())
        != report.timeline.last().map(|last| last.at.date_naive());
    page.table(&["UTC", "row", "who", "what"], &entries(&report.timeline, days));
    page.text
}

/// The figures at the head.
fn facts(report: &Report, budget: TimeDelta) -> Vec<Vec<String>> {
    let mut facts = Vec::new();
    let mut add = |what: &str, how: String| facts.push(vec![what.to_owned(), how]);
    if let Some((starts, ends)) = report.planned {
        add(
            "planned",
            format!("{} to {} UTC, {}", minute(starts), words::clock(ends), words::span(ends - starts)),
        );
    }
    match (report.on, report.closed) {
        (Some(on), Some(closed)) => {
            let started =
                report.run.map(|run| format!(", started {}", words::clock(run))).unwrap_or_default();
            let open = words::span(closed - on);
            add("open", format!("{} to {} UTC, {open}{started}", minute(on), words::clock(closed)));
        }
        (Some(on), None) => add("open", format!("since {} UTC", minute(on))),
        (None, Some(closed)) => add("closed", format!("{} UTC", minute(closed))),
        (None, None) => {}
    }
    if let Some(ending) = report.ending {
        add("ended", ending_words(ending).to_owned());
    }
    let leads: Vec<String> =
        report.leads.iter().map(|(at, who)| format!("{who} (from {})", words::clock(*at))).collect();
    add("lead", if leads.is_empty() { "nobody".to_owned() } else { leads.join(", ") });
    let owners = names(report.patches.iter().filter_map(|patch| patch.owner.as_ref()));
    if !owners.is_empty() {
        add("owners", owners);
    }
    let counted: Vec<String> = [
        ("live", count(report, |fate| *fate == Fate::Live)),
        ("merged only", count(report, |fate| *fate == Fate::Merged)),
        ("rolled back", count(report, |fate| *fate == Fate::RolledBack)),
        ("skipped", count(report, |fate| matches!(fate, Fate::Skipped(_)))),
        ("not brought to an end", count(report, |fate| matches!(fate, Fate::Waiting | Fate::Moving))),
        ("taken out or moved", count(report, |fate| matches!(fate, Fate::Removed | Fate::Moved(_)))),
    ]
    .into_iter()
    .filter(|(_, count)| *count > 0)
    .map(|(what, count)| format!("{count} {what}"))
    .collect();
    add("patches", if counted.is_empty() { "none".to_owned() } else { counted.join(", ") });
    add("budget", format!("{} a patch", words::span(budget)));
    for outage in &report.outages {
        add("bad", super::health::clock(outage));
    }
    facts
}

fn count(report: &Report, is: impl Fn(&Fate) -> bool) -> usize {
    report.patches.iter().filter(|patch| is(&patch.fate)).count()
}

fn ending_words(ending: Ending) -> &'static str {
    match ending {
        Ending::Finished => "finished",
        Ending::NoShow => "nobody claimed it",
        Ending::Lapsed => "its time ran out",
    }
}

/// `#2 900102`.
fn named(patch: &PatchReport) -> String {
    let ticket = patch.ticket.map(|ticket| format!("#{ticket} ")).unwrap_or_default();
    let change = patch.change.map(|change| change.to_string()).unwrap_or_default();
    format!("{ticket}{change}")
}

fn patch_row(patch: &PatchReport, budget: TimeDelta) -> Vec<String> {
    let went = match &patch.fate {
        Fate::Waiting => "not started".to_owned(),
        Fate::Moving => "in motion".to_owned(),
        Fate::Live => "live".to_owned(),
        Fate::Merged => "merged, no host needs it".to_owned(),
        Fate::RolledBack => "rolled back".to_owned(),
        Fate::Skipped(reason) => format!("skipped: {reason}"),
        Fate::Removed => "taken out".to_owned(),
        Fate::Moved(to) => format!("moved to {to}"),
    };
    let took = patch.took();
    let against = took.map(|took| match took - budget {
        over if over > TimeDelta::zero() => format!("{} over", words::exact_span(over)),
        under => format!("{} under", words::exact_span(-under)),
    });
    vec![
        patch.ticket.map(|ticket| format!("#{ticket}")).unwrap_or_default(),
        patch.change.map(|change: ChangeNumber| change.to_string()).unwrap_or_default(),
        patch.title.clone().unwrap_or_default(),
        patch.owner.as_ref().map(ToString::to_string).unwrap_or_default(),
        went,
        took.map(words::exact_span).unwrap_or_default(),
        against.unwrap_or_default(),
    ]
}

fn steps(patch: &PatchReport) -> Vec<Vec<String>> {
    let rows = patch.steps.iter().zip(1..).map(|(step, number): (_, u32)| {
        let took = step.from.zip(step.to).map(|(from, to)| words::exact_span(to - from));
        vec![
            number.to_string(),
            step_name(step),
            step.from.map(second).unwrap_or_default(),
            step.to.map(second).unwrap_or_default(),
            took.unwrap_or_default(),
            step.by.as_ref().map(ToString::to_string).unwrap_or_default(),
        ]
    });
    rows.collect()
}

/// The name of a step, and what is to be said of it beside its times.
fn step_name(step: &StepReport) -> String {
    let times = |what: &str, count: u32| match count {
        0 => None,
        1 => Some(format!("{what} once")),
        2 => Some(format!("{what} twice")),
        times => Some(format!("{what} {times} times")),
    };
    let parts = [
        Some(step.name.clone()),
        times("failed", step.failed),
        times("UNHEALTHY", step.unhealthy),
        times("health UNKNOWN", step.unseen),
        times("UNKNOWN after a restart", step.unknown),
        times("run again", step.again),
        step.aside.as_ref().map(|who| format!("passed over by {who}")),
        match step.running {
            Running::No => None,
            Running::Yes => Some("no end on record".to_owned()),
            Running::Unknown => Some("nobody has said what it did".to_owned()),
        },
        step.back.map(|back| format!("taken back {}", second(back))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn left(report: &Report) -> String {
    let queued = match report.left.as_slice() {
        [] => "Nothing of the queue.".to_owned(),
        left => format!("Queued and not live: {}.", numbers(left)),
    };
    let owed = match report.owed.as_slice() {
        [] => "Nothing is merged and not deployed.".to_owned(),
        owed => format!("Merged and not deployed: {}.", numbers(owed)),
    };
    format!("{queued} {owed}")
}

fn entries(entries: &[Entry], days: bool) -> Vec<Vec<String>> {
    let rows = entries.iter().map(|entry| {
        let time = if days { entry.at.format("%Y-%m-%d %H:%M:%S").to_string() } else { second(entry.at) };
        vec![time, entry.row.to_string(), entry.who.to_string(), entry.text.clone()]
    });
    rows.collect()
}

fn minute(at: At) -> String {
    at.format("%Y-%m-%d %H:%M").to_string()
}

fn second(at: At) -> String {
    at.format("%H:%M:%S").to_string()
}

struct Page {
    text: String,
    form: Form,
}

impl Page {
    fn heading(&mut self, depth: usize, words: &str) {
        let words = self.escaped(words);
        match self.form {
            Form::Markdown => self.text.push_str(&format!("{} {words}\n\n", "#".repeat(depth))),
            // The title of a page is a heading of the first depth.
            Form::Wikitext => {
                let mark = "=".repeat(depth + 1);
                self.text.push_str(&format!("{mark} {words} {mark}\n"));
            }
        }
    }

    fn paragraph(&mut self, words: &str) {
        let words = self.escaped(words);
        self.text.push_str(&words);
        self.text.push_str("\n\n");
    }

    fn table(&mut self, head: &[&str], rows: &[Vec<String>]) {
        let cells = |cells: Vec<String>, mark: &str| cells.join(mark);
        let heads = head.iter().map(|cell| self.escaped(cell)).collect();
        let rows = rows.iter().map(|row| row.iter().map(|cell| self.escaped(cell)).collect());
        match self.form {
            Form::Markdown => {
                let mut lines = format!("| {} |\n|{}\n", cells(heads, " | "), "---|".repeat(head.len()));
                for row in rows {
                    lines.push_str(&format!("| {} |\n", cells(row, " | ")));
                }
                self.text.push_str(&lines);
                self.text.push('\n');
            }
            Form::Wikitext => {
                let mut lines = "{| class=\"wikitable\"\n".to_owned();
                if head.iter().any(|cell| !cell.is_empty()) {
                    lines.push_str(&format!("! {}\n", cells(heads, " !! ")));
                }
                for row in rows {
                    lines.push_str(&format!("|-\n| {}\n", cells(row, " || ")));
                }
                self.text.push_str(&lines);
                self.text.push_str("|}\n\n");
            }
        }
    }

    fn escaped(&self, words: &str) -> String {
        let words = text::clean_to(words, LONGEST);
        match self.form {
            Form::Markdown => markdown(&words),
            Form::Wikitext => wikitext(&words),
        }
    }
}

/// With a backslash before every sign that Markdown could take for its own.
fn markdown(words: &str) -> String {
    let mut escaped = String::with_capacity(words.len());
    let mut before = ' ';
    let mut rest = words.chars().peekable();
    while let Some(c) = rest.next() {
        let in_a_word = before.is_alphanumeric() && rest.peek().is_some_and(|next| next.is_alphanumeric());
        let at_the_start = escaped.is_empty();
        let means = match c {
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '|' | '~' | '$' | '^' | '&' => true,
            '_' => !in_a_word,
            // An address becomes a link by itself.
            ':' => rest.peek() == Some(&'/'),
            '@' => in_a_word,
            '#' | '+' | '-' | '=' => at_the_start,
            '.' | ')' => escaped.bytes().all(|byte| byte.is_ascii_digit()) && !at_the_start,
            _ => false,
        };
        if means {
            escaped.push('\\');
        }
        escaped.push(c);
        before = c;
    }
    escaped.replace("www.", "www\\.")
}

/// With an entity for every sign that MediaWiki could take for its own.
fn wikitext(words: &str) -> String {
    let mut escaped = String::with_capacity(words.len());
    let mut before = ' ';
    for c in words.chars() {
        let means = match c {
            '<' | '>' | '[' | ']' | '{' | '}' | '|' | '&' | '~' | '\'' => true,
            '=' | '*' | '#' | ';' | '+' | '-' | '!' => escaped.is_empty() || before == c,
            ':' => escaped.is_empty() || before == ':',
            '_' => before == '_',
            _ => false,
        };
        if means {
            escaped.push_str(&format!("&#{};", u32::from(c)));
        } else {
            escaped.push(c);
        }
        before = c;
    }
    escaped
}
