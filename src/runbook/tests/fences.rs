//! Which blocks run, and where their lines stand.

use super::{check, read};
use crate::runbook::{Companions, ExecutableTags, parse, parse_with};

#[test]
fn tags_are_compared_without_case_and_attributes_do_not_matter() {
    check("# T\n```Bash\na\n```\n```SH {.x}\nb\n```\n```azureCLI\nc\n```\n", &["2 t Bash: a\\n", "5 t.2 SH: b\\n", "8 t.3 azureCLI: c\\n"]);
}

#[test]
fn other_tags_and_no_tag_do_not_run() {
    check("```\na\n```\n```powershell\nb\n```\n```terraform\nc\n```\n```text\nd\n```\n", &["warning 1 no-steps"]);
}

#[test]
fn the_executable_tags_can_be_chosen() {
    let text = b"```bash\na\n```\n```fish\nb\n```\n";
    let (runbook, _) = parse_with("a.md", text, &Companions::default(), &ExecutableTags::new(["fish"]));
    assert_eq!(runbook.steps.iter().map(|step| step.line).collect::<Vec<_>>(), [4]);
}

#[test]
fn tags_that_are_nearly_executable_are_reported() {
    check("```bach\na\n```\n```bash\nb\n```\n", &["4 step bash: b\\n", "warning 1 near-miss-tag"]);
    let (_, diagnostics) = read("```azurecli-interative\na\n```\n```bash\nb\n```\n");
    assert_eq!(diagnostics[0].hint.as_deref(), Some("did you mean `azurecli-interactive`?"));
}

#[test]
fn lines_of_scripts_are_lines_of_the_document_in_any_container() {
    let text = "# T\n\n1. uno\n\n    ```bash\n    linea7\n\n      linea9\n    ```\n\n   - dos\n     > ```bash\n     > linea13\n     >\n     > linea15\n     > ```\n\n1.\ttres\n\n\t```bash\n\tlinea21\n\t```\n> [!NOTE]\n> texto\n> ```bash\n> linea26\n> ```\n";
    let (runbook, _) = read(text);
    assert_eq!(runbook.steps.len(), 4);
    for step in &runbook.steps {
        for (offset, line) in step.script.lines().enumerate() {
            let document_line = runbook.source.line_text(step.script_line + offset);
            assert!(document_line.ends_with(line), "{line:?} is not at the end of {document_line:?}");
        }
    }
    let found: Vec<_> = runbook.steps.iter().map(|step| (step.line, step.script_line, step.script.as_str())).collect();
    assert_eq!(found, [(5, 6, "linea7\n\n  linea9\n"), (12, 13, "linea13\n\nlinea15\n"), (20, 21, "linea21\n"), (25, 26, "linea26\n"),]);
}

#[test]
fn long_fences_and_tildes_run_and_may_hold_shorter_fences() {
    check("````bash\ncat <<EOF\n```\nEOF\n````\n~~~ sh\nb\n~~~\n", &["1 step bash: cat <<EOF\\n```\\nEOF\\n", "6 step.2 sh: b\\n"]);
}

#[test]
fn a_fence_without_an_end_runs_and_is_reported() {
    check("# T\n```bash\na\nb", &["2 t bash: a\\nb", "warning 2 unclosed-fence"]);
    check(
        "- x\n\n  ```bash\n  a\n```\n\n```bash\nb\n```\n",
        &["3 step bash: a\\n", "warning 3 unclosed-fence", "warning 5 fence-in-fence"],
    );
}

#[test]
fn fences_that_are_not_fences_never_run_and_are_noticed() {
    check("```bash\na\n```\n\n    ```bash\n    b\n    ```\n", &["1 step bash: a\\n", "warning 5 fence-in-indented-code"]);
    check("<!--\n```bash\nb\n```\n-->\n```bash\na\n```\n", &["6 step bash: a\\n", "advice 1 fence-in-comment"]);
    check("<details>\n```bash\nb\n```\n</details>\n\n```bash\na\n```\n", &["7 step bash: a\\n", "warning 1 fence-in-html"]);
    check("````md\n```bash\nb\n```\n````\n\n```bash\na\n```\n", &["7 step bash: a\\n"]);
    check("```bash\na\n```\n    b\n", &["1 step bash: a\\n"]);
}

