//! What a window says at its end is a witness of the log: the heads in the channel's own history are in it.

use std::fs;

use swatbot::engine::id::OccurrenceId;
use swatbot::store::{Head, Store, VerifyError, verify};

use super::transcripts::{self, Scene};

/// Plays a transcript, and gives what was said, with the scene.
fn played(name: &str) -> (String, Scene) {
    let mut scene = Scene::open(&transcripts::folder().join(name));
    let script = scene.script.clone();
    scene.player.play(&mut script.as_bytes(), &mut scene.said).unwrap();
    (String::from_utf8(scene.said.clone()).unwrap(), scene)
}

#[test]
fn the_heads_that_were_said_are_in_the_log() {
    for (name, count) in [("finish.txt", 1), ("story.txt", 1), ("log_emit.txt", 2)] {
        let (said, scene) = played(name);
        let Scene { player, database, place: _place, .. } = scene;
        drop(player);
        let heads = Head::all_in(&said);
        assert!(heads.len() >= count, "{name}: {heads:?} in\n{said}");
        verify(&database, None, &heads, &|_| ()).unwrap_or_else(|error| panic!("{name}: {error}"));
        // It is the head of the row that closes the window, and the report has the same one.
        let store = Store::open(&database).unwrap();
        let first = heads.first().unwrap();
        let id: OccurrenceId = said
            .lines()
            .find(|line| line.contains("(head L"))
            .and_then(|line| line.split("report ").nth(1)?.split('"').next()?.parse().ok())
            .unwrap();
        let rows = store.rows_of_window(&id).unwrap();
        let closed = rows.iter().find(|row| row.kind == "window-closed").unwrap();
        assert_eq!(store.head_of(closed.id).unwrap().as_ref(), Some(first), "{name}");
        drop(store);
        // Another history is not its witness.
        let other = said.replace(&first.to_string(), &format!("L{} 5f2c81d09a3e77b0", closed.id.0));
        let found = verify(&database, None, &Head::all_in(&other), &|_| ());
        assert!(matches!(found, Err(VerifyError::Flaw(_))), "{name}: {found:?}");
    }
}

#[test]
fn the_command_line_takes_the_history_as_it_is() {
    let (said, scene) = played("finish.txt");
    let history = scene.place.path().join("history.txt");
    fs::write(&history, &said).unwrap();
    drop(scene.player);
    let swatbot = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_swatbot"));
        command.args(["--config", concat!(env!("CARGO_MANIFEST_DIR"), "/windows.toml"), "--database"]);
        let output = command.arg(&scene.database).args(arguments).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap() + &*String::from_utf8(output.stderr).unwrap();
        (output.status.code(), text)
    };
    let (code, text) = swatbot(&["verify", "--witness", history.to_str().unwrap()]);
    assert!(code == Some(0) && text.contains("heads as they were said"), "{text}");
    fs::write(&history, "nobody said anything\n").unwrap();
    let (code, text) = swatbot(&["verify", "--witness", history.to_str().unwrap()]);
    assert!(code == Some(2) && text.contains("has no head in it"), "{text}");
    let head = Head::all_in(&said).remove(0).to_string();
    let id = said.split("\"!swat report ").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let (code, text) = swatbot(&["report", &id]);
    assert!(code == Some(0) && text.contains(&format!(" (head {head})\n")), "{text}");
}
