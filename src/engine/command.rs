//! The verbs: one table from which the parser, the rights and `help` are made, and the grammar of each.

use std::str::FromStr;

use super::checklist::Item;
use super::guidelines::RuleId;
use super::id::{ChangeNumber, OccurrenceId, RowId};
use super::log::{self, Query};
use super::say::{Refusal, no};
use super::{id::At, words};

/// What somebody may be in the case at hand. The higher ones are not the lower ones: `who` lists each that may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Anybody who can talk here.
    Anyone,
    /// Identified by the network.
    User,
    /// The owner of the patch in question.
    Owner,
    /// Named a deployer in the configuration.
    Deployer,
    /// The deployer who leads the window.
    Lead,
    /// Named a manager in the configuration.
    Manager,
}

/// A verb of the table.
pub struct Verb {
    /// What people type.
    pub name: &'static str,
    /// Other words for it.
    pub aliases: &'static [&'static str],
    /// Its grammar, one form an entry.
    pub usage: &'static [&'static str],
    /// Who may say it: any one of these.
    pub who: &'static [Role],
    /// What it does, in a few words.
    pub does: &'static str,
    /// Whether it only asks, so that it works anywhere.
    pub asks: bool,
    /// Reads what follows the verb.
    pub parse: fn(&mut Words<'_>) -> Result<Command, Refusal>,
}

/// A patch as people name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// By its change number, or the URL that holds it.
    Change(ChangeNumber),
    /// By its ticket, `#3`.
    Ticket(u32),
}

/// A step as people name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepRef {
    /// `3`
    Forward(u32),
    /// `r3`
    Back(u32),
}

/// Where `move` puts a patch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Into another occurrence.
    Window(String),
    /// Before another patch.
    Before(Target),
    /// After another patch.
    After(Target),
}

/// What `files` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilesWord {
    /// List them, with a proposal.
    Show,
    /// Take the proposal.
    Accept,
    /// All at once.
    Atomic(String),
    /// This order.
    List(String),
}

/// The options of `add`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddOptions {
    /// `for W`
    pub window: Option<String>,
    /// `urgent:`
    pub urgent: Option<String>,
    /// `test:`
    pub test: Option<String>,
    /// `owner:`
    pub owner: Option<String>,
    /// `note:`
    pub note: Option<String>,
}

/// A whole command, read but not judged.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each variant is the verb of the same name; its grammar is in VERBS")]
pub enum Command {
    Add { changes: Vec<Target>, options: AddOptions },
    Remove { patch: Target, reason: Option<String> },
    Move { patch: Target, place: Place },
    Order { before: Target, after: Target },
    Independent { a: Target, b: Target, reason: String },
    Files { patch: Target, word: FilesWord },
    Queue { window: Option<String> },
    Show { patch: Target },
    Why { patch: Target },
    Windows { week: bool },
    Now,
    Next,
    NowAndNext,
    Status,
    Here,
    Away,
    Claim { window: Option<String>, reason: Option<String> },
    Unclaim,
    Handover { to: String },
    Start,
    Checklist { patch: Option<Target> },
    Check { patch: Option<Target>, item: Item, note: Option<String> },
    Uncheck { patch: Option<Target>, item: Item },
    NotNeeded { patch: Option<Target>, item: Item, reason: String },
    Steps { patch: Option<Target> },
    Done { step: Option<StepRef>, patch: Option<Target>, note: Option<String> },
    Failed { why: String },
    Retry,
    Verified { patch: Option<Target>, note: Option<String> },
    Broken { patch: Option<Target>, why: String },
    Skip { patch: Target, reason: String },
    Veto { patch: Target, reason: String },
    Hold { reason: Option<String> },
    Resume { hold: Option<u32>, note: String },
    Rollback { words: String },
    Ledger,
    Settle { patch: Target, how: String, reason: String },
    Override { patch: Target, rule: RuleId, reason: String },
    Extend { by: String },
    Limit { limit: u32 },
    Freeze { from: String, to: String, reason: String },
    Thaw { freeze: u32 },
    Finish,
    Report { window: Option<String> },
    Whoami,
    Help { verb: Option<String> },
    LogText { text: String },
    LogQuery { query: Query },
    LogAmend { row: RowId, text: String },
}

