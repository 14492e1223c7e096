//! In which order the files of one patch go out: as configured, else definitions before uses on the way in and uses
//! before definitions on the way out. It proposes; a person takes it or says another.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::facts::{Change, Facts, FileStatus};
use super::kind::matches;

/// So many links of one patch are kept.
const MOST_LINKS: usize = 100;

/// The names on the changed lines of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileNames<'a> {
    /// Its path.
    pub path: &'a str,
    /// What its new lines define.
    pub defines: BTreeSet<&'a str>,
    /// What its new lines use.
    pub uses: BTreeSet<&'a str>,
    /// What the lines defined that are gone.
    pub undefines: BTreeSet<&'a str>,
    /// What the lines used that are gone.
    pub drops: BTreeSet<&'a str>,
}

/// One file goes before another because of a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The path of the one that goes first.
    pub before: String,
    /// The path of the other.
    pub after: String,
    /// The name, as it came: neutralise it before it is said.
    pub name: String,
    /// Whether the name comes or goes.
    pub way: Way,
}

/// Whether a name comes into the code or goes out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// The first file defines it, the other begins to use it.
    In,
    /// The first file ends to use it, the other defines it no more.
    Out,
}

/// An order to start from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal<'a> {
    /// The paths; first goes first.
    pub files: Vec<&'a str>,
    /// Why, what says most first; empty where nothing says which comes first.
    pub because: Vec<Because<'a>>,
}

/// Why one file goes before another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Because<'a> {
    /// Each needs the other, so that no order is right: only all at once is.
    Circle(&'a str, &'a str),
    /// The configuration says so.
    Configured,
    /// Because of a name.
    Name(&'a Link),
    /// New files go first.
    NewFirst,
    /// Files that are taken away go last.
    DeletedLast,
}

/// Reads out of the changed lines of a patch which file goes before which. A name that a file defines anew and no longer
/// at once has only changed there, and says nothing.
pub fn links(files: &[FileNames<'_>]) -> Vec<Link> {
    let mut found: Vec<Link> = Vec::new();
    let defined = owners(files, |file| file.defines.difference(&file.undefines));
    let undefined = owners(files, |file| file.undefines.difference(&file.defines));
    for file in files {
        let mut link = |before: &str, after: &str, name: &str, way| {
            let is_new = !found.iter().any(|link| link.before == before && link.after == after);
            if before != after && is_new && found.len() < MOST_LINKS {
                let (before, after) = (before.to_owned(), after.to_owned());
                found.push(Link { before, after, name: name.to_owned(), way });
            }
        };
        for name in file.uses.difference(&file.drops) {
            if let Some(owner) = defined.get(name) {
                link(owner, file.path, name, Way::In);
            }
        }
        for name in file.drops.difference(&file.uses) {
            if let Some(owner) = undefined.get(name) {
                link(file.path, owner, name, Way::Out);
            }
        }
    }
    found
}

/// The one file that each name belongs to. What several define says nothing of their order; and what one file loses while
/// another gains it has moved.
fn owners<'a, 'b, I>(
    files: &'b [FileNames<'a>],
    names: impl Fn(&'b FileNames<'a>) -> I,
) -> BTreeMap<&'a str, &'a str>
where
    I: Iterator<Item = &'b &'a str>,
    'a: 'b,
{
    let mut owners: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for file in files {
        for name in names(file) {
            owners.entry(name).and_modify(|owner| *owner = None).or_insert(Some(file.path));
        }
    }
    owners.into_iter().filter_map(|(name, owner)| Some((name, owner?))).collect()
}

/// What the lines of a change say of the order of its files; nothing where its lines are not known.
pub fn links_of(facts: &Facts) -> &[Link] {
    facts.diff.as_ref().and_then(|diff| diff.known()).map_or(&[], |diff| &diff.links)
}

/// What stands between the files of one patch, by place.
struct Ties<'a> {
    /// For each list of the configuration, the entry that names each file.
    entries: Vec<Vec<Option<usize>>>,
    links: Vec<(usize, usize, &'a Link)>,
}

impl<'a> Ties<'a> {
    fn new(lists: &[Vec<String>], links: &'a [Link], paths: &[&str]) -> Self {
        // A file belongs to the first entry that names it.
        let entry = |list: &[String], path: &str| list.iter().position(|entry| matches(entry, path));
        let entries = lists.iter().map(|list| paths.iter().map(|path| entry(list, path)).collect());
        let place = |path: &str| paths.iter().position(|other| *other == path);
        let links = links.iter().filter_map(|link| Some((place(&link.before)?, place(&link.after)?, link)));
        Self { entries: entries.collect(), links: links.collect() }
    }

