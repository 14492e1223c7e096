//! What follows of itself from what is known: offers that can be answered, new patch sets, evidence that closes a step.
//!
//! It looks at the state alone, never at the input that led there, so nothing is lost with a restart (level, not edge).

mod back;

use super::decide::{self, Turn};
use super::event::{Cause, Debt, Event, Owed, Settlement, Went};
use super::facts::{Facts, Fault, PatchSetKind, Status};
use super::guidelines::{self, Finding, RuleId};
use super::id::{At, ChangeNumber, Who};
use super::kind;
use super::patch::{Patch, Stage};
use super::plan::Act;
use super::say::{self, Refusal};
use super::settings::Settings;
use super::state::{Offer, State};
use super::window::Window;
use super::{Outcome, Place, Reply, order};

/// One thing that follows, already applied, with what is said about it; empty where nothing does.
pub fn advance(settings: &Settings, state: &mut State, at: At) -> Outcome {
    let outcome = answer_offers(settings, state, at);
    if !outcome.records.is_empty() {
        return outcome;
    }
    let mut turn = Turn::of_bot(settings, state, at);
    turn.follow();
    let outcome = turn.out;
    outcome.records.iter().for_each(|record| state.apply(record));
    outcome
}

/// Answers the offers of one line, once the review system has answered for all of them.
fn answer_offers(settings: &Settings, state: &mut State, at: At) -> Outcome {
    let answered = |offer: &Offer| state.known.get(&offer.change).is_some_and(|known| known.at >= offer.at);
    let together = |a: &Offer, b: &Offer| a.line == b.line && a.window == b.window;
    let ready = state
        .offers
        .iter()
        .find(|first| state.offers.iter().filter(|other| together(first, other)).all(answered));
    let Some(first) = ready.cloned() else { return Outcome::default() };
    let mut left: Vec<Offer> = state.offers.iter().filter(|other| together(&first, other)).cloned().collect();
    let mut records = Vec::new();
    let mut added = Vec::new();
    // What one of them needs may be another of them: as long as one fits, the rest may fit then.
    loop {
        let fits = left
            .iter()
            .position(|offer| matches!(judge_offer(settings, state, offer, at), OfferVerdict::Fits));
        let Some(index) = fits else { break };
        let offer = left.remove(index);
        let record = Turn::of_bot(settings, state, at).take(&offer);
        state.apply(&record);
        records.push(record);
        added.push(offer.change);
    }
    let mut turn = Turn::of_bot(settings, state, at);
    for offer in &left {
        match judge_offer(settings, state, offer, at) {
            OfferVerdict::Refused(refusal) => turn.turn_down(offer, &refusal),
            OfferVerdict::Fits => {}
        }
    }
    turn.say_added(&first, &added);
    if left.is_empty() {
        turn.offer_accepted(&first);
    }
    let Outcome { records: turned_down, replies, accepted, .. } = turn.out;
    turned_down.iter().for_each(|record| state.apply(record));
    records.extend(turned_down);
    Outcome { records, replies, accepted, ..Outcome::default() }
}

impl<'a> Turn<'a> {
    fn follow(&mut self) {
        for window in self.state.windows.values() {
            for patch in &window.patches {
                if self.follow_patch(window, patch) {
                    return;
                }
            }
            if self.follow_rollback(window) || self.follow_incident(window) {
                return;
            }
        }
    }

