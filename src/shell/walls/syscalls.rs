//! The list of refused system calls.
//!
//! A list of what is refused, not of what is allowed: documents run anything, and a program that meets an unknown refusal fails in ways
//! that nobody can explain. Each entry is a way around another layer, or a power that no document needs.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch, apply_filter,
    sock_filter,
};

use super::confine::Space;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Filter programs, in the order in which they are applied.
#[derive(Debug, Clone, Default)]
pub(super) struct Filters {
    programs: Vec<BpfProgram>,
}

impl Filters {
    /// Those for blocks with a network of their own, or on the host's.
    pub(super) fn compile(space: Space) -> Result<Self, String> {
        let groups = [
            (powers()?, libc::EPERM),
            (sockets(space)?, libc::EAFNOSUPPORT),
            (protocols()?, libc::EPROTONOSUPPORT),
            // A caller of these takes this answer for an older kernel, or one built without, and does without.
            (absent(space), libc::ENOSYS),
        ];
        let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(|error| error.to_string())?;
        let mut programs = vec![only_this_abi(&[])];
        for (rules, error) in groups {
            let refuse = SeccompAction::Errno(error.unsigned_abs());
            let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch).map_err(|error| error.to_string())?;
            programs.push(filter.try_into().map_err(|error: seccompiler::BackendError| error.to_string())?);
        }
        Ok(Self { programs })
    }

    /// Applies them to this process for good.
    pub(super) fn apply(&self) -> Result<(), String> {
        self.programs.iter().try_for_each(|program| apply_filter(program).map_err(|error| error.to_string()))
    }
}

/// Powers that no document needs.
fn powers() -> Result<Rules, String> {
    let mut rules = whole(&[
        // Other processes' memory and descriptors.
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_process_madvise,
        libc::SYS_pidfd_getfd,
        libc::SYS_kcmp,
        // Namespaces and mounts.
        libc::SYS_unshare,
        libc::SYS_setns,
        libc::SYS_mount,
        libc::SYS_umount2,
        libc::SYS_pivot_root,
        libc::SYS_chroot,
        libc::SYS_move_mount,
        libc::SYS_open_tree,
        libc::SYS_fsopen,
        libc::SYS_fsconfig,
        libc::SYS_fsmount,
        libc::SYS_fspick,
        libc::SYS_mount_setattr,
        libc::SYS_open_by_handle_at,
        // The kernel itself.
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_userfaultfd,
        libc::SYS_keyctl,
        libc::SYS_add_key,
        libc::SYS_request_key,
        libc::SYS_init_module,
        libc::SYS_finit_module,
        libc::SYS_delete_module,
        libc::SYS_kexec_load,
        libc::SYS_kexec_file_load,
        libc::SYS_reboot,
        libc::SYS_swapon,
        libc::SYS_swapoff,
        libc::SYS_acct,
        libc::SYS_quotactl,
        libc::SYS_syslog,
        libc::SYS_fanotify_init,
        libc::SYS_settimeofday,
        libc::SYS_clock_settime,
        libc::SYS_clock_adjtime,
        libc::SYS_adjtimex,
        libc::SYS_sethostname,
        libc::SYS_setdomainname,
    ]);
    #[cfg(target_arch = "x86_64")]
    rules.extend(whole(&[libc::SYS_iopl, libc::SYS_ioperm, libc::SYS_modify_ldt]));
    let namespaces = [
        libc::CLONE_NEWUSER,
        libc::CLONE_NEWNS,
        libc::CLONE_NEWPID,
        libc::CLONE_NEWNET,
        libc::CLONE_NEWIPC,
        libc::CLONE_NEWUTS,
        libc::CLONE_NEWCGROUP,
    ];
    for flag in namespaces {
        add(&mut rules, libc::SYS_clone, &[has_bits(0, flag as u32)])?;
    }
    // Typing into somebody's terminal.
    for request in [libc::TIOCSTI as u32, libc::TIOCLINUX as u32] {
        add(&mut rules, libc::SYS_ioctl, &[is(1, request)])?;
    }
    // Data in the first packet goes out without connect().
    let fast_open = libc::MSG_FASTOPEN as u32;
    add(&mut rules, libc::SYS_sendto, &[has_bits(3, fast_open)])?;
    add(&mut rules, libc::SYS_sendmsg, &[has_bits(2, fast_open)])?;
    add(&mut rules, libc::SYS_sendmmsg, &[has_bits(3, fast_open)])?;
    Ok(rules)
}

/// Families of sockets that lead out of any network namespace, and on the host's network all but TCP.
fn sockets(space: Space) -> Result<Rules, String> {
    let mut rules = Rules::new();
    let (unix, four, six, link) = (libc::AF_UNIX as u32, libc::AF_INET as u32, libc::AF_INET6 as u32, libc::AF_NETLINK as u32);
    let mut others = vec![is_not(0, four), is_not(0, six), is_not(0, link)];
    if space == Space::Own {
        others.push(is_not(0, unix));
    }
    add(&mut rules, libc::SYS_socket, &others)?;
    add(&mut rules, libc::SYS_socket, &[is(0, link), is_not(2, libc::NETLINK_ROUTE as u32)])?;
    if space == Space::Host {
        // Source: socket(2); the oldest way to raw packets.
        const SOCK_PACKET: i32 = 10;
        for family in [four, six] {
            for kind in [libc::SOCK_DGRAM, libc::SOCK_RAW, libc::SOCK_RDM, libc::SOCK_SEQPACKET, libc::SOCK_DCCP, SOCK_PACKET] {
                add(&mut rules, libc::SYS_socket, &[is(0, family), has_value(1, 0xf, kind as u32)])?;
            }
        }
        // A datagram socket of a pair can still send to any path.
        add(&mut rules, libc::SYS_socketpair, &[has_value(1, 0xf, libc::SOCK_DGRAM as u32)])?;
    }
    Ok(rules)
}

