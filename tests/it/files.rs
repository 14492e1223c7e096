//! The order of a patch's files: what is read out of names, what is configured, and what is proposed of both.

use std::collections::BTreeSet;

use swatbot::engine::facts::{Change, Fact, File, FileStatus};
use swatbot::engine::files::{Because, FileNames, Link, Way, links, propose};
use swatbot::engine::order::{Diff, FileDiff};
use swatbot::engine::say;

use crate::make;

fn set(names: &'static str) -> BTreeSet<&'static str> {
    names.split_whitespace().collect()
}

/// A file by what its lines define and use, and what the lines did that are gone.
fn file(
    path: &'static str,
    defines: &'static str,
    uses: &'static str,
    undefines: &'static str,
    drops: &'static str,
) -> FileNames<'static> {
    FileNames { path, defines: set(defines), uses: set(uses), undefines: set(undefines), drops: set(drops) }
}

fn link(before: &str, after: &str, name: &str, way: Way) -> Link {
    Link { before: before.to_owned(), after: after.to_owned(), name: name.to_owned(), way }
}

/// A change with files, each with its status: `A`, `M` or `D` and the path.
fn change(files: &[&str]) -> Change {
    let mut change = make::config(1).change;
    let file = |file: &&str| {
        let (status, path) = file.split_once(' ').expect("a status and a path");
        let status = match status {
            "A" => FileStatus::Added,
            "D" => FileStatus::Deleted,
            _ => FileStatus::Modified,
        };
        File { path: path.to_owned(), status, inserted: 1, deleted: 1 }
    };
    change.files = Fact::Known(files.iter().map(file).collect());
    change
}

/// The order that is proposed for files with their status, and its reasons in words.
fn proposed(lists: &[&[&str]], links: &[Link], files: &[&str]) -> (Vec<String>, String) {
    let lists: Vec<Vec<String>> =
        lists.iter().map(|list| list.iter().map(|entry| (*entry).to_owned()).collect()).collect();
    let change = change(files);
    let paths: Vec<&str> = files.iter().map(|file| &file[2..]).collect();
    let owned: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
    let proposal = propose(&lists, links, &change, &paths);
    let order = proposal.files.iter().map(|path| (*path).to_owned()).collect();
    (order, say::files::because(&proposal, &owned))
}

#[test]
fn a_definition_comes_before_its_use_and_leaves_after_it() {
    let files = [
        file("a/Hooks.php", "", "FooBar", "", ""),
        file("b/Setup.php", "FooBar", "", "", ""),
        file("c/Other.php", "", "Elsewhere", "", ""),
    ];
    assert_eq!(links(&files), [link("b/Setup.php", "a/Hooks.php", "FooBar", Way::In)]);
    let files = [file("a/Setup.php", "", "", "OldFoo", ""), file("b/Hooks.php", "", "", "", "OldFoo")];
    assert_eq!(links(&files), [link("b/Hooks.php", "a/Setup.php", "OldFoo", Way::Out)]);
}

#[test]
fn what_only_changes_or_is_defined_twice_says_nothing() {
    let changed = [file("a.php", "Foo", "", "Foo", ""), file("b.php", "", "Foo", "", "")];
    assert_eq!(links(&changed), []);
    let still_used = [file("a.php", "Foo", "", "", ""), file("b.php", "", "Foo", "", "Foo")];
    assert_eq!(links(&still_used), []);
    let twice = [
        file("a.php", "Foo", "", "", ""),
        file("b.php", "Foo", "", "", ""),
        file("c.php", "", "Foo", "", ""),
    ];
    assert_eq!(links(&twice), []);
    let itself = [file("a.php", "Foo", "Foo", "", "")];
    assert_eq!(links(&itself), []);
}

#[test]
fn the_incident_takes_the_hook_out_before_what_it_calls() {
    let links = [
        link("includes/Hooks.php", "CirrusSearch.php", "schema.Search", Way::Out),
        link("CirrusSearch.php", "resources/search.js", "loggingSchema/search.js", Way::Out),
    ];
    let (order, because) =
        proposed(&[], &links, &["M CirrusSearch.php", "M includes/Hooks.php", "D resources/search.js"]);
    assert_eq!(order, ["includes/Hooks.php", "CirrusSearch.php", "resources/search.js"]);
    assert_eq!(
        because,
        " (Hooks.php uses schema.Search no more, CirrusSearch.php defined it; CirrusSearch.php uses \
         loggingSchema/search.js no more, search.js defined it)"
    );
}

#[test]
fn what_is_configured_holds_against_names_and_new_files() {
    let list: &[&str] = &["dblists/", "InitialiseSettings.php", "CommonSettings.php"];
    let files =
        ["A CommonSettings.php", "M InitialiseSettings.php", "D dblists/a.dblist", "D dblists/b.dblist"];
    let links = [link("CommonSettings.php", "InitialiseSettings.php", "wgFoo", Way::In)];
    let (order, because) = proposed(&[list], &links, &files);
    assert_eq!(
        order,
        ["dblists/a.dblist", "dblists/b.dblist", "InitialiseSettings.php", "CommonSettings.php"]
    );
    assert_eq!(
        because,
        " (CommonSettings.php and InitialiseSettings.php should each go first: all at once is safer; as configured)"
    );
    // Entries that no file of the patch has leave no gap.
    let (order, _) = proposed(&[list], &[], &["M CommonSettings.php", "M dblists/a.dblist"]);
    assert_eq!(order, ["dblists/a.dblist", "CommonSettings.php"]);
}

