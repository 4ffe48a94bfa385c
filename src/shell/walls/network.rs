//! The network of a room: loopback, and the one listener that leads out of it.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with};

/// Brings loopback up in this network namespace, which a new one does not do by itself.
pub(super) fn bring_loopback_up() -> io::Result<()> {
    // Source: rtnetlink(7), netlink(7): RTM_NEWLINK with an `ifinfomsg` for interface 1, which loopback is in every namespace.
    const NEW_LINK: u16 = 16;
    const REQUEST_AND_ACKNOWLEDGE: u16 = 0x1 | 0x4;
    const UP: u32 = 0x1;
    const ERROR: u16 = 2;
    let mut message = Vec::with_capacity(32);
    message.extend(32u32.to_ne_bytes());
    message.extend(NEW_LINK.to_ne_bytes());
    message.extend(REQUEST_AND_ACKNOWLEDGE.to_ne_bytes());
    message.extend(1u32.to_ne_bytes());
    message.extend(0u32.to_ne_bytes());
    message.extend([0, 0]);
    message.extend(0u16.to_ne_bytes());
    message.extend(1i32.to_ne_bytes());
    message.extend(UP.to_ne_bytes());
    message.extend(UP.to_ne_bytes());
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    send(&socket, &message, SendFlags::empty())?;
    let mut reply = [0u8; 128];
    let (length, _) = recv(&socket, &mut reply[..], RecvFlags::empty())?;
    let number = |range: std::ops::Range<usize>| reply.get(range).and_then(|bytes| bytes.try_into().ok()).map(i32::from_ne_bytes);
    match (u16::from_ne_bytes([reply[4], reply[5]]), number(16..20)) {
        (ERROR, Some(0)) if length >= 20 => Ok(()),
        (ERROR, Some(error)) if length >= 20 => Err(io::Error::from_raw_os_error(-error)),
        _ => Err(io::Error::other("an unexpected answer about loopback")),
    }
}

/// Listens on a free port of loopback.
pub(super) fn listen() -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
}
