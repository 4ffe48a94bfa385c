//! The one state behind its lock, and everything that may touch it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

use super::clock::since;
use super::exchange::{Exchange, Exchanged, Program};
use super::http::authority::{Authority, AuthorityError};
use super::http::endpoint::{Reply, Request};
use super::http::{hosts, pipeline};
use super::profile::Profile;
use super::settle;
use super::state::State;
use super::{CloudOptions, kube};

/// How many programs may run before the clock moves on; a pod that restarts without waiting would go on for ever.
const PROGRAMS_MAX: usize = 1000;

/// How many events one advance may pass.
const EVENTS_MAX: usize = 100_000;

/// How far an unfinished operation's poll moves the clock, at most.
const POLL_STEP: Duration = Duration::from_secs(5);

/// The same for a real client that was told to come back in milliseconds: the interval that it would have waited.
const HURRIED_POLL_STEP: Duration = Duration::from_secs(30);

/// State, profile, and the signal that something changed.
#[derive(Debug)]
pub(crate) struct Shared {
    state: Mutex<State>,
    profile: Profile,
    authority: Arc<Authority>,
    changed: watch::Sender<u64>,
}

impl Shared {
    /// A fresh cloud without a listener.
    pub(crate) fn new(options: &CloudOptions) -> Result<Self, AuthorityError> {
        let authority = Arc::new(Authority::new()?);
        let state = State::new(options, Arc::clone(&authority));
        Ok(Self { state: Mutex::new(state), profile: options.profile.clone(), authority, changed: watch::Sender::new(0) })
    }

    /// The state, locked. Never hold it across an await or a request.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The run's certificate authority.
    pub(crate) fn authority(&self) -> &Arc<Authority> {
        &self.authority
    }

    /// A receiver that is told whenever the state may have changed.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Answers a request through the pipeline, then lets happen what follows from it.
    pub(crate) fn handle(&self, request: &Request) -> Reply {
        self.catch_up();
        let (reply, wrote) = {
            let mut state = self.state();
            let reply = pipeline::answer(&mut state, &self.profile, request);
            let wrote = pipeline::is_write(request);
            if wrote {
                settle::settle(&mut state);
            }
            (reply, wrote)
        };
        if wrote {
            self.run_programs();
            self.notify();
        }
        reply
    }

    /// When time passes by itself, lets happen what has become due since the last request.
    fn catch_up(&self) {
        {
            let mut state = self.state();
            if !state.clock.follows_wall() {
                return;
            }
            settle::settle(&mut state);
        }
        self.run_programs();
    }

    /// Lets time pass for a client that polls something unfinished: reads never do that themselves.
    pub(crate) fn after_poll(&self, reply: &Reply) {
        let Some(until) = reply.pending_until else { return };
        let (left, follows_wall) = {
            let state = self.state();
            (since(state.now(), until), state.clock.follows_wall())
        };
        self.advance(left.min(if follows_wall { HURRIED_POLL_STEP } else { POLL_STEP }));
    }

    /// Lets `by` pass, event by event.
    pub(crate) fn advance(&self, by: Duration) {
        let target = settle::target(&self.state(), by);
        for _ in 0..EVENTS_MAX {
            let arrived = settle::step(&mut self.state(), target);
            self.run_programs();
            if arrived {
                break;
            }
        }
        self.notify();
    }

    /// Moves to the next event, but not past `target`. When the clock follows the wall and no event is due before `target`, nothing is
    /// moved and the answer is false: waiting for nothing takes as long as it takes.
    pub(crate) fn advance_while_idle(&self, target: Timestamp) -> bool {
        {
            let mut state = self.state();
            let now = state.now();
            if state.clock.follows_wall() && settle::next_due(&state, now).is_none_or(|due| due >= target) {
                return false;
            }
            settle::step(&mut state, target);
        }
        self.run_programs();
        self.notify();
        true
    }

    /// Goes back to an earlier state.
    pub(crate) fn restore(&self, earlier: &State) {
        let mut state = self.state();
        let mut restored = earlier.clone();
        restored.inherit_records(&state);
        *state = restored;
        drop(state);
        self.notify();
    }

    fn notify(&self) {
        self.changed.send_modify(|count| *count = count.wrapping_add(1));
    }

    fn run_programs(&self) {
        for _ in 0..PROGRAMS_MAX {
            let program = {
                let mut state = self.state();
                let now = state.now();
                kube::next_program(&mut state, now)
            };
            let Some(program) = program else { return };
            self.run_program(program);
        }
    }

    /// A thread of its own, so that a program may block and start a runtime wherever the request came from.
    fn run_program(&self, program: Program) {
        let commit = std::thread::scope(|scope| scope.spawn(|| program(self)).join());
        if let Ok(commit) = commit {
            let mut state = self.state();
            let now = state.now();
            commit(&mut state, now);
            settle::settle(&mut state);
        }
    }
}

impl Exchange for Shared {
    fn exchange(&self, request: &Request) -> Option<Exchanged> {
        let mut state = self.state();
        if !hosts::is_served(&state, &request.host) {
            return None;
        }
        let earlier = state.take_observations();
        let reply = pipeline::answer(&mut state, &self.profile, request);
        if pipeline::is_write(request) {
            settle::settle(&mut state);
        }
        let observations = state.take_observations();
        earlier.into_iter().for_each(|observation| state.observe(observation));
        Some(Exchanged { reply, observations })
    }
}
