//! What the author asked for beside the number, each with what it does and what it does not.

use super::judge;
use crate::runbook::{Comparison, Criterion, Exact, Expectation, Format};

#[track_caller]
fn check(comparison: &Comparison, expected: &str, actual: &str, reason: Option<&str>) {
    for criterion in [Criterion::Similarity(0.3), Criterion::Unmarked] {
        let expectation = Expectation {
            line: 1,
            fence_line: 2,
            language: "output".to_owned(),
            criterion,
            text: expected.to_owned(),
            comparison: comparison.clone(),
        };
        let verdict = judge(&expectation, actual.as_bytes());
        assert_eq!(verdict.passed, reason.is_none(), "{expected}\n== {actual}\n{verdict:#?}");
        if let Some(reason) = reason {
            assert_eq!(verdict.reason, reason, "{expected}\n== {actual}");
        }
    }
}

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

fn ignore(list: &[&str]) -> Comparison {
    Comparison { ignore: names(list), ..Comparison::default() }
}

fn exact(list: &[&str]) -> Comparison {
    Comparison { exact: Exact::At(names(list)), ..Comparison::default() }
}

fn read_as(format: Format) -> Comparison {
    Comparison { format: Some(format), ..Comparison::default() }
}

const POOL: &str = r#"{"name": "pool1", "mode": "System", "properties": {"powerState": "Running", "count": 3}}"#;
const PODS: &str = "NAME   READY   STATUS    RESTARTS   AGE\nweb-1  1/1     Running   0          3m\n";

#[test]
fn what_is_ignored_counts_nowhere() {
    let stopped = POOL.replace("Running", "Stopped");
    check(
        &Comparison::default(),
        POOL,
        &stopped,
        Some("the document shows properties.powerState “Running”, but the output says “Stopped”"),
    );
    check(&ignore(&["powerState"]), POOL, &stopped, None);
    check(&ignore(&["properties.*"]), POOL, &stopped, None);
    check(&ignore(&["$.properties"]), POOL, &stopped, None);
    let pending = PODS.replace("Running", "Pending");
    check(&ignore(&["status"]), PODS, &pending, None);
    check(&ignore(&["AGE"]), PODS, &pending, Some("the document shows STATUS of web-1 “Running”, but the output says “Pending”"));
    check(&ignore(&["STATUS"]), "NAME: shop\nSTATUS: deployed\n", "NAME: shop\nSTATUS: failed\n", None);
}

#[test]
fn a_name_that_the_document_does_not_show_is_a_mistake() {
    let reason = "`ignore=powerstat` names nothing in the output that the document shows; did you mean `powerState`?";
    check(&ignore(&["powerstat"]), POOL, POOL, Some(reason));
    check(&exact(&["AGES"]), PODS, PODS, Some("`exact=AGES` names nothing in the output that the document shows; did you mean `AGE`?"));
    check(&exact(&["frobnicate"]), POOL, POOL, Some("`exact=frobnicate` names nothing in the output that the document shows"));
}

#[test]
fn what_is_exact_is_the_same_to_the_letter_but_for_gaps() {
    let renamed = POOL.replace("pool1", "pool2");
    check(&Comparison::default(), POOL, &renamed, None);
    check(&exact(&["name"]), POOL, &renamed, Some("the document asks for exactly name “pool1”, but the output says “pool2”"));
    check(
        &exact(&["count"]),
        POOL,
        &POOL.replace('3', "4"),
        Some("the document asks for exactly properties.count “3”, but the output says “4”"),
    );
    check(&exact(&["name"]), &POOL.replace("pool1", "pool<n>"), &renamed, None);
    check(
        &exact(&["name"]),
        &POOL.replace("pool1", "pool<n>"),
        &POOL.replace("pool1", "np7"),
        Some("the document asks for exactly name “pool<n>”, but the output says “np7”"),
    );
    check(
        &exact(&["NAME"]),
        PODS,
        &PODS.replace("web-1", "web-2"),
        Some("the document asks for exactly NAME[1] “web-1”, but the output says “web-2”"),
    );
    check(
        &exact(&["revision"]),
        "NAME: shop\nREVISION: 1\n",
        "NAME: store\nREVISION: 2\n",
        Some("the document asks for exactly REVISION (line 2) “1”, but the output says “2”"),
    );
}

