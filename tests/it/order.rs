//! The order of patches: where each edge comes from, what runs when, what goes back with what, and cycles.

use proptest::prelude::*;
use swatbot::engine::facts::{Fact, Facts};
use swatbot::engine::id::ChangeNumber;
use swatbot::engine::order::{Why, cycle_with, dependents, existing_cycle, predecessors, running_order};
use swatbot::engine::patch::Stage;
use swatbot::engine::state::State;
use swatbot::engine::window::Window;

use crate::make::{
    CODE, at, brief, code, config, declare, know, merged, need, number, queue, short, skipped, stage,
};

/// A window with these changes in this order.
fn with(changes: &[Facts]) -> (State, Window) {
    let (mut state, mut window) = (State::default(), crate::make::window());
    for facts in changes {
        queue(&mut state, &mut window, facts);
    }
    (state, window)
}

fn numbers(changes: &[ChangeNumber]) -> Vec<u32> {
    changes.iter().map(|change| change.0).collect()
}

fn runs(state: &State, window: &Window) -> Vec<u32> {
    numbers(&running_order(state, window))
}

fn edges(state: &State, window: &Window) -> Vec<(u32, u32, Why)> {
    let order = predecessors(state, window);
    order.edges().iter().map(|edge| (edge.before.0, edge.after.0, edge.why.clone())).collect()
}

fn child(change: u32, ancestors: &[u32]) -> Facts {
    let mut facts = config(change);
    facts.chain = Fact::Known(ancestors.iter().map(|parent| short(&config(*parent))).collect());
    facts
}

fn needing(mut facts: Facts, needed: &[Facts]) -> Facts {
    let of = facts.change.number.0;
    facts.needs = Fact::Known(needed.iter().map(|other| need(of, &[short(other)])).collect());
    facts
}

#[test]
fn without_edges_places_are_the_order() {
    let (state, mut window) = with(&[config(3), config(1), config(2)]);
    assert_eq!(runs(&state, &window), [3, 1, 2]);
    assert!(edges(&state, &window).is_empty());
    window.places.reverse();
    assert_eq!(runs(&state, &window), [2, 1, 3]);
    assert!(running_order(&state, &crate::make::window()).is_empty());
}

#[test]
fn a_child_waits_for_every_ancestor_in_the_window() {
    let (state, window) = with(&[child(3, &[2, 1]), child(2, &[1]), config(1)]);
    assert_eq!(runs(&state, &window), [1, 2, 3]);
    let edges = edges(&state, &window);
    assert_eq!(edges, [(2, 3, Why::Parent), (1, 3, Why::Parent), (1, 2, Why::Parent)]);
}

#[test]
fn git_parents_stand_in_for_an_unknown_chain() {
    let mut facts = config(2);
    facts.chain = Fact::Unknown("not asked".to_owned());
    facts.change.parents = vec![crate::make::revision(1)];
    let (state, window) = with(&[facts, config(1)]);
    assert_eq!(edges(&state, &window), [(1, 2, Why::Parent)]);
}

#[test]
fn depends_on_is_followed_by_number_and_through_picks() {
    let (state, window) = with(&[needing(config(2), &[config(1)]), config(1)]);
    assert_eq!(edges(&state, &window), [(1, 2, Why::DependsOn)]);

    // The footer names the change on master; the window has its picks, and each branch needs its own.
    let pick = |change: u32, branch: &str, original: u32| {
        let mut facts = code(change);
        facts.change.branch = format!("wmf/1.27.0-{branch}");
        facts.change.change_id = crate::make::change_id(original);
        facts
    };
    let master = |change| merged(brief(change, CODE, "master"), "11:00");
    let need_of = |mut facts: Facts, original| {
        facts.needs = Fact::Known(vec![need(facts.change.number.0, &[master(original)])]);
        facts
    };
    let (state, window) = with(&[
        need_of(pick(24, "wmf.4", 20), 10),
        need_of(pick(23, "wmf.3", 20), 10),
        need_of(config(30), 10),
        pick(14, "wmf.4", 10),
        pick(13, "wmf.3", 10),
    ]);
    assert_eq!(
        edges(&state, &window),
        [
            (14, 24, Why::DependsOn),
            (13, 23, Why::DependsOn),
            (14, 30, Why::DependsOn),
            (13, 30, Why::DependsOn)
        ]
    );
    assert_eq!(runs(&state, &window), [14, 24, 13, 23, 30]);
}

