//! The people in the channel: each says `!log` lines, or asks with them, and waits for the answers. One thread.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::LocalSet;

/// How long the last answers are waited for.
const PATIENCE: Duration = Duration::from_secs(5);

const WORDS: &[&str] = &[
    "Started",
    "scap:",
    "Backport",
    "for",
    "[[gerrit:1008123|Enable",
    "Foo",
    "on",
    "testwiki",
    "(T359123)]]",
    "rolling",
    "restart",
    "of",
    "php-fpm",
    "on",
    "mw1349.eqiad.wmnet",
    "synced",
    "file",
    "depool",
    "db1177",
];

/// What is asked of a long log, with a number in the place of `#`.
const QUESTIONS: &[&str] =
    &["last 1", "last 1 by user#", "last 1 task T#", "last 1 find feature", "last 1 find sync* #"];

/// What is done: so many clients, so many commands of each on their way, for so long.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) clients: usize,
    pub(crate) each: usize,
    pub(crate) time: Duration,
    /// They ask, and nothing is to be stored.
    pub(crate) asks: bool,
}

/// What came of it.
#[derive(Default)]
pub(crate) struct Outcome {
    /// How long each answer took, in microseconds, sorted; the first tenth of the time is left out.
    pub(crate) latency: Vec<f64>,
    /// Answered in that time, a second.
    pub(crate) rate: f64,
    pub(crate) sent: usize,
    pub(crate) answered: usize,
    /// Lines that answered.
    pub(crate) lines: usize,
}

impl Outcome {
    /// The value below which so many percent lie.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let index = (self.latency.len() * percent / 100).min(self.latency.len().saturating_sub(1));
        self.latency.get(index).copied().unwrap_or(f64::NAN)
    }
}

/// Somebody in the channel.
pub(crate) struct Client {
    stream: TcpStream,
    nick: String,
    heard: Vec<u8>,
    said: usize,
}

impl Client {
    /// Comes into the channel and waits until the server knows the account.
    pub(crate) async fn join(address: SocketAddr, nick: &str, channel: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut client = Self { stream, nick: nick.to_owned(), heard: Vec::new(), said: 0 };
        client.say(&format!("NICK {nick}\r\nUSER {nick} 0 * :load\r\n")).await?;
        client.wait_for(" 001 ").await?;
        client.wait_for(" 900 ").await?;
        client.say(&format!("JOIN {channel}\r\n")).await?;
        client.wait_for(" 366 ").await?;
        Ok(client)
    }

    /// Waits for a line with these words in it.
    pub(crate) async fn wait_for(&mut self, words: &str) -> io::Result<()> {
        let mut found = false;
        while !found {
            if tokio::time::timeout(PATIENCE, self.stream.readable()).await.is_err() {
                return Err(io::Error::other(format!("{} waits for {words:?} in vain", self.nick)));
            }
            self.hear(|line| found |= line.windows(words.len()).any(|part| part == words.as_bytes()))?;
        }
        Ok(())
    }

    /// Says one `!log` and waits for the answer.
    pub(crate) async fn ask(&mut self, channel: &str) -> io::Result<()> {
        let mut out = String::new();
        self.command(channel, false, &mut out);
        self.say(&out).await?;
        self.wait_for(&format!(" :{}: logged ", self.nick)).await
    }

    async fn say(&mut self, lines: &str) -> io::Result<()> {
        self.stream.write_all(lines.as_bytes()).await
    }

    /// Takes what has arrived, line by line.
    fn hear(&mut self, mut each: impl FnMut(&[u8])) -> io::Result<()> {
        match self.stream.try_read_buf(&mut self.heard) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        let mut from = 0;
        while let Some(end) = self.heard[from..].iter().position(|byte| *byte == b'\n') {
            let line = &self.heard[from..from + end];
            each(line.strip_suffix(b"\r").unwrap_or(line));
            from += end + 1;
        }
        self.heard.drain(..from);
        self.heard.reserve(1 << 16);
        Ok(())
    }

    fn command(&mut self, channel: &str, asks: bool, out: &mut String) {
        self.said += 1;
        if asks {
            let question = QUESTIONS[self.said % QUESTIONS.len()].replace('#', &(self.said % 40).to_string());
            out.push_str(&format!("PRIVMSG {channel} :!log {question}\r\n"));
            return;
        }
        let text = (self.said..).map(|at| WORDS[at % WORDS.len()]).take(12).collect::<Vec<_>>().join(" ");
        let text = text.get(..80).unwrap_or(&text);
        out.push_str(&format!("PRIVMSG {channel} :!log {text} {}\r\n", self.said));
    }

