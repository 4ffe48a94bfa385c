//! `docent lint` and `docent explain` as a user meets them.

use std::{fs, path::PathBuf};

use serde_json::Value;

use crate::support::{docent_in, root, shared};

/// `line: code` of what `docent lint --format json` finds in a document.
fn found_in(text: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a scratch folder");
    fs::write(folder.path().join("document.md"), text).expect("a scratch file");
    let ended = docent_in(folder.path(), &["lint", "document.md", "--format", "json"]);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", ended.stdout, ended.stderr));
    let findings = report["runbooks"][0]["findings"].as_array().cloned().unwrap_or_default();
    let serious = findings.iter().any(|found| found["severity"] != "advice");
    assert_eq!(ended.code, i32::from(serious), "{}", ended.stdout);
    findings.iter().map(|found| format!("{}: {}", found["line"], found["code"].as_str().unwrap_or_default())).collect()
}

#[test]
fn our_own_documents_have_no_warning() {
    for path in ["runbooks", "README.md", "docs"] {
        let ended = docent_in(root(), &["lint", path]);
        assert_eq!(ended.code, 0, "{path}:\n{}{}", ended.stdout, ended.stderr);
        assert!(ended.stdout.contains("nothing was run"), "{}", ended.stdout);
    }
}

#[test]
fn our_runbooks_have_no_finding_but_those_that_they_show_on_purpose() {
    let ended = docent_in(root(), &["lint", "runbooks", "--format", "json"]);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", ended.stdout, ended.stderr));
    let runbooks = report["runbooks"].as_array().cloned().unwrap_or_default();
    assert!(runbooks.len() >= 5, "{}", ended.stdout);
    let found = runbooks.iter().flat_map(|runbook| {
        let findings = runbook["findings"].as_array().cloned().unwrap_or_default();
        findings
            .into_iter()
            .map(|found| format!("{}: {}", runbook["path"].as_str().unwrap_or_default(), found["code"].as_str().unwrap_or_default()))
    });
    assert_eq!(found.collect::<Vec<_>>(), ["runbooks/failing/capture-that-catches-nothing.md: empty-query"]);
}

#[test]
fn the_article_s_defects_are_found_without_a_run() {
    let Some(file) = shared("the_article_s_defects_are_found_without_a_run", "seeds/aks-workload-identity.es.md") else { return };
    let found = found_in(&fs::read_to_string(file).expect("the article is text"));
    // The article stands alone here, without the one that it links.
    let expected = [
        "28: missing-prerequisite",
        "44: resource-left-behind",
        "101: masked-capture",
        "272: undefined-variable",
        "277: empty-query",
        "335: broken-here-document",
    ];
    assert_eq!(found, expected);
}

/// Variables that published documents use and never set, in the revision of June 2025: path below `scenarios/`, line, variable.
const MISTAKES: [(&str, u64, &str); 11] = [
    ("azure-aks-docs/articles/aks/workload-identity-deploy-cluster.md", 264, "KEYVAULT_RESOURCE_GROUP"),
    ("azure-aks-docs/articles/aks/create-postgresql-ha.md", 58, "SUFFIX"),
    ("DeployHAPGOnAKSTerraform/deploy-ha-pg-on-aks-terraform.md", 82, "POSTGRES_DATABASE_NAME"),
    ("azure-aks-docs/articles/aks/use-labels.md", 29, "REGION"),
    ("azure-management-docs/articles/azure-linux/tutorial-azure-linux-create-cluster.md", 42, "RESOURCE_GROUP_NAME"),
    ("azure-management-docs/articles/azure-linux/tutorial-azure-linux-create-cluster.md", 68, "CLUSTER_NAME"),
    ("azure-aks-docs/articles/aks/workload-identity-migrate-from-pod-identity.md", 78, "MY_AKS_CLUSTER_NAME"),
    ("azure-aks-docs/articles/aks/enable-host-encryption.md", 70, "MY_AKS_CLUSTER"),
    ("AksOpenAiTerraform/README.md", 15, "REGION"),
    ("SupportArticles-docs/support/azure/azure-kubernetes/connectivity/tcp-timeouts-dial-tcp-nodeip-10250-io-timeout.md", 35, "POD_NAME"),
    (
        "SupportArticles-docs/support/azure/azure-kubernetes/availability-performance/node-not-ready-custom-script-extension-errors.md",
        113,
        "AVAILABILITY_SET_VM",
    ),
];

