//! swatbot conducts deployment windows in chat: it finds, declares and enforces order, and everything is on the record.

pub mod cli;
pub mod engine;
pub mod store;
