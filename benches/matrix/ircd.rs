//! What the tests on real servers start programs with, and the bot among them.

#[path = "../../tests/it/ircd/client.rs"]
mod client;
#[path = "../../tests/it/ircd/daemon.rs"]
pub(crate) mod daemon;
#[path = "../../tests/it/ircd/network.rs"]
pub(crate) mod network;
#[path = "../../tests/it/ircd/program.rs"]
pub(crate) mod program;
