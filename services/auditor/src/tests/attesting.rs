//! What is due is attested: provisionally after a day, finally after 31, and what is late is said.

use std::{io::Write as _, sync::Arc};

use async_trait::async_trait;
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair},
};
use trailkeep_attest::{HeadStore, KeyFile, SignError, Signer};
use trailkeep_audit::attestation::PublicKey;
use trailkeep_pipeline::{
    memory::MemoryBucket,
    ports::bucket::{AuditBucket, PutPolicy},
};

use super::world::{HOUR_MS, World};
use crate::{Ports, RoundReport};

pub(super) const DAY_MS: i64 = 24 * HOUR_MS;

pub(super) fn key() -> Arc<dyn Signer> {
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new()).unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(pkcs8.as_ref()).unwrap();
    Arc::new(KeyFile::open(file.path()).unwrap())
}

/// A key that signs no more.
#[derive(Debug)]
pub(super) struct Disabled(pub(super) Arc<dyn Signer>);

#[async_trait]
impl Signer for Disabled {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn public_key(&self) -> &PublicKey {
        self.0.public_key()
    }

    async fn sign_raw(&self, _: &[u8]) -> Result<Vec<u8>, SignError> {
        Err(SignError::Denied { operation: "kms:Sign", signer: "a key".to_owned(), hint: "a planned refusal".to_owned() })
    }
}

fn round(world: &World, signer: &Arc<dyn Signer>, heads: Option<&MemoryBucket>) -> RoundReport {
    let heads = heads.map(|bucket| HeadStore::new(Arc::new(bucket.clone()) as Arc<dyn AuditBucket>, PutPolicy::default()));
    let ports = Ports { signer: Some(Arc::clone(signer)), heads, ..world.ports() };
    world.round_with(World::settings(), ports).unwrap()
}

fn attested(world: &World) -> Vec<String> {
    let keys = world.audit.objects().into_keys();
    let of_days = keys.filter(|key| key.starts_with("attest/day="));
    of_days.filter_map(|key| key.strip_prefix("attest/").map(|rest| rest.trim_end_matches(".json").to_owned())).collect()
}

#[test]
fn a_day_is_attested_once_it_is_due_and_again_when_it_is_final() {
    let (world, signer, heads) = (World::new(|_| false), key(), MemoryBucket::named("heads"));
    let early = round(&world, &signer, Some(&heads));
    assert_eq!((early.attested, early.attestation_late_h), (0, Some(0)), "{early:?}");
    assert_eq!(attested(&world), Vec::<String>::new());

    // 2026-01-17T01:00Z: a day and an hour after the day's end.
    world.pass(2 * DAY_MS - 8 * HOUR_MS);
    let due = round(&world, &signer, Some(&heads));
    assert_eq!((due.outcome(), due.attested, due.attestation_late_h), ("done", 1, Some(0)), "{due:?}");
    assert_eq!(attested(&world), ["day=20260115/000000000001-provisional"]);
    assert_eq!(heads.objects().len(), 1, "its hash is in the second account");
    assert_eq!(round(&world, &signer, Some(&heads)).attested, 0, "once");

    // The auditor stood still for a month: as many as a round may, oldest day first, and the line says how late the rest is.
    world.pass(31 * DAY_MS);
    let late = round(&world, &signer, Some(&heads));
    assert_eq!(late.attested, 8, "{late:?}");
    assert!(late.attestation_late_h.is_some_and(|hours| hours > 24 * 20), "{late:?}");
    assert!(attested(&world).contains(&"day=20260115/000000000002-final".to_owned()), "{:?}", attested(&world));
    let rest = (0..8).map(|_| round(&world, &signer, Some(&heads))).find(|report| report.attestation_late_h == Some(0));
    assert!(rest.is_some(), "the next rounds make the rest: {:?}", attested(&world));
    assert_eq!(heads.objects().len(), attested(&world).len());
}

#[test]
fn a_key_that_refuses_fails_the_step_and_the_line_says_how_late_it_is() {
    let (world, signer) = (World::new(|_| false), key());
    round(&world, &signer, None);
    world.pass(3 * DAY_MS);
    let refusing: Arc<dyn Signer> = Arc::new(Disabled(Arc::clone(&signer)));
    let report = round(&world, &refusing, None);
    assert_eq!(report.failed, ["attest"], "{report:?}");
    let late_h = report.attestation_late_h.unwrap();
    assert!(late_h >= 24, "{report:?}");
    assert_eq!(attested(&world), Vec::<String>::new());
    world.pass(7 * HOUR_MS);
    assert_eq!(round(&world, &refusing, None).attestation_late_h, Some(late_h + 7), "it grows");
    let signed = round(&world, &signer, None);
    assert_eq!((signed.outcome(), signed.attestation_late_h), ("done", Some(0)), "{signed:?}");
}

#[test]
fn heads_that_could_not_be_put_are_put_by_the_next_round() {
    let (world, signer, heads) = (World::new(|_| false), key(), MemoryBucket::named("heads"));
    round(&world, &signer, Some(&heads));
    world.pass(3 * DAY_MS);
    heads.fail_from(0, trailkeep_pipeline::memory::Fault::Refused);
    let failed = round(&world, &signer, Some(&heads));
    assert!(failed.failed.contains(&"heads") && failed.attested > 0, "{failed:?}");
    heads.heal();
    world.pass(60_000);
    let report = round(&world, &signer, Some(&heads));
    assert_eq!(report.outcome(), "done", "{report:?}");
    assert_eq!(heads.objects().len(), attested(&world).len());
}

#[test]
fn a_roster_that_could_never_be_read_is_as_old_as_the_auditor() {
    let world = World::new(|_| false);
    let settings = || crate::Settings { without_organization: false, ..World::settings() };
    assert_eq!(world.round_with(settings(), world.ports()).unwrap().roster_age_h, Some(0));
    world.pass(3 * DAY_MS);
    assert_eq!(world.round_with(settings(), world.ports()).unwrap().roster_age_h, Some(72));
    assert_eq!(world.round().roster_age_h, None, "nobody asks");
}
