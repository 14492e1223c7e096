//! Everything that waits for a time: one list of what is due when. The loop wakes for the first, `tick` does what is due.

mod patch;

use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::decide::{self, Turn};
use super::event::{Absence, Cause, Ending, Event};
use super::facts::Fault;
use super::guidelines::RuleId;
use super::health;
use super::id::{At, ChangeNumber, OccurrenceId, Who};
use super::patch::{Patch, Stage};
use super::plan::Act;
use super::say;
use super::settings::Settings;
use super::state::{Offer, State};
use super::window::{Gone, Occurrence, Phase, Window};
use super::{Outcome, Want, order, schedule, words};

/// A window that began this long ago is opened without an announcement: only what starts now is announced.
const STILL_STARTING: TimeDelta = TimeDelta::minutes(5);

/// The review system may be silent this long in the merge step before the lead is told.
const BLIND_FOR: TimeDelta = TimeDelta::minutes(2);

/// How long the facts of a waiting patch may be old while its window is on, and while it is not.
const FRESH_IN_WINDOW: TimeDelta = TimeDelta::seconds(60);
const FRESH_BEFORE: TimeDelta = TimeDelta::minutes(10);
/// How often the review system is asked about the patch in motion.
const FRESH_IN_MOTION: TimeDelta = TimeDelta::seconds(10);

/// Something that is to be done at a time.
#[derive(Clone, Debug, PartialEq)]
enum Due {
    Remind(OccurrenceId, i64),
    Open(Occurrence),
    SayWhoIsHere(OccurrenceId),
    Slide(OccurrenceId),
    LastStart(OccurrenceId),
    NearEnd(OccurrenceId),
    TimeUp(OccurrenceId),
    Close(OccurrenceId),
    NoShow(OccurrenceId),
    LeadSilent(OccurrenceId),
    /// The lead is gone while something moves or waits.
    LeadGone(OccurrenceId),
    /// Nothing is in motion, patches wait, and the lead says nothing.
    GoOn(OccurrenceId),
    /// The owner of the next patch was asked at its turn and says nothing.
    TurnOver(OccurrenceId),
    Nag(OccurrenceId, ChangeNumber, u32),
    Watched(OccurrenceId, ChangeNumber, u32),
    NameHold(OccurrenceId, u32),
    /// The countdown of a rollback is said again.
    CountDown(OccurrenceId, ChangeNumber),
    /// It is over.
    GoBack(OccurrenceId, ChangeNumber),
    GiveUpLookup(ChangeNumber),
    /// Nothing to do but to look again: evidence comes with time.
    Look,
}

impl Due {
    /// Whether it would only say something about, or rearrange, a window of these.
    fn is_notice_of(&self, over: &[OccurrenceId]) -> bool {
        match self {
            Self::Remind(id, _)
            | Self::SayWhoIsHere(id)
            | Self::Slide(id)
            | Self::LastStart(id)
            | Self::NearEnd(id)
            | Self::TimeUp(id)
            | Self::LeadGone(id)
            | Self::NameHold(id, _) => over.contains(id),
            _ => false,
        }
    }
}

/// When the next thing is due, if anything is: the loop sleeps until then.
pub fn wake(settings: &Settings, state: &State, at: At) -> Option<At> {
    list(settings, state, at).into_iter().map(|(when, _)| when).min()
}

/// Does what is due. A timer that fires leaves an event behind, so that it does not fire again.
pub(super) fn tick(settings: &Settings, state: &State, at: At) -> Outcome {
    let mut due = list(settings, state, at);
    due.retain(|(when, what)| *when <= at && *what != Due::Look);
    // What ends now, after a time in which nobody was there, is not announced to end first.
    let over: Vec<OccurrenceId> = due
        .iter()
        .filter_map(|(_, what)| if let Due::Close(id) = what { Some(id.clone()) } else { None })
        .collect();
    due.retain(|(_, what)| !what.is_notice_of(&over));
    due.sort_by_key(|(when, _)| *when);
    let mut turn = Turn::of_bot(settings, state, at);
    // One at a time: what comes next is decided on the state that this one leaves behind.
    if let Some((_, first)) = due.into_iter().next() {
        turn.due(&first);
    }
    turn.out
}

