//! Writes a mended document: all of it or nothing, with the permissions that it had.

use std::{fs, io::Write, path::PathBuf};

use crate::cli::{Problem, exit::Exit};

/// A file and what it is to contain.
pub(super) struct Change {
    /// Its path as given.
    pub(super) path: PathBuf,
    /// What was read.
    pub(super) before: Vec<u8>,
    /// What it is to contain.
    pub(super) after: Vec<u8>,
}

/// Puts the new content in the place of the old.
pub(super) fn replace(change: &Change) -> Result<(), Problem> {
    let name = change.path.display();
    let broken = |error: std::io::Error| Problem::new(Exit::Broken, format!("cannot write {name}: {error}"));
    // A link stays a link.
    let path = fs::canonicalize(&change.path).map_err(broken)?;
    let permissions = fs::metadata(&path).map_err(broken)?.permissions();
    if permissions.readonly() {
        return Err(Problem::new(Exit::Broken, format!("cannot write {name}: it is read-only\n\nTry: chmod u+w {name}")));
    }
    let folder = path.parent().ok_or_else(|| Problem::new(Exit::Broken, format!("{name} stands in no folder")))?;
    let mut file = tempfile::Builder::new().prefix(".docent-").tempfile_in(folder).map_err(broken)?;
    file.write_all(&change.after).map_err(broken)?;
    file.as_file().set_permissions(permissions).map_err(broken)?;
    file.as_file().sync_all().map_err(broken)?;
    if fs::read(&path).map_err(broken)? != change.before {
        return Err(Problem::new(Exit::Broken, format!("{name} was changed by somebody else meanwhile; it is left as it is")));
    }
    file.persist(&path).map_err(|error| broken(error.error))?;
    Ok(())
}
