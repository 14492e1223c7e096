//! Between a bot and the server while it starts: how much of the time until its first answer is the bot's own. (The server
//! lets nobody in before its next second begins, which says nothing about a bot.)

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Whose turn it is, and how long it was the bot's.
struct Turns {
    since: Instant,
    own: Duration,
}

/// Takes one connection and hands on what comes from either side.
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    turns: Arc<Mutex<Turns>>,
}

impl Relay {
    /// Listens for a bot that is to talk to `server`. Its time begins now.
    pub(crate) fn listen(server: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let turns = Arc::new(Mutex::new(Turns { since: Instant::now(), own: Duration::ZERO }));
        let shared = Arc::clone(&turns);
        thread::spawn(move || -> io::Result<()> {
            let (bot, _) = listener.accept()?;
            let server = TcpStream::connect(server)?;
            bot.set_nodelay(true)?;
            server.set_nodelay(true)?;
            let back = (server.try_clone()?, bot.try_clone()?, Arc::clone(&shared));
            thread::spawn(move || hand_on(back.0, back.1, || take_turn(&back.2, false)));
            hand_on(bot, server, || take_turn(&shared, true));
            Ok(())
        });
        Ok(Self { address, turns })
    }

    /// How long it was the bot's turn so far: from its start, and from the last word of the server to its next.
    pub(crate) fn own(&self) -> Duration {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner).own
    }
}

fn take_turn(turns: &Mutex<Turns>, is_bot: bool) {
    let now = Instant::now();
    let mut turns = turns.lock().unwrap_or_else(PoisonError::into_inner);
    if is_bot {
        let since = turns.since;
        turns.own += now.duration_since(since);
    }
    turns.since = now;
}

/// Until either side is gone; then the other goes too.
fn hand_on(mut from: TcpStream, mut to: TcpStream, each: impl Fn()) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        each();
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    // Where it is gone already, that is as well.
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