    /// For each list the file that goes next by it: what stands further down in the list waits for that.
    fn next_by_list(&self, is_out: &[bool]) -> Vec<Option<(usize, usize)>> {
        let next = |entries: &Vec<Option<usize>>| {
            let left = entries.iter().enumerate().filter(|(place, _)| !is_out[*place]);
            left.filter_map(|(place, entry)| Some(((*entry)?, place))).min()
        };
        self.entries.iter().map(next).collect()
    }

    /// The file that keeps one back, and how strongly: what is configured holds against what is read out of names.
    fn holds(&self, place: usize, is_out: &[bool], next: &[Option<(usize, usize)>]) -> Option<(u8, usize)> {
        let by_list = self.entries.iter().zip(next).find_map(|(entries, next)| {
            let (entry, other) = (*next)?;
            (entry < entries[place]?).then_some((2, other))
        });
        by_list.or_else(|| {
            let link = self.links.iter().find(|(before, after, _)| *after == place && !is_out[*before]);
            link.map(|(before, ..)| (1, *before))
        })
    }

    /// The reasons that an order keeps: the configuration once, then what makes it another one than that of the list.
    fn kept<'r>(&self, at: impl Fn(usize) -> Option<usize>) -> Vec<Because<'r>>
    where
        'a: 'r,
    {
        let mut kept: Vec<(bool, u8, Because<'r>)> = Vec::new();
        for entries in &self.entries {
            let present: BTreeSet<usize> = entries.iter().copied().flatten().collect();
            if present.len() > 1 {
                kept.push((false, 0, Because::Configured));
            }
        }
        kept.truncate(1);
        let links = self.links.iter().filter(|(before, after, _)| at(*before) < at(*after));
        kept.extend(links.map(|(before, after, link)| (before < after, 1, Because::Name(link))));
        kept.sort_by_key(|(as_listed, weaker, _)| (*as_listed, *weaker));
        kept.into_iter().map(|(.., because)| because).collect()
    }
}

/// Proposes an order of `paths`, which are files of the change: by what is configured, by the links, then new files first
/// and deleted ones last, then as they stand.
pub fn propose<'a>(
    lists: &[Vec<String>],
    links: &'a [Link],
    change: &Change,
    paths: &[&'a str],
) -> Proposal<'a> {
    let ranks: Vec<u8> = paths.iter().map(|path| rank(change, path)).collect();
    let ties = Ties::new(lists, links, paths);
    let mut order: Vec<usize> = Vec::new();
    let mut is_out = vec![false; paths.len()];
    let mut because = Vec::new();
    while order.len() < paths.len() {
        // Where all that is left waits for each other, the weakest reason gives way.
        let by_list = ties.next_by_list(&is_out);
        let weight = |place: &usize| {
            let held = ties.holds(*place, &is_out, &by_list).map_or(0, |(strength, _)| strength);
            (held, ranks[*place], *place)
        };
        let left = (0..paths.len()).filter(|place| !is_out[*place]);
        let Some(next) = left.min_by_key(weight) else { break };
        if let Some((_, other)) = ties.holds(next, &is_out, &by_list).filter(|_| because.is_empty()) {
            because.push(Because::Circle(paths[other], paths[next]));
        }
        is_out[next] = true;
        order.push(next);
    }
    because.extend(ties.kept(|place| order.iter().position(|other| *other == place)));
    let has = |rank: u8| ranks.contains(&rank);
    if because.is_empty() && has(0) && ranks.iter().any(|rank| *rank > 0) {
        because.push(Because::NewFirst);
    } else if because.is_empty() && has(2) && has(1) {
        because.push(Because::DeletedLast);
    }
    Proposal { files: order.into_iter().map(|place| paths[place]).collect(), because }
}

/// What is new goes before what may use it, what is taken away after what may have used it.
fn rank(change: &Change, path: &str) -> u8 {
    let file = change.files.known().and_then(|files| files.iter().find(|file| file.path == path));
    match file.map(|file| file.status) {
        Some(FileStatus::Added) => 0,
        Some(FileStatus::Modified | FileStatus::Renamed) | None => 1,
        Some(FileStatus::Deleted) => 2,
    }
}
