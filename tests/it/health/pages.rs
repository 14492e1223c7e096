//! Pages of hosts: what is bad, what is unknown, and that every question ends.

use std::fs::File;
use std::io::{BufReader, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::{HERE, check, measure};
use crate::fake_host::{Answer, FakeHost};

/// A check of one page on these hosts.
fn pages(hosts: &[&FakeHost], more: &str) -> String {
    let names: Vec<String> = hosts.iter().map(|host| host.ip()).collect();
    let port = hosts[0].port();
    format!(
        "kind = \"http\"\nurls = [\"http://www.example.org:{port}/wiki\"]\nhosts = {names:?}\n{HERE}\n{more}"
    )
}

#[test]
fn each_host_is_asked_by_the_name_of_the_page() {
    let first = FakeHost::start();
    let second = first.beside();
    for host in [&first, &second] {
        host.page("/wiki", "all <b>is</b> well");
    }
    let checks = check(&pages(&[&first, &second], "body = \"is</b> w.ll\"\nlatency = \"60s\""));
    let found = measure(&checks).unwrap();
    assert_eq!((found.value, found.good, found.top.len()), (Some(0.0), Some(true), 0));
    assert!(found.words.starts_with("all 2 hosts good, the slowest in "), "{}", found.words);
    for host in [&first, &second] {
        let [request] = &host.requests()[..] else { panic!("one request each") };
        let wanted = format!("host: www.example.org:{}", first.port());
        assert!(request.lines().any(|line| line.eq_ignore_ascii_case(&wanted)), "{request}");
        assert!(
            !request.to_lowercase().contains("cookie") && !request.to_lowercase().contains("authorization")
        );
    }
}

#[test]
fn whatever_a_host_does_it_is_bad_and_in_time() {
    let first = FakeHost::start();
    first.page("/wiki", "hello");
    let answers = [
        (Answer::Page(500, "hello".to_owned()), "500"),
        (Answer::Page(200, "PHP Fatal error".to_owned()), "the page does not say what it should"),
        (Answer::Page(404, "hello".to_owned()), "404"),
        (Answer::Hang, "no whole answer within 1 s"),
        (Answer::Drip, "no whole answer within 1 s"),
        (Answer::Drop, "the connection broke"),
        (Answer::Huge(3 << 20), "answers with more than 1 MiB"),
    ];
    let hosts: Vec<FakeHost> = answers.iter().map(|_| first.beside()).collect();
    for (host, (answer, _)) in hosts.iter().zip(&answers) {
        host.answer("/wiki", answer.clone());
    }
    let all: Vec<&FakeHost> = [&first].into_iter().chain(&hosts).collect();
    let checks = check(&pages(&all, "body = \"hello\"\ntimeout = \"1s\""));
    let began = Instant::now();
    let found = measure(&checks).unwrap();
    // All of them were asked at the same time, and a byte now and then is no reason to wait longer.
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert_eq!((found.value, found.good), (Some(7.0), Some(false)));
    assert_eq!(found.words, "7 of 8 hosts bad");
    assert_eq!(found.top.len(), 5, "the first five are told");
    for (told, (host, (answer, why))) in found.top.iter().zip(hosts.iter().zip(&answers)) {
        assert!(told.starts_with(&format!("{}: ", host.ip())) && told.contains(why), "{told} for {answer:?}");
    }
    // Each of them alone, so that those behind the first five are seen too.
    for (host, (_, why)) in hosts.iter().zip(&answers).skip(5) {
        let found = measure(&check(&pages(&[host], "timeout = \"1s\""))).unwrap();
        assert!(found.good == Some(false) && found.words.contains(why), "{}", found.words);
    }
}

#[test]
fn a_host_without_a_server_is_bad_and_what_cannot_be_found_is_unknown() {
    let host = FakeHost::start();
    host.page("/wiki", "hello");
    let gone = host.beside();
    let (ip, page) = (gone.ip(), pages(&[&host, &gone], ""));
    drop(gone);
    let found = measure(&check(&page)).unwrap();
    assert_eq!(found.words, "1 of 2 hosts bad");
    assert_eq!(found.top, [format!("{ip}: refuses connections")]);
    let unknown = page.replace(&ip, "nowhere.invalid");
    let why = measure(&check(&unknown)).unwrap_err();
    assert!(why.starts_with("cannot reach nowhere.invalid: "), "{why}");
}

#[test]
fn an_answer_may_be_whole_and_too_late() {
    let host = FakeHost::start();
    host.answer("/wiki", Answer::Late(Duration::from_millis(300), "hello".to_owned()));
    let found = measure(&check(&pages(&[&host], "latency = \"200ms\""))).unwrap();
    assert_eq!((found.value, found.good), (Some(1.0), Some(false)));
    let why = found.words.strip_prefix(&format!("{}: took ", host.ip())).expect(&found.words);
    let (took, than) = why.split_once(" ms, more than ").expect(why);
    assert!(took.parse::<u64>().unwrap() >= 300 && than == "200 ms", "{why}");
    let found = measure(&check(&pages(&[&host], "latency = \"4s\""))).unwrap();
    assert_eq!(found.good, Some(true), "{}", found.words);
}

#[test]
fn an_answer_may_have_another_status_than_is_wanted() {
    let host = FakeHost::start();
    host.page("/wiki", &"x".repeat(1000));
    let found = measure(&check(&pages(&[&host], "status = 204"))).unwrap();
    assert_eq!((found.good, found.words.as_str()), (Some(false), &*format!("{}: 200 OK", host.ip())));
}

#[test]
fn each_page_is_asked_of_each_host() {
    let first = FakeHost::start();
    let second = first.beside();
    let both = [&first, &second];
    for host in both {
        host.page("/wiki", "hello");
        host.page("/api", "hello");
    }
    let more = format!(
        "urls = [\"http://www.example.org:{0}/wiki\", \"http://api.example.org:{0}/api\"]",
        first.port()
    );
    let text: Vec<String> = pages(&both, "body = \"hello\"").lines().map(str::to_owned).collect();
    let text: Vec<&str> =
        text.iter().map(|line| if line.starts_with("urls") { &*more } else { line }).collect();
    let checks = check(&text.join("\n"));
    let found = measure(&checks).unwrap();
    assert!(found.words.starts_with("all 4 pages of hosts good"), "{}", found.words);
    for host in both {
        let asked = host.requests().join("\n").to_lowercase();
        assert_eq!(host.requests().len(), 2);
        assert!(
            asked.contains("host: www.example.org") && asked.contains("host: api.example.org"),
            "{asked}"
        );
    }
    second.answer("/api", Answer::Page(500, "hello".to_owned()));
    let found = measure(&checks).unwrap();
    assert_eq!((found.value, found.words.as_str()), (Some(1.0), "1 of 4 pages of hosts bad"));
    assert_eq!(found.top, [format!("{}/api: 500 Internal Server Error", second.ip())]);
}

#[test]
fn what_unpacks_to_more_than_it_may_is_not_unpacked_whole() {
    let host = FakeHost::start();
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    // A thousandth of it comes over the wire.
    packed.write_all(&vec![b'x'; 64 << 20]).unwrap();
    let packed = packed.finish().unwrap();
    assert!(packed.len() < 100_000);
    host.answer("/wiki", Answer::Packed(packed));
    let found = measure(&check(&pages(&[&host], "body = \"x\""))).unwrap();
    assert!(found.words.ends_with("answers with more than 1 MiB"), "{}", found.words);
}

/// A file of `tests/samples/tls`.
fn sample(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/samples/tls")).join(name)
}

fn with(identity: &str) -> FakeHost {
    let open = || BufReader::new(File::open(sample(identity)).unwrap());
    let chain = CertificateDer::pem_reader_iter(open()).collect::<Result<Vec<_>, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_reader(open()).unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let tls = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    let host = FakeHost::with_tls(tls);
    host.page("/", "hello");
    host
}

#[test]
fn whoever_has_the_wrong_certificate_is_somebody_else() {
    for (identity, ca_file, is_good) in [
        ("named.pem", Some("ca.pem"), true),
        ("named.pem", None, false),
        ("misnamed.pem", Some("ca.pem"), false),
        ("selfsigned.pem", Some("ca.pem"), false),
    ] {
        let host = with(identity);
        let ca_file = ca_file.map(|name| format!("ca_file = {:?}", sample(name))).unwrap_or_default();
        // By its name alone, and as one of the hosts of a page, whose name counts and not its address.
        for hosts in ["", "hosts = [\"127.0.0.1\"]"] {
            let page = format!("urls = [\"https://localhost:{}/\"]\n{hosts}", host.port());
            let found = measure(&check(&format!("kind = \"http\"\n{page}\n{HERE}\n{ca_file}")));
            match found {
                Ok(found) => assert!(is_good && found.good == Some(true), "{identity}: {}", found.words),
                Err(why) => {
                    assert!(!is_good && why.contains("certificate"), "{identity}: {why}");
                    assert!(host.requests().is_empty(), "nothing was asked of it");
                }
            }
        }
    }
}
