//! One pass over the syntax tree, without recursion: a document must not be able to exhaust the stack.

use std::collections::{HashMap, HashSet};

use tree_sitter::{Node, Parser, Tree, TreeCursor};

use super::model::{Assignment, AssignmentKind, Capture, Command, CommandKind, Place, Problem, Statement, Use, Word};
use super::{Script, heredoc, word};
use crate::diagnostic::Span;

/// Operators of `${X…}` that say what to do when `X` is unset.
const GUARDS: [&str; 8] = [":-", "-", ":=", "=", ":+", "+", ":?", "?"];
/// Nodes in which a bare name is a variable.
const ARITHMETIC: [&str; 8] = [
    "arithmetic_expansion",
    "binary_expression",
    "unary_expression",
    "postfix_expression",
    "parenthesized_expression",
    "ternary_expression",
    "compound_statement",
    "subscript",
];

pub(super) fn analyse(text: &str) -> Script {
    // The grammar wants a last line end, above all after a here-document; bash does not.
    if !text.ends_with('\n') {
        let mut script = analyse(&format!("{text}\n"));
        script.clip(text.len());
        return script;
    }
    let mut parser = Parser::new();
    let mut parse = |text: &str| parser.set_language(&tree_sitter_bash::LANGUAGE.into()).ok().and_then(|()| parser.parse(text, None));
    let Some(tree) = parse(text) else {
        return Script { problems: vec![Problem { span: Span::new(0, text.len()), line: 0 }], ..Script::default() };
    };
    match heredoc::cured(text, &tree, parse) {
        Some(cured) => {
            let mut script = Walk::new(&cured.text, &cured.tree).run(&cured.tree);
            script.each_span(|span| *span = Span::new(cured.original(span.start), cured.original(span.end)));
            script
        }
        None => Walk::new(text, &tree).run(&tree),
    }
}

/// What holds for the children of a node.
#[derive(Debug, Clone, Copy)]
struct Context<'t> {
    parent: &'t str,
    at_top: bool,
    place: Place,
    /// Where a failure of a pipeline's part is noticed.
    noticed_in: Option<Place>,
    in_function: bool,
    in_here_document: bool,
    in_problem: bool,
    exports: bool,
    command: Option<usize>,
    capture: Option<usize>,
    /// The statement with its redirections, for the command that it consists of.
    redirected: Option<Span>,
}

struct Walk<'a> {
    text: &'a str,
    script: Script,
    background: HashSet<usize>,
    captured: HashMap<usize, String>,
}

impl<'a> Walk<'a> {
    fn new(text: &'a str, tree: &Tree) -> Self {
        Self { text, script: Script::default(), background: background_nodes(tree), captured: HashMap::new() }
    }

