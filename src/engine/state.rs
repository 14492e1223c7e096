//! All that is known and still open: the fold of the stored events. `apply` is the only thing that changes it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::event::{Cause, Debt, Event, Record, Wish};
use super::facts::{Facts, Fault, Status};
use super::guidelines::RuleId;
use super::id::{At, ChangeNumber, OccurrenceId, RoomId, RowId, Who};
use super::patch::{Check, FileOrder, Override, Patch, Stage};
use super::plan::{Act, Done};
use super::window::{Declared, Hold, Lead, Phase, Rollback, Window};

/// What the bot believes. Two states made from the same events are equal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The number of the last row.
    pub row: i64,
    /// The occurrences that are not over.
    pub windows: BTreeMap<OccurrenceId, Window>,
    /// What the review system said of every change that is still of interest.
    pub known: BTreeMap<ChangeNumber, Known>,
    /// What is merged and not deployed.
    pub ledger: BTreeMap<ChangeNumber, Entry>,
    /// Patches of closed occurrences that nobody has moved yet, with their checks.
    pub left: BTreeMap<ChangeNumber, Left>,
    /// Holds that their occurrence ended with: the next one in the same room begins with them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<StandingHold>,
    /// Freezes that are not over.
    pub freezes: Vec<Freeze>,
    /// The number of the next freeze.
    pub next_freeze: u32,
    /// Offers that wait for the review system.
    pub offers: Vec<Offer>,
    /// Occurrences that were closed and whose time is not long past, with their end: they do not open again.
    pub closed: BTreeMap<OccurrenceId, At>,
    /// Rules that were set aside for changes which are not queued yet.
    pub granted: BTreeMap<ChangeNumber, BTreeMap<RuleId, Override>>,
}

/// What is known of a change, and whether the last question was answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Known {
    /// The last answer.
    pub facts: Option<Facts>,
    /// When it, or the fault, came.
    pub at: At,
    /// What went wrong the last time, where it did.
    pub fault: Option<Fault>,
}

/// A change that is merged and not deployed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Why.
    pub debt: Debt,
    /// Its repository.
    pub project: String,
    /// Its branch.
    pub branch: String,
    /// Its commit.
    pub revision: String,
    /// Since.
    pub at: At,
    /// In this occurrence.
    pub window: Option<OccurrenceId>,
}

/// A patch that its occurrence ended without.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// The patch as it was.
    pub patch: Patch,
    /// The occurrence.
    pub window: OccurrenceId,
    /// When that ended.
    pub at: At,
}

/// A hold that outlived its occurrence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingHold {
    /// The hold.
    pub hold: Hold,
    /// Where it was set.
    pub rooms: Vec<RoomId>,
}

/// A time without deployments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    /// Said as `F1`.
    pub number: u32,
    /// From.
    pub from: At,
    /// To.
    pub to: At,
    /// Why.
    pub reason: String,
    /// By whom.
    pub by: Who,
}

/// Somebody asked to have a change in a window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Which change.
    pub change: ChangeNumber,
    /// In which occurrence.
    pub window: OccurrenceId,
    /// What was asked for.
    pub wish: Wish,
    /// By whom.
    pub by: Who,
    /// The account they spoke with.
    pub account: Option<String>,
    /// On this network.
    pub network: Option<String>,
    /// In this room; `None` in private.
    pub room: Option<RoomId>,
    /// When.
    pub at: At,
    /// The row of the offer.
    pub row: RowId,
}

impl State {
    /// The number that the next row will have.
    pub fn next_row(&self) -> RowId {
        RowId(self.row + 1)
    }

    /// The facts of a change, where the last question was answered.
    pub fn facts(&self, change: ChangeNumber) -> Option<&Facts> {
        self.known.get(&change).filter(|known| known.fault.is_none()).and_then(|known| known.facts.as_ref())
    }

    /// The last facts of a change, even where a later question was not answered: good for a title, not for a rule.
    pub fn last_facts(&self, change: ChangeNumber) -> Option<&Facts> {
        self.known.get(&change).and_then(|known| known.facts.as_ref())
    }

