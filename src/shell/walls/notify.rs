//! Connections without a network of one's own: every `connect`, `bind` and `listen` waits for a supervisor, which makes it itself.
//!
//! It copies the address before it looks at it and acts on its copy, so nothing can be exchanged in between. A block reaches the
//! embedded cloud and what the run itself listens on; it listens on loopback only, whatever address it names.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags,
    SocketType, recvmsg, sendmsg, socket_with,
};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};
use rustix::thread::set_no_new_privs;

use super::kernel::{Waiting, answer, listen, receive, replace_descriptor, still_waits};
use super::syscalls::only_this_abi;
use crate::shell::process_tree::descendants;

/// The byte that a descriptor travels with.
const HANDED_OVER: u8 = 0;
/// A listener on loopback that takes longer is full.
const CONNECT_TIME_MAX: Timespec = Timespec { tv_sec: 2, tv_nsec: 0 };
/// 127.0.0.1 for a socket of the newer version of IP.
const MAPPED_LOCALHOST: Ipv6Addr = Ipv4Addr::LOCALHOST.to_ipv6_mapped();
/// So many sockets are bound and do not listen.
const BOUND_MAX: usize = 16;
/// Longer addresses are of families that blocks cannot have.
const ADDRESS_BYTES_MAX: usize = 128;

/// Makes this process wait for a supervisor at each of the calls; the descriptor is the supervisor's.
pub(super) fn install() -> Result<OwnedFd, String> {
    set_no_new_privs(true).map_err(|error| error.to_string())?;
    listen(&only_this_abi(&[libc::SYS_connect, libc::SYS_bind, libc::SYS_listen])).map_err(|error| error.to_string())
}

