//! `swatbot matrix-setup`: the keys of the bot's account on Matrix, made once by hand.

use crate::clock::Clock;
use crate::config::Config;
#[cfg(feature = "matrix")]
use crate::config::Connection;

use super::Fault;

/// Sets up the Matrix connection of a configuration, or believes the new keys of somebody there, and gives what is to be
/// printed.
#[cfg(feature = "matrix")]
pub(super) fn matrix(config: &Config, clock: Clock, trust: Option<&str>) -> Result<String, Fault> {
    let found = config.connections.iter().find_map(|connection| match connection {
        Connection::Matrix(matrix) => Some(matrix),
        _ => None,
    });
    let Some(matrix) = found else {
        return Err(Fault::Usage(
            "the configuration has no [[connection]] with kind = \"matrix\"".to_owned(),
        ));
    };
    let now = clock.now().timestamp_millis();
    if let Some(who) = trust {
        let said = crate::transport::matrix::setup::trust(matrix, who, now);
        return said.map(|line| line + "\n").map_err(Fault::Failed);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Fault::Failed(error.to_string()))?;
    let said = runtime.block_on(crate::transport::matrix::setup::setup(matrix, now));
    // A name that is still being looked up keeps nobody waiting.
    runtime.shutdown_background();
    said.map(|lines| lines.join("\n") + "\n").map_err(Fault::Failed)
}

#[cfg(not(feature = "matrix"))]
pub(super) fn matrix(_: &Config, _: Clock, _: Option<&str>) -> Result<String, Fault> {
    let fix = "Build it with \"cargo build --release --features matrix\".";
    Err(Fault::Usage(format!("this build has no matrix. {fix}")))
}