#[test]
fn what_stands_between_need_not_be_in_the_window() {
    let mut top = config(3);
    top.needs = Fact::Known(vec![need(3, &[short(&config(2))]), need(2, &[short(&config(1))])]);
    let (state, window) = with(&[top, config(1)]);
    assert_eq!(edges(&state, &window), [(1, 3, Why::DependsOn)]);
}

#[test]
fn needed_by_names_a_change_id_or_a_url() {
    for value in [crate::make::change_id(2), "https://gerrit.example.org/c/x/+/2".to_owned()] {
        for key in ["Needed-By", "needed-by"] {
            let mut facts = config(1);
            facts.change.message = format!("One\n\n{key}: {value}\n");
            let (state, mut window) = with(&[config(2), facts]);
            assert_eq!(edges(&state, &window), [(1, 2, Why::NeededBy)]);
            window.independent.push((number(2), number(1)));
            assert!(edges(&state, &window).is_empty());
        }
    }
}

#[test]
fn declared_order_goes_before_places_and_git_before_independent() {
    let (state, mut window) = with(&[config(1), config(2), config(3)]);
    declare(&mut window, 3, 1);
    declare(&mut window, 9, 1);
    assert_eq!(runs(&state, &window), [2, 3, 1]);
    let by = Why::Declared { by: crate::make::who("erin"), at: at("12:30") };
    assert_eq!(edges(&state, &window), [(3, 1, by)]);
    assert_eq!(predecessors(&state, &window).before(number(1)).count(), 1);
    assert_eq!(predecessors(&state, &window).after(number(3)).count(), 1);

    let (state, mut window) = with(&[child(2, &[1]), config(1)]);
    window.independent.push((number(1), number(2)));
    assert_eq!(runs(&state, &window), [1, 2]);
}

#[test]
fn what_is_over_or_in_motion_comes_first() {
    let (state, mut window) = with(&[config(1), config(2), config(3), config(4), config(5), config(6)]);
    stage(&mut window, 6, Stage::Moving);
    stage(&mut window, 5, Stage::Live { at: at("14:20") });
    stage(&mut window, 3, Stage::Live { at: at("14:10") });
    stage(&mut window, 2, skipped());
    stage(&mut window, 4, Stage::RolledBack);
    assert_eq!(runs(&state, &window), [3, 5, 4, 6, 1]);
    declare(&mut window, 2, 1);
    declare(&mut window, 1, 3);
    assert_eq!(runs(&state, &window), [3, 5, 4, 6, 1]);
}

#[test]
fn an_order_stays_known_while_the_review_system_does_not_answer() {
    let (mut state, window) = with(&[child(2, &[1]), config(1)]);
    let fault = swatbot::engine::facts::Fault::Unreachable { why: "no answer".to_owned() };
    state.known.get_mut(&number(2)).expect("known").fault = Some(fault);
    assert_eq!(runs(&state, &window), [1, 2]);
}

#[test]
fn a_cycle_is_given_whole() {
    let (state, mut window) = with(&[config(1), config(2), config(3), config(4)]);
    declare(&mut window, 2, 3);
    declare(&mut window, 3, 1);
    declare(&mut window, 3, 4);
    let cycle = cycle_with(&state, &window, number(1), number(2)).map(|cycle| numbers(&cycle));
    assert_eq!(cycle, Some(vec![1, 2, 3, 1]));
    assert_eq!(cycle_with(&state, &window, number(2), number(1)), None);
    assert_eq!(cycle_with(&state, &window, number(4), number(3)), None, "a new word replaces the old");
    assert_eq!(
        cycle_with(&state, &window, number(4), number(2)).map(|c| numbers(&c)),
        Some(vec![4, 2, 3, 4])
    );
    assert_eq!(cycle_with(&state, &window, number(1), number(1)).map(|c| numbers(&c)), Some(vec![1, 1]));
    assert_eq!(cycle_with(&state, &window, number(1), number(9)), None);

    declare(&mut window, 1, 2);
    assert_eq!(runs(&state, &window), [1, 2, 3, 4], "a cycle cannot hang");
}

