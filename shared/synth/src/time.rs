//! Times as CloudTrail and its neighbours write them.

use trailkeep_keys::Stamp;

/// `2026-01-15T09:05:07Z`.
pub(crate) fn iso(unix_ms: i64) -> String {
    let mut out = Vec::with_capacity(20);
    write_iso(&mut out, unix_ms);
    out.into_iter().map(char::from).collect()
}

/// Appends `2026-01-15T09:05:07Z`.
pub(crate) fn write_iso(out: &mut Vec<u8>, unix_ms: i64) {
    let stamp = stamp(unix_ms);
    two(out, (stamp.year / 100) as u8);
    two(out, (stamp.year % 100) as u8);
    for (mark, value) in
        [(b'-', stamp.month), (b'-', stamp.day), (b'T', stamp.hour), (b':', stamp.minute), (b':', stamp.second.unwrap_or(0))]
    {
        out.push(mark);
        two(out, value);
    }
    out.push(b'Z');
}

/// Appends `Jan 15, 2026, 9:05:07 AM`, as STS and IAM write dates into `responseElements`.
pub(crate) fn write_american(out: &mut Vec<u8>, unix_ms: i64) {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let stamp = stamp(unix_ms);
    let month = MONTHS[usize::from(stamp.month.clamp(1, 12) - 1)];
    let hour = match stamp.hour % 12 {
        0 => 12,
        hour => hour,
    };
    let half = if stamp.hour < 12 { "AM" } else { "PM" };
    let (minute, second) = (stamp.minute, stamp.second.unwrap_or(0));
    out.extend_from_slice(format!("{month} {}, {}, {hour}:{minute:02}:{second:02} {half}", stamp.day, stamp.year).as_bytes());
}

/// The day as `yyyymmdd`.
pub(crate) fn day(unix_ms: i64) -> u32 {
    stamp(unix_ms).day_number()
}

/// The time to the second. A tree's years are checked to have four digits.
pub(crate) fn stamp(unix_ms: i64) -> Stamp {
    Stamp::from_unix_ms(unix_ms, true).unwrap_or(Stamp { year: 1970, month: 1, day: 1, hour: 0, minute: 0, second: Some(0) })
}

fn two(out: &mut Vec<u8>, value: u8) {
    out.push(b'0' + value / 10);
    out.push(b'0' + value % 10);
}