/// The changes that the review system should be asked about, and how often.
pub fn wants(settings: &Settings, state: &State) -> Vec<Want> {
    let mut wants: Vec<Want> = state
        .offers
        .iter()
        .map(|offer| Want { change: offer.change, since: Some(offer.at), every: settings.timers.lookup / 4 })
        .collect();
    let mut wanted: BTreeSet<ChangeNumber> = wants.iter().map(|want| want.change).collect();
    for window in state.windows.values() {
        for patch in &window.patches {
            let every = match patch.stage {
                Stage::Moving => FRESH_IN_MOTION,
                Stage::Queued if window.is_on() => FRESH_IN_WINDOW,
                Stage::Queued => FRESH_BEFORE,
                Stage::Live { .. } | Stage::Skipped { .. } | Stage::RolledBack => continue,
            };
            if wanted.insert(patch.change) {
                wants.push(Want { change: patch.change, since: None, every });
            }
        }
    }
    wants
}

fn list(settings: &Settings, state: &State, at: At) -> Vec<(At, Due)> {
    let timers = &settings.timers;
    let mut due = Vec::new();
    let ahead = timers.reminders.iter().copied().max().unwrap_or_default() + TimeDelta::days(1);
    for occurrence in schedule::between(settings, at, at + ahead) {
        let known = state.windows.get(&occurrence.id);
        if known.is_some() || state.closed.contains_key(&occurrence.id) {
            continue;
        }
        let frozen =
            state.freezes.iter().any(|freeze| freeze.from < occurrence.ends && freeze.to > occurrence.starts);
        if schedule::no_deploy_day(&settings.policy, &occurrence).is_none() && !frozen {
            due.push((occurrence.starts, Due::Open(occurrence)));
        }
    }
    // What was given up is not given up again: the rest of its line may still be waited for.
    let unanswered = |offer: &&Offer| state.known.get(&offer.change).is_none_or(|known| known.at < offer.at);
    for offer in state.offers.iter().filter(unanswered) {
        due.push((offer.at + timers.lookup, Due::GiveUpLookup(offer.change)));
    }
    for window in state.windows.values() {
        window_list(settings, state, window, at, &mut due);
        due.extend(health::next_clean(settings, window, at).map(|when| (when, Due::Look)));
    }
    due
}