/// All verbs, in the order in which `help` lists them.
pub static VERBS: &[Verb] = {
    use Role::{Anyone, Deployer, Lead, Manager, Owner, User};
    &[
        Verb {
            name: "add",
            aliases: &["join"],
            usage: &["add N… [for W] [urgent: TASK WHY] [test: PLAN] [owner: WHO] [note: TEXT]"],
            who: &[User],
            does: "offer patches for a window",
            asks: false,
            parse: add,
        },
        Verb {
            name: "remove",
            aliases: &["drop"],
            usage: &["remove N [REASON]"],
            who: &[Owner, Lead],
            does: "take a patch out of the queue",
            asks: false,
            parse: |words| Ok(Command::Remove { patch: words.target()?, reason: words.rest() }),
        },
        Verb {
            name: "move",
            aliases: &[],
            usage: &["move N to W", "move N before M", "move N after M"],
            who: &[Owner, Lead],
            does: "change a patch's place or window",
            asks: false,
            parse: move_patch,
        },
        Verb {
            name: "order",
            aliases: &[],
            usage: &["order A before B"],
            who: &[Owner, Deployer],
            does: "declare that A goes out before B",
            asks: false,
            parse: |words| {
                let first = words.target()?;
                let word = words.one("before or after")?.to_ascii_lowercase();
                if !["before", "after"].contains(&word.as_str()) {
                    return Err(words.usage());
                }
                let second = words.target()?;
                words.end()?;
                Ok(if word == "before" {
                    Command::Order { before: first, after: second }
                } else {
                    Command::Order { before: second, after: first }
                })
            },
        },
        Verb {
            name: "independent",
            aliases: &[],
            usage: &["independent A B REASON"],
            who: &[Owner, Deployer],
            does: "declare that neither waits for the other",
            asks: false,
            parse: |words| {
                Ok(Command::Independent { a: words.target()?, b: words.target()?, reason: words.text()? })
            },
        },
        Verb {
            name: "files",
            aliases: &[],
            usage: &["files N", "files N ok", "files N a > b > c", "files N atomic REASON"],
            who: &[Owner, Deployer],
            does: "show or give the order of a patch's files",
            asks: false,
            parse: files,
        },
        Verb {
            name: "queue",
            aliases: &["q", "list"],
            usage: &["queue [W]"],
            who: &[Anyone],
            does: "the patches in the order they will run, and why",
            asks: true,
            parse: |words| Ok(Command::Queue { window: words.last_word()? }),
        },
        Verb {
            name: "show",
            aliases: &[],
            usage: &["show N"],
            who: &[Anyone],
            does: "one patch: owner, checks, rules, place",
            asks: true,
            parse: |words| Ok(Command::Show { patch: words.only_target()? }),
        },
        Verb {
            name: "why",
            aliases: &[],
            usage: &["why N"],
            who: &[Anyone],
            does: "what a patch waits for, and who can clear it",
            asks: true,
            parse: |words| Ok(Command::Why { patch: words.only_target()? }),
        },
        Verb {
            name: "windows",
            aliases: &[],
            usage: &["windows [today|week]"],
            who: &[Anyone],
            does: "the windows to come",
            asks: true,
            parse: |words| match words.last_word()?.as_deref() {
                None | Some("today") => Ok(Command::Windows { week: false }),
                Some("week") => Ok(Command::Windows { week: true }),
                Some(_) => Err(words.usage()),
            },
        },
        Verb {
            name: "now",
            aliases: &[],
            usage: &["now"],
            who: &[Anyone],
            does: "the window that is on",
            asks: true,
            parse: |words| words.end().map(|()| Command::Now),
        },
        Verb {
            name: "next",
            aliases: &[],
            usage: &["next"],
            who: &[Anyone],
            does: "the next patch, or the next window",
            asks: true,
            parse: |words| words.end().map(|()| Command::Next),
        },
        Verb {
            name: "nowandnext",
            aliases: &[],
            usage: &["nowandnext"],
            who: &[Anyone],
            does: "both",
            asks: true,
            parse: |words| words.end().map(|()| Command::NowAndNext),
        },
        Verb {
            name: "status",
            aliases: &["wcid"],
            usage: &["status"],
            who: &[Anyone],
            does: "the window, the lead, the step and who is waited for",
            asks: true,
            parse: |words| words.end().map(|()| Command::Status),
        },
        Verb {
            name: "here",
            aliases: &["ack"],
            usage: &["here"],
            who: &[User],
            does: "answer the roll call",
            asks: false,
            parse: |words| words.end().map(|()| Command::Here),
        },
        Verb {
            name: "away",
            aliases: &[],
            usage: &["away"],
            who: &[User],
            does: "take the answer back",
            asks: false,
            parse: |words| words.end().map(|()| Command::Away),
        },
        Verb {
            name: "claim",
            aliases: &["take"],
            usage: &["claim [W] [REASON]"],
            who: &[Deployer],
            does: "lead a window; with a reason, take over from a silent lead",
            asks: false,
            parse: |words| {
                let window = match words.peek() {
                    Some(word) if looks_like_window(word) => words.next().map(str::to_owned),
                    _ => None,
                };
                Ok(Command::Claim { window, reason: words.rest() })
            },
        },
        Verb {
            name: "unclaim",
            aliases: &[],
            usage: &["unclaim"],
            who: &[Lead],
            does: "give the window up",
            asks: false,
            parse: |words| words.end().map(|()| Command::Unclaim),
        },
        Verb {
            name: "handover",
            aliases: &["handoff"],
            usage: &["handover WHO"],
            who: &[Lead],
            does: "offer the window to another deployer, who says claim",
            asks: false,
            parse: |words| {
                let to = words.one("a deployer")?.to_owned();
                words.end()?;
                Ok(Command::Handover { to })
            },
        },
        Verb {
            name: "start",
            aliases: &[],
            usage: &["start"],
            who: &[Lead],
            does: "begin: ping the silent, name the first patch",
            asks: false,
            parse: |words| words.end().map(|()| Command::Start),
        },
        Verb {
            name: "checklist",
            aliases: &[],
            usage: &["checklist [N]"],
            who: &[Anyone],
            does: "the review points of a patch, with their evidence",
            asks: true,
            parse: |words| Ok(Command::Checklist { patch: words.maybe_only_target()? }),
        },
        Verb {
            name: "check",
            aliases: &[],
            usage: &["check [N] ITEM [NOTE]"],
            who: &[Lead, Owner],
            does: "fill a review point; deployer sets the next patch in motion",
            asks: false,
            parse: |words| {
                let (patch, item) = words.patch_and_item()?;
                Ok(Command::Check { patch, item, note: words.rest() })
            },
        },
        Verb {
            name: "uncheck",
            aliases: &[],
            usage: &["uncheck [N] ITEM"],
            who: &[Lead, Owner],
            does: "open a review point again",
            asks: false,
            parse: |words| {
                let (patch, item) = words.patch_and_item()?;
                words.end()?;
                Ok(Command::Uncheck { patch, item })
            },
        },
        Verb {
            name: "na",
            aliases: &[],
            usage: &["na [N] ITEM REASON"],
            who: &[Lead, Owner],
            does: "say why a review point does not apply",
            asks: false,
            parse: |words| {
                let (patch, item) = words.patch_and_item()?;
                Ok(Command::NotNeeded { patch, item, reason: words.text()? })
            },
        },
        Verb {
            name: "steps",
            aliases: &[],
            usage: &["steps [N]"],
            who: &[Anyone],
            does: "the ordered steps of a patch",
            asks: true,
            parse: |words| Ok(Command::Steps { patch: words.maybe_only_target()? }),
        },
        Verb {
            name: "done",
            aliases: &[],
            usage: &["done [K] [NOTE]", "done rK [NOTE]"],
            who: &[Lead],
            does: "confirm the current step",
            asks: false,
            parse: done,
        },
        Verb {
            name: "failed",
            aliases: &[],
            usage: &["failed WHY"],
            who: &[Lead],
            does: "say that the current step did not work",
            asks: false,
            parse: |words| Ok(Command::Failed { why: words.text()? }),
        },
        Verb {
            name: "retry",
            aliases: &[],
            usage: &["retry"],
            who: &[Lead],
            does: "try the failed step again",
            asks: false,
            parse: |words| words.end().map(|()| Command::Retry),
        },
        Verb {
            name: "verified",
            aliases: &["good"],
            usage: &["verified [N] [NOTE]"],
            who: &[Owner, Lead],
            does: "say that the patch works where it is",
            asks: false,
            parse: |words| {
                let patch = words.maybe_target()?;
                Ok(Command::Verified { patch, note: words.rest() })
            },
        },
        Verb {
            name: "broken",
            aliases: &["bad", "uhoh"],
            usage: &["broken [N] WHY"],
            who: &[Owner, Lead],
            does: "say that it does not; everything stops",
            asks: false,
            parse: |words| {
                let patch = words.maybe_target()?;
                Ok(Command::Broken { patch, why: words.text()? })
            },
        },
        Verb {
            name: "skip",
            aliases: &[],
            usage: &["skip N REASON"],
            who: &[Lead],
            does: "leave a patch out of this window",
            asks: false,
            parse: |words| Ok(Command::Skip { patch: words.target()?, reason: words.text()? }),
        },
        Verb {
            name: "veto",
            aliases: &[],
            usage: &["veto N REASON"],
            who: &[Deployer],
            does: "refuse a patch, for any reason",
            asks: false,
            parse: |words| Ok(Command::Veto { patch: words.target()?, reason: words.text()? }),
        },
        Verb {
            name: "hold",
            aliases: &["stop", "abort"],
            usage: &["hold [REASON]"],
            who: &[User],
            does: "stop everything at once",
            asks: false,
            parse: |words| Ok(Command::Hold { reason: words.rest() }),
        },
        Verb {
            name: "resume",
            aliases: &["unhold"],
            usage: &["resume [H1] NOTE"],
            who: &[User],
            does: "lift a hold, saying what was resolved (the lead, or who set it)",
            asks: false,
            parse: |words| {
                let hold = words.peek().and_then(|word| numbered(word, 'h'));
                if hold.is_some() {
                    words.next();
                }
                Ok(Command::Resume { hold, note: words.text()? })
            },
        },
        Verb {
            name: "rollback",
            aliases: &[],
            usage: &["rollback [N] [REASON]"],
            who: &[Lead, Owner, Deployer],
            does: "take a patch and what needs it back, in reverse",
            asks: false,
            parse: |words| Ok(Command::Rollback { words: words.rest().unwrap_or_default() }),
        },
        Verb {
            name: "ledger",
            aliases: &[],
            usage: &["ledger"],
            who: &[Anyone],
            does: "what is merged and not deployed",
            asks: true,
            parse: |words| words.end().map(|()| Command::Ledger),
        },
        Verb {
            name: "settle",
            aliases: &[],
            usage: &["settle N reverted|fixed|keep REASON"],
            who: &[Lead, Deployer],
            does: "deal with a ledger entry by name",
            asks: false,
            parse: |words| {
                Ok(Command::Settle {
                    patch: words.target()?,
                    how: words.one("reverted, fixed or keep")?.to_ascii_lowercase(),
                    reason: words.text()?,
                })
            },
        },
        Verb {
            name: "override",
            aliases: &[],
            usage: &["override N RULE REASON"],
            who: &[Lead, Manager],
            does: "set a blocking rule aside for this patch set",
            asks: false,
            parse: |words| {
                let patch = words.target()?;
                let word = words.one("a rule")?;
                let rule = RuleId::from_word(&word.to_ascii_lowercase());
                let rule = rule.ok_or_else(|| words.unknown("rule", word, &rule_words()))?;
                Ok(Command::Override { patch, rule, reason: words.text()? })
            },
        },
        Verb {
            name: "extend",
            aliases: &[],
            usage: &["extend 15m"],
            who: &[Lead],
            does: "move the end of the window",
            asks: false,
            parse: |words| {
                let by = words.one("a time such as 15m")?.to_owned();
                words.end()?;
                Ok(Command::Extend { by })
            },
        },
        Verb {
            name: "limit",
            aliases: &[],
            usage: &["limit PLACES"],
            who: &[Manager],
            does: "change how many places the window has",
            asks: false,
            parse: |words| {
                let word = words.one("a number")?;
                let limit = word.parse().ok().filter(|limit| (1..=99).contains(limit));
                let limit = limit.ok_or_else(|| words.usage())?;
                words.end()?;
                Ok(Command::Limit { limit })
            },
        },
        Verb {
            name: "freeze",
            aliases: &[],
            usage: &["freeze FROM TO REASON"],
            who: &[Manager],
            does: "stop all deployments for a time (now, +2h, 2026-12-20, 2026-12-20T14:00)",
            asks: false,
            parse: |words| {
                Ok(Command::Freeze {
                    from: words.one("a time")?.to_owned(),
                    to: words.one("a time")?.to_owned(),
                    reason: words.text()?,
                })
            },
        },
        Verb {
            name: "thaw",
            aliases: &[],
            usage: &["thaw F1"],
            who: &[Manager],
            does: "lift a freeze",
            asks: false,
            parse: |words| {
                let word = words.one("a freeze such as F1")?;
                let freeze = numbered(word, 'f').ok_or_else(|| words.usage())?;
                words.end()?;
                Ok(Command::Thaw { freeze })
            },
        },
        Verb {
            name: "finish",
            aliases: &["close"],
            usage: &["finish"],
            who: &[Lead, Deployer],
            does: "end the window (any deployer 15 min after its end)",
            asks: false,
            parse: |words| words.end().map(|()| Command::Finish),
        },
        Verb {
            name: "report",
            aliases: &["summary"],
            usage: &["report [W]"],
            who: &[Anyone],
            does: "how a window went",
            asks: true,
            parse: |words| Ok(Command::Report { window: words.last_word()? }),
        },
        Verb {
            name: "whoami",
            aliases: &[],
            usage: &["whoami"],
            who: &[Anyone],
            does: "who you are to me, and what you may do",
            asks: true,
            parse: |words| words.end().map(|()| Command::Whoami),
        },
        Verb {
            name: "help",
            aliases: &["?"],
            usage: &["help [VERB]"],
            who: &[Anyone],
            does: "the verbs you can use now",
            asks: true,
            parse: |words| Ok(Command::Help { verb: words.last_word()? }),
        },
        Verb {
            name: "log",
            aliases: &[],
            usage: &[
                "log TEXT",
                "log [last 10] [by WHO] [change N] [window W] [kind K] [since 2h] [until DATE] [find WORDS]",
                "log show L812",
                "log amend L812 TEXT",
                "log -- TEXT",
            ],
            who: &[Anyone],
            does: "write to the log, or ask it",
            asks: true,
            parse: log_line,
        },
    ]
};

