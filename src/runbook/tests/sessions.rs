//! Recorded sessions in whole documents.

use super::{check, read};

#[test]
fn each_prompt_of_a_console_block_is_a_step_with_what_it_printed() {
    check(
        "# T\n\n```console\n$ echo a\na\n$ cd /\n$ pwd\n/\n```\n",
        &["4 t console: echo a\\n", "  5/4 - unmarked: a\\n", "6 t.2 console: cd /\\npwd\\n", "  8/7 - unmarked: /\\n"],
    );
    let (runbook, _) = read("1. x\n\n   ```Shell-Session\n   ana@host:~$ cat <<EOF\n   > uno\n   > EOF\n   uno\n   ```\n");
    let step = &runbook.steps[0];
    assert_eq!((step.line, step.script_line, step.script.as_str()), (4, 4, "cat <<EOF\nuno\nEOF\n"));
    assert_eq!((step.expectations[0].line, step.expectations[0].text.as_str()), (7, "uno\n"));
    for (offset, line) in step.script.lines().enumerate() {
        assert!(runbook.source.line_text(step.script_line + offset).ends_with(line), "{line}");
    }
}

#[test]
fn a_comment_above_a_session_says_how_its_outputs_are_checked() {
    check(
        "<!-- expected_similarity=0.9 -->\n\n```console\n$ a\nuno\n$ b\ndos\n```\n",
        &["4 step console: a\\n", "  1/4 - 0.9: uno\\n", "6 step.2 console: b\\n", "  1/6 - 0.9: dos\\n"],
    );
    check(
        "```bash\na\n```\n<!-- expected_similarity=0.9 -->\n```console\n$ b\n```\n",
        &["1 step bash: a\\n", "6 step.2 console: b\\n", "warning 4 misplaced-expectation"],
    );
    // A block without prompts is an output, or is shown to readers only.
    check("```bash\na\n```\n<!-- expected_similarity=0.9 -->\n```console\nb\n```\n", &["1 step bash: a\\n", "  4/5 console 0.9: b\\n"]);
    check("```bash\na\n```\n```console\nkubectl get pods\n```\n", &["1 step bash: a\\n"]);
}

#[test]
fn directives_above_a_session_speak_of_all_its_steps_or_of_its_only_one() {
    let (runbook, diagnostics) = read("<!-- docent: name=uno timeout=1m -->\n```console\n$ a\nx\n$ b\n```\n");
    assert_eq!(diagnostics, []);
    let found: Vec<_> = runbook.steps.iter().map(|step| (step.id.as_str(), step.directives.timeout.is_some())).collect();
    assert_eq!(found, [("uno", true), ("step", true)]);
    let capture = |block: &str| read(&format!("<!-- docent: capture=A:$.a -->\n```console\n{block}```\n"));
    let (runbook, diagnostics) = capture("$ a\nx\n");
    assert_eq!((runbook.steps[0].directives.captures.len(), diagnostics), (1, vec![]));
    let (_, diagnostics) = capture("$ a\nx\n$ b\n");
    let found: Vec<_> = diagnostics.iter().map(|found| (found.code, found.line)).collect();
    assert_eq!(found, [("contradictory-directive", 1)]);
}

#[test]
fn an_output_below_a_session_belongs_to_its_last_command() {
    check("```console\n$ a\n$ b\n```\n\n```output\nx\n```\n", &["2 step console: a\\nb\\n", "  6/6 output unmarked: x\\n"]);
}
