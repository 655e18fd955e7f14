//! What an index holds, what is found in it, and that nothing odd in it misleads.
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
use proptest::prelude::*;

use super::*;
use crate::{Category, Partition};

fn partition(n: u64) -> Partition {
    let category = Category::ALL[n as usize % Category::ALL.len()];
    Partition { category, eventday: Partition::day_of(1_700_000_000_000 + (n as i64 % 60) * 86_400_000) }
}

/// An index of `count` ids, each in the partition of its number.
fn index(count: u64) -> Vec<u8> {
    let entry = |n: u64| EventEntry::of_id(&format!("id-{n}"), EventPlace::new(&partition(n), n as usize % 9));
    write_event_index((0..count).map(entry).collect())
}

/// The places of some ids, and in how many rounds they were found.
fn look(object: &[u8], ids: &[&str]) -> Result<(Vec<EventPlace>, u32), EventIndexError> {
    let mut lookup = EventLookup::new(object.len() as u64, ids)?;
    let mut rounds = 0;
    while !lookup.ranges().is_empty() {
        let windows: Vec<&[u8]> =
            lookup.ranges().iter().map(|range| object.get(range.start as usize..range.end as usize).unwrap_or_default()).collect();
        lookup.take(&windows)?;
        rounds += 1;
    }
    Ok((lookup.places().to_vec(), rounds))
}

#[test]
fn the_bytes_are_those_of_the_format() {
    let place = EventPlace::new(&Partition { category: Category::Network, eventday: 20_130_201 }, 5);
    let object = write_event_index(vec![EventEntry::new(&[0xab; 32], place); 2]);
    let mut expected = b"TKEID\x01".to_vec();
    expected.resize(16, 0);
    expected.extend([0xab; 5]);
    // Category 3, day 31, row group 5.
    expected.extend((3 << 21 | 31 << 7 | 5_u32).to_be_bytes().get(1..).unwrap());
    expected.extend([0xff; 8]);
    assert_eq!(object, expected);
}

#[test]
fn a_place_is_its_partition_and_no_other() {
    let at = |category, eventday| Partition { category, eventday };
    let place = EventPlace::new(&at(Category::Data, 20_260_105), 126);
    assert_eq!(place.row_group(), Some(126));
    assert!(place.can_be_in(&at(Category::Data, 20_260_105)));
    assert!(!place.can_be_in(&at(Category::Data, 20_260_106)));
    assert!(!place.can_be_in(&at(Category::Management, 20_260_105)));
    assert!(!place.can_be_in(&at(Category::Data, 19_990_101)));
    for day in [19_700_101, 20_121_231, 20_571_110, 99_991_231] {
        let unknown = EventPlace::new(&at(Category::Data, day), 127);
        assert_eq!(unknown.row_group(), None);
        assert!(unknown.can_be_in(&at(Category::Data, day)) && unknown.can_be_in(&at(Category::Data, 20_260_105)), "{day}");
        assert!(!unknown.can_be_in(&at(Category::Insight, day)));
    }
}

#[test]
fn a_lookup_reads_one_small_window() {
    let object = index(50_000);
    for n in (0..50_000).step_by(97) {
        let id = format!("id-{n}");
        let lookup = EventLookup::new(object.len() as u64, [&id]).unwrap();
        let read: u64 = lookup.ranges().iter().map(|range| range.end - range.start).sum();
        assert!(read <= 8 * (2 * (4 * 224 + 16) + 1) + 16, "{read}");
        let (places, rounds) = look(&object, &[&id]).unwrap();
        assert_eq!(rounds, 1);
        assert!(places.iter().any(|place| place.can_be_in(&partition(n))), "{id}");
    }
}

#[test]
fn absent_ids_are_nearly_never_found() {
    let object = index(20_000);
    let found = (0..20_000).filter(|n| !look(&object, &[&format!("absent-{n}")]).unwrap().0.is_empty()).count();
    assert_eq!(found, 0);
    assert_eq!(look(&write_event_index(Vec::new()), &["id-0"]).unwrap().0, []);
}

