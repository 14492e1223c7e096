//! A whole window, killed again and again on its way.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use swatbot::engine::id::{At, RowId};
use swatbot::engine::log::{Query, Row};
use swatbot::engine::words::duration;
use swatbot::store::{Reader, Store};

use super::{Chance, Program, place, when};

/// From the first patch to the summary. `+T` lets time pass.
const WINDOW: &[&str] = &[
    "bob> !swat add 4",
    "erin> !swat add 5",
    "erin> !swat files 5 ok",
    "carol> !swat add 2 urgent: T1234 login broken on mobile",
    "alice> !swat claim",
    "alice> !log the window is planned",
    "+95m",
    "+26m",
    "bob> !swat here",
    "erin> !swat here",
    "carol> !swat here",
    "+6s",
    "alice> !swat start",
    "alice> !swat check #1 deployer",
    "/change 4 merged",
    "alice> !swat done 3",
    "bob> !swat verified 4 banner shows",
    "+15s",
    "alice> !swat done 5",
    "+15s",
    "alice> !swat done 6",
    "+15s",
    "alice> !swat done 7",
    "+2m",
    "alice> !swat check #2 deployer",
    "/change 5 merged",
    "alice> !swat done 3",
    "erin> !swat verified 5",
    "+15s",
    "alice> !swat done 5",
    "+15s",
    "alice> !swat done 6",
    "+15s",
    "alice> !swat done 7",
    "+15s",
    "alice> !swat done 8",
    "+2m",
    "alice> !log carol is not here any more",
    "alice> !swat skip 2 carol has left",
    "alice> !swat finish",
];

/// The lines with which it says that it is back.
fn returns(said: &[String]) -> usize {
    said.iter().filter(|line| line.contains("I am back")).count()
}

struct Play {
    path: PathBuf,
    at: At,
    program: Option<Program>,
    /// What was said by the program, all of it.
    said: Vec<String>,
    kills: u32,
}

impl Play {
    fn say(&mut self, line: &str) -> Vec<String> {
        if let Some(time) = line.strip_prefix('+') {
            self.at += duration(time).unwrap();
        }
        let said = self.program.as_mut().unwrap().say(line);
        self.said.extend(said.iter().cloned());
        said
    }

    /// Starts it again, with the clock where it was, and looks at what it says to that.
    fn start_again(&mut self) {
        let state = Store::open(&self.path).unwrap().load_state().unwrap();
        let on = state.windows.values().filter(|window| window.is_on()).count();
        let (program, said) = Program::start(&self.path, self.at);
        self.program = Some(program);
        self.kills += 1;
        assert_eq!(returns(&said), on, "one line for each open window: {said:?}");
        self.said.extend(said);
    }

    /// Kills it between two lines, and compares what it says of the queue and of the step before and after.
    fn kill_between(&mut self) {
        // What was still to be said is said with the first question.
        self.say("alice> !swat now");
        let questions =
            ["alice> !swat queue", "alice> !swat now", "alice> !swat whoami", "alice> !swat ledger"];
        let before = questions.map(|question| self.say(question));
        assert_eq!(self.program.take().unwrap().kill(), Vec::<String>::new());
        self.start_again();
        assert_eq!(questions.map(|question| self.say(question)), before);
    }

    /// Says a line and kills it in the middle of it. Then whoever got no answer says it again, and so does one in two of
    /// those who did.
    fn kill_within(&mut self, line: &str, chance: &mut Chance) {
        let before = Reader::open(&self.path).unwrap().rows().unwrap();
        let mut program = self.program.take().unwrap();
        program.write(&format!("{line}\n"));
        let wait = Duration::from_micros(chance.below(6000));
        let begin = Instant::now();
        while begin.elapsed() < wait {
            std::hint::spin_loop();
        }
        let said = program.kill();
        let store = Store::open(&self.path).unwrap();
        let recorded = store.last().0.unsigned_abs() > before;
        drop(store);
        if let Some(time) = line.strip_prefix('+') {
            // Over the kill time goes on.
            self.at += duration(time).unwrap();
            self.said.extend(said);
            return self.start_again();
        }
        let speaker = line.split('>').next().unwrap_or_default();
        let answered = said.iter().any(|said| said.starts_with(&format!("swatbot> {speaker}: ")));
        assert!(recorded || !answered, "{line}: nothing is stored, and it said {said:?}");
        self.said.extend(said);
        self.start_again();
        let for_once = line.contains("!log") || line.contains("finish");
        if !(recorded && for_once) && (!answered || chance.below(2) == 0) {
            self.say(line);
        }
    }
}

