"""System calls that the sandbox refuses, one of each kind: `NAME = ERROR`, 0 where it went through, and so without the sandbox.

Each is harmless where it goes through, and has another answer there than the refusal.
"""

import ctypes
import errno
import fcntl
import mmap
import os
import pty
import resource
import signal
import socket
import termios

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long


def call(number, *arguments):
    words = [ctypes.c_long(word) if isinstance(word, int) else word for word in arguments]
    result = LIBC.syscall(ctypes.c_long(number), *words)
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return result


def in_child(act):
    """The error of an act in a child, or what killed it."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            act()
            os.write(theirs, b"0")
        except OSError as error:
            os.write(theirs, errno.errorcode.get(error.errno, "?").encode())
        os._exit(0)
    os.close(theirs)
    said = os.read(ours, 100).decode()
    os.close(ours)
    _, status = os.waitpid(pid, 0)
    return signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else said


def other_abi():
    # getpid() of the 32-bit interface: mov eax, 20; int 0x80; ret.
    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")
    ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()


def type_into_own_terminal():
    _, other = pty.openpty()
    os.setsid()
    fcntl.ioctl(other, termios.TIOCSCTTY, 0)
    fcntl.ioctl(other, termios.TIOCSTI, b"x")


def new_namespace_by_clone():
    if call(56, 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0) == 0:
        os._exit(0)


def send_with_first_packet(send):
    with socket.socket() as peer:
        peer.setblocking(False)
        try:
            send(peer)
        except (BlockingIOError, ConnectionRefusedError, BrokenPipeError):
            pass


def open_socket(*words):
    socket.socket(*words).close()


def shared_memory():
    number = call(29, 0, 4096, 0o1600)
    call(31, number, 0, 0)


CALLS = {
    "trace": lambda: call(101, 0, 0, 0, 0),
    "unshare": lambda: call(272, 0),
    "clone": new_namespace_by_clone,
    "clone3": lambda: call(435, ctypes.create_string_buffer(88), 88),
    "keys": lambda: call(250, 0, -3, 0),
    "userfault": lambda: call(323, 1),
    "ring": lambda: call(425, 4, ctypes.create_string_buffer(256)),
    "terminal": type_into_own_terminal,
    "abi": other_abi,
    "sendto": lambda: send_with_first_packet(lambda peer: peer.sendto(b"x", 0x20000000, ("127.0.0.1", 1))),
    "sendmsg": lambda: send_with_first_packet(lambda peer: peer.sendmsg([b"x"], [], 0x20000000, ("127.0.0.1", 1))),
    "vsock": lambda: open_socket(40, socket.SOCK_STREAM),
    "crypto": lambda: open_socket(38, socket.SOCK_SEQPACKET),
    "uevents": lambda: open_socket(socket.AF_NETLINK, socket.SOCK_RAW, 15),
    "multipath": lambda: open_socket(socket.AF_INET, socket.SOCK_STREAM, 262),
    "datagrams": lambda: open_socket(socket.AF_INET, socket.SOCK_DGRAM),
    "named": lambda: open_socket(socket.AF_UNIX, socket.SOCK_STREAM),
    "pairs": lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM),
    "shared memory": shared_memory,
    "semaphores": lambda: call(66, call(64, 0, 1, 0o600), 0, 0),
    "messages": lambda: call(71, call(68, 0, 0o600), 0, 0),
}

for name, act in CALLS.items():
    print(name, "=", in_child(act), flush=True)
print("core =", resource.getrlimit(resource.RLIMIT_CORE)[0])
print("files =", resource.getrlimit(resource.RLIMIT_NOFILE)[0])
