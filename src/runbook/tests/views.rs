//! Tabs and zones: which steps a reader sees who chooses nothing, or something.

use super::{check, read};
use crate::runbook::{TargetName, View, resolve};

/// Whole documents with `@X` for a tab heading of level 3 and `$X` for a step; answers what runs.
#[track_caller]
fn runs(markdown: &str, tabs: &[&str], zones: &[&str], expected: &str) {
    let markdown: String = markdown
        .lines()
        .map(|line| match (line.strip_prefix('@'), line.strip_prefix('$')) {
            (Some(tab), _) => format!("### [{tab}](#tab/{tab})\n\n"),
            (_, Some(step)) => format!("```bash\n{step}\n```\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let (runbook, diagnostics) = read(&markdown);
    assert_eq!(diagnostics, [], "{markdown}");
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let view = View { target: TargetName::None, tabs: owned(tabs), zones: owned(zones) };
    let resolved = resolve(&runbook, &view);
    let running: Vec<&str> =
        resolved.steps.iter().filter(|step| step.directives.skip.is_none()).map(|step| step.script.trim_end()).collect();
    assert_eq!(
        running.join(" "),
        expected,
        "{markdown}\n{:?}",
        resolved.steps.iter().map(|step| &step.directives.skip).collect::<Vec<_>>()
    );
}

const TABS: &str = "$0\n@portal\ntexto\n@cli\n$1\n@ps\n$2\n\n---\n$3\n@ps\n$4\n@cli\n$5\n\n---\n$6\n";

#[test]
fn the_first_tab_with_a_step_runs_and_later_groups_follow_it() {
    runs(TABS, &[], &[], "0 1 3 5 6");
    runs(TABS, &["ps"], &[], "0 2 3 4 6");
    runs(TABS, &["portal"], &[], "0 3 4 6");
    // The first that a group has is meant.
    runs(TABS, &["nirgends", "cli"], &[], "0 1 3 5 6");
    runs(&format!("<!-- docent-file: tab=PS -->\n{TABS}"), &[], &[], "0 2 3 4 6");
    runs(&format!("<!-- docent-file: tab=ps -->\n{TABS}"), &["cli"], &[], "0 1 3 5 6");
}

#[test]
fn a_step_that_is_left_out_says_which_flag_runs_it() {
    let (runbook, _) = read(
        "### [A](#tab/a)\n```bash\n1\n```\n### [B](#tab/b)\n```bash\n2\n```\n\n---\n::: zone pivot=\"x,y\"\n```bash\n3\n```\n::: zone-end\n::: zone pivot=\"z\"\n```bash\n4\n```\n::: zone-end\n",
    );
    let resolved = resolve(&runbook, &View::of(TargetName::Live));
    let why: Vec<_> = resolved.steps.iter().map(|step| step.directives.skip.as_deref()).collect();
    assert_eq!(
        why,
        [None, Some("in the tab b, and a is open; --tab b runs it"), None, Some("in the zone z, and x is open; --zone z runs it")]
    );
    // Nothing conditional is left.
    assert_eq!(resolve(&resolved, &View { tabs: vec!["b".to_owned()], ..View::of(TargetName::Live) }), resolved);
}

#[test]
fn tabs_may_nest_depend_on_another_and_have_several_names() {
    let nested = "@a\n#### [X](#tab/x)\n$1\n#### [Y](#tab/y)\n$2\n\n---\n$3\n@b\n$4\n\n---\n$5\n";
    runs(nested, &[], &[], "1 3 5");
    runs(nested, &["y"], &[], "2 3 5");
    runs(nested, &["b", "y"], &[], "4 5");
    let dependent = "@linux\n$1\n@mac\n$2\n\n---\n@a/linux\n$3\n@a/mac\n$4\n@b\n$5\n\n---\n";
    runs(dependent, &[], &[], "1 3");
    runs(dependent, &["mac"], &[], "2 4");
    runs(dependent, &["mac", "b"], &[], "2 5");
    runs("@linux+mac\n$1\n@windows\n$2\n\n---\n", &["mac"], &[], "1");
}

#[test]
fn tabs_in_lists_and_quotes_are_tabs() {
    let (runbook, diagnostics) = read(
        "1. a\n\n   ### [Bash](#tab/in-bash)\n\n   ```bash\n   1\n   ```\n\n   ### [PowerShell](#tab/in-powershell)\n\n   ```bash\n   2\n   ```\n\n   ---\n\n2. b\n\n> ### [B](#tab/in-bash)\n> ```sh\n> 3\n> ```\n>\n> ---\n",
    );
    assert_eq!(diagnostics, []);
    let resolved = resolve(&runbook, &View::of(TargetName::None));
    let running: Vec<bool> = resolved.steps.iter().map(|step| step.directives.skip.is_none()).collect();
    assert_eq!(running, [true, false, true]);
}

#[test]
fn tabs_in_a_list_within_a_tab_are_a_group_of_their_own_whatever_their_level() {
    let list = "1. x\n\n   ### [CLI](#tab/cli)\n   ```bash\n   1\n   ```\n\n   ### [PS](#tab/ps)\n   ```bash\n   2\n   ```\n";
    let text = format!("@a\n{list}@b\n{}\n\n---\n$5\n", list.replace('1', "3").replace("\n   2", "\n   4").replace("3.", "1."));
    runs(&text, &[], &[], "1 5");
    runs(&text, &["b", "ps"], &[], "4 5");
    // The line that ends a group may stand outside of the list.
    runs(&format!("{list}\n---\n\n$3\n"), &["ps"], &[], "2 3");
}

#[test]
fn the_first_zone_with_a_step_runs_in_the_whole_document() {
    let zones = "$0\n:::zone pivot=\"portal\"\ntexto\n:::zone-end\n:::zone target=\"docs\" pivot=\"cli, azd\"\n$1\n:::zone-end\n\n::: zone pivot=\"terraform\"\n$2\n::: zone-end\n$3\n:::zone pivot=\"terraform,azd\"\n$4\n:::zone-end\n";
    runs(zones, &[], &[], "0 1 3");
    runs(zones, &[], &["terraform"], "0 2 3 4");
    runs(zones, &[], &["azd"], "0 1 3 4");
    runs(zones, &[], &["portal"], "0 3");
    runs(&format!("<!-- docent-file: zone=terraform -->\n{zones}"), &[], &[], "0 2 3 4");
}

#[test]
fn lines_of_zones_in_code_are_code() {
    runs("```text\n:::zone pivot=\"a\"\n```\n$1\n```text\n:::zone-end\n```\n", &[], &["b"], "1");
    runs("    :::zone pivot=\"a\"\n\n$1\n<!--\n:::zone-end\n-->\n", &[], &[], "1");
    // In a list it is text, however it is indented.
    runs("1. a\n   :::zone pivot=\"x\"\n\n   b\n$1\n   :::zone-end\n:::zone pivot=\"y\"\n$2\n:::zone-end\n", &[], &["y"], "2");
}

#[test]
fn groups_and_zones_that_are_left_open_are_reported_where_they_begin() {
    let step = "```bash\na\n```\n";
    check(&format!("### [A](#tab/a)\n{step}\n## Más\n{step}"), &["2 a bash: a\\n", "7 más bash: a\\n", "warning 1 unclosed-tabs"]);
    check(&format!("### [A](#tab/a)\n{step}### Dentro\n\n---\n"), &["2 a bash: a\\n"]);
    check(
        &format!("### [A](#tab/a)\n{step}### [A](#tab/a)\n{step}\n---\n"),
        &["2 a bash: a\\n", "6 a.2 bash: a\\n", "warning 1 unclosed-tabs"],
    );
    check(&format!("::: zone pivot=\"a\"\n\n{step}"), &["3 step bash: a\\n", "warning 1 unclosed-zone"]);
    check(&format!("{step}::: zone-end\n"), &["1 step bash: a\\n", "warning 4 unclosed-zone"]);
    let crossing = format!("::: zone pivot=\"a\"\n### [A](#tab/a)\n{step}::: zone-end\n\n---\n");
    check(&crossing, &["3 a bash: a\\n", "warning 2 unclosed-tabs"]);
}

#[test]
fn a_range_does_not_cross_a_tab_or_zone() {
    let text = "<!-- docent-begin: skip -->\n### [A](#tab/a)\n```bash\na\n```\n<!-- docent-end -->\n\n---\n";
    check(text, &["3 a bash: a\\n", "error 6 unbalanced-range"]);
    check(
        "::: zone pivot=\"a\"\n\n<!-- docent-begin: skip -->\n```bash\na\n```\n<!-- docent-end -->\n\n::: zone-end\n",
        &["4 step bash: a\\n"],
    );
}

#[test]
fn a_choice_that_the_document_does_not_have_is_an_error() {
    let (_, diagnostics) = read("<!-- docent-file: tab=azure-cli zone=cli -->\n### [A](#tab/azure-cl)\n```bash\na\n```\n\n---\n");
    let found: Vec<_> = diagnostics.iter().map(|found| (found.code, found.line, found.message.as_str(), found.hint.as_deref())).collect();
    assert_eq!(
        found,
        [
            ("unknown-tab", 1, "the document has no tab `azure-cli`", Some("did you mean `azure-cl`?")),
            ("unknown-tab", 1, "the document has no zone `cli`", None),
        ]
    );
}
