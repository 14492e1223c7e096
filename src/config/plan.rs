//! `[[plan]]`: the steps of each kind of patch, one word or two each.

use chrono::TimeDelta;

use crate::engine::settings::{Plans, StepSettings};

use super::item::Item;
use super::reader::Section;
use super::suggest::nearest;
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

/// Reads the plans; a kind without one has the default.
pub(super) fn read(root: &Section<'_>) -> Plans {
    let default: Vec<StepSettings> = DEFAULT.iter().filter_map(|text| step(text).ok()).collect();
    let mut plans = Plans { config: default.clone(), code: default };
    let mut seen = Vec::new();
    for section in root.sections("plan").unwrap_or_default() {
        let kind_item = section.need("for", "\"config\"");
        let kind = kind_item
            .as_ref()
            .and_then(|item| item.one_of(&[("config", Kind::Config), ("code", Kind::Code)]));
        let steps = section.need("steps", &format!("{DEFAULT:?}")).map(|item| steps(&item));
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

fn steps(list: &Item<'_>) -> Vec<StepSettings> {
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
        let Some(text) = item.text() else { continue };
        match step(text) {
            Ok(step) => read.push((step, item)),
            Err((what, fix)) => item.fault(what, fix),
        }
    }
    // With a step missing, the order of the others says nothing.
    if read.len() == total {
        check_order(list, &read);
    }
    read.into_iter().map(|(step, _)| step).collect()
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
