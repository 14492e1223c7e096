//! What is said of two patches that belong together: why it seems so, and what stands between them in either order.
//!
//! Both orders are said or neither: where one of them breaks something, it is the one that looked right.

use super::super::facts::Fact;
use super::super::id::{ChangeNumber, Who};
use super::super::order::{
    ASKS_FROM, Between, Coupling, Diff, FirstReason, Meanwhile, NameKind, Named, Sign,
};
use super::{command, own_words};

/// As many signs are shown.
const SHOWN: usize = 4;
/// As many files are named that were not read.
const SKIPPED_SHOWN: usize = 3;

/// `900002 and 900004 belong together: both T115031, 900004 names 900002`.
pub fn belong_together(coupling: &Coupling<'_>) -> String {
    let Coupling { a, b, .. } = coupling;
    let mut signs: Vec<String> = Vec::new();
    for (sign, _) in &coupling.score.signs {
        // That both touch a name is said better where one of them defines it.
        let is_said_better = |(other, _): &(Sign<'_>, u32)| match (sign, other) {
            (Sign::Rare(name), Sign::Defines { name: better, .. } | Sign::Unique(better)) => name == better,
            (Sign::Defines { name, .. }, Sign::Unique(better)) => name == better,
            _ => false,
        };
        if !coupling.score.signs.iter().any(is_said_better) {
            signs.push(words_of(coupling, sign));
        }
    }
    let left = signs.len().saturating_sub(SHOWN);
    signs.truncate(SHOWN);
    let more = if left == 0 { String::new() } else { format!(" and {left} more") };
    let owed = if coupling.owed { " (merged, not deployed)" } else { "" };
    let unread: Vec<String> = [(a, coupling.unread[0]), (b, coupling.unread[1])]
        .into_iter()
        .filter_map(|(change, unread)| Some(format!("; of {change} {}", not_all_read(unread?)?)))
        .collect();
    format!("{a} and {b}{owed} belong together: {}{more}{}", signs.join(", "), unread.concat())
}

fn words_of(coupling: &Coupling<'_>, sign: &Sign<'_>) -> String {
    let [a, b] = [coupling.a, coupling.b];
    match sign {
        Sign::Names { first, how } => {
            let (by, named) = if *first { (a, b) } else { (b, a) };
            match how {
                Named::Directly => format!("{by} names {named}"),
                Named::Needs => format!("{by} says that it needs {named}"),
                Named::NeededBy => format!("{by} says that {named} needs it"),
                Named::BySubject => format!("{by} names {named} by its subject"),
            }
        }
        Sign::Task(task) => format!("both {}", own_words(task)),
        Sign::Topic(topic) => format!("one topic, {}", own_words(topic)),
        Sign::Unique(name) => format!("{} leaves the one and arrives in the other", own_words(name)),
        Sign::Moved { lines, from_first } => {
            let [first, second] = coupling.projects.map(short_project);
            let (from, to) = if *from_first { (first, second) } else { (second, first) };
            format!("{lines} lines leave {} and arrive in {}", own_words(from), own_words(to))
        }
        Sign::Rare(name) => format!("both touch {}", own_words(name)),
        Sign::Several(count) => format!("{count} rare names in common"),
        Sign::Defines { name, first, gone } => {
            let (by, other) = if *first { (a, b) } else { (b, a) };
            let does = if *gone { "defines no more" } else { "defines" };
            format!("{other} uses {}, which {by} {does}", own_words(name))
        }
        Sign::SameHour => "one author within an hour".to_owned(),
        Sign::SameAuthor => "one author".to_owned(),
        Sign::Says(name) => format!("one message speaks of {}", own_words(name)),
    }
}

/// The last part of a repository's name.
fn short_project(project: &str) -> &str {
    project.rsplit('/').next().unwrap_or(project)
}

/// What stands between the two steps in either order, and the words to type.
pub fn either_order(prefix: &str, coupling: &Coupling<'_>) -> String {
    let (a, b) = (coupling.a, coupling.b);
    let [first, second] = between_words(coupling.between.as_ref(), a, b);
    let suggested = coupling.suggestion.map(|suggestion| {
        let (first, second) = if suggestion.first { (a, b) } else { (b, a) };
        format!(". I would take {first} first: {}", reason(&suggestion.reason, second))
    });
    format!("{first}. {second}{}. {}", suggested.unwrap_or_default(), answers(prefix, coupling))
}

fn between_words(between: Option<&Between<'_>>, a: ChangeNumber, b: ChangeNumber) -> [String; 2] {
    let Some(between) = between else {
        return [(a, b), (b, a)]
            .map(|(first, second)| format!("{first} first: it runs without {second} until that is out"));
    };
    let whole = format!("{a} first: {}", stands(between, between.first_out, b));
    [whole, format!("{b} first: {}", stands(between, between.second_out, a))]
}

