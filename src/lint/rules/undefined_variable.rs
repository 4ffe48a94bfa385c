//! A variable is used that no earlier block of the document gives a value.
//!
//! bash puts nothing in its place and goes on: names lose their endings, options lose their values, and the command that fails is often
//! a later one. The message says which case it is:
//!
//! * never set: the reader is expected to bring it, or the name is misspelt;
//! * set later: the blocks, or two lines of one, stand in the wrong order;
//! * set only where nothing runs: in a block with another tag, in a comment, in a block marked `skip`;
//! * set only to itself: `export X=$X`.
//!
//! Set the variable in a block above, give it a default (`${NAME:-value}`), or pass it with `--var NAME=value`. Variables of the shell and
//! of docent's environment are known. Where a file is sourced or text is evaluated, nothing is reported from there on. Each variable is
//! reported once, at its first use.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet},
};

use crate::{
    bash::{AssignmentKind, CommandKind, Script, Use, is_known_variable},
    lint::{
        document::{Block, Document},
        nearest::nearest_variable,
        rule::Finding,
    },
    runbook::Requirement,
};

/// How many findings of a document say what was likely meant: to look for it takes time in the number of variables.
const MEANT_MAX: usize = 100;
/// Sourced files that set nothing a document uses.
const HARMLESS_SOURCES: [&str; 6] = ["completion", "bashrc", "profile", "activate", "cargo/env", "zshrc"];

pub(super) fn check(document: &Document<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let later = all_assignments(document);
    let earlier = set_by_prerequisites(document);
    let mut set: BTreeSet<&str> = document.runbook.variables.iter().map(|variable| variable.name.as_str()).collect();
    set.extend(required(&document.runbook.directives.requires));
    set.extend(earlier.iter().map(String::as_str));
    // Reported, or thought of by the document itself.
    let mut settled: BTreeSet<&str> = BTreeSet::new();
    let mut is_open = false;
    let outside = OnceCell::new();
    for (position, block) in document.blocks.iter().enumerate() {
        set.extend(required(&block.step.directives.requires));
        for used in block.script.uses() {
            let name = used.name.as_str();
            if used.guarded || asks(block, used) {
                settled.insert(name);
            }
            // Where the grammar gave up, `$ name` passes for a use.
            let is_use = !block.text(used.span).contains(char::is_whitespace) || used.span.end - used.span.start > name.len() + 3;
            let is_set = !is_use || set.contains(name) || is_known_variable(name) || is_set_before(block, used);
            if is_set || settled.contains(name) || is_open || opens_before(block, used) {
                continue;
            }
            if used.in_function && later.contains_key(name) {
                continue;
            }
            let found = later.get(name).copied().filter(|place| *place >= (position, used.line));
            if found.is_some_and(|place| place.0 == position && same_statement(block, place.1, used)) {
                continue;
            }
            settled.insert(name);
            let set = Some(&set).filter(|_| findings.len() < MEANT_MAX);
            findings.push(finding(document, block, used, found, outside.get_or_init(|| set_outside(document)), set));
        }
        set.extend(
            block.script.assignments().iter().filter(|assignment| assignment.gives_value()).map(|assignment| assignment.name.as_str()),
        );
        set.extend(block.step.directives.captures.iter().map(|capture| capture.name.as_str()));
        is_open |= opens_before(block, &end_of(block));
    }
    findings
}

/// Variables without which nothing runs.
fn required(requirements: &[Requirement]) -> impl Iterator<Item = &str> {
    requirements.iter().filter_map(|requirement| match requirement {
        Requirement::Variable(name) => Some(name.as_str()),
        Requirement::Command(_) | Requirement::Extension(_) => None,
    })
}

/// What the documents that run before this one set.
fn set_by_prerequisites(document: &Document<'_>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for before in &document.runbook.before {
        names.extend(before.variables.iter().map(|variable| variable.name.clone()));
        for step in before.steps.iter().filter(|step| step.directives.skip.is_none()) {
            names.extend(step.directives.captures.iter().map(|capture| capture.name.clone()));
            let script = Script::parse(&step.script);
            names.extend(script.assignments().iter().filter(|one| one.gives_value()).map(|one| one.name.clone()));
        }
    }
    names
}

