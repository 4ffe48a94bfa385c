//! Pairs that were read one by one: what a careful author would accept, and what not, at which thresholds.

use super::judge;
use crate::runbook::{Criterion, Expectation};

const RIGHT: bool = true;
const WRONG: bool = false;

#[track_caller]
fn check(expected: &str, actual: &str, thresholds: &[f64], right: bool) {
    for threshold in thresholds {
        let criterion = Criterion::Similarity(*threshold);
        let expectation = Expectation { line: 1, fence_line: 2, language: "output".to_owned(), criterion, text: expected.to_owned() };
        let verdict = judge(&expectation, actual.as_bytes());
        assert_eq!(verdict.passed, right, "at {threshold}: {expected}\n== {actual}\n{verdict:#?}");
    }
}

#[test]
fn json_is_no_text_even_when_the_word_is_in_it() {
    let assignment = "{\n  \"principalType\": \"ServicePrincipal\",\n  \"provisioningState\": \"Succeeded\",\n  \"name\": \"shop\"\n}";
    for expected in ["ServicePrincipal", "Succeeded", "Name    ProvisioningState\n------  -------------------\nshop    Succeeded"] {
        check(expected, assignment, &[0.3, 0.5, 0.8, 1.0], WRONG);
        check(expected, &format!("{assignment}\n{expected}\n"), &[0.3, 0.8], RIGHT);
    }
    check("Succeeded", "\"Succeeded\"", &[0.3, 0.8, 1.0], RIGHT);
    check("... (left out) ...", assignment, &[0.3, 0.8], RIGHT);
    // A fragment of JSON is shown as text, and is found as text.
    check("\"principalType\": \"ServicePrincipal\",", assignment, &[0.3, 0.8], RIGHT);
}

#[test]
fn ids_and_addresses_alone_tell_what_they_are_about() {
    let vault = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv";
    let run = "/subscriptions/3f1b6a9c-2d4e-4f7a-9b1c-8e2d7a6c5b4f/resourceGroups/shop";
    check(vault, &format!("{run}/providers/Microsoft.KeyVault/vaults/shop7"), &[0.3, 0.8], RIGHT);
    check(vault, &format!("{run}/providers/Microsoft.Network/virtualNetworks/v"), &[0.3, 0.8], WRONG);
    check(vault, run, &[0.3, 0.8], WRONG);
    check("https://myvault.vault.azure.net/", "https://shop7.vault.azure.net/", &[0.3, 0.8], RIGHT);
    check("https://myvault.vault.azure.net/", "https://shop.blob.core.windows.net/", &[0.3, 0.8], WRONG);
    check("https://oidc.prod-aks.azure.com/xxxxxx/", "https://westeurope.oic.prod-aks.azure.com/1/2/", &[0.3, 0.8], RIGHT);
    check("http://www.contoso.com/", "http://20.1.2.3/", &[0.3, 0.8], RIGHT);
    let shown = r#"{"name": "kv", "vaultUri": "https://kv.vault.azure.net/"}"#;
    check(shown, r#"{"name": "s", "vaultUri": "https://s.queue.core.windows.net/"}"#, &[0.8], WRONG);
}

#[test]
fn names_and_regions_may_become_plain_words() {
    check("Created resource group myResourceGroup in eastus", "Created resource group shop in westeurope", &[0.3, 0.8], RIGHT);
    check("eastus\tmyResourceGroup\tSucceeded", "westeurope\tshop\tSucceeded", &[0.3, 0.8], RIGHT);
    check("eastus\tmyResourceGroup\tSucceeded", "westeurope\tshop\tFailed", &[0.3, 0.8], WRONG);
    check("myAKSCluster", "shop", &[0.3, 0.8], RIGHT);
    for actual in ["None", "Failed", "false", "0", "https://a.b.c/", "a whole sentence instead"] {
        check("myAKSCluster", actual, &[0.3, 0.8], WRONG);
    }
}

#[test]
fn a_name_that_cannot_be_found_is_a_failure() {
    check("Server:\t10.0.0.10\nName:\tbing.com", "Server:\t10.0.0.10\n** server can't find bing.com: NXDOMAIN", &[0.3, 0.8], WRONG);
}
