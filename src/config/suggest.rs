//! "Did you mean": the known word that is nearest to a mistyped one.

use strsim::damerau_levenshtein;

/// Words longer than this are not typing mistakes, and comparing them would only cost time.
const LONGEST: usize = 60;

/// The known word that is `word` with about a third of its letters mistyped at most.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let letters = word.chars().count();
    if letters > LONGEST {
        return None;
    }
    let word = word.to_lowercase();
    let reach = (letters / 3).clamp(1, 4);
    known
        .into_iter()
        .map(|candidate| (damerau_levenshtein(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= reach)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The sentence for a word that is none of `known`.
pub(super) fn did_you_mean(word: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(candidate) => format!("Did you mean {candidate:?}?"),
        None => format!("Known here: {}.", known.join(", ")),
    }
}
