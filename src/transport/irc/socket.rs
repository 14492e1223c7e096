//! The way to a server: its name, its address, TCP, and TLS with everything that can be wrong with it in plain words.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, InvalidMessage, RootCertStore,
    SignatureScheme,
};
use rustls_platform_verifier::Verifier;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::config::{Irc, IrcLogin};

/// All of it, from the name to the last word of the handshake.
const CONNECT: Duration = Duration::from_secs(15);
/// So many addresses of one name are tried in one attempt.
const ADDRESSES: usize = 3;

/// Both directions of a connection, encrypted or not.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Connects, within 15 s. A name with many addresses begins with another one in each `attempt`.
///
/// # Errors
/// Why not, in words for a person.
pub async fn connect(settings: &Irc, attempt: usize) -> Result<Box<dyn Stream>, String> {
    let place = place(settings);
    match timeout(CONNECT, connect_in_time(settings, attempt)).await {
        Ok(result) => result,
        Err(_) => Err(format!("{place} did not answer within {} s", CONNECT.as_secs())),
    }
}

fn place(settings: &Irc) -> String {
    format!("{}:{}", settings.server, settings.port)
}

async fn connect_in_time(settings: &Irc, attempt: usize) -> Result<Box<dyn Stream>, String> {
    // Files are read again each time: a certificate may have been renewed since.
    let tls = if settings.tls { Some(client_config(settings)?) } else { None };
    let socket = dial(settings, attempt).await?;
    // Two lines that go out one shortly after the other would wait for the other side's acknowledgement.
    socket.set_nodelay(true).map_err(|error| format!("{} cannot be used: {error}", place(settings)))?;
    let Some(config) = tls else { return Ok(Box::new(socket)) };
    let name = ServerName::try_from(settings.server.clone())
        .map_err(|_| format!("{:?} is not a name that a certificate could have", settings.server))?;
    match TlsConnector::from(Arc::new(config)).connect(name, socket).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => Err(fault(settings, &error)),
    }
}

async fn dial(settings: &Irc, attempt: usize) -> Result<TcpStream, String> {
    let server = &settings.server;
    let found = tokio::net::lookup_host((server.as_str(), settings.port)).await;
    let mut addresses: Vec<SocketAddr> =
        found.map_err(|error| format!("no address can be found for {server}: {error}"))?.collect();
    if addresses.is_empty() {
        return Err(format!("{server} has no address"));
    }
    let begin = attempt % addresses.len();
    addresses.rotate_left(begin);
    addresses.truncate(ADDRESSES);
    // An address that swallows everything leaves the others their share of the time.
    let share = CONNECT / u32::try_from(addresses.len()).unwrap_or(1);
    let mut why = String::new();
    for address in addresses {
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(socket)) => return Ok(socket),
            Ok(Err(error)) => why = fault(settings, &error),
            Err(_) => why = format!("{} did not answer", place(settings)),
        }
    }
    Err(why)
}

/// What went wrong with a socket, in words for a person.
pub fn fault(settings: &Irc, error: &io::Error) -> String {
    if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return tls_fault(settings, tls);
    }
    let place = place(settings);
    match error.kind() {
        io::ErrorKind::ConnectionRefused => format!("{place} takes no connection"),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof => {
            format!("{place} broke the connection off")
        }
        io::ErrorKind::TimedOut => format!("{place} did not answer"),
        _ => format!("the connection to {place} failed: {error}"),
    }
}

fn tls_fault(settings: &Irc, error: &rustls::Error) -> String {
    let server = &settings.server;
    let place = place(settings);
    let certificate = |what: &str| format!("the certificate of {server} {what}");
    match error {
        rustls::Error::InvalidCertificate(fault) => match fault {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                certificate("is for another name")
            }
            CertificateError::UnknownIssuer => match &settings.ca_file {
                Some(file) => certificate(&format!("is not vouched for by {}", file.display())),
                None => certificate("is not vouched for by anybody this machine trusts"),
            },
            // The fault has no name of its own: a certificate that may sign others stands where it may not.
            CertificateError::Other(other) if other.to_string() == "CaUsedAsEndEntity" => {
                certificate("is signed by itself; name it as ca_file if you trust it")
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => certificate("has run out"),
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                certificate("is not valid yet")
            }
            CertificateError::Revoked => certificate("was revoked"),
            other => certificate(&format!("is not good: {other}")),
        },
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            format!("{place} does not speak TLS")
        }
        rustls::Error::AlertReceived(
            alert @ (AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied),
        ) => format!("{place} does not take the bot's certificate ({alert:?})"),
        other => format!("TLS with {place} failed: {other}"),
    }
}

/// How TLS is spoken: whom we trust, and who we are.
fn client_config(settings: &Irc) -> Result<ClientConfig, String> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be used: {error}"))?
        .dangerous()
        .with_custom_certificate_verifier(verifier(settings, provider)?);
    let IrcLogin::Certificate { file } = &settings.login else { return Ok(builder.with_no_client_auth()) };
    let unreadable = |error: &dyn std::fmt::Display| {
        format!("{} does not hold the bot's certificate and its key: {error}", file.display())
    };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    let chain = chain.map_err(|error| unreadable(&error))?;
    let key = PrivateKeyDer::from_pem_file(file).map_err(|error| unreadable(&error))?;
    builder.with_client_auth_cert(chain, key).map_err(|error| unreadable(&error))
}

fn verifier(settings: &Irc, provider: Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, String> {
    let Some(file) = &settings.ca_file else {
        return match Verifier::new(provider) {
            Ok(verifier) => Ok(Arc::new(verifier)),
            Err(error) => Err(format!("this machine's certificates cannot be read: {error}")),
        };
    };
    let unreadable = |error: &dyn std::fmt::Display| {
        format!("{} does not hold certificates to check the server's against: {error}", file.display())
    };
    let named: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    let named = named.map_err(|error| unreadable(&error))?;
    let mut roots = RootCertStore::empty();
    for certificate in &named {
        roots.add(certificate.clone()).map_err(|error| unreadable(&error))?;
    }
    let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|error| unreadable(&error))?;
    Ok(Arc::new(Pinned { named, chain }))
}

/// Trusts what a file names and nothing else: its certificates as they are, and those they signed.
#[derive(Debug)]
struct Pinned {
    named: Vec<CertificateDer<'static>>,
    chain: Arc<WebPkiServerVerifier>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        // Most servers that sign for themselves say that they may sign for others too, which a chain does not allow at its
        // end. Here it does not matter what the certificate says: it is the one that the operator looked at.
        if self.named.iter().any(|named| named == end_entity) {
            return Ok(ServerCertVerified::assertion());
        }
        self.chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.chain.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.chain.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chain.supported_verify_schemes()
    }
}
