//! A document creates resources in Azure and never deletes them.
//!
//! Readers who follow it pay for them until they notice, and a run against the real Azure has to clean up by itself. The finding stands at the
//! first creation of the outermost resource, mostly `az group create`. Delete it in a last step:
//!
//! ```sh
//! az group delete --name "$GROUP" --yes --no-wait
//! ```
//!
//! Or mark a step `<!-- docent: cleanup -->`, which also runs when another one failed. A document that mentions the deletion anywhere is left
//! alone, and so is one that promises a failure.

use crate::{
    lint::{az::find, document::Document, rule::Finding},
    runbook::Role,
};

/// What these create costs nothing and goes with something else.
const FREE: [&str; 7] = ["ad ", "role ", "deployment ", "identity federated-credential ", "monitor diagnostic-settings ", "tag ", "lock "];

pub(super) fn check(document: &Document<'_>) -> Vec<Finding> {
    let runbook = document.runbook;
    let cleans_up = runbook.steps.iter().any(|step| step.directives.role == Role::Cleanup);
    let deletes =
        ["az group delete", "az resource delete", "az stack group delete", "azd down", "terraform destroy", "remove-azresourcegroup"];
    if cleans_up || !runbook.directives.expected_failures.is_empty() || deletes.iter().any(|words| document.mentions(words)) {
        return Vec::new();
    }
    let creations = document.blocks.iter().flat_map(|block| {
        block.az_calls().filter_map(move |call| {
            let known = call.known()?;
            let group = known.name.strip_suffix(" create")?;
            // In a function or behind `--help` nothing is created here.
            let is_real = !call.command.in_function && !call.arguments.iter().any(|word| matches!(word.text.as_str(), "--help" | "-h"));
            let is_costly = !FREE.iter().any(|free| known.name.starts_with(free)) && is_deletable(group);
            (is_real && is_costly).then(|| (group.to_owned(), block.place(call.command.span)))
        })
    });
    let creations: Vec<_> = creations.collect();
    let Some((group, place)) = creations.iter().find(|(group, _)| group == "group").or(creations.first()) else { return Vec::new() };
    if document.mentions(&format!("az {group} delete")) {
        return Vec::new();
    }
    let what = if group == "group" { "this resource group is".to_owned() } else { format!("what `az {group} create` creates is") };
    let name = if group == "group" { "az group delete --name … --yes".to_owned() } else { format!("az {group} delete … --yes") };
    vec![Finding::new(*place, format!("{what} never deleted in this document")).with_hint(format!("end with a step that runs `{name}`"))]
}

fn is_deletable(group: &str) -> bool {
    let words: Vec<&str> = group.split(' ').chain(["delete"]).collect();
    find(&words).is_ok_and(|known| known.words == words.len())
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{check, findings};

    const CODE: &str = "resource-left-behind";

    #[test]
    fn what_is_created_and_never_deleted_is_found_once() {
        check(
            CODE,
            "az aks create -g a -n b\naz group create -n a -l b\naz group create -n c -l b",
            &["2: this resource group is never deleted"],
        );
        check(CODE, "az vm create -g a -n b\naz vm create -g a -n c", &["1: what `az vm create` creates is never deleted"]);
    }

    #[test]
    fn what_is_deleted_or_free_is_no_finding() {
        check(CODE, "az group create -n a -l b\naz group delete -n a --yes", &[]);
        check(CODE, "az vm create -g a -n b\naz vm delete -g a -n b --yes", &[]);
        check(CODE, "az role assignment create --assignee a --role b --scope c\naz group create --help\naz ad group create x", &[]);
        let cleaned = "```bash\naz group create -n a -l b\n```\n\n<!-- docent: cleanup -->\n```bash\n./tidy-up.sh\n```\n";
        assert!(findings(CODE, cleaned).is_empty());
        assert_eq!(findings(CODE, &cleaned.replace("cleanup", "wait=1s")).len(), 1);
        assert!(findings(CODE, "```bash\naz group create -n a -l b\n```\n\nThen `az group delete -n a`.\n").is_empty());
        assert!(
            findings(CODE, "<!-- docent-file: expect-failure=\"x: y\" -->\n# X\n\n```bash\naz group create -n a -l b\n```\n").is_empty()
        );
    }
}
