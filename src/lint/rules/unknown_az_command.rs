//! `az` has no command of this name.
//!
//! The names are those of Azure CLI 2.91. Commands of extensions are not among them, so a name is reported only when it stands in a group
//! that the CLI itself has and is spelled nearly like a command there. `az` fails with `is misspelled or not recognized by the system`.

use crate::lint::{az::find, document::Document, nearest::nearest, rule::Finding};

pub(super) fn check(document: &Document<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for block in &document.blocks {
        for call in block.az_calls() {
            let Err(unknown) = find(&call.names) else { continue };
            let Some(name) = call.names.get(unknown.words) else { continue };
            if let Some(near) = nearest(name, unknown.members.iter().copied()) {
                let group = call.names[..unknown.words].join(" ");
                let spaced = if group.is_empty() { String::new() } else { format!("{group} ") };
                let message = format!("`az {}` is no command", call.name());
                findings
                    .push(Finding::new(block.place(call.command.span), message).with_hint(format!("did you mean `az {spaced}{near}`?")));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::check;

    const CODE: &str = "unknown-az-command";

    #[test]
    fn misspelt_commands_are_found() {
        check(CODE, "az gruop create -n a\naz aks nodepool udpate", &["1: `az gruop create`", "2: `az aks nodepool udpate`"]);
    }

    #[test]
    fn commands_and_extensions_are_no_finding() {
        check(
            CODE,
            "az group create -n a\naz grafana create -n a\naz aks pod-identity delete\naz ssh vm -n a\naz \"$GROUP\" list\naz --version\naz",
            &[],
        );
    }
}
