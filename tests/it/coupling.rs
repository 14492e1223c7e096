//! What two patches have in common: names, signs and points; when the question is asked, and when it is over.

use chrono::TimeDelta;
use serde_json::json;
use swatbot::engine::event::{Author, Debt, Event, Record, Went};
use swatbot::engine::facts::{Fact, Facts, Fault};
use swatbot::engine::guidelines::{self, Finding, RuleId};
use swatbot::engine::order::{
    Between, Diff, FileDiff, Meanwhile, NameKind, Roles, Seen, Side, Sign, between_them, coupling,
    open_couplings, open_couplings_of, score, signals, suggestion,
};
use swatbot::engine::state::State;
use swatbot::engine::window::Window;

use crate::make::{at, code, config, declare, number, owe, queue, revert, revision, short, who};

/// A diff of one file.
fn diff(path: &str, added: &[&str], removed: &[&str]) -> Diff {
    let file = FileDiff { path, added: added.to_vec(), removed: removed.to_vec(), ..FileDiff::default() };
    Diff::of(&[file])
}

fn names(diff: &Diff) -> Vec<&str> {
    diff.names.iter().map(|name| name.text.as_str()).collect()
}

/// The kind and the name of what a line of a file defines.
fn defines(path: &str, line: &str) -> Option<(NameKind, String)> {
    let diff = diff(path, &[line], &[]);
    diff.names
        .into_iter()
        .find_map(|name| name.roles.has(Roles::DEFINED).then(|| (name.kind.unwrap(), name.text)))
}

/// Two patches of two repositories that share nothing.
fn sides() -> [Side<'static>; 2] {
    let one = Side {
        number: Some(number(900_001)),
        project: "operations/mediawiki-config",
        change_id: "I1111111111111111111111111111111111111111",
        revision: "1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a",
        subject: "Colour the sky above the wikis",
        message: "Colour the sky above the wikis\n\nBlue.\n\nBug: T1\n",
        tasks: vec!["T1"],
        author: "Ann",
        authored: Some(at("09:00")),
        paths: vec!["wmf-config/InitialiseSettings.php"],
        ..Side::default()
    };
    let other = Side {
        number: Some(number(900_002)),
        project: "mediawiki/extensions/Pond",
        change_id: "I2222222222222222222222222222222222222222",
        revision: "2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b",
        subject: "Feed ducks twice daily",
        message: "Feed ducks twice daily\n\nHungry birds.\n\nBug: T2\n",
        tasks: vec!["T2"],
        author: "Ben",
        authored: Some(at("15:00")),
        paths: vec!["includes/Pond.php"],
        ..Side::default()
    };
    [one, other]
}

fn points(a: &Side<'_>, b: &Side<'_>) -> u32 {
    let both = [score(&signals(a, b)).points, score(&signals(b, a)).points];
    assert_eq!(both[0], both[1], "it is the same in either order");
    both[0]
}

#[test]
fn a_configuration_key_is_one_name_however_it_is_written() {
    for (path, line) in [
        ("wmf-config/CommonSettings.php", "$wgPondDepth = 3;"),
        ("wmf-config/InitialiseSettings.php", "'wmgPondDepth' => ["),
        ("includes/Pond.php", "return $config->get( 'PondDepth' );"),
        ("extension.json", "\"PondDepth\": {"),
    ] {
        let diff = diff(path, &[line], &[]);
        assert!(diff.place("PondDepth").is_some(), "{line}: {:?}", names(&diff));
        assert!(diff.place("wgPondDepth").is_none() && diff.place("wmgPondDepth").is_none(), "{line}");
    }
    let whole = diff("modules/pond.js", &["mw.loader.using( 'ext.pond.duck-feed' );"], &[]);
    assert!(
        whole.place("ext.pond.duck-feed").is_some() && whole.place("feed").is_some(),
        "{:?}",
        names(&whole)
    );
}