fn window_list(settings: &Settings, state: &State, window: &Window, at: At, due: &mut Vec<(At, Due)>) {
    let timers = &settings.timers;
    let id = window.id().clone();
    let Occurrence { starts, ends, .. } = window.occurrence;
    if let Some(since) = window.unsaid_since {
        due.push((since + timers.gather, Due::SayWhoIsHere(id.clone())));
    }
    // Where nobody leads and nothing is queued, there is nobody to be told.
    let empty = window.lead.is_none() && window.patches.is_empty();
    for hold in window.holds.iter().filter(|_| !empty) {
        due.push((hold.named + timers.hold_nag, Due::NameHold(id.clone(), hold.number)));
    }
    let since = match window.phase {
        Phase::Planned => {
            if ends <= at {
                due.push((ends, Due::Close(id)));
                return;
            }
            if window.lead.is_some() || !window.patches.is_empty() {
                for before in &timers.reminders {
                    let minutes = before.num_minutes();
                    // A reminder whose time was over when the window was first spoken of is not said late.
                    let when = starts - *before;
                    let late = at - when > TimeDelta::minutes(1);
                    if !window.reminded.contains(&minutes) && !late {
                        due.push((when, Due::Remind(id.clone(), minutes)));
                    }
                }
            }
            due.push((starts, Due::Open(window.occurrence.clone())));
            return;
        }
        Phase::On { since } | Phase::Running { since } => since,
    };
    let idle = window.motion.is_none() && window.rollback.is_none();
    if window.lead.is_none() && idle && !window.is_running() {
        let first = window.waiting().map(|patch| patch.added).min();
        if let Some(first) = first {
            let since = since.max(first).max(window.given_up.unwrap_or(since));
            due.push((since + timers.no_show, Due::NoShow(id.clone())));
        }
    }
    if let Some(first) = silent_owners(settings, window).into_iter().map(|(when, _)| when).min() {
        due.push((first, Due::Slide(id.clone())));
    }
    let quiet = window.lead.is_none() && window.patches.is_empty();
    if !window.near_end && !quiet && at < ends {
        due.push((ends - timers.near_end, Due::NearEnd(id.clone())));
    }
    if absent(settings, window).next().is_some() {
        due.push((ends - settings.policy.last_start, Due::LastStart(id.clone())));
    }
    if !window.time_up && !quiet {
        due.push((ends, Due::TimeUp(id.clone())));
    }
    let owes = window.emergency.as_ref().is_some_and(|emergency| emergency.report.is_none());
    if idle && !owes {
        let after = if quiet { TimeDelta::zero() } else { timers.finish_after };
        due.push((ends + after, Due::Close(id.clone())));
    }
    let about_the_lead = window.holds.iter().any(|hold| hold.cause.is_about_the_lead());
    // A window that stopped because its room is gone need not stop for those who were in it.
    let shut = |gone: &Gone| {
        gone.how == Absence::RoomClosed && window.holds.iter().any(|hold| hold.cause == Cause::RoomShut)
    };
    let works = window.is_running() && (!idle || window.waiting().next().is_some());
    if let Some((_, gone)) = window.gone_lead().filter(|(_, gone)| works && !about_the_lead && !shut(gone)) {
        due.push((gone.at, Due::LeadGone(id.clone())));
    }
    if let Some(lead) = &window.lead {
        // What is held goes nowhere, and its hold is named again; a rollback goes on under any hold.
        let held = if window.rollback.is_some() { about_the_lead } else { !window.holds.is_empty() };
        if let Some(since) = patch::waits_for_lead(window).filter(|_| !held) {
            let since = since.max(window.resumed.unwrap_or(since));
            due.push((lead.heard.max(since) + timers.lead_silent, Due::LeadSilent(id.clone())));
        }
    }
    if let Some(patch) = window.moving() {
        patch::list(settings, state, window, patch, at, due);
    }
    if idle && window.holds.is_empty() {
        idle_list(settings, state, window, due);
    }
}

/// What is due where nothing is in motion although something could be.
fn idle_list(settings: &Settings, state: &State, window: &Window, due: &mut Vec<(At, Due)>) {
    let (Some(lead), Phase::On { since } | Phase::Running { since }) = (&window.lead, window.phase) else {
        return;
    };
    let id = window.id().clone();
    let last_start = window.occurrence.ends - settings.policy.last_start;
    let next = decide::next(settings, state, window);
    let is_new = |since: At| window.nagged.is_none_or(|nagged| nagged < since);
    let owner = next.filter(|patch| !decide::is_covered(settings, window, patch)).map(Patch::owner);
    let asked = owner.and_then(|owner| window.presence.get(owner)?.asked.last().copied());
    if let Some(asked) = asked.filter(|asked| window.is_running() && is_new(*asked)) {
        due.push((asked + settings.timers.turn, Due::TurnOver(id.clone())));
    }
    let silent_since = lead.heard.max(since).max(window.resumed.unwrap_or(since));
    let when = silent_since + settings.timers.lead_silent;
    if window.waiting().next().is_some() && owner.is_none() && is_new(silent_since) && when < last_start {
        due.push((when, Due::GoOn(id)));
    }
}

/// Owners of waiting patches who have not answered the roll call, and when their time is over.
fn silent_owners(settings: &Settings, window: &Window) -> Vec<(At, Who)> {
    let from = decide::here_from(&settings.timers, window);
    let mut silent: Vec<(At, Who)> = Vec::new();
    for patch in window.waiting().filter(|patch| !patch.slid && patch.wish.test.is_none()) {
        let who = patch.owner();
        let asked = window.presence.get(who).and_then(|presence| presence.asked.first());
        // Whoever answered and is gone since is asked again at their turn.
        if let Some(asked) = asked
            && !window.is_here(who, from)
            && !window.said_here(who, from)
        {
            silent.push((*asked + settings.timers.roll_call, who.clone()));
        }
    }
    silent
}

