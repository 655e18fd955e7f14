//! The auditor: proves without end that nothing is missing, heals what is, and says who is silent. `design.md` beside this has the map of it;
//! [`Auditor`] is the whole.

mod auditor;
mod finding;
mod heal;
mod lease;
mod lifecycle;
mod message;
mod metrics;
mod names;
mod notes;
mod ports;
mod report;
mod round;
mod settings;
mod stop;
#[cfg(test)]
mod tests;
mod wake;

pub use self::{
    auditor::{Auditor, OnceError},
    finding::{Found, Origin},
    heal::{FIRST_WAIT_MS, Healing, MOST_TRIES, Presence, wanted},
    lease::LeaseError,
    lifecycle::{Change, Findings, Looked, Open, State, Taken},
    message::{Message, messages},
    metrics::AuditorMetrics,
    names::severity,
    notes::{Account, Kept, Memory, NoteError},
    ports::{KeySource, LogBuckets, OrganizationSource, OutsideError, Ports, Teller, Told},
    report::RoundReport,
    round::{NoKeys, RoundError, StepError},
    settings::{Admission, Bounds, Settings},
    stop::Stop,
};
