//! `az ad`: the signed-in user, from Microsoft Graph.

use http::Method;
use serde_json::Value;

use super::Command;
use crate::applets::az::failure::Failure;
use crate::applets::az::parse::Arguments;
use crate::applets::az::session::{Call, Session};

pub(super) const COMMANDS: [Command; 1] = [Command { name: "ad signed-in-user show", options: &[], table: None, run: show }];

/// Who is signed in, as Graph tells it.
pub(super) fn me(session: &mut Session<'_, '_>) -> Result<Value, Failure> {
    session.fetch(&Call::graph(Method::GET, "/me")).map_err(|failure| match failure {
        // Errors of Graph are told by their message alone (transcript 89).
        Failure::Service { message, .. } => Failure::Refused(message.split("\nMessage: ").nth(1).unwrap_or(&message).to_owned()),
        other => other,
    })
}

fn show(session: &mut Session<'_, '_>, _arguments: &Arguments) -> Result<Value, Failure> {
    me(session)
}
