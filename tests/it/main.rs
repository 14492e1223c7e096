//! The one integration binary.

mod config;
mod schedule;
mod text;
mod words;
mod fake_gerrit;
mod review;
mod guidelines;
mod make;
mod order;
mod store;
