//! What a run announces, where there is a topic, and what its manifests say where there is none.

use std::sync::Arc;

use trailkeep_archive::{Category, LandedDigests, LandedObject, layout};

use super::{
    super::{IngestPorts, Shutdown, Silent, ingest},
    world::{World, config, digest, digest_key},
};
use crate::{memory::MemoryAnnouncer, protocol::Protocol};

/// A run with a topic.
fn announcing(world: &World, topic: &MemoryAnnouncer) {
    run(world, |protocol| protocol.with_announcer(Arc::new(topic.clone())));
}

fn run(world: &World, told: impl Fn(Protocol) -> Protocol) {
    let ports = world.ports("process");
    let protocol = Protocol::new(Arc::new(world.ledger.clone()), Arc::new(world.audit.clone()), 1, crate::protocol::LEASE);
    let ports = IngestPorts { protocol: Arc::new(told(protocol)), ..ports };
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

#[test]
fn digests_are_announced_together_where_that_is_asked_for() {
    for asked in [false, true] {
        let (world, topic) = (World::new(Some("example-logs")), MemoryAnnouncer::new());
        world.origin.insert(&digest_key(1), digest("example-logs", &digest_key(1)));
        world.origin.insert(&digest_key(2), "no digest at all");
        run(&world, |protocol| {
            let protocol = protocol.with_announcer(Arc::new(topic.clone()));
            if asked { protocol.announcing_digests() } else { protocol }
        });
        assert!(topic.announced().is_empty(), "there are no events");
        let told: Vec<LandedDigests> = topic.announced_digests().into_iter().map(|told| told.digests).collect();
        if !asked {
            assert_eq!(told, []);
            continue;
        }
        let segments: Vec<(String, u64)> = world.audit.objects().into_iter().map(|(key, object)| (key, object.body.len() as u64)).collect();
        let segments = segments.into_iter().filter(|(key, _)| key.starts_with(layout::DIGESTS) && !key.contains("idx"));
        let (keys, sizes): (Vec<String>, Vec<u64>) = segments.unzip();
        assert_eq!(keys.len(), 2, "what is not one gzip member lies by itself: {keys:?}");
        // Only one of them says of which period it is: the one that ended at 2026-01-15T01:00:00Z.
        let end = Some(1_768_438_800_000);
        let expected = LandedDigests {
            keys,
            accounts: vec!["111122223333".to_owned()],
            account_count: 1,
            regions: vec!["us-east-1".to_owned()],
            digests: 2,
            first_period_end_ms: end,
            last_period_end_ms: end,
            bytes: sizes.iter().sum(),
        };
        assert_eq!(told, [expected]);
    }
}
