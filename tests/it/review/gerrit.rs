//! One question to a Gerrit: every fault told apart, retries, logins, and what the detail says.

use std::time::{Duration, Instant};

use swatbot::engine::facts::{Facts, Fault, PatchSetKind, Status};
use swatbot::review::{Gerrit, GerritSettings, Source};
use swatbot::secret::Secret;

use super::{info, number};
use crate::fake_gerrit::{FakeGerrit, Trouble};

const DETAIL: &str = "/changes/5/detail";

/// The usual settings, but for pauses of 1 ms and 2 ms.
pub(super) fn settings(fake: &FakeGerrit) -> GerritSettings {
    GerritSettings { backoff: Duration::from_millis(1), ..GerritSettings::new(fake.url()) }
}

/// Waits 300 ms where something hangs. Elsewhere a busy machine may take its time.
async fn look_up_amid(fake: &FakeGerrit, trouble: &Trouble) -> Result<Box<Facts>, Fault> {
    let mut settings = settings(fake);
    if let Trouble::Hang = trouble {
        settings.timeout = Duration::from_millis(300);
    }
    Gerrit::new(settings, None).expect("the settings are fine").look_up(number(5)).await
}

pub(super) async fn look_up(fake: &FakeGerrit, change: u32) -> Result<Box<Facts>, Fault> {
    let source = Source::Gerrit(Gerrit::new(settings(fake), None).expect("the settings are fine"));
    source.look_up(number(change)).await
}

fn unreachable(why: &str) -> Fault {
    Fault::Unreachable { why: why.to_owned() }
}

#[tokio::test]
async fn every_fault_is_told_apart_and_only_passing_ones_are_tried_again() {
    let page = "<html><body>Log in</body></html>";
    let unreadable = "answers with something that is not JSON (line 1, column 1)";
    let cases = [
        (Trouble::Answer(500, "text/plain", "oops"), unreachable("500 Internal Server Error"), 3),
        (Trouble::Answer(503, "text/html", page), unreachable("503 Service Unavailable"), 3),
        (Trouble::Answer(429, "text/plain", ""), unreachable("429 Too Many Requests"), 3),
        (Trouble::Hang, unreachable("no answer within 300 ms"), 3),
        (Trouble::Drop, unreachable("the connection broke: connection closed before message completed"), 3),
        (Trouble::Answer(400, "text/plain", ""), unreachable("400 Bad Request"), 1),
        (Trouble::Answer(404, "text/plain; charset=UTF-8", "Not found: 5"), Fault::NotFound, 1),
        (
            Trouble::Answer(404, "text/html", page),
            unreachable("answers 404 with a web page (text/html): is the url right?"),
            1,
        ),
        (
            Trouble::Answer(401, "text/plain", "Unauthorized"),
            Fault::Denied { why: "401: it wants a user and a password file".to_owned() },
            1,
        ),
        (
            Trouble::Answer(403, "text/plain", "Forbidden"),
            Fault::Denied { why: "403: nobody may read this without a user and a password file".to_owned() },
            1,
        ),
        (
            Trouble::Answer(200, "text/html; charset=utf-8", page),
            unreachable("answers with a web page instead of JSON (text/html): is the url right?"),
            1,
        ),
        (
            Trouble::Answer(200, "application/json", page),
            unreachable("answers with a web page instead of JSON"),
            1,
        ),
        (Trouble::Answer(200, "application/json", ")]}'\nx!"), unreachable(unreadable), 1),
        (
            Trouble::Answer(200, "application/json", ")]}'\n{\"id\":"),
            unreachable("answers with JSON that ends in the middle"),
            1,
        ),
        (Trouble::Huge(5 << 20), unreachable("answers with more than 4 MiB"), 1),
        (
            Trouble::Answer(200, "application/json", "{}"),
            Fault::Malformed { why: "no field \"_number\"".to_owned() },
            1,
        ),
        (
            Trouble::Redirect("https://sso.example.org/login?token=t".to_owned()),
            unreachable("302 Found: it sends us on to sso.example.org: is the url right?"),
            1,
        ),
    ];
    for (trouble, fault, tries) in cases {
        let fake = FakeGerrit::start();
        fake.put(info(5));
        fake.fail(DETAIL, trouble.clone(), 9);
        assert_eq!(look_up_amid(&fake, &trouble).await, Err(fault), "{trouble:?}");
        assert_eq!(fake.requests("").len(), tries, "{trouble:?}");
    }
}

