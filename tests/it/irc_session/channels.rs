//! Channels that the bot cannot get into, or does not stay in.

use super::{Irc, Play, irc};

#[test]
fn a_closed_door_is_told_once_and_tried_again_ever_more_slowly() {
    let mut play = Play::welcome(&irc());
    play.is_alive = true;
    play.plays(
        "
        < :irc.test 473 swatbot #ops :Cannot join channel (+i)
        = libera/#ops closed: I cannot join it: Cannot join channel (+i) (473)
        +29s
        +1s
        > JOIN #ops
        < :irc.test 473 swatbot #ops :Cannot join channel (+i)
        +59s
        +1s
        > JOIN #ops
        < :irc.test 471 swatbot #ops :Cannot join channel (+l)
        +120s
        > JOIN #ops
        < :irc.test 475 swatbot #ops :Cannot join channel (+k)
        +240s
        > JOIN #ops
        < :irc.test 474 swatbot #ops :Cannot join channel (+b)
        +300s
        > JOIN #ops
        < :irc.test 477 swatbot #ops :Cannot join channel (+r)
        +300s
        > JOIN #ops
        < :swatbot!~swat@bot.test JOIN #ops * :swatbot
        < :irc.test 366 swatbot #ops :End of /NAMES list.
        > WHO #ops %tcnfa,77
        < :irc.test 315 swatbot #ops :End of /WHO list.
        = libera/#ops here:
        ",
    );
}

#[test]
fn every_refusal_is_one() {
    for code in [403, 405, 437, 471, 473, 474, 475, 476, 477, 480, 489, 520] {
        let mut play = Play::welcome(&irc());
        let shown = play.run(&format!("< :irc.test {code} swatbot #OPS :not you"));
        assert!(
            shown.ends_with(&format!("= libera/#ops closed: I cannot join it: not you ({code})\n")),
            "{shown}"
        );
    }
}

#[test]
fn no_answer_is_a_refusal_too() {
    let mut play = Play::welcome(&irc());
    play.is_alive = true;
    play.plays(
        "
        +29s
        +1s
        = libera/#ops closed: I cannot join it: no answer
        +30s
        > JOIN #ops
        ",
    );
}

#[test]
fn whoever_is_kicked_comes_back_and_is_patient() {
    let mut play = Play::in_ops(&irc());
    play.is_alive = true;
    play.plays(
        "
        < :carol!~c@c.test KICK #ops swatbot :not now
        = libera/#ops closed: carol kicked me: not now
        +4s
        +1s
        > JOIN #ops
        < :swatbot!~swat@bot.test JOIN #ops * :swatbot
        < :irc.test 366 swatbot #ops :End of /NAMES list.
        > WHO #ops %tcnfa,77
        < :irc.test 315 swatbot #ops :End of /WHO list.
        = libera/#ops here:
        < :irc.test KICK #ops swatbot
        = libera/#ops closed: the server kicked me
        +29s
        +1s
        > JOIN #ops
        < :swatbot!~swat@bot.test JOIN #ops * :swatbot
        < :irc.test 366 swatbot #ops :End of /NAMES list.
        > WHO #ops %tcnfa,77
        < :irc.test 315 swatbot #ops :End of /WHO list.
        = libera/#ops here:
        # Ten quiet minutes, and it begins anew.
        +600s
        < :swatbot!~swat@bot.test PART #ops :removed by an operator
        = libera/#ops closed: somebody took me out of it
        +4s
        +1s
        > JOIN #ops
        ",
    );
}

#[test]
fn it_leaves_where_it_does_not_belong() {
    let mut play = Play::welcome(&irc());
    play.plays(
        "
        < :irc.test 470 swatbot #ops ##overflow :Forwarding to another channel
        = libera/#ops closed: I cannot join it: Forwarding to another channel (470)
        < :swatbot!~swat@bot.test JOIN ##overflow * :swatbot
        > PART ##overflow
        < @account=alice :alice!~a@a.test PRIVMSG ##overflow :!swat claim
        ",
    );
}

#[test]
fn a_channel_keeps_the_spelling_of_the_configuration() {
    let channels = vec!["#Ops[1]".to_owned()];
    let mut play = Play::welcome(&Irc { channels, ..irc() });
    play.plays(
        "
        < :SwatBot!~swat@bot.test JOIN #oPS{1} * :swatbot
        < :irc.test 353 swatbot = #OPS{1] :@alice
        < :irc.test 366 swatbot #ops{1} :End of /NAMES list.
        > WHO #Ops[1] %tcnfa,77
        < :irc.test 354 swatbot 77 #ops[1} alice H alice
        < :irc.test 315 swatbot #ops[1] :End of /WHO list.
        = libera/#Ops[1] here: alice
        < @account=alice :alice!~a@a.test PRIVMSG #ops{1} :hello
        = libera/#Ops[1] <alice=alice> hello
        ",
    );
    assert_eq!(play.session.roster().nicks("#OPS[1}", "alice"), ["alice"]);
}

#[test]
fn which_letters_are_the_same_the_server_says() {
    for (mapping, is_same) in
        [("ascii", false), ("strict-rfc1459", true), ("rfc1459", true), ("rfc7613", true)]
    {
        let mut play = Play::open(&Irc { channels: vec!["#a[".to_owned(), "#b^".to_owned()], ..irc() });
        play.run(&format!(
            "
            < :irc.test 001 swatbot :Welcome
            < :irc.test 005 swatbot CASEMAPPING={mapping} :are supported by this server
            < :irc.test 422 swatbot :MOTD File is missing
            "
        ));
        play.effects.clear();
        let heard =
            |play: &mut Play, channel: &str| play.line(&format!(":a!b@c PRIVMSG {channel} :hi")).is_some();
        assert!(heard(&mut play, "#A["), "{mapping}");
        assert_eq!(heard(&mut play, "#A{"), is_same, "{mapping}");
        assert_eq!(heard(&mut play, "#B~"), is_same && mapping != "strict-rfc1459", "{mapping}");
    }
}
