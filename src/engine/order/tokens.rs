//! Reads names out of changed lines: what a line speaks of, and what it defines.
//!
//! `$wgFoo`, `wmgFoo`, `"wgFoo"` and the `Foo` of an `extension.json` are one name: this is what links configuration to
//! the code that reads it.

use serde::{Deserialize, Serialize};

/// The shortest and the longest text that is taken for a name, in bytes.
const LENGTHS: std::ops::RangeInclusive<usize> = 4..=80;

/// What kind of thing a name is, where the line that defines it says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A ResourceLoader module: registered twice, every page fails.
    Module,
    /// An extension or a skin that is loaded.
    Extension,
    /// A function that is called when something happens, by the name it is registered with.
    Hook,
    /// A configuration key, with its default.
    Setting,
    /// A value that is given to a configuration key.
    Value,
    /// A class, an interface or a trait.
    Class,
    /// A function or a method.
    Function,
    /// A constant.
    Constant,
    /// A message of the interface.
    Message,
    /// A table of the database.
    Table,
}

impl Kind {
    /// Whether two of one name break something by being there at once.
    pub fn must_be_unique(self) -> bool {
        matches!(self, Self::Module | Self::Extension | Self::Hook)
    }
}

/// Calls `each` with every name of a line.
pub(super) fn names<'l>(line: &'l str, each: &mut impl FnMut(&'l str)) {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut rest = line;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphabetic() || c == '_') {
        rest = &rest[start..];
        let mut end = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
        word(&rest[..end], each);
        let first = end;
        // `ext.foo.bar`, `foo-bar`, `Foo::bar` and `Foo\Bar` are a name as a whole besides their parts.
        while let Some(joined) = joint(&rest[end..]) {
            let more = &rest[end + joined..];
            let length = more.find(|c: char| !is_part(c)).unwrap_or(more.len());
            if length == 0 {
                break;
            }
            word(&more[..length], each);
            end += joined + length;
        }
        if end > first && LENGTHS.contains(&end) {
            each(&rest[..end]);
        }
        rest = &rest[end..];
    }
}

/// How long the sign is that joins two words to one name.
fn joint(rest: &str) -> Option<usize> {
    match rest.as_bytes() {
        [b':', b':', ..] => Some(2),
        [b'.' | b'-' | b'\\' | b':', next, ..] if next.is_ascii_alphanumeric() => Some(1),
        _ => None,
    }
}

fn word<'l>(word: &'l str, each: &mut impl FnMut(&'l str)) {
    let word = word.trim_start_matches('_');
    if LENGTHS.contains(&word.len()) && word.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        each(setting(word).unwrap_or(word));
    }
}

/// The bare name of a configuration key: `Foo` of `wgFoo` and `wmgFoo`.
fn setting(word: &str) -> Option<&str> {
    let bare = word.strip_prefix("wmg").or_else(|| word.strip_prefix("wg"))?;
    (bare.len() >= 3 && bare.starts_with(|c: char| c.is_ascii_uppercase())).then_some(bare)
}

/// What a line of a file defines.
pub(super) fn definition<'a>(path: &str, line: &'a str) -> Option<(Kind, &'a str)> {
    let line = line.trim();
    let file = path.rsplit('/').next().unwrap_or(path);
    let found = if file.ends_with(".json") {
        in_json(path, file, line)
    } else if file.ends_with(".sql") {
        let name = after(line, "CREATE").and_then(|rest| after(rest, "TABLE"));
        name.map(|rest| (Kind::Table, rest.trim_start_matches("/*_*/")))
    } else if file.ends_with(".php")
        || file.ends_with(".js")
        || file.ends_with(".inc")
        || file.ends_with(".vue")
    {
        in_code(line)
    } else {
        None
    };
    let (kind, rest) = found?;
    let name = head(rest);
    let name = if matches!(kind, Kind::Setting | Kind::Value) { setting(name).unwrap_or(name) } else { name };
    LENGTHS.contains(&name.len()).then_some((kind, name))
}

