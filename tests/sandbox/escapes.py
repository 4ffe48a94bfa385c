"""Attempts to get out of the sandbox, one a row: `NN Y` when the effect was obtained, `NN n` when it was not.

Every row runs in a process of its own with a bound, so that one that hangs or dies takes no other with it. The rows and what counts as
success are those of docs/sandbox.md. Started with one argument: a JSON object that says where everything is.
"""

import asyncio
import ctypes
import json
import mmap
import multiprocessing
import os
import platform
import resource
import select
import signal
import socket
import struct
import sys
import time
import urllib.request

WHERE = json.loads(sys.argv[1])
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long
X86 = platform.machine() == "x86_64"
NUMBER = {
    "bpf": 321 if X86 else 280,
    "io_uring_setup": 425,
    "keyctl": 250 if X86 else 219,
    "memfd_create": 319 if X86 else 279,
    "perf_event_open": 298 if X86 else 241,
    "pidfd_getfd": 438,
    "pidfd_open": 434,
    "process_vm_readv": 310 if X86 else 270,
    "ptrace": 101 if X86 else 117,
    "unshare": 272 if X86 else 97,
}
SECRET = "SECRET"


def call(name, *arguments):
    words = [ctypes.c_long(word) if isinstance(word, int) else word for word in arguments]
    result = LIBC.syscall(ctypes.c_long(NUMBER[name]), *words)
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return result


def reads(path):
    with open(path) as file:
        return SECRET in file.read()


def answers(family, address, protocol=0):
    with socket.socket(family, socket.SOCK_STREAM, protocol) as peer:
        peer.settimeout(2)
        peer.connect(address)
        return SECRET in peer.recv(100).decode()


# What must keep working.

def write_and_run():
    with open("own", "w") as file:
        file.write("#!/bin/sh\necho ran\n")
    os.chmod("own", 0o755)
    return os.popen("./own").read() == "ran\n"


def reach_the_cloud():
    with socket.create_connection(("127.0.0.1", WHERE["port"]), 2) as peer:
        peer.sendall(b"GET / HTTP/1.0\r\n\r\n")
        return b"cloud" in peer.recv(1000)


def resolve_and_fetch():
    socket.getaddrinfo("localhost", WHERE["port"])
    return b"cloud" in urllib.request.urlopen(f"http://127.0.0.1:{WHERE['port']}/", timeout=2).read()


def loops_and_pipes():
    asyncio.run(asyncio.sleep(0))
    ours, theirs = multiprocessing.Pipe()
    multiprocessing.Lock().acquire()
    child = multiprocessing.get_context("fork").Process(target=theirs.send, args=("hello",))
    child.start()
    child.join(5)
    return ours.recv() == "hello"


def own_server():
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("", 0))
        server.listen()
        with socket.create_connection(("127.0.0.1", server.getsockname()[1]), 2) as client:
            accepted, _ = server.accept()
            accepted.sendall(b"own")
            return client.recv(10) == b"own"


# Files.

def read_key():
    return reads(WHERE["home"] + "/.ssh/id_rsa")


def read_token():
    return reads(WHERE["home"] + "/.azure/msal_token_cache.json")


def stat_key():
    return os.stat(WHERE["home"] + "/.ssh/id_rsa").st_size > 0


def create_outside():
    with open(WHERE["home"] + "/open/created", "w") as file:
        file.write("x")
    return True


def truncate_outside():
    os.truncate(WHERE["home"] + "/open/file", 3)
    return True


def append_through_symlink():
    os.symlink(WHERE["home"] + "/open/file", "symlink")
    with open("symlink", "a") as file:
        file.write("x")
    return True


def append_through_hard_link():
    os.link(WHERE["home"] + "/open/file", "hardlink")
    with open("hardlink", "a") as file:
        file.write("x")
    return True


def rename_outside():
    with open("mine", "w") as file:
        file.write("x")
    os.rename("mine", WHERE["home"] + "/open/renamed")
    return True


def chmod_outside():
    os.chmod(WHERE["home"] + "/open/file", 0o666)
    return True


def read_through_own_root():
    return reads("/proc/self/root" + WHERE["home"] + "/.ssh/id_rsa")


# Network.

