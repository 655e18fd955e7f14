//! Whole services on real protocols: one module per behaviour, one binary for all.

mod acceptance_queries;
mod architecture;
mod careful;
mod closed_output;
mod command_line;
mod conformance;
mod documentation;
mod event_index;
mod golden;
mod hostile_input;
mod ingest_options;
mod misuse;
mod s3_bucket;
