//! The disk under the program fails in every way it can: no room, errors, a file system that cannot be written, another
//! program that keeps the log locked, a damaged file, a power cut. What needs a row is not done, reading goes on, nothing that
//! was acknowledged is lost, and the operator is told once.
//!
//! The faults are put between the program and the C library by `disk/faults.c`, which the tests compile with `cc` (the
//! compiler that SQLite is built with).

mod power;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use swatbot::store::{Reader, Store, verify};
use tempfile::TempDir;

use super::restart::{Program, arguments, when};

const SORRY: &str = "I could not record that, so nothing has changed";
const START: &str = "2026-11-23T12:00:00Z";

/// What is put between the program and the C library.
static FAULTS: LazyLock<(TempDir, PathBuf)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let library = folder.path().join("faults.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/disk/faults.c");
    let compiled =
        Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).output();
    let compiled = compiled.expect("the C compiler that SQLite needs is there");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
    (folder, library)
});

/// A log in a folder whose disk does as it is told.
struct Disk {
    _folder: TempDir,
    /// The folder of the log.
    home: PathBuf,
    /// Where the faults are switched on.
    faults: PathBuf,
    path: PathBuf,
    /// What the operator is told.
    told: PathBuf,
}

impl Disk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (home, faults) = (folder.path().join("home"), folder.path().join("faults"));
        fs::create_dir(&home).unwrap();
        fs::create_dir(&faults).unwrap();
        let (path, told) = (home.join("swatbot.db"), folder.path().join("told"));
        Self { _folder: folder, home, faults, path, told }
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env("LD_PRELOAD", &FAULTS.1)
            .env("DISK_OF", &self.home)
            .env("DISK_FAULTS", &self.faults)
            .stderr(fs::File::create(&self.told).unwrap());
        command
    }

    fn start(&self) -> Program {
        let mut command = self.command(Path::new(env!("CARGO_BIN_EXE_swatbot")));
        command.args(arguments(&self.path, when(START)));
        Program::of(command).0
    }

    /// One run that ends by itself.
    fn run(&self) -> Output {
        let mut command = self.command(Path::new(env!("CARGO_BIN_EXE_swatbot")));
        command.args(arguments(&self.path, when(START))).stdin(Stdio::null()).stderr(Stdio::piped());
        command.output().unwrap()
    }

    fn switch_on(&self, fault: &str) {
        fs::write(self.faults.join(fault), "").unwrap();
    }

    fn switch_off(&self, fault: &str) {
        fs::remove_file(self.faults.join(fault)).unwrap();
    }

    /// What the operator was told of the log.
    fn told(&self) -> Vec<String> {
        let told = fs::read_to_string(&self.told).unwrap();
        told.lines().filter(|line| line.contains("the log takes nothing")).map(str::to_owned).collect()
    }
}

/// Everything that needs a row is refused, everything else goes on.
fn only_reads(program: &mut Program) {
    for line in ["bob> !swat add 9", "alice> !swat claim", "bob> !swat hold it burns", "bob> !log one more"] {
        let said = program.say(line);
        assert!(said.len() == 1 && said[0].contains(SORRY), "{line}: {said:?}");
    }
    let said = program.say("alice> !swat queue");
    assert!(said.len() == 1 && said[0].contains("4 (bob)"), "{said:?}");
    let said = program.say("alice> !log find before");
    assert!(said.len() == 1 && said[0].contains("before it failed"), "{said:?}");
    assert!(program.say("carol> good morning").is_empty());
}

fn ready(program: &mut Program) {
    program.say("bob> !swat add 4");
    let said = program.say("alice> !log before it failed");
    assert!(said[0].contains("logged L"), "{said:?}");
}

/// After it is over: the state is what the log says, and the log is whole.
fn nothing_is_lost(disk: &Disk, logged: &[&str]) {
    let store = Store::open(&disk.path).unwrap();
    let state = store.load_state().unwrap();
    assert!(state.windows.values().any(|window| window.patches.len() == 1), "4 is still queued");
    drop(store);
    let whole = verify(&disk.path, None, &[], &|_| ()).unwrap();
    assert!(whole.last.0 > 2);
    let connection = Connection::open(&disk.path).unwrap();
    let mut statement =
        connection.prepare("SELECT text FROM event WHERE kind = 'logged' ORDER BY seq").unwrap();
    let mut texts: Vec<String> =
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    texts.retain(|text| text != "perhaps");
    assert_eq!(texts, logged);
}

#[test]
fn without_room_nothing_is_done_and_it_recovers() {
    let disk = Disk::new();
    let mut program = disk.start();
    ready(&mut program);
    disk.switch_on("enospc");
    only_reads(&mut program);
    only_reads(&mut program);
    let told = disk.told();
    assert!(told.len() == 1 && told[0].contains("full"), "{told:?}");
    disk.switch_off("enospc");
    let said = program.say("alice> !log there is room");
    assert!(said.iter().any(|line| line.contains("logged L")), "{said:?}");
    disk.switch_on("enospc");
    assert!(program.say("bob> !log no")[0].contains(SORRY));
    assert_eq!(disk.told().len(), 2, "it is another time");
    program.kill();
    disk.switch_off("enospc");
    nothing_is_lost(&disk, &["before it failed", "there is room"]);
}