    /// Says to who offered them that these are in the queue now.
    fn say_added(&mut self, first: &Offer, added: &[ChangeNumber]) {
        let Some(window) = self.state.windows.get(&first.window) else { return };
        let patches: Vec<&Patch> =
            window.patches.iter().filter(|patch| added.contains(&patch.change)).collect();
        match patches.as_slice() {
            [] => {}
            [patch] => {
                self.about = Some(patch.change);
                let text = self.added_text(window, patch);
                let other = Some(patch.owner()).filter(|owner| **owner != first.by);
                let other = other.map(|owner| format!("; {} is on point", say::short_name(owner)));
                self.tell_added(window, first, &format!("{text}{}", other.unwrap_or_default()));
            }
            several => {
                let text = say::queue::added_together(self.settings, self.state, window, several, self.at);
                self.tell_added(window, first, &text);
                // What is open on several of them in the same words is said once.
                let mut open: Vec<(Vec<ChangeNumber>, String)> = Vec::new();
                let mut late: Vec<ChangeNumber> = Vec::new();
                for patch in several {
                    let (text, is_late) = self.open_text(window, patch);
                    late.extend(is_late.then_some(patch.change));
                    let Some(text) = text else { continue };
                    match open.iter_mut().find(|(_, other)| *other == text) {
                        Some((changes, _)) => changes.push(patch.change),
                        None => open.push((vec![patch.change], text)),
                    }
                }
                if !late.is_empty() {
                    self.tell_added(window, first, &say::queue::end_late(window, &late));
                }
                for (changes, text) in open {
                    let numbers = say::numbers(&changes);
                    let named = text.starts_with(&format!("{numbers} "));
                    let text = if named { text } else { format!("{numbers}: {text}") };
                    self.about = if let [one] = changes.as_slice() { Some(*one) } else { None };
                    self.tell_added(window, first, &text);
                }
            }
        }
        self.ask_of_added(window, first, added);
    }

    /// Answers an offer that was taken; the window's other rooms, or all of them, hear of it too.
    pub(super) fn tell_added(&mut self, window: &Window, offer: &Offer, text: &str) {
        self.answer_offer(offer, text);
        if offer.network.is_some() {
            let text = say::aside::offered(say::short_name(&offer.by), offer.room.as_ref(), text);
            self.say_elsewhere(window, offer.room.as_ref(), &text);
        }
    }

    fn take(&self, offer: &Offer) -> super::event::Record {
        let ticket = self.state.windows.get(&offer.window).map_or(1, |window| window.next_ticket);
        let facts = self.state.facts(offer.change);
        let event = Event::Added {
            ticket,
            patch_set: facts.map_or(0, |facts| facts.change.patch_set),
            wish: offer.wish.clone(),
            first: facts.is_some_and(|facts| kind::settles(facts, self.state).is_some()),
            reverts: facts.iter().flat_map(|facts| facts.change.reverts()).map(str::to_owned).collect(),
        };
        self.make_for(offer, Went::Ok, event)
    }

    /// A row that says who asked, although the bot answers now.
    fn make_for(&self, offer: &Offer, went: Went, event: Event) -> super::event::Record {
        let mut record = self.make(Some(&offer.window), Some(offer.change), went, event);
        record.by = super::event::Author {
            network: offer.network.clone(),
            room: offer.room.clone(),
            who: offer.by.clone(),
            account: offer.account.clone(),
        };
        record
    }

    fn turn_down(&mut self, offer: &Offer, refusal: &Refusal) {
        let event = Event::Refused { verb: "add".to_owned(), code: refusal.code.to_owned() };
        let mut record = self.make_for(offer, Went::Refused, event);
        record.text = format!("add: {}", refusal.said());
        self.out.records.push(record);
        let closed =
            self.make_for(offer, Went::Refused, Event::OfferClosed { code: refusal.code.to_owned() });
        self.out.records.push(closed);
        self.answer_offer(offer, &refusal.said());
    }

    fn answer_offer(&mut self, offer: &Offer, text: &str) {
        let nick = offer.nick.as_deref().unwrap_or_else(|| say::short_name(&offer.by));
        let to = match (&offer.room, &offer.network) {
            (Some(room), _) => Place::Room(room.clone()),
            (None, Some(network)) => Place::Private { network: network.clone(), nick: nick.to_owned() },
            (None, None) => self.to.clone(),
        };
        let name = say::own_words(nick);
        let answers = offer.message.clone();
        let reply = Reply::new(to, format!("{name}: {text}"));
        self.out.replies.push(Reply { answers, about: self.about, ..reply });
    }

