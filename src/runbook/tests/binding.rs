//! Which output belongs to which step.

use super::{check, read};

#[test]
fn a_comment_binds_over_blank_lines_and_paragraphs_in_any_language() {
    check(
        "# Crear un grupo\n\n```azurecli-interactive\naz group create\n```\n\nResultados:\n<!-- expected_similarity=0.3 -->\n\nEl resultado es similar a este:\n\n```JSON\n{}\n```\n",
        &["3 crear-un-grupo azurecli-interactive: az group create\\n", "  8/12 JSON 0.3: {}\\n"],
    );
    check(
        "# グループの作成\n```bash\necho 成功\n```\n結果：\n<!-- expected_similarity=\"成功\" -->\n```output\n成功\n```\n",
        &["2 グループの作成 bash: echo 成功\\n", "  6/7 output /成功/: 成功\\n"],
    );
    check(
        "# إنشاء مجموعة\n```bash\necho نعم\n```\nالنتائج:\n<!-- expected_similarity=0.3 -->\n```text\nنعم\n```\n",
        &["2 إنشاء-مجموعة bash: echo نعم\\n", "  6/7 text 0.3: نعم\\n"],
    );
}

#[test]
fn outputs_and_comments_inside_list_items_keep_their_lines() {
    check(
        "1. Uno\n\n    ```bash\n    echo a\n    ```\n\n    <!-- expected_similarity=0.5 -->\n\n    ```text\n    a\n    ```\n\n1. Dos\n\n    ```bash\n    echo b\n    ```\n",
        &["3 step bash: echo a\\n", "  7/9 text 0.5: a\\n", "15 step.2 bash: echo b\\n"],
    );
}

#[test]
fn every_expectation_after_a_step_is_kept() {
    check(
        "```bash\na\n```\n<!-- expected_similarity=0.5 -->\n```text\na\n```\n<!-- expected_similarity=\"b+\" -->\n```json\n{}\n```\n```output\nc\n```\n",
        &["1 step bash: a\\n", "  4/5 text 0.5: a\\n", "  8/9 json /b+/: {}\\n", "  12/12 output unmarked: c\\n"],
    );
}

#[test]
fn two_comments_before_one_output_are_two_expectations() {
    check(
        "```bash\na\n```\n<!-- expected_similarity=\"x\" -->\n\n<!-- expected_similarity=0.9 -->\n```text\na\n```\n",
        &["1 step bash: a\\n", "  4/7 text /x/: a\\n", "  6/7 text 0.9: a\\n"],
    );
}

#[test]
fn a_comment_does_not_reach_over_a_heading_or_a_step() {
    check(
        "```bash\na\n```\n<!-- expected_similarity=0.5 -->\n\n## Otro\n\n```yaml\nb: 1\n```\n",
        &["1 step bash: a\\n", "warning 4 misplaced-expectation"],
    );
    check(
        "```bash\na\n```\n<!-- expected_similarity=0.5 -->\n```azurecli\naz x\n```\n```yaml\nb\n```\n",
        &["1 step bash: a\\n", "5 step.2 azurecli: az x\\n", "warning 4 misplaced-expectation"],
    );
    check(
        "```bash\na\n```\n<!-- expected_similarity=0.5 -->\n```bach\nb\n```\n",
        &["1 step bash: a\\n", "warning 4 misplaced-expectation", "warning 5 near-miss-tag"],
    );
}

#[test]
fn a_comment_with_no_code_block_below_it_is_an_error() {
    check("```bash\na\n```\n<!-- expected_similarity=0.5 -->\nb\n", &["1 step bash: a\\n", "error 4 unbound-expectation"]);
}

#[test]
fn an_output_below_commands_that_do_not_run_belongs_to_them() {
    check(
        "```bash\na\n```\n```powershell\nb\n```\n<!-- expected_similarity=0.5 -->\n```output\nb\n```\n",
        &["1 step bash: a\\n", "warning 7 expectation-without-step"],
    );
    check("```bash\na\n```\n```console\nb\n```\n```output\nb\n```\n", &["1 step bash: a\\n", "advice 7 unbound-output"]);
    check(
        "<!-- expected_similarity=0.5 -->\n```output\nb\n```\n```bash\na\n```\n",
        &["5 step bash: a\\n", "warning 1 expectation-without-step"],
    );
    // A manifest that is only shown has no output of its own.
    check("```bash\na\n```\n```yaml\nb: 1\n```\n```output\nb\n```\n", &["1 step bash: a\\n", "  7/7 output unmarked: b\\n"]);
}

