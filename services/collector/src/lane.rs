//! Where Deliveries wait for a lander. The second lander and those after it take only what the first ones cannot keep up with, so that
//! a quiet organization gets one file where a busy one gets several.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

/// A queue with several takers.
#[derive(Debug)]
pub(crate) struct Lane<T> {
    waiting: Mutex<VecDeque<T>>,
    changed: Notify,
    closed: AtomicBool,
}

impl<T> Lane<T> {
    pub(crate) fn new() -> Self {
        Self { waiting: Mutex::new(VecDeque::new()), changed: Notify::new(), closed: AtomicBool::new(false) }
    }

    /// Puts work at the end.
    pub(crate) fn push(&self, work: impl IntoIterator<Item = T>) {
        self.lock().extend(work);
        self.changed.notify_waiters();
    }

    /// Puts work back that was taken: it is the next to be taken again.
    pub(crate) fn put_back(&self, work: Vec<T>) {
        let mut waiting = self.lock();
        for one in work.into_iter().rev() {
            waiting.push_front(one);
        }
        drop(waiting);
        self.changed.notify_waiters();
    }

    /// Takes up to `most` of what waits once more than `over` wait. Empty when `until` has passed or the lane is closed and empty.
    pub(crate) async fn take(&self, most: usize, over: usize, until: Option<Instant>) -> Vec<T> {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            {
                let mut waiting = self.lock();
                if waiting.len() > over {
                    let count = waiting.len().min(most);
                    return waiting.drain(..count).collect();
                }
            }
            if self.is_closed() {
                return Vec::new();
            }
            match until {
                Some(until) => {
                    if timeout_at(until, changed).await.is_err() {
                        return Vec::new();
                    }
                }
                None => changed.await,
            }
        }
    }

    /// Wakes all takers; they take nothing more but what waits already.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.changed.notify_waiters();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Takes all that waits.
    pub(crate) fn drain(&self) -> Vec<T> {
        self.lock().drain(..).collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<T>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::*;

    #[tokio::test]
    async fn a_taker_with_a_threshold_leaves_the_rest_to_others() {
        let lane = Arc::new(Lane::new());
        lane.push(0..5);
        let soon = Some(Instant::now() + Duration::from_millis(5));
        assert!(lane.take(10, 5, soon).await.is_empty(), "five are not more than five");
        lane.push([5]);
        assert_eq!(lane.take(4, 5, soon).await, [0, 1, 2, 3]);
        lane.put_back(vec![2, 3]);
        assert_eq!(lane.take(10, 0, None).await, [2, 3, 4, 5]);
    }

    #[tokio::test]
    async fn who_waits_is_woken_by_work_and_by_the_end() {
        let lane = Arc::new(Lane::new());
        let taker = tokio::spawn({
            let lane = Arc::clone(&lane);
            async move { (lane.take(10, 0, None).await, lane.take(10, 0, None).await) }
        });
        tokio::task::yield_now().await;
        lane.push([1]);
        tokio::task::yield_now().await;
        lane.close();
        let (first, second) = taker.await.unwrap_or_default();
        assert_eq!((first, second), (vec![1], vec![]));
    }
}
