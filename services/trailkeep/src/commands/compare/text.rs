//! A comparison for people.

use std::fmt::Write as _;

use super::sides::Told;
use crate::figures::{bytes, grouped, many};

/// Days that are shown.
const SHOWN_DAYS: usize = 31;

pub(super) fn told(told: &Told) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut text, told);
    text
}

fn write(text: &mut String, told: &Told) -> std::fmt::Result {
    let (from, archive) = (&told.from, &told.archive);
    let days = match (&told.first_day, &told.last_day) {
        (Some(first), Some(last)) => format!("delivered {first} to {last}"),
        _ => "nothing on either side".to_owned(),
    };
    writeln!(text, "{from} beside {archive}, {days}")?;
    writeln!(text, "  {from}: {}, {}", many(told.in_bucket.objects, "object", "objects"), bytes(told.in_bucket.stored_bytes))?;
    let records = many(told.records, "record", "records");
    writeln!(
        text,
        "  {archive}: {}, {}, {records}",
        many(told.in_archive.objects, "object", "objects"),
        bytes(told.in_archive.stored_bytes)
    )?;
    writeln!(text, "\n  both hold           {:>14}", grouped(told.both))?;
    let waiting = match (told.only_in_bucket, told.on_their_way) {
        (0, _) => String::new(),
        (all, young) if all == young => "   delivered within the last 30 minutes: on their way".to_owned(),
        (_, 0) => "   not landed: trailkeep backfill announces them".to_owned(),
        (_, young) => {
            format!("   {} delivered within the last 30 minutes are on their way; for the rest: trailkeep backfill", grouped(young))
        }
    };
    writeln!(text, "  only the bucket     {:>14}{waiting}", grouped(told.only_in_bucket))?;
    let gone = if told.only_in_archive > 0 { "   deleted in the bucket, or expired there" } else { "" };
    writeln!(text, "  only the archive    {:>14}{gone}", grouped(told.only_in_archive))?;
    let resized = if told.of_another_size > 0 { "   written again, or an announcement of it was lost: announce it again" } else { "" };
    writeln!(text, "  of another size     {:>14}{resized}", grouped(told.of_another_size))?;
    if !told.days.is_empty() {
        writeln!(text, "\n  delivered        bucket      archive   only bucket  only archive  another size")?;
    }
    for day in told.days.iter().take(SHOWN_DAYS) {
        let [bucket, archive, missing, gone, resized] =
            [day.in_bucket, day.in_archive, day.only_in_bucket, day.only_in_archive, day.of_another_size].map(grouped);
        writeln!(text, "  {} {bucket:>12} {archive:>12} {missing:>13} {gone:>13} {resized:>13}", day.day)?;
    }
    if let Some(more) = told.days.len().checked_sub(SHOWN_DAYS).filter(|more| *more > 0) {
        writeln!(text, "  and {} more (--output json has them all)", many(more as u64, "day", "days"))?;
    }
    let lists = [
        ("Only in the bucket", told.only_in_bucket, &told.keys_only_in_bucket),
        ("Only in the archive", told.only_in_archive, &told.keys_only_in_archive),
        ("Of another size", told.of_another_size, &told.keys_of_another_size),
    ];
    for (what, count, keys) in lists.iter().filter(|(_, _, keys)| !keys.is_empty()) {
        writeln!(text, "\n{what} ({} of {}):", grouped(keys.len() as u64), grouped(*count))?;
        keys.iter().try_for_each(|key| writeln!(text, "  {key}"))?;
    }
    Ok(())
}
