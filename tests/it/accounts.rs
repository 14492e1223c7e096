//! Which accounts are one person: a link gives what the configuration gives, and codes nobody can tell beforehand.

use std::collections::BTreeSet;

use swatbot::engine::accounts;
use swatbot::engine::settings::{Seed, Standing};
use swatbot::engine::state::State;

use super::make::{self, at, who};

fn linked(account: &str, to: &str) -> State {
    let mut state = State::default();
    state.linked.insert(account.to_owned(), to.to_owned());
    state
}

#[test]
fn a_link_gives_no_more_than_the_configuration_gives_its_account() {
    let mut settings = make::settings();
    let state = linked("matrix/@al:example.org", "libera/alice");
    let of = |settings: &_, account| accounts::who(settings, &state, "matrix", account);
    let alice = of(&settings, "@al:example.org");
    assert!(alice == who("alice") && settings.has(&alice, Standing::Deployer));
    assert_eq!(of(&settings, "@al:example.org.evil.example"), who("matrix/@al:example.org.evil.example"));
    // The operator takes the account from alice: whatever was linked to it goes with it.
    settings.people[0].accounts.clear();
    assert_eq!(of(&settings, "@al:example.org"), who("libera/alice"), "an account and no person with rights");
    // The operator gives the linked account to somebody: the file wins.
    settings.people[1].accounts.push("matrix/@al:example.org".to_owned());
    assert_eq!(of(&settings, "@al:example.org"), who("bob"));
}

#[test]
fn an_account_of_the_same_name_elsewhere_is_somebody_else() {
    let settings = make::settings();
    let state = linked("oftc/al", "libera/alice");
    assert_eq!(accounts::who(&settings, &state, "oftc", "al"), who("alice"));
    for network in ["libera", "matrix"] {
        assert_eq!(accounts::who(&settings, &state, network, "al"), who(&format!("{network}/al")));
    }
    assert_eq!(accounts::who(&settings, &linked("console/al", "libera/alice"), "console", "al"), who("al"));
    assert_eq!(accounts::of(&settings, &state, &who("alice")), ["libera/alice", "oftc/al"]);
}

#[test]
fn a_code_depends_on_what_only_this_process_knows() {
    let (one, other) = (Seed([1; 32]), Seed([2; 32]));
    let codes: BTreeSet<String> = [
        accounts::code(&one, "libera/alice", at("14:00")),
        accounts::code(&other, "libera/alice", at("14:00")),
        accounts::code(&one, "libera/bob", at("14:00")),
        accounts::code(&one, "libera/alice", at("14:01")),
    ]
    .into();
    assert_eq!(codes.len(), 4, "{codes:?}");
    for code in &codes {
        assert_eq!(code.len(), 6);
        assert!(!code.contains(['0', 'O', '1', 'I', 'L', '2', 'Z', '5', 'S', '8', 'B']), "{code}");
    }
    assert_eq!(format!("{one:?}"), "Seed(…)");
}