    /// Takes in one stored event. It cannot fail and looks at nothing else (I4).
    pub fn apply(&mut self, record: &Record) {
        self.row += 1;
        let at = record.at;
        let who = &record.by.who;
        match &record.event {
            Event::Logged
            | Event::Amended { .. }
            | Event::Refused { .. }
            | Event::Asked { .. }
            | Event::Started => {}
            Event::Carried { state } => {
                let row = self.row;
                *self = (**state).clone();
                self.row = row;
            }
            Event::FactsSeen { facts } => {
                let known = Known { facts: Some((**facts).clone()), at, fault: None };
                self.known.insert(facts.change.number, known);
            }
            Event::LookupFailed { fault } => {
                if let Some(change) = record.change {
                    let facts = self.known.remove(&change).and_then(|known| known.facts);
                    self.known.insert(change, Known { facts, at, fault: Some(fault.clone()) });
                }
            }
            Event::WindowPlanned { occurrence } => {
                let window = Window::new(occurrence.clone());
                self.windows.entry(occurrence.id.clone()).or_insert(window);
            }
            Event::Offered { wish } => {
                if let (Some(change), Some(window)) = (record.change, &record.window) {
                    self.offers.push(Offer {
                        change,
                        window: window.clone(),
                        wish: wish.clone(),
                        by: who.clone(),
                        account: record.by.account.clone(),
                        network: record.by.network.clone(),
                        room: record.by.room.clone(),
                        at,
                        row: RowId(self.row),
                    });
                }
            }
            Event::OfferClosed { .. } => self.close_offer(record),
            Event::LedgerEntered { debt, project, branch, revision } => {
                if let Some(change) = record.change {
                    let entry = Entry {
                        debt: *debt,
                        project: project.clone(),
                        branch: branch.clone(),
                        revision: revision.clone(),
                        at,
                        window: record.window.clone(),
                    };
                    self.ledger.insert(change, entry);
                }
            }
            Event::Settled { .. } => {
                if let Some(change) = record.change {
                    self.ledger.remove(&change);
                }
            }
            Event::Frozen { freeze, from, to, reason } => {
                self.next_freeze = freeze + 1;
                self.freezes.retain(|old| old.to > at);
                self.freezes.push(Freeze {
                    number: *freeze,
                    from: *from,
                    to: *to,
                    reason: reason.clone(),
                    by: who.clone(),
                });
            }
            Event::Thawed { freeze } => self.freezes.retain(|other| other.number != *freeze),
            Event::WindowClosed { left, .. } => self.close_window(record, left),
            Event::Moved { to, ticket } => self.move_patch(record, to, *ticket),
            Event::Added { ticket, patch_set, wish, first } => {
                self.add_patch(record, *ticket, *patch_set, wish, *first);
            }
            Event::Overridden { rule, reason, .. } if record.window.is_none() => {
                if let Some(change) = record.change {
                    let aside = Override { by: who.clone(), reason: reason.clone() };
                    self.granted.entry(change).or_default().insert(*rule, aside);
                }
            }
            _ => {
                if let Some(window) = record.window.as_ref().and_then(|id| self.windows.get_mut(id)) {
                    apply_to_window(window, record);
                    if let Event::WindowStarted { .. } = record.event {
                        take_over_holds(window, &mut self.held, at);
                    }
                }
            }
        }
    }

    fn close_offer(&mut self, record: &Record) {
        self.offers.retain(|offer| {
            Some(offer.change) != record.change || Some(&offer.window) != record.window.as_ref()
        });
    }

    fn add_patch(&mut self, record: &Record, ticket: u32, patch_set: u32, wish: &Wish, first: bool) {
        self.close_offer(record);
        let Some(change) = record.change else { return };
        let Some(window) = record.window.as_ref().and_then(|id| self.windows.get_mut(id)) else { return };
        self.left.remove(&change);
        let mut patch = Patch::new(change, ticket, wish.clone(), patch_set, record.at);
        patch.overrides = self.granted.remove(&change).unwrap_or_default();
        if record.by.who == wish.owner {
            // Whoever offers their own patch is here: nobody is asked for what they have just shown.
            window.presence.entry(wish.owner.clone()).or_default().answer = Some((record.at, true));
        }
        place(window, patch, ticket, first);
    }

