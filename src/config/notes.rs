//! What is no fault of a configuration and is seldom meant: rights that nobody can have, a nick that others can
//! take, a step with no way back.

use super::{Config, Connection, IrcLogin, Recovery};
use crate::engine::settings::StepSettings;

/// The network name under which Matrix accounts are kept, also where there is no connection to one.
const MATRIX: &str = "matrix";

impl Config {
    /// What the operator should know though the file has no fault, a line each.
    pub fn notes(&self) -> Vec<String> {
        let networks = &self.settings.networks;
        let mut notes = Vec::new();
        for person in self.settings.people.iter().filter(|_| !networks.is_empty()) {
            for account in &person.accounts {
                let network = account.split('/').next().unwrap_or_default();
                if network != MATRIX && !networks.contains_key(network) {
                    notes.push(format!(
                        "{}'s account {account}: no connection is called {network}, so it gives no right here",
                        person.id
                    ));
                }
            }
        }
        if self.settings.people.iter().all(|person| person.roles.is_empty()) {
            notes
                .push("nobody is a deployer, so nobody can lead a window; [[person]] says who is".to_owned());
        }
        notes.extend(self.ways_back());
        for connection in &self.connections {
            if let Connection::Matrix(matrix) = connection {
                let rooms = || self.settings.windows.iter().flat_map(|window| &window.rooms);
                for room in &matrix.rooms {
                    let name = format!("{}/{room}", matrix.network);
                    if !rooms().any(|other| other.0 == name) {
                        notes.push(format!("{name} is in no window: nothing of a window is said there"));
                    }
                }
            }
            if let Connection::Matrix(matrix) = connection
                && let Some(Recovery { file, key: None }) = &matrix.recovery
            {
                notes.push(format!(
                    "{}: there is no recovery key in {}, so the bot cannot talk in encrypted rooms; \
                     \"swatbot matrix-setup\" makes it",
                    matrix.network,
                    file.display()
                ));
            }
            if let Connection::Irc(irc) = connection
                && irc.login == IrcLogin::None
            {
                notes.push(format!(
                    "{}: the bot has no account there, so others can take the nick {}; account and password_file \
                     give it one",
                    irc.network, irc.nick
                ));
            }
        }
        notes
    }

    /// The stages that the bot brings out and does not take back, a line for each plan.
    fn ways_back(&self) -> Vec<String> {
        let plans = &self.settings.plans;
        let of = |kind: &str, plan: &[StepSettings]| {
            let one_way = plan.iter().filter_map(|step| match step {
                StepSettings::Sync { stage, run: Some(_), back: None, .. } => Some(stage.as_str()),
                _ => None,
            });
            let stages: Vec<&str> = one_way.collect();
            let text = format!(
                "[[plan]] for {kind}: {} has run and no back, so a rollback asks the deployer to take it off by hand \
                 and to say \"done rN\"",
                stages.join(", ")
            );
            (!stages.is_empty()).then_some(text)
        };
        [of("config", &plans.config), of("code", &plans.code)].into_iter().flatten().collect()
    }
}