/// The first place of each variable's value: position of the block, line in it.
fn all_assignments<'d>(document: &'d Document<'_>) -> BTreeMap<&'d str, (usize, usize)> {
    let mut places = BTreeMap::new();
    for (position, block) in document.blocks.iter().enumerate() {
        for assignment in block.script.assignments().iter().filter(|assignment| assignment.gives_value()) {
            places.entry(assignment.name.as_str()).or_insert((position, assignment.line));
        }
    }
    places
}

/// `[ -z "$X" ]`: whether it is set is what is asked.
fn asks(block: &Block<'_>, used: &Use) -> bool {
    let Some(command) = used.command.and_then(|index| block.script.commands().get(index)) else { return false };
    let is_test = command.kind == CommandKind::Test || command.name() == Some("test");
    is_test && ["-z ", "-n ", "-v "].iter().any(|question| block.text(command.span).contains(question))
}

fn is_set_before(block: &Block<'_>, used: &Use) -> bool {
    block.script.assignments().iter().any(|assignment| {
        let ends_before = assignment.span.end <= used.span.start;
        // `X=1 command "$X"` uses the value from before.
        assignment.name == used.name && assignment.gives_value() && ends_before && assignment.kind != AssignmentKind::ForOneCommand
    })
}

/// Whether text from elsewhere was run before: it may set anything.
fn opens_before(block: &Block<'_>, used: &Use) -> bool {
    let commands = block.script.commands().iter().filter(|command| command.span.start < used.span.start);
    commands.filter(|command| matches!(command.name(), Some("source" | "." | "eval"))).any(|command| {
        let text = block.text(command.span);
        !HARMLESS_SOURCES.iter().any(|harmless| text.contains(harmless))
    })
}

/// Something that stands behind everything in a block.
fn end_of(block: &Block<'_>) -> Use {
    let end = block.step.script.len() + 1;
    Use {
        name: String::new(),
        span: crate::diagnostic::Span::new(end, end),
        line: 0,
        guarded: true,
        in_here_document: false,
        in_function: false,
        command: None,
    }
}

/// In a loop, what stands below runs before.
fn same_statement(block: &Block<'_>, line: usize, used: &Use) -> bool {
    let is_own = block.script.assignments().iter().any(|assignment| assignment.name == used.name && holds(assignment.span, used.span));
    let statement = block.script.statement_at(used.line);
    !is_own
        && statement
            .is_some_and(|statement| (statement.line..=statement.last_line).contains(&line) && statement.line != statement.last_line)
}

fn holds(outer: crate::diagnostic::Span, inner: crate::diagnostic::Span) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

fn finding(
    document: &Document<'_>,
    block: &Block<'_>,
    used: &Use,
    later: Option<(usize, usize)>,
    outside: &BTreeMap<&str, usize>,
    set: Option<&BTreeSet<&str>>,
) -> Finding {
    let name = &used.name;
    let place = block.place(used.span);
    let is_own = block.script.assignments().iter().any(|assignment| assignment.name == *name && holds(assignment.span, used.span));
    if is_own {
        return Finding::new(place, format!("`{name}` is given its own value, which it does not have"))
            .with_hint(format!("set it above, or give it a default: `${{{name}:-value}}`"));
    }
    if let Some((position, line)) = later {
        let line = document.blocks[position].line(line);
        return Finding::new(place, format!("`{name}` is used here and set only later, in line {line}"))
            .with_hint("move the assignment above its first use");
    }
    if let Some(line) = outside.get(name.as_str()) {
        return Finding::new(place, format!("`{name}` is never set by a block that runs; line {line} sets it, but does not run"))
            .with_hint(format!("give the block of line {line} an executable tag, or pass `--var {name}=value`"));
    }
    let finding = Finding::new(place, format!("`{name}` is never set in this document"));
    let nearest = set.and_then(|set| {
        let here = block.script.assignments().iter().filter(|one| one.gives_value() && one.span.end <= used.span.start);
        let here = here.map(|assignment| assignment.name.as_str());
        let candidates: Vec<&str> = set.iter().copied().chain(here).filter(|candidate| !is_known_variable(candidate)).collect();
        nearest_variable(name, candidates.iter().copied())
    });
    match nearest {
        Some(nearest) => finding.with_hint(format!("did you mean `{nearest}`?")),
        None => finding.with_hint(format!("set it in a block above, or pass `--var {name}=value`")),
    }
}

