//! docent's end of the helper: orders, news, and the promise that nothing outlives it.

use std::io;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;

use super::control::Control;
use super::error::ShellError;
use super::helper::{self, Order};
use super::launch::Launch;
use super::session::Ending;
use super::walls::Room;

/// The helper says its first word within this, or is another program.
const FIRST_WORD_TIME_MAX: Duration = Duration::from_secs(10);
/// The helper needs no longer than its own bound to kill, and to end.
const KILL_TIME_MAX: Duration = Duration::from_secs(10);

/// What the helper says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum News {
    /// It is there.
    Ready,
    /// bash was started, with this process id.
    Started(i32),
    /// bash could not be started.
    NotStarted(i32),
    /// A layer of the sandbox that had held does not.
    WallsBroken(String),
    /// bash ended.
    Ended(Ending),
    /// Everything was killed but so many processes.
    Killed(u32),
}

/// The helper. Dropping it cuts the lifeline.
#[derive(Debug)]
pub(super) struct Lifeline {
    socket: UnixStream,
    received: Vec<u8>,
}

impl Lifeline {
    /// Has the room start a helper, and hears its first word.
    pub(super) async fn start(room: &Room, launch: &Launch, control: &Control) -> Result<Self, ShellError> {
        let (ours, theirs) = StdUnixStream::pair().map_err(ShellError::control("make the lifeline"))?;
        ours.set_nonblocking(true).map_err(ShellError::control("make the lifeline"))?;
        let socket = UnixStream::from_std(ours).map_err(ShellError::control("make the lifeline"))?;
        let order = Order {
            bash: launch.bash.clone().into(),
            work: launch.work().into(),
            environment: launch.environment.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
        };
        control.write(helper::ORDER, &order.encode()).map_err(ShellError::control("write the order for bash"))?;
        room.enter(control.path(), &theirs.into()).map_err(|_| ShellError::HelperLost)?;
        let mut lifeline = Self { socket, received: Vec::new() };
        match tokio::time::timeout(FIRST_WORD_TIME_MAX, lifeline.next()).await {
            Ok(Ok(News::Ready)) => Ok(lifeline),
            _ => Err(ShellError::HelperSilent { executable: room.executable().to_owned() }),
        }
    }

    /// The next news. Nothing is lost when the wait is abandoned.
    pub(super) async fn next(&mut self) -> Result<News, ShellError> {
        loop {
            if let Some(news) = self.parse() {
                return Ok(news);
            }
            self.socket.readable().await.map_err(|_| ShellError::HelperLost)?;
            let mut bytes = [0; 512];
            match self.socket.try_read(&mut bytes) {
                Ok(0) => return Err(ShellError::HelperLost),
                Ok(count) => self.received.extend_from_slice(&bytes[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return Err(ShellError::HelperLost),
            }
        }
    }

    /// The end of the shell when the helper has already told of it.
    pub(super) fn poll_end(&mut self) -> Result<Option<Ending>, ShellError> {
        let mut bytes = [0; 512];
        loop {
            // The kernel is asked, because the runtime may not have heard yet.
            match rustix::io::read(&self.socket, &mut bytes[..]) {
                Ok(0) => return Err(ShellError::HelperLost),
                Ok(count) => self.received.extend_from_slice(&bytes[..count]),
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => break,
                Err(_) => return Err(ShellError::HelperLost),
            }
        }
        while let Some(news) = self.parse() {
            if let News::Ended(ending) = news {
                return Ok(Some(ending));
            }
        }
        Ok(None)
    }

    /// Gives an order.
    pub(super) async fn order(&mut self, order: u8) -> Result<(), ShellError> {
        loop {
            match self.socket.try_write(&[order]) {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.socket.writable().await.map_err(|_| ShellError::HelperLost)?;
                }
                Err(_) => return Err(ShellError::HelperLost),
            }
        }
    }

    /// Kills everything below the helper.
    pub(super) async fn kill(&mut self) -> Result<(), ShellError> {
        self.order(helper::command::KILL).await?;
        let killed = async {
            loop {
                if let News::Killed(left) = self.next().await? {
                    return Ok::<u32, ShellError>(left);
                }
            }
        };
        match tokio::time::timeout(KILL_TIME_MAX, killed).await {
            Ok(Ok(0)) => Ok(()),
            Ok(Ok(left)) => Err(ShellError::Unkillable { left }),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(ShellError::HelperLost),
        }
    }

    /// Cuts the lifeline and waits for the helper's end.
    pub(super) async fn cut(mut self) {
        let ended = async {
            if self.socket.shutdown().await.is_ok() {
                while self.next().await.is_ok() {}
            }
        };
        // A helper that hangs is left to the room.
        let _ = tokio::time::timeout(KILL_TIME_MAX, ended).await;
    }

    fn parse(&mut self) -> Option<News> {
        let length = self.received.iter().position(|byte| *byte == b'\n')?;
        let line: Vec<u8> = self.received.drain(..=length).collect();
        let line = String::from_utf8_lossy(&line).into_owned();
        let mut words = line.split_whitespace();
        let kind = words.next()?;
        match kind {
            "H" => Some(News::Ready),
            "S" => Some(News::Started(words.next()?.parse().ok()?)),
            "X" => Some(News::NotStarted(words.next()?.parse().ok()?)),
            "W" => Some(News::WallsBroken(words.collect::<Vec<_>>().join(" "))),
            "K" => Some(News::Killed(words.next()?.parse().ok()?)),
            "D" => {
                let kind = words.next()?;
                let number = words.next()?.parse().ok()?;
                Some(News::Ended(if kind == "e" { Ending::Exited(number) } else { Ending::Signaled(number) }))
            }
            _ => None,
        }
    }
}
