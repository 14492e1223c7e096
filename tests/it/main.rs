//! The one integration binary.

mod config;
mod schedule;
mod text;
mod words;
