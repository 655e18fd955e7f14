//! Parquet's hybrid of run-length encoding and bit-packing (encoding RLE, format specification "Encodings"), for levels and
//! dictionary indices.

/// Values of a run that is worth a run of its own.
const RUN: usize = 8;

/// Bits that hold the numbers 0 to `most`.
pub(crate) const fn width(most: u32) -> u8 {
    (u32::BITS - most.leading_zeros()) as u8
}

/// Appends `values` in `width` bits each, without the length that may precede them.
pub(crate) fn encode<T: Copy + PartialEq + Into<u32>>(values: &[T], width: u8, out: &mut Vec<u8>) {
    let mut literal = 0;
    let mut at = 0;
    while let Some(rest) = values.get(at..).filter(|rest| !rest.is_empty()) {
        let run = run_length(rest);
        // Bit-packed values come in eights: the run lends them what they lack.
        let lent = (at - literal).next_multiple_of(8) - (at - literal);
        if run >= RUN + lent {
            pack(values.get(literal..at + lent).unwrap_or_default(), width, out);
            repeat(rest[0].into(), run - lent, width, out);
            literal = at + run;
        }
        at += run;
    }
    pack(values.get(literal..).unwrap_or_default(), width, out);
}

/// Appends a run of one value.
pub(crate) fn repeat(value: u32, count: usize, width: u8, out: &mut Vec<u8>) {
    if count > 0 {
        varint(count as u64 * 2, out);
        out.extend_from_slice(value.to_le_bytes().get(..usize::from(width).div_ceil(8)).unwrap_or_default());
    }
}

fn run_length<T: Copy + PartialEq>(values: &[T]) -> usize {
    let Some(first) = values.first() else { return 0 };
    values.iter().position(|value| value != first).unwrap_or(values.len())
}

/// Appends a bit-packed run, filled up with zeros to eights.
fn pack<T: Copy + Into<u32>>(values: &[T], width: u8, out: &mut Vec<u8>) {
    if values.is_empty() {
        return;
    }
    varint(values.len().div_ceil(8) as u64 * 2 + 1, out);
    let (eights, rest) = values.as_chunks::<8>();
    for eight in eights {
        bits(eight.iter().map(|value| u64::from((*value).into())), width, out);
    }
    if !rest.is_empty() {
        let mut last = [0; 8];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = u64::from((*from).into());
        }
        bits(last.into_iter(), width, out);
    }
}

/// Appends numbers of `width` bits each, least significant bit first; together they must fill whole bytes.
pub(crate) fn bits(values: impl Iterator<Item = u64>, width: u8, out: &mut Vec<u8>) {
    let (mut pending, mut held) = (0_u128, 0_u32);
    for value in values {
        pending |= u128::from(value) << held;
        held += u32::from(width);
        while held >= 32 {
            out.extend_from_slice(&(pending as u32).to_le_bytes());
            pending >>= 32;
            held -= 32;
        }
    }
    out.extend_from_slice(pending.to_le_bytes().get(..held as usize / 8).unwrap_or_default());
}

/// Appends an unsigned LEB128 number.
pub(crate) fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
