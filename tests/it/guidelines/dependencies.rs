//! What a change needs: chains, branches, states and cycles.

use super::*;

/// S6: C builds on B, and B of A; then the same with `Depends-On`.
#[test]
fn a_chain_wants_its_ancestors_first() {
    let [a, b, c] = [900_001, 900_002, 900_003].map(code);
    for by_footer in [false, true] {
        let link = |facts: &Facts, ancestors: &[&Facts]| {
            let mut facts = facts.clone();
            let briefs: Vec<_> = ancestors.iter().map(|ancestor| short(ancestor)).collect();
            let mut of = facts.change.number.0;
            if by_footer {
                let mut needs = Vec::new();
                for brief in briefs {
                    needs.push(need(of, std::slice::from_ref(&brief)));
                    of = brief.number.0;
                }
                facts.needs = Fact::Known(needs);
            } else {
                facts.chain = Fact::Known(briefs);
            }
            facts
        };
        let (b, c) = (link(&b, &[&a]), link(&c, &[&b, &a]));
        let finds = |change: &Facts, queued: &[&Facts], offered: &[u32]| {
            let mut world = World::of(change.clone());
            for other in queued {
                queue(&mut world.state, &mut world.window, other);
            }
            for other in offered {
                let offer = Offer {
                    change: number(*other),
                    window: world.window.id().clone(),
                    wish: wish("bob"),
                    by: who("bob"),
                    account: None,
                    network: None,
                    room: None,
                    nick: None,
                    message: None,
                    partly: false,
                    at: world.at,
                    line: world.state.next_row(),
                };
                world.state.offers.push(offer);
            }
            world.finds(RuleId::DependsOn)
        };
        let needs = if by_footer { "needs" } else { "builds on" };
        let missing = |of: u32, needed: u32| {
            format!("{of} {needs} {needed}, which is neither merged nor in this window")
        };
        let add = |numbers: &str| format!("\"!swat add {numbers} urgent: T1234 login broken\"");
        assert_eq!(
            finds(&b, &[], &[]),
            format!("fail: {} | {}", missing(900_002, 900_001), add("900001 900002"))
        );
        let lower = if by_footer { 900_002 } else { 900_003 };
        let both = if by_footer {
            format!("{}; {}", missing(900_003, 900_002), missing(900_002, 900_001))
        } else {
            "900003 builds on 900002 and 900001, which are neither merged nor in this window".to_owned()
        };
        assert_eq!(finds(&c, &[], &[]), format!("fail: {both} | {}", add("900001 900002 900003")));
        assert_eq!(
            finds(&c, &[&b], &[]),
            format!("fail: {} | {}", missing(lower, 900_001), add("900001 900003"))
        );
        assert_eq!(finds(&a, &[], &[]), "not needed");
        assert_eq!(finds(&b, &[&a], &[]), "pass: 900001 goes before");
        assert_eq!(finds(&b, &[], &[900_001]), "pass: 900001 goes before", "one add may name both");
        assert_eq!(finds(&c, &[&a, &b], &[]), "pass: 900002 goes before, 900001 goes before");

        // Queued as C, B, A they run as A, B, C.
        let (mut state, mut window) = (State::default(), make::window());
        for facts in [&c, &b, &a] {
            queue(&mut state, &mut window, facts);
        }
        let order = swatbot::engine::order::running_order(&state, &window);
        assert_eq!(order, [900_001, 900_002, 900_003].map(number));
    }
}