    fn run(mut self, tree: &Tree) -> Script {
        let mut cursor = tree.walk();
        let mut contexts = vec![Context {
            parent: "",
            at_top: false,
            place: Place::TopLevel,
            noticed_in: None,
            in_function: false,
            in_here_document: false,
            in_problem: false,
            exports: false,
            command: None,
            capture: None,
            redirected: None,
        }];
        loop {
            let node = cursor.node();
            let outer = contexts.last().copied().expect("the root's context is popped last");
            let inner = self.visit(node, outer);
            if cursor.goto_first_child() {
                contexts.push(inner);
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return self.script;
                }
                contexts.pop();
            }
        }
    }

    /// Takes note of a node and says what holds for its children.
    fn visit<'t>(&mut self, node: Node<'t>, outer: Context<'t>) -> Context<'t> {
        let kind = node.kind();
        let mut inner = Context { parent: kind, at_top: kind == "program", noticed_in: None, redirected: None, ..outer };
        if self.background.contains(&node.id()) {
            inner.place = Place::Background;
        }
        let outer = Context { place: inner.place, ..outer };
        if node.is_error() || node.is_missing() {
            // bash accepts a backslash at the very end, the grammar does not.
            let rest = self.text.get(node.start_byte()..).unwrap_or_default();
            let is_last_backslash = rest.len() < 16 && rest.trim() == "\\";
            if !outer.in_problem && !is_last_backslash {
                self.script.problems.push(Problem { span: span(node), line: node.start_position().row });
            }
            inner.in_problem = true;
        }
        if outer.at_top && node.is_named() && kind != "comment" {
            let statement = Statement { span: span(node), line: node.start_position().row, last_line: last_line(node) };
            self.script.statements.push(statement);
        }
        match kind {
            "redirected_statement" => {
                inner.redirected = Some(span(node));
                inner.noticed_in = outer.noticed_in;
                // The statement is invisible to what surrounds it.
                inner.parent = outer.parent;
            }
            "command" => inner.command = Some(self.simple_command(node, outer)),
            "declaration_command" | "unset_command" => self.declaration(node, outer, &mut inner),
            "test_command" => inner.command = Some(self.command(node, outer, CommandKind::Test, Vec::new())),
            "compound_statement" => {
                let arithmetic = node.child(0).is_some_and(|first| first.kind() == "((");
                let kind = if arithmetic { CommandKind::Test } else { CommandKind::Compound };
                inner.command = Some(self.command(node, outer, kind, Vec::new()));
            }
            "for_statement" | "c_style_for_statement" | "while_statement" | "if_statement" | "case_statement" => {
                inner.command = Some(self.command(node, outer, CommandKind::Compound, Vec::new()));
                if let Some(variable) = node.child_by_field_name("variable") {
                    self.name_only(variable, outer, AssignmentKind::Loop);
                }
            }
            "subshell" => {
                inner.command = Some(self.command(node, outer, CommandKind::Compound, Vec::new()));
                inner.place = Place::Subshell;
            }
            "pipeline" => {
                inner.command = Some(self.command(node, outer, CommandKind::Pipeline, Vec::new()));
                inner.place = Place::Pipeline;
                inner.noticed_in = Some(outer.place);
            }
            "variable_assignments" => inner.command = Some(self.command(node, outer, CommandKind::Assignment, Vec::new())),
            "variable_assignment" => self.assignment(node, outer, &mut inner),
            "function_definition" => {
                if let Some(name) = node.child_by_field_name("name").and_then(|name| self.text.get(name.byte_range())) {
                    self.script.functions.insert(name.to_owned(), node.start_position().row);
                }
                inner.in_function = true;
            }
            "command_substitution" => {
                let assigned_to = self.captured.remove(&node.start_byte());
                let (line, last_line) = (node.start_position().row, last_line(node));
                self.script.captures.push(Capture { span: span(node), line, last_line, commands: Vec::new(), assigned_to });
                inner.capture = Some(self.script.captures.len() - 1);
                inner.place = Place::Capture;
                inner.exports = false;
            }
            "process_substitution" => {
                inner.place = Place::ProcessSubstitution;
                inner.capture = None;
            }
            "heredoc_redirect" => {
                self.script.here_documents.extend(heredoc::read(node, self.text));
                // `cat <<E | grep x`: the grammar hangs the rest of the pipeline below the redirection.
                let mut cursor = node.walk();
                if node.children(&mut cursor).any(|child| matches!(child.kind(), "|" | "|&" | "pipeline")) {
                    inner.place = Place::Pipeline;
                    inner.noticed_in = Some(outer.place);
                }
            }
            "heredoc_body" => inner.in_here_document = true,
            "simple_expansion" | "expansion" => self.expansion(node, outer),
            "variable_name" if ARITHMETIC.contains(&outer.parent) => self.arithmetic_name(node, outer),
            _ => {}
        }
        inner
    }

    fn command(&mut self, node: Node<'_>, outer: Context<'_>, kind: CommandKind, words: Vec<Word>) -> usize {
        let index = self.script.commands.len();
        let whole = outer.redirected.unwrap_or_else(|| span(node));
        self.script.commands.push(Command {
            kind,
            words,
            span: whole,
            line: node.start_position().row,
            last_line: last_line(node).max(if outer.redirected.is_some() { self.last_line_of(whole, node) } else { 0 }),
            place: outer.place,
            noticed_in: outer.noticed_in.unwrap_or(outer.place),
            in_function: outer.in_function,
        });
        if let Some(capture) = outer.capture.and_then(|index| self.script.captures.get_mut(index)) {
            capture.commands.push(index);
        }
        index
    }

    /// The line of the last byte of a redirected statement around `node`.
    fn last_line_of(&self, whole: Span, node: Node<'_>) -> usize {
        let rest = self.text.get(node.end_byte()..whole.end).unwrap_or_default();
        node.end_position().row + rest.trim_end_matches('\n').matches('\n').count()
    }

    fn simple_command(&mut self, node: Node<'_>, outer: Context<'_>) -> usize {
        let mut cursor = node.walk();
        let words: Vec<Word> = node
            .named_children(&mut cursor)
            .filter(|child| !matches!(child.kind(), "variable_assignment" | "file_redirect" | "herestring_redirect" | "heredoc_redirect"))
            .map(|child| word::read(child, self.text))
            .collect();
        for (name, kind) in assigned_by_builtin(&words) {
            self.push_name(name.text.clone(), name.span, node.start_position().row, outer, kind);
        }
        self.command(node, outer, CommandKind::Simple, words)
    }

    fn declaration(&mut self, node: Node<'_>, outer: Context<'_>, inner: &mut Context<'_>) {
        let mut cursor = node.walk();
        let children: Vec<Node<'_>> = node.children(&mut cursor).collect();
        let words: Vec<Word> =
            children.iter().filter(|child| child.kind() != "variable_assignment").map(|child| word::read(*child, self.text)).collect();
        let is_unset = node.kind() == "unset_command";
        let exports = words.iter().enumerate().any(|(at, word)| match at {
            0 => word.text == "export",
            _ => word.text.starts_with('-') && word.text.contains('x'),
        });
        inner.exports = exports;
        let kind = if is_unset { AssignmentKind::Unset } else { AssignmentKind::Declaration };
        for child in children.iter().filter(|child| child.kind() == "variable_name") {
            self.name_only(*child, Context { exports, ..outer }, kind);
        }
        inner.command = Some(self.command(node, outer, CommandKind::Declaration, words));
    }

    fn name_only(&mut self, node: Node<'_>, outer: Context<'_>, kind: AssignmentKind) {
        let name = self.text.get(node.byte_range()).unwrap_or_default().to_owned();
        self.push_name(name, span(node), node.start_position().row, outer, kind);
    }

    fn push_name(&mut self, name: String, span: Span, line: usize, outer: Context<'_>, kind: AssignmentKind) {
        self.script.assignments.push(Assignment {
            name,
            kind,
            span,
            value: None,
            literal: None,
            line,
            exported: outer.exports,
            appends: false,
            element: false,
            is_capture: false,
            place: outer.place,
            in_function: outer.in_function,
        });
    }

    fn assignment(&mut self, node: Node<'_>, outer: Context<'_>, inner: &mut Context<'_>) {
        let Some(target) = node.child_by_field_name("name") else { return };
        let element = target.kind() == "subscript";
        let name = if element { target.child_by_field_name("name").unwrap_or(target) } else { target };
        let name = self.text.get(name.byte_range()).unwrap_or_default().to_owned();
        let kind = match outer.parent {
            // `A=1 B=2` alone on a line is a command to the grammar, which takes the next line for its words.
            "command" if self.ends_its_line(node) => AssignmentKind::Plain,
            "command" => AssignmentKind::ForOneCommand,
            "declaration_command" => AssignmentKind::Declaration,
            _ => AssignmentKind::Plain,
        };
        if kind == AssignmentKind::Plain && outer.parent != "variable_assignments" {
            inner.command = Some(self.command(node, outer, CommandKind::Assignment, Vec::new()));
        }
        let value = node.child_by_field_name("value");
        let capture = value.and_then(sole_capture);
        if let Some(capture) = capture {
            self.captured.insert(capture.start_byte(), name.clone());
        }
        let mut cursor = node.walk();
        let appends = node.children(&mut cursor).any(|child| child.kind() == "+=");
        let literal = match value {
            Some(value) => word::literal(value, self.text),
            None => Some(String::new()),
        };
        self.script.assignments.push(Assignment {
            name,
            kind,
            span: span(node),
            value: value.map(span),
            literal,
            line: node.start_position().row,
            exported: outer.exports,
            appends,
            element,
            is_capture: capture.is_some(),
            place: outer.place,
            in_function: outer.in_function,
        });
    }

    /// Whether only further assignments follow an assignment in its line.
    fn ends_its_line(&self, node: Node<'_>) -> bool {
        let mut last = node;
        while let Some(next) =
            last.next_sibling().filter(|next| next.kind() == "variable_assignment" && next.start_position().row == last.end_position().row)
        {
            last = next;
        }
        let rest = self.text.get(last.end_byte()..).unwrap_or_default();
        rest.trim_start_matches([' ', '\t']).starts_with('\n')
    }

    fn expansion(&mut self, node: Node<'_>, outer: Context<'_>) {
        let mut cursor = node.walk();
        let mut name = None;
        let mut guarded = false;
        let mut assigns = false;
        for child in node.children(&mut cursor) {
            match child.kind() {
                "variable_name" if name.is_none() => name = Some(child),
                "subscript" if name.is_none() => name = child.child_by_field_name("name"),
                operator if name.is_some() && GUARDS.contains(&operator) => {
                    guarded = true;
                    assigns |= matches!(operator, ":=" | "=");
                }
                _ => {}
            }
        }
        let Some(name) = name else { return };
        if assigns {
            self.name_only(name, outer, AssignmentKind::Builtin);
        }
        // In a string the grammar counts the blanks before an expansion as part of it.
        let whole = span(node);
        let blanks = self.text.get(node.byte_range()).map_or(0, |text| text.len() - text.trim_start().len());
        self.push_use(name, Span::new(whole.start + blanks, whole.end), outer, guarded);
    }

    fn arithmetic_name(&mut self, node: Node<'_>, outer: Context<'_>) {
        // `subscript` holds the array's own name first, which the expansion or the assignment has seen.
        let is_target = match node.parent() {
            Some(parent) if parent.kind() == "subscript" => parent.child(0) == Some(node),
            Some(parent) if parent.kind() == "binary_expression" => {
                let assigns = parent.child(1).is_some_and(|operator| operator.kind() == "=") && parent.child(0) == Some(node);
                if assigns {
                    self.name_only(node, outer, AssignmentKind::Builtin);
                }
                assigns
            }
            _ => false,
        };
        if !is_target {
            self.push_use(node, span(node), outer, false);
        }
    }

    fn push_use(&mut self, name: Node<'_>, whole: Span, outer: Context<'_>, guarded: bool) {
        let line = name.start_position().row;
        let name = self.text.get(name.byte_range()).unwrap_or_default();
        if name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
            self.script.uses.push(Use {
                name: name.to_owned(),
                span: whole,
                line,
                guarded,
                in_here_document: outer.in_here_document,
                in_function: outer.in_function,
                command: outer.command,
            });
        }
    }
}

