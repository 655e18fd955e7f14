//! The small language in which the catalogue writes JSON: text with `%` codes, filled in without building a tree.
//!
//! | code | becomes |
//! |---|---|
//! | `%a` `%r` `%p` `%s` | account, Region, the caller's ARN, the caller's session or user name |
//! | `%q` `%u` | this record's request id; a new UUID |
//! | `%t` `%e` `%m` | the event's time: ISO, American one hour later, milliseconds since 1970 |
//! | `%hN` `%bN` `%wN` `%kN` `%dN` | N random characters: hexadecimal, base64, letters and digits, AWS id, digits |
//! | `%nN` | a random number of at most N digits |
//! | `%i` `%o` `%l` | an IPv4 address; an object's key; the bucket of the trail |
//! | a capital | a thing of the [`Pool`] with that letter, the same one throughout a record |
//! | `%%` | a percent sign |

use crate::{
    chance::Chance,
    estate::{Estate, Pool},
    time,
};

/// What the codes of a record stand for.
#[derive(Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) estate: &'a Estate,
    /// The record's own Region, which for global services is not the estate's.
    pub(crate) region: &'a str,
    pub(crate) trail_bucket: &'a str,
    pub(crate) caller_arn: &'a str,
    pub(crate) caller_name: &'a str,
    pub(crate) event_ms: i64,
    /// Chooses the things that the record is about.
    pub(crate) salt: u64,
    pub(crate) request_id: [u8; 36],
}

impl Scene<'_> {
    /// Appends the template, filled in.
    pub(crate) fn render(&self, template: &str, chance: &mut Chance, out: &mut Vec<u8>) {
        let mut rest = template.as_bytes();
        while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
            out.extend_from_slice(&rest[..at]);
            let code = rest.get(at + 1).copied().unwrap_or(b'%');
            rest = rest.get(at + 2..).unwrap_or_default();
            let digits = if b"hbwkdn".contains(&code) { rest.iter().take(3).take_while(|byte| byte.is_ascii_digit()).count() } else { 0 };
            let count = rest[..digits].iter().fold(0, |count, digit| count * 10 + usize::from(digit - b'0'));
            rest = &rest[digits..];
            self.code(code, count, chance, out);
        }
        out.extend_from_slice(rest);
    }

    fn code(&self, code: u8, count: usize, chance: &mut Chance, out: &mut Vec<u8>) {
        match code {
            b'a' => out.extend_from_slice(self.estate.account.as_bytes()),
            b'r' => out.extend_from_slice(self.region.as_bytes()),
            b'p' => out.extend_from_slice(self.caller_arn.as_bytes()),
            b's' => out.extend_from_slice(self.caller_name.as_bytes()),
            b'q' => out.extend_from_slice(&self.request_id),
            b'l' => out.extend_from_slice(self.trail_bucket.as_bytes()),
            b't' => time::write_iso(out, self.event_ms),
            b'e' => time::write_american(out, self.event_ms + 3_600_000),
            b'm' => out.extend_from_slice(self.event_ms.to_string().as_bytes()),
            b'u' => chance.uuid(out),
            b'h' => chance.hex(out, count),
            b'b' => chance.base64(out, count),
            b'w' => chance.word(out, count),
            b'k' => chance.id(out, count),
            b'd' => chance.digits(out, count),
            b'n' => {
                let number = chance.below(10_u64.pow(count.min(18) as u32));
                out.extend_from_slice(number.to_string().as_bytes());
            }
            b'i' => out.extend_from_slice(ipv4(chance).as_bytes()),
            b'o' => self.object_key(chance, out),
            b'%' => out.push(b'%'),
            letter => match Pool::of(letter) {
                Some(pool) => out.extend_from_slice(self.estate.get(pool, self.salt).as_bytes()),
                None => debug_assert!(false, "no code {}", char::from(letter)),
            },
        }
    }

    fn object_key(&self, chance: &mut Chance, out: &mut Vec<u8>) {
        let stamp = time::stamp(self.event_ms);
        let folder = *chance.pick(&["exports", "events/v1", "uploads", "warehouse/fact_orders", "backups/daily", "images/thumb"]);
        let ending = *chance.pick(&["parquet", "json.gz", "csv", "jpg", "snappy.parquet", "zip"]);
        let (year, month, day, hour) = (stamp.year, stamp.month, stamp.day, stamp.hour);
        out.extend_from_slice(format!("{folder}/year={year}/month={month:02}/day={day:02}/hour={hour:02}/part-").as_bytes());
        chance.digits(out, 5);
        out.push(b'-');
        chance.hex(out, 16);
        out.extend_from_slice(format!(".{ending}").as_bytes());
    }
}

/// An address out of the ranges that are kept for documentation.
/// Source: RFC 5737.
pub(crate) fn ipv4(chance: &mut Chance) -> String {
    let net = *chance.pick(&["192.0.2", "198.51.100", "203.0.113"]);
    format!("{net}.{}", chance.between(1, 254))
}