/// S7: configuration that needs code of the main branch.
#[test]
fn config_depends_on_master_code() {
    let needing = |included: &[&str]| {
        let mut original = merged(brief(900_050, CODE, "master"), "11:00");
        original.included_in =
            Fact::Known(included.iter().map(|branch| format!("wmf/1.31.0-{branch}")).collect());
        let mut world = World::of(cfg());
        world.policy().live_branches = vec!["wmf/1.31.0-wmf.20".to_owned(), "wmf/1.31.0-wmf.21".to_owned()];
        world.facts().needs = Fact::Known(vec![need(900_101, &[original])]);
        world
    };
    let depends = RuleId::DependsOn;
    assert_eq!(needing(&["wmf.20", "wmf.21"]).finds(depends), "pass: 900050 in every branch");
    assert_eq!(
        needing(&["wmf.20"]).finds(depends),
        "fail: 900101 needs 900050, which is not in wmf.21 (live) | Pick 900050 to wmf.21 and add that first"
    );
    let mut world = needing(&["wmf.20", "wmf.21"]);
    world.policy().next_branches = vec!["wmf/1.31.0-wmf.22".to_owned()];
    assert_eq!(
        world.finds(depends),
        "fail: 900101 needs 900050, which is not in wmf.22 (upcoming) | Pick 900050 to wmf.22 and add that first"
    );
    // One live version: its successor must have it, its predecessor should.
    let mut world = needing(&["wmf.20"]);
    world.policy().live_branches.truncate(1);
    world.policy().next_branches = vec!["wmf/1.31.0-wmf.21".to_owned()];
    assert_eq!(
        world.finds(depends),
        "fail: 900101 needs 900050, which is not in wmf.21 (upcoming); \
         900050 is not in wmf.19: 900101 breaks if the train goes back | \
         Pick 900050 to wmf.21 and add that first"
    );
    world.policy().next_branches.clear();
    assert_eq!(
        world.finds(depends),
        "note: 900050 is not in wmf.19: 900101 breaks if the train goes back | "
    );
    assert_eq!(world.verdict(depends), Verdict::Warn);
    // T387798: its pick is in the same window.
    let mut world = needing(&["wmf.20"]);
    let mut pick = code(900_051);
    pick.change.branch = "wmf/1.31.0-wmf.21".to_owned();
    pick.change.change_id = make::change_id(900_050);
    queue(&mut world.state, &mut world.window, &pick);
    assert_eq!(world.finds(depends), "pass: 900051 goes before");
    // A pick covers its own branch and no other; one that was given up covers none, and hides none.
    let mut world = needing(&[]);
    queue(&mut world.state, &mut world.window, &pick);
    let lacks =
        "fail: 900101 needs 900050, which is not in wmf.20 (live) | Pick 900050 to wmf.20 and add that first";
    assert_eq!(world.finds(depends), lacks);
    let mut given_up = brief(900_053, CODE, "wmf/1.31.0-wmf.20");
    given_up.change_id = make::change_id(900_050);
    given_up.status = Status::Abandoned;
    if let Fact::Known(needs) = &mut world.facts().needs {
        needs[0].found.push(given_up.clone());
    }
    assert_eq!(world.finds(depends), lacks);
    // What waits for a branch that has its original already is not waited for.
    let mut world = needing(&["wmf.20", "wmf.21"]);
    given_up.status = Status::Open;
    if let Fact::Known(needs) = &mut world.facts().needs {
        needs[0].found.push(given_up);
    }
    assert_eq!(world.finds(depends), "pass: 900050 in every branch");
    // A URL names one change; whether it was picked is another question.
    let mut world = needing(&["wmf.20"]);
    if let Fact::Known(needs) = &mut world.facts().needs {
        needs[0].named = "https://gerrit.example.org/c/x/+/900050".to_owned();
    }
    assert_eq!(world.finds(depends), "unknown: whether 900050 was picked to wmf.21");
    let mut original = make::facts(900_050, CODE, "master", &[]);
    know(&mut world.state, &original);
    assert!(world.finds(depends).starts_with("fail: 900101 needs 900050, which is not in wmf.21"));
    let mut pick = brief(900_052, CODE, "wmf/1.31.0-wmf.21");
    pick.change_id = make::change_id(900_050);
    original.siblings = Fact::Known(vec![merged(pick, "11:30")]);
    know(&mut world.state, &original);
    assert_eq!(world.finds(depends), "pass: 900052 merged");
}