#[test]
fn an_id_in_many_places_is_found_in_all_of_them() {
    let mut entries: Vec<EventEntry> =
        (0..4_000).map(|n| EventEntry::of_id(&format!("id-{n}"), EventPlace::new(&partition(n), 0))).collect();
    entries.extend((0..3_000).map(|n| EventEntry::of_id("often", EventPlace::new(&partition(n / 100), n as usize % 100))));
    let (places, rounds) = look(&write_event_index(entries), &["often"]).unwrap();
    assert!(rounds > 1 && places.len() == 3_000, "{rounds} {}", places.len());
}

#[test]
fn a_cut_index_finds_every_id_or_is_refused() {
    let whole = index(5_000);
    for cut in [8, 16, 80, 8_000, 20_000, 39_000] {
        let cut = whole.get(..whole.len() - cut).unwrap();
        for n in (0..5_000).step_by(7) {
            if let Ok((places, _)) = look(cut, &[&format!("id-{n}")]) {
                assert!(places.iter().any(|place| place.can_be_in(&partition(n))), "id-{n}");
            }
        }
    }
}

#[test]
fn what_is_no_index_is_refused_with_the_reason() {
    // So small that every window is the whole.
    let whole = index(30);
    let refused = |object: &[u8]| look(object, &["id-1"]).unwrap_err();
    assert_eq!(refused(&[]), EventIndexError::Size { object_bytes: 0 });
    assert_eq!(refused(whole.get(..23).unwrap()), EventIndexError::Size { object_bytes: 23 });
    assert_eq!(refused(&vec![0; whole.len()]), EventIndexError::Header);
    assert_eq!(refused(whole.get(..whole.len() - 8).unwrap()), EventIndexError::End);
    let swapped = [whole.get(..16).unwrap(), whole.get(24..32).unwrap(), whole.get(16..24).unwrap(), whole.get(32..).unwrap()].concat();
    assert_eq!(refused(&swapped), EventIndexError::Unsorted);
    // Zeros after the header, as a file system leaves them after a crash, are no ids.
    let zeros = [whole.get(..16).unwrap(), &vec![0; 8_000_000], whole.get(whole.len() - 8..).unwrap()].concat();
    assert!(look(&zeros, &["id-1"]).is_err());
    let mut short = EventLookup::new(whole.len() as u64, ["id-1"]).unwrap();
    assert!(matches!(short.take::<&[u8]>(&[]), Err(EventIndexError::Short { found: 0, .. })));
}

proptest! {
    #[test]
    fn every_id_that_went_in_is_found(ids in prop::collection::vec(("\\PC{0,40}", 0..4_000_000_000_000i64, 0..300usize, 0..5usize), 0..300)) {
        let place = |(_, ms, group, category): &(String, i64, usize, usize)| {
            let partition = Partition { category: Category::ALL[*category], eventday: Partition::day_of(*ms) };
            (partition, EventPlace::new(&partition, *group))
        };
        let object = write_event_index(ids.iter().map(|id| EventEntry::of_id(&id.0, place(id).1)).collect());
        for id in &ids {
            let (places, _) = look(&object, &[&id.0]).unwrap();
            prop_assert!(places.contains(&place(id).1) && place(id).1.can_be_in(&place(id).0));
        }
        let all: Vec<&str> = ids.iter().map(|id| id.0.as_str()).collect();
        let (places, _) = look(&object, &all).unwrap();
        prop_assert!(ids.iter().all(|id| places.contains(&place(id).1)));
    }

    #[test]
    fn no_bytes_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..400), whole: bool, sorted: bool) {
        if sorted {
            bytes.sort_unstable();
        }
        if whole {
            bytes.splice(0..0, HEADER);
            bytes.extend([0xff; 8]);
        }
        let _ = look(&bytes, &["a", "b", ""]);
    }

    #[test]
    fn no_size_panics(size: u64) {
        if let Ok(mut lookup) = EventLookup::new(size, ["a"]) {
            let windows: Vec<Vec<u8>> = lookup.ranges().iter().map(|range| vec![0; (range.end - range.start).min(4_096) as usize]).collect();
            let _ = lookup.take(&windows);
        }
    }
}
