//! From the first line to the channels: capabilities, and servers that have none.

use super::{Irc, Play, irc};

#[test]
fn all_that_is_offered_is_asked_for_and_the_engine_hears_first() {
    Play::open(&irc()).plays(
        "
        > CAP LS 302
        > NICK swatbot
        > USER swatbot 0 * :conducts deployment windows
        < :irc.test NOTICE * :*** Looking up your hostname
        < PING :7c2a-9 ::1
        > PONG :7c2a-9 ::1
        < :irc.test CAP * LS * :sasl=PLAIN,EXTERNAL account-tag extended-join account-notify multi-prefix
        < :irc.test CAP * LS :chghost cap-notify echo-message server-time message-tags batch draft/bot tls
        > CAP REQ :account-notify account-tag batch cap-notify chghost draft/bot echo-message extended-join message-tags server-time
        < :irc.test CAP swatbot ACK :account-notify account-tag batch cap-notify chghost draft/bot echo-message extended-join message-tags server-time \x20
        > CAP END
        < :irc.test 001 swatbot :Welcome to the network swatbot!~swat@bot.test
        < :irc.test 002 swatbot :Your host is irc.test
        < :irc.test 005 swatbot CASEMAPPING=ascii WHOX BOT=B CHANTYPES=# NETWORK=Test :are supported by this server
        < :irc.test 375 swatbot :- irc.test Message of the day -
        < :irc.test 376 swatbot :End of /MOTD command.
        = libera up
        > MODE swatbot +B
        > JOIN #ops
        < :swatbot!~swat@bot.test JOIN #ops * :swatbot
        < :irc.test 353 swatbot = #ops :swatbot @alice +guest
        < :irc.test 366 swatbot #ops :End of /NAMES list.
        > WHO #ops %tcnfa,77
        < :irc.test 354 swatbot 77 #ops swatbot H 0
        < :irc.test 354 swatbot 77 #ops alice H@ alice
        < :irc.test 354 swatbot 77 #ops guest G 0
        < :irc.test 315 swatbot #ops :End of /WHO list.
        = libera/#ops here: alice
        ",
    );
}

#[test]
fn f21_a_refused_account_tag_makes_it_read_only() {
    // One refusal refuses the whole line, so each is asked for again.
    Play::open(&irc()).plays(
        "
        > CAP LS 302
        > NICK swatbot
        > USER swatbot 0 * :conducts deployment windows
        < :irc.test CAP * LS :account-tag server-time
        > CAP REQ :account-tag server-time
        < :irc.test CAP * NAK :account-tag server-time
        > CAP REQ account-tag
        > CAP REQ server-time
        < :irc.test CAP * NAK :account-tag
        < :irc.test CAP * ACK :server-time
        > CAP END
        < :irc.test 001 swatbot :Welcome
        < :irc.test 422 swatbot :MOTD File is missing
        = libera up, read-only: the server does not say who is logged in (no account-tag)
        > JOIN #ops
        ",
    );
}

#[test]
fn f21_rights_go_with_account_tag_at_once_and_come_back_with_it() {
    Play::in_ops(&irc()).plays(
        "
        < @account=alice :alice!~a@a.test PRIVMSG #ops :!swat claim
        = libera/#ops <alice=alice> !swat claim
        < :irc.test CAP swatbot DEL :account-tag
        = libera up, read-only: the server does not say who is logged in (no account-tag)
        < @account=alice :alice!~a@a.test PRIVMSG #ops :!swat start
        = libera/#ops <alice=-> !swat start
        < :irc.test CAP swatbot NEW :account-tag tls
        > CAP REQ account-tag
        < :irc.test CAP swatbot ACK :account-tag\x20
        = libera up
        < @account=alice :alice!~a@a.test PRIVMSG #ops :!swat start
        = libera/#ops <alice=alice> !swat start
        ",
    );
}

#[test]
fn a_server_without_capabilities_is_read_only() {
    // ngircd before 19 and others answer `CAP` with 421; some do not answer at all.
    for answer in ["< :irc.test 421 * CAP :Unknown command\n", ""] {
        Play::open(&irc()).plays(&format!(
            "
            > CAP LS 302
            > NICK swatbot
            > USER swatbot 0 * :conducts deployment windows
            {answer}
            < :irc.test 001 swatbot :Welcome
            < :irc.test 005 swatbot PREFIX=(qaohv)~&@%+ :are supported
            < :irc.test 376 swatbot :End of MOTD command
            = libera up, read-only: the server does not say who is logged in (no account-tag)
            > JOIN #ops
            < :swatbot!~swatbot@bot.test JOIN :#ops
            < :irc.test 353 swatbot = #ops :swatbot ~@alice
            < :irc.test 366 swatbot #ops :End of NAMES list
            = libera/#ops here:
            < :alice!~a@a.test PRIVMSG #ops :!swat queue
            = libera/#ops <alice=-> !swat queue
            "
        ));
    }
}

#[test]
fn a_server_that_offers_nothing_is_told_to_go_on() {
    Play::open(&irc()).plays(
        "
        > CAP LS 302
        > NICK swatbot
        > USER swatbot 0 * :conducts deployment windows
        < :irc.test CAP * LS :
        > CAP END
        ",
    );
}

#[test]
fn f17_a_server_that_never_lets_us_in_is_given_up() {
    // That it looks up a name, and asks whether we are there, is no progress.
    Play::open(&irc()).plays(
        "
        > CAP LS 302
        > NICK swatbot
        > USER swatbot 0 * :conducts deployment windows
        +20s
        < :irc.test NOTICE * :*** Looking up your hostname
        < PING :are-you-there
        > PONG are-you-there
        +9s
        +1s
        ! no answer to registration for 30 s (again)
        < :irc.test 001 swatbot :Welcome
        +600s
        ",
    );
    // Each step forward has its own 30 s.
    Play::open(&irc()).plays(
        "
        > CAP LS 302
        > NICK swatbot
        > USER swatbot 0 * :conducts deployment windows
        +20s
        < :irc.test CAP * LS :server-time
        > CAP REQ server-time
        +20s
        < :irc.test CAP * ACK :server-time
        > CAP END
        +20s
        < :irc.test 001 swatbot :Welcome
        +29s
        +1s
        ! no answer to registration for 30 s (again)
        ",
    );
}

#[test]
fn several_channels_are_asked_about_one_after_the_other() {
    let channels = ["#ops", "#releng"].map(str::to_owned).to_vec();
    Play::welcome(&Irc { channels, ..irc() }).plays(
        "
        < :swatbot!~swat@bot.test JOIN #ops * :swatbot
        < :swatbot!~swat@bot.test JOIN #releng * :swatbot
        < :irc.test 353 swatbot = #releng :alice swatbot
        < :irc.test 366 swatbot #releng :End of /NAMES list.
        > WHO #releng %tcnfa,77
        < :irc.test 353 swatbot = #ops :alice swatbot
        < :irc.test 366 swatbot #ops :End of /NAMES list.
        +1s
        < :irc.test 354 swatbot 77 #releng alice H alice
        < :irc.test 315 swatbot #releng :End of /WHO list.
        = libera/#releng here: alice
        > WHO #ops %tcnfa,77
        # The server is busy, and then it does not answer any more.
        < :irc.test 263 swatbot WHO :Server load is temporarily too heavy
        +9s
        +1s
        > WHO #ops %tcnfa,77
        < PING :x
        > PONG x
        +30s
        > PING swatbot
        = libera/#ops here: alice
        ",
    );
}