    fn added_text(&self, window: &Window, patch: &Patch) -> String {
        let (judgements, points) = self.judge(window, patch, false);
        say::queue::added(self.settings, self.state, window, patch, (&judgements, &points), self.at)
    }

    /// What is open on one of several patches, nothing where all is well; and whether it would end too late, which is
    /// said of all of them in one line.
    fn open_text(&self, window: &Window, patch: &Patch) -> (Option<String>, bool) {
        if let Err(why) = decide::why_unknown(self.state, patch.change) {
            return (Some(say::queue::unknown_yet(why)), false);
        }
        let (mut judgements, points) = self.judge(window, patch, false);
        // Of a coupling it is said for both in lines of their own.
        judgements.retain(|judgement| judgement.rule != RuleId::Coupled);
        let count = judgements.len();
        judgements.retain(|judgement| {
            judgement.rule != RuleId::TimeBudget || judgement.verdict() != guidelines::Verdict::Warn
        });
        let short = say::queue::rules_in_short(self.settings, patch, &judgements, &points);
        ((short != say::queue::ALL_PASS).then_some(short), judgements.len() < count)
    }

    /// What follows for one patch; true where something did.
    fn follow_patch(&mut self, window: &Window, patch: &Patch) -> bool {
        if matches!(patch.stage, Stage::Live { .. } | Stage::RolledBack | Stage::Skipped { .. }) {
            return false;
        }
        let Some(facts) = self.state.last_facts(patch.change) else { return false };
        if facts.change.patch_set != patch.patch_set {
            self.new_patch_set(window, patch, facts);
            return true;
        }
        let merged = facts.change.status == Status::Merged;
        let review_or_merge = patch.is_at(|act| matches!(act, Act::Review | Act::Merge));
        if matches!(patch.stage, Stage::Queued) && merged && self.is_owed_anew(patch.change) {
            self.enter_ledger(window, patch, facts, Debt::MergedEarly);
            let who = lead_and_owner(window, patch);
            let text = say::run::merged_early(self.settings, window, patch);
            self.ping(window, &who, &text);
            return true;
        }
        if !matches!(patch.stage, Stage::Moving) {
            return false;
        }
        if window.rollback.is_none() && self.follow_health(window, patch) {
            return true;
        }
        if window.rollback.is_some() || !window.holds.is_empty() {
            // Nothing goes on, not even by evidence; but what is merged meanwhile is owed from now.
            let owed = merged && review_or_merge && !self.state.ledger.contains_key(&patch.change);
            if owed {
                self.enter_ledger(window, patch, facts, Debt::Merged);
            }
            return owed;
        }
        let Some((number, step)) = patch.current() else {
            self.live(window, patch);
            return true;
        };
        match step.act {
            Act::Review if self.review_is_full(window, patch) => {
                let patch = &self.plan_again(window, patch);
                self.close_step(window, patch, number, "the checklist is full");
                true
            }
            Act::Merge if merged => {
                self.merged(window, patch, facts, number);
                true
            }
            Act::Review if merged && !self.state.ledger.contains_key(&patch.change) => {
                self.enter_ledger(window, patch, facts, Debt::MergedEarly);
                let reason = say::run::merged_unreviewed(patch);
                self.hold_wrong_merge(window, patch, &reason);
                true
            }
            _ => false,
        }
    }

    /// Whether a merged change that waits is owed and not written down so: it is not where it is live already.
    fn is_owed_anew(&self, change: ChangeNumber) -> bool {
        let live = |window: &Window| {
            window.patch(change).is_some_and(|patch| matches!(patch.stage, Stage::Live { .. }))
        };
        !self.state.ledger.contains_key(&change) && !self.state.windows.values().any(live)
    }

