//! Steps that somebody else runs, who decided about their requests, and the least that they needed.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Ended, docent_in, test_document};

/// A resource group `g` that Ada, the application `ci` and the managed identity `web` may read.
const READERS: &str = r#"# Readers

```bash
az group create -n g -l eastus -o none
GROUP=$(az group show -n g --query id -o tsv) DOMAIN=$(az ad signed-in-user show --query userPrincipalName -o tsv | cut -d@ -f2)
az ad user create --display-name "Ada L." --user-principal-name ada@$DOMAIN --password 'Very!Long1' -o none
az ad user create --display-name Ben --user-principal-name ben@$DOMAIN --password 'Very!Long1' -o none
az identity create -g g -n web -o none
CI=$(az ad sp create-for-rbac --name ci --query appId -o tsv)
reader() { az role assignment create --assignee-object-id "$1" --assignee-principal-type $2 --role Reader --scope $GROUP -o none; }
reader $(az ad user show --id ada@$DOMAIN --query id -o tsv) User
reader $(az ad sp show --id $CI --query id -o tsv) ServicePrincipal
reader $(az identity show -g g -n web --query principalId -o tsv) ServicePrincipal
```
"#;

fn readers(steps: &str) -> String {
    format!("{READERS}\n{steps}")
}

#[track_caller]
fn output(ended: &Ended, id: &str) -> String {
    ended.step(id)["stdout"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_step_acts_as_somebody_else_and_the_next_one_does_not() {
    let text = readers(
        "<!-- docent: as=ada name=ada -->\n```bash\naz account show --query user.name -o tsv\naz group list --query '[].name' -o tsv\nexport MINE=ada AZURE_CONFIG_DIR=/nowhere\n```\n\n\
         <!-- docent: as=ci name=ci -->\n```bash\naz account show --query user.type -o tsv\naz group show -n g --query name -o tsv\naz group delete -n g --yes 2>&1 | head -n 1 || true\n```\n\n\
         <!-- docent: as=web name=web -->\n```bash\naz account show --query user.assignedIdentityInfo -o tsv | cut -c1-10\naz group list --query '[].name' -o tsv\naz login --identity --query '[].user.name' -o tsv\naz account show --query user.assignedIdentityInfo -o tsv\naz login --identity --client-id other 2>&1 | head -n 1 || true\n```\n\n\
         <!-- docent: as=ben name=ben -->\n```bash\naz account show --query name -o tsv\naz group list 2>&1 | head -n 1 || true\n```\n\n\
         <!-- docent: name=after -->\n```bash\naz account show --query user.name -o tsv | cut -d@ -f1\necho $MINE ${AZURE_CONFIG_DIR##*/}\naz login --identity 2>&1 | sed -n 1p || true\n```\n",
    );
    let ended = test_document(text, &["--masked", "ignore"]);
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    assert!(output(&ended, "ada").starts_with("ada@"), "{}", output(&ended, "ada"));
    assert!(output(&ended, "ada").ends_with("\ng\n"));
    let application = output(&ended, "ci");
    assert!(application.starts_with("servicePrincipal\ng\nERROR: (AuthorizationFailed) The client '"), "{application}");
    assert_eq!(output(&ended, "web"), "MSIClient-\ng\nsystemAssignedIdentity\nMSI\nERROR: Identity not found\n");
    assert!(output(&ended, "ben").starts_with("N/A(tenant level account)\nERROR: (SubscriptionNotFound)"), "{}", output(&ended, "ben"));
    let after = output(&ended, "after");
    assert_eq!(after, "reader\nada .azure\nERROR: The command failed with an unexpected error. Here is the traceback:\n");
}

#[test]
fn a_name_that_nobody_has_fails_at_its_line_with_the_nearest_one() {
    let text = readers("<!-- docent: as=bem -->\n```bash\naz account show\n```\n\n```bash\naz account show -o none\n```\n");
    let ended = test_document(&text, &[]);
    assert_eq!(ended.failed_lines(), [17], "{}", ended.stdout);
    let reason =
        "line 16: nobody is signed in as `bem`: the tenant has no user, application or managed identity `bem`; did you mean `Ben`?";
    assert!(ended.stdout.contains(reason), "{}", ended.stdout);
    let nowhere = test_document("# A\n\n<!-- docent: as=ada -->\n```bash\ntrue\n```\n", &["--target", "none"]);
    assert_eq!(nowhere.code, 1);
    assert!(nowhere.stdout.contains("a plain shell has nobody to sign in"), "{}", nowhere.stdout);
}

#[test]
fn a_password_signs_in_only_where_the_document_says_that_it_is_enough() {
    let step = "```bash\naz login -u ada@$DOMAIN -p 'Very!Long1' --query '[].user.name' -o tsv 2>&1 | grep -v WARNING | cut -c1-20\n```\n";
    let strict = test_document(readers(step), &["--masked", "ignore"]);
    assert!(strict.steps()[1]["stdout"].as_str().is_some_and(|text| text.starts_with("ERROR: AADSTS50076:")), "{}", strict.stdout);
    let lenient = test_document(format!("<!-- docent-file: tenant=no-mfa -->\n\n{}", readers(step)), &[]);
    assert_eq!((lenient.code, &lenient.steps()[1]["stdout"]), (0, &json!("ada@docentlab.onmicr\n")), "{}", lenient.stdout);
    let unknown = test_document(format!("<!-- docent-file: tenant=nomfa -->\n\n{}", readers(step)), &[]);
    assert_eq!(unknown.code, 3, "{}", unknown.stdout);
    assert!(unknown.stderr.contains("`nomfa` is not one of no-mfa"), "{}", unknown.stderr);
}

/// A cluster with Entra integration whose namespace `dev` the application `ci` may look at, and the owner's kubeconfig.
const CLUSTER: &str = r#"```bash
ADMINS=$(az ad group create --display-name admins --mail-nickname admins --query id -o tsv)
az ad group member add --group admins --member-id $(az ad signed-in-user show --query id -o tsv)
az aks create -g g -n k --generate-ssh-keys --enable-aad --aad-admin-group-object-ids $ADMINS -o none
az aks get-credentials -g g -n k 2>/dev/null
kubectl create namespace dev
kubectl create role pods --verb=get,list --resource=pods -n dev
kubectl create rolebinding pods --role=pods --user=$(az ad sp show --id $CI --query id -o tsv) -n dev
```
"#;

#[test]
fn kubectl_follows_and_the_trace_names_the_check_that_said_no() {
    let text = readers(CLUSTER)
        + "\n<!-- docent: as=ci name=allowed -->\n```bash\nkubectl get pods -n dev\n```\n\n\
           <!-- docent: as=ci name=refused expect-exit=1 -->\n```bash\nkubectl get secrets -n dev\n```\n\n\
           <!-- docent: name=forged expect-exit=1 -->\n```bash\nkubectl get pods --token eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln\n```\n";
    let quiet = test_document(&text, &[]);
    assert_eq!(quiet.code, 0, "{}", quiet.stdout);
    assert!(!quiet.stdout.contains("8 decision"), "{}", quiet.stdout);
    let verbose = test_document(&text, &["-v"]).stdout;
    for found in [
        "/api/v1/namespaces/dev/secrets → 403, by ",
        "1 token: issued by https://sts.windows.net/",
        "4 webhook: Entra integration is on, so the webhook is asked",
        "5 signature: issuer, audience, time and signature are right",
        "6 groups: of the token: none",
        "8 decision: Kubernetes RBAC: no binding gives the user a rule that allows it",
        "9 answer: 403 Forbidden",
        "5 signature: oidc: id token issued by a different provider",
        "9 answer: 401 Unauthorized",
    ] {
        assert!(verbose.contains(found), "{found}:\n{verbose}");
    }
    assert!(!verbose.contains("namespaces/dev/pods"), "what was allowed is not explained:\n{verbose}");
    let all = test_document(&text, &["-vv"]).stdout;
    let allowed = "8 decision: Kubernetes RBAC: allowed by RoleBinding \"pods/dev\" of Role \"pods\" to User";
    assert!(all.contains(allowed) && all.contains("/api/v1/namespaces/dev/pods → 200"), "{all}");
    let told = all.replace("eyJhbGciOiJSUzI1NiJ9", "");
    assert!(!told.contains("eyJ"), "no token is shown:\n{told}");
}

/// What `ci` does; each run begins by undoing what an earlier one left.
const WORK: &str = r#"kubectl delete configmap/note role/look -n dev --ignore-not-found
az group create -n work -l eastus -o none
az group show -n work -o none
az identity create -g work -n app -l eastus -o none
az identity federated-credential create -g work --identity-name app -n fed --issuer https://i --subject s --audiences api://AzureADTokenExchange -o none
az identity federated-credential list -g work --identity-name app -o none
az identity show -g work -n app -o none
az aks show -g g -n k -o none
az aks get-credentials -g g -n k --file mine 2>/dev/null
kubectl create configmap note --from-literal=a=b -n dev
kubectl get configmap note -n dev
kubectl create role look --verb=list --resource=configmaps -n dev
kubectl get pods -n dev
az identity delete -g work -n app
az group delete -n work --yes
"#;

/// The document in which `ci` does its work after `before`, with steps between.
fn work(before: &str, steps: &str) -> String {
    format!("{}\n```bash\ncat >work.sh <<'END'\nset -e\n{WORK}END\n{before}```\n\n{steps}", readers(CLUSTER))
}

#[test]
fn with_exactly_what_was_used_a_second_run_works_and_with_one_less_it_does_not() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let run = |text: &str, arguments: &[&str]| {
        fs::write(folder.path().join("document.md"), text).expect("a scratch file");
        docent_in(folder.path(), &[&["test", "document.md", "--report", "json=report.json"], arguments].concat())
    };
    let ci = "$(az ad sp show --id $CI --query id -o tsv)";
    let subscription = "/subscriptions/$(az account show --query id -o tsv)";
    let generous = format!(
        "az role assignment create --assignee-object-id {ci} --assignee-principal-type ServicePrincipal --role Owner --scope {subscription} -o none\n\
         kubectl create clusterrolebinding all --clusterrole=cluster-admin --user={ci}\n"
    );
    let measured = work(&generous, "<!-- docent: as=ci name=work -->\n```bash\nbash work.sh\n```\n");
    let ended = run(&measured, &["--report", "permissions=used.json"]);
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    let text = fs::read_to_string(folder.path().join("used.json")).expect("the report");
    let used: Value = serde_json::from_str(&text).expect("JSON");
    run(&measured, &["--report", "permissions=again.json"]);
    assert_eq!(fs::read_to_string(folder.path().join("again.json")).expect("the report"), text, "two runs need the same");

    let all = used["runbooks"][0]["principals"].as_array().cloned().unwrap_or_default();
    let of_it: Vec<&Value> = all.iter().filter(|entry| entry["name"] == "ci").collect();
    assert_eq!(of_it.len(), 1, "{text}");
    let mut actions: Vec<String> = Vec::new();
    let mut rules: Vec<(String, String, String)> = Vec::new();
    for entry in of_it {
        let texts = |value: &Value| value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>();
        for scope in entry["azure"].as_array().into_iter().flatten() {
            assert_eq!(scope["dataActions"], json!([]));
            actions.extend(texts(&scope["actions"]));
        }
        for place in entry["kubernetes"].as_array().into_iter().flatten() {
            assert_eq!(place["namespace"], "dev", "{place}");
            for rule in place["rules"].as_array().into_iter().flatten() {
                for (resource, verb) in texts(&rule["resources"])
                    .iter()
                    .flat_map(|kind| texts(&rule["verbs"]).into_iter().map(move |verb| (kind.clone(), verb)))
                {
                    rules.push((texts(&rule["apiGroups"])[0].clone(), resource, verb));
                }
            }
        }
    }
    actions.sort();
    actions.dedup();
    assert!(actions.len() >= 9 && rules.len() >= 6, "{actions:?} {rules:?}");

    let definition = |actions: &[String]| {
        let role = json!({"Name": "least", "Description": "-", "Actions": actions, "AssignableScopes": ["SUBSCRIPTION"]});
        role.to_string().replace("SUBSCRIPTION", &format!("'{subscription}'"))
    };
    let manifest = |rules: &[(String, String, String)]| {
        let rules: Vec<Value> =
            rules.iter().map(|(group, kind, verb)| json!({"apiGroups": [group], "resources": [kind], "verbs": [verb]})).collect();
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "least", "namespace": "dev"}, "rules": rules}).to_string()
    };
    let before = format!(
        "az role definition create --role-definition '{}' -o none\n\
         az role assignment create --assignee-object-id {ci} --assignee-principal-type ServicePrincipal --role least --scope {subscription} -o none\n\
         echo '{}' | kubectl apply -f -\nkubectl create rolebinding least --role=least --user={ci} -n dev\n\
         kubectl delete rolebinding pods -n dev\n\
         az role assignment delete --assignee $CI --role Reader --scope $GROUP\n",
        definition(&actions),
        manifest(&rules)
    );
    let mut steps = "<!-- docent: as=ci name=enough -->\n```bash\nbash work.sh\n```\n\n".to_owned();
    let mut attempts = Vec::new();
    let without = |list: &[String], index: usize| [&list[..index], &list[index + 1..]].concat();
    let refused = "bash work.sh >/dev/null 2>error && { echo it worked; exit 1; }\nhead -c 300 error\ngrep -qi -e AuthorizationFailed -e forbidden error";
    for index in (0..6).map(|part| part * actions.len() / 6) {
        let change = format!("az role definition update --role-definition '{}' -o none", definition(&without(&actions, index)));
        attempts.push((change, format!("action {}", actions[index])));
    }
    let back = format!("az role definition update --role-definition '{}' -o none\n", definition(&actions));
    for (number, index) in (0..5).map(|part| part * rules.len() / 5).enumerate() {
        let less = [&rules[..index], &rules[index + 1..]].concat();
        let back = if number == 0 { back.as_str() } else { "" };
        attempts.push((format!("{back}echo '{}' | kubectl apply -f -", manifest(&less)), format!("rule {:?}", rules[index])));
    }
    for (number, (change, _)) in attempts.iter().enumerate() {
        steps.push_str(&format!("```bash\n{change}\n```\n\n<!-- docent: as=ci name=less-{number} -->\n```bash\n{refused}\n```\n\n"));
    }
    let ended = run(&work(&before, &steps), &["--masked", "ignore"]);
    assert_eq!(ended.step("enough")["status"], "passed", "{}", ended.stdout);
    for (number, (_, what)) in attempts.iter().enumerate() {
        let step = ended.step(&format!("less-{number}"));
        assert_eq!(step["status"], "passed", "without the {what}: {}", step["stdout"]);
    }
    assert_eq!(ended.code, 0, "{}", ended.stdout);
}
