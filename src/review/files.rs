//! The same JSON from a folder: `N.json` is one ChangeInfo, `N.in.json` the branches that hold it, `N.patch` its diff. The
//! embedded default.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use super::coverage::{Coverage, CoverageFrom};
use super::diff;
use super::http::Patience;
use super::json::{self, Found};
use super::needs::{Named, Walk};
use super::tell::Told;
use super::why;
use crate::engine::facts::{Brief, Change, Fact, Facts, Fault, Need, Status};
use crate::engine::id::{At, ChangeNumber};
use crate::engine::order::Diff;

/// How patiently a coverage report is asked for; the folder itself needs no patience.
const PATIENCE: Patience =
    Patience { timeout: Duration::from_secs(10), tries: 3, backoff: Duration::from_millis(500) };

/// A folder of changes, read again for every lookup, and what was told since the start.
#[derive(Debug)]
pub struct Files {
    folder: PathBuf,
    told: Mutex<BTreeMap<ChangeNumber, Overlay>>,
    coverage: Option<Coverage>,
}

/// What was told of one change.
#[derive(Clone, Debug, Default)]
struct Overlay {
    /// In order; laid over the file.
    edits: Vec<(Told, At)>,
    /// The source does not answer, and why.
    down: Option<String>,
}

impl Overlay {
    /// The file that the edits are laid over.
    fn file(&self, number: ChangeNumber) -> String {
        match self.edits.first() {
            Some((Told::File(file), _)) => file.clone(),
            _ => format!("{number}.json"),
        }
    }
}

impl Files {
    /// Takes a folder; nothing is read yet.
    ///
    /// # Errors
    /// Words for a person where the coverage report's URL cannot be one.
    pub fn new(folder: PathBuf, coverage: Option<CoverageFrom>) -> Result<Self, String> {
        let coverage = coverage.map(|from| Coverage::new(from, PATIENCE)).transpose()?;
        Ok(Self { folder, told: Mutex::default(), coverage })
    }

    /// Everything about one change.
    ///
    /// # Errors
    /// What reading the change itself met; a fault in another file leaves unknown what that file might have said.
    pub async fn look_up(&self, number: ChangeNumber) -> Result<Box<Facts>, Fault> {
        let told = self.told();
        if let Some(why) = told.get(&number).and_then(|told| told.down.clone()) {
            return Err(Fault::Unreachable { why });
        }
        let change = self.read(number, told.get(&number), json::change)?;
        let others = self.others(&told);
        let (chain, siblings, needs) = match &others {
            Ok(others) => (
                Fact::Known(chain(&change, others)),
                Fact::Known(siblings(&change, others).map(|other| self.with_branches(other).brief).collect()),
                self.needs(&change, others),
            ),
            Err(why) => (Fact::Unknown(why.clone()), Fact::Unknown(why.clone()), Fact::Unknown(why.clone())),
        };
        let included_in = self.branches(number, change.status);
        let coverage = match &self.coverage {
            Some(coverage) => Some(coverage.of(&change.files).await),
            None => None,
        };
        let diff = self.diff(number, told.get(&number));
        Ok(Box::new(Facts { change, chain, siblings, needs, included_in, coverage, diff }))
    }

    /// What is kept of `N.patch`, which is beside `N.json`; of a change without one nothing is known to compare.
    fn diff(&self, number: ChangeNumber, told: Option<&Overlay>) -> Option<Fact<Diff>> {
        let file = told.map_or_else(|| format!("{number}.json"), |told| told.file(number));
        let file = format!("{}.patch", file.strip_suffix(".json").unwrap_or(&file));
        match std::fs::read(self.folder.join(&file)) {
            Ok(bytes) => Some(Fact::Known(diff::read(&String::from_utf8_lossy(&bytes)))),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => Some(Fact::Unknown(format!("cannot read {file}: {}", error.kind()))),
        }
    }

    /// Tells what happened to a change since its file was written: `merged`, `abandoned`, `open`, `wip`, `ready`, `ps5`,
    /// `rebased`, `reworded`, `Code-Review+1 NAME`, `down WHY`, `up`, or the name of a file in the folder. It is kept in
    /// memory and holds until the program ends.
    ///
    /// # Errors
    /// Words for a person where the words mean nothing, or do not fit the change.
    pub fn tell(&self, change: ChangeNumber, what: &str, at: At) -> Result<(), String> {
        let told = Told::parse(what)?;
        let mut next = self.told().remove(&change).unwrap_or_default();
        match told {
            Told::Down(why) => next.down = Some(why),
            Told::Up => next.down = None,
            told => {
                if matches!(told, Told::File(_)) {
                    next.edits.clear();
                }
                next.edits.push((told, at));
                self.read(change, Some(&next), json::change).map_err(|fault| match fault {
                    Fault::NotFound => format!("no {} in the folder of changes", next.file(change)),
                    fault => why(&fault),
                })?;
            }
        }
        self.lock().insert(change, next);
        Ok(())
    }

