//! The parts of a question, for whoever reads what can be asked. `read` is what understands them.

/// One part of a question.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    /// The word that it begins with.
    pub word: &'static str,
    /// What stands behind it; empty where nothing does.
    pub value: &'static str,
    /// What it asks for.
    pub does: &'static str,
    /// A question with it.
    pub example: &'static str,
}

/// All of them, in the order in which a question is said again.
pub const PARTS: &[Part] = &[
    part("count", "", "only how many rows there are", "count by alice since yesterday"),
    part("last", "N", "at most so many, the newest", "last 20"),
    part(
        "by",
        "WHO",
        "said or done by this person, account or nick; `network/name` on that network alone",
        "by alice",
    ),
    part(
        "change",
        "N",
        "about this change: its number, its URL, or in chat its ticket, `#3`",
        "change 900101",
    ),
    part("task", "T", "the text names this task, and not one that only begins like it", "task T1234"),
    part("window", "W", "about this occurrence, or any of this window", "window 2026-11-23/morning"),
    part("room", "R", "said in this room", "room libera/#wikimedia-operations"),
    part("kind", "K", "rows of this kind, bookkeeping too", "kind rolled-back"),
    part("outcome", "O", "`ok`, `refused` or `failed`", "outcome refused since today"),
    part("since", "TIME", "not before it; a day from 00:00", "since 2h"),
    part("until", "TIME", "not after it; a day to 23:59:59.999", "since 2026-11-22 until yesterday"),
    part("before", "L", "rows with a smaller number", "by alice before L812"),
    part("show", "L", "this row with all its fields; it stands alone", "show L812"),
    part(
        "around",
        "L",
        "this row and its neighbours, as many on each side; only `last` may be with it, and counts the row too",
        "around L812 last 7",
    ),
    part(
        "find",
        "WORDS",
        "these are in the text: a word, a `\"phrase\"`, a part of one (`depl*`, `*conf*`), and with `-` what is not; it comes last",
        "since 1w find \"out of memory\" mw* -mw1263",
    ),
];

const fn part(word: &'static str, value: &'static str, does: &'static str, example: &'static str) -> Part {
    Part { word, value, does, example }
}
