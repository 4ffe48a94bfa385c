//! Break one link of the chain from pod to secret at a time: the document fails where Azure would fail, with Azure's own text, and docent
//! adds the sentence that Azure leaves out.

use std::fs;

use crate::support::{Ended, replaced, root, test_document};

/// One broken link.
struct Link {
    name: &'static str,
    /// What is replaced in the runbook, and by what.
    edit: (&'static str, &'static str),
    /// The first step that fails.
    first: &'static str,
    /// What the pod's log says, as the service answers it.
    azure: &'static str,
    /// Where that text is known from.
    evidence: &'static str,
    /// What the report adds.
    docent: &'static str,
}

const SUBJECT: &str = "--subject \"system:serviceaccount:$NAMESPACE:$ACCOUNT\"";
const POD: &str = "## The pod\n";

const LINKS: [Link; 10] = [
    Link {
        name: "the pod's label is missing",
        edit: ("  labels:\n    azure.workload.identity/use: \"true\"\n", ""),
        first: "pod-ready",
        azure: "main.go:34] AZURE_CLIENT_ID environment variable is not set",
        evidence: "source of azure-workload-identity, examples/msal-go/main.go",
        docent: "has no label azure.workload.identity/use, so the webhook did nothing",
    },
    Link {
        name: "the service account's annotation is missing",
        edit: ("  annotations:\n    azure.workload.identity/client-id: \"$CLIENT_ID\"\n", ""),
        first: "pod-ready",
        azure: "main.go:34] AZURE_CLIENT_ID environment variable is not set",
        evidence: "source of azure-workload-identity, pkg/webhook: a variable without a value is not injected",
        docent: "has no annotation azure.workload.identity/client-id",
    },
    Link {
        name: "the subject is somebody else",
        edit: (SUBJECT, "--subject \"system:serviceaccount:$NAMESPACE:somebody-else\""),
        first: "pod-ready",
        azure: "AADSTS700213: No matching federated identity record found for presented assertion subject",
        evidence: "public reports, 2025",
        docent: "trusts system:serviceaccount:default:somebody-else",
    },
    Link {
        name: "the subject differs in case",
        edit: (SUBJECT, "--subject \"system:serviceaccount:$NAMESPACE:Secret-Reader\""),
        first: "pod-ready",
        azure: "AADSTS7002138: No matching federated identity record found for presented assertion subject",
        evidence: "public report, issue 515 of Azure/login",
        docent: "differ only in the case of letters",
    },
    Link {
        name: "the issuer lacks its final slash",
        edit: ("--issuer \"$ISSUER\"", "--issuer \"${ISSUER%/}\""),
        first: "pod-ready",
        azure: "AADSTS700211: No matching federated identity record found for presented assertion issuer",
        evidence: "public report, issue 1200 of Azure/azure-workload-identity",
        docent: "slash",
    },
    Link {
        name: "the audience is another",
        edit: ("--audiences api://AzureADTokenExchange", "--audiences api://SomethingElse"),
        first: "pod-ready",
        azure: "AADSTS700212: No matching federated identity record found for presented assertion audience",
        evidence: "public reports",
        docent: "wants api://SomethingElse",
    },
    Link {
        name: "the federated credential is deleted",
        edit: (
            POD,
            "## The pod\n\n```bash\naz identity federated-credential delete -g \"$GROUP\" --identity-name \"$IDENTITY\" -n pod-secret --yes\n```\n",
        ),
        first: "pod-ready",
        azure: "has no configured federated identity credentials.",
        evidence: "public reports of AADSTS70025",
        docent: "has no federated credential, so it trusts no cluster",
    },
    Link {
        name: "the identity has no role",
        edit: ("--role \"Key Vault Secrets User\"", "--role \"Reader\""),
        first: "pod-ready",
        azure: "Caller is not authorized to perform action on resource.",
        evidence: "public reports of ForbiddenByRbac",
        docent: "Key Vault Secrets",
    },
    Link {
        name: "the secret is not there",
        edit: ("--name greeting --value", "--name farewell --value"),
        first: "pod-ready",
        azure: "A secret with (name/id) greeting was not found in this key vault.",
        evidence: "recorded answer of Key Vault",
        docent: "has no secret greeting; it has only farewell",
    },
    Link {
        name: "workload identity was off when the pod was created",
        edit: (POD, "## The pod\n\n```bash\naz aks update -g \"$GROUP\" -n \"$CLUSTER\" --disable-workload-identity -o none\n```\n"),
        first: "pod-ready",
        azure: "main.go:34] AZURE_CLIENT_ID environment variable is not set",
        evidence: "source of azure-workload-identity: without its webhook nothing is injected",
        docent: "workload identity was off in the cluster when the pod secret-reader was created",
    },
];

fn runbook() -> String {
    fs::read_to_string(root().join("runbooks/aks-workload-identity.md")).expect("the main runbook")
}

#[test]
fn a_broken_link_fails_with_azures_text_and_docents_sentence() {
    let whole = runbook();
    for link in LINKS {
        let ended = test_document(replaced(&whole, link.edit.0, link.edit.1), &[]);
        let told = format!("{} ({})\n{}", link.name, link.evidence, ended.stdout);
        assert_eq!(ended.code, 1, "{told}");
        assert_eq!(first_failure(&ended), link.first, "{told}");
        let log = ended.step("log");
        assert_eq!(log["status"], "failed", "{told}");
        assert!(log["stdout"].as_str().unwrap_or_default().contains(link.azure), "the log lacks {:?}: {told}", link.azure);
        for step in [link.first, "log"] {
            assert!(ended.step(step)["diagnostics"].to_string().contains(link.docent), "`{step}` lacks {:?}: {told}", link.docent);
        }
        assert_eq!(ended.step("tidy-up")["status"], "passed", "{told}");
    }
}

#[test]
fn without_the_webhook_issuer_and_federated_credential_go_on_working() {
    let whole = runbook();
    let exchange = concat!(
        "## The pod\n\n",
        "<!-- docent: name=without-the-webhook -->\n```bash\n",
        "az aks update -g \"$GROUP\" -n \"$CLUSTER\" --disable-workload-identity -o none\n",
        "TENANT=\"$(az account show --query tenantId -o tsv)\"\n",
        "TOKEN=\"$(kubectl create token \"$ACCOUNT\" --audience api://AzureADTokenExchange)\"\n",
        "az login --service-principal -u \"$CLIENT_ID\" --tenant \"$TENANT\" --federated-token \"$TOKEN\" -o none\n",
        "az keyvault secret show --vault-name \"$VAULT\" --name greeting --query value -o tsv\n",
        "```\n\n<!-- expected_similarity=1.0 -->\n```output\nHello, pod\n```\n\n## The rest\n",
    );
    let ended = test_document(replaced(&whole, POD, exchange), &["--to", "without-the-webhook"]);
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    assert_eq!(ended.step("without-the-webhook")["expectations"][0]["passed"], true);
}

fn first_failure(ended: &Ended) -> String {
    let failed = ended.steps().iter().find(|step| step["status"] != "passed");
    failed.and_then(|step| step["id"].as_str()).unwrap_or("nothing").to_owned()
}
