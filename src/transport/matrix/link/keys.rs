//! What the connection does about its keys: it looks at the signature of its device, and tells the operator what is missing.

use std::sync::Arc;

use crate::engine::Input;

use super::super::server::{Server, Trouble};
use super::{Future, Link};

impl<H: Fn(Vec<Input>, Option<i64>) -> bool, T: Fn(&str)> Link<H, T> {
    /// Looks at the signature of this device, and brings it back.
    pub(super) fn prove(&self, server: &Server) -> Future<Result<(), Trouble>> {
        let (server, settings) = (server.clone(), Arc::clone(&self.settings));
        Box::pin(async move {
            let key = settings.recovery.as_ref().and_then(|recovery| recovery.key.as_ref());
            match (server.prove(key).await, &settings.recovery) {
                (Ok(true), _) => Ok(()),
                (Ok(false), Some(recovery)) if recovery.key.is_some() => {
                    let file = recovery.file.display();
                    Err(Trouble::Refused(format!("the recovery key in {file} did not sign my device")))
                }
                (Ok(false), _) => Err(Trouble::Refused("my device is not signed".to_owned())),
                (Err(trouble), _) => Err(trouble),
            }
        })
    }

    /// Tells the operator once what is missing, where there is an encrypted room.
    pub(super) fn tell_of_keys(&mut self) {
        if !self.encrypted.is_empty()
            && let Some(why) = self.unsigned.take()
        {
            let rooms: Vec<&str> = self.encrypted.iter().map(String::as_str).collect();
            let rooms = rooms.join(", ");
            (self.tell)(&format!(
                "{}: I cannot talk in {rooms}, which is encrypted: {why}. Stop me, run \"swatbot matrix-setup\", start me",
                self.settings.network
            ));
        }
    }
}

/// At none, nobody new can send this device a key.
pub(super) async fn count(server: Server) -> Result<(), Trouble> {
    match server.one_time_keys().await? {
        0 => Err(Trouble::Refused(
            "matrix: the homeserver has no one-time keys of mine, so nobody new can send me keys; docs/matrix.md says what to do"
                .to_owned(),
        )),
        _ => Ok(()),
    }
}
