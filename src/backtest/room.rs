//! A room in which a window is played: what is said and what the review system tells, without anything around it.

use chrono::TimeDelta;

use super::plan::Plan;
use crate::bot::{self, Lookups};
use crate::engine::event::Event;
use crate::engine::id::{At, RoomId};
use crate::engine::settings::{CONSOLE, Settings};
use crate::engine::state::State;
use crate::engine::{Input, Line, Outcome, timers, turn};
use crate::review::{Past, PastPatch, PastWindow};
use crate::transport::console;

/// So many timers may fire at one moment.
const TIMERS_AT_ONCE: usize = 1000;

/// What followed from a line, or from time that passed.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// What was said, as it looks on the terminal.
    pub lines: Vec<String>,
    /// The code of the first refusal.
    pub code: Option<String>,
}

/// A room with a bot in it and a clock that is moved by hand.
pub trait Room {
    /// What the bot was told in its configuration.
    fn settings(&self) -> &Settings;
    /// What the bot believes.
    fn state(&self) -> &State;
    /// The time on the clock.
    fn now(&self) -> At;
    /// Somebody says something.
    fn says(&mut self, who: &str, text: &str) -> Heard;
    /// The clock moves, not back, and the bot looks at what is due.
    fn moves_to(&mut self, at: At) -> Heard;
    /// When the bot has something to do of itself.
    fn wakes(&self) -> Option<At>;
    /// The review system has a change as it stood at this moment.
    fn serves(&mut self, patch: &PastPatch, at: At);
    /// The change is merged now.
    fn merges(&mut self, patch: &PastPatch);
}

/// The engine alone.
pub(super) struct Alone<'a> {
    settings: &'a Settings,
    state: State,
    now: At,
    lookups: Lookups,
    past: Past<'a>,
}

impl<'a> Alone<'a> {
    /// An empty log, an hour before the window.
    pub(super) fn open(plan: &'a Plan, window: &'a PastWindow) -> Self {
        let now = plan.starts - TimeDelta::hours(1);
        let (state, lookups, past) = (State::default(), Lookups::default(), Past::new(window));
        let mut room = Self { settings: &plan.settings, state, now, lookups, past };
        room.take(vec![Input::Started { at_work: Vec::new() }]);
        room
    }

    fn take(&mut self, mut inputs: Vec<Input>) -> Heard {
        let mut heard = Heard::default();
        loop {
            for input in &inputs {
                if let Input::Facts { change, .. } = input {
                    self.lookups.answered(*change);
                }
                self.turn(input, &mut heard);
            }
            for _ in 0..TIMERS_AT_ONCE {
                if !self.turn(&Input::Tick, &mut heard) {
                    break;
                }
            }
            let due = self.lookups.due(self.settings, &self.state, self.now);
            if due.is_empty() {
                return heard;
            }
            let ask = |change| bot::facts(change, self.past.look_up(change, self.now));
            inputs = due.into_iter().map(ask).collect();
        }
    }

    /// Whether anything came of it.
    fn turn(&mut self, input: &Input, heard: &mut Heard) -> bool {
        let Outcome { records, replies, .. } = turn(self.settings, &mut self.state, self.now, input);
        heard.lines.extend(replies.iter().map(|reply| console::shown(reply, &self.settings.name)));
        if heard.code.is_none() {
            heard.code = records.iter().find_map(|record| match &record.event {
                Event::Refused { code, .. } => Some(code.clone()),
                _ => None,
            });
        }
        !records.is_empty()
    }
}

impl Room for Alone<'_> {
    fn settings(&self) -> &Settings {
        self.settings
    }

    fn state(&self) -> &State {
        &self.state
    }

    fn now(&self) -> At {
        self.now
    }

    fn says(&mut self, who: &str, text: &str) -> Heard {
        self.take(vec![Input::Line(Line {
            network: CONSOLE.to_owned(),
            room: Some(RoomId(CONSOLE.to_owned())),
            nick: who.to_owned(),
            account: Some(who.to_owned()),
            text: text.to_owned(),
            message_id: None,
        })])
    }

    fn moves_to(&mut self, at: At) -> Heard {
        self.now = self.now.max(at);
        self.take(Vec::new())
    }

    fn wakes(&self) -> Option<At> {
        timers::wake(self.settings, &self.state, self.now)
    }

    // What was recorded is asked by the time, so there is nothing to put anywhere.
    fn serves(&mut self, _: &PastPatch, _: At) {}

    fn merges(&mut self, patch: &PastPatch) {
        self.past.merge(patch.number, self.now);
    }
}
