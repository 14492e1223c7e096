//! Questions to the log: who answers them, what becomes of the messages that wait for it, and what is said meanwhile.

use std::collections::VecDeque;

use chrono::TimeDelta;

use crate::engine::settings::Settings;
use crate::engine::{Question, Reply};

use super::{Bot, Message};

/// A question with the message that it came by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What is asked, who is answered and where.
    pub question: Question,
    /// What commands begin with here.
    pub prefix: String,
    /// How long one patch may take.
    pub patch_time: TimeDelta,
    /// The network and its id of the message, where it has one.
    pub message: Option<Message>,
}

pub(super) fn asked<'a>(
    settings: &Settings,
    questions: Vec<Question>,
    message: Option<(&'a str, &'a str)>,
) -> impl Iterator<Item = Asked> + use<'a> {
    let (prefix, patch_time) = (settings.prefix.clone(), settings.policy.patch_time);
    let message = message.map(|(network, id)| (network.to_owned(), id.to_owned()));
    questions.into_iter().map(move |question| Asked {
        question,
        prefix: prefix.clone(),
        patch_time,
        message: message.clone(),
    })
}

impl Bot {
    /// From now on questions to the log are not answered with the rest but given out, so that a long search holds up
    /// nobody. Whoever takes them says the answers in the order of the questions and tells [`Bot::answered`].
    pub fn give_out_questions(&mut self) {
        self.asked.get_or_insert_default();
    }

    /// A question was answered.
    pub fn answered(&mut self, message: Option<&Message>) {
        if let Some(asked) = &mut self.asked
            && let Some(at) = asked.iter().position(|one| Some(one) == message)
        {
            asked.remove(at);
        }
    }
}

/// What is not said yet, because whoever it is for waits for the answer to something that they asked before.
#[derive(Debug, Default)]
pub struct Waiting {
    asked: VecDeque<Asked>,
    held: Vec<Reply>,
}

impl Waiting {
    /// Something was asked.
    pub fn ask(&mut self, asked: Asked) {
        self.asked.push_back(asked);
    }

    /// Whether an answer is still to come.
    pub fn is_waiting(&self) -> bool {
        !self.asked.is_empty()
    }

    /// What of these can be said now.
    pub fn pass(&mut self, replies: Vec<Reply>) -> Vec<Reply> {
        if self.asked.is_empty() {
            return replies;
        }
        let mut said = Vec::new();
        let mut held_before = false;
        for reply in replies {
            let is_held = if reply.more {
                held_before
            } else {
                self.asked.iter().any(|Asked { question, .. }| {
                    reply.to == question.to
                        && reply.text.strip_prefix(&question.name).is_some_and(|rest| rest.starts_with(": "))
                })
            };
            held_before = is_held;
            if is_held { &mut self.held } else { &mut said }.push(reply);
        }
        said
    }

    /// The first question was answered: what waited for that can be said behind it.
    pub fn answered(&mut self, answer: Vec<Reply>) -> Vec<Reply> {
        self.asked.pop_front();
        let held = std::mem::take(&mut self.held);
        answer.into_iter().chain(self.pass(held)).collect()
    }
}
