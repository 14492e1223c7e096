//! Where people talk. A transport turns what it hears into `Line`s and says what it is given; it decides nothing.

pub mod console;