    fn move_patch(&mut self, record: &Record, to: &OccurrenceId, ticket: u32) {
        let Some(change) = record.change else { return };
        let from_queue = record.window.as_ref().and_then(|id| self.windows.get_mut(id)).and_then(|window| {
            window.places.retain(|other| *other != change);
            let index = window.patches.iter().position(|patch| patch.change == change)?;
            Some(window.patches.remove(index))
        });
        let from_left = self.left.remove(&change).map(|left| left.patch);
        let Some(mut patch) = from_queue.or(from_left) else { return };
        patch.ticket = ticket;
        patch.stage = Stage::Queued;
        patch.steps.clear();
        patch.started = None;
        patch.slid = false;
        if let Some(window) = self.windows.get_mut(to) {
            place(window, patch, ticket, false);
        }
    }

    fn close_window(&mut self, record: &Record, left: &[ChangeNumber]) {
        let Some(window) = record.window.as_ref().and_then(|id| self.windows.remove(id)) else { return };
        self.offers.retain(|offer| Some(&offer.window) != record.window.as_ref());
        self.closed.insert(window.occurrence.id.clone(), window.occurrence.ends);
        // A silent lead is nobody's hold any more once the occurrence is over.
        let outlives = window.holds.iter().filter(|hold| hold.cause != Cause::LeadSilent);
        let rooms = &window.occurrence.rooms;
        self.held.extend(outlives.map(|hold| StandingHold { hold: hold.clone(), rooms: rooms.clone() }));
        for patch in window.patches {
            if left.contains(&patch.change) {
                let window = window.occurrence.id.clone();
                self.left.insert(patch.change, Left { patch, window, at: record.at });
            }
        }
        self.forget_the_past(record.at);
    }

    /// Drops what no later decision can need, so that the state does not grow with the log.
    fn forget_the_past(&mut self, at: At) {
        self.left.retain(|_, left| at - left.at < chrono::TimeDelta::days(14));
        self.freezes.retain(|freeze| freeze.to > at);
        self.closed.retain(|_, ends| at - *ends < chrono::TimeDelta::days(2));
        self.granted.clear();
        let mut wanted: Vec<ChangeNumber> = self.ledger.keys().chain(self.left.keys()).copied().collect();
        wanted.extend(self.offers.iter().map(|offer| offer.change));
        for window in self.windows.values() {
            wanted.extend(window.patches.iter().map(|patch| patch.change));
        }
        self.known.retain(|change, _| wanted.contains(change));
    }

    /// The occurrence in which this change takes part or was skipped, the open one first.
    pub fn window_of(&self, change: ChangeNumber) -> Option<&Window> {
        let mut holding: Vec<&Window> =
            self.windows.values().filter(|window| window.patch(change).is_some()).collect();
        holding.sort_by_key(|window| (!window.is_on(), window.occurrence.starts));
        holding.first().copied()
    }

    /// Whether the review system says that the change is merged. It never takes that back.
    pub fn is_merged(&self, change: ChangeNumber) -> bool {
        self.last_facts(change).is_some_and(|facts| facts.change.status == Status::Merged)
    }
}

fn take_over_holds(window: &mut Window, held: &mut Vec<StandingHold>, at: At) {
    let (here, elsewhere) = std::mem::take(held)
        .into_iter()
        .partition(|held| held.rooms.iter().any(|room| window.occurrence.rooms.contains(room)));
    *held = elsewhere;
    let here: Vec<StandingHold> = here;
    for StandingHold { hold, .. } in here {
        window.holds.push(Hold { number: window.next_hold, named: at, ..hold });
        window.next_hold += 1;
    }
}

fn place(window: &mut Window, patch: Patch, ticket: u32, first: bool) {
    let change = patch.change;
    window.next_ticket = window.next_ticket.max(ticket + 1);
    window.places.retain(|other| *other != change);
    window.patches.retain(|other| other.change != change);
    window.patches.push(patch);
    window.patches.sort_by_key(|patch| patch.ticket);
    if first {
        let taken = |other: &ChangeNumber| {
            window.patch(*other).is_some_and(|patch| !matches!(patch.stage, Stage::Queued))
        };
        let place = window.places.iter().take_while(|other| taken(other)).count();
        window.places.insert(place, change);
    } else {
        window.places.push(change);
    }
}

