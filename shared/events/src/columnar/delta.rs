//! Parquet's DELTA_BINARY_PACKED for integers that grow or stay near each other (format specification "Encodings").

use super::hybrid::{bits, varint};

/// Values of a block, and the miniblocks in it.
const BLOCK: usize = 128;
const MINIBLOCKS: usize = 4;
const MINIBLOCK: usize = BLOCK / MINIBLOCKS;

/// Appends the header and the blocks. `narrow`: the numbers are of 32 bits, and so are their differences, which wrap around.
pub(crate) fn encode(values: &[i64], narrow: bool, out: &mut Vec<u8>) {
    varint(BLOCK as u64, out);
    varint(MINIBLOCKS as u64, out);
    varint(values.len() as u64, out);
    varint(zigzag(values.first().copied().unwrap_or_default()), out);
    let mut deltas = [0_i64; BLOCK];
    for block in values.get(..values.len().saturating_sub(1)).unwrap_or_default().chunks(BLOCK).enumerate() {
        let (number, before) = block;
        let after = values.get(number * BLOCK + 1..).unwrap_or_default();
        for ((delta, from), to) in deltas.iter_mut().zip(before).zip(after) {
            *delta = difference(*to, *from, narrow);
        }
        encode_block(deltas.get(..before.len()).unwrap_or_default(), narrow, out);
    }
}

fn difference(of: i64, from: i64, narrow: bool) -> i64 {
    if narrow { i64::from((of as i32).wrapping_sub(from as i32)) } else { of.wrapping_sub(from) }
}

fn encode_block(deltas: &[i64], narrow: bool, out: &mut Vec<u8>) {
    let least = deltas.iter().copied().min().unwrap_or_default();
    varint(zigzag(least), out);
    let over = |delta: &i64| {
        let over = difference(*delta, least, narrow);
        if narrow { u64::from(over as u32) } else { over as u64 }
    };
    let width = |miniblock: &[i64]| (u64::BITS - miniblock.iter().map(over).fold(0, |all, one| all | one).leading_zeros()) as u8;
    let mut widths = [0; MINIBLOCKS];
    for (to, miniblock) in widths.iter_mut().zip(deltas.chunks(MINIBLOCK)) {
        *to = width(miniblock);
    }
    out.extend_from_slice(&widths);
    for (width, miniblock) in widths.into_iter().zip(deltas.chunks(MINIBLOCK)) {
        let filled = miniblock.iter().map(over).chain(std::iter::repeat_n(0, MINIBLOCK - miniblock.len()));
        bits(filled, width, out);
    }
}

const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}
