//! The checklist of one patch, composed from what the rules found and what people said.

use super::{Case, Finding, Judge, Judgement, RuleId, Verdict};
use crate::engine::checklist::Item;
use crate::engine::id::At;
use crate::engine::kind::{PatchKind, settles};
use crate::engine::patch::Check;
use crate::engine::plan::Act;

/// A point of the checklist as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point<'a> {
    /// Which.
    pub item: Item,
    /// How it stands.
    pub state: PointState<'a>,
    /// When evidence will fill it by itself, where that is known.
    pub until: Option<At>,
}

/// How a point stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PointState<'a> {
    /// Evidence fills it.
    Filled {
        /// What was seen.
        by: String,
    },
    /// A person filled it.
    Checked(&'a Check),
    /// It does not apply, for this reason.
    NotNeeded(String),
    /// It waits for a person.
    Open {
        /// Why evidence does not fill it.
        why: String,
        /// For whom.
        who: Asked,
    },
    /// A rule of it blocks: it is mended, or the rule is set aside. Nobody's word fills it.
    Blocked {
        /// Which rule.
        rule: RuleId,
        /// Why.
        why: String,
        /// What mends it.
        fix: String,
    },
}

/// Who can fill a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The lead alone.
    Lead,
    /// The owner or the lead.
    OwnerOrLead,
    /// Another deployer, or the owner where that is not the lead: it is the lead's own change.
    Another,
}

impl Point<'_> {
    /// Whether somebody has to do something about it.
    pub fn is_open(&self) -> bool {
        matches!(self.state, PointState::Open { .. } | PointState::Blocked { .. })
    }
}

/// The four review points in their order, then one for each rule that asks and belongs to none of them.
///
/// A person's word fills any point. Evidence fills one where every rule of it is kept, or only warns, and at least one
/// has something to show; nothing but the lead's word fills `deployer`. A rule that blocks keeps its point from being
/// filled: it is set aside with `override`, or mended. One that has no point becomes one only where it begins to block in
/// the middle of the review, as with a veto that comes late.
pub fn points<'a>(case: &Case<'a>, judgements: &[Judgement<'_>]) -> Vec<Point<'a>> {
    let mut points: Vec<Point<'a>> = [Item::Precommit, Item::Beta, Item::Backport]
        .into_iter()
        .map(|item| review_point(case, item, judgements))
        .collect();
    points.push(Point {
        state: said(case, &Item::Deployer)
            .unwrap_or_else(|| open("for the lead to read".to_owned(), Asked::Lead)),
        item: Item::Deployer,
        until: None,
    });
    // Where nothing at all is known, that is said once: it cannot start before, whoever fills which point.
    let asks = |judgement: &&Judgement<'_>| {
        judgement.rule.row().point.is_none()
            && judgement.verdict() == Verdict::Ask
            && (case.facts.is_ok() || !matches!(judgement.finding, Finding::Unknown(_)))
    };
    for judgement in judgements.iter().filter(asks) {
        let item = Item::Rule(judgement.rule);
        let state = said(case, &item).unwrap_or_else(|| open(words(&judgement.finding), Asked::Lead));
        points.push(Point { item, state, until: until(&judgement.finding) });
    }
    let in_review = case.patch.is_some_and(|patch| patch.is_at(|act| *act == Act::Review));
    let came_late = |judgement: &&Judgement<'_>| {
        let rule = judgement.rule.row();
        in_review && rule.point.is_none() && matches!(rule.judge, Judge::Facts(_))
    };
    points.extend(judgements.iter().filter(came_late).filter_map(|judgement| {
        let item = Item::Rule(judgement.rule);
        blocked(judgement).map(|state| Point { item, state, until: None })
    }));
    if case.window.emergency.is_some() {
        let wanted = &case.settings.emergency.checklist;
        points.retain(|point| {
            let blocks = matches!(point.state, PointState::Blocked { .. });
            point.item == Item::Deployer || wanted.contains(&point.item) || blocks
        });
    }
    points
}

/// The state of a point whose rule blocks.
fn blocked<'a>(judgement: &Judgement<'_>) -> Option<PointState<'a>> {
    match (&judgement.finding, judgement.verdict()) {
        (Finding::Fail { why, fix }, Verdict::Block) => {
            Some(PointState::Blocked { rule: judgement.rule, why: why.clone(), fix: fix.clone() })
        }
        _ => None,
    }
}