fn in_json<'a>(path: &str, file: &str, line: &'a str) -> Option<(Kind, &'a str)> {
    let (name, value) = line.strip_prefix('"')?.split_once('"')?;
    let value = value.trim_start().strip_prefix(':')?;
    if path.contains("i18n/") {
        return (value.trim_start().starts_with('"') && !name.starts_with('@'))
            .then_some((Kind::Message, name));
    }
    if file != "extension.json" && file != "skin.json" {
        return None;
    }
    if is_module(name) && value.trim_start().starts_with('{') {
        return Some((Kind::Module, name));
    }
    // The keys of its own format are few and begin in upper case too; they are in so many files that they mean nothing.
    let own = ["Hooks", "AutoloadClasses", "ResourceModules", "MessagesDirs", "SpecialPages", "APIModules"];
    let is_key = name.starts_with(|c: char| c.is_ascii_uppercase()) && !name.contains([' ', '\\', '/']);
    (is_key && !own.contains(&name)).then_some((Kind::Setting, name))
}

fn in_code(line: &str) -> Option<(Kind, &str)> {
    for (word, kind) in [
        ("class ", Kind::Class),
        ("interface ", Kind::Class),
        ("trait ", Kind::Class),
        ("function ", Kind::Function),
        ("const ", Kind::Constant),
        ("define( '", Kind::Constant),
        ("define('", Kind::Constant),
        ("wfLoadExtension( '", Kind::Extension),
        ("wfLoadSkin( '", Kind::Extension),
    ] {
        let begins = line
            .find(word)
            .filter(|at| line[..*at].bytes().all(|byte| byte.is_ascii_lowercase() || byte == b' '));
        if let Some(at) = begins {
            return Some((kind, &line[at + word.len()..]));
        }
    }
    if let Some(rest) = after(line, "$wgHooks[") {
        // `$wgHooks['Name'][] = 'Class::method'`: the handler is what is registered.
        let (_, handler) = rest.split_once("[]")?;
        let handler = handler.trim_start_matches([' ', '=']).strip_prefix(['\'', '"'])?;
        return Some((Kind::Hook, handler));
    }
    if let Some(rest) = after(line, "$wgResourceModules[") {
        return quoted(rest).map(|name| (Kind::Module, name));
    }
    if let Some(rest) = line.strip_prefix('$') {
        let name = head(rest);
        let assigned = rest[name.len()..].trim_start_matches([']', ' ']).starts_with('=');
        return (assigned && setting(name).is_some()).then_some((Kind::Value, rest));
    }
    let name = quoted(line)?;
    let rest = line[name.len() + 2..].trim_start();
    if !rest.starts_with("=>") {
        return None;
    }
    if is_module(name) {
        return Some((Kind::Module, name));
    }
    setting(name).map(|_| (Kind::Value, name))
}

fn after<'a>(line: &'a str, start: &str) -> Option<&'a str> {
    line.strip_prefix(start).map(str::trim_start)
}

fn quoted(line: &str) -> Option<&str> {
    let quote = line.chars().next().filter(|c| ['\'', '"'].contains(c))?;
    line[1..].split_once(quote).map(|(name, _)| name)
}

/// The text up to the first sign that is in no name.
fn head(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "_.:-\\".contains(c))).unwrap_or(text.len());
    text[..end].trim_end_matches([':', '.', '-', '\\'])
}

fn is_module(name: &str) -> bool {
    let first = name.split('.').next().unwrap_or(name);
    first.len() < name.len()
        && ["ext", "schema", "mediawiki", "skins", "mw", "jquery", "oojs", "wikibase"].contains(&first)
}

/// The hash (FNV-1a) by which a text is known again; where two share one, something is said once too often.
pub(super) fn mark(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// How many other patches a name of this shape must be expected in before any was counted: one word of a
/// language is in many, a name of several words in few.
pub(super) fn commonness(name: &str) -> u32 {
    match words(name) {
        0 | 1 => 12,
        2 => 3,
        _ => 1,
    }
}

/// The words that a name is made of: `fooBar_baz` has three.
fn words(name: &str) -> usize {
    let mut count = 0;
    let mut inside = false;
    let mut lower = false;
    for byte in name.bytes() {
        if !byte.is_ascii_alphanumeric() {
            inside = false;
        } else if !inside || (byte.is_ascii_uppercase() && lower) {
            count += 1;
            inside = true;
        }
        lower = byte.is_ascii_lowercase() || byte.is_ascii_digit();
    }
    count
}