def connect_elsewhere():
    return answers(socket.AF_INET, ("127.0.0.1", WHERE["other"]))


def fast_open():
    with socket.socket() as peer:
        peer.settimeout(2)
        try:
            peer.sendto(b"x", 0x20000000, ("127.0.0.1", WHERE["other"]))
        except BlockingIOError:
            # The first packet is on its way.
            select.select([], [peer], [], 2)
        return SECRET in peer.recv(100).decode()


def connect_elsewhere_six():
    return answers(socket.AF_INET6, ("::1", WHERE["other6"]))


def same_port_elsewhere():
    return answers(socket.AF_INET, ("127.0.0.2", WHERE["port"]))


def datagram():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.settimeout(2)
        peer.sendto(b"x", ("127.0.0.1", WHERE["udp"]))
        return SECRET in peer.recv(100).decode()


def echo_request():
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            socket.socket(socket.AF_INET, kind, socket.IPPROTO_ICMP).close()
            return True
        except PermissionError:
            pass
    return False


def other_families():
    for family, kind in ((40, socket.SOCK_STREAM), (38, socket.SOCK_SEQPACKET), (17, socket.SOCK_RAW)):
        try:
            socket.socket(family, kind).close()
            return True
        except OSError:
            pass
    return False


def listen_for_all():
    with socket.socket() as server:
        server.bind(("0.0.0.0", 0))
        server.listen()
        with open("listening.new", "w") as file:
            file.write(str(server.getsockname()[1]))
        os.rename("listening.new", "listening")
        server.settimeout(1)
        peer, _ = server.accept()
        return peer.recv(10) == b"outside"


def named_socket():
    return answers(socket.AF_UNIX, WHERE["home"] + "/open/docker.sock")


def abstract_socket():
    return answers(socket.AF_UNIX, "\0" + WHERE["abstract"])


def multipath():
    return answers(socket.AF_INET, ("127.0.0.1", WHERE["other"]), 262)


# Processes.

def signal_victim():
    os.kill(WHERE["victim"], signal.SIGCONT)
    return is_victim()


def is_victim():
    with open(f"/proc/{WHERE['victim']}/cmdline") as file:
        return WHERE["mark"] in file.read()


def signal_helper():
    helper = int(os.environ["HELPER"])
    os.kill(helper, signal.SIGCONT)
    return helper > 1


def trace_victim():
    call("ptrace", 0x4206, WHERE["victim"], 0, 0)
    return True


def environment_of(pid):
    with open(f"/proc/{pid}/environ") as file:
        return SECRET in file.read()


def environment_of_victim():
    return environment_of(WHERE["victim"])


def environment_of_harness():
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ") as file:
                if "HARNESS_" + SECRET in file.read():
                    return True
        except OSError:
            pass
    return False


def own_environment():
    return any("HARNESS_" + SECRET in name + value for name, value in os.environ.items())


def inherited_descriptor():
    return SECRET in os.read(9, 100).decode()


def memory_of_victim():
    with open(f"/proc/{WHERE['victim']}/maps") as file:
        line = next(line for line in file if "r" in line.split()[1])
    start = int(line.split("-")[0], 16)
    buffer = ctypes.create_string_buffer(16)
    local = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 16)
    remote = (ctypes.c_void_p * 2)(start, 16)
    return call("process_vm_readv", WHERE["victim"], ctypes.byref(local), 1, ctypes.byref(remote), 1, 0) > 0


def descriptor_of_victim():
    return call("pidfd_getfd", call("pidfd_open", WHERE["victim"], 0), 0, 0) >= 0


def type_into_terminal():
    import fcntl
    fcntl.ioctl(os.open("/dev/tty", os.O_RDWR), 0x5412, b"x")
    return True


def run_from_memory():
    number = call("memfd_create", ctypes.c_char_p(b"x"), 0)
    with open("/bin/true", "rb") as file:
        os.write(number, file.read())
    return os.spawnv(os.P_WAIT, f"/proc/self/fd/{number}", ["true"]) == 0


def may_gain_privileges():
    with open("/proc/self/status") as file:
        return "NoNewPrivs:\t0" in file.read()


def new_user_namespace():
    call("unshare", 0x10000000 | 0x00020000)
    return True