#[test]
#[expect(clippy::print_stderr, reason = "what was skipped, and why, must be seen")]
fn mistakes_of_published_documents_are_found_at_their_lines() {
    let Some(documents) = std::env::var_os("DOCENT_EXECUTABLE_DOCS").map(PathBuf::from) else {
        eprintln!(
            "skipped mistakes_of_published_documents_are_found_at_their_lines: \
             DOCENT_EXECUTABLE_DOCS names no checkout of MicrosoftDocs/executable-docs"
        );
        return;
    };
    let missed = MISTAKES.iter().filter(|(path, line, variable)| {
        let path = documents.join("scenarios").join(path);
        let ended = docent_in(root(), &["lint", path.to_str().expect("a path of ours"), "--format", "json"]);
        let report: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", ended.stdout, ended.stderr));
        let findings = report["runbooks"][0]["findings"].as_array().cloned().unwrap_or_default();
        let variable = format!("`{variable}`");
        !findings.iter().any(|found| found["line"] == *line && found["message"].as_str().is_some_and(|text| text.starts_with(&variable)))
    });
    assert_eq!(missed.collect::<Vec<_>>(), Vec::<&(&str, u64, &str)>::new());
}

#[test]
fn findings_of_the_parser_and_of_the_rules_come_together_in_document_order() {
    let text = "# A\n\n```bach\nls\n```\n\n```bash\necho $B\n```\n";
    assert_eq!(found_in(text), ["3: near-miss-tag", "8: undefined-variable"]);
    assert!(found_in("# A\n\n```bash\necho\n```\n").is_empty());
}

#[test]
fn rules_are_switched_off_by_flag_and_file_and_by_their_right_names_only() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    fs::write(folder.path().join("a.md"), "# A\n\n```bash\necho $B\n```\n").expect("a scratch file");
    assert_eq!(docent_in(folder.path(), &["lint", "a.md"]).code, 1);
    assert_eq!(docent_in(folder.path(), &["lint", "a.md", "--disable", "undefined-variable"]).code, 0);
    fs::write(folder.path().join("docent.toml"), "[lint]\ndisable = [\"undefined-variable\"]\n").expect("a scratch file");
    assert_eq!(docent_in(folder.path(), &["lint", "a.md"]).code, 0);
    fs::write(folder.path().join("docent.toml"), "[lint]\ndisable = [\"undefined-varible\"]\n").expect("a scratch file");
    let ended = docent_in(folder.path(), &["lint", "a.md"]);
    assert!(ended.code == 2 && ended.stderr.contains("did you mean `undefined-variable`"), "{}", ended.stderr);
}

#[test]
fn every_code_can_be_explained_and_the_manual_lists_every_rule() {
    let manual = fs::read_to_string(root().join("docs/linting.md")).expect("the manual has a page");
    let list = docent_in(root(), &["explain"]);
    assert_eq!(list.code, 0, "{}", list.stderr);
    for line in list.stdout.lines() {
        let code = line.split(' ').next().unwrap_or_default();
        assert!(docent::runbook::defect(code).is_some() || manual.contains(&format!("`{code}`")), "{code} is not in docs/linting.md");
        let page = docent_in(root(), &["explain", code]);
        assert!(page.code == 0 && page.stdout.len() > code.len() + 40, "{code}: {}", page.stdout);
    }
    assert!(list.stdout.lines().count() > 40, "{}", list.stdout);
}

#[test]
fn mends_are_shown_first_and_made_when_asked() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().expect("a scratch folder");
    let file = folder.path().join("a.md");
    let broken = "# A\r\n\r\n```bach\r\naz group delete –n a\r\n```\r\n\r\n```bash\r\necho $B\r\n```\r\n";
    fs::write(&file, broken).expect("a scratch file");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("permissions");
    symlink("a.md", folder.path().join("link.md")).expect("a link");

    let shown = docent_in(folder.path(), &["lint", "a.md", "--diff", "--disable", "carriage-return"]);
    assert_eq!(shown.code, 1, "{}", shown.stderr);
    assert!(shown.stdout.contains("-az group delete –n a\r\n+```bash\r\n"), "{}", shown.stdout);
    assert_eq!(fs::read_to_string(&file).expect("text"), broken, "nothing is changed");

    let mended = docent_in(folder.path(), &["lint", "link.md", "--fix", "--disable", "carriage-return"]);
    let expected = broken.replace("bach", "bash").replace("–n a", "-n a --yes");
    assert_eq!(fs::read_to_string(&file).expect("text"), expected, "{}", mended.stdout);
    assert!(mended.stdout.contains("fixed[near-miss-tag]: link.md:3:1: "), "{}", mended.stdout);
    assert!(mended.stdout.contains("1 document · 3 fixed · 0 errors · 1 warning · 0 advice; nothing was run"), "{}", mended.stdout);
    assert_eq!(mended.code, 1, "the undefined variable is left");
    assert_eq!(fs::metadata(&file).expect("metadata").permissions().mode() & 0o777, 0o640);
    assert!(fs::symlink_metadata(folder.path().join("link.md")).expect("metadata").is_symlink());
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 2, "no scratch file is left");

    let again = docent_in(folder.path(), &["lint", "a.md", "--fix", "--disable", "carriage-return", "--disable", "undefined-variable"]);
    assert!(again.code == 0 && !again.stdout.contains("fixed"), "{}", again.stdout);
}

