//! Recurrence: winter and summer, the nights when clocks change, midnight, and what people call an occurrence.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveTime, TimeDelta, Weekday};
use chrono_tz::Tz;
use proptest::prelude::*;
use swatbot::engine::id::{At, OccurrenceId, RoomId};
use swatbot::engine::schedule::{self, REACH};
use swatbot::engine::settings::{
    EmergencySettings, PRODUCTION, Plans, Policy, Seed, Settings, Timers, Train, WindowSettings,
};
use swatbot::engine::window::Occurrence;

const LOS_ANGELES: Tz = Tz::America__Los_Angeles;
const BERLIN: Tz = Tz::Europe__Berlin;
const DAILY: [Weekday; 7] =
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

fn at(text: &str) -> At {
    text.parse().unwrap()
}

fn window(id: &str, days: &[Weekday], start: &str, timezone: Tz, minutes: i64) -> WindowSettings {
    WindowSettings {
        id: id.to_owned(),
        name: format!("The {id} window"),
        days: days.to_vec(),
        start: NaiveTime::parse_from_str(start, "%H:%M").unwrap(),
        timezone,
        length: TimeDelta::minutes(minutes),
        limit: 6,
        rooms: vec![RoomId("console".to_owned())],
        private_commands: false,
        target: PRODUCTION.to_owned(),
    }
}

fn settings(windows: Vec<WindowSettings>) -> Settings {
    Settings {
        name: "swatbot".to_owned(),
        prefix: "!".to_owned(),
        windows,
        networks: BTreeMap::new(),
        people: Vec::new(),
        guidelines: BTreeMap::new(),
        policy: policy(),
        plans: Plans { config: Vec::new(), code: Vec::new() },
        checks: Vec::new(),
        auto_rollback: None,
        emergency: EmergencySettings::default(),
        timers: Timers::default(),
        seed: Seed::default(),
    }
}

fn policy() -> Policy {
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
        no_deploy_weekdays: vec![Weekday::Fri],
        no_deploy_dates: vec![NaiveDate::from_ymd_opt(2026, 12, 24).unwrap()],
        train: None,
        coverage_at_least: 0,
        beta_soak: TimeDelta::minutes(10),
        patch_time: TimeDelta::minutes(10),
        last_start: TimeDelta::minutes(15),
    }
}

/// `morning` and `evening` from Monday to Thursday in Los Angeles, as in the design's example.
fn week() -> Settings {
    let days = &DAILY[..4];
    settings(vec![
        window("morning", days, "06:00", LOS_ANGELES, 60),
        window("evening", days, "15:00", LOS_ANGELES, 60),
    ])
}

fn occurrence(settings: &Settings, id: &str) -> Option<Occurrence> {
    schedule::occurrence(settings, &id.parse().unwrap())
}

fn starts(settings: &Settings, id: &str) -> At {
    occurrence(settings, id).unwrap_or_else(|| panic!("{id} is not held")).starts
}

fn ids(found: &[Occurrence]) -> Vec<String> {
    found.iter().map(|occurrence| occurrence.id.to_string()).collect()
}

#[test]
fn six_in_los_angeles_is_fourteen_in_winter_and_thirteen_in_summer() {
    let settings = week();
    assert_eq!(starts(&settings, "2026-01-12/morning"), at("2026-01-12T14:00:00Z"));
    assert_eq!(starts(&settings, "2026-07-13/morning"), at("2026-07-13T13:00:00Z"));
}

#[test]
fn an_occurrence_is_what_the_file_says() {
    let found = occurrence(&week(), "2026-11-23/morning").unwrap();
    assert_eq!(found.id.to_string(), "2026-11-23/morning");
    assert_eq!(found.name, "The morning window");
    assert_eq!((found.starts, found.ends), (at("2026-11-23T14:00:00Z"), at("2026-11-23T15:00:00Z")));
    assert_eq!(found.limit, 6);
    assert_eq!(found.rooms, [RoomId("console".to_owned())]);
}

#[test]
fn nothing_is_held_on_other_days_in_other_windows_or_at_the_end_of_time() {
    let settings = week();
    for id in [
        "2026-11-27/morning", // a Friday
        "2026-11-28/morning",
        "2026-11-23/noon",
        "1969-12-31/morning",
        "+12026-11-25/morning",
        "+262142-12-31/morning",
        "-262142-01-01/morning",
    ] {
        assert_eq!(occurrence(&settings, id), None, "{id}");
    }
}