/// The first line that sets each variable where nothing runs, in the words of bash, PowerShell or cmd.
fn set_outside<'d>(document: &Document<'d>) -> BTreeMap<&'d str, usize> {
    let mut lines = BTreeMap::new();
    for (line, text) in document.lines_outside() {
        let text = text.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '>' | '-' | '*' | '`' | '#'));
        let text = ["export ", "set ", "SET ", "$env:", "$", "declare "].iter().find_map(|word| text.strip_prefix(word)).unwrap_or(text);
        let Some((name, value)) = text.split_once('=') else { continue };
        if !value.trim().is_empty() && !value.starts_with('=') {
            lines.entry(name.trim_end()).or_insert(line);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{check, findings};

    const CODE: &str = "undefined-variable";

    #[test]
    fn what_a_directive_captures_is_set_for_the_steps_below() {
        let captured = "<!-- docent: capture=JOB:$.job -->\n```bash\necho '{\"job\": 1}'\n```\n\n```bash\necho $JOB\n```\n";
        assert!(findings(CODE, captured).is_empty());
        assert_eq!(findings(CODE, &captured.replace("JOB:", "OTHER:")).len(), 1);
    }

    #[test]
    fn a_variable_that_nobody_sets_is_found_once_with_what_was_meant() {
        check(CODE, "A=1\necho $A $B\necho \"${B}\"", &["2: `B` is never set"]);
        check(CODE, "A=1\necho \"$A $B\" \"x-$A $C\" \"$(date) $D\"", &["2: `B`", "2: `C`", "2: `D`"]);
        check(CODE, "cat <<E\n$C\nE\ncat <<'E'\n$D\nE", &["2: `C`"]);
    }

    #[test]
    fn order_counts_across_blocks_and_lines() {
        check(CODE, "echo \"$A\"\nA=1", &["1: `A` is used here and set only later, in line 3"]);
        let text = "```bash\necho $A\n```\n\n```bash\nA=1\n```\n";
        assert_eq!(findings(CODE, text), ["2: `A` is used here and set only later, in line 6"]);
        check(CODE, "export A=$A", &["`A` is given its own value"]);
        check(CODE, "A=x\nexport A=$A.y", &[]);
        check(CODE, "export A=<your-name>\nB=<bee> C=<see>\necho $A $B $C", &[]);
        check(CODE, "while true; do\n  if [ \"$S\" = up ]; then break; fi\n  S=$(cat state)\ndone", &[]);
    }

    #[test]
    fn assignments_that_do_not_run_are_named() {
        let text = "```text\nexport A=1\n```\n\n<!-- docent: skip -->\n```bash\nB=2\n```\n\n```bash\necho $A $B\n```\n";
        let found = findings(CODE, text);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("line 2 sets it, but does not run") && found[1].contains("line 7"), "{found:?}");
        let text = "<!--\n```bash\nexport C=1\n```\n-->\n\n```bash\necho $C\n```\n";
        assert_eq!(findings(CODE, text), ["8: `C` is never set by a block that runs; line 3 sets it, but does not run"]);
    }

    #[test]
    fn what_is_thought_of_or_comes_from_elsewhere_is_no_finding() {
        check(CODE, "echo ${A:-1} $HOME $RANDOM ${PWD##*/} $1 $? $GITHUB_ENV", &[]);
        check(CODE, "if [ -z \"$A\" ]; then echo set A; exit 1; fi\necho $A", &[]);
        check(CODE, "source ./settings.sh\necho $A", &[]);
        check(CODE, "source <(kubectl completion bash)\necho $A", &["2: `A`"]);
        check(CODE, "read -r A\nfor B in 1 2; do echo $A $B; done\nwhile read -r C; do echo $C; done <x\nprintf -v D 1; echo $D", &[]);
        check(CODE, "f() { echo \"$A\"; local b=$1; echo $b; }\nA=1\nf x", &[]);
        check(CODE, "echo '$A' \\$B 'x'\"'$C'\"", &["`C`"]);
    }

    #[test]
    fn directives_set_variables_too_and_setup_comes_first() {
        let text = "<!-- docent: requires=var:GIVEN capture=IP:$.ip -->\n```bash\necho $GIVEN $SET\n```\n\n```bash\necho $IP\n```\n\n\
                    <!-- docent: setup\n```bash\nSET=1\n```\n-->\n";
        assert_eq!(findings(CODE, text), [""; 0]);
        let text = text.replace("setup", "cleanup").replace("capture=IP", "capture=IT").replace("requires=var:GIVEN", "");
        assert_eq!(findings(CODE, &text).len(), 3, "{:?}", findings(CODE, &text));
    }
}
