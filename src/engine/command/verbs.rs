//! The table of the verbs, from which the parser, the rights and `help` are made.

mod steps;

use super::reader::{add, done, files, log_line, looks_like_window, move_patch, numbered, rule_words};
use super::{Command, Role, Verb};
use crate::engine::guidelines::RuleId;

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
        steps::GO,
        steps::PROMOTE,
        steps::RERUN,
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
        steps::HEALTH,
        steps::SOAK,
        steps::CANCEL,
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
            does: "set a blocking rule aside for this patch set; the rule health is for a deployer who neither leads nor owns it",
            asks: false,
            parse: |words| {
                let patch = words.target()?;
                let word = words.one("a rule")?;
                if word.eq_ignore_ascii_case("health") {
                    return Ok(Command::OverrideHealth { patch, reason: words.text()? });
                }
                let rule = RuleId::from_word(&word.to_ascii_lowercase());
                let rule = rule.ok_or_else(|| words.unknown("rule", word, &rule_words(), usize::MAX))?;
                Ok(Command::Override { patch, rule, reason: words.text()? })
            },
        },
        steps::STEAL,
        steps::EMERGENCY,
        steps::APPROVE,
        steps::AFTERMATH,
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
            usage: &["report [W]", "report stats"],
            who: &[Anyone],
            does: "how a window went, or all of them",
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
            name: "link",
            aliases: &[],
            usage: &["link", "link NETWORK/ACCOUNT", "link CODE"],
            who: &[User],
            does: "get a code in private, for any account or for one; said with it, it makes that account you",
            asks: true,
            parse: |words| Ok(Command::Link { code: words.last_word()? }),
        },
        Verb {
            name: "unlink",
            aliases: &[],
            usage: &["unlink NETWORK/ACCOUNT"],
            who: &[User],
            does: "take that back (the person, or a manager)",
            asks: true,
            parse: |words| {
                let account = words.one("an account such as libera/alice")?.to_owned();
                words.end()?;
                Ok(Command::Unlink { account })
            },
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
                "log [count] [last 10] [by WHO] [change N] [task T1] [window W] [room R] [kind K] [outcome O] [since 2h] [until DATE] [find WORDS]",
                "log more",
                "log show L812",
                "log around L812",
                "log suspects [14:32]",
                "log amend L812 TEXT",
                "log redact L812 REASON",
                "log -- TEXT",
            ],
            who: &[Anyone],
            does: "ask the log, or write to it (TEXT and amend need an account, redact a manager)",
            asks: true,
            parse: log_line,
        },
    ]
};
