//! The configuration: the file in the repository, what the keys mean, and the secrets.

mod faults;
#[cfg(feature = "irc")]
mod irc;
#[cfg(feature = "matrix")]
mod matrix;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use chrono::{NaiveTime, TimeDelta, Weekday};
use swatbot::config::{self, Config, Connection, Coverage, Login, Review};
use swatbot::engine::guidelines::{Level, RULES, RuleId};
use swatbot::engine::id::{RoomId, Who};
use swatbot::engine::settings::{Standing, StepSettings, Timers};

/// A file with one of everything and no fault. The tables of faults change one place of it.
const GOOD: &str = r##"[bot]
name = "swatbot"
[review]
kind = "files"
path = "changes"
config_repos = ["operations/mediawiki-config"]
[[connection]]
kind = "console"
[[window]]
id = "morning"
name = "Morning window"
days = ["mon", "tue"]
start = "06:00"
timezone = "America/Los_Angeles"
minutes = 60
rooms = ["console"]
[[person]]
id = "alice"
roles = ["deployer"]
irc = ["libera/alice"]
matrix = ["@alice:example.org"]
gerrit = "alice"
"##;

fn parse(text: &str) -> Config {
    config::parse(text, Path::new("/srv/swatbot")).unwrap_or_else(|faults| panic!("{faults}"))
}

fn in_repository() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("windows.toml")).unwrap()
}

/// The file with every default as a key of its own: `#key = value` and `#[[table]]`.
fn with_defaults_typed(text: &str) -> String {
    let bare = |line: &str| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '[') => rest.to_owned(),
        _ => line.to_owned(),
    };
    text.lines().map(bare).collect::<Vec<_>>().join("\n")
}

