//! The guidelines as rules: each has an id, a default level, a source, and a function that looks at one case.

use serde::{Deserialize, Serialize};

/// What happens when a rule is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Nothing.
    Off,
    /// It is said.
    Warn,
    /// A person must look and say so: it becomes a point of the checklist.
    Ask,
    /// The patch does not go.
    Block,
}

macro_rules! rule_ids {
    ($($variant:ident $word:literal,)*) => {
        /// The id of a rule, as people write it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        #[expect(missing_docs, reason = "each id is explained in its row of RULES")]
        pub enum RuleId { $($variant,)* }

        impl RuleId {
            /// All ids, in the order of the table.
            pub const ALL: &[RuleId] = &[$(RuleId::$variant,)*];

            /// The id as people write it.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The id that is written so.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

rule_ids! {
    WindowLimit "window-limit",
    BranchCounts "branch-counts",
    TimeBudget "time-budget",
    LastStart "last-start",
    Kind "kind",
    UrgentNotNeeded "urgent-not-needed",
    LiveBranch "live-branch",
    MasterFirst "master-first",
    BetaSoak "beta-soak",
    Reviewed "reviewed",
    CiGreen "ci-green",
    NotWip "not-wip",
    NotVetoed "not-vetoed",
    NotAbandoned "not-abandoned",
    Mergeable "mergeable",
    SingleSync "single-sync",
    NewExtension "new-extension",
    L10n "l10n",
    SchemaChange "schema-change",
    Vendor "vendor",
    DependsOn "depends-on",
    OwnerPresent "owner-present",
    DeployerPresent "deployer-present",
    NotOwnReview "not-own-review",
    NoDeployDay "no-deploy-day",
    Freeze "freeze",
    BetaOnly "beta-only",
    TaskLinked "task-linked",
    Untested "untested",
}

impl std::fmt::Display for RuleId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}
