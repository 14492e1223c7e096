//! Plays every file of tests/transcripts/: plain chat in, plain chat out. `UPDATE=1` writes what the bot says now.
//!
//! The first lines set the scene: `# clock: TIME`, and where it is not the one of the repository, `# windows: FILE` (in
//! tests/transcripts/) with the configuration, `# with: private commands, log observe, log emit, trust off, commands,
//! web for code, countdown, merge command` for what differs from it, and `# rooms: libera/#ops matrix/#ops:example.org` for
//! the rooms of its windows. The review system is the folder that the configuration names.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use swatbot::clock::Clock;
use swatbot::config::{self, Review};
use swatbot::engine::id::RoomId;
use swatbot::engine::settings::{
    CONSOLE, CheckSettings, CommandSettings, Limit, LogMode, NetworkSettings, Plans, Settings, StepSettings,
};
use swatbot::engine::state::State;
use swatbot::play::Player;
use swatbot::review::{Files, Source};
use swatbot::store::Store;

/// The folder of the transcripts.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts")
}

/// All transcripts, sorted by name.
pub(crate) fn all() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder())
        .expect("tests/transcripts is there")
        .map(|entry| entry.expect("it can be listed").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "txt"))
        .collect();
    files.sort();
    files
}

/// A transcript with a bot of its own, in an empty folder.
pub(crate) struct Scene {
    /// What is played.
    pub(crate) script: String,
    /// Who plays it.
    pub(crate) player: Player,
    /// What the bot said when it was opened.
    pub(crate) said: Vec<u8>,
    /// The log.
    pub(crate) database: PathBuf,
    /// The folder of the log, which goes with it.
    pub(crate) place: tempfile::TempDir,
}

impl Scene {
    /// Sets the scene that the first lines of the transcript describe.
    pub(crate) fn open(path: &Path) -> Self {
        let script = fs::read_to_string(path).expect("a transcript is text");
        let head = |key: &str| script.lines().find_map(|line| line.strip_prefix(key)).map(str::trim);
        let clock =
            head("# clock:").unwrap_or_else(|| panic!("{}: no line \"# clock: TIME\"", path.display()));
        let clock =
            Clock::standing_at(clock.parse().expect("the clock is a time such as 2026-11-23T12:00:00Z"));
        let windows = match head("# windows:") {
            Some(file) => folder().join(file),
            None => Path::new(env!("CARGO_MANIFEST_DIR")).join("windows.toml"),
        };
        let config = config::load(&windows).unwrap_or_else(|faults| panic!("{faults}"));
        let mut settings = config.settings;
        let mut network = NetworkSettings::default();
        for word in head("# with:").into_iter().flat_map(|words| words.split(", ")) {
            match word {
                "private commands" => {
                    settings.windows.iter_mut().for_each(|window| window.private_commands = true)
                }
                "log observe" => network.log = LogMode::Observe,
                "log emit" => network.log = LogMode::Emit,
                "trust off" => network.trust = false,
                "commands" => with_commands(&mut settings),
                "web for code" => {
                    look_at(&mut settings.plans.config, "errors");
                    look_at(&mut settings.plans.code, "web");
                }
                "two bad forgiven" => settings.checks.iter_mut().for_each(|check| check.tolerate = 2),
                "merge command" => merge_by_command(&mut settings),
                "countdown" => settings.auto_rollback = Some(TimeDelta::seconds(60)),
                _ => panic!("{}: what is \"{word}\"", path.display()),
            }
        }
        if let Some(rooms) = head("# rooms:") {
            let rooms: Vec<RoomId> = rooms.split_whitespace().map(|room| RoomId(room.to_owned())).collect();
            settings.windows.iter_mut().for_each(|window| window.rooms.clone_from(&rooms));
        }
        settings.networks.insert(CONSOLE.to_owned(), network);
        let Review::Files { path: changes } = config.review else {
            panic!("transcripts read a folder of changes")
        };
        let source = Source::Files(Files::new(changes, None).expect("a folder is a source"));
        let place = tempfile::tempdir().expect("a folder for the log");
        let database = place.path().join("swatbot.db");
        let mut said = Vec::new();
        let player =
            Player::open(settings, database.clone(), source, clock, &mut said).expect("the log opens");
        Self { script, player, said, database, place }
    }
}

