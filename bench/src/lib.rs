//! Measures ingest and query beside their limits and peers.