#[test]
fn a_line_says_what_it_defines() {
    let found = |kind: NameKind, name: &str| Some((kind, name.to_owned()));
    for (path, line, expected) in [
        ("Pond.php", "\t'schema.Duck' => array(", found(NameKind::Module, "schema.Duck")),
        ("Pond.php", "$wgResourceModules['ext.pond'] = [", found(NameKind::Module, "ext.pond")),
        ("extension.json", "\t\"ext.pond.feed\": {", found(NameKind::Module, "ext.pond.feed")),
        (
            "wmf-config/CommonSettings.php",
            "wfLoadExtension( 'PondLife' );",
            found(NameKind::Extension, "PondLife"),
        ),
        ("Pond.php", "$wgHooks['PageDry'][] = 'Pond::onPageDry';", found(NameKind::Hook, "Pond::onPageDry")),
        ("extension.json", "\t\t\"PondDepth\": {", found(NameKind::Setting, "PondDepth")),
        ("wmf-config/InitialiseSettings.php", "'wgPondDepth' => [", found(NameKind::Value, "PondDepth")),
        (
            "includes/Duck.php",
            "abstract class DuckFeeder extends Feeder {",
            found(NameKind::Class, "DuckFeeder"),
        ),
        (
            "includes/Duck.php",
            "\tpublic static function feedAll( $ducks ) {",
            found(NameKind::Function, "feedAll"),
        ),
        ("includes/Duck.php", "const MOST_DUCKS = 12;", found(NameKind::Constant, "MOST_DUCKS")),
        ("i18n/en.json", "\t\"pond-empty\": \"No ducks\",", found(NameKind::Message, "pond-empty")),
        ("sql/pond.sql", "CREATE TABLE /*_*/pond_duck (", found(NameKind::Table, "pond_duck")),
        ("includes/Duck.php", "$this->class = getFunction( 'x' );", None),
        ("composer.json", "\"PondDepth\": 3", None),
    ] {
        assert_eq!(defines(path, line), expected, "{line}");
    }
}

