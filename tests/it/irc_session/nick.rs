//! The nick of the bot: it acts only while it has its own, and asks for it again.

use super::{Irc, Play, irc};

#[test]
fn f19_under_another_nick_it_is_read_only_until_it_has_its_own() {
    let mut play = Play::open(&Irc { alternative_nicks: vec!["swatbot2".to_owned()], ..irc() });
    play.is_alive = true;
    play.plays(
        "
        > CAP LS 302
        > NICK swatbot
        > USER swatbot 0 * :conducts deployment windows
        < :irc.test 433 * swatbot :Nickname is already in use.
        > NICK swatbot2
        < :irc.test 433 * swatbot2 :Nickname is already in use.
        > NICK swatbot_
        < :irc.test 437 * swatbot_ :Nick/channel is temporarily unavailable
        > NICK swatbot1
        < :irc.test CAP * LS :account-tag
        > CAP REQ account-tag
        < :irc.test CAP * ACK :account-tag
        > CAP END
        < :irc.test 001 swatbot1 :Welcome
        < :irc.test 376 swatbot1 :End of /MOTD command.
        = libera up, read-only: my nick is swatbot1, not swatbot
        > JOIN #ops
        < :swatbot1!~s@bot.test JOIN #ops
        < :irc.test 366 swatbot1 #ops :End of /NAMES list.
        = libera/#ops here:
        < @account=alice :alice!~a@a.test PRIVMSG #ops :!swat start
        = libera/#ops <alice=-> !swat start
        +44s
        +1s
        > NICK swatbot
        < :irc.test 433 swatbot1 swatbot :Nickname is already in use.
        +45s
        > NICK swatbot
        < :irc.test 433 swatbot1 swatbot :Nickname is already in use.
        +5s
        < :SwatBot!~x@x.test QUIT :Ping timeout
        > NICK swatbot
        < :swatbot1!~s@bot.test NICK :swatbot
        = libera up
        < @account=alice :alice!~a@a.test PRIVMSG #ops :!swat start
        = libera/#ops <alice=alice> !swat start
        +600s
        ",
    );
}

#[test]
fn f19_a_nick_that_is_taken_away_is_noticed_and_asked_for_again() {
    let mut play = Play::in_ops(&irc());
    play.is_alive = true;
    play.plays(
        "
        < :SWATBOT!~swat@bot.test NICK :Guest123
        = libera up, read-only: my nick is Guest123, not swatbot
        # Its own words come back under the new name.
        < @account=swatbot :guest123!~swat@bot.test PRIVMSG #ops :!swat queue
        < :mallory!~m@m.test NICK swatbot
        < @account=mallory :swatbot!~m@m.test PRIVMSG #ops :!swat queue
        = libera/#ops <swatbot=-> !swat queue
        < :swatbot!~m@m.test NICK mallory
        > NICK swatbot
        < :Guest123!~swat@bot.test NICK SwatBot
        = libera up
        ",
    );
}

#[test]
fn a_server_that_takes_no_nick_at_all_is_given_up() {
    let mut play = Play::open(&irc());
    for tries in 0..50 {
        play.hear(":irc.test 433 * swatbot :Nickname is already in use.");
        if let Some(last) = play.run("").lines().last().filter(|line| line.starts_with('!')) {
            assert_eq!(last, "! the nick swatbot and all others are taken (again)");
            assert!(tries > 5, "{tries}");
            return;
        }
    }
    panic!("it goes on for ever");
}

#[test]
fn a_nick_that_the_server_never_takes_is_not_called_taken() {
    let settings = Irc { nick: "pretty-bot".to_owned(), ..irc() };
    let last = |script: &str| {
        let shown = Play::open(&settings).run(script);
        shown.lines().last().unwrap_or_default().to_owned()
    };
    assert_eq!(
        last("< :irc.test 432 * pretty-bot :Nickname too long, max. 9 characters"),
        "! the server does not take the nick pretty-bot: Nickname too long, max. 9 characters (stop at first)"
    );
    assert_eq!(
        last("< :irc.test 001 pretty-bo :Welcome"),
        "! the server does not take the nick pretty-bot: it cuts it to pretty-bo (stop)"
    );
    let taken = "< :irc.test 433 * pretty-bot :Nickname is already in use.";
    assert_eq!(
        last(&format!(
            "{taken}\n< :irc.test 001 pretty-b1 :Welcome\n< :irc.test 005 pretty-b1 NICKLEN=9 :are supported"
        )),
        "! the server does not take the nick pretty-bot: it has more than 9 letters (stop)"
    );
    // What services keep for whoever registered it comes free.
    assert_eq!(last("< :irc.test 432 * pretty-bot :Services reserved nickname: held"), "> NICK pretty-bot_");
    // And a server that has given it whole says nothing by its limit.
    let welcome = "< :irc.test 001 pretty-bot :Welcome\n< :irc.test 005 pretty-bot NICKLEN=9 :are supported";
    assert!(!last(welcome).starts_with('!'));
}

#[test]
fn the_budget_is_what_is_left_behind_our_prefix() {
    let mut play = Play::open(&irc());
    // Nobody has said what others see: ten letters and 63.
    assert_eq!(play.session.budget(), 510 - ":swatbot!".len() - 10 - 1 - 63 - 1);
    let left = |prefix: &str| 510 - prefix.len() - 2;
    play.hear(":irc.test 001 swatbot :Welcome to the network swatbot!~swat@203.0.113.7");
    assert_eq!(play.session.budget(), left("swatbot!~swat@203.0.113.7"));
    play.hear(":irc.test 396 swatbot wikimedia/bot/swatbot :is now your visible host");
    assert_eq!(play.session.budget(), left("swatbot!~swat@wikimedia/bot/swatbot"));
    play.hear(":swatbot!swat@a.test JOIN #ops");
    assert_eq!(play.session.budget(), left("swatbot!swat@a.test"));
    play.hear(":swatbot!swat@a.test CHGHOST s example.test");
    assert_eq!(play.session.budget(), left("swatbot!s@example.test"));
    play.hear(":swatbot!s@example.test NICK swatbot_");
    assert_eq!(play.session.budget(), left("swatbot_!s@example.test"));
    play.hear(":swatbot_!s@b.test PRIVMSG #ops :our own words, sent back");
    assert_eq!(play.session.budget(), left("swatbot_!s@b.test"));
}
