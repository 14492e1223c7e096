//! Matrix on a real homeserver: each test starts a Synapse of its own on a loopback address of its own, and reads it with
//! clients that share no code with the bot: requests over a bare socket, and matrix-nio where rooms are encrypted.

mod alone;
mod both;
mod gap;
mod homeserver;
mod kill;
mod limits;
mod nio;
mod outage;
mod person;
mod rest;
mod rooms;
mod scene;
mod secret;
mod session;
mod window;
