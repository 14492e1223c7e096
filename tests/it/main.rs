//! The one integration binary.

mod config;
mod fake_gerrit;
mod guidelines;
mod log;
mod make;
mod order;
mod properties;
mod review;
mod schedule;
mod store;
mod text;
mod transcripts;
mod words;
