//! What the pipeline wants of the world outside: object stores, a ledger, a queue, and whom to tell.

pub mod announcer;
pub mod bucket;
pub mod ledger;
pub mod queue;

/// An error and its causes in one line.
pub fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(cause) = below {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        below = cause.source();
    }
    text
}