/// S8: work in progress, given up, irrelevant, in a cycle, unknown.
#[test]
fn states_of_what_is_needed() {
    let depends = RuleId::DependsOn;
    let with = |change: fn(&mut Vec<swatbot::engine::facts::Need>)| {
        let [b, c] = [900_002, 900_003].map(|number| brief(number, CODE, "wmf/1.27.0-wmf.4"));
        let mut needs = vec![need(900_001, &[b]), need(900_002, &[c])];
        change(&mut needs);
        let mut world = World::of(code(900_001));
        world.facts().needs = Fact::Known(needs);
        queue(&mut world.state, &mut world.window, &code(900_002));
        queue(&mut world.state, &mut world.window, &code(900_003));
        world
    };
    assert_eq!(with(|_| {}).finds(depends), "pass: 900002 goes before, 900003 goes before");
    assert_eq!(
        with(|needs| needs[1].found[0].wip = true).finds(depends),
        "fail: 900003 is work in progress (900001 -> 900002 -> 900003) | Mark 900003 ready"
    );
    assert_eq!(
        with(|needs| needs[1].found[0].status = Status::Abandoned).finds(depends),
        "fail: 900003 is abandoned (900001 -> 900002 -> 900003) | Restore 900003 or take the need out"
    );
    assert_eq!(
        with(|needs| {
            needs[0].found[0].status = Status::Abandoned;
            needs[0].found[0].number = number(900_012);
            needs[0].found[0].branch = "wmf/1.27.0-wmf.3".to_owned();
            needs.truncate(1);
        })
        .finds(depends),
        "note: 900001 has Depends-On, and none of it concerns production | ",
        "an abandoned pick to another branch is not this one's business"
    );
    assert_eq!(
        with(|needs| {
            let back = brief(900_002, CODE, "wmf/1.27.0-wmf.4");
            needs.push(need(900_003, &[back]));
        })
        .finds(depends),
        "fail: 900001 waits for a cycle, each needs the next: 900002 -> 900003 -> 900002 | \
         Take one of these needs out"
    );
    assert_eq!(
        with(|needs| {
            needs.truncate(1);
            needs[0].found.clear();
        })
        .finds(depends),
        "unknown: what 900001 means by Depends-On I00000000000000000000000000000000000dbba2"
    );

    let mut world = World::of(code(900_001));
    let elsewhere = brief(900_009, "operations/puppet", "production");
    world.facts().needs = Fact::Known(vec![need(900_001, &[elsewhere])]);
    assert_eq!(world.finds(depends), "note: 900001 has Depends-On, and none of it concerns production | ");

    // Code on a branch that needs code of the main branch: only what the branch has counts.
    let mut world = World::of(code(900_001));
    let mut original = merged(brief(900_008, CODE, "master"), "11:00");
    world.facts().needs = Fact::Known(vec![need(900_001, std::slice::from_ref(&original))]);
    assert_eq!(
        world.finds(depends),
        "fail: 900001 needs 900008, which is not in wmf.4 | Pick 900008 to wmf.4 and add that first"
    );
    original.included_in = Fact::Unknown("503".to_owned());
    world.facts().needs = Fact::Known(vec![need(900_001, std::slice::from_ref(&original))]);
    assert_eq!(world.finds(depends), "unknown: which branches have 900008: 503");
    original.status = Status::Open;
    world.facts().needs = Fact::Known(vec![need(900_001, &[original])]);
    assert_eq!(
        world.finds(depends),
        "fail: 900001 needs 900008, which is not merged on master | Merge 900008 first"
    );

    // What was skipped or rolled back is not before it.
    let mut world = with(|needs| needs.truncate(1));
    make::stage(&mut world.window, 900_002, skipped());
    assert!(world.finds(depends).contains("neither merged nor in this window"));
    make::stage(&mut world.window, 900_002, Stage::RolledBack);
    owe(&mut world.state, 900_002, Debt::RolledBack);
    assert_eq!(
        world.finds(depends),
        "fail: 900001 needs 900002, which was rolled back | \"!swat settle 900002 fixed WHY\" when a fix is out"
    );

    let mut world = World::of(code(900_001));
    world.facts().needs = Fact::Unknown("503".to_owned());
    assert_eq!(world.finds(depends), "not needed", "the message has no such footer");
    world.facts().change.message = "One\n\nDepends-On: I0\n".to_owned();
    assert_eq!(world.finds(depends), "unknown: what 900001 needs: 503");
}
