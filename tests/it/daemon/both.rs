//! The program on IRC and on a homeserver at once: what happens to one is told on the other.

use super::super::fake_irc::FakeIrc;
use super::matrix::{ALICE, BOB, Homeserver, OPS};
use super::{Daemon, Home};

/// Both servers, with alice on IRC and bob on Matrix, and a program that is in both rooms.
fn both() -> (FakeIrc, Homeserver, Home, Daemon) {
    let irc = FakeIrc::in_thread();
    irc.add("alice", Some("alice"));
    irc.add("bob", Some("bob"));
    let matrix = Homeserver::start();
    let home = Home::empty();
    let connections = format!(
        "{}\n[[connection]]\nkind = \"irc\"\nnetwork = \"test\"\nserver = \"127.0.0.1\"\nport = {}\ntls = false\n\
         channels = [\"#ops\"]\nline_every = \"0s\"\n",
        matrix.connection(&home),
        irc.port()
    );
    let people = format!(
        "irc = [\"test/alice\"]\nmatrix = [\"{ALICE}\"]\n\n[[person]]\nid = \"bob\"\nroles = [\"deployer\"]\n\
         irc = [\"test/bob\"]\nmatrix = [\"{BOB}\"]\n"
    );
    home.write_connections(&connections, &["test/#ops", &format!("matrix/{OPS}")], &people);
    let daemon = home.start();
    irc.wait_for("WHO #ops", 1);
    daemon.tells("connected to matrix");
    (irc, matrix, home, daemon)
}

/// F29: the device is gone for good. IRC goes on, and reads it.
#[test]
fn a_hard_logout_stops_one_network_and_the_other_goes_on() {
    let (irc, matrix, home, daemon) = both();
    irc.say("account=alice", "alice", "#ops", "!swat claim");
    irc.wait_for("you lead 2026-11-23/day", 1);
    matrix.fake.log_out(false);
    irc.wait_for("I am out of matrix and do not try again", 1);
    daemon.tells("matrix is lost: the homeserver has ended my session; not trying again before a restart");
    irc.say("account=alice", "alice", "#ops", "!log on IRC it goes on");
    irc.wait_for("alice: logged L", 1);
    assert_eq!(home.rows("on IRC it goes on"), 1);
}

/// F29: a session that can be taken up again is, by the same device.
#[test]
fn a_soft_logout_is_no_reason_to_stop() {
    let (irc, matrix, home, daemon) = both();
    matrix.fake.log_out(true);
    irc.say("account=alice", "alice", "#ops", "!log meanwhile on IRC");
    irc.wait_for("alice: logged L", 1);
    daemon.tells("connected to matrix");
    matrix.fake.says(OPS, BOB, "!log and on Matrix");
    matrix.until("it answers", |_| !matrix.said("bob: logged L").is_empty());
    assert_eq!((home.rows("meanwhile on IRC"), home.rows("and on Matrix")), (1, 1));
    assert_eq!(matrix.fake.logins(), (2, ["DEVICE1".to_owned()].into()));
}

/// Removed from a room: held, said on the other network, and the operator knows that nobody tries again.
#[test]
fn a_room_that_is_gone_is_told_on_the_other_network() {
    let (irc, matrix, _home, daemon) = both();
    irc.say("account=alice", "alice", "#ops", "!swat claim");
    irc.wait_for("you lead 2026-11-23/day", 1);
    matrix.until("it is said there too", |_| !matrix.said("you lead").is_empty());
    matrix.fake.remove(OPS, BOB, "ban");
    let told = irc.wait_for("is HELD (H1)", 1).remove(0);
    assert!(
        told.starts_with("PRIVMSG #ops :alice: 2026-11-23/day is HELD (H1): I am out of matrix/"),
        "{told}"
    );
    assert!(told.contains("@bob:example.org banned me"), "{told}");
    let told = daemon.tells("somebody must do something").pop().unwrap();
    assert_eq!(
        told,
        format!(
            "swatbot: out of matrix/{OPS}: @bob:example.org banned me; not trying again, somebody must do something about it"
        )
    );
}

/// F36: the lead on IRC and the owner on Matrix confirm the same step at the same moment. One wins, and the other is told
/// who it was.
#[test]
fn of_two_who_confirm_the_same_step_at_once_one_wins() {
    let (irc, matrix, home, daemon) = both();
    irc.say("account=alice", "alice", "#ops", "!swat claim");
    irc.wait_for("you lead 2026-11-23/day", 1);
    matrix.fake.says(OPS, BOB, "!swat add 4");
    matrix.until("it is in", |_| !matrix.said("bob: #1 in").is_empty());
    irc.say("account=alice", "alice", "#ops", "!swat start");
    irc.wait_for("Read it, then", 1);
    irc.say("account=alice", "alice", "#ops", "!swat check #1 precommit the tests are green");
    irc.say("account=alice", "alice", "#ops", "!swat check #1 deployer");
    irc.wait_for("step 2: merge it", 1);
    // The clock stands still, so only a start asks again.
    home.merge(4);
    daemon.kill();
    let daemon = home.start();
    daemon.tells("connected to test");
    irc.wait_for("done 3", 1);
    irc.say("account=alice", "alice", "#ops", "!swat done 3");
    matrix.until("the owner is asked", |_| !matrix.said("!swat verified 4").is_empty());
    std::thread::scope(|scope| {
        scope.spawn(|| irc.say("account=alice", "alice", "#ops", "!swat verified 4"));
        scope.spawn(|| matrix.fake.says(OPS, BOB, "!swat verified 4"));
    });
    let told = || [irc.heard("alice: already"), matrix.said("bob: already")].concat();
    matrix.until("one is told that the other was first", |_| !told().is_empty());
    let (told, first) = (told(), if irc.heard("alice: already").is_empty() { "alice" } else { "bob" });
    assert!(told.len() == 1 && told[0].contains(&format!("already verified by {first}")), "{told:?}");
    let rows = home.command().args(["log", "kind", "step-done"]).output().unwrap();
    let rows = String::from_utf8(rows.stdout).unwrap();
    assert_eq!(rows.lines().filter(|row| row.contains("step 4")).count(), 1, "{rows}");
}