#[test]
fn a_read_only_file_is_not_mended() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a scratch folder");
    let file = folder.path().join("a.md");
    fs::write(&file, "```bach\nls\n```\n").expect("a scratch file");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o440)).expect("permissions");
    let ended = docent_in(folder.path(), &["lint", "a.md", "--fix"]);
    assert!(ended.code == 4 && ended.stderr.contains("read-only"), "{}", ended.stderr);
}

#[test]
fn rules_get_levels_from_flag_and_file_and_failing_has_a_threshold() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    fs::write(folder.path().join("a.md"), "# A\n\n```bash\nexport A=$(az group list)\necho $B $A\n```\n").expect("a scratch file");
    let levels = |arguments: &[&str]| {
        let ended = docent_in(folder.path(), &[&["lint", "a.md", "--format", "json"], arguments].concat());
        let report: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {}", ended.stderr));
        let findings = report["runbooks"][0]["findings"].as_array().cloned().unwrap_or_default();
        let told =
            findings.iter().map(|found| format!("{} {}", found["severity"].as_str().unwrap_or(""), found["code"].as_str().unwrap_or("")));
        (ended.code, told.collect::<Vec<_>>())
    };
    assert_eq!(levels(&[]), (1, vec!["advice masked-capture".to_owned(), "warning undefined-variable".to_owned()]));
    assert_eq!(levels(&["--fail-on", "error"]).0, 0);
    assert_eq!(levels(&["--select", "masked-capture"]), (0, vec!["advice masked-capture".to_owned()]));
    assert_eq!(levels(&["--select", "masked-capture", "--fail-on", "advice"]).0, 1);
    fs::write(folder.path().join("docent.toml"), "[lint]\nmasked-capture = \"error\"\nundefined-variable = \"off\"\n").expect("a file");
    assert_eq!(levels(&["--fail-on", "error"]), (1, vec!["error masked-capture".to_owned()]));
    assert_eq!(levels(&["--level", "masked-capture=off"]), (0, vec![]));
    for (wrong, told) in [
        ("masked-captur = \"off\"", "did you mean `masked-capture`?"),
        ("masked-capture = \"of\"", "not one of error, warning, advice, off"),
        ("masked-capture = [\"off\"]", "a rule has a level"),
        ("invalid-regex = \"off\"", "stays an error"),
        ("disable = [\"invalid-regex\"]", "stays an error"),
        ("disable = 3", "expected `disable"),
    ] {
        fs::write(folder.path().join("docent.toml"), format!("[lint]\n{wrong}\n")).expect("a file");
        let ended = docent_in(folder.path(), &["lint", "a.md"]);
        assert!(ended.code == 2 && ended.stderr.contains(told), "{wrong}: {}", ended.stderr);
    }
}

#[test]
fn code_scanners_get_a_log_with_the_pages_of_what_was_found() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    fs::write(folder.path().join("a.md"), "# A\n\n```bash\necho $B\n```\n").expect("a scratch file");
    let ended = docent_in(folder.path(), &["lint", "a.md", "--format", "sarif"]);
    let log: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    let rule = &log["runs"][0]["tool"]["driver"]["rules"][0];
    assert_eq!(rule["id"], "undefined-variable");
    assert!(rule["help"]["text"].as_str().is_some_and(|page| page.len() > 80), "{rule}");
    assert_eq!(log["runs"][0]["results"].as_array().map(Vec::len), Some(1));
}

