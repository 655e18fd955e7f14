//! Times as CloudTrail and the tools around it write them, to milliseconds since the Unix epoch.
//! No calendar crate: the formats are few and fixed, and this runs once or twice for every Record.

/// Milliseconds since the Unix epoch of a UTC calendar time; `None` where a part is out of range.
pub fn unix_ms(year: i64, month: u32, day: u32, hour: u32, minute: u32, second: u32, millis: u32) -> Option<i64> {
    if !(1..=12).contains(&month) || day == 0 || day > days_in_month(year, month) || hour > 23 || minute > 59 || second > 60 || millis > 999
    {
        return None;
    }
    let days = days_from_civil(year, month, day);
    Some((((days * 24 + i64::from(hour)) * 60 + i64::from(minute)) * 60 + i64::from(second)) * 1000 + i64::from(millis))
}

fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar (algorithm: Howard Hinnant, "chrono-compatible low-level date algorithms").
fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let month_from_march = i64::from((month + 9) % 12);
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The UTC day of a time as `YYYYMMDD`; `None` outside the years 1 to 9999.
pub fn day_of(unix_ms: i64) -> Option<u32> {
    let z = unix_ms.div_euclid(86_400_000) + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let mp = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (1..=9999).contains(&year).then(|| (year * 10_000 + month * 100 + day) as u32)
}

/// Reads `2023-07-10T11:45:00Z`, the same with a blank for `T`, with a fraction, with `±hh:mm`, and the
/// basic form `20131102T010628Z`. Without a zone the time is UTC. Fractions are cut to milliseconds.
pub fn parse_iso(text: &str) -> Option<i64> {
    let b = text.as_bytes();
    if b.len() > 40 {
        return None;
    }
    if b.len() >= 15 && b.get(8) == Some(&b'T') && b.get(4) != Some(&b'-') {
        return parse_basic(b);
    }
    let punctuated = b.get(4) == Some(&b'-') && b.get(7) == Some(&b'-') && matches!(b.get(10), Some(b'T' | b't' | b' '));
    if !punctuated || b.get(13) != Some(&b':') || b.get(16) != Some(&b':') {
        return None;
    }
    let (millis, used) = fraction(b.get(19..)?)?;
    let offset_ms = zone(b.get(19 + used..)?)?;
    let base = unix_ms(
        i64::from(number(b, 0, 4)?),
        number(b, 5, 2)?,
        number(b, 8, 2)?,
        number(b, 11, 2)?,
        number(b, 14, 2)?,
        number(b, 17, 2)?,
        millis,
    )?;
    Some(base - offset_ms)
}

fn parse_basic(b: &[u8]) -> Option<i64> {
    let offset_ms = zone(b.get(15..)?)?;
    let base = unix_ms(
        i64::from(number(b, 0, 4)?),
        number(b, 4, 2)?,
        number(b, 6, 2)?,
        number(b, 9, 2)?,
        number(b, 11, 2)?,
        number(b, 13, 2)?,
        0,
    )?;
    Some(base - offset_ms)
}

fn number(b: &[u8], at: usize, len: usize) -> Option<u32> {
    b.get(at..at + len)?.iter().try_fold(0_u32, |n, d| d.is_ascii_digit().then(|| n * 10 + u32::from(d - b'0')))
}

/// A fraction `.123…`: milliseconds and how many bytes it took.
fn fraction(b: &[u8]) -> Option<(u32, usize)> {
    if b.first() != Some(&b'.') {
        return Some((0, 0));
    }
    let digits = b.iter().skip(1).take_while(|d| d.is_ascii_digit()).count();
    if digits == 0 {
        return None;
    }
    let millis = (1..=3).fold(0, |n, i| n * 10 + b.get(i).filter(|d| i <= digits && d.is_ascii_digit()).map_or(0, |d| u32::from(d - b'0')));
    Some((millis, digits + 1))
}

