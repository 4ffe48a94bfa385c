//! Bounds on what blocks may use up.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// A file may grow to this. Documents that write larger ones are rarer than loops that do.
const FILE_BYTES_MAX: u64 = 64 << 20;
/// Address space of a process: above what Go, Java and Node reserve, below what hurts.
const ADDRESS_BYTES_MAX: u64 = 5 << 30;
/// Processes and threads of a run.
const TASKS_MAX: u64 = 192;
/// Open files of a process.
const FILES_MAX: u64 = 4096;

/// Sets them for this process and all it starts. `tasks` are those that the user of the blocks has already.
pub(super) fn set(tasks: u64) -> Result<(), String> {
    let bounds = [
        (Resource::Fsize, FILE_BYTES_MAX),
        (Resource::As, ADDRESS_BYTES_MAX),
        (Resource::Nproc, tasks.saturating_add(TASKS_MAX)),
        (Resource::Nofile, FILES_MAX),
        (Resource::Core, 0),
    ];
    for (resource, bound) in bounds {
        let now = getrlimit(resource);
        let least = |limit: Option<u64>| Some(limit.map_or(bound, |limit| limit.min(bound)));
        let maximum = least(now.maximum);
        // Of open files there may be as many as the bound says, whatever is usual.
        let current = if resource == Resource::Nofile { maximum } else { least(now.current) };
        setrlimit(resource, Rlimit { current, maximum }).map_err(|error| format!("{resource:?}: {error}"))?;
    }
    Ok(())
}

/// How many tasks this user has, threads included.
pub(super) fn tasks_of(user: u32) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let own = processes.filter(|entry| entry.file_name().to_str().is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_digit())));
    let own = own.filter(|entry| entry.metadata().is_ok_and(|found| found.uid() == user));
    own.map(|entry| std::fs::read_dir(entry.path().join("task")).map_or(1, |tasks| tasks.count() as u64)).sum()
}
