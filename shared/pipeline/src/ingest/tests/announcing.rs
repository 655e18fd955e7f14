//! What a run announces, where there is a topic, and what its manifests say where there is none.

use std::sync::Arc;

use trailkeep_archive::{Category, LandedObject, layout};

use super::{
    super::{IngestPorts, Shutdown, Silent, ingest},
    world::{World, config},
};
use crate::{memory::MemoryAnnouncer, protocol::Protocol};

/// A run with a topic.
fn announcing(world: &World, topic: &MemoryAnnouncer) {
    let ports = world.ports("process");
    let protocol = Protocol::new(Arc::new(world.ledger.clone()), Arc::new(world.audit.clone()), 1, crate::protocol::LEASE);
    let ports = IngestPorts { protocol: Arc::new(protocol.with_announcer(Arc::new(topic.clone()))), ..ports };
    ingest(&config(1), &ports, &Shutdown::default(), &Silent).unwrap();
}

#[test]
fn every_events_file_is_announced_with_what_is_in_it() {
    let (world, topic) = (World::with_logs(4), MemoryAnnouncer::new());
    announcing(&world, &topic);
    let objects = world.audit.objects();
    let files: Vec<(&String, u64)> =
        objects.iter().filter(|(key, _)| key.starts_with(layout::EVENTS)).map(|(key, object)| (key, object.body.len() as u64)).collect();
    let announced: Vec<LandedObject> = topic.announced().into_iter().map(|told| told.object).collect();
    let [(key, bytes)] = files[..] else { panic!("{files:?}") };
    // Four objects of two records each, all of one moment: 2026-01-15T10:00:00Z.
    let moment = Some(1_768_471_200_000);
    let expected = LandedObject {
        key: key.clone(),
        category: Category::Management,
        event_day: 20_260_115,
        accounts: vec!["111122223333".to_owned()],
        account_count: 1,
        regions: vec!["us-east-1".to_owned()],
        first_event_ms: moment,
        last_event_ms: moment,
        records: 8,
        bytes,
    };
    assert_eq!(announced, [expected]);
    assert!(objects.keys().all(|key| !key.starts_with(layout::STAGING)));

    announcing(&world, &topic);
    assert_eq!(topic.announced().len(), 1, "nothing landed, nothing is announced");
}
