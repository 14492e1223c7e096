//! How long it takes to build swatbot without Matrix: all of it from nothing, and then its own part again.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// How long one build took, in seconds.
pub(crate) struct Build {
    pub(crate) name: &'static str,
    pub(crate) cold: f64,
    /// Of it swatbot alone, with all that it depends on there.
    pub(crate) own: f64,
}

/// Builds each in an empty folder.
pub(crate) fn measure() -> io::Result<Vec<Build>> {
    let kinds: [(&str, &[&str]); 2] = [
        ("engine and terminal", &["--no-default-features"]),
        ("with IRC", &["--no-default-features", "--features", "irc"]),
    ];
    let of = |(name, features): (&'static str, &[&str])| {
        let folder = tempfile::tempdir()?;
        let build = || cargo(folder.path(), &[&["build", "--locked"], features].concat());
        let cold = build()?;
        cargo(folder.path(), &["clean", "--package", "swatbot"])?;
        let own = build()?;
        crate::note(&format!("built: {name}"));
        Ok(Build { name, cold, own })
    };
    kinds.into_iter().map(of).collect()
}

/// Runs cargo with its files in a folder, and says how many seconds that took.
fn cargo(folder: &Path, arguments: &[&str]) -> io::Result<f64> {
    let begin = Instant::now();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(arguments).arg("--quiet").arg("--target-dir").arg(folder);
    let status = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null()).status()?;
    if status.success() { Ok(begin.elapsed().as_secs_f64()) } else { Err(io::Error::other("cargo fails")) }
}
