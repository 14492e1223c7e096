//! An IRC server on loopback, as far as a bot can tell: registration, capabilities, login, channels, echo. It writes down
//! what it is told, says what a test wants said, and misbehaves on demand. It shares no code with the bot.

mod client;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};
use tokio_rustls::TlsAcceptor;

/// How long a test waits for something; on a clock that a test lets run, that is no time at all.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server; it stops when it is dropped.
pub(crate) struct FakeIrc {
    shared: Arc<Shared>,
    address: SocketAddr,
    stop: Option<(Arc<Notify>, JoinHandle<()>)>,
}

/// How the server treats whoever connects next.
#[derive(Clone, Debug, Default)]
pub(crate) enum Welcome {
    /// As a server does.
    #[default]
    Normal,
    /// It takes the connection and says nothing.
    Silence,
    /// It says these lines, and closes.
    Lines(Vec<&'static str>),
}

/// How the server proves who it is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tls {
    /// A certificate and its key.
    pub(crate) identity: PathBuf,
    /// Who signs the certificates of those who connect; they may come without.
    pub(crate) clients: Option<PathBuf>,
}

/// What becomes of a connection.
#[derive(Debug)]
enum Order {
    Say(Vec<u8>),
    /// In order, after everything else.
    Close,
    /// No goodbye: the other side sees a reset.
    Reset,
    /// Nothing is read or said any more, and nothing is closed.
    Freeze,
}

struct Shared {
    model: Mutex<Model>,
    /// For tests in a runtime.
    news: Notify,
    /// For tests without one.
    bell: Condvar,
}

#[derive(Default)]
struct Model {
    welcome: Welcome,
    /// What it offers; nothing for a server from before there were capabilities.
    offers: Vec<String>,
    /// Who is in every channel beside the bot: nick and account.
    people: Vec<(String, Option<String>)>,
    /// What stands in the topic of every channel.
    topic: String,
    said: Vec<Said>,
    connections: BTreeMap<usize, mpsc::UnboundedSender<Order>>,
    made: usize,
    /// So many of the next connections are closed at once.
    refused: usize,
    /// The certificate that the last one who connected came with.
    certificate: Option<Vec<u8>>,
}

/// A line that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// On which connection, counted from 1.
    pub(crate) connection: usize,
    /// What, without its end.
    pub(crate) line: String,
}

/// What a server of today offers.
const OFFERS: &[&str] = &[
    "account-notify",
    "account-tag",
    "batch",
    "cap-notify",
    "chghost",
    "echo-message",
    "extended-join",
    "message-tags",
    "sasl=PLAIN,EXTERNAL",
    "server-time",
];

impl FakeIrc {
    /// Starts in the runtime of the test, and shares its clock.
    pub(crate) async fn here(tls: Option<Tls>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let shared = shared();
        tokio::spawn(accept(listener, Arc::clone(&shared), acceptor(tls)));
        Self { shared, address, stop: None }
    }