#[test]
fn an_output_may_have_any_tag_when_it_is_marked() {
    check(
        "```bash\na\n```\n<!-- expected_similarity=0.5 -->\n```console\na\n```\n<!-- expected_similarity=0.1 -->\n```\nb\n```\n",
        &["1 step bash: a\\n", "  4/5 console 0.5: a\\n", "  8/9 - 0.1: b\\n"],
    );
}

#[test]
fn outputs_without_a_comment_are_unmarked() {
    check("```bash\na\n```\n\nVerá esto:\n\n```Output\na\n```\n", &["1 step bash: a\\n", "  7/7 Output unmarked: a\\n"]);
    check("```bash\na\n```\n\n```json\n{}\n```\n", &["1 step bash: a\\n", "  5/5 json unmarked: {}\\n"]);
    check("```bash\na\n```\n```json title=\"Output\"\n{}\n```\n", &["1 step bash: a\\n", "  4/4 json unmarked: {}\\n"]);
    check("```bash\na\n```\ntexto\n```console title=Example output\n{}\n```\n", &["1 step bash: a\\n", "  5/5 console unmarked: {}\\n"]);
}

#[test]
fn json_and_text_that_do_not_follow_a_step_directly_are_documents_in_their_own_right() {
    check("```bash\na\n```\n\nCree `a.json` con este contenido:\n\n```json\n{}\n```\n", &["1 step bash: a\\n"]);
    check("1. x\n\n   ```bash\n   a\n   ```\n2. \n   ```json\n   {}\n   ```\n", &["3 step bash: a\\n"]);
    check("```bash\na\n```\n```yaml\na: 1\n```\n", &["1 step bash: a\\n"]);
    check(
        "```bash\na\n```\n<!--\n```bash\nb\n```\n<!-- expected_similarity=0.3 -->\n```json\n{}\n```\n-->\n",
        &["1 step bash: a\\n", "advice 4 fence-in-comment"],
    );
    check("```json\n{}\n```\n```bash\na\n```\n", &["4 step bash: a\\n"]);
}

#[test]
fn an_unmarked_output_does_not_reach_over_a_heading() {
    check("```bash\na\n```\n## Salida\n```output\na\n```\n", &["1 step bash: a\\n", "advice 5 unbound-output"]);
    check("```output\na\n```\n```bash\na\n```\n", &["4 step bash: a\\n", "advice 1 unbound-output"]);
}

#[test]
fn an_output_whose_first_line_slipped_onto_the_fence_is_noticed() {
    check("```bash\nuname -a\n```\n```OutputLinux 5.14.0\nx\n```\n", &["1 step bash: uname -a\\n", "warning 4 near-miss-output-tag"]);
}

#[test]
fn comments_within_a_line_count_and_are_pointed_out() {
    check(
        "```bash\na\n```\nResults: <!-- expected_similarity=0.5 -->\n```text\na\n```\n",
        &["1 step bash: a\\n", "  4/5 text 0.5: a\\n", "advice 4 inline-directive"],
    );
}

#[test]
fn a_comment_that_is_indented_into_code_is_noticed() {
    check(
        "```bash\na\n```\n\n    <!-- expected_similarity=0.5 -->\n\n```text\na\n```\n",
        &["1 step bash: a\\n", "warning 5 directive-in-code"],
    );
}

#[test]
fn what_is_wrong_with_an_expectation_points_at_it() {
    let text = "```bash\na\n```\n<!-- expected_similarity=1.7 -->\n```text\na\n```\n";
    let (_, diagnostics) = read(text);
    assert_eq!(diagnostics.len(), 1);
    assert_eq!((diagnostics[0].code, diagnostics[0].line, diagnostics[0].column), ("threshold-out-of-range", 4, 26));
    assert_eq!(&text[diagnostics[0].span.start..diagnostics[0].span.end], "1.7");
}

#[test]
fn an_expectation_that_is_an_error_does_not_lose_the_rest_of_the_document() {
    check(
        "```bash\na\n```\n<!-- expected_similarity=\"(\" -->\n```text\na\n```\n```bash\nb\n```\n",
        &["1 step bash: a\\n", "  5/5 text unmarked: a\\n", "8 step.2 bash: b\\n", "error 4 invalid-regex"],
    );
}
