//! One question over HTTP: bounded in time and in size, sent nowhere but where it is meant to go.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::{Certificate, Client, RequestBuilder, Response, StatusCode, Url, redirect, retry};

use super::address::{Allowed, Names};
use crate::config::Way;
use crate::secret::Secret;

/// The most bytes of an answer that are read, unpacked.
const LIMIT: usize = 1 << 20;

/// A client for one host.
#[derive(Debug)]
pub(super) struct Asker {
    client: Client,
    login: Option<(String, Secret)>,
    timeout: Duration,
}

/// A whole answer.
pub(super) struct Answer {
    /// Its status.
    pub(super) status: StatusCode,
    /// Its body, unpacked.
    pub(super) body: Vec<u8>,
    /// How long it took, from the first byte of the question on.
    pub(super) took: Duration,
}

/// Why there is no whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Whoever was asked is there and does not answer as it should.
    Bad(String),
    /// Nobody knows how it is: there was no way to it, or whoever is there is somebody else.
    Unknown(String),
}

impl Trouble {
    /// The words alone.
    pub(super) fn why(&self) -> &str {
        match self {
            Self::Bad(why) | Self::Unknown(why) => why,
        }
    }
}

impl Asker {
    /// A client for the host of `url`. With `host`, that one is connected to instead, by the name and the certificate of
    /// the first.
    ///
    /// # Errors
    /// Words for a person.
    pub(super) fn new(url: &Url, host: Option<&str>, way: &Way) -> Result<Self, String> {
        let allowed = Allowed::new(url, &way.networks);
        // A host of numbers is connected to without looking for its address.
        let literal = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        if let Ok(address) = literal.parse()
            && !allowed.is(address)
        {
            return Err(allowed.refusal(literal, address).to_string());
        }
        // Whoever comes first installs it, and all of them install the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut client = Client::builder()
            .user_agent(concat!("swatbot/", env!("CARGO_PKG_VERSION")))
            // What is not even connected in half of the time is not slow, it is away.
            .connect_timeout(way.timeout / 2)
            .timeout(way.timeout)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy()
            // A connection from before says nothing about whether there would be a new one.
            .pool_max_idle_per_host(0)
            .dns_resolver(Arc::new(Names::new(allowed, host.map(str::to_owned))));
        if let Some(file) = &way.ca_file {
            let pem = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
            let more = Certificate::from_pem_bundle(&pem).map_err(|error| words(&error))?;
            client = client.tls_certs_merge(more);
        }
        let client = client.build().map_err(|error| format!("cannot speak HTTP: {}", words(&error)))?;
        let login =
            way.login.as_ref().and_then(|login| Some((login.username.clone(), login.password.clone()?)));
        Ok(Self { client, login, timeout: way.timeout })
    }

    /// Asks for a page.
    pub(super) async fn get(&self, url: &Url) -> Result<Answer, Trouble> {
        self.ask(self.client.get(url.clone())).await
    }

    /// Asks with a body of JSON.
    pub(super) async fn post(&self, url: &Url, json: String) -> Result<Answer, Trouble> {
        let content = (reqwest::header::CONTENT_TYPE, "application/json");
        self.ask(self.client.post(url.clone()).header(content.0, content.1).body(json)).await
    }

    async fn ask(&self, mut request: RequestBuilder) -> Result<Answer, Trouble> {
        if let Some((user, password)) = &self.login {
            request = request.basic_auth(user, Some(password.reveal()));
        }
        let began = Instant::now();
        let response = request.send().await.map_err(|error| self.trouble(&error))?;
        let status = response.status();
        let body = self.body(response).await?;
        Ok(Answer { status, body, took: began.elapsed() })
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, Trouble> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.trouble(&error))? {
            if body.len() + chunk.len() > LIMIT {
                return Err(Trouble::Bad(format!("answers with more than {} MiB", LIMIT >> 20)));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn trouble(&self, error: &reqwest::Error) -> Trouble {
        if error.is_connect() {
            let refuses = chain(error).any(|cause| {
                let io = cause.downcast_ref::<io::Error>();
                io.is_some_and(|io| io.kind() == io::ErrorKind::ConnectionRefused)
            });
            return match (refuses, error.is_timeout()) {
                (true, _) => Trouble::Bad("refuses connections".to_owned()),
                (_, true) => Trouble::Unknown(format!("no connection within {}", seconds(self.timeout / 2))),
                (_, false) => Trouble::Unknown(words(error)),
            };
        }
        if error.is_timeout() {
            return Trouble::Bad(format!("no whole answer within {}", seconds(self.timeout)));
        }
        Trouble::Bad(format!("the connection broke: {}", words(error)))
    }
}

/// A time as it is said.
pub(super) fn seconds(time: Duration) -> String {
    match time.subsec_millis() {
        0 => format!("{} s", time.as_secs()),
        _ if time.as_secs() == 0 => format!("{} ms", time.as_millis()),
        _ => format!("{:.1} s", time.as_secs_f64()),
    }
}

/// All causes, the outermost first.
fn chain<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error as &(dyn Error + 'static)), |cause| (*cause).source())
}

/// The innermost cause, which is the one that says something, without the address.
fn words(error: &reqwest::Error) -> String {
    let text = chain(error).last().map(ToString::to_string).unwrap_or_default();
    // ` (os error 111)` helps nobody at this hour.
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}
