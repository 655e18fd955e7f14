//! `raw --event-id`: the Records that carry an event id.

use std::{collections::BTreeMap, io::Write};

use anyhow::bail;
use trailkeep_pipeline::ports::bucket::BucketError;
use trailkeep_restore::{Archive, EventFilter, EventPointer, RecordError, VerbatimRecord};

use super::{Raw, say};
use crate::{exit::Exit, target::Target};

impl Raw {
    pub(super) async fn give_records(&self, archive: &Archive, id: &str) -> anyhow::Result<Exit> {
        let filter = EventFilter { event_id: id.to_owned(), day: self.day, category: self.category };
        let found = archive.find_event(&filter).await?;
        let contents = distinct(found);
        let chosen = self.choose(id, &contents)?;
        let mut records = Vec::new();
        for pointer in chosen {
            match archive.record(pointer).await {
                Ok(record) => records.push(record),
                Err(RecordError::Bucket(error @ BucketError::Archived { .. })) => {
                    return self.answer_archived(archive, &pointer.segment, error).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
        let mut output = Target::open(self.file())?;
        if let Err(error) = self.write_records(&records, &mut output) {
            output.discard();
            return Err(error.into());
        }
        output.finish()?;
        Ok(Exit::Done)
    }

    fn write_records(&self, records: &[VerbatimRecord], output: &mut Target) -> std::io::Result<()> {
        for record in records {
            output.write_all(&record.bytes)?;
            // Alone in a file a Record is what was hashed, to the byte; on a screen and between Records a line ends it.
            if self.all || self.to.is_none() {
                output.write_all(b"\n")?;
            }
        }
        Ok(())
    }

    fn choose<'a>(&self, id: &str, contents: &'a [(EventPointer, usize)]) -> anyhow::Result<Vec<&'a EventPointer>> {
        let several = contents.len() > 1;
        if several || contents.iter().any(|(_, times)| *times > 1) {
            say(&described(id, contents));
        }
        match (contents, self.nth) {
            ([], _) => bail!("no record with event id {id}"),
            (_, Some(nth)) => match nth.checked_sub(1).and_then(|index| contents.get(index)) {
                Some((pointer, _)) => Ok(vec![pointer]),
                None => bail!("--nth goes from 1 to {}", contents.len()),
            },
            (all, None) if self.all => Ok(all.iter().map(|(pointer, _)| pointer).collect()),
            ([(pointer, _)], None) => Ok(vec![pointer]),
            (_, None) => bail!("{} different records carry the id: choose with --nth N, or take --all", contents.len()),
        }
    }
}

/// One pointer for each content, in the order of discovery, with how often it stands in the archive.
fn distinct(found: Vec<EventPointer>) -> Vec<(EventPointer, usize)> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut contents: Vec<(EventPointer, usize)> = Vec::new();
    for pointer in found {
        let place = *places.entry(pointer.record_hash.clone()).or_insert(contents.len());
        match contents.get_mut(place) {
            Some((_, times)) => *times += 1,
            None => contents.push((pointer, 1)),
        }
    }
    contents
}

fn described(id: &str, contents: &[(EventPointer, usize)]) -> String {
    let mut lines = vec![format!("{} different record(s) with event id {id}:", contents.len())];
    for (number, (pointer, times)) in contents.iter().enumerate() {
        let more = if *times > 1 { format!(", and {} time(s) more, byte for byte the same", times - 1) } else { String::new() };
        lines.push(format!("  {}. record {} of {}{more}", number + 1, pointer.record_index, pointer.key));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointer(hash: &str, key: &str) -> EventPointer {
        EventPointer {
            event_id: "id".to_owned(),
            event_at: None,
            record_hash: hash.to_owned(),
            bucket: "b".to_owned(),
            key: key.to_owned(),
            segment: String::new(),
            segment_offset: 0,
            segment_length: 0,
            record_offset: 0,
            record_length: 0,
            record_index: 4,
        }
    }

    #[test]
    fn the_same_content_in_two_objects_is_one_record() {
        let contents = distinct(vec![pointer("x", "one"), pointer("y", "two"), pointer("x", "three")]);
        assert_eq!(contents.iter().map(|(pointer, times)| (pointer.key.as_str(), *times)).collect::<Vec<_>>(), [("one", 2), ("two", 1)]);
        assert_eq!(
            described("id", &contents),
            "2 different record(s) with event id id:\n  1. record 4 of one, and 1 time(s) more, byte for byte the same\n  2. record 4 of two"
        );
    }
}
