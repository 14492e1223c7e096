//! The one integration binary.

mod bad_inputs;
mod bot;
mod cli;
mod config;
#[cfg(feature = "irc")]
mod daemon;
mod docs;
mod fake_gerrit;
#[cfg(feature = "irc")]
mod fake_irc;
mod guidelines;
mod history;
mod incident;
mod invariants;
mod irc_link;
mod irc_outbox;
#[cfg(feature = "irc")]
mod irc_session;
mod ircd;
mod log;
mod make;
mod order;
mod presence;
mod properties;
mod restart;
mod review;
mod room;
mod schedule;
mod store;
mod text;
mod tidy;
mod transcripts;
mod words;
