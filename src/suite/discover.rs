//! Paths → runbooks: a file is itself, a folder means every `*.md` below it that has an executable block.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// How deep folders are searched; deeper ones are an error, not a silent omission.
const DEPTH_MAX: usize = 64;

/// A path that is no runbook.
#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    /// Nothing is there, or it cannot be looked at.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// What was asked for.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Folders nest too deep.
    #[error("{} is more than {DEPTH_MAX} folders deep", path.display())]
    TooDeep {
        /// Where the search ended.
        path: PathBuf,
    },
}

/// A file to read as a runbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its path, as given or as found below a given folder.
    pub path: PathBuf,
    /// Whether it was found in a folder: then it counts only if it has an executable block.
    pub by_search: bool,
}

/// The files that `paths` stand for, each once, folders in name order. Hidden folders, `target` and `node_modules` are not searched.
///
/// # Errors
/// When a path cannot be read.
pub fn discover(paths: &[PathBuf]) -> Result<Vec<Found>, DiscoverError> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for path in paths {
        let unreadable = |source| DiscoverError::Unreadable { path: path.clone(), source };
        if fs::metadata(path).map_err(unreadable)?.is_dir() {
            let mut files = Vec::new();
            search(path, 0, &mut files)?;
            found.extend(files.into_iter().map(|path| Found { path, by_search: true }));
        } else {
            found.push(Found { path: path.clone(), by_search: false });
        }
    }
    found.retain(|file| seen.insert(fs::canonicalize(&file.path).unwrap_or_else(|_| file.path.clone())));
    Ok(found)
}

fn search(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), DiscoverError> {
    if depth > DEPTH_MAX {
        return Err(DiscoverError::TooDeep { path: folder.to_owned() });
    }
    let unreadable = |source| DiscoverError::Unreadable { path: folder.to_owned(), source };
    let mut entries = fs::read_dir(folder).map_err(unreadable)?.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // Links to folders are not followed: they may lead back up.
        let kind = entry.file_type().map_err(unreadable)?;
        if kind.is_dir() {
            if !name.starts_with('.') && name != "target" && name != "node_modules" {
                search(&path, depth + 1, files)?;
            }
        } else if name.to_lowercase().ends_with(".md") && path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_searched_in_order_and_named_files_come_once() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("b/z.md", ""), ("a.MD", ""), (".git/x.md", ""), ("target/y.md", ""), ("notes.txt", "")] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let found = discover(&[folder.path().to_owned(), folder.path().join("b/z.md")]).unwrap();
        let names: Vec<_> = found.iter().map(|file| file.path.strip_prefix(folder.path()).unwrap().display().to_string()).collect();
        assert_eq!(names, ["a.MD", "b/z.md"]);
        assert!(discover(&[folder.path().join("missing.md")]).is_err());
    }
}
