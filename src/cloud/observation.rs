//! What the cloud noticed and no client prints: material for the report.

use super::fault::Unsupported;

/// One thing worth telling about a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation {
    /// docent lacks something that the step asked for.
    Unsupported(Unsupported),
    /// A built-in client ended with a failure.
    ClientExit {
        /// Its words, expanded, `argv[0]` included.
        argv: Vec<String>,
        /// Its exit status.
        status: i32,
        /// The first line of its standard error.
        message: String,
    },
    /// The step worked because something has spread here at once that takes Azure a while.
    Luck {
        /// One sentence.
        text: String,
    },
    /// A fact that explains a refusal which Azure words obscurely or not at all.
    Hint {
        /// What it is about: the id or name of a resource or principal.
        about: String,
        /// One sentence.
        text: String,
    },
}