/// Waiting patches that the rule on present owners stops.
fn absent<'a>(settings: &'a Settings, window: &'a Window) -> impl Iterator<Item = &'a Patch> {
    let from = decide::here_from(&settings.timers, window);
    window.waiting().filter(move |patch| {
        patch.wish.test.is_none()
            && !patch.overrides.contains_key(&RuleId::OwnerPresent)
            && !window.is_here(patch.owner(), from)
            && window.presence.get(patch.owner()).is_some_and(|presence| !presence.asked.is_empty())
    })
}

impl<'a> Turn<'a> {
    fn due(&mut self, due: &Due) {
        match due {
            Due::Open(occurrence) => self.open(occurrence),
            Due::GiveUpLookup(change) => {
                let seconds = self.settings.timers.lookup.num_seconds();
                let why = format!("no answer within {seconds} s");
                self.record(None, Some(*change), Event::LookupFailed { fault: Fault::Unreachable { why } });
            }
            Due::Remind(id, _)
            | Due::SayWhoIsHere(id)
            | Due::Slide(id)
            | Due::LastStart(id)
            | Due::NearEnd(id)
            | Due::TimeUp(id)
            | Due::Close(id)
            | Due::NoShow(id)
            | Due::LeadSilent(id)
            | Due::LeadGone(id)
            | Due::GoOn(id)
            | Due::TurnOver(id)
            | Due::Nag(id, _, _)
            | Due::Watched(id, _, _)
            | Due::CountDown(id, _)
            | Due::GoBack(id, _)
            | Due::NameHold(id, _) => {
                if let Some(window) = self.state.windows.get(id) {
                    self.due_in(window, due);
                }
            }
            Due::Look => {}
        }
    }

    fn due_in(&mut self, window: &'a Window, due: &Due) {
        let id = window.id();
        match due {
            Due::Remind(_, minutes) => {
                self.record(Some(id), None, Event::Reminded { minutes: *minutes });
                let text = say::window::soon(self.settings, window, *minutes);
                match &window.lead {
                    Some(lead) => self.ping(window, &[&lead.who], &text),
                    None => self.broadcast(window, &text),
                }
            }
            Due::SayWhoIsHere(_) => decide::say_who_is_here(self, window),
            Due::Slide(_) => self.slide(window),
            Due::LastStart(_) => self.skip_absent(window),
            Due::NearEnd(_) => {
                self.record(Some(id), None, Event::NearEnd);
                let text = say::window::near_end(self.settings, window, self.at);
                self.broadcast(window, &text);
            }
            Due::TimeUp(_) => {
                self.record(Some(id), None, Event::TimeUp);
                let text = say::window::time_up(self.settings, window);
                match &window.lead {
                    Some(lead) => self.ping(window, &[&lead.who], &text),
                    None => self.broadcast(window, &text),
                }
            }
            Due::Close(_) => self.close(window, Ending::Lapsed),
            Due::NoShow(_) => self.close(window, Ending::NoShow),
            Due::LeadSilent(_) => self.lead_is_silent(window),
            Due::LeadGone(_) => self.lead_is_gone(window),
            Due::GoOn(_) => {
                self.record(Some(id), None, Event::LeadNagged);
                let next = decide::next(self.settings, self.state, window);
                let text = say::window::go_on(self.settings, window, next, self.at);
                if let Some(lead) = &window.lead {
                    self.ping(window, &[&lead.who], &text);
                }
            }
            Due::TurnOver(_) => {
                self.record(Some(id), None, Event::LeadNagged);
                let next = decide::next(self.settings, self.state, window);
                if let (Some(lead), Some(patch)) = (&window.lead, next) {
                    let text = say::window::turn_over(self.settings, window, patch);
                    self.ping(window, &[&lead.who], &text);
                }
            }
            Due::Nag(_, change, step) => self.nag(window, *change, *step),
            Due::Watched(_, change, step) => {
                if let Some(patch) = window.patch(*change) {
                    let note = Some("its time has passed".to_owned());
                    let event = Event::StepDone { step: *step, patch_set: patch.patch_set, note };
                    self.record(Some(id), Some(*change), event);
                    let after = decide::with_done(patch, *step, &self.by.who, self.at);
                    self.prompt(window, &after, "");
                }
            }
            Due::NameHold(_, number) => self.name_hold(window, *number),
            Due::CountDown(_, change) => {
                if let Some((until, _)) = window.countdown {
                    self.record(Some(id), Some(*change), Event::RollbackCounted { until });
                    let text = say::health::goes_back_soon(self.prefix(), *change, until - self.at);
                    self.broadcast(window, &text);
                }
            }
            Due::GoBack(_, change) => {
                if let Some(patch) = window.patch(*change) {
                    let why = patch.current().and_then(|(_, step)| step.failed.clone());
                    // What cannot go back has nothing on any host, and then nothing counts down.
                    if self.roll_back(window, patch, &why.unwrap_or_default()).is_err() {
                        self.record(Some(id), Some(*change), Event::RollbackCancelled);
                    }
                }
            }
            Due::Open(_) | Due::GiveUpLookup(_) | Due::Look => {}
        }
    }

