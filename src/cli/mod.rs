//! The subcommands, thin.

pub mod log;
