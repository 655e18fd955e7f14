//! Walks that go on from where an earlier one ended.

use trailkeep_digests::{Head, Report, Window, walk};

use crate::forge::{HOUR, Object, T0, Trail, read_all, told, usual_keys};

fn go_on(trail: &Trail, objects: &[Object], head: Option<&Head>, until_hour: i64) -> Report {
    let window = Window { head, since_ms: None, until_ms: Some(T0 + until_hour * HOUR) };
    walk(&trail.chain(), &read_all(objects, &usual_keys()), &window)
}

/// The head of a report as it comes back from where it was kept.
fn kept(head: Option<&Head>) -> Head {
    let text = serde_json::to_string(head.expect("a chain with a verified digest has a head")).expect("a head can be written");
    serde_json::from_str(&text).expect("a head can be read")
}

#[test]
fn an_hour_at_a_time_is_the_same_as_all_at_once() {
    let mut trail = Trail::new();
    let objects = trail.hours(0..6);
    let mut head = None;
    for (hour, object) in (1..).zip(&objects) {
        let report = go_on(&trail, std::slice::from_ref(object), head.as_ref(), hour);
        assert!(report.is_clean(), "{:?}", told(&report));
        assert_eq!(told(&report).last().map(String::as_str), Some(format!("proven {}-{hour}", hour - 1).as_str()));
        head = Some(kept(report.head.as_ref()));
    }
    assert_eq!(head, go_on(&trail, &objects, None, 6).head);
}

#[test]
fn the_head_itself_may_be_given_again_and_nothing_new_leaves_it_where_it_is() {
    let mut trail = Trail::new();
    let objects = trail.hours(0..3);
    let head = kept(go_on(&trail, &objects, None, 3).head.as_ref());
    let report = go_on(&trail, &objects[2..], Some(&head), 3);
    assert!(told(&report).is_empty());
    assert_eq!(report.head, Some(head.clone()));
    assert_eq!(told(&go_on(&trail, &[], Some(&head), 5)), ["missing_newest 3-5 2"]);
    // Older ones are not judged, and one that claims the head's time is told.
    assert_eq!(told(&go_on(&trail, &objects[1..2], Some(&head), 3)), ["[0] before_head"]);
    let mut other = objects[2].clone();
    other.signature = objects[1].signature.clone();
    let lines = told(&go_on(&trail, &[other], Some(&head), 3));
    assert_eq!(lines, ["[0] signature_invalid, duplicated_stamp", "duplicated_stamp 3 None [0]"]);
}

#[test]
fn what_changed_behind_the_head_is_noticed_by_the_next_digest() {
    let mut trail = Trail::new();
    let objects = trail.hours(0..3);
    let head = kept(go_on(&trail, &objects, None, 3).head.as_ref());
    let next = trail.hour(3);
    let with = |change: fn(&mut Head)| {
        let mut head = head.clone();
        change(&mut head);
        told(&go_on(&trail, std::slice::from_ref(&next), Some(&head), 4))
    };
    assert_eq!(with(|_| {}), ["proven 3-4"]);
    assert_eq!(with(|head| head.hash = "00".repeat(32).parse().expect("a hash"))[0], "[0] previous_hash_differs");
    assert_eq!(with(|head| head.signature = "00".repeat(256).parse().expect("a signature"))[0], "[0] previous_signature_differs");
    // The head says that a later one was verified than the one that this one names.
    let mut fork = Trail::new();
    let _ = fork.hours(0..2);
    let fork = fork.period(T0 + 2 * HOUR, T0 + 4 * HOUR);
    assert_eq!(told(&go_on(&trail, &[fork], Some(&head), 4)), ["[0] previous_before_head"]);
}

#[test]
fn a_hole_is_told_and_heals_from_where_all_was_settled() {
    let mut trail = Trail::new();
    let mut objects = trail.hours(0..6);
    let late = objects.remove(3);
    let report = go_on(&trail, &objects, None, 6);
    assert_eq!(told(&report), ["missing_digests 3-4 1", "begins ?-0", "proven 0-3", "proven 4-6"]);
    let (head, settled) = (kept(report.head.as_ref()), kept(report.settled.as_ref()));
    assert_eq!((head.end_ms, settled.end_ms), (T0 + 6 * HOUR, T0 + 3 * HOUR));
    objects.push(late);
    let report = go_on(&trail, &objects[3..], Some(&settled), 6);
    assert_eq!(told(&report), ["proven 3-6"]);
    assert_eq!(report.settled, report.head);
}

#[test]
fn what_is_not_verified_holds_the_settled_mark_back_and_not_the_head() {
    let mut trail = Trail::new();
    let mut objects = trail.hours(0..4);
    objects[1].signature = objects[0].signature.clone();
    let report = go_on(&trail, &objects, None, 4);
    assert_eq!(told(&report), ["[1] signature_invalid, differs_from_next", "begins ?-0", "proven 0-1", "proven 2-4"]);
    assert_eq!(report.settled.map(|head| head.end_ms), Some(T0 + HOUR));
    assert_eq!(report.head.map(|head| head.end_ms), Some(T0 + 4 * HOUR));
}

#[test]
fn a_head_whose_values_are_not_hexadecimal_cannot_be_read() {
    let mut trail = Trail::new();
    let objects = trail.hours(0..1);
    let head = go_on(&trail, &objects, None, 1).head.expect("a chain with a verified digest has a head");
    let (text, hash) = (serde_json::to_string(&head).expect("a head can be written"), head.hash.to_string());
    assert!(serde_json::from_str::<Head>(&text).is_ok());
    for wrong in ["", "zz", &"Z".repeat(64), &hash.repeat(2)] {
        assert!(serde_json::from_str::<Head>(&text.replace(&hash, wrong)).is_err(), "{wrong}");
    }
}
