//! What KMS may answer, and whether it is believed.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use aws_sdk_kms::types::KeySpec;

use super::*;

/// A key on P-256 as `SubjectPublicKeyInfo`: the point is the generator, so that nobody takes the key for a secret.
const SPKI: &str = "3059301306072a8648ce3d020106082a8648ce3d03010703420004\
    6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296\
    4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";

fn spki() -> Vec<u8> {
    SPKI.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn answer() -> aws_sdk_kms::operation::get_public_key::builders::GetPublicKeyOutputBuilder {
    GetPublicKeyOutput::builder()
        .key_id("arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555")
        .public_key(Blob::new(spki()))
        .key_spec(KeySpec::EccNistP256)
        .key_usage(KeyUsageType::SignVerify)
        .signing_algorithms(SigningAlgorithmSpec::EcdsaSha256)
}

#[test]
fn a_key_is_named_by_its_arn_whatever_it_was_asked_for_by() {
    let (arn, public) = usable(&answer().build(), "alias/attest").unwrap();
    assert_eq!(arn, "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555");
    assert_eq!((public.algorithm(), public.spki()), (Algorithm::EcdsaSha256, spki().as_slice()));
    assert_eq!(region_of(&arn), Some("eu-west-1"));
    assert_eq!([region_of("alias/attest"), region_of("arn:aws:s3:::x"), region_of("arn:aws:kms::1:key/x")], [None, None, None]);
}

#[test]
fn keys_that_do_not_sign_attestations_are_refused_with_what_to_take_instead() {
    for odd in [
        answer().key_usage(KeyUsageType::EncryptDecrypt),
        answer().key_spec(KeySpec::EccNistP384).public_key(Blob::new(vec![0x30; 120])),
        answer().set_public_key(None),
        answer().set_signing_algorithms(Some(vec![SigningAlgorithmSpec::EcdsaSha384])),
    ] {
        let error = usable(&odd.build(), "alias/attest").unwrap_err();
        assert!(matches!(&error, SignError::Unfit { signer, .. } if signer == "alias/attest"), "{error}");
    }
    let text = usable(&answer().set_public_key(None).build(), "alias/attest").unwrap_err().to_string();
    assert!(text.contains("ECC_NIST_P256"), "{text}");
}
