//! `docent:` and `docent-file:`, variables and front matter, in whole documents.

use std::time::Duration;

use super::{check, read};
use crate::runbook::{Companion, Companions, ExitExpectation, parse};

#[test]
fn directives_bind_to_the_step_below_them() {
    let (runbook, diagnostics) = read(
        "# T\n<!-- docent: timeout=2m name=crear -->\n\ntexto\n\n<!-- docent: secret=PW\n  expect-exit=any -->\n```bash\na\n```\n```bash\nb\n```\n",
    );
    assert_eq!(diagnostics, []);
    let [first, second] = &runbook.steps[..] else { panic!("two steps were expected: {:?}", runbook.steps) };
    assert_eq!(
        (first.id.as_str(), first.directives.timeout, first.directives.expect_exit),
        ("crear", Some(Duration::from_mins(2)), Some(ExitExpectation::Any))
    );
    assert_eq!(first.directives.secrets, ["PW"]);
    assert_eq!((second.id.as_str(), &second.directives), ("t", &Default::default()));
}

#[test]
fn directives_for_the_document_may_stand_anywhere() {
    let (runbook, diagnostics) = read(
        "<!-- docent-file: timeout=5m secret=A -->\n# T\n```bash\na\n```\n\n<!--\ndocent-file:\n  expect-failure=\"t: no such file\"\n-->\n",
    );
    assert_eq!(diagnostics, []);
    assert_eq!(runbook.directives.timeout, Some(Duration::from_mins(5)));
    assert_eq!(runbook.directives.secrets, ["A"]);
    let failures: Vec<_> =
        runbook.directives.expected_failures.iter().map(|failure| (failure.step.as_str(), failure.text.as_str(), failure.line)).collect();
    assert_eq!(failures, [("t", "no such file", 9)]);
}

#[test]
fn directives_that_bind_to_no_step_are_errors() {
    check("```bash\na\n```\n<!-- docent: skip -->\n", &["1 step bash: a\\n", "error 4 unbound-directive"]);
    check("<!-- docent: skip -->\n## X\n```bash\na\n```\n", &["3 x bash: a\\n", "error 1 unbound-directive"]);
    check("<!-- docent: skip -->\n```text\na\n```\n```bash\na\n```\n", &["5 step bash: a\\n", "error 1 unbound-directive"]);
    // What is refused does not leak into a later step.
    let (runbook, _) = read("<!-- docent: skip name=x -->\n```text\na\n```\n```bash\na\n```\n");
    assert_eq!((runbook.steps[0].directives.skip.as_deref(), runbook.steps[0].id.as_str()), (None, "step"));
}

#[test]
fn directives_that_cannot_be_taken_are_errors_at_their_key() {
    check("<!-- docent: timout=3m -->\n```bash\na\n```\n", &["2 step bash: a\\n", "error 1 unknown-directive"]);
    check("<!-- docent: skip\n  retry=3 -->\n```bash\na\n```\n", &["3 step bash: a\\n", "error 2 unsupported-directive"]);
    check(
        "<!-- docent-begin: skip -->\n```bash\na\n```\n<!-- docent-end -->\n",
        &["2 step bash: a\\n", "error 1 unsupported-directive", "error 5 unsupported-directive"],
    );
    check("<!-- Docent: skip -->\n```bash\na\n```\n", &["2 step bash: a\\n", "error 1 near-miss-directive"]);
    check("<!-- docent: skip -->\n<!-- docent: skip -->\n```bash\na\n```\n", &["3 step bash: a\\n", "error 2 repeated-directive"]);
    check("<!-- docent-file: skip -->\n```bash\na\n```\n", &["2 step bash: a\\n", "error 1 wrong-directive-place"]);
    check("<!-- docent: setup\n```bash\nx\n```\n-->\n```bash\na\n```\n", &["6 step bash: a\\n", "error 1 unsupported-directive"]);
}

#[test]
fn names_are_unique_and_headings_give_way_to_them() {
    check("# Uno\n```bash\na\n```\n<!-- docent: name=uno -->\n```bash\nb\n```\n", &["2 uno.2 bash: a\\n", "6 uno bash: b\\n"]);
    let text = "<!-- docent: name=x -->\n```bash\na\n```\n<!-- docent: name=x -->\n```bash\nb\n```\n";
    check(text, &["2 x bash: a\\n", "6 x.2 bash: b\\n", "error 5 duplicate-step-name"]);
    let (_, diagnostics) = read(text);
    assert!(diagnostics[0].message.contains("line 2") && diagnostics[0].message.contains("line 6"), "{}", diagnostics[0].message);
}

#[test]
fn an_expected_failure_names_a_step_that_exists() {
    let (_, diagnostics) = read("<!-- docent-file: expect-failure=\"leer-secretos: Forbidden\" -->\n# Leer secreto\n```bash\na\n```\n");
    assert_eq!(diagnostics.len(), 1);
    assert_eq!(
        (diagnostics[0].code, diagnostics[0].line, diagnostics[0].hint.as_deref()),
        ("unknown-step", 1, Some("did you mean `leer-secreto`?"))
    );
}

#[test]
fn variables_come_from_the_companion_first_and_from_comments_after() {
    let companions = Companions {
        ini: Some(Companion { path: "guide/a.ini".to_owned(), text: "[x]\nA = 1 # uno\nB = \"dos # tres\"\nmal\n".to_owned() }),
    };
    let (runbook, diagnostics) =
        parse("guide/a.md", b"# T\n<!--\n```variables\nexport A=\"otra cosa\"\n\necho no\n```\n-->\n```bash\na\n```\n", &companions);
    let found: Vec<_> =
        runbook.variables.iter().map(|one| (one.name.as_str(), one.value.as_str(), one.origin.as_str(), one.line)).collect();
    assert_eq!(found, [("A", "1", "guide/a.ini", 2), ("B", "dos # tres", "guide/a.ini", 3), ("A", "otra cosa", "guide/a.md", 4)]);
    let messages: Vec<_> = diagnostics.iter().map(|diagnostic| (diagnostic.code, diagnostic.line, diagnostic.message.as_str())).collect();
    assert_eq!(
        messages,
        [("broken-variable", 1, "guide/a.ini:4: ignored: `mal` has no value"), ("broken-variable", 6, "ignored: `echo` has no value")]
    );
}

#[test]
fn a_companion_may_have_a_byte_order_mark_and_windows_line_ends() {
    let companions = Companions { ini: Some(Companion { path: "a.ini".to_owned(), text: "\u{feff}A=1\r\nB=2\r\n".to_owned() }) };
    let (runbook, diagnostics) = parse("a.md", b"```bash\na\n```\n", &companions);
    let found: Vec<_> = runbook.variables.iter().map(|one| (one.name.as_str(), one.value.as_str(), one.line)).collect();
    assert_eq!((found, diagnostics), (vec![("A", "1", 1), ("B", "2", 2)], vec![]));
}

#[test]
fn broken_front_matter_is_reported_and_the_steps_stay() {
    check("---\ntitle: \"x\nfoo: : bar\n---\n# T\n```bash\necho a\n```\n", &["6 t bash: echo a\\n", "warning 3 broken-front-matter"]);
    let (runbook, _) = read("---\ntitle: 'Guía'\n---\n# T\n```bash\na\n```\n");
    assert_eq!((runbook.properties.get("title"), runbook.steps[0].line), (Some(&serde_json::json!("Guía")), 5));
}
