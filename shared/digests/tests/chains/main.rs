//! Golden chains, every corruption of them, and bad input: what is said of each.

mod bad_input;
mod broken;
mod corrupted;
mod forge;
mod golden;
mod incremental;
mod keys;
mod properties;
mod synthetic;