fn said<'a>(case: &Case<'a>, item: &Item) -> Option<PointState<'a>> {
    // The lead's own review is the word of whoever leads now, not of who led before.
    let own = |check: &&Check| *item != Item::Deployer || case.lead.is_none_or(|lead| check.by == *lead);
    case.patch?.checks.get(item).filter(own).map(PointState::Checked)
}

fn open<'a>(why: String, who: Asked) -> PointState<'a> {
    PointState::Open { why, who }
}

fn review_point<'a>(case: &Case<'a>, item: Item, judgements: &[Judgement<'_>]) -> Point<'a> {
    let own: Vec<&Judgement<'_>> = judgements
        .iter()
        .filter(|judgement| belongs_to(case, judgement).is_some_and(|theirs| theirs == item))
        .collect();
    let waits = own.iter().filter_map(|judgement| until(&judgement.finding)).max();
    if let Some(state) = own.iter().find_map(|judgement| blocked(judgement)).or_else(|| said(case, &item)) {
        return Point { item, state, until: None };
    }
    let state = by_evidence(case, &item, &own);
    let until = if matches!(state, PointState::Open { .. }) { waits } else { None };
    Point { item, state, until }
}

/// The review point of a rule. Configuration is not picked from anywhere: its one review comes before the merge, and
/// what is asked of the original has no point.
fn belongs_to(case: &Case<'_>, judgement: &Judgement<'_>) -> Option<Item> {
    let point = judgement.rule.row().point.clone()?;
    match (is_config(case), &point) {
        (true, Item::Backport) => Some(Item::Precommit),
        (true, _) => None,
        (false, _) => Some(point),
    }
}

fn is_config(case: &Case<'_>) -> bool {
    case.facts.is_ok_and(|facts| matches!(case.kind(facts), PatchKind::Config | PatchKind::BetaOnly))
}

fn by_evidence<'a>(case: &Case<'a>, item: &Item, own: &[&Judgement<'_>]) -> PointState<'a> {
    if is_config(case) && *item != Item::Precommit {
        return PointState::NotNeeded("config".to_owned());
    }
    // An unknown fact fills nothing, not even where it only warns.
    let against = own.iter().filter(|judgement| {
        judgement.overridden.is_none()
            && (judgement.verdict() >= Verdict::Ask || matches!(judgement.finding, Finding::Unknown(_)))
    });
    let mut against: Vec<String> = against.map(|judgement| words(&judgement.finding)).collect();
    against.dedup();
    if !against.is_empty() {
        let is_own = own.iter().any(|judgement| {
            judgement.rule == RuleId::NotOwnReview && matches!(judgement.finding, Finding::Fail { .. })
        });
        return open(against.join("; "), if is_own { Asked::Another } else { Asked::OwnerOrLead });
    }
    let mut evidence: Vec<String> = Vec::new();
    for seen in own.iter().filter_map(|judgement| evidence_of(judgement)) {
        // One vote can be what two rules look for.
        if !evidence.contains(&seen) {
            evidence.push(seen);
        }
    }
    if !evidence.is_empty() {
        return PointState::Filled { by: evidence.join(", ") };
    }
    if own.is_empty() {
        return PointState::NotNeeded("its rules are off".to_owned());
    }
    if own.iter().all(|judgement| judgement.finding == Finding::NotNeeded) {
        let owed = case.facts.ok().and_then(|facts| settles(facts, case.state));
        return PointState::NotNeeded(
            owed.map_or_else(|| "not code".to_owned(), |owed| format!("reverts {owed}")),
        );
    }
    let why: Vec<String> = own.iter().map(|judgement| words(&judgement.finding)).collect();
    open(why.into_iter().filter(|why| !why.is_empty()).collect::<Vec<_>>().join("; "), Asked::OwnerOrLead)
}

/// What a rule has to show for a point.
fn evidence_of(judgement: &Judgement<'_>) -> Option<String> {
    match (&judgement.finding, judgement.overridden) {
        (Finding::Pass(seen), _) => Some(seen.clone()),
        (_, Some(set_aside)) => Some(format!("{} set aside by {}", judgement.rule, set_aside.by)),
        _ => None,
    }
}

fn words(finding: &Finding) -> String {
    match finding {
        Finding::Pass(why)
        | Finding::Unknown(why)
        | Finding::Note { why, .. }
        | Finding::Fail { why, .. }
        | Finding::Later { why, .. } => why.clone(),
        Finding::NotNeeded => String::new(),
    }
}

fn until(finding: &Finding) -> Option<At> {
    match finding {
        Finding::Later { until, .. } => Some(*until),
        _ => None,
    }
}
