//! SHA-256 as this project uses it: over whole inflated objects, stored objects and single Records.

use sha2::{Digest, Sha256};

mod lanes;

pub use lanes::sha256_each;

/// A SHA-256 value.
pub type Sha256Value = [u8; 32];

/// SHA-256 of some bytes.
pub fn sha256(bytes: &[u8]) -> Sha256Value {
    Sha256::digest(bytes).into()
}
