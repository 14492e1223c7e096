//! What people declare of order, and what is asked of them where two patches belong together.

use super::super::command::{Role, Target};
use super::super::event::Event;
use super::super::guidelines::{self, Level, RuleId};
use super::super::id::{ChangeNumber, Who};
use super::super::patch::{Patch, Stage};
use super::super::say::{self, Refusal, no};
use super::super::state::Offer;
use super::super::window::{Declared, Window};
use super::super::{order, words};
use super::Turn;

impl<'a> Turn<'a> {
    pub(super) fn order(&mut self, before: Target, after: Target) -> Result<(), Refusal> {
        if let Some((window, patch, owed)) = self.one_owed(before, after) {
            let owed_first = before == Target::Change(owed);
            return self.order_with_owed(window, patch, owed, owed_first);
        }
        let (window, first, second) = self.two(before, after)?;
        self.may_declare("order", window, first, second)?;
        let (a, b) = (first.change, second.change);
        let coupled = order::open_couplings_of(self.state, window, a);
        let asked = coupled.iter().any(|coupling| coupling.other(a) == b);
        if !asked && window.declared.iter().any(|order| order.before == a && order.after == b) {
            self.answer(&format!("already so. {}", say::queue::runs_as(self.state, window)));
            return Ok(());
        }
        if !matches!(first.stage, Stage::Live { .. })
            && matches!(second.stage, Stage::Moving | Stage::Live { .. })
        {
            return Err(no::in_motion(self.prefix(), &format!("order {a} before it"), b));
        }
        if let Some(cycle) = order::cycle_with(self.state, window, a, b) {
            let order = order::predecessors(self.state, window);
            return Err(no::cycle(self.prefix(), &say::queue::circle(&order, &cycle)));
        }
        self.may_be_twice(window, a, b, &no::unique_name)?;
        let opposite = window.declared.iter().find(|order| (order.before, order.after) == (b, a));
        let instead = opposite.map(|order| {
            let by = say::short_name(&order.by);
            format!(", instead of the other way (order by {by}, {})", words::clock(order.at))
        });
        let mut ordered = window.clone();
        let who = self.by.who.clone();
        ordered.declared.retain(|order| (order.before, order.after) != (b, a));
        ordered.independent.retain(|pair| *pair != (a, b) && *pair != (b, a));
        ordered.declared.push(Declared { before: a, after: b, by: who, at: self.at });
        self.record(Some(window.id()), Some(a), Event::Ordered { before: a, after: b });
        let runs = say::queue::runs_as(self.state, &ordered);
        let instead = instead.unwrap_or_default();
        self.answer(&format!("{a} goes before {b}{instead}. {runs}. Rollback goes the other way"));
        Ok(())
    }

    pub(super) fn independent(&mut self, a: Target, b: Target, reason: &str) -> Result<(), Refusal> {
        if let Some((window, patch, owed)) = self.one_owed(a, b) {
            return self.independent_of_owed(window, patch, owed, reason);
        }
        if self.call_off_order_with_one_that_left(a, b, reason)? {
            return Ok(());
        }
        let (window, first, second) = self.two(a, b)?;
        self.may_declare("independent", window, first, second)?;
        let (a, b) = (first.change, second.change);
        let coupled = order::open_couplings_of(self.state, window, a);
        let asked = coupled.iter().any(|coupling| coupling.other(a) == b);
        if !asked && (window.independent.contains(&(a, b)) || window.independent.contains(&(b, a))) {
            self.answer(&format!("already so: {a} and {b} do not wait for each other"));
            return Ok(());
        }
        let order = order::predecessors(self.state, window);
        // What the review system holds back whatever is said; a `Needed-By` is somebody's word like another.
        let hard = [(a, b), (b, a)].into_iter().find_map(|(first, then)| {
            let why = order.why(first, then)?;
            matches!(why, order::Why::Parent | order::Why::DependsOn).then_some((first, then, why))
        });
        if let Some((first, then, why)) = hard {
            return Err(no::hard_order(first, then, &say::queue::why(why)));
        }
        self.may_be_twice(window, a, b, &no::not_independent)?;
        self.may_be_twice(window, b, a, &no::not_independent)?;
        self.record(Some(window.id()), Some(a), Event::Independent { a, b });
        let text = say::queue::free_of_each_other(a, b, reason);
        self.answer(&text);
        Ok(())
    }

