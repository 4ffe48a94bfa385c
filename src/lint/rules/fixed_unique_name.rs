//! A name that must be unique in all of Azure is always the same.
//!
//! Names of storage accounts, key vaults, registries, database servers, web apps and labels of public addresses are part of a host name. The
//! first reader who runs the document takes the name, and everybody else is told that it is taken, often until long after it was
//! deleted. Put something random into it:
//!
//! ```sh
//! SUFFIX="$(openssl rand -hex 3)"
//! az keyvault create --name "kv-docs-$SUFFIX" --resource-group "$GROUP"
//! ```
//!
//! Variables are followed to where the document sets them; a name that a reader has to fill in is left alone. Names of resource groups only
//! have to be unique in one's own subscription and are not looked at.

use crate::lint::{
    constant::{Constant, Constants},
    document::Document,
    rule::Finding,
};

/// Commands and the option whose value becomes part of a host name.
/// Source: the naming rules of Azure Resource Manager, scope "global".
const UNIQUE: [(&str, &str); 21] = [
    ("acr create", "--name"),
    ("apim create", "--name"),
    ("appconfig create", "--name"),
    ("cdn endpoint create", "--name"),
    ("cognitiveservices account create", "--custom-domain"),
    ("cosmosdb create", "--name"),
    ("eventhubs namespace create", "--name"),
    ("functionapp create", "--name"),
    ("iot hub create", "--name"),
    ("keyvault create", "--name"),
    ("mysql flexible-server create", "--name"),
    ("postgres flexible-server create", "--name"),
    ("redis create", "--name"),
    ("search service create", "--name"),
    ("servicebus namespace create", "--name"),
    ("signalr create", "--name"),
    ("sql server create", "--name"),
    ("storage account create", "--name"),
    ("vm create", "--public-ip-address-dns-name"),
    ("webapp create", "--name"),
    ("network public-ip create", "--dns-name"),
];

pub(super) fn check(document: &Document<'_>) -> Vec<Finding> {
    let constants = Constants::of(document);
    let mut findings = Vec::new();
    for (position, block) in document.blocks.iter().enumerate() {
        for call in block.az_calls() {
            let Some(known) = call.known() else { continue };
            let Some((_, option)) = UNIQUE.iter().find(|(command, _)| *command == known.name) else { continue };
            let Some(option) = known.options_like(option).first().copied() else { continue };
            let parts = call.parts(known);
            let Some(word) = parts.iter().filter(|part| part.option == Some(option)).find_map(|part| part.values.first()) else {
                continue;
            };
            let written = block.text(word.span);
            let Constant::Text(name) = constants.value(position, word.span.start, written) else { continue };
            if name.is_empty() || is_placeholder(&name) {
                continue;
            }
            let message = format!("`{name}` must be unique in all of Azure, and is the same in every run");
            findings
                .push(Finding::new(block.place(word.span), message).with_hint("put something random into it: `$(openssl rand -hex 3)`"));
        }
    }
    findings
}

/// Whether a reader is meant to put a name of their own in its place.
fn is_placeholder(name: &str) -> bool {
    let lower = name.to_lowercase();
    let asks = ["unique", "your", "xxx", "replace", "example", "random", "changeme", "suffix"].iter().any(|word| lower.contains(word));
    asks || lower.ends_with("name") || name.contains(['<', '>', '{', '[', '*', '_', '…', ' ']) || name.contains("...")
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::check;

    const CODE: &str = "fixed-unique-name";

    #[test]
    fn names_that_are_always_the_same_are_found() {
        check(CODE, "az acr create -g a --sku Basic -n mycontainerregistry", &["`mycontainerregistry` must be unique"]);
        check(CODE, "export A=store\nB=\"my${A}\"\naz storage account create --name $B -g c", &["3: `mystore` must be unique"]);
        check(CODE, "az vm create -g a -n b --public-ip-address-dns-name web", &["`web` must be unique"]);
    }

    #[test]
    fn names_that_vary_or_that_readers_choose_are_no_finding() {
        check(CODE, "S=$(openssl rand -hex 3)\naz acr create -n reg$S -g a --sku Basic\naz keyvault create -n kv$RANDOM -g a", &[]);
        check(
            CODE,
            "az acr create -n <registry> -g a --sku Basic\naz acr create -n $REGISTRY -g a --sku Basic\naz acr create -n uniquename -g a",
            &[],
        );
        check(CODE, "az vm create -g a -n b\naz aks create -g a -n b\naz group create -n a -l b", &[]);
    }
}
