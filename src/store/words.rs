//! The words of a question, split into what the index can answer and what must be looked for in the texts.

/// The words that must all be in the text.
pub(super) struct Words {
    phrase: Option<String>,
    pieces: Vec<String>,
    unindexed: Vec<String>,
}

impl Words {
    pub(super) fn new(words: &[String]) -> Self {
        let words = || words.iter().map(|word| word.replace('\0', ""));
        // Each word is a quoted string, in which FTS5 knows one special character, the quote, written twice.
        let quoted: Vec<String> = words()
            .filter(|word| is_indexed(word))
            .map(|word| ["\"", &word.replace('"', "\"\""), "\""].concat())
            .collect();
        let unindexed: Vec<String> = words().filter(|word| !is_indexed(word) && !word.is_empty()).collect();
        let pieces = words().filter(|word| is_indexed(word)).flat_map(|word| pieces(&word)).collect();
        let phrase = (!quoted.is_empty()).then(|| quoted.join(" "));
        Self { phrase, pieces, unindexed }
    }

    /// The question to the index; `None` where it could not answer any of the words.
    pub(super) fn phrase(&self) -> Option<&str> {
        self.phrase.as_deref()
    }

    /// What the index cannot answer: signs without letters, and scripts that put no space between words.
    pub(super) fn unindexed(&self) -> impl Iterator<Item = &str> {
        self.unindexed.iter().map(String::as_str)
    }

    /// Everything, cut at signs as the index cuts it, to be looked for without the index.
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().map(String::as_str).chain(self.unindexed())
    }
}

fn is_indexed(word: &str) -> bool {
    let unspaced = |c: char| matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{2e80}'..);
    word.chars().any(char::is_alphanumeric) && !word.chars().any(unspaced)
}

fn pieces(word: &str) -> Vec<String> {
    word.split(|c: char| !c.is_alphanumeric()).filter(|piece| !piece.is_empty()).map(str::to_owned).collect()
}

/// The pattern of LIKE that finds `text` anywhere.
pub(super) fn matching(text: &str) -> String {
    let mut pattern = "%".to_owned();
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}
