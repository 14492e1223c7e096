//! The program runs steps and asks a check, while it talks on a server of its own.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use swatbot::clock::Clock;

use super::super::fake_host::{Answer, FakeHost};
use super::super::fake_irc::FakeIrc;
use super::{Daemon, Home, PATIENCE};

/// What a step does: it leaves a line, and on the canaries it works until it is let go or told to end, which it may be deaf
/// to.
const SCRIPT: &str = r#"echo "$2 $3" >> "$1/runs"
[ "$2 $3" = "sync canaries" ] || exit 0
trap '[ -e "$1/deaf" ] || { echo ended >> "$1/runs"; exit 1; }' TERM
while [ ! -e "$1/go" ]; do echo at it; sleep 0.05; done
"#;

struct Scene {
    server: FakeIrc,
    host: FakeHost,
    home: Home,
    daemon: Option<Daemon>,
}

impl Scene {
    /// A window that began a while ago, and a patch of bob that alice has put on the test servers.
    fn new() -> Self {
        let server = FakeIrc::in_thread();
        server.add("alice", Some("alice"));
        server.add("bob", Some("bob"));
        let (home, host) = (Home::with(&server, "line_every = \"0s\""), FakeHost::start());
        host.page("/", "hello");
        let mut scene = Self { server, host, home, daemon: None };
        scene.configure();
        fs::write(scene.file("step.sh"), SCRIPT).unwrap();
        fs::write(scene.file("runs"), "").unwrap();
        scene.start();
        scene.say("bob", "!swat add 4");
        scene.hears("bob: #1 in ");
        scene.say("alice", "!swat claim");
        scene.hears("alice: you lead ");
        scene.say("alice", "!swat start");
        scene.say("alice", "!swat check #1 deployer");
        scene.say("alice", "!swat check #1 precommit I have seen both");
        scene.hears("4 step 2: merge it");
        let file = scene.home.changes().join("4.json");
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replacen("\"status\": \"NEW\"", "\"status\": \"MERGED\"", 1)).unwrap();
        scene.hears("!swat go 3");
        scene.say("alice", "!swat go 3");
        scene.hears("4 is on testservers");
        scene
    }

    fn configure(&self) {
        let place = self.file("").display().to_string();
        let stage = |name: &str| {
            let run = |word: &str| {
                format!("[\"/bin/sh\", \"{place}step.sh\", \"{place}\", \"{word}\", \"{{stage}}\"]")
            };
            format!(
                "{{ step = \"{name}\", run = {}, back = {}, kill_after = \"2s\" }}",
                run("sync"),
                run("back")
            )
        };
        let began = Clock::system().now() - chrono::TimeDelta::minutes(20);
        let text = fs::read_to_string(&self.home.config).unwrap();
        let text = text.replace("\"12:00\"", &format!("{:?}", began.format("%H:%M").to_string()));
        let more = format!(
            "\n[calendar]\nno_deploy_days = []\n[[check]]\nid = \"pages\"\nkind = \"http\"\nurls = [\"{}/\"]\n\
             networks = [\"127.0.0.0/8\"]\nevery = \"1s\"\nsoak = \"1s\"\nneed = 2\n\
             [[plan]]\nfor = \"config\"\nsteps = [\"review\", \"merge\", {}, {}, {{ step = \"health\", checks = \
             [\"pages\"] }}, \"production\"]\n",
            self.host.url(),
            stage("testservers"),
            stage("canaries")
        );
        fs::write(&self.home.config, [text, more].concat()).unwrap();
    }

    fn file(&self, name: &str) -> PathBuf {
        self.home.config.with_file_name(name)
    }

    fn start(&mut self) {
        let count = self.server.heard("WHO #ops").len();
        self.daemon = Some(self.home.start_by_the_clock());
        self.server.wait_for("WHO #ops", count + 1);
    }

    fn say(&self, who: &str, line: &str) {
        self.server.say(&format!("account={who}"), who, "#ops", line);
    }

    /// Waits for a line with this in it.
    fn hears(&self, part: &str) -> String {
        self.server.wait_for(part, 1).pop().unwrap()
    }

    /// Waits until these commands were started, and have ended where they say so.
    fn runs(&self, wanted: &[&str]) {
        let began = Instant::now();
        loop {
            let runs = fs::read_to_string(self.file("runs")).unwrap();
            let runs: Vec<&str> = runs.lines().collect();
            if runs == wanted {
                return;
            }
            assert!(began.elapsed() < PATIENCE && runs.len() <= wanted.len(), "{runs:?} and not {wanted:?}");
            std::thread::yield_now();
        }
    }
}

