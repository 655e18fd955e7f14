//! The worlds that are checked: sound ones, in which every property must hold in every state and nothing is a dead end, and ones with a mistake,
//! which must be found.

use stateright::{Checker, HasDiscoveries, Model};

use super::{
    Mutation, Shape,
    ends::dead_end,
    state::{Faults, State},
};

/// Both kinds of ledger: what landed is kept in it, or read from `sources/`.
const LEDGERS: [bool; 2] = [true, false];

/// Names of the properties that a state breaks, each with the way to it.
fn broken(shape: Shape) -> (usize, Vec<String>) {
    let checker = shape.checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    let broken = checker.discoveries().into_iter().filter_map(|(name, path)| {
        let fails = checker.discovery_classification(name).to_string() == "counterexample";
        fails.then(|| format!("{name}: {:?} leads to {:?}", path.clone().into_actions(), path.last_state()))
    });
    (checker.unique_state_count(), broken.collect())
}

/// Every property holds, all can always be landed, and there were at least so many states to look at: a model that stops early proves nothing.
#[track_caller]
fn holds(shape: Shape, at_least: usize) {
    let (states, broken) = broken(shape);
    assert!(broken.is_empty(), "{shape:?}: {broken:#?}");
    let (walked, dead) = dead_end(&shape);
    assert!(dead.is_none(), "{shape:?}: not everything can be landed any more after: {dead:?}");
    assert_eq!(states, walked, "both walks see the same states: {shape:?}");
    assert!(states > at_least, "only {states} states: {shape:?}");
}

/// The mistake breaks a property whose name begins so.
#[track_caller]
fn is_found(mutation: Mutation, property: &str, shape: Shape) {
    let (_, sound) = broken(shape);
    assert!(sound.is_empty(), "broken without the mistake: {sound:#?}");
    let (states, broken) = broken(Shape { mutation: Some(mutation), ..shape });
    assert!(broken.iter().any(|name| name.starts_with(property)), "{mutation:?} was not found in {states} states: {broken:#?}");
}

fn two_messages(faults: Faults) -> Shape {
    Shape { faults, ..Shape::default() }
}

fn one_message(faults: Faults) -> Shape {
    Shape { together: true, ..two_messages(faults) }
}

#[test]
fn a_worker_may_die_at_any_step_and_another_sleep_past_its_lease() {
    for keeps_landed in LEDGERS {
        let faults = Faults { crashes: 1, sleeps: 1, ..Faults::default() };
        holds(Shape { keeps_landed, ..two_messages(faults) }, 100_000);
    }
}

#[test]
fn any_answer_may_be_lost_and_its_request_take_effect_at_any_later_moment() {
    for keeps_landed in LEDGERS {
        let faults = Faults { losses: 1, ..Faults::default() };
        holds(Shape { keeps_landed, ..two_messages(faults) }, 70_000);
    }
}

#[test]
fn two_answers_may_be_lost_while_both_sources_stand_in_one_message() {
    holds(one_message(Faults { losses: 2, ..Faults::default() }), 50_000);
}

#[test]
fn a_worker_may_die_and_another_sleep_and_an_answer_be_lost() {
    holds(one_message(Faults { crashes: 1, losses: 1, sleeps: 1, ..Faults::default() }), 300_000);
}

#[test]
fn one_of_two_admitted_sources_may_fail_to_be_fetched() {
    for keeps_landed in LEDGERS {
        let faults = Faults { fetches: 2, losses: 1, ..Faults::default() };
        holds(Shape { keeps_landed, ..one_message(faults) }, 20_000);
        let faults = Faults { fetches: 1, crashes: 1, sleeps: 1, ..Faults::default() };
        holds(Shape { keeps_landed, ..one_message(faults) }, 20_000);
    }
}

