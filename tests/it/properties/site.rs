//! Where the chats take place: the configuration, and what the review system would say.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use swatbot::engine::facts::{Fact, Facts};
use swatbot::engine::id::ChangeNumber;
use swatbot::engine::settings::{CheckSettings, CommandSettings, Limit, Plans, Settings, StepSettings};

use super::{CHANGES, make};

/// The checks there are, where the bot looks at the health.
pub(super) const CHECKS: [&str; 2] = ["errors", "web"];

/// Where `commands`, the bot runs the steps, looks at the health, and takes back by itself what is bad.
pub(super) fn settings(commands: bool) -> Settings {
    let mut settings = make::settings();
    let mut noon = settings.windows[0].clone();
    noon.id = "noon".to_owned();
    noon.start = chrono::NaiveTime::from_hms_opt(7, 30, 0).expect("a time");
    settings.windows.push(noon);
    let command = |words: &str| {
        let argv = words.split(' ').map(str::to_owned).collect();
        let run = CommandSettings { argv, timeout: TimeDelta::minutes(5), kill_after: TimeDelta::seconds(5) };
        commands.then_some(run)
    };
    let stage = |stage: &str, by_file| StepSettings::Sync {
        stage: stage.to_owned(),
        by_file,
        run: command("/bin/sync {stage} {message}"),
        back: command("/bin/back {stage} {change}"),
    };
    let checks: Vec<String> = CHECKS.iter().filter(|_| commands).map(|&check| check.to_owned()).collect();
    let limits = [Limit::Baseline { factor: 2.0, at_least: 0.1 }, Limit::Own];
    let check = |(id, limit): (&String, Limit)| CheckSettings {
        id: id.clone(),
        looks_at: "the canaries".to_owned(),
        every: TimeDelta::seconds(10),
        soak: TimeDelta::seconds(60),
        need: 2,
        tolerate: 1,
        stale: TimeDelta::seconds(40),
        limit,
    };
    settings.checks = checks.iter().zip(limits).map(check).collect();
    settings.auto_rollback = commands.then(|| TimeDelta::minutes(2));
    let plan = vec![
        StepSettings::Review,
        StepSettings::Merge { run: command("/bin/merge {change}") },
        stage("testservers", false),
        StepSettings::Verify,
        stage("canaries", false),
        StepSettings::Health { checks },
        stage("production", true),
        StepSettings::Watch(TimeDelta::minutes(2)),
    ];
    settings.plans = Plans { config: plan.clone(), code: plan };
    settings
}

/// What the review system would say.
pub(super) fn review_system() -> BTreeMap<ChangeNumber, Facts> {
    let mut all: BTreeMap<u32, Facts> =
        CHANGES.iter().map(|change| (*change, make::config(*change))).collect();
    let needed = make::short(&all[&102]);
    let facts = |all: &mut BTreeMap<u32, Facts>, change| all.remove(&change).expect("it is there");
    let mut needing = facts(&mut all, 103);
    needing.needs = Fact::Known(vec![make::need(103, &[needed])]);
    all.insert(103, needing);
    let files = ["wmf-config/InitialiseSettings.php", "wmf-config/logos.php"];
    all.insert(104, make::facts(104, make::CONFIG, "master", &files));
    let mut revert = facts(&mut all, 105);
    make::revert(&mut revert, 101);
    all.insert(105, revert);
    all.into_iter().map(|(change, facts)| (ChangeNumber(change), facts)).collect()
}
