//! The person at the terminal: what they type, and the greeting.

use std::io::{self, BufRead, Write};

use tokio::sync::mpsc::UnboundedSender;

use super::arrivals::Arrival;
use crate::clock::Clock;
use crate::engine::id::At;
use crate::engine::settings::{CONSOLE, Settings};
use crate::engine::window::Occurrence;
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

/// Five lines that lead into the next window.
pub(super) fn greeting(settings: &Settings, speaker: &str, now: At) -> String {
    let held = |occurrence: &Occurrence| schedule::no_deploy_day(&settings.policy, occurrence).is_none();
    let next = schedule::next_after(settings, now, held);
    let minutes = next.map_or(10, |next| (next.starts - now).num_minutes() + 1);
    let skip = match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("+{minutes}m"),
        (hours, 0) => format!("+{hours}h"),
        (hours, minutes) => format!("+{hours}h{minutes}m"),
    };
    let prefix = &settings.prefix;
    format!(
        "# swatbot in a terminal: lines are chat. You are {speaker}; \"bob> …\" speaks as bob, \"+10m\" lets time pass,\n\
         # \"/change 4 merged\" is the review system's part, ctrl-d ends it. Five lines to try:\n\
         #   bob> {prefix}swat add 4\n#   {prefix}swat claim\n#   {skip}\n#   bob> {prefix}swat here\n#   {prefix}swat start\n"
    )
}