    /// Whether the current step closes itself at once: then what comes next is said instead of it.
    pub(super) fn closes_now(&self, window: &Window, patch: &Patch) -> bool {
        patch.is_at(|act| *act == Act::Merge) && self.state.is_merged(patch.change)
            || patch.is_at(|act| *act == Act::Review) && self.review_is_full(window, patch)
    }

    fn review_is_full(&self, window: &Window, patch: &Patch) -> bool {
        // A new patch set may need what the one before did not; and what nobody knows is not full.
        if self.state.facts(patch.change).is_none() || self.may_pass_order(window, patch).is_err() {
            return false;
        }
        let (_, points) = self.judge(window, patch, true);
        points.iter().all(|point| !point.is_open())
    }

    /// A new patch set may have other files, and people may order them anew: the steps are laid out for what was read.
    pub(super) fn plan_again(&mut self, window: &Window, patch: &Patch) -> Patch {
        let mut patch = patch.clone();
        let Some(facts) = self.state.facts(patch.change) else { return patch };
        let mut steps = decide::steps_of(self.settings, self.state, facts, &patch);
        let same = steps.len() == patch.steps.len()
            && steps.iter().zip(&patch.steps).all(|(new, old)| new.act == old.act && new.path == old.path);
        if (same && !patch.is_outdated) || patch.touched_hosts() {
            return patch;
        }
        for (new, old) in steps.iter_mut().zip(&patch.steps) {
            // What was begun stays begun: a command at work would be started a second time.
            if new.act == old.act {
                new.done.clone_from(&old.done);
                new.failed.clone_from(&old.failed);
                new.begun = old.begun;
                new.going.clone_from(&old.going);
            }
        }
        self.record(Some(window.id()), Some(patch.change), Event::StepsPlanned { steps: steps.clone() });
        patch.steps = steps;
        patch
    }

    fn close_step(&mut self, window: &Window, patch: &Patch, number: u32, note: &str) {
        let event = Event::StepDone { step: number, patch_set: patch.patch_set, note: Some(note.to_owned()) };
        self.record(Some(window.id()), Some(patch.change), event);
        let after = decide::with_done(patch, number, &self.by.who, self.at);
        if !self.closes_now(window, &after) {
            self.prompt(window, &after, "");
        }
    }

    pub(super) fn enter_ledger(&mut self, window: &Window, patch: &Patch, facts: &Facts, debt: Debt) {
        let change = &facts.change;
        let event = Event::LedgerEntered(Owed {
            debt,
            project: change.project.clone(),
            branch: change.branch.clone(),
            revision: change.revision.clone(),
        });
        self.record(Some(window.id()), Some(patch.change), event);
    }

    /// The review system says MERGED: that is the proof the step waits for.
    fn merged(&mut self, window: &Window, patch: &Patch, facts: &Facts, number: u32) {
        let change = patch.change;
        let note = format!("MERGED, {}", facts.change.revision.get(..10).unwrap_or(&facts.change.revision));
        let event = Event::StepDone { step: number, patch_set: patch.patch_set, note: Some(note) };
        self.record(Some(window.id()), Some(change), event);
        let after = decide::with_done(patch, number, &self.by.who, self.at);
        // A revert with steps to come is in the code and not on the hosts: it is owed like any other patch.
        let is_through = after.current().is_none();
        if let Some(reverted) = kind::settles(facts, self.state).filter(|_| is_through) {
            self.revert_is_in(window, patch, reverted);
            return;
        }
        if !self.state.ledger.contains_key(&change) {
            self.enter_ledger(window, patch, facts, Debt::Merged);
        }
        let lead_in = format!("{change}{} merged", say::patch_set(patch));
        if after.current().is_some() {
            self.prompt(window, &after, &lead_in);
        }
    }

    /// A revert of what the hosts do not have needs no sync: with its merge, code and hosts agree again.
    fn revert_is_in(&mut self, window: &Window, patch: &Patch, reverted: ChangeNumber) {
        self.settle_reverted(window, reverted, patch.change);
        self.record(Some(window.id()), Some(patch.change), Event::Live);
        let after = self.after_these(window);
        let lead_in = format!("{} merged: code and hosts agree again, {reverted} is settled", patch.change);
        self.name_next(&after, &lead_in);
    }

