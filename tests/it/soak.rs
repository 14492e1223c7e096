//! What follows from samples: several good ones over a time, few bad ones, no gap, and never anything from silence.

use chrono::TimeDelta;
use swatbot::engine::health::{self, Health, Measured, Sample, Verdict, judge};
use swatbot::engine::id::At;
use swatbot::engine::patch::Patch;
use swatbot::engine::settings::{CheckSettings, Limit, Settings};

use super::make;

fn check(limit: Limit) -> CheckSettings {
    CheckSettings {
        id: "errors".to_owned(),
        looks_at: "errors on the canaries".to_owned(),
        every: TimeDelta::seconds(10),
        soak: TimeDelta::seconds(60),
        need: 3,
        tolerate: 2,
        stale: TimeDelta::seconds(30),
        limit,
    }
}

fn patch() -> Patch {
    Patch::new(make::number(101), 1, make::wish("bob"), 1, begin())
}

fn begin() -> At {
    make::at("14:00")
}

/// The verdict after samples that came every 10 seconds: `g`ood, `b`ad, or nothing (`?`); a space is a gap without any.
fn after(samples: &str) -> Option<Verdict> {
    let mut settings: Settings = make::settings();
    settings.checks = vec![check(Limit::Own)];
    let mut patch = patch();
    let mut at = begin();
    for mark in samples.chars() {
        at += TimeDelta::seconds(10);
        let verdict = match mark {
            'g' => Verdict::Healthy,
            'b' => Verdict::Unhealthy,
            '?' => Verdict::Unknown,
            _ => continue,
        };
        let sample = Sample { at, verdict, value: None, words: mark.to_string(), top: Vec::new() };
        patch.health.take("errors", sample);
    }
    judge(&settings, &patch, &["errors".to_owned()], begin(), at).map(|judged| judged.verdict)
}

#[test]
fn several_good_samples_over_the_soak_are_needed() {
    assert_eq!(after("ggggg"), None, "50 s are no soak");
    assert_eq!(after("gggggg"), Some(Verdict::Healthy));
    assert_eq!(after("g  g  "), None, "two samples are not enough");
    assert_eq!(after("b b g g"), None, "bad ones that are forgiven still leave too few good ones");
}

#[test]
fn bad_samples_are_counted_and_flapping_with_them() {
    assert_eq!(after("gbbggggg"), Some(Verdict::Healthy), "two are forgiven");
    assert_eq!(after("bbb"), Some(Verdict::Unhealthy), "three are not, whatever the time");
    assert_eq!(after("gbgbgggg"), Some(Verdict::Unhealthy), "the second return to good is flapping");
    assert_eq!(after("gggggb"), None, "what ends badly is not good yet");
}

#[test]
fn silence_is_never_healthy() {
    assert_eq!(after("   "), Some(Verdict::Unknown), "no answer at all");
    assert_eq!(after("???"), Some(Verdict::Unknown), "nothing but failures");
    assert_eq!(after("gggggg   "), Some(Verdict::Unknown), "old data");
    assert_eq!(after("g????ggg"), None, "a gap in the soak begins it again");
    assert_eq!(after("g????ggggggg"), Some(Verdict::Healthy));
    assert_eq!(after("?g?g?g?"), None, "the last look saw nothing");
    assert_eq!(after("?g?g?g?g"), Some(Verdict::Healthy), "no gap is as long as what is stale");
    assert_eq!(after("bb????b"), Some(Verdict::Unhealthy), "what was bad before a gap stays bad");
}

#[test]
fn a_check_that_the_configuration_lost_is_unknown() {
    let settings = make::settings();
    let patch = patch();
    let judged = judge(&settings, &patch, &["errors".to_owned()], begin(), begin());
    assert_eq!(judged.map(|judged| judged.verdict), Some(Verdict::Unknown));
}

#[test]
fn a_figure_is_compared_with_its_limit() {
    let at = begin();
    let measured = |value: f64| Ok(Measured { value: Some(value), ..Measured::default() });
    let verdict = |limit, answer, baseline| health::sample(&check(limit), &answer, baseline, at).verdict;
    let most = Limit::AtMost(2.0);
    assert_eq!(verdict(most, measured(2.0), None), Verdict::Healthy);
    assert_eq!(verdict(most, measured(2.1), None), Verdict::Unhealthy);
    for nothing in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300] {
        assert_eq!(verdict(most, measured(nothing), None), Verdict::Unknown, "{nothing}");
    }
    assert_eq!(verdict(most, Ok(Measured::default()), None), Verdict::Unknown, "no figure");
    assert_eq!(verdict(most, Err("refused".to_owned()), None), Verdict::Unknown);
    let beside = Limit::Baseline { factor: 3.0, at_least: 1.0 };
    assert_eq!(verdict(beside, measured(1.0), None), Verdict::Healthy, "always fine");
    assert_eq!(verdict(beside, measured(1.1), None), Verdict::Unknown, "nothing to compare with");
    assert_eq!(verdict(beside, measured(1.5), Some(0.5)), Verdict::Healthy);
    assert_eq!(verdict(beside, measured(1.6), Some(0.5)), Verdict::Unhealthy);
    let good = |good| Ok(Measured { good: Some(good), ..Measured::default() });
    assert_eq!(verdict(Limit::Own, good(true), None), Verdict::Healthy);
    assert_eq!(verdict(Limit::Own, good(false), None), Verdict::Unhealthy);
    assert_eq!(verdict(Limit::Own, measured(0.0), None), Verdict::Unknown, "the source does not say");
    let bad = Ok(Measured { value: Some(0.0), good: Some(false), ..Measured::default() });
    assert_eq!(verdict(most, bad, None), Verdict::Unhealthy, "what the source calls bad is bad");
}

#[test]
fn a_figure_is_kept_as_it_is_read_again() {
    for value in [0.1, 1.0 / 3.0, 2.0 / 3.0 * 1e8, 123_456_789_012.7, 1e-7, -4.2] {
        let kept = health::kept(value).expect("a figure");
        let health = Health { baseline: [("errors".to_owned(), kept)].into(), ..Health::default() };
        let text = serde_json::to_string(&health).expect("it is written");
        assert_eq!(serde_json::from_str::<Health>(&text).expect("it is read"), health, "{value}");
    }
}
