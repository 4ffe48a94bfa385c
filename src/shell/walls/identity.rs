//! Who blocks run as: never as root.

use rustix::process::{Gid, Uid, getegid, geteuid};
use rustix::thread::{
    CapabilitiesSecureBits, CapabilitySet, CapabilitySets, remove_capability_from_bounding_set, set_capabilities,
    set_capabilities_secure_bits, set_thread_groups, set_thread_res_gid, set_thread_res_uid,
};

/// The user that owns nothing, on every Linux.
pub(super) const NOBODY: u32 = 65534;
/// Who blocks are in namespaces of their own.
pub(super) const INSIDE: u32 = 1000;

/// Whom the host sees as the owner of what blocks do; none when that is whoever runs docent.
pub(super) fn owner() -> Option<u32> {
    (geteuid().is_root() && can_change_user()).then_some(NOBODY)
}

/// Root without the power to become somebody else (a container with all capabilities dropped) stays who it is.
fn can_change_user() -> bool {
    let Ok(own) = rustix::thread::capabilities(None) else { return false };
    let is_mapped = |file: &str| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        text.lines().any(|line| {
            let numbers: Vec<u64> = line.split_whitespace().filter_map(|word| word.parse().ok()).collect();
            matches!(numbers[..], [first, _, count] if (first..first.saturating_add(count)).contains(&u64::from(NOBODY)))
        })
    };
    let needed = CapabilitySet::SETUID | CapabilitySet::SETGID | CapabilitySet::CHOWN;
    own.effective.contains(needed) && is_mapped("/proc/self/uid_map") && is_mapped("/proc/self/gid_map")
}

/// Becomes `user`, for good, unless that is who it is.
pub(super) fn become_user(user: u32) -> Result<(), String> {
    let failed = |what: &'static str| move |error: rustix::io::Errno| format!("{what}: {error}");
    let (uid, gid) = (Uid::from_raw(user), Gid::from_raw(user));
    if geteuid() == uid {
        return Ok(());
    }
    set_thread_groups(&[]).map_err(failed("setgroups"))?;
    set_thread_res_gid(gid, gid, gid).map_err(failed("setresgid"))?;
    set_thread_res_uid(uid, uid, uid).map_err(failed("setresuid"))
}

/// Becomes `user`, if any, and gives up all powers for good. The sentence says who the process is afterwards.
pub(super) fn drop_powers(user: Option<u32>) -> Result<String, String> {
    let failed = |what: &'static str| move |error: rustix::io::Errno| format!("{what}: {error}");
    for capability in CapabilitySet::all().iter() {
        // Needs a capability itself; without it, locked privileges keep executed programs from gaining any.
        let _ = remove_capability_from_bounding_set(capability);
    }
    let _ = set_capabilities_secure_bits(CapabilitiesSecureBits::NO_ROOT | CapabilitiesSecureBits::NO_ROOT_LOCKED);
    if let Some(user) = user {
        become_user(user)?;
    }
    let none = CapabilitySets { effective: CapabilitySet::empty(), permitted: CapabilitySet::empty(), inheritable: CapabilitySet::empty() };
    set_capabilities(None, none).map_err(failed("capset"))?;
    match (user, geteuid().is_root()) {
        (_, true) => Ok("root without capabilities".to_owned()),
        _ => Ok(format!("user {}, group {}", geteuid().as_raw(), getegid().as_raw())),
    }
}
