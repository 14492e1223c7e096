//! Bad inputs, by the list of the reliability study, part (c): one clear line or silence, no panic, no change of the
//! state, and a row for each that is meant for the bot. The bytes go through the terminal as a pipe would bring them.

use std::fs;
use std::path::{Path, PathBuf};

use swatbot::clock::Clock;
use swatbot::config;
use swatbot::engine::id::RowId;
use swatbot::engine::log::{Query, Row};
use swatbot::engine::state::State;
use swatbot::play::Player;
use swatbot::review::{Files, Source};
use tempfile::TempDir;

/// What is to happen.
#[derive(Clone, Debug, PartialEq)]
enum Then {
    /// Nothing is said and nothing is written.
    Silence,
    /// One line that ends in this code, and one row.
    No(&'static str),
    /// One line that holds this, and no row: a question was answered.
    Answer(&'static str),
    /// It is recorded as it came.
    Logged(&'static str),
}
use Then::{Answer, Logged, No, Silence};

/// The numbers are those of the list.
fn table() -> Vec<(u32, Vec<u8>, Then)> {
    let mut rows: Vec<(u32, Vec<u8>, Then)> = Vec::new();
    let mut is = |number: u32, line: &[u8], then: Then| rows.push((number, line.to_vec(), then));
    // Framing and bytes.
    is(1, b"", Silence);
    is(1, b"bob> ", Silence);
    is(2, b"bob> !", Silence);
    is(3, &[b"bob> !swat", "a".repeat(8192).as_bytes()].concat(), Silence);
    is(3, &[b"bob> !swat ", "a".repeat(8192).as_bytes()].concat(), No("too-long"));
    is(4, b"bob> !swat\x00next", No("unusual-characters"));
    is(4, b"bob> !swat next\x00", No("unusual-characters"));
    is(5, b"bob> !swat next\rQUIT :x", No("unusual-characters"));
    is(7, b"bob> \xff\xfe", Silence);
    is(7, b"bob> !swat \xff\xfe", No("unusual-characters"));
    is(7, b"\xff\xfe", Silence);
    is(8, b"bob> !swat \xc0\xaf", No("unusual-characters"));
    is(9, b"bob> !swat \xed\xa0\x80", No("unusual-characters"));
    is(10, b"bob> !swat show caf\xc3", No("not-a-change"));
    is(11, b"bob> !swat show caf\xe9", No("not-a-change"));
    is(12, b"bob> \x01ACTION !swat start\x01", Silence);
    is(13, b"bob> \x01DCC SEND x 0 0\x01", Silence);
    is(14, b"bob> \x02!swat start", No("unusual-characters"));
    is(15, b"bob> \x0304!swat start\x03", No("unusual-characters"));
    is(16, b"bob> !\x0fswat start", No("unusual-characters"));
    is(17, b"bob> !swat\tshow\t4", No("unusual-characters"));
    is(17, "bob> !swat\u{a0}show\u{a0}4".as_bytes(), No("unusual-characters"));
    is(17, "bob> !swat show\u{a0}4".as_bytes(), No("unusual-characters"));
    is(18, "bob> !swat\u{3000}show\u{3000}4".as_bytes(), No("unusual-characters"));
    is(19, "bob> \u{feff}!swat start".as_bytes(), No("unusual-characters"));
    let mut cut = b"carol> !swat remove 5 ".to_vec();
    cut.extend("\u{e9}".repeat(300).bytes().take(511 - cut.len()));
    is(20, &cut, No("not-owner"));
    // Targets and context.
    is(22, b"bob>> add 9", No("room"));
    is(22, b"bob>> \xff\xfe", No("unusual-characters"));
    is(27, b"bob> ```!swat start```", Silence);
    is(29, b"<alice> !swat start", Silence);
    // Arguments.
    is(33, b"bob> !swat add 0", No("not-a-change"));
    is(34, b"bob> !swat add -1", No("not-a-change"));
    is(35, b"bob> !swat add 99999999999999999999", No("not-a-change"));
    for number in ["1e6", "0x10", "\u{663}", "\u{ff11}\u{ff12}", "007", "+9", "9.0", "#0"] {
        is(36, format!("bob> !swat add {number}").as_bytes(), No("not-a-change"));
    }
    is(37, b"bob> !swat add 123,123", No("twice"));
    is(37, b"bob> !swat add 123 123", No("twice"));
    is(38, "bob> !swat remove 4 \u{202e}evil\u{202c}".as_bytes(), No("unusual-characters"));
    is(39, "bob> !swat remove 4 \u{2066}evil".as_bytes(), No("unusual-characters"));
    is(40, "bob> !swat st\u{200d}art".as_bytes(), No("unusual-characters"));
    is(40, "bob> !sw\u{200d}at start".as_bytes(), No("unusual-characters"));
    is(41, "bob> !swat st\u{430}rt".as_bytes(), No("unusual-characters"));
    is(42, "bob> !swat start\u{e0067}".as_bytes(), No("unusual-characters"));
    is(43, format!("bob> !swat start{}", "\u{301}".repeat(5000)).as_bytes(), No("too-long"));
    is(43, format!("bob> !swat start{}", "\u{301}".repeat(500)).as_bytes(), No("unusual-characters"));
    is(48, b"alice> !swat done 3-1", No("not-a-change"));
    is(48, b"alice> !swat done all", No("usage"));
    is(48, b"alice> !swat done *", No("usage"));
    is(48, b"alice> !swat done 99", No("no-step"));
    is(48, b"alice> !swat done 0", No("no-step"));
    is(48, b"alice> !swat done r1", No("no-step"));
    is(48, b"alice> !swat done r0", No("no-step"));
    let long_query = format!("https://gerrit.wikimedia.org/r/9?{}", "q=1&".repeat(768));
    for url in [
        "http://gerrit.wikimedia.org/r/9",
        "https://gerrit.wikimedia.org@evil.test/1",
        "https://gerrit.wikimedia.org.evil.test/1",
        "https://127.0.0.1/1",
        "https://[::ffff:10.0.0.1]/1",
        "file:///etc/passwd",
        "//evil/1",
        "https://gerr\u{456}t.wikimedia.org/r/9",
        "https://gerrit.wikimedia.org:22/r/9",
        "https://gerrit.wikimedia.org/",
        "https://gerrit.wikimedia.org/r/../../9",
        "javascript:alert(9)",
    ] {
        is(50, format!("bob> !swat add {url}").as_bytes(), No("not-a-change"));
    }
    is(50, format!("bob> !swat add {long_query}").as_bytes(), No("too-long"));
    is(51, b"bob> !swat add 1; rm -rf /", No("not-a-change"));
    for shell in ["$(id)", "`id`", "${IFS}", "|id", "9&&id"] {
        is(52, format!("bob> !swat add {shell}").as_bytes(), No("not-a-change"));
    }
    is(53, b"bob> !swat add --config=/tmp/x", No("not-a-change"));
    is(53, b"bob> !swat queue --config=/tmp/x", No("unknown-window"));
    is(54, b"alice> !swat check #1 ../../etc/passwd", No("unknown-word"));
    is(54, b"alice> !swat override 4 ../../etc/passwd x", No("unknown-word"));
    is(54, b"bob> !swat files 5 ../../etc/passwd", No("file-order"));
    for braces in ["{step}", "{{x}}", "%s", "%n", "{0}"] {
        is(55, format!("bob> !swat {braces}").as_bytes(), No("unknown-verb"));
        is(55, format!("bob> !swat show {braces}").as_bytes(), No("not-a-change"));
    }
    is(56, b"bob> !swat show '); DROP TRIGGER event_stays;--", No("not-a-change"));
    is(56, b"bob> !log '); DROP TRIGGER event_stays;--", Logged("'); DROP TRIGGER event_stays;--"));
    for wiki in [
        "<script>alert(1)</script>",
        "<a href=\"javascript:alert(1)\">x</a>",
        "![x](http://e/x.png)",
        "[[File:x]]",
        "{{subst:x}}",
        "~~~~",
        "|",
    ] {
        is(57, format!("bob> !log {wiki}").as_bytes(), Logged(wiki));
        is(57, format!("bob> !swat show {wiki}").as_bytes(), No("not-a-change"));
    }
    is(58, b"bob> !swat @room", No("unknown-verb"));
    is(58, b"bob> !swat show @everyone", No("not-a-change"));
    is(58, b"alice> !swat handover @everyone", No("not-deployer"));
    is(58, format!("bob> !swat show {}", "alice ".repeat(400)).as_bytes(), No("too-long"));
    for time in
        ["2026-02-30", "25:61", "9999-01-01", "-0001", "2026-13-01T00:00", "24:00", "+0m", "+99999999999d"]
    {
        is(59, format!("grace> !swat freeze {time} +2h no power").as_bytes(), No("not-a-time"));
        is(59, format!("grace> !swat freeze now {time} no power").as_bytes(), No("not-a-time"));
    }
    is(59, b"grace> !swat freeze +2h +1h no power", No("not-a-time"));
    for window in ["2026-02-30/morning", "9999-12-31/morning", "-0001-01-01/morning", "999999-01-01/morning"]
    {
        is(59, format!("bob> !swat queue {window}").as_bytes(), No("unknown-window"));
    }
    is(59, b"alice> !swat extend 99999999999999m", No("not-a-time"));
    is(60, b"bob> !log find (a+)+$", Answer("no"));
    is(60, b"bob> !log find (?i", Answer("no"));
    is(60, b"bob> !log find \\p{", Answer("no"));
    is(60, b"bob> !swat show (a+)+$", No("not-a-change"));
    is(61, b"bob> !SWAT GO", No("not-lead"));
    is(61, b"bob> ! swat start", Silence);
    is(61, b"bob> !swatstart", Silence);
    is(61, b"bob> !!swat start", Silence);
    is(62, b"bob> !swat add \"x", No("not-a-change"));
    is(62, b"carol> !swat remove 5 \"not today", No("not-owner"));
    is(63, format!("bob> !swat add{}", " 9".repeat(10_000)).as_bytes(), No("too-long"));
    let numbers: Vec<String> = (100..200).map(|number| number.to_string()).collect();
    is(63, format!("bob> !swat add {}", numbers.join(" ")).as_bytes(), No("too-many"));
    is(65, b"bob> !log seq=1 h=00ff actor=alice outcome=ok", Logged("seq=1 h=00ff actor=alice outcome=ok"));
    is(65, b"bob> !log {\"event\":\"claimed\",\"seq\":1}", Logged("{\"event\":\"claimed\",\"seq\":1}"));
    rows
}

fn settings() -> config::Config {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("windows.toml");
    config::load(&path).unwrap_or_else(|faults| panic!("{faults}"))
}

fn player(database: &Path, changes: &Path, at: &str) -> Player {
    let config = settings();
    let source = Source::Files(Files::new(changes.to_owned(), None).unwrap());
    let clock = Clock::standing_at(at.parse().unwrap());
    Player::open(config.settings, database.to_owned(), source, clock, &mut Vec::new()).unwrap()
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/changes")
}

/// A log in which a window is running: 4 is merged and on its way to the test servers, 5 waits.
fn scene() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("scene.db");
    let mut player = player(&path, &examples(), "2026-11-23T13:00:00Z");
    let script = "bob> !swat add 4\nbob> !swat add 5\nalice> !swat claim\n+1h\nbob> !swat here\n+10s\nalice> !swat start\n\
                  alice> !swat check #1 deployer\n/change 4 merged\n+20s\n";
    let mut said = Vec::new();
    player.play(&mut script.as_bytes(), &mut said).unwrap();
    let said = String::from_utf8(said).unwrap();
    assert!(said.contains("4 ps 3 merged. Step 3"), "{said}");
    drop(player);
    (folder, path)
}

/// What a line led to.
struct Outcome {
    said: Vec<String>,
    rows: Vec<Row>,
    before: State,
    after: State,
}

fn play(scene: &Path, line: &[u8]) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("swatbot.db");
    fs::copy(scene, &database).unwrap();
    let mut player = player(&database, &examples(), "2026-11-23T14:00:45Z");
    let before = player.bot().unwrap().state().clone();
    let mut out = Vec::new();
    player.play(&mut &*line, &mut out).unwrap();
    let bot = player.bot().unwrap();
    let after = bot.state().clone();
    let rows = (before.row + 1..=after.row)
        .map(|row| {
            let query = Query { show: Some(RowId(row)), ..Query::default() };
            bot.store().search(&query).unwrap().rows.remove(0)
        })
        .collect();
    let out = String::from_utf8(out).expect("what is said is text");
    let said = out.split('\n').filter(|line| line.starts_with("swatbot")).map(str::to_owned).collect();
    Outcome { said, rows, before, after }
}

/// What is wrong with an outcome, if anything is.
fn fault(outcome: &Outcome, then: &Then) -> Option<String> {
    let Outcome { said, rows, before, after } = outcome;
    let mut same = after.clone();
    same.row = before.row;
    if same != *before {
        return Some("the state has changed".to_owned());
    }
    let one = said.len() == 1 && said[0].chars().all(|c| !c.is_control()) && said[0].len() < 1000;
    let fine = match then {
        Silence => said.is_empty() && rows.is_empty(),
        No(code) => {
            one && said[0].contains(": no: ")
                && said[0].ends_with(&format!(" [{code}]"))
                && matches!(rows.as_slice(), [row] if row.outcome == "refused" && row.kind == "refused")
        }
        Answer(words) => one && said[0].contains(words) && rows.is_empty(),
        Logged(text) => {
            one && said[0].contains(": logged L")
                && matches!(rows.as_slice(), [row] if row.text == *text && row.kind == "logged"
                    && row.actor == "bob" && row.outcome == "ok")
        }
    };
    (!fine).then(|| {
        format!(
            "said {said:#?}, wrote {:?}",
            rows.iter().map(|row| (&row.kind, &row.text)).collect::<Vec<_>>()
        )
    })
}

#[test]
fn each_gets_one_clear_line_or_silence_and_changes_nothing() {
    let (_folder, scene) = scene();
    let mut wrong = Vec::new();
    for (number, line, then) in table() {
        let outcome = play(&scene, &line);
        if let Some(fault) = fault(&outcome, &then) {
            let shown: String = String::from_utf8_lossy(&line).chars().take(80).collect();
            wrong.push(format!("{number}. {shown:?} should be {then:?}: {fault}"));
        }
    }
    assert!(wrong.is_empty(), "{} are wrong\n{}", wrong.len(), wrong.join("\n"));
}

/// 6: a line feed ends a line, and what follows is a line of its own with its own answer.
#[test]
fn a_line_feed_does_not_carry_a_second_command_along() {
    let (_folder, scene) = scene();
    let outcome = play(&scene, b"bob> !swat next\n!swat deploy\n");
    assert_eq!(outcome.said.len(), 2, "{:?}", outcome.said);
    assert!(outcome.said[0].starts_with("swatbot> bob: next in "), "{:?}", outcome.said);
    assert!(outcome.said[1].ends_with("[unknown-verb]"), "{:?}", outcome.said);
    assert_eq!(outcome.rows.len(), 1);
}

/// 38, 39, 43 to 45, 57 and 58 in the title of a patch, which a stranger writes: it is stored as it came, said without
/// what is hidden in it, and a title in another script is said in full.
#[test]
fn titles_of_strangers_are_said_harmless_and_stored_as_they_came() {
    let zalgo = format!("Z{} title", "\u{301}".repeat(5000));
    let long = "word ".repeat(2000);
    let titles: &[(&str, &str)] = &[
        ("\u{202e}evil\u{202c} title", "\"evil title\""),
        ("a \u{2066}title left open", "\"a title left open\""),
        (&zalgo, "\"\u{179}\u{301}\u{301}\u{301}\u{301} title\""),
        (
            "\u{5e2}\u{5d3}\u{5db}\u{5d5}\u{5df} \u{5d4}\u{5d2}\u{5d3}\u{5e8}\u{5d5}\u{5ea}",
            "\"\u{5e2}\u{5d3}\u{5db}\u{5d5}\u{5df} \u{5d4}\u{5d2}\u{5d3}\u{5e8}\u{5d5}\u{5ea}\"",
        ),
        ("family \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}", "\"family \u{1f468}\u{1f469}\u{1f467}\""),
        ("\u{430}dmin rights", "[unicode]"),
        ("@room @everyone look", "\"(at)room (at)everyone look\""),
        ("\u{1}ACTION\u{1} \u{3}04red\u{3} bell\u{7} \u{1b}[31m", "\"ACTION red bell [31m\""),
        ("one\r\nQUIT :two\u{2028}three\0four", "\"one QUIT :two three four\""),
        ("<script>{{subst:x}}|~~~~", "\"<script>{{subst:x}}|~~~~\""),
        (&long, "…\""),
        ("", "\"\""),
    ];
    let original = fs::read_to_string(examples().join("4.json")).unwrap();
    for (title, shown) in titles {
        let folder = tempfile::tempdir().unwrap();
        let subject = serde_json::to_string(title).unwrap();
        let changed = original.replace("\"Enable FooBar on testwiki\"", &subject);
        assert_ne!(changed, original);
        fs::write(folder.path().join("4.json"), changed).unwrap();
        let database = folder.path().join("swatbot.db");
        let mut player = player(&database, folder.path(), "2026-11-23T11:00:00Z");
        let mut out = Vec::new();
        player.play(&mut &b"bob> !swat add 4\nbob> !swat show 4\n"[..], &mut out).unwrap();
        let out = String::from_utf8(out).unwrap();
        let said: Vec<&str> = out.split('\n').filter(|line| line.starts_with("swatbot")).collect();
        assert_eq!(said.len(), 2, "{title:.40}: {said:?}");
        assert!(said[0].contains(shown), "{title:.40}: {shown} is not in {}", said[0]);
        for line in said {
            assert!(line.chars().count() < 600 && !line.contains('@'), "{title:.40}: {line}");
            let hidden = |c: char| {
                c.is_control()
                    || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
            };
            assert!(!line.contains(hidden), "{title:.40}: {line:?}");
        }
        let known = player.bot().unwrap().state().known.values().next().unwrap();
        assert_eq!(known.facts.as_ref().unwrap().change.subject, *title);
    }
}