/// The capture that a value consists of.
fn sole_capture(value: Node<'_>) -> Option<Node<'_>> {
    match value.kind() {
        "command_substitution" => Some(value),
        "string" if value.named_child_count() == 1 => value.named_child(0).filter(|child| child.kind() == "command_substitution"),
        _ => None,
    }
}

/// The names that a builtin gives values to.
fn assigned_by_builtin(words: &[Word]) -> Vec<(&Word, AssignmentKind)> {
    let Some(name) = words.first().filter(|word| word.literal) else { return Vec::new() };
    let arguments = &words[1..];
    let kind = AssignmentKind::Builtin;
    match name.text.as_str() {
        "read" => after_options(arguments, "adinNptu", 'a').into_iter().map(|word| (word, kind)).collect(),
        "mapfile" | "readarray" => after_options(arguments, "dnOsuCc", '\0').into_iter().take(1).map(|word| (word, kind)).collect(),
        "getopts" => arguments.get(1).map(|word| (word, kind)).into_iter().collect(),
        "printf" => match arguments {
            [option, variable, ..] if option.text == "-v" => vec![(variable, kind)],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// The operands, and the argument of the option `named`; `with_argument` are the letters of options that take one.
fn after_options<'a>(arguments: &'a [Word], with_argument: &str, named: char) -> Vec<&'a Word> {
    let mut operands = Vec::new();
    let mut rest = arguments.iter();
    while let Some(word) = rest.next() {
        let option = word.text.strip_prefix('-').filter(|letters| !letters.is_empty());
        let Some(letters) = option else {
            operands.push(word);
            continue;
        };
        // `-rp text`: the last letter takes the next word; `-p"text"` holds its argument.
        if let Some(last) = letters.chars().last().filter(|last| with_argument.contains(*last))
            && let Some(argument) = rest.next()
            && last == named
        {
            operands.push(argument);
        }
    }
    operands.retain(|word| word.literal && word.text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_'));
    operands
}

/// The nodes before a `&`.
fn background_nodes(tree: &Tree) -> HashSet<usize> {
    let mut nodes = HashSet::new();
    let mut cursor: TreeCursor<'_> = tree.walk();
    let mut previous: Vec<Option<usize>> = vec![None];
    loop {
        let node = cursor.node();
        let last = previous.last_mut().expect("one entry for each level");
        if node.kind() == "&" {
            nodes.extend(*last);
        }
        *last = Some(node.id());
        if cursor.goto_first_child() {
            previous.push(None);
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return nodes;
            }
            previous.pop();
        }
    }
}

fn span(node: Node<'_>) -> Span {
    Span::new(node.start_byte(), node.end_byte())
}

/// The line of the last byte; a node that ends with a line end does not reach into the next line.
fn last_line(node: Node<'_>) -> usize {
    let end = node.end_position();
    if end.column == 0 && end.row > node.start_position().row { end.row - 1 } else { end.row }
}
