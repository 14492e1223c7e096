//! What systemd is told: that the bot is ready, and, as long as its loop goes round, that it is alive.

use std::env;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::{Duration, Instant};

/// Where it is told.
pub(super) struct Service {
    socket: Option<UnixDatagram>,
    every: Option<Duration>,
    told: Instant,
}

impl Service {
    /// By what systemd has put into the environment; where there is nothing, nobody is told.
    pub(super) fn of_the_environment() -> Self {
        let number = |name: &str| env::var(name).ok()?.parse::<u64>().ok();
        let is_meant = number("WATCHDOG_PID").is_none_or(|process| process == u64::from(std::process::id()));
        // None at all is how systemd says that nobody watches.
        let time = number("WATCHDOG_USEC").filter(|time| is_meant && *time > 0).map(Duration::from_micros);
        Self { socket: socket(), every: time.map(|time| time / 3), told: Instant::now() }
    }

    /// The bot has read its log and listens.
    pub(super) fn is_ready(&self) {
        self.tell(b"READY=1");
    }

    /// How long the loop may sleep: a millisecond or longer.
    pub(super) fn at_most(&self, look: Duration) -> Duration {
        self.every.map_or(look, |every| every.min(look)).max(Duration::from_millis(1))
    }

    /// The loop has come round.
    pub(super) fn is_alive(&mut self) {
        if self.every.is_some_and(|every| self.told.elapsed() >= every / 2) {
            self.tell(b"WATCHDOG=1");
            self.told = Instant::now();
        }
    }

    fn tell(&self, word: &[u8]) {
        if let Some(socket) = &self.socket {
            // Where systemd does not listen, it starts the bot again, which is what is wanted then.
            let _ = socket.send(word);
        }
    }
}

fn socket() -> Option<UnixDatagram> {
    let name = env::var_os("NOTIFY_SOCKET")?;
    let address = match name.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
        _ => SocketAddr::from_pathname(&name),
    };
    let socket = UnixDatagram::unbound().ok()?;
    socket.connect_addr(&address.ok()?).ok()?;
    // The loop waits for nobody.
    socket.set_nonblocking(true).ok()?;
    Some(socket)
}
