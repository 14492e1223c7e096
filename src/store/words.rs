//! The terms of a question, split into what the index can answer and what must be looked for in the texts.

use crate::engine::log::{Query, TermText};

/// What must be in the text, and what must not.
pub(super) struct Words {
    /// For the index.
    with: Vec<String>,
    without: Vec<String>,
    /// For the texts, in place of the index.
    pieces: Vec<String>,
    pieces_without: Vec<String>,
    /// What the index cannot answer.
    unindexed: Vec<String>,
    unindexed_without: Vec<String>,
}

impl Words {
    pub(super) fn new(query: &Query) -> Self {
        let mut words = Self {
            with: Vec::new(),
            without: Vec::new(),
            pieces: Vec::new(),
            pieces_without: Vec::new(),
            unindexed: Vec::new(),
            unindexed_without: Vec::new(),
        };
        if let Some(task) = &query.task {
            words.add(task, "", false);
        }
        for term in &query.terms {
            match &term.text {
                TermText::Word(text) => words.add(text, "", term.not),
                TermText::Phrase(text) if is_indexed(text) && !term.not => {
                    words.add(text, "", false);
                    words.pieces.push(text.replace('\0', ""));
                }
                TermText::Phrase(text) => words.add(text, "", term.not),
                TermText::Prefix(text) => words.add(text, "*", term.not),
            }
        }
        words
    }

    fn add(&mut self, text: &str, star: &str, not: bool) {
        let text = text.replace('\0', "");
        if text.is_empty() {
            return;
        }
        if !is_indexed(&text) {
            if not { &mut self.unindexed_without } else { &mut self.unindexed }.push(text);
            return;
        }
        // A quoted string, in which FTS5 knows one special character, the quote, written twice.
        let quoted = ["\"", &text.replace('"', "\"\""), "\"", star].concat();
        if not {
            self.without.push(quoted);
            self.pieces_without.push(text);
        } else {
            self.with.push(quoted);
            self.pieces.extend(pieces(&text));
        }
    }

    /// Whether the index can say something about them.
    pub(super) fn is_for_index(&self) -> bool {
        !(self.with.is_empty() && self.without.is_empty())
    }

    /// The question to the index for what must be there; `None` where nothing must.
    pub(super) fn with(&self) -> Option<String> {
        (!self.with.is_empty()).then(|| self.with.join(" "))
    }

    /// The question to the index for what must not be there; `None` where everything may.
    pub(super) fn without(&self) -> Option<String> {
        (!self.without.is_empty()).then(|| self.without.join(" OR "))
    }

    /// What the index cannot answer: signs without letters, and scripts that put no space between words.
    pub(super) fn unindexed(&self) -> impl Iterator<Item = &str> {
        self.unindexed.iter().map(String::as_str)
    }

    /// The same of what must not be there.
    pub(super) fn unindexed_without(&self) -> impl Iterator<Item = &str> {
        self.unindexed_without.iter().map(String::as_str)
    }

    /// Everything, cut at signs as the index cuts it, to be looked for without the index.
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().map(String::as_str).chain(self.unindexed())
    }

    /// The same of what must not be there.
    pub(super) fn all_without(&self) -> impl Iterator<Item = &str> {
        self.pieces_without.iter().map(String::as_str).chain(self.unindexed_without())
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
