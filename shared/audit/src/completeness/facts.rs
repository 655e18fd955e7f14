//! What is known of files, in entries of fixed size that are sorted and merged as they come.
//!
//! Entries lie in 256 parts by the first byte of their id. A part that is full is sorted and what says the same is merged: a file that is
//! listed and landed with one hash takes one entry. Only then does it grow, by a quarter.

use trailkeep_keys::LogClass;

use super::FileId;
use crate::Sha256;

/// What one call says of a file.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    Listed { digest: u32, end_s: u32 },
    Landed { revision: u32, quarantined: bool, source: u32 },
}

/// One entry: a file as listed, as landed, or both with the same hash. The order of fields is the order in which entries are sorted:
/// those that can be merged stand side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fact {
    id: FileId,
    hash: [u8; 32],
    place: u32,
    /// From the top: 3 bits class, 11 bits minute of the day, 1 bit whether there is a hash, 1 bit landed, 1 bit quarantined, 14 bits revision,
    /// 1 bit listed.
    tag: u32,
    end_s: u32,
    digest: u32,
    source: u32,
}

const _: () = assert!(size_of::<Fact>() == 68, "a day of 4.9 million files must fit");

const LISTED: u32 = 1;
const REVISION_SHIFT: u32 = 1;
const REVISION_MAX: u32 = (1 << 14) - 1;
const QUARANTINED: u32 = 1 << 15;
const LANDED: u32 = 1 << 16;
const HASHED: u32 = 1 << 17;
const MINUTE_SHIFT: u32 = 18;
const CLASS_SHIFT: u32 = 29;
/// The bits that say what the file is; the rest says what is known of it.
const FILE_BITS: u32 = !(HASHED - 1);

impl Fact {
    pub(super) fn new(id: FileId, place: u32, class: LogClass, minute: u32, hash: Option<Sha256>, part: Part) -> Self {
        let class = LogClass::ALL.iter().position(|known| *known == class).unwrap_or_default() as u32;
        let file = class << CLASS_SHIFT | (minute & 0x7ff) << MINUTE_SHIFT | if hash.is_some() { HASHED } else { 0 };
        let hash = hash.map_or([0; 32], |Sha256(bytes)| bytes);
        match part {
            Part::Listed { digest, end_s } => Self { id, hash, place, tag: file | LISTED, end_s, digest, source: 0 },
            Part::Landed { revision, quarantined, source } => {
                let quarantined = if quarantined { QUARANTINED } else { 0 };
                let tag = file | LANDED | quarantined | revision.min(REVISION_MAX) << REVISION_SHIFT;
                Self { id, hash, place, tag, end_s: 0, digest: 0, source }
            }
        }
    }

    pub(super) fn id(&self) -> FileId {
        self.id
    }

    pub(super) fn place(&self) -> usize {
        self.place as usize
    }

    pub(super) fn class(&self) -> LogClass {
        LogClass::ALL.get((self.tag >> CLASS_SHIFT) as usize).copied().unwrap_or(LogClass::CloudTrail)
    }

    pub(super) fn minute(&self) -> u32 {
        self.tag >> MINUTE_SHIFT & 0x7ff
    }

    pub(super) fn hash(&self) -> Option<Sha256> {
        (self.tag & HASHED != 0).then_some(Sha256(self.hash))
    }

    /// End of the earliest Digest that lists it so, in seconds since 1970, and that Digest's number.
    pub(super) fn listed(&self) -> Option<(u32, u32)> {
        (self.tag & LISTED != 0).then_some((self.end_s, self.digest))
    }

    /// Revision, whether it is in quarantine, and the number of the `sources/` object.
    pub(super) fn landed(&self) -> Option<(u32, bool, u32)> {
        let revision = self.tag >> REVISION_SHIFT & REVISION_MAX;
        (self.tag & LANDED != 0).then_some((revision, self.tag & QUARANTINED != 0, self.source))
    }

    /// Takes in what `other` says, if the two can be said in one entry. What is lost is which of several numbers was given first.
    fn merge(&mut self, other: &Self) -> bool {
        let same_file =
            (self.id, self.hash, self.place, self.tag & FILE_BITS) == (other.id, other.hash, other.place, other.tag & FILE_BITS);
        let (own, others) = (self.tag & !LISTED, other.tag & !LISTED);
        let both_landed = own & others & LANDED != 0;
        if !same_file || both_landed && own != others {
            return false;
        }
        if let Some(theirs) = other.listed() {
            (self.end_s, self.digest) = self.listed().map_or(theirs, |ours| ours.min(theirs));
        }
        if let Some((_, _, theirs)) = other.landed() {
            self.source = self.landed().map_or(theirs, |(_, _, ours)| ours.min(theirs));
        }
        self.tag |= other.tag;
        true
    }
}

/// All entries.
#[derive(Debug)]
pub(super) struct Facts(Vec<Vec<Fact>>);

impl Default for Facts {
    fn default() -> Self {
        Self(vec![Vec::new(); 256])
    }
}

impl Facts {
    pub(super) fn push(&mut self, fact: Fact) {
        let FileId([first, ..]) = fact.id;
        let Some(part) = self.0.get_mut(usize::from(first)) else { return };
        if part.len() == part.capacity() {
            collapse(part);
            if part.len() * 4 >= part.capacity() * 3 {
                part.reserve_exact(part.len() / 4 + 16);
            }
        }
        part.push(fact);
    }

    /// Calls with the entries of one file after the other, files in the order of their ids.
    pub(super) fn for_each_file(self, mut take: impl FnMut(&[Fact])) {
        for mut part in self.0 {
            collapse(&mut part);
            part.chunk_by(|a, b| a.id == b.id).for_each(&mut take);
        }
    }
}

fn collapse(part: &mut Vec<Fact>) {
    part.sort();
    part.dedup_by(|next, kept| kept.merge(next));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_listed_and_landed_takes_one_entry_and_one_part_grows_by_a_quarter() {
        let mut facts = Facts::default();
        let file = |number: u32| {
            let [a, b, c, d] = number.to_be_bytes();
            FileId([0, a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
        };
        for number in 0..10_000_u32 {
            let hash = Some(Sha256::of(&number.to_be_bytes()));
            facts.push(Fact::new(file(number), 0, LogClass::CloudTrail, 7, hash, Part::Listed { digest: 1, end_s: 2 }));
        }
        for number in 0..10_000_u32 {
            let hash = Some(Sha256::of(&number.to_be_bytes()));
            let part = Part::Landed { revision: 1, quarantined: false, source: 3 };
            facts.push(Fact::new(file(number), 0, LogClass::CloudTrail, 7, hash, part));
        }
        let room: usize = facts.0.iter().map(Vec::capacity).sum();
        assert!(room <= 13_400, "{room}");
        let mut files = 0;
        facts.for_each_file(|facts| {
            files += 1;
            assert_eq!(facts.iter().map(|fact| (fact.listed(), fact.landed())).collect::<Vec<_>>(), [(Some((2, 1)), Some((1, false, 3)))]);
        });
        assert_eq!(files, 10_000);
    }

    #[test]
    fn an_entry_gives_back_what_it_was_made_of() {
        for class in LogClass::ALL {
            let part = Part::Landed { revision: 70_000, quarantined: true, source: u32::MAX };
            let fact = Fact::new(FileId([9; 16]), 5, class, 1439, None, part);
            assert_eq!((fact.class(), fact.minute(), fact.hash(), fact.place()), (class, 1439, None, 5));
            assert_eq!((fact.landed(), fact.listed()), (Some((REVISION_MAX, true, u32::MAX)), None));
        }
    }
}
