//! The one integration binary.

mod fake_gerrit;
mod review;
