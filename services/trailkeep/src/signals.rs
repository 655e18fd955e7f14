//! How a person, or what runs the process for one, asks it to stop: Ctrl-C or SIGTERM.

use tokio::signal::{
    ctrl_c,
    unix::{SignalKind, signal},
};

/// Waits until the process is asked to stop. `false`: nobody can ask, since the system does not let us listen.
pub(crate) async fn asked_to_stop() -> bool {
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => tokio::select! {
            asked = ctrl_c() => asked.is_ok(),
            asked = terminated.recv() => asked.is_some(),
        },
        Err(_) => ctrl_c().await.is_ok(),
    }
}
