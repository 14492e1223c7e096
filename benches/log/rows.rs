//! Rows as the operations channel of a large site writes them, the same in every run.

use chrono::{DateTime, TimeDelta};
use swatbot::engine::event::{Author, Event, Record, Went};
use swatbot::engine::id::{At, ChangeNumber, RoomId, Who};

/// Random numbers that are the same in every run.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// From 0 up to and not with `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    pub(crate) fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len() as u64) as usize]
    }
}

const ROOMS: &[&str] = &["operations", "releng", "cloud", "sre"];
const SERVICES: &[&str] = &[
    "php-fpm",
    "apache2",
    "nginx",
    "varnish",
    "haproxy",
    "mysqld",
    "memcached",
    "redis",
    "kafka",
    "envoy",
    "pybal",
    "puppet",
    "rsyslog",
    "swift-proxy",
    "zuul",
    "jenkins",
    "gerrit",
    "etcd",
    "kubelet",
    "elasticsearch",
];
const HOSTS: &[&str] =
    &["mw", "db", "es", "cp", "lvs", "ganeti", "kubernetes", "parse", "snapshot", "ms-be", "maps"];
const SITES: &[&str] = &["eqiad", "codfw", "esams", "ulsfo", "eqsin", "drmrs"];
const WIKIS: &[&str] =
    &["enwiki", "dewiki", "frwiki", "testwiki", "commonswiki", "zhwiki", "group0", "group1", "all wikis"];
const FILES: &[&str] = &[
    "wmf-config/InitialiseSettings.php",
    "wmf-config/CommonSettings.php",
    "php-1.42.0-wmf.21/includes/Output.php",
    "dblists/group1.dblist",
    "wmf-config/db-eqiad.php",
];
const FEATURES: &[&str] = &[
    "VisualEditor",
    "Echo",
    "CentralAuth",
    "AbuseFilter",
    "Flow",
    "GrowthExperiments",
    "DiscussionTools",
    "Vector2022",
    "MobileFrontend",
    "CirrusSearch",
    "WikibaseClient",
    "Kartographer",
    "Math",
    "TimedMediaHandler",
    "Translate",
];
const VERBS: &[&str] =
    &["Enable", "Disable", "Deploy", "Remove", "Fix", "Revert", "Update", "Migrate", "Increase"];
const REASONS: &[&str] = &[
    "for maintenance",
    "after kernel upgrade",
    "due to high replication lag",
    "to pick up new config",
    "because of OOM",
    "before switchover",
    "for hardware replacement",
    "for schema change",
];

/// So many people write.
pub(crate) const PEOPLE: u64 = 300;

pub(crate) fn person(number: u64) -> String {
    const FIRST: &[&str] = &[
        "ken", "mira", "ali", "bo", "tess", "vik", "jo", "ruth", "sam", "dea", "lu", "odin", "pia", "raf",
        "zoe",
    ];
    const LAST: &[&str] = &[
        "ak", "son", "wick", "mer", "tov", "lin", "es", "dal", "ski", "ford", "ini", "mura", "ez", "ova",
        "holm", "by", "x", "qvist", "stad", "er",
    ];
    format!("{}{}", FIRST[(number % 15) as usize], LAST[(number / 15 % 20) as usize])
}

/// The first change; each row has its own.
pub(crate) const FIRST_CHANGE: u64 = 1_000_000;

/// Twenty years of rows that end on 2026-01-01.
pub(crate) struct Rows {
    chance: Chance,
    made: u64,
    count: u64,
    millis: i64,
}

/// When they begin.
pub(crate) fn begin() -> At {
    DateTime::from_timestamp(1_767_225_600, 0).expect("a moment") - TimeDelta::days(20 * 365)
}

impl Rows {
    pub(crate) fn new(count: u64) -> Self {
        Self { chance: Chance::new(42), made: 0, count, millis: begin().timestamp_millis() }
    }
}

impl Iterator for Rows {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        if self.made == self.count {
            return None;
        }
        self.made += 1;
        let by = &mut self.chance;
        self.millis += by.below(20 * 365 * 86_400 * 1000 / self.count * 2) as i64;
        let host = format!("{}{}.{}.wmnet", by.pick(HOSTS), 1000 + by.below(1200), by.pick(SITES));
        let change = FIRST_CHANGE + self.made;
        let (verb, feature, wiki) = (by.pick(VERBS), by.pick(FEATURES), by.pick(WIKIS));
        let (service, reason, task) = (by.pick(SERVICES), by.pick(REASONS), 100_000 + by.below(280_000));
        let (minutes, seconds, kind) = (by.below(40), by.below(60), by.below(10));
        let text = match kind {
            0 | 1 => {
                format!("Started scap: Backport for [[gerrit:{change}|{verb} {feature} on {wiki} (T{task})]]")
            }
            2 | 3 => format!(
                "Finished scap: Backport for [[gerrit:{change}|{verb} {feature} on {wiki} (T{task})]] (duration: {minutes:02}m {seconds:02}s)"
            ),
            4 => format!(
                "Synchronized {}: [[gerrit:{change}|{verb} {feature} on {wiki}]] T{task} (duration: 00m {seconds:02}s)",
                by.pick(FILES)
            ),
            5 => format!("rolling restart of {service} on {host} {reason} T{task} change {change}"),
            6 => format!(
                "dbctl commit (dc=all): 'Depool {host} {reason}', diff saved to https://phabricator.example.org/P{change}"
            ),
            7 => format!(
                "START - Cookbook sre.hosts.downtime for {minutes}:00:00 on {host} with reason: {reason} T{task} id {change}"
            ),
            8 => format!(
                "END (PASS) - Cookbook sre.hosts.downtime (exit_code=0) for {minutes}:00:00 on {host} with reason: {reason} id {change}"
            ),
            _ => format!("restarted {service} on {host} {reason} (T{task}, ref {change})"),
        };
        // A few people write most of it.
        let of = by.below(PEOPLE) + 1;
        let who = person(by.below(of));
        let room = if by.below(10) < 7 { ROOMS[0] } else { by.pick(ROOMS) };
        Some(Record {
            at: DateTime::from_timestamp_millis(self.millis).expect("a moment"),
            by: Author {
                network: Some("libera".to_owned()),
                room: Some(RoomId(format!("libera/#{room}"))),
                who: Who(who.clone()),
                account: Some(who),
            },
            window: None,
            change: (kind == 4).then(|| ChangeNumber(u32::try_from(change).expect("a change"))),
            outcome: if by.below(200) == 0 { Went::Failed } else { Went::Ok },
            text,
            event: Event::Logged,
        })
    }
}

/// The row as a line of text, as people who search with grep have it.
pub(crate) fn line(record: &Record) -> String {
    let room = record.by.room.as_ref().map_or("", |room| room.0.as_str());
    format!("{} {room} {} {}\n", record.at.format("%Y-%m-%dT%H:%M:%SZ"), record.by.who.0, record.text)
}