/// A repository in which `guide.md` was written, changed, renamed and changed again.
fn repository() -> Option<tempfile::TempDir> {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let git = |words: &[&str]| {
        let mut command = std::process::Command::new("git");
        command.arg("-C").arg(folder.path()).args(["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "init.defaultBranch=main"]);
        command.env("GIT_AUTHOR_DATE", "2024-05-03T00:00:00Z").env("GIT_COMMITTER_DATE", "2024-05-03T00:00:00Z");
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").args(words).output().ok().filter(|output| output.status.success())
    };
    git(&["init", "-q"])?;
    let blocks: String = (1..20).map(|number| format!("```bash\necho step {number}\n```\n\n")).collect();
    let commit = |name: &str, text: String| {
        fs::write(folder.path().join(name), text).expect("a scratch file");
        git(&["add", "-A"]).and_then(|_| git(&["commit", "-q", "-m", "x"]))
    };
    commit("old.md", format!("# A\n\n{blocks}"))?;
    commit("old.md", format!("# A\n\n{}", blocks.replace("step 7", "step seven")))?;
    git(&["mv", "old.md", "guide.md"])?;
    commit("guide.md", format!("# A\n\n{}", blocks.replace("step 7", "step seven").replace("step 9\n", "step 9\nls\n")))?;
    fs::write(folder.path().join("guía.md"), format!("# Á\n\n{}", blocks.replace("step 7", "step seven"))).expect("a scratch file");
    Some(folder)
}

#[test]
fn a_translation_is_compared_with_its_source_and_its_history() {
    let Some(folder) = repository() else { return };
    let plain = docent_in(folder.path(), &["lint", "--against", "guide.md", "guía.md"]);
    assert_eq!(plain.code, 1, "{}", plain.stderr);
    assert!(
        plain.stdout.contains("statement-missing") && plain.stdout.contains("`ls` is missing here (line 37 of the source)"),
        "{}",
        plain.stdout
    );
    let with_history = docent_in(folder.path(), &["lint", "--against", "guide.md", "guía.md", "--git"]);
    let told = "guía.md: made from old.md as of 2024-05-03 (";
    assert!(with_history.stdout.starts_with(told), "{}{}", with_history.stdout, with_history.stderr);
    assert!(with_history.stdout.contains("1 commit behind, the last of 2024-05-03; 1 statement changed since"), "{}", with_history.stdout);
    let json = docent_in(folder.path(), &["lint", "--against", "guide.md", "guía.md", "--git", "--format", "json"]);
    let report: Value = serde_json::from_str(&json.stdout).expect("JSON");
    let origin = &report["runbooks"][0]["origin"];
    assert_eq!((&origin["exact"], &origin["commits_behind"], &origin["path"]), (&true.into(), &1.into(), &"old.md".into()));
    // The source may be gone by now.
    fs::remove_file(folder.path().join("guide.md")).expect("the file was there");
    let gone = docent_in(folder.path(), &["lint", "--against", "guide.md", "guía.md", "--git"]);
    assert!(gone.code == 1 && gone.stdout.starts_with(told), "{}{}", gone.stdout, gone.stderr);
    assert_eq!(docent_in(folder.path(), &["lint", "--against", "guide.md", "guía.md"]).code, 3);
}

#[test]
fn a_source_without_a_history_is_said_to_have_none() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    fs::write(folder.path().join("a.md"), "```bash\nls\n```\n").expect("a scratch file");
    let same = docent_in(folder.path(), &["lint", "--against", "a.md", "a.md"]);
    assert!(same.code == 0 && same.stdout.contains("0 errors · 0 warnings · 0 advice; nothing was run"), "{}", same.stdout);
    let ended = docent_in(folder.path(), &["lint", "--against", "a.md", "a.md", "--git"]);
    // The scratch folder may lie in somebody's repository; then the file is not in its history.
    let told = ended.stderr.contains("is in no git repository")
        || ended.stderr.contains("has no history")
        || ended.stderr.contains("git is not on PATH");
    assert!(ended.code != 0 && told, "{}: {}", ended.code, ended.stderr);
    let folder_given = docent_in(folder.path(), &["lint", "--against", "a.md", "."]);
    assert!(folder_given.code == 2 && folder_given.stderr.contains("is a folder"), "{}", folder_given.stderr);
}

#[test]
fn a_document_switches_rules_off_for_a_step_for_a_range_and_for_itself() {
    let step = "<!-- docent: lint-disable=undefined-variable,promt-sign -->\n```bash\necho $A\n```\n\n```bash\necho $B\n```\n";
    assert_eq!(found_in(step), ["1: unknown-lint-rule", "7: undefined-variable"]);
    let range = format!("<!-- docent-begin: lint-disable=undefined-variable,prompt-sign -->\n\n{}\n<!-- docent-end -->\n", &step[59..]);
    assert_eq!(found_in(&range), ["1: unused-lint-switch"]);
    assert!(found_in(&format!("<!-- docent-file: lint-disable=undefined-variable -->\n\n{}", &step[59..])).is_empty());
    let error =
        "<!-- docent-file: lint-disable=invalid-regex -->\n\n```bash\nls\n```\n\n<!-- expected_similarity=\"(\" -->\n```output\n```\n";
    assert_eq!(found_in(error), ["1: unknown-lint-rule", "7: invalid-regex"]);
}
