//! What cannot run here is said, never passed over; where everything is required it fails.

/// Says on standard error that a test did not run and why, or fails where `REQUIRE_ALL` is 1.
///
/// # Errors
/// With the same words, where `REQUIRE_ALL` is 1.
pub fn not_run(what: &str, why: &str) -> anyhow::Result<()> {
    let message = format!("not run: {what}: {why}");
    anyhow::ensure!(std::env::var_os("REQUIRE_ALL").is_none_or(|value| value != "1"), "{message} (and REQUIRE_ALL=1)");
    #[expect(clippy::print_stderr, reason = "what did not run must be visible in the test's output")]
    {
        eprintln!("{message}");
    }
    Ok(())
}
