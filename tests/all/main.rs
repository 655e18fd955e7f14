//! Whole services on real protocols: one module per behaviour, one binary for all.

mod architecture;
mod command_line;
mod conformance;
mod documentation;
mod event_index;
mod golden;
mod hostile_input;
mod misuse;
mod s3_bucket;
