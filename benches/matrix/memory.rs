//! What the bot holds in memory while ten thousand messages go through fifty rooms.

use std::time::Instant;

use crate::homeserver::Homeserver;
use crate::ircd::program::{BOT, Program, configuration_in};
use crate::person::user;
use crate::scene::{connection, setup};
use crate::watch;

const ROOMS: usize = 50;
/// Each of them is in two rooms.
const PEOPLE: usize = 25;
const MESSAGES: usize = 10_000;
/// After so many it is looked at.
const STEP: usize = 1_000;
/// Each such message is a command.
const COMMAND: usize = 10;

/// A look at the bot.
#[derive(Clone, Copy)]
pub(crate) struct Look {
    /// After so many messages.
    pub(crate) messages: usize,
    /// All that it holds, and its own alone, in MiB.
    pub(crate) all: f64,
    pub(crate) own: f64,
}

/// The looks, with how many commands have no row of their own.
pub(crate) struct Memory {
    pub(crate) looks: Vec<Look>,
    pub(crate) lost: usize,
}

pub(crate) fn measure() -> Option<Memory> {
    let homeserver = Homeserver::generous()?;
    let [mut alice, _] = ["alice", BOT].map(|name| homeserver.person(name));
    let mut people: Vec<_> = (0..PEOPLE).map(|number| homeserver.person(&format!("u{number}"))).collect();
    let make = |number: usize| {
        let person = &people[number % PEOPLE];
        let room = alice.make_room(&serde_json::json!([]), &[&person.name, BOT]);
        person.join(&room);
        room
    };
    let rooms: Vec<String> = (0..ROOMS).map(make).collect();
    let names: Vec<&str> = rooms.iter().map(String::as_str).collect();
    let windows: Vec<String> = rooms.iter().map(|room| format!("matrix/{room}")).collect();
    let windows: Vec<&str> = windows.iter().map(String::as_str).collect();
    let accounts = |name: &str| format!("matrix = [\"{}\"]", user(name));
    let connection = connection(&homeserver, &names, "");
    // The window is in one room: what a command does is said there, and not in fifty.
    let configuration = configuration_in(&windows[..1], &connection, accounts, &setup());
    let program = Program::start(&configuration);
    for room in &rooms {
        watch::wait_until_there(&mut alice, room, BOT);
    }
    let pid = program.daemon.pid();
    let look = |messages: usize| {
        let (all, own) = watch::memory(pid);
        Look { messages, all, own }
    };
    let mut looks = vec![look(0)];
    let begin = Instant::now();
    for number in 1..=MESSAGES {
        let person = &mut people[number % PEOPLE];
        // Everybody says something in one of their rooms, and then in the other.
        let room = &rooms[number % PEOPLE + PEOPLE * (number / PEOPLE % 2)];
        let is_command = number % COMMAND == 0;
        let words = "the graphs look as they did before, and the canaries are quiet";
        let verb = if is_command { "!log " } else { "" };
        person.say(room, &format!("{verb}message {number}: {words}"));
        if number % STEP == 0 {
            watch::wait_for(&program, &format!("text LIKE 'message {number}:%'"));
            looks.push(look(number));
            crate::note(&format!("{number} messages in {:.0} s", begin.elapsed().as_secs_f64()));
        }
    }
    let logged = watch::rows(&program, "text", "kind = 'logged'").len();
    Some(Memory { looks, lost: (MESSAGES / COMMAND).abs_diff(logged) })
}
