//! `[[plan]]`: the steps of each kind of patch, one word or two each, or a table where a step has commands or checks.

use chrono::TimeDelta;

use crate::engine::settings::{Plans, StepSettings};

use toml::de::DeValue;

use super::command;
use super::item::Item;
use super::reader::Section;
use super::suggest::{did_you_mean, nearest};
use super::word;

/// The steps when the file has no plan.
pub(super) const DEFAULT: &[&str] =
    &["review", "merge", "testservers", "verify", "canaries", "health", "production by file", "watch 2m"];

/// Words that are steps of their own. A stage must not be nearly one of them: `reveiw` is a mistake, not a stage.
const WORDS: &[&str] = &["review", "merge", "verify", "health", "watch", "production"];
/// The stage that every plan ends at.
const PRODUCTION: &str = "production";
const LONGEST_WATCH: TimeDelta = TimeDelta::hours(12);

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Config,
    Code,
}

/// Reads the plans; a kind without one has the default. `checks` are the names of the health checks.
pub(super) fn read(root: &Section<'_>, checks: &[String]) -> Plans {
    let default: Vec<StepSettings> = DEFAULT.iter().filter_map(|text| step(text).ok()).collect();
    let mut plans = Plans { config: default.clone(), code: default };
    let mut seen = Vec::new();
    for section in root.sections("plan").unwrap_or_default() {
        let kind_item = section.need("for", "\"config\"");
        let kind = kind_item
            .as_ref()
            .and_then(|item| item.one_of(&[("config", Kind::Config), ("code", Kind::Code)]));
        let steps = section.need("steps", &format!("{DEFAULT:?}")).map(|item| steps(&item, checks));
        section.finish();
        let (Some(item), Some(kind), Some(steps)) = (kind_item, kind, steps) else { continue };
        if seen.contains(&kind) {
            item.fault(format!("there is a plan for {} already", item.written()), "Remove one of the two.");
        }
        seen.push(kind);
        match kind {
            Kind::Config => plans.config = steps,
            Kind::Code => plans.code = steps,
        }
    }
    plans
}

fn steps(list: &Item<'_>, checks: &[String]) -> Vec<StepSettings> {
    // A step may stand twice only if it is a watch or a look at the error rates, so `texts` would refuse too much.
    let Some(items) = list.list("a list of steps", &format!("Write it as {DEFAULT:?}.")) else {
        return Vec::new();
    };
    if items.is_empty() {
        list.fault("there are no steps", format!("Type {DEFAULT:?}."));
        return Vec::new();
    }
    let total = items.len();
    let mut read: Vec<(StepSettings, Item<'_>)> = Vec::new();
    for item in items {
        let step = match item.value() {
            DeValue::Table(_) => detailed(&item, checks),
            _ => plain(&item),
        };
        if let Some(step) = step {
            read.push((step, item));
        }
    }
    // With a step missing, the order of the others says nothing.
    if read.len() == total {
        check_order(list, &read);
    }
    read.into_iter().map(|(step, _)| step).collect()
}

/// A step of words alone.
fn plain(item: &Item<'_>) -> Option<StepSettings> {
    step(item.text()?).map_err(|(what, fix)| item.fault(what, fix)).ok()
}

/// A step with commands or checks: `{ step = "canaries", run = […] }`.
fn detailed(item: &Item<'_>, known: &[String]) -> Option<StepSettings> {
    let section = item.section("Write it as { step = \"canaries\", run = [\"/usr/bin/scap\", …] }.")?;
    let mut read = section.need("step", "\"canaries\"").and_then(|item| plain(&item));
    let by_file = matches!(read, Some(StepSettings::Sync { by_file: true, .. }));
    let on_stage = matches!(read, Some(StepSettings::Sync { .. }));
    let commands = command::of_step(&section, on_stage, by_file);
    let checks: Vec<String> = section
        .texts("checks")
        .iter()
        .filter_map(|item| {
            let name = item.text()?;
            let is_known = known.iter().any(|known| known == name);
            if !is_known {
                let names: Vec<&str> = known.iter().map(String::as_str).collect();
                let fix = match names.as_slice() {
                    [] => "Add a [[check]] with this id.".to_owned(),
                    names => did_you_mean(name, names),
                };
                item.fault(format!("there is no check called {name:?}"), fix);
            }
            is_known.then(|| name.to_owned())
        })
        .collect();
    match &mut read {
        Some(StepSettings::Sync { run, back, .. }) => (*run, *back) = (commands.run, commands.back),
        Some(StepSettings::Merge { run }) => {
            *run = commands.run;
            section.refuse("back", "what is merged stays merged; a revert is a patch of its own");
        }
        Some(_) => {
            for key in ["run", "back"] {
                section.refuse(key, "only a stage or the merge is done by a command");
            }
        }
        None => {}
    }
    match &mut read {
        Some(StepSettings::Health { checks: wanted }) => *wanted = checks,
        Some(_) => section.refuse("checks", "only the step \"health\" has checks"),
        None => {}
    }
    section.finish();
    read
}

/// Reads one step; the fault is what is wrong and what to type.
fn step(text: &str) -> Result<StepSettings, (String, String)> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        ["review"] => Ok(StepSettings::Review),
        ["merge"] => Ok(StepSettings::Merge { run: None }),
        ["verify"] => Ok(StepSettings::Verify),
        ["health"] => Ok(StepSettings::Health { checks: Vec::new() }),
        ["watch", time] => match word::span(time) {
            Some(time) if time > TimeDelta::zero() && time <= LONGEST_WATCH => Ok(StepSettings::Watch(time)),
            _ => Err((format!("{time:?} is not a time to watch"), watch_fix())),
        },
        ["watch"] => Err(("it does not say how long to watch".to_owned(), watch_fix())),
        [stage] => stage_name(stage, false),
        [stage, "by", "file"] => stage_name(stage, true),
        _ => Err((
            format!("{text:?} is not a step"),
            "Steps are review, merge, verify, health, watch 2m, or a stage such as testservers or \"production by file\"."
                .to_owned(),
        )),
    }
}

