//! The same resource is created twice.
//!
//! Two commands of one document create a resource of the same type, with the same name, in the same place. The second one fails, or, worse,
//! changes what the first one made. Mostly a block was pasted twice, or the name of the second resource was never changed. A resource group
//! that is created twice does no harm: that is advice.
//!
//! Variables are followed to where the document sets them. Documents show several ways to create the same thing, so commands of different
//! blocks are only reported when they are the same in all their options; where the text offers a choice (tabs, zones, conditions) none are.

use std::collections::BTreeMap;

use crate::{
    bash::{CommandKind, Place},
    lint::{
        az::{AzCall, Known},
        constant::{Constant, Constants},
        document::{Block, Document},
        rule::Finding,
    },
};

/// What makes a resource another one although its name is the same.
const PLACES: [&str; 4] = ["--resource-group", "--subscription", "--location", "--scope"];

/// A creation that was seen before.
struct Earlier<'a> {
    position: usize,
    /// How often the account was changed before it.
    account: usize,
    line: usize,
    words: Vec<&'a str>,
}

pub(super) fn check(document: &Document<'_>) -> Vec<Finding> {
    let text = document.runbook.source.text();
    if ["#tab/", "::: zone", ":::zone", "[!div class=\"op_single_selector\"]"].iter().any(|mark| text.contains(mark)) {
        return Vec::new();
    }
    let constants = Constants::of(document);
    let mut seen: BTreeMap<(&str, Vec<Vec<String>>), Earlier> = BTreeMap::new();
    let mut findings = Vec::new();
    // The same name in another subscription is another resource.
    let mut account = 0;
    for (position, block) in document.blocks.iter().enumerate() {
        for call in block.az_calls() {
            account += usize::from(matches!(call.names[..], ["account", "set" | "clear"] | ["login" | "logout"] | ["cloud", "set"]));
            let Some(known) = call.known().filter(|known| known.name.ends_with(" create") && is_sure(block, &call)) else { continue };
            let Some(identity) = identity(&constants, position, block, &call, known) else { continue };
            let mut words: Vec<&str> = call.arguments.iter().map(|word| word.text.as_str()).collect();
            words.sort_unstable();
            let line = block.line(call.command.line);
            let is_group = known.name == "group create";
            let name = known.name.as_str();
            let Some(earlier) = seen.insert((name, identity), Earlier { position, account, line, words: words.clone() }) else {
                continue;
            };
            if earlier.account != account || earlier.position != position && earlier.words != words {
                continue;
            }
            let message = format!("`az {name}` of line {} creates the same resource", earlier.line);
            let finding = Finding::new(block.place(call.command.span), message);
            let finding = finding.with_hint("give it a name of its own, or remove one of the two");
            findings.push(if is_group { finding.advice() } else { finding });
        }
    }
    findings
}

/// Whether it runs once and in any case.
fn is_sure(block: &Block<'_>, call: &AzCall<'_>) -> bool {
    let command = call.command;
    let statement = block.statement_of(command);
    let in_compound =
        block.script.commands().iter().any(|other| {
            other.kind == CommandKind::Compound && other.span.start <= command.span.start && command.span.end <= other.span.end
        });
    command.place == Place::TopLevel && !command.in_function && !in_compound && !call.is_open() && !statement.contains("||")
}

/// The values of all options that say which resource it is; none when one of them is unknown, or varies.
fn identity(
    constants: &Constants<'_>,
    position: usize,
    block: &Block<'_>,
    call: &AzCall<'_>,
    known: &'static Known,
) -> Option<Vec<Vec<String>>> {
    let mut identity = Vec::new();
    for part in call.parts(known) {
        let option = part.option.as_ref()?;
        let name = option.usual();
        if !option.required && !PLACES.contains(&name) && !name.ends_with("-name") && name != "--name" {
            continue;
        }
        let mut values = vec![name.to_owned()];
        for word in &part.values {
            let written = block.text(word.span);
            if written.contains('<') {
                return None;
            }
            values.push(match constants.value(position, word.span.start, written) {
                Constant::Text(text) => text,
                // The same variable, as long as nobody sets it anew.
                Constant::Varies if !written.contains(['(', '`']) && is_set_once(constants, written) => {
                    written.trim_matches('"').to_owned()
                }
                _ => return None,
            });
        }
        identity.push(values);
    }
    let has_name = identity.iter().any(|values| values[0].ends_with("name") && values.len() == 2);
    identity.sort();
    has_name.then_some(identity)
}

fn is_set_once(constants: &Constants<'_>, written: &str) -> bool {
    let mut names = written.split('$').skip(1).map(|rest| {
        let rest = rest.trim_start_matches('{');
        rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default()
    });
    names.all(|name| name != "RANDOM" && constants.assignments(name) == 1)
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{check, findings};

    const CODE: &str = "repeated-creation";

    #[test]
    fn the_same_name_in_the_same_place_is_found() {
        check(
            CODE,
            "az group create -n a -l b\naz group create --name a --location b",
            &["2: `az group create` of line 2 creates the same"],
        );
        check(
            CODE,
            "G=rg-$(openssl rand -hex 3)\naz vm create -g $G -n web --image x\naz vm create --resource-group \"$G\" --name web --image y",
            &["`az vm create`"],
        );
    }

    #[test]
    fn other_names_places_and_choices_are_no_finding() {
        check(CODE, "az vm create -g a -n b\naz vm create -g a -n c\naz vm create -g b -n b\naz vmss create -g a -n b", &[]);
        check(CODE, "az network vnet subnet create -g a --vnet-name b -n c\naz network vnet subnet create -g a --vnet-name d -n c", &[]);
        check(CODE, "A=1\naz vm create -g a -n $A\nA=2\naz vm create -g a -n $A", &[]);
        check(CODE, "az vm create -g a -n $(x)\naz vm create -g a -n $(x)\naz vm create -g a -n b || az vm create -g a -n b", &[]);
        check(CODE, "if a; then az vm create -g a -n b; else az vm create -g a -n b; fi", &[]);
        check(CODE, "az group create -n a -l b\naz account set -s x\naz group create -n a -l b", &[]);
        let ways = "```bash\naz vm create -g a -n b\n```\n\n```bash\naz vm create -g a -n b --image c\n```\n";
        assert!(findings(CODE, ways).is_empty());
        assert_eq!(findings(CODE, &ways.replace(" --image c", "")).len(), 1);
        let tabs = "## [A](#tab/a)\n\n```bash\naz vm create -g a -n b\n```\n\n## [B](#tab/b)\n\n```bash\naz vm create -g a -n b\n```\n";
        assert!(findings(CODE, tabs).is_empty());
    }
}
