//! The queue: add, remove, move, and what people declare about order.

use chrono::TimeDelta;

use super::super::command::{AddOptions, FilesWord, Place, Role, Target};
use super::super::event::{Event, Wish};
use super::super::facts::Fact;
use super::super::guidelines::{self, Level, RuleId};
use super::super::id::{At, ChangeNumber, RowId, Who};
use super::super::patch::{FileOrder, Patch, Stage};
use super::super::say::{self, Refusal, no};
use super::super::settings::CONSOLE;
use super::super::window::{Occurrence, Window};
use super::super::{accounts, files, kind, order, schedule, words};
use super::order::overtakes;
use super::{Turn, why_unknown};

/// How far ahead a place is looked for.
const DAYS_AHEAD: i64 = 14;

impl<'a> Turn<'a> {
    pub(super) fn add(&mut self, targets: &[Target], options: &AddOptions) -> Result<(), Refusal> {
        let who = self.who.clone().ok_or_else(|| self.not_identified())?;
        let wish = Wish {
            owner: match options.owner.as_deref() {
                Some(owner) => self.person_called(owner)?,
                None => who.clone(),
            },
            urgent: options.urgent.clone(),
            test: options.test.clone(),
            note: options.note.clone(),
        };
        let wanted = options.window.as_deref().map(|word| self.resolve(word)).transpose()?;
        // What is offered on one line belongs together: one window takes it all, where there is one.
        let together = self.next_with_places(self.at, targets.len()).ok();
        let line = self.next_row();
        let mut is_part = false;
        for target in targets {
            let windows = (wanted.as_ref(), together.as_ref());
            if let Err(refusal) = self.add_one(*target, windows, &wish, line) {
                let change = match target {
                    Target::Change(change) => Some(*change),
                    Target::Ticket(_) => None,
                };
                self.refuse("add", change, &refusal);
                is_part = true;
            }
        }
        for record in &mut self.out.records {
            if let Event::Offered { partly, .. } = &mut record.event {
                *partly = is_part;
            }
        }
        Ok(())
    }

    /// Offers one change, in the window that was named, else in the one that takes the whole line.
    fn add_one(
        &mut self,
        target: Target,
        (wanted, together): (Option<&Occurrence>, Option<&Occurrence>),
        wish: &Wish,
        line: RowId,
    ) -> Result<(), Refusal> {
        let change = match target {
            Target::Change(change) => change,
            Target::Ticket(_) => self.find(target)?.1.change,
        };
        if self.state.offers.iter().any(|offer| offer.change == change) {
            self.answer(&format!("already asked about {change}, the review system has not answered yet"));
            return Ok(());
        }
        if let Some(window) = self.state.window_of(change)
            && let Some(patch) = window.patch(change)
        {
            let same = wanted.is_none_or(|wanted| wanted.id == *window.id());
            match &patch.stage {
                Stage::Skipped { .. } if same => return self.put_back(window, patch),
                Stage::Skipped { .. } => {}
                _ if same => {
                    let text = say::queue::already_there(self.state, window, patch);
                    self.answer(&text);
                    return Ok(());
                }
                _ => {
                    let to = wanted.map(|wanted| wanted.id.to_string()).unwrap_or_default();
                    return Err(no::in_other_window(self.prefix(), change, patch.ticket, window, &to));
                }
            }
        }
        let occurrence = match wanted.or(together) {
            Some(occurrence) => occurrence.clone(),
            None => self.next_with_room(self.at)?,
        };
        self.plan_window(&occurrence);
        let nick = match &self.to {
            super::Place::Private { nick, .. } => Some(nick.clone()),
            super::Place::Room(_) => {
                Some(self.name.clone()).filter(|nick| nick != say::short_name(&self.by.who))
            }
        };
        let message = self.message.clone();
        let event = Event::Offered { wish: wish.clone(), line, nick, message, partly: false };
        self.record(Some(&occurrence.id), Some(change), event);
        Ok(())
    }

