//! Where a block stops, and which failures it hides.

use super::{CommandFailure, Defect, Ending, Fixture, Place};

/// Runs one block in a fresh shell and compares the command that stopped it (line, text, status).
#[track_caller]
fn assert_stopped(stopped_at: Option<&CommandFailure>, expected: Option<(usize, &str, i32)>) {
    assert_eq!(stopped_at.map(|failure| (failure.line, failure.command.as_str(), failure.status)), expected);
}

async fn masked(script: &str, expected: &[(usize, &str, i32, Place, bool)]) {
    let Some(mut shell) = Fixture::start().await else { return };
    let outcome = shell.run(script).await;
    assert_eq!(outcome.ending, Ending::Exited(0), "{script}: {}", shell.describe(&outcome));
    assert_stopped(outcome.stopped_at.as_ref(), None);
    let seen: Vec<_> = outcome
        .masked
        .iter()
        .map(|failure| (failure.line, failure.command.as_str(), failure.status, failure.place, failure.is_answer))
        .collect();
    assert_eq!(seen, expected, "{script}");
}

#[tokio::test]
async fn a_block_stops_at_its_first_failing_command_and_keeps_its_state() {
    let Some(mut shell) = Fixture::start().await else { return };
    for (script, stopped) in [
        ("A=1\ncd /\nfalse\necho no", (2, "false", 1)),
        ("echo a\n( exit 3 )\necho no", (1, "( exit 3 )", 3)),
        ("\n\nY=$(false)\necho no", (2, "Y=$(false)", 1)),
        ("for i in 1 2; do\n  ls /nonexistent \\\n    -l\ndone\necho no", (1, "ls /nonexistent -l", 2)),
        ("set -o pipefail\nfalse | true\necho no", (1, "true", 1)),
        ("if true; then\n  (\n    echo x\n    false\n    echo no\n  )\nfi", (1, "( echo x; false; echo no )", 1)),
        ("cat <<E >/nonexistent/f\nhi\nE\necho no", (0, "cat <<E > /nonexistent/f\nhi\nE\n", 1)),
        ("[[ -f /nonexistent ]]\necho no", (0, "[[ -f /nonexistent ]]", 1)),
        ("((0))\necho no", (0, "((0))", 1)),
        ("nosuchcommand x\necho no", (0, "nosuchcommand x", 127)),
    ] {
        let outcome = shell.run(script).await;
        let failure = outcome.stopped_at.clone().unwrap_or_else(|| panic!("{script:?}: {}", shell.describe(&outcome)));
        let command = failure.command.replace("(( 0 ))", "((0))");
        assert_eq!(
            (failure.line, command.split('\n').next(), failure.status),
            (stopped.0, stopped.1.split('\n').next(), stopped.2),
            "{script:?}"
        );
        assert_eq!(failure.place, Place::TopLevel, "{script:?}");
        assert_eq!(outcome.masked, [], "{script:?}");
        assert!(!outcome.stdout.text().contains("no") && !outcome.shell_restarted, "{script:?}");
    }
    assert_eq!(shell.run("echo $A $PWD").await.stdout.text(), "1 /\n");
}

#[tokio::test]
async fn what_is_tested_does_not_stop_a_block() {
    masked(
        "if ! false; then echo a; fi\nfalse || echo b\n! true\nwhile [ \"$(false)\" = x ]; do :; done\n[ -n \"\" ] && echo c\necho end",
        &[],
    )
    .await;
}

#[tokio::test]
async fn a_failure_inside_a_function_names_its_line_and_its_caller() {
    let Some(mut shell) = Fixture::start().await else { return };
    let here = shell.run("f() {\n  echo in\n  ls /nonexistent\n  echo no\n}\n\nf\necho no").await.stopped_at.unwrap();
    assert_eq!((here.line, here.called_from, here.command.as_str()), (2, Some(6), "ls /nonexistent"));
    let elsewhere = shell.run("echo a\nf\necho no").await.stopped_at.unwrap();
    assert_eq!((elsewhere.line, elsewhere.called_from, elsewhere.command.as_str()), (1, None, "ls /nonexistent"));
}

#[tokio::test]
async fn a_capture_s_failure_is_seen_though_the_statement_succeeds() {
    masked(
        "export X=$(ls /nonexistent \\\n  -l)\necho \"$(echo a; false)\"\nfor i in $(false); do :; done",
        &[
            (0, "ls /nonexistent -l", 2, Place::Capture, false),
            (2, "false", 1, Place::Capture, false),
            (3, "false", 1, Place::Capture, false),
        ],
    )
    .await;
}