#[test]
fn two_that_need_each_other_are_named() {
    let links = [link("a.php", "b.php", "Foo", Way::In), link("b.php", "a.php", "Bar", Way::In)];
    let (order, because) = proposed(&[], &links, &["M a.php", "M b.php"]);
    assert_eq!(order, ["a.php", "b.php"]);
    assert!(
        because.starts_with(" (b.php and a.php should each go first: all at once is safer; "),
        "{because}"
    );
}

#[test]
fn without_a_reason_new_files_go_first_and_deleted_ones_last() {
    let (order, because) = proposed(&[], &[], &["D a.php", "M b.php", "A c.php"]);
    assert_eq!(
        (order, because.as_str()),
        (vec!["c.php".into(), "b.php".into(), "a.php".into()], " (new files first)")
    );
    let (order, because) = proposed(&[], &[], &["D a.php", "M b.php"]);
    assert_eq!((order, because.as_str()), (vec!["b.php".into(), "a.php".into()], " (deleted files last)"));
    let (order, because) = proposed(&[], &[], &["M a.php", "M b.php"]);
    assert_eq!((order, because.as_str()), (vec!["a.php".into(), "b.php".into()], ""));
}

#[test]
fn strange_names_are_neutralised_and_thousands_of_files_take_no_time() {
    let links = [link("b.php", "a.php", "\u{1b}[31mFoo\u{202e}", Way::In)];
    let (_, because) = proposed(&[], &links, &["M a.php", "M b.php"]);
    assert!(!because.contains(['\u{1b}', '\u{202e}']), "{because:?}");
    let names: Vec<String> =
        (0..1500).map(|n| format!("M {}/{n:04}.php", if n % 2 == 0 { "z" } else { "a" })).collect();
    let files: Vec<&str> = names.iter().map(String::as_str).collect();
    let begin = std::time::Instant::now();
    let (order, _) = proposed(&[&["z/", "a/"]], &[], &files);
    assert!(order[..750].iter().all(|path| path.starts_with("z/")));
    assert!(begin.elapsed() < std::time::Duration::from_secs(5), "{:?}", begin.elapsed());
    let change = change(&["M a.php"]);
    assert_eq!(propose(&[], &[], &change, &["a.php"]).because, Vec::<Because<'_>>::new());
}

#[test]
fn the_changed_lines_say_which_file_goes_first() {
    let file = |path, added: &[&'static str], removed: &[&'static str]| FileDiff {
        path,
        added: added.to_vec(),
        removed: removed.to_vec(),
        ..FileDiff::default()
    };
    let links_of = |files: &[FileDiff<'static>]| {
        let mut facts = make::code(1);
        facts.diff = Some(Fact::Known(Diff::of(files)));
        let stored = serde_json::to_string(&facts).expect("facts are JSON");
        let facts = serde_json::from_str(&stored).expect("they are read again");
        swatbot::engine::files::links_of(&facts).to_vec()
    };
    let method = "\tpublic static function onPageDry( $pond ) {";
    let hook = "$wgHooks['PageDry'][] = 'Pond\\Hooks::onPageDry';";
    let comes = [file("Pond.php", &[hook], &[]), file("includes/Hooks.php", &[method], &[])];
    assert_eq!(links_of(&comes), [link("includes/Hooks.php", "Pond.php", "onPageDry", Way::In)]);
    let goes = [file("Pond.php", &[], &[hook]), file("includes/Hooks.php", &[], &[method])];
    assert_eq!(links_of(&goes), [link("Pond.php", "includes/Hooks.php", "onPageDry", Way::Out)]);
    // A file is named by those that load it.
    let script = FileDiff { is_new: true, ..file("modules/duckFeed.js", &["feed();"], &[]) };
    let loads = file("Pond.php", &["'scripts' => 'duckFeed.js',"], &["'scripts' => 'duckOld.js',"]);
    let old = FileDiff { is_gone: true, ..file("modules/duckOld.js", &[], &["feed();"]) };
    let expected = [
        link("modules/duckFeed.js", "Pond.php", "duckFeed.js", Way::In),
        link("Pond.php", "modules/duckOld.js", "duckOld.js", Way::Out),
    ];
    assert_eq!(links_of(&[loads, script, old]), expected);
    // A setting and the code that reads it, whatever its prefix; one word of a language may mean anything.
    let value = file("wmf-config/InitialiseSettings.php", &["'wmgPondDepth' => ["], &[]);
    let reads = file("wmf-config/CommonSettings.php", &["$wgPond->depth = $wmgPondDepth;"], &[]);
    let first = link(value.path, reads.path, "PondDepth", Way::In);
    assert_eq!(links_of(&[reads, value]), [first]);
    let word = [file("a.php", &["function feed() {"], &[]), file("b.php", &["$this->feed();"], &[])];
    assert_eq!(links_of(&word), []);
    let tests = [comes[0].clone(), file("tests/phpunit/HooksTest.php", &[method], &[])];
    assert_eq!(links_of(&tests), [], "a test goes to no host");
    // Facts from before there were links.
    let mut old = serde_json::to_value(Diff::of(&comes)).expect("a diff is JSON");
    old.as_object_mut().expect("an object").remove("links");
    assert!(serde_json::from_value::<Diff>(old).expect("it is read").links.is_empty());
}

#[test]
fn few_links_of_a_large_patch_are_stored() {
    let paths: Vec<String> = (0..40).map(|n| format!("includes/Duck{n}.php")).collect();
    let lines: Vec<String> =
        (0..40).map(|n| format!("class RareDuck{n} extends RareDuck{} {{", (n + 7) % 40)).collect();
    let files: Vec<FileDiff<'_>> = paths
        .iter()
        .zip(&lines)
        .map(|(path, line)| FileDiff { path, added: vec![line.as_str()], ..FileDiff::default() })
        .collect();
    assert_eq!(Diff::of(&files).links.len(), 24);
}
