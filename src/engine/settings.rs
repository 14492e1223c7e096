//! What the configuration says, typed and checked: windows, people, rules, plans and timers. Only `config` makes one.

mod check;
mod program;

use std::collections::BTreeMap;
use std::fmt;

use chrono::{NaiveDate, NaiveTime, TimeDelta, Weekday};
use chrono_tz::Tz;

use super::checklist::Item;
use super::guidelines::{Level, RuleId};
use super::id::{RoomId, Who};

pub use check::{CheckSettings, Limit};
pub use program::CommandSettings;

/// The whole configuration, as far as the engine needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The bot's own name, answered to as `name:` and `name,`.
    pub name: String,
    /// The mark in front of a command, `!` by default.
    pub prefix: String,
    /// The recurring windows, in the order of the file.
    pub windows: Vec<WindowSettings>,
    /// Everybody with a role or with accounts on several networks.
    pub people: Vec<Person>,
    /// What differs from one network to the next; one that is not here has the defaults.
    pub networks: BTreeMap<String, NetworkSettings>,
    /// The level of each rule that the file sets; others have their default.
    pub guidelines: BTreeMap<RuleId, Level>,
    /// What the rules compare with.
    pub policy: Policy,
    /// The deployment plans, by kind of patch.
    pub plans: Plans,
    /// The health checks, in the order of the file.
    pub checks: Vec<CheckSettings>,
    /// A patch that makes a check unhealthy is rolled back after this long, unless somebody says `cancel`; never by itself
    /// where there is none.
    pub auto_rollback: Option<TimeDelta>,
    /// What holds outside windows.
    pub emergency: EmergencySettings,
    /// How long is waited for what.
    pub timers: Timers,
    /// What codes are made of.
    pub seed: Seed,
}

/// What nobody but this process knows, drawn when it starts: the core has no chance of its own. All zero where nothing is
/// at stake, as in a script.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Seed(pub [u8; 32]);

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed(…)")
    }
}

/// What the engine must know of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkSettings {
    /// Whether accounts of this network have rights: the kill switch.
    pub trust: bool,
    /// Whose `!log` is.
    pub log: LogMode,
}

impl Default for NetworkSettings {
    fn default() -> Self {
        Self { trust: true, log: LogMode::Own }
    }
}

/// Who keeps the log of a network: on some, another bot answers `!log`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogMode {
    /// This bot: it records and answers.
    Own,
    /// Another bot: what people write is recorded here too, in silence, and this bot writes `!log` lines for the other.
    Emit,
    /// Another bot: what people write is recorded here too, in silence.
    Observe,
}

/// One recurring window.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowSettings {
    /// Its id: letters, digits, `-` and `_`.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The days it is held on, in its own zone.
    pub days: Vec<Weekday>,
    /// When it starts, in its own zone.
    pub start: NaiveTime,
    /// The zone that decides when that is.
    pub timezone: Tz,
    /// How long it is.
    pub length: TimeDelta,
    /// How many places it has.
    pub limit: u32,
    /// The rooms it is held in. The first is where the bot talks of its own accord, the others hear the same.
    pub rooms: Vec<RoomId>,
    /// Whether its commands may be given in private. What they do is said in its rooms.
    pub private_commands: bool,
    /// What it deploys to: windows with the same target wait for each other.
    pub target: String,
}

/// The target of windows that name none.
pub const PRODUCTION: &str = "production";

/// What holds for a deployment outside windows.
#[derive(Clone, Debug, PartialEq)]
pub struct EmergencySettings {
    /// The points of the checklist that are left.
    pub checklist: Vec<Item>,
    /// How long it may take.
    pub length: TimeDelta,
}

impl Default for EmergencySettings {
    fn default() -> Self {
        Self { checklist: vec![Item::Deployer], length: TimeDelta::minutes(60) }
    }
}

/// A person and the accounts that are this person.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// The id, which is also the account on the terminal.
    pub id: Who,
    /// Deployer, manager, or neither.
    pub roles: Vec<Standing>,
    /// `network/account` on every network.
    pub accounts: Vec<String>,
    /// The name in the review system.
    pub review: Option<String>,
}

/// A right that the configuration gives to a person for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// May run windows.
    Deployer,
    /// May change limits and freezes; is a deployer too.
    Manager,
}

/// What the rules compare with.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Repositories whose changes are configuration (design: `config_repos`).
    pub config_repos: Vec<String>,
    /// The branch of those repositories that is deployed.
    pub config_branch: String,
    /// Branches that run in production, oldest first.
    pub live_branches: Vec<String>,
    /// Branches that will: the next train's.
    pub next_branches: Vec<String>,
    /// The branch that development happens on.
    pub main_branch: String,
    /// Repositories that hold code running in production, as prefixes: `mediawiki/`.
    pub code_repos: Vec<String>,
    /// Accounts whose `Verified` votes are the CI's.
    pub ci_accounts: Vec<String>,
    /// Files that never reach production: a path, or a folder ending in `/`.
    pub beta_only_files: Vec<String>,
    /// Files that need no sync of their own (tests, documentation): a path, a folder ending in `/`, or `*.ext`.
    pub unsynced_files: Vec<String>,
    /// The order in which files of one patch go out, where it is always the same: lists of the same patterns, first goes
    /// first.
    pub file_order: Vec<Vec<String>>,
    /// Where a change's page is, for URLs in commands: hosts, without a scheme.
    pub review_hosts: Vec<String>,
    /// Days without any deployment: weekdays.
    pub no_deploy_weekdays: Vec<Weekday>,
    /// Days without any deployment: dates.
    pub no_deploy_dates: Vec<NaiveDate>,
    /// The weekly train.
    pub train: Option<Train>,
    /// How much of a touched file a test must run, in percent.
    pub coverage_at_least: u8,
    /// How long a merge on the main branch runs on the Beta Cluster before it counts as tested.
    pub beta_soak: TimeDelta,
    /// How long one patch takes (G4).
    pub patch_time: TimeDelta,
    /// How long before the end the last patch may start (G5).
    pub last_start: TimeDelta,
}