    /// Refuses an order in which a name exists twice that must exist once, unless another deployer has set that aside.
    fn may_be_twice(
        &self,
        window: &Window,
        first: ChangeNumber,
        second: ChangeNumber,
        refusal: &dyn Fn(&str, ChangeNumber, ChangeNumber, &str, &str) -> Refusal,
    ) -> Result<(), Refusal> {
        let between = order::between_them(self.state, first, second);
        let Some(between) = between.filter(|between| between.clashes(true)) else { return Ok(()) };
        let by_another = |patch: &Patch| {
            patch.overrides.get(&RuleId::Coupled).is_some_and(|aside| Some(&aside.by) != self.who.as_ref())
        };
        if [first, second].into_iter().filter_map(|change| window.patch(change)).any(by_another) {
            return Ok(());
        }
        let kind = say::coupled::kind(between.kind);
        Err(refusal(self.prefix(), first, second, between.name, kind))
    }

    /// A patch of a window, and another change that is merged, not deployed and not in that window.
    fn one_owed(&self, a: Target, b: Target) -> Option<(&'a Window, &'a Patch, ChangeNumber)> {
        [(a, b), (b, a)].into_iter().find_map(|(here, other)| {
            let Target::Change(owed) = other else { return None };
            let (window, patch) = self.find(here).ok()?;
            let is_owed = self.state.ledger.contains_key(&owed) && window.patch(owed).is_none();
            (is_owed && patch.change != owed).then_some((window, patch, owed))
        })
    }

    fn order_with_owed(
        &mut self,
        window: &Window,
        patch: &Patch,
        owed: ChangeNumber,
        owed_first: bool,
    ) -> Result<(), Refusal> {
        self.may("order", Some(window), Some(patch))?;
        let change = patch.change;
        let (before, after) = if owed_first { (owed, change) } else { (change, owed) };
        let declared = window.declared.iter().any(|order| (order.before, order.after) == (before, after));
        let words = say::queue::goes_before_owed(before, after, owed);
        if declared && window.is_answered(before, after) {
            self.answer(&format!("already so: {words}"));
            return Ok(());
        }
        if owed_first && patch.stage != Stage::Queued {
            return Err(no::in_motion(self.prefix(), &format!("order {owed} before it"), change));
        }
        self.may_be_twice(window, before, after, &no::unique_name)?;
        self.record(Some(window.id()), Some(change), Event::Ordered { before, after });
        self.answer(&words);
        Ok(())
    }

    fn independent_of_owed(
        &mut self,
        window: &Window,
        patch: &Patch,
        owed: ChangeNumber,
        reason: &str,
    ) -> Result<(), Refusal> {
        self.may("independent", Some(window), Some(patch))?;
        let change = patch.change;
        let said = window.independent.iter().any(|pair| [(change, owed), (owed, change)].contains(pair));
        if said && window.is_answered(change, owed) {
            self.answer(&format!("already so: {change} and {owed} do not wait for each other"));
            return Ok(());
        }
        self.may_be_twice(window, change, owed, &no::not_independent)?;
        self.may_be_twice(window, owed, change, &no::not_independent)?;
        self.record(Some(window.id()), Some(change), Event::Independent { a: change, b: owed });
        let text = say::queue::free_of_each_other(change, owed, reason);
        self.answer(&text);
        Ok(())
    }

