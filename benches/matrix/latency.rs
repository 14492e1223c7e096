//! From a command to the answer that a client reads, with swatbot and with the bare bot by turns.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::echo::ECHO;
use crate::homeserver::Homeserver;
use crate::ircd::daemon::Daemon;
use crate::ircd::network::password;
use crate::ircd::program::{BOT, Program, configuration_in};
use crate::listener::Listener;
use crate::person::{Person, place, user};
use crate::scene::{connection, encrypted, setup};
use crate::watch;

/// So many people take turns: nobody says more than swatbot reads, which is 4 lines a second.
const PEOPLE: usize = 12;

/// Who was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Echo,
    Swatbot,
}

impl Asked {
    pub(crate) const BOTH: [Self; 2] = [Self::Echo, Self::Swatbot];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Echo => ECHO,
            Self::Swatbot => BOT,
        }
    }
}

/// How commands are said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) name: &'static str,
    is_encrypted: bool,
    /// So many in a round.
    count: usize,
    /// After each answer.
    pause: Duration,
}

pub(crate) const LOADS: [Load; 3] = [
    Load {
        name: "in clear, 1/4 s apart",
        is_encrypted: false,
        count: 100,
        pause: Duration::from_millis(250),
    },
    Load { name: "in clear, no pause", is_encrypted: false, count: 200, pause: Duration::ZERO },
    Load { name: "encrypted, 1/4 s apart", is_encrypted: true, count: 60, pause: Duration::from_millis(250) },
];

/// One load against one bot.
pub(crate) struct Run {
    pub(crate) round: usize,
    pub(crate) load: Load,
    pub(crate) asked: Asked,
    /// From before a command is sent until its answer was read, in milliseconds, sorted.
    pub(crate) seen: Vec<f64>,
    /// From the homeserver's stamp on the command to its stamp on the answer, in milliseconds, sorted.
    pub(crate) stamped: Vec<f64>,
    /// Processor time of the bot for each command, in milliseconds.
    pub(crate) cpu: f64,
}

impl Run {
    pub(crate) fn percentile(sorted: &[f64], percent: usize) -> f64 {
        let index = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
        sorted.get(index).copied().unwrap_or(f64::NAN)
    }
}

/// Two rooms of each bot, one of them encrypted, and those who talk there.
struct Scene {
    people: Vec<Person>,
    /// Two of them, at clients that encrypt.
    careful: [Person; 2],
    listener: Listener,
    rooms: [[String; 2]; 2],
    program: Program,
    echo: Daemon,
}

/// Runs each load by turns against both bots, so many rounds.
pub(crate) fn measure(rounds: usize) -> Option<Vec<Run>> {
    let _first = watch::First::take();
    let homeserver = Homeserver::generous()?;
    let mut scene = Scene::set(&homeserver);
    let mut runs = Vec::new();
    for round in 0..rounds {
        for load in LOADS {
            // Whoever is first once is second the next time.
            let mut turns = Asked::BOTH;
            turns.rotate_left(round % 2);
            for asked in turns {
                // What the last one has left to do is done by then.
                thread::sleep(Duration::from_millis(500));
                runs.push(scene.run(round, load, asked));
            }
        }
        crate::note(&format!("round {} of {rounds}", round + 1));
    }
    Some(runs)
}

