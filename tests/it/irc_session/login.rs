//! The login by SASL: the right account, or no connection at all.

use std::path::PathBuf;

use super::{Irc, IrcLogin, Play, irc, with_password};

const BEGIN: &str = "
    < :irc.test CAP * LS :sasl=PLAIN,EXTERNAL account-tag
    < :irc.test CAP * ACK :account-tag sasl
";

#[test]
fn nothing_is_joined_before_the_account_is_confirmed() {
    Play::open(&with_password("hunter2")).plays(
        "
        > CAP LS 302
        > NICK swatbot
        > USER swatbot 0 * :conducts deployment windows
        < :irc.test CAP * LS :sasl=PLAIN,EXTERNAL account-tag
        > CAP REQ :account-tag sasl
        < :irc.test CAP * ACK :account-tag sasl
        > AUTHENTICATE PLAIN
        < AUTHENTICATE +
        > AUTHENTICATE c3dhdGJvdABzd2F0Ym90AGh1bnRlcjI=
        < :irc.test 900 swatbot swatbot!~swat@bot.test swatbot :You are now logged in as swatbot
        < :irc.test 903 swatbot :SASL authentication successful
        > CAP END
        < :irc.test 001 swatbot :Welcome
        < :irc.test 376 swatbot :End of /MOTD command.
        = libera up
        > JOIN #ops
        ",
    );
}

#[test]
fn a_certificate_needs_no_words() {
    let login = IrcLogin::Certificate { file: PathBuf::from("bot.pem") };
    let mut play = Play::open(&Irc { account: Some("SwatBot".to_owned()), login, ..irc() });
    play.run(BEGIN);
    play.plays(
        "
        < AUTHENTICATE +
        > AUTHENTICATE +
        < :irc.test 903 swatbot :SASL authentication successful
        < :irc.test 900 swatbot swatbot!~swat@bot.test swatbot :You are now logged in as swatbot
        > CAP END
        ",
    );
}

#[test]
fn a_long_answer_goes_out_in_pieces_of_400() {
    // `swatbot`, NUL, `swatbot`, NUL and the password: 16 bytes and the password, four letters for three bytes.
    let sent = |password: usize| {
        let mut play = Play::open(&with_password(&"p".repeat(password)));
        play.run(BEGIN);
        let shown = play.run("< AUTHENTICATE +");
        let lengths = shown.lines().filter_map(|line| line.strip_prefix("> AUTHENTICATE ")).map(str::len);
        (lengths.collect::<Vec<_>>(), shown.lines().last().map(str::to_owned))
    };
    assert_eq!(
        sent(281),
        (vec![396], Some(format!("> AUTHENTICATE c3dhdGJvdABzd2F0Ym90AHBw{}", "cHBw".repeat(93))))
    );
    let (lengths, last) = sent(284);
    assert_eq!((lengths, last.as_deref()), (vec![400, 1], Some("> AUTHENTICATE +")), "exactly full");
    assert_eq!(sent(285).0, [400, 4]);
    let (lengths, last) = sent(584);
    assert_eq!((lengths, last.as_deref()), (vec![400, 400, 1], Some("> AUTHENTICATE +")));
}

