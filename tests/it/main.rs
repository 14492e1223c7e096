//! The one integration binary.

mod guidelines;
mod make;
mod order;
