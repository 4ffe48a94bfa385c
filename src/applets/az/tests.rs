//! Whole command lines in process: what they print and how they end. Nothing here needs a server.

use crate::applets::run::tests::FakeRun;
use crate::applets::tests::started;

/// Words → (status, first line of standard error).
#[track_caller]
fn check(line: &str, status: i32, first: &str) {
    let words = shlex::split(line).expect("a shell word list");
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (ended, stdout, stderr) = started("az", &words, &[("HOME", "/nowhere")]);
    assert_eq!((ended, stderr.lines().next().unwrap_or_default(), stdout.as_str()), (status, first, ""), "az {line}");
}

#[test]
fn misspelled_commands_are_told_in_the_words_of_az() {
    let close = started("az", &["aks", "craete", "-g", "rgErr", "-n", "c"], &[]);
    let text = "ERROR: 'craete' is misspelled or not recognized by the system.\nDid you mean 'create' ?\n\n\
                https://aka.ms/cli_ref\nRead more about the command in reference docs\n";
    assert_eq!(close, (2, String::new(), text.to_owned()));
    check("keyvalt create -n x", 2, "ERROR: 'keyvalt' is misspelled or not recognized by the system.");
    check("aks nodepool xyz", 2, "ERROR: 'xyz' is misspelled or not recognized by the system.");
    check("aks", 2, "ERROR: the following arguments are required: _subcommand");
    check("keyvault secret", 2, "ERROR: the following arguments are required: _subcommand");
    check("-o tsv group list", 2, "ERROR: 'list' is misspelled or not recognized by the system.");
    let pointer = |words: &[&str], setting| {
        let (_, _, stderr) = started("az", words, &[("AZURE_EXTENSION_USE_DYNAMIC_INSTALL", setting)]);
        stderr.lines().nth(1).is_some_and(|line| line.starts_with("If the command is from an extension, please"))
    };
    assert!(pointer(&["keyvalt", "create"], "no"));
    assert!(!pointer(&["keyvalt", "create"], "yes_prompt"));
    assert!(!pointer(&["aks", "nodepool", "xyz"], "no"));
}

