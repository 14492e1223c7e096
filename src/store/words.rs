//! Words as the log is searched for them: one form for the rows and for the questions, so that what the index finds is what
//! reading every row would find.

use unicode_normalization::UnicodeNormalization;

/// A text, cut into what can be asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Words {
    /// The words in small letters and without accents, a space before and after each.
    pub(super) words: String,
    /// What stands between the words and is no white space, in the same way.
    pub(super) signs: String,
}

impl Words {
    pub(super) fn new(text: &str) -> Self {
        let mut cut = Self::default();
        cut.cut(text);
        cut
    }

    /// The same in the room of another one.
    pub(super) fn cut(&mut self, text: &str) {
        self.words.clear();
        self.words.push(' ');
        self.signs.clear();
        self.signs.push(' ');
        // A word or a row of signs has begun and is not ended.
        let (mut in_word, mut in_signs) = (false, false);
        for c in text.chars() {
            let (mut is_word, mut is_sign) = (false, false);
            if c.is_ascii() {
                if c.is_ascii_alphanumeric() {
                    is_word = true;
                    self.words.push(c.to_ascii_lowercase());
                } else {
                    is_sign = !c.is_ascii_whitespace();
                }
            } else if is_accent(c) {
                continue;
            } else if is_unspaced(c) && !c.is_whitespace() {
                if in_word {
                    self.words.push(' ');
                }
                self.words.push(c);
                self.words.push(' ');
                in_word = false;
                if in_signs {
                    self.signs.push(' ');
                }
                in_signs = false;
                continue;
            } else if c.is_alphanumeric() {
                is_word = true;
                self.words.extend(c.to_lowercase().nfd().filter(|c| !is_accent(*c)));
            } else {
                is_sign = !c.is_whitespace();
            }
            if in_word && !is_word {
                self.words.push(' ');
            }
            if in_signs && !is_sign {
                self.signs.push(' ');
            }
            if is_sign {
                self.signs.push(c);
            }
            (in_word, in_signs) = (is_word, is_sign);
        }
        if in_word {
            self.words.push(' ');
        }
        if in_signs {
            self.signs.push(' ');
        }
    }
}

fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{fe00}'..='\u{fe0f}')
}

/// Scripts that put no space between words, and pictures: each sign of them is a word.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{2e80}'..)
}

/// What has to be in the words, or in the signs, of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pattern {
    /// These words one after the other, each whole, but of the first one only the end where no space is before it, and of
    /// the last one only the beginning where no space is behind it.
    Words(String),
    /// These signs one after the other.
    Signs(String),
}

impl Pattern {
    /// What `text` asks for: nothing where it is empty, its words where it has any, else its signs.
    pub(super) fn new(text: &str) -> Vec<Self> {
        Self::part(text, false, false)
    }

    /// The same where something may stand right before or behind it.
    pub(super) fn part(text: &str, before: bool, behind: bool) -> Vec<Self> {
        let mut cut = Words::new(text);
        if cut.words.trim().is_empty() {
            return cut.signs.split_whitespace().map(|signs| Self::Signs(signs.to_owned())).collect();
        }
        if behind {
            cut.words.pop();
        }
        if before {
            cut.words.remove(0);
        }
        vec![Self::Words(cut.words)]
    }

    pub(super) fn is_in(&self, row: &Words) -> bool {
        match self {
            Self::Words(words) => row.words.contains(words.as_str()),
            Self::Signs(signs) => row.signs.contains(signs.as_str()),
        }
    }
}