/// Gives the descriptor to the supervisor.
pub(super) fn hand_over(supervisor: &UnixStream, listener: &OwnedFd) -> io::Result<()> {
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    let descriptors = [std::os::fd::AsFd::as_fd(listener)];
    ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
    sendmsg(supervisor, &[io::IoSlice::new(&[HANDED_OVER])], &mut ancillary, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Hears one line, or what there is before the end, and takes the descriptor that was handed over with it.
pub(in crate::shell) fn hear_line(from: &UnixStream) -> io::Result<(String, Option<OwnedFd>)> {
    let (mut said, mut listener) = (Vec::new(), None);
    loop {
        let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let mut bytes = [0; 256];
        let received = match recvmsg(from, &mut [io::IoSliceMut::new(&mut bytes)], &mut ancillary, RecvFlags::CMSG_CLOEXEC) {
            Ok(received) => received.bytes,
            Err(Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        };
        for message in ancillary.drain() {
            if let RecvAncillaryMessage::ScmRights(mut descriptors) = message {
                listener = descriptors.next();
            }
        }
        said.extend(bytes[..received].iter().filter(|byte| **byte != HANDED_OVER));
        // Nobody says more than one line before it is answered.
        if received == 0 || said.last() == Some(&b'\n') {
            return Ok((String::from_utf8_lossy(&said).trim_end().to_owned(), listener));
        }
    }
}

/// Makes connections for the processes of a run.
#[derive(Debug)]
pub(in crate::shell) struct Supervisor {
    room: Pid,
    port: Option<u16>,
    /// Sockets that took a caller's place and do not listen yet, by their inodes.
    bound: RefCell<Vec<(u64, OwnedFd)>>,
}

/// A caller and the socket that it named.
struct Caller {
    thread: u32,
    number: u32,
}

/// What becomes of a call: nothing, an error, or success after the caller's descriptor was exchanged.
type Answer = Result<(), Errno>;

impl Supervisor {
    pub(super) fn new(room: Pid, port: Option<u16>) -> Self {
        Self { room, port, bound: RefCell::default() }
    }

    /// Answers calls until nobody is left to call.
    pub(super) fn answer_all(&self, listener: &OwnedFd) {
        loop {
            let mut sources = [PollFd::new(listener, PollFlags::IN)];
            match poll(&mut sources, None) {
                Err(Errno::INTR) => continue,
                Ok(_) if sources[0].revents().contains(PollFlags::IN) => self.answer(listener),
                _ => return,
            }
        }
    }

    /// Answers one call. Whoever calls this must be an ancestor of the caller: some systems let nobody else look into a process.
    pub(in crate::shell) fn answer(&self, listener: &OwnedFd) {
        // One that went away meanwhile needs none.
        if let Ok(call) = receive(listener) {
            let error = self.decide(listener, &call).err().map_or(0, Errno::raw_os_error);
            answer(listener, call.id, error);
        }
    }

    fn decide(&self, listener: &OwnedFd, call: &Waiting) -> Answer {
        let caller = Caller { thread: call.thread, number: low(call.arguments[0]) };
        if call.number == libc::SYS_listen {
            return self.listen(listener, call, &caller);
        }
        let address = caller.address(call.arguments[1], call.arguments[2])?;
        if !still_waits(listener, call.id) {
            return Err(Errno::SRCH);
        }
        match (call.number, address) {
            (libc::SYS_connect, Address::Of(to)) => {
                let to = if to.ip().is_unspecified() { SocketAddr::new(Ipv4Addr::LOCALHOST.into(), to.port()) } else { to };
                if !self.may_connect(to) {
                    return Err(Errno::ACCESS);
                }
                caller.act(listener, call, to, |socket| connect(socket, to)).map(drop)
            }
            (libc::SYS_bind, Address::Of(at)) => {
                let at = on_loopback(at).ok_or(Errno::ACCESS)?;
                match caller.act(listener, call, at, |socket| rustix::net::bind(socket, &on_loopback_for(socket, at)))? {
                    Some(exchanged) => self.remember(exchanged),
                    None => Ok(()),
                }
            }
            // By who asks which addresses the machine has, to sort those of a name.
            (libc::SYS_bind, Address::Routing) => caller.bind_for_routing(listener, call),
            // Taking a connection back.
            (libc::SYS_connect, Address::None) => {
                let socket = caller.socket()?;
                rustix::net::connect_unspec(socket)
            }
            _ => Err(Errno::ACCESS),
        }
    }

    /// The cloud's door, and what the run itself listens on.
    fn may_connect(&self, to: SocketAddr) -> bool {
        let is_loopback = match to {
            SocketAddr::V4(to) => *to.ip() == Ipv4Addr::LOCALHOST,
            SocketAddr::V6(to) => *to.ip() == Ipv6Addr::LOCALHOST || to.ip().to_ipv4_mapped() == Some(Ipv4Addr::LOCALHOST),
        };
        is_loopback && (self.port == Some(to.port()) || self.listens(to.port()))
    }

    /// Whether a process of the run listens on this port.
    fn listens(&self, port: u16) -> bool {
        let sockets: Vec<String> = tcp_sockets()
            .into_iter()
            .filter(|socket| socket.state == LISTENING && socket.port == port)
            .map(|socket| format!("socket:[{}]", socket.inode))
            .collect();
        !sockets.is_empty()
            && descendants(self.room).into_iter().any(|pid| {
                let links = std::fs::read_dir(format!("/proc/{}/fd", pid.as_raw_nonzero())).into_iter().flatten().flatten();
                links
                    .filter_map(|link| std::fs::read_link(link.path()).ok())
                    .any(|to| sockets.iter().any(|socket| to.as_os_str() == socket.as_str()))
            })
    }

    /// A socket that was not bound would listen on every address.
    fn listen(&self, listener: &OwnedFd, call: &Waiting, caller: &Caller) -> Answer {
        if !still_waits(listener, call.id) {
            return Err(Errno::SRCH);
        }
        let backlog = i32::try_from(low(call.arguments[1])).unwrap_or(128);
        let socket = match caller.socket() {
            Ok(socket) => socket,
            Err(Errno::BADF) => return Err(Errno::BADF),
            // Only a socket that was bound here is known; what is not cannot be told from one that would listen to everybody.
            Err(_) => {
                let inode = caller.inode().ok_or(Errno::BADF)?;
                let mut bound = self.bound.borrow_mut();
                let index = bound.iter().position(|(known, _)| *known == inode).ok_or(Errno::ACCESS)?;
                // Not kept: a port is free again when the caller lets go of it.
                let (_, socket) = bound.remove(index);
                return rustix::net::listen(&socket, backlog);
            }
        };
        match rustix::net::getsockname(&socket).ok().and_then(|name| SocketAddr::try_from(name).ok()) {
            Some(name) if name.port() == 0 => {
                let at = on_loopback(name).ok_or(Errno::ACCESS)?;
                rustix::net::bind(&socket, &on_loopback_for(&socket, at))?;
            }
            Some(name) if is_loopback(name) => {}
            _ => return Err(Errno::ACCESS),
        }
        rustix::net::listen(&socket, backlog)
    }

    /// Keeps a socket that took a caller's place until it listens.
    fn remember(&self, socket: OwnedFd) -> Answer {
        let inode = rustix::fs::fstat(&socket)?.st_ino;
        let mut bound = self.bound.borrow_mut();
        if bound.len() >= BOUND_MAX {
            bound.remove(0);
        }
        bound.push((inode, socket));
        Ok(())
    }
}

/// Connects within a bound: whoever waits here can do nothing else meanwhile.
fn connect(socket: &OwnedFd, to: SocketAddr) -> Answer {
    let flags = fcntl_getfl(socket)?;
    if flags.contains(OFlags::NONBLOCK) {
        return rustix::net::connect(socket, &to);
    }
    fcntl_setfl(socket, flags | OFlags::NONBLOCK)?;
    let connected = match rustix::net::connect(socket, &to) {
        Err(Errno::INPROGRESS) => {
            let mut sources = [PollFd::new(socket, PollFlags::OUT)];
            match poll(&mut sources, Some(&CONNECT_TIME_MAX)) {
                Ok(0) => Err(Errno::TIMEDOUT),
                Ok(_) => rustix::net::sockopt::socket_error(socket).and_then(|result| result),
                Err(error) => Err(error),
            }
        }
        result => result,
    };
    fcntl_setfl(socket, flags)?;
    connected
}

impl Caller {
    /// The address that the call names, copied.
    fn address(&self, at: u64, length: u64) -> Result<Address, Errno> {
        let length = usize::try_from(length & 0xffff_ffff).unwrap_or(usize::MAX);
        if length > ADDRESS_BYTES_MAX {
            return Err(Errno::INVAL);
        }
        let mut bytes = vec![0; length];
        let memory = File::open(format!("/proc/{}/mem", self.thread)).map_err(|_| Errno::ACCESS)?;
        memory.read_exact_at(&mut bytes, at).map_err(|_| Errno::FAULT)?;
        Address::read(&bytes).ok_or(Errno::AFNOSUPPORT)
    }

    /// The caller's socket itself.
    fn socket(&self) -> Result<OwnedFd, Errno> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.thread)).map_err(|_| Errno::SRCH)?;
        let group = status.lines().find_map(|line| line.strip_prefix("Tgid:")).and_then(|number| number.trim().parse().ok());
        let process = pidfd_open(Pid::from_raw(group.ok_or(Errno::SRCH)?).ok_or(Errno::SRCH)?, PidfdFlags::empty())?;
        let number = i32::try_from(self.number).map_err(|_| Errno::BADF)?;
        pidfd_getfd(process, number, PidfdGetfdFlags::empty())
    }

    /// The inode of the caller's socket.
    fn inode(&self) -> Option<u64> {
        let link = std::fs::read_link(format!("/proc/{}/fd/{}", self.thread, self.number)).ok()?;
        link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
    }

    /// Does it on the caller's socket, or, where that cannot be had (containers forbid it), on one that takes its place and is returned.
    fn act(
        &self,
        listener: &OwnedFd,
        call: &Waiting,
        address: SocketAddr,
        act: impl Fn(&OwnedFd) -> Answer,
    ) -> Result<Option<OwnedFd>, Errno> {
        match self.socket() {
            Ok(socket) => act(&socket).map(|()| None),
            Err(Errno::BADF) => Err(Errno::BADF),
            Err(_) => {
                let flags = self.flags().ok_or(Errno::BADF)?;
                let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
                let socket = socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
                // What servers set before they bind; it would be lost with the old socket.
                rustix::net::sockopt::set_socket_reuseaddr(&socket, true)?;
                act(&socket)?;
                if flags & 0o4000 != 0 {
                    rustix::io::ioctl_fionbio(&socket, true)?;
                }
                replace_descriptor(listener, call.id, &socket, self.number, flags & 0o2_000_000 != 0).map_err(|_| Errno::BADF)?;
                Ok(Some(socket))
            }
        }
    }

    fn bind_for_routing(&self, listener: &OwnedFd, call: &Waiting) -> Answer {
        let anybody = SocketAddrNetlink::new(0, 0);
        match self.socket() {
            Ok(socket) => rustix::net::bind(&socket, &anybody),
            Err(Errno::BADF) => Err(Errno::BADF),
            Err(_) => {
                let flags = self.flags().ok_or(Errno::BADF)?;
                let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
                rustix::net::bind(&socket, &anybody)?;
                replace_descriptor(listener, call.id, &socket, self.number, flags & 0o2_000_000 != 0).map_err(|_| Errno::BADF)
            }
        }
    }

    /// The flags of the caller's descriptor.
    fn flags(&self) -> Option<u32> {
        let info = std::fs::read_to_string(format!("/proc/{}/fdinfo/{}", self.thread, self.number)).ok()?;
        u32::from_str_radix(info.lines().find_map(|line| line.strip_prefix("flags:"))?.trim(), 8).ok()
    }
}

