//! IRC: one connection a network, kept up for as long as the program runs. Only the protocol of the `irc` crate is used.
//!
//! `session` and `outbox` are pure: they are told the time and give lines, so that each fault can be played to them.
//! `link` owns the connection and the clock and drives both: over a `socket`, in `lines`, again after a `backoff`. `wire`
//! is the only way a line gets out.

pub mod backoff;
mod isupport;
pub mod lines;
pub mod link;
pub mod outbox;
pub mod roster;
pub mod session;
pub mod socket;
pub mod wire;
