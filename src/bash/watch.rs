//! Where a script hides the end of a command from bash's ERR trap, and can be watched without changing what it does.
//!
//! Only whole statements of a list are watched: what stands in a condition, beside `||`, or behind `!` is tested by the document
//! itself. A text that the grammar cannot read whole is left alone.

use tree_sitter::{Node, Parser};

use super::model::Place;
use crate::diagnostic::Span;

/// Something to watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// What.
    pub kind: WatchKind,
    /// Its bytes. A command put behind them, after a `;`, is run next and changes nothing around it; for [`WatchKind::Leave`] the
    /// bytes can be put in braces.
    pub span: Span,
    /// The innermost construct that discards its status.
    pub place: Place,
    /// Inside the body of a function.
    pub in_function: bool,
    /// The commands whose statuses are of interest: the parts of a pipeline, else the one.
    pub parts: Vec<Part>,
}

/// What is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WatchKind {
    /// A pipeline: bash looks at its last part only.
    Pipeline,
    /// A pipeline beside `&&`, at the top: its bytes can be put in braces.
    PipelineInList,
    /// `a && b`: when `a` fails, bash goes on.
    AndList,
    /// `wait` without words: it ends with 0 whatever became of the jobs.
    Wait,
    /// The last command of a process substitution, or of a capture in a here-document: bash runs it where no trap sees it.
    Unseen,
    /// `exit`, `return`, `exec`: what stands behind it is not run. In a capture only an `exit` with a status that is not 0.
    Leave,
}

/// A command of a watched thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its text.
    pub text: String,
    /// The 0-based line of its first byte.
    pub line: usize,
}

/// Everything in `text` that is worth watching, in the order of the text.
pub fn watches(text: &str) -> Vec<Watch> {
    if !worth_parsing(text) {
        return Vec::new();
    }
    if !text.ends_with('\n') {
        return watches(&format!("{text}\n"));
    }
    let mut parser = Parser::new();
    let tree = parser.set_language(&tree_sitter_bash::LANGUAGE.into()).ok().and_then(|()| parser.parse(text, None));
    let Some(tree) = tree.filter(|tree| !tree.root_node().has_error()) else { return Vec::new() };
    let mut found = Vec::new();
    let mut cursor = tree.walk();
    let mut frames =
        vec![Frame { kind: "", place: Place::TopLevel, in_function: false, in_here_document: false, branch: false, tested: false }];
    loop {
        let node = cursor.node();
        let frame = *frames.last().expect("the root's frame is popped last");
        let inner = visit(node, frame, text, &mut found);
        if node.kind() == "then"
            && let Some(last) = frames.last_mut()
        {
            last.branch = true;
        }
        if cursor.goto_first_child() {
            frames.push(inner);
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return found;
            }
            frames.pop();
        }
    }
}

/// What holds for the children of a node.
#[derive(Debug, Clone, Copy)]
struct Frame<'t> {
    kind: &'t str,
    place: Place,
    in_function: bool,
    in_here_document: bool,
    /// Past the `then` of an `if`.
    branch: bool,
    /// In a condition, left of `||`, or behind `!`: bash ignores failures here, however deep.
    tested: bool,
}

impl Frame<'_> {
    /// Whether the children are statements of a list whose statuses nobody tests.
    fn is_list(&self) -> bool {
        match self.kind {
            "program"
            | "command_substitution"
            | "process_substitution"
            | "subshell"
            | "do_group"
            | "compound_statement"
            | "else_clause"
            | "case_item" => true,
            "if_statement" | "elif_clause" => self.branch,
            _ => false,
        }
    }
}

fn worth_parsing(text: &str) -> bool {
    // What reads PIPESTATUS, or shows its own text, must find it as it was written.
    let shows_itself = ["PIPESTATUS", "xtrace", "verbose", "set -x", "set -v", "set -ex", "set -eux", "BASH_COMMAND"];
    let of_interest = ["|", "<(", "<<", "exit", "return", "exec", "&&", "wait"];
    text.len() <= super::TEXT_BYTES_MAX
        && of_interest.iter().any(|word| text.contains(word))
        && !shows_itself.iter().any(|word| text.contains(word))
}

