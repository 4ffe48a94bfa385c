//! What a document leaves behind in Azure, told with the line that made it; and who may say that it stays.

use std::fs;

use serde_json::Value;

use crate::support::{docent_in, test_document};

/// Creates a group with a vault and a role for the whole subscription.
const CREATE: &str = concat!(
    "# A\n\n```bash\nNAME=demo-1\naz group create -n \"$NAME\" -l westeurope -o none\naz keyvault create -n docent-kv-17 -g $NAME -o none\n",
    "ID=$(az identity create -n worker -g $NAME --query principalId -o tsv)\n",
    "az role assignment create --assignee-object-id $ID --assignee-principal-type ServicePrincipal --role Reader \\\n",
    "  --scope \"/subscriptions/$(az account show --query id -o tsv)\" -o none\n```\n\n",
);

fn leftovers(report: &Value) -> Vec<String> {
    let one = |left: &Value| {
        format!("{} {} {} {}", left["kind"].as_str().unwrap_or(""), left["name"].as_str().unwrap_or(""), left["line"], left["removed"])
    };
    report["runbooks"][0]["leftovers"].as_array().into_iter().flatten().map(one).collect()
}

#[test]
fn a_document_that_cleans_up_hears_what_it_has_forgotten_and_where_that_was_made() {
    let text = format!("{CREATE}<!-- docent: cleanup -->\n```bash\naz group delete -n $NAME --yes\n```\n");
    let ended = test_document(&text, &[]);
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    let role = "role assignment Reader for the whole subscription";
    assert!(
        ended.stdout.contains(&format!("advice left behind: {role} (line 8); it does not go with any resource group")),
        "{}",
        ended.stdout
    );
    assert!(ended.stdout.contains("advice left behind: soft-deleted key vault docent-kv-17 (line 6)"), "{}", ended.stdout);
    assert!(!ended.stdout.contains("resource group demo-1"), "{}", ended.stdout);
    assert_eq!(leftovers(&ended.report), [format!("{role} 8 true"), "soft-deleted key vault docent-kv-17 6 false".to_owned()]);
}

#[test]
fn what_no_step_promises_to_remove_is_only_in_the_report() {
    let ended = test_document(CREATE, &[]);
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    assert!(!ended.stdout.contains("left behind"), "{}", ended.stdout);
    let found = leftovers(&ended.report);
    assert_eq!(found[0], "resource group demo-1 5 true", "{found:?}");
    // Removing the group leaves the vault's name behind.
    assert_eq!(found.last().map(String::as_str), Some("soft-deleted key vault docent-kv-17 null false"), "{found:?}");
    assert_eq!(ended.report["runbooks"][0]["leftovers"][0]["stays"], false);
    let kept = test_document(CREATE, &["--cleanup", "never"]);
    assert_eq!(leftovers(&kept.report)[0], "resource group demo-1 5 false");
}

#[test]
fn what_a_document_makes_in_the_directory_is_in_the_ledger_and_goes_with_the_run() {
    let text = concat!(
        "# A\n\n```bash\nUSER_ID=$(az ad user create --display-name Ana --user-principal-name ana@docentlab.onmicrosoft.com --password 'Xy7-pass-word' --query id -o tsv)\n",
        "az ad group create --display-name crew --mail-nickname crew -o none\naz ad group member add --group crew --member-id $USER_ID\n```\n\n",
        "```bash\nSUBSCRIPTION=$(az account show --query id -o tsv)\n",
        "az ad sp create-for-rbac --name deployer --role Contributor --scopes /subscriptions/$SUBSCRIPTION -o none\n",
        "cat >role.json <<END\n{\"Name\": \"Reads Groups\", \"Description\": \"d\", \"Actions\": [\"Microsoft.Resources/subscriptions/resourceGroups/read\"], \"AssignableScopes\": [\"/subscriptions/$SUBSCRIPTION\"]}\nEND\n",
        "az role definition create --role-definition @role.json -o none\n```\n"
    );
    let expected = |removed: bool| {
        vec![
            format!("role assignment Contributor for the whole subscription 11 {removed}"),
            format!("custom role Reads Groups 11 {removed}"),
            format!("app registration deployer 11 {removed}"),
            format!("user ana@docentlab.onmicrosoft.com 4 {removed}"),
            format!("group of the directory crew 5 {removed}"),
        ]
    };
    let ended = test_document(text, &[]);
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    assert_eq!(leftovers(&ended.report), expected(true));
    assert_eq!(leftovers(&test_document(text, &["--cleanup", "never"]).report), expected(false));
}

#[test]
fn what_cannot_be_removed_is_told_and_the_status_is_5_when_nothing_failed() {
    let text = "# A\n\n```bash\naz group create -n demo -l westeurope -o none\naz lock create -n keep --lock-type CanNotDelete -g demo -o none\n```\n";
    let ended = test_document(text, &[]);
    assert_eq!(ended.code, 5, "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("left behind: resource group demo (line 4); The scope '/subscriptions/"), "{}", ended.stdout);
    let left = &ended.report["runbooks"][0]["leftovers"][0];
    assert!(left["reason"].as_str().is_some_and(|reason| reason.contains("Please remove the lock")) && left["removed"] == false, "{left}");
    assert!(test_document(text, &["-q"]).stdout.contains("left behind: resource group demo"));
    // Failures weigh more, leftovers more than what could not be run; and what is to stay is no failure to remove it.
    let failed = test_document(format!("{text}\n```bash\nfalse\n```\n"), &[]);
    assert!(failed.code == 1 && failed.stdout.contains("left behind: resource group demo"), "{}", failed.stdout);
    assert_eq!(test_document(format!("{text}\n```bash\nno-such-program-here\n```\n"), &[]).code, 5);
    assert_eq!(test_document(text, &["--cleanup", "never"]).code, 0);
    let clean = format!("{text}\n<!-- docent: cleanup -->\n```bash\naz lock delete -n keep -g demo\n```\n");
    assert_eq!(test_document(clean, &[]).code, 0);
}

#[test]
fn a_cleanup_step_that_forgets_the_group_hears_of_it() {
    let ended = test_document(format!("{CREATE}<!-- docent: cleanup -->\n```bash\necho bye\n```\n"), &[]);
    assert!(ended.stdout.contains("advice left behind: resource group demo-1 (line 5)"), "{}", ended.stdout);
}

#[test]
fn a_file_beside_the_documents_may_not_keep_docent_from_cleaning_up() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    fs::write(folder.path().join("a.md"), "```bash\necho ran\n```\n").expect("a scratch file");
    for (policy, code) in [("always", 0), ("on-success", 2), ("never", 2)] {
        fs::write(folder.path().join("docent.toml"), format!("cleanup = \"{policy}\"\n")).expect("a scratch file");
        let ended = docent_in(folder.path(), &["test", "a.md", "--target", "none"]);
        assert_eq!(ended.code, code, "{policy}: {}{}", ended.stdout, ended.stderr);
        assert_eq!(docent_in(folder.path(), &["test", "a.md", "--target", "none", "--config", "docent.toml"]).code, 0, "{policy}");
    }
}
