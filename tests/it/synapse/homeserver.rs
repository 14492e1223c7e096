//! A homeserver of its own for a test.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::person::Person;
use super::rest::Rest;
use crate::ircd::daemon::Daemon;
use crate::ircd::network::own_address;

/// Where it listens; the address is what no other test has.
const PORT: u16 = 8008;
/// What it calls itself.
pub(super) const NAME: &str = "synapse.test";

/// A running Synapse. Dropped, it is gone, with all that was said.
pub(super) struct Homeserver {
    host: String,
    folder: TempDir,
    server: Daemon,
}

impl Homeserver {
    /// One that lets everybody do as much as they like, or a loud word that there is no Synapse here.
    pub(super) fn generous() -> Option<Self> {
        Self::with(GENEROUS)
    }

    /// One with the limits that it has by itself.
    pub(super) fn with_default_limits() -> Option<Self> {
        Self::with("")
    }

    fn with(limits: &str) -> Option<Self> {
        if missing() {
            return None;
        }
        let host = own_address();
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path();
        fs::write(place.join("homeserver.yaml"), configuration(place, &host, limits)).unwrap();
        fs::write(place.join("log.yaml"), LOG).unwrap();
        let server = start(place);
        let homeserver = Self { host, folder, server };
        homeserver.must_answer();
        Some(homeserver)
    }

    /// Its address, as clients are told it.
    pub(super) fn url(&self) -> String {
        format!("http://{}:{PORT}", self.host)
    }

    /// Somebody who asks it for things, without an account.
    pub(super) fn rest(&self) -> Rest {
        Rest::to(&self.host, PORT)
    }

    /// Somebody with a new account, at a client.
    pub(super) fn person(&self, name: &str) -> Person {
        Person::new(self.rest(), name)
    }

    /// It is gone without a word, and keeps what it has.
    pub(super) fn stop(&mut self) {
        self.server.kill();
    }

    /// It starts again.
    pub(super) fn start_again(&mut self) {
        self.server = start(self.folder.path());
        self.must_answer();
    }

    /// Runs a statement in its database, which nobody else may have open.
    pub(super) fn sql(&mut self, statement: &str) {
        self.stop();
        let database = rusqlite::Connection::open(self.folder.path().join("homeserver.db")).unwrap();
        database.execute_batch(statement).unwrap();
        drop(database);
        self.start_again();
    }

    fn must_answer(&self) {
        let (status, versions) = self.rest().get("/_matrix/client/versions");
        assert_eq!(status, 200, "{versions}");
    }
}

/// The folder of the virtual environment with Synapse and matrix-nio, which `.ci/run` makes.
fn environment() -> PathBuf {
    match std::env::var_os("SWATBOT_SYNAPSE") {
        Some(other) => other.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("target/synapse"),
    }
}

/// The Python of that environment.
pub(super) fn python() -> String {
    environment().join("bin/python").to_str().unwrap().to_owned()
}

/// Whether there is no Synapse. Then the test is passed over, loudly; where everything must be tested it fails.
fn missing() -> bool {
    let here = environment().join("bin/synapse_homeserver").exists();
    if here {
        return false;
    }
    let why = "there is no Synapse in target/synapse: CONTRIBUTING.md says how to install it";
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{why}");
    crate::review::skipped(why);
    true
}

fn start(place: &Path) -> Daemon {
    let file = place.join("homeserver.yaml");
    let arguments = ["-m", "synapse.app.homeserver", "-c", file.to_str().unwrap()];
    let mut server = Daemon::program(&python(), &arguments);
    server.until("Synapse now listening");
    server
}

/// Says that it listens, and faults.
const LOG: &str = "version: 1\n\
    formatters: {plain: {format: '%(levelname)s %(name)s %(message)s'}}\n\
    handlers: {out: {class: logging.StreamHandler, formatter: plain}}\n\
    loggers: {synapse.app._base: {level: INFO}}\n\
    root: {level: WARNING, handlers: [out]}\n\
    disable_existing_loggers: false\n";

const GENEROUS: &str = "rc_message: &generous {per_second: 1000000, burst_count: 1000000}\n\
    rc_registration: *generous\n\
    rc_login: {address: *generous, account: *generous, failed_attempts: *generous}\n\
    rc_joins: {local: *generous}\n\
    rc_joins_per_room: *generous\n\
    rc_invites: {per_room: *generous, per_user: *generous, per_issuer: *generous}\n\
    rc_room_creation: *generous\n";

/// It talks to no other server and tells nobody of itself. Its passwords are worth no time.
fn configuration(place: &Path, host: &str, limits: &str) -> String {
    let place = place.display();
    format!(
        "server_name: {NAME}\n\
         pid_file: {place}/pid\n\
         log_config: {place}/log.yaml\n\
         listeners: [{{bind_addresses: [{host}], port: {PORT}, type: http, tls: false, \
         resources: [{{names: [client], compress: false}}]}}]\n\
         database: {{name: sqlite3, args: {{database: {place}/homeserver.db}}}}\n\
         media_store_path: {place}/media\n\
         signing_key_path: {place}/signing.key\n\
         macaroon_secret_key: of-the-tests\n\
         form_secret: of-the-tests\n\
         report_stats: false\n\
         trusted_key_servers: []\n\
         suppress_key_server_warning: true\n\
         federation_domain_whitelist: []\n\
         enable_registration: true\n\
         enable_registration_without_verification: true\n\
         bcrypt_rounds: 4\n\
         presence: {{enabled: false}}\n\
         {limits}"
    )
}
