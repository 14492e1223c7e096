//! One stored sample of each kind of event, which must load for ever.

use std::collections::BTreeSet;

use swatbot::engine::event::Event;

const SAMPLES: &str = include_str!("../../samples/events.jsonl");

#[test]
fn each_sample_loads_and_is_written_the_same() {
    for line in SAMPLES.lines() {
        let event: Event = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_eq!(serde_json::to_string(&event).unwrap(), line);
        let tag: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(tag["event"], event.kind());
    }
}

#[test]
fn each_kind_has_a_sample() {
    // The source is the only list of all kinds: the arms of `Event::kind`.
    let source = include_str!("../../../src/engine/event/kinds.rs");
    let arms = source.split("pub fn kind(&self)").nth(1).unwrap().split("\n    }\n").next().unwrap();
    let kinds: BTreeSet<&str> = arms.split('"').skip(1).step_by(2).collect();
    assert!(kinds.len() > 50, "the arms were not found: {kinds:?}");
    let events = SAMPLES.lines().map(|line| serde_json::from_str::<Event>(line).unwrap());
    let sampled: BTreeSet<&str> = events.map(|event| event.kind()).collect();
    let missing: Vec<_> = kinds.difference(&sampled).collect();
    assert!(missing.is_empty(), "add a line to tests/samples/events.jsonl for each of {missing:?}");
}
