//! What whoever may write objects, and has no key, can do to a chain: other keys, other forms of a signature, numbers taken away, heads that lie.

use super::*;

/// The signature of ECDSA that anybody computes of another one: (r, n - s).
fn other_form(signature: &[u8]) -> Vec<u8> {
    const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let r_end = 4 + usize::from(signature[3]);
    let digits = &signature[r_end + 2..];
    let s = [vec![0; 33 - digits.len()], digits.to_vec()].concat();
    let (mut left, mut borrow) = (vec![0; 32], 0_i16);
    for at in (0..32).rev() {
        let difference = i16::from(unhex(ORDER)[at]) - i16::from(s[at + 1]) - borrow;
        (left[at], borrow) = (difference.rem_euclid(256) as u8, i16::from(difference < 0));
    }
    let digits: Vec<u8> = left.into_iter().skip_while(|digit| *digit == 0).collect();
    let sign = if digits[0] > 0x7f { vec![0] } else { vec![] };
    let s = [sign, digits].concat();
    let content = [&signature[2..r_end], &[2, s.len() as u8], &s].concat();
    [&[0x30, content.len() as u8], content.as_slice()].concat()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// The text with the hash after `member` turned by one digit.
fn shifted(text: &str, member: &str) -> String {
    let (before, after) = text.split_at(text.find(member).unwrap() + member.len());
    let (hash, after) = after.split_at(64);
    let (first, rest) = hash.split_at(1);
    format!("{before}{rest}{first}{after}")
}

#[tokio::test]
async fn a_chain_goes_on_with_another_key_only_if_the_former_one_is_named() {
    let mut world = World::of_three().await;
    let (before, new): (Vec<PublicKey>, Arc<dyn Signer>) = (world.keys(), Arc::new(key()));
    let refused = async |signer: Arc<dyn Signer>| {
        let world = World { signer, bucket: world.bucket.clone(), ..World::new() };
        let statement = world.statement(day("20260116"), Kind::Final, &spooled([source(1, 1)]));
        world.next(statement, &world.making(1_800_000_000_000)).await.unwrap_err()
    };
    // Whoever writes to the archive has a key as well: what it signed looks the same.
    for signer in [new.clone(), Arc::new(Successor::new(new.clone(), vec![key().public_key().clone()]))] {
        let told = refused(signer).await;
        assert!(
            matches!(&told, AttestError::UnknownSigner { key, fingerprint } if key == THIRD && *fingerprint == before[0].fingerprint())
        );
        assert!(told.to_string().contains("--former-public-key") && told.to_string().contains("delete marker"), "{told}");
    }
    world.signer = Arc::new(Successor::new(new, before.clone()));
    assert!(matches!(world.attest("20260116", Kind::Final).await, Issued::Written { kept: Kept { sequence: 4, .. }, .. }));
    let keys = [before, world.keys()].concat();
    let checked = check(&world.bucket, &Checking { keys: &keys, leaves: true, ..Checking::default() }).await.unwrap();
    assert!(checked.is_verified() && checked.signers.len() == 2, "{checked:#?}");
    assert!(!world.check().await.is_verified());
}

/// A former key that was named vouches for what it signed, and for nothing that only has its fingerprint.
#[tokio::test]
async fn what_says_that_a_former_key_signed_it_must_be_so() {
    let mut world = World::of_three().await;
    world.signer = Arc::new(Successor::new(Arc::new(key()) as Arc<dyn Signer>, world.keys()));
    world.forge(4, "attest/day=20260117/000000000004-final.json");
    let statement = world.statement(day("20260118"), Kind::Final, &spooled([source(1, 1)]));
    let refused = world.next(statement, &world.making(1_800_000_000_000)).await.unwrap_err();
    assert!(matches!(&refused, AttestError::Broken { key, .. } if key.ends_with("000000000004-final.json")), "{refused}");
}

#[tokio::test]
async fn a_signature_of_the_other_form_is_refused_and_never_written() {
    #[derive(Debug)]
    struct High(KeyFile);
    #[async_trait::async_trait]
    impl Signer for High {
        fn name(&self) -> &str {
            self.0.name()
        }

        fn public_key(&self) -> &PublicKey {
            self.0.public_key()
        }

        async fn sign_raw(&self, message: &[u8]) -> Result<Vec<u8>, crate::SignError> {
            Ok(other_form(&self.0.sign_raw(message).await?))
        }
    }
    // As KMS may: half of its signatures are of this form.
    let world = World { signer: Arc::new(High(key())), ..World::new() };
    world.attest(DAY, Kind::Provisional).await;
    assert!(world.check().await.is_verified());
    let signed = world.signer.sign_raw(b"x").await.unwrap();
    assert!(!world.signer.public_key().verifies(b"x", &signed));
    assert!(world.signer.public_key().verifies(b"x", &world.signer.public_key().normal_form(signed)));

    // Anybody may compute it of what is signed: the envelope would have another hash, and be as good.
    let body = world.bucket.objects()[FIRST].body.clone();
    let mut envelope = Envelope::parse(&body).unwrap();
    envelope.signature = hex(&other_form(&unhex(&envelope.signature)));
    for key in [FIRST, "attest/numbers/000000000001.json"] {
        world.bucket.insert(key, envelope.to_json().unwrap());
    }
    assert_eq!(world.check().await.problem_counts.get("not_signed"), Some(&1));
    let statement = world.statement(day("20260118"), Kind::Final, &spooled([source(1, 1)]));
    let refused = world.next(statement, &world.making(1_800_000_000_000)).await.unwrap_err();
    assert!(matches!(refused, AttestError::Broken { .. }), "{refused}");
}

#[tokio::test]
async fn numbers_that_were_removed_are_put_back_and_counted_in_the_next_statement() {
    let world = World::of_three().await;
    let number = "attest/numbers/000000000002.json";
    world.bucket.remove(number);
    assert_eq!(world.check().await.problem_counts.get("number_removed"), Some(&1));
    let Issued::Written { envelope, .. } = world.attest("20260117", Kind::Provisional).await else { panic!("it is made") };
    assert_eq!(envelope.statement.findings.counts.get("attest_numbers_removed"), Some(&1));
    assert!(!envelope.statement.is_complete());
    assert_eq!(world.bucket.objects()[number].body, world.bucket.objects()[SECOND].body);
    assert!(world.check().await.is_verified());
    let Issued::Written { envelope, .. } = world.attest("20260118", Kind::Provisional).await else { panic!("it is made") };
    assert!(envelope.statement.findings.counts.is_empty(), "it is told once");
}

#[tokio::test]
async fn heads_kept_elsewhere_show_chains_that_were_rolled_back_or_replaced() {
    let elsewhere = MemoryBucket::new();
    let store = HeadStore::new(Arc::new(elsewhere.clone()), PutPolicy::default());
    let compared = async |world: &World| {
        check(&world.bucket, &Checking { keys: &world.keys(), heads: Some(&store), ..Checking::default() }).await.unwrap()
    };
    let world = World::of_three().await;
    assert_eq!(compared(&world).await.problem_counts.get("head_missing"), Some(&3));
    assert_eq!(store.catch_up(&world.bucket, ARCHIVE, 7).await.unwrap(), 3);
    assert_eq!(store.catch_up(&world.bucket, ARCHIVE, 8).await.unwrap(), 0);
    let checked = compared(&world).await;
    assert!(checked.is_verified() && checked.heads_compared == Some(3), "{checked:#?}");

    // A head with the right hash that says otherwise of what it is the head of.
    let head = elsewhere.objects().keys().find(|key| key.ends_with("000000000002.json")).cloned().unwrap();
    let kept = elsewhere.objects()[&head].body.clone();
    let text = String::from_utf8(kept.to_vec()).unwrap();
    for (from, to) in [("20260116", "20260117"), ("provisional", "final"), ("\"statement_sha256\":\"", "\"statement_sha256\":\"0")] {
        let changed = if to.ends_with('0') { shifted(&text, from) } else { text.replace(from, to) };
        elsewhere.insert(&head, changed);
        let checked = compared(&world).await;
        assert_eq!((checked.is_verified(), checked.problem_counts.get("head_differs")), (false, Some(&1)), "{to}: {checked:#?}");
    }
    let other = elsewhere.objects().keys().find(|key| key.ends_with("000000000001.json")).cloned().unwrap();
    elsewhere.insert(&head, elsewhere.objects()[&other].body.clone());
    assert!(!compared(&world).await.is_verified(), "another number");
    elsewhere.insert(&head, kept);
    assert!(compared(&world).await.is_verified());

    world.bucket.remove(THIRD);
    world.bucket.remove("attest/numbers/000000000003.json");
    assert!(world.check().await.is_verified(), "nothing in the archive shows it");
    assert_eq!(compared(&world).await.problem_counts.get("rolled_back"), Some(&1));
    world.attest("20260117", Kind::Provisional).await;
    assert!(world.check().await.is_verified(), "nothing in the archive shows it");
    assert_eq!(compared(&world).await.problem_counts.get("head_differs"), Some(&1));
}