    /// The window is on. The announcement pings the lead and each owner once: it is the roll call.
    fn open(&mut self, occurrence: &Occurrence) {
        let known = self.state.windows.get(&occurrence.id);
        let window = known.cloned().unwrap_or_else(|| Window::new(occurrence.clone()));
        self.plan_window(occurrence);
        let asked: Vec<Who> = decide::owners(&window)
            .into_iter()
            .filter(|who| !window.is_here(who, decide::here_from(&self.settings.timers, &window)))
            .cloned()
            .collect();
        self.record(Some(&occurrence.id), None, Event::WindowStarted { asked: asked.clone() });
        // Where nobody leads and nothing is queued, nobody has to do anything.
        let late = self.at - occurrence.starts > STILL_STARTING;
        if window.patches.is_empty() && (late || window.lead.is_none()) {
            return;
        }
        let owners: Vec<Who> = asked.into_iter().filter(|who| !window.led_by(who)).collect();
        let mut text = say::window::is_on(self.settings, &window, &owners);
        let taken_over = self.state.held.iter().filter(|held| self.share_a_room(&held.rooms, occurrence));
        let holds: Vec<String> =
            window.holds.iter().chain(taken_over.map(|held| &held.hold)).map(say::no::held_by).collect();
        text.push_str(&say::window::begins_held(self.prefix(), &holds));
        let mut who = owners;
        who.extend(window.lead.as_ref().map(|lead| lead.who.clone()));
        self.ping_within(&window, who, &text);
    }

    fn share_a_room(&self, rooms: &[super::id::RoomId], occurrence: &Occurrence) -> bool {
        rooms.iter().any(|room| occurrence.rooms.contains(room))
    }

    /// The patches of silent owners, and what needs them, go to the end (§4a.10).
    fn slide(&mut self, window: &Window) {
        let silent: Vec<Who> = silent_owners(self.settings, window)
            .into_iter()
            .filter(|(when, _)| *when <= self.at)
            .map(|(_, who)| who)
            .collect();
        let mut changes: Vec<ChangeNumber> = Vec::new();
        for patch in window.waiting().filter(|patch| silent.contains(patch.owner())) {
            changes.push(patch.change);
            for needing in order::dependents(self.state, window, patch.change).into_iter().rev() {
                let waits = window.patch(needing).is_some_and(|patch| patch.stage == Stage::Queued);
                if waits && !changes.contains(&needing) {
                    changes.push(needing);
                }
            }
        }
        let all = window.waiting().count() == changes.len();
        self.record(Some(window.id()), None, Event::Slid { changes: changes.clone() });
        if !all {
            self.broadcast(window, &say::window::slid(&changes, &silent));
        }
    }