    fn put_back(&mut self, window: &Window, patch: &Patch) -> Result<(), Refusal> {
        let change = patch.change;
        if let Stage::Skipped { reason, veto: true, by } = &patch.stage
            && self.who.as_ref() != Some(by)
        {
            return Err(no::vetoed(patch, by, reason));
        }
        self.not_reverted(patch)?;
        let takes_part =
            |patch: &&Patch| patch.change == change && !matches!(patch.stage, Stage::Skipped { .. });
        for other in self.state.windows.values() {
            if let Some(patch) = other.patches.iter().find(takes_part) {
                let to = window.id().to_string();
                return Err(no::in_other_window(self.prefix(), change, patch.ticket, other, &to));
            }
        }
        let last = window.occurrence.ends - self.settings.policy.last_start;
        if window.is_on() && self.at >= last {
            return Err(no::window_over(&format!(
                "the last start of {} was {} UTC, it",
                window.id(),
                words::clock(last)
            )));
        }
        // Its place may be taken, and what kept it out may be so still.
        self.fits_there(window, patch)?;
        self.record(Some(window.id()), Some(patch.change), Event::PutBack);
        self.answer(&format!("{} is back in {}, at the end", patch.change, window.id()));
        Ok(())
    }

    /// Refuses to queue again what a revert has taken back: to deploy it, somebody uploads it anew.
    fn not_reverted(&self, patch: &Patch) -> Result<(), Refusal> {
        let reverts = |other: &&Patch| {
            let facts = self.state.last_facts(other.change);
            matches!(other.stage, Stage::Live { .. })
                && facts.and_then(|facts| kind::reverts(facts, self.state)) == Some(patch.change)
        };
        let mut others = self.state.windows.values().flat_map(|window| &window.patches);
        match others.find(reverts) {
            Some(revert) if matches!(patch.stage, Stage::Skipped { .. }) => {
                Err(no::reverted(patch.change, revert.change))
            }
            _ => Ok(()),
        }
    }

    /// A person by id, in upper or lower case. The terminal takes any other name too, as it does from who speaks; on a
    /// network somebody else is named in full, since a bare word may be a slip, or a stranger's nick.
    fn person_called(&self, word: &str) -> Result<Who, Refusal> {
        let word = word.trim_start_matches('@');
        let ids: Vec<&str> = self.settings.people.iter().map(|person| person.id.0.as_str()).collect();
        if let Some(id) = ids.iter().find(|id| id.eq_ignore_ascii_case(word)) {
            return Ok(Who((*id).to_owned()));
        }
        let spelt_out = word.split_once('/').filter(|(net, account)| !net.is_empty() && !account.is_empty());
        let near = words::near(word, &ids);
        match spelt_out {
            Some((network, account)) if network != CONSOLE => {
                Ok(accounts::who(self.settings, self.state, network, account))
            }
            _ if near.is_none() && self.by.network.as_deref().unwrap_or(CONSOLE) == CONSOLE => {
                Ok(self.settings.who(CONSOLE, word))
            }
            _ => Err(no::unknown_person(word, near)),
        }
    }

    /// The next occurrence that has a place and the time (§4a.12).
    pub(in super::super) fn next_with_room(&self, from: At) -> Result<Occurrence, Refusal> {
        self.next_with_places(from, 1)
    }

    fn next_with_places(&self, from: At, places: usize) -> Result<Occurrence, Refusal> {
        let fits = |occurrence: &Occurrence| {
            let known = self.state.windows.get(&occurrence.id);
            let occurrence = known.map_or(occurrence, |window| &window.occurrence);
            let taken = known.map_or(0, |window| guidelines::places(self.settings, self.state, window).taken);
            let offered = self.state.offers.iter().filter(|offer| offer.window == occurrence.id).count();
            let offered_now = self.out.records.iter().filter(|record| {
                record.window.as_ref() == Some(&occurrence.id)
                    && matches!(record.event, Event::Offered { .. })
            });
            let in_time = known.is_none_or(|window| {
                guidelines::level(self.settings, RuleId::LastStart) != Level::Block
                    || guidelines::has_time_for(self.settings, window, from, places)
            });
            let taken = taken as usize + offered + offered_now.count();
            self.is_here(&occurrence.rooms)
                && !self.state.closed.contains_key(&occurrence.id)
                && occurrence.ends - self.settings.policy.last_start > from
                && in_time
                && taken + places <= occurrence.limit as usize
                && schedule::no_deploy_day(&self.settings.policy, occurrence).is_none()
                && !self
                    .state
                    .freezes
                    .iter()
                    .any(|freeze| freeze.from < occurrence.ends && freeze.to > occurrence.starts)
        };
        let mut ahead = schedule::between(self.settings, from, from + TimeDelta::days(DAYS_AHEAD));
        // An extended window is on although the schedule says that it is over.
        ahead.extend(self.open_window().map(|window| window.occurrence.clone()));
        ahead.sort_by_key(|occurrence| occurrence.starts);
        let found = ahead.into_iter().find(|occurrence| fits(occurrence));
        let found = found.ok_or_else(|| no::no_room(self.prefix(), DAYS_AHEAD))?;
        Ok(self.state.windows.get(&found.id).map_or(found, |window| window.occurrence.clone()))
    }

