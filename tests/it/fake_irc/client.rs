//! One connection to the fake server: what it was told, and what a server answers to that.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_rustls::TlsAcceptor;

use super::{Order, Said, Shared, Welcome};

/// What the server knows of a connection.
#[derive(Default)]
struct Client {
    nick: String,
    user: bool,
    /// Capabilities are being agreed on: registration waits.
    negotiating: bool,
    registered: bool,
    capabilities: BTreeSet<String>,
    channels: Vec<String>,
}

pub(super) async fn serve(
    socket: TcpStream,
    number: usize,
    orders: UnboundedReceiver<Order>,
    shared: Arc<Shared>,
    acceptor: Option<TlsAcceptor>,
) {
    match acceptor {
        None => {
            if let Some(socket) = talk(socket, number, orders, &shared).await {
                // Whatever is unread or unsent is thrown away, and the other side is told so.
                socket.set_zero_linger().expect("a socket can be told");
            }
        }
        Some(acceptor) => {
            let Ok(stream) = acceptor.accept(socket).await else { return };
            let certificate = stream.get_ref().1.peer_certificates().and_then(|all| all.first().cloned());
            shared.model().certificate = certificate.map(|certificate| certificate.to_vec());
            talk(stream, number, orders, &shared).await;
        }
    }
    shared.model().connections.remove(&number);
    shared.tell();
}

/// Talks until either side has enough. Gives the stream back where it is to be reset.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    number: usize,
    mut orders: UnboundedReceiver<Order>,
    shared: &Shared,
) -> Option<S> {
    let welcome = shared.model().welcome.clone();
    match &welcome {
        Welcome::Normal => {}
        Welcome::Silence => return silence(&stream).await,
        Welcome::Lines(lines) => {
            let mut heard = [0; 4096];
            // A real one speaks when it has heard who is there.
            let _ = stream.read(&mut heard).await;
            for line in lines {
                stream.write_all(format!("{line}\r\n").as_bytes()).await.ok()?;
            }
            stream.shutdown().await.ok()?;
            return None;
        }
    }
    let mut client = Client { nick: "*".to_owned(), ..Client::default() };
    let mut begun = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        tokio::select! {
            read = stream.read(&mut buffer) => {
                let length = read.ok().filter(|length| *length > 0)?;
                begun.extend_from_slice(&buffer[..length]);
                while let Some(end) = begun.iter().position(|byte| *byte == b'\n') {
                    let line: Vec<u8> = begun.drain(..=end).collect();
                    let line = String::from_utf8(line).expect("the bot says UTF-8");
                    let line = line.strip_suffix("\r\n").expect("the bot ends its lines with CR LF").to_owned();
                    assert!(!line.contains(['\r', '\0']), "{line:?}");
                    let answers = client.hear(&line, shared);
                    let quits = line.starts_with("QUIT");
                    shared.model().said.push(Said { connection: number, line });
                    let answers: String = answers.iter().map(|answer| format!("{answer}\r\n")).collect();
                    stream.write_all(answers.as_bytes()).await.ok()?;
                    shared.tell();
                    if quits {
                        return None;
                    }
                }
            }
            order = orders.recv() => match order? {
                Order::Say(bytes) => stream.write_all(&bytes).await.ok()?,
                Order::Close => return None,
                Order::Reset => return Some(stream),
                Order::Freeze => return silence(&stream).await,
            },
        }
    }
}

/// Keeps a connection and does nothing with it, for longer than anybody waits.
async fn silence<S>(_: &S) -> Option<S> {
    tokio::time::sleep(Duration::from_secs(24 * 3600)).await;
    None
}