    /// What is reverted is no debt any more, and where it still waits it would be merged and undeployed again at once.
    fn settle_reverted(&mut self, window: &Window, reverted: ChangeNumber, by: ChangeNumber) {
        let reason = format!("reverted by {by}");
        let event = Event::Settled { how: Settlement::Reverted, reason: reason.clone() };
        self.record(Some(window.id()), Some(reverted), event);
        for other in self.state.windows.values() {
            if other.patch(reverted).is_some_and(|patch| patch.stage == Stage::Queued) {
                let event = Event::Skipped { reason: reason.clone(), veto: false, rule: None };
                self.record(Some(other.id()), Some(reverted), event);
            }
        }
    }

    fn live(&mut self, window: &Window, patch: &Patch) {
        let change = patch.change;
        self.record(Some(window.id()), Some(change), Event::Live);
        if self.state.ledger.contains_key(&change) {
            let reason = "all its steps are done".to_owned();
            self.record(Some(window.id()), Some(change), Event::Settled { how: Settlement::Live, reason });
        }
        let facts = self.state.last_facts(change);
        if let Some(reverted) = facts.and_then(|facts| kind::settles(facts, self.state)) {
            self.settle_reverted(window, reverted, change);
        }
        let after = self.after_these(window);
        let mut lead_in = say::run::live(patch, self.at);
        let waits_for_this = window.declared.iter().filter(|order| order.before == change);
        for order in waits_for_this.filter(|order| window.waiting().any(|patch| patch.change == order.after))
        {
            if let Some(between) = order::between_them(self.state, change, order.after) {
                lead_in.push_str(&format!(". {}", say::coupled::until_the_other(&between, order.after)));
            }
        }
        if after.lead.is_some() {
            self.name_next(&after, &lead_in);
        } else {
            self.broadcast(window, &lead_in);
        }
    }

    /// The window as the records of this turn leave it: what comes next depends on them.
    fn after_these(&self, window: &Window) -> Window {
        let mut state = self.state.clone();
        self.out.records.iter().for_each(|record| state.apply(record));
        state.windows.remove(window.id()).unwrap_or_else(|| window.clone())
    }

    /// A new patch set: what people said of the old one does not hold for it, unless it has no new content (§4a.14).
    fn new_patch_set(&mut self, window: &Window, patch: &Patch, facts: &Facts) {
        let new = facts.change.patch_set;
        let old = patch.patch_set;
        let since = facts.change.patch_sets.iter().filter(|set| set.number > old && set.number <= new);
        let covered = since.clone().count() == new.saturating_sub(old) as usize;
        let kept = old > 0 && covered && since.clone().all(|set| set.kind != PatchSetKind::Rework);
        let first = old == 0;
        self.record(
            Some(window.id()),
            Some(patch.change),
            Event::PatchSetSeen { patch_set: new, kept: kept || first },
        );
        let mut after = patch.clone();
        after.patch_set = new;
        let past_merge =
            patch.current().is_some_and(|(_, step)| !matches!(step.act, Act::Review | Act::Merge));
        let merged = facts.change.status == Status::Merged;
        let wrong = matches!(patch.stage, Stage::Moving) && !kept && (merged || past_merge);
        if wrong {
            let reason = say::run::wrong_patch_set_merged(&after, old);
            self.hold_wrong_merge(window, &after, &reason);
            return;
        }
        if first {
            let text = self.added_text(window, &after);
            self.ping(window, &[patch.owner()], &format!("now known: {text}"));
            self.ask_of_patch(window, patch.change);
            return;
        }
        let text = say::queue::new_patch_set(self.state, &after, old, kept);
        let list = self.command(&format!("checklist {}", say::handle(patch)));
        let again = if kept { String::new() } else { format!(". Read it again: {list}") };
        let mut who = Vec::new();
        if matches!(patch.stage, Stage::Moving) || window.is_running() {
            who.extend(window.lead.as_ref().map(|lead| &lead.who));
        }
        if !who.contains(&patch.owner()) {
            who.push(patch.owner());
        }
        if kept {
            self.broadcast(window, &text);
        } else {
            self.ping(window, &who, &format!("{text}{again}"));
            let now = self.after_these(window);
            self.ask_of_patch(&now, patch.change);
        }
    }

