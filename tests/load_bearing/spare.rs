//! What can be damaged in our runbooks without a reader being the worse for it, and why.

use super::damage::Slip;

/// A line that bears no load in some respect.
pub(super) struct Spare {
    pub(super) slips: &'static [Slip],
    /// The line as it stands in the runbook.
    pub(super) line: &'static str,
    /// A part of what stands there instead, when only that is harmless; empty for all.
    pub(super) after: &'static str,
    /// Why nothing is lost.
    #[expect(dead_code, reason = "read by people")]
    why: &'static str,
}

const fn spare(slips: &'static [Slip], line: &'static str, why: &'static str) -> Spare {
    Spare { slips, line, after: "", why }
}

const fn spare_when(slips: &'static [Slip], line: &'static str, after: &'static str, why: &'static str) -> Spare {
    Spare { slips, line, after, why }
}

const NAME: &str = "what it is called is free: every use follows";
const SHELL: &str = "only the shell itself expands it";
const SHOWN: &str = "names in outputs are free: most published documents show others than their code gives";

use Slip::{Expected, Export, HereDocument, Line, Order, Variable, Word};

pub(super) const SPARE: &[Spare] = &[
    // Who may do what in a cluster.
    spare_when(
        &[Word],
        "kubectl create rolebinding ben-views --clusterrole=view --user=ben@example.com --namespace dev",
        "ben-veiws",
        NAME,
    ),
    spare_when(&[Word], "kubectl create role small --verb=get --resource=pods --namespace dev --as dora@example.com", "samll", NAME),
    spare_when(&[Expected], "rolebinding.rbac.authorization.k8s.io/ada-reads created", "authorziation", SHOWN),
    // The pod that reads a secret.
    spare(&[Line], "set -u", "catches what other lines forget; nothing is forgotten while it alone is missing"),
    spare(&[Export], "export SUFFIX=\"$(openssl rand -hex 3)\"", SHELL),
    spare(&[Export], "export REGION=\"westeurope\"", SHELL),
    spare(&[Export, Word], "export GROUP=\"rg-pod-secret-$SUFFIX\"", NAME),
    spare(&[Export, Word], "export CLUSTER=\"aks-pod-secret-$SUFFIX\"", NAME),
    spare(&[Line, Word], "--node-count 1 \\", "three nodes do as well as one, and so do nine"),
    spare(&[Line], "--generate-ssh-keys \\", "nobody signs in to the nodes"),
    spare(&[Line], "--output none", "only keeps a long answer from being printed"),
    spare(&[Line], "echo \"$ISSUER\"", "only prints"),
    spare(&[Export, Word], "export IDENTITY=\"id-pod-secret-$SUFFIX\"", NAME),
    spare(
        &[Order],
        "CLIENT_ID=\"$(az identity show --resource-group \"$GROUP\" --name \"$IDENTITY\" --query clientId --output tsv)\"",
        "signing in to the cluster may come first",
    ),
    spare(&[Export], "export NAMESPACE=\"default\"", SHELL),
    spare(&[Export, Word], "export ACCOUNT=\"secret-reader\"", NAME),
    spare(&[Line], "namespace: $NAMESPACE", "`default` is the default"),
    spare_when(
        &[HereDocument],
        "azure.workload.identity/client-id: \"$CLIENT_ID\"",
        "azure.workload.identity/client-id: \"$CLIENT_ID\"",
        "the only entry may be indented more",
    ),
    spare(&[Expected], "serviceaccount/secret-reader created", SHOWN),
    spare_when(&[Word], "--name pod-secret \\", "--name", NAME),
    spare(&[Line], "--location \"$REGION\" \\", "the group's own region is the default"),
    spare(&[Line], "--audiences api://AzureADTokenExchange", "the default"),
    spare(&[Export, Word], "export VAULT=\"kv-pod-$SUFFIX\"", NAME),
    spare(&[Line], "--enable-rbac-authorization true \\", "the default of this az"),
    spare(
        &[Line],
        "--query \"{name: name, rbac: properties.enableRbacAuthorization, purgeProtection: properties.enablePurgeProtection}\"",
        "only chooses what is printed",
    ),
    spare(&[Line], "--assignee-principal-type ServicePrincipal \\", "the directory knows what the principal is"),
    spare(&[Line], "--query principalType --output tsv", "only chooses what is printed"),
    spare_when(
        &[HereDocument],
        "azure.workload.identity/use: \"true\"",
        "azure.workload.identity/use: \"true\"",
        "the only entry may be indented more",
    ),
    spare_when(&[HereDocument], "- name: reader", "redaer", NAME),
    spare(&[Line], "nodeSelector:", "every node runs Linux"),
    spare(&[Line], "kubernetes.io/os: linux", "every node runs Linux"),
    spare_when(&[HereDocument], "kubernetes.io/os: linux", "kubernetes.io/os: linux", "the only entry may be indented more"),
    spare(&[Expected], "pod/secret-reader created", SHOWN),
    spare(&[Expected], "pod/secret-reader condition met", SHOWN),
    // La identidad federada.
    spare(&[Export, Word], "export SUFIJO=\"$(openssl rand -hex 3)\"", "any suffix will do"),
    spare(&[Export, Variable, Word], "export GRUPO=\"rg-confianza-$SUFIJO\"", "any name will do, one without a suffix too"),
    spare(&[Export], "export REGION=\"spaincentral\"", SHELL),
    spare(&[Export, Word], "export CLUSTER=\"aks-confianza-$SUFIJO\"", NAME),
    // A shell that remembers.
    spare(&[Line], "shout() { printf '%s!\\n' \"$1\"; }", "no failure, but not passed either: bash cannot know that it was no program"),
    spare(&[Variable, Word], "printf '%s\\n' \"${fruits[@]}\" | grep lemon", "there is no lemon, whatever is looked at"),
    spare(&[Word], "printf '%-8s %s\\n' NAME LENGTH", "a table may be wider"),
    spare(&[Word], "for fruit in \"${fruits[@]}\"; do printf '%-8s %s\\n' \"$fruit\" \"${#fruit}\"; done", "a table may be wider"),
    // The worker and its queue.
    spare(&[Line, Variable], "if [ -f \"archive/$JOB.txt\" ]; then break; fi", "it only waits no longer than it must"),
    spare(&[Word], "sleep 0.1", "so does this"),
    spare(&[Line], "rmdir queue finished", "nobody looks into the folders afterwards"),
];