    pub(super) fn remove(&mut self, target: Target, reason: Option<String>) -> Result<(), Refusal> {
        let (window, patch) = self.find(target)?;
        self.may("remove", Some(window), Some(patch))?;
        self.may_leave(window, patch, "remove")?;
        let text = format!("{} is out of {}", patch.change, window.id());
        self.record(Some(window.id()), Some(patch.change), Event::Removed { reason: reason.clone() });
        self.answer(&format!("{text}{}", say::after_colon(reason.as_deref())));
        self.tell_owner(
            window,
            patch,
            &format!("{text}, by {}{}", self.name, say::after_colon(reason.as_deref())),
        );
        Ok(())
    }

    /// Refuses what would leave hosts half done, or a patch without what it needs.
    pub(super) fn may_leave(&self, window: &Window, patch: &Patch, verb: &str) -> Result<(), Refusal> {
        if let Some((number, _)) = patch.current().filter(|(_, step)| step.is_running()) {
            return Err(no::is_running(self.prefix(), &format!("step {number}"), patch));
        }
        if patch.is_dirty() {
            return Err(no::dirty(self.prefix(), patch, &super::run::dirty_stage(patch), verb));
        }
        match patch.stage {
            Stage::Live { .. } => return Err(no::is_live(self.prefix(), verb, patch.change)),
            Stage::RolledBack => return Err(no::is_back(self.prefix(), patch.change)),
            Stage::Queued | Stage::Moving | Stage::Skipped { .. } => {}
        }
        if verb == "skip" || verb == "veto" {
            return Ok(());
        }
        if matches!(patch.stage, Stage::Moving) {
            return Err(no::in_motion(self.prefix(), verb, patch.change));
        }
        if verb == "move" {
            // What needs it goes with it.
            return Ok(());
        }
        let order = order::predecessors(self.state, window);
        let needing =
            window.waiting().find_map(|other| order.why(patch.change, other.change).map(|why| (other, why)));
        match needing {
            Some((other, why)) => {
                Err(no::needed(self.prefix(), other.change, patch.change, &say::queue::why(why)))
            }
            None => Ok(()),
        }
    }

    /// Tells the owner what somebody else did to their patch.
    pub(super) fn tell_owner(&mut self, window: &Window, patch: &Patch, text: &str) {
        if self.who.as_ref() != Some(patch.owner()) {
            self.ping(window, &[patch.owner()], text);
        }
    }

    pub(super) fn move_patch(&mut self, target: Target, place: &Place) -> Result<(), Refusal> {
        match place {
            Place::Window(word) => self.move_to_window(target, word),
            Place::Before(other) => self.move_next_to(target, *other, false),
            Place::After(other) => self.move_next_to(target, *other, true),
        }
    }