    /// It is too late to start another: what waits for an absent owner is skipped, and the owner told.
    fn skip_absent(&mut self, window: &Window) {
        let patches: Vec<&Patch> = absent(self.settings, window).collect();
        let Some(first) = patches.first() else { return };
        let owner = first.owner();
        let theirs: Vec<ChangeNumber> =
            patches.iter().filter(|patch| patch.owner() == owner).map(|patch| patch.change).collect();
        let asked: Vec<String> = window
            .presence
            .get(owner)
            .map(|presence| presence.asked.iter().map(|at| words::clock(*at)).collect())
            .unwrap_or_default();
        let mut asked = asked;
        asked.dedup();
        let reason = say::window::was_asked(owner, &asked);
        for change in &theirs {
            let event =
                Event::Skipped { reason: reason.clone(), veto: false, rule: Some(RuleId::OwnerPresent) };
            self.record(Some(window.id()), Some(*change), event);
        }
        let next = self.next_with_room(window.occurrence.ends).ok();
        let offered = say::window::offer(self.prefix(), &theirs, next.as_ref(), self.at);
        let text = say::window::skipped_absent(&theirs, &asked, &offered);
        self.ping(window, &[owner], &text);
        let mut after = window.clone();
        for patch in after.patches.iter_mut().filter(|patch| theirs.contains(&patch.change)) {
            patch.stage = Stage::Skipped { reason: reason.clone(), veto: false, by: self.by.who.clone() };
        }
        let idle = after.motion.is_none() && after.rollback.is_none() && after.holds.is_empty();
        if idle && after.is_running() && after.waiting().next().is_none() {
            self.name_next(&after, "");
        }
    }

    fn lead_is_silent(&mut self, window: &Window) {
        let Some(lead) = &window.lead else { return };
        let hold = window.next_hold;
        let name = say::short_name(&lead.who);
        let silent = words::span(self.at - lead.heard);
        let reason = format!("{name} silent for {silent}");
        let event = Event::Held { hold, reason: Some(reason.clone()), cause: Cause::LeadSilent };
        self.record(Some(window.id()), None, event);
        let claim = self.command(&format!("claim {} WHY", window.id().window));
        let resume = self.command(&format!("resume H{hold} NOTE"));
        let mut who = vec![lead.who.clone()];
        let deployers = self.people_with(super::settings::Standing::Deployer);
        who.extend(deployers.into_iter().filter(|deployer| *deployer != lead.who));
        let text = format!(
            "{}: {reason} in the middle of a step, HELD (H{hold}). {name}: {resume}. Any deployer: {claim}",
            say::names(&who)
        );
        self.ping_within(window, who, &text);
    }

    fn nag(&mut self, window: &Window, change: ChangeNumber, step: u32) {
        let Some(patch) = window.patch(change) else { return };
        let Some(lead) = window.lead.as_ref().map(|lead| lead.who.clone()) else { return };
        self.record(Some(window.id()), Some(change), Event::Nagged { step });
        if patch.is_at(|act| *act == Act::Verify) {
            let text = say::run::owner_is_silent(self.settings, patch);
            self.tell_lead(window, &lead, "", &text);
        } else if patch.is_at(|act| *act == Act::Merge) {
            let why = decide::why_unknown(self.state, change).err().unwrap_or_default();
            self.tell_lead(window, &lead, "", &say::run::cannot_see_the_merge(patch, why));
        } else {
            let text = self.still_open(window, patch);
            let time = words::span(self.settings.timers.review);
            self.tell_lead(window, &lead, "", &format!("{time} in review. {text}"));
        }
    }

    fn name_hold(&mut self, window: &Window, number: u32) {
        let Some(hold) = window.holds.iter().find(|hold| hold.number == number) else { return };
        self.record(Some(window.id()), None, Event::HoldNagged { hold: number });
        let resume = self.command(&format!("resume H{number} NOTE"));
        let since = words::clock(hold.at);
        if let Some((lead, _)) = window.gone_lead().filter(|_| hold.cause.is_about_the_lead()) {
            let text = say::presence::still_gone(self.prefix(), window, hold, &since);
            self.ping_others(window, lead, &text);
            return;
        }
        let text = format!("still HELD: {}, since {since} UTC. {resume}", say::no::hold(hold));
        let mut who = vec![hold.by.clone()];
        who.extend(window.lead.as_ref().map(|lead| lead.who.clone()).filter(|lead| *lead != hold.by));
        if hold.by == self.by.who {
            who.retain(|who| *who != self.by.who);
        }
        let names = say::names(&who);
        self.ping_within(window, who, &format!("{names}: {text}"));
    }
}
