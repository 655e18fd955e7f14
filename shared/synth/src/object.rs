//! The inflated bytes of log objects: `{"Records":[…]}` on one line, with some records copied into the next object too.

use crate::{
    actors::Actors,
    catalogue::{Mix, Profile, profile},
    chance::Chance,
    config::{HOUR_MS, SynthConfig},
    estate::Estate,
    plan::Planned,
    record::{self, Setting},
};

/// At most this many records of an object are delivered a second time.
const MAX_COPIES: u64 = 400;

/// What was put into an object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Content {
    pub(crate) records: u64,
    /// How many of them were in the object before already.
    pub(crate) copies: u64,
    /// Event times, in milliseconds since 1970.
    pub(crate) oldest_ms: i64,
    pub(crate) newest_ms: i64,
}

/// Writes the objects of one account and Region, in order of delivery.
#[derive(Debug)]
pub(crate) struct Author<'a> {
    config: &'a SynthConfig,
    pub(crate) estate: Estate,
    pub(crate) actors: Actors,
    mix: Mix,
    profile: Profile,
    pub(crate) chance: Chance,
    hour: u32,
    /// Records to be delivered again, with their times.
    again: Vec<(Vec<u8>, i64)>,
    /// The next object's records are delivered again, whatever chance says.
    repeat: bool,
}

impl<'a> Author<'a> {
    pub(crate) fn new(config: &'a SynthConfig, account_index: u32, region: &str, region_index: u32) -> Self {
        let estate = Estate::new(config, account_index, region, region_index);
        let mut chance = Chance::new(config.seed, &[4, u64::from(account_index), u64::from(region_index)]);
        let actors = Actors::new(&estate, config.first_hour_ms(), &mut chance);
        let profile = profile(account_index);
        let mix = Mix::new(profile, region);
        Self { config, estate, actors, mix, profile, chance, hour: 0, again: Vec::new(), repeat: account_index == 0 }
    }

    /// Lets the hours before `hour` pass.
    pub(crate) fn pass_to(&mut self, hour: u32) {
        while self.hour < hour {
            self.hour += 1;
            let now_ms = self.config.first_hour_ms() + i64::from(self.hour) * HOUR_MS;
            self.actors.renew(&self.estate, now_ms, &mut self.chance);
        }
    }

    /// Puts the object's JSON into `out`, which is emptied first.
    pub(crate) fn write(&mut self, planned: Planned, stamp_ms: i64, out: &mut Vec<u8>) -> Content {
        out.clear();
        out.extend_from_slice(b"{\"Records\":[");
        let newest_ms = stamp_ms - self.chance.between(15_000, 280_000) as i64 - i64::from(planned.hours_late) * HOUR_MS;
        let oldest_ms = newest_ms - self.chance.between(20_000, 310_000) as i64;
        let mut content = Content { records: 0, copies: 0, oldest_ms: i64::MAX, newest_ms: i64::MIN };
        for (copy, event_ms) in std::mem::take(&mut self.again) {
            out.extend_from_slice(&copy);
            out.push(b',');
            content.copies += 1;
            content.count(event_ms);
        }
        let starts = self.own(planned, (oldest_ms, newest_ms), &mut content, out);
        out.pop();
        self.keep_some(&starts, out);
        out.extend_from_slice(b"]}");
        content
    }

    /// The object's own records, each followed by a comma. Gives where each begins, and its time.
    fn own(&mut self, planned: Planned, (oldest_ms, newest_ms): (i64, i64), content: &mut Content, out: &mut Vec<u8>) -> Vec<(usize, i64)> {
        let setting = Setting {
            estate: &self.estate,
            trail_bucket: &self.config.bucket,
            denied_per_mille: self.profile.denied_per_mille,
            delayed: planned.hours_late > 0 && self.chance.per_mille(500),
        };
        let chance = &mut self.chance;
        let unsorted = chance.per_mille(600);
        let span_ms = newest_ms - oldest_ms;
        let mut starts = Vec::with_capacity(planned.records as usize);
        let (mut session, mut event) = (self.actors.choose(chance), self.mix.draw(chance));
        for index in 0..planned.records {
            // A caller makes some calls in a row before another is heard.
            if chance.per_mille(180) {
                session = self.actors.choose(chance);
            }
            if !(Mix::in_bursts(event) && chance.per_mille(350)) {
                event = self.mix.draw(chance);
            }
            let jitter_ms = if unsorted { chance.between(0, 40_000) as i64 - 20_000 } else { 0 };
            let even_ms = oldest_ms + span_ms * i64::from(index + 1) / i64::from(planned.records);
            let event_ms = (even_ms + jitter_ms).clamp(oldest_ms, newest_ms) / 1000 * 1000;
            starts.push((out.len(), event_ms));
            record::write(event, self.actors.get(session), event_ms, setting, chance, out);
            out.push(b',');
            content.count(event_ms);
        }
        starts
    }

    /// Now and then keeps a run of this object's records for the next one.
    fn keep_some(&mut self, starts: &[(usize, i64)], out: &[u8]) {
        if !(std::mem::take(&mut self.repeat) || self.chance.per_mille(100)) {
            return;
        }
        let count = self.chance.between(1, (starts.len() as u64 / 3).clamp(1, MAX_COPIES)) as usize;
        let first = self.chance.below((starts.len() + 1 - count) as u64) as usize;
        for index in first..first + count {
            let (start, event_ms) = starts[index];
            let end = starts.get(index + 1).map_or(out.len(), |(next, _)| next - 1);
            self.again.push((out[start..end].to_vec(), event_ms));
        }
    }
}

impl Content {
    fn count(&mut self, event_ms: i64) {
        self.records += 1;
        self.oldest_ms = self.oldest_ms.min(event_ms);
        self.newest_ms = self.newest_ms.max(event_ms);
    }
}
