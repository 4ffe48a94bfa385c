//! Values that stand several times, of which one is not as shown: what is alike must not stand in for it.

use super::judge;
use crate::runbook::{Criterion, Expectation};

/// Whether an output passes at the customary threshold.
fn passes(expected: &str, actual: &str) -> bool {
    let expectation = Expectation {
        line: 1,
        fence_line: 2,
        language: "output".to_owned(),
        criterion: Criterion::Similarity(0.3),
        text: expected.to_owned(),
        comparison: Default::default(),
    };
    judge(&expectation, actual.as_bytes()).passed
}

/// `right` passes, and `wrong` does not.
#[track_caller]
fn check(expected: &str, right: &str, wrong: &str) {
    assert!(passes(expected, right), "right:\n{right}\nfor\n{expected}");
    assert!(!passes(expected, wrong), "wrong:\n{wrong}\nfor\n{expected}");
}

const CONDITIONS: &str = "Status:
  Conditions:
    Message:  scheduled to all
    Reason:   Fulfilled
    Status:   True
    Type:     Scheduled
    Message:  rolled out
    Reason:   Started
    Status:   True
    Type:     RolledOut
  Placement Statuses:
    Cluster Name:  member-1
    Conditions:
      Reason:  Done
      Status:  True
      Type:    Scheduled
";

#[test]
fn one_condition_of_several_equal_ones_is_told_by_its_type() {
    let grown = CONDITIONS
        .replace("member-1", "member-7")
        .replace("  Placement", "    Message:  nothing to see\n    Reason:   None\n    Status:   False\n    Type:     Diffed\n  Placement");
    check(CONDITIONS, &grown, &CONDITIONS.replacen("True\n    Type:     RolledOut", "False\n    Type:     RolledOut", 1));
    // The flipped one is still told when others were added.
    assert!(!passes(CONDITIONS, &grown.replacen("True\n    Type:     Scheduled", "False\n    Type:     Scheduled", 1)));
}

#[test]
fn equal_switches_of_a_tree_are_told_by_the_keys_above_them() {
    let shown =
        "kind: StorageV2\nservices:\n  blob:\n    enabled: true\n    keyType: Account\n  file:\n    enabled: true\n    keyType: Account\n";
    check(
        shown,
        &shown.replace("  file:", "  queue:\n    enabled: false\n  file:"),
        &shown.replacen("true\n    keyType: Account\n  file", "false\n    keyType: Account\n  file", 1),
    );
    let listed = "containers:\n- name: web\n  ready: true\n- name: proxy\n  ready: true\n";
    check(
        listed,
        "containers:\n- name: proxy\n  ready: true\n- name: web\n  ready: true\n- name: init\n  ready: false\n",
        &listed.replacen("true", "false", 1),
    );
    let renamed = listed.replace("web", "shop").replace("proxy", "envoy");
    check(listed, &renamed, &renamed.replacen("true", "false", 1));
}

#[test]
fn sections_and_records_keep_their_own_values() {
    let ini = "[server]\nenabled = true\nport = 80\n[client]\nenabled = true\nport = 8080\n";
    check(ini, &ini.replace("8080", "9090"), &ini.replacen("true\nport = 80\n", "false\nport = 80\n", 1));
    let records = "Nombre: web\nEstado: activo\n\nNombre: base\nEstado: activo\n";
    check(records, &records.replace("web", "tienda"), &records.replacen("activo\n\nNombre: base", "fallido\n\nNombre: base", 1));
    let japanese = "名前：web\n状態：True\n名前：db\n状態：True\n";
    check(japanese, &japanese.replace("web", "shop"), &japanese.replacen("True\n名前", "False\n名前", 1));
}

#[test]
fn what_a_client_says_before_its_output_is_no_part_of_it() {
    let shown = "Name: claim\nStatus: Bound\nVolume: pvc-1\n";
    let said = "Unable to find image 'nginx:latest' locally\nStatus: Downloaded newer image for nginx:latest\n";
    check(shown, &format!("{said}{shown}"), &format!("{said}{}", shown.replace("Bound", "Lost")));
}

#[test]
fn an_empty_cell_is_not_filled_by_its_neighbour() {
    let shown = "NAME      CLASS   ADDRESS       PROGRAMMED   AGE\ngateway   istio   20.112.40.27  True         21s\n";
    let printed = "NAME      CLASS   ADDRESS       PROGRAMMED   AGE\nshop      istio   20.1.2.3      True         3h\n";
    check(shown, printed, &printed.replace("20.1.2.3      True", "              True"));
    assert!(!passes(shown, &printed.replace("20.1.2.3      True", "             True")));
}

#[test]
fn tables_are_told_by_their_alignment_too() {
    let shown =
        "Conditions:\n  Type           Status\n  Initialized    True\n  Ready          True\n  PodScheduled   True\nVolumes:\n  data:\n";
    check(
        shown,
        &shown.replace("Type           Status", "Type             Status").replace("   True", "     True"),
        &shown.replace("Ready          True", "Ready          False"),
    );
    let custom = "NAME   IPs         READY\nweb-1  10.244.2.2  True\nweb-2  10.244.0.7  True\nweb-3  10.244.1.2  True\n";
    let fresh = custom.replace("web-", "shop-").replace("NAME ", "NAME  ");
    check(custom, &fresh, &fresh.replacen("10.244.0.7  True", "10.244.0.7  False", 1));
}

