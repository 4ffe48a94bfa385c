//! A plain shell: no proxy, no applets, nothing virtual.

use std::{path::PathBuf, time::Duration};

use crate::engine::world::{Observation, Timekeeper, World};

/// The world of a runbook that needs nothing but a shell.
#[derive(Debug, Default)]
pub struct Plain {
    /// Directories that stand first on the steps' `PATH`.
    pub path_prefix: Vec<PathBuf>,
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

    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }

    fn aliases(&self) -> Vec<(String, String)> {
        Vec::new()
    }
}

impl Timekeeper for Plain {
    fn pass(&self, _by: Duration) {}

    fn wait(&self, by: Duration) -> Duration {
        by
    }

    fn now(&self) -> String {
        jiff::Timestamp::now().to_string()
    }
}
