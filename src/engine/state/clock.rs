//! The clock of what is bad: what begins it, what is decided, and what ends it.

use super::in_window::apply_to_window;
use crate::engine::event::{Author, BackStep, Cause, Event, Record, Sampled, Went, Wish};
use crate::engine::health::{Verdict, checks_of};
use crate::engine::id::{At, ChangeNumber, OccurrenceId, Who};
use crate::engine::incident::{Begun, Incident, Looks};
use crate::engine::log::Row;
use crate::engine::patch::Patch;
use crate::engine::plan::{Act, Step};
use crate::engine::window::{Occurrence, Window};

/// Keeps the clock of what is bad.
pub(super) fn apply_to_clock(window: &mut Window, record: &Record) {
    let at = record.at;
    match &record.event {
        Event::HealthJudged { verdict: Verdict::Unhealthy, since, .. } => {
            let bad = record.change.and_then(|change| window.patch(change));
            let since = since.or_else(|| bad.and_then(|patch| patch.health.first_bad()));
            begin(window, record, Begun::Check, since.unwrap_or(at));
        }
        Event::Broken { .. } => begin(window, record, Begun::Word, at),
        // Tried again is a decision too, until it is bad again.
        Event::StepRetried { .. } => {
            if let Some(incident) = going_forward(window).filter(|it| Some(it.change) == record.change) {
                incident.decided = Some(at);
            }
        }
        Event::HealthJudged { verdict: Verdict::Healthy, step, since, .. } => {
            let since = since.unwrap_or(at);
            let judged = record.change.and_then(|change| window.patch(change));
            let step = judged.and_then(|patch| patch.steps.get((*step as usize).checked_sub(1)?));
            let checks = step.map_or(&[][..], Step::checks);
            let is_same = |it: &Incident| Some(it.change) == record.change && it.off.is_none();
            // What went back is healthy again by all that looked at it: another patch may be looked at by other checks.
            let saw_all = |it: &Incident| {
                it.off.is_some() && !it.looks.is_empty() && it.looks.keys().all(|id| checks.contains(id))
            };
            let ends = window.incident.as_ref().is_some_and(|it| is_same(it) || saw_all(it));
            if ends && window.rollback.is_none() {
                is_over(window, at, Some(since));
            }
        }
        Event::HealthOverridden { .. } => {
            if let Some(incident) = going_forward(window) {
                incident.decided = Some(at);
                is_over(window, at, None);
            }
        }
        Event::Resumed { hold, .. } if is_taken_back(window, *hold) => is_over(window, at, Some(at)),
        Event::RollbackStarted { steps, .. } => take_back(window, record, steps),
        Event::RolledBack { changes } => {
            if let Some(mut incident) = window.incident.take() {
                incident.off.get_or_insert(at);
                // An older program did not keep which checks look at it.
                let patches = window.patches.iter().filter(|patch| changes.contains(&patch.change));
                patches.for_each(|patch| look(&mut incident, patch));
                window.incident = Some(incident);
                // Where nothing else can tell, it is well again when it is off.
                if window.incident.as_ref().is_some_and(|it| it.looks.is_empty()) {
                    is_over(window, at, Some(at));
                }
            }
        }
        Event::Sampled(Sampled { check, verdict, .. }) => {
            let back = window.incident.as_mut().filter(|it| it.off.is_some());
            let back = back.filter(|it| Some(it.change) == record.change);
            if let Some(looks) = back.and_then(|it| it.looks.get_mut(check))
                && *verdict != Verdict::Unknown
            {
                looks.take(at, *verdict == Verdict::Healthy);
            }
        }
        Event::Restored { clock: Some(clock), .. } => {
            window.incident = None;
            window.incidents.push(clock.clone());
        }
        Event::Restored { clock: None, .. } => is_over(window, at, Some(at)),
        _ => {}
    }
}

/// What is bad on the way forward: nothing of it goes back.
fn going_forward(window: &mut Window) -> Option<&mut Incident> {
    let is_back = window.rollback.is_some();
    window.incident.as_mut().filter(|it| !is_back && it.off.is_none())
}

/// Something is bad, as a check or a person says.
fn begin(window: &mut Window, record: &Record, begun: Begun, first: At) {
    let Some(change) = record.change else { return };
    if window.rollback.is_some() && window.incident.is_some() {
        return;
    }
    if let Some(incident) = going_forward(window) {
        // What was decided has not helped.
        if incident.change == change {
            incident.decided = None;
        }
        return;
    }
    open(window, change, begun, first, record.at);
}