impl Scene {
    fn set(homeserver: &Homeserver) -> Self {
        let [mut alice, mut bob, _, _] = ["alice", "bob", BOT, ECHO].map(|name| homeserver.person(name));
        let people: Vec<Person> =
            (0..PEOPLE).map(|number| homeserver.person(&format!("u{number}"))).collect();
        let names: Vec<&str> = people.iter().map(|person| person.name.as_str()).collect();
        let rooms = Asked::BOTH.map(|asked| {
            let clear = alice.make_room(&json!([]), &[names.as_slice(), &[asked.name()]].concat());
            people.iter().for_each(|person| person.join(&clear));
            let secret = alice.make_room(&encrypted(), &["bob", asked.name()]);
            bob.join(&secret);
            [clear, secret]
        });
        for person in [&mut alice, &mut bob] {
            person.takes_keys();
            person.cross_signs();
        }
        let [_, [clear, secret]] = &rooms;
        let connection = connection(homeserver, &[clear, secret], "recovery_key_file = \"recovery\"\n");
        let windows = [clear, secret].map(|room| format!("matrix/{room}"));
        let windows: Vec<&str> = windows.iter().map(String::as_str).collect();
        let accounts = |name: &str| format!("matrix = [\"{}\"]", user(name));
        let configuration = configuration_in(&windows, &connection, accounts, &setup());
        let program = Program::start_after("matrix-setup", &configuration);
        let this = std::env::current_exe().expect("this program is a file");
        let this = this.to_str().expect("its name is text");
        let echo = Daemon::program(this, &["echo", &homeserver.url(), &password(ECHO)]);
        for (asked, [clear, secret]) in Asked::BOTH.into_iter().zip(&rooms) {
            // A client gives its keys to those whom it has seen.
            watch::wait_until_there(&mut alice, clear, asked.name());
            watch::wait_until_there(&mut alice, secret, asked.name());
            watch::wait_until_there(&mut bob, secret, asked.name());
            // Nobody reads along who has to look for keys.
            alice.rest.post(&format!("{}/leave", place(clear)), &json!({}));
        }
        let listener = Listener::start(people[0].rest.clone());
        let mut scene = Self { people, careful: [alice, bob], listener, rooms, program, echo };
        // The first word of each in an encrypted room brings its keys along.
        for load in LOADS {
            for asked in Asked::BOTH {
                for number in 0..4 {
                    scene.ask(load, asked, number);
                }
            }
        }
        scene
    }

    fn run(&mut self, round: usize, load: Load, asked: Asked) -> Run {
        let pid = match asked {
            Asked::Echo => self.echo.pid(),
            Asked::Swatbot => self.program.daemon.pid(),
        };
        let before = watch::cpu(pid);
        let mut seen = Vec::new();
        let mut stamped = Vec::new();
        for number in 0..load.count {
            let (saw, stamps) = self.ask(load, asked, number);
            seen.push(saw);
            stamped.push(stamps);
            thread::sleep(load.pause);
        }
        let cpu = (watch::cpu(pid) - before) / load.count as f64;
        seen.sort_by(f64::total_cmp);
        stamped.sort_by(f64::total_cmp);
        Run { round, load, asked, seen, stamped, cpu }
    }

    /// Says one command and waits for its answer; gives how long that took, for the client and by the server's stamps.
    fn ask(&mut self, load: Load, asked: Asked, number: usize) -> (f64, f64) {
        let room = &self.rooms[asked as usize][usize::from(load.is_encrypted)];
        let text = format!(
            "!log Synchronized wmf-config/InitialiseSettings.php: Enable feature {number} on testwiki"
        );
        let bot = user(asked.name());
        let answers = |event: &Value, to: &str| {
            let text = event["content"]["body"].as_str().unwrap_or_default();
            event["sender"] == bot && text.starts_with(&format!("{to}: logged"))
        };
        if load.is_encrypted {
            let person = &mut self.careful[number % 2];
            let name = person.name.clone();
            let begin = Instant::now();
            let said = person.say(room, &text);
            let answer =
                person.wait("an answer", |heard| heard.room == *room && answers(&heard.event, &name));
            let took = begin.elapsed();
            let command =
                person.wire.iter().find(|heard| heard.id() == said).expect("they see what they say");
            return (milliseconds(took), stamp(&answer.event) - stamp(&command.event));
        }
        let person = &mut self.people[number % PEOPLE];
        let name = person.name.clone();
        let begin = Instant::now();
        let said = person.say(room, &text);
        let (_, command) = self.listener.wait(room, "the command", |event| event["event_id"] == said);
        let (at, answer) = self.listener.wait(room, "the answer", |event| answers(event, &name));
        (milliseconds(at.saturating_duration_since(begin)), stamp(&answer) - stamp(&command))
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn stamp(event: &Value) -> f64 {
    event["origin_server_ts"].as_f64().expect("the homeserver stamps each event")
}