    fn move_to_window(&mut self, target: Target, word: &str) -> Result<(), Refusal> {
        let to = self.resolve(word)?;
        let left = match target {
            Target::Change(change) => self.state.left.get(&change),
            Target::Ticket(_) => None,
        };
        let (from, patch) = match (self.find(target), left) {
            (Ok((window, patch)), _) => {
                self.may("move", Some(window), Some(patch))?;
                if *window.id() == to.id && matches!(patch.stage, Stage::Queued) {
                    self.answer(&format!("already #{} in {}", patch.ticket, to.id));
                    return Ok(());
                }
                self.may_leave(window, patch, "move")?;
                self.not_reverted(patch)?;
                (Some(window), patch)
            }
            (Err(_), Some(left)) => {
                self.may_move_left(&left.patch)?;
                (None, &left.patch)
            }
            (Err(refusal), None) => return Err(refusal),
        };
        if to.ends - self.settings.policy.last_start <= self.at {
            return Err(no::window_over(&to.id.to_string()));
        }
        let fresh = Window::new(to.clone());
        let there = self.state.windows.get(&to.id).unwrap_or(&fresh);
        self.fits_there(there, patch)?;
        let ticket = there.next_ticket;
        let from_id = from.map(|window| window.id().clone());
        self.plan_window(&to);
        let event = Event::Moved { to: to.id.clone(), ticket };
        self.record(from_id.as_ref(), Some(patch.change), event);
        // What needs it cannot stay behind.
        let needing: Vec<&Patch> = from.map_or(Vec::new(), |window| {
            let needing = order::dependents(self.state, window, patch.change).into_iter().rev();
            needing
                .filter_map(|change| window.patch(change))
                .filter(|patch| patch.stage == Stage::Queued)
                .collect()
        });
        for (ticket, patch) in (ticket + 1..).zip(&needing) {
            let event = Event::Moved { to: to.id.clone(), ticket };
            self.record(from_id.as_ref(), Some(patch.change), event);
        }
        let when = words::day_clock(to.starts, self.at);
        let kept = if patch.checks.is_empty() { "" } else { ", its review kept" };
        let theirs = needing.clone();
        let needing: Vec<ChangeNumber> = needing.iter().map(|patch| patch.change).collect();
        let text = say::queue::moved(patch.change, ticket, &needing, &format!("{} ({when}){kept}", to.id));
        self.answer(&text);
        if let Some(window) = from {
            let mut told: Vec<&Who> = Vec::new();
            for patch in std::iter::once(patch).chain(theirs) {
                if !told.contains(&patch.owner()) {
                    told.push(patch.owner());
                    self.tell_owner(window, patch, &format!("{text}, moved by {}", self.name));
                }
            }
        }
        Ok(())
    }

    /// A patch that its window ended without is moved by its owner or by a deployer: there is no lead any more.
    fn may_move_left(&self, patch: &Patch) -> Result<(), Refusal> {
        if self.who.is_none() {
            return Err(self.not_identified());
        }
        if self.is(Role::Owner, None, Some(patch)) || self.is(Role::Deployer, None, None) {
            return Ok(());
        }
        Err(no::not_owner("move", patch, ", and deployers"))
    }

    fn fits_there(&self, there: &Window, patch: &Patch) -> Result<(), Refusal> {
        let case = guidelines::Case {
            settings: self.settings,
            state: self.state,
            window: there,
            at: self.at,
            change: patch.change,
            facts: why_unknown(self.state, patch.change),
            wish: &patch.wish,
            patch: None,
            starting: false,
            lead: None,
        };
        let judgements = guidelines::judge(&case);
        let blocks = judgements
            .iter()
            .find(|judgement| judgement.refuses_add() && !patch.overrides.contains_key(&judgement.rule));
        blocks.map_or(Ok(()), |judgement| Err(say::queue::rule_refusal(judgement)))
    }