fn visit<'t>(node: Node<'t>, frame: Frame<'t>, text: &str, found: &mut Vec<Watch>) -> Frame<'t> {
    let kind = node.kind();
    let mut inner = Frame { kind, branch: false, ..frame };
    inner.tested |= is_tested(node, frame);
    match kind {
        "function_definition" => (inner.in_function, inner.place, inner.tested) = (true, Place::TopLevel, false),
        "command_substitution" => inner.place = Place::Capture,
        "process_substitution" => inner.place = Place::ProcessSubstitution,
        "subshell" if frame.place == Place::TopLevel => inner.place = Place::Subshell,
        "heredoc_body" => inner.in_here_document = true,
        "pipeline" if frame.place == Place::TopLevel => inner.place = Place::Pipeline,
        _ => {}
    }
    if inner.place != frame.place {
        inner.in_here_document = kind == "heredoc_body";
    }
    if node.next_sibling().is_some_and(|next| next.kind() == "&") {
        inner.place = if frame.place == Place::TopLevel { Place::Background } else { inner.place };
        return inner;
    }
    // A capture's own failures are the statement's; in it bash still knows whether it ignores them.
    let is_open = frame.is_list() && (!inner.tested || frame.place == Place::Capture);
    let watch = |kind, parts| Watch {
        kind,
        span: Span::new(node.start_byte(), node.end_byte()),
        place: frame.place,
        in_function: frame.in_function,
        parts,
    };
    let body = if kind == "redirected_statement" { node.child_by_field_name("body").unwrap_or(node) } else { node };
    let holds_here_document = || text.get(node.byte_range()).unwrap_or_default().replace("<<<", "").contains("<<");
    // The grammar takes `! a | b` for a pipeline whose first part is `! a`.
    let is_negated = || starts_negated(node, text);
    if is_open && body.kind() == "pipeline" && !is_negated() && !holds_here_document() {
        found.push(watch(WatchKind::Pipeline, parts(body, text)));
    } else if is_open && body.kind() == "list" && !holds_here_document() {
        let operands = and_operands(body);
        if frame.place == Place::TopLevel && !frame.in_function {
            let pipelines = operands.iter().filter(|operand| operand.kind() == "pipeline" && !starts_negated(**operand, text));
            found.extend(pipelines.map(|pipeline| Watch {
                kind: WatchKind::PipelineInList,
                span: Span::new(pipeline.start_byte(), pipeline.end_byte()),
                place: frame.place,
                in_function: false,
                parts: parts(*pipeline, text),
            }));
        }
        let operands: Vec<Part> = operands.into_iter().map(|operand| part(operand, text)).collect();
        if operands.len() > 1 {
            found.push(watch(WatchKind::AndList, operands));
        }
    } else if is_open && frame.place == Place::TopLevel && kind == "command" && text.get(node.byte_range()) == Some("wait") {
        found.push(watch(WatchKind::Wait, vec![part(node, text)]));
    } else if matches!(kind, "command" | "redirected_statement" if body.kind() == "command")
        && unseen(node, frame)
        && !holds_here_document()
    {
        found.push(watch(WatchKind::Unseen, vec![part(node, text)]));
    } else if (frame.place == Place::TopLevel && leaves(body, frame.in_function, text)
        || frame.place == Place::Capture && body.kind() == "command" && is_failing_exit(text.get(body.byte_range()).unwrap_or_default()))
        && frame.kind != "redirected_statement"
        && frame.kind != "negated_command"
        && !holds_here_document()
    {
        found.push(watch(WatchKind::Leave, vec![part(node, text)]));
    }
    inner
}

/// Whether bash ignores that this fails, by what stands around it.
fn is_tested(node: Node<'_>, frame: Frame<'_>) -> bool {
    match frame.kind {
        "list" => node.next_sibling().is_some_and(|next| next.kind() == "||"),
        "negated_command" => true,
        "if_statement" | "elif_clause" => !frame.branch && !matches!(node.kind(), "else_clause" | "elif_clause"),
        "while_statement" => node.kind() != "do_group",
        _ => false,
    }
}

/// Whether this is the last command of something in which no trap would see it fail.
fn unseen(node: Node<'_>, frame: Frame<'_>) -> bool {
    let is_last = node.next_named_sibling().is_none();
    // `>(…)` is not waited for, so what is seen of it would differ from run to run.
    let reads =
        frame.kind == "process_substitution" && node.parent().and_then(|parent| parent.child(0)).is_some_and(|first| first.kind() == "<(");
    let in_here_document = frame.kind == "command_substitution"
        && node.parent().and_then(|parent| parent.parent()).is_some_and(|outer| outer.kind() == "heredoc_body");
    is_last && (reads || in_here_document)
}

fn leaves(command: Node<'_>, in_function: bool, text: &str) -> bool {
    if command.kind() != "command" {
        return false;
    }
    let name = command.child_by_field_name("name").and_then(|name| text.get(name.byte_range())).unwrap_or_default();
    match name {
        "exit" => true,
        "return" => !in_function,
        // Without words it only redirects.
        "exec" => command.child_by_field_name("argument").is_some(),
        _ => false,
    }
}

/// `exit 3`: no trap fires, and around a capture the status may be discarded.
fn is_failing_exit(command: &str) -> bool {
    exit_status(command).is_some_and(|status| status != 0)
}

/// The status that an `exit` gives as a number.
pub fn exit_status(command: &str) -> Option<u8> {
    let mut words = command.split_whitespace();
    let (name, status) = (words.next()?, words.next()?);
    if name == "exit" && words.next().is_none() { status.parse().ok() } else { None }
}

