//! SHA-256 of many messages at once: sixteen lanes, each with a message of its own.
//!
//! Objects and Records are many and short, and a processor without SHA instructions spends longer on hashing them one after the
//! other than on inflating and parsing them. Side by side the same rounds fill its vector registers. The code is the standard's
//! (FIPS 180-4) on arrays of sixteen words, compiled for the processor that it runs on by `pulp`; the `sha2` crate is the reference
//! in the tests and hashes what comes alone.
#![expect(clippy::inline_always, reason = "only what is inlined into the dispatched function is compiled for its instructions")]
#![expect(clippy::many_single_char_names, reason = "the standard's own names")]
#![allow(
    clippy::needless_range_loop,
    reason = "loops over lanes in this form become vector instructions; the lint comes and goes with inlining"
)]

/// Messages hashed side by side.
const LANES: usize = 16;
type Word = [u32; LANES];

/// The initial hash value (FIPS 180-4, section 5.3.3).
const INITIAL: [u32; 8] = [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];
/// The round constants (section 4.2.2).
const ROUNDS: [u32; 64] = [
    0x428a_2f98,
    0x7137_4491,
    0xb5c0_fbcf,
    0xe9b5_dba5,
    0x3956_c25b,
    0x59f1_11f1,
    0x923f_82a4,
    0xab1c_5ed5,
    0xd807_aa98,
    0x1283_5b01,
    0x2431_85be,
    0x550c_7dc3,
    0x72be_5d74,
    0x80de_b1fe,
    0x9bdc_06a7,
    0xc19b_f174,
    0xe49b_69c1,
    0xefbe_4786,
    0x0fc1_9dc6,
    0x240c_a1cc,
    0x2de9_2c6f,
    0x4a74_84aa,
    0x5cb0_a9dc,
    0x76f9_88da,
    0x983e_5152,
    0xa831_c66d,
    0xb003_27c8,
    0xbf59_7fc7,
    0xc6e0_0bf3,
    0xd5a7_9147,
    0x06ca_6351,
    0x1429_2967,
    0x27b7_0a85,
    0x2e1b_2138,
    0x4d2c_6dfc,
    0x5338_0d13,
    0x650a_7354,
    0x766a_0abb,
    0x81c2_c92e,
    0x9272_2c85,
    0xa2bf_e8a1,
    0xa81a_664b,
    0xc24b_8b70,
    0xc76c_51a3,
    0xd192_e819,
    0xd699_0624,
    0xf40e_3585,
    0x106a_a070,
    0x19a4_c116,
    0x1e37_6c08,
    0x2748_774c,
    0x34b0_bcb5,
    0x391c_0cb3,
    0x4ed8_aa4a,
    0x5b9c_ca4f,
    0x682e_6ff3,
    0x748f_82ee,
    0x78a5_636f,
    0x84c8_7814,
    0x8cc7_0208,
    0x90be_fffa,
    0xa450_6ceb,
    0xbef9_a3f7,
    0xc671_78f2,
];

macro_rules! each_lane {
    (|$i:ident| $e:expr) => {{
        let mut out: Word = [0; LANES];
        let mut $i = 0;
        while $i < LANES {
            out[$i] = $e;
            $i += 1;
        }
        out
    }};
}

/// One round (section 6.2.2), in which the working variables keep their places and only two change.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "the eight working variables, a constant and a word")]
fn round(a: &Word, b: &Word, c: &Word, d: &mut Word, e: &Word, f: &Word, g: &Word, h: &mut Word, k: u32, w: &Word) {
    for i in 0..LANES {
        let s1 = e[i].rotate_right(6) ^ e[i].rotate_right(11) ^ e[i].rotate_right(25);
        let ch = (e[i] & f[i]) ^ (!e[i] & g[i]);
        let t1 = h[i].wrapping_add(s1).wrapping_add(ch).wrapping_add(k).wrapping_add(w[i]);
        let s0 = a[i].rotate_right(2) ^ a[i].rotate_right(13) ^ a[i].rotate_right(22);
        let maj = (a[i] & b[i]) ^ (a[i] & c[i]) ^ (b[i] & c[i]);
        d[i] = d[i].wrapping_add(t1);
        h[i] = t1.wrapping_add(s0).wrapping_add(maj);
    }
}

#[inline(always)]
fn schedule(w0: &Word, w1: &Word, w9: &Word, w14: &Word) -> Word {
    each_lane!(|i| {
        let s0 = w1[i].rotate_right(7) ^ w1[i].rotate_right(18) ^ (w1[i] >> 3);
        let s1 = w14[i].rotate_right(17) ^ w14[i].rotate_right(19) ^ (w14[i] >> 10);
        w0[i].wrapping_add(s0).wrapping_add(w9[i]).wrapping_add(s1)
    })
}