/// The verb called `word`, by name or alias, in any case.
pub fn verb(word: &str) -> Option<&'static Verb> {
    let word = word.to_ascii_lowercase();
    VERBS.iter().find(|verb| verb.name == word || verb.aliases.contains(&word.as_str()))
}

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

    fn usage(&self) -> Refusal {
        no::usage(self.prefix, self.verb)
    }

    fn unknown(&self, what: &str, word: &str, known: &[&str]) -> Refusal {
        no::unknown_word(self.prefix, self.verb, what, word, words::near(word, known))
    }

    fn peek(&self) -> Option<&'a str> {
        self.left.split_ascii_whitespace().next()
    }

    fn next(&mut self) -> Option<&'a str> {
        let word = self.peek()?;
        self.left = self.left[word.len()..].trim_start();
        Some(word)
    }

    fn one(&mut self, what: &str) -> Result<&'a str, Refusal> {
        self.next().ok_or_else(|| no::missing(self.prefix, self.verb, what))
    }

    /// All that is left, where there is something.
    fn rest(&mut self) -> Option<String> {
        let rest = std::mem::take(&mut self.left).trim();
        (!rest.is_empty()).then(|| rest.to_owned())
    }

    /// All that is left, which must be something.
    fn text(&mut self) -> Result<String, Refusal> {
        self.rest().ok_or_else(|| no::missing(self.prefix, self.verb, "a reason in your own words"))
    }

    /// Nothing may be left.
    fn end(&self) -> Result<(), Refusal> {
        match self.peek() {
            None => Ok(()),
            Some(word) => Err(no::leftover(self.prefix, self.verb, word)),
        }
    }

    fn last_word(&mut self) -> Result<Option<String>, Refusal> {
        let word = self.next().map(str::to_owned);
        self.end()?;
        Ok(word)
    }

    fn target(&mut self) -> Result<Target, Refusal> {
        let word = self.one("a change number")?;
        self.read_target(word)
    }

    fn only_target(&mut self) -> Result<Target, Refusal> {
        let target = self.target()?;
        self.end()?;
        Ok(target)
    }

    fn maybe_only_target(&mut self) -> Result<Option<Target>, Refusal> {
        if self.peek().is_none() { Ok(None) } else { self.only_target().map(Some) }
    }

    /// A patch, where the next word is one; else the word stays.
    fn maybe_target(&mut self) -> Result<Option<Target>, Refusal> {
        match self.peek() {
            Some(word) if target(word, self.hosts).is_some() => self.target().map(Some),
            _ => Ok(None),
        }
    }

    fn read_target(&self, word: &str) -> Result<Target, Refusal> {
        target(word, self.hosts).ok_or_else(|| no::not_a_change(self.prefix, self.verb, word, self.hosts))
    }

    /// `[N] ITEM`, where a bare small number is no patch: it could as well be a step.
    fn patch_and_item(&mut self) -> Result<(Option<Target>, Item), Refusal> {
        let patch = match self.peek() {
            Some(word) if is_small_number(word) => {
                return Err(no::bare_number(self.prefix, self.verb, word));
            }
            _ => self.maybe_target()?,
        };
        let word = self.one("a review point")?;
        let item = Item::from_word(&word.to_ascii_lowercase());
        let item = item.ok_or_else(|| self.unknown("review point", word, &item_words()))?;
        Ok((patch, item))
    }
}