#[test]
fn a_comment_without_an_end_hides_the_rest_and_says_so() {
    check(
        "```bash\na\n```\n<!-- nota\n```bash\nb\n```\n",
        &["1 step bash: a\\n", "warning 4 unclosed-comment", "advice 4 fence-in-comment"],
    );
}

#[test]
fn ids_are_unique_and_follow_the_headings() {
    check(
        "```bash\na\n```\n# Uno\n```bash\nb\n```\n```bash\nc\n```\n## Dos\n```bash\nd\n```\n# Uno\n```bash\ne\n```\n## Uno.2\n```bash\nf\n```\n## !\n```bash\ng\n```\n",
        &[
            "1 step bash: a\\n",
            "5 uno bash: b\\n",
            "8 uno.2 bash: c\\n",
            "12 dos bash: d\\n",
            "16 uno.3 bash: e\\n",
            "20 uno-2 bash: f\\n",
            "24 step.2 bash: g\\n",
        ],
    );
}

#[test]
fn headings_and_the_title_are_read_without_markup() {
    let (runbook, _) = read("Prólogo\n\n## **Antes** `x`\n\n# 手順 [一](b)\n\n```bash\na\n```\n");
    assert_eq!(runbook.title, "手順 一");
    let sections: Vec<_> = runbook.sections.iter().map(|section| (section.level, section.title.as_str(), section.line)).collect();
    assert_eq!(sections, [(2, "Antes x", 3), (1, "手順 一", 5)]);
    assert_eq!(runbook.steps[0].heading, "手順 一");
    assert_eq!(read("```bash\na\n```\n").0.title, "a.md");
}

#[test]
fn carriage_returns_and_a_byte_order_mark_do_not_reach_the_shell() {
    let (runbook, diagnostics) =
        parse("a.md", b"\xef\xbb\xbf---\r\nx: 1\r\n---\r\n# T\r\n```bash\r\ncd /tmp\r\n```\r\n", &Companions::default());
    assert_eq!((runbook.title.as_str(), runbook.steps[0].line, runbook.steps[0].script.as_str()), ("T", 5, "cd /tmp\n"));
    assert_eq!(runbook.properties.get("x"), Some(&serde_json::json!(1)));
    let codes: Vec<_> = diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    assert_eq!(codes, ["byte-order-mark", "carriage-return"]);
}

#[test]
fn files_that_are_no_text_are_errors_and_have_no_steps() {
    let (runbook, diagnostics) = parse("a.md", b"# T\n```bash\na\n```\n\0\x01\x02", &Companions::default());
    assert!(runbook.steps.is_empty());
    assert_eq!(diagnostics.iter().map(|diagnostic| (diagnostic.code, diagnostic.line)).collect::<Vec<_>>(), [("binary-file", 5)]);
}

#[test]
fn bytes_that_are_not_utf8_are_an_error_at_their_line() {
    let (runbook, diagnostics) = parse("a.md", b"# T\n```bash\necho caf\xe9\n```\n", &Companions::default());
    assert_eq!(runbook.steps[0].script, "echo caf\u{fffd}\n");
    assert_eq!(
        diagnostics.iter().map(|diagnostic| (diagnostic.severity.to_string(), diagnostic.line)).collect::<Vec<_>>(),
        [("error".to_owned(), 3)]
    );
}

#[test]
fn a_document_without_steps_says_so() {
    check("", &["warning 1 no-steps"]);
    check("# T\n\ntexto\n", &["warning 1 no-steps"]);
}