#[test]
fn a_bad_page_is_told_and_a_good_one_goes_on() {
    let scene = Scene::new();
    fs::write(scene.file("go"), "").unwrap();
    scene.host.answer("/", Answer::Page(500, "PHP Fatal error".to_owned()));
    scene.say("alice", "!swat go 4");
    let told = scene.hears("UNHEALTHY");
    assert!(told.contains("500") && told.contains("!swat rollback 4"), "{told}");
    scene.host.page("/", "hello");
    scene.say("alice", "!swat retry");
    let told = scene.hears("tep 6: production");
    assert!(told.contains("alice"), "{told}");
    scene.runs(&["sync testservers", "sync canaries"]);
    assert!(scene.host.requests().len() >= 3);
}

#[test]
fn a_rollback_ends_what_runs_and_then_goes_back() {
    let scene = Scene::new();
    scene.say("alice", "!swat go 4");
    scene.runs(&["sync testservers", "sync canaries"]);
    scene.say("alice", "!swat rollback 4 the wrong one");
    scene.hears("off all hosts");
    scene.runs(&["sync testservers", "sync canaries", "ended", "back canaries", "back testservers"]);
}

#[test]
fn f33_stopped_in_the_middle_of_a_step_it_leaves_it_alone_and_asks_when_it_is_back() {
    let mut scene = Scene::new();
    scene.say("alice", "!swat go 4");
    scene.runs(&["sync testservers", "sync canaries"]);
    // A configuration with a fault changes nothing, in the middle of a step too.
    let good = fs::read_to_string(&scene.home.config).unwrap();
    fs::write(&scene.home.config, good.replace("\"pages\"]", "\"page\"]")).unwrap();
    let daemon = scene.daemon.take().unwrap();
    daemon.signal("HUP");
    let told = daemon.tells("there is no check called");
    assert!(told.iter().any(|line| line.contains("is not taken")), "{told:?}");
    fs::write(&scene.home.config, good).unwrap();
    daemon.signal("TERM");
    daemon.tells("still runs; at the next start somebody is asked what became of it");
    assert_eq!(daemon.ends(), Some(0));
    scene.start();
    let back = scene.hears("step 4 of 6 (canaries), still runs");
    assert!(back.contains("!swat rollback 4"), "{back}");
    for refused in ["rerun", "go 4", "done 4"] {
        scene.say("alice", &format!("!swat {refused}"));
    }
    scene.server.wait_for("alice: no: step 4 still runs", 3);
    scene.runs(&["sync testservers", "sync canaries"]);
    // Nobody says anything: that it has ended is seen.
    fs::write(scene.file("go"), "").unwrap();
    let asked = scene.hears("UNKNOWN");
    for way in ["has ended", "done 4", "rerun", "rollback 4"] {
        assert!(asked.contains(way), "{asked}");
    }
    assert_eq!(scene.server.heard("UNKNOWN").len(), 1, "once");
    scene.say("alice", "!swat rollback 4 nobody knows");
    scene.hears("off all hosts");
    scene.runs(&["sync testservers", "sync canaries", "back canaries", "back testservers"]);
}

#[test]
fn f4_what_an_earlier_program_left_at_work_is_ended_before_the_way_back_begins() {
    let mut scene = Scene::new();
    scene.say("alice", "!swat go 4");
    scene.runs(&["sync testservers", "sync canaries"]);
    scene.daemon.take().unwrap().kill();
    scene.start();
    scene.hears("still runs");
    scene.say("alice", "!swat rollback 4 errors");
    scene.hears("when step 4 has ended; I have asked it to end");
    scene.hears("off all hosts");
    scene.runs(&["sync testservers", "sync canaries", "ended", "back canaries", "back testservers"]);
    assert!(scene.server.heard("UNKNOWN").is_empty(), "nobody is asked of what goes back");
}

#[test]
fn f4_killed_twice_while_it_ends_it_is_ended_all_the_same() {
    let mut scene = Scene::new();
    scene.say("alice", "!swat go 4");
    scene.runs(&["sync testservers", "sync canaries"]);
    fs::write(scene.file("deaf"), "").unwrap();
    scene.daemon.take().unwrap().kill();
    scene.start();
    scene.hears("still runs");
    scene.say("alice", "!swat rollback 4 errors");
    scene.hears("when step 4 has ended");
    scene.daemon.take().unwrap().kill();
    scene.start();
    scene.hears("off all hosts");
    scene.runs(&["sync testservers", "sync canaries", "back canaries", "back testservers"]);
}
