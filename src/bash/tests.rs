//! What is found in a text, and where.

use std::time::Instant;

use super::{AssignmentKind, Command, CommandKind, Place, Script};

/// The names that are used, guarded ones with `?`.
#[track_caller]
fn check_uses(text: &str, expected: &str) {
    let script = Script::parse(text);
    let uses: Vec<String> =
        script.uses().iter().map(|found| format!("{}{}@{}", found.name, if found.guarded { "?" } else { "" }, found.line)).collect();
    assert_eq!(uses.join(" "), expected, "{text}");
    for found in script.uses() {
        assert!(text[found.span.start..found.span.end].contains(&found.name), "{text}: {found:?}");
    }
}

#[track_caller]
fn check_assigned(text: &str, expected: &str) {
    let script = Script::parse(text);
    assert_eq!(script.assigned().into_iter().collect::<Vec<_>>().join(" "), expected, "{text}");
}

#[test]
fn uses_are_found_wherever_bash_expands_them() {
    check_uses("echo $A \"b ${B%.*} $(az $C)\" `echo $D`", "A@0 B@0 C@0 D@0");
    check_uses("cat <<E\nhi $A ${B:0:24}\nE\necho $C", "A@1 B@1 C@3");
    check_uses("echo $((K+1)) ${#S} ${!R} ${T[0]}; [[ $V == x* ]] && echo <(cat $P)", "K@0 S@0 R@0 T@0 V@0 P@0");
    check_uses("for i in $LIST; do echo \"$i\"; done", "LIST@0 i@0");
}

#[test]
fn uses_are_not_found_where_bash_does_not_expand_them() {
    check_uses("echo '$A' \\$B \"\\$C\" # $D", "");
    check_uses("cat <<'E'\nhi $A\nE\ncat <<\\F\n$B\nF\n", "");
    check_uses("echo $1 $? $@ $$ ${10}", "");
}

#[test]
fn guards_are_marked() {
    check_uses("echo ${A:-d} ${B-} ${C:?m} ${D:+x} ${E:=1} ${F#p} ${G/a/b}", "A?@0 B?@0 C?@0 D?@0 E?@0 F@0 G@0");
    check_uses("echo ${A:-$B}", "A?@0 B@0");
}

#[test]
fn assignments_of_every_kind_are_found() {
    check_assigned("A=1; export B=2 C; declare -x D=4; readonly E=5; local F=6", "A B D E F");
    check_assigned("read -r -p 'Name: ' X Y; IFS= read -ra L; printf -v P %s x; mapfile -t M < f; getopts ab: o", "L M P X Y o");
    check_assigned("for i in a b; do :; done; ((j = 1)); : ${K:=v}; a[0]=1; b=(1 2)", "K a b i j");
    check_assigned("X=1 env; (Y=2); echo $(Z=3) | { W=4; }; V=5 & unset U", "");
}

#[test]
fn an_assignment_knows_its_value_and_its_capture() {
    let text = "export A=\"$(az x)\" B='lit eral' C=pre$(y) D=\nE=`z`";
    let script = Script::parse(text);
    let shown: Vec<_> = script
        .assignments()
        .iter()
        .map(|found| {
            let value = found.value.map(|value| &text[value.start..value.end]);
            (found.name.as_str(), value, found.literal.as_deref(), found.exported, found.is_capture, found.line)
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("A", Some("\"$(az x)\""), None, true, true, 0),
            ("B", Some("'lit eral'"), Some("lit eral"), true, false, 0),
            ("C", Some("pre$(y)"), None, true, false, 0),
            ("D", None, Some(""), true, false, 0),
            ("E", Some("`z`"), None, false, true, 1),
        ]
    );
    assert!(script.assignments().iter().all(|found| matches!(found.kind, AssignmentKind::Declaration | AssignmentKind::Plain)));
}

