//! What the review system answers: what is news, what is too old to be news, and whom it concerns.

use super::super::event::{Event, Went};
use super::super::facts::{Fact, Facts, Fault, Status};
use super::super::guidelines::{RuleId, Verdict};
use super::super::id::ChangeNumber;
use super::super::patch::{Patch, Stage};
use super::super::plan::Act;
use super::super::say::{self, Refusal};
use super::super::state::State;
use super::super::window::Window;
use super::Turn;

impl Turn<'_> {
    /// The review system answered. What follows from it, `advance` finds in the state.
    pub(super) fn facts(&mut self, change: ChangeNumber, answer: &Result<Box<Facts>, Fault>) {
        let known = self.state.known.get(&change);
        let awaited = self
            .state
            .offers
            .iter()
            .any(|offer| offer.change == change && known.is_none_or(|known| known.at < offer.at));
        let window = self.state.window_of(change).map(|window| window.id().clone());
        match answer {
            Ok(facts) => {
                // Answers can overtake each other: one from before what is known says nothing new.
                let newest = self.state.last_facts(change).filter(|newest| is_older(facts, newest));
                let mut facts = newest.map_or_else(|| facts.clone(), |newest| Box::new(newest.clone()));
                keep_merged(self.state, &mut facts);
                keep_diff(self.state, &mut facts);
                let news =
                    known.is_none_or(|known| known.fault.is_some() || known.facts.as_ref() != Some(&*facts));
                if awaited || news {
                    self.record(window.as_ref(), Some(change), Event::FactsSeen { facts });
                }
                if news {
                    self.tell_what_blocks(change);
                }
            }
            Err(fault) => {
                let news = known.is_none_or(|known| known.fault.as_ref() != Some(fault));
                if awaited || news {
                    let event = Event::LookupFailed { fault: fault.clone() };
                    let record = self.make(window.as_ref(), Some(change), Went::Failed, event);
                    self.out.records.push(record);
                }
            }
        }
    }

    /// Tells the owner of a patch that waits what the review system has against it since this answer.
    fn tell_what_blocks(&mut self, change: ChangeNumber) {
        let Some(window) = self.state.window_of(change) else { return };
        let before_merge = |act: &Act| matches!(act, Act::Review | Act::Merge);
        let waits = |patch: &&Patch| matches!(patch.stage, Stage::Queued) || patch.is_at(before_merge);
        let Some(patch) = window.patch(change).filter(waits) else { return };
        let before: Vec<RuleId> = refusals(self, window, patch).map(|(rule, _)| rule).collect();
        let mut state = self.state.clone();
        self.out.records.iter().for_each(|record| state.apply(record));
        let turn = Turn::of_bot(self.settings, &state, self.at);
        let after: Vec<String> = refusals(&turn, window, patch)
            .filter(|(rule, _)| !before.contains(rule))
            .map(|(_, refusal)| refusal.said_in_full())
            .collect();
        if after.is_empty() {
            return;
        }
        let mut who = vec![patch.owner()];
        let lead = window.lead.as_ref().filter(|_| window.is_running()).map(|lead| &lead.who);
        who.extend(lead.filter(|lead| *lead != patch.owner()));
        self.ping(window, &who, &after.join("; "));
    }
}

/// Whether an answer is from before another: a patch set never goes back, and a change is never touched earlier.
fn is_older(answer: &Facts, newest: &Facts) -> bool {
    let (answer, newest) = (&answer.change, &newest.change);
    let touched_before = answer.updated.is_some() && answer.updated < newest.updated;
    answer.patch_set < newest.patch_set
        || (answer.patch_set == newest.patch_set && answer.status == newest.status && touched_before)
}

/// What would keep a patch out of its window if it were offered now.
fn refusals<'t>(
    turn: &'t Turn<'_>,
    window: &'t Window,
    patch: &'t Patch,
) -> impl Iterator<Item = (RuleId, Refusal)> {
    let (judgements, _) = turn.judge(window, patch, window.is_running());
    let refusing: Vec<_> = judgements
        .iter()
        .filter(|judgement| {
            let asks = judgement.rule == RuleId::Coupled && judgement.verdict() == Verdict::Block;
            judgement.refuses_add() || asks
        })
        .map(|judgement| (judgement.rule, say::queue::rule_refusal(judgement)))
        .collect();
    refusing.into_iter()
}

/// The facts of a change, or why they are not known, in words.
pub(in super::super) fn why_unknown(state: &State, change: ChangeNumber) -> Result<&Facts, &str> {
    const NO_ANSWER: &str = "the review system has not answered yet";
    let known = state.known.get(&change).ok_or(NO_ANSWER)?;
    match &known.fault {
        Some(fault) => Err(fault.why()),
        None => known.facts.as_ref().ok_or(NO_ANSWER),
    }
}

/// Merged is for good: an older answer that arrives late, or a source that was reset, does not take it back.
fn keep_merged(state: &State, facts: &mut Facts) {
    if let Some(old) = state.last_facts(facts.change.number)
        && old.change.status == Status::Merged
        && facts.change.status == Status::Open
    {
        facts.change.status = old.change.status;
        facts.change.submitted = old.change.submitted;
        facts.change.patch_set = old.change.patch_set;
        facts.change.revision.clone_from(&old.change.revision);
    }
}

/// What was read of a commit stays known while its diff cannot be had again: a question must not go away by that.
fn keep_diff(state: &State, facts: &mut Facts) {
    if let Some(old) = state.last_facts(facts.change.number)
        && old.change.revision == facts.change.revision
        && matches!(old.diff, Some(Fact::Known(_)))
        && !matches!(facts.diff, Some(Fact::Known(_)))
    {
        facts.diff.clone_from(&old.diff);
    }
}