    /// What is merged is not what was read: everything stops until somebody has looked.
    fn hold_wrong_merge(&mut self, window: &Window, patch: &Patch, reason: &str) {
        let hold = window.next_hold;
        let event = Event::Held { hold, reason: Some(reason.to_owned()), cause: Cause::WrongMerge };
        self.record(Some(window.id()), Some(patch.change), event);
        let who = lead_and_owner(window, patch);
        let text = say::run::read_what_is_merged(self.prefix(), patch, hold, reason);
        self.ping(window, &who, &text);
    }
}

/// Whoever leads must act, so they come first.
fn lead_and_owner<'w>(window: &'w Window, patch: &'w Patch) -> Vec<&'w Who> {
    let lead = window.lead.iter().map(|lead| &lead.who);
    lead.chain(Some(patch.owner()).filter(|owner| !window.led_by(owner))).collect()
}

/// What is to be said to an offer.
enum OfferVerdict {
    Fits,
    Refused(Refusal),
}

fn judge_offer(settings: &Settings, state: &State, offer: &Offer, at: At) -> OfferVerdict {
    let change = offer.change;
    let Some(window) = state.windows.get(&offer.window) else {
        return OfferVerdict::Refused(say::no::window_over(&offer.window.to_string()));
    };
    let known = state.known.get(&change);
    if let Some(Fault::NotFound) = known.and_then(|known| known.fault.as_ref()) {
        let text = format!(
            "there is no change {change} in the review system, or it is hidden from me. Check the number"
        );
        return OfferVerdict::Refused(Refusal::new("not-found", text));
    }
    let facts = decide::why_unknown(state, change);
    let merged = facts.is_ok_and(|facts| facts.change.status == Status::Merged);
    let granted = facts.ok().and_then(|facts| state.set_aside(change, facts.change.patch_set));
    let case = guidelines::Case {
        settings,
        state,
        window,
        at,
        change,
        facts,
        wish: &offer.wish,
        patch: None,
        starting: false,
        lead: window.lead.as_ref().map(|lead| &lead.who),
    };
    let judgements = guidelines::judge(&case);
    // Whoever names the original of a pick is told of the pick.
    let original = judgements.iter().find(|judgement| {
        judgement.rule == RuleId::LiveBranch && matches!(judgement.finding, Finding::Fail { .. })
    });
    if merged && let Some(judgement) = original {
        return OfferVerdict::Refused(say::queue::rule_refusal(judgement));
    }
    if merged && !state.ledger.contains_key(&change) {
        let text = format!(
            "{change} is merged already. If it is not deployed, say so in the log and ask its deployer"
        );
        return OfferVerdict::Refused(Refusal::new("merged", text));
    }
    let mut blocks = judgements.iter().filter(|judgement| {
        judgement.refuses_add()
            && !granted.is_some_and(|granted| granted.contains_key(&judgement.rule))
            && matches!(judgement.finding, Finding::Fail { .. })
    });
    let Some(first) = blocks.next() else { return OfferVerdict::Fits };
    let mut refusal = say::queue::rule_refusal(first);
    let others: Vec<&str> = blocks.map(|judgement| judgement.rule.word()).collect();
    if !others.is_empty() {
        refusal.text.push_str(&format!(" (also: {})", others.join(", ")));
    }
    OfferVerdict::Refused(refusal)
}
