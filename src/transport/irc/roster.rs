//! Who is in which channel, under which nick and with which account, as far as the server has said so.

/// The channels that the bot is in, and who is there.
#[derive(Debug, Default)]
pub struct Roster {}

impl Roster {
    /// The nicks that an account has in a channel, the one that spoke last first.
    pub fn nicks(&self, channel: &str, account: &str) -> Vec<String> {
        let _ = (channel, account);
        Vec::new()
    }
}
