//! The one integration binary.

mod review;
