//! A file → a parsed document.

use std::{cell::RefCell, fs, path::Path, sync::Arc};

use super::prerequisites::include;
use crate::{
    diagnostic::{Diagnostic, Severity},
    runbook::{self, Companions, Runbook},
};

/// The largest file that is read as a runbook.
const DOCUMENT_BYTES_MAX: u64 = 64 << 20;

/// A file that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The system refused.
    #[error("cannot read {path}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is no document a person wrote.
    #[error("{path} has {bytes} bytes; a runbook may have {DOCUMENT_BYTES_MAX}")]
    TooLarge {
        /// The file.
        path: String,
        /// Its size.
        bytes: u64,
    },
}

/// A parsed document with what is wrong with it.
#[derive(Debug, Clone)]
pub struct Document {
    /// The document.
    pub runbook: Arc<Runbook>,
    /// What is wrong with it, in document order.
    pub diagnostics: Vec<Diagnostic>,
}

impl Document {
    /// Whether a diagnostic of severity error keeps it from being run.
    pub fn is_unreadable(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

impl Document {
    /// The same with nothing that runs before it, and without complaints about that.
    #[must_use]
    pub fn without_prerequisites(mut self) -> Self {
        let runbook = Arc::make_mut(&mut self.runbook);
        runbook.before.clear();
        let is_of_a_link = |line: usize| runbook.prerequisites.iter().any(|link| link.line == line);
        self.diagnostics.retain(|diagnostic| {
            let is_loosened = runbook::is_loosening(diagnostic) && is_of_a_link(diagnostic.line);
            !runbook::is_about_prerequisites(diagnostic.code) && !is_loosened
        });
        self
    }
}

/// What a document is parsed from.
#[derive(Debug, Clone)]
pub struct File {
    /// The bytes of the document.
    pub bytes: Vec<u8>,
    /// The files beside it that belong to it.
    pub companions: Companions,
}

/// Reads and parses `path`, the files beside it that belong to it, and the documents that run before it; `name` is what messages call it.
///
/// # Errors
/// When the file cannot be read at all; what is wrong inside it comes as diagnostics.
pub fn load(path: &Path, name: &str) -> Result<Document, LoadError> {
    let file = read(path, name)?;
    let (mut runbook, mut diagnostics) = runbook::parse(name, &file.bytes, &file.companions);
    diagnostics.extend(include(path, &mut runbook));
    diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
    Ok(Document { runbook: Arc::new(runbook), diagnostics })
}

/// Reads `path` and the files beside it that belong to it; `name` is what messages call it.
///
/// # Errors
/// When a file cannot be read.
pub fn read(path: &Path, name: &str) -> Result<File, LoadError> {
    let unreadable = |source| LoadError::Unreadable { path: name.to_owned(), source };
    let bytes = fs::metadata(path).map_err(unreadable)?.len();
    if bytes > DOCUMENT_BYTES_MAX {
        return Err(LoadError::TooLarge { path: name.to_owned(), bytes });
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    let failed = RefCell::new(None);
    let companions = Companions::find(name, |companion| {
        let beside = path.with_file_name(Path::new(companion).file_name()?);
        match fs::read_to_string(&beside) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(source) => {
                *failed.borrow_mut() = Some(LoadError::Unreadable { path: companion.to_owned(), source });
                None
            }
        }
    });
    match failed.into_inner() {
        Some(error) => Err(error),
        None => Ok(File { bytes, companions }),
    }
}