#[inline(always)]
fn compress(state: &mut [Word; 8], blocks: &[&[u8; 64]; LANES]) {
    let mut w: [Word; 16] = [[0; LANES]; 16];
    for lane in 0..LANES {
        for (t, chunk) in blocks[lane].as_chunks::<4>().0.iter().enumerate() {
            w[t][lane] = u32::from_be_bytes(*chunk);
        }
    }
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    macro_rules! eight {
        ($t:expr) => {
            round(&a, &b, &c, &mut d, &e, &f, &g, &mut h, ROUNDS[$t], &w[$t % 16]);
            round(&h, &a, &b, &mut c, &d, &e, &f, &mut g, ROUNDS[$t + 1], &w[($t + 1) % 16]);
            round(&g, &h, &a, &mut b, &c, &d, &e, &mut f, ROUNDS[$t + 2], &w[($t + 2) % 16]);
            round(&f, &g, &h, &mut a, &b, &c, &d, &mut e, ROUNDS[$t + 3], &w[($t + 3) % 16]);
            round(&e, &f, &g, &mut h, &a, &b, &c, &mut d, ROUNDS[$t + 4], &w[($t + 4) % 16]);
            round(&d, &e, &f, &mut g, &h, &a, &b, &mut c, ROUNDS[$t + 5], &w[($t + 5) % 16]);
            round(&c, &d, &e, &mut f, &g, &h, &a, &mut b, ROUNDS[$t + 6], &w[($t + 6) % 16]);
            round(&b, &c, &d, &mut e, &f, &g, &h, &mut a, ROUNDS[$t + 7], &w[($t + 7) % 16]);
        };
    }
    eight!(0);
    eight!(8);
    for step in 1..4 {
        for t in 0..16 {
            w[t] = schedule(&w[t], &w[(t + 1) % 16], &w[(t + 9) % 16], &w[(t + 14) % 16]);
        }
        eight!(step * 16);
        eight!(step * 16 + 8);
    }
    for (s, v) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
        for i in 0..LANES {
            s[i] = s[i].wrapping_add(v[i]);
        }
    }
}

/// One message and how far it has been hashed.
struct Lane<'a> {
    message: usize,
    body: &'a [[u8; 64]],
    tail: [[u8; 64]; 2],
    tail_blocks: usize,
    at: usize,
}

impl<'a> Lane<'a> {
    fn new(index: usize, message: &'a [u8]) -> Self {
        let (body, rest) = message.as_chunks::<64>();
        let mut tail = [[0; 64]; 2];
        let tail_blocks = if rest.len() < 56 { 1 } else { 2 };
        let flat = tail.as_flattened_mut();
        flat[..rest.len()].copy_from_slice(rest);
        flat[rest.len()] = 0x80;
        flat[tail_blocks * 64 - 8..tail_blocks * 64].copy_from_slice(&(message.len() as u64 * 8).to_be_bytes());
        Self { message: index, body, tail, tail_blocks, at: 0 }
    }
    #[inline(always)]
    fn block(&self) -> &[u8; 64] {
        self.body.get(self.at).unwrap_or_else(|| &self.tail[(self.at - self.body.len()) & 1])
    }
    #[inline(always)]
    fn left(&self) -> usize {
        self.body.len() + self.tail_blocks - self.at
    }
}

static IDLE: [u8; 64] = [0; 64];

#[inline(always)]
fn hash_lanes(messages: &[&[u8]], out: &mut [[u8; 32]]) {
    let mut next = 0;
    let mut lanes: [Option<Lane<'_>>; LANES] = [const { None }; LANES];
    let mut state: [Word; 8] = [[0; LANES]; 8];
    loop {
        let mut run = usize::MAX;
        for lane in 0..LANES {
            if lanes[lane].is_none() && next < messages.len() {
                lanes[lane] = Some(Lane::new(next, messages[next]));
                for (s, v) in state.iter_mut().zip(INITIAL) {
                    s[lane] = v;
                }
                next += 1;
            }
            if let Some(l) = &lanes[lane] {
                run = run.min(l.left());
            }
        }
        if run == usize::MAX {
            return;
        }
        for _ in 0..run {
            let blocks: [&[u8; 64]; LANES] = std::array::from_fn(|i| lanes[i].as_ref().map_or(&IDLE, |l| l.block()));
            compress(&mut state, &blocks);
            for l in lanes.iter_mut().flatten() {
                l.at += 1;
            }
        }
        for lane in 0..LANES {
            if let Some(l) = &lanes[lane]
                && l.left() == 0
            {
                for (t, s) in state.iter().enumerate() {
                    out[l.message][t * 4..t * 4 + 4].copy_from_slice(&s[lane].to_be_bytes());
                }
                lanes[lane] = None;
            }
        }
    }
}

struct Hash<'a, 'b> {
    messages: &'a [&'a [u8]],
    out: &'b mut [[u8; 32]],
}
impl pulp::NullaryFnOnce for Hash<'_, '_> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        hash_lanes(self.messages, self.out);
    }
}

/// SHA-256 of each of some byte strings, side by side.
pub(super) fn sha256_side_by_side(messages: &[&[u8]]) -> Vec<[u8; 32]> {
    let mut out = vec![[0; 32]; messages.len()];
    pulp::Arch::new().dispatch(Hash { messages, out: &mut out });
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::hash::sha256;

    #[test]
    fn every_length_around_a_block_is_hashed_as_the_reference_does() {
        let bytes: Vec<u8> = (0..400_u32).map(|n| (n * 31 % 251) as u8).collect();
        let messages: Vec<&[u8]> = (0..400).map(|n| &bytes[..n]).collect();
        let expect: Vec<[u8; 32]> = messages.iter().map(|m| sha256(m)).collect();
        assert_eq!(sha256_side_by_side(&messages), expect);
        assert_eq!(sha256_side_by_side(&[]), Vec::<[u8; 32]>::new());
    }

    proptest! {
        #[test]
        fn lanes_and_reference_agree(messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..700), 0..60)) {
            let slices: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
            let expect: Vec<[u8; 32]> = slices.iter().map(|m| sha256(m)).collect();
            prop_assert_eq!(sha256_side_by_side(&slices), expect);
        }
    }
}
