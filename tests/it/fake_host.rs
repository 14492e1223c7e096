//! A host on loopback that answers HTTP: pages whose answers can be changed, a page of metrics, and a search over a log
//! that holds documents. What it counts follows from them.

mod search;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

pub(crate) use search::Document;

/// A running server; it stops when it is dropped.
pub(crate) struct FakeHost {
    address: SocketAddr,
    model: Arc<Mutex<Model>>,
    accepting: Option<JoinHandle<()>>,
}

/// How it answers.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// With this status and body.
    Page(u16, String),
    /// It sends whoever asks to another address.
    Redirect(String),
    /// So many bytes.
    Huge(usize),
    /// This, packed by gzip.
    Packed(Vec<u8>),
    /// The page, after so long.
    Late(Duration, String),
    /// A byte of a page now and then, and never the last one.
    Drip,
    /// The connection stays open, and nothing comes.
    Hang,
    /// The connection is closed without a byte.
    Drop,
}

#[derive(Default)]
struct Model {
    /// By path; what is not here is not found.
    pages: BTreeMap<String, Answer>,
    /// The log, by index.
    log: BTreeMap<String, Vec<Document>>,
    /// The time in the log, in seconds.
    now: i64,
    /// So many parts of the log cannot be searched.
    failed_shards: u64,
    timed_out: bool,
    requests: Vec<String>,
    stopped: bool,
}

impl FakeHost {
    /// Starts on an address of its own, at a free port.
    pub(crate) fn start() -> Self {
        Self::listening(TcpListener::bind((own_address(), 0)).unwrap(), None)
    }

    /// One more at the same port, on another address.
    pub(crate) fn beside(&self) -> Self {
        Self::listening(TcpListener::bind((own_address(), self.address.port())).unwrap(), None)
    }

    /// On 127.0.0.1, by TLS, with this certificate.
    pub(crate) fn with_tls(tls: ServerConfig) -> Self {
        Self::listening(TcpListener::bind("127.0.0.1:0").unwrap(), Some(Arc::new(tls)))
    }

    fn listening(listener: TcpListener, tls: Option<Arc<ServerConfig>>) -> Self {
        let address = listener.local_addr().unwrap();
        let model = Arc::new(Mutex::new(Model::default()));
        let shared = Arc::clone(&model);
        let accepting = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if lock(&shared).stopped {
                    break;
                }
                let (shared, tls) = (Arc::clone(&shared), tls.clone());
                std::thread::spawn(move || match tls {
                    None => serve(stream, &shared),
                    Some(tls) => {
                        serve(StreamOwned::new(ServerConnection::new(tls).unwrap(), stream), &shared)
                    }
                });
            }
        });
        Self { address, model, accepting: Some(accepting) }
    }

    /// Its address, without the port.
    pub(crate) fn ip(&self) -> String {
        self.address.ip().to_string()
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// The root of its pages.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Answers like this at a path from now on.
    pub(crate) fn answer(&self, path: &str, answer: Answer) {
        lock(&self.model).pages.insert(path.to_owned(), answer);
    }

    /// Answers with this page.
    pub(crate) fn page(&self, path: &str, body: &str) {
        self.answer(path, Answer::Page(200, body.to_owned()));
    }

    /// Writes into the log.
    pub(crate) fn log(&self, index: &str, documents: impl IntoIterator<Item = Document>) {
        lock(&self.model).log.entry(index.to_owned()).or_default().extend(documents);
    }

    /// Sets the time in the log.
    pub(crate) fn set_time(&self, now: i64) {
        lock(&self.model).now = now;
    }

    /// So many parts of the log cannot be searched, or not all of it in time.
    pub(crate) fn half_broken(&self, failed_shards: u64, timed_out: bool) {
        let mut model = lock(&self.model);
        (model.failed_shards, model.timed_out) = (failed_shards, timed_out);
    }

    /// The requests so far, the first line and the headers of each.
    pub(crate) fn requests(&self) -> Vec<String> {
        lock(&self.model).requests.clone()
    }
}

impl Drop for FakeHost {
    fn drop(&mut self) {
        lock(&self.model).stopped = true;
        // A connection wakes the thread that accepts them.
        drop(TcpStream::connect(self.address));
        if let Some(accepting) = self.accepting.take() {
            accepting.join().expect("the fake host did not panic");
        }
    }
}

fn lock(model: &Mutex<Model>) -> MutexGuard<'_, Model> {
    model.lock().expect("the fake host did not panic")
}

/// An address of the loopback network that no other test has.
fn own_address() -> String {
    static COUNT: AtomicU8 = AtomicU8::new(1);
    let [_, _, high, low] = std::process::id().to_be_bytes();
    format!("127.{}.{low}.{}", high | 0x80, COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Answers one request and closes the connection. An error means that the client has gone, which is its right.
fn serve(mut stream: impl Read + Write, model: &Mutex<Model>) {
    let Some((head, body)) = read_request(&mut stream) else { return };
    let first = head.lines().next().unwrap_or_default();
    let Some(target) = first.split(' ').nth(1) else { return };
    let path = target.split('?').next().unwrap_or_default().to_owned();
    let answer = {
        let mut model = lock(model);
        model.requests.push(head.clone());
        match (model.pages.get(&path), path.strip_suffix("/_search")) {
            (Some(answer), _) => answer.clone(),
            (None, Some(index)) => search::answer(&model, index.trim_start_matches('/'), &body),
            (None, None) => Answer::Page(404, "no such page".to_owned()),
        }
    };
    let _ = match answer {
        Answer::Page(status, body) => send(&mut stream, status, "", body.as_bytes()),
        Answer::Redirect(to) => send(&mut stream, 302, &format!("Location: {to}\r\n"), b""),
        Answer::Huge(bytes) => send(&mut stream, 200, "", &vec![b'x'; bytes]),
        Answer::Packed(bytes) => send(&mut stream, 200, "Content-Encoding: gzip\r\n", &bytes),
        Answer::Late(time, body) => {
            std::thread::sleep(time);
            send(&mut stream, 200, "", body.as_bytes())
        }
        Answer::Drop => return,
        Answer::Hang => stream.read(&mut [0]).map(drop),
        Answer::Drip => drip(&mut stream),
    };
}

fn send(stream: &mut impl Write, status: u16, more: &str, body: &[u8]) -> std::io::Result<()> {
    let length = body.len();
    write!(stream, "HTTP/1.1 {status} -\r\nContent-Length: {length}\r\n{more}Connection: close\r\n\r\n")?;
    stream.write_all(body)?;
    stream.flush()
}

fn drip(stream: &mut impl Write) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 200 -\r\nContent-Length: 100000\r\n\r\n")?;
    // It ends when the client has gone.
    loop {
        stream.write_all(b"x")?;
        stream.flush()?;
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn read_request(stream: &mut impl Read) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        if let Some(end) = bytes.windows(4).position(|end| end == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            });
            if bytes.len() >= end + 4 + length.unwrap_or(0) {
                return Some((head, String::from_utf8(bytes[end + 4..].to_vec()).ok()?));
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}
