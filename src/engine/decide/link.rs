//! The connection to a network comes, goes, or tells nobody apart: what that means, said once where people are.

use std::collections::BTreeSet;

use super::super::event::{Absence, Event, LinkNow};
use super::super::id::{RoomId, Who};
use super::super::say::{self, Refusal, no};
use super::super::window::Window;
use super::super::{Link, LinkChange, Place, Reply};
use super::Turn;

impl Turn<'_> {
    /// Takes in how a connection stands. Only a change leaves a row and is said.
    pub(super) fn link(&mut self, link: &Link) {
        let network = link.network.as_str();
        let before = self.state.links.get(network).cloned().unwrap_or_default();
        match &link.change {
            LinkChange::Up { read_only } => self.link_up(network, before.down.is_some(), read_only.as_ref()),
            LinkChange::Lost(why) if before.down.as_ref().is_none_or(|(_, again)| !again) => {
                self.record_link(network, LinkNow::Lost { why: why.clone() });
                self.leave(|room| room.network() == network, |_| true, Absence::LinkLost, None);
            }
            LinkChange::Stopped(why) if before.down.as_ref().is_none_or(|(_, again)| *again) => {
                self.record_link(network, LinkNow::Stopped { why: why.clone() });
                self.leave(|room| room.network() == network, |_| true, Absence::LinkLost, None);
                let text = say::presence::stopped(network, why);
                let others = self.rooms_of_windows().into_iter();
                let reached =
                    |room: &RoomId| room.network() != network && !self.state.is_down(room.network());
                for room in others.filter(reached).collect::<Vec<RoomId>>() {
                    self.out.replies.push(Reply::new(Place::Room(room), text.clone()));
                }
            }
            LinkChange::Lost(_) | LinkChange::Stopped(_) => {}
        }
    }

    fn link_up(&mut self, network: &str, was_down: bool, read_only: Option<&String>) {
        let known = self.state.read_only(network);
        let changed = known != read_only.map(String::as_str);
        if !was_down && !changed {
            return;
        }
        self.record_link(network, LinkNow::Up { read_only: read_only.cloned() });
        if was_down {
            let open: Vec<&Window> = self.state.windows.values().filter(|window| window.is_on()).collect();
            for window in open {
                let rooms = window.occurrence.rooms.iter().filter(|room| room.network() == network);
                let (ping, mut text) = self.back_in(window);
                if read_only.is_some() || !self.settings.network(network).trust {
                    text = say::presence::refused_here(&text, self.prefix());
                }
                // These are the rooms that could not be reached until now, whatever the state still says.
                for room in rooms {
                    let to = Place::Room(room.clone());
                    self.out.replies.push(Reply { ping: ping.clone(), ..Reply::new(to, text.clone()) });
                }
            }
        }
        if changed {
            let text = say::presence::read_only(network, read_only.map(String::as_str));
            for room in self.rooms_of_windows().into_iter().filter(|room| room.network() == network) {
                self.out.replies.push(Reply::new(Place::Room(room), text.clone()));
            }
        }
    }

    /// Takes in which networks the operator trusts: what changed since it was last looked at is recorded and said.
    pub(super) fn rights(&mut self) {
        let off = self.settings.networks.iter().filter(|(_, network)| !network.trust);
        let off: BTreeSet<String> = off.map(|(name, _)| name.clone()).collect();
        for network in off.symmetric_difference(&self.state.untrusted) {
            let on = !off.contains(network);
            self.record(None, None, Event::Rights { network: network.clone(), on });
            let text = say::presence::rights(network, on);
            for window in self.state.windows.values().filter(|window| window.is_on()) {
                self.broadcast(window, &text);
            }
            if !on {
                self.leave(|room| room.network() == network, |_| true, Absence::RightsOff, None);
                continue;
            }
            for window in self.state.windows.values() {
                for room in window.occurrence.rooms.iter().filter(|room| room.network() == network) {
                    let was_off = window.presence.iter().filter(|(_, presence)| {
                        let gone = presence.gone.as_ref();
                        presence.room.as_ref() == Some(room)
                            && gone.is_some_and(|gone| gone.how == Absence::RightsOff)
                    });
                    let there: Vec<Who> = was_off.map(|(who, _)| who.clone()).collect();
                    self.come(window, room, &there);
                }
            }
        }
    }

    /// Occurrences are held where the configuration says that their window is: a room that is gone holds nobody.
    pub(super) fn move_rooms(&mut self) {
        for window in self.state.windows.values() {
            let known = self.settings.window(&window.id().window);
            let moved = known.filter(|known| known.rooms != window.occurrence.rooms);
            if let Some(rooms) = moved.map(|known| known.rooms.clone()) {
                self.record(Some(window.id()), None, Event::RoomsMoved { rooms });
            }
        }
    }

    fn record_link(&mut self, network: &str, now: LinkNow) {
        self.record(None, None, Event::Link { network: network.to_owned(), now });
    }

    /// The rooms in which windows are held, each once.
    pub(super) fn rooms_of_windows(&self) -> Vec<RoomId> {
        let known = self.state.windows.values().map(|window| &window.occurrence.rooms);
        let mut rooms: Vec<RoomId> = Vec::new();
        for room in self.settings.windows.iter().map(|window| &window.rooms).chain(known).flatten() {
            if !rooms.contains(room) {
                rooms.push(room.clone());
            }
        }
        rooms
    }

    /// The refusal for somebody who has no right because nobody knows who they are.
    pub(super) fn not_identified(&self) -> Refusal {
        let network = self.by.network.as_deref().unwrap_or_default();
        match self.state.read_only(network) {
            _ if !self.settings.network(network).trust => no::trust_off(network),
            Some(why) => no::read_only(network, why),
            None => no::not_identified(),
        }
    }
}
