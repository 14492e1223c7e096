//! The one integration binary.

mod log;
mod store;
