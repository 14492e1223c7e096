//! Matrix: the rooms of one homeserver's users, encrypted or not.
//!
//! `hear` and `say` are pure: an event becomes an input, and replies become events. `link` owns the connection and the
//! clock; what it reads and says is stored first, by `store::inbox`. `server` is every request that it makes.

pub mod hear;
pub mod keys;
pub mod link;
pub mod refer;
pub mod say;
mod server;
pub mod setup;
