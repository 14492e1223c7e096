//! Where people talk. A transport turns what it hears into inputs and says what it is given; it decides nothing.

pub mod console;
#[cfg(feature = "irc")]
pub mod irc;
