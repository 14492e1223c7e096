//! What the rules compare with: `[review]`'s repositories and branches, `[guidelines]`, `[limits]`, `[calendar]`, `[train]`, `[[file_order]]`.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::engine::guidelines::{Level, RuleId};
use crate::engine::settings::{Policy, Train};

use super::item::Item;
use super::reader::Section;
use super::suggest::did_you_mean;

const LEVELS: &[(&str, Level)] =
    &[("block", Level::Block), ("ask", Level::Ask), ("warn", Level::Warn), ("off", Level::Off)];

/// What holds where the file says nothing.
pub(super) fn default() -> Policy {
    Policy {
        config_repos: Vec::new(),
        config_branch: "master".to_owned(),
        live_branches: Vec::new(),
        next_branches: Vec::new(),
        main_branch: "master".to_owned(),
        code_repos: Vec::new(),
        ci_accounts: Vec::new(),
        beta_only_files: Vec::new(),
        unsynced_files: Vec::new(),
        file_order: Vec::new(),
        review_hosts: Vec::new(),
        no_deploy_weekdays: Vec::new(),
        no_deploy_dates: Vec::new(),
        train: None,
        coverage_at_least: 60,
        beta_soak: TimeDelta::minutes(10),
        patch_time: TimeDelta::minutes(10),
        last_start: TimeDelta::minutes(15),
    }
}

/// Reads the level of each rule that the file names.
pub(super) fn guidelines(root: &Section<'_>) -> BTreeMap<RuleId, Level> {
    let mut levels = BTreeMap::new();
    let Some(section) = root.section("guidelines") else { return levels };
    for (word, item) in section.entries() {
        let Some(rule) = RuleId::from_word(word) else {
            let words: Vec<&str> = RuleId::ALL.iter().map(|rule| rule.word()).collect();
            item.fault("there is no such rule", did_you_mean(word, &words));
            continue;
        };
        if let Some(level) = item.one_of(LEVELS) {
            levels.insert(rule, level);
        }
    }
    levels
}

/// Reads the part of `[review]` that the rules compare with.
pub(super) fn repositories(section: &Section<'_>, policy: &mut Policy) {
    policy.config_repos = names(section, "config_repos");
    policy.config_branch = branch(section, "config_branch", &policy.config_branch);
    policy.live_branches = names(section, "live_branches");
    policy.next_branches = names(section, "next_branches");
    policy.main_branch = branch(section, "main_branch", &policy.main_branch);
    policy.code_repos = names(section, "code_repos");
    policy.ci_accounts = names(section, "ci_accounts");
    policy.beta_only_files = files(section, "beta_only_files", false);
    policy.unsynced_files = files(section, "unsynced_files", true);
    policy.review_hosts = section.texts("hosts").iter().filter_map(host).collect();
    // What is there and wrong has its own fault already, so only what is not there counts here.
    let named = |key| section.get(key).is_some_and(|item| !item.is_empty_list());
    if !named("config_repos") && !named("code_repos") {
        let fix = "Type config_repos = [\"operations/mediawiki-config\"], or code_repos, or both.";
        section.fault("config_repos", "no repository is named, so no patch could be offered", fix);
    }
    if named("code_repos") && !named("live_branches") {
        let fix = "Type live_branches = [\"wmf/1.27.0-wmf.3\"] with the branches that run in production.";
        section.fault("live_branches", "code_repos are named, but no branch is live", fix);
    }
}

/// Reads `[limits]`.
pub(super) fn limits(root: &Section<'_>, policy: &mut Policy) {
    let Some(section) = root.section("limits") else { return };
    let fields = [
        ("minutes_per_patch", 1..=240, &mut policy.patch_time),
        ("last_start_minutes", 0..=240, &mut policy.last_start),
        ("beta_soak_minutes", 0..=10_080, &mut policy.beta_soak),
    ];
    for (key, range, field) in fields {
        if let Some(minutes) = section.get(key).and_then(|item| item.number(range, "minutes")) {
            *field = TimeDelta::minutes(minutes);
        }
    }
    section.finish();
}

/// Reads `[calendar]`.
pub(super) fn calendar(root: &Section<'_>, policy: &mut Policy) {
    let Some(section) = root.section("calendar") else { return };
    policy.no_deploy_weekdays = section.texts("no_deploy_days").iter().filter_map(Item::day).collect();
    if let Some(item) = section.get("no_deploy_dates") {
        let dates = item.list("a list of dates", "Write it as [2026-12-24, 2026-12-25].").unwrap_or_default();
        for item in dates {
            let Some(date) = item.date() else { continue };
            if policy.no_deploy_dates.contains(&date) {
                item.fault(format!("{date} stands in this list twice"), "Remove one of the two.");
            }
            policy.no_deploy_dates.push(date);
        }
    }
    section.finish();
}

