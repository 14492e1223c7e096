//! Files, messages, tasks and tests.

use super::*;

#[test]
fn single_sync() {
    check(
        RuleId::SingleSync,
        cfg,
        &[
            (|_| {}, "pass: 1 file"),
            (|w| w.files(&["tests/a.php", "wmf-config/beta/a.php"]), "not needed"),
            (|w| w.files(&["a.php", "tests/a.php", "static/a.png"]), "pass: 1 file and a picture"),
            (|w| w.files(&["static/a.png", "static/b.svg"]), "pass: pictures only"),
            (
                |w| w.files(&["a.php", "b.dblist"]),
                "fail: 900101 has 2 files and needs their order | \"!swat files 900101 ok\" takes 1 a.php, then 2 b.dblist",
            ),
            (
                |w| {
                    w.files(&["a.php", "b.dblist"]);
                    w.queued();
                    let files = vec!["b.dblist".to_owned(), "a.php".to_owned()];
                    make::patch(&mut w.window, 900_101).files = Some(FileOrder { files, by: who("bob") });
                },
                "pass: 2 files one after another (bob)",
            ),
            (
                |w| {
                    w.files(&["a.php", "b.dblist"]);
                    w.queued();
                    let atomic = FileOrder { files: Vec::new(), by: who("bob") };
                    make::patch(&mut w.window, 900_101).files = Some(atomic);
                },
                "pass: 2 files all at once (bob)",
            ),
            (World::no_files, "unknown: files: timed out"),
        ],
    );
    let mut world = World::of(cfg());
    world.files(&["a.php", "b.php"]);
    assert!(!world.judgement(RuleId::SingleSync).expect("judged").refuses_add());
}

#[test]
fn contents() {
    check(
        RuleId::NewExtension,
        cfg,
        &[
            (|_| {}, "not needed"),
            (
                |w| w.files(&["wmf-config/extension-list"]),
                "fail: 900101 brings a new extension (wmf-config/extension-list) | \
                 It rides the train, then has its own window",
            ),
            (
                |w| {
                    w.files(&["wmf-config/extension-list"]);
                    if let Fact::Known(files) = &mut w.facts().change.files {
                        files[0].deleted = 1;
                    }
                },
                "not needed",
            ),
            (
                |w| {
                    w.facts = Ok(backport());
                    w.files(&["skin.json"]);
                },
                "fail: 900102 brings a new extension (skin.json) | \
                 It rides the train, then has its own window",
            ),
            (World::no_files, "unknown: files: timed out"),
        ],
    );
    check(
        RuleId::L10n,
        backport,
        &[
            (|w| w.files(&["extension.json", "includes/i18n.php"]), "not needed"),
            (
                |w| w.files(&["i18n/en.json", "a.php"]),
                "note: 900102 rebuilds the localisation cache, about 20 min (i18n/en.json) | ",
            ),
            (
                // S13: less is left than it takes.
                |w| {
                    w.files(&["languages/messages/MessagesEn.php"]);
                    w.turn("14:41");
                },
                "fail: 900102 rebuilds the localisation cache, about 20 min \
                 (languages/messages/MessagesEn.php), and the window ends at 15:00 UTC | \
                 Leave it to the train, or \"!swat extend 15m\"",
            ),
            (World::no_files, "unknown: files: timed out"),
        ],
    );
    check(
        RuleId::SchemaChange,
        backport,
        &[
            (|w| w.files(&["tests/data/a.sql", "sqlite.php"]), "not needed"),
            (
                |w| {
                    w.files(&["a.sql", "sql/b.json", "db_patches/c", "sql/d.php"]);
                    w.queued();
                },
                "fail: 900102 changes a schema (a.sql, sql/b.json, db_patches/c and 1 more) | \
                 It needs its own window; \"!swat remove 900102\"",
            ),
            (World::no_files, "unknown: files: timed out"),
        ],
    );
    check(
        RuleId::Vendor,
        backport,
        &[
            (|_| {}, "not needed"),
            (
                |w| w.facts().change.project = "mediawiki/vendor".to_owned(),
                "fail: 900102 upgrades libraries (mediawiki/vendor) | It rides the train",
            ),
            (
                |w| w.files(&["vendor/a/b.php"]),
                "fail: 900102 upgrades libraries (vendor/a/b.php) | It rides the train",
            ),
            (World::no_files, "unknown: files: timed out"),
        ],
    );
    check(
        RuleId::TaskLinked,
        cfg,
        &[
            (|_| {}, "pass: T1234"),
            (
                |w| w.facts().change.message = "One\n\nChange-Id: I0\n".to_owned(),
                "fail: 900101 names no task | A line Bug: TASK at the end of its message",
            ),
            (|w| w.facts = Err("no answer".to_owned()), "unknown: no answer"),
        ],
    );
}

fn covered(w: &mut World, lines: Option<(u32, u32)>) {
    let path = "includes/Hooks.php".to_owned();
    w.facts().coverage = Some(Fact::Known(vec![Covered { path, lines }]));
}

#[test]
fn untested() {
    check(
        RuleId::Untested,
        backport,
        &[
            (|w| w.facts = Ok(cfg()), "not needed"),
            (|_| {}, "pass: changes tests/phpunit/HooksTest.php"),
            (|w| w.files(&["README.md", "i18n/en.json"]), "not needed"),
            (
                |w| w.files(&["includes/A.php", "resources/b.vue"]),
                "fail: 900102 changes code and no test (includes/A.php, resources/b.vue) | \
                 A test with the change on the main branch",
            ),
            (|w| covered(w, Some((5, 10))), "pass: tests run at least 50 % of what it touches"),
            (
                |w| covered(w, Some((4, 10))),
                "fail: 900102 touches code that tests hardly run: Hooks.php 40 % (at least 50 %) | \
                 A test with the change on the main branch",
            ),
            (|w| covered(w, None), "unknown: test coverage of includes/Hooks.php"),
            (
                |w| w.facts().coverage = Some(Fact::Unknown("no report".to_owned())),
                "unknown: test coverage: no report",
            ),
            (World::no_files, "unknown: files: timed out"),
        ],
    );
}
