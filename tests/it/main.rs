//! The one integration binary.

mod schedule;