/// Where a socket is really bound: one for both versions of IP takes the old one, which everybody tries.
fn on_loopback_for(socket: &OwnedFd, at: SocketAddr) -> SocketAddr {
    match at {
        SocketAddr::V6(six) if *six.ip() == MAPPED_LOCALHOST && rustix::net::sockopt::ipv6_v6only(socket) == Ok(true) => {
            SocketAddrV6::new(Ipv6Addr::LOCALHOST, six.port(), 0, 0).into()
        }
        at => at,
    }
}

/// The same port on loopback; none for an address that is another machine's.
fn on_loopback(at: SocketAddr) -> Option<SocketAddr> {
    match at {
        at if is_loopback(at) => Some(at),
        SocketAddr::V4(at) if at.ip().is_unspecified() => Some(SocketAddrV4::new(Ipv4Addr::LOCALHOST, at.port()).into()),
        SocketAddr::V6(at) if at.ip().is_unspecified() => Some(SocketAddrV6::new(MAPPED_LOCALHOST, at.port(), 0, 0).into()),
        _ => None,
    }
}

fn is_loopback(at: SocketAddr) -> bool {
    match at {
        SocketAddr::V4(at) => at.ip().is_loopback(),
        SocketAddr::V6(at) => *at.ip() == Ipv6Addr::LOCALHOST || at.ip().to_ipv4_mapped().is_some_and(|ip| ip.is_loopback()),
    }
}

