//! Handing over to the program of the same name that comes after this one on PATH.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Program;

/// Replaces this process with the system's own program of the same name; returns an exit status only when there is none.
pub(crate) fn hand_over(program: &mut Program<'_>, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> i32 {
    let _ = program.stdout.flush();
    let Some(path) = find(program) else {
        let _ = writeln!(program.stderr, "{}: the system's own {} was not found on PATH", program.name, program.name);
        return 127;
    };
    let error = Command::new(&path).arg0(program.name).args(args).exec();
    let _ = writeln!(program.stderr, "{}: cannot start {}: {error}", program.name, path.display());
    126
}

/// The first executable file of this name on PATH that is not this very executable.
pub(crate) fn find(program: &Program<'_>) -> Option<PathBuf> {
    let this = std::env::current_exe().ok().and_then(|path| path.canonicalize().ok());
    let path = program.variable("PATH").unwrap_or("/usr/local/bin:/usr/bin:/bin");
    std::env::split_paths(OsStr::from_bytes(path.as_bytes()))
        .map(|folder| folder.join(program.name))
        .find(|candidate| is_executable(candidate) && candidate.canonicalize().ok() != this)
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use crate::applets::tests::started;

    #[test]
    fn a_program_that_the_system_lacks_is_named() {
        let (status, _, stderr) = started("openssl", &["version"], &[("PATH", "/nowhere")]);
        assert_eq!((status, stderr.as_str()), (127, "openssl: the system's own openssl was not found on PATH\n"));
    }
}
