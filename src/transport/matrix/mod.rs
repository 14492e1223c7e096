//! Matrix: the rooms of one homeserver's users, without encryption so far.

pub mod hear;
pub mod say;