#[tokio::test]
async fn questions_in_captures_are_answers() {
    masked(
        "export N=$(grep -c zzz /dev/null)\nf() { local x=$(command -v nosuchcommand); }\nf\nexport D=$(diff /dev/null /etc/passwd >/dev/null)\nexport T=$(test -f /nonexistent)\nexport G=$(grep -c zzz /nonexistent/f)",
        &[
            (0, "grep -c zzz /dev/null", 1, Place::Capture, true),
            (1, "command -v nosuchcommand", 1, Place::Capture, true),
            (3, "diff /dev/null /etc/passwd > /dev/null", 1, Place::Capture, true),
            (4, "test -f /nonexistent", 1, Place::Capture, true),
            (5, "grep -c zzz /nonexistent/f", 2, Place::Capture, false),
        ],
    )
    .await;
}

#[tokio::test]
async fn background_pipelines_and_process_substitutions_are_told_apart_from_captures() {
    masked(
        "( sleep 0.01; (exit 3) ) &\nwait || :\n{ (exit 4); true; } | cat\ncat <( (exit 5); true ) | cat\ncat < <(ls /nonexistent)\n",
        &[
            (0, "( exit 3 )", 3, Place::Subshell, false),
            (2, "( exit 4 )", 4, Place::Pipeline, false),
            (3, "( exit 5 )", 5, Place::ProcessSubstitution, false),
            (4, "ls /nonexistent", 2, Place::ProcessSubstitution, false),
        ],
    )
    .await;
}

#[tokio::test]
async fn parts_of_pipelines_are_seen_without_pipefail() {
    masked(
        "false | true\nexport X=$(ls /nonexistent 2>/dev/null |\n  sort)\nY=`ls /nonexistent | cat`\nf() { ls /nonexistent | cat; }\nZ=$(f)\nexport Q=$(false || exit 3)\ncat <<E\n$(ls /nonexistent | cat)\nE\n",
        &[
            (0, "false", 1, Place::Pipeline, false),
            (1, "ls /nonexistent 2>/dev/null", 2, Place::Capture, false),
            (3, "ls /nonexistent", 2, Place::Capture, false),
            (4, "ls /nonexistent", 2, Place::Capture, false),
            (6, "exit 3", 3, Place::Capture, false),
            (8, "ls /nonexistent", 2, Place::Capture, false),
        ],
    )
    .await;
}

#[tokio::test]
async fn parts_of_pipelines_that_nobody_reads_to_the_end_or_that_the_document_tests_are_no_failures() {
    let script = concat!(
        "X=$(yes | head -1)\nY=$(cat /dev/zero | tr '\\0' a | head -c 8)\nf() { Z=$(false | cat); }\nf || true\nif f; then :; fi\n",
        "if [ -z \"$(false | cat)\" ]; then :; fi\nW=$(false | cat || true); U=$(exit 3) || :\nfalse | cat || :\n! false | cat\nV=$(echo a | grep b | cat)"
    );
    let Some(mut shell) = Fixture::start().await else { return };
    let outcome = shell.run(script).await;
    assert_eq!(outcome.ending, Ending::Exited(0));
    let real: Vec<_> = outcome.masked.iter().filter(|failure| !failure.is_answer).collect();
    assert!(real.is_empty(), "{real:?}");
}

#[tokio::test]
async fn lists_that_end_at_their_first_failure_are_seen_and_end_with_its_status() {
    masked(
        "(exit 3) && echo no; S=$?\ntrue && (exit 4) && echo no\nls /nonexistent | cat && echo yes\nexport X=$(cd /nonexistent && pwd)\n[ $S = 3 ]",
        &[
            (0, "(exit 3)", 3, Place::BeforeAnd, false),
            (1, "true && (exit 4)", 4, Place::BeforeAnd, false),
            (2, "ls /nonexistent", 2, Place::Pipeline, false),
            (3, "cd /nonexistent", 1, Place::Capture, false),
        ],
    )
    .await;
}

#[tokio::test]
async fn jobs_that_a_wait_has_waited_for_are_seen_and_those_that_were_killed_are_answers() {
    let Some(mut shell) = Fixture::start().await else { return };
    let outcome =
        shell.run("echo a\nls /nonexistent &\n(exit 3) &\nsleep 60 & kill $!\nfor i in 1 2; do sleep 0 & done\nwait\necho b").await;
    assert_eq!(outcome.ending, Ending::Exited(0));
    let seen: Vec<_> = outcome.masked.iter().map(|one| (one.line, one.status, one.place, one.is_answer)).collect();
    assert!(seen.contains(&(1, 2, Place::Awaited, false)) && seen.contains(&(2, 3, Place::Awaited, false)), "{:?}", outcome.masked);
    assert!(seen.iter().all(|(_, status, _, is_answer)| *is_answer == (*status > 128)), "{:?}", outcome.masked);
    assert_eq!(shell.run("(exit 3) & P=$!\nwait $P").await.ending, Ending::Exited(3));
    assert!(shell.run("wait").await.masked.is_empty());
}