#[test]
fn what_is_kept_of_a_diff_is_small_and_says_what_is_left_out() {
    let lines: Vec<String> =
        (0..1900).map(|n| format!("$duckNumber{n} = feedTheDuck{n}( $pondOfDuck{n} );")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let many: Vec<&str> = std::iter::repeat_n("var x = 1;", 2001).collect();
    let file = |path, added: &[&'static str]| FileDiff { path, added: added.to_vec(), ..FileDiff::default() };
    let files = [
        FileDiff { path: "includes/Duck.php", added: lines.clone(), removed: lines, ..FileDiff::default() },
        FileDiff { path: "modules/all.js", added: many, ..FileDiff::default() },
        file("package-lock.json", &["\"aVeryRareName\": 1"]),
        file("vendor/ducks/Duck.php", &["class VendorDuck {"]),
    ];
    let diff = Diff::of(&files[1..]);
    assert_eq!(
        diff.skipped,
        ["modules/all.js (large)", "package-lock.json (generated)", "vendor/ducks/Duck.php (generated)"]
    );
    assert!(diff.names.is_empty(), "{:?}", names(&diff));
    let large = Diff::of(&[FileDiff { removed: Vec::new(), ..files[0].clone() }]);
    let stored = serde_json::to_string(&large).unwrap();
    assert!(large.names.len() == 250 && large.arrives.len() == 200, "{} names", large.names.len());
    assert!(stored.len() < 16_000, "{} bytes are stored", stored.len());
    assert_eq!(serde_json::from_str::<Diff>(&stored).unwrap(), large);
}

#[test]
fn tests_name_nothing() {
    let diff = diff("tests/phpunit/DuckTest.php", &["$this->assertDuck( new RareFeeder() );"], &[]);
    assert!(diff.names.is_empty() && diff.arrives.is_empty());
}

#[test]
fn a_name_is_rare_until_many_patches_have_it() {
    let mut seen = Seen::default();
    let common = diff("a.php", &["feedAllDucks( $pondDepthNow );"], &[]);
    let first = seen.rate(&common, None);
    assert!(first.iter().all(|rarity| *rarity > 70), "{first:?}");
    for _ in 0..200 {
        seen.rate(&common, None);
    }
    let later = seen.rate(&common, None);
    assert!(later.iter().all(|rarity| *rarity < 30), "{later:?}");
    let word = diff("b.php", &["pond fooBarBaz"], &[]);
    let rates = seen.rate(&word, None);
    let rate = |name: &str| rates[word.place(name).unwrap()];
    assert!(rate("pond") < 60 && rate("fooBarBaz") > 80, "one word of a language is not rare: {rates:?}");
    // Another patch set of the same change keeps the rates, and counts only what is new in it.
    let before = String::from(seen.clone());
    assert_eq!(seen.rate(&common, Some((&common, &first))), first);
    assert_eq!(String::from(seen.clone()), before);
    assert_eq!(Seen::from(before), seen);
    assert_eq!(Seen::from("not what was stored".to_owned()), Seen::default());
}

#[test]
fn the_table_of_names_stays_small() {
    let mut seen = Seen::default();
    for patch in 0..400 {
        let lines: Vec<String> = (0..40).map(|n| format!("duckOfPatch{patch}Number{n}();")).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        seen.rate(&diff("a.php", &lines, &[]), None);
    }
    let stored = String::from(seen);
    assert!(stored.len() < 33_000, "{} bytes are stored", stored.len());
}

#[test]
fn each_sign_has_its_points() {
    let [a, b] = sides();
    assert_eq!(points(&a, &b), 0);
    let with = |change: &dyn Fn(&mut Side<'static>, &mut Side<'static>)| {
        let [mut a, mut b] = sides();
        change(&mut a, &mut b);
        points(&a, &b)
    };
    assert_eq!(with(&|a, _| a.message = "Sky\n\nThis goes with I22222222."), 6);
    assert_eq!(with(&|a, _| a.message = "Sky\n\nSoft-depends on 900002"), 6);
    assert_eq!(with(&|a, _| a.message = "Sky\n\nFollows 2b2b2b2b2b in the other repository"), 6);
    assert_eq!(with(&|a, _| a.message = "Sky\n\nAs in \"Feed ducks twice daily\""), 6);
    assert_eq!(with(&|a, _| a.message = "Sky\n\nDepends-On: I2222222222222222222222222222222222222222"), 0);
    assert_eq!(with(&|a, _| a.message = "Sky\n\nIn 2222222 cases and on port 90000"), 0);
    assert_eq!(with(&|a, _| a.tasks = vec!["T2"]), 5);
    assert_eq!(with(&|a, _| a.message = "Sky\n\nWhat T2 says"), 5);
    let revert = |message: &'static str, subject: &'static str| {
        with(&|a, _| (a.tasks, a.message, a.subject) = (vec!["T2"], message, subject))
    };
    assert_eq!(
        revert("Revert \"Feed birds\"\n\nToo many.", "Revert \"Feed birds\""),
        2,
        "its task is another's"
    );
    assert_eq!(revert("No birds\n\nThis reverts commit 5f5f5f5.", "No birds"), 2);
    assert_eq!(with(&|a, b| (a.topic, b.topic) = (Some("birds"), Some("birds"))), 3);
    let author = |hours: i64| {
        with(&|a, b| {
            b.author = "Ann";
            b.authored = a.authored.map(|at| at + TimeDelta::hours(hours));
        })
    };
    assert_eq!([author(1), author(2), author(2000)], [4, 2, 2]);
    assert_eq!(with(&|a, _| a.message = "Feed hungry birds daily"), 0, "the same words are no sign");
}

/// Two diffs with the rarity that their names have where nothing else was seen.
fn with_diffs(ours: &Diff, theirs: &Diff, test: impl FnOnce(&Side<'_>, &Side<'_>)) {
    let (left, right) = (Seen::default().rate(ours, None), Seen::default().rate(theirs, None));
    let [a, b] = sides();
    let a = Side { diff: Some(ours), rarity: &left, ..a };
    let b = Side { diff: Some(theirs), rarity: &right, ..b };
    test(&a, &b);
}

#[test]
fn a_rare_name_and_who_defines_it() {
    let setting = diff("extension.json", &["\"PondFeedingHours\": {"], &[]);
    let value = diff("wmf-config/InitialiseSettings.php", &["'wgPondFeedingHours' => ["], &[]);
    with_diffs(&value, &setting, |a, b| {
        let score = score(&signals(a, b));
        let defines = Sign::Defines { name: "PondFeedingHours", first: false, gone: false };
        assert_eq!(score.signs, [(defines, 4), (Sign::Rare("PondFeedingHours"), 4)]);
        assert!(score.asks());
    });
    // Where it stands only around the lines of one, both need not be about it.
    let file = FileDiff { path: "a.php", context: vec!["PondFeedingHours"], ..FileDiff::default() };
    with_diffs(&value, &Diff::of(&[file]), |a, b| assert_eq!(points(a, b), 2));
    // A message that speaks of the same name is no second sign; one that speaks of another is.
    let both = diff("b.php", &["$pondFeedingHours = duckCount;"], &[]);
    let ours = diff("c.php", &["pondFeedingHours + 1, duckCount"], &[]);
    with_diffs(&ours, &both, |a, b| {
        let says = |message| points(&Side { message, ..a.clone() }, b);
        assert_eq!([says("Sky"), says("Sky\n\npondFeedingHours"), says("Sky\n\nduckCount")], [4, 4, 7]);
    });
}

#[test]
fn how_rare_a_name_is_does_not_grow_with_what_was_learnt() {
    let [word, name] = [diff("a.php", &["pond"], &[]), diff("a.php", &["pondFeedingHours"], &[])];
    let rates = |seen: &Seen| [&word, &name].map(|diff| seen.clone().rate(diff, None)[0]);
    let mut seen = Seen::default();
    let at_first = rates(&seen);
    for _ in 0..3000 {
        seen.rate(&diff("b.php", &["somethingElseAltogether"], &[]), None);
    }
    assert_eq!(rates(&seen), at_first);
}

#[test]
fn lines_that_move_are_counted() {
    let lines = [
        "feedTheDucks( $pond );",
        "openTheGate( $pond );",
        "countTheDucks( $pond );",
        "closeTheGate( $pond );",
    ];
    let moved = |count: usize| {
        let (leaves, arrives) = (diff("a.php", &[], &lines[..count]), diff("b.php", &lines[..count], &[]));
        assert_eq!((leaves.moved_to(&arrives), arrives.moved_to(&leaves)), (count as u32, 0));
    };
    moved(4);
    assert_eq!(
        diff("a.php", &[], &["}", "return true;", "\t} else {"]).moved_to(&diff(
            "b.php",
            &["}", "return true;", "\t} else {"],
            &[]
        )),
        1
    );
}

#[test]
fn what_reaches_no_host_is_never_asked_about() {
    let [mut a, b] = sides();
    a.message = "Sky\n\nNeeded by I22222222";
    assert_eq!(points(&a, &b), 6);
    for paths in [
        vec!["tests/phpunit/SkyTest.php"],
        vec![".phpcs.xml", "composer.json", "docs/sky.md"],
        vec!["Gruntfile.js"],
    ] {
        a.paths = paths;
        assert_eq!(points(&a, &b), 0, "{:?}", a.paths);
    }
    a.paths = vec!["tests/phpunit/SkyTest.php", "includes/Sky.php"];
    assert_eq!(points(&a, &b), 6);
}

#[test]
fn inside_one_repository_only_a_name_counts() {
    let [a, mut b] = sides();
    b.project = a.project;
    b.tasks = vec!["T1"];
    b.author = "Ann";
    b.authored = a.authored;
    assert_eq!(points(&a, &b), 0);
    b.message = "Ducks\n\nAfter 1a1a1a1a1a";
    assert_eq!(points(&a, &b), 6);
}

#[test]
fn what_stands_between_is_said_for_both_orders() {
    let [arrives, leaves] =
        [("schema.Duck' => array(", true), ("schema.Duck' => array(", false)].map(|(line, new)| {
            let line = format!("\t'{line}");
            if new { diff("Pond.php", &[&line], &[]) } else { diff("Lake.php", &[], &[&line]) }
        });
    let class = diff("includes/Duck.php", &["class RareDuckFeeder {"], &[]);
    let no_class = diff("includes/Duck.php", &[], &["class RareDuckFeeder {"]);
    let uses = diff("includes/Pond.php", &["$feeder = new RareDuckFeeder();"], &[]);
    let uses_no_more = diff("includes/Pond.php", &[], &["$feeder = new RareDuckFeeder();"]);
    let setting = diff("extension.json", &["\"PondFeedingHours\": {"], &[]);
    let value = diff("wmf-config/InitialiseSettings.php", &["'wgPondFeedingHours' => ["], &[]);
    use Meanwhile::{Default, Missing, Nowhere, Twice, Unread, Unused};
    for (ours, theirs, first_out, second_out) in [
        (&arrives, &leaves, Twice, Nowhere),
        (&class, &no_class, Twice, Nowhere),
        (&class, &uses, Unused, Missing),
        (&no_class, &uses_no_more, Missing, Unused),
        (&setting, &value, Default, Unread),
    ] {
        let mut state = State::default();
        let (one, other) = (with_diff(config(900_001), ours), with_diff(code(900_002), theirs));
        see(&mut state, &one);
        see(&mut state, &other);
        let found = |a, b| between_them(&state, number(a), number(b)).expect("something stands between them");
        let meant = |between: Between<'_>| (between.first_out, between.second_out);
        assert_eq!(meant(found(900_001, 900_002)), (first_out, second_out), "{}", ours.names[0].text);
        assert_eq!(meant(found(900_002, 900_001)), (second_out, first_out));
        // Twice is only fatal for what must be unique.
        let is_module = ours == &arrives;
        assert_eq!(found(900_001, 900_002).clashes(true), is_module);
        assert!(!found(900_001, 900_002).clashes(false));
    }
}

#[test]
fn an_order_that_breaks_something_is_not_suggested() {
    let arrives = diff("Pond.php", &["\t'schema.Duck' => array("], &[]);
    let leaves = diff("Lake.php", &[], &["\t'schema.Duck' => array("]);
    let mut state = State::default();
    let (mut one, mut other) = (with_diff(config(900_001), &arrives), with_diff(code(900_002), &leaves));
    one.change.subject = "Support ducks".to_owned();
    one.change.authored = Some(at("09:00"));
    other.change.subject = "Remove ducks".to_owned();
    other.change.authored = Some(at("09:10"));
    see(&mut state, &one);
    see(&mut state, &other);
    let found = coupling(&state, number(900_001), number(900_002)).expect("they belong together");
    assert_eq!(found.suggestion, None, "the incident: every sign says add before remove");
    // The same without the module: then it is said.
    one.diff = None;
    other.diff = None;
    one.change.message = "Support ducks\n\nFor 900002".to_owned();
    let mut state = State::default();
    see(&mut state, &one);
    see(&mut state, &other);
    let found = coupling(&state, number(900_001), number(900_002)).expect("one names the other");
    assert!(found.suggestion.is_some_and(|suggestion| suggestion.first));
}

#[test]
fn nothing_is_suggested_on_a_hint() {
    let [a, b] = sides();
    assert_eq!(suggestion(&a, &b), None);
}

fn with_diff(mut facts: Facts, diff: &Diff) -> Facts {
    facts.diff = Some(Fact::Known(diff.clone()));
    facts.change.message = format!("{}\n\nBug: T{}\n", facts.change.subject, facts.change.number);
    facts
}

fn record(window: &Window, change: u32, event: Event) -> Record {
    Record {
        at: at("12:00"),
        by: Author { network: None, room: None, who: who("bob"), account: None },
        window: Some(window.id().clone()),
        change: Some(number(change)),
        outcome: Went::Ok,
        text: String::new(),
        event,
    }
}

/// The facts come, as they do from the review system.
fn see(state: &mut State, facts: &Facts) {
    let event = Event::FactsSeen { facts: Box::new(facts.clone()) };
    state.apply(&record(&crate::make::window(), facts.change.number.0, event));
}

/// Two that belong together in one window: one sets what the other reads.
fn pair() -> (State, Window) {
    let (mut state, mut window) = (State::default(), crate::make::window());
    let setting = diff("extension.json", &["\"PondFeedingHours\": {"], &[]);
    let value = diff("wmf-config/InitialiseSettings.php", &["'wgPondFeedingHours' => ["], &[]);
    for facts in [with_diff(config(900_001), &value), with_diff(code(900_002), &setting), config(900_003)] {
        queue(&mut state, &mut window, &facts);
        see(&mut state, &facts);
    }
    (state, window)
}

fn open(state: &State, window: &Window) -> Vec<(u32, u32)> {
    let all: Vec<(u32, u32)> =
        open_couplings(state, window).iter().map(|found| (found.a.0, found.b.0)).collect();
    for change in [900_001, 900_002, 900_003].map(number) {
        let own: Vec<(u32, u32)> =
            open_couplings_of(state, window, change).iter().map(|found| (found.a.0, found.b.0)).collect();
        let expected: Vec<(u32, u32)> =
            all.iter().copied().filter(|(a, b)| [*a, *b].contains(&change.0)).collect();
        assert_eq!(own, expected, "of {change}");
    }
    all
}

#[test]
fn the_question_is_open_until_somebody_answers() {
    let (state, window) = pair();
    assert_eq!(open(&state, &window), [(900_001, 900_002)]);
    let answered = |change: &dyn Fn(&mut State, &mut Window)| {
        let (mut state, mut window) = pair();
        change(&mut state, &mut window);
        open(&state, &window).is_empty()
    };
    assert!(answered(&|_, window| declare(window, 900_001, 900_002)));
    assert!(answered(&|_, window| window.independent.push((number(900_002), number(900_001)))));
    assert!(!answered(&|_, window| declare(window, 900_001, 900_003)), "an order with another one");
    assert!(!answered(&|_, window| window.places.reverse()), "a place is no answer");
    assert!(answered(&|state, _| {
        let mut facts = state.facts(number(900_002)).unwrap().clone();
        facts.chain = Fact::Known(vec![short(&config(900_001))]);
        see(state, &facts);
    }));
    assert!(answered(&|state, _| {
        let mut facts = state.facts(number(900_002)).unwrap().clone();
        facts.change.change_id = crate::make::change_id(900_001);
        facts.change.message = format!("Pick\n\nChange-Id: {}\n", facts.change.change_id);
        facts.change.project.clone_from(&state.facts(number(900_001)).unwrap().change.project);
        see(state, &facts);
    }));
}

#[test]
fn new_content_asks_again_and_a_rebase_does_not() {
    let (state, window) = pair();
    let mut state = State { windows: [(window.id().clone(), window.clone())].into(), ..state };
    let mut apply = |event: Event| {
        state.apply(&record(&window, 900_002, event));
        open(&state, &state.windows[window.id()]).len()
    };
    assert_eq!(apply(Event::Ordered { before: number(900_002), after: number(900_001) }), 0);
    assert_eq!(apply(Event::PatchSetSeen { patch_set: 4, kept: true }), 0);
    assert_eq!(apply(Event::PatchSetSeen { patch_set: 5, kept: false }), 1);
    assert_eq!(apply(Event::Ordered { before: number(900_002), after: number(900_001) }), 0);
    assert_eq!(apply(Event::PatchSetSeen { patch_set: 6, kept: false }), 1);
    assert_eq!(apply(Event::Independent { a: number(900_001), b: number(900_002) }), 0);
}

#[test]
fn a_question_does_not_go_away_by_itself() {
    let (mut state, window) = pair();
    let common = diff("includes/Other.php", &["$depth = $wgPondFeedingHours;"], &[]);
    for change in 900_100..900_400 {
        see(&mut state, &with_diff(code(change), &common));
    }
    assert_eq!(open(&state, &window), [(900_001, 900_002)], "what was rare when it was read stays so");
    let fault = Event::LookupFailed { fault: Fault::Unreachable { why: "no answer".to_owned() } };
    state.apply(&record(&window, 900_002, fault));
    assert_eq!(open(&state, &window), [(900_001, 900_002)]);
    // Whoever comes now with the same name has a common one.
    see(&mut state, &with_diff(code(900_500), &common));
    assert_eq!(coupling(&state, number(900_001), number(900_500)).map(|found| found.score.points), None);
}

#[test]
fn what_is_merged_and_not_deployed_is_compared_too() {
    let (mut state, mut window) = pair();
    window.patches.retain(|patch| patch.change != number(900_002));
    window.places.retain(|change| *change != number(900_002));
    assert_eq!(open(&state, &window), []);
    owe(&mut state, 900_002, Debt::RolledBack);
    let found = open_couplings(&state, &window);
    assert!(matches!(found.as_slice(), [found] if found.owed && found.b == number(900_002)), "{found:?}");
    // Its revert belongs to it in another sense.
    let mut facts = state.facts(number(900_001)).unwrap().clone();
    revert(&mut facts, 900_002);
    see(&mut state, &facts);
    assert_eq!(open(&state, &window), []);
    assert_eq!(facts.change.reverts().next(), Some(revision(900_002).as_str()));
}

#[test]
fn facts_from_before_there_were_diffs_are_read() {
    let mut old = serde_json::to_value(config(900_001)).unwrap();
    assert_eq!(old.get("diff"), None, "what is not known is not stored");
    assert_eq!(serde_json::from_value::<Facts>(old.clone()).unwrap(), config(900_001));
    old["diff"] =
        json!({ "known": { "names": [{ "n": "PondDepth", "r": 9, "k": "setting" }], "leaves": [7] } });
    let facts: Facts = serde_json::from_value(old).unwrap();
    let diff = facts.diff.as_ref().and_then(Fact::known).unwrap();
    assert!(diff.names[0].roles.is_defined() && diff.names[0].kind == Some(NameKind::Setting));
}

#[test]
fn what_cannot_be_compared_is_asked_of_a_person() {
    let (state, window) = pair();
    let finding = |facts: &Facts, state: &State, window: &Window| {
        let mut state = state.clone();
        see(&mut state, facts);
        let settings = crate::make::settings();
        let patch = window.patch(facts.change.number).unwrap();
        let case = guidelines::Case {
            settings: &settings,
            state: &state,
            window,
            at: at("12:00"),
            change: facts.change.number,
            facts: Ok(facts),
            wish: &patch.wish,
            patch: Some(patch),
            starting: false,
            lead: None,
        };
        let judgements = guidelines::judge(&case);
        judgements
            .into_iter()
            .find(|judgement| judgement.rule == RuleId::Coupled)
            .expect("it is judged")
            .finding
    };
    let facts = state.facts(number(900_001)).unwrap();
    let words = "\"!swat order 900001 before 900002\" or \"!swat order 900002 before 900001\"; unrelated: \"!swat independent 900001 900002 WHY\"";
    let expected =
        Finding::Fail { why: "900001 waits for an order with 900002".to_owned(), fix: words.to_owned() };
    assert_eq!(finding(facts, &state, &window), expected);
    let mut third = config(900_003);
    assert_eq!(finding(&third, &state, &window), Finding::NotNeeded);
    third.diff = Some(Fact::Unknown("no answer within 10 s".to_owned()));
    let unknown = Finding::Unknown("what 900003 changes: no answer within 10 s".to_owned());
    assert_eq!(finding(&third, &state, &window), unknown, "unknown is never fine");
    let mut alone = window.clone();
    alone.places.retain(|change| *change == number(900_003));
    assert_eq!(finding(&third, &state, &alone), Finding::NotNeeded, "there is nothing to compare it with");
}
