//! The chain from a pod to a secret, whole and with one link broken at a time: what Azure says, and what docent adds where Azure is silent.

use http::Method;
use serde_json::{Value, json};

use super::chain::{Chain, Links, PODS};
use crate::cloud::observation::Observation;

/// Runs the pod of the runbook and holds its log and the explanation to what is expected. `{…}` in `said` stands for ids of the chain.
#[track_caller]
fn check(chain: &Chain, status: &str, said: &[&str], explained: &str) {
    chain.run(&chain.pod("p"));
    assert_eq!(chain.summary("p").0, status);
    chain.observations();
    let log = chain.log("p");
    let filled = |text: &str| {
        let tenant = chain.lab.cloud.tenant();
        text.replace("{issuer}", &chain.issuer)
            .replace("{client}", &chain.client_id)
            .replace("{principal}", &chain.principal_id)
            .replace("{tenant}", &tenant)
            .replace("{subscription}", &chain.lab.subscription)
    };
    for line in said {
        assert!(log.contains(&filled(line)), "no {line:?} in:\n{log}");
    }
    let hints: Vec<String> = chain
        .observations()
        .into_iter()
        .filter_map(|observation| match observation {
            Observation::Hint { text, .. } => Some(text),
            _ => None,
        })
        .collect();
    let expected: Vec<String> = Some(filled(explained)).into_iter().filter(|text| !text.is_empty()).collect();
    assert_eq!(hints, expected);
}

/// A case that breaks the links before anything is made.
#[track_caller]
fn check_broken(change: impl FnOnce(&mut Links), said: &[&str], explained: &str) {
    check(&Chain::with(change), "CrashLoopBackOff", said, explained);
}

#[test]
fn a_whole_chain_reads_its_secret_every_minute() {
    let chain = Chain::whole();
    check(&chain, "Running", &["I0101 01:10:05.", "       1 main.go:63] \"successfully got secret\" secret=\"Hello\\\\!\"\n"], "");
    assert_eq!(chain.observations(), [], "an hour after everything was set up there is no luck to tell");
    chain.lab.advance(120);
    assert_eq!(chain.log("p").lines().count(), 3);
}

#[test]
fn one_missing_label() {
    check_broken(
        |links| links.label = None,
        &["F0101 01:10:", "       1 main.go:34] AZURE_CLIENT_ID environment variable is not set\n"],
        "the pod p has no label azure.workload.identity/use, so the webhook did nothing",
    );
    check_broken(
        |links| links.label = Some("True"),
        &["main.go:34] AZURE_CLIENT_ID environment variable is not set\n"],
        "the label azure.workload.identity/use of the pod p is \"True\" and not \"true\", so the webhook did nothing",
    );
}

#[test]
fn two_missing_annotation() {
    check_broken(
        |links| links.client_id = |_| None,
        &["main.go:34] AZURE_CLIENT_ID environment variable is not set\n"],
        "the service account default/sa has no annotation azure.workload.identity/client-id, so the webhook could not say which identity the pod \
         p has",
    );
    check_broken(
        |links| links.client_id = |chain| Some(chain.principal_id.clone()),
        &[
            "main.go:60] \"failed to get secret from keyvault\" err=<\n\thttp call(https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token)(POST) \
             error: reply status code was 400:\n",
            "AADSTS700016: Application with identifier '{principal}' was not found in the directory",
        ],
        "{principal} is the principal id of the managed identity web; its client id is {client}",
    );
}

#[test]
fn three_wrong_subject() {
    check_broken(
        |links| links.subject = "system:serviceaccount:default:other",
        &[
            "reply status code was 401:\n",
            "AADSTS700213: No matching federated identity record found for presented assertion subject 'system:serviceaccount:default:sa'.",
            "\n > keyvault=\"https://kv-one.vault.azure.net/\" secretName=\"greeting\"\n",
        ],
        "the pod runs as system:serviceaccount:default:sa, but the federated credential fic of web trusts system:serviceaccount:default:other",
    );
}

