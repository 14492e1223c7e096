//! The loop: what has arrived is taken together, and what is due of itself in time.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;

use super::Rooms;
use super::service::Service;
use crate::bot::{Asked, Bot, Said, Sample};
use crate::clock::Clock;
use crate::engine::id::ChangeNumber;
use crate::engine::settings::Settings;
use crate::engine::{Input, Measured, Reply};
use crate::health::Checks;

/// Something that reaches the loop.
#[derive(Debug)]
pub(super) enum Arrival {
    /// Inputs for the engine, in order: they share one commit. A network that stores what it hears before it hands it on
    /// gives its name and a number, and hears the number back together with the answers.
    Inputs(Vec<Input>, Option<(String, i64)>),
    /// Time is to pass, as the terminal asks for it.
    Later(TimeDelta),
    /// There may be news of a change.
    News(ChangeNumber),
    /// A health check answered a question, or could not.
    Measured(Sample, Result<Measured, String>),
    /// The configuration was read again: how is decided, and where checks measure.
    Settings(Box<Settings>, Checks),
    /// The log has answered.
    Answered(Vec<Reply>, Asked),
    /// The log was found damaged.
    Damaged(String),
    /// Nothing more will come.
    End,
}

/// About so many inputs share one commit at the most.
const INPUTS_AT_ONCE: usize = 256;

/// How long the end waits for what the log is still asked.
const LAST_ANSWER: Duration = Duration::from_secs(1);

/// The loop: takes what has arrived, stores it in one commit, says what follows, sleeps until the next arrival or the
/// next timer, and looks after the log each time `look` has passed. It ends with `Arrival::End`, or when nobody is left who could send.
///
/// It is a task among those of the networks, on their one thread: a line that was read wakes it, and what it says wakes
/// the connection, without a word to the operating system. Nothing is read while it writes to the disk.
pub(super) async fn run(
    mut bot: Bot,
    mut clock: Clock,
    first: Said,
    mut arrivals: UnboundedReceiver<Arrival>,
    look: Duration,
    mut service: Service,
    rooms: &mut Rooms,
) {
    let act = |rooms: &mut Rooms, said: Said| {
        said.trouble.iter().for_each(|why| rooms.warn(why));
        if !said.replies.is_empty() {
            rooms.say(said.replies);
        }
        said.questions.into_iter().for_each(|asked| rooms.ask(asked));
        rooms.accepted(said.accepted);
        said.cards.into_iter().for_each(|(room, window, card)| rooms.card(room, window, card));
        said.topics.into_iter().for_each(|(room, text)| rooms.topic(room, text));
        said.lookups.into_iter().for_each(|change| rooms.look_up(change));
        said.runs.into_iter().for_each(|run| rooms.start(run));
        said.left.into_iter().for_each(|left| rooms.hands.watch(left));
        // What was started and stopped in one breath is there to be stopped.
        said.stops.into_iter().for_each(|row| rooms.stop(row));
        said.samples.into_iter().for_each(|sample| rooms.measure(sample));
    };
    act(rooms, first);
    let look = service.at_most(look);
    let mut taken: BTreeMap<String, (i64, Vec<String>)> = BTreeMap::new();
    loop {
        service.is_alive();
        let now = clock.now();
        let arrival = match bot.wake(now) {
            // What is overdue and does not go away (the log takes nothing) is looked at once a second.
            Some(wake) => {
                let sleep = (wake - now).to_std().unwrap_or_default().clamp(Duration::from_millis(1), look);
                timeout(if wake > now { sleep } else { look.min(Duration::from_secs(1)) }, arrivals.recv())
                    .await
            }
            None => timeout(look, arrivals.recv()).await,
        };
        act(rooms, bot.watch());
        let mut next = match arrival {
            Ok(Some(arrival)) => Some(arrival),
            Ok(None) => return,
            Err(_) => None,
        };
        let mut inputs = Vec::new();
        let mut marks = Vec::new();
        let mut after = None;
        while let Some(arrival) = next {
            match arrival {
                Arrival::Inputs(more, mark) => {
                    inputs.extend(more);
                    marks.extend(mark);
                }
                Arrival::Answered(replies, asked) => {
                    bot.answered(asked.message.as_ref());
                    rooms.answered(replies);
                }
                Arrival::News(change) => bot.look_again(change),
                Arrival::Measured(sample, answer) => {
                    inputs.extend(bot.measured(clock.now(), &sample, answer));
                }
                Arrival::Damaged(found) => act(rooms, bot.damaged(found)),
                Arrival::Later(_) | Arrival::Settings(..) | Arrival::End => {
                    after = Some(arrival);
                    break;
                }
            }
            next = if inputs.len() < INPUTS_AT_ONCE { arrivals.try_recv().ok() } else { None };
        }
        act(rooms, bot.take(clock.now(), &inputs));
        // After the answers, and nothing else runs in between: whoever is told both stores both at once.
        let mut heard: BTreeMap<String, i64> = marks.into_iter().collect();
        for (network, (number, before)) in &taken {
            if bot.unsettled(network) != *before {
                heard.entry(network.clone()).or_insert(*number);
            }
        }
        for (network, number) in heard {
            let unsettled = bot.unsettled(&network);
            rooms.taken(&network, number, unsettled.clone());
            taken.insert(network, (number, unsettled));
        }
        match after {
            Some(Arrival::End) => {
                act(rooms, bot.take(clock.now(), &[Input::Stopped]));
                while rooms.waiting.is_waiting()
                    && let Ok(Some(arrival)) = timeout(LAST_ANSWER, arrivals.recv()).await
                {
                    if let Arrival::Answered(replies, _) = arrival {
                        rooms.answered(replies);
                    }
                }
                return;
            }
            Some(Arrival::Settings(settings, checks)) => {
                bot.set(*settings);
                rooms.hands.measure_by(checks);
                act(rooms, bot.take(clock.now(), &[Input::Settings]));
            }
            Some(Arrival::Later(time)) => {
                let until = clock.now() + time;
                while let Some(wake) = bot.wake(clock.now()).filter(|wake| *wake <= until) {
                    let step = (wake - clock.now()).max(TimeDelta::seconds(1)).min(until - clock.now());
                    if step <= TimeDelta::zero() {
                        break;
                    }
                    clock.skip(step);
                    act(rooms, bot.take(clock.now(), &[]));
                }
                clock.skip((until - clock.now()).max(TimeDelta::zero()));
                act(rooms, bot.take(clock.now(), &[]));
            }
            _ => {}
        }
    }
}
