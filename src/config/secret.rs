//! Secrets come from files only, and from files that nobody else can read.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::item::Item;
use crate::secret::Secret;

/// More than this is no password: the wrong file was named.
const LONGEST: u64 = 4096;

/// Reads the one line of a secret file; `item` is the key that names it.
pub(super) fn read(item: &Item<'_>, path: &Path) -> Option<Secret> {
    let name = path.display();
    // The rights are asked of the open file, so that what was checked is what is read.
    let opened = File::open(path).and_then(|file| Ok((file.metadata()?, file)));
    let (metadata, file) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            item.fault(
                format!("{name} cannot be read: {error}"),
                "Put the password into that file, alone on one line, and make it yours alone with chmod 600.",
            );
            return None;
        }
    };
    if !metadata.is_file() {
        item.fault(format!("{name} is not a file"), "Name the file that holds the password.");
        return None;
    }
    if open_to_others(&metadata) {
        item.fault(
            format!("others can read {name}"),
            format!("Type chmod 600 {name} and change the password."),
        );
        return None;
    }
    let mut text = String::new();
    if let Err(error) = file.take(LONGEST + 1).read_to_string(&mut text) {
        item.fault(format!("{name} cannot be read: {error}"), "Put the password into it as plain text.");
        return None;
    }
    let secret = text.trim_end_matches(['\r', '\n']);
    let one_line = !secret.is_empty() && !secret.chars().any(char::is_control);
    if !one_line || text.len() as u64 > LONGEST {
        item.fault(format!("{name} does not hold one password"), "Put the password alone on one line.");
        return None;
    }
    Some(Secret::new(secret.to_owned()))
}

#[cfg(unix)]
fn open_to_others(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    metadata.mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn open_to_others(_: &std::fs::Metadata) -> bool {
    false
}
