//! `docent:` and `docent-file:`, variables and front matter, in whole documents.

use std::time::Duration;

use super::{check, read};
use crate::runbook::{Companion, Companions, Exact, ExitExpectation, Role, StreamChoice, TargetName, View, parse, resolve};

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
    check("<!-- docent: skip\n  retires=3 -->\n```bash\na\n```\n", &["3 step bash: a\\n", "error 2 unknown-directive"]);
    check("<!-- Docent: skip -->\n```bash\na\n```\n", &["2 step bash: a\\n", "error 1 near-miss-directive"]);
    check("<!-- docent: skip -->\n<!-- docent: skip -->\n```bash\na\n```\n", &["3 step bash: a\\n", "error 2 repeated-directive"]);
    check("<!-- docent-file: skip -->\n```bash\na\n```\n", &["2 step bash: a\\n", "error 1 wrong-directive-place"]);
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

#[test]
fn a_range_speaks_of_every_step_in_it() {
    let (runbook, diagnostics) = read(
        "```bash\na\n```\n<!-- docent-begin: timeout=1m secret=A -->\n## X\n```bash\nb\n```\n\n<!-- docent-begin: skip=\"GPU\" timeout=2m -->\n```bash\nc\n```\n\
         <!-- docent-end -->\n<!-- docent: timeout=3m -->\n```bash\nd\n```\n<!-- docent-end -->\n```bash\ne\n```\n",
    );
    assert_eq!(diagnostics, []);
    let found: Vec<_> = runbook
        .steps
        .iter()
        .map(|step| (step.directives.timeout.map(|time| time.as_secs()), step.directives.skip.as_deref(), step.directives.secrets.len()))
        .collect();
    assert_eq!(found, [(None, None, 0), (Some(60), None, 1), (Some(120), Some("GPU"), 1), (Some(180), None, 1), (None, None, 0)]);
}

#[test]
fn ranges_come_in_pairs_and_have_a_step() {
    let step = "```bash\na\n```\n";
    check(&format!("<!-- docent-begin: skip -->\n{step}"), &["2 step bash: a\\n", "error 1 unbalanced-range"]);
    check(&format!("{step}<!-- docent-end -->\n"), &["1 step bash: a\\n", "error 4 unbalanced-range"]);
    check(&format!("{step}<!-- docent-begin: skip -->\n<!-- docent-end -->\n"), &["1 step bash: a\\n", "error 4 unbound-directive"]);
    check(&format!("<!-- docent-begin: skip -->\n{step}<!-- docent-end: skip -->\n"), &["2 step bash: a\\n", "error 5 broken-directive"]);
    check(
        &format!("<!-- docent: skip -->\n<!-- docent-begin: timeout=1m -->\n{step}<!-- docent-end -->\n"),
        &["3 step bash: a\\n", "error 1 unbound-directive"],
    );
    let deep = "<!-- docent-begin: skip -->\n".repeat(40) + step + &"<!-- docent-end -->\n".repeat(40);
    let (_, diagnostics) = read(&deep);
    assert!(!diagnostics.is_empty() && diagnostics.iter().all(|diagnostic| diagnostic.code == "unbalanced-range"), "{diagnostics:?}");
}

#[test]
fn setup_and_cleanup_may_hide_in_a_comment() {
    let text = "# T\n```bash\na\n```\n\n> <!-- docent: setup timeout=1m\n> \n> ```bash\n> x\n>  y\n> ```\n> -->\n\n```output\nA\n```\n<!-- docent: cleanup\n~~~sh\nz\n~~~ -->\n";
    let (runbook, diagnostics) = read(text);
    let steps: Vec<_> = runbook
        .steps
        .iter()
        .map(|step| (step.id.as_str(), step.line, step.script_line, step.script.as_str(), step.directives.role))
        .collect();
    assert_eq!(
        steps,
        [("t", 2, 3, "a\n", Role::Ordinary), ("setup", 8, 9, "x\n y\n", Role::Setup), ("cleanup", 18, 19, "z\n", Role::Cleanup)],
        "{diagnostics:?}"
    );
    // An output belongs to the step that readers see above it.
    assert_eq!(runbook.steps[0].expectations.len(), 1);
    assert_eq!(runbook.source.line_text(9), "> x");
    assert_eq!(diagnostics, []);
}

#[test]
fn only_one_closed_executable_block_may_hide_and_only_for_a_role() {
    let step = "```bash\na\n```\n";
    for (comment, line) in [
        ("<!-- docent: timeout=1m\n```bash\nx\n```\n-->\n", 2),
        ("<!-- docent: setup\n```text\nx\n```\n-->\n", 2),
        ("<!-- docent: setup\n```bash\nx\n-->\n", 2),
        ("<!-- docent: setup\n```bash\nx\n```\ny\n-->\n", 5),
    ] {
        let (runbook, diagnostics) = read(&format!("{comment}{step}"));
        let found: Vec<_> = diagnostics.iter().map(|diagnostic| (diagnostic.code, diagnostic.line)).collect();
        assert_eq!((found, runbook.steps.len()), (vec![("broken-directive", line)], 1), "{comment}");
    }
}

