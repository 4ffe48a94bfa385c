//! The command of `az` does not have this option.
//!
//! The options are those of Azure CLI 2.91. `az` fails with `unrecognized arguments`, before it asks Azure anything. Long options may be
//! shortened, as long as only one begins so. Preview extensions replace commands of the CLI by ones with more options, above all those of `az aks`: where the option
//! resembles none that the command has, and the group is not known to be free of that, this is advice.

use crate::lint::{az::Known, document::Document, nearest::nearest, rule::Finding};

/// Groups that no preview extension replaces.
/// Assumed: from the list of extensions of Azure CLI 2.91.
const SETTLED_GROUPS: [&str; 15] = [
    "account",
    "acr",
    "ad",
    "deployment",
    "disk",
    "feature",
    "group",
    "identity",
    "keyvault",
    "lock",
    "mysql",
    "postgres",
    "provider",
    "role",
    "tag",
];

pub(super) fn check(document: &Document<'_>) -> Vec<Finding> {
    // An extension that the document adds may bring options along.
    let is_extended = document.mentions("az extension add") || document.mentions("-preview");
    let mut findings = Vec::new();
    for block in &document.blocks {
        for call in block.az_calls() {
            let Some(known) = call.known() else { continue };
            let mut values_of_query = false;
            for word in call.arguments {
                let option = word.text.split('=').next().unwrap_or_default();
                let is_value = std::mem::replace(&mut values_of_query, option == "--query");
                let is_option = word.literal
                    && option.strip_prefix("--").is_some_and(|name| name.starts_with(|first: char| first.is_ascii_alphabetic()));
                // Quoted text may look like an option.
                let is_quoted = block.text(word.span).starts_with(['"', '\'']);
                if option == "--" {
                    break;
                }
                if !is_option || is_value || is_quoted || option.contains(char::is_whitespace) {
                    continue;
                }
                let meanings = meanings(known, option);
                if let [first, second, ..] = meanings[..] {
                    let message = format!("`{option}` of `az {}` may stand for `{first}` or for `{second}`", known.name);
                    findings.push(Finding::new(block.place(word.span), message).with_hint("spell it in full"));
                }
                if known.accepts(option) {
                    continue;
                }
                let finding = Finding::new(block.place(word.span), format!("`az {}` has no option `{option}`", known.name));
                let near = nearest(option, known.spellings().filter(|known| known.starts_with("--")));
                match near {
                    // `--node-public-ip-prefix-ids` of an extension resembles `--node-public-ip-prefix-id`.
                    Some(near) if is_extended && !is_settled(&known.name) => {
                        findings.push(finding.with_hint(format!("did you mean `{near}`, or is it of an extension?")).advice());
                    }
                    Some(near) => findings.push(finding.with_hint(format!("did you mean `{near}`?"))),
                    None if is_settled(&known.name) => {
                        findings.push(finding.with_hint(format!("`az {} --help` lists its options", known.name)));
                    }
                    None if is_extended => {}
                    None => findings
                        .push(finding.with_hint("remove it; or add the extension that has it: `az extension add --name …`").advice()),
                }
            }
        }
    }
    findings
}

/// Whether no extension is known to replace this command.
pub(super) fn is_settled(command: &str) -> bool {
    command.split(' ').next().is_some_and(|group| SETTLED_GROUPS.contains(&group))
}

/// What a shortened option may stand for; empty when there is no doubt.
fn meanings(known: &Known, option: &str) -> Vec<&'static str> {
    let like = known.options_like(option);
    if like.len() < 2 {
        Vec::new()
    } else {
        like.iter().filter_map(|one| one.spellings.iter().copied().find(|spelling| spelling.starts_with(option))).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        diagnostic::Severity,
        lint::{
            lint,
            testing::{check, findings, parsed},
        },
    };

    const CODE: &str = "unknown-az-option";

    #[test]
    fn options_that_a_command_lacks_are_found() {
        check(CODE, "az group create --nmae a --location b", &["`az group create` has no option `--nmae`"]);
        check(CODE, "az aks update -g a -n b --cluster-service-load-balancer-health-probe-mode=Shared", &["no option"]);
        check(CODE, "az aks create -g a -n b --enable-a", &["may stand for `--enable-"]);
        let found = findings(CODE, "```bash\naz extension add -n aks-preview\naz aks update -n b --some-preview-thing x\n```\n");
        assert!(found.is_empty(), "{found:?}");
    }

    #[test]
    fn what_resembles_an_option_is_only_advice_when_an_extension_may_have_it() {
        let severities = |added: &str| {
            let text = format!("```bash\n{added}\naz aks create -g a -n b --node-public-ip-prefix-ids c\n```\n");
            lint(&parsed(&text), |other| other != CODE).iter().map(|found| found.severity).collect::<Vec<_>>()
        };
        assert_eq!(severities("az extension add -n aks-preview"), [Severity::Advice]);
        assert_eq!(severities("echo"), [Severity::Warning]);
    }

    #[test]
    fn options_that_it_has_are_no_finding() {
        check(
            CODE,
            "az group create --name=a -l b --tags c=d --output none --only-show-errors\naz identity federated-credential create --audience x",
            &[],
        );
        check(
            CODE,
            "az vm run-command invoke -g a -n b --command-id RunShellScript --scripts '--no-such' \"ls --all\"\naz grafana create --x",
            &[],
        );
    }
}