    fn move_next_to(&mut self, target: Target, other: Target, after: bool) -> Result<(), Refusal> {
        let (window, patch) = self.find(target)?;
        let (other_window, beside) = self.find(other)?;
        self.may("move", Some(window), Some(patch))?;
        if patch.change == beside.change {
            return Err(no::with_itself(patch.change));
        }
        if window.id() != other_window.id() {
            return Err(no::not_together(
                self.prefix(),
                (window, patch.change),
                (other_window, beside.change),
            ));
        }
        self.may_place(patch)?;
        if !after && matches!(beside.stage, Stage::Moving | Stage::Live { .. }) {
            let is_live = matches!(beside.stage, Stage::Live { .. });
            return Err(no::too_late_before(self.prefix(), beside.change, is_live));
        }
        let order = order::predecessors(self.state, window);
        let level = guidelines::level(self.settings, RuleId::Coupled);
        let asks = |coupling: &&order::Coupling<'_>| {
            level == Level::Block
                && !coupling.owed
                && overtakes(window, patch, beside, after, coupling.other(patch.change))
        };
        let open = order::open_couplings_of(self.state, window, patch.change);
        if let Some(coupling) = open.iter().find(asks) {
            return Err(no::place_is_no_order(self.prefix(), coupling));
        }
        let (first, second) = if after { (beside, patch) } else { (patch, beside) };
        if let Some(why) = order.why(second.change, first.change) {
            let declared = matches!(why, order::Why::Declared { .. });
            let why = say::queue::why(why);
            let (first, second) = (first.change, second.change);
            return Err(no::place_against_order(self.prefix(), first, second, &why, declared));
        }
        let mut places: Vec<ChangeNumber> =
            window.places.iter().copied().filter(|change| *change != patch.change).collect();
        let index = places.iter().position(|change| *change == beside.change).unwrap_or(places.len());
        places.insert(if after { index + 1 } else { index }, patch.change);
        if places == window.places {
            self.answer(&format!("already there. {}", say::queue::runs_as(self.state, window)));
            return Ok(());
        }
        let mut moved = window.clone();
        moved.places.clone_from(&places);
        self.record(Some(window.id()), Some(patch.change), Event::Placed { places });
        let text = say::queue::runs_as(self.state, &moved);
        self.answer(&text);
        Ok(())
    }

    fn may_place(&self, patch: &Patch) -> Result<(), Refusal> {
        match patch.stage {
            Stage::Queued | Stage::Skipped { .. } => Ok(()),
            Stage::Moving => Err(no::in_motion(self.prefix(), "move", patch.change)),
            Stage::Live { .. } => Err(no::is_live(self.prefix(), "move", patch.change)),
            Stage::RolledBack => Err(no::is_back(self.prefix(), patch.change)),
        }
    }

    pub(super) fn files(&mut self, target: Target, word: &FilesWord) -> Result<(), Refusal> {
        let (window, patch) = self.find(target)?;
        let change = patch.change;
        let facts = why_unknown(self.state, change).map_err(|why| no::facts_unknown(change, why))?;
        let policy = &self.settings.policy;
        let synced = match kind::synced_files(policy, &facts.change) {
            Fact::Known(paths) => paths,
            Fact::Unknown(why) => return Err(no::facts_unknown(change, &why)),
        };
        let paths: Vec<String> = synced.iter().map(|path| (*path).to_owned()).collect();
        if paths.len() < 2 {
            return Err(no::one_file(change, paths.len()));
        }
        let proposal = files::propose(&policy.file_order, files::links_of(facts), &facts.change, &synced);
        let (files, reason) = match word {
            FilesWord::Show => {
                let text = say::queue::files(self.prefix(), patch, &paths, &proposal);
                self.answer(&text);
                return Ok(());
            }
            FilesWord::Accept => (proposal.files.iter().map(|path| (*path).to_owned()).collect(), None),
            FilesWord::Atomic(reason) => (Vec::new(), Some(reason.clone())),
            FilesWord::List(text) => {
                let list = words::file_list(text, &paths);
                let fault = |fault: words::FileListFault| no::file_list(self.prefix(), change, &fault);
                (list.map_err(fault)?, None)
            }
        };
        self.may("files", Some(window), Some(patch))?;
        if patch.touched_hosts() || !matches!(patch.stage, Stage::Queued | Stage::Moving) {
            return Err(no::files_moving(self.prefix(), change));
        }
        let text = say::queue::files_go_out(change, &files, &paths);
        if patch.files.as_ref().is_some_and(|order| order.files == files) {
            self.answer(&format!("already so: {text}"));
            return Ok(());
        }
        self.not_crossed(patch, &format!("files {change}"))?;
        let mut after = patch.clone();
        after.files = Some(FileOrder { files: files.clone(), by: self.by.who.clone() });
        let event = Event::FilesOrdered { files, patch_set: patch.patch_set, reason };
        self.record(Some(window.id()), Some(change), event);
        if matches!(patch.stage, Stage::Moving) {
            self.plan_again(window, &after);
        }
        self.answer(&text);
        Ok(())
    }
}
