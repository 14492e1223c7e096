//! The one integration binary.

mod accounts;
mod argv;
mod backtest;
mod bad_inputs;
mod bot;
mod cli;
mod config;
mod coupling;
mod crash;
#[cfg(feature = "irc")]
mod daemon;
mod disk;
mod docs;
mod fake_gerrit;
mod fake_host;
#[cfg(feature = "irc")]
mod fake_irc;
#[cfg(feature = "matrix")]
mod fake_matrix;
mod files;
mod follow;
mod guidelines;
mod health;
mod history;
mod incident;
mod invariants;
#[cfg(feature = "irc")]
mod irc_link;
#[cfg(feature = "irc")]
mod irc_outbox;
#[cfg(feature = "irc")]
mod irc_session;
#[cfg(feature = "irc")]
mod ircd;
mod log;
mod make;
#[cfg(feature = "matrix")]
mod matrix_hear;
#[cfg(feature = "matrix")]
mod matrix_keys;
#[cfg(feature = "matrix")]
mod matrix_link;
#[cfg(feature = "matrix")]
mod matrix_say;
#[cfg(feature = "matrix")]
mod matrix_setup;
mod older;
mod order;
mod presence;
mod properties;
mod report;
mod restart;
mod review;
mod room;
mod runner;
mod sal;
mod schedule;
mod soak;
mod store;
#[cfg(all(feature = "irc", feature = "matrix"))]
mod synapse;
mod talk;
mod terminal;
mod text;
mod tidy;
mod transcripts;
mod trust;
mod words;