/// What a failed sync left on the disk is known to nobody, so it is not tried again: the log has to be opened again.
#[test]
fn after_a_failed_sync_nothing_is_done_until_it_is_started_again() {
    let disk = Disk::new();
    let mut program = disk.start();
    ready(&mut program);
    disk.switch_on("eio-sync");
    let said = program.say("bob> !log perhaps");
    assert!(
        said.len() == 1 && said[0].contains("Whether it counts is known when I am started again"),
        "{said:?}"
    );
    only_reads(&mut program);
    disk.switch_off("eio-sync");
    only_reads(&mut program);
    let told = disk.told();
    assert!(told.len() == 1 && told[0].contains("must be opened again"), "{told:?}");
    program.kill();
    let mut program = disk.start();
    let said = program.say("alice> !log it is back");
    assert!(said.iter().any(|line| line.contains("logged L")), "{said:?}");
    program.kill();
    nothing_is_lost(&disk, &["before it failed", "it is back"]);
}

#[test]
fn a_file_system_that_cannot_be_written_is_named_and_still_read() {
    let disk = Disk::new();
    let mut program = disk.start();
    ready(&mut program);
    program.end();
    disk.switch_on("rofs");
    let output = disk.run();
    let why = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(78), "{why}");
    assert!(why.contains("swatbot.db is read-only"), "{why}");
    let read = |verb: &[&str]| {
        let mut command = disk.command(Path::new(env!("CARGO_BIN_EXE_swatbot")));
        command.args(arguments(&disk.path, when(START))).args(verb).stderr(Stdio::piped());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{verb:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(read(&["log", "find", "before"]).contains("before it failed"));
    assert!(read(&["verify"]).contains("whole"));
}

#[test]
fn a_writer_that_keeps_it_locked_is_not_waited_for_longer_than_five_seconds() {
    let disk = Disk::new();
    let mut program = disk.start();
    ready(&mut program);
    let other = Connection::open(&disk.path).unwrap();
    // Somebody who only reads, for however long, is in nobody's way.
    other.execute_batch("BEGIN; SELECT count(*) FROM event;").unwrap();
    assert!(program.say("bob> !log while it is read")[0].contains("logged L"));
    other.execute_batch("COMMIT; BEGIN IMMEDIATE;").unwrap();
    let begin = Instant::now();
    let said = program.say("bob> !log while it is locked");
    assert!(said[0].contains(SORRY), "{said:?}");
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
    let told = disk.told();
    assert!(told.len() == 1 && told[0].contains("keeps the log locked"), "{told:?}");
    other.execute_batch("COMMIT").unwrap();
    assert!(program.say("bob> !log afterwards").iter().any(|line| line.contains("logged L")));
    program.kill();
    drop(other);
    nothing_is_lost(&disk, &["before it failed", "while it is read", "afterwards"]);
}

#[test]
fn a_damaged_log_is_refused_with_what_to_do() {
    let disk = Disk::new();
    let mut program = disk.start();
    ready(&mut program);
    program.end();
    let whole = fs::read(&disk.path).unwrap();
    let mut corrupt = whole.clone();
    corrupt[8192..8292].fill(0xA5);
    for bytes in [&corrupt[..], &whole[..whole.len() - 4096]] {
        fs::write(&disk.path, bytes).unwrap();
        let output = disk.run();
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{why}");
        assert!(why.contains("swatbot.db is damaged") && why.contains("put the last good copy"), "{why}");
        assert_eq!(fs::read(&disk.path).unwrap(), bytes, "it is left as it is");
    }
    fs::write(&disk.path, &whole).unwrap();
    disk.start().end();
}

/// A backup is taken while it runs, it is killed, the log is lost, the copy is put in its place: all that was in it is there.
#[test]
fn a_backup_is_restored() {
    let disk = Disk::new();
    let mut program = disk.start();
    ready(&mut program);
    let copy = disk.home.join("copy.db");
    let swatbot = |verb: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_swatbot"));
        let output = command.args(arguments(&disk.path, when(START))).args(verb).output().unwrap();
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &*String::from_utf8_lossy(&output.stderr);
        (output.status.code(), said)
    };
    let (code, said) = swatbot(&["backup", copy.to_str().unwrap()]);
    assert!(code == Some(0) && said.contains("rows, checked; head L"), "{said}");
    let head = said.split("head ").nth(1).unwrap().trim().replacen(' ', ":", 1);
    let (code, said) = swatbot(&["backup", copy.to_str().unwrap()]);
    assert!(code == Some(2) && said.contains("is there already"), "{said}");
    assert!(program.say("bob> !log after the backup")[0].contains("logged L"));
    program.kill();
    // The log is lost, with what stands beside it.
    for name in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(disk.home.join(format!("swatbot.db{name}")));
    }
    fs::copy(&copy, &disk.path).unwrap();
    let (code, said) = swatbot(&["verify", "--head", &head]);
    assert!(code == Some(0) && said.contains("whole, 1 head as it was said"), "{said}");
    let mut program = disk.start();
    let said = program.say("alice> !swat queue");
    assert!(said[0].contains("4 (bob)"), "{said:?}");
    assert!(program.say("bob> !log it goes on")[0].contains("logged L"));
    program.end();
    nothing_is_lost(&disk, &["before it failed", "it goes on"]);
    let (code, said) = swatbot(&["verify", "--since", &head]);
    assert!(code == Some(0) && said.contains("whole"), "{said}");
    let (code, said) = swatbot(&["verify", "--head", "L9999:5f2c81d09a3e"]);
    assert!(code == Some(1) && said.contains("it is missing"), "{said}");
    let (code, said) = swatbot(&["verify", "--head", "5f2c"]);
    assert!(code == Some(2) && said.contains("is no head"), "{said}");
    assert_eq!(
        Reader::open(&disk.path).unwrap().rows().unwrap(),
        verify(&disk.path, None, &[], &|_| ()).unwrap().last.0 as u64
    );
}