#[test]
fn all_of_it_can_be_exact() {
    let all = Comparison { exact: Exact::Everything, ..Comparison::default() };
    check(&all, "a 1\nb 2\n", "a 1\nb 2\n\n", None);
    check(&all, "a 1\nb 2\n", "a 1\nb 3\n", Some("the document asks for exactly line 2 “b 2”, but the output says “b 3”"));
    check(&all, "a <n>\n...\nz\n", "a 7\nb\nc\nz\n", None);
    let json = Comparison { format: Some(Format::Json), ..all.clone() };
    check(&json, r#"{"a": 1, "b": "x"}"#, "{\n  \"b\": \"x\",\n  \"a\": 1\n}\n", None);
    check(&json, r#"{"a": 1}"#, r#"{"a": 1, "c": 2}"#, Some("the output has [0].c “2” beyond what it must have exactly"));
    let table = Comparison { format: Some(Format::Table), ..all.clone() };
    check(&table, PODS, &PODS.replace("   ", "     "), None);
    check(&table, PODS, &PODS.replace("3m", "4m"), Some("the document asks for exactly row[0].AGE “3m”, but the output says “4m”"));
    let unordered = Comparison { unordered: true, ..all };
    check(&unordered, "a\nb\n", "b\na\n", None);
    check(&unordered, "a\nb\n", "b\nc\n", Some("the document asks for exactly line 1 “a”, but the output has none"));
}

#[test]
fn the_order_of_lines_costs_nothing_when_any_will_do() {
    let shown = "alpha\nbeta\ngamma\ndelta\nepsilon\nzeta\n";
    let printed = "zeta\ngamma\nalpha\nepsilon\nbeta\ndelta\n";
    let score = |unordered| {
        let comparison = Comparison { unordered, ..Comparison::default() };
        let criterion = Criterion::Similarity(1.0);
        let expectation = Expectation { line: 1, fence_line: 2, language: String::new(), criterion, text: shown.to_owned(), comparison };
        judge(&expectation, printed.as_bytes()).score.unwrap()
    };
    assert_eq!(score(true), 1.0);
    assert!(score(false) < 0.9, "{}", score(false));
}

#[test]
fn both_sides_are_read_as_the_author_says() {
    check(&read_as(Format::Json), POOL, "name: pool1\n", Some("the output cannot be read as JSON: line 1: expected ident"));
    check(&read_as(Format::Json), "name: pool1", POOL, Some("the document's output cannot be read as JSON: line 1: expected ident"));
    check(&read_as(Format::Json), POOL, &format!("WARNING: preview\n{POOL}\n"), None);
    check(&read_as(Format::Json), "\"abc\"", "\"abc\"\n", None);
    check(&read_as(Format::Json), "true", "true", None);
    let (text, criterion) = ("true".to_owned(), Criterion::Similarity(0.3));
    let switch = Expectation { line: 1, fence_line: 2, language: String::new(), criterion, text, comparison: read_as(Format::Json) };
    // Switches must hold where a score is asked for.
    assert_eq!(judge(&switch, b"false").reason, "the document shows “true”, but the output says “false”");
    let yaml = "kind: Pod\nstatus:\n  phase: Running\n";
    check(&read_as(Format::Yaml), yaml, "status: {phase: Running}\nkind: Pod\n", None);
    check(
        &read_as(Format::Yaml),
        yaml,
        "status: {phase: Failed}\nkind: Pod\n",
        Some("the document shows status.phase “Running”, but the output says “Failed”"),
    );
    check(&read_as(Format::Text), POOL, POOL, None);
    let table = "pool  nodes\nblue  3\n";
    check(&read_as(Format::Table), table, "nodes  pool\n5      blue\n", None);
    let reason = "the output cannot be read as a table with the columns that the document shows";
    check(&read_as(Format::Table), table, "nothing of the kind was printed here\n", Some(reason));
}