#[test]
fn what_excludes_each_other_is_an_error() {
    let code = |keys: &str| {
        let (_, diagnostics) = read(&format!("<!-- docent: {keys} -->\n```bash\na\n```\n"));
        diagnostics.into_iter().map(|diagnostic| (diagnostic.code, diagnostic.message)).collect::<Vec<_>>()
    };
    let contradiction = |message: &str| vec![("contradictory-directive", message.to_owned())];
    assert_eq!(code("setup cleanup"), contradiction("`setup` and `cleanup` are said of one step"));
    assert_eq!(code("ready=x"), contradiction("`ready` without `background`"));
    let status = contradiction("a `background` step keeps running, so it has no exit status to expect");
    assert_eq!((code("background expect-exit=1"), code("background expect-exit@live=1")), (status.clone(), status));
    assert_eq!(code("exact"), contradiction("how the output is compared is said, but no expected output follows this step"));
    assert_eq!(code("background ready=x timeout=1m"), []);
    let by_pattern = |keys: &str, criterion: &str| {
        let text = format!("<!-- docent: {keys} -->\n```bash\na\n```\n<!-- expected_similarity={criterion} -->\n```output\nb\n```\n");
        read(&text).1.into_iter().map(|diagnostic| (diagnostic.code, diagnostic.message)).collect::<Vec<_>>()
    };
    assert_eq!(by_pattern("exact", "\"b\""), contradiction("how the output is compared is said, but a pattern decides"));
    assert_eq!((by_pattern("exact", "0.3"), by_pattern("stream=stderr", "\"b\"")), (vec![], vec![]));
}

#[test]
fn a_step_stops_what_runs_in_the_background_before_it() {
    let background = "<!-- docent: background name=forward -->\n```bash\na\n```\n";
    let stop = |id: &str| format!("<!-- docent: stop={id} -->\n```bash\nb\n```\n");
    check(&format!("{background}{}", stop("forward")), &["2 forward bash: a\\n", "6 step bash: b\\n"]);
    let message =
        |text: String| read(&text).1.into_iter().map(|found| (found.code, found.line, found.message, found.hint)).collect::<Vec<_>>();
    let hint = |text: &str| Some(text.to_owned());
    assert_eq!(
        message(format!("{background}{}", stop("foward"))),
        [("unknown-step", 5, "there is no step `foward` to stop".to_owned(), hint("did you mean `forward`?"))]
    );
    assert_eq!(
        message(format!("```bash\na\n```\n{}", stop("step"))),
        [(
            "contradictory-directive",
            4,
            "`stop` names `step` (line 1), which does not run in the background".to_owned(),
            hint("say `background` before `step`")
        )]
    );
    let early = message(format!("{}{background}", stop("forward")));
    assert_eq!(
        (early[0].0, early[0].2.as_str()),
        ("contradictory-directive", "`stop` names `forward` (line 6), which has not started by then")
    );
}

#[test]
fn what_is_said_of_one_target_holds_there_and_nowhere_else() {
    let (runbook, diagnostics) = read(
        "<!-- docent-file: timeout=1m timeout@live=1h -->\n<!-- docent-begin: timeout@live=30m expect-exit=2 -->\n<!-- docent: timeout=2m ignore=id stream@live=both -->\n```bash\na\n```\n\
         <!-- expected_similarity=0.5 stream=stderr exact@embedded -->\n```output\nx\n```\n```bash\nb\n```\n<!-- docent-end -->\n",
    );
    assert_eq!(diagnostics, []);
    let seen = |target| {
        let runbook = resolve(&runbook, &View::of(target));
        assert_eq!(resolve(&runbook, &View::of(TargetName::Live)), runbook);
        let minutes = |time: Option<Duration>| time.map(|time| time.as_secs() / 60);
        let steps: Vec<_> = runbook.steps.iter().map(|step| minutes(step.directives.timeout)).collect();
        let comparison = runbook.steps[0].expectations[0].comparison.clone();
        (minutes(runbook.directives.timeout), steps, comparison.exact, comparison.stream, comparison.ignore)
    };
    let ignore = vec!["id".to_owned()];
    // The step's own word beats that of the range for one target; the expectation's beats that of the step.
    assert_eq!(seen(TargetName::Live), (Some(60), vec![Some(2), Some(30)], Exact::Nothing, StreamChoice::Stderr, ignore.clone()));
    assert_eq!(seen(TargetName::Embedded), (Some(1), vec![Some(2), None], Exact::Everything, StreamChoice::Stderr, ignore));
}

#[test]
fn steps_that_are_out_of_view_say_why() {
    let (runbook, diagnostics) = read(
        "<!-- docent: only=live,env -->\n```bash\na\n```\n<!-- docent: interactive -->\n```bash\nb\n```\n<!-- docent: only=live skip=\"no quota\" -->\n```bash\nc\n```\n<!-- docent: skip@none -->\n```bash\nd\n```\n",
    );
    assert_eq!(diagnostics, []);
    let skips = |target| resolve(&runbook, &View::of(target)).steps.into_iter().map(|step| step.directives.skip).collect::<Vec<_>>();
    let why = |text: &str| Some(text.to_owned());
    let interactive = why("interactive: it needs somebody at the keyboard");
    assert_eq!(skips(TargetName::Live), [None, interactive.clone(), why("no quota"), None]);
    assert_eq!(skips(TargetName::None), [why("only for the targets live, env, and this is none"), interactive, why("no quota"), why("")]);
}
