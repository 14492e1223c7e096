//! The floors: the least that any bot can do. One thread, blocking reads, no framework, no rights, no state.

use std::io::{Read, Write};
use std::net::TcpStream;

use rusqlite::Connection;
use swatbot::clock::Clock;

const SCHEMA: &str = "PRAGMA journal_mode = wal; PRAGMA synchronous = full; \
     CREATE TABLE log (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, nick TEXT NOT NULL, channel TEXT NOT NULL, \
     text TEXT NOT NULL);";

const INSERT: &str = "INSERT INTO log (at, nick, channel, text) VALUES (?1, ?2, ?3, ?4)";

/// Talks to the server until it is killed. `echo` stores nothing; `full` commits each line before it answers; `group`
/// commits once for all that one read has brought.
pub(crate) fn run(kind: &str, address: &str, nick: &str, channel: &str, database: &str) {
    let log = (kind != "echo").then(|| {
        let log = Connection::open(database).expect("the log opens");
        log.execute_batch(SCHEMA).expect("the table is made");
        log
    });
    let mut server = TcpStream::connect(address).expect("the server is there");
    server.set_nodelay(true).expect("the socket takes it");
    write!(server, "NICK {nick}\r\nUSER {nick} 0 * :floor\r\n").expect("the server reads");
    let mut buffer = vec![0; 1 << 16];
    let mut heard: Vec<u8> = Vec::new();
    let mut out: Vec<u8> = Vec::new();
    let mut row = 0;
    loop {
        let length = server.read(&mut buffer).unwrap_or(0);
        if length == 0 {
            return;
        }
        heard.extend_from_slice(&buffer[..length]);
        let mut from = 0;
        let mut is_open = false;
        while let Some(end) = heard[from..].iter().position(|byte| *byte == b'\n') {
            let line = String::from_utf8_lossy(&heard[from..from + end]);
            from += end + 1;
            let mut words = line.trim_end().splitn(4, ' ');
            let mut word = || words.next().unwrap_or("");
            let (first, verb, target, text) = (word(), word(), word(), word());
            if first == "PING" {
                out.extend_from_slice(format!("PONG {verb}\r\n").as_bytes());
            } else if verb == "001" {
                out.extend_from_slice(format!("JOIN {channel}\r\n").as_bytes());
            }
            let Some(text) = text.strip_prefix(":!log ").filter(|_| verb == "PRIVMSG") else { continue };
            let who = first.trim_start_matches(':').split('!').next().unwrap_or("");
            if let Some(log) = &log {
                if kind == "group" && !is_open {
                    log.prepare_cached("BEGIN").and_then(|mut begin| begin.execute([])).expect("it begins");
                    is_open = true;
                }
                let at = Clock::system().now().timestamp_millis();
                let insert = log.prepare_cached(INSERT);
                insert.and_then(|mut insert| insert.execute((at, who, target, text))).expect("it is written");
            }
            row += 1;
            out.extend_from_slice(format!("NOTICE {target} :{who}: logged L{row}\r\n").as_bytes());
            if kind != "group" {
                if server.write_all(&out).is_err() {
                    return;
                }
                out.clear();
            }
        }
        heard.drain(..from);
        if is_open && let Some(log) = &log {
            log.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([])).expect("it is stored");
        }
        if server.write_all(&out).is_err() {
            return;
        }
        out.clear();
    }
}