#[test]
fn on_dst_nights_the_start_exists_and_the_length_is_real() {
    let cases = [
        // Spring forward in Los Angeles: 02:30 does not exist, 03:00 PDT is the first that does.
        (LOS_ANGELES, "2026-03-08", "01:30", "2026-03-08T09:30:00Z"),
        (LOS_ANGELES, "2026-03-08", "02:00", "2026-03-08T10:00:00Z"),
        (LOS_ANGELES, "2026-03-08", "02:30", "2026-03-08T10:00:00Z"),
        (LOS_ANGELES, "2026-03-08", "03:00", "2026-03-08T10:00:00Z"),
        (LOS_ANGELES, "2026-03-08", "03:30", "2026-03-08T10:30:00Z"),
        // Fall back: 01:30 exists twice, the first is PDT.
        (LOS_ANGELES, "2026-11-01", "00:30", "2026-11-01T07:30:00Z"),
        (LOS_ANGELES, "2026-11-01", "01:30", "2026-11-01T08:30:00Z"),
        (LOS_ANGELES, "2026-11-01", "02:30", "2026-11-01T10:30:00Z"),
        (BERLIN, "2026-03-29", "01:30", "2026-03-29T00:30:00Z"),
        (BERLIN, "2026-03-29", "02:30", "2026-03-29T01:00:00Z"),
        (BERLIN, "2026-10-25", "01:30", "2026-10-24T23:30:00Z"),
        (BERLIN, "2026-10-25", "02:30", "2026-10-25T00:30:00Z"),
        (BERLIN, "2026-10-25", "03:30", "2026-10-25T02:30:00Z"),
        // The largest gap there was: Samoa went without the 30th of December 2011.
        (Tz::Pacific__Apia, "2011-12-30", "06:00", "2011-12-30T10:00:00Z"),
        // Midnight itself is missing.
        (Tz::America__Sao_Paulo, "2018-11-04", "00:15", "2018-11-04T03:00:00Z"),
        // Half an hour only.
        (Tz::Australia__Lord_Howe, "2026-10-04", "02:10", "2026-10-03T15:30:00Z"),
    ];
    for (zone, date, start, expected) in cases {
        let settings = settings(vec![window("night", &DAILY, start, zone, 60)]);
        let found = occurrence(&settings, &format!("{date}/night")).unwrap();
        assert_eq!(found.starts, at(expected), "{zone} {date} {start}");
        assert_eq!(found.ends - found.starts, TimeDelta::minutes(60), "{zone} {date} {start}");
        let around = schedule::between(&settings, found.starts, found.ends);
        assert!(around.contains(&found), "{zone} {date} {start}: {around:?}");
        assert!(schedule::running(&settings, found.starts).contains(&found), "{zone} {date} {start}");
    }
}

#[test]
fn the_id_has_the_date_of_the_windows_own_zone() {
    let settings = settings(vec![window("late", &[Weekday::Mon], "21:00", LOS_ANGELES, 60)]);
    // Monday evening in Los Angeles is Tuesday in UTC.
    let tuesday = at("2026-11-24T05:00:00Z");
    assert_eq!(starts(&settings, "2026-11-23/late"), tuesday);
    assert_eq!(occurrence(&settings, "2026-11-24/late"), None);
    assert_eq!(ids(&schedule::running(&settings, tuesday)), ["2026-11-23/late"]);

    let settings =
        self::settings(vec![window("early", &[Weekday::Mon], "06:00", Tz::Pacific__Kiritimati, 60)]);
    // Monday morning on Kiritimati is Sunday in UTC.
    assert_eq!(starts(&settings, "2026-11-23/early"), at("2026-11-22T16:00:00Z"));
}

#[test]
fn a_window_may_cross_midnight() {
    let settings = settings(vec![window("night", &[Weekday::Mon], "23:30", BERLIN, 90)]);
    let found = occurrence(&settings, "2026-11-23/night").unwrap();
    assert_eq!((found.starts, found.ends), (at("2026-11-23T22:30:00Z"), at("2026-11-24T00:00:00Z")));
    for (moment, on) in [
        ("2026-11-23T22:29:59.999Z", false),
        ("2026-11-23T22:30:00Z", true),
        ("2026-11-23T23:30:00Z", true),
        ("2026-11-23T23:59:59.999Z", true),
        ("2026-11-24T00:00:00Z", false),
    ] {
        assert_eq!(!schedule::running(&settings, at(moment)).is_empty(), on, "{moment}");
    }
}

#[test]
fn a_window_may_last_for_days() {
    let settings = settings(vec![window("long", &[Weekday::Mon], "12:00", BERLIN, 4 * 24 * 60)]);
    let friday = at("2026-11-27T10:59:59Z");
    assert_eq!(ids(&schedule::running(&settings, friday)), ["2026-11-23/long"]);
    assert_eq!(ids(&schedule::running(&settings, at("2026-11-27T11:00:00Z"))), [""; 0]);
}

