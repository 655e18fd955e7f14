//! Time as the protocol takes it: an argument, so that tests own it.

/// One reading of both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moment {
    /// Wall clock, milliseconds since the Unix epoch. Written down for people, never compared.
    pub unix_ms: i64,
    /// Monotonic clock, milliseconds since any fixed point of this process. Leases are judged by it.
    pub monotonic_ms: u64,
}
