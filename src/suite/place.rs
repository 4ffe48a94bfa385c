//! The room of one runbook's shells, and what of this program they can run.

use std::path::Path;
use std::sync::Arc;

use super::Options;
use crate::engine::event::{SandboxLayer, SandboxReport};
use crate::shell::{Plan, Room, ShellError};

/// Opens the room of a runbook that keeps its files in `scratch`; with a listener for the embedded Azure when that is there.
pub(super) async fn open(options: &Options, scratch: &Path, has_listener: bool) -> Result<Arc<Room>, ShellError> {
    let mut plan = Plan::new(options.helper.clone(), options.sandbox, scratch);
    plan.readable = options.readable.clone();
    plan.readable.extend(options.path_first.iter().cloned());
    plan.readable.push(options.helper.executable().to_owned());
    plan.has_listener = has_listener;
    Room::open(plan).await
}

/// The program behind the built-in clients: this one, or a copy in `scratch` when the user that blocks are cannot reach it.
#[cfg(feature = "embedded")]
pub(super) fn applets(options: &Options, room: &Room, scratch: &Path) -> std::io::Result<std::path::PathBuf> {
    let program = options.helper.executable();
    if room.shows(program) {
        return Ok(program.to_owned());
    }
    let copy = scratch.join("docent");
    std::fs::copy(program, &copy)?;
    Ok(copy)
}

/// What reporters are told of the room.
pub(super) fn report(options: &Options, room: &Room) -> SandboxReport {
    let layers = room.layers();
    SandboxReport {
        asked: options.sandbox.as_str(),
        layers: layers
            .states()
            .iter()
            .map(|state| SandboxLayer { name: state.layer.as_str(), holds: state.holds, detail: state.detail.clone() })
            .collect(),
        summary: layers.summary(),
        denies_network: layers.denies_network(),
        denies_secrets: layers.denies_secrets(),
    }
}
