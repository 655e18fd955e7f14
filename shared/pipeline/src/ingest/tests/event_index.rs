//! Each Batch with events publishes an index of their ids, and it tells where they are.

use trailkeep_archive::{
    Category, EventLookup, Partition,
    layout::{self, ArchiveKey},
};

use super::world::{World, config, digest, digest_key, log, log_key};

fn indexes(world: &World) -> Vec<(String, crate::memory::MemoryObject)> {
    world.audit.objects().into_iter().filter(|(key, _)| key.starts_with(layout::INDEX)).collect()
}

/// Whether an index knows an event to be in a file of `management` events of 15 January 2026.
fn knows(object: &[u8], event_id: &str) -> bool {
    let mut lookup = EventLookup::new(object.len() as u64, [event_id]).unwrap();
    while !lookup.ranges().is_empty() {
        let windows: Vec<&[u8]> =
            lookup.ranges().iter().map(|range| object.get(range.start as usize..range.end as usize).unwrap()).collect();
        lookup.take(&windows).unwrap();
    }
    lookup.places().iter().any(|place| place.can_be_in(&Partition { category: Category::Management, eventday: 20_260_115 }))
}

#[test]
fn every_batch_with_events_indexes_each_of_their_ids() {
    let world = World::with_logs(30);
    let first = world.run(&config(1)).unwrap();
    world.origin.insert(&log_key(30), log(30));
    let second = world.run(&config(1)).unwrap();
    let indexes = indexes(&world);
    assert_eq!((first.batches, second.batches, indexes.len()), (1, 1, 2));
    for number in 0..31 {
        for part in ["aaaa", "bbbb"] {
            let id = format!("00000000-0000-4000-8000-{number:08}{part}");
            let known = indexes.iter().filter(|(_, index)| knows(&index.body, &id)).count();
            assert_eq!(known, 1, "{id}");
        }
    }
    for (key, object) in &indexes {
        let Some(ArchiveKey::EventIndex { batch }) = ArchiveKey::parse(key) else { panic!("{key}") };
        assert!(world.audit.objects().contains_key(&layout::sources_key(&batch)) && object.policy.lock.is_none(), "{key}");
    }
    let bytes: usize = indexes.iter().map(|(_, object)| object.body.len()).sum();
    assert_eq!(bytes, 2 * (16 + 8) + 62 * 8);
    let sources: usize =
        world.audit.objects().iter().filter(|(key, _)| key.starts_with(layout::SOURCES)).map(|(_, object)| object.body.len()).sum();
    assert_eq!(first.table_bytes + second.table_bytes, (bytes + sources) as u64);
}

#[test]
fn a_batch_without_events_has_no_index() {
    let world = World::new(Some("example-logs"));
    world.origin.insert(&digest_key(1), digest("example-logs", &digest_key(1)));
    assert_eq!(world.run(&config(1)).unwrap().batches, 1);
    assert_eq!(indexes(&world), []);
}