/// `add N… [for W] [urgent: why] [test: plan] [owner: who] [note: text]`
fn add(words: &mut Words<'_>) -> Result<Command, Refusal> {
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
fn move_patch(words: &mut Words<'_>) -> Result<Command, Refusal> {
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
fn files(words: &mut Words<'_>) -> Result<Command, Refusal> {
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
fn done(words: &mut Words<'_>) -> Result<Command, Refusal> {
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
    } else if matches!(words.left.to_ascii_lowercase().as_str(), "all" | "*") {
        // Not a note: one word confirms one step.
        return Err(words.usage());
    }
    Ok(Command::Done { step, patch, note: words.rest() })
}

/// `log …`: see `engine::log` for what is a question.
fn log_line(words: &mut Words<'_>) -> Result<Command, Refusal> {
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
    Ok(match log::parse(&text, words.at) {
        log::Asked::Query(query) => Command::LogQuery { query },
        log::Asked::Text(text) => Command::LogText { text },
        log::Asked::Amend { row, text } => Command::LogAmend { row, text },
        log::Asked::NotATime(word) => {
            let examples = format!(
                "2026-11-23, 14:30, 2h or yesterday, or \"{}log -- TEXT\" to record it",
                words.prefix
            );
            return Err(no::not_a_time(&word, &examples));
        }
        log::Asked::Nothing => Command::LogText { text: String::new() },
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
fn numbered(word: &str, letter: char) -> Option<u32> {
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
fn looks_like_window(word: &str) -> bool {
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

fn rule_words() -> Vec<&'static str> {
    RuleId::ALL.iter().map(|rule| rule.word()).collect()
}
