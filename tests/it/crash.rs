//! Windows whose steps are real commands, with the program killed at every boundary of what it does: no command runs
//! twice, nothing that was acknowledged is lost, and nobody is told that something is done that may not be.
//!
//! Each command writes a line into a file, and the people in the room look there before they say `done` or `rerun`, as
//! they would look at the hosts.

mod program;
mod site;

use swatbot::engine::plan::Act;

use crate::restart::Chance;
use site::{Boundary, Kill, Site};

/// So many windows with kills at random boundaries are played; `SWATBOT_SEEDS` names another number.
const SEEDS: u64 = 12;

fn seeds() -> u64 {
    std::env::var("SWATBOT_SEEDS").map_or(SEEDS, |text| text.parse().expect("SWATBOT_SEEDS is a number"))
}

#[test]
fn a_window_of_commands_without_any_kill() {
    let mut site = Site::new(Kill::Never);
    site.play();
    site.is_right();
    assert!(!site.said.iter().any(|said| said.contains("[unknown")), "{:#?}", site.said);
    assert_eq!(site.kills, 0);
}

/// Plays to the first `go` of the canaries and kills there.
fn killed_at(boundary: Boundary) -> Site {
    let mut site = Site::new(Kill::Never);
    site.play_until(|site| {
        let current = site.moving().and_then(|patch| patch.current().map(|(_, step)| step.act.clone()));
        matches!(current, Some(Act::Sync { stage, .. }) if stage == "canaries")
    });
    site.kill = Kill::Once(boundary);
    site
}

/// What stands in the file for the first patch on the canaries.
fn runs(site: &Site) -> usize {
    site.runs("sync canaries 900101")
}

#[test]
fn f1_killed_before_the_go_is_stored_nothing_is_run_and_nothing_is_known() {
    let mut site = killed_at(Boundary::Heard);
    let rows = site.rows();
    site.line("alice> !swat go 5");
    assert_eq!((site.kills, runs(&site), site.rows()), (1, 0, rows + site.returned), "only that it is back");
    assert!(site.moving().unwrap().current().unwrap().1.going.is_none());
    site.play();
    site.is_right();
}

#[test]
fn f2_f3_killed_after_the_intent_and_before_the_start_a_person_is_asked() {
    let mut site = killed_at(Boundary::Stored);
    site.line("alice> !swat go 5");
    assert_eq!((site.kills, runs(&site)), (1, 0));
    is_unknown(&site);
    // Time alone starts nothing.
    site.later(chrono::TimeDelta::minutes(3));
    assert_eq!(runs(&site), 0);
    runs_by_a_word(site);
}

#[test]
fn back_while_the_log_takes_nothing_a_person_is_asked_as_soon_as_it_does() {
    let mut site = killed_at(Boundary::Stored);
    site.kill = Kill::Never;
    site.back_without_a_log("alice> !swat go 5");
    runs_by_a_word(site);
}

/// What never ran, and nobody knows of, is run by a person's word, and all goes on.
fn runs_by_a_word(mut site: Site) {
    is_unknown(&site);
    site.line("alice> !swat rerun");
    assert_eq!(runs(&site), 1);
    site.play();
    site.is_right();
}

#[test]
fn f4_killed_while_it_runs_it_is_not_run_again() {
    let mut site = killed_at(Boundary::Running);
    site.line("alice> !swat go 5");
    assert_eq!((site.kills, runs(&site)), (1, 1));
    is_unknown(&site);
    for refused in ["alice> !swat go 5", "alice> !swat go 7", "alice> !swat promote"] {
        site.line(refused);
        assert!(site.said.last().unwrap().contains(": no: "), "{:?}", site.said.last());
    }
    assert_eq!(runs(&site), 1);
    site.line("alice> !swat done 5 I looked, all 11 have it");
    site.play();
    site.is_right();
    assert_eq!(runs(&site), 1);
}

#[test]
fn f5_killed_after_its_end_and_before_the_result_is_stored_it_is_not_run_again() {
    let mut site = killed_at(Boundary::Ended);
    site.line("alice> !swat go 5");
    assert_eq!((site.kills, runs(&site)), (1, 1));
    is_unknown(&site);
    site.line("alice> !swat rollback 900101 nobody knows");
    site.play();
    assert_eq!((runs(&site), site.runs("back canaries 900101")), (1, 1));
    site.is_whole();
}

#[test]
fn f6_killed_between_the_result_and_the_word_about_it_the_step_is_done_once() {
    let mut site = killed_at(Boundary::ResultStored);
    site.line("alice> !swat go 5");
    assert_eq!((site.kills, runs(&site)), (1, 1));
    let patch = site.moving().unwrap();
    assert_eq!(patch.current().unwrap().0, 6, "what is stored is so");
    let back = site.said.last().unwrap();
    assert!(back.contains("900101"), "it says where things stand: {back}");
    site.play();
    site.is_right();
}

/// The command is on its way, and nobody knows what became of it.
fn is_unknown(site: &Site) {
    let patch = site.moving().unwrap();
    let (number, step) = patch.current().unwrap();
    assert_eq!(number, 5);
    assert!(step.going.as_ref().unwrap().is_unknown);
    let asked = site.said.iter().rev().find(|said| said.contains("rerun")).expect("somebody is asked");
    for way in ["done 5", "rerun", "rollback"] {
        assert!(asked.contains(way), "{asked}");
    }
}

#[test]
fn windows_killed_at_random_boundaries_run_nothing_twice_and_lose_nothing() {
    let (mut kills, mut boundaries) = (0, 0);
    for seed in 1..=seeds() {
        let mut site = Site::new(Kill::Random(Chance(seed), seed));
        site.play();
        site.is_right();
        (kills, boundaries) = (kills + site.kills, boundaries + site.boundaries);
    }
    #[expect(clippy::print_stdout, reason = "whoever runs many seeds asks how much was tried")]
    let () = println!("{} windows, {boundaries} boundaries, {kills} kills", seeds());
    assert!(kills > seeds() as u32 * 2, "only {kills} kills");
}

#[test]
fn at_each_boundary_of_a_window_it_can_be_killed() {
    let mut site = Site::new(Kill::Never);
    site.play();
    let all = site.boundaries;
    // Each test run takes other ones, as long as seeds are few; with many it takes all.
    let stride = if seeds() > SEEDS { 1 } else { 23 };
    for number in (1..=all).step_by(stride) {
        let mut site = Site::new(Kill::At(number));
        site.play();
        assert_eq!(site.kills, 1, "boundary {number} of {all}");
        site.is_right();
    }
}