    /// `independent A B` where one of them is no longer in the window and the order with it still stands.
    fn call_off_order_with_one_that_left(
        &mut self,
        a: Target,
        b: Target,
        reason: &str,
    ) -> Result<bool, Refusal> {
        let (Target::Change(first), Target::Change(second)) = (a, b) else { return Ok(false) };
        for (here, gone) in [(first, second), (second, first)] {
            let Some(window) =
                self.state.window_of(here).filter(|window| self.is_here(&window.occurrence.rooms))
            else {
                continue;
            };
            let between =
                |order: &&Declared| [(here, gone), (gone, here)].contains(&(order.before, order.after));
            if window.patch(gone).is_none() && window.declared.iter().find(between).is_some() {
                self.may("independent", Some(window), window.patch(here))?;
                self.record(Some(window.id()), Some(here), Event::Independent { a: first, b: second });
                let text = say::queue::free_of_each_other(first, second, reason);
                self.answer(&text);
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn two(&self, a: Target, b: Target) -> Result<(&'a Window, &'a Patch, &'a Patch), Refusal> {
        let (window, first) = self.find(a)?;
        let (other, second) = self.find(b)?;
        if first.change == second.change {
            return Err(no::with_itself(first.change));
        }
        if window.id() != other.id() {
            return Err(no::not_together(self.prefix(), (window, first.change), (other, second.change)));
        }
        Ok((window, first, second))
    }

    fn may_declare(&self, verb: &str, window: &Window, a: &Patch, b: &Patch) -> Result<(), Refusal> {
        self.may(verb, Some(window), Some(a)).or_else(|refusal| match refusal.code {
            _ if self.is(Role::Owner, None, Some(b)) => Ok(()),
            "not-owner" => Err(no::not_owner_of_either(verb, a, b)),
            _ => Err(refusal),
        })
    }

    /// Asks of what was added, and belongs together with something, which goes first.
    pub(in super::super) fn ask_of_added(&mut self, window: &Window, first: &Offer, added: &[ChangeNumber]) {
        let level = guidelines::level(self.settings, RuleId::Coupled);
        if level == Level::Off {
            return;
        }
        let mut open = order::open_couplings(self.state, window);
        open.retain(|coupling| added.iter().any(|change| coupling.is_about(*change)));
        for coupling in &open {
            let question = say::coupled::question(coupling, level == Level::Block);
            let orders = say::coupled::either_order(self.prefix(), coupling);
            self.tell_added(window, first, &question);
            self.tell_added(window, first, &orders);
            let owners = owners_of(window, coupling);
            let others: Vec<&Who> = owners.into_iter().filter(|owner| **owner != first.by).collect();
            if !others.is_empty() {
                self.ping(window, &others, &format!("{question}. {orders}"));
            }
        }
    }

    /// Asks the owners again, where a patch is not what it was when somebody said which goes first.
    pub(in super::super) fn ask_of_patch(&mut self, window: &Window, change: ChangeNumber) {
        let level = guidelines::level(self.settings, RuleId::Coupled);
        if level == Level::Off {
            return;
        }
        for coupling in &order::open_couplings_of(self.state, window, change) {
            let question = say::coupled::question(coupling, level == Level::Block);
            let orders = say::coupled::either_order(self.prefix(), coupling);
            self.ping(window, &owners_of(window, coupling), &format!("{question}. {orders}"));
        }
    }
}

/// The owners of two patches, each once.
pub(super) fn owners_of<'w>(window: &'w Window, coupling: &order::Coupling<'_>) -> Vec<&'w Who> {
    let both = [coupling.a, coupling.b].into_iter();
    let mut owners: Vec<&Who> = both.filter_map(|change| window.patch(change)).map(Patch::owner).collect();
    owners.dedup();
    owners
}

/// Whether a patch that goes beside another would stand on the other side of a third than now.
pub(super) fn overtakes(
    window: &Window,
    patch: &Patch,
    beside: &Patch,
    after: bool,
    third: ChangeNumber,
) -> bool {
    let place = |change: ChangeNumber| window.places.iter().position(|other| *other == change);
    let was_before = place(patch.change) < place(third);
    let is_before = if beside.change == third { !after } else { place(beside.change) < place(third) };
    was_before != is_before
}
