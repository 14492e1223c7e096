//! All that is known and still open: the fold of the stored events. `apply` is the only thing that changes it.

mod clock;
mod codes;
mod emergency;
mod in_step;
mod in_window;
mod known;
mod pairs;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::event::{Debt, Event, LinkNow, Owed, Record, Settlement, Wish};
use super::facts::{Fact, Facts, Status};
use super::guidelines::RuleId;
use super::id::{At, ChangeNumber, OccurrenceId, RoomId, RowId, Who};
use super::order::{self, Compared, Seen};
use super::patch::{Override, Patch, Stage};
use super::window::{Hold, Window};
pub use clock::Retold;
pub use codes::Code;
pub use emergency::EmergencyWish;
use in_window::{apply_to_window, place};
pub use known::Known;
pub use pairs::Pairs;

/// What the bot believes. Two states made from the same events are equal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// The number of the last row.
    pub row: i64,
    /// The occurrences that are not over.
    pub windows: BTreeMap<OccurrenceId, Window>,
    /// What the review system said of every change that is still of interest.
    pub known: BTreeMap<ChangeNumber, Known>,
    /// In how many of the patches that were seen so far a name stands.
    #[serde(default, skip_serializing_if = "Seen::is_empty")]
    pub seen: Seen,
    /// Which of the known changes were found to belong together.
    #[serde(skip)]
    pub compared: Compared,
    /// What is merged and not deployed.
    pub ledger: BTreeMap<ChangeNumber, Entry>,
    /// Patches of closed occurrences that nobody has moved yet, with their checks.
    pub left: BTreeMap<ChangeNumber, Left>,
    /// What was declared of their order: it goes with them.
    #[serde(default, skip_serializing_if = "Pairs::is_empty")]
    pub left_pairs: Pairs,
    /// What occurrences that were closed within the last day put out: it can still be taken back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lately: Vec<Window>,
    /// Holds that their occurrence ended with: the next one in the same room begins with them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<StandingHold>,
    /// The networks whose connection is not as it should be.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub links: BTreeMap<String, Trouble>,
    /// What was said a moment ago in one of several rooms.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spoken: Vec<Spoken>,
    /// Codes that link an account and were asked for lately.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<Code>,
    /// Accounts that were linked, each as `network/account`, with the account whose person theirs is.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub linked: BTreeMap<String, String>,
    /// The networks whose rights the operator has switched off.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub untrusted: BTreeSet<String>,
    /// Rows whose words were taken out of the log, each with the row that says so.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub redacted: BTreeMap<RowId, RowId>,
    /// Freezes that are not over.
    pub freezes: Vec<Freeze>,
    /// The number of the next freeze.
    pub next_freeze: u32,
    /// Offers that wait for the review system.
    pub offers: Vec<Offer>,
    /// Deployments outside windows that somebody asked for and nobody has agreed to yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emergencies: Vec<EmergencyWish>,
    /// Occurrences that were closed and whose time is not long past, with their end: they do not open again.
    pub closed: BTreeMap<OccurrenceId, At>,
    /// Rules that were set aside for changes which are not queued yet.
    pub granted: BTreeMap<ChangeNumber, BTreeMap<RuleId, Override>>,
    /// The patch set for which that was said last, and when: for another one it does not hold.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub granted_for: BTreeMap<ChangeNumber, (u32, At)>,
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// What is wrong with the connection to a network.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// It is lost: why, and whether it is tried again.
    pub down: Option<(String, bool)>,
    /// Nobody can be told apart there: why.
    pub read_only: Option<String>,
}

/// A command that a bridge may repeat in another room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spoken {
    /// Who gave it.
    pub by: Who,
    /// In this room.
    pub room: RoomId,
    /// The verb and what followed it.
    pub words: String,
    /// When.
    pub at: At,
}

impl Spoken {
    /// So long after a line its copy may come from a bridge.
    const BRIDGED_WITHIN: chrono::TimeDelta = chrono::TimeDelta::seconds(10);

