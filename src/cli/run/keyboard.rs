//! The person at the terminal: what they type, and the greeting.

use std::io::{self, BufRead, Write};

use tokio::sync::mpsc::UnboundedSender;

use super::arrivals::Arrival;
use crate::bot::Bot;
use crate::clock::Clock;
use crate::engine::id::{At, ChangeNumber, RoomId};
use crate::engine::settings::CONSOLE;
use crate::engine::window::{Occurrence, Window};
use crate::engine::{Input, schedule};
use crate::review::Source;
use crate::transport::console::{self, Typed};

/// Turns typed lines into what they mean until the end of the input.
pub(super) fn read(
    source: &Source,
    mut speaker: String,
    bot_name: &str,
    clock: Clock,
    arrivals: &UnboundedSender<Arrival>,
) {
    let mut clock = clock;
    for line in io::stdin().lock().split(b'\n') {
        let Ok(line) = line else { break };
        let line = String::from_utf8_lossy(&line).into_owned();
        let arrival = match console::read(&line, &speaker, bot_name) {
            Typed::Nothing | Typed::Answer => None,
            Typed::Said(line) if line.network != CONSOLE => {
                note("other networks speak for themselves; their lines can be played from a file on a pipe")
            }
            Typed::Said(line) => Some(Arrival::Inputs(vec![Input::Line(line)], None)),
            Typed::Heard(inputs) => Some(Arrival::Inputs(inputs, None)),
            Typed::As(name) => {
                speaker = name;
                note(&format!("you are {speaker}"))
            }
            Typed::Later(time) => {
                clock.skip(time);
                Some(Arrival::Later(time))
            }
            Typed::Change(change, what) => match source {
                Source::Files(files) => match files.tell(change, &what, clock.now()) {
                    Ok(()) => Some(Arrival::News(change)),
                    Err(why) => note(&why),
                },
                Source::Gerrit(_) => note("/change is for the folder of examples, not for a Gerrit"),
            },
            Typed::Nod(..) => {
                note("nobody can put a ✅ on a line of a terminal; it can be played from a file on a pipe")
            }
            Typed::Ran(..) | Typed::Output(_) | Typed::Gone(..) => {
                note("here commands say themselves what became of them")
            }
            Typed::Restart(_) => note("end the program with ctrl-d and start it again"),
            Typed::Unknown(hint) => note(hint),
        };
        if arrival.is_some_and(|arrival| arrivals.send(arrival).is_err()) {
            return;
        }
    }
    let _ = arrivals.send(Arrival::End);
}

fn note(text: &str) -> Option<Arrival> {
    // The terminal's own words are for the person at it; where they cannot be written, nobody misses them.
    let _ = writeln!(io::stdout(), "# {text}");
    None
}

/// Five lines to try, which work as things stand: they lead into the window that is on, or the next one, as far as nobody
/// has gone into it. With `has_examples` the changes of the examples are there to be deployed.
pub(super) fn greeting(bot: &Bot, has_examples: bool, speaker: &str, now: At) -> String {
    let (settings, state) = (bot.settings(), bot.state());
    let here = RoomId(CONSOLE.to_owned());
    let is_here = |occurrence: &Occurrence| occurrence.rooms.contains(&here);
    let on = state.windows.values().find(|window| window.is_on() && is_here(&window.occurrence));
    let is_open = |window: &&Window| now < window.occurrence.ends - settings.policy.last_start;
    let held = |occurrence: &Occurrence| {
        is_here(occurrence) && schedule::no_deploy_day(&settings.policy, occurrence).is_none()
    };
    let next = schedule::next_after(settings, now, held);
    let into = on.filter(is_open).or_else(|| state.windows.get(&next.as_ref()?.id));
    let is_new = into.is_none_or(|window| window.lead.is_none() && window.holds.is_empty())
        && on.is_none_or(|window| window.motion.is_none() && window.rollback.is_none())
        && !state.known.contains_key(&EXAMPLE);
    let mut lines = Vec::new();
    let said = |words: &str| format!("{}swat {words}", settings.prefix);
    if is_new && has_examples {
        lines.push(format!("bob> {}", said(&format!("add {EXAMPLE}"))));
        match next.filter(|_| on.is_none_or(|window| !is_open(&window))) {
            Some(next) => {
                // One that is on, and too far gone to start in, would be claimed before it.
                let named = on.map(|_| format!("claim {}", next.id.window));
                lines.push(said(named.as_deref().unwrap_or("claim")));
                lines.push(skip((next.starts - now).num_minutes() + 1));
            }
            None => lines.push(said("claim")),
        }
        lines.extend([format!("bob> {}", said("here")), said("start")]);
    }
    lines.extend(["status", "queue", "windows", "whoami", "help"].map(said));
    let lines: String = lines.iter().take(5).map(|line| format!("#   {line}\n")).collect();
    format!(
        "# swatbot in a terminal: lines are chat. You are {speaker}; \"bob> …\" speaks as bob, \"+10m\" lets time pass,\n\
         # \"/change 4 merged\" is the review system's part, ctrl-d ends it. Five lines to try:\n{lines}"
    )
}

/// The change of the examples that is spoken of.
const EXAMPLE: ChangeNumber = ChangeNumber(4);

/// `+1h20m`
fn skip(minutes: i64) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("+{minutes}m"),
        (hours, 0) => format!("+{hours}h"),
        (hours, minutes) => format!("+{hours}h{minutes}m"),
    }
}
