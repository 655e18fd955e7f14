//! Waiting between the few retries that are ours.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

/// Most tries of what answered in part, or met another transaction.
pub(super) const MAX_TRIES: u32 = 5;

/// The wait after the first try; doubled after each.
const FIRST: Duration = Duration::from_millis(50);

/// Waits after try number `tried` (from 1): 25 to 50 ms, then 50 to 100, and so on. The random part keeps workers apart that met once.
pub(super) async fn pause(tried: u32) {
    let whole = FIRST * 2_u32.pow(tried.saturating_sub(1).min(10));
    let share = RandomState::new().hash_one(tried) % 1_000;
    tokio::time::sleep(whole / 2 + (whole / 2).mul_f64(share as f64 / 1_000.0)).await;
}
