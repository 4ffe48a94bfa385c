//! The documents that run before one, read from files of the same repository or folder.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::load::read;
use crate::{
    diagnostic::Diagnostic,
    runbook::{self, Loaded, Loader, Refusal, Runbook},
};

/// Finds what runs before `runbook`, which was read from `path`; what is wrong with its links comes back.
///
/// A document comes from others: it reaches no further than the repository that it lies in, or its own folder when it lies in none.
pub fn include(path: &Path, runbook: &mut Runbook) -> Vec<Diagnostic> {
    if runbook.prerequisites.is_empty() {
        return Vec::new();
    }
    let Ok(whole) = fs::canonicalize(path) else { return Vec::new() };
    let name = runbook.source.path().to_owned();
    let base = path.to_str().and_then(|path| path.strip_suffix(&name)).map(PathBuf::from);
    let repository = whole.ancestors().skip(1).find(|folder| folder.join(".git").exists());
    let files = Files { base, root: repository.or(whole.parent()).unwrap_or(&whole).to_owned(), is_repository: repository.is_some() };
    runbook::include(runbook, &whole.to_string_lossy(), &files)
}

struct Files {
    /// What names are relative to; none when the path is no text.
    base: Option<PathBuf>,
    /// Nothing outside of it is read.
    root: PathBuf,
    is_repository: bool,
}

impl Loader for Files {
    fn load(&self, name: &str) -> Result<Loaded, Refusal> {
        let missing = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Refusal::Missing("there is no such file".to_owned()),
            _ => Refusal::Missing(error.to_string()),
        };
        let Some(base) = &self.base else { return Err(Refusal::Missing("the path of this document is not UTF-8".to_owned())) };
        // Links of the file system are followed before it is asked where the file lies.
        let path = fs::canonicalize(base.join(name)).map_err(missing)?;
        if !path.starts_with(&self.root) {
            let root = if self.is_repository {
                "the repository of this document"
            } else {
                "the folder of this document, which is in no repository"
            };
            return Err(Refusal::Outside(format!("it lies outside of {root}")));
        }
        if !path.is_file() {
            return Err(Refusal::Missing("it is no file".to_owned()));
        }
        let file = read(&path, name).map_err(|error| Refusal::Missing(error.to_string()))?;
        let (runbook, diagnostics) = runbook::parse(name, &file.bytes, &file.companions);
        Ok(Loaded { key: path.to_string_lossy().into_owned(), runbook, diagnostics })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::load;

    fn write(folder: &Path, name: &str, text: &str) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    const MAIN: &str = "# M\n\n## Prerequisites\n\n* [a](../a.md)\n* [b](b.md)\n* [l](link.md)\n* [x](/etc/x.md)\n";
    const OTHER: &str = "# O\n\n```bash\n:\n```\n";

    /// Loads `docs/main.md` of `folder`; the documents before it, and what is said.
    fn loaded(folder: &Path) -> (Vec<String>, Vec<(usize, &'static str)>) {
        let document = load(&folder.join("docs/main.md"), "docs/main.md").unwrap();
        let before = document.runbook.before.iter().map(|before| before.source.path().to_owned()).collect();
        let found = document.diagnostics.iter().filter(|found| found.code.contains("prerequisite"));
        (before, found.map(|found| (found.line, found.code)).collect())
    }

    #[test]
    fn documents_of_the_same_repository_are_read_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let (root, outside) = (folder.path().join("repo"), folder.path().join("outside.md"));
        write(folder.path(), "outside.md", OTHER);
        write(&root, "docs/main.md", MAIN);
        write(&root, "docs/b.md", OTHER);
        write(&root, "a.md", OTHER);
        std::os::unix::fs::symlink(outside, root.join("docs/link.md")).unwrap();
        // Without a repository, nothing above the document's folder is read.
        let refused = "refused-prerequisite";
        assert_eq!(loaded(&root), (vec!["docs/b.md".to_owned()], vec![(5, refused), (7, refused), (8, refused)]));
        fs::create_dir(root.join(".git")).unwrap();
        assert_eq!(loaded(&root), (vec!["a.md".to_owned(), "docs/b.md".to_owned()], vec![(7, refused), (8, refused)]));
    }

    #[test]
    fn a_document_without_its_prerequisites_has_no_complaint_about_them() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "docs/main.md", "<!-- docent-file: requires=doc:b.md,doc:no.md -->\n```bash\n:\n```\n");
        write(folder.path(), "docs/b.md", OTHER);
        let document = load(&folder.path().join("docs/main.md"), "docs/main.md").unwrap();
        assert!(document.is_unreadable() && document.runbook.before.len() == 1);
        let alone = document.without_prerequisites();
        assert!(!alone.is_unreadable() && alone.runbook.before.is_empty());
    }
}
