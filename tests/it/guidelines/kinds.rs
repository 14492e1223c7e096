//! What kind of patch it is, on which branch, and where it was before.

use super::*;

#[test]
fn kinds_of_patches() {
    let policy = make::settings().policy;
    let kind_of = |project: &str, branch: &str, files: &[&str]| {
        kind(&policy, &make::facts(1, project, branch, files).change)
    };
    assert_eq!(kind_of(CONFIG, "master", &["a.php"]), PatchKind::Config);
    assert_eq!(kind_of(CONFIG, "other", &["a.php"]), PatchKind::Other);
    assert_eq!(kind_of(CONFIG, "master", &["wmf-config/CommonSettings-labs.php"]), PatchKind::BetaOnly);
    assert_eq!(kind_of(CONFIG, "master", &["wmf-config/beta/a", "a.php"]), PatchKind::Config);
    assert_eq!(kind_of(CONFIG, "master", &[]), PatchKind::Config);
    assert_eq!(kind_of(CODE, "wmf/1.27.0-wmf.4", &["a.php"]), PatchKind::Code);
    assert_eq!(kind_of("operations/puppet", "production", &["a.pp"]), PatchKind::Other);

    let synced = |project: &str, files: &[&str]| {
        let facts = make::facts(1, project, "master", files);
        synced_files(&policy, &facts.change).known().map(|files| files.join(" "))
    };
    let files = ["README.md", "a.php", "tests/a.php", "composer.json", "wmf-config/beta/b.php"];
    assert_eq!(synced(CONFIG, &files).as_deref(), Some("a.php"));
    assert_eq!(synced(CODE, &files).as_deref(), Some("a.php wmf-config/beta/b.php"));
    assert_eq!(short_branch("wmf/1.27.0-wmf.4"), "wmf.4");
    assert_eq!(short_branch("master"), "master");
}

#[test]
fn reverts_are_known_by_the_commit() {
    let mut state = State::default();
    let mut original = code(7);
    let mut facts = code(8);
    revert(&mut facts, 7);
    assert_eq!(reverts(&facts, &state), None);
    know(&mut state, &original);
    assert_eq!(reverts(&facts, &state), None, "not merged");
    original.change.status = Status::Merged;
    know(&mut state, &original);
    assert_eq!(reverts(&facts, &state), Some(number(7)));
    owe(&mut state, 9, Debt::RolledBack);
    facts.change.message = format!("This reverts commit {}.", make::revision(9)[..7].to_uppercase());
    assert_eq!(reverts(&facts, &state), Some(number(9)));
    facts.change.message = format!("This reverts commit {}.", &make::revision(9)[..6]);
    assert_eq!(reverts(&facts, &state), None, "too short a name");
}

#[test]
fn kind_of_window() {
    check(
        RuleId::Kind,
        backport,
        &[
            (|w| w.facts = Ok(cfg()), "pass: config"),
            (|_| {}, "pass: urgent T1234"),
            (|w| w.wish.urgent = Some("T12: why".to_owned()), "pass: urgent T12"),
            (
                |w| w.wish.urgent = None,
                "fail: 900102 is code on wmf.4 and this window takes only urgent code; \
                 the train has it Tue 20:00 UTC | \"!swat add 900102 urgent: TASK WHY\"",
            ),
            (
                |w| {
                    w.wish.urgent = None;
                    w.policy().train = None;
                },
                "fail: 900102 is code on wmf.4 and this window takes only urgent code | \
                 \"!swat add 900102 urgent: TASK WHY\"",
            ),
            (
                |w| w.wish.urgent = Some("login is broken".to_owned()),
                "fail: 900102 is urgent without a task | \"!swat add 900102 urgent: TASK WHY\"",
            ),
            (
                |w| w.wish.urgent = Some("T77".to_owned()),
                "fail: 900102 is urgent for T77, and nobody said why it cannot wait | \
                 \"!swat add 900102 urgent: T77 WHY\"",
            ),
            (
                |w| {
                    w.wish.urgent = None;
                    owe(&mut w.state, 7, Debt::RolledBack);
                    revert(w.facts(), 7);
                },
                "pass: reverts 7",
            ),
            (
                |w| w.facts().change.project = "operations/puppet".to_owned(),
                "fail: 900102 is operations/puppet on wmf/1.27.0-wmf.4, which is neither configuration nor \
                 code of the train | Its repository has its own way to production",
            ),
            (|w| w.facts = Err("no answer".to_owned()), "unknown: no answer"),
        ],
    );
    let mut world = World::of(backport());
    world.wish.urgent = None;
    world.at = when("2026-11-24T20:00:00Z");
    assert!(world.finds(RuleId::Kind).contains("the train has it Tue 20:00 UTC"), "the one after");
    assert!(world.judgement(RuleId::Kind).expect("judged").refuses_add());
}

