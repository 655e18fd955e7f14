//! The worker of the audit account: lands what the queue announces. `ARCHITECTURE.md` has the map of it; [`Collector`] is the whole.
//!
//! ```text
//! receivers ──► intake (parse, admit by configuration) ──► lanes ──► landers: admit → fetch → decode → seal → publish ──► keeper: delete
//!     ▲                                                                                                                     │
//!     └───────────────────────────────── room for messages, circuit breaker, visibility ◄───────────────────────────────────┘
//! ```

mod admission;
mod breaker;
mod collector;
mod counted;
mod delivery;
mod fatal;
mod intake;
mod keeper;
mod lander;
mod lane;
mod later;
mod message;
mod metrics;
mod older;
mod pressure;
mod receive;
mod recovery;
mod settings;
mod stages;
mod stop;
mod talk;
#[cfg(test)]
mod tests;

pub use self::{
    admission::{AdmissionRules, Judgement},
    collector::{Collector, Ended, Ports, Shown},
    counted::CountedLedger,
    delivery::Origin,
    message::Disposition,
    metrics::CollectorMetrics,
    settings::{Bounds, BreakerSettings, QueueTimes, SealPolicy, Settings, Timeouts},
    stages::StageError,
    stop::Stop,
};
