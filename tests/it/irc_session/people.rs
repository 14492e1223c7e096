//! Who is there: by account, counted over nicks and channels.

use std::time::{Duration, Instant};

use super::{Irc, Play, irc};

#[test]
fn an_account_comes_with_its_first_nick_and_goes_with_its_last() {
    Play::in_ops(&irc()).plays(
        "
        < :bob!~b@b.test JOIN #ops bob :Bob
        = libera/#ops came bob
        < :bob2!~b@phone.test JOIN #ops bob :Bob
        < :bob!~b@b.test PART #ops :bye
        < :bob2!~b@phone.test PART #ops
        = libera/#ops left bob (Left)
        < :carol!~c@c.test JOIN #ops * :Carol
        < :carol!~c@c.test ACCOUNT carol
        = libera/#ops came carol
        < :carol!~c@c.test ACCOUNT caroline
        = libera/#ops left carol (LoggedOut)
        = libera/#ops came caroline
        < :carol!~c@c.test ACCOUNT *
        = libera/#ops left caroline (LoggedOut)
        < :alice!~a@a.test NICK alice|away
        < :dave!~d@d.test KICK #ops alice|away :enough
        = libera/#ops left alice (Kicked)
        # Somebody takes the nick of one who, as far as we know, still has it: they must have gone unseen.
        < :erin!~e@e.test JOIN #ops erin :Erin
        = libera/#ops came erin
        < :guest!~g@g.test NICK Erin
        = libera/#ops left erin (Left)
        < :Erin!~g@g.test QUIT :Quit: bye
        < :nobody!~n@n.test QUIT :never seen
        < :nobody!~n@n.test PART #elsewhere
        ",
    );
}

#[test]
fn f22_a_split_is_nobodys_fault() {
    let split = |words: &str| {
        let mut play = Play::in_ops(&irc());
        play.run(&format!("< :alice!~a@a.test QUIT :{words}")).contains("(Split)")
    };
    assert!(split("hub.irc.test leaf.irc.test"));
    assert!(split("*.net *.split"));
    for words in [
        "Quit: hub.irc.test leaf.irc.test",
        "hub.irc.test",
        "hub.irc.test  leaf.irc.test",
        "hub.irc.test leaf.irc.test again",
        "see you.",
        "bye. bye.",
        "http://a.test http://b.test",
        "",
    ] {
        assert!(!split(words), "{words}");
    }
    // What a server says in a batch is no less so, and they come back the same way.
    Play::in_ops(&irc()).plays(
        "
        < :irc.test BATCH +yXN netsplit hub.irc.test leaf.irc.test
        < @batch=yXN :alice!~a@a.test QUIT :hub.irc.test leaf.irc.test
        = libera/#ops left alice (Split)
        < :irc.test BATCH -yXN
        < :irc.test BATCH +4lM netjoin hub.irc.test leaf.irc.test
        < @batch=4lM :alice!~a@a.test JOIN #ops alice :Alice
        = libera/#ops came alice
        < :irc.test BATCH -4lM
        ",
    );
}

#[test]
fn each_channel_has_its_own_people() {
    let channels = ["#ops", "#releng"].map(str::to_owned).to_vec();
    let mut play = Play::in_ops(&Irc { channels, ..irc() });
    play.plays(
        "
        < :swatbot!~swat@bot.test JOIN #releng * :swatbot
        < :irc.test 353 swatbot = #releng :swatbot guest
        < :irc.test 366 swatbot #releng :End of /NAMES list.
        > WHO #releng %tcnfa,77
        # What is not known yet is not told; a reply to another question is not one to ours.
        < :alice!~a@a.test JOIN #releng alice :Alice
        < :irc.test 354 swatbot 78 #releng mallory H mallory
        < :irc.test 354 swatbot 77 #releng guest H gerda
        = libera/#ops came gerda
        < :irc.test 315 swatbot #releng :End of /WHO list.
        = libera/#releng here: alice gerda
        < :guest!~g@g.test PART #ops
        = libera/#ops left gerda (Left)
        < :alice!~a@a.test QUIT :Quit: home
        = libera/#ops left alice (Left)
        = libera/#releng left alice (Left)
        < :carol!~c@c.test KICK #releng swatbot
        = libera/#releng closed: carol kicked me
        < :guest!~g@g.test ACCOUNT *
        ",
    );
}