/// Reads `[train]`.
pub(super) fn train(root: &Section<'_>) -> Option<Train> {
    let section = root.section("train")?;
    let day = section.need("day", "\"tue\"").and_then(|item| item.day());
    let start = section.need("start", "\"12:00\"").and_then(|item| item.clock());
    let timezone = section.need("timezone", "\"America/Los_Angeles\"").and_then(|item| item.zone());
    section.finish();
    Some(Train { day: day?, start: start?, timezone: timezone? })
}

/// Names of repositories, branches or accounts: nothing with a space in it.
fn names(section: &Section<'_>, key: &'static str) -> Vec<String> {
    section.texts(key).iter().filter_map(name).collect()
}

fn name(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    if text.contains(char::is_whitespace) || text.starts_with('/') {
        let fix = "Type the name alone, without spaces and without a slash in front.";
        item.fault(format!("{text:?} is not a name in the review system"), fix);
        return None;
    }
    Some(text.to_owned())
}

fn branch(section: &Section<'_>, key: &'static str, default: &str) -> String {
    section.get(key).and_then(|item| name(&item)).unwrap_or_else(|| default.to_owned())
}

/// Files of a repository: a path, a folder ending in `/` and, where `endings` says so, `*.ext`.
fn files(section: &Section<'_>, key: &'static str, endings: bool) -> Vec<String> {
    section.texts(key).iter().filter_map(|item| pattern(item, endings)).map(str::to_owned).collect()
}

fn pattern<'r>(item: &Item<'r>, endings: bool) -> Option<&'r str> {
    let text = item.text()?;
    let rest = if endings { text.strip_prefix("*.").unwrap_or(text) } else { text };
    if rest.contains('*') || rest.starts_with('/') {
        let fix = if endings {
            "Type a path in the repository, a folder with / at its end, or an ending such as \"*.md\"."
        } else {
            "Type a path in the repository, or a folder with / at its end."
        };
        item.fault(format!("{text:?} cannot be matched with files"), fix);
        return None;
    }
    Some(text)
}

/// Reads `[[file_order]]`: lists of files, each in the order in which they go out.
pub(super) fn file_order(root: &Section<'_>) -> Vec<Vec<String>> {
    let mut lists: Vec<Vec<String>> = Vec::new();
    for section in root.sections("file_order").unwrap_or_default() {
        if let Some(item) = section.need("files", "[\"dblists/\", \"wmf-config/InitialiseSettings.php\"]") {
            let list = ordered_files(&item);
            check_against(&item, &lists, &list);
            lists.push(list);
        }
        section.finish();
    }
    lists
}

fn ordered_files(item: &Item<'_>) -> Vec<String> {
    let items = item.texts();
    if matches!(items.len(), 0 | 1) && item.value().as_array().is_some_and(|all| all.len() < 2) {
        item.fault("one file alone has no order", "Type at least two: what goes out first stands first.");
    }
    // `dblists/*` is what people write for the whole folder.
    let file = |item: &Item<'_>| match item.text()?.strip_suffix("/*") {
        Some(folder) if !folder.contains('*') => Some(format!("{folder}/")),
        _ => pattern(item, true).map(str::to_owned),
    };
    items.iter().filter_map(file).collect()
}

/// Notes two files that stand one way round here and the other way round in a list before.
fn check_against(item: &Item<'_>, lists: &[Vec<String>], list: &[String]) {
    for (index, first) in list.iter().enumerate() {
        for then in &list[index + 1..] {
            let place = |other: &[String], file: &String| other.iter().position(|known| known == file);
            let turned = lists.iter().position(|other| {
                place(other, then).zip(place(other, first)).is_some_and(|(then, first)| then < first)
            });
            if let Some(other) = turned {
                item.fault(
                    format!("{first:?} goes before {then:?} here, and after it in file_order[{}]", other + 1),
                    "Turn one of the two lists round, or take one of the two files out.",
                );
                return;
            }
        }
    }
}

fn host(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    if text.contains(|c: char| c == '/' || c.is_whitespace()) {
        let fix = "Type the host alone, without https:// and without a path: \"gerrit.example.org\".";
        item.fault(format!("{text:?} is not a host"), fix);
        return None;
    }
    Some(text.to_lowercase())
}