fn rows(path: &Path) -> Vec<Row> {
    let store = Store::open(path).unwrap();
    let row =
        |row| store.search(&Query { show: Some(RowId(row)), ..Query::default() }).unwrap().rows.remove(0);
    (1..=store.last().0).map(row).collect()
}

/// How often each kind of event was stored of each change.
fn counts(rows: &[Row]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for row in rows {
        let event: serde_json::Value = serde_json::from_str(&row.detail).unwrap();
        let change = row.change.map(|change| format!(" {change}")).unwrap_or_default();
        let about = ["step", "minutes"].iter().find_map(|key| Some(format!(" {key} {}", event.get(key)?)));
        let key = format!("{}{change}{}", row.kind, about.unwrap_or_default());
        *counts.entry(key).or_default() += 1;
    }
    counts
}

fn play(seed: u64) -> u32 {
    let (_folder, path) = place();
    let at = when("2026-11-23T12:00:00Z");
    let mut chance = Chance(seed);
    let (program, _) = Program::start(&path, at);
    let mut play = Play { path, at, program: Some(program), said: Vec::new(), kills: 0 };
    for line in WINDOW {
        match chance.below(8) {
            0 | 1 => play.kill_within(line, &mut chance),
            2 => {
                play.kill_between();
                play.say(line);
            }
            _ => {
                let said = play.say(line);
                assert!(!said.iter().any(|said| said.contains(": no: ")), "seed {seed}, {line}: {said:?}");
            }
        }
    }
    let Play { path, program, said, kills, .. } = play;
    program.unwrap().end();
    let rows = rows(&path);
    // Nothing that was acknowledged is lost.
    for line in &said {
        if let Some((_, number)) = line.split_once(": logged L") {
            let row = &rows[number.parse::<usize>().unwrap() - 1];
            assert_eq!(row.kind, "logged", "seed {seed}: {line}");
        }
    }
    // And nothing is done twice.
    let counts = counts(&rows);
    let mut once: Vec<String> =
        ["claimed", "run-started", "window-closed", "carried", "window-started"].map(str::to_owned).to_vec();
    once.extend(["skipped 2", "files-ordered 5"].map(str::to_owned));
    once.extend(
        ["added 2", "added 4", "added 5", "patch-started 4", "patch-started 5", "live 4", "live 5"]
            .map(str::to_owned),
    );
    once.extend((1..=8).map(|step| format!("step-done 4 step {step}")));
    once.extend((1..=9).map(|step| format!("step-done 5 step {step}")));
    for key in once {
        assert_eq!(counts.get(&key), Some(&1), "seed {seed}: {key} in {counts:#?}");
    }
    // A reminder whose time passed while nobody was there is not said late.
    assert!(counts.iter().all(|(key, count)| !key.starts_with("reminded") || *count == 1), "{counts:#?}");
    assert_eq!(counts.keys().filter(|key| key.starts_with("step-done")).count(), 17, "{counts:#?}");
    assert_eq!(counts.get("logged"), Some(&2), "seed {seed}: {counts:#?}");
    assert_eq!(counts.get("here"), Some(&3), "seed {seed}: {counts:#?}");
    let over = rows.iter().find(|row| row.kind == "window-closed").unwrap();
    assert!(over.text.contains("live 4, 5; skipped 2"), "seed {seed}: {}", over.text);
    kills
}

#[test]
fn a_window_killed_at_any_instant_goes_on_where_it_was() {
    let kills: u32 = (1..=3).map(play).sum();
    assert!(kills >= 20, "only {kills} kills");
}
