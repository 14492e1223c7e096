//! `Depends-On` footers, followed to the end: which change names what, without going round in circles.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::json::Found;
use crate::engine::facts::{Brief, Fact, Need, Status, footers};
use crate::engine::id::ChangeNumber;

/// The most changes that are followed.
const MOST_CHANGES: usize = 50;
/// The longest way that is followed.
const DEEPEST: usize = 10;

/// What a footer means.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Named {
    /// A Change-Id, on whatever branches and in whatever repositories it is.
    Id(String),
    /// One change, by number or URL.
    Number(ChangeNumber),
}

/// The way through the footers. `question` asks, `answer` answers, `finish` gives the result.
pub(super) struct Walk {
    /// The host of the review system, where it has one: a URL with another host names nothing here.
    host: Option<String>,
    /// Footers still to be read: the change, what it says, and how far it is from the start.
    open: VecDeque<(ChangeNumber, String, usize)>,
    known: BTreeMap<Named, Vec<Brief>>,
    /// Changes whose footers were read.
    read: BTreeSet<ChangeNumber>,
    needs: Vec<Need>,
    too_far: Option<String>,
}

impl Walk {
    /// Starts at a change and its commit message.
    pub(super) fn new(number: ChangeNumber, message: &str, host: Option<&str>) -> Self {
        let mut walk = Self {
            host: host.map(str::to_owned),
            open: VecDeque::new(),
            known: BTreeMap::new(),
            read: BTreeSet::new(),
            needs: Vec::new(),
            too_far: None,
        };
        walk.open_footers(number, message, 1);
        walk
    }

    /// What must be asked now; `None` when everything is known.
    pub(super) fn question(&mut self) -> Option<Named> {
        while self.too_far.is_none() {
            let (of, text, _) = self.open.front()?;
            let found = match named(text, self.host.as_deref()) {
                Some(named) => match self.known.get(&named) {
                    Some(found) => found.clone(),
                    None => return Some(named),
                },
                None => Vec::new(),
            };
            self.needs.push(Need { of: *of, named: text.clone(), found });
            self.open.pop_front();
        }
        None
    }

    /// The changes that the last question found.
    pub(super) fn answer(&mut self, named: Named, found: Vec<Found>) {
        let depth = self.open.front().map_or(0, |(_, _, depth)| *depth);
        for found in &found {
            // What an abandoned change asked for is asked for no longer.
            if found.brief.status != Status::Abandoned {
                self.open_footers(found.brief.number, &found.message, depth + 1);
            }
        }
        self.known.insert(named, found.into_iter().map(|found| found.brief).collect());
    }

    /// The needs; unknown where the way was longer than is followed, because a part must not pass for the whole.
    pub(super) fn finish(self) -> Fact<Vec<Need>> {
        match self.too_far {
            Some(why) => Fact::Unknown(why),
            None => Fact::Known(self.needs),
        }
    }

    fn open_footers(&mut self, of: ChangeNumber, message: &str, depth: usize) {
        if !self.read.insert(of) {
            return;
        }
        // The start itself does not count.
        if self.read.len() > MOST_CHANGES + 1 {
            self.too_far = Some(format!("its Depends-On footers lead to more than {MOST_CHANGES} changes"));
        }
        for text in footers(message, "Depends-On") {
            if depth > DEEPEST {
                self.too_far = Some(format!("its Depends-On footers lead more than {DEEPEST} changes deep"));
            }
            self.open.push_back((of, text.to_owned(), depth));
        }
    }
}

/// What a footer names: a Change-Id, a number, or a URL that ends in `/NUMBER` or `/NUMBER/PATCH-SET`.
pub(super) fn named(text: &str, host: Option<&str>) -> Option<Named> {
    let word = text.split_whitespace().next()?.trim_end_matches(['/', ',', '.']);
    if is_change_id(word) {
        return Some(Named::Id(word.to_owned()));
    }
    let Some((_, rest)) = word.split_once("://") else {
        return ChangeNumber::parse(word).map(Named::Number);
    };
    let (there, path) = rest.split_once('/')?;
    let there = there.split(':').next().unwrap_or(there);
    if host.is_some_and(|host| !host.eq_ignore_ascii_case(there)) {
        return None;
    }
    // `…/c/project/+/123/4` and the older `…/#/c/123/4/` carry the patch set behind the number.
    let tail = path.rsplit_once("/+/").or_else(|| path.rsplit_once("/c/")).map_or(path, |(_, tail)| tail);
    let (first, last) = (tail.split('/').next()?, tail.rsplit('/').next()?);
    ChangeNumber::parse(first).or_else(|| ChangeNumber::parse(last)).map(Named::Number)
}

fn is_change_id(word: &str) -> bool {
    word.len() == 41 && word.starts_with('I') && word[1..].bytes().all(|b| b.is_ascii_hexdigit())
}