/// The file with its examples, `# key = value` and `# [table]`, instead of the keys they take the place of. A key at its
/// default in an example, `# #key = value`, is then one as everywhere. The bot logs in by a password or by a
/// certificate, so the second of these examples stays one; and a build without IRC has no use for its example.
fn with_examples(text: &str) -> String {
    let (before, rest) = text.split_once("# [[connection]]\n").expect("the example of an IRC network");
    let (of_irc, after) = rest.split_once("\n\n").expect("more follows");
    let text = if cfg!(feature = "irc") {
        text.to_owned()
    } else {
        assert!(of_irc.starts_with("# kind = \"irc\""), "{of_irc}");
        format!("{before}\n{after}")
    };
    let example = |line: &str| match line.strip_prefix("# ") {
        Some(rest) if rest.starts_with("certificate_file") => None,
        Some(rest) if rest.starts_with('[') && rest.ends_with(']') => Some(rest.to_owned()),
        Some(rest) if rest.split_once(" = ").is_some_and(|(key, _)| !key.contains(' ')) => {
            Some(rest.to_owned())
        }
        _ if line.starts_with("kind = \"files\"") || line.starts_with("path = ") => None,
        _ => Some(line.to_owned()),
    };
    text.lines().filter_map(example).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_file_in_the_repository_has_no_fault() {
    let config = parse(&in_repository());
    assert_eq!(config.database, Path::new("/srv/swatbot/swatbot.db"));
    assert_eq!(config.review, Review::Files { path: PathBuf::from("/srv/swatbot/examples/changes") });
    assert_eq!(config.connections, [Connection::Console]);
    let settings = config.settings;
    let ids: Vec<&str> = settings.windows.iter().map(|window| window.id.as_str()).collect();
    assert_eq!(ids, ["morning", "evening", "late"]);
    let bob = settings.person(&Who("bob".to_owned())).unwrap();
    assert_eq!((bob.roles.as_slice(), bob.review.as_deref()), (&[][..], Some("bob")));
}

#[test]
fn its_commented_keys_are_the_defaults() {
    let text = in_repository();
    let typed = with_defaults_typed(&text);
    let (mut left, mut right) = (parse(&text), parse(&typed));
    assert!(left.settings.guidelines.is_empty(), "the file in the repository changes no guideline");
    let listed: Vec<RuleId> = right.settings.guidelines.keys().copied().collect();
    assert_eq!(listed, RuleId::ALL, "every guideline stands in the file");
    for rule in RULES {
        assert_eq!(right.settings.guidelines[&rule.id], rule.default, "the level of {} in the file", rule.id);
    }
    left.settings.guidelines.clear();
    right.settings.guidelines.clear();
    assert_eq!(left, right);
    assert_eq!(left.settings.timers, Timers::default());
}

#[test]
fn its_examples_can_be_used() {
    let config = parse(&with_examples(&in_repository()));
    let login = Login {
        username: "swatbot".to_owned(),
        password_file: PathBuf::from("/srv/swatbot/gerrit.password"),
        password: None,
    };
    let url = "https://gerrit.wikimedia.org/r".to_owned();
    assert_eq!(config.review, Review::Gerrit { url, login: Some(login), timeout_seconds: 10 });
    assert_eq!(config.coverage, Some(Coverage::File(PathBuf::from("/srv/swatbot/coverage/clover.xml"))));
    assert_eq!(config.settings.policy.coverage_at_least, parse(GOOD).settings.policy.coverage_at_least);
    let networks: Vec<&String> = config.settings.networks.keys().collect();
    assert_eq!(networks, if cfg!(feature = "irc") { &["libera"][..] } else { &[] });
}

/// The IRC network of the example, with and without the keys that stand there at their default.
#[cfg(feature = "irc")]
#[test]
fn the_keys_of_its_example_are_the_defaults_too() {
    let text = with_examples(&in_repository());
    let typed = with_defaults_typed(&text);
    assert!(typed.contains("\nline_every = ") && !text.contains("\nline_every = "));
    let (left, right) = (parse(&text), parse(&typed));
    assert_eq!(left.connections, right.connections);
    assert_eq!(left.settings.networks, right.settings.networks);
}

/// An unknown key is answered with all known ones, so the faults say which keys there are.
#[test]
fn it_names_every_key_that_there_is() {
    let text = in_repository();
    let typed = with_defaults_typed(&with_examples(&text));
    let mut lines = vec!["qqqqqqqqqqqq = 1"];
    for line in typed.lines() {
        lines.push(line);
        if line.starts_with('[') && line != "[guidelines]" {
            lines.push("qqqqqqqqqqqq = 1");
        }
    }
    let faults = config::parse(&lines.join("\n"), Path::new("")).unwrap_err();
    assert!(faults.list.len() > 10, "{faults}");
    for fault in &faults.list {
        let known = fault.fix.strip_prefix("Known here: ").unwrap_or_else(|| panic!("{fault}"));
        for key in known.trim_end_matches('.').split(", ") {
            let forms = [format!("{key} = "), format!("[{key}]")];
            let found = text.lines().any(|line| {
                let line = line.trim_start_matches(['#', ' ', '[']);
                forms.iter().any(|form| line.starts_with(form.trim_start_matches('[')))
            });
            assert!(found, "windows.toml does not show {key}, which {} knows", fault.key);
        }
    }
}

#[test]
fn a_short_file_is_enough_and_means_what_it_says() {
    let config = parse(GOOD);
    let settings = &config.settings;
    assert_eq!((settings.name.as_str(), settings.prefix.as_str()), ("swatbot", "!"));
    assert_eq!(config.coverage, None);
    let window = settings.window("morning").unwrap();
    assert_eq!(window.days, [Weekday::Mon, Weekday::Tue]);
    assert_eq!(window.start, NaiveTime::from_hms_opt(6, 0, 0).unwrap());
    assert_eq!(window.timezone, chrono_tz::America::Los_Angeles);
    assert_eq!((window.length, window.limit), (TimeDelta::minutes(60), 6));
    assert_eq!(window.rooms, [RoomId("console".to_owned())]);
    let alice = &settings.people[0];
    assert_eq!(alice.accounts, ["libera/alice", "matrix/@alice:example.org"]);
    assert_eq!(alice.roles, [Standing::Deployer]);
    assert_eq!(settings.who("libera", "alice"), Who("alice".to_owned()));
    assert_eq!(settings.who("matrix", "@alice:example.org"), Who("alice".to_owned()));
    assert_eq!(settings.plans.config, settings.plans.code);
    assert_eq!(settings.plans.code.last(), Some(&StepSettings::Watch(TimeDelta::minutes(2))));
    let production =
        StepSettings::Sync { stage: "production".to_owned(), by_file: true, run: None, back: None };
    assert_eq!(settings.plans.code[6], production);
}

#[test]
fn keys_change_what_they_name() {
    let text = format!(
        "{GOOD}{}",
        r#"[guidelines]
reviewed = "ask"
[limits]
minutes_per_patch = 5
last_start_minutes = 20
beta_soak_minutes = 0
[calendar]
no_deploy_days = ["sat"]
no_deploy_dates = [2026-12-24, "2026-12-25"]
[train]
day = "tue"
start = 12:00:00
timezone = "UTC"
[coverage]
clover = "https://example.org/clover.xml"
at_least = 80
[timers]
reminders = ["1h"]
debounce = "0s"
[[plan]]
for = "code"
steps = ["review", "merge", "beta", "verify", "production", "health", "watch 90s"]
"#
    );
    let config = parse(&text);
    let settings = config.settings;
    assert_eq!(settings.guidelines.into_iter().collect::<Vec<_>>(), [(RuleId::Reviewed, Level::Ask)]);
    let policy = settings.policy;
    assert_eq!(policy.patch_time, TimeDelta::minutes(5));
    assert_eq!(policy.last_start, TimeDelta::minutes(20));
    assert_eq!(policy.beta_soak, TimeDelta::zero());
    assert_eq!(policy.no_deploy_weekdays, [Weekday::Sat]);
    assert_eq!(policy.no_deploy_dates.len(), 2);
    assert_eq!(policy.train.map(|train| train.day), Some(Weekday::Tue));
    assert_eq!(policy.coverage_at_least, 80);
    assert_eq!(config.coverage, Some(Coverage::Url("https://example.org/clover.xml".to_owned())));
    assert_eq!(settings.timers.reminders, [TimeDelta::hours(1)]);
    assert_eq!(settings.timers.debounce, TimeDelta::zero());
    assert_eq!(settings.plans.config.len(), 8);
    assert_eq!(settings.plans.code.len(), 7);
    assert_eq!(settings.plans.code[6], StepSettings::Watch(TimeDelta::seconds(90)));
}

#[test]
fn windows_that_only_touch_do_not_overlap() {
    let window = r#"[[window]]
id = "next-hour"
name = "The hour after"
days = ["mon", "tue"]
start = "07:00"
timezone = "America/Los_Angeles"
minutes = 60
rooms = ["console"]
"#;
    assert_eq!(parse(&format!("{GOOD}{window}")).settings.windows.len(), 2);
}

/// Writes GOOD as a Gerrit configuration with a password file of these rights, and loads it.
fn load_with_password(password: Option<&str>, mode: u32) -> (PathBuf, Result<Config, String>) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("windows.toml");
    let gerrit = "kind = \"gerrit\"\nurl = \"https://gerrit.example.org/\"\nusername = \"swatbot\"\n\
                  password_file = \"password\"";
    fs::write(&file, GOOD.replace("kind = \"files\"\npath = \"changes\"", gerrit)).unwrap();
    if let Some(password) = password {
        fs::write(dir.path().join("password"), password).unwrap();
        fs::set_permissions(dir.path().join("password"), fs::Permissions::from_mode(mode)).unwrap();
    }
    let loaded = config::load(&file).map_err(|faults| faults.to_string());
    (dir.path().to_owned(), loaded)
}