/// The operands of a list that holds `&&` alone; none of one with `||`.
fn and_operands(list: Node<'_>) -> Vec<Node<'_>> {
    let (mut operands, mut rest) = (Vec::new(), vec![list]);
    while let Some(node) = rest.pop() {
        if node.kind() != "list" {
            operands.push(node);
            continue;
        }
        let mut cursor = node.walk();
        if node.children(&mut cursor).any(|child| child.kind() == "||") {
            return Vec::new();
        }
        let mut cursor = node.walk();
        let mut inner: Vec<Node<'_>> = node.named_children(&mut cursor).filter(|child| child.kind() != "comment").collect();
        inner.reverse();
        rest.extend(inner);
    }
    operands
}

fn starts_negated(node: Node<'_>, text: &str) -> bool {
    text.get(node.start_byte()..).is_some_and(|rest| rest.starts_with('!'))
}

/// The commands of a pipeline.
fn parts(pipeline: Node<'_>, text: &str) -> Vec<Part> {
    let mut cursor = pipeline.walk();
    pipeline.named_children(&mut cursor).filter(|child| child.kind() != "comment").map(|child| part(child, text)).collect()
}

fn part(node: Node<'_>, text: &str) -> Part {
    Part { text: text.get(node.byte_range()).unwrap_or_default().to_owned(), line: node.start_position().row }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kinds, places and texts.
    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let seen: Vec<String> = watches(text)
            .iter()
            .map(|watch| format!("{:?} {:?} {}", watch.kind, watch.place, text.get(watch.span.start..watch.span.end).unwrap_or("?")))
            .collect();
        assert_eq!(seen, expected, "{text}");
    }

    #[test]
    fn pipelines_that_are_statements_are_watched_wherever_they_stand() {
        check("a | b", &["Pipeline TopLevel a | b"]);
        check("X=$(a | b)\nexport Y=\"$(c | d 2>/dev/null)\"", &["Pipeline Capture a | b", "Pipeline Capture c | d 2>/dev/null"]);
        check(
            "f() { a | b; }\nif x; then a | c; else a | d; fi",
            &["Pipeline TopLevel a | b", "Pipeline TopLevel a | c", "Pipeline TopLevel a | d"],
        );
        check("for i in 1; do a | b; done; case x in y) c | d;; esac", &["Pipeline TopLevel a | b", "Pipeline TopLevel c | d"]);
        check("echo `a | b`", &["Pipeline Capture a | b"]);
        check("X=$(a \\\n  | b \\\n  | c)", &["Pipeline Capture a \\\n  | b \\\n  | c"]);
    }

    #[test]
    fn what_the_document_tests_itself_is_not_watched() {
        check("a | b || c\na && b || c\n! a | b\nif a | b; then :; fi\nwhile a | b; do :; done\na | b &\na && b &", &[]);
        check("if a && b; then :; fi\na || b && c\nX=$(a && b || true)\nwait $P\nwait -n\nwait || true", &[]);
        check("X=$(a | b || true)", &[]);
        check("{ a | b; } || c\nif { a | b; }; then :; fi\nwhile ( a && b ); do :; done\n! { a | b; }", &[]);
        check("a || { b | c; }\nif a; then { b && c; }; fi", &["Pipeline TopLevel b | c", "AndList TopLevel b && c"]);
        check("echo ${PIPESTATUS[0]}; a | b", &[]);
        check("a | b 'open", &[]);
        check("cat <<E | grep x\nhi\nE", &[]);
    }

    #[test]
    fn lists_that_end_at_their_first_failure_are_watched_and_so_are_pipelines_in_them() {
        check("a && b", &["AndList TopLevel a && b"]);
        check("a && b && c >f", &["AndList TopLevel a && b && c >f"]);
        check("for i in 1; do a && b; done\nX=$(a && b)", &["AndList TopLevel a && b", "AndList Capture a && b"]);
        check("a | b && c", &["PipelineInList TopLevel a | b", "AndList TopLevel a | b && c"]);
        check("a && b | c", &["PipelineInList TopLevel b | c", "AndList TopLevel a && b | c"]);
        check("f() { a | b && c; }", &["AndList TopLevel a | b && c"]);
        check("a && cat <<E\nhi\nE", &[]);
        check("a &\nwait", &["Wait TopLevel wait"]);
    }

    #[test]
    fn commands_that_no_trap_sees_are_watched() {
        check("cat <(ls x)\ntee >(ls y) < z", &["Unseen ProcessSubstitution ls x"]);
        check("cat <<E\nhi $(ls x)\nE\n", &["Unseen Capture ls x"]);
        check("cat <<'E'\nhi $(ls x)\nE\n", &[]);
        check("cat <(a | b)", &["Pipeline ProcessSubstitution a | b"]);
        check("echo $(ls x)", &[]);
    }

    #[test]
    fn ways_out_of_the_block_are_watched() {
        check(
            "echo a\nexit 0\nb || exit 3\nexec true\nreturn",
            &["Leave TopLevel exit 0", "Leave TopLevel exit 3", "Leave TopLevel exec true", "Leave TopLevel return"],
        );
        check("X=$(a || exit 3; exit 0)", &["Leave Capture exit 3"]);
        check("f() { return 1; }\n(exit 3)\nexec 3>f\nexit 0 &\necho exit", &[]);
        check("f() { exit 1; }", &["Leave TopLevel exit 1"]);
    }
}
