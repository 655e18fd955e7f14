//! What whole-service tests and conformance runs share: the real command, trees of files, an S3 emulator.
//! The tests themselves are in `all/`, one file per behaviour, in one binary.

pub mod aws_cli;
pub mod chaos;
pub mod command;
pub mod emulator;
pub mod gzip;
pub mod licence;
pub mod not_run;
pub mod proxy;
pub mod python;
pub mod record;
pub mod recorder;
pub mod tree;