/// When the weekly train leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Train {
    /// Its day.
    pub day: Weekday,
    /// Its time.
    pub start: NaiveTime,
    /// In this zone.
    pub timezone: Tz,
}

/// The steps of each kind of patch.
#[derive(Clone, Debug, PartialEq)]
pub struct Plans {
    /// For configuration.
    pub config: Vec<StepSettings>,
    /// For code on a live branch.
    pub code: Vec<StepSettings>,
}

/// One step of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepSettings {
    /// The lead reads it; closes itself when the checklist is full.
    Review,
    /// It is merged; closes itself when the review system says so.
    Merge {
        /// What merges it; a person, where there is none.
        run: Option<CommandSettings>,
    },
    /// It goes to a stage.
    Sync {
        /// `testservers`, `canaries`, `production`, or a stage of one's own.
        stage: String,
        /// One step a file, in the patch's file order.
        by_file: bool,
        /// What puts it there; a person, where there is none.
        run: Option<CommandSettings>,
        /// What takes it back; a person, where there is none.
        back: Option<CommandSettings>,
    },
    /// The owner looks at it; closes itself on `verified`.
    Verify,
    /// The hosts are looked at.
    Health {
        /// By these checks; by a person, where there is none.
        checks: Vec<String>,
    },
    /// Time passes; closes itself.
    Watch(TimeDelta),
}

/// How long is waited for what (design §4a.10; reference figures from the field).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timers {
    /// Reminders before the start.
    pub reminders: Vec<TimeDelta>,
    /// `here` counts from this long before the start.
    pub here_before: TimeDelta,
    /// Silent this long after the roll call: the patch slides to the end.
    pub roll_call: TimeDelta,
    /// Asked again at the patch's turn, and waited for this long.
    pub turn: TimeDelta,
    /// The owner's time for `verified`.
    pub verify: TimeDelta,
    /// The lead's time for a review before a nag.
    pub review: TimeDelta,
    /// A lead silent this long in a step: hold.
    pub lead_silent: TimeDelta,
    /// Nobody claims within this time of the start: the window is skipped.
    pub no_show: TimeDelta,
    /// How long before the end the notice comes.
    pub near_end: TimeDelta,
    /// Any deployer may finish this long after the end; the bot closes an idle window then.
    pub finish_after: TimeDelta,
    /// How often a hold is named again.
    pub hold_nag: TimeDelta,
    /// A bare `done` is refused this soon after the last advance.
    pub debounce: TimeDelta,
    /// A word is refused this soon after a new patch set.
    pub crossed: TimeDelta,
    /// Answers to the roll call within this time are one line.
    pub gather: TimeDelta,
    /// An offer waits this long for the review system.
    pub lookup: TimeDelta,
}

impl Default for Timers {
    fn default() -> Self {
        let minutes = TimeDelta::minutes;
        let seconds = TimeDelta::seconds;
        Self {
            reminders: vec![minutes(30), minutes(5)],
            here_before: minutes(30),
            roll_call: minutes(5),
            turn: minutes(3),
            verify: minutes(5),
            review: minutes(10),
            lead_silent: minutes(10),
            no_show: minutes(10),
            near_end: minutes(10),
            finish_after: minutes(15),
            hold_nag: minutes(30),
            debounce: seconds(10),
            crossed: seconds(30),
            gather: seconds(5),
            lookup: seconds(60),
        }
    }
}

impl Settings {
    /// What holds for a network.
    pub fn network(&self, name: &str) -> NetworkSettings {
        self.networks.get(name).copied().unwrap_or_default()
    }

    /// The window called `id`.
    pub fn window(&self, id: &str) -> Option<&WindowSettings> {
        self.windows.iter().find(|window| window.id == id)
    }

    /// The person behind an account of a network, or the account itself under the network's name.
    /// On the terminal the account is the person: whoever sits there owns the machine.
    pub fn who(&self, network: &str, account: &str) -> Who {
        if network == CONSOLE {
            return Who(account.to_owned());
        }
        let full = format!("{network}/{account}");
        match self.people.iter().find(|person| person.accounts.contains(&full)) {
            Some(person) => person.id.clone(),
            None => Who(full),
        }
    }

    /// What the file says about a person.
    pub fn person(&self, who: &Who) -> Option<&Person> {
        self.people.iter().find(|person| person.id == *who)
    }

    /// Whether the file gives `who` this standing; a manager has a deployer's as well.
    pub fn has(&self, who: &Who, standing: Standing) -> bool {
        self.person(who).is_some_and(|person| person.roles.iter().any(|role| *role >= standing))
    }
}

/// The network name of the terminal.
pub const CONSOLE: &str = "console";