#[test]
fn a_cycle_of_needs_is_found_outside_the_window() {
    // S8: A needs B, B needs C, C needs B; only A is here.
    let mut first = config(1);
    let [b, c] = [2, 3].map(|change| short(&config(change)));
    first.needs = Fact::Known(vec![
        need(1, std::slice::from_ref(&b)),
        need(2, std::slice::from_ref(&c)),
        need(3, std::slice::from_ref(&b)),
    ]);
    let mut state = State::default();
    know(&mut state, &first);
    let window = crate::make::window();
    let cycle = existing_cycle(&state, &window, number(1)).map(|cycle| numbers(&cycle));
    assert_eq!(cycle, Some(vec![2, 3, 2]));

    // Through the window: each of two knows only its own footer.
    let (state, window) = with(&[needing(config(1), &[config(2)]), needing(config(2), &[config(1)])]);
    let cycle = existing_cycle(&state, &window, number(2)).map(|cycle| numbers(&cycle));
    assert_eq!(cycle, Some(vec![2, 1, 2]));
    assert_eq!(runs(&state, &window), [1, 2]);

    // What is merged waits for nothing.
    let mut first = config(1);
    first.needs =
        Fact::Known(vec![need(1, &[merged(b, "11:00")]), need(2, std::slice::from_ref(&short(&config(1))))]);
    let (state, window) = with(&[first]);
    assert_eq!(existing_cycle(&state, &window, number(1)), None);
}

#[test]
fn a_rollback_takes_the_last_dependent_first() {
    let (state, mut window) = with(&[config(4), child(3, &[2, 1]), child(2, &[1]), config(1), config(5)]);
    declare(&mut window, 3, 4);
    assert_eq!(runs(&state, &window), [1, 2, 3, 4, 5]);
    assert_eq!(numbers(&dependents(&state, &window, number(1))), [4, 3, 2]);
    assert_eq!(numbers(&dependents(&state, &window, number(3))), [4]);
    assert!(dependents(&state, &window, number(5)).is_empty());
    assert!(dependents(&state, &window, number(99)).is_empty());
}

proptest! {
    /// Every patch that takes part comes once, and after all that it needs, whatever the places are.
    #[test]
    fn running_order_keeps_every_edge(
        size in 1_u32..30,
        pairs in prop::collection::vec((0_u32..30, 0_u32..30, 0_u8..3), 0..60),
        places in Just((1_u32..=30).collect::<Vec<u32>>()).prop_shuffle(),
        out in prop::collection::vec(0_u32..30, 0..4),
    ) {
        let mut changes: Vec<Facts> = (1..=size).map(config).collect();
        let mut declared = Vec::new();
        for (a, b, kind) in pairs {
            let (low, high) = (a.min(b) % size + 1, a.max(b) % size + 1);
            if low >= high {
                continue;
            }
            let earlier = short(&changes[low as usize - 1]);
            let later = &mut changes[high as usize - 1];
            match (kind, &mut later.chain, &mut later.needs) {
                (0, Fact::Known(chain), _) => chain.push(earlier),
                (1, _, Fact::Known(needs)) => needs.push(need(high, &[earlier])),
                _ => declared.push((low, high)),
            }
        }
        let (state, mut window) = with(&changes);
        window.places = places.into_iter().filter(|place| *place <= size).map(number).collect();
        for (low, high) in declared {
            declare(&mut window, low, high);
        }
        for gone in out {
            stage(&mut window, gone % size + 1, skipped());
        }
        let order = running_order(&state, &window);
        let mut sorted = order.clone();
        sorted.sort();
        let mut expected: Vec<ChangeNumber> = window.taking_part().map(|patch| patch.change).collect();
        expected.sort();
        prop_assert_eq!(sorted, expected);
        let position = |change: ChangeNumber| order.iter().position(|other| *other == change);
        for edge in predecessors(&state, &window).edges() {
            prop_assert!(position(edge.before) < position(edge.after));
        }
    }

    /// Cycles neither hang nor lose a patch, and what closes one is told with its whole way.
    #[test]
    fn cycles_lose_nothing(pairs in prop::collection::vec((1_u32..8, 1_u32..8), 0..16)) {
        let (state, mut window) = with(&(1..8).map(config).collect::<Vec<_>>());
        for (before, after) in pairs {
            match cycle_with(&state, &window, number(before), number(after)) {
                None => declare(&mut window, before, after),
                Some(cycle) => {
                    prop_assert_eq!(&numbers(&cycle)[..2], [before, after]);
                    prop_assert_eq!(cycle.last(), Some(&number(before)));
                    let order = predecessors(&state, &window);
                    for step in cycle.windows(2).skip(1) {
                        prop_assert!(order.before(step[1]).any(|edge| edge.before == step[0]));
                    }
                    declare(&mut window, before, after);
                    prop_assert_eq!(running_order(&state, &window).len(), 7);
                    window.declared.pop();
                }
            }
        }
        prop_assert_eq!(running_order(&state, &window).len(), 7);
    }
}
