//! A plain shell: no proxy, no applets, nothing virtual.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use crate::engine::world::{Answer, Guise, Made, Observation, Stranger, Timekeeper, World};

/// The world of a runbook that needs nothing but a shell.
#[derive(Debug)]
pub struct Plain {
    /// Directories that stand first on the steps' `PATH`.
    pub path_prefix: Vec<PathBuf>,
    started: Instant,
}

impl Default for Plain {
    fn default() -> Self {
        Self { path_prefix: Vec::new(), started: Instant::now() }
    }
}

impl World for Plain {
    fn environment(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    fn beside(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    fn path_prefix(&self) -> Vec<PathBuf> {
        self.path_prefix.clone()
    }

    fn timekeeper(&self) -> &dyn Timekeeper {
        self
    }

    fn observe(&mut self) -> Vec<Observation> {
        Vec::new()
    }

    fn secrets(&mut self) -> Vec<String> {
        Vec::new()
    }

    fn made(&self) -> Vec<Made> {
        Vec::new()
    }

    fn outlives_run(&self) -> bool {
        false
    }

    fn remove<'a>(&'a mut self, _made: &'a Made) -> Answer<'a, Result<(), String>> {
        Box::pin(std::future::ready(Err("nothing is made here".to_owned())))
    }

    fn act_as(&mut self, _name: &str) -> Result<Guise, Stranger> {
        Err(Stranger { reason: "a plain shell has nobody to sign in".to_owned(), nearest: None })
    }

    fn act_as_before(&mut self) {}

    fn aliases(&self) -> Vec<(String, String)> {
        Vec::new()
    }
}

impl Timekeeper for Plain {
    fn pass(&self, _by: Duration) {}

    fn wait(&self, by: Duration) -> Duration {
        by
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn now(&self) -> String {
        jiff::Timestamp::now().to_string()
    }
}
