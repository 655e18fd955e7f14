//! No dead ends: from every state that faults lead to, everything can still be landed without another fault. Stateright's own liveness
//! (`eventually`) wants paths without circles, and a worker that looks again later goes in circles; so this walks the whole graph once and then back
//! from its good ends.

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
};

use stateright::Model;

use super::{Action, Shape, state::State};

/// Visits every state. Answers how many there are, and one from which not everything can be landed any more, with the actions that lead to it.
pub(super) fn dead_end(shape: &Shape) -> (usize, Option<(State, Vec<Action>)>) {
    let graph = Graph::of(shape);
    let mut lands: Vec<bool> = graph.good.clone();
    let mut queue: VecDeque<usize> = (0..lands.len()).filter(|state| lands[*state]).collect();
    while let Some(state) = queue.pop_front() {
        for before in &graph.before[state] {
            let before = *before as usize;
            if !lands[before] {
                lands[before] = true;
                queue.push_back(before);
            }
        }
    }
    let dead = lands.iter().position(|lands| !lands).map(|state| graph.way_to(shape, state));
    (graph.good.len(), dead)
}

/// All states by number, in the order of their distance.
#[derive(Default)]
struct Graph {
    numbers: HashMap<u64, u32>,
    /// States that lead to each without a fault.
    before: Vec<Vec<u32>>,
    /// All messages are deleted (and invariant 1, checked elsewhere, says what that means).
    good: Vec<bool>,
    /// From where and by which action each was found.
    found: Vec<Option<(u32, Action)>>,
}

impl Graph {
    fn of(shape: &Shape) -> Self {
        let mut graph = Self::default();
        let mut queue = VecDeque::new();
        for state in shape.init_states() {
            queue.push_back((graph.number(&state, None).0, state));
        }
        while let Some((number, state)) = queue.pop_front() {
            for (action, next) in shape.next_steps(&state) {
                let (found, is_new) = graph.number(&next, Some((number, action)));
                if !action.is_fault() {
                    graph.before[found as usize].push(number);
                }
                if is_new {
                    queue.push_back((found, next));
                }
            }
        }
        graph
    }

    fn number(&mut self, state: &State, from: Option<(u32, Action)>) -> (u32, bool) {
        let fingerprint = BuildHasherDefault::<DefaultHasher>::default().hash_one(state);
        let next = self.good.len() as u32;
        let number = *self.numbers.entry(fingerprint).or_insert(next);
        if number == next {
            self.before.push(Vec::new());
            self.good.push(state.queued == 0);
            self.found.push(from);
        }
        (number, number == next)
    }

    fn way_to(&self, shape: &Shape, state: usize) -> (State, Vec<Action>) {
        let mut actions = Vec::new();
        let mut at = state;
        while let Some((from, action)) = self.found[at] {
            actions.push(action);
            at = from as usize;
        }
        actions.reverse();
        let begin = shape.init_states().remove(0);
        let end = actions.iter().fold(begin, |state, action| shape.next_state(&state, *action).expect("it was taken before"));
        (end, actions)
    }
}
