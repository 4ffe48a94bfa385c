//! Where the programs are that blocks may run: what of the caller's search path may be shown to them.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Clients whose own folders are shown too, wherever their links lead.
const CLIENTS: [&str; 6] = ["az", "kubectl", "kubelogin", "helm", "python3", "python"];

/// Folders of `search_path`, and what programs in them cannot do without: a Python environment, a version manager behind its shims.
/// Never the root directory, nor `home` or a folder that holds it.
pub fn programs(search_path: &OsStr, home: Option<&Path>) -> Vec<PathBuf> {
    let home = home.filter(|home| home.is_absolute() && home.parent().is_some());
    let may_show = |path: &Path| path.is_absolute() && path.parent().is_some() && home.is_none_or(|home| !home.starts_with(path));
    let mut shown = BTreeSet::new();
    for folder in std::env::split_paths(search_path).filter(|folder| may_show(folder)) {
        if folder.ends_with("shims") {
            shown.extend(folder.parent().filter(|parent| may_show(parent)).map(Path::to_owned));
        }
        for client in CLIENTS {
            let found = std::fs::canonicalize(folder.join(client)).ok();
            shown.extend(found.and_then(|program| environment(&program)).filter(|environment| may_show(environment)));
        }
        shown.insert(folder);
    }
    shown.into_iter().collect()
}

/// The Python environment that a program belongs to, or the folder that it is in.
fn environment(program: &Path) -> Option<PathBuf> {
    let folder = program.parent()?;
    let above = folder.parent()?;
    Some(if above.join("pyvenv.cfg").is_file() { above } else { folder }.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_the_home_directory_nor_what_holds_it_is_shown() {
        let path = "/usr/bin:/:/home:/home/ana:/home/ana/bin:relative:/home/ana/.pyenv/shims";
        let shown = programs(path.as_ref(), Some(Path::new("/home/ana")));
        let shown: Vec<&str> = shown.iter().filter_map(|path| path.to_str()).collect();
        for folder in ["/usr/bin", "/home/ana/bin", "/home/ana/.pyenv"] {
            assert!(shown.contains(&folder), "{shown:?}");
        }
        for folder in ["/", "/home", "/home/ana", "relative"] {
            assert!(!shown.contains(&folder), "{shown:?}");
        }
    }

    #[test]
    fn a_client_s_environment_is_shown_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for name in ["venv/bin", "bin"] {
            std::fs::create_dir_all(root.join(name)).unwrap();
        }
        std::fs::write(root.join("venv/pyvenv.cfg"), "").unwrap();
        std::fs::write(root.join("venv/bin/az"), "").unwrap();
        std::os::unix::fs::symlink(root.join("venv/bin/az"), root.join("bin/az")).unwrap();
        assert_eq!(programs(root.join("bin").as_os_str(), None), [root.join("bin"), root.join("venv")]);
    }
}
