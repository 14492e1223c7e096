//! Programs as checks: what their exit status means.

use super::{check, measure};

fn shell(script: &str) -> Result<(bool, String, Vec<String>), String> {
    let text = format!(
        "kind = \"command\"\nrun = [\"/bin/sh\", \"-c\", {script:?}]\ntimeout = \"1s\"\nkill_after = \"1s\""
    );
    measure(&check(&text)).map(|found| {
        assert_eq!(found.value, None);
        (found.good.unwrap(), found.words, found.top)
    })
}

#[test]
fn its_status_says_what_it_has_seen() {
    let lines = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    assert_eq!(shell("echo 12 pages pass; echo more"), Ok((true, "12 pages pass".to_owned(), lines(&[]))));
    let failing = shell("echo 2 of 12 pages fail; echo; echo ' /wiki: 500'; echo /w: 404 >&2; exit 1");
    let expected = (false, "status 1: 2 of 12 pages fail".to_owned(), lines(&["/wiki: 500", "/w: 404"]));
    assert_eq!(failing, Ok(expected));
    assert_eq!(shell("exit 2"), Ok((false, "status 2: it wrote nothing".to_owned(), lines(&[]))));
}

#[test]
fn what_it_writes_is_cut_and_made_fit_to_be_read() {
    let hostile = r"yes x | head -c 300000 | tr -d '\n'; printf '\033[31m\000red\n'; exit 1";
    let (good, words, top) = shell(hostile).unwrap();
    // A long line loses its middle, and what is left is cut.
    assert_eq!((good, top.len(), top[0].as_str(), top[1].chars().count()), (false, 2, "…", 501));
    assert_eq!(words, format!("status 1: {}…", "x".repeat(500 - "status 1: ".len())));
    let (_, words, top) = shell(r"printf 'all \033[31mbad\033[0m\n/wiki \000\007\n'; exit 1").unwrap();
    assert_eq!((words.as_str(), top), ("status 1: all bad", vec!["/wiki \\x00\\x07".to_owned()]));
    let why = shell("yes x | head -c 300000 | tr -d '\\n'; exit 3").unwrap_err();
    assert!(why.starts_with("it does not know (status 3): xxx") && why.chars().count() == 501, "{why}");
}

#[test]
fn what_does_not_know_is_not_healthy() {
    assert_eq!(shell("echo no route; exit 3"), Err("it does not know (status 3): no route".to_owned()));
    assert_eq!(shell("kill -9 $$"), Err("it was ended by signal 9: it wrote nothing".to_owned()));
    assert_eq!(shell("sleep 100"), Err("it did not end within 1 s".to_owned()));
    let missing = measure(&check("kind = \"command\"\nrun = [\"/nowhere/httpbb\"]"));
    assert_eq!(missing, Err("it cannot be run: /nowhere/httpbb: there is no such program".to_owned()));
}
