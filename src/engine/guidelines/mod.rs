//! The guidelines as rules: each has an id, a default level, a source, and a function that looks at one case.
//!
//! A rule says what it found and never what follows from it; the level decides that. A fact that could not be had is
//! unknown, asks a person, and never passes by itself.

mod backport;
mod calendar;
mod content;
mod coupled;
mod dependencies;
mod document;
mod kinds;
mod people;
mod points;
mod queue;
mod review;
mod rules;
mod words;

use serde::{Deserialize, Serialize};

use super::checklist::Item;
use super::event::Wish;
use super::facts::Facts;
use super::id::{At, ChangeNumber, Who};
use super::kind::{PatchKind, kind};
use super::patch::{Override, Patch};
use super::say;
use super::settings::{Policy, Settings};
use super::state::State;
use super::window::Window;

pub use document::document;
pub use kinds::is_task;
pub use points::{Asked, Point, PointState, points};
pub use queue::{Places, has_time_for, places};
pub use rules::RULES;
pub use words::short_branch;

/// What happens when a rule is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Nothing.
    Off,
    /// It is said.
    Warn,
    /// A person must look and say so: it becomes a point of the checklist.
    Ask,
    /// The patch does not go.
    Block,
}

impl Level {
    /// The word in the configuration.
    pub fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Warn => "warn",
            Self::Ask => "ask",
            Self::Block => "block",
        }
    }
}

/// One row of the table: a rule with everything that is fixed about it.
pub struct Rule {
    /// Its id.
    pub id: RuleId,
    /// Its level where the configuration does not set one.
    pub default: Level,
    /// When it is judged.
    pub when: When,
    /// What a block means while the patch is being added.
    pub at_add: AtAdd,
    /// The review point it belongs to, as it is for code.
    pub point: Option<Item>,
    /// Only a manager sets it aside.
    pub by_manager: bool,
    /// Where it comes from: numbers of the SWAT guidelines, or the design.
    pub source: &'static str,
    /// Why there is such a rule.
    pub why: &'static str,
    /// The judgement.
    pub judge: Judge,
}

/// When a rule is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// When it is offered, and as long as it waits.
    Add,
    /// When its turn comes.
    Start,
    /// Each time.
    Always,
}

/// What a block means while the patch is being added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtAdd {
    /// It is not taken into the queue.
    Refuses,
    /// It is taken and told; it has to be dealt with before its turn.
    Tells,
}

/// How a rule looks at a case.
#[derive(Clone, Copy)]
pub enum Judge {
    /// It needs no facts about the change.
    Case(fn(&Case<'_>) -> Finding),
    /// It needs them, and is unknown without.
    Facts(fn(&Case<'_>, &Facts) -> Finding),
}

/// One change in one window, to be judged.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    /// The configuration.
    pub settings: &'a Settings,
    /// What is known of everything else.
    pub state: &'a State,
    /// The window it is, or would be, in.
    pub window: &'a Window,
    /// Now.
    pub at: At,
    /// The change.
    pub change: ChangeNumber,
    /// What is known of it, or why nothing is.
    pub facts: Result<&'a Facts, &'a str>,
    /// What was asked for.
    pub wish: &'a Wish,
    /// Its place in the queue; `None` while it is only offered.
    pub patch: Option<&'a Patch>,
    /// Its turn has come.
    pub starting: bool,
    /// Who leads the window.
    pub lead: Option<&'a Who>,
}

/// What a rule found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It is kept; the evidence in a few words, e.g. `CR+1 by carol`.
    Pass(String),
    /// It has nothing to say here.
    NotNeeded,
    /// It is kept, and there is something to say: never more than a warning.
    Note {
        /// What.
        why: String,
        /// What to do about it, or the words to type; empty where there is nothing.
        fix: String,
    },
    /// It is not kept.
    Fail {
        /// Why, number first.
        why: String,
        /// What to do, or the words to type.
        fix: String,
    },
    /// A fact is missing; which one and why.
    Unknown(String),
    /// It is kept by waiting.
    Later {
        /// Until then.
        until: At,
        /// For what.
        why: String,
    },
}

/// What follows from a judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Nothing stands against it.
    Pass,
    /// It is said.
    Warn,
    /// A person must answer.
    Ask,
    /// The patch does not go.
    Block,
}

/// What one rule found, and at which level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement<'a> {
    /// Which rule.
    pub rule: RuleId,
    /// At this level here.
    pub level: Level,
    /// What it found.
    pub finding: Finding,
    /// Who set it aside for this patch set.
    pub overridden: Option<&'a Override>,
}

impl Judgement<'_> {
    /// What follows.
    pub fn verdict(&self) -> Verdict {
        if self.overridden.is_some() || self.level == Level::Off {
            return Verdict::Pass;
        }
        let at_most_ask = if self.level == Level::Warn { Verdict::Warn } else { Verdict::Ask };
        match &self.finding {
            Finding::Pass(_) | Finding::NotNeeded => Verdict::Pass,
            Finding::Note { .. } => Verdict::Warn,
            Finding::Fail { .. } => match self.level {
                Level::Off => Verdict::Pass,
                Level::Warn => Verdict::Warn,
                Level::Ask => Verdict::Ask,
                Level::Block => Verdict::Block,
            },
            Finding::Unknown(_) | Finding::Later { .. } => at_most_ask,
        }
    }

    /// What speaks against it, where something does.
    pub fn why(&self) -> Option<&str> {
        match &self.finding {
            Finding::Fail { why, .. } | Finding::Unknown(why) | Finding::Later { why, .. } => Some(why),
            Finding::Pass(_) | Finding::NotNeeded | Finding::Note { .. } => None,
        }
    }

    /// Whether it keeps a patch out of the queue.
    pub fn refuses_add(&self) -> bool {
        self.verdict() == Verdict::Block && self.rule.row().at_add == AtAdd::Refuses
    }
}