/// A zone (`Z`, nothing, `±hh:mm`, `±hhmm`) in milliseconds east of UTC.
fn zone(b: &[u8]) -> Option<i64> {
    let (sign, rest) = match b {
        [] | [b'Z' | b'z'] => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let minutes_at = if rest.get(2) == Some(&b':') { 3 } else { 2 };
    if rest.len() != minutes_at + 2 {
        return None;
    }
    let (hours, minutes) = (number(rest, 0, 2)?, number(rest, minutes_at, 2)?);
    (hours < 24 && minutes < 60).then(|| sign * i64::from(hours * 60 + minutes) * 60_000)
}

/// Reads the American form that AWS SDK for Java leaves in `responseElements`: `Jul 10, 2023 11:45:00 AM`, also
/// with a comma after the year and with a narrow no-break space before `AM`. Taken as UTC.
pub fn parse_american(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    if text.len() > 40 {
        return None;
    }
    let mut words = text.split([' ', ',', '\u{202f}', '\u{a0}']).filter(|w| !w.is_empty());
    let month = words.next().and_then(|w| MONTHS.iter().position(|m| *m == w))? as u32 + 1;
    let day = words.next()?.parse().ok()?;
    let year = words.next()?.parse::<u32>().ok().filter(|y| *y <= 9999)?;
    let mut clock = words.next()?.split(':').map(|p| p.parse::<u32>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let half = match words.next()? {
        "AM" => 0,
        "PM" => 12,
        _ => return None,
    };
    if !(1..=12).contains(&hour) || words.next().is_some() {
        return None;
    }
    unix_ms(i64::from(year), month, day, hour % 12 + half, minute, second, 0)
}

/// RFC 3339 with milliseconds and `Z`; `None` outside the years 1 to 9999.
pub fn to_rfc3339(unix_ms: i64) -> Option<String> {
    let day = day_of(unix_ms)?;
    let ms = unix_ms.rem_euclid(86_400_000);
    let (h, m, s, milli) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000);
    Some(format!("{:04}-{:02}-{:02}T{h:02}:{m:02}:{s:02}.{milli:03}Z", day / 10_000, day / 100 % 100, day % 100))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_time_is_the_same_instant() {
        let expect = Some(1_688_989_500_000);
        for text in [
            "2023-07-10T11:45:00Z",
            "2023-07-10 11:45:00",
            "2023-07-10 11:45:00.000000000",
            "2023-07-10T11:45:00.000Z",
            "2023-07-10T13:45:00+02:00",
            "2023-07-10T07:45:00-0400",
            "20230710T114500Z",
        ] {
            assert_eq!(parse_iso(text), expect, "{text}");
        }
        for text in ["Jul 10, 2023 11:45:00 AM", "Jul 10, 2023, 11:45:00 AM", "Jul 10, 2023, 11:45:00\u{202f}AM"] {
            assert_eq!(parse_american(text), expect, "{text}");
        }
        assert_eq!(parse_american("Jul 18, 2023, 12:07:39 PM"), parse_iso("2023-07-18T12:07:39Z"));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "2023",
            "2023-02-29T00:00:00Z",
            "2023-13-01T00:00:00Z",
            "2023-07-10T24:00:00Z",
            "2023-07-10T11:45:00+25:00",
            "2023-07-10T11:45:00.Z",
            "yesterday",
            "20230710T1145",
        ] {
            assert_eq!(parse_iso(text), None, "{text}");
        }
        assert_eq!(parse_american("Jul 10, 2023 13:45:00 AM"), None);
    }

    #[test]
    fn days_and_texts_round_trip() {
        for day in -200_000_i64..200_000 {
            let ms = day * 86_400_000 + 12_345_678;
            let Some(ymd) = day_of(ms) else { continue };
            let back = unix_ms(i64::from(ymd / 10_000), ymd / 100 % 100, ymd % 100, 3, 25, 45, 678);
            assert_eq!(back, Some(ms));
        }
        assert_eq!(to_rfc3339(1_688_989_500_123).as_deref(), Some("2023-07-10T11:45:00.123Z"));
    }
}