    /// Starts in a thread of its own.
    pub(crate) fn in_thread() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        listener.set_nonblocking(true).expect("a socket need not block");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (shared, stop) = (shared(), Arc::new(Notify::new()));
        let (theirs, stopped) = (Arc::clone(&shared), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime can be made").block_on(async {
                let listener = TcpListener::from_std(listener).expect("it is a listener");
                tokio::select! {
                    () = accept(listener, theirs, None) => {}
                    () = stopped.notified() => {}
                }
            });
        });
        Self { shared, address, stop: Some((stop, thread)) }
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// How it treats whoever connects from now on.
    pub(crate) fn welcome(&self, welcome: Welcome) {
        self.model().welcome = welcome;
    }

    /// What it offers from now on.
    pub(crate) fn offer(&self, offers: &[&str]) {
        self.model().offers = offers.iter().map(|offer| (*offer).to_owned()).collect();
    }

    /// Somebody is in every channel from now on.
    pub(crate) fn add(&self, nick: &str, account: Option<&str>) {
        self.model().people.push((nick.to_owned(), account.map(str::to_owned)));
    }

    /// What stands in the topic of every channel from now on.
    pub(crate) fn set_topic(&self, topic: &str) {
        topic.clone_into(&mut self.model().topic);
    }

    /// What stands in the topic of every channel.
    pub(crate) fn topic(&self) -> String {
        self.model().topic.clone()
    }

    /// Somebody says something, with the tags that tell who it is. `tags` is `account=alice;msgid=1`, or nothing.
    pub(crate) fn say(&self, tags: &str, nick: &str, to: &str, text: &str) {
        let tags = if tags.is_empty() { String::new() } else { format!("@{tags} ") };
        self.send(format!("{tags}:{nick}!{nick}@users.test PRIVMSG {to} :{text}\r\n"));
    }

    /// Sends bytes to everybody who is connected, in one piece.
    pub(crate) fn send(&self, bytes: impl AsRef<[u8]>) {
        self.order(|| Order::Say(bytes.as_ref().to_vec()));
    }

    /// Closes all connections.
    pub(crate) fn close(&self) {
        self.order(|| Order::Close);
    }

    /// Resets all connections.
    pub(crate) fn reset(&self) {
        self.order(|| Order::Reset);
    }

    /// Reads and says nothing on all connections that there are.
    pub(crate) fn freeze(&self) {
        self.order(|| Order::Freeze);
    }

    /// How many connections were made so far.
    pub(crate) fn connections(&self) -> usize {
        self.model().made
    }

    /// Closes the next `count` connections as soon as they are made.
    pub(crate) fn refuse(&self, count: usize) {
        self.model().refused = count;
    }

    /// The certificate that the last one who connected came with.
    pub(crate) fn certificate(&self) -> Option<Vec<u8>> {
        self.model().certificate.clone()
    }

    /// Everything that it was told.
    pub(crate) fn said(&self) -> Vec<Said> {
        self.model().said.clone()
    }

    /// The lines with `part` in them, of all connections.
    pub(crate) fn heard(&self, part: &str) -> Vec<String> {
        let model = self.model();
        model.said.iter().map(|said| said.line.clone()).filter(|line| line.contains(part)).collect()
    }

    /// Waits until `count` lines with `part` in them have come, and gives them. For tests in a runtime.
    pub(crate) async fn hears(&self, part: &str, count: usize) -> Vec<String> {
        self.until(&format!("{count} times {part:?}"), || {
            Some(self.heard(part)).filter(|lines| lines.len() >= count)
        })
        .await
    }

    /// Waits until `count` connections were made. For tests in a runtime.
    pub(crate) async fn connects(&self, count: usize) {
        self.until(&format!("{count} connections"), || (self.connections() >= count).then_some(())).await;
    }

    async fn until<T>(&self, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        // An hour of a test's clock.
        let deadline = tokio::time::Instant::now() + Duration::from_secs(3600);
        loop {
            let news = self.shared.news.notified();
            if let Some(found) = look() {
                return found;
            }
            let waited = tokio::time::timeout_at(deadline, news).await;
            assert!(waited.is_ok(), "no {what} came: {:#?}", self.said());
        }
    }

    /// Waits until `count` lines with `part` in them have come, and gives them. For tests without a runtime.
    pub(crate) fn wait_for(&self, part: &str, count: usize) -> Vec<String> {
        let deadline = Instant::now() + PATIENCE;
        let mut model = self.model();
        loop {
            let lines = model.said.iter().map(|said| said.line.clone());
            let lines: Vec<String> = lines.filter(|line| line.contains(part)).collect();
            if lines.len() >= count {
                return lines;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{count} times {part:?} did not come: {:#?}", model.said);
            model = self.shared.bell.wait_timeout(model, left).expect("the fake did not panic").0;
        }
    }

    fn order(&self, order: impl Fn() -> Order) {
        for connection in self.model().connections.values() {
            // One that is gone needs no orders.
            let _ = connection.send(order());
        }
    }

    fn model(&self) -> MutexGuard<'_, Model> {
        self.shared.model()
    }
}

impl Shared {
    fn model(&self) -> MutexGuard<'_, Model> {
        // A test that fails while it holds the model has said why already.
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self) {
        self.news.notify_waiters();
        self.bell.notify_all();
    }
}

impl Drop for FakeIrc {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.stop.take() {
            stop.notify_one();
            thread.join().expect("the fake IRC server did not panic");
        }
    }
}

fn shared() -> Arc<Shared> {
    let offers = OFFERS.iter().map(|offer| (*offer).to_owned()).collect();
    let model = Mutex::new(Model { offers, ..Model::default() });
    Arc::new(Shared { model, news: Notify::new(), bell: Condvar::new() })
}

fn acceptor(tls: Option<Tls>) -> Option<TlsAcceptor> {
    let tls = tls?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("the provider knows them");
    let builder = match &tls.clients {
        None => builder.with_no_client_auth(),
        Some(file) => {
            let mut roots = rustls::RootCertStore::empty();
            certificates(file).into_iter().for_each(|one| roots.add(one).expect("it is an authority"));
            let verifier =
                rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                    .allow_unauthenticated()
                    .build();
            builder.with_client_cert_verifier(verifier.expect("there is an authority"))
        }
    };
    let key = rustls::pki_types::pem::PemObject::from_pem_file(&tls.identity).expect("it holds a key");
    let config = builder.with_single_cert(certificates(&tls.identity), key).expect("they belong together");
    Some(TlsAcceptor::from(Arc::new(config)))
}

/// The certificates of a PEM file.
pub(crate) fn certificates(file: &Path) -> Vec<rustls::pki_types::CertificateDer<'static>> {
    use rustls::pki_types::pem::PemObject;
    let found = rustls::pki_types::CertificateDer::pem_file_iter(file).expect("it can be read");
    found.map(|one| one.expect("it is a certificate")).collect()
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, acceptor: Option<TlsAcceptor>) {
    loop {
        let Ok((socket, _)) = listener.accept().await else { continue };
        socket.set_nodelay(true).expect("a socket can be told");
        let (orders_in, orders) = mpsc::unbounded_channel();
        let number = {
            let mut model = shared.model();
            model.made += 1;
            if model.refused > 0 {
                model.refused -= 1;
                drop(model);
                shared.tell();
                continue;
            }
            let number = model.made;
            model.connections.insert(number, orders_in);
            number
        };
        shared.tell();
        tokio::spawn(client::serve(socket, number, orders, Arc::clone(&shared), acceptor.clone()));
    }
}