fn apply_to_window(window: &mut Window, record: &Record) {
    let at = record.at;
    let who = &record.by.who;
    if let Some(lead) = &mut window.lead
        && lead.who == *who
    {
        lead.heard = at;
    }
    match &record.event {
        Event::LeadSpoke => {}
        Event::Reminded { minutes } => window.reminded.push(*minutes),
        Event::WindowStarted { asked } => {
            window.phase = Phase::On { since: at };
            ask(window, asked, at);
        }
        Event::Pinged { who } => ask(window, who, at),
        Event::Claimed { .. } => {
            window.lead = Some(Lead { who: who.clone(), heard: at, handover: None });
            window.given_up = None;
        }
        Event::Unclaimed => {
            window.lead = None;
            window.given_up = Some(at);
        }
        Event::LeadNagged => window.nagged = Some(at),
        Event::HandoverOffered { to } => {
            if let Some(lead) = &mut window.lead {
                lead.handover = Some(to.clone());
            }
        }
        Event::RunStarted => {
            let since = match window.phase {
                Phase::On { since } | Phase::Running { since } => since,
                Phase::Planned => at,
            };
            window.phase = Phase::Running { since };
        }
        Event::Extended { until } => {
            window.occurrence.ends = *until;
            window.near_end = false;
            window.time_up = false;
        }
        Event::Limited { limit } => window.occurrence.limit = *limit,
        Event::NearEnd => window.near_end = true,
        Event::TimeUp => window.time_up = true,
        Event::Placed { places } => window.places.clone_from(places),
        Event::Ordered { before, after } => {
            forget_order(window, *before, *after);
            window.independent.retain(|pair| !same_pair(*pair, *before, *after));
            window.declared.push(Declared { before: *before, after: *after, by: who.clone(), at });
        }
        Event::Independent { a, b } => {
            forget_order(window, *a, *b);
            window.independent.push((*a, *b));
        }
        Event::Here | Event::Away => {
            let here = matches!(record.event, Event::Here);
            window.presence.entry(who.clone()).or_default().answer = Some((at, here));
            if here {
                window.unsaid.push(who.clone());
                window.unsaid_since.get_or_insert(at);
            }
        }
        Event::HereSaid => {
            window.unsaid.clear();
            window.unsaid_since = None;
        }
        Event::Slid { changes } => {
            window.places.retain(|change| !changes.contains(change));
            window.places.extend(changes);
            for change in changes {
                if let Some(patch) = window.patch_mut(*change) {
                    patch.slid = true;
                }
            }
        }
        Event::Held { hold, reason, cause } => {
            window.next_hold = hold + 1;
            window.holds.push(Hold {
                number: *hold,
                by: who.clone(),
                at,
                reason: reason.clone(),
                cause: *cause,
                named: at,
            });
        }
        Event::HoldExplained { hold, reason } => {
            for held in window.holds.iter_mut().filter(|held| held.number == *hold) {
                held.reason = Some(reason.clone());
            }
        }
        Event::HoldNagged { hold } => {
            for held in window.holds.iter_mut().filter(|held| held.number == *hold) {
                held.named = at;
            }
        }
        Event::Resumed { hold, .. } => {
            window.holds.retain(|held| held.number != *hold);
            window.resumed = Some(at);
        }
        Event::RollbackStarted { steps, reason } => {
            window.rollback =
                Some(Rollback { by: who.clone(), at, reason: reason.clone(), steps: steps.clone() });
            window.advanced = Some(at);
        }
        Event::BackStepDone { step, .. } => {
            window.advanced = Some(at);
            change_back_step(window, *step, |step| {
                step.done = true;
                step.failed = None;
            });
        }
        Event::BackStepFailed { step, why } => {
            change_back_step(window, *step, |step| step.failed = Some(why.clone()));
        }
        Event::BackStepRetried { step } => change_back_step(window, *step, |step| step.failed = None),
        Event::RolledBack { changes } => {
            window.rollback = None;
            for change in changes {
                if let Some(patch) = window.patch_mut(*change) {
                    patch.stage = Stage::RolledBack;
                }
                if window.motion == Some(*change) {
                    window.motion = None;
                }
            }
        }
        Event::PatchStarted { .. }
        | Event::PutBack
        | Event::Live
        | Event::Skipped { .. }
        | Event::Removed { .. } => {
            apply_to_queue(window, record);
        }
        Event::StepDone { .. } => {
            if record.by.network.is_some() {
                window.advanced = Some(at);
            }
            apply_to_patch(window, record);
        }
        _ => apply_to_patch(window, record),
    }
}

