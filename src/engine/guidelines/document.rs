//! The page about the rules, written from the table so that the two cannot differ.

use std::fmt::Write;

use super::{AtAdd, Level, RULES, Rule, When};

const INTRO: &str = "\
# The guidelines

This page is written from the table in `src/engine/guidelines/rules.rs`: `UPDATE=1 cargo test --test it guidelines`
rewrites it, and a test fails where the two differ.

Each rule looks at one patch in one window. Its level says what follows when it is not kept:

- `block`: the patch does not go. It is refused at `add`, or (where the table says *told*) taken into the queue and told
  what it still needs. `override N RULE WHY` sets the rule aside for one patch set.
- `ask`: a person must look. The rule becomes a point of the patch's checklist: `check N RULE NOTE`.
- `warn`: it is said, and nothing waits for it.
- `off`: nothing is looked at.

A fact that could not be had is *unknown*. Unknown asks a person where the rule blocks or asks, warns where it warns, and
never passes. A rule that is kept by waiting (`beta-soak`) says until when.

The levels are set in `windows.toml`:

```toml
[guidelines]
reviewed = \"ask\"
untested = \"off\"
```

The defaults were tuned on 231 real windows of 2018 with 607 patches: a rule that asked or blocked in more than one
window in five without reason was changed until it did not. The reasons below name the figures.

G and H numbers are the SWAT and backport guidelines (G: a program can tell, H: a person judges); `scap` numbers are the
checks of `scap backport`.

| rule | default | judged | review point | source | why |
|---|---|---|---|---|---|
";

/// The page: an introduction and one line a rule.
pub fn document() -> String {
    let mut page = INTRO.to_owned();
    for rule in RULES {
        // Writing to a string cannot fail.
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} | {} | {} |",
            rule.id,
            default(rule),
            judged(rule),
            rule.point.as_ref().map_or("", |point| point.word()),
            rule.source,
            rule.why
        );
    }
    page.push_str(
        "\nThe review points are those of code. Configuration has one review, before its merge: what is under `backport` \
         here\nis under `precommit` there, and `beta` and `backport` are not needed.\n",
    );
    page
}

fn default(rule: &Rule) -> String {
    let told = rule.default == Level::Block && rule.at_add == AtAdd::Tells;
    let manager = if rule.by_manager { ", override by a manager" } else { "" };
    format!("{}{}{manager}", rule.default.word(), if told { ", told at `add`" } else { "" })
}

fn judged(rule: &Rule) -> &'static str {
    match rule.when {
        When::Add => "at `add`",
        When::Start => "at its turn",
        When::Always => "both",
    }
}