#[test]
fn f20_without_its_login_it_does_not_come_in() {
    let cases: [(&[&str], &str); 12] = [
        (&[":irc.test CAP * LS :account-tag"], "the server has no SASL, and a login is configured"),
        (&[":irc.test CAP * LS :"], "the server has no SASL, and a login is configured"),
        (&[":irc.test 001 swatbot :Welcome"], "the server let me in without the login as swatbot"),
        (
            &[":irc.test CAP * LS * :account-tag", ":irc.test CAP * LS :sasl=EXTERNAL,SCRAM-SHA-256"],
            "the server has no SASL PLAIN, only EXTERNAL,SCRAM-SHA-256",
        ),
        (
            &[":irc.test CAP * LS :sasl", ":irc.test CAP * NAK :sasl"],
            "the server refused SASL, and a login is configured",
        ),
        (
            &[
                ":irc.test CAP * LS :sasl",
                ":irc.test CAP * ACK :sasl",
                ":irc.test 904 swatbot :SASL authentication failed",
            ],
            "the login as swatbot failed: SASL authentication failed (904)",
        ),
        (
            &[
                ":irc.test CAP * LS :sasl",
                ":irc.test CAP * ACK :sasl",
                ":irc.test 902 swatbot :You must use a nick assigned to you",
            ],
            "the login as swatbot failed: You must use a nick assigned to you (902)",
        ),
        (
            &[
                ":irc.test CAP * LS :sasl",
                ":irc.test CAP * ACK :sasl",
                ":irc.test 905 swatbot :SASL message too long",
            ],
            "the login as swatbot failed: SASL message too long (905)",
        ),
        (
            &[
                ":irc.test CAP * LS :sasl",
                ":irc.test CAP * ACK :sasl",
                ":irc.test 906 swatbot :SASL authentication aborted",
            ],
            "the login as swatbot failed: SASL authentication aborted (906)",
        ),
        (
            &[
                ":irc.test CAP * LS :sasl",
                ":irc.test CAP * ACK :sasl",
                ":irc.test 908 swatbot EXTERNAL :are available SASL mechanisms",
            ],
            "the login as swatbot failed: the server takes only EXTERNAL (908)",
        ),
        (
            &[
                ":irc.test CAP * LS :sasl",
                ":irc.test CAP * ACK :sasl",
                "AUTHENTICATE +",
                ":irc.test 900 swatbot swatbot!s@b mallory :You are now logged in as mallory",
                ":irc.test 903 swatbot :SASL authentication successful",
            ],
            "I am logged in as mallory, not as swatbot",
        ),
        (
            // Services are there, and in between they take it for somebody else.
            &[
                ":irc.test CAP * LS :sasl",
                ":irc.test CAP * ACK :sasl",
                ":irc.test 900 swatbot swatbot!s@b swatbot :You are now logged in as swatbot",
                ":irc.test 903 swatbot :SASL authentication successful",
                ":irc.test 001 swatbot :Welcome",
                ":irc.test 900 swatbot swatbot!s@b mallory :You are now logged in as mallory",
                ":irc.test 376 swatbot :End of /MOTD command.",
            ],
            "I am logged in as mallory, not as swatbot",
        ),
    ];
    for (lines, why) in cases {
        let mut play = Play::open(&with_password("hunter2"));
        let script: String = lines.iter().map(|line| format!("< {line}\n")).collect();
        let shown = play.run(&script);
        // A server has no SASL while services are away, and they come back.
        let then = if why.contains("SASL, and") { "again later" } else { "stop at first" };
        assert!(shown.ends_with(&format!("! {why} ({then})\n")), "{why}\n{shown}");
        assert!(!shown.contains("JOIN") && !shown.contains("NickServ") && !shown.contains("= "), "{shown}");
        assert_eq!(
            play.run("< :irc.test 376 swatbot :End of /MOTD command.\n+600s"),
            "< :irc.test 376 swatbot :End of /MOTD command.\n+600s\n"
        );
    }
}

#[test]
fn a_login_that_ends_later_begins_a_new_attempt() {
    let mut play = Play::open(&with_password("hunter2"));
    play.run(BEGIN);
    play.run(
        "
        < :irc.test 900 swatbot swatbot!s@b swatbot :You are now logged in as swatbot
        < :irc.test 903 swatbot :SASL authentication successful
        < :irc.test 001 swatbot :Welcome
        < :irc.test 376 swatbot :End of /MOTD command.
        ",
    );
    play.plays(
        "
        < :irc.test 901 swatbot swatbot!s@b :You are now logged out
        ! services have logged me out (again)
        ",
    );
}

#[test]
fn the_password_can_not_be_seen() {
    let mut play = Play::open(&with_password("hunter2"));
    play.run(BEGIN);
    play.hear("AUTHENTICATE +");
    let effects = format!("{:?}", play.effects);
    assert!(effects.contains("AUTHENTICATE …"), "{effects}");
    for seen in [effects, format!("{:?}", play.session)] {
        assert!(
            !seen.contains("hunter2") && !seen.contains("aHVudGVyMg") && !seen.contains("c3dhdGJvdAB"),
            "{seen}"
        );
    }
}
