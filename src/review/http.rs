//! GET with limits: on time, on size, on hosts and on tries. Every fault is in words for a tired person.

use std::error::Error;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::{Client, StatusCode, Url, redirect};

use crate::engine::facts::Fault;
use crate::secret::Secret;

/// How long and how often is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// One try may take this long, from the first byte to the last.
    pub(super) timeout: Duration,
    /// How often is tried in all; 0 counts as 1.
    pub(super) tries: u32,
    /// The first pause; each further one is twice as long.
    pub(super) backoff: Duration,
}

/// A client for one server.
#[derive(Debug)]
pub(super) struct Http {
    client: Client,
    login: Option<(String, Secret)>,
    patience: Patience,
    /// The most bytes an answer may have, unpacked.
    limit: usize,
}

/// A complete answer with status 200.
pub(super) struct Body {
    /// The media type as the server gave it, or nothing.
    pub(super) kind: String,
    /// The bytes, unpacked.
    pub(super) bytes: Vec<u8>,
}

/// A try that failed, and whether another one may do better.
struct Failed {
    fault: Fault,
    passing: bool,
}

impl Http {
    /// A client that asks `url`'s host.
    ///
    /// # Errors
    /// Words for a person where the system's certificates cannot be read.
    pub(super) fn new(
        url: &Url,
        login: Option<(String, Secret)>,
        patience: Patience,
        limit: usize,
    ) -> Result<Self, String> {
        // Whoever comes first installs it, and all of them install the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut client = Client::builder()
            .user_agent(concat!("swatbot/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(patience.timeout)
            .timeout(patience.timeout)
            .redirect(redirect::Policy::custom(stay));
        if is_loopback(url) {
            client = client.no_proxy();
        }
        let client = client.build().map_err(|error| format!("cannot speak HTTP: {}", root(&error)))?;
        Ok(Self { client, login, patience, limit })
    }

    /// The whole answer, after as many tries as it takes and is allowed.
    pub(super) async fn get(&self, url: &Url) -> Result<Body, Fault> {
        let mut pause = self.patience.backoff;
        for _ in 1..self.patience.tries {
            match self.get_once(url).await {
                Err(failed) if failed.passing => {}
                answer => return answer.map_err(|failed| failed.fault),
            }
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2);
        }
        self.get_once(url).await.map_err(|failed| failed.fault)
    }

    async fn get_once(&self, url: &Url) -> Result<Body, Failed> {
        let mut request = self.client.get(url.clone());
        if let Some((user, password)) = &self.login {
            request = request.basic_auth(user, Some(password.reveal()));
        }
        let mut response = request.send().await.map_err(|error| self.broken(&error))?;
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let kind = header(CONTENT_TYPE).unwrap_or("").to_owned();
        let status = response.status();
        if status != StatusCode::OK {
            let location = header(LOCATION).and_then(|location| url.join(location).ok());
            return Err(self.refused(status, &kind, location.as_ref()));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.broken(&error))? {
            if bytes.len() + chunk.len() > self.limit {
                let why = format!("answers with more than {} MiB", self.limit >> 20);
                return Err(Failed { fault: Fault::Unreachable { why }, passing: false });
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Body { kind, bytes })
    }

    /// An answer with another status than 200.
    fn refused(&self, status: StatusCode, kind: &str, location: Option<&Url>) -> Failed {
        let passing = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
        let name = match status.canonical_reason() {
            Some(reason) => format!("{} {reason}", status.as_u16()),
            None => status.as_u16().to_string(),
        };
        let host = location.and_then(Url::host_str);
        let fault = match (status, &self.login) {
            (StatusCode::UNAUTHORIZED, Some(_)) => {
                Fault::Denied { why: "401: the user or the password file is wrong".to_owned() }
            }
            (StatusCode::UNAUTHORIZED, None) => {
                Fault::Denied { why: "401: it wants a user and a password file".to_owned() }
            }
            (StatusCode::FORBIDDEN, Some((user, _))) => {
                Fault::Denied { why: format!("403: the user {user} may not read this") }
            }
            (StatusCode::FORBIDDEN, None) => Fault::Denied {
                why: "403: nobody may read this without a user and a password file".to_owned(),
            },
            (StatusCode::NOT_FOUND, _) if is_page(kind) => Fault::Unreachable {
                why: format!("answers 404 with a web page ({}): is the url right?", media(kind)),
            },
            (StatusCode::NOT_FOUND, _) => Fault::NotFound,
            _ if status.is_redirection() => Fault::Unreachable {
                why: format!("{name}: it sends us on to {}: is the url right?", host.unwrap_or("nowhere")),
            },
            _ => Fault::Unreachable { why: name },
        };
        Failed { fault, passing }
    }

    /// No answer, or only the beginning of one.
    fn broken(&self, error: &reqwest::Error) -> Failed {
        let why = if error.is_timeout() {
            format!("no answer within {}", words(self.patience.timeout))
        } else if error.is_connect() {
            format!("cannot connect: {}", root(error))
        } else {
            format!("the connection broke: {}", root(error))
        };
        Failed { fault: Fault::Unreachable { why }, passing: true }
    }
}

/// Whether a media type is that of a web page.
pub(super) fn is_page(kind: &str) -> bool {
    matches!(media(kind), "text/html" | "application/xhtml+xml")
}

/// A media type without its parameters.
pub(super) fn media(kind: &str) -> &str {
    kind.split(';').next().unwrap_or("").trim()
}

/// Reads an http or https URL, without a user in it.
///
/// # Errors
/// Words for a person, without the URL: somebody may have put a password into it.
pub(super) fn url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("this is not a URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err("a URL here starts with https:// or http:// and a host".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a user in a URL ends up in logs: use username and password_file".to_owned());
    }
    Ok(url)
}

/// Whether a URL stays on this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or("").trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Follows a redirect only where it stays on the host and does not give up TLS.
fn stay(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let same = attempt.previous().last().is_some_and(|from| {
        let to = attempt.url();
        let host = |url: &Url| url.host_str().map(str::to_owned);
        let keeps_tls = from.scheme() == to.scheme() || to.scheme() == "https";
        host(from) == host(to) && keeps_tls
    });
    if same && attempt.previous().len() <= 5 { attempt.follow() } else { attempt.stop() }
}

/// The innermost cause, which is the one that says something, without the URL.
fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let text = cause.to_string();
    // ` (os error 111)` helps nobody at this hour.
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

fn words(time: Duration) -> String {
    if time.subsec_millis() == 0 {
        format!("{} s", time.as_secs())
    } else {
        format!("{} ms", time.as_millis())
    }
}
