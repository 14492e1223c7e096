//! A Gerrit on loopback. It is a model and no list of canned answers: changes are held, and votes, uploads and merges
//! change what every endpoint says. It leaves out what was not asked for with `o=`, as the real one does.

mod rest;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;

use serde_json::{Value, json};

/// A running server; it stops when it is dropped.
pub(crate) struct FakeGerrit {
    model: Arc<Mutex<Model>>,
    address: SocketAddr,
    accepting: Option<JoinHandle<()>>,
}

/// What goes wrong with an answer.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// This status, content type and body.
    Answer(u16, &'static str, &'static str),
    /// A redirect to this URL.
    Redirect(String),
    /// This many bytes of JSON.
    Huge(usize),
    /// The connection is closed without a byte.
    Drop,
    /// The connection stays open, and nothing comes.
    Hang,
}

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Path and query, decoded.
    pub(crate) path: String,
    /// The `Authorization` header.
    pub(crate) authorization: Option<String>,
}

#[derive(Default)]
struct Model {
    changes: BTreeMap<u64, Value>,
    included_in: BTreeMap<u64, BTreeSet<String>>,
    /// The patch of each change, as git writes it.
    patches: BTreeMap<u64, String>,
    /// Other paths, as type and body.
    pages: BTreeMap<String, (&'static str, String)>,
    /// What goes wrong: a part of the path, the trouble, and how many times it is left.
    troubles: Vec<(String, Trouble, usize)>,
    /// The `Authorization` that `/a/` wants.
    password: Option<String>,
    requests: Vec<Request>,
    now: String,
    stopped: bool,
}

impl FakeGerrit {
    /// Starts on a free port, without changes, at 14:00 on 2 January 2018.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let now = "2018-01-02 14:00:00.000000000".to_owned();
        let model = Arc::new(Mutex::new(Model { now, ..Model::default() }));
        let shared = Arc::clone(&model);
        let accepting = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if lock(&shared).stopped {
                    break;
                }
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || rest::serve(stream, &shared));
            }
        });
        Self { model, address, accepting: Some(accepting) }
    }

    /// The root to configure.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/r/", self.address)
    }

    /// The time that later actions carry, as Gerrit writes it.
    pub(crate) fn set_time(&self, now: &str) {
        lock(&self.model).now = now.to_owned();
    }

    /// Adds a ChangeInfo, or replaces the one with its number.
    pub(crate) fn put(&self, change: Value) {
        let number = change["_number"].as_u64().expect("a change has a number");
        lock(&self.model).changes.insert(number, change);
    }

    /// Gives a change a diff, as git writes it. Without one, lines of nothing are added and removed in its files.
    pub(crate) fn put_patch(&self, number: u64, patch: &str) {
        lock(&self.model).patches.insert(number, patch.to_owned());
    }

    /// The whole patch of a change.
    pub(crate) fn patch(&self, number: u64) -> String {
        let model = lock(&self.model);
        model.patch(&model.changes[&number], None)
    }

    /// The change as it stands.
    pub(crate) fn change(&self, number: u64) -> Value {
        lock(&self.model).changes[&number].clone()
    }

    /// Merges a change: it is in its branch from now on.
    pub(crate) fn submit(&self, number: u64) {
        let branch = self.edit(number, |change, now| {
            change["status"] = "MERGED".into();
            change["submitted"] = now.into();
            change["branch"].as_str().expect("a change has a branch").to_owned()
        });
        self.include(number, &branch);
    }

    /// Says that `branch` holds a change.
    pub(crate) fn include(&self, number: u64, branch: &str) {
        lock(&self.model).included_in.entry(number).or_default().insert(branch.to_owned());
    }

    /// Gives a change up.
    pub(crate) fn abandon(&self, number: u64) {
        self.edit(number, |change, _| change["status"] = "ABANDONED".into());
    }

    /// Votes on the current patch set; 0 takes the vote back.
    pub(crate) fn vote(&self, number: u64, label: &str, value: i64, name: &str) {
        self.edit(number, |change, now| {
            let set = current(change)["_number"].clone();
            let labels = &mut change["labels"][label];
            if labels["all"].is_null() {
                labels["all"] = json!([]);
            }
            let all = labels["all"].as_array_mut().expect("votes are a list");
            all.retain(|vote| vote["name"] != name);
            all.push(json!({ "name": name, "value": value, "date": now }));
            let word = if value == 0 { format!("-{label}") } else { format!("{label}{value:+}") };
            say(change, name, now, &set, &format!("Patch Set {set}: {word}\n\nSaid by {name}."));
        });
    }

    /// Uploads a patch set with new content: all votes are gone.
    pub(crate) fn upload(&self, number: u64) {
        self.new_patch_set(number, "REWORK", &[]);
    }

    /// Rebases: reviews stay, CI's verdict goes.
    pub(crate) fn rebase(&self, number: u64) {
        self.new_patch_set(number, "TRIVIAL_REBASE", &["Code-Review"]);
    }

    /// Lets the next `times` requests whose decoded path contains `part` fail.
    pub(crate) fn fail(&self, part: &str, trouble: Trouble, times: usize) {
        lock(&self.model).troubles.push((part.to_owned(), trouble, times));
    }

    /// Serves another page, e.g. a report.
    pub(crate) fn page(&self, path: &str, kind: &'static str, body: &str) {
        lock(&self.model).pages.insert(path.to_owned(), (kind, body.to_owned()));
    }

    /// From now on `/a/` answers 401 to every other `Authorization`, and anonymous questions get 403.
    pub(crate) fn want(&self, authorization: &str) {
        lock(&self.model).password = Some(authorization.to_owned());
    }

    /// All requests so far whose decoded path contains `part`.
    pub(crate) fn requests(&self, part: &str) -> Vec<Request> {
        let model = lock(&self.model);
        model.requests.iter().filter(|request| request.path.contains(part)).cloned().collect()
    }

    fn new_patch_set(&self, number: u64, kind: &str, kept: &[&str]) {
        self.edit(number, |change, now| {
            let old = current(change).clone();
            let before = old["_number"].as_u64().expect("patch sets have numbers");
            let set = before + 1;
            let sha = format!("{:040x}", number * 10_000 + set);
            let mut revision = old;
            revision["_number"] = set.into();
            revision["kind"] = kind.into();
            change["revisions"][&sha] = revision;
            change["current_revision"] = sha.into();
            for (label, votes) in change["labels"].as_object_mut().into_iter().flatten() {
                if !kept.contains(&label.as_str()) {
                    *votes = json!({ "all": [] });
                }
            }
            let owner = change["owner"]["name"].as_str().unwrap_or("").to_owned();
            let text = match kind {
                "TRIVIAL_REBASE" => format!("Uploaded patch set {set}: Patch Set {before} was rebased."),
                _ => format!("Uploaded patch set {set}."),
            };
            say(change, &owner, now, &set.into(), &text);
        });
    }

    fn edit<T>(&self, number: u64, edit: impl FnOnce(&mut Value, &str) -> T) -> T {
        let mut model = lock(&self.model);
        let now = model.now.clone();
        let change = model.changes.get_mut(&number).expect("the change is there");
        let result = edit(change, &now);
        change["updated"] = now.into();
        result
    }
}

impl Drop for FakeGerrit {
    fn drop(&mut self) {
        lock(&self.model).stopped = true;
        // A connection wakes the thread that accepts them.
        drop(TcpStream::connect(self.address));
        if let Some(accepting) = self.accepting.take() {
            accepting.join().expect("the fake Gerrit did not panic");
        }
    }
}

fn lock(model: &Mutex<Model>) -> MutexGuard<'_, Model> {
    model.lock().expect("the fake Gerrit did not panic")
}

fn current(change: &Value) -> &Value {
    let sha = change["current_revision"].as_str().expect("a change has a current revision");
    &change["revisions"][sha]
}

fn say(change: &mut Value, author: &str, now: &str, set: &Value, text: &str) {
    if change["messages"].is_null() {
        change["messages"] = json!([]);
    }
    let messages = change["messages"].as_array_mut().expect("messages are a list");
    messages.push(json!({
        "author": { "name": author }, "date": now, "message": text, "_revision_number": set,
    }));
}
