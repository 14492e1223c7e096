//! A network of its own for a test: a server, with services or without, and its accounts.

use std::fs::{self, Permissions};
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

use super::client::Client;
use super::daemon::{Daemon, give_away};

/// Where the bot connects.
pub(crate) const PORT: u16 = 6667;
/// Where people connect.
pub(crate) const PEOPLE: u16 = 6668;
/// Where they connect by TLS.
pub(crate) const TLS_PORT: u16 = 6697;
/// Where servers and services connect.
const LINKS: u16 = 7000;

/// How a test wants its InspIRCd.
#[derive(Default)]
pub(crate) struct Wants<'a> {
    /// The accounts that services know.
    pub(crate) accounts: &'a [&'a str],
    /// It throws the bot out for saying too much, as public servers do.
    pub(crate) strict: bool,
    /// It listens to TLS too. Its certificate is for this name, or for its own address.
    pub(crate) tls: Option<Option<&'a str>>,
}

/// The servers of one network. Dropped, they are gone.
pub(crate) struct Network {
    /// The address that only this network has.
    pub(crate) host: String,
    folder: TempDir,
    server: Daemon,
    services: Option<Daemon>,
    second: Option<Daemon>,
}

impl Network {
    /// InspIRCd and services, or a loud word that they are not here.
    pub(crate) fn with_services(wants: &Wants<'_>) -> Option<Self> {
        if missing(&["inspircd", "atheme-services"]) || wants.tls.is_some() && missing(&["openssl"]) {
            return None;
        }
        let host = own_address();
        let folder = folder();
        let place = folder.path();
        if let Some(name) = wants.tls {
            certificates(place, name.unwrap_or(&host));
        }
        fs::write(place.join("inspircd.conf"), inspircd(place, &host, "irc.test", wants)).unwrap();
        fs::write(place.join("atheme.conf"), atheme(&host)).unwrap();
        fs::write(place.join("services.db"), accounts(wants.accounts)).unwrap();
        let (server, services) = start(place);
        Some(Self { host, folder, server, services: Some(services), second: None })
    }

    /// Server and services end without a word.
    pub(crate) fn stop(&mut self) {
        self.server.kill();
        self.services.iter_mut().for_each(Daemon::kill);
    }

    /// They start again.
    pub(crate) fn start_again(&mut self) {
        let (server, services) = start(self.folder.path());
        self.server = server;
        self.services = Some(services);
    }

    /// A file in its folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// ngircd, which knows no capability that the bot needs, or a loud word that it is not here.
    pub(crate) fn without_anything() -> Option<Self> {
        if missing(&["ngircd"]) {
            return None;
        }
        let host = own_address();
        let folder = folder();
        let file = folder.path().join("ngircd.conf");
        fs::write(&file, ngircd(&host)).unwrap();
        let mut server = Daemon::server("ngircd", &["-n", "-f", file.to_str().unwrap()]);
        server.until(" ready.");
        Some(Self { host, folder, server, services: None, second: None })
    }

    /// Where people connect.
    pub(crate) fn address(&self) -> (&str, u16) {
        (&self.host, PEOPLE)
    }

    /// People at their clients: each has a nick, and an account or none.
    pub(crate) fn people<const N: usize>(&self, who: [(&str, Option<&str>); N]) -> [Client; N] {
        // InspIRCd lets somebody in once a second, so they all come at once.
        let mut people = who.map(|(nick, account)| Client::knocking(self.address(), nick, account));
        people.iter_mut().for_each(Client::welcome);
        people
    }

    /// One of them.
    pub(crate) fn person(&self, nick: &str, account: Option<&str>) -> Client {
        let [person] = self.people([(nick, account)]);
        person
    }

    /// Somebody who runs the network.
    pub(crate) fn operator(&self) -> Client {
        let mut client = self.person("operator", None);
        client.send("OPER root toor");
        client.wait("the rights of an operator", |heard| heard.verb == "381");
        client
    }

    /// A second server, linked to the first, and where people connect to it.
    pub(crate) fn link_second(&mut self) -> String {
        let host = own_address();
        let file = self.folder.path().join("second.conf");
        let place = self.folder.path();
        let mut text = inspircd(place, &host, "irc2.test", &Wants::default());
        text.push_str(&link("irc.test", &self.host, LINKS));
        text += "<autoconnect period=\"1\" server=\"irc.test\">\n";
        fs::write(&file, text).unwrap();
        self.second = Some(start_inspircd(file.to_str().unwrap()));
        host
    }

    /// The second server is gone without a word: a netsplit for whoever was there.
    pub(crate) fn split(&mut self) {
        self.second = None;
    }
}

/// The password of an account.
pub(crate) fn password(account: &str) -> String {
    format!("{account}-of-the-tests")
}