/// The bot merges, too.
fn merge_by_command(settings: &mut Settings) {
    let argv = ["/usr/bin/merge", "{change}"].map(str::to_owned).to_vec();
    let run = CommandSettings { argv, timeout: TimeDelta::minutes(10), kill_after: TimeDelta::seconds(10) };
    for step in settings.plans.config.iter_mut().chain(&mut settings.plans.code) {
        if let StepSettings::Merge { run: merge } = step {
            *merge = Some(run.clone());
        }
    }
}

/// Gives the health step of a plan one check alone.
fn look_at(plan: &mut [StepSettings], check: &str) {
    for step in plan {
        if let StepSettings::Health { checks } = step {
            *checks = vec![check.to_owned()];
        }
    }
}

/// Steps that the bot runs, and two health checks: `errors` beside what was before, `web` as its source says.
fn with_commands(settings: &mut Settings) {
    let command = |words: &str| {
        let argv = words.split(' ').map(str::to_owned).collect();
        Some(CommandSettings { argv, timeout: TimeDelta::minutes(10), kill_after: TimeDelta::seconds(10) })
    };
    let sync = |stage: &str, by_file, run: &str, back: &str| StepSettings::Sync {
        stage: stage.to_owned(),
        by_file,
        run: command(run),
        back: command(back),
    };
    let plan = vec![
        StepSettings::Review,
        StepSettings::Merge { run: None },
        sync(
            "testservers",
            false,
            "/usr/bin/scap sync testservers {message}",
            "/usr/bin/scap revert testservers {change}",
        ),
        StepSettings::Verify,
        sync(
            "canaries",
            false,
            "/usr/bin/scap sync {stage} {message}",
            "/usr/bin/scap revert {stage} {change}",
        ),
        StepSettings::Health { checks: vec!["errors".to_owned(), "web".to_owned()] },
        sync(
            "production",
            true,
            "/usr/bin/scap sync-file {path} {message}",
            "/usr/bin/scap revert-file {path} {change}",
        ),
        StepSettings::Watch(TimeDelta::minutes(2)),
    ];
    settings.plans = Plans { config: plan.clone(), code: plan };
    let check = |id: &str, looks_at: &str, limit| CheckSettings {
        id: id.to_owned(),
        looks_at: looks_at.to_owned(),
        every: TimeDelta::seconds(10),
        soak: TimeDelta::minutes(2),
        need: 2,
        tolerate: 0,
        stale: TimeDelta::seconds(60),
        limit,
    };
    let beside = Limit::Baseline { factor: 2.0, at_least: 0.1 };
    settings.checks = vec![
        check("errors", "errors per second on the canaries", beside),
        check("web", "whether the canaries answer", Limit::Own),
    ];
}

/// A head says in a few digits everything that was said before, so a transcript shows where one is said and not which.
pub(crate) fn without_heads(said: &str) -> String {
    let head = regex::Regex::new(r"(head L\d+) [0-9a-f]{16}").expect("a pattern");
    head.replace_all(said, "$1 0000000000000000").into_owned()
}

/// Plays a transcript to its end, and gives what is written and what the bot believes then.
pub(crate) fn play(path: &Path) -> (String, State) {
    let Scene { script, mut player, mut said, database, place: _place } = Scene::open(path);
    player.play(&mut script.as_bytes(), &mut said).expect("the transcript is played");
    let state = player.bot().expect("the bot is there").state().clone();
    drop(player);
    let replayed = Store::open(&database).map(|store| store.load_state().expect("the log is read"));
    assert_eq!(
        replayed.expect("the log opens again"),
        state,
        "{}: a restart believes the same",
        path.display()
    );
    (without_heads(&String::from_utf8(said).expect("chat is text")), state)
}

#[test]
fn every_transcript_is_what_the_bot_says() {
    let mut wrong = Vec::new();
    for path in all() {
        let expected = fs::read_to_string(&path).expect("a transcript is text");
        let (said, _) = play(&path);
        if said == expected {
            continue;
        }
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &said).expect("a transcript can be written");
            continue;
        }
        let first = expected.lines().zip(said.lines()).position(|(a, b)| a != b);
        let line = first.unwrap_or(expected.lines().count().min(said.lines().count()));
        wrong.push(format!(
            "{}:{}\n  written: {}\n  said:    {}",
            path.display(),
            line + 1,
            expected.lines().nth(line).unwrap_or("(nothing more)"),
            said.lines().nth(line).unwrap_or("(nothing more)")
        ));
    }
    assert!(wrong.is_empty(), "UPDATE=1 writes what is said now.\n{}", wrong.join("\n"));
}
