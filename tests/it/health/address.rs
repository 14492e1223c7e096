//! Where nothing is asked, whoever says that it should be.

use super::{HERE, check, measure, try_check};
use crate::fake_host::{Answer, FakeHost};

/// What is said of a page at this host when only public addresses may be asked.
fn refused(host: &str, networks: &str) -> Option<String> {
    let page = format!("kind = \"http\"\nurls = [\"https://{host}/\"]\nnetworks = [{networks}]");
    try_check(&page).err()
}

#[test]
fn addresses_that_are_not_public_are_refused_before_anything_is_asked() {
    for host in [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "0.1.2.3",
        "192.0.2.1",
        "198.18.0.1",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "192.88.99.1",
        "192.0.0.8",
        "[::1]",
        "[::]",
        "[fe80::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[ff02::1]",
        "[::ffff:10.0.0.1]",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::a00:1]",
        "[2002:a00:1::]",
        "[2001:db8::1]",
        "[2001::1]",
        "[::10.0.0.1]",
        "[100::1]",
        "2130706433",
        "0x7f.1",
        "017700000001",
    ] {
        let why = refused(host, "").unwrap_or_default();
        assert!(why.contains("which is in none of its networks"), "{host}: {why:?}");
    }
    for host in ["8.8.8.8", "100.128.0.1", "172.32.0.1", "[2620:0:861::1]", "www.example.org"] {
        assert_eq!(refused(host, ""), None, "{host}");
    }
}

#[test]
fn what_a_file_names_is_allowed_but_for_what_never_is() {
    let everything = "\"0.0.0.0/0\", \"::/0\"";
    for host in ["10.1.2.3", "127.0.0.1", "[fc00::1]", "[::ffff:10.0.0.1]"] {
        assert_eq!(refused(host, everything), None, "{host}");
    }
    for host in [
        "169.254.169.254",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "224.0.0.1",
        "0.0.0.0",
        "[::]",
        "255.255.255.255",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::a9fe:a9fe]",
        "[2002:a9fe:a9fe::]",
        "[::169.254.169.254]",
        "[ff02::1]",
    ] {
        assert!(refused(host, everything).is_some(), "{host}");
    }
    assert!(
        refused("10.64.0.1", "\"10.64.0.0/16\"").is_none()
            && refused("10.65.0.1", "\"10.64.0.0/16\"").is_some()
    );
    assert!(refused("10.0.0.7", "\"10.0.0.7\"").is_none() && refused("10.0.0.8", "\"10.0.0.7\"").is_some());
}

#[test]
fn a_name_is_judged_by_where_it_leads_and_nothing_is_connected() {
    let host = FakeHost::start();
    host.page("/", "hello");
    // The name is fine, where it leads is not.
    for networks in ["networks = [\"10.0.0.0/8\"]", "networks = [\"127.0.0.0/30\"]"] {
        let to = format!("urls = [\"http://www.example.org:{}/\"]\nhosts = [\"{}\"]", host.port(), host.ip());
        let why = measure(&check(&format!("kind = \"http\"\n{to}\n{networks}"))).unwrap_err();
        let expected =
            format!("cannot reach {0}: {0} leads to {0}, which is in none of its networks", host.ip());
        assert_eq!(why, expected);
    }
    let why = measure(&check("kind = \"http\"\nurls = [\"https://localhost:1/\"]")).unwrap_err();
    assert!(why.starts_with("cannot reach https://localhost:1/: localhost leads to "), "{why}");
    let why = measure(&check("kind = \"http\"\nurls = [\"https://nowhere.invalid/\"]")).unwrap_err();
    assert!(why.starts_with("cannot reach https://nowhere.invalid/: "), "{why}");
    assert!(host.requests().is_empty());
}

#[test]
fn nobody_is_sent_on() {
    let (host, other) = (FakeHost::start(), FakeHost::start());
    other.page("/", "hello");
    host.answer("/", Answer::Redirect(format!("{}/", other.url())));
    let page = format!("kind = \"http\"\nurls = [\"{}/\"]\n{HERE}", host.url());
    let found = measure(&check(&page)).unwrap();
    assert_eq!((found.good, found.words.contains("302")), (Some(false), true), "{}", found.words);
    assert!(other.requests().is_empty());
}
