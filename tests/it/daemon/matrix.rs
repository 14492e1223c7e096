//! A homeserver for the program to run on, and what is asked of both.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::super::fake_matrix::{BOT, FakeMatrix, PASSWORD};
use super::{Home, PATIENCE};

pub(super) const OPS: &str = "!ops:example.org";
pub(super) const ALICE: &str = "@alice:example.org";
pub(super) const BOB: &str = "@bob:example.org";

/// A homeserver that runs beside the test.
pub(super) struct Homeserver {
    pub(super) fake: FakeMatrix,
    /// Dropped, it ends the thread of the server.
    _stop: oneshot::Sender<()>,
}

impl Homeserver {
    /// With the bot and alice in one room.
    pub(super) fn start() -> Self {
        let (tell, started) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                tell.send(FakeMatrix::start().await).unwrap();
                // An error is the sender's end, which is what is waited for.
                let _ = stopped.await;
            });
        });
        let fake = started.recv().unwrap();
        fake.inside(OPS);
        fake.member(OPS, ALICE, ALICE, "join");
        Self { fake, _stop: stop }
    }

    /// The section of a configuration that leads here; `home` gets the password file.
    pub(super) fn connection(&self, home: &Home) -> String {
        let password = home.config.with_file_name("matrix.password");
        fs::write(&password, PASSWORD).unwrap();
        fs::set_permissions(&password, fs::Permissions::from_mode(0o600)).unwrap();
        format!(
            r##"
[[connection]]
kind = "matrix"
homeserver = "{}"
user = "{BOT}"
password_file = "matrix.password"
rooms = ["{OPS}"]
state_dir = "matrix"
"##,
            self.fake.url()
        )
    }

    /// A home that knows this server alone.
    pub(super) fn home(&self) -> Home {
        let home = Home::empty();
        let connection = self.connection(&home);
        home.write_connections(&connection, &[&format!("matrix/{OPS}")], &format!("matrix = [\"{ALICE}\"]"));
        home
    }

    /// What was said in the room with this in it.
    pub(super) fn said(&self, part: &str) -> Vec<String> {
        self.fake.said(OPS).into_iter().filter(|said| said.contains(part)).collect()
    }

    /// Waits until something is so.
    pub(super) fn until(&self, what: &str, is_so: impl Fn(&FakeMatrix) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(&self.fake) {
            assert!(Instant::now() < deadline, "{what}: {:#?}", self.fake.said(OPS));
            // Between two looks at another thread's model.
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}
