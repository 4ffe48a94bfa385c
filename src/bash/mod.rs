//! Shell text → statements, assignments, captures and uses, with spans (tree-sitter-bash). Pure.
//!
//! Lines count from 0, columns are bytes: what is found here is added to the place of the block in its document.
//! Deliberately absent: flow (whether an assignment is reached), what a command means but for what doing it twice means, and whether bash would accept the text
//! (`bash -n` is the truth; the grammar here is tolerant).

mod effect;
mod heredoc;
mod known;
mod locate;
mod model;
mod substitute;
mod walk;
mod watch;
mod word;

pub use effect::{Deed, Effect};
pub use known::is_known_variable;
pub use locate::Located;
pub use model::{Assignment, AssignmentKind, Capture, Command, CommandKind, HereDocument, Place, Problem, Statement, Use, Word};
pub use substitute::{substitute_assignment, substitute_word};
pub use watch::{Part, Watch, WatchKind, exit_status, watches};

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::Span;

/// Longer texts are not analysed.
const TEXT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// An analysed script. Everything is in the order of the text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Script {
    statements: Vec<Statement>,
    assignments: Vec<Assignment>,
    captures: Vec<Capture>,
    uses: Vec<Use>,
    commands: Vec<Command>,
    functions: BTreeMap<String, usize>,
    here_documents: Vec<HereDocument>,
    problems: Vec<Problem>,
}

impl Script {
    /// Analyses a text. Never fails: what cannot be read is in [`Script::problems`], and a text above 4 MiB is one problem.
    pub fn parse(text: &str) -> Self {
        if text.len() > TEXT_BYTES_MAX {
            let problem = Problem { span: Span::new(0, text.len()), line: 0 };
            return Self { problems: vec![problem], ..Self::default() };
        }
        walk::analyse(text)
    }

    /// Takes spans back to the text that was given.
    fn clip(&mut self, length: usize) {
        self.each_span(|span| *span = Span::new(span.start.min(length), span.end.min(length)));
    }

    fn each_span(&mut self, change: impl FnMut(&mut Span)) {
        let statements = self.statements.iter_mut().map(|statement| &mut statement.span);
        let assignments = self.assignments.iter_mut().flat_map(|one| std::iter::once(&mut one.span).chain(&mut one.value));
        let captures = self.captures.iter_mut().map(|capture| &mut capture.span);
        let uses = self.uses.iter_mut().map(|used| &mut used.span);
        let commands = self
            .commands
            .iter_mut()
            .flat_map(|command| std::iter::once(&mut command.span).chain(command.words.iter_mut().map(|word| &mut word.span)));
        let bodies = self.here_documents.iter_mut().map(|document| &mut document.body);
        let problems = self.problems.iter_mut().map(|problem| &mut problem.span);
        statements.chain(assignments).chain(captures).chain(uses).chain(commands).chain(bodies).chain(problems).for_each(change);
    }

    /// The statements at the top of the script.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// The top statement that holds a line; none between statements.
    pub fn statement_at(&self, line: usize) -> Option<&Statement> {
        let index = self.statements.partition_point(|statement| statement.last_line < line);
        self.statements.get(index).filter(|statement| statement.line <= line)
    }

    /// Everything that gives a variable a value or an attribute.
    pub fn assignments(&self) -> &[Assignment] {
        &self.assignments
    }

    /// The names that get a value in the shell itself, so that later text sees it: not in a subshell, not for one command.
    pub fn assigned(&self) -> BTreeSet<&str> {
        let lasting = self.assignments.iter().filter(|assignment| assignment.is_lasting() && assignment.gives_value());
        lasting.map(|assignment| assignment.name.as_str()).collect()
    }

    /// `$(…)` and backticks.
    pub fn captures(&self) -> &[Capture] {
        &self.captures
    }

    /// Uses of variables by name, here-documents and arithmetic included; positional and special parameters are not among them.
    pub fn uses(&self) -> &[Use] {
        &self.uses
    }

    /// Commands of every kind, at any depth.
    pub fn commands(&self) -> &[Command] {
        &self.commands
    }

    /// The simple commands whose name is a literal word, is no builtin or keyword of bash, and no function of this script.
    pub fn external_commands(&self) -> impl Iterator<Item = (&str, &Command)> {
        self.commands.iter().filter_map(|command| {
            let name = command.name()?;
            let external = command.kind == CommandKind::Simple && !self.functions.contains_key(name) && !word::is_builtin(name);
            external.then_some((name, command))
        })
    }

    /// Names of functions, and the lines that they are defined at; the last definition counts.
    pub fn functions(&self) -> &BTreeMap<String, usize> {
        &self.functions
    }

    /// Here-documents.
    pub fn here_documents(&self) -> &[HereDocument] {
        &self.here_documents
    }

    /// What the grammar could not read.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Whether all could be read.
    pub fn is_valid(&self) -> bool {
        self.problems.is_empty()
    }
}

#[cfg(test)]
mod tests;