#[test]
fn what_is_not_emulated_is_refused_by_name_and_told_to_the_run() {
    check("vm create -n x", 1, "ERROR: docent's built-in az does not emulate `az vm create`.");
    check("aks create -g g -n n --enable-keda", 1, "ERROR: docent's built-in az does not emulate `az aks create --enable-keda`.");
    let run = FakeRun::start();
    started("az", &["vm", "create"], &[("DOCENT_RUN_URL", &run.url)]);
    let asked = run.asked();
    assert_eq!(asked[0], r#"POST /unsupported {"what":"az vm create","kind":"command","workaround":"--cli system"}"#);
    assert!(asked[1].starts_with(r#"POST /exit {"argv":["az","vm","create"],"status":1,"message":"ERROR: docent's"#), "{asked:?}");
}

#[test]
fn a_command_line_that_succeeds_tells_the_run_nothing() {
    let run = FakeRun::start();
    let (status, stdout, _) = started("az", &["version", "--query", "\"azure-cli\"", "-o", "tsv"], &[("DOCENT_RUN_URL", &run.url)]);
    assert_eq!((status, stdout.as_str()), (0, "2.91.0\n"));
    assert_eq!(run.asked(), Vec::<String>::new());
}

#[test]
fn who_is_not_signed_in_is_told_so() {
    check("account show", 1, "ERROR: Please run 'az login' to setup account.");
    check("group list", 1, "ERROR: Please run 'az login' to setup account.");
    let (status, stdout, stderr) = started("az", &["account", "list"], &[("HOME", "/nowhere")]);
    assert_eq!((status, stdout.as_str()), (0, "[]\n"));
    assert_eq!(stderr, "WARNING: Please run \"az login\" to access your accounts.\n");
}

#[test]
fn nobody_is_asked_to_sign_in_with_a_browser() {
    check("login", 1, "ERROR: docent's built-in az does not emulate `az login (interactive)`.");
    check("login --use-device-code", 1, "ERROR: docent's built-in az does not emulate `az login (interactive)`.");
}

#[test]
fn what_the_client_refuses_ends_with_one() {
    check(
        "role assignment create --assignee '' --role R --scope /s",
        1,
        "ERROR: usage error: --assignee can't be an empty string. Either omit it or provide a non-empty string.",
    );
    check(
        "role assignment create --assignee a --assignee-object-id b --role r --scope /s",
        1,
        "ERROR: usage error: --assignee STRING | --assignee-object-id GUID",
    );
    check("keyvault secret set --vault-name v -n s", 1, "ERROR: incorrect usage: [Required] --value VALUE | --file PATH");
    check("group delete -n x", 1, "WARNING: Unable to prompt for confirmation as no tty available. Use --yes.");
    check("aks get-credentials -g g -n n --format x --admin", 1, "ERROR: --format can only be azure or exec.");
    check("keyvault show", 1, "ERROR: The HSM 'None' not found within subscription.");
    check("keyvault show -n ''", 1, "ERROR: The HSM 'None' not found within subscription.");
    check("keyvault create -g g -n ''", 1, "ERROR: Please specify --vault-name or --hsm-name.");
    for rest in ["set -n a --value b", "show -n a", "list"] {
        check(&format!("keyvault secret {rest} --vault-name ''"), 1, "ERROR: URL has an invalid label.");
    }
    check("keyvault show -g g", 1, "ERROR: Please specify --vault-name or --hsm-name.");
    let name = "ERROR: --name cannot exceed 63 characters and can only contain letters, numbers, underscores (_) or dashes (-).";
    for bad in ["''", "'a b'", "a_", &"a".repeat(64)] {
        check(&format!("aks create -g g -n {bad}"), 1, name);
    }
    let version =
        "ERROR: --kubernetes-version should be the full version number or major.minor version number, such as \"1.7.12\" or \"1.7\"";
    check("aks create -g g -n n -k 1.x", 1, version);
    check("aks create -g g -n n -k v1", 1, version);
    check("aks create -g g -n n --nodepool-name a-b", 1, "ERROR: --nodepool-name should contain only alphanumeric characters");
    check("aks create -g g -n n --nodepool-name abcdefghijklm", 1, "ERROR: --nodepool-name can contain at most 12 characters");
    check("keyvault secret set --vault-name v -n s --file nosuchfile", 2, "ERROR: [Errno 2] No such file or directory: 'nosuchfile'");
    check("identity show -n x", 1, "ERROR: InvalidArgumentValue: Missing required field: --resource-group");
    check("login --service-principal", 1, "ERROR: usage error: --service-principal --username NAME --password SECRET --tenant TENANT");
}

#[test]
fn the_environment_gives_formats_and_defaults() {
    let (_, stdout, _) = started("az", &["version"], &[("AZURE_CORE_OUTPUT", "tsv")]);
    assert_eq!(stdout, "2.91.0\t2.91.0\t1.1.0\t\n");
    let (status, _, stderr) = started("az", &["aks", "show", "-n", "c"], &[("AZURE_DEFAULTS_GROUP", "g"), ("HOME", "/nowhere")]);
    assert_eq!((status, stderr.as_str()), (1, "ERROR: Please run 'az login' to setup account.\n"));
}

#[test]
fn help_names_what_is_emulated_and_what_is_not() {
    let (status, stdout, _) = started("az", &["group", "--help"], &[]);
    assert_eq!(status, 0);
    assert!(stdout.contains("Emulated below `az group`: create, delete, exists, list, show\n"), "{stdout}");
    assert!(stdout.contains("(--cli system): deployment, export, lock, update, wait\n"), "{stdout}");
    let (_, stdout, _) = started("az", &["group", "create", "-h"], &[]);
    assert!(stdout.contains("  --name --resource-group -n -g VALUE  (required)\n"), "{stdout}");
}

#[test]
fn a_table_of_an_object_has_its_plain_fields() {
    let (_, stdout, _) = started("az", &["version", "-o", "table"], &[]);
    let expected = "Azure-cli    Azure-cli-core    Azure-cli-telemetry\n-----------  ----------------  ---------------------\n2.91.0       2.91.0            1.1.0\n";
    assert_eq!(stdout, expected);
}