#[test]
fn four_subject_in_other_case() {
    check_broken(
        |links| links.subject = "system:serviceaccount:default:SA",
        &[
            "AADSTS7002138: No matching federated identity record found for presented assertion subject 'system:serviceaccount:default:sa'. The \
             subject matches with case-insensitive comparison, but not with case-sensitive comparison.",
        ],
        "the pod runs as system:serviceaccount:default:sa, but the federated credential fic of web trusts system:serviceaccount:default:SA; they \
         differ only in the case of letters, which counts",
    );
}

#[test]
fn five_issuer_without_its_slash() {
    let chain = Chain::with(|links| links.issuer = |issuer| issuer.trim_end_matches('/').to_owned());
    let bare = chain.issuer.trim_end_matches('/').to_owned();
    let explained = format!(
        "the token was issued by {{issuer}}, but the federated credential fic of web trusts {bare}; they differ only in the final slash, which \
         counts"
    );
    let said = "AADSTS700211: No matching federated identity record found for presented assertion issuer '{issuer}'.";
    check(&chain, "CrashLoopBackOff", &[said], &explained);
}

#[test]
fn six_wrong_audience() {
    check_broken(
        |links| links.audience = "api://other",
        &["AADSTS700212: No matching federated identity record found for presented assertion audience 'api://AzureADTokenExchange'."],
        "the token is for the audience api://AzureADTokenExchange, but the federated credential fic of web wants api://other",
    );
}

#[test]
fn seven_deleted_federated_credential() {
    let chain = Chain::whole();
    chain.run(&chain.pod("early"));
    assert_eq!(chain.lab.arm(Method::DELETE, &chain.credential_id(), &Value::Null).0, 200);
    check(
        &chain,
        "CrashLoopBackOff",
        &["AADSTS70025: The client '{client}'(web) has no configured federated identity credentials."],
        "the managed identity web has no federated credential, so it trusts no cluster",
    );
    chain.lab.advance(120);
    assert_eq!(chain.summary("early").0, "Running", "a program that has its token goes on until that ends");
    chain.lab.advance(24 * 3600);
    assert_ne!(chain.summary("early").0, "Running");
}

#[test]
fn eight_role_not_assigned() {
    check_broken(
        |links| links.role = None,
        &[
            "err=<\n\tGET https://kv-one.vault.azure.net/secrets/greeting/\n\t----",
            "\n\tRESPONSE 403: 403 Forbidden\n\tERROR CODE: Forbidden\n\t----",
            "\n\t{\n\t  \"error\": {\n\t    \"code\": \"Forbidden\",\n\t    \"message\": \"Caller is not authorized to perform action on resource.\\r\\n",
            "Caller: appid={client};oid={principal};iss=https://sts.windows.net/{tenant}/\\r\\nAction: 'Microsoft.KeyVault/vaults/secrets/getSecret/action'\\r\\n",
            "\"innererror\": {\n\t      \"code\": \"ForbiddenByRbac\"\n",
        ],
        "web has no role at the vault kv-one; Key Vault Secrets Officer there belongs to reader@docentlab.onmicrosoft.com",
    );
}

#[test]
fn nine_absent_secret() {
    check_broken(
        |links| links.secret = "gretting",
        &[
            "RESPONSE 404: 404 Not Found\n\tERROR CODE: SecretNotFound\n",
            "A secret with (name/id) greeting was not found in this key vault.",
        ],
        "the vault kv-one has no secret greeting; it has only gretting",
    );
}

#[test]
fn ten_pod_created_after_workload_identity_was_disabled() {
    let chain = Chain::whole();
    chain.run(&chain.pod("early"));
    chain.set_workload_identity(false);
    check(
        &chain,
        "CrashLoopBackOff",
        &["main.go:34] AZURE_CLIENT_ID environment variable is not set\n"],
        "workload identity was off in the cluster when the pod p was created, so there was no webhook to inject anything; the issuer and federated \
         credentials go on without it",
    );
    assert_eq!(chain.summary("early").0, "Running", "what a pod was given it keeps");
    chain.set_workload_identity(true);
    chain.observations();
    chain.log("p");
    let told = chain.observations();
    assert!(!told.is_empty(), "who reads the log is told again: {told:?}");
}

