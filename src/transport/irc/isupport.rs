//! What the server says of itself in its 005 lines, as far as it matters here.

/// Which letters of nicks and channels count as the same one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Casemapping {
    /// `a` is `A`.
    Ascii,
    /// And `{|}~` are `[\]^`: what holds where a server does not say, or says what we do not know.
    #[default]
    Rfc1459,
    /// And `{|}` are `[\]`.
    Strict,
}

impl Casemapping {
    /// The spelling that all spellings of a name share.
    pub(super) fn fold(self, name: &str) -> String {
        let fold = |letter: char| match letter {
            '[' if self != Self::Ascii => '{',
            ']' if self != Self::Ascii => '}',
            '\\' if self != Self::Ascii => '|',
            '^' if self == Self::Rfc1459 => '~',
            other => other.to_ascii_lowercase(),
        };
        name.chars().map(fold).collect()
    }
}

/// What a server offers, and how it compares names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Isupport {
    /// How names are compared.
    pub(super) casemapping: Casemapping,
    /// `WHO` can be asked for accounts.
    pub(super) has_whox: bool,
    /// The user mode that marks a bot.
    pub(super) bot_mode: Option<String>,
    /// The most bytes of a topic.
    pub(super) topic_length: Option<usize>,
    /// The most letters of a nick.
    pub(super) nick_length: Option<usize>,
    /// The marks in front of a nick in a list of names, `~&@%+` at the most.
    nick_marks: Option<String>,
}

impl Isupport {
    /// Takes the tokens of one 005 line. A token with `-` in front takes back what was said before.
    pub(super) fn hear(&mut self, tokens: &[String]) {
        for token in tokens {
            let (key, value) = token.split_once('=').unwrap_or((token, ""));
            match key {
                "CASEMAPPING" => {
                    self.casemapping = match value {
                        "ascii" => Casemapping::Ascii,
                        "strict-rfc1459" => Casemapping::Strict,
                        _ => Casemapping::Rfc1459,
                    };
                }
                "WHOX" => self.has_whox = true,
                "-WHOX" => self.has_whox = false,
                "BOT" => self.bot_mode = Some(value.to_owned()).filter(|mode| mode.len() == 1),
                "-BOT" => self.bot_mode = None,
                "TOPICLEN" => self.topic_length = value.parse().ok(),
                "NICKLEN" => self.nick_length = value.parse().ok(),
                "PREFIX" => self.nick_marks = value.split_once(')').map(|(_, marks)| marks.to_owned()),
                _ => {}
            }
        }
    }

    /// A nick of a list of names, without the marks in front of it.
    pub(super) fn bare<'a>(&self, name: &'a str) -> &'a str {
        let marks = self.nick_marks.as_deref().unwrap_or("~&@%+");
        name.trim_start_matches(|letter| marks.contains(letter))
    }
}