#[tokio::test]
async fn a_fault_that_passes_is_not_noticed() {
    for trouble in [Trouble::Answer(503, "text/plain", ""), Trouble::Drop, Trouble::Hang] {
        let fake = FakeGerrit::start();
        fake.put(info(5));
        fake.fail(DETAIL, trouble.clone(), 2);
        assert_eq!(look_up_amid(&fake, &trouble).await.unwrap().change.number, number(5), "{trouble:?}");
        assert_eq!(fake.requests(DETAIL).len(), 3, "{trouble:?}");
    }
}

#[tokio::test]
async fn pauses_are_doubled_and_tries_are_counted() {
    let fake = FakeGerrit::start();
    fake.fail(DETAIL, Trouble::Answer(502, "text/plain", ""), 9);
    let patient = GerritSettings { tries: 4, backoff: Duration::from_millis(20), ..settings(&fake) };
    let start = Instant::now();
    Gerrit::new(patient, None).unwrap().look_up(number(5)).await.unwrap_err();
    // 20 + 40 + 80 ms.
    assert!(start.elapsed() >= Duration::from_millis(140), "{:?}", start.elapsed());
    assert_eq!(fake.requests(DETAIL).len(), 4);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_so() {
    let fake = FakeGerrit::start();
    let settings = settings(&fake);
    drop(fake);
    let fault = Gerrit::new(settings, None).unwrap().look_up(number(5)).await.unwrap_err();
    assert_eq!(fault, unreachable("cannot connect: Connection refused"));
}

#[tokio::test]
async fn a_redirect_on_the_same_host_is_followed() {
    let fake = FakeGerrit::start();
    fake.put(info(5));
    let elsewhere = format!("{}changes/5/detail?o=CURRENT_REVISION&o=CURRENT_COMMIT&again=1", fake.url());
    fake.fail(DETAIL, Trouble::Redirect(elsewhere), 1);
    assert_eq!(look_up(&fake, 5).await.unwrap().change.number, number(5));
    assert_eq!(fake.requests("again=1").len(), 1);
}

#[tokio::test]
async fn the_answer_must_be_about_the_change_asked_for() {
    let fake = FakeGerrit::start();
    let other = Box::leak(info(6).to_string().into_boxed_str());
    fake.fail(DETAIL, Trouble::Answer(200, "application/json", other), 1);
    let fault = look_up(&fake, 5).await.unwrap_err();
    assert_eq!(fault, Fault::Malformed { why: "asked for 5, got 6".to_owned() });
}

#[tokio::test]
async fn a_login_goes_to_the_authenticated_endpoints() {
    // base64 of `ann:hunter2`.
    let good = "Basic YW5uOmh1bnRlcjI=";
    let fake = FakeGerrit::start();
    fake.put(info(5));
    fake.want(good);
    let with = |password: &str| {
        let login = Some(("ann".to_owned(), Secret::new(password.to_owned())));
        Gerrit::new(GerritSettings { login, ..settings(&fake) }, None).unwrap()
    };
    assert_eq!(with("hunter2").look_up(number(5)).await.unwrap().change.number, number(5));
    let requests = fake.requests("");
    assert!(requests.iter().all(|request| request.path.starts_with("/r/a/changes/")), "{requests:?}");
    assert!(requests.iter().all(|request| request.authorization.as_deref() == Some(good)), "{requests:?}");

    let fault = with("hunter3").look_up(number(5)).await.unwrap_err();
    assert_eq!(fault, Fault::Denied { why: "401: the user or the password file is wrong".to_owned() });
    let fault = look_up(&fake, 5).await.unwrap_err();
    assert!(matches!(&fault, Fault::Denied { why } if why.starts_with("403: ")), "{fault:?}");
    fake.fail(DETAIL, Trouble::Answer(403, "text/plain", ""), 1);
    let fault = with("hunter2").look_up(number(5)).await.unwrap_err();
    assert_eq!(fault, Fault::Denied { why: "403: the user ann may not read this".to_owned() });
}

#[tokio::test]
async fn a_password_is_never_printed() {
    let fake = FakeGerrit::start();
    let login = Some(("ann".to_owned(), Secret::new("hunter2".to_owned())));
    let settings = GerritSettings { login, ..settings(&fake) };
    assert!(!format!("{settings:?}").contains("hunter2"));
    let gerrit = Gerrit::new(settings.clone(), None).unwrap();
    assert!(!format!("{gerrit:?}").contains("hunter2"));
    drop(fake);
    let fault = gerrit.look_up(number(5)).await.unwrap_err();
    assert!(!format!("{fault:?}").contains("hunter2"));
    for url in ["https://ann:hunter2@example.org/", "ann:hunter2@example.org", "hunter2"] {
        let refusal = Gerrit::new(GerritSettings { url: url.to_owned(), ..settings.clone() }, None);
        assert!(!refusal.unwrap_err().contains("hunter2"), "{url}");
    }
    let clear = GerritSettings { url: "http://gerrit.example.org/".to_owned(), ..settings };
    assert_eq!(Gerrit::new(clear, None).unwrap_err(), "a password is only sent over https");
}

#[tokio::test]
async fn the_fake_moves_as_a_change_does() {
    let fake = FakeGerrit::start();
    fake.put(info(5));
    fake.set_time("2018-01-02 14:01:00.000000000");
    fake.vote(5, "Code-Review", 1, "Bob");
    let votes = |facts: &Facts| -> Vec<(String, i8, u32)> {
        let votes = facts.change.votes.known().expect("the votes are known");
        votes.iter().map(|vote| (vote.who.name.clone(), vote.value, vote.patch_set)).collect()
    };
    let cast = |name: &str, value, set| (name.to_owned(), value, set);
    let facts = look_up(&fake, 5).await.unwrap();
    assert_eq!(votes(&facts), [cast("Bob", 1, 1), cast("CI", 2, 1)]);
    assert_eq!(facts.change.updated, Some(super::at(14, 1)));

    fake.rebase(5);
    let facts = look_up(&fake, 5).await.unwrap();
    assert_eq!(votes(&facts), [cast("Bob", 1, 1), cast("Bob", 1, 2)]);
    assert_eq!(facts.change.patch_sets[1].kind, PatchSetKind::TrivialRebase);

    fake.upload(5);
    let facts = look_up(&fake, 5).await.unwrap();
    assert_eq!(votes(&facts), [cast("Bob", 1, 1)]);
    assert_eq!((facts.change.patch_set, facts.change.patch_sets[2].kind), (3, PatchSetKind::Rework));
    // The kind of an older patch set is known from its message only.
    assert_eq!(facts.change.patch_sets[1].kind, PatchSetKind::TrivialRebase);

    fake.vote(5, "Code-Review", -2, "Eve");
    fake.vote(5, "Code-Review", 0, "Eve");
    assert_eq!(votes(&look_up(&fake, 5).await.unwrap()), [cast("Bob", 1, 1)]);

    fake.submit(5);
    fake.include(5, "wmf/2");
    let facts = look_up(&fake, 5).await.unwrap();
    assert_eq!((facts.change.status, facts.change.submitted), (Status::Merged, Some(super::at(14, 1))));
    assert_eq!(facts.included_in.known().unwrap(), &["master", "wmf/2"]);
    assert_eq!(fake.change(5)["status"], "MERGED");

    fake.put(info(6));
    fake.abandon(6);
    assert_eq!(look_up(&fake, 6).await.unwrap().change.status, Status::Abandoned);
}

#[test]
fn a_lookup_can_run_anywhere() {
    fn is_send<T: Send>(_: T) {}
    let fake = FakeGerrit::start();
    let source = Source::Gerrit(Gerrit::new(settings(&fake), None).unwrap());
    is_send(source.look_up(number(5)));
}
