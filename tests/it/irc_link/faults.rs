//! What a server and a network can do to a connection (reliability F15 to F18, F23, F37).

use std::time::Duration;

use swatbot::config::{Irc, IrcLogin};
use swatbot::engine::LinkChange;
use swatbot::secret::Secret;
use tokio::time::Instant;

use super::super::fake_irc::{FakeIrc, Welcome};
use super::{connected, keep, network};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_reset_is_told_once_and_the_next_connection_is_there_in_seconds() {
    let (server, kept) = connected(|_| {}).await;
    tokio::time::sleep(120 * SECOND).await;
    let reset = Instant::now();
    server.reset();
    assert!(kept.ups(2).await - reset <= 5 * SECOND);
    assert_eq!(kept.lost(), [format!("127.0.0.1:{} broke the connection off", server.port())]);
    kept.tell(&["back"]);
    server.hears("back", 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_goes_silent_is_found_out_in_90_seconds() {
    let (server, kept) = connected(|_| {}).await;
    tokio::time::sleep(300 * SECOND).await;
    assert_eq!(kept.lost(), [""; 0], "quiet is no fault: it answers when it is asked");
    let frozen = Instant::now();
    server.freeze();
    let (at, why) = kept.loses().await;
    assert!(at - frozen <= 90 * SECOND, "{:?}: {why}", at - frozen);
    kept.ups(2).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_takes_nothing_is_given_up_in_ten_seconds() {
    let (server, kept) = connected(|irc| irc.line_every = Duration::ZERO).await;
    server.freeze();
    let frozen = Instant::now();
    let text = "x".repeat(300);
    // The machine takes some megabytes for the server before it takes nothing more.
    while kept.lost().is_empty() && frozen.elapsed() < 20 * SECOND {
        kept.tell(&[text.as_str(); 400]);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (at, why) = kept.loses().await;
    assert_eq!(why, "127.0.0.1 took nothing for 10 s");
    assert!(at - frozen < 20 * SECOND, "{:?}", at - frozen);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_welcomes_is_given_up_in_time() {
    let server = FakeIrc::here(None).await;
    server.welcome(Welcome::Silence);
    let began = Instant::now();
    let kept = keep(network(server.port()));
    let (at, why) = kept.loses().await;
    assert!(at - began <= 31 * SECOND, "{:?}: {why}", at - began);
    server.welcome(Welcome::Normal);
    kept.ups(1).await;
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_told_once_however_many_attempts_fail() {
    let (server, kept) = connected(|_| {}).await;
    server.refuse(6);
    server.close();
    kept.ups(2).await;
    let words: Vec<bool> =
        kept.changes().iter().map(|(_, change)| matches!(change, LinkChange::Lost(_))).collect();
    assert_eq!(words, [false, true, false]);
    assert_eq!(server.connections(), 8);
    server.close();
    kept.ups(3).await;
    assert_eq!(kept.lost().len(), 2, "the next outage is another one");
}

#[tokio::test(start_paused = true)]
async fn nothing_that_takes_connections_is_lost_once() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let kept = keep(network(port));
    let (_, why) = kept.loses().await;
    assert_eq!(why, format!("127.0.0.1:{port} takes no connection"));
    tokio::time::sleep(600 * SECOND).await;
    assert_eq!(kept.changes().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_flood_is_followed_by_a_minute_of_silence() {
    let (server, kept) = connected(|_| {}).await;
    tokio::time::sleep(120 * SECOND).await;
    server.send("ERROR :Closing Link: swatbot (Excess Flood)\r\n");
    server.close();
    let (at, why) = kept.loses().await;
    assert!(why.contains("Excess Flood"), "{why}");
    assert!(kept.ups(2).await - at >= 60 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_ban_ends_all_attempts() {
    let server = FakeIrc::here(None).await;
    server.welcome(Welcome::Lines(vec![
        ":irc.test 465 swatbot :You are banned from this server- Temporary K-line 1440 min.",
        "ERROR :Closing Link: 127.0.0.1 (K-Lined)",
    ]));
    let kept = keep(network(server.port()));
    let change = kept.until("the stop", |kept| kept.changes().into_iter().next()).await.1;
    assert!(matches!(change, LinkChange::Stopped(_)), "{change:?}");
    kept.tell(&["nobody will hear this"]);
    tokio::time::sleep(3600 * SECOND).await;
    assert_eq!((server.connections(), kept.changes().len()), (1, 1));
    kept.quit("swatbot restarts");
    kept.task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_login_that_has_worked_is_tried_again_when_services_are_away() {
    let login = |irc: &mut Irc| {
        irc.account = Some("swatbot".to_owned());
        let password = Some(Secret::new("hunter2".to_owned()));
        irc.login = IrcLogin::Password { file: "secret".into(), password };
    };
    let refuses = || {
        Welcome::Lines(vec![
            ":irc.test CAP * LS :sasl",
            ":irc.test CAP * ACK :sasl",
            ":irc.test 904 swatbot :SASL authentication failed",
        ])
    };
    let (server, kept) = connected(login).await;
    server.welcome(refuses());
    server.close();
    kept.loses().await;
    tokio::time::sleep(600 * SECOND).await;
    assert_eq!(kept.changes().len(), 2, "told once: {:?}", kept.changes());
    server.welcome(Welcome::Normal);
    kept.ups(2).await;
    // Where it never worked, somebody must look at it.
    let server = FakeIrc::here(None).await;
    server.welcome(refuses());
    let mut settings = network(server.port());
    login(&mut settings);
    let kept = keep(settings);
    let change = kept.until("the stop", |kept| kept.changes().into_iter().next()).await.1;
    assert!(matches!(&change, LinkChange::Stopped(why) if why.contains("(904)")), "{change:?}");
}

#[tokio::test(start_paused = true)]
async fn garbage_and_endless_lines_are_survived() {
    let (server, kept) = connected(|_| {}).await;
    for garbage in [
        &b":srv :oops\r\n"[..],
        b"\r\n\n\0\0\r\n",
        b"@@@ ::: \xff\xfe\r\n",
        b":a!b@c PRIVMSG #ops :caf\xe9\r\n",
        b"@a=\\",
        b"\r\n:\r\n \r\n",
    ] {
        server.send(garbage);
    }
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..64 {
        server.send(&piece);
    }
    server.send("\r\n");
    server.say("account=alice", "alice", "#ops", "after all that");
    kept.until("the last line", |kept| {
        kept.pastes().concat().contains(&"after all that".to_owned()).then_some(())
    })
    .await;
    assert!(kept.pastes().concat().iter().any(|line| line == "caf\u{fffd}"), "{:?}", kept.pastes());
    assert_eq!((server.connections(), kept.lost().len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_name_without_an_address_is_told_in_words() {
    let mut settings = network(6667);
    settings.server = "no such host".to_owned();
    let kept = keep(settings);
    let (_, why) = kept.loses().await;
    assert!(why.starts_with("no address can be found for no such host: "), "{why}");
}
