//! Who is trusted, who is not, and what is said about it.

use std::path::PathBuf;

use swatbot::config::{Irc, IrcLogin};

use super::super::fake_irc::{FakeIrc, Tls, certificates};
use super::{Kept, keep, network};

/// A file of `tests/samples/tls`.
fn sample(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/samples/tls")).join(name)
}

/// A server with this certificate, and a bot that is to connect to it by the name that the good one has.
async fn with(identity: &str, change: impl FnOnce(&mut Irc)) -> (FakeIrc, Kept) {
    let tls = Tls { identity: sample(identity), clients: Some(sample("ca.pem")) };
    let server = FakeIrc::here(Some(tls)).await;
    let mut settings = network(server.port());
    settings.tls = true;
    settings.server = "localhost".to_owned();
    change(&mut settings);
    (server, keep(settings))
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_the_file_vouches_for_is_taken() {
    for (identity, file) in [("named.pem", "ca.pem"), ("selfsigned.pem", "selfsigned.pem")] {
        let (server, kept) = with(identity, |irc| irc.ca_file = Some(sample(file))).await;
        kept.ups(1).await;
        kept.tell(&["under lock and key"]);
        server.hears("under lock and key", 1).await;
        assert_eq!(server.certificate(), None, "the bot shows a certificate only where it logs in with one");
        kept.quit("swatbot restarts");
        kept.task.await.unwrap();
        server.hears("QUIT :swatbot restarts", 1).await;
    }
}

#[tokio::test(start_paused = true)]
async fn any_other_certificate_is_refused_in_words() {
    let ca = sample("ca.pem");
    let refused = [
        ("misnamed.pem", Some("ca.pem"), "the certificate of localhost is for another name".to_owned()),
        ("named.pem", Some("selfsigned.pem"), {
            let file = sample("selfsigned.pem");
            format!("the certificate of localhost is not vouched for by {}", file.display())
        }),
        ("selfsigned.pem", Some("ca.pem"), {
            "the certificate of localhost is signed by itself; name it as ca_file if you trust it".to_owned()
        }),
        ("named.pem", Some("README.md"), {
            let file = sample("README.md");
            format!("{} does not hold certificates to check the server's against", file.display())
        }),
    ];
    for (identity, file, words) in refused {
        let (server, kept) = with(identity, |irc| irc.ca_file = file.map(sample)).await;
        let (_, why) = kept.loses().await;
        assert!(why.starts_with(&words), "{identity}, {file:?}: {why}");
        assert!(server.said().is_empty(), "nothing is said to a stranger");
    }
    // Whatever this machine trusts, it is not the authority of these tests.
    let (server, kept) = with("named.pem", |_| {}).await;
    let (_, why) = kept.loses().await;
    let no_roots = why.starts_with("this machine's certificates cannot be read");
    assert!(
        why == "the certificate of localhost is not vouched for by anybody this machine trusts" || no_roots,
        "{why}"
    );
    assert!(server.said().is_empty(), "{}", ca.display());
}

#[tokio::test(start_paused = true)]
async fn a_server_without_tls_is_told_in_words() {
    let server = FakeIrc::here(None).await;
    // It answers a handshake in plain text.
    server.welcome(super::super::fake_irc::Welcome::Lines(vec!["ERROR :Closing link: speak IRC"]));
    let mut settings = network(server.port());
    settings.tls = true;
    settings.ca_file = Some(sample("ca.pem"));
    let kept = keep(settings);
    let (_, why) = kept.loses().await;
    assert_eq!(why, format!("127.0.0.1:{} does not speak TLS", server.port()));
}

#[tokio::test(start_paused = true)]
async fn a_login_by_certificate_shows_it() {
    let (server, kept) = with("named.pem", |irc| {
        irc.ca_file = Some(sample("ca.pem"));
        irc.login = IrcLogin::Certificate { file: sample("client.pem") };
        irc.account = Some("swatbot".to_owned());
    })
    .await;
    kept.ups(1).await;
    assert_eq!(
        server.certificate().as_deref(),
        certificates(&sample("client.pem")).first().map(AsRef::as_ref)
    );
    assert!(server.heard("AUTHENTICATE")[0].ends_with("EXTERNAL"));
}

#[tokio::test(start_paused = true)]
async fn a_file_without_a_key_is_told_in_words() {
    let (_server, kept) = with("named.pem", |irc| {
        irc.ca_file = Some(sample("ca.pem"));
        irc.login = IrcLogin::Certificate { file: sample("ca.pem") };
    })
    .await;
    let (_, why) = kept.loses().await;
    let words = format!("{} does not hold the bot's certificate and its key", sample("ca.pem").display());
    assert!(why.starts_with(&words), "{why}");
}
