//! Secrets come from files only, and from files that nobody else can read.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::item::Item;
use crate::secret::Secret;

/// More than this is no password: the wrong file was named.
const LONGEST: u64 = 4096;
/// More than this of a file is not looked at for a certificate and a key.
const LONGEST_PEM: u64 = 256 * 1024;

/// Reads the one line of a password file; `item` is the key that names it.
pub(super) fn read(item: &Item<'_>, path: &Path) -> Option<Secret> {
    let missing =
        "Put the password into that file, alone on one line, and make it yours alone with chmod 600.";
    one_line(item, open(item, path, "password", missing)?, path, "password")
}

/// Reads the one line of a file that holds a recovery key.
pub(super) fn read_key(item: &Item<'_>, path: &Path) -> Option<Secret> {
    let missing = "Put the recovery key back, or name a file that is not there for \"swatbot matrix-setup\".";
    one_line(item, open(item, path, "recovery key", missing)?, path, "recovery key")
}

fn one_line(item: &Item<'_>, file: File, path: &Path, what: &str) -> Option<Secret> {
    let name = path.display();
    let mut text = String::new();
    if let Err(error) = file.take(LONGEST + 1).read_to_string(&mut text) {
        item.fault(
            format!("{name} cannot be read: {error}"),
            format!("Put the {what} into it as plain text."),
        );
        return None;
    }
    let secret = text.trim_end_matches(['\r', '\n']);
    let one_line = !secret.is_empty() && !secret.chars().any(char::is_control);
    if !one_line || text.len() as u64 > LONGEST {
        item.fault(format!("{name} does not hold one {what}"), format!("Put the {what} alone on one line."));
        return None;
    }
    Some(Secret::new(secret.to_owned()))
}

/// Looks whether a file holds a certificate and its key, and can be read by nobody else. Nothing of it is kept.
pub(super) fn check_certificate(item: &Item<'_>, path: &Path) {
    let fix = "Put the certificate and its key into that file, both in PEM, and make it yours alone with chmod 600.";
    let Some(file) = open(item, path, "key", fix) else { return };
    let mut text = Vec::new();
    let what = match file.take(LONGEST_PEM).read_to_end(&mut text) {
        Err(error) => format!("cannot be read: {error}"),
        Ok(_) if !holds(&text, "-----BEGIN CERTIFICATE-----") => "holds no certificate".to_owned(),
        Ok(_) if !holds(&text, "PRIVATE KEY-----") => "holds no private key".to_owned(),
        Ok(_) if holds(&text, "ENCRYPTED PRIVATE KEY-----") => "holds a key that needs a password".to_owned(),
        Ok(_) => return,
    };
    item.fault(format!("{} {what}", path.display()), fix);
}

/// Looks whether a file holds certificates; they are no secret.
pub(super) fn check_authorities(item: &Item<'_>, path: &Path) {
    let mut text = Vec::new();
    let what = match File::open(path).and_then(|file| file.take(LONGEST_PEM).read_to_end(&mut text)) {
        Err(error) => format!("cannot be read: {error}"),
        Ok(_) if !holds(&text, "-----BEGIN CERTIFICATE-----") => "holds no certificate".to_owned(),
        Ok(_) => return,
    };
    item.fault(format!("{} {what}", path.display()), "Name a file of certificates in PEM.");
}

fn holds(text: &[u8], words: &str) -> bool {
    text.windows(words.len()).any(|part| part == words.as_bytes())
}

/// Opens a file that holds a secret, a `what`, and that nobody else can read; `missing` is the fix where there is none.
fn open(item: &Item<'_>, path: &Path, what: &str, missing: &str) -> Option<File> {
    let name = path.display();
    // The rights are asked of the open file, so that what was checked is what is read.
    let opened = File::open(path).and_then(|file| Ok((file.metadata()?, file)));
    let (metadata, file) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            item.fault(format!("{name} cannot be read: {error}"), missing);
            return None;
        }
    };
    if !metadata.is_file() {
        item.fault(format!("{name} is not a file"), format!("Name the file that holds the {what}."));
        return None;
    }
    if open_to_others(&metadata, path) {
        let fix = format!("Type chmod 600 {name} and change the {what}.");
        item.fault(format!("others can read {name}"), fix);
        return None;
    }
    Some(file)
}

/// Where systemd puts what `LoadCredential=` names. On some file systems the bot's own right to read it there is an entry
/// of an access list, and the group's bits only show that there is a list.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

#[cfg(unix)]
fn open_to_others(metadata: &std::fs::Metadata, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let credential = std::env::var_os(CREDENTIALS)
        .is_some_and(|folder| !folder.is_empty() && path.parent() == Some(Path::new(&folder)));
    metadata.mode() & if credential { 0o007 } else { 0o077 } != 0
}

#[cfg(not(unix))]
fn open_to_others(_: &std::fs::Metadata, _: &Path) -> bool {
    false
}