#[test]
fn tables_between_bars_have_columns() {
    let shown = " name | state  | rows\n------+--------+------\n a    | online |    3\n b    | online |    5\n(2 rows)\n";
    check(
        shown,
        &shown.replace(" a    |", " shop |").replace("(2 rows)", "(2 rows)\n"),
        &shown.replacen("online |    5", "broken |    5", 1),
    );
    let boxed = "+------+--------+\n| name | state  |\n+------+--------+\n| a    | online |\n| b    | online |\n+------+--------+\n";
    check(boxed, &boxed.replace("| a ", "| z "), &boxed.replacen("online", "lost  ", 1));
    let drawn = "┌──────┬────────┐\n│ Name │ State  │\n├──────┼────────┤\n│ a    │ online │\n│ b    │ online │\n└──────┴────────┘\n";
    check(drawn, &drawn.replace("│ a ", "│ z "), &drawn.replacen("online", "lost  ", 1));
}

#[test]
fn rows_may_have_blank_lines_between_them() {
    let shown = "NAME    STATUS   AGE\nnode-0  Ready    6m\nnode-1  Ready    6m\n";
    let spaced = shown.replace('\n', "\n\n");
    check(shown, &spaced, &spaced.replacen("Ready ", "Wedged", 1));
}

#[test]
fn lines_that_say_the_same_are_counted() {
    let shown = "10:00:01 node alpha is ready\n10:00:02 node beta is ready\n10:00:03 node gamma is ready\n";
    let again = shown.replace("10:00", "18:31").replace("beta", "delta");
    check(shown, &again, &again.replace("delta is ready", "delta is not ready"));
    let spaced = "probe  ok\nprobe  ok\nprobe  ok\n";
    check(spaced, "probe ok\nprobe ok\nprobe ok\nprobe ok\n", "probe ok\nprobe failed\nprobe ok\n");
}

#[test]
fn entries_beyond_those_shown_must_be_well_where_these_are() {
    let shown = r#"[{"name": "a", "state": "Running"}]"#;
    check(
        shown,
        r#"[{"name": "b", "state": "Running"}, {"name": "a", "state": "Running"}]"#,
        r#"[{"name": "b", "state": "Failed"}, {"name": "a", "state": "Running"}]"#,
    );
    let cells = "pool1\tSucceeded\npool2\tSucceeded\n";
    check(cells, "pool3\tSucceeded\npool2\tSucceeded\npool1\tSucceeded\n", "pool3\tSucceeded\npool2\tSucceeded\npool1\tFailed\n");
}

#[test]
fn a_list_may_be_printed_as_one_object_a_line() {
    let shown = r#"[{"name": "a", "state": "Running"}, {"name": "b", "state": "Running"}]"#;
    let lines = "{\"name\": \"a\", \"state\": \"Running\"}\n{\"name\": \"b\", \"state\": \"Running\"}\n";
    check(shown, lines, &lines.replacen("Running", "Failed", 1));
    check(lines, shown, &shown.replacen("Running", "Failed", 1));
}

#[test]
fn choices_of_a_tree_must_hold() {
    let shown = "kind: Rule\nspec:\n  direction: Inbound\n  access: Allow\n  title: Web traffic\n";
    check(shown, &shown.replace("Web traffic", "Shop traffic"), &shown.replace("Allow", "Deny"));
}

#[test]
fn an_authors_comments_in_a_tree_need_not_be_there() {
    let shown =
        "# saved by the tool on the first of March\n# it is read again at the next start of the machine\nkind: Pod\nspec:\n  name: web\n";
    check(shown, "kind: Pod\nspec:\n  name: web\n", "kind: Job\nspec:\n  name: web\n");
}

#[test]
fn failures_in_other_languages_are_failures() {
    let shown = "Name: web\nPort: 80\n";
    for (aside, failure) in [
        ("Aviso: se creó otra vez.", "ls: no se puede acceder a 'x': No existe el archivo o el directorio"),
        ("注意：すでに最新です。", "エラー: リソース グループが見つかりませんでした。"),
        ("ملاحظة: تم التحديث", "خطأ: تعذر العثور على مجموعة الموارد"),
        ("Hinweis: bereits aktuell.", "Fehler: Die Ressource wurde nicht gefunden."),
        ("提示：已是最新。", "错误：找不到资源组。"),
    ] {
        check(shown, &format!("{aside}\n{shown}"), &format!("{shown}{failure}\n"));
    }
}

#[test]
fn an_output_that_ends_with_a_question_is_not_done() {
    let shown = "Updated property [core/project].\n";
    check(shown, &format!("Do you want to continue (Y/n)?  y\n{shown}"), &format!("{shown}Do you want to continue (Y/n)? "));
}
