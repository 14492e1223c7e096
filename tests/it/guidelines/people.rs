//! Who is there, and on which days.

use super::*;

#[test]
fn people_are_there() {
    const SILENT: &str = "fail: 900101 waits for bob, who is not here | bob: \"!swat here\"";
    check(
        RuleId::OwnerPresent,
        cfg,
        &[
            (|_| {}, "not judged"),
            (|w| w.turn("14:10"), SILENT),
            (|w| answer(w, "13:30", true), "pass: bob is here"),
            (|w| answer(w, "13:29", true), SILENT),
            (|w| answer(w, "14:05", false), SILENT),
            (
                |w| {
                    w.turn("14:10");
                    w.wish.test = Some("look at the logo".to_owned());
                },
                "pass: has a test plan",
            ),
            (
                |w| {
                    w.turn("14:10");
                    w.lead = Some(who("bob"));
                },
                "pass: bob leads",
            ),
        ],
    );
    check(
        RuleId::DeployerPresent,
        cfg,
        &[
            (|_| {}, "not judged"),
            (
                |w| w.turn("14:10"),
                "fail: 2026-11-23/morning has no lead | \"!swat claim 2026-11-23/morning\"",
            ),
            (
                |w| {
                    w.turn("14:10");
                    w.lead = Some(who("alice"));
                },
                "pass: alice leads",
            ),
        ],
    );
    check(
        RuleId::NotOwnReview,
        cfg,
        &[
            (|_| {}, "not needed"),
            (|w| w.lead = Some(who("alice")), "not needed"),
            (|w| w.lead = Some(who("bob")), "pass: CR+1 by carol"),
            (
                |w| {
                    w.lead = Some(who("bob"));
                    w.votes(&[vote("Code-Review", "bob", 2, 3)]);
                },
                "fail: 900101 is the lead's own change, and nobody else has read it | \
                 A vote by another, or \"!swat handover WHO\"",
            ),
            // The lead takes back at once what is owed: nobody is waited for.
            (
                |w| {
                    w.lead = Some(who("bob"));
                    w.votes(&[]);
                    owe(&mut w.state, 7, Debt::RolledBack);
                    make::revert(w.facts(), 7);
                },
                "pass: it takes back what is out",
            ),
            (
                |w| {
                    w.lead = Some(who("alice"));
                    w.settings.people[0].review = Some("Robert".to_owned());
                    w.facts().change.owner = account("robert");
                    w.facts().change.owner.display = Some("Robert".to_owned());
                    w.votes(&[]);
                },
                "fail: 900101 is the lead's own change, and nobody else has read it | \
                 A vote by another, or \"!swat handover WHO\"",
            ),
            (
                |w| {
                    w.lead = Some(who("alice"));
                    w.settings.people[0].review = None;
                },
                "unknown: whether this is alice's own change: no review name of alice is configured",
            ),
        ],
    );
}

fn frozen(w: &mut World, from: &str, to: &str) {
    let (from, to) = (at(from), at(to));
    w.state.freezes.push(Freeze { number: 2, from, to, reason: "quiet week".to_owned(), by: who("erin") });
}

#[test]
fn calendar() {
    check(
        RuleId::NoDeployDay,
        cfg,
        &[
            (|_| {}, "not needed"),
            (
                |w| w.window.occurrence.id.date = when("2026-11-27T00:00:00Z").date_naive(),
                "fail: 2026-11-27 is a Friday, a day without deployments | \"!swat windows week\" names \
                 another day",
            ),
            (
                |w| w.policy().no_deploy_dates.push(at("14:00").date_naive()),
                "fail: 2026-11-23 is a day without deployments | \"!swat windows week\" names \
                 another day",
            ),
        ],
    );
    const FROZEN: &str = "fail: frozen until 2026-11-23 14:30 UTC (F2: quiet week) | \"!swat windows week\" \
                          names a later one; a manager lifts it with \"!swat thaw F2\"";
    check(
        RuleId::Freeze,
        cfg,
        &[
            (|_| {}, "not needed"),
            (|w| frozen(w, "11:00", "14:00"), "not needed"),
            (|w| frozen(w, "15:00", "16:00"), "not needed"),
            (|w| frozen(w, "11:00", "14:30"), FROZEN),
            (
                |w| {
                    frozen(w, "11:00", "14:30");
                    w.turn("14:29");
                },
                FROZEN,
            ),
            (
                |w| {
                    frozen(w, "11:00", "14:30");
                    w.turn("14:30");
                },
                "not needed",
            ),
        ],
    );
}
