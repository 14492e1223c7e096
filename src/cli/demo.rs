//! `swatbot demo`: a window in about a minute, in which a canary goes bad and is taken back. It needs no network, no
//! configuration and no log; the bot and its log are the real ones, what commands and checks say is played.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::Fault;
use crate::clock::Clock;
use crate::config::{self, Review};
use crate::play::Player;
use crate::review::{Files, Source};

const CONFIGURATION: &str = include_str!("../../examples/demo/windows.toml");
const STORY: &str = include_str!("../../examples/demo/story.txt");
const CHANGES: &[(&str, &str)] = &[
    ("4.json", include_str!("../../examples/changes/4.json")),
    ("6.json", include_str!("../../examples/changes/6.json")),
    ("10.json", include_str!("../../examples/changes/10.json")),
];
/// When the story begins.
const BEGINS: &str = "2026-11-23T13:58:00Z";
/// A line is there for this long before the next one, and longer for what there is to read in it.
const PAUSE: Duration = Duration::from_millis(350);
const PAUSE_EACH_LETTER: Duration = Duration::from_millis(8);

/// What begins a line that tells what is going on.
const TOLD: &str = "## ";

/// A folder that goes when the demo ends.
struct Folder(PathBuf);

impl Folder {
    fn new() -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("swatbot-demo-{}", std::process::id()));
        // One that is there already is somebody else's.
        fs::create_dir(&path)?;
        let folder = Self(path);
        fs::create_dir(folder.0.join("changes"))?;
        for (name, change) in CHANGES {
            fs::write(folder.0.join("changes").join(name), change)?;
        }
        Ok(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed stays in a folder for such things.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Plays the story; without pauses where `is_fast`, or where nobody sits at a terminal.
pub(super) fn run(is_fast: bool) -> Result<(), Fault> {
    let failed = |error: &dyn std::fmt::Display| Fault::Failed(error.to_string());
    let folder = Folder::new().map_err(|error| failed(&error))?;
    let out = io::stdout();
    let has_time = !is_fast && out.is_terminal();
    let played = play(&folder.0, &mut |line: &str| {
        let mut out = out.lock();
        writeln!(out, "{line}")?;
        out.flush()?;
        if has_time {
            thread::sleep(PAUSE + PAUSE_EACH_LETTER * u32::try_from(line.chars().count()).unwrap_or(0));
        }
        Ok(())
    });
    match played {
        // Whoever has seen enough of it may close the pipe.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        played => played.map_err(|error| failed(&error)),
    }
}

/// Plays the story with its files in this folder, and shows each line of it.
fn play(folder: &Path, show: &mut dyn FnMut(&str) -> io::Result<()>) -> io::Result<()> {
    let config = config::parse(CONFIGURATION, folder).map_err(io::Error::other)?;
    let Review::Files { path } = config.review else {
        return Err(io::Error::other("the demo has no changes"));
    };
    let source = Source::Files(Files::new(path, None).map_err(io::Error::other)?);
    let clock = Clock::standing_at(BEGINS.parse().map_err(io::Error::other)?);
    let mut said = Vec::new();
    let player = Player::open(config.settings, config.database, source, clock, &mut said);
    let mut player = player.map_err(io::Error::other)?;
    for line in STORY.lines() {
        if let Some(told) = line.strip_prefix(TOLD) {
            show("")?;
            show(told)?;
            show("")?;
            continue;
        }
        said.clear();
        player.line(line, &mut said).map_err(io::Error::other)?;
        let text = String::from_utf8_lossy(&said).into_owned();
        let now = player.now().format("%H:%M:%S");
        // What is not chat is what the bot sees of the world; the people of the story do not.
        let is_chat = !line.starts_with(['/', '+']);
        for line in text.lines().skip(usize::from(!is_chat)) {
            show(&format!("{now} {line}"))?;
        }
    }
    Ok(())
}
