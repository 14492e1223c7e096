//! swatbot conducts deployment windows in chat: it finds, declares and enforces order, and everything is on the record.
//!
//! The log is the database. `engine::turn` takes a state and an input and gives events, which `store` keeps, and things
//! to say, which a transport says once the events are kept. State is the fold of the stored events; a restart is a
//! replay. ARCHITECTURE.md tells the journey of one command. What always holds:
//!
//! - I1 The same state and input give the same outcome. The core reads no clock, no disk, no network, no randomness.
//! - I2 Nothing is said, looked up or run before the event that says so is committed.
//! - I3 Only the bot loop changes state, and only by applying an event; what others see is always stored.
//! - I4 `apply` cannot fail and looks at nothing but the event: old logs replay under new settings.
//! - I5 A person's mistake is a `Refusal` value with a stable code, is logged as an event, and changes nothing else.
//! - I6 Stored events are never rewritten or removed; a correction is a new event that names the old one. (A leaked
//!   secret is redacted: its text is blanked, its digest stays in the chain, and the redaction is itself an event.)
//! - I7 Only `say` holds wording (a rule's own sentence stands with the rule), only `store` SQL, only a transport its
//!   protocol, only `review` a review system's JSON.
//! - I8 No transport knows another exists. No right is ever derived from a nick or a display name.

pub mod backtest;
pub mod bot;
pub mod cli;
pub mod clock;
pub mod config;
pub mod engine;
pub mod play;
pub mod review;
pub mod sal;
pub mod secret;
pub mod store;
pub mod transport;