    fn told(&self) -> BTreeMap<ChangeNumber, Overlay> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<ChangeNumber, Overlay>> {
        // What is in it is whole at every moment, so a panic elsewhere has not spoilt it.
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One change, as its file has it and as it was told, read by one of the readers of `json`.
    fn read<T>(
        &self,
        number: ChangeNumber,
        told: Option<&Overlay>,
        reader: impl Fn(&Value) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let file = told.map_or_else(|| format!("{number}.json"), |told| told.file(number));
        let bytes = match std::fs::read(self.folder.join(&file)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound && self.folder.is_dir() => {
                return Err(Fault::NotFound);
            }
            Err(error) => {
                return Err(Fault::Unreachable { why: format!("cannot read {file}: {}", error.kind()) });
            }
        };
        let unfit = |why: String| Fault::Malformed { why: format!("{file}: {why}") };
        let mut info =
            json::parse(&bytes).map_err(|what| Fault::Unreachable { why: format!("{file} holds {what}") })?;
        let inside = json::found(&info).map_err(|fault| unfit(why(&fault)))?.brief.number;
        if inside != number {
            return Err(unfit(format!("this is change {inside}")));
        }
        for (edit, at) in told.map_or(&[][..], |told| &told.edits) {
            edit.apply(&mut info, *at).map_err(unfit)?;
        }
        reader(&info).map_err(|fault| unfit(why(&fault)))
    }

    /// All changes of the folder by number, or why they cannot be known: one that is not readable may be any change.
    fn others(&self, told: &BTreeMap<ChangeNumber, Overlay>) -> Result<Vec<Found>, String> {
        let numbers = numbers(&self.folder)
            .map_err(|error| format!("cannot read the folder of changes: {}", error.kind()))?;
        let found = |number: &ChangeNumber| self.read(*number, told.get(number), json::found);
        numbers.iter().map(found).collect::<Result<_, _>>().map_err(|fault| why(&fault))
    }

    fn needs(&self, change: &Change, others: &[Found]) -> Fact<Vec<Need>> {
        let mut walk = Walk::new(change.number, &change.message, None);
        while let Some(named) = walk.question() {
            let is_meant = |other: &&Found| match &named {
                Named::Id(id) => other.brief.change_id == *id,
                Named::Number(number) => other.brief.number == *number,
            };
            let found = others.iter().filter(is_meant).map(|other| self.with_branches(other)).collect();
            walk.answer(named, found);
        }
        walk.finish()
    }

    fn with_branches(&self, found: &Found) -> Found {
        let mut found = found.clone();
        found.brief.included_in = self.branches(found.brief.number, found.brief.status);
        found
    }

    fn branches(&self, number: ChangeNumber, status: Status) -> Fact<Vec<String>> {
        if status != Status::Merged {
            return Fact::Known(Vec::new());
        }
        let file = format!("{number}.in.json");
        match std::fs::read(self.folder.join(&file)) {
            Ok(bytes) => {
                let info = json::parse(&bytes).map_err(|what| format!("{file} holds {what}"));
                let unfit = |fault| format!("{file}: {}", why(&fault));
                match info.and_then(|info| json::included_in(&info).map_err(unfit)) {
                    Ok(branches) => Fact::Known(branches),
                    Err(why) => Fact::Unknown(why),
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Fact::Unknown(format!("no {file} says which branches hold it"))
            }
            Err(error) => Fact::Unknown(format!("cannot read {file}: {}", error.kind())),
        }
    }
}

/// The ancestors among the folder's changes, the nearest first. A parent may be an older patch set of its change.
pub(super) fn chain(change: &Change, others: &[impl Borrow<Found>]) -> Vec<Brief> {
    let mut by_commit: BTreeMap<&str, &Found> = BTreeMap::new();
    let others = others.iter().map(Borrow::borrow);
    for other in others.filter(|other| other.brief.project == change.project) {
        by_commit.extend(other.revisions.iter().map(|sha| (sha.as_str(), other)));
    }
    let mut chain = Vec::new();
    let mut seen = BTreeSet::from([change.number]);
    let mut open: VecDeque<&str> = change.parents.iter().map(String::as_str).collect();
    while let Some(commit) = open.pop_front() {
        let Some(parent) = by_commit.get(commit).filter(|parent| seen.insert(parent.brief.number)) else {
            continue;
        };
        chain.push(parent.brief.clone());
        open.extend(parent.parents.iter().map(String::as_str));
    }
    chain
}

/// The same fix on other branches.
pub(super) fn siblings<'a>(
    change: &Change,
    others: &'a [impl Borrow<Found>],
) -> impl Iterator<Item = &'a Found> {
    others.iter().map(Borrow::borrow).filter(|other| {
        other.brief.change_id == change.change_id
            && other.brief.project == change.project
            && other.brief.branch != change.branch
    })
}

/// The changes that have an `N.json`, sorted: the order of a folder says nothing.
fn numbers(folder: &Path) -> std::io::Result<BTreeSet<ChangeNumber>> {
    let mut numbers = BTreeSet::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(".json"));
        numbers.extend(number.and_then(ChangeNumber::parse));
    }
    Ok(numbers)
}