#[test]
fn several_windows_a_day_come_by_start_then_in_the_order_of_the_file() {
    let mut windows = week().windows;
    windows.insert(0, window("second", &[Weekday::Mon], "15:00", BERLIN, 30));
    windows.push(window("first", &[Weekday::Mon], "15:00", BERLIN, 30));
    let settings = settings(windows);
    // 15:00 in Berlin is 06:00 in Los Angeles.
    let monday = schedule::between(&settings, at("2026-11-23T00:00:00Z"), at("2026-11-24T00:00:00Z"));
    assert_eq!(
        ids(&monday),
        ["2026-11-23/second", "2026-11-23/morning", "2026-11-23/first", "2026-11-23/evening"]
    );
}

#[test]
fn between_takes_what_overlaps_and_leaves_what_touches() {
    let settings = week();
    let found = |from, to| ids(&schedule::between(&settings, at(from), at(to)));
    assert_eq!(found("2026-11-23T14:59:59Z", "2026-11-23T15:00:00Z"), ["2026-11-23/morning"]);
    assert_eq!(found("2026-11-23T15:00:00Z", "2026-11-23T23:00:00Z"), [""; 0]);
    assert_eq!(found("2026-11-23T14:30:00Z", "2026-11-23T14:30:00Z"), [""; 0]);
    assert_eq!(found("2026-11-23T14:45:00Z", "2026-11-23T14:30:00Z"), [""; 0]);
    assert_eq!(found("2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z").len(), 8);
}

#[test]
fn next_starts_after_now_and_skips_what_is_on() {
    let settings = week();
    let next = |moment| schedule::next_after(&settings, at(moment), |_| true).unwrap().id.to_string();
    assert_eq!(next("2026-11-23T13:59:59Z"), "2026-11-23/morning");
    assert_eq!(next("2026-11-23T14:00:00Z"), "2026-11-23/evening");
    assert_eq!(next("2026-11-23T14:30:00Z"), "2026-11-23/evening");
    // Over the weekend.
    assert_eq!(next("2026-11-26T23:00:00Z"), "2026-11-30/morning");
    let evening = |found: &Occurrence| found.id.window == "evening";
    let found = schedule::next_after(&settings, at("2026-11-23T12:00:00Z"), evening).unwrap();
    assert_eq!(found.id.to_string(), "2026-11-23/evening");
}

#[test]
fn the_search_ends_after_sixty_days() {
    let settings = settings(vec![window("daily", &DAILY, "14:00", Tz::UTC, 60)]);
    let now = at("2026-01-01T14:00:00Z");
    let from = |day: At| schedule::next_after(&settings, now, |found| found.starts >= day);
    assert_eq!(from(now + REACH).unwrap().starts, at("2026-03-02T14:00:00Z"));
    assert_eq!(from(now + REACH + TimeDelta::seconds(1)), None);
    assert_eq!(schedule::next_after(&settings, now, |_| false), None);
    assert_eq!(schedule::next_after(&self::settings(Vec::new()), now, |_| true), None);
}

#[test]
fn the_ends_of_time_are_no_trouble() {
    let settings = week();
    for moment in [At::MIN_UTC, At::MAX_UTC] {
        assert_eq!(schedule::next_after(&settings, moment, |_| true), None);
        assert_eq!(schedule::running(&settings, moment), []);
        assert_eq!(schedule::between(&settings, moment, moment), []);
    }
    let train = Train { day: Weekday::Tue, start: NaiveTime::MIN, timezone: BERLIN };
    assert_eq!(schedule::train_after(&train, At::MIN_UTC), None);
    assert_eq!(schedule::train_after(&train, At::MAX_UTC), None);
}

#[test]
fn days_without_deployment_have_words() {
    let settings = settings(vec![window("late", &DAILY, "21:00", LOS_ANGELES, 60)]);
    let words = |id| schedule::no_deploy_day(&settings.policy, &occurrence(&settings, id).unwrap());
    assert_eq!(words("2026-11-23/late"), None);
    // Thursday in Los Angeles, though Friday in UTC.
    assert_eq!(words("2026-11-26/late"), None);
    assert_eq!(words("2026-11-27/late").as_deref(), Some("Friday"));
    assert_eq!(words("2026-12-24/late").as_deref(), Some("2026-12-24"));
}

#[test]
fn the_train_leaves_once_a_week() {
    let train =
        Train { day: Weekday::Tue, start: NaiveTime::from_hms_opt(12, 0, 0).unwrap(), timezone: LOS_ANGELES };
    let next = |moment| schedule::train_after(&train, at(moment)).unwrap();
    assert_eq!(next("2026-11-23T14:00:00Z"), at("2026-11-24T20:00:00Z"));
    assert_eq!(next("2026-11-24T19:59:59Z"), at("2026-11-24T20:00:00Z"));
    assert_eq!(next("2026-11-24T20:00:00Z"), at("2026-12-01T20:00:00Z"));
    // The week in which clocks go back is an hour longer.
    assert_eq!(next("2026-10-27T19:00:00Z"), at("2026-11-03T20:00:00Z"));
    // Tuesday evening there is Wednesday here.
    let late = Train { start: NaiveTime::from_hms_opt(20, 0, 0).unwrap(), ..train };
    assert_eq!(schedule::train_after(&late, at("2026-11-25T03:00:00Z")), Some(at("2026-11-25T04:00:00Z")));
}