#[test]
fn captures_know_their_commands_and_their_variable() {
    let script = Script::parse("X=$(az group show \\\n  -n g | jq .id)\necho \"$(kubectl get po $(hostname))\"");
    let shown: Vec<_> = script
        .captures()
        .iter()
        .map(|capture| {
            let names: Vec<_> = capture.commands.iter().filter_map(|index| script.commands()[*index].name()).collect();
            (capture.line, capture.last_line, capture.assigned_to.as_deref(), names)
        })
        .collect();
    assert_eq!(shown, [(0, 1, Some("X"), vec!["az", "jq"]), (2, 2, None, vec!["kubectl"]), (2, 2, None, vec!["hostname"])]);
}

#[test]
fn external_commands_are_neither_builtins_nor_functions() {
    let text = "f() { az x; }\nf; cd /; A=1 kubectl get po; \"helm\" ls; $CMD x; if ! grep -q x f; then :; fi; cat <<E | tee y\nz\nE\n[ -f x ] && ./run.sh";
    let script = Script::parse(text);
    let names: Vec<_> = script.external_commands().map(|(name, _)| name).collect();
    assert_eq!(names, ["az", "kubectl", "helm", "grep", "cat", "tee", "./run.sh"]);
}

#[test]
fn words_are_unquoted_when_they_are_literal() {
    let script = Script::parse("az 'group' \"sh\\\"ow\" --n=a\\ b pre\"fix\"'es' $X \"$Y\" {} 7");
    let words: Vec<_> = script.commands()[0].words.iter().map(|word| (word.text.as_str(), word.literal)).collect();
    let expected = [
        ("az", true),
        ("group", true),
        ("sh\"ow", true),
        ("--n=a b", true),
        ("prefixes", true),
        ("$X", false),
        ("\"$Y\"", false),
        ("{}", true),
        ("7", true),
    ];
    assert_eq!(words, expected);
}

#[test]
fn places_are_told_by_the_nearest_construct() {
    let script = Script::parse("a\nb | c\n(d)\ne &\nf <(g)\nh $(i | j)\nk && l &\n{ m; }\nx <<E | n\nE\no >f 2>&1 &");
    let places: Vec<_> = script
        .commands()
        .iter()
        .filter(|command| command.kind == CommandKind::Simple)
        .map(|command| (command.name().unwrap(), command.place))
        .collect();
    use Place::{Background, Capture, Pipeline, ProcessSubstitution, Subshell, TopLevel};
    let expected = [
        ("a", TopLevel),
        ("b", Pipeline),
        ("c", Pipeline),
        ("d", Subshell),
        ("e", Background),
        ("f", TopLevel),
        ("g", ProcessSubstitution),
        ("h", TopLevel),
        ("i", Pipeline),
        ("j", Pipeline),
        ("k", Background),
        ("l", Background),
        ("m", TopLevel),
        ("x", TopLevel),
        ("n", Pipeline),
        ("o", Background),
    ];
    assert_eq!(places, expected);
    let j = script.locate("a\nb | c\n(d)\ne &\nf <(g)\nh $(i | j)\n", 5, "j").unwrap();
    assert_eq!(j.place, Capture, "a pipeline's failure is noticed by the capture around it");
}

#[test]
fn statements_are_found_by_line() {
    let script = Script::parse("a \\\n  b\n\nif x; then\n  y\nfi\ncat <<E\nz\nE\n# end\n");
    let lines: Vec<_> = script.statements().iter().map(|statement| (statement.line, statement.last_line)).collect();
    assert_eq!(lines, [(0, 1), (3, 5), (6, 8)]);
    assert_eq!(script.statement_at(1).map(|statement| statement.line), Some(0));
    assert_eq!(script.statement_at(2), None);
    assert_eq!(script.statement_at(7).map(|statement| statement.line), Some(6));
    assert_eq!(script.statement_at(99), None);
}

#[test]
fn assignments_alone_on_a_line_last() {
    let script = Script::parse("A=1 B=\"$(date)\"\necho $A\nC=1 \\\n  env\nD=1 E=2 env\n");
    let kinds: Vec<_> = script.assignments().iter().map(|found| (found.name.as_str(), found.kind)).collect();
    assert_eq!(
        kinds,
        [
            ("A", AssignmentKind::Plain),
            ("B", AssignmentKind::Plain),
            ("C", AssignmentKind::ForOneCommand),
            ("D", AssignmentKind::ForOneCommand),
            ("E", AssignmentKind::ForOneCommand),
        ]
    );
}

