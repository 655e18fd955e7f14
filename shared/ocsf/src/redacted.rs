//! A Record as it reads once the configured paths are redacted.

use trailkeep_records::{Field, scan_record};

use crate::{record::RecordView, redact::Redaction};

/// A Record's redacted text, scanned again. Columns, `unmapped`, observables and `raw_data` are all read from it, so that a
/// hidden value cannot come through any of them.
pub(crate) struct RedactedRecord {
    text: String,
    fields: Vec<Field>,
}

impl RedactedRecord {
    /// `None` where no path is redacted: the Record stands as it is.
    pub(crate) fn of(view: &RecordView<'_>, redaction: &Redaction) -> Option<Self> {
        if !redaction.has_paths() {
            return None;
        }
        let mut text = redaction.record(view.text()).into_owned();
        let mut fields = Vec::new();
        if scan_record(text.as_bytes(), 0, &mut fields).is_err() {
            // Longer than a Record may be, now that so many of its fields are redacted: better nothing than what is hidden.
            "{}".clone_into(&mut text);
        }
        Some(Self { text, fields })
    }

    pub(crate) fn view(&self) -> RecordView<'_> {
        RecordView::new(&self.text, &self.fields)
    }
}