#[tokio::test]
async fn captures_in_here_documents_are_seen() {
    masked(
        "cat <<E >/dev/null\na: $(ls /nonexistent)\nE\ncat <<< \"$(ls /nonexistent)\"",
        &[(1, "ls /nonexistent", 2, Place::Capture, false), (3, "ls /nonexistent", 2, Place::Capture, false)],
    )
    .await;
}

#[tokio::test]
async fn functions_are_seen_in_captures_wherever_they_are_defined() {
    let Some(mut shell) = Fixture::start().await else { return };
    shell.run("g() {\n  ls /nonexistent\n  ls / | false | cat\n  echo a\n}\nf() { local X=$(g); }").await;
    for script in ["X=$(g)", "echo\nf", "export X=$(\n  g | cat\n)"] {
        let outcome = shell.run(script).await;
        assert_eq!(outcome.ending, Ending::Exited(0), "{script}");
        let places: Vec<_> =
            outcome.masked.iter().filter(|failure| failure.command.starts_with("ls /nonexistent")).map(|failure| failure.place).collect();
        assert_eq!(places, [Place::Capture], "{script}: {:?}", outcome.masked);
    }
}

#[tokio::test]
async fn an_expression_that_cannot_be_computed_is_a_defect() {
    let Some(mut shell) = Fixture::start().await else { return };
    let outcome = shell.run("echo a\nA=$((1/0))\necho on").await;
    assert_eq!(outcome.ending, Ending::Exited(0), "bash itself goes on");
    assert_eq!(outcome.defect, Some(Defect::Expression { line: 1, message: "1/0: division by 0".into() }));
    assert_eq!(shell.run("if ((1/0)); then :; fi; echo $((1/1))").await.defect, None);
}

#[tokio::test]
async fn what_leaves_a_block_is_named() {
    let Some(mut shell) = Fixture::start().await else { return };
    for (script, line, command, skips) in [
        ("echo a\nexit 0\necho b", 1, "exit 0", true),
        ("if true; then\n  return 0\nfi\nfalse", 1, "return 0", true),
        ("true && exec true\necho b", 0, "exec true", true),
        ("echo a\nexit 0", 1, "exit 0", false),
        ("f() { exit 0; }\nf\necho b", 0, "exit 0", true),
    ] {
        let outcome = shell.run(script).await;
        assert_eq!(outcome.ending, Ending::Exited(0), "{script}");
        let left = outcome.left_by.expect("it left");
        assert_eq!((left.line, left.command.as_str(), left.skips), (line, command, skips), "{script}");
    }
    for stays in ["(exit 0)", "X=$(exit 0)", "exec 3>&1", "false || echo exit 0", "if false; then exit 0; fi"] {
        assert_eq!(shell.run(stays).await.left_by, None, "{stays}");
    }
    assert_eq!(shell.run("false || exit 7").await.ending, Ending::Exited(7));
    assert_eq!(shell.run("[ -z x ] || return 5").await.ending, Ending::Exited(5));
    assert_eq!(shell.run("true; exit").await.ending, Ending::Exited(0));
    assert_eq!(shell.run("false || exit $?").await.ending, Ending::Exited(1));
}

#[tokio::test]
async fn commands_that_are_not_there_are_seen_where_the_document_tolerates_them() {
    masked("echo\nnosuchcommand --x || true", &[(1, "nosuchcommand", 127, Place::TopLevel, false)]).await;
}

#[tokio::test]
async fn watching_changes_nothing_that_a_block_can_see() {
    super::check(&[
        ("f() { echo a | cat; }; declare -f f", "rc=0 out=\"f () \\n{ \\n    echo a | cat\\n}\\n\""),
        ("g() { echo b | cat; }", "rc=0 out=\"\""),
        ("export -f g; bash -c g", "rc=0 out=\"b\\n\""),
        ("true | false\necho no", "rc=1 out=\"\""),
        ("set +e\ntrue | false\necho $?", "rc=0 out=\"1\\n\""),
        ("set -e\nfalse | true; echo $?\nX=$(echo x | cat)\necho $X $?", "rc=0 out=\"0\\nx 0\\n\""),
        ("IFS=,\nA=$(echo a,b | cat); echo $A; unset IFS", "rc=0 out=\"a b\\n\""),
        ("set -u; echo a | cat; set +u", "rc=0 out=\"a\\n\""),
        ("f() { echo \"$# $1\" | cat; }; f x y", "rc=0 out=\"2 x\\n\""),
        ("for i in 1 2; do echo $i | cat\ndone | sort -r", "rc=0 out=\"2\\n1\\n\""),
        ("echo \"`echo \"a b\" | cat`\"", "rc=0 out=\"a b\\n\""),
    ])
    .await;
}

