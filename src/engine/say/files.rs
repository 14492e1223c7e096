//! The order of a patch's files: a proposal and its reasons, in few words.

use super::super::files::{Because, Proposal, Way};
use super::super::{text, words};
use super::own_words;

/// So many reasons are said.
const MOST: usize = 2;

/// Why files are proposed in an order, in brackets, each by its short name; nothing where there is no reason.
pub fn because(proposal: &Proposal<'_>, paths: &[String]) -> String {
    let short = words::short_files(paths);
    let name = |path: &str| {
        let index = paths.iter().position(|other| other == path);
        own_words(index.and_then(|index| short.get(index)).map_or(path, String::as_str))
    };
    let reasons = proposal.because.iter().take(MOST).map(|because| match because {
        Because::Circle(one, two) => {
            format!("{} and {} should each go first: all at once is safer", name(one), name(two))
        }
        Because::Configured => "as configured".to_owned(),
        Because::Name(link) => {
            let (first, then, what) = (name(&link.before), name(&link.after), text::clean(&link.name));
            // Where the name is that of the file itself, it is said once.
            let is_own = |path: &str| path.rsplit('/').next() == Some(link.name.as_str());
            match link.way {
                Way::In if is_own(&link.before) => format!("{then} uses {first}"),
                Way::Out if is_own(&link.after) => format!("{first} uses {then} no more"),
                Way::In => format!("{first} defines {what}, {then} uses it"),
                Way::Out => format!("{first} uses {what} no more, {then} defined it"),
            }
        }
        Because::NewFirst => "new files first".to_owned(),
        Because::DeletedLast => "deleted files last".to_owned(),
    });
    let mut reasons: Vec<String> = reasons.collect();
    if proposal.because.len() > MOST {
        reasons.push(format!("and {} more", proposal.because.len() - MOST));
    }
    if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join("; ")) }
}

/// `1 logos.php, then 2 IS.php`, by short names.
pub fn in_order(files: &[impl AsRef<str>], paths: &[String]) -> String {
    let short = words::short_files(paths);
    let named: Vec<String> = (1..)
        .zip(files)
        .map(|(number, file): (usize, _)| {
            let index = paths.iter().position(|path| path == file.as_ref());
            let name = index.and_then(|index| short.get(index)).map_or(file.as_ref(), String::as_str);
            format!("{number} {}", own_words(name))
        })
        .collect();
    named.join(", then ")
}