/// Judges a case by every rule that is on and has its say now, in the order of the table.
pub fn judge<'a>(case: &Case<'a>) -> Vec<Judgement<'a>> {
    let now = |rule: &&Rule| match rule.when {
        When::Add => !case.starting,
        When::Start => case.starting,
        When::Always => true,
    };
    let on = |rule: &&Rule| level_in(case, rule.id) != Level::Off;
    RULES.iter().filter(now).filter(on).map(|rule| judge_by(rule, case)).collect()
}

fn judge_by<'a>(rule: &Rule, case: &Case<'a>) -> Judgement<'a> {
    let finding = match (rule.judge, case.facts) {
        (Judge::Case(judge), _) => judge(case),
        (Judge::Facts(judge), Ok(facts)) => judge(case, facts),
        (Judge::Facts(_), Err(why)) => Finding::Unknown(why.to_owned()),
    };
    Judgement {
        rule: rule.id,
        level: level_in(case, rule.id),
        finding,
        overridden: case.patch.and_then(|patch| patch.overrides.get(&rule.id)),
    }
}

/// What holds in an emergency too: what cannot be deployed at all, and what must not be deployed in this order.
const HARD: &[RuleId] = &[
    RuleId::LiveBranch,
    RuleId::NotVetoed,
    RuleId::NotAbandoned,
    RuleId::SingleSync,
    RuleId::DependsOn,
    RuleId::Coupled,
];

/// The level of a rule in this case: in an emergency only what is named for it stops, and the rest is said.
fn level_in(case: &Case<'_>, rule: RuleId) -> Level {
    let named = || case.settings.emergency.checklist.contains(&Item::Rule(rule));
    let level = level(case.settings, rule);
    if case.window.emergency.is_none() || HARD.contains(&rule) || named() {
        return level;
    }
    level.min(Level::Warn)
}

/// The level of a rule: what the configuration says, or its default.
pub fn level(settings: &Settings, rule: RuleId) -> Level {
    settings.guidelines.get(&rule).copied().unwrap_or(rule.row().default)
}

impl<'a> Case<'a> {
    fn policy(&self) -> &'a Policy {
        &self.settings.policy
    }

    /// What people type for it where a step could be meant: its ticket, once it has one.
    fn handle(&self) -> String {
        self.patch.map_or_else(|| self.change.to_string(), say::handle)
    }

    fn kind(&self, facts: &Facts) -> PatchKind {
        kind(self.policy(), &facts.change)
    }
}

impl RuleId {
    /// Its row in the table. The table has the rules in the order of `ALL`; a test sees to that.
    pub fn row(self) -> &'static Rule {
        &RULES[self as usize]
    }
}

impl Finding {
    fn pass(evidence: impl Into<String>) -> Self {
        Self::Pass(evidence.into())
    }

    fn fail(why: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::Fail { why: why.into(), fix: fix.into() }
    }

    fn note(why: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::Note { why: why.into(), fix: fix.into() }
    }

    fn unknown(why: impl Into<String>) -> Self {
        Self::Unknown(why.into())
    }
}

macro_rules! rule_ids {
    ($($variant:ident $word:literal,)*) => {
        /// The id of a rule, as people write it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        #[expect(missing_docs, reason = "each id is explained in its row of RULES")]
        pub enum RuleId { $($variant,)* }

        impl RuleId {
            /// All ids, in the order of the table.
            pub const ALL: &[RuleId] = &[$(RuleId::$variant,)*];

            /// The id as people write it.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The id that is written so.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

rule_ids! {
    WindowLimit "window-limit",
    BranchCounts "branch-counts",
    TimeBudget "time-budget",
    LastStart "last-start",
    Kind "kind",
    UrgentNotNeeded "urgent-not-needed",
    LiveBranch "live-branch",
    MasterFirst "master-first",
    BetaSoak "beta-soak",
    Reviewed "reviewed",
    CiGreen "ci-green",
    NotWip "not-wip",
    NotVetoed "not-vetoed",
    NotAbandoned "not-abandoned",
    Mergeable "mergeable",
    SingleSync "single-sync",
    NewExtension "new-extension",
    L10n "l10n",
    SchemaChange "schema-change",
    Vendor "vendor",
    DependsOn "depends-on",
    Coupled "coupled",
    OwnerPresent "owner-present",
    DeployerPresent "deployer-present",
    NotOwnReview "not-own-review",
    NoDeployDay "no-deploy-day",
    Freeze "freeze",
    BetaOnly "beta-only",
    TaskLinked "task-linked",
    Untested "untested",
}

impl std::fmt::Display for RuleId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}
