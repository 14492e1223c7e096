//! The topic: the bot writes in front of what people wrote, and takes its words away again.

use swatbot::engine::id::RoomId;

use super::{Irc, OPS, Play, WELCOME, irc};

/// A bot that is in `#ops`, under this topic.
fn under(topic: &str) -> Play {
    let mut play = Play::welcome(&Irc { topic: true, ..irc() });
    play.run(OPS);
    play.run(&format!("< :irc.test 332 swatbot #ops :{topic}"));
    play.is_alive = true;
    play.run("+60s");
    play
}

fn want(play: &mut Play, text: Option<&str>) {
    play.session.want_topic(&RoomId("libera/#ops".to_owned()), text.map(str::to_owned));
}

#[test]
fn it_stands_in_front_and_goes_again() {
    let mut play = under("Releases | https://wiki.test");
    assert_eq!(play.session.topic("#OPS"), Some("Releases | https://wiki.test"));
    want(&mut play, Some("morning is on, lead alice"));
    play.plays(
        "
        +0s
        > TOPIC #ops :[swat morning is on, lead alice] Releases | https://wiki.test
        < :swatbot!~swat@bot.test TOPIC #ops :[swat morning is on, lead alice] Releases | https://wiki.test
        +0s
        ",
    );
    want(&mut play, Some("morning is on, lead alice"));
    play.plays("+120s");
    // Not more often than every 30 s: what was wanted in between is never said.
    want(&mut play, Some("held by bob"));
    play.plays("+0s\n> TOPIC #ops :[swat held by bob] Releases | https://wiki.test");
    play.run("< :swatbot!~swat@bot.test TOPIC #ops :[swat held by bob] Releases | https://wiki.test");
    want(&mut play, Some("passes by"));
    play.plays("+29s");
    want(&mut play, None);
    play.plays("+1s\n> TOPIC #ops :Releases | https://wiki.test");
}

#[test]
fn what_an_earlier_run_left_there_is_taken_out() {
    let mut play = Play::welcome(&Irc { topic: true, ..irc() });
    play.run(&OPS.replace(
        "< :irc.test 353",
        "< :irc.test 332 swatbot #ops :[swat morning is on] Releases\n< :irc.test 353",
    ));
    play.plays("+0s\n> TOPIC #ops Releases");
    // And while the window goes on, it stays.
    let mut play = Play::open(&Irc { topic: true, ..irc() });
    want(&mut play, Some("morning is on"));
    play.run(WELCOME);
    play.run(&OPS.replace(
        "< :irc.test 353",
        "< :irc.test 332 swatbot #ops :[swat morning is on] Releases\n< :irc.test 353",
    ));
    play.plays("+29s");
}

#[test]
fn it_is_brief_where_there_is_little_room_and_never_cuts_what_people_wrote() {
    // The server takes 120 bytes, and 8 go around what we say: the ä would not fit whole.
    let mut play = under(&"x".repeat(91));
    want(&mut play, Some("morning is on, lead älice, step 3"));
    play.plays(&format!("+0s\n> TOPIC #ops :[swat morning is on, lead] {}", "x".repeat(91)));
    let mut play = under(&"x".repeat(108));
    want(&mut play, Some("morning is on"));
    play.plays("+600s");
    let mut play = under("");
    want(&mut play, Some("a ] in it"));
    play.plays("+0s\n> TOPIC #ops :[swat a ) in it]");
    play.run("< :swatbot!~swat@bot.test TOPIC #ops :[swat a ) in it]");
    want(&mut play, None);
    play.plays("+30s\n> TOPIC #ops :");
}

#[test]
fn without_the_right_to_it_is_let_be() {
    let mut play = under("Releases");
    want(&mut play, Some("morning is on"));
    play.plays(
        "
        +0s
        > TOPIC #ops :[swat morning is on] Releases
        < :irc.test 482 swatbot #ops :You're not a channel operator
        % libera/#ops: I cannot set the topic: You're not a channel operator
        ",
    );
    want(&mut play, Some("held by bob"));
    play.plays("+600s");
    // Until it is made an operator.
    play.plays("< :carol!~c@carol.test MODE #ops +o swatbot\n+1s\n> TOPIC #ops :[swat held by bob] Releases");
}

#[test]
fn services_make_it_an_operator_and_what_stands_there_is_taken_out() {
    for services in ["ChanServ!ChanServ@services.test", "ChanServ", "services.test"] {
        let mut play = under("[swat morning runs 4] Releases");
        play.plays("");
        play.run("< :irc.test 482 swatbot #ops :You're not a channel operator");
        want(&mut play, Some("morning runs 5"));
        want(&mut play, None);
        play.plays("+600s");
        let made = format!("< :{services} MODE #ops +o swatbot");
        play.plays(&format!("{made}\n+0s\n> TOPIC #ops Releases"));
    }
}

#[test]
fn a_refusal_that_crossed_the_right_is_tried_again_and_once_only() {
    let mut play = under("Releases");
    want(&mut play, Some("morning is on"));
    play.plays(
        "
        +0s
        > TOPIC #ops :[swat morning is on] Releases
        < :services.test MODE #ops +ov swatbot swatbot
        < :irc.test 482 swatbot #ops :You're not a channel operator
        +29s
        +1s
        > TOPIC #ops :[swat morning is on] Releases
        < :irc.test 482 swatbot #ops :You're not a channel operator
        % libera/#ops: I cannot set the topic: You're not a channel operator
        +600s
        ",
    );
}

#[test]
fn nobody_is_fought_over_it() {
    let mut play = under("Releases");
    want(&mut play, Some("morning is on"));
    play.plays(
        "
        +0s
        > TOPIC #ops :[swat morning is on] Releases
        < :swatbot!~swat@bot.test TOPIC #ops :[swat morning is on] Releases
        < :carol!~c@c.test TOPIC #ops :no bots here
        +600s
        ",
    );
    want(&mut play, Some("morning is on"));
    play.plays("+600s");
    want(&mut play, Some("held by bob"));
    play.plays("+0s\n> TOPIC #ops :[swat held by bob] no bots here");
}

#[test]
fn it_is_a_switch() {
    let mut play = Play::in_ops(&irc());
    play.run("< :irc.test 332 swatbot #ops :[swat morning is on] Releases");
    want(&mut play, Some("morning is on"));
    play.is_alive = true;
    play.plays("+600s");
}
