//! Repeatable randomness: numbers, and texts like those in ids. Arithmetic is exact or plain IEEE `+ - * /`,
//! so that a seed means the same bytes on every machine.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore, SeedableRng},
};

const HEX: &[u8; 16] = b"0123456789abcdef";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// Letters and digits only; the last two stand for `+` and `/`.
const WORD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789x7";
/// What AWS ids such as `AKIA…` are made of.
const ID: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A stream of randomness.
#[derive(Debug, Clone)]
pub(crate) struct Chance(ChaCha8Rng);

impl Chance {
    /// The stream that belongs to `seed` and the numbers that say what it is for.
    pub(crate) fn new(seed: u64, purpose: &[u64]) -> Self {
        let state = purpose.iter().fold(mix(seed), |state, part| mix(state ^ part.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        Self(ChaCha8Rng::seed_from_u64(state))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A number from 0 to `limit - 1`; 0 for a limit of 0.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True this many times in a thousand.
    pub(crate) fn per_mille(&mut self, times: u64) -> bool {
        self.below(1000) < times
    }

    /// From 0 up to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Near enough to a standard normal: the sum of twelve.
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }

    /// One of them; the first of a single one. `items` is never empty.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }

    pub(crate) fn hex(&mut self, out: &mut Vec<u8>, count: usize) {
        self.letters(out, count, HEX, 4);
    }

    pub(crate) fn base64(&mut self, out: &mut Vec<u8>, count: usize) {
        self.letters(out, count, BASE64, 6);
    }

    pub(crate) fn word(&mut self, out: &mut Vec<u8>, count: usize) {
        self.letters(out, count, WORD, 6);
    }

    pub(crate) fn id(&mut self, out: &mut Vec<u8>, count: usize) {
        self.letters(out, count, ID, 5);
    }

    pub(crate) fn digits(&mut self, out: &mut Vec<u8>, count: usize) {
        for _ in 0..count {
            out.push(b'0' + self.below(10) as u8);
        }
    }

    /// A random UUID, version 4.
    pub(crate) fn uuid(&mut self, out: &mut Vec<u8>) {
        let start = out.len();
        for (position, count) in [8, 4, 4, 4, 12].into_iter().enumerate() {
            if position > 0 {
                out.push(b'-');
            }
            self.hex(out, count);
        }
        out[start + 14] = b'4';
        out[start + 19] = b"89ab"[usize::from(out[start + 19] & 3)];
    }

    /// A text made by one of the above.
    pub(crate) fn text(&mut self, count: usize, make: fn(&mut Self, &mut Vec<u8>, usize)) -> String {
        let mut out = Vec::with_capacity(count);
        make(self, &mut out, count);
        out.into_iter().map(char::from).collect()
    }

    /// `count` letters of an alphabet of 2^`bits`.
    fn letters(&mut self, out: &mut Vec<u8>, count: usize, alphabet: &[u8], bits: u32) {
        let each = (64 / bits) as usize;
        let mut left = count;
        while left > 0 {
            let mut word = self.next();
            for _ in 0..left.min(each) {
                out.push(alphabet[(word & ((1 << bits) - 1)) as usize]);
                word >>= bits;
            }
            left = left.saturating_sub(each);
        }
    }
}

/// Spreads a number over all 64 bits (the finaliser of SplitMix64).
pub(crate) fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// `e` to the `power`, by squaring alone: library functions differ in the last bit between machines.
pub(crate) fn exp(power: f64) -> f64 {
    (0..24).fold(1.0 + power / f64::from(1 << 24), |value, _| value * value)
}