#[test]
fn urgent_not_needed_and_live_branch() {
    check(
        RuleId::UrgentNotNeeded,
        cfg,
        &[
            (|_| {}, "not needed"),
            (
                |w| w.wish.urgent = Some("T1 now".to_owned()),
                "fail: 900101 is config and needs no \"urgent:\" | \"!swat add 900101\"",
            ),
            (
                |w| {
                    w.facts = Ok(backport());
                    w.wish.urgent = Some("T1 now".to_owned());
                },
                "not needed",
            ),
            (|w| w.facts = Err("no answer".to_owned()), "unknown: no answer"),
        ],
    );
    check(
        RuleId::LiveBranch,
        backport,
        &[
            (|w| w.facts = Ok(cfg()), "not needed"),
            (|_| {}, "pass: wmf.4 is live"),
            (
                |w| w.facts().change.branch = "wmf/1.27.0-wmf.1".to_owned(),
                "fail: 900102 is on wmf.1, which is not live (live: wmf.3, wmf.4) | \
                 Pick it to wmf.3 or wmf.4 and add that",
            ),
            (
                |w| {
                    w.facts().change.branch = "master".to_owned();
                    let pick = brief(900_103, CODE, "wmf/1.27.0-wmf.4");
                    w.facts().siblings = Fact::Known(vec![pick]);
                },
                "fail: 900102 is on master, which is not live (live: wmf.3, wmf.4) | \
                 \"!swat add 900103 urgent: T1234 login broken\"",
            ),
            (
                |w| {
                    w.policy().next_branches = vec!["wmf/1.27.0-wmf.5".to_owned()];
                    w.facts().change.branch = "wmf/1.27.0-wmf.5".to_owned();
                },
                "fail: 900102 is on wmf.5, which is not live yet; the train has it Tue 20:00 UTC | \
                 Pick it to wmf.3 or wmf.4 and add that",
            ),
            (|w| w.policy().live_branches.clear(), "unknown: no live branch is configured"),
        ],
    );
}

#[test]
fn master_first_and_beta_soak() {
    check(
        RuleId::MasterFirst,
        backport,
        &[
            (|w| w.facts = Ok(cfg()), "not needed"),
            (|_| {}, "pass: 950102 merged on master"),
            (
                |w| siblings(w, Status::Open, None),
                "fail: 900102 goes to production before master: 900099 is not merged | Merge 900099 first",
            ),
            (
                |w| w.facts().siblings = Fact::Known(Vec::new()),
                "fail: 900102 is not on master: no change there has its Change-Id | Merge it on master \
                 first, or \"!swat override 900102 master-first WHY\" where master does not need it",
            ),
            (
                |w| w.facts().siblings = Fact::Unknown("503".to_owned()),
                "unknown: whether it is merged on master: 503",
            ),
            (
                |w| {
                    w.facts().siblings = Fact::Known(Vec::new());
                    owe(&mut w.state, 7, Debt::RolledBack);
                    revert(w.facts(), 7);
                },
                "not needed",
            ),
        ],
    );
    check(
        RuleId::BetaSoak,
        backport,
        &[
            (|w| w.facts = Ok(cfg()), "not needed"),
            (|w| siblings(w, Status::Merged, Some("11:50")), "pass: merged on master at 11:50 UTC"),
            (|w| siblings(w, Status::Merged, Some("11:52")), "later: 12:02 10 min after its merge on master"),
            (|w| siblings(w, Status::Merged, None), "unknown: when 900099 was merged on master"),
            (
                |w| siblings(w, Status::Abandoned, None),
                "fail: 900102 is not merged on master, so it has not run on the Beta Cluster | \
                 \"!swat check 900102 beta HOW IT WAS TESTED\"",
            ),
            (
                |w| w.facts().siblings = Fact::Unknown("503".to_owned()),
                "unknown: whether it ran on the Beta Cluster: 503",
            ),
        ],
    );
}

#[test]
fn beta_only() {
    check(
        RuleId::BetaOnly,
        cfg,
        &[
            (|_| {}, "not needed"),
            (|w| w.files(&["wmf-config/beta/a.php"]), "pass: beta only: no sync, no place"),
            (|w| w.facts = Err("no answer".to_owned()), "unknown: no answer"),
        ],
    );
}