/// Opens a clock. One that waits to be healthy again is over without that: something else is bad now.
fn open(window: &mut Window, change: ChangeNumber, begun: Begun, first: At, at: At) {
    if let Some(before) = window.incident.take() {
        close(window, before, None);
    }
    let Some(patch) = window.patch(change) else { return };
    let mut incident = Incident {
        change,
        stages: Vec::new(),
        out: None,
        begun,
        first,
        told: at,
        decided: None,
        off: None,
        restored: None,
        is_measured: patch.is_automatic(),
        looks: Default::default(),
    };
    add(&mut incident, patch);
    // What was seen since this one went out is no measure of what is normal, for itself or for any other.
    if let Some(started) = patch.started {
        window.clean.retain(|_, (_, taken)| *taken <= started);
    }
    for other in window.patches.iter_mut().filter(|other| other.change != change && !other.touched_hosts()) {
        other.health.baseline.clear();
    }
    window.incident = Some(incident);
}

/// Takes in where a patch is, and which checks look at it.
fn add(incident: &mut Incident, patch: &Patch) {
    let current = patch.current().map(|(number, _)| number);
    for (number, step) in (1..).zip(&patch.steps) {
        if let Act::Sync { stage, .. } = &step.act
            && step.is_on_hosts(current == Some(number))
        {
            incident.out = incident.out.max(step.done.as_ref().map(|done| done.at));
            if !incident.stages.contains(stage) {
                incident.stages.push(stage.clone());
            }
        }
    }
    look(incident, patch);
}

/// The checks of a patch tell when it is healthy again.
fn look(incident: &mut Incident, patch: &Patch) {
    for check in checks_of(patch) {
        let before = patch.health.baseline.get(check).copied();
        incident.looks.entry(check.clone()).or_insert(Looks { before, good: Vec::new() });
    }
}

/// Something goes back: for what is bad already, or for a reason that nobody gave before.
fn take_back(window: &mut Window, record: &Record, steps: &[BackStep]) {
    let at = record.at;
    let first = window.rollback.is_none();
    let Some(change) = record.change.or_else(|| steps.last().map(|step| step.change)) else { return };
    if window.incident.as_ref().is_none_or(|it| first && it.off.is_some()) {
        open(window, change, Begun::Rollback, at, at);
    }
    let patches = window.patches.iter().filter(|patch| steps.iter().any(|step| step.change == patch.change));
    let patches: Vec<Patch> = patches.cloned().collect();
    let Some(incident) = &mut window.incident else { return };
    // Whatever was said to be bad, this is what is taken back for it.
    if !patches.iter().any(|patch| patch.change == incident.change) {
        incident.change = change;
    }
    let out = incident.out;
    patches.iter().for_each(|patch| add(incident, patch));
    incident.out = out.or(incident.out);
    if first {
        incident.decided = Some(at);
    }
}

/// Whether the hold that is lifted is what is left of the word that something is broken: then it was something else.
fn is_taken_back(window: &Window, hold: u32) -> bool {
    let is_broken =
        |number: u32| window.holds.iter().any(|hold| hold.number == number && hold.cause == Cause::Broken);
    let others = window.holds.iter().any(|other| other.number != hold && other.cause == Cause::Broken);
    let is_open = |it: &Incident| it.begun == Begun::Word && it.off.is_none();
    let judged = window.moving().and_then(|patch| patch.health.said);
    is_broken(hold)
        && !others
        && window.rollback.is_none()
        && judged != Some(Verdict::Unhealthy)
        && window.incident.as_ref().is_some_and(is_open)
}

fn is_over(window: &mut Window, at: At, restored: Option<At>) {
    if let Some(mut incident) = window.incident.take() {
        incident.decided.get_or_insert(at);
        let restored = restored.map(|restored| restored.max(incident.off.unwrap_or(incident.first)));
        close(window, incident, restored);
    }
}

fn close(window: &mut Window, mut incident: Incident, restored: Option<At>) {
    incident.restored = restored;
    incident.looks.clear();
    window.incidents.push(incident);
}

/// An occurrence as its rows tell it, for its clocks: the same that the state had. What stands in other rows than its
/// own is not in it.
#[derive(Clone, Debug)]
pub struct Retold(Window);

impl Retold {
    /// Before its first row.
    pub fn new(id: OccurrenceId, at: At) -> Self {
        let (name, rooms) = (String::new(), Vec::new());
        Self(Window::new(Occurrence { id, name, starts: at, ends: at, limit: 0, rooms }))
    }

    /// Takes in one more row.
    pub fn take(&mut self, row: &Row, event: &Event) {
        let window = &mut self.0;
        if let Some(change) = row.change.filter(|change| window.patch(*change).is_none()) {
            let wish = Wish { owner: Who(String::new()), urgent: None, test: None, note: None };
            window.patches.push(Patch::new(change, 0, wish, 0, row.at));
        }
        let network = Some(row.network.clone()).filter(|network| !network.is_empty());
        let by = Author { network, room: None, who: Who(row.actor.clone()), account: None };
        let (at, change) = (row.at, row.change);
        let (event, text) = (event.clone(), String::new());
        let record = Record { at, by, window: None, change, outcome: Went::Ok, text, event };
        apply_to_window(window, &record, row.id);
    }

    /// What was bad, oldest first; the last may not be over.
    pub fn incidents(&self) -> Vec<Incident> {
        self.0.incidents.iter().chain(&self.0.incident).cloned().collect()
    }
}
