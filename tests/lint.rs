//! `docent lint` and `docent explain` as a user meets them.

use std::fs;

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
fn the_article_s_defects_are_found_without_a_run() {
    let Some(file) = shared("the_article_s_defects_are_found_without_a_run", "seeds/aks-workload-identity.es.md") else { return };
    let found = found_in(&fs::read_to_string(file).expect("the article is text"));
    let expected = ["101: masked-capture", "272: undefined-variable", "277: empty-query", "335: broken-here-document"];
    assert_eq!(found, expected);
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
        assert!(docent::runbook::defect(code).is_some() || manual.contains(&format!("| `{code}` |")), "{code} is not in docs/linting.md");
        let page = docent_in(root(), &["explain", code]);
        assert!(page.code == 0 && page.stdout.len() > code.len() + 40, "{code}: {}", page.stdout);
    }
    assert!(list.stdout.lines().count() > 40, "{}", list.stdout);
}
