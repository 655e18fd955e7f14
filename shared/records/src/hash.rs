//! SHA-256 as this project uses it: over whole inflated objects, stored objects and single Records.

use sha2::{Digest, Sha256};

mod lanes;

/// A SHA-256 value.
pub type Sha256Value = [u8; 32];

/// SHA-256 of some bytes.
pub fn sha256(bytes: &[u8]) -> Sha256Value {
    Sha256::digest(bytes).into()
}

/// SHA-256 of each of some byte strings, in their order. A processor with SHA instructions hashes them one after the other, one
/// without them sixteen at a time.
pub fn sha256_each(messages: &[&[u8]]) -> Vec<Sha256Value> {
    if has_instructions() { messages.iter().map(|message| sha256(message)).collect() } else { lanes::sha256_side_by_side(messages) }
}

#[cfg(target_arch = "x86_64")]
fn has_instructions() -> bool {
    std::arch::is_x86_feature_detected!("sha")
}

#[cfg(target_arch = "aarch64")]
fn has_instructions() -> bool {
    std::arch::is_aarch64_feature_detected!("sha2")
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn has_instructions() -> bool {
    false
}