#[test]
fn eleven_without_the_webhook_a_token_that_the_pod_projects_itself_still_works() {
    let chain = Chain::whole();
    chain.set_workload_identity(false);
    let mut pod = chain.pod("p");
    let container = &mut pod["spec"]["containers"][0];
    let variables = [
        ("AZURE_CLIENT_ID", chain.client_id.clone()),
        ("AZURE_TENANT_ID", chain.lab.cloud.tenant()),
        ("AZURE_FEDERATED_TOKEN_FILE", "/tokens/azure".to_owned()),
        ("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.com/".to_owned()),
    ];
    for (name, value) in variables {
        container["env"].as_array_mut().expect("the pod has variables").push(json!({"name": name, "value": value}));
    }
    container["volumeMounts"] = json!([{"name": "tokens", "mountPath": "/tokens", "readOnly": true}]);
    let source = json!({"serviceAccountToken": {"path": "azure", "audience": "api://AzureADTokenExchange", "expirationSeconds": 3600}});
    pod["spec"]["volumes"] = json!([{"name": "tokens", "projected": {"sources": [source]}}]);
    chain.run(&pod);
    assert!(chain.log("p").ends_with("\"successfully got secret\" secret=\"Hello\\\\!\"\n"), "{}", chain.log("p"));
}

#[test]
fn success_by_luck_is_told_to_who_reads_the_log() {
    let chain = Chain::with(|links| links.role = None);
    chain.lab.assign(&chain.principal_id, "Key Vault Secrets User", &chain.vault_id);
    chain.federate(&chain.issuer, "system:serviceaccount:default:sa", "api://AzureADTokenExchange");
    chain.run(&chain.pod("p"));
    chain.observations();
    chain.log("p");
    let luck: Vec<String> = chain
        .observations()
        .into_iter()
        .filter_map(|observation| match observation {
            Observation::Luck { text } => Some(text),
            _ => None,
        })
        .collect();
    assert_eq!(luck.len(), 2, "{luck:?}");
    assert!(luck[0].starts_with("the federated credential fic was 5 s old"), "{luck:?}");
    assert!(luck[1].starts_with("the role assignment Key Vault Secrets User at"), "{luck:?}");
}

#[test]
fn a_vault_that_is_not_there_has_no_name() {
    let chain = Chain::whole();
    let mut pod = chain.pod("p");
    pod["spec"]["containers"][0]["env"][0]["value"] = json!("https://kv-two.vault.azure.net/");
    chain.run(&pod);
    let said = "err=\"Get \\\"https://kv-two.vault.azure.net/secrets/greeting/?api-version=7.4\\\": dial tcp: lookup kv-two.vault.azure.net on \
                10.0.0.10:53: no such host\" keyvault=";
    assert!(chain.log("p").contains(said), "{}", chain.log("p"));
}

#[test]
fn variables_of_the_program_itself_come_first() {
    let chain = Chain::whole();
    let mut pod = chain.pod("p");
    pod["spec"]["containers"][0]["env"] = json!([{"name": "SECRET_NAME", "value": "greeting"}]);
    chain.run(&pod);
    assert!(chain.log("p").ends_with("main.go:15] KEYVAULT_URL environment variable is not set\n"), "{}", chain.log("p"));
    assert_eq!(chain.summary("p"), ("CrashLoopBackOff".to_owned(), 1));
}

#[test]
fn tokens_are_masked() {
    let chain = Chain::whole();
    chain.run(&chain.pod("p"));
    let state = chain.lab.cloud.shared.state();
    let projected = state.secrets().iter().filter(|secret| secret.split('.').count() == 3).count();
    assert!(projected >= 2, "the projected token and the access token are known secrets");
    drop(state);
    assert_eq!(chain.call("GET", &format!("{PODS}/p/log?previous=true"), &Value::Null).0, 400);
}