/// `schema.Search is registered twice until 900004 is out`.
fn stands(between: &Between<'_>, meanwhile: Meanwhile, until: ChangeNumber) -> String {
    let name = own_words(between.name);
    let there = match between.kind {
        Some(NameKind::Module | NameKind::Extension | NameKind::Hook) => "registered",
        _ => "defined",
    };
    match meanwhile {
        Meanwhile::Twice => format!("{name} is {there} twice until {until} is out"),
        Meanwhile::Nowhere => format!("{name} is {there} nowhere until {until} is out"),
        Meanwhile::Missing => format!("{name} is used and {there} nowhere until {until} is out"),
        Meanwhile::Unread => format!("{name} is set and nothing reads it until {until} is out"),
        Meanwhile::Default => format!("{name} has its default until {until} is out"),
        Meanwhile::Unused => format!("{name} is {there} and not used until {until} is out"),
    }
}

/// `a module name`.
pub fn kind(kind: Option<NameKind>) -> &'static str {
    match kind {
        Some(NameKind::Module) => "a module name",
        Some(NameKind::Extension) => "an extension name",
        Some(NameKind::Hook) => "a hook handler",
        _ => "a name",
    }
}

/// What stands while only `first` is out, where that can be said.
pub fn until_the_other(between: &Between<'_>, other: ChangeNumber) -> String {
    stands(between, between.first_out, other)
}

fn reason(reason: &FirstReason<'_>, second: ChangeNumber) -> String {
    match reason {
        FirstReason::Defines(name) => format!("it defines {}, which {second} uses", own_words(name)),
        FirstReason::Brings(name) => format!("it brings {}, which {second} takes away", own_words(name)),
        FirstReason::WrittenFirst => "it was written first".to_owned(),
        FirstReason::OtherRemoves => format!("{second} takes something away"),
        FirstReason::Prepares => format!("it prepares what {second} does"),
    }
}

/// The words to type: an order, or that there is none.
pub fn answers(prefix: &str, coupling: &Coupling<'_>) -> String {
    let (a, b) = (coupling.a, coupling.b);
    let free = command(prefix, &format!("independent {a} {b} WHY"));
    if coupling.owed {
        let settle = command(prefix, &format!("settle {b} reverted|fixed|keep WHY"));
        let first = command(prefix, &format!("order {a} before {b}"));
        return format!("{first} or {settle}; unrelated: {free}");
    }
    let [one, other] =
        [(a, b), (b, a)].map(|(first, second)| command(prefix, &format!("order {first} before {second}")));
    format!("{one} or {other}; unrelated: {free}")
}

/// The question in one line, for those who can answer it.
pub fn question(coupling: &Coupling<'_>, blocks: bool) -> String {
    let waits = match (blocks, coupling.owed) {
        (false, _) => String::new(),
        (true, true) => format!(". {} does not start before that is answered", coupling.a),
        (true, false) => ". Neither starts until somebody says which is first".to_owned(),
    };
    format!("{}{waits} [coupled]", belong_together(coupling))
}

/// Why less than all of a patch was compared, if so.
fn not_all_read(diff: &Fact<Diff>) -> Option<String> {
    match diff {
        Fact::Known(diff) => not_read(diff),
        Fact::Unknown(why) => Some(format!("no line is known: {}", own_words(why))),
    }
}

/// `not read: composer.lock (generated)`: what was compared with nothing.
pub fn not_read(diff: &Diff) -> Option<String> {
    let shown: Vec<String> = diff.skipped.iter().take(SKIPPED_SHOWN).map(|file| own_words(file)).collect();
    let more = match diff.skipped.len() - shown.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!shown.is_empty()).then(|| format!("not read: {}{more}", shown.join(", ")))
}

/// The signs of a coupling with its points, for who asks why.
pub fn because(coupling: &Coupling<'_>) -> String {
    let points = coupling.score.points;
    format!("{} ({points} points, asked from {ASKS_FROM} on)", belong_together(coupling))
}

/// `1 open question: 900002 or 900004 first (erik or a deployer): "!swat why 900002"`.
pub fn open_questions(prefix: &str, couplings: &[Coupling<'_>], owners: &[&Who]) -> Option<String> {
    let first = couplings.first()?;
    let count = if couplings.len() == 1 {
        "1 open question".to_owned()
    } else {
        format!("{} open questions", couplings.len())
    };
    let why = command(prefix, &format!("why {}", first.a));
    let owners = if owners.is_empty() {
        String::new()
    } else {
        format!("{} or ", super::names(owners.iter().copied()))
    };
    let what = if first.owed {
        format!("{} and {}", first.a, first.b)
    } else {
        format!("{} or {} first", first.a, first.b)
    };
    Some(format!("{count}: {what} ({owners}a deployer): {why}"))
}