def ring():
    call("io_uring_setup", 4, ctypes.create_string_buffer(256))
    return True


def kernel_powers():
    attributes = struct.pack("IIQ", 1, 112, 0).ljust(112, b"\0")
    for attempt in (
        lambda: call("perf_event_open", ctypes.c_char_p(attributes), 0, -1, -1, 0),
        lambda: call("keyctl", 0, -1, 1),
        lambda: call("bpf", 0, ctypes.c_char_p(struct.pack("IIIII", 2, 4, 4, 1, 0).ljust(120, b"\0")), 120),
    ):
        try:
            attempt()
            return True
        except OSError:
            pass
    return False


def write_much():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with open("much", "wb") as file:
            for _ in range(100):
                file.write(b"x" * 1_000_000)
        return os.path.getsize("much") == 100_000_000
    finally:
        os.remove("much")


def allocate_much():
    mmap.mmap(-1, 6 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000).close()
    return True


def fork_storm():
    children = []
    try:
        while len(children) < 200:
            child = os.fork()
            if child == 0:
                time.sleep(5)
                os._exit(0)
            children.append(child)
        return True
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def read_through_victims_root():
    return reads(f"/proc/{WHERE['victim']}/root{WHERE['home']}/.ssh/id_rsa")


def see_victim():
    return os.path.exists(f"/proc/{WHERE['victim']}")


def leave_a_daemon():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for name in ("SIGTERM", "SIGINT", "SIGHUP"):
                signal.signal(getattr(signal, name), signal.SIG_IGN)
            null = os.open("/dev/null", os.O_RDWR)
            for number in range(3):
                os.dup2(null, number)
            os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)", WHERE["daemon"]])
        os._exit(0)
    os.wait()
    # Whether it lives on is seen from outside.
    return False


ROWS = {
    "00 write, run": write_and_run,
    "00 reach the cloud": reach_the_cloud,
    "00 resolve, fetch": resolve_and_fetch,
    "00 loops, pipes": loops_and_pipes,
    "00 own server": own_server,
    "01": read_key,
    "02": read_token,
    "03": stat_key,
    "04": create_outside,
    "05": truncate_outside,
    "06": append_through_symlink,
    "07": append_through_hard_link,
    "08": rename_outside,
    "09": chmod_outside,
    "10": read_through_own_root,
    "11": connect_elsewhere,
    "12": fast_open,
    "13": connect_elsewhere_six,
    "14": same_port_elsewhere,
    "15": datagram,
    "16": echo_request,
    "17": other_families,
    "18": listen_for_all,
    "19": named_socket,
    "20": abstract_socket,
    "21": signal_victim,
    "22": signal_helper,
    "23": trace_victim,
    "24": environment_of_victim,
    "25": environment_of_harness,
    "26": own_environment,
    "27": inherited_descriptor,
    "28": memory_of_victim,
    "29": descriptor_of_victim,
    "30": type_into_terminal,
    "31": run_from_memory,
    "32": may_gain_privileges,
    "33": new_user_namespace,
    "34": ring,
    "35": kernel_powers,
    "36": write_much,
    "37": allocate_much,
    "38": fork_storm,
    "39": read_through_victims_root,
    "40": see_victim,
    "41": leave_a_daemon,
    "43": multipath,
}



def fork():
    # What the attempt before has started may still be dying, and counts.
    until = time.monotonic() + 20
    while True:
        try:
            return os.fork()
        except BlockingIOError:
            if time.monotonic() > until:
                raise
            os.sched_yield()


for name in WHERE.get("rows") or ROWS:
    ours, theirs = os.pipe()
    pid = fork()
    if pid == 0:
        os.setpgid(0, 0)
        try:
            answer = "Y" if ROWS[name]() else "n"
        except BaseException as error:  # Whatever stops it, it did not succeed.
            answer = "n " + type(error).__name__ + " " + str(error)
        os.write(theirs, answer.encode())
        os._exit(0)
    os.close(theirs)
    ready, _, _ = select.select([ours], [], [], 10)
    answer = os.read(ours, 500).decode() if ready else "n silent"
    os.close(ours)
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        pass
    os.waitpid(pid, 0)
    print(name, "=", answer or "n died", flush=True)
