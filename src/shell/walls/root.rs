//! The minimal root directory of a room: the system read-only, private devices and processes, and bounded memory for the run's own
//! directory and what is temporary. Of what else the machine has there is nothing.

use std::ffi::CStr;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind, mount_bind_recursive, mount_change, unmount};

use super::identity::INSIDE;
use super::kernel::make_read_only;
use super::policy::Policy;

/// What a system is made of; links are made anew.
pub(super) const SYSTEM: [&str; 11] = ["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "etc", "opt", "nix", "snap"];
/// Devices that are safe to share.
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];
/// The folder of the control directory that the new root is put together on.
const BASE: &str = "root";

/// What blocks may write in all, in the run's directory and in `/tmp`: 512 MiB, and 131,072 files. [`super::quota`] holds to the same
/// where there is no room with a root of its own.
const STORE: &CStr = c"mode=1777,size=512m,nr_inodes=131072";

/// Makes it this process's root; nothing of the old one can be reached afterwards. Comes back with the run's directory, which is in memory
/// and empty.
pub(super) fn build(policy: &Policy) -> Result<OwnedFd, String> {
    let said = |what: &'static str| move |error: rustix::io::Errno| format!("{what}: {error}");
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC).map_err(said("mount propagation"))?;
    let base = policy.control.join(BASE);
    fs::create_dir_all(&base).map_err(|error| format!("root: {error}"))?;
    memory(&base, c"mode=0755,size=4m").map_err(|error| format!("root: {error}"))?;
    for name in SYSTEM {
        system(&base, name).map_err(|error| format!("/{name}: {error}"))?;
    }
    accounts(&base, policy).map_err(|error| format!("accounts: {error}"))?;
    devices(&base).map_err(|error| format!("devices: {error}"))?;
    let processes = folder(&base, Path::new("/proc")).map_err(|error| format!("/proc: {error}"))?;
    mount("proc", &processes, "proc", MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC, None).map_err(said("/proc"))?;
    let temporary = folder(&base, Path::new("/tmp")).map_err(|error| format!("/tmp: {error}"))?;
    memory(&temporary, STORE).map_err(|error| format!("/tmp: {error}"))?;
    for name in ["/run", "/home", "/var"] {
        folder(&base, Path::new(name)).map_err(|error| format!("{name}: {error}"))?;
    }
    symlink("/tmp", base.join("var/tmp")).map_err(|error| format!("/var/tmp: {error}"))?;
    let control = &policy.control;
    let target = folder(&base, control).map_err(|error| format!("{}: {error}", control.display()))?;
    mount_bind(control, &target).map_err(|error| format!("{}: {error}", control.display()))?;
    let target = own_directory(&base, &temporary, &policy.directory).map_err(|error| format!("{}: {error}", policy.directory.display()))?;
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::RDONLY;
    let directory = rustix::fs::open(&target, flags, Mode::empty()).map_err(said("the run's directory"))?;
    for path in &policy.readable {
        // A folder of the search path that cannot be shown is as if it were not there.
        let _ = readable(&base, path);
    }
    rustix::process::chdir(&base).map_err(said("chdir"))?;
    rustix::process::pivot_root(".", ".").map_err(said("pivot_root"))?;
    unmount(".", UnmountFlags::DETACH).map_err(said("umount"))?;
    rustix::process::chdir("/").map_err(said("chdir"))?;
    // Only the top: what is mounted below has rules of its own.
    rustix::mount::mount_remount("/", MountFlags::BIND | MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV, "")
        .map_err(said("read-only root"))?;
    Ok(directory)
}

/// The run's directory, in the same memory as what is temporary, so that one bound holds for both.
fn own_directory(base: &Path, temporary: &Path, path: &Path) -> io::Result<PathBuf> {
    let private = fs::Permissions::from_mode(0o700);
    let target = folder(base, path)?;
    if target.starts_with(temporary) {
        fs::set_permissions(&target, private)?;
        return Ok(target);
    }
    let inner = temporary.join(path.file_name().unwrap_or(path.as_os_str()));
    fs::create_dir(&inner)?;
    fs::set_permissions(&inner, private)?;
    mount_bind(&inner, &target)?;
    Ok(target)
}

/// A file system in memory, as large as `options` say at most.
fn memory(at: &Path, options: &CStr) -> io::Result<()> {
    Ok(mount("tmpfs", at, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, options)?)
}

/// The folder at `path` below `base`, made with those above it.
fn folder(base: &Path, path: &Path) -> io::Result<PathBuf> {
    let target = base.join(path.strip_prefix("/").unwrap_or(path));
    fs::create_dir_all(&target)?;
    Ok(target)
}

fn system(base: &Path, name: &str) -> io::Result<()> {
    let source = Path::new("/").join(name);
    match fs::symlink_metadata(&source) {
        Ok(found) if found.is_symlink() => symlink(fs::read_link(&source)?, base.join(name)),
        Ok(found) if found.is_dir() => {
            let target = folder(base, &source)?;
            mount_bind_recursive(&source, &target)?;
            make_read_only(&target)
        }
        _ => Ok(()),
    }
}

fn readable(base: &Path, path: &Path) -> io::Result<()> {
    let target = base.join(path.strip_prefix("/").unwrap_or(path));
    if target.exists() && SYSTEM.iter().any(|name| path.starts_with(Path::new("/").join(name))) {
        return Ok(());
    }
    if path.is_dir() {
        fs::create_dir_all(&target)?;
        mount_bind_recursive(path, &target)?;
    } else {
        target.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::File::create(&target)?;
        mount_bind(path, &target)?;
    }
    make_read_only(&target)
}

/// Who there is: only the user that blocks are. The host's accounts are nobody's business.
fn accounts(base: &Path, policy: &Policy) -> io::Result<()> {
    let home = policy.directory.join("home");
    let users = format!(
        "root:x:0:0:root:/nonexistent:/usr/sbin/nologin\ndocent:x:{INSIDE}:{INSIDE}:docent:{}:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
        home.display()
    );
    let groups = format!("root:x:0:\ndocent:x:{INSIDE}:\nnogroup:x:65534:\n");
    for (name, text) in [("passwd", users), ("group", groups)] {
        let file = base.join(format!(".{name}"));
        fs::write(&file, text)?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o444))?;
        let target = base.join("etc").join(name);
        if target.exists() {
            mount_bind(&file, &target)?;
            make_read_only(&target)?;
        }
    }
    Ok(())
}

fn devices(base: &Path) -> io::Result<()> {
    let target = folder(base, Path::new("/dev"))?;
    mount("tmpfs", &target, "tmpfs", MountFlags::NOSUID | MountFlags::NOEXEC, c"mode=0755,size=64k")?;
    for name in DEVICES {
        let source = Path::new("/dev").join(name);
        if source.exists() {
            let node = target.join(name);
            fs::File::create(&node)?;
            mount_bind(&source, &node)?;
        }
    }
    for (name, to) in [("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"), ("stderr", "/proc/self/fd/2")]
    {
        symlink(to, target.join(name))?;
    }
    let shared = folder(&target, Path::new("shm"))?;
    memory(&shared, c"mode=1777,size=256m")?;
    let terminals = folder(&target, Path::new("pts"))?;
    let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
    // Pseudo-terminals are a convenience; some containers refuse them.
    if mount("devpts", &terminals, "devpts", flags, c"newinstance,ptmxmode=0666,mode=620").is_ok() {
        symlink("pts/ptmx", target.join("ptmx"))?;
    }
    Ok(())
}
