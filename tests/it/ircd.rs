//! IRC on real servers: InspIRCd with atheme-services, and ngircd, which has none of what the bot needs. Each test starts
//! its own on a loopback address of its own, and reads the wire with a client that shares no code with the bot.

mod alone;
mod another_bot;
mod channels;
pub(crate) mod client;
pub(crate) mod daemon;
pub(crate) mod network;
mod nobody;
mod pace;
pub(crate) mod program;
mod scene;
mod tls;
mod topic;
mod trouble;
mod window;