impl Client {
    fn hear(&mut self, line: &str, shared: &Shared) -> Vec<String> {
        let (middle, last) =
            line.split_once(" :").map_or((line, None), |(middle, last)| (middle, Some(last)));
        let words: Vec<&str> = middle.split(' ').chain(last).collect();
        let verb = words[0];
        let first = words.get(1).copied().unwrap_or_default();
        let last = words[words.len() - 1];
        let mut answers = Vec::new();
        match verb {
            "CAP" => self.agree(first, last, shared, &mut answers),
            "AUTHENTICATE" if first == "PLAIN" || first == "EXTERNAL" => {
                answers.push("AUTHENTICATE +".to_owned());
            }
            "AUTHENTICATE" => {
                answers.push(format!(
                    ":irc.test 900 {0} {0}!u@h swatbot :You are now logged in as swatbot",
                    self.nick
                ));
                answers.push(format!(":irc.test 903 {} :SASL authentication successful", self.nick));
            }
            "NICK" if self.registered => {
                answers.push(format!(":{}!swatbot@bots.test NICK :{last}", self.nick));
                last.clone_into(&mut self.nick);
            }
            "NICK" => last.clone_into(&mut self.nick),
            "USER" => self.user = true,
            "PING" => answers.push(format!(":irc.test PONG irc.test :{last}")),
            "JOIN" => first.split(',').for_each(|channel| self.join(channel, shared, &mut answers)),
            "WHO" => self.who(first, shared, &mut answers),
            "PRIVMSG" | "NOTICE" if self.capabilities.contains("echo-message") => {
                answers.push(format!(":{}!swatbot@bots.test {line}", self.nick));
            }
            "TOPIC" => {
                last.clone_into(&mut shared.model().topic);
                answers.push(format!(":{}!swatbot@bots.test TOPIC {first} :{last}", self.nick));
            }
            "QUIT" => answers.push(format!("ERROR :Closing link: {last}")),
            _ => {}
        }
        if !self.registered && !self.negotiating && self.user && self.nick != "*" {
            self.registered = true;
            let nick = &self.nick;
            answers
                .push(format!(":irc.test 001 {nick} :Welcome to the test network {nick}!swatbot@bots.test"));
            answers.push(format!(":irc.test 002 {nick} :Your host is irc.test"));
            answers.push(format!(
                ":irc.test 005 {nick} CASEMAPPING=ascii CHANTYPES=# NICKLEN=30 PREFIX=(ov)@+ STATUSMSG=@+ WHOX \
                 :are supported by this server"
            ));
            answers.push(format!(":irc.test 422 {nick} :MOTD File is missing"));
        }
        answers
    }

    fn agree(&mut self, verb: &str, list: &str, shared: &Shared, answers: &mut Vec<String>) {
        let offers = shared.model().offers.clone();
        if offers.is_empty() {
            answers.push(format!(":irc.test 421 {} CAP :Unknown command", self.nick));
            return;
        }
        match verb {
            "LS" => {
                self.negotiating = !self.registered;
                answers.push(format!(":irc.test CAP {} LS :{}", self.nick, offers.join(" ")));
            }
            "REQ" => {
                let offered = |name: &str| offers.iter().any(|offer| offer.split('=').next() == Some(name));
                let good = list.split_whitespace().all(|name| offered(name.trim_start_matches('-')));
                let word = if good { "ACK" } else { "NAK" };
                if good {
                    self.capabilities.extend(list.split_whitespace().map(str::to_owned));
                }
                // Some servers leave a space at the end.
                answers.push(format!(":irc.test CAP {} {word} :{list} ", self.nick));
            }
            "END" => self.negotiating = false,
            _ => {}
        }
    }

    fn join(&mut self, channel: &str, shared: &Shared, answers: &mut Vec<String>) {
        self.channels.push(channel.to_owned());
        let nick = &self.nick;
        let model = shared.model();
        let names: Vec<&str> =
            model.people.iter().map(|(nick, _)| nick.as_str()).chain([nick.as_str()]).collect();
        if self.capabilities.contains("extended-join") {
            answers.push(format!(":{nick}!swatbot@bots.test JOIN {channel} swatbot :the bot"));
        } else {
            answers.push(format!(":{nick}!swatbot@bots.test JOIN {channel}"));
        }
        let number = if model.topic.is_empty() { "331" } else { "332" };
        answers.push(format!(":irc.test {number} {nick} {channel} :{}", model.topic));
        answers.push(format!(":irc.test 353 {nick} = {channel} :{}", names.join(" ")));
        answers.push(format!(":irc.test 366 {nick} {channel} :End of /NAMES list."));
    }

    /// The answer to `WHO #channel %tcnfa,77`.
    fn who(&self, channel: &str, shared: &Shared, answers: &mut Vec<String>) {
        let model = shared.model();
        let me = (self.nick.clone(), Some("swatbot".to_owned()));
        for (nick, account) in model.people.iter().chain([&me]) {
            let account = account.as_deref().unwrap_or("0");
            answers.push(format!(":irc.test 354 {} 77 {channel} {nick} H {account}", self.nick));
        }
        answers.push(format!(":irc.test 315 {} {channel} :End of /WHO list.", self.nick));
    }
}