/// An address of the loopback network that no other test has, so that no port can be taken.
pub(crate) fn own_address() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(1);
    let [_, _, high, low] = std::process::id().to_be_bytes();
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    // Some write pings to x.x.x.0 and x.x.x.255 to everybody; no test binary has 250 networks.
    format!("127.{}.{low}.{}", high.max(1), 1 + number % 250)
}

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    give_away(folder.path());
    folder
}

/// Whether a program is not here. Then the test is passed over, loudly; where everything must be tested it fails.
fn missing(programs: &[&str]) -> bool {
    let path = std::env::var("PATH").unwrap_or_default();
    let here =
        |program: &str| path.split(':').chain(["/usr/sbin"]).any(|dir| Path::new(dir).join(program).exists());
    let gone: Vec<&str> =
        programs.iter().copied().chain(["setpriv"]).filter(|program| !here(program)).collect();
    if gone.is_empty() {
        return false;
    }
    let why = format!("{} is not installed", gone.join(" and "));
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{why}");
    crate::review::skipped(&why);
    true
}

/// InspIRCd and services, linked.
fn start(place: &Path) -> (Daemon, Daemon) {
    let file = |name: &str| place.join(name).to_str().unwrap().to_owned();
    let server = start_inspircd(&file("inspircd.conf"));
    let (conf, log, pid) = (file("atheme.conf"), file("atheme.log"), file("atheme.pid"));
    let arguments = ["-n", "-c", &conf, "-D", place.to_str().unwrap(), "-l", &log, "-p", &pid];
    let mut services = Daemon::server("atheme-services", &arguments);
    services.until("finished synching with uplink");
    (server, services)
}

fn start_inspircd(file: &str) -> Daemon {
    let mut server = Daemon::server("inspircd", &["--nofork", "--nopid", "--config", file]);
    server.until("InspIRCd is now running");
    server
}

/// What both ends of a link must say.
const LINK_PASSWORD: &str = "link-of-the-tests";

fn link(name: &str, host: &str, port: u16) -> String {
    format!(
        "<link name=\"{name}\" ipaddr=\"{host}\" port=\"{port}\" allowmask=\"127.0.0.0/8\" timeout=\"30\" \
         sendpass=\"{LINK_PASSWORD}\" recvpass=\"{LINK_PASSWORD}\">\n"
    )
}

/// The modules that the issue names, and those with which an operator makes trouble.
const MODULES: &str = "cap ircv3 ircv3_accounttag ircv3_batch ircv3_capnotify ircv3_chghost ircv3_ctctags \
    ircv3_echomessage ircv3_msgid ircv3_servertime services_account sasl spanningtree botmode chghost sanick sajoin \
    samode";

fn inspircd(place: &Path, host: &str, name: &str, wants: &Wants<'_>) -> String {
    let place = place.display();
    let modules: String =
        MODULES.split_whitespace().map(|module| format!("<module name=\"{module}\">\n")).collect();
    let generous = "threshold=\"1000\" commandrate=\"1000000\" fakelag=\"off\"";
    // Each line is a second of penalty, and ten of them are the end.
    let strict = "threshold=\"10\" commandrate=\"1000\" fakelag=\"off\"";
    let limits = if wants.strict { strict } else { generous };
    let queues = "timeout=\"30\" pingfreq=\"120\" localmax=\"500\" globalmax=\"500\" maxchans=\"50\" \
        resolvehostnames=\"no\" hardsendq=\"16M\" softsendq=\"4M\" recvq=\"1M\"";
    let tls = if wants.tls.is_some() {
        format!(
            "<module name=\"ssl_gnutls\">\n\
             <sslprofile name=\"tests\" provider=\"gnutls\" certfile=\"{place}/certificate.pem\" keyfile=\"{place}/key.pem\">\n\
             <bind address=\"{host}\" port=\"{TLS_PORT}\" type=\"clients\" sslprofile=\"tests\">\n"
        )
    } else {
        String::new()
    };
    // An identifier of a server is a digit and two letters.
    let id = if name == "irc.test" { "1AA" } else { "2BB" };
    let services = link("services.test", host, LINKS + 1);
    let second = link("irc2.test", host, LINKS + 2);
    format!(
        "<config format=\"xml\">\n\
         <path configdir=\"{place}\" datadir=\"{place}\" logdir=\"{place}\" runtimedir=\"{place}\">\n\
         <server name=\"{name}\" description=\"a server of the tests\" network=\"testnet\" id=\"{id}\">\n\
         <admin name=\"tests\" nick=\"tests\" email=\"none\">\n\
         <dns server=\"{host}\" timeout=\"1\">\n\
         <bind address=\"{host}\" port=\"{PORT},{PEOPLE}\" type=\"clients\">\n\
         <bind address=\"{host}\" port=\"{LINKS}\" type=\"servers\">\n\
         {tls}<connect name=\"people\" allow=\"*\" port=\"{PEOPLE}\" {generous} {queues}>\n\
         <connect name=\"bots\" allow=\"*\" {limits} {queues}>\n\
         <log method=\"file\" type=\"* -USERINPUT -USEROUTPUT\" level=\"default\" target=\"{name}.log\">\n\
         {modules}<sasl target=\"services.test\" requiressl=\"no\">\n{services}{second}\
         <uline server=\"services.test\" silent=\"yes\">\n\
         <class name=\"all\" commands=\"*\" privs=\"*\" usermodes=\"*\" chanmodes=\"*\" snomasks=\"*\">\n\
         <type name=\"all\" classes=\"all\">\n\
         <oper name=\"root\" password=\"toor\" host=\"*@*\" type=\"all\">\n"
    )
}

