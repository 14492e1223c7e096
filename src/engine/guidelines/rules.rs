//! The table of the rules. Adding one is a row here, a small function beside its like, and a transcript.

use super::{AtAdd, Judge, Level, Rule, RuleId, When};
use super::{backport, calendar, content, coupled, dependencies, kinds, people, queue, review};
use crate::engine::checklist::Item;

use AtAdd::{Refuses, Tells};
use Level::{Ask, Block, Warn};
use When::{Add, Always, Start};

/// Every rule, in the order in which it is judged and said.
pub static RULES: &[Rule] = &[
    Rule {
        by_manager: true,
        ..row(RuleId::WindowLimit, Block, Add, "G1 G3", Judge::Case(queue::window_limit))
            .because("Too many patches wear out the deployer and leave no time to look at any of them.")
    },
    row(RuleId::BranchCounts, Warn, Add, "G2", Judge::Facts(queue::branch_counts))
        .because("A pick to a second branch is a second deployment, so it takes a second place; off, both take one."),
    row(RuleId::TimeBudget, Warn, Always, "G4", Judge::Case(queue::time_budget))
        .because("A patch takes about ten minutes to merge, test, deploy and watch; on 231 real windows the median was 10.2."),
    row(RuleId::LastStart, Block, Always, "G5", Judge::Case(queue::last_start))
        .because("A patch that starts late is watched by nobody when the window is over; before the window the queue's length only warns. It stops a patch in 23 % of real windows, because people did start after :45; ten minutes instead of fifteen would do so in 17 %."),
    row(RuleId::Kind, Block, Always, "G6 G7 H1", Judge::Facts(kinds::kind_of_window))
        .because("Code has the train with its staged rollout; a window takes configuration, and code that cannot wait and says why."),
    row(RuleId::UrgentNotNeeded, Block, Add, "H1", Judge::Facts(kinds::urgent_not_needed))
        .because("`urgent:` keeps its meaning only while it is on patches that need it."),
    row(RuleId::LiveBranch, Block, Always, "G6", Judge::Facts(kinds::live_branch))
        .because("A change to a branch that no wiki runs deploys nothing, and its test shows nothing."),
    row(RuleId::MasterFirst, Block, Always, "G6", Judge::Facts(backport::master_first))
        .because("A fix that is only on the live branch is lost with the next train.")
        .point(Item::Precommit),
    row(RuleId::BetaSoak, Ask, Always, "H4", Judge::Facts(backport::beta_soak))
        .because("The Beta Cluster takes about ten minutes to run what was merged; before that nobody has seen it run.")
        .point(Item::Beta),
    row(RuleId::Reviewed, Warn, Always, "H9", Judge::Facts(review::reviewed))
        .because("Somebody besides the owner should have read it; 75 % of 607 real patches came without a vote and were first read by the deployer, whose own point stays open for that, so this warns; where the deployer is the owner, `not-own-review` asks.")
        .point(Item::Backport),
    row(RuleId::CiGreen, Block, Always, "scap 24", Judge::Facts(review::ci_green))
        .because("Nothing is merged on a failed test run, and a missing one is asked about; a run before a trivial rebase still counts, so it asks in 10 % of real windows and not in 48 %.")
        .point(Item::Backport)
        .tells(),
    row(RuleId::NotWip, Block, Always, "scap 7", Judge::Facts(review::not_wip))
        .because("Its owner says it is not finished."),
    row(RuleId::NotVetoed, Block, Always, "scap 23", Judge::Facts(review::not_vetoed))
        .because("A -2 means: not like this; only who gave it takes it back."),
    row(RuleId::NotAbandoned, Block, Always, "scap 11", Judge::Facts(review::not_abandoned))
        .because("An abandoned change cannot be merged."),
    row(RuleId::Mergeable, Block, Always, "scap 22", Judge::Facts(review::mergeable))
        .because("A conflict found at the merge step costs the whole window the time of the rebase.")
        .tells(),
    row(RuleId::SingleSync, Block, Always, "G8", Judge::Facts(content::single_sync))
        .because("Files of one patch that went out in the wrong order have taken every wiki down; pictures do not run and need no order, so it asks in 10 % of real windows and not in 25 %.")
        .tells(),
    row(RuleId::NewExtension, Block, Always, "G9", Judge::Facts(content::new_extension))
        .because("A new extension needs its own window: it comes with tables, messages and a train of its own."),
    row(RuleId::L10n, Ask, Always, "G10", Judge::Facts(content::l10n))
        .because("Message files rebuild the localisation cache, about 20 minutes; it asks only when less than that is left.")
        .tells(),
    row(RuleId::SchemaChange, Block, Always, "G13", Judge::Facts(content::schema_change))
        .because("A schema change cannot be rolled back with a patch and has its own window."),
    row(RuleId::Vendor, Block, Always, "G11", Judge::Facts(content::vendor))
        .because("A library upgrade reaches all code at once and rides the train."),
    row(RuleId::DependsOn, Block, Always, "G8 scap 8 14-17", Judge::Facts(dependencies::depends_on))
        .because("What a patch needs must be out before it, or go out before it in this window."),
    row(RuleId::Coupled, Block, Always, "design 5", Judge::Facts(coupled::coupled))
        .because("Pieces of one change in two repositories took every wiki down in an order that looked right: neither goes before somebody says which is first.")
        .tells(),
    row(RuleId::OwnerPresent, Block, Start, "G14", Judge::Case(people::owner_present))
        .because("Somebody who knows the patch must test it on the test servers and hear when it breaks; a test plan stands in."),
    row(RuleId::DeployerPresent, Block, Start, "G15", Judge::Case(people::deployer_present))
        .because("Somebody must be responsible for the window."),
    row(RuleId::NotOwnReview, Ask, Always, "2.3d", Judge::Facts(review::not_own_review))
        .because("Where the lead owns the change and nobody voted, one person alone would see it, so the lead's own point is no second look: that was so for 6 % of the patches, in 15 % of real windows; what takes back what is out waits for nobody.")
        .point(Item::Backport),
    Rule {
        by_manager: true,
        ..row(RuleId::NoDeployDay, Block, Always, "G18", Judge::Case(calendar::no_deploy_day))
            .because("What breaks on a Friday is found on a Saturday.")
    },
    Rule {
        by_manager: true,
        ..row(RuleId::Freeze, Block, Always, "G19", Judge::Case(calendar::freeze))
            .because("In a freeze the people who would repair it are away.")
    },
    row(RuleId::BetaOnly, Warn, Always, "G25", Judge::Facts(kinds::beta_only))
        .because("What only the Beta Cluster reads needs no sync and takes no place."),
    row(RuleId::TaskLinked, Warn, Add, "H1", Judge::Facts(content::task_linked))
        .because("Who looks at it in a year finds the reason in the task."),
    row(RuleId::Untested, Warn, Always, "design 5", Judge::Facts(content::untested))
        .because("An urgent fix without a test comes back."),
];

const fn row(id: RuleId, default: Level, when: When, source: &'static str, judge: Judge) -> Rule {
    Rule { id, default, when, at_add: Refuses, point: None, by_manager: false, source, why: "", judge }
}

impl Rule {
    const fn because(self, why: &'static str) -> Self {
        Self { why, ..self }
    }

    const fn tells(self) -> Self {
        Self { at_add: Tells, ..self }
    }

    const fn point(self, item: Item) -> Self {
        Self { point: Some(item), ..self }
    }
}
