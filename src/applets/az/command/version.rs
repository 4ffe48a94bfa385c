//! `az version`: what the built-in az passes for. Documents ask for a least version of the real one, and this is the one it follows.

use serde_json::{Value, json};

use super::Command;
use crate::applets::az::failure::Failure;
use crate::applets::az::parse::Arguments;
use crate::applets::az::session::Session;

pub(super) const COMMANDS: [Command; 1] = [Command { name: "version", options: &[], table: None, run }];

fn run(_session: &mut Session<'_, '_>, _arguments: &Arguments) -> Result<Value, Failure> {
    Ok(json!({ "azure-cli": "2.91.0", "azure-cli-core": "2.91.0", "azure-cli-telemetry": "1.1.0", "extensions": {} }))
}
