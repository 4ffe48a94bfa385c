//! The nouns of a shell script.

use crate::diagnostic::Span;

/// A statement at the top of a script: a command, a pipeline, a list, a loop, a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its bytes, here-documents included.
    pub span: Span,
    /// The 0-based line of its first byte.
    pub line: usize,
    /// The 0-based line of its last byte.
    pub last_line: usize,
}

/// Where a command runs, by the nearest construct around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// `$(…)` or backticks: when it fails, the statement around it may succeed.
    Capture,
    /// Behind `&`.
    Background,
    /// A part of `a | b`.
    Pipeline,
    /// Left of `&&`: when it fails, the list ends there, and bash goes on with the next statement.
    BeforeAnd,
    /// Behind `&`, and a `wait` without words waited for it: that ends with 0 whatever became of it.
    Awaited,
    /// `<(…)` or `>(…)`.
    ProcessSubstitution,
    /// `( … )`.
    Subshell,
    /// The shell itself.
    TopLevel,
}

/// Something that gives a variable a value or an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The variable.
    pub name: String,
    /// How.
    pub kind: AssignmentKind,
    /// The bytes of the whole word, `NAME=value`.
    pub span: Span,
    /// The bytes of the value; none when the text shows none (`read X`, `export X`, `X=`).
    pub value: Option<Span>,
    /// The value when it is a literal word, unquoted.
    pub literal: Option<String>,
    /// The 0-based line.
    pub line: usize,
    /// It is exported by this very assignment.
    pub exported: bool,
    /// `NAME+=value`.
    pub appends: bool,
    /// It names one element, `NAME[…]=value`.
    pub element: bool,
    /// The value is one capture and nothing else, quoted or not.
    pub is_capture: bool,
    /// Where.
    pub place: Place,
    /// Inside the body of a function.
    pub in_function: bool,
}

impl Assignment {
    /// Whether text after it in the same shell can see it.
    pub fn is_lasting(&self) -> bool {
        self.place == Place::TopLevel && !matches!(self.kind, AssignmentKind::ForOneCommand | AssignmentKind::Unset)
    }

    /// Whether it gives a value, as opposed to an attribute.
    pub fn gives_value(&self) -> bool {
        match self.kind {
            AssignmentKind::Plain | AssignmentKind::ForOneCommand | AssignmentKind::Loop | AssignmentKind::Builtin => true,
            AssignmentKind::Declaration => self.value.is_some() || self.literal.is_some(),
            AssignmentKind::Unset => false,
        }
    }
}

/// How a variable gets its value or attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssignmentKind {
    /// `X=1`.
    Plain,
    /// `export`, `declare`, `typeset`, `local`, `readonly`.
    Declaration,
    /// `X=1 command`.
    ForOneCommand,
    /// `for X in …`, `select X in …`.
    Loop,
    /// `read X`, `printf -v X`, `mapfile X`, `getopts … X`, `${X:=…}`, `((X = …))`.
    Builtin,
    /// `unset X`.
    Unset,
}

/// `$(…)` or backticks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// Its bytes.
    pub span: Span,
    /// The 0-based line of its first byte.
    pub line: usize,
    /// The 0-based line of its last byte.
    pub last_line: usize,
    /// The commands directly inside: indices into [`super::Script::commands`].
    pub commands: Vec<usize>,
    /// The variable that it alone is assigned to.
    pub assigned_to: Option<String>,
}

/// A use of a variable by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The variable.
    pub name: String,
    /// The bytes of the whole expansion, `${X%.*}`.
    pub span: Span,
    /// The 0-based line.
    pub line: usize,
    /// `${X:-d}`, `${X+d}`, `${X:?m}` and the like: being unset is thought of.
    pub guarded: bool,
    /// In a here-document.
    pub in_here_document: bool,
    /// In the body of a function.
    pub in_function: bool,
    /// The command that it belongs to: an index into [`super::Script::commands`].
    pub command: Option<usize>,
}

/// A command of any kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// What it is.
    pub kind: CommandKind,
    /// The words of a simple command, its name first, redirections and leading assignments left out; empty for other kinds.
    pub words: Vec<Word>,
    /// Its bytes, redirections included.
    pub span: Span,
    /// The 0-based line of its first byte.
    pub line: usize,
    /// The 0-based line of its last byte.
    pub last_line: usize,
    /// Where it runs.
    pub place: Place,
    /// Where bash notices that it failed: for a part of a pipeline around that.
    pub(super) noticed_in: Place,
    /// Inside the body of a function.
    pub in_function: bool,
}

impl Command {
    /// The name of a simple command when it is a literal word.
    pub fn name(&self) -> Option<&str> {
        self.words.first().filter(|word| word.literal).map(|word| word.text.as_str())
    }
}

/// What a command is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandKind {
    /// A name and words.
    Simple,
    /// Assignments alone.
    Assignment,
    /// `export`, `declare`, `typeset`, `local`, `readonly`, `unset`.
    Declaration,
    /// `[ … ]`, `[[ … ]]`, `(( … ))`.
    Test,
    /// `( … )`, `{ …; }`, loops, `if`, `case`: things made of commands.
    Compound,
    /// `a | b`.
    Pipeline,
}

/// One word of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The text: unquoted when it is literal, as written otherwise.
    pub text: String,
    /// It holds no expansion.
    pub literal: bool,
    /// Its bytes.
    pub span: Span,
}

/// A here-document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HereDocument {
    /// The bytes of its body; for an open one all that is left.
    pub body: Span,
    /// The 0-based line of `<<`.
    pub line: usize,
    /// The delimiter without quotes.
    pub delimiter: String,
    /// The delimiter is quoted, so nothing in the body is expanded.
    pub quoted: bool,
    /// The delimiter's line is there. bash only warns when it is not.
    pub closed: bool,
}

/// A place that the grammar could not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Its bytes; empty where something is missing.
    pub span: Span,
    /// The 0-based line.
    pub line: usize,
}
