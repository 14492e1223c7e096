//! Refusals that are about the network: what it cannot prove, what is not believed, what comes too fast.

use super::super::{Refusal, own_words};

/// Nobody can be told apart on this network now.
pub fn read_only(network: &str, why: &str) -> Refusal {
    let text = format!("I cannot tell who is who on {network}: {}. You may only ask here", own_words(why));
    Refusal::new("read-only", text)
}

/// The operator has switched off the accounts of this network.
pub fn trust_off(network: &str) -> Refusal {
    let text = format!("the operator has switched off commands from {network}. You may only ask here");
    Refusal::new("trust-off", text)
}

/// Said too long ago to be meant now.
pub fn late() -> Refusal {
    Refusal::new("late", "it came more than 2 minutes late. Say it again if it still holds")
}

/// More lines than anybody types.
pub fn flood() -> Refusal {
    Refusal::new("flood", "slow down, I do not read that many lines. Wait a moment, then say it again")
}

/// In clear where everything is encrypted.
pub fn clear_text() -> Refusal {
    let text = "this room is encrypted and that came in clear, so anybody can have written it. \
                Say it again with a client that encrypts";
    Refusal::new("clear-text", text)
}

/// Encrypted by a device that nobody vouches for.
pub fn untrusted() -> Refusal {
    let text = "that came from a session that its owner has not verified. \
                Verify it with another one of yours or your recovery key, then say it again";
    Refusal::new("untrusted", text)
}

/// Encrypted once and shown twice.
pub fn replayed() -> Refusal {
    let text = "that very message was here before, so somebody shows it again. \
                If you mean it, say it again; if you did not send it, ask who runs the homeserver";
    Refusal::new("replayed", text)
}

/// Signed with other keys than before; `who` is how they are addressed.
pub fn new_keys(who: &str) -> Refusal {
    let text = format!(
        "your keys are not those I know you by, so somebody may have replaced them. \
         An operator who has asked you stops me, runs \"swatbot matrix-setup --trust {who}\" and starts me"
    );
    Refusal::new("new-keys", text)
}