    /// Whether a copy of it may still be on its way.
    pub fn is_fresh(&self, at: At) -> bool {
        at - self.at < Self::BRIDGED_WITHIN
    }
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
    /// The nick that asked, in private or under another name than their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nick: Option<String>,
    /// The message that asked, where the network has a name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Other changes of the same line were refused at once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partly: bool,
    /// When.
    pub at: At,
    /// What the offers of one line have in common.
    pub line: RowId,
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
            | Event::Imported { .. }
            | Event::Refused { .. }
            | Event::Asked { .. }
            | Event::Started
            | Event::Stopped => {}
            Event::Redacted { row, .. } => {
                self.redacted.insert(*row, RowId(self.row));
            }
            Event::Carried { state } => {
                let row = self.row;
                *self = (**state).clone();
                self.row = row;
                let known: Vec<ChangeNumber> = self.known.keys().copied().collect();
                known.into_iter().for_each(|change| self.compare(change));
            }
            Event::FactsSeen { facts } => {
                let rarity = self.rate(facts);
                let known = Known { facts: Some((**facts).clone()), at, fault: None, rarity };
                let number = facts.change.number;
                let before = self.known.insert(number, known);
                let now = self.known.get(&number);
                if before.as_ref().map(Known::compared) != now.map(Known::compared) {
                    self.compare(number);
                }
            }
            Event::LookupFailed { fault } => {
                if let Some(change) = record.change {
                    let known = self.known.remove(&change);
                    let (facts, rarity) =
                        known.map_or_else(Default::default, |known| (known.facts, known.rarity));
                    self.known.insert(change, Known { facts, at, fault: Some(fault.clone()), rarity });
                }
            }
            Event::WindowPlanned { occurrence } => {
                let window = Window::new(occurrence.clone());
                self.windows.entry(occurrence.id.clone()).or_insert(window);
            }
            Event::Offered { wish, line, nick, message, partly } => {
                if let (Some(change), Some(window)) = (record.change, &record.window) {
                    self.offers.push(Offer {
                        change,
                        window: window.clone(),
                        wish: wish.clone(),
                        by: who.clone(),
                        account: record.by.account.clone(),
                        network: record.by.network.clone(),
                        room: record.by.room.clone(),
                        nick: nick.clone(),
                        message: message.clone(),
                        partly: *partly,
                        at,
                        line: *line,
                    });
                }
            }
            Event::OfferClosed { .. } => self.close_offer(record),
            Event::LedgerEntered(Owed { debt, project, branch, revision }) => {
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
            Event::Settled { how, .. } => {
                if let Some(change) = record.change {
                    self.ledger.remove(&change);
                    // What waits for it elsewhere waits no longer, unless it is gone for good.
                    let elsewhere = self.windows.values_mut().filter(|window| window.patch(change).is_none());
                    for window in elsewhere.filter(|_| *how != Settlement::Reverted) {
                        window.declared.retain(|order| order.before != change);
                    }
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
            Event::LinkAsked { .. }
            | Event::LinkVoided { .. }
            | Event::Linked { .. }
            | Event::Unlinked { .. } => self.change_accounts(record),
            Event::Spoken { words } => {
                self.spoken.retain(|spoken| spoken.is_fresh(at));
                if let Some(room) = record.by.room.clone() {
                    self.spoken.push(Spoken { by: who.clone(), room, words: words.clone(), at });
                }
            }
            Event::Rights { network, on: true } => {
                self.untrusted.remove(network);
            }
            Event::Rights { network, on: false } => {
                self.untrusted.insert(network.clone());
            }
            Event::EmergencyAsked { reason, rooms } => {
                if let Some(change) = record.change {
                    self.emergencies.retain(|wish| wish.change != change);
                    let (reason, rooms) = (reason.clone(), rooms.clone());
                    self.emergencies.push(EmergencyWish { change, by: who.clone(), at, reason, rooms });
                }
            }
            Event::EmergencyApproved { by } => self.open_emergency(record, by),
            Event::Link { network, now } => self.change_link(network, now),
            Event::Thawed { freeze } => self.freezes.retain(|other| other.number != *freeze),
            Event::WindowClosed { left, .. } => self.close_window(record, left),
            Event::Reopened => self.reopen_window(record),
            Event::Resumed { hold, .. } if record.window.is_none() => {
                self.held.retain(|standing| standing.hold.number != *hold);
            }
            Event::Moved { to, ticket } => self.move_patch(record, to, *ticket),
            Event::Added { ticket, patch_set, wish, first, .. } => {
                self.add_patch(record, *ticket, *patch_set, wish, *first);
            }
            Event::Overridden { rule, reason, patch_set } if record.window.is_none() => {
                if let Some(change) = record.change {
                    let before = self.granted_for.insert(change, (*patch_set, at));
                    if before.is_some_and(|(other, _)| other != *patch_set) {
                        self.granted.remove(&change);
                    }
                    let aside = Override { by: who.clone(), reason: reason.clone() };
                    self.granted.entry(change).or_default().insert(*rule, aside);
                }
            }
            _ => {
                if let Some(window) = record.window.as_ref().and_then(|id| self.windows.get_mut(id)) {
                    apply_to_window(window, record, RowId(self.row));
                    if let Event::WindowStarted { .. } = record.event {
                        take_over_holds(window, &mut self.held, at);
                    }
                }
            }
        }
    }

    /// Rates the names of a diff; what was read before keeps its rates.
    fn rate(&mut self, facts: &Facts) -> Vec<u8> {
        let Some(diff) = facts.diff.as_ref().and_then(Fact::known) else { return Vec::new() };
        let known = self.known.get(&facts.change.number);
        let before = known.and_then(|known| {
            let diff = known.facts.as_ref()?.diff.as_ref()?.known()?;
            Some((diff, known.rarity.as_slice()))
        });
        self.seen.rate(diff, before)
    }

    /// Finds what a change belongs together with, by what is known of it now.
    pub fn compare(&mut self, change: ChangeNumber) {
        let partners = order::partners(self, change);
        self.compared.learn(change, partners);
    }

    fn close_offer(&mut self, record: &Record) {
        self.offers.retain(|offer| {
            Some(offer.change) != record.change || Some(&offer.window) != record.window.as_ref()
        });
    }

    fn add_patch(&mut self, record: &Record, ticket: u32, patch_set: u32, wish: &Wish, first: bool) {
        self.close_offer(record);
        let Some(change) = record.change else { return };
        self.drop_skipped(change);
        let mut patch = Patch::new(change, ticket, wish.clone(), patch_set, record.at);
        patch.overrides = self.set_aside(change, patch_set).cloned().unwrap_or_default();
        self.granted.remove(&change);
        self.granted_for.remove(&change);
        let Some(window) = record.window.as_ref().and_then(|id| self.windows.get_mut(id)) else { return };
        self.left_pairs.naming(change).give_to(window);
        self.left.remove(&change);
        self.left_pairs.keep(|change| self.left.contains_key(&change));
        if record.by.who == wish.owner {
            // Whoever offers their own patch is here: nobody is asked for what they have just shown.
            let presence = window.presence.entry(wish.owner.clone()).or_default();
            presence.answer = Some((record.at, true));
            presence.gone = None;
            presence.room = record.by.room.clone().or(presence.room.take());
        }
        place(window, patch, ticket, first);
    }

    /// A change that comes into a queue is skipped nowhere any more: it could be put back there and be in two queues.
    fn drop_skipped(&mut self, change: ChangeNumber) {
        for window in self.windows.values_mut() {
            let is_skipped = |patch: &Patch| matches!(patch.stage, Stage::Skipped { .. });
            if window.patch(change).is_some_and(is_skipped) {
                window.places.retain(|other| *other != change);
                window.patches.retain(|patch| patch.change != change);
            }
        }
    }

    fn move_patch(&mut self, record: &Record, to: &OccurrenceId, ticket: u32) {
        let Some(change) = record.change else { return };
        let pairs = match record.window.as_ref().and_then(|id| self.windows.get(id)) {
            Some(window) => Pairs::of(window).naming(change),
            None => self.left_pairs.naming(change),
        };
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
        self.drop_skipped(change);
        self.left_pairs.keep(|change| self.left.contains_key(&change));
        if let Some(window) = self.windows.get_mut(to) {
            pairs.give_to(window);
            place(window, patch, ticket, false);
        }
    }

    fn close_window(&mut self, record: &Record, left: &[ChangeNumber]) {
        let Some(window) = record.window.as_ref().and_then(|id| self.windows.remove(id)) else { return };
        self.offers.retain(|offer| Some(&offer.window) != record.window.as_ref());
        self.closed.insert(window.occurrence.id.clone(), window.occurrence.ends);
        // A lead who is silent or gone is nobody's hold any more once the occurrence is over.
        let outlives = window.holds.iter().filter(|hold| !hold.cause.is_about_the_lead());
        let rooms = &window.occurrence.rooms;
        self.held.extend(outlives.map(|hold| StandingHold { hold: hold.clone(), rooms: rooms.clone() }));
        // Where the next one is on already, nothing else would hand them over.
        for open in self.windows.values_mut().filter(|window| window.is_on()) {
            take_over_holds(open, &mut self.held, record.at);
        }
        self.left_pairs.extend(Pairs::of(&window));
        self.lately.extend(what_it_put_out(&window));
        for patch in window.patches {
            if left.contains(&patch.change) {
                let window = window.occurrence.id.clone();
                self.left.insert(patch.change, Left { patch, window, at: record.at });
            }
        }
        self.forget_the_past(record.at);
    }

    /// Puts an occurrence back that was over. Its time stays up: nothing new starts in it.
    fn reopen_window(&mut self, record: &Record) {
        let Some(id) = &record.window else { return };
        let Some(index) = self.lately.iter().position(|window| window.id() == id) else { return };
        let mut window = self.lately.remove(index);
        window.near_end = true;
        window.time_up = true;
        self.closed.remove(id);
        self.windows.insert(id.clone(), window);
    }

    fn change_link(&mut self, network: &str, now: &LinkNow) {
        let trouble = self.links.entry(network.to_owned()).or_default();
        match now {
            LinkNow::Up { read_only } => {
                *trouble = Trouble { down: None, read_only: read_only.clone() };
            }
            LinkNow::Lost { why } => trouble.down = Some((why.clone(), true)),
            LinkNow::Stopped { why } => trouble.down = Some((why.clone(), false)),
        }
        if *trouble == Trouble::default() {
            self.links.remove(network);
        }
    }

    /// Whether the bot has no link to this network.
    pub fn is_down(&self, network: &str) -> bool {
        self.links.get(network).is_some_and(|trouble| trouble.down.is_some())
    }

    /// Why nobody can be told apart on this network, where that is so.
    pub fn read_only(&self, network: &str) -> Option<&str> {
        self.links.get(network)?.read_only.as_deref()
    }

    /// Drops what no later decision can need, so that the state does not grow with the log.
    fn forget_the_past(&mut self, at: At) {
        self.lately.retain(|window| at - window.occurrence.ends < chrono::TimeDelta::days(1));
        self.left.retain(|_, left| at - left.at < chrono::TimeDelta::days(14));
        self.left_pairs.keep(|change| self.left.contains_key(&change));
        self.freezes.retain(|freeze| freeze.to > at);
        self.emergencies.retain(|wish| at - wish.at < chrono::TimeDelta::days(1));
        self.closed.retain(|_, ends| at - *ends < chrono::TimeDelta::days(2));
        self.granted_for.retain(|_, (_, said)| at - *said < chrono::TimeDelta::days(14));
        self.granted.retain(|change, _| self.granted_for.contains_key(change));
        let mut wanted: Vec<ChangeNumber> = self.ledger.keys().chain(self.left.keys()).copied().collect();
        wanted.extend(self.offers.iter().map(|offer| offer.change));
        for window in self.windows.values().chain(&self.lately) {
            wanted.extend(window.patches.iter().map(|patch| patch.change));
        }
        self.known.retain(|change, _| wanted.contains(change));
        let known = &self.known;
        self.compared.keep(|change| known.contains_key(&change));
    }

    /// The rules that were set aside for this patch set of a change that is not queued yet.
    pub fn set_aside(&self, change: ChangeNumber, patch_set: u32) -> Option<&BTreeMap<RuleId, Override>> {
        let meant = self.granted_for.get(&change).is_none_or(|(other, _)| *other == patch_set);
        self.granted.get(&change).filter(|_| meant)
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
    if !here.is_empty() {
        window.stopped.get_or_insert(at);
    }
    for StandingHold { hold, .. } in here {
        window.holds.push(Hold { number: window.next_hold, named: at, ..hold });
        window.next_hold += 1;
    }
}

/// A closed occurrence with nothing but what is live because of it, if anything is.
fn what_it_put_out(window: &Window) -> Option<Window> {
    let is_live = |patch: &Patch| matches!(patch.stage, Stage::Live { .. }) && patch.touched_hosts();
    let mut kept = window.clone();
    let back = window.patches.iter().filter(|patch| patch.stage == Stage::RolledBack);
    kept.back_before.extend(back.map(|patch| patch.change));
    kept.patches.retain(is_live);
    kept.places.retain(|change| kept.patches.iter().any(|patch| patch.change == *change));
    kept.holds.clear();
    (!kept.patches.is_empty()).then_some(kept)
}
