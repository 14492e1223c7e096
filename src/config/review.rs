//! `[review]` and `[coverage]`: where facts about patches come from.

use super::item::Item;
use super::reader::Section;
use super::secret;
use super::{Coverage, Login, Review};

/// How long a question to the review system waits by default.
const TIMEOUT_SECONDS: i64 = 10;

#[derive(Clone, Copy)]
enum Kind {
    Files,
    Gerrit,
}

/// Reads where the facts come from; the rules' part of `[review]` is read by `policy`.
pub(super) fn read(section: &Section<'_>) -> Option<Review> {
    let kinds = [("files", Kind::Files), ("gerrit", Kind::Gerrit)];
    let kind = section.need("kind", "\"files\"").and_then(|item| item.one_of(&kinds));
    match kind {
        Some(Kind::Files) => {
            for key in ["url", "username", "password_file", "timeout_seconds"] {
                section.refuse(key, "this key is for kind = \"gerrit\", and the kind is \"files\"");
            }
            let item = section.need("path", "\"examples/changes\"")?;
            let path = item.path()?;
            if item.reader().looks_at_files() && !path.is_dir() {
                let what = format!("{} is not a folder", path.display());
                item.fault(what, "Name the folder that holds the changes, one file each: 4.json.");
            }
            Some(Review::Files { path })
        }
        Some(Kind::Gerrit) => {
            section.refuse("path", "this key is for kind = \"files\", and the kind is \"gerrit\"");
            let url = section.need("url", "\"https://gerrit.example.org\"");
            let timeout = section.get("timeout_seconds").and_then(|item| item.number(1..=300, "seconds"));
            let login = login(section);
            let url = url?;
            if section.get("username").is_some() && sends_in_the_clear(&url) {
                url.fault(
                    "a password would travel over http, where anybody can read it",
                    "Type https:// instead of http://.",
                );
            }
            Some(Review::Gerrit {
                url: url_of(&url)?,
                login,
                timeout_seconds: timeout.unwrap_or(TIMEOUT_SECONDS).unsigned_abs(),
            })
        }
        None => {
            // What the other keys mean depends on the kind, so they are not judged.
            for key in ["path", "url", "username", "password_file", "timeout_seconds"] {
                section.get(key);
            }
            None
        }
    }
}

/// The user name and the password file, which stand together or not at all.
pub(super) fn login(section: &Section<'_>) -> Option<Login> {
    match (section.get("username"), section.get("password_file")) {
        (None, None) => None,
        (Some(_), None) => {
            let fix = "Type password_file = \"gerrit.password\", or remove username.";
            section.fault("password_file", "there is a username without a password file", fix);
            None
        }
        (None, Some(_)) => {
            let fix = "Type username = \"swatbot\", or remove password_file.";
            section.fault("username", "there is a password file without a username", fix);
            None
        }
        (Some(username), Some(file)) => {
            let path = file.path();
            let password = path
                .as_ref()
                .filter(|_| file.reader().looks_at_files())
                .and_then(|path| secret::read(&file, path));
            Some(Login { username: username.text()?.to_owned(), password_file: path?, password })
        }
    }
}

/// Reads `[coverage]`: the report, and how much of a file a test must run.
pub(super) fn coverage(root: &Section<'_>, at_least: &mut u8) -> Option<Coverage> {
    let section = root.section("coverage")?;
    if let Some(percent) = section.get("at_least").and_then(|item| item.number(0..=100, "percent")) {
        *at_least = u8::try_from(percent).unwrap_or(100);
    }
    let clover = section.need("clover", "\"coverage/clover.xml\"");
    section.finish();
    let clover = clover?;
    if clover.text()?.contains("://") {
        url_of(&clover).map(Coverage::Url)
    } else {
        clover.path().map(Coverage::File)
    }
}

/// An address without its last slash. A password in it would stand in a file that others read.
pub(super) fn url_of(item: &Item<'_>) -> Option<String> {
    address(item, &[' ', '?', '#', '"', '<', '>', '\\'])
}

/// The address of one page: it may ask for something.
pub(super) fn page_of(item: &Item<'_>) -> Option<String> {
    address(item, &[' ', '#', '"', '<', '>', '\\'])?;
    item.text().map(str::to_owned)
}

/// An address without its last slash, and without any of these characters.
fn address(item: &Item<'_>, never: &[char]) -> Option<String> {
    let text = item.text()?;
    let login = text.split_once("//").and_then(|(_, rest)| rest.split('/').next());
    if login.is_some_and(|host| host.contains('@')) {
        item.fault(
            "there is a login in this address",
            "Remove it; a password goes into a file that password_file names.",
        );
        return None;
    }
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let Some(rest) = rest else {
        let what = format!("{text:?} is not an http or https address");
        item.fault(what, "Type https://, the host and the path: \"https://gerrit.example.org/r\".");
        return None;
    };
    let host = rest.split('/').next().unwrap_or_default();
    if host.is_empty() || rest.contains(never) {
        let what = format!("{text:?} is not an address");
        item.fault(what, "Type https://, the host and the path, with nothing after it.");
        return None;
    }
    Some(text.trim_end_matches('/').to_owned())
}

/// Whether the address is http, and not of this very machine.
pub(super) fn sends_in_the_clear(item: &Item<'_>) -> bool {
    let rest = item.value().as_str().and_then(|text| text.strip_prefix("http://"));
    let Some(rest) = rest else { return false };
    let host = rest.split(['/', ':']).next().unwrap_or_default();
    !matches!(host, "localhost" | "127.0.0.1")
}

/// The host of an address, for finding changes by their URL.
pub(super) fn host_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    rest.split(['/', ':']).next().filter(|host| !host.is_empty())
}