    /// Says commands, `each` at a time on their way, until `end`, and waits for the last answers.
    async fn drive(&mut self, load: Load, channel: &str, bot: &str, start: Instant) -> io::Result<Outcome> {
        let (warm, end) = (start + load.time / 10, start + load.time);
        let mut waiting: VecDeque<Instant> = VecDeque::new();
        let mut outcome = Outcome::default();
        let mut out = String::new();
        let from = format!(":{bot}!").into_bytes();
        let word = if load.asks { "" } else { "logged " };
        let to = format!(" :{}: {word}", self.nick).into_bytes();
        let mut free = load.each;
        loop {
            let now = Instant::now();
            if now < end || outcome.sent == 0 {
                for _ in 0..free {
                    self.command(channel, load.asks, &mut out);
                    waiting.push_back(now);
                    outcome.sent += 1;
                }
                self.stream.write_all(out.as_bytes()).await?;
                out.clear();
            }
            if waiting.is_empty() || now > end + PATIENCE {
                return Ok(outcome);
            }
            let patience = (end + PATIENCE).saturating_duration_since(now);
            if tokio::time::timeout(patience, self.stream.readable()).await.is_err() {
                return Ok(outcome);
            }
            free = 0;
            self.hear(|line| {
                let Some(count) = acknowledged(line, &from, &to, load.asks) else { return };
                let now = Instant::now();
                outcome.lines += 1;
                for _ in 0..count {
                    let Some(sent) = waiting.pop_front() else { return };
                    free += 1;
                    outcome.answered += 1;
                    if sent >= warm && now < end || load.time.is_zero() {
                        outcome.latency.push(now.duration_since(sent).as_secs_f64() * 1e6);
                    }
                }
            })?;
        }
    }
}

/// How many commands a line of the bot acknowledges: `NICK: logged L12` one, `NICK: logged 6 entries: …` six, and of those
/// that ask each line one.
fn acknowledged(line: &[u8], from: &[u8], to: &[u8], asks: bool) -> Option<usize> {
    let line = line.strip_prefix(from)?;
    let at = line.windows(to.len()).position(|part| part == to)?;
    if asks {
        return Some(1);
    }
    let rest = str::from_utf8(&line[at + to.len()..]).ok()?;
    let first = rest.split(' ').next()?;
    first.parse().ok().or_else(|| first.strip_prefix('L').map(|_| 1))
}

/// A nick that nobody had: the server may not have noticed yet that the last ones are gone.
pub(crate) fn new_nick() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    format!("u{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Runs a load against `bot` in `channel`. A load without a time is said once.
pub(crate) async fn run(address: SocketAddr, load: Load, channel: &str, bot: &str) -> io::Result<Outcome> {
    // The server lets people in once a second, all who wait at a time.
    let coming: Vec<_> = (0..load.clients)
        .map(|_| {
            let (nick, channel) = (new_nick(), channel.to_owned());
            tokio::spawn(async move { Client::join(address, &nick, &channel).await })
        })
        .collect();
    let mut clients = Vec::new();
    for client in coming {
        clients.push(client.await??);
    }
    // Until all have heard of the last to come, joins are on their way.
    tokio::time::sleep(Duration::from_millis(200)).await;
    for client in &mut clients {
        client.hear(|_| {})?;
    }
    let start = Instant::now();
    let names: Rc<(String, String)> = Rc::new((channel.to_owned(), bot.to_owned()));
    let tasks = LocalSet::new();
    let driven: Vec<_> = clients
        .into_iter()
        .map(|mut client| {
            let names = Rc::clone(&names);
            tasks.spawn_local(async move { client.drive(load, &names.0, &names.1, start).await })
        })
        .collect();
    tasks.await;
    let mut sum = Outcome::default();
    for task in driven {
        let outcome = task.await??;
        sum.latency.extend(outcome.latency);
        sum.sent += outcome.sent;
        sum.answered += outcome.answered;
        sum.lines += outcome.lines;
    }
    sum.latency.sort_by(f64::total_cmp);
    sum.rate = sum.latency.len() as f64 / (load.time.as_secs_f64() * 0.9);
    Ok(sum)
}