/// Stream protocols besides TCP: they pass by what looks at TCP.
fn protocols() -> Result<Rules, String> {
    let mut rules = Rules::new();
    for protocol in [libc::IPPROTO_MPTCP, libc::IPPROTO_SCTP, libc::IPPROTO_DCCP] {
        for family in [libc::AF_INET, libc::AF_INET6] {
            add(&mut rules, libc::SYS_socket, &[is(0, family as u32), is(2, protocol as u32)])?;
        }
    }
    Ok(rules)
}

/// Calls that are as if the kernel did not have them.
fn absent(space: Space) -> Rules {
    let mut rules = whole(&[libc::SYS_clone3, libc::SYS_io_uring_setup, libc::SYS_io_uring_enter, libc::SYS_io_uring_register]);
    if space == Space::Host {
        // What they make has no file that Landlock could ask about, is found by every process of the same user, and outlives them all.
        rules.extend(whole(&[libc::SYS_shmget, libc::SYS_shmat, libc::SYS_semget, libc::SYS_msgget]));
    }
    rules
}

fn whole(calls: &[i64]) -> Rules {
    calls.iter().map(|call| (*call, Vec::new())).collect()
}

#[derive(Debug, Clone)]
struct Test(u8, SeccompCmpOp, u64);

fn is(argument: u8, value: u32) -> Test {
    Test(argument, SeccompCmpOp::Eq, value.into())
}

fn is_not(argument: u8, value: u32) -> Test {
    Test(argument, SeccompCmpOp::Ne, value.into())
}

fn has_value(argument: u8, mask: u64, value: u32) -> Test {
    Test(argument, SeccompCmpOp::MaskedEq(mask), value.into())
}

fn has_bits(argument: u8, bits: u32) -> Test {
    has_value(argument, bits.into(), bits)
}

/// One more case in which a call is refused: all tests hold.
fn add(rules: &mut Rules, call: i64, tests: &[Test]) -> Result<(), String> {
    // The kernel looks at the lower half of these arguments only, and so must the filter.
    let conditions: Result<Vec<_>, _> = tests
        .iter()
        .map(|Test(argument, operator, value)| SeccompCondition::new(*argument, SeccompCmpArgLen::Dword, operator.clone(), *value))
        .collect();
    let rule = conditions.and_then(SeccompRule::new).map_err(|error| error.to_string())?;
    rules.entry(call).or_default().push(rule);
    Ok(())
}

/// A program that kills what speaks another ABI (32-bit calls have other numbers), refuses x32, and hands `watched` calls to a supervisor.
pub(super) fn only_this_abi(watched: &[i64]) -> Vec<sock_filter> {
    // Source: the kernel's `bpf_common.h`, `seccomp.h` and `audit.h`.
    const LOAD: u16 = 0x20;
    const IF_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    const NUMBER_AT: u32 = 0;
    const ARCHITECTURE_AT: u32 = 4;
    const ALLOW: u32 = 0x7fff_0000;
    const SUPERVISE: u32 = 0x7fc0_0000;
    const KILL: u32 = 0x8000_0000;
    #[cfg(target_arch = "x86_64")]
    const ARCHITECTURE: u32 = 0xC000_003E;
    #[cfg(target_arch = "aarch64")]
    const ARCHITECTURE: u32 = 0xC000_00B7;
    #[cfg(target_arch = "riscv64")]
    const ARCHITECTURE: u32 = 0xC000_00F3;
    let step = |code, k, jt, jf| sock_filter { code, jt, jf, k };
    let mut program =
        vec![step(LOAD, ARCHITECTURE_AT, 0, 0), step(IF_EQUAL, ARCHITECTURE, 1, 0), step(RETURN, KILL, 0, 0), step(LOAD, NUMBER_AT, 0, 0)];
    #[cfg(target_arch = "x86_64")]
    {
        const IF_AT_LEAST: u16 = 0x35;
        const X32_BIT: u32 = 0x4000_0000;
        const REFUSE: u32 = 0x0005_0000;
        program.push(step(IF_AT_LEAST, X32_BIT, 0, 1));
        program.push(step(RETURN, REFUSE | libc::ENOSYS.unsigned_abs(), 0, 0));
    }
    for call in watched {
        program.push(step(IF_EQUAL, u32::try_from(*call).unwrap_or(u32::MAX), 0, 1));
        program.push(step(RETURN, SUPERVISE, 0, 0));
    }
    program.push(step(RETURN, ALLOW, 0, 0));
    program
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filters_compile_for_both_places() {
        for space in [Space::Own, Space::Host] {
            assert_eq!(Filters::compile(space).expect("known calls").programs.len(), 5);
        }
        let watched = only_this_abi(&[libc::SYS_connect]);
        assert_eq!(watched.len(), only_this_abi(&[]).len() + 2);
        assert!(watched.iter().any(|step| step.k == 0x7fc0_0000));
    }
}