#[test]
fn the_nick_that_spoke_last_is_the_first() {
    let mut play = Play::in_ops(&irc());
    play.run(
        "
        < :bob!~b@b.test JOIN #ops bob :Bob
        < :Bob[m]!~b@b.test JOIN #ops bob :Bob
        < :bob3!~b@b.test JOIN #ops bob :Bob
        < :bob!~b@b.test PRIVMSG #ops :first
        < :BOB{M}!~b@b.test PRIVMSG #ops :second
        ",
    );
    let roster = |play: &Play| play.session.roster().nicks("#OPS", "bob");
    assert_eq!(roster(&play), ["Bob[m]", "bob", "bob3"]);
    play.run("< :bob3!~b@b.test NICK bobby\n< :bobby!~b@b.test PRIVMSG swatbot :third");
    assert_eq!(roster(&play), ["bobby", "Bob[m]", "bob"]);
    assert!(play.session.roster().nicks("#ops", "Bob").is_empty(), "an account is spelled one way");
    assert!(play.session.roster().nicks("#elsewhere", "bob").is_empty());
}

#[test]
fn without_whox_people_are_known_as_they_speak() {
    let mut play = Play::open(&irc());
    play.run(
        "
        < :irc.test CAP * LS :account-tag
        < :irc.test CAP * ACK :account-tag
        < :irc.test 001 swatbot :Welcome
        < :irc.test 422 swatbot :MOTD File is missing
        ",
    );
    play.plays(
        "
        < :swatbot!~s@bot.test JOIN #ops
        < :irc.test 353 swatbot = #ops :swatbot @alice bob
        < :irc.test 366 swatbot #ops :End of /NAMES list.
        = libera/#ops here:
        < @account=alice :alice!~a@a.test PRIVMSG #ops :morning
        = libera/#ops came alice
        = libera/#ops <alice=alice> morning
        < @account=carol :carol!~c@c.test JOIN #ops
        = libera/#ops came carol
        < :alice!~a@a.test QUIT :Quit: bye
        = libera/#ops left alice (Left)
        ",
    );
}

#[test]
fn a_hundred_thousand_people_are_no_trouble() {
    let mut play = Play::welcome(&irc());
    play.hear(":swatbot!~swat@bot.test JOIN #ops * :swatbot");
    let begun = Instant::now();
    for hundred in 0..1000 {
        let names: Vec<String> = (0..100).map(|it| format!("u{hundred}x{it}")).collect();
        play.hear(&format!(":irc.test 353 swatbot = #ops :{}", names.join(" ")));
    }
    play.hear(":irc.test 366 swatbot #ops :End of /NAMES list.");
    for hundred in 0..1000 {
        for it in 0..100 {
            // All of them are one account: that list must not be slow either.
            play.hear(&format!(":irc.test 354 swatbot 77 #ops u{hundred}x{it} H crowd"));
        }
    }
    play.hear(":irc.test 315 swatbot #ops :End of /WHO list.");
    assert_eq!(play.session.roster().nicks("#ops", "crowd").len(), 100_000);
    for hundred in 0..1000 {
        for it in 0..100 {
            play.hear(&format!(":u{hundred}x{it}!u@h QUIT :hub.irc.test leaf.irc.test"));
        }
    }
    let shown = play.run("");
    assert!(shown.ends_with("= libera/#ops here: crowd\n= libera/#ops left crowd (Split)\n"), "{shown}");
    // About 2 s without optimisation; were it quadratic it would be hours.
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}
