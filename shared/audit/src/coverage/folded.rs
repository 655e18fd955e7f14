//! What was observed, folded as it comes: hours as bits, lags as counts. Who is expected may not be known before everything was read, and what was read
//! is too much to be held: 34 million log files in a week of a thousand accounts, 15 MB once folded.

use std::collections::{BTreeMap, BTreeSet};

use trailkeep_keys::{AccountId, Region};

use super::{Coverage, CoverageError, ObservedDigest, ObservedSource, Span, bitmap::Bitmap, lag::Lags, report::Unexpected};

/// Observations of one window, by account and Region.
#[derive(Debug)]
pub struct Folded {
    pub(super) span: Span,
    places: BTreeMap<(AccountId, Region), Place>,
}

/// An account in a Region.
#[derive(Debug)]
struct Place {
    digests: Bitmap,
    listing: Bitmap,
    sources: Bitmap,
    recorded: Bitmap,
    lags: Lags,
    met: Unexpected,
}

impl Folded {
    /// Nothing yet, of the whole hours of `since_ms` to `until_ms` (milliseconds since 1970, widened to whole hours).
    ///
    /// # Errors
    /// [`CoverageError::EmptyWindow`].
    pub fn new(since_ms: i64, until_ms: i64) -> Result<Self, CoverageError> {
        Ok(Self { span: Span::new(since_ms, until_ms)?, places: BTreeMap::new() })
    }

    /// Takes a Digest.
    pub fn digest(&mut self, digest: &ObservedDigest) {
        let hours = self.span.halves(digest.start_ms, digest.end_ms);
        let place = self.place(digest.account, digest.region, digest.end_ms);
        place.met.met(digest.end_ms, true);
        for hour in hours {
            place.digests.set_grown(hour);
            if digest.log_files > 0 {
                place.listing.set_grown(hour);
            }
        }
    }

    /// Takes a log file.
    pub fn source(&mut self, source: &ObservedSource) {
        let (delivered, recorded) = self.span.hours_of(source);
        let place = self.place(source.account, source.region, source.delivered_ms);
        place.met.met(source.delivered_ms, false);
        if let Some(hour) = recorded {
            place.recorded.set_grown(hour);
        }
        if let Some(hour) = delivered {
            place.sources.set_grown(hour);
            if let Some(landed_ms) = source.landed_ms {
                place.lags.add(landed_ms.saturating_sub(source.delivered_ms));
            }
        }
    }

    /// Accounts of which anything was observed.
    pub fn accounts(&self) -> BTreeSet<AccountId> {
        self.places.keys().map(|(account, _)| *account).collect()
    }

    fn place(&mut self, account: AccountId, region: Region, at_ms: i64) -> &mut Place {
        self.places.entry((account, region)).or_insert_with(|| Place {
            digests: Bitmap::new(0),
            listing: Bitmap::new(0),
            sources: Bitmap::new(0),
            recorded: Bitmap::new(0),
            lags: Lags::default(),
            met: Unexpected { digests: 0, sources: 0, first_ms: at_ms, last_ms: at_ms },
        })
    }
}

impl Coverage {
    /// Takes everything that was folded, as if it came one by one. Hours that are not of this window are left out.
    pub fn folded(&mut self, folded: Folded) {
        let shift = folded.span.first_hour - self.span.first_hour;
        for ((account, region), place) in folded.places {
            let Some(cell) = self.cells.find(account, region) else {
                self.strangers.merge(account, region, place.met);
                continue;
            };
            let (of, base) = (self.span.hours, cell * self.span.hours);
            let own = |hour: usize| usize::try_from(hour as i64 + shift).ok().filter(|hour| *hour < of).map(|hour| base + hour);
            let pairs = [
                (&mut self.digests, &place.digests),
                (&mut self.listing, &place.listing),
                (&mut self.sources, &place.sources),
                (&mut self.recorded, &place.recorded),
            ];
            for (to, from) in pairs {
                from.ones().filter_map(own).for_each(|bit| to.set(bit));
            }
            if let Some(lags) = self.lags.get_mut(cell) {
                lags.merge(&place.lags);
            }
        }
    }
}
