//! Votes, test runs and states of a change.

use super::*;

fn rebased(w: &mut World, kind: PatchSetKind) {
    let change = &mut w.facts().change;
    change.patch_sets[2].kind = kind;
    change.votes =
        Fact::Known(vec![vote("Code-Review", "carol", 2, 2), vote("Verified", "jenkins-bot", 2, 2)]);
}

#[test]
fn reviewed() {
    const ALONE: &str = "fail: 900101 ps 3 has no vote by anybody but its owner | \
                         A vote, or \"!swat check 900101 precommit WHO READ IT\"";
    check(
        RuleId::Reviewed,
        cfg,
        &[
            (|_| {}, "pass: CR+1 by carol"),
            (|w| w.votes(&[]), ALONE),
            (|w| w.votes(&[vote("Code-Review", "bob", 2, 3)]), ALONE),
            (|w| w.votes(&[vote("Code-Review", "jenkins-bot", 1, 3)]), ALONE),
            (|w| w.votes(&[vote("Code-Review", "carol", -1, 3)]), ALONE),
            (|w| rebased(w, PatchSetKind::Rework), ALONE),
            (|w| rebased(w, PatchSetKind::TrivialRebase), "pass: CR+2 by carol on ps 2"),
            (|w| rebased(w, PatchSetKind::NoCodeChange), "pass: CR+2 by carol on ps 2"),
            (|w| w.facts().change.votes = Fact::Unknown("503".to_owned()), "unknown: votes: 503"),
        ],
    );
    let mut world = World::of(cfg());
    rebased(&mut world, PatchSetKind::TrivialRebase);
    world.facts().change.patch_sets.pop();
    assert_eq!(world.finds(RuleId::Reviewed), ALONE, "a patch set nobody knows is new content");
}

#[test]
fn ci_green() {
    check(
        RuleId::CiGreen,
        cfg,
        &[
            (|_| {}, "pass: CI green"),
            (|w| rebased(w, PatchSetKind::TrivialRebase), "pass: CI green on ps 2"),
            (|w| rebased(w, PatchSetKind::Rework), "unknown: no CI result for ps 3"),
            (|w| w.votes(&[vote("Verified", "carol", 2, 3)]), "unknown: no CI result for ps 3"),
            (
                |w| w.votes(&[vote("Verified", "jenkins-bot", -1, 3)]),
                "fail: 900101 failed CI: V-1 by jenkins-bot | \
                 A new run, or \"!swat override 900101 ci-green WHY\"",
            ),
            (
                |w| {
                    rebased(w, PatchSetKind::TrivialRebase);
                    let green = vote("Verified", "jenkins-bot", 2, 2);
                    w.votes(&[vote("Verified", "jenkins-bot", -1, 3), green]);
                },
                "fail: 900101 failed CI: V-1 by jenkins-bot | \
                 A new run, or \"!swat override 900101 ci-green WHY\"",
            ),
            (
                |w| {
                    let mut red = vote("Verified", "jenkins-bot", -1, 3);
                    red.at = Some(at("09:00"));
                    w.votes(&[vote("Verified", "jenkins-bot", 2, 3), red]);
                },
                "pass: CI green",
            ),
            (|w| w.policy().ci_accounts.clear(), "unknown: no CI account is configured"),
            (|w| w.facts().change.votes = Fact::Unknown("503".to_owned()), "unknown: CI result: 503"),
        ],
    );
}

#[test]
fn states_of_a_change() {
    check(
        RuleId::NotWip,
        cfg,
        &[
            (|_| {}, "pass: ready"),
            (
                |w| w.facts().change.wip = true,
                "fail: 900101 is marked as work in progress | Mark it ready, then \"!swat add 900101\"",
            ),
            (|w| w.facts = Err("no answer".to_owned()), "unknown: no answer"),
        ],
    );
    check(
        RuleId::NotAbandoned,
        cfg,
        &[
            (|_| {}, "pass: not abandoned"),
            (
                |w| {
                    w.facts().change.status = Status::Abandoned;
                    w.queued();
                },
                "fail: 900101 is abandoned | Restore it, then \"!swat show 900101\"",
            ),
            (|w| w.facts = Err("no answer".to_owned()), "unknown: no answer"),
        ],
    );
    check(
        RuleId::NotVetoed,
        cfg,
        &[
            (|_| {}, "pass: no veto"),
            (|w| w.votes(&[vote("Code-Review", "carol", -1, 3)]), "pass: no veto"),
            (
                |w| w.votes(&[vote("Code-Review", "carol", -2, 1)]),
                "fail: 900101 is vetoed: CR-2 by carol on ps 1 | Once carol has taken it back: \"!swat add 900101\"",
            ),
            (|w| w.votes(&[vote("Verified", "jenkins-bot", -2, 1)]), "pass: no veto"),
            (|w| w.facts().change.votes = Fact::Unknown("503".to_owned()), "unknown: votes: 503"),
        ],
    );
    check(
        RuleId::Mergeable,
        cfg,
        &[
            (|_| {}, "pass: merges cleanly"),
            (|w| w.facts().change.mergeable = None, "not needed"),
            (
                |w| w.facts().change.mergeable = Some(false),
                "fail: 900101 ps 3 conflicts with master | Rebase it",
            ),
            (|w| w.facts = Err("no answer".to_owned()), "unknown: no answer"),
        ],
    );
    let mut world = World::of(cfg());
    world.facts().change.mergeable = Some(false);
    let judgement = world.judgement(RuleId::Mergeable).expect("judged");
    assert_eq!((judgement.verdict(), judgement.refuses_add()), (Verdict::Block, false));
}
