//! What is planted outside the sandbox: each thing that must not be reached, in a form that only the sandbox keeps from being reached.

use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream, UdpSocket},
    os::{
        linux::net::SocketAddrExt,
        unix::{
            fs::{PermissionsExt, chown},
            net::{SocketAddr, UnixListener},
        },
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

use tempfile::TempDir;

const SECRET: &[u8] = b"SECRET";

/// What is planted, as the user that blocks are.
pub(super) struct Outside {
    home: TempDir,
    other: u16,
    other_six: u16,
    udp: u16,
    victim: Child,
    /// Stands on the command lines of what belongs to this attempt.
    pub(super) mark: String,
}

impl Drop for Outside {
    fn drop(&mut self) {
        let _ = self.victim.kill();
        let _ = self.victim.wait();
    }
}

impl Outside {
    /// Plants it as `user`; none for whoever this process is.
    pub(super) fn plant(user: Option<u32>) -> Self {
        // Not below /tmp, which blocks share with the host where there are no namespaces.
        let home = tempfile::Builder::new().prefix("docent-outside").tempdir_in("/var/tmp").expect("a place outside");
        let mark = home.path().file_name().expect("it has a name").to_string_lossy().into_owned();
        let write = |name: &str, text: &[u8], mode: u32| {
            let path = home.path().join(name);
            fs::create_dir_all(path.parent().expect("it is below")).expect("folders");
            fs::write(&path, text).expect("files");
            open(&path, mode, user);
            open(path.parent().expect("it is below"), 0o777, user);
        };
        open(home.path(), 0o755, user);
        write(".ssh/id_rsa", SECRET, 0o644);
        write(".azure/msal_token_cache.json", SECRET, 0o644);
        write("open/file", b"content", 0o666);

        let other = TcpListener::bind("127.0.0.1:0").expect("a port");
        let other_six = TcpListener::bind("[::1]:0").or_else(|_| TcpListener::bind("127.0.0.1:0")).expect("a port");
        let udp = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let socket = home.path().join("open/docker.sock");
        let named = UnixListener::bind(&socket).expect("a socket");
        open(&socket, 0o777, user);
        let abstract_name = SocketAddr::from_abstract_name(&mark).expect("a name");
        let hidden = UnixListener::bind_addr(&abstract_name).expect("a socket");
        let port = |listener: &TcpListener| listener.local_addr().expect("bound").port();
        let (other_port, other_six_port, udp_port) = (port(&other), port(&other_six), udp.local_addr().expect("bound").port());
        for listener in [other, other_six] {
            tell_all(listener, SECRET);
        }
        for listener in [named, hidden] {
            thread::spawn(move || listener.incoming().flatten().for_each(|mut peer| drop(peer.write_all(SECRET))));
        }
        thread::spawn(move || {
            let mut bytes = [0; 64];
            while let Ok((_, from)) = udp.recv_from(&mut bytes) {
                let _ = udp.send_to(SECRET, from);
            }
        });
        let victim = as_blocks("/bin/sh", user)
            .args(["-c", "read forever", &mark])
            .env("VICTIM", "SECRET")
            .stdin(Stdio::piped())
            .spawn()
            .expect("a victim");
        Self { home, other: other_port, other_six: other_six_port, udp: udp_port, victim, mark }
    }

    /// Where everything is, for the attempts.
    pub(super) fn description(&self, port: u16, rows: &[&str]) -> String {
        serde_json::json!({
            "home": self.home.path(), "port": port, "other": self.other, "other6": self.other_six, "udp": self.udp,
            "abstract": self.mark, "victim": self.victim.id(), "mark": self.mark, "daemon": self.daemon(), "rows": rows,
        })
        .to_string()
    }

    fn daemon(&self) -> String {
        format!("{}-daemon", self.mark)
    }

    /// Whether the daemon that an attempt left is alive.
    pub(super) fn has_daemon(&self) -> bool {
        !self.daemons().is_empty()
    }

    /// Ends what a run without a sandbox leaves.
    pub(super) fn end_daemons(&self) {
        for pid in self.daemons() {
            if let Some(pid) = rustix::process::Pid::from_raw(pid) {
                let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            }
        }
    }

    fn daemons(&self) -> Vec<i32> {
        let daemon = self.daemon();
        let processes = fs::read_dir("/proc").expect("processes").flatten();
        let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        // The attempts themselves have the name inside their description.
        let is_it = |pid: &i32| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            line.split(|byte| *byte == 0).any(|word| word == daemon.as_bytes())
        };
        pids.filter(is_it).collect()
    }
}

/// Serves the one port that is to be reached, the same port elsewhere, and looks for what listens to everybody.
pub(super) fn serve(door: TcpListener, work: PathBuf) -> u16 {
    let port = door.local_addr().expect("bound").port();
    // Where the port is taken by somebody else, that row shows nothing.
    if let Ok(elsewhere) = TcpListener::bind(("127.0.0.2", port)) {
        tell_all(elsewhere, SECRET);
    }
    tell_all(door, b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\ncloud");
    thread::spawn(move || {
        loop {
            if let Some(port) = fs::read_to_string(work.join("listening")).ok().and_then(|text| text.parse().ok()) {
                // Neither 127.0.0.1 nor a network of the room's own: as from another machine.
                if let Ok(mut peer) = TcpStream::connect(("127.0.0.2", port)) {
                    let _ = peer.write_all(b"outside");
                }
                return;
            }
            thread::yield_now();
        }
    });
    port
}

fn tell_all(listener: TcpListener, text: &'static [u8]) {
    thread::spawn(move || {
        for mut peer in listener.incoming().flatten() {
            let _ = peer.set_read_timeout(Some(std::time::Duration::from_millis(200)));
            if text.starts_with(b"HTTP") {
                let _ = peer.read(&mut [0; 1000]);
            }
            let _ = peer.write_all(text);
        }
    });
}

/// A command as the user that blocks are on the host.
fn as_blocks(program: &str, user: Option<u32>) -> Command {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new(program);
    if let Some(user) = user {
        command.uid(user).gid(user);
    }
    command
}

fn open(path: &Path, mode: u32, user: Option<u32>) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
    if let Some(user) = user {
        chown(path, Some(user), Some(user)).expect("root may");
    }
}
