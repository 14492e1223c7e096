//! A connection that is dead or thrown out: found in time, and what follows.

use super::{Play, irc};

#[test]
fn f16_a_dead_connection_is_found_within_90_seconds() {
    Play::in_ops(&irc()).plays(
        "
        +29s
        +1s
        > PING swatbot
        +29s
        +1s
        ! no answer to PING for 30 s (again)
        < :irc.test PONG irc.test swatbot
        +600s
        ",
    );
}

#[test]
fn any_sign_of_life_will_do() {
    Play::in_ops(&irc()).plays(
        "
        +30s
        > PING swatbot
        +20s
        < :irc.test PONG irc.test :swatbot
        +29s
        < :carol!~c@c.test PRIVMSG #elsewhere :hello
        +29s
        # Even one that nobody can read.
        < : :
        +29s
        +1s
        > PING swatbot
        ",
    );
}

#[test]
fn the_server_is_asked_whether_it_has_taken_what_was_said() {
    let mut play = Play::in_ops(&irc());
    let spoke = play.now;
    play.session.has_spoken(spoke);
    play.plays(
        "
        +4s
        < :carol!~c@c.test PRIVMSG #elsewhere :a sign of life is no proof
        +1s
        > PING swatbot
        ",
    );
    assert_eq!(play.session.proved(), None);
    let asked = play.now;
    play.pass(std::time::Duration::from_secs(1));
    play.session.has_spoken(play.now);
    play.run("< :irc.test PONG irc.test :swatbot");
    assert_eq!(play.session.proved(), Some(asked));
    play.plays(
        "
        +4s
        +1s
        > PING swatbot
        < :irc.test PONG irc.test :swatbot
        # Whoever says nothing asks nothing.
        +29s
        ",
    );
}

#[test]
fn a_ping_is_answered_to_the_letter() {
    Play::in_ops(&irc()).plays(
        "
        < PING irc.test
        > PONG irc.test
        < :irc.test PING :two words
        > PONG :two words
        < PING ::colon
        > PONG ::colon
        < PING one two
        > PONG one two
        < PING :
        > PONG :
        ",
    );
}

#[test]
fn f18_the_last_words_decide_what_follows() {
    let cases = [
        ("ERROR :Closing Link: 192.0.2.7 (Excess Flood)", "again later"),
        ("ERROR :Your host is trying to (re)connect too fast -- throttled", "again later"),
        ("ERROR :Closing link: (swat@192.0.2.7) [Reconnecting too fast]", "again later"),
        ("ERROR :Too many user connections (global)", "again later"),
        ("ERROR :Closing Link: swatbot (RecvQ exceeded)", "again later"),
        ("ERROR :Closing Link: 192.0.2.7 (K-Lined)", "stop"),
        ("ERROR :Closing link: (swat@192.0.2.7) [G-Lined: botnet]", "stop"),
        ("ERROR :Closing link: (swat@192.0.2.7) [Z-Lined: Excess Flood]", "stop"),
        ("ERROR :Closing Link: [192.0.2.7] (You are banned from this server)", "stop"),
        (":irc.test 465 swatbot :You are not welcome here", "stop"),
        (":irc.test 464 swatbot :Password incorrect", "stop"),
        (":irc.test 466 swatbot", "again"),
        (":irc.test 463 swatbot :Your host isn't among the privileged", "again"),
        ("ERROR :Closing link: (swat@192.0.2.7) [Ping timeout: 120 seconds]", "again"),
        ("ERROR :Server is going down for maintenance", "again"),
        (":oper!~o@o.test KILL swatbot :wrong one", "again"),
        (":irc.test KILL swatbot :Nickname collision", "again"),
        (":swatbot!~swat@bot.test QUIT :Killed (oper (banned))", "stop"),
        (":swatbot!~swat@bot.test QUIT :Ghosted", "again"),
    ];
    for (line, then) in cases {
        let mut play = Play::in_ops(&irc());
        let shown = play.run(&format!("< {line}\n< {line}\n+600s"));
        let ends: Vec<&str> = shown.lines().filter(|line| line.starts_with('!')).collect();
        assert!(ends.len() == 1 && ends[0].ends_with(&format!("({then})")), "{shown}");
    }
    Play::in_ops(&irc()).plays(
        "
        < :oper!~o@o.test KILL swatbot
        < :oper!~o@o.test KILL mallory :not us
        < ERROR :Closing Link: \u{2}192.0.2.7\u{2} (K-Lined)
        ! the server closed the connection: Closing Link: 192.0.2.7 (K-Lined) (stop)
        ",
    );
}

#[test]
fn f23_lines_that_nobody_can_read_are_passed_over() {
    let mut play = Play::in_ops(&irc());
    for line in [
        "",
        ":",
        ":srv :oops",
        "@",
        "@a",
        "@a :b",
        "::",
        " ",
        ":irc.test",
        "\u{fffd}\u{fffd}",
        "005",
        "366",
        "CAP",
    ] {
        play.hear(line);
    }
    let long = "x".repeat(100_000);
    play.hear(&long);
    play.hear(&format!(":irc.test 353 swatbot = #ops :{long}"));
    play.hear(&format!("@{long} :a!b@c JOIN #ops"));
    assert!(play.session.unreadable() > 0);
    play.effects.clear();
    play.plays(
        "
        < @account=alice :alice!~a@a.test PRIVMSG #ops :still here
        = libera/#ops <alice=alice> still here
        ",
    );
}
