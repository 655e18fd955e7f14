//! Whole services on real protocols: one module per behaviour, one binary for all.

mod acceptance_queries;
mod architecture;
mod backfill;
mod careful;
mod chaos;
mod closed_output;
mod collector;
mod command_line;
mod conformance;
mod documentation;
mod dynamodb_ledger;
mod event_index;
mod faults;
mod golden;
mod hostile_input;
mod image;
mod ingest_options;
mod misuse;
mod model;
mod proxy;
mod queue_command;
mod s3_bucket;
mod sns_announcer;
mod sqs_queue;
