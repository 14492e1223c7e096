//! Room in the queue and time in the window.

use super::*;

#[test]
fn window_limit() {
    check(
        RuleId::WindowLimit,
        cfg,
        &[
            (|w| w.full(1..6), "pass: place 6 of 6"),
            (
                |w| w.full(1..7),
                "fail: 900101 would be number 7 in 2026-11-23/morning, which has 6 places | \
                 \"!swat windows\" names another window; a manager says \"!swat limit 7\"",
            ),
            (
                |w| {
                    w.full(1..7);
                    make::stage(&mut w.window, 3, skipped());
                },
                "pass: place 6 of 6",
            ),
            (
                |w| {
                    w.queued();
                    w.full(1..9);
                },
                "pass: place 1 of 6",
            ),
            (
                |w| {
                    w.full(1..7);
                    w.files(&["wmf-config/beta/a.php"]);
                },
                "not needed",
            ),
            (
                |w| {
                    w.full(1..7);
                    owe(&mut w.state, 7, Debt::RolledBack);
                    revert(w.facts(), 7);
                },
                "not needed",
            ),
            (reverts_what_is_live, "not needed"),
            (
                |w| {
                    w.full(1..7);
                    w.facts = Err("no answer".to_owned());
                },
                "fail: 900101 would be number 7 in 2026-11-23/morning, which has 6 places | \
                 \"!swat windows\" names another window; a manager says \"!swat limit 7\"",
            ),
            (|w| w.turn("14:10"), "not judged"),
        ],
    );
}

/// The window is full, it put out 3, and now comes the revert of that.
fn reverts_what_is_live(w: &mut World) {
    w.full(1..7);
    let mut live = config(3);
    live.change.status = Status::Merged;
    know(&mut w.state, &live);
    make::stage(&mut w.window, 3, Stage::Live { at: at("14:20") });
    revert(w.facts(), 3);
}

fn second_pick(w: &mut World) {
    let mut other = code(900_103);
    other.change.branch = "wmf/1.27.0-wmf.3".to_owned();
    other.change.change_id = make::change_id(900_102);
    w.full(1..5);
    queue(&mut w.state, &mut w.window, &other);
}

#[test]
fn branch_counts() {
    check(
        RuleId::BranchCounts,
        backport,
        &[
            (|w| w.full(1..3), "not needed"),
            (second_pick, "note: 900102 takes a place besides 900103 on wmf.3 | "),
            (
                |w| {
                    second_pick(w);
                    w.settings.guidelines.insert(RuleId::BranchCounts, Level::Off);
                },
                "not judged",
            ),
            (|w| w.facts = Err("no answer".to_owned()), "unknown: no answer"),
        ],
    );
    let mut world = World::of(backport());
    second_pick(&mut world);
    assert_eq!(world.finds(RuleId::WindowLimit), "pass: place 6 of 6");
    world.queued();
    assert_eq!(places(&world.settings, &world.state, &world.window).taken, 6);
    world.settings.guidelines.insert(RuleId::BranchCounts, Level::Off);
    assert_eq!(world.finds(RuleId::WindowLimit), "not needed");
    assert_eq!(places(&world.settings, &world.state, &world.window).taken, 5);
}

#[test]
fn time_budget_and_last_start() {
    check(
        RuleId::TimeBudget,
        cfg,
        &[
            (|w| w.full(1..6), "pass: done by about 15:00 UTC"),
            (
                |w| w.full(1..7),
                "fail: 900101 would end about 15:10 UTC, the window ends at 15:00 UTC | \"!swat windows\"",
            ),
            (|w| w.turn("14:50"), "pass: done by about 15:00 UTC"),
            (
                // S9: after :50 a start warns.
                |w| w.turn("14:52"),
                "fail: 900101 would end about 15:02 UTC, the window ends at 15:00 UTC | \"!swat extend 15m\"",
            ),
        ],
    );
    check(
        RuleId::LastStart,
        cfg,
        &[
            (|w| w.full(1..8), "pass: starts by 14:45 UTC"),
            (|w| w.turn("14:45"), "pass: starts by 14:45 UTC"),
            (
                // People read minutes: within the last one it is not too late.
                |w| {
                    w.turn("14:45");
                    w.window.phase = Phase::On { since: at("14:00") };
                    w.at += TimeDelta::seconds(59);
                },
                "pass: starts by 14:45 UTC",
            ),
            (
                |w| w.turn("14:47"),
                "fail: 14:47 UTC is too late to start 900101, the last start was 14:45 UTC | \
                 \"!swat extend 15m\"",
            ),
            (
                |w| w.at = at("14:47"),
                "fail: 14:47 UTC is too late to start 900101, the last start was 14:45 UTC | \"!swat windows\"",
            ),
            (
                |w| {
                    w.at = at("14:20");
                    w.window.phase = Phase::On { since: at("14:00") };
                    w.full(1..4);
                },
                "fail: 900101 would start about 14:50 UTC, the last start is 14:45 UTC | \
                 \"!swat windows\", or the lead says \"!swat extend 15m\"",
            ),
            (
                |w| {
                    w.turn("14:50");
                    owe(&mut w.state, 7, Debt::RolledBack);
                    revert(w.facts(), 7);
                },
                "not needed",
            ),
            (
                |w| {
                    reverts_what_is_live(w);
                    w.turn("14:50");
                },
                "not needed",
            ),
        ],
    );
}

/// S9: six are taken and the seventh is not; two branches count twice; then the clock.
#[test]
fn window_discipline() {
    let mut world = World::of(cfg());
    let mut taken = 0;
    for change in 1..=7 {
        world.facts = Ok(config(change));
        let judgements = judge(&world.case());
        if judgements.iter().any(Judgement::refuses_add) {
            continue;
        }
        taken += 1;
        world.queued();
    }
    assert_eq!(taken, 6);
    assert_eq!(places(&world.settings, &world.state, &world.window).taken, 6);

    let mut world = World::of(cfg());
    for (clock, budget, start) in [
        ("14:00", Verdict::Pass, Verdict::Pass),
        ("14:45", Verdict::Pass, Verdict::Pass),
        ("14:52", Verdict::Warn, Verdict::Block),
        ("15:00", Verdict::Warn, Verdict::Block),
    ] {
        world.turn(clock);
        assert_eq!(world.verdict(RuleId::TimeBudget), budget, "{clock}");
        assert_eq!(world.verdict(RuleId::LastStart), start, "{clock}");
    }
    world.policy().last_start = TimeDelta::zero();
    world.turn("14:52");
    assert_eq!(world.verdict(RuleId::LastStart), Verdict::Pass);
}