#[test]
fn people_name_an_occurrence_in_three_ways() {
    let mut settings = week();
    settings.windows[1].rooms = vec![RoomId("libera/#ops".to_owned())];
    let console = RoomId("console".to_owned());
    let meant = |room: Option<&RoomId>, word, moment| {
        schedule::resolve(&settings, room, word, at(moment)).map(|found| found.id.to_string())
    };
    let (before, during) = ("2026-11-23T12:00:00Z", "2026-11-23T14:30:00Z");
    let cases = [
        (None, "2026-11-24/morning", before, Some("2026-11-24/morning")),
        (None, "2020-11-24/morning", before, Some("2020-11-24/morning")),
        (None, "2026-11-27/morning", before, None),
        (None, "morning", before, Some("2026-11-23/morning")),
        (None, "morning", during, Some("2026-11-23/morning")),
        (None, "morning", "2026-11-23T15:00:00Z", Some("2026-11-24/morning")),
        (None, "evening", during, Some("2026-11-23/evening")),
        (None, "next", before, Some("2026-11-23/morning")),
        (None, "NEXT", during, Some("2026-11-23/evening")),
        // What is held elsewhere can be named, but is not what comes next here.
        (Some(&console), "next", during, Some("2026-11-24/morning")),
        (Some(&console), "evening", during, Some("2026-11-23/evening")),
        (None, "noon", before, None),
        (None, "", before, None),
        (None, "/", before, None),
        (None, "2026-02-30/morning", before, None),
        (None, "2026-11-24/", before, None),
    ];
    for (room, word, moment, expected) in cases {
        assert_eq!(meant(room, word, moment).as_deref(), expected, "{word} at {moment}");
    }
}

proptest! {
    #[test]
    fn between_agrees_with_occurrence(
        from in 0i64..4_000_000_000,
        hours in 0i64..400,
        minute in 0u32..1440,
        minutes in 1i64..3000,
        mask in 1u8..128,
        zone in prop::sample::select(vec![
            LOS_ANGELES, BERLIN, Tz::UTC, Tz::Asia__Kolkata, Tz::Pacific__Apia, Tz::Pacific__Kiritimati,
            Tz::Pacific__Pago_Pago, Tz::Australia__Lord_Howe, Tz::Africa__Casablanca,
        ]),
    ) {
        let days: Vec<_> = (0..7).filter(|day| mask & (1 << day) != 0).map(|day| DAILY[day]).collect();
        let start = format!("{:02}:{:02}", minute / 60, minute % 60);
        let settings = settings(vec![
            window("a", &days, &start, zone, minutes),
            window("b", &DAILY, "12:00", zone, 45),
        ]);
        let from = At::from_timestamp(from, 0).unwrap();
        let to = from + TimeDelta::hours(hours);
        let found = schedule::between(&settings, from, to);

        let mut expected = Vec::new();
        for date in (from.date_naive() - TimeDelta::days(6)).iter_days().take(30) {
            for window in ["a", "b"] {
                let id = OccurrenceId { date, window: window.to_owned() };
                expected.extend(schedule::occurrence(&settings, &id));
            }
        }
        expected.retain(|found| from < to && found.starts < to && found.ends > from);
        expected.sort_by_key(|found| (found.starts, found.id.window.clone(), found.id.date));
        let mut sorted = found.clone();
        prop_assert!(found.is_sorted_by_key(|found| found.starts));
        sorted.sort_by_key(|found| (found.starts, found.id.window.clone(), found.id.date));
        prop_assert_eq!(&sorted, &expected);
        sorted.dedup();
        prop_assert_eq!(sorted.len(), found.len());

        let next = schedule::next_after(&settings, from, |_| true).unwrap();
        prop_assert!(next.starts > from);
        prop_assert!(found.iter().all(|other| other.starts <= from || other.starts >= next.starts));
        for on in schedule::running(&settings, from) {
            prop_assert!(on.starts <= from && from < on.ends);
        }
    }

    #[test]
    fn no_word_is_too_strange(word in "\\PC*", seconds in any::<i32>()) {
        let now = At::from_timestamp(seconds.into(), 0).unwrap();
        schedule::resolve(&week(), None, &word, now);
    }
}