#[test]
fn a_password_is_read_and_never_shown() {
    let (_, config) = load_with_password(Some("hunter2\n"), 0o600);
    let config = config.unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
    assert_eq!(config.settings.policy.review_hosts, ["gerrit.example.org"]);
    let Review::Gerrit { url, login: Some(login), timeout_seconds: 10 } = config.review else {
        panic!("no login, or another time than windows.toml names")
    };
    assert_eq!(url, "https://gerrit.example.org");
    assert_eq!(login.password.as_ref().map(|secret| secret.reveal()), Some("hunter2"));
}

#[test]
fn a_password_file_is_refused_for_what_is_wrong_with_it() {
    let table = [
        (Some("hunter2"), 0o640, "others can read DIR/password. Type chmod 600 DIR/password and"),
        (Some("hunter2"), 0o604, "others can read DIR/password. Type chmod 600 DIR/password and"),
        (Some("\n"), 0o600, "DIR/password does not hold one password. Put the password alone on one line."),
        (Some("one\ntwo\n"), 0o600, "DIR/password does not hold one password. Put"),
        (None, 0o600, "DIR/password cannot be read: No such file or directory (os error 2). Put"),
    ];
    for (password, mode, expected) in table {
        let (dir, loaded) = load_with_password(password, mode);
        let said = loaded.unwrap_err().replace(&dir.display().to_string(), "DIR");
        let start = format!("DIR/windows.toml:7: review.password_file: {expected}");
        assert!(said.starts_with(&start) && said.lines().count() == 1, "{said}");
        assert!(!said.contains("hunter2"));
    }
}

#[test]
fn load_says_which_file_cannot_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("windows.toml");
    let said =
        || config::load(&file).unwrap_err().to_string().replace(&dir.path().display().to_string(), "DIR");
    assert_eq!(
        said(),
        "DIR/windows.toml: it cannot be read: No such file or directory (os error 2). Name the file with \
         --config FILE."
    );
    fs::write(&file, b"[bot]\nname = \"\xff\"\n").unwrap();
    assert_eq!(said(), "DIR/windows.toml:2: this line is not UTF-8. Save the file as UTF-8.");
    let text = GOOD.replace("name = \"swatbot\"", "name = \"swatbot\"\ndatabase = \"none/x.db\"");
    fs::write(&file, text).unwrap();
    assert_eq!(
        said(),
        "DIR/windows.toml:3: bot.database: the folder of DIR/none/x.db does not exist. Make the folder, or name a \
         file in one that exists.\n\
         DIR/windows.toml:6: review.path: DIR/changes is not a folder. Name the folder that holds the changes, one \
         file each: 4.json."
    );
}
