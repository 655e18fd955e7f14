//! The root of a tree whose leaves come one after the other, in memory that does not grow with them.

use std::cmp::Ordering;

use super::merkle::{Leaf, OrderError, node};
use crate::Sha256;

/// The root so far: 32 bytes for each doubling, and the last leaf. Gives what [`super::Tree`] gives of the same leaves.
#[derive(Debug, Clone, Default)]
pub struct TreeRoot {
    /// Roots of whole trees, each over half as many leaves as the one before it, or fewer, with how many.
    whole: Vec<(u64, Sha256)>,
    count: u64,
    last: Option<Leaf>,
}

impl TreeRoot {
    /// Takes the next leaf, in the order of [`Leaf::order`].
    ///
    /// # Errors
    /// [`OrderError`]; the leaf is not taken.
    pub fn push(&mut self, leaf: Leaf) -> Result<(), OrderError> {
        if self.last.as_ref().is_some_and(|last| last.order(&leaf) != Ordering::Less) {
            return Err(OrderError::NotAscending { bucket: leaf.bucket, key: leaf.key, revision: leaf.revision });
        }
        let (mut leaves, mut hash) = (1, leaf.hash()?);
        while let Some((_, left)) = self.whole.pop_if(|(size, _)| *size == leaves) {
            (leaves, hash) = (leaves * 2, node(left, hash));
        }
        self.whole.push((leaves, hash));
        self.count += 1;
        self.last = Some(leaf);
        Ok(())
    }

    /// How many leaves there were.
    pub fn len(&self) -> u64 {
        self.count
    }

    /// Whether there was no leaf.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The root of them all; of no leaves SHA-256 of nothing.
    pub fn root(&self) -> Sha256 {
        let whole = self.whole.iter().rev().map(|(_, hash)| *hash);
        whole.reduce(|right, left| node(left, right)).unwrap_or_else(|| Sha256::of(b""))
    }
}