/// An address as a call names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Address {
    Of(SocketAddr),
    Routing,
    None,
}

impl Address {
    /// Source: ip(7), ipv6(7), netlink(7).
    fn read(bytes: &[u8]) -> Option<Self> {
        let family = i32::from(u16::from_ne_bytes(bytes.get(..2)?.try_into().ok()?));
        let port = || Some(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?));
        match family {
            libc::AF_UNSPEC => Some(Self::None),
            libc::AF_NETLINK => Some(Self::Routing),
            libc::AF_INET => {
                let ip: [u8; 4] = bytes.get(4..8)?.try_into().ok()?;
                Some(Self::Of(SocketAddrV4::new(ip.into(), port()?).into()))
            }
            libc::AF_INET6 => {
                let ip: [u8; 16] = bytes.get(8..24)?.try_into().ok()?;
                let scope = bytes.get(24..28).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_ne_bytes);
                Some(Self::Of(SocketAddrV6::new(ip.into(), port()?, 0, scope).into()))
            }
            _ => None,
        }
    }
}

/// Source: the kernel's `tcp_states.h`.
const LISTENING: u8 = 0x0A;

/// A TCP socket of the host's network.
struct TcpSocket {
    port: u16,
    state: u8,
    inode: u64,
}

fn tcp_sockets() -> Vec<TcpSocket> {
    let mut sockets = Vec::new();
    for file in ["/proc/self/net/tcp", "/proc/self/net/tcp6"] {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        sockets.extend(text.lines().skip(1).filter_map(tcp_socket));
    }
    sockets
}

