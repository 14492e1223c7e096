//! The one integration binary.

mod schedule;
mod text;
mod words;
