//! The kernel's own rules for files, and for signals and abstract sockets: Landlock.

use std::path::PathBuf;

use landlock::{
    ABI, Access, AccessFs, BitFlags, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus, Scope,
    path_beneath_rules,
};

use super::confine::Space;
use super::kernel::landlock_version;
use super::policy::Policy;
use super::root::SYSTEM;

/// The newest version whose rights are known here; older kernels enforce what they know.
const NEWEST: ABI = ABI::V6;

/// Restricts this process for good. The sentence says how far.
pub(super) fn restrict(policy: &Policy, space: Space) -> Result<String, String> {
    let read = AccessFs::from_read(NEWEST);
    let all = AccessFs::from_all(NEWEST);
    let (readable, writable) = paths(policy, space);
    let use_device: BitFlags<AccessFs> = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::IoctlDev;
    // Semaphores and shared memory are files with names that only their users know; other runs' are not to be found by looking.
    let use_by_name: BitFlags<AccessFs> =
        AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::Truncate | AccessFs::MakeReg | AccessFs::RemoveFile;
    let devices = ["null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts"].map(|name| PathBuf::from("/dev").join(name));
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(all)
        .and_then(|rules| rules.scope(Scope::from_all(NEWEST)))
        .and_then(Ruleset::create)
        .and_then(|rules| rules.add_rules(path_beneath_rules(readable, read)))
        .and_then(|rules| rules.add_rules(path_beneath_rules(writable, all)))
        .and_then(|rules| rules.add_rules(path_beneath_rules(devices, use_device)))
        .and_then(|rules| rules.add_rules(path_beneath_rules(["/dev/shm"], use_by_name)))
        .and_then(landlock::RulesetCreated::restrict_self)
        .map_err(|error| error.to_string())?;
    let version = landlock_version();
    match status.ruleset {
        RulesetStatus::NotEnforced => Err("the kernel has none".to_owned()),
        // Source: landlock(7): signals and abstract sockets are scoped from version 6 on, ioctl on devices from 5, truncation from 3.
        _ if version < 6 => Ok(format!("version {version}: signals and abstract sockets are not covered")),
        _ => Ok(format!("version {version}")),
    }
}

fn paths(policy: &Policy, space: Space) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let mut writable = vec![policy.directory.clone(), policy.control.clone(), "/tmp".into()];
    let readable = match space {
        Space::Own => {
            writable.push("/dev/shm".into());
            vec!["/".into()]
        }
        Space::Host => {
            let system = SYSTEM.iter().map(|name| PathBuf::from("/").join(name));
            system.chain([PathBuf::from("/proc"), "/dev/fd".into()]).chain(policy.readable.iter().cloned()).collect()
        }
    };
    (readable, writable)
}
