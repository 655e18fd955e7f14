#!/usr/bin/env python3
"""Checks that a source is among those that a signed attestation counted: verify_proof.py PROOF ATTESTATION PUBLIC_KEY (DER or PEM).

Needs Python 3.8 and the package `cryptography`. The format is in attestations.md beside this script."""
import json, sys
from hashlib import sha256
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()

def check(holds, otherwise):
    holds or sys.exit(f"NOT VERIFIED: {otherwise}")

proof_bytes, attestation_bytes, key_bytes = (open(path, "rb").read() for path in sys.argv[1:4])
proof, attestation = json.loads(proof_bytes), json.loads(attestation_bytes)
check(canonical(proof) == proof_bytes and canonical(attestation) == attestation_bytes, "not in canonical form")
statement, leaf, at, size = attestation["statement"], proof["leaf"], proof["index"], proof["size"]
check([*sorted(proof), *sorted(attestation), *(repr(of["version"]) for of in (proof, attestation, statement))]
      == "day index leaf path size version algorithm fingerprint signature statement version 1 1 1".split(), "another version or form")
key = (serialization.load_pem_public_key if key_bytes.startswith(b"-----") else serialization.load_der_public_key)(key_bytes)
spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
check(sha256(spki).hexdigest() == attestation["fingerprint"] == statement["trust_root"]["signer_fingerprint"], "signed with another key")
lines = [statement["archive"], statement["day"], statement["kind"], statement["sequence"], sha256(canonical(statement)).hexdigest(), statement["previous"] or "null"]
signed, signature = "\n".join(["trailkeep-attestation-v1", *map(str, lines)]).encode(), bytes.fromhex(attestation["signature"])
is_rsa = attestation["algorithm"] == "RSASSA_PKCS1_V1_5_SHA_256" and isinstance(key, rsa.RSAPublicKey) and 2048 <= key.key_size <= 8192
check(is_rsa or attestation["algorithm"] == "ECDSA_SHA_256" and key.curve.name == "secp256r1", "the algorithm is not that of the key")
key.verify(signature, signed, *([padding.PKCS1v15(), hashes.SHA256()] if is_rsa else [ec.ECDSA(hashes.SHA256())]))  # or InvalidSignature
last, node, path = size - 1, sha256(b"\0" + canonical(leaf)).digest(), [bytes.fromhex(beside) for beside in proof["path"]]
check([beside.hex() for beside in [signature, *path]] == [attestation["signature"], *proof["path"]], "not in lower-case digits")
check((proof["day"], size) == (statement["day"], statement["sources"]["count"]) and type(at) is type(size) is int and 0 <= at <= last, "the proof is of another statement")
for beside in path:  # RFC 9162, 2.1.3.2
    check(last > 0, "the path is too long")
    node = sha256(b"\1" + (beside + node if at & 1 or at == last else node + beside)).digest()
    while not at & 1 and at == last and at > 0:
        at, last = at >> 1, last >> 1
    at, last = at >> 1, last >> 1
check(last == 0 and node.hex() == statement["sources"]["merkle_root"], "the source is not among those that were counted")
print(f"proof verified: {json.dumps(leaf)}, counted as {json.dumps(leaf['outcome'])}, is among the {size} sources of {proof['day']} in {json.dumps(statement['archive'])} (number {statement['sequence']}, {statement['kind']}), signed by {attestation['fingerprint']}, with CloudTrail's keys {statement['trust_root']['cloudtrail_keys_sha256']} ({json.dumps(statement['trust_root']['cloudtrail_keys_origin'])})")