/// A line of `/proc/net/tcp`: `sl local_address rem_address st queues timer retransmits uid timeout inode`.
fn tcp_socket(line: &str) -> Option<TcpSocket> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let port = u16::from_str_radix(fields.get(1)?.rsplit(':').next()?, 16).ok()?;
    let state = u8::from_str_radix(fields.get(3)?, 16).ok()?;
    Some(TcpSocket { port, state, inode: fields.get(9)?.parse().ok()? })
}

fn low(argument: u64) -> u32 {
    u32::try_from(argument & 0xffff_ffff).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_the_kernel_reads_them() {
        let four = [2u16.to_ne_bytes(), 8080u16.to_be_bytes(), [127, 0], [0, 1]].concat();
        assert_eq!(Address::read(&four), Some(Address::Of("127.0.0.1:8080".parse().unwrap())));
        let mut six = [10u16.to_ne_bytes(), 443u16.to_be_bytes()].concat();
        six.extend([0; 4]);
        six.extend(Ipv6Addr::LOCALHOST.octets());
        assert_eq!(Address::read(&six), Some(Address::Of("[::1]:443".parse().unwrap())));
        assert_eq!(Address::read(&0u16.to_ne_bytes()), Some(Address::None));
        for short in [&four[..6], &six[..20], &[1], &[1, 0, b'/']] {
            assert_eq!(Address::read(short), None);
        }
    }

    #[test]
    fn only_the_cloud_and_loopback_are_let_through() {
        let supervisor = Supervisor::new(rustix::process::getpid(), Some(4711));
        for (address, expected) in
            [("127.0.0.1:4711", true), ("127.0.0.2:4711", false), ("10.0.0.1:4711", false), ("[::2]:4711", false), ("127.0.0.1:9", false)]
        {
            assert_eq!(supervisor.may_connect(address.parse().unwrap()), expected, "{address}");
        }
        let moved = |text: &str| on_loopback(text.parse().unwrap()).map(|at| at.to_string());
        assert_eq!(moved("0.0.0.0:80").as_deref(), Some("127.0.0.1:80"));
        assert_eq!(moved("[::]:80").as_deref(), Some("[::ffff:127.0.0.1]:80"));
        assert_eq!(moved("192.0.2.1:80"), None);
    }

    #[test]
    fn a_line_of_the_kernel_s_table_names_port_state_and_inode() {
        let line = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4242 1 0000 100 0 0 10 0";
        let socket = tcp_socket(line).unwrap();
        assert_eq!((socket.port, socket.state, socket.inode), (8080, LISTENING, 4242));
        assert!(tcp_socket("  sl  local_address").is_none());
    }
}
