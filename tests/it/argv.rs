//! The arguments of a command: no value becomes two arguments, an option, or a way out of its folder.

use swatbot::engine::program::{Values, fill};

fn values(path: &str, message: &str) -> Values {
    Values {
        change: "900101".to_owned(),
        patch_set: "3".to_owned(),
        branch: Some("wmf/1.45.0-wmf.3".to_owned()),
        stage: Some("canaries".to_owned()),
        path: Some(path.to_owned()),
        message: message.to_owned(),
    }
}

fn filled(argument: &str, values: &Values) -> Result<Vec<String>, String> {
    fill(&["/usr/bin/scap".to_owned(), argument.to_owned()], values)
}

#[test]
fn each_value_stays_inside_its_argument() {
    let values = values("wmf-config/a b.php", "900101 It's \"$(id)\"; rm -rf / {path} (bob)");
    let of = |argument: &str| filled(argument, &values).expect("it is filled")[1].clone();
    assert_eq!(of("{path}"), "wmf-config/a b.php");
    assert_eq!(of("--file={path}"), "--file=wmf-config/a b.php");
    assert_eq!(of("{message}"), values.message, "nothing in a value is filled again, no shell reads it");
    assert_eq!(of("{change}/{patch_set}@{branch}:{stage}"), "900101/3@wmf/1.45.0-wmf.3:canaries");
    assert_eq!(filled("{path}", &values).expect("it is filled").len(), 2);
}

#[test]
fn what_may_not_stand_there_is_refused() {
    for path in [
        "-rf",
        "--config=/tmp/x",
        "/etc/passwd",
        "../a.php",
        "a/../../b",
        "a//b",
        ".",
        "",
        "a\nb",
        "a\0b",
        "a;b",
        "a$b",
    ] {
        assert_eq!(filled("{path}", &values(path, "m")), Err("{path}".to_owned()), "{path:?}");
    }
    assert_eq!(filled("{message}", &values("a", "two\nlines")), Err("{message}".to_owned()));
    assert_eq!(filled("{message}", &values("a", "-v")), Err("{message}".to_owned()), "it would be an option");
    assert!(filled("m: {message}", &values("a", "-v")).is_ok());
    let none = Values { path: None, ..values("a", "m") };
    assert_eq!(filled("{path}", &none), Err("{path}".to_owned()));
    for strange in ["{", "{nothing}", "{}", "{path"] {
        assert!(filled(strange, &values("a", "m")).is_err(), "{strange}");
    }
}
