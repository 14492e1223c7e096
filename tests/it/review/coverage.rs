//! Clover reports: which touched file is covered how far, and what is wrong with a report that cannot be read.

use serde_json::json;
use swatbot::engine::facts::Fact;
use swatbot::review::{CoverageFrom, Files, Gerrit, GerritSettings};

use super::gerrit::settings;
use super::{info, number, sha};
use crate::fake_gerrit::{FakeGerrit, Trouble};

const REPORT: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<coverage generated="1"><project timestamp="1">
  <package name="Demo"><file name="/ci/build/src/a.php">
    <line num="1" type="method" count="1"/><line num="2" type="stmt" count="0"/>
    <metrics loc="9" statements="10" coveredstatements="7"/>
    <class name="A"><metrics statements="3" coveredstatements="3"/></class>
  </file></package>
  <file name="/ci/build/other/src/a.php"><metrics statements="1" coveredstatements="0"/></file>
  <file name="b&amp;c.php" path="/ci/build/b&amp;c.php">
    <line num="1" type="stmt" count="99999999999"/><line num="2" type="stmt" count="0"/>
    <line num="3" type="cond" count="0"/><line num="4" type="stmt" count="1"/>
  </file>
  <file name="/ci/build/empty.php"/>
  <metrics files="4" statements="99" coveredstatements="99"/>
</project></coverage>"#;

/// `path covered/all` for each touched file, or the reason why not.
async fn cover(report: &[u8]) -> Result<Vec<String>, String> {
    let folder = tempfile::tempdir().unwrap();
    let mut change = info(5);
    change["revisions"][sha(5)]["files"] = json!({
        "src/a.php": {}, "b&c.php": {}, "empty.php": {}, "a.php.bak": {}, "rc/a.php": {}, "old.php": { "status": "D" },
    });
    std::fs::write(folder.path().join("5.json"), change.to_string()).unwrap();
    let path = folder.path().join("clover.xml");
    std::fs::write(&path, report).unwrap();
    let files = Files::new(folder.path().to_owned(), Some(CoverageFrom::File(path))).unwrap();
    match files.look_up(number(5)).await.unwrap().coverage.expect("a report is configured") {
        Fact::Known(covered) => Ok(covered
            .iter()
            .map(|file| match file.lines {
                Some((covered, all)) => format!("{} {covered}/{all}", file.path),
                None => format!("{} not named", file.path),
            })
            .collect()),
        Fact::Unknown(why) => Err(why),
    }
}

#[tokio::test]
async fn touched_files_are_found_by_the_end_of_their_path() {
    let expected =
        ["a.php.bak not named", "b&c.php 2/3", "empty.php 0/0", "rc/a.php not named", "src/a.php 7/10"];
    assert_eq!(cover(REPORT.as_bytes()).await.unwrap(), expected);
}

#[tokio::test]
async fn a_report_that_cannot_be_read_says_why() {
    let entity = r#"<!DOCTYPE x [<!ENTITY e "src/a.php">]><coverage><file name="&e;"/></coverage>"#;
    let external = r#"<!DOCTYPE x SYSTEM "file:///etc/hostname"><coverage></coverage>"#;
    let cases: [(&[u8], &str); 8] = [
        (b"", "it is not a Clover report"),
        (b"<html><body>Log in</body></html>", "it is not a Clover report"),
        (&REPORT.as_bytes()[..400], "it ends in the middle"),
        (b"<coverage><file name='a'></file>", "it ends in the middle"),
        (b"<coverage><file></coverage>", "it is not XML"),
        (b"\xff\xfe", "it is not UTF-8"),
        (entity.as_bytes(), "attribute \"name\" cannot be read"),
        (
            br#"<coverage><file name="a"><metrics statements="x"/></file></coverage>"#,
            "attribute \"statements\" is not a number",
        ),
    ];
    for (report, why) in cases {
        let said = cover(report).await.unwrap_err();
        assert!(said.starts_with(&format!("coverage report: {why}")), "{said}");
    }
    // A DTD is passed over; nothing is fetched for it.
    assert_eq!(cover(external.as_bytes()).await.unwrap()[4], "src/a.php not named");
}

#[tokio::test]
async fn a_report_on_a_server_is_fetched_without_the_login() {
    let fake = FakeGerrit::start();
    fake.put(info(5));
    fake.page("/clover.xml", "text/xml", REPORT);
    let report = CoverageFrom::Url(fake.url().replace("/r/", "/clover.xml"));
    let login = Some(("ann".to_owned(), swatbot::secret::Secret::new("hunter2".to_owned())));
    let settings = GerritSettings { login, ..settings(&fake) };
    fake.want("Basic YW5uOmh1bnRlcjI=");
    let gerrit = Gerrit::new(settings, Some(report)).unwrap();
    let coverage = gerrit.look_up(number(5)).await.unwrap().coverage.unwrap();
    assert_eq!(coverage.known().unwrap()[0].lines, Some((7, 10)));
    assert_eq!(fake.requests("/clover.xml")[0].authorization, None);

    fake.fail("/clover.xml", Trouble::Answer(503, "text/plain", ""), 3);
    let coverage = gerrit.look_up(number(5)).await.unwrap().coverage.unwrap();
    assert_eq!(coverage, Fact::Unknown("coverage report: 503 Service Unavailable".to_owned()));
    fake.fail("/clover.xml", Trouble::Answer(404, "text/plain", ""), 1);
    let coverage = gerrit.look_up(number(5)).await.unwrap().coverage.unwrap();
    assert_eq!(coverage, Fact::Unknown("coverage report: not found".to_owned()));
}

#[tokio::test]
async fn without_a_report_there_is_no_coverage_and_a_missing_one_is_unknown() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("5.json"), info(5).to_string()).unwrap();
    let files = Files::new(folder.path().to_owned(), None).unwrap();
    assert_eq!(files.look_up(number(5)).await.unwrap().coverage, None);
    let missing = Some(CoverageFrom::File(folder.path().join("none.xml")));
    let files = Files::new(folder.path().to_owned(), missing).unwrap();
    let why = "coverage report: cannot read it: entity not found".to_owned();
    assert_eq!(files.look_up(number(5)).await.unwrap().coverage, Some(Fact::Unknown(why)));
    let bad = CoverageFrom::Url("ftp://example.org/".to_owned());
    Files::new(folder.path().to_owned(), Some(bad)).unwrap_err();
}
