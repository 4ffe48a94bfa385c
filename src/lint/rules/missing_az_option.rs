//! A command of `az` lacks an option that it cannot do without.
//!
//! What is required is that of Azure CLI 2.91. `az` fails with `the following arguments are required`, before it asks Azure anything. Often a
//! line of a continued command was lost, or its backslash.
//!
//! Documents that set defaults (`az configure --defaults group=…`, `az config set defaults.…`, `AZURE_DEFAULTS_…`) are left alone, and so are
//! calls with arguments that may stand for several options, such as `$OPTIONS` and `"${options[@]}"`.

use crate::lint::{
    az::{AzCall, AzOption},
    document::{Block, Document},
    rule::Finding,
};

pub(super) fn check(document: &Document<'_>) -> Vec<Finding> {
    let has_defaults = ["az configure", "az config set", "azure_defaults_"].iter().any(|words| document.mentions(words));
    if has_defaults {
        return Vec::new();
    }
    document.blocks.iter().flat_map(|block| block.az_calls().filter_map(|call| missing(block, &call)).collect::<Vec<_>>()).collect()
}

fn missing(block: &Block<'_>, call: &AzCall<'_>) -> Option<Finding> {
    let known = call.known()?;
    let is_help = call.arguments.iter().any(|word| matches!(word.text.as_str(), "--help" | "-h"));
    // Dots stand for what a document leaves out.
    let is_partial = call.arguments.iter().any(|word| matches!(word.text.as_str(), "..." | "…" | "[...]"));
    // `broken-continuation` tells why.
    let mut below = block.step.script.lines().skip(call.command.last_line + 1).map(str::trim).filter(|line| !line.is_empty());
    let is_torn = below.next().is_some_and(|line| line.starts_with("--"));
    if is_help || is_partial || is_torn || call.is_open() {
        return None;
    }
    let lacking: Vec<&str> =
        known.options.iter().filter(|option| option.required && !is_given(call, option)).map(AzOption::usual).collect();
    let first = lacking.first()?;
    let message = format!("`az {}` cannot do without `{}`", known.name, lacking.join("`, `"));
    Some(
        Finding::new(block.place(call.command.span), message)
            .with_hint(format!("add `{first}`; a line may have been lost, or the backslash of one")),
    )
}

fn is_given(call: &AzCall<'_>, option: &AzOption) -> bool {
    // What stands behind the command's words may be one without a name.
    option.spellings.is_empty()
        || call.arguments.iter().any(|word| {
            let given = word.text.split('=').next().unwrap_or_default();
            option.spellings.iter().any(|known| {
                let is_short = !known.starts_with("--");
                // `-gname` is `-g name`; `--resource` is `--resource-group`.
                given == *known
                    || is_short && given.starts_with(known) && !given.starts_with("--")
                    || given.len() > 3 && given.starts_with("--") && known.starts_with(given)
            })
        })
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{check, findings};

    const CODE: &str = "missing-az-option";

    #[test]
    fn what_a_command_lacks_is_found() {
        check(CODE, "az group create --name a", &["`az group create` cannot do without `--location`"]);
        check(CODE, "X=$(az aks show --name \"$A\" \\\n  --query id)", &["without `--resource-group`"]);
        check(CODE, "az aks nodepool add -g a", &["`--cluster-name`, `--name`"]);
    }

    #[test]
    fn complete_and_open_calls_are_no_finding() {
        check(
            CODE,
            "az group create -n a -lb\naz group create --name=a --loc b\naz group create $OPTIONS\naz group create \"${options[@]}\"\naz aks show --help",
            &[],
        );
        check(CODE, "az group create -n a\n  --location b", &[]);
        assert!(findings(CODE, "```bash\naz configure --defaults group=a\naz aks show -n b\n```\n").is_empty());
    }
}