/// A check for each ledger: both in one would take twice as long.
fn a_source_may_come_back(keeps_landed: bool) {
    let faults = Faults { fetches: 1, losses: 1, lapses: 1, ..Faults::default() };
    holds(Shape { keeps_landed, ..one_message(faults) }, 100_000);
}

#[test]
fn a_source_may_come_back_to_the_batch_that_could_not_fetch_it() {
    a_source_may_come_back(true);
}

#[test]
fn a_source_may_come_back_to_its_batch_where_the_ledger_keeps_no_landings() {
    a_source_may_come_back(false);
}

#[test]
fn a_message_may_come_back_while_it_is_worked_on() {
    for keeps_landed in LEDGERS {
        let faults = Faults { lapses: 1, crashes: 1, sleeps: 1, ..Faults::default() };
        holds(Shape { keeps_landed, ..one_message(faults) }, 100_000);
    }
}

#[test]
fn a_ledger_may_be_put_back_to_any_earlier_state() {
    holds(two_messages(Faults { restores: 1, ..Faults::default() }), 250_000);
}

#[test]
fn a_ledger_may_be_put_back_and_its_rebuild_or_any_worker_die_half_way() {
    for keeps_landed in LEDGERS {
        let faults = Faults { restores: 1, crashes: 1, ..Faults::default() };
        holds(Shape { keeps_landed, ..one_message(faults) }, 80_000);
    }
}

#[test]
fn a_ledger_may_be_put_back_after_answers_were_lost() {
    holds(one_message(Faults { restores: 1, losses: 1, ..Faults::default() }), 100_000);
}

#[test]
fn an_acknowledgement_before_the_publish_is_found() {
    is_found(Mutation::AckBeforePublish, "1:", one_message(Faults::default()));
}

#[test]
fn a_take_over_without_reading_the_list_is_found() {
    is_found(Mutation::TakeOverUnread, "2: nothing is listed twice", one_message(Faults { lapses: 1, ..Faults::default() }));
}

#[test]
fn a_duplicate_by_its_pointer_alone_is_found() {
    is_found(Mutation::DuplicateByPointer, "1:", one_message(Faults { fetches: 1, losses: 1, ..Faults::default() }));
}

#[test]
fn a_commit_that_does_not_ask_for_the_state_is_found() {
    is_found(Mutation::CommitUnchecked, "2:", one_message(Faults { sleeps: 1, lapses: 1, ..Faults::default() }));
}

#[test]
fn an_abort_that_does_not_ask_for_the_state_is_found() {
    is_found(Mutation::AbortUnchecked, "", one_message(Faults { sleeps: 1, ..Faults::default() }));
}

#[test]
fn a_batch_that_lands_again_what_it_released_is_found() {
    let faults = Faults { fetches: 1, losses: 1, lapses: 1, ..Faults::default() };
    is_found(Mutation::LandsAgainWhatItReleased, "2:", one_message(faults));
}

#[test]
fn publishing_sources_first_is_found() {
    is_found(Mutation::SourcesFirst, "4: sources/", one_message(Faults::default()));
}

#[test]
fn a_start_that_looks_only_at_newer_batches_is_found() {
    is_found(Mutation::JoinLooksAtNewer, "2:", two_messages(Faults { restores: 1, ..Faults::default() }));
}

#[test]
fn a_start_that_overlooks_batches_visible_in_part_is_found() {
    is_found(Mutation::JoinIgnoresParts, "4: nothing of an aborted", one_message(Faults { restores: 1, ..Faults::default() }));
}

#[test]
fn a_manifest_put_after_the_commit_is_a_dead_end() {
    let shape = one_message(Faults { crashes: 1, ..Faults::default() });
    let (_, dead) = dead_end(&Shape { mutation: Some(Mutation::CommitBeforeManifest), ..shape });
    let (state, _): (State, _) = dead.expect("a worker that dies between both leaves a Batch that nobody can publish");
    assert_eq!((state.faults.crashes, state.queued), (0, 1));
}