fn watch_fix() -> String {
    format!("Type a time from 1s to {}: \"watch 2m\".", word::said(LONGEST_WATCH))
}

fn stage_name(stage: &str, by_file: bool) -> Result<StepSettings, (String, String)> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !stage.chars().all(plain) {
        let fix = match nearest(stage, WORDS.iter().copied()) {
            Some(word) => format!("Did you mean {word:?}?"),
            None => "Name it with small letters, digits and -, for example \"canaries\".".to_owned(),
        };
        return Err((format!("{stage:?} cannot be a stage"), fix));
    }
    match nearest(stage, WORDS.iter().copied()) {
        Some(PRODUCTION) if stage == PRODUCTION => {}
        Some(word) if word == stage => {
            return Err((format!("{stage:?} is not a stage"), format!("Type {word:?} alone.")));
        }
        Some(word) => {
            let fix = format!("Did you mean {word:?}? A stage of your own needs a name less like it.");
            return Err((format!("{stage:?} is not a step"), fix));
        }
        None => {}
    }
    Ok(StepSettings::Sync { stage: stage.to_owned(), by_file, run: None, back: None })
}

/// Review, then merge, then production; each once, and verification only of something that is somewhere.
fn check_order(list: &Item<'_>, steps: &[(StepSettings, Item<'_>)]) {
    let place = |wanted: &dyn Fn(&StepSettings) -> bool| steps.iter().position(|(step, _)| wanted(step));
    let production =
        |step: &StepSettings| matches!(step, StepSettings::Sync { stage, .. } if stage == PRODUCTION);
    let review = place(&|step| *step == StepSettings::Review);
    let merge = place(&|step| matches!(step, StepSettings::Merge { .. }));
    let live = place(&production);
    for (name, found) in [("review", review), ("merge", merge), (PRODUCTION, live)] {
        if found.is_none() {
            let fix = "A plan begins with \"review\", goes on with \"merge\" and reaches \"production\".";
            list.fault(format!("there is no {name} step"), fix);
        }
    }
    let at = |place: usize| &steps[place].1;
    if let (Some(review), Some(merge)) = (review, merge)
        && merge < review
    {
        at(merge).fault("the merge comes before the review", "Put \"review\" before it.");
    } else if let Some(review) = review.filter(|review| *review > 0) {
        at(review).fault("the review is not the first step", "Move \"review\" to the front.");
    }
    if let (Some(merge), Some(live)) = (merge, live)
        && live < merge
    {
        at(live).fault("production comes before the merge", "Put \"merge\" before it.");
    }
    for (index, (step, item)) in steps.iter().enumerate() {
        let before = &steps[..index];
        let repeated = before.iter().any(|(other, _)| match (step, other) {
            (StepSettings::Sync { stage, .. }, StepSettings::Sync { stage: other, .. }) => stage == other,
            (StepSettings::Review, other) => *other == StepSettings::Review,
            (StepSettings::Merge { .. }, other) => matches!(other, StepSettings::Merge { .. }),
            _ => false,
        });
        if repeated {
            item.fault(format!("{} stands in this plan twice", item.written()), "Remove one of the two.");
        }
        let somewhere = before.iter().any(|(step, _)| matches!(step, StepSettings::Sync { .. }));
        if *step == StepSettings::Verify && !somewhere {
            let fix = "Put a stage before it, for example \"testservers\".";
            item.fault("there is nothing to verify yet", fix);
        }
    }
}
