//! The hash chain: each row's hash covers the row before it, so that a changed or missing row shows.
//!
//! `hash = SHA-256(DOMAIN, prev, seq, fields…, SHA-256(text), SHA-256(detail))`. `seq` is 8 bytes, big-endian. A field is
//! one byte 0 where it is NULL, else one byte 1, its length in 8 bytes, big-endian, and its bytes; a change is its
//! decimal digits. Only the digests of `text` and `detail` go in, so that a text can be blanked and the chain
//! still be followed by the digest that the redaction names.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// A SHA-256.
pub(super) type Hash = [u8; 32];

/// What stands before the first row.
pub(super) const START: Hash = [0; 32];

/// Tells these hashes from any others made of the same bytes; a new layout gets a new number.
const DOMAIN: &[u8] = b"swatbot log 1\n";

/// A row as it is bound to the statement: what the hash covers is what is stored.
pub(super) struct Fields<'a> {
    pub(super) seq: i64,
    pub(super) at: &'a str,
    pub(super) network: Option<&'a str>,
    pub(super) room: Option<&'a str>,
    pub(super) actor: &'a str,
    pub(super) account: Option<&'a str>,
    pub(super) window: Option<&'a str>,
    pub(super) change: Option<i64>,
    pub(super) kind: &'a str,
    pub(super) outcome: &'a str,
    pub(super) text: &'a str,
    pub(super) detail: &'a str,
}

impl Fields<'_> {
    /// The hash of the row that follows `prev`.
    pub(super) fn link(&self, prev: &Hash) -> Hash {
        let change = self.change.map(|change| change.to_string());
        let fields = [
            Some(self.at),
            self.network,
            self.room,
            Some(self.actor),
            self.account,
            self.window,
            change.as_deref(),
            Some(self.kind),
            Some(self.outcome),
        ];
        let fields = fields.map(|field| field.map(str::as_bytes));
        link(prev, self.seq, fields, &Sha256::digest(self.text).into(), &Sha256::digest(self.detail).into())
    }
}

/// The hash of a row that follows `prev`, by the bytes of its fields (at, network, room, actor, account, window, change, kind,
/// outcome) and the digests of its text and of its detail.
pub(super) fn link(prev: &Hash, seq: i64, fields: [Option<&[u8]>; 9], text: &Hash, detail: &Hash) -> Hash {
    let mut hash = Sha256::new();
    hash.update(DOMAIN);
    hash.update(prev);
    hash.update(seq.to_be_bytes());
    for field in fields {
        match field {
            None => hash.update([0]),
            Some(field) => {
                hash.update([1]);
                hash.update((field.len() as u64).to_be_bytes());
                hash.update(field);
            }
        }
    }
    hash.update(text);
    hash.update(detail);
    hash.finalize().into()
}

/// The bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// A hash in hexadecimal.
pub(super) fn from_hex(text: &str) -> Option<Hash> {
    let mut hash = START;
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, digits) in hash.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(hash)
}