/// What puts a patch in motion, or takes it out of motion or out of the queue.
fn apply_to_queue(window: &mut Window, record: &Record) {
    let Some(change) = record.change else { return };
    if window.motion == Some(change) {
        window.motion = None;
    }
    if let Event::Removed { .. } = record.event {
        window.places.retain(|other| *other != change);
        window.patches.retain(|patch| patch.change != change);
        return;
    }
    if let Event::PatchStarted { .. } = record.event {
        window.motion = Some(change);
    }
    apply_to_patch(window, record);
}

fn apply_to_patch(window: &mut Window, record: &Record) {
    let at = record.at;
    let who = &record.by.who;
    let Some(patch) = record.change.and_then(|change| window.patch_mut(change)) else { return };
    match &record.event {
        Event::PutBack => {
            let change = patch.change;
            patch.stage = Stage::Queued;
            window.places.retain(|other| *other != change);
            window.places.push(change);
        }
        Event::FilesOrdered { files, .. } => {
            patch.files = Some(FileOrder { files: files.clone(), by: who.clone() });
        }
        Event::Checked { item, note, not_needed, .. } => {
            let check = Check { by: who.clone(), at, note: note.clone(), not_needed: *not_needed };
            patch.checks.insert(item.clone(), check);
        }
        Event::Unchecked { item } => {
            patch.checks.remove(item);
        }
        Event::Overridden { rule, reason, .. } => {
            patch.overrides.insert(*rule, Override { by: who.clone(), reason: reason.clone() });
        }
        Event::PatchSetSeen { patch_set, kept } => {
            patch.patch_set = *patch_set;
            if !kept {
                // Only new content can cross a word on its way.
                patch.patch_set_at = at;
                patch.checks.clear();
                patch.overrides.clear();
                patch.files = None;
                for step in patch.steps.iter_mut().filter(|step| step.act == Act::Review) {
                    step.done = None;
                }
            }
        }
        Event::PatchStarted { steps } => {
            patch.stage = Stage::Moving;
            patch.steps.clone_from(steps);
            patch.started = Some(at);
            patch.step_since = Some(at);
            patch.nagged = None;
        }
        Event::StepsPlanned { steps } => patch.steps.clone_from(steps),
        Event::StepDone { step, patch_set, note } => {
            let done = Done { by: who.clone(), at, patch_set: *patch_set, note: note.clone() };
            if let Some(step) = step_mut(patch, *step) {
                step.done = Some(done);
                step.failed = None;
            }
            patch.step_since = Some(at);
            patch.nagged = None;
        }
        Event::StepFailed { step, why } => {
            if let Some(step) = step_mut(patch, *step) {
                step.failed = Some(why.clone());
                step.begun = true;
            }
        }
        Event::StepRetried { step } => {
            if let Some(step) = step_mut(patch, *step) {
                step.failed = None;
            }
            patch.step_since = Some(at);
        }
        Event::Nagged { .. } => patch.nagged = Some(at),
        Event::Live => patch.stage = Stage::Live { at },
        Event::Skipped { reason, veto, .. } => {
            patch.stage = Stage::Skipped { reason: reason.clone(), veto: *veto, by: who.clone() };
        }
        _ => {}
    }
}

fn step_mut(patch: &mut Patch, number: u32) -> Option<&mut super::plan::Step> {
    patch.steps.get_mut((number as usize).checked_sub(1)?)
}

fn change_back_step(window: &mut Window, number: u32, change: impl FnOnce(&mut super::event::BackStep)) {
    let step = window
        .rollback
        .as_mut()
        .and_then(|rollback| rollback.steps.get_mut((number as usize).checked_sub(1)?));
    if let Some(step) = step {
        change(step);
    }
}

fn ask(window: &mut Window, who: &[Who], at: At) {
    for person in who {
        window.presence.entry(person.clone()).or_default().asked.push(at);
    }
}

fn forget_order(window: &mut Window, a: ChangeNumber, b: ChangeNumber) {
    window.declared.retain(|order| !same_pair((order.before, order.after), a, b));
}

fn same_pair(pair: (ChangeNumber, ChangeNumber), a: ChangeNumber, b: ChangeNumber) -> bool {
    pair == (a, b) || pair == (b, a)
}
