//! How much speaks for it that two patches belong together: points, each with a sign that can be shown.

use chrono::TimeDelta;

use super::message::Named;
use super::signals::{Definition, Signals};

/// From so many points on the bot asks.
pub const ASKS_FROM: u32 = 6;

/// One sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sign<'a> {
    /// One names the other: whether it is the first that does, and how.
    Names {
        /// The first names the second.
        first: bool,
        /// How.
        how: Named,
    },
    /// This task.
    Task(&'a str),
    /// This topic.
    Topic(&'a str),
    /// This name, which must be unique, leaves the one and arrives in the other.
    Unique(&'a str),
    /// Lines leave one and arrive in the other.
    Moved {
        /// How many.
        lines: u32,
        /// They leave the first.
        from_first: bool,
    },
    /// Both touch this rare name.
    Rare(&'a str),
    /// Both touch several rare names: so many.
    Several(u32),
    /// One defines a name, or no longer does, and the other speaks of it.
    Defines {
        /// The name.
        name: &'a str,
        /// The first does.
        first: bool,
        /// It no longer does.
        gone: bool,
    },
    /// One author, within the hour.
    SameHour,
    /// One author.
    SameAuthor,
    /// One message says a name that the other's diff touches.
    Says(&'a str),
}

/// The points of two patches, and what they are for, what a person understands best first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Score<'a> {
    /// All together.
    pub points: u32,
    /// Each sign with its points.
    pub signs: Vec<(Sign<'a>, u32)>,
}

impl Score<'_> {
    /// Whether there is enough of it to ask.
    pub fn asks(&self) -> bool {
        self.points >= ASKS_FROM
    }
}

/// Counts the points.
pub fn score<'a>(signals: &Signals<'a>) -> Score<'a> {
    let mut score = Score::default();
    if signals.beside {
        return score;
    }
    let mut sign = |sign: Sign<'a>, points: u32| {
        score.points += points;
        score.signs.push((sign, points));
    };
    // A name alone is enough: nobody writes that of what has nothing to do with it.
    if let Some((first, how)) =
        [true, false].into_iter().zip(signals.named).find_map(|(first, how)| Some((first, how?)))
    {
        sign(Sign::Names { first, how }, 6);
    }
    if let Some(task) = signals.task {
        sign(Sign::Task(task), if signals.reverts { 2 } else { 5 });
    }
    if let Some(topic) = signals.topic {
        sign(Sign::Topic(topic), 3);
    }
    if let Some(name) = signals.unique {
        sign(Sign::Unique(name), 6);
    }
    let [there, back] = signals.moved;
    if there.max(back) >= 5 {
        sign(Sign::Moved { lines: there.max(back), from_first: there >= back }, 2);
    }
    if let Some(Definition { name, first, gone, .. }) = signals.defined.filter(|found| found.rarity >= 70) {
        sign(Sign::Defines { name, first, gone }, 4);
    }
    let rare = signals.rarest.map(|(name, rarity)| match rarity {
        85.. => (name, if signals.both_change { 4 } else { 2 }),
        75.. => (name, if signals.both_change { 3 } else { 1 }),
        58.. => (name, 2),
        _ => (name, 0),
    });
    if let Some((name, points)) = rare.filter(|(_, points)| *points > 0) {
        sign(Sign::Rare(name), points);
    }
    if signals.rare >= 4 {
        sign(Sign::Several(signals.rare), 2);
    }
    match signals.same_author {
        Some(apart) if apart <= TimeDelta::hours(1) => sign(Sign::SameHour, 4),
        Some(_) => sign(Sign::SameAuthor, 2),
        None => {}
    }
    // That both touch a name is one fact; that a message speaks of it as well is no second one.
    let rarest = signals.rarest.map(|(name, _)| name);
    if let Some((name, _)) = signals.said.filter(|(name, rarity)| *rarity >= 75 && Some(*name) != rarest) {
        sign(Sign::Says(name), 3);
    }
    score
}
