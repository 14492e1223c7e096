//! The checklist.

use super::*;

fn shown(point: &Point<'_>) -> String {
    let state = match &point.state {
        PointState::Filled { by } => format!("yes: {by}"),
        PointState::Checked(check) => format!("said by {}", check.by),
        PointState::NotNeeded(why) => format!("not needed ({why})"),
        PointState::Open { why, who: Asked::Lead } => format!("lead: {why}"),
        PointState::Open { why, who: Asked::OwnerOrLead } => format!("open: {why}"),
        PointState::Open { why, who: Asked::Another } => format!("open for another: {why}"),
        PointState::Blocked { rule, why, .. } => format!("blocked by {rule}: {why}"),
    };
    let until = point.until.map_or_else(String::new, |at| at.format(" at %H:%M").to_string());
    format!("{} {state}{until}", point.item)
}

fn checklist(world: &World) -> Vec<String> {
    let case = world.case();
    points(&case, &judge(&case)).iter().map(shown).collect()
}

#[test]
fn the_checklist_of_configuration() {
    let mut world = World::of(cfg());
    world.queued();
    let rest =
        ["beta not needed (config)", "backport not needed (config)", "deployer lead: for the lead to read"];
    let with = |first: &str| -> Vec<String> {
        [first].iter().chain(&rest).map(|point| (*point).to_owned()).collect()
    };
    assert_eq!(checklist(&world), with("precommit yes: CR+1 by carol, CI green"));
    world.votes(&[vote("Verified", "jenkins-bot", 2, 3)]);
    assert_eq!(checklist(&world), with("precommit yes: CI green"), "a missing vote only warns");
    world.votes(&[vote("Code-Review", "carol", 1, 3)]);
    assert_eq!(checklist(&world), with("precommit open: no CI result for ps 3"));
    world.settings.guidelines.insert(RuleId::CiGreen, Level::Warn);
    assert_eq!(checklist(&world), with("precommit open: no CI result for ps 3"), "unknown fills nothing");
    world.settings.guidelines.insert(RuleId::CiGreen, Level::Off);
    assert_eq!(checklist(&world), with("precommit yes: CR+1 by carol"));
    for rule in [RuleId::Reviewed, RuleId::NotOwnReview] {
        world.settings.guidelines.insert(rule, Level::Off);
    }
    assert_eq!(checklist(&world), with("precommit not needed (its rules are off)"));
    world.settings.guidelines.remove(&RuleId::Reviewed);
    world.votes(&[]);
    let alone = "precommit open: 900101 ps 3 has no vote by anybody but its owner";
    assert_eq!(checklist(&world), with(alone), "nothing seen fills nothing");

    let by_person = Check { by: who("bob"), at: at("13:00"), note: None, not_needed: false };
    let patch = make::patch(&mut world.window, 900_101);
    patch.checks.insert(Item::Precommit, by_person.clone());
    patch.checks.insert(Item::Deployer, by_person);
    assert_eq!(checklist(&world)[0], "precommit said by bob");
    assert_eq!(checklist(&world)[3], "deployer said by bob");
}

/// Red CI blocks, whoever said what; a veto that comes in the middle of the review does too.
#[test]
fn what_blocks_is_filled_by_nobody() {
    let mut world = World::of(cfg());
    world.votes(&[vote("Verified", "jenkins-bot", -1, 3)]);
    world.queued();
    let by_person = Check { by: who("alice"), at: at("13:00"), note: None, not_needed: false };
    make::patch(&mut world.window, 900_101).checks.insert(Item::Precommit, by_person);
    let red = "precommit blocked by ci-green: 900101 failed CI: V-1 by jenkins-bot";
    assert_eq!(checklist(&world)[0], red);
    let set_aside = Override { by: who("alice"), reason: "a flaky test".to_owned() };
    make::patch(&mut world.window, 900_101).overrides.insert(RuleId::CiGreen, set_aside);
    assert_eq!(checklist(&world)[0], "precommit said by alice");

    world.votes(&[vote("Verified", "jenkins-bot", 2, 3), vote("Code-Review", "carol", -2, 3)]);
    assert_eq!(checklist(&world).len(), 4, "before the review it is refused as a whole");
    let review = Step {
        act: Act::Review,
        done: None,
        failed: None,
        begun: false,
        path: None,
        run: None,
        back: None,
        going: None,
    };
    make::patch(&mut world.window, 900_101).steps.push(review);
    make::stage(&mut world.window, 900_101, Stage::Moving);
    assert_eq!(
        checklist(&world)[4],
        "not-vetoed blocked by not-vetoed: 900101 is vetoed: CR-2 by carol",
        "in the middle of it, it is a point"
    );
}

#[test]
fn the_checklist_of_code() {
    let mut world = World::of(backport());
    assert_eq!(
        checklist(&world),
        [
            "precommit yes: 950102 merged on master",
            "beta yes: merged on master at 11:00 UTC",
            "backport yes: CR+1 by carol, CI green",
            "deployer lead: for the lead to read"
        ]
    );
    siblings(&mut world, Status::Merged, Some("11:52"));
    assert_eq!(checklist(&world)[1], "beta open: 10 min after its merge on master at 12:02");

    // A rule that asks and has no point of its own becomes one; a rule that blocks does not.
    world.queued();
    world.facts().chain = Fact::Unknown("503".to_owned());
    world.wish.urgent = None;
    let list = checklist(&world);
    assert_eq!(list.len(), 5, "{list:?}");
    assert_eq!(list[4], "depends-on lead: what 900102 builds on: 503");
    let by_person = Check { by: who("alice"), at: at("13:00"), note: None, not_needed: false };
    let patch = make::patch(&mut world.window, 900_102);
    patch.checks.insert(Item::Rule(RuleId::DependsOn), by_person);
    assert_eq!(checklist(&world)[4], "depends-on said by alice");

    let set_aside = Override { by: who("erin"), reason: "agreed".to_owned() };
    let patch = make::patch(&mut world.window, 900_102);
    patch.overrides.insert(RuleId::BetaSoak, set_aside);
    assert_eq!(checklist(&world)[1], "beta yes: beta-soak set aside by erin");

    let mut world = World::of(backport());
    owe(&mut world.state, 7, Debt::RolledBack);
    revert(world.facts(), 7);
    assert_eq!(checklist(&world)[..2], ["precommit not needed (reverts 7)", "beta not needed (reverts 7)"]);

    world.facts = Err("no answer".to_owned());
    assert_eq!(checklist(&world)[1], "beta open: no answer");
}