#[test]
fn here_documents_know_whether_they_end() {
    let script = Script::parse("cat <<E >f\na\nE\ncat <<-'F'\n\tb\n\tF\ncat <<G\nc\n");
    let shown: Vec<_> =
        script.here_documents().iter().map(|found| (found.line, found.delimiter.as_str(), found.quoted, found.closed)).collect();
    assert_eq!(shown, [(0, "E", false, true), (3, "F", true, true), (6, "G", false, false)]);
}

#[test]
fn here_documents_end_where_bash_ends_them() {
    let cases: [(&str, &[&str]); 19] = [
        ("cat <<EOF\na\n EOF\necho b\n", &["cat"]),
        ("cat <<EOF\na\nEOF \necho b\nEOF\nls\n", &["cat", "ls"]),
        ("cat <<EOF\na\nEOFX\n\tEOF\nEOF\nls\n", &["cat", "ls"]),
        ("cat <<EOF> f\na\nEOF\necho b\n", &["cat", "echo"]),
        ("cat <<EOF>>f\nEOF\necho b\n", &["cat", "echo"]),
        ("cat <<EOF|wc -l\na\nEOF\necho b\n", &["cat", "wc", "echo"]),
        // The grammar loses what stands behind the semicolon.
        ("cat <<EOF;ls\na\nEOF\necho b\n", &["cat", "echo"]),
        ("cat <<EOF&&ls\na\nEOF\necho b\n", &["cat", "ls", "echo"]),
        (
            "cat <<EOF>f\na\nEOF\necho b >g\ncat <<'A'>h\n$x\n A\nA\necho é\ncat <<B>i\nB\nls\n",
            &["cat", "echo", "cat", "echo", "cat", "ls"],
        ),
        ("cat <<-EOF\n\ta\n \tEOF\n\t\tEOF\necho b\n", &["cat", "echo"]),
        ("cat <<'E F'\nE F\necho b\n", &["cat", "echo"]),
        ("cat <<\"EOF\"\n$a\n\"EOF\"\nEOF\necho b\n", &["cat", "echo"]),
        ("cat <<\\EOF\n$x\nEOF\necho b\n", &["cat", "echo"]),
        ("cat <<E2>f\né\n E2\nE2\necho b\n", &["cat", "echo"]),
        ("X=$(cat <<EOF\na\nEOF\n)\necho b\n", &["cat", "echo"]),
        ("X=$(cat <<EOF\na\nEOF)\necho b\n", &["cat", "echo"]),
        ("cat <<EOF\nEOF\necho b\n", &["cat", "echo"]),
        ("cat <<EOF >f\na\nEOF", &["cat"]),
        ("if true; then\n  cat <<EOF>f\na\nEOF\n  ls\nfi\n", &["true", "cat", "ls"]),
    ];
    for (text, commands) in cases {
        let script = Script::parse(text);
        let oracle = std::process::Command::new("bash").args(["-n", "-c", text]).output().expect("docent needs bash");
        let says = String::from_utf8_lossy(&oracle.stderr);
        let open: Vec<_> =
            script.here_documents().iter().filter(|found| !found.closed).map(|found| format!("(wanted `{}')", found.delimiter)).collect();
        let warned: Vec<_> = says.lines().filter_map(|line| line.split_once("by end-of-file ")).map(|(_, wanted)| wanted).collect();
        assert_eq!(open, warned, "{text:?}: {says}");
        let named: Vec<_> = script.commands().iter().filter_map(Command::name).collect();
        assert_eq!(named, commands, "{text:?}");
        for command in script.commands().iter().filter(|command| command.name().is_some()) {
            let word = &command.words[0];
            assert_eq!(&text[word.span.start..word.span.end], word.text, "{text:?}");
        }
    }
}