#[tokio::test]
async fn under_set_plus_e_failures_are_listed_and_nothing_stops() {
    masked("set +e\nfalse\necho on", &[(1, "false", 1, Place::TopLevel, false)]).await;
}

#[tokio::test]
async fn a_capture_in_a_function_of_an_earlier_block_is_placed_at_its_call() {
    let Some(mut shell) = Fixture::start().await else { return };
    shell.run("\n\n\nf() { ls /nonexistent; }").await;
    let outcome = shell.run("echo a\nexport X=$(f)\necho b").await;
    assert_eq!(outcome.ending, Ending::Exited(0));
    assert!(outcome.masked.iter().all(|failure| (failure.line, failure.place) == (1, Place::Capture)), "{:?}", outcome.masked);
    assert!(!outcome.masked.is_empty());
}

#[tokio::test]
async fn a_trap_set_in_the_middle_of_a_block_does_not_hide_what_follows() {
    let Some(mut shell) = Fixture::start().await else { return };
    let outcome = shell.run("trap 'echo \"failed at $LINENO: $BASH_COMMAND\"' ERR\necho a\nfalse\necho no").await;
    assert_eq!(shell.describe(&outcome), "rc=1 out=\"a\\nfailed at 3: false\\n\"");
    assert_stopped(outcome.stopped_at.as_ref(), Some((2, "false", 1)));
}

#[tokio::test]
async fn with_errexit_off_a_block_runs_to_its_end() {
    let Some(mut shell) = Fixture::start_with(|launch| launch.errexit = false).await else { return };
    let outcome = shell.run("false; echo on $-").await;
    assert_eq!(shell.describe(&outcome), "rc=0 out=\"on hBE\\n\"");
    assert_eq!(shell.run("set -e; false; echo no").await.ending, Ending::Exited(1));
    assert_eq!(shell.run("false; echo no").await.ending, Ending::Exited(1));
}

#[tokio::test]
async fn defects_of_the_text_fail_a_block_whatever_its_status_is() {
    let Some(mut shell) = Fixture::start().await else { return };
    let open = shell.run("echo a\ncat <<-'EOF'\nhi\n").await;
    assert_eq!(open.ending, Ending::Exited(0));
    assert_eq!(open.defect, Some(Defect::OpenHereDocument { line: 1, delimiter: "EOF".into() }));
    assert!(!open.is_success());
    let syntax = shell.run("echo a\necho b\nif then\n").await;
    assert_eq!((syntax.defect.clone(), &*syntax.stdout.text()), (Some(Defect::Syntax { line: 2 }), "a\nb\n"));
    let quote = shell.run("echo 'abc\n\n").await;
    assert!(matches!(quote.defect, Some(Defect::Syntax { .. })), "{quote:?}");
    for sound in ["cat <<EOF\nhi\nEOF", "cat <<A <<B\n1\nA\n2\nB\n", "cat <<'' \n\n", "echo $((1<<2))", "cat <<< x", "return 2"] {
        assert_eq!(shell.run(sound).await.defect, None, "{sound}");
    }
}

#[tokio::test]
async fn what_ends_the_shell_by_itself_is_named_by_its_message() {
    let Some(mut shell) = Fixture::start().await else { return };
    let unset = shell.run("set -u\necho a\necho \"x $NOPE\"\necho no").await;
    assert_stopped(unset.stopped_at.as_ref(), Some((2, "echo \"x $NOPE\"", 1)));
    let required = shell.run("echo a\n: ${K:?must be set}\necho no").await;
    assert_stopped(required.stopped_at.as_ref(), Some((1, ": ${K:?must be set}", 1)));
    assert_stopped(shell.run("echo a; exit 1").await.stopped_at.as_ref(), Some((0, "exit 1", 1)));
}

#[tokio::test]
async fn a_storm_of_failures_is_bounded() {
    let Some(mut shell) = Fixture::start().await else { return };
    let outcome = shell.run("for i in {1..1000}; do export X=$(false); done\nfalse").await;
    assert_eq!(outcome.masked.len(), super::super::failure::FAILURES_MAX);
    assert_stopped(outcome.stopped_at.as_ref(), Some((1, "false", 1)));
}