/// An authority (`ca.pem`), one that has nothing to do with this (`other.pem`), and what the server shows: a certificate
/// for `name`, signed by the first.
fn certificates(place: &Path, name: &str) {
    let make = |arguments: &[&str]| {
        let made = Command::new("openssl")
            .current_dir(place)
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "2",
            ])
            .args(arguments)
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
    };
    for authority in ["ca", "other"] {
        let (key, out) = (format!("{authority}.key"), format!("{authority}.pem"));
        make(&["-subj", &format!("/CN={authority} of the tests"), "-keyout", &key, "-out", &out]);
    }
    let kind = if name.parse::<Ipv4Addr>().is_ok() { "IP" } else { "DNS" };
    let names = format!("subjectAltName={kind}:{name}");
    let (issuer, leaf) = (["-CA", "ca.pem", "-CAkey", "ca.key"], "basicConstraints=critical,CA:FALSE");
    let shown = ["-keyout", "key.pem", "-out", "certificate.pem", "-subj", "/CN=irc.test"];
    make(&[&issuer[..], &shown, &["-addext", &names, "-addext", leaf]].concat());
    // The server reads its key as the user that it runs as.
    fs::set_permissions(place.join("key.pem"), Permissions::from_mode(0o644)).unwrap();
}

fn atheme(host: &str) -> String {
    let modules = [
        "protocol/inspircd",
        "backend/opensex",
        "crypto/posix",
        "nickserv/main",
        "nickserv/identify",
        "nickserv/logout",
        "nickserv/register",
        "saslserv/main",
        "saslserv/plain",
    ];
    let modules: String = modules.map(|module| format!("loadmodule \"modules/{module}\";\n")).concat();
    format!(
        "{modules}\
         serverinfo {{ name = \"services.test\"; desc = \"services\"; numeric = \"00A\"; recontime = 1; \
         netname = \"testnet\"; hidehostsuffix = \"users.test\"; adminname = \"tests\"; adminemail = \"none\"; \
         registeremail = \"none\"; mta = \"/bin/true\"; loglevel = {{ error; info; }}; maxlogins = 100; maxusers = 0; \
         mdlimit = 30; emaillimit = 100; emailtime = 1; auth = none; casemapping = rfc1459; }};\n\
         uplink \"irc.test\" {{ host = \"{host}\"; port = {LINKS}; send_password = \"{LINK_PASSWORD}\"; \
         receive_password = \"{LINK_PASSWORD}\"; }};\n\
         nickserv {{ spam; no_nick_ownership; nick = \"NickServ\"; user = \"services\"; host = \"services.test\"; \
         real = \"accounts\"; }};\n\
         saslserv {{ nick = \"SaslServ\"; user = \"services\"; host = \"services.test\"; real = \"logins\"; }};\n\
         database {{ }};\n\
         general {{ kline_time = 7; clone_time = 0; commit_interval = 5; default_clone_allowed = 500; \
         flood_msgs = 0; flood_time = 10; }};\n"
    )
}

/// The database of services as they write it themselves, but that the passwords stand there as they are: it is allowed,
/// and an account costs no second of waiting to register it.
fn accounts(accounts: &[&str]) -> String {
    let mut text = "GRVER 1\nDBV 12\nLUID AAAAAAAZZ\n".to_owned();
    for (letter, account) in ('A'..='Z').zip(accounts) {
        text.push_str(&format!("MU AAAAAAAA{letter} {account} {} none 0 0 +b default\n", password(account)));
    }
    text
}

fn ngircd(host: &str) -> String {
    format!(
        "[Global]\nName = irc.test\nInfo = a server of the tests\nAdminInfo1 = tests\nMotdPhrase = \"hello\"\n\
         Listen = {host}\nPorts = {PORT},{PEOPLE}\n\
         [Limits]\nMaxConnections = 0\nMaxConnectionsIP = 0\nMaxPenaltyTime = 0\nPingTimeout = 120\n\
         [Options]\nDNS = no\nIdent = no\nPAM = no\n"
    )
}