#[test]
fn a_command_is_located_by_its_line_and_by_what_bash_prints() {
    let text = "export X=$(ls /nonexistent \\\n -l \\\n -a)\n(false; echo on)\nY=$(false)\n";
    let script = Script::parse(text);
    let line_and_place = |line, command| script.locate(text, line, command).map(|located| (located.line, located.place));
    assert_eq!(line_and_place(2, "ls /nonexistent -l -a"), Some((0, Place::Capture)));
    assert_eq!(line_and_place(3, "( false; echo on )"), Some((3, Place::TopLevel)));
    assert_eq!(line_and_place(3, "false"), Some((3, Place::Subshell)));
    assert_eq!(line_and_place(4, "Y=$(false)"), Some((4, Place::TopLevel)));
    assert_eq!(line_and_place(4, "false"), Some((4, Place::Capture)));
    assert_eq!(line_and_place(40, "false"), None);
}

#[test]
fn what_bash_accepts_is_valid_and_what_it_rejects_is_not() {
    for text in [
        "",
        "\n\n",
        "# x",
        "echo x \\",
        "a && b || c",
        "case $x in a) b;; esac",
        "f() { :; }",
        "x=(1 2)",
        "echo ${x,,} ${x:0:3}",
        "cat <<E\nE",
    ] {
        assert!(Script::parse(text).is_valid(), "{text:?}: {:?}", Script::parse(text).problems());
    }
    for text in ["if then", "echo 'abc", "echo $(", "az x --name <name>"] {
        assert!(!Script::parse(text).is_valid(), "{text:?}");
    }
}

#[test]
fn no_text_is_too_strange_or_too_deep() {
    let deep = "$(".repeat(3000);
    let nested = "( ".repeat(3000);
    for text in [
        "\0",
        "ñ=1; $ñ",
        "$(((((",
        "<<",
        "cat <<",
        "cat <<E",
        "}",
        "\u{feff}a",
        "a\r\nb\r\n",
        "export =x",
        "=x",
        "${",
        "${}",
        "a[",
        &deep,
        &nested,
    ] {
        let script = Script::parse(text);
        for (at, _) in text.char_indices().take(40) {
            script.locate(text, at, text);
            script.statement_at(at);
        }
        super::substitute_assignment(text, "A", "b");
    }
    assert_eq!(Script::parse(&"a\n".repeat(3 * 1024 * 1024)).problems().len(), 1);
}

#[test]
fn time_grows_with_the_text_and_not_with_its_square() {
    let text = |lines: usize| "export A=\"$(az group show -n $B)\" &\n".repeat(lines);
    let time = |lines| {
        let text = text(lines);
        // The least of three: what else the machine does only adds.
        let once = || {
            let started = Instant::now();
            assert_eq!(Script::parse(&text).captures().len(), lines);
            started.elapsed()
        };
        once().min(once()).min(once())
    };
    let (small, large) = (time(1000), time(8000));
    // Eight times as much; sixty-four times the time would be the square.
    assert!(large < small * 32, "{small:?} then {large:?}");
}

/// The blocks of a published article, where it is at hand: its one variable that nothing sets, and what it calls.
#[test]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn a_published_article_has_one_variable_that_nothing_sets() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/seeds/aks-workload-identity.es.md");
    let Ok(document) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {} is not here", path.display());
        return;
    };
    let mut fences = document.split("```");
    fences.next();
    let blocks: Vec<&str> = fences.step_by(2).filter(|block| block.starts_with("azurecli") || block.starts_with("bash")).collect();
    // Some blocks stand in lists: what is left of their indentation is not the shell's business.
    let lines = blocks.iter().filter_map(|block| block.split_once('\n')).flat_map(|(_, text)| text.lines());
    let script: String = lines.map(|line| format!("{}\n", line.strip_prefix("    ").unwrap_or(line))).collect();
    let script = Script::parse(&script);
    assert!(script.is_valid() && blocks.len() == 19, "{:?} in {} blocks", script.problems(), blocks.len());
    assert!(script.here_documents().iter().all(|document| document.closed));
    let assigned = script.assigned();
    let unset: Vec<_> = script.uses().iter().map(|found| found.name.as_str()).filter(|name| !assigned.contains(name)).collect();
    assert_eq!(unset, ["KEYVAULT_RESOURCE_GROUP"]);
    let count = |name| script.external_commands().filter(|(found, _)| *found == name).count();
    assert_eq!((count("az"), count("kubectl"), count("openssl"), count("cat"), count("grep")), (18, 5, 1, 3, 1));
}
