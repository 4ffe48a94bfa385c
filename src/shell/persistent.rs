//! One bash for all blocks of a runbook.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio::task::JoinSet;

use super::background::Background;
use super::bound::Bound;
use super::capture::{Captured, Stream};
use super::channel::Channel;
use super::checkpoint::{Checkpoint, ExitTrap};
use super::control::Control;
use super::declaration::Variables;
use super::driver::{self, file};
use super::error::ShellError;
use super::failure::{self, Earlier};
use super::helper;
use super::interrupt::Interrupt;
use super::launch::Launch;
use super::lifeline::{Lifeline, News};
use super::lookout::Lookout;
use super::report::Report;
use super::rewind::Mark;
use super::session::{Block, Ending, Farewell, Outcome, Session};
use super::told::Told;
use super::walls::{Plan, Room};
use crate::bash::Watch;

/// bash answers its start script within this.
const START_TIME_MAX: Duration = Duration::from_secs(10);
/// Background jobs get this long to write their last after the end of a block.
const GRACE: Duration = Duration::from_millis(25);
/// Process substitutions that take output get this long. bash does not wait for them, but readers take what they print for the
/// block's output; they end by themselves as soon as their input does, so the time is used only by one that does not.
const SUBSTITUTION_GRACE: Duration = Duration::from_secs(1);
/// The document's EXIT trap may take this long.
const EXIT_TRAP_TIME_MAX: Duration = Duration::from_secs(30);
/// Time-outs above this are this.
const TIMEOUT_MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A persistent bash that is brought back from a checkpoint when a block ends it.
///
/// Needs a tokio runtime with I/O and time. Dropping it without [`Session::stop`] cuts the lifeline: everything is killed, and
/// an EXIT trap of the document is not run.
#[derive(Debug)]
pub struct Bash {
    launch: Launch,
    room: Arc<Room>,
    /// The room was opened for this session and ends with it.
    owns_room: bool,
    pub(super) control: Control,
    pub(super) lifeline: Option<Lifeline>,
    pub(super) channel: Channel,
    pub(super) shell: Option<Shell>,
    generation: u32,
    blocks: usize,
    pub(super) checkpoint: Option<Checkpoint>,
    /// The next block needs our EXIT trap: the shell is new, or the document took the trap away.
    pub(super) arm_exit: bool,
    /// The EXIT trap of the checkpoint was run when the last shell exited.
    pub(super) exit_trap_spent: bool,
    late: Arc<Mutex<Vec<LateOutput>>>,
    late_readers: JoinSet<()>,
    /// What is watched in the block that runs, and in those that define functions.
    pub(super) watches: BTreeMap<usize, Vec<Watch>>,
    pub(super) earlier: Earlier,
}

/// Output that came after the end of the block whose background job wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateOutput {
    /// The block, counted from 1 in the order of [`Session::run`].
    pub block: usize,
    /// How many bytes came so far, on both streams.
    pub bytes: u64,
}

/// What is different for a block that runs beside others.
#[derive(Debug, Default)]
struct Company {
    /// Looks for a text in its output.
    lookout: Option<Lookout>,
    /// It is over when its streams are, whatever started them.
    stays: bool,
}

#[derive(Debug)]
pub(super) struct Shell {
    /// bash reads its script from here.
    pub(super) script: File,
    pid: i32,
}

/// How the wait for a block ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    Done(i32),
    ShellEnded(Ending),
    TimedOut,
    Interrupted,
    Overfull,
}

impl Bash {
    /// Starts the helper and a first bash.
    ///
    /// # Errors
    ///
    /// When there is no usable bash, when the helper does not answer, or when the control directory cannot be made.
    pub async fn start(launch: Launch) -> Result<Self, ShellError> {
        launch.make_directories().map_err(ShellError::control("make the run's directories"))?;
        let mut session = Self::prepare(launch).await?;
        // No block has run yet, so what is there is ours.
        session.room.furnish().map_err(ShellError::control("hand over the run's directory"))?;
        session.spawn().await?;
        Ok(session)
    }

    /// A session with a helper and without a shell.
    async fn prepare(mut launch: Launch) -> Result<Self, ShellError> {
        let (room, owns_room) = match &launch.room {
            Some(room) => (Arc::clone(room), false),
            None => (Room::open(Plan::new(launch.helper.clone(), launch.sandbox, &launch.directory)).await?, true),
        };
        launch.room = Some(Arc::clone(&room));
        let control = Control::make(&room).map_err(ShellError::control("make the control directory"))?;
        let receiver = control.lasting_stream(file::REPORTS).map_err(ShellError::control("make the report FIFO"))?;
        let scripts = [
            (file::CHECKPOINT_SCRIPT, driver::CHECKPOINT_SCRIPT.to_owned()),
            (file::BEFORE, driver::before()),
            (file::AFTER, driver::AFTER.to_owned()),
            (file::TAKE_OVER, driver::take_over()),
            (file::WATCH, driver::watch().to_owned()),
        ];
        for (name, text) in scripts {
            control.write(name, text.as_bytes()).map_err(ShellError::control("write the driver"))?;
        }
        let lifeline = Lifeline::start(&room, &launch, &control).await?;
        let channel = Channel::new(receiver, control.nonce());
        Ok(Self {
            launch,
            room,
            owns_room,
            control,
            lifeline: Some(lifeline),
            channel,
            shell: None,
            generation: 0,
            blocks: 0,
            checkpoint: None,
            arm_exit: true,
            exit_trap_spent: false,
            late: Arc::default(),
            late_readers: JoinSet::new(),
            watches: BTreeMap::new(),
            earlier: Earlier::new(),
        })
    }

    /// Another session that begins with the state of this one. A trap for the end of this one's shell is not its business.
    async fn fork(&self, interrupt: Interrupt) -> Result<Self, ShellError> {
        let mut fork = Self::prepare(Launch { interrupt, ..self.launch.clone() }).await?;
        fork.checkpoint.clone_from(&self.checkpoint);
        fork.exit_trap_spent = true;
        fork.blocks = self.blocks;
        fork.watches.clone_from(&self.watches);
        fork.spawn().await?;
        Ok(fork)
    }

    /// Where it lives.
    pub fn room(&self) -> &Room {
        &self.room
    }

    /// What ends its blocks.
    pub(super) fn interrupt(&self) -> Interrupt {
        self.launch.interrupt.clone()
    }

    /// Runs a block until nothing can write to its streams any more, or until it is interrupted.
    pub(super) async fn run_beside(&mut self, block: &Block, lookout: Option<Lookout>) -> Result<Outcome, ShellError> {
        let block = Block { timeout: TIMEOUT_MAX, ..block.clone() };
        self.run_block(&block, Company { lookout, stays: true }).await
    }

    /// The directory that stands in bash's messages, as in `DIRECTORY/b3: line 2:` for the third block.
    pub fn control_directory(&self) -> &Path {
        self.control.path()
    }

    /// What background jobs wrote after the end of their blocks, in the order of the blocks.
    pub fn late_output(&self) -> Vec<LateOutput> {
        let mut late = self.late.lock().unwrap_or_else(PoisonError::into_inner).clone();
        late.retain(|late| late.bytes > 0);
        late.sort_by_key(|late| late.block);
        late
    }

    async fn run_block(&mut self, block: &Block, company: Company) -> Result<Outcome, ShellError> {
        if self.launch.interrupt.is_raised_times(requests(block)) {
            return Ok(outcome(Ending::Interrupted, Duration::ZERO));
        }
        self.ensure_shell().await?;
        while self.late_readers.try_join_next().is_some() {}
        self.blocks += 1;
        let number = self.blocks;
        let names = [format!("b{number}"), format!("o{number}"), format!("e{number}"), format!("n{number}")];
        let (text, watches) = driver::block(number, &block.script);
        self.control.write(&names[0], text.as_bytes()).map_err(ShellError::control("write the block"))?;
        if !block.stdin.is_empty() {
            self.control.write(&names[3], &block.stdin).map_err(ShellError::control("write the block's input"))?;
        }
        self.watches.insert(number, watches);
        let open = |name: &str| self.control.stream(name).map_err(ShellError::control("make the FIFO of a stream"));
        let mut stdout = Stream::new(open(&names[1])?, self.launch.output_bytes_max, company.lookout.clone());
        let mut stderr = Stream::new(open(&names[2])?, self.launch.output_bytes_max, company.lookout);

        self.room.begin_to_count().await;
        let started = Instant::now();
        let line = driver::block_line(self.control.text(), number, std::mem::take(&mut self.arm_exit), !block.stdin.is_empty());
        let shell = self.shell.as_mut().ok_or(ShellError::HelperLost)?;
        shell.script.write_all(line.as_bytes()).map_err(ShellError::control("write to bash"))?;
        let mut told = Told::default();
        let wait = self.wait(block, &mut stdout, &mut stderr, number, &mut told).await?;
        let duration = started.elapsed();
        if !matches!(wait, Wait::Done(_)) {
            self.shell = None;
        }
        if matches!(wait, Wait::TimedOut | Wait::Interrupted | Wait::Overfull) {
            self.kill().await?;
        }
        // What the shell wrote came before its last report; what it reported before its end is in the FIFO.
        for report in self.channel.drain()? {
            told.hear(report, number);
        }
        let grace = if block.script.contains(">(") { SUBSTITUTION_GRACE } else { GRACE };
        let interrupt = self.launch.interrupt.clone();
        let mut writers_left = if company.stays && !matches!(wait, Wait::Interrupted) {
            settle(&mut stdout, &mut stderr, interrupt.raised()).await?
        } else {
            settle(&mut stdout, &mut stderr, tokio::time::sleep(grace)).await?
        };
        let is_stopped = company.stays && writers_left && !matches!(wait, Wait::Interrupted);
        if is_stopped {
            self.kill().await?;
            writers_left = settle(&mut stdout, &mut stderr, tokio::time::sleep(grace)).await?;
        }

        for name in &names[..3] {
            self.control.remove(name);
        }
        if !block.stdin.is_empty() {
            self.control.remove(&names[3]);
        }
        let (stdout, stdout_left) = stdout.finish();
        let (stderr, stderr_left) = stderr.finish();
        for left in [stdout_left, stderr_left].into_iter().flatten() {
            self.read_late(number, left);
        }
        let ending = match wait {
            // What it has left running was the point of it.
            Wait::Done(0) if is_stopped => Ending::Interrupted,
            Wait::Done(status) => Ending::Exited(status),
            Wait::ShellEnded(ending) => ending,
            Wait::TimedOut => Ending::TimedOut,
            Wait::Interrupted => Ending::Interrupted,
            Wait::Overfull => Ending::Signaled(Signal::KILL.as_raw()),
        };
        self.take_checkpoint(wait)?;
        let is_frozen = matches!(wait, Wait::Done(_)) && self.checkpoint.as_ref().is_some_and(Checkpoint::has_frozen_driver);
        if is_frozen {
            self.end_shell().await?;
        }
        let left_by = told.left_by.filter(|_| matches!(ending, Ending::Exited(_))).and_then(|name| self.departure(block, number, name));
        let (mut judgement, defect) = self.judge(block, &names[0], wait, &told, &stderr);
        if let (Some(left), None, Ending::Exited(status @ 1..)) = (&left_by, &judgement.stopped_at, ending) {
            let (line, command) = (left.line, left.command.clone());
            let place = failure::Place::TopLevel;
            judgement.stopped_at =
                Some(failure::CommandFailure { line, called_from: None, command, status, place, tolerated: false, is_answer: false });
        }
        self.remember_functions(number, &names[0], &block.script);
        let exhausted = match wait {
            Wait::Overfull => Some(Bound::Disk),
            _ if self.room.has_walls() => Bound::told(ending, &judgement, &block.script, &stderr.text(), || self.room.is_full()),
            _ => None,
        };
        Ok(Outcome {
            ending,
            stdout,
            stderr,
            duration,
            stopped_at: judgement.stopped_at,
            masked: judgement.masked,
            left_by,
            defect,
            exhausted,
            writers_left,
            shell_restarted: is_frozen || !matches!(wait, Wait::Done(_)),
        })
    }

    /// Waits for the end of a block, reading all that comes meanwhile.
    async fn wait(
        &mut self,
        block: &Block,
        stdout: &mut Stream,
        stderr: &mut Stream,
        number: usize,
        told: &mut Told,
    ) -> Result<Wait, ShellError> {
        let lifeline = self.lifeline.as_mut().ok_or(ShellError::HelperLost)?;
        let interrupt = self.launch.interrupt.clone();
        let deadline = tokio::time::sleep(block.timeout.min(TIMEOUT_MAX));
        tokio::pin!(deadline);
        let raised = interrupt.raised_times(requests(block));
        tokio::pin!(raised);
        let room = Arc::clone(&self.room);
        let overfull = room.overfull();
        tokio::pin!(overfull);
        loop {
            tokio::select! {
                () = &mut deadline => return Ok(Wait::TimedOut),
                () = &mut raised => return Ok(Wait::Interrupted),
                () = &mut overfull => return Ok(Wait::Overfull),
                taken = stdout.take() => taken.map_err(ShellError::control("read standard output"))?,
                taken = stderr.take() => taken.map_err(ShellError::control("read standard error"))?,
                news = lifeline.next() => {
                    match news {
                        Ok(News::Ended(ending)) => return Ok(Wait::ShellEnded(ending)),
                        Ok(_) => {}
                        Err(error) => {
                            self.give_up();
                            return Err(error);
                        }
                    }
                }
                reports = self.channel.next() => {
                    for report in reports? {
                        match report {
                            Report::Done(status) => return Ok(Wait::Done(status)),
                            report => told.hear(report, number),
                        }
                    }
                }
            }
        }
    }

    /// The helper is gone, and with it the promise: what can still be reached is the shell's process group.
    fn give_up(&mut self) {
        self.lifeline = None;
        // Inside a room with processes of its own the number means nothing here, and the end of process 1 ends all.
        let shell = self.shell.take().filter(|_| !self.room.has_own_processes());
        if let Some(group) = shell.and_then(|shell| rustix::process::Pid::from_raw(shell.pid)) {
            // Nobody to tell when it is gone already.
            let _ = rustix::process::kill_process_group(group, Signal::KILL);
        }
    }

    fn read_late(&mut self, block: usize, mut stream: Stream) {
        let late = Arc::clone(&self.late);
        let index = {
            let mut late = late.lock().unwrap_or_else(PoisonError::into_inner);
            late.iter().position(|late| late.block == block).unwrap_or_else(|| {
                late.push(LateOutput { block, bytes: 0 });
                late.len() - 1
            })
        };
        self.late_readers.spawn(async move {
            let mut counted = 0;
            while !stream.is_closed() && stream.take().await.is_ok() {
                let mut late = late.lock().unwrap_or_else(PoisonError::into_inner);
                late[index].bytes += stream.total() - counted;
                counted = stream.total();
            }
        });
    }

    /// Takes the state that the block left. After a time-out, an interrupt or a signal the state before the block stays.
    fn take_checkpoint(&mut self, wait: Wait) -> Result<(), ShellError> {
        let name = match wait {
            Wait::Done(_) => file::CHECKPOINT,
            Wait::ShellEnded(Ending::Exited(_)) => file::CHECKPOINT_AT_EXIT,
            _ => return Ok(()),
        };
        let taken = self.control.take(name).ok().and_then(|bytes| Checkpoint::read(bytes, self.control.nonce()));
        if matches!(wait, Wait::ShellEnded(Ending::Exited(_))) {
            self.exit_trap_spent = true;
        }
        let Some(taken) = taken else {
            // A document's own EXIT trap replaced ours, or `exec` replaced the shell: the state before the block stays.
            return Ok(());
        };
        self.arm_exit |= taken.exit_trap() == ExitTrap::Cleared;
        self.checkpoint = Some(taken);
        Ok(())
    }

    /// Takes note when something in the background has ended the shell between two blocks.
    pub(super) fn notice_end(&mut self) -> Result<(), ShellError> {
        let lifeline = self.lifeline.as_mut().ok_or(ShellError::HelperLost)?;
        match lifeline.poll_end() {
            Ok(Some(_)) => self.shell = None,
            Ok(None) => {}
            Err(error) => {
                self.give_up();
                return Err(error);
            }
        }
        Ok(())
    }

    /// Brings a shell back when the last one is gone.
    async fn ensure_shell(&mut self) -> Result<(), ShellError> {
        self.notice_end()?;
        if self.shell.is_none() {
            self.spawn().await?;
        }
        Ok(())
    }

    async fn spawn(&mut self) -> Result<(), ShellError> {
        self.generation += 1;
        let script = helper::script_fifo(self.generation);
        let mut script = self.control.sink(&script).map_err(ShellError::control("make the script FIFO"))?;
        let restore = self.checkpoint.is_some();
        if let Some(checkpoint) = &self.checkpoint {
            let environment = self.launch.environment.keys().filter_map(|name| name.to_str());
            let with_exit_trap = !std::mem::take(&mut self.exit_trap_spent);
            let content = checkpoint.restore_script(environment, with_exit_trap);
            self.arm_exit = !with_exit_trap || checkpoint.exit_trap() != ExitTrap::Own;
            self.control.write(file::RESTORE, &content).map_err(ShellError::control("write the state to restore"))?;
        }
        let lifeline = self.lifeline.as_mut().ok_or(ShellError::HelperLost)?;
        let start = driver::start(driver::Start {
            directory: self.control.text(),
            nonce: self.control.nonce(),
            errexit: self.launch.errexit,
            seed: self.launch.seed,
            restore,
        });
        self.control.write(file::START, start.as_bytes()).map_err(ShellError::control("write the start script"))?;
        self.channel.forget();
        lifeline.order(helper::command::START).await?;
        script.write_all(driver::start_line(self.control.text()).as_bytes()).map_err(ShellError::control("write to bash"))?;
        let answer = tokio::time::timeout(START_TIME_MAX, hello(lifeline, &mut self.channel, &self.launch)).await;
        let pid = answer.map_err(|_| ShellError::NoAnswer { within: START_TIME_MAX })??;
        self.shell = Some(Shell { script, pid });
        if !restore {
            let bytes = self.control.take(file::CHECKPOINT).map_err(ShellError::control("read the first checkpoint"))?;
            self.checkpoint = Checkpoint::read(bytes, self.control.nonce());
        }
        Ok(())
    }

    pub(super) async fn kill(&mut self) -> Result<(), ShellError> {
        self.shell = None;
        self.lifeline.as_mut().ok_or(ShellError::HelperLost)?.kill().await
    }
}

impl Session for Bash {
    async fn run(&mut self, block: Block) -> Result<Outcome, ShellError> {
        self.run_block(&block, Company::default()).await
    }

    async fn start_background(
        &mut self,
        block: Block,
        ready: Option<String>,
        variables: &[(String, String)],
    ) -> Result<Background, ShellError> {
        let stop = Interrupt::new();
        let mut bash = self.fork(stop.clone()).await?;
        if !variables.is_empty() {
            let script: String = variables.iter().map(|(name, value)| driver::export(name, value)).collect();
            bash.run_block(&Block { script, timeout: START_TIME_MAX, ..Block::default() }, Company::default()).await?;
        }
        Ok(Background::start(bash, block, ready.as_deref(), stop))
    }

    fn mark(&self) -> Mark {
        Mark { checkpoint: self.checkpoint.clone(), exit_trap_spent: self.exit_trap_spent }
    }

    async fn go_back(&mut self, mark: &Mark) -> Result<(), ShellError> {
        self.rewind(mark).await
    }

    fn variables(&self) -> Variables {
        self.checkpoint.as_ref().map(Checkpoint::variables).unwrap_or_default()
    }

    async fn stop(&mut self) -> Result<Farewell, ShellError> {
        let mut farewell = Farewell::default();
        let own = self.checkpoint.as_ref().is_some_and(|state| state.exit_trap() == ExitTrap::Own);
        if own && !self.exit_trap_spent && self.lifeline.is_some() && !self.launch.interrupt.is_raised() {
            let block = Block { script: "exit".to_owned(), timeout: EXIT_TRAP_TIME_MAX, ..Block::default() };
            farewell.exit_trap = Some(self.run_block(&block, Company::default()).await?);
        }
        self.end().await.map(|()| farewell)
    }
}

impl Bash {
    /// Kills what still runs, and ends the helper.
    pub(super) async fn end(&mut self) -> Result<(), ShellError> {
        let killed = if self.lifeline.is_some() { self.kill().await } else { Ok(()) };
        if let Some(lifeline) = self.lifeline.take() {
            lifeline.cut().await;
        }
        if self.owns_room {
            self.room.close().await;
        }
        self.late_readers.abort_all();
        killed
    }
}

/// Waits until bash is up, and checks that it is one that can be used.
async fn hello(lifeline: &mut Lifeline, channel: &mut Channel, launch: &Launch) -> Result<i32, ShellError> {
    let (mut pid, mut usable) = (0, false);
    while pid == 0 || !usable {
        tokio::select! {
            news = lifeline.next() => match news? {
                News::Started(started) => pid = started,
                News::NotStarted(errno) => {
                    let source = std::io::Error::from_raw_os_error(errno);
                    return Err(ShellError::BashMissing { path: launch.bash.clone(), source });
                }
                News::Ended(_) => {
                    let said = channel.drain()?;
                    let error = if said.contains(&Report::NotBash) { ShellError::NotBash { path: launch.bash.clone() } } else { ShellError::EndedAtStart };
                    return Err(error);
                }
                News::WallsBroken(why) => return Err(ShellError::WallsBroken { why }),
                News::Ready | News::Killed(_) => {}
            },
            reports = channel.next() => for report in reports? {
                match report {
                    Report::Hello { major, minor, version } => {
                        if (major, minor) < (4, 4) {
                            return Err(ShellError::BashTooOld { version });
                        }
                        usable = true;
                    }
                    Report::NotBash => return Err(ShellError::NotBash { path: launch.bash.clone() }),
                    Report::Failed(_) | Report::Parts(_) | Report::Job(_) | Report::Leaving { .. } | Report::Done(_) => {}
                }
            }
        }
    }
    Ok(pid)
}

/// How often somebody must ask before a block is ended.
fn requests(block: &Block) -> u32 {
    if block.insists { 2 } else { 1 }
}

/// Reads both streams to their ends, or until `enough`. True when somebody can still write.
async fn settle(stdout: &mut Stream, stderr: &mut Stream, enough: impl Future<Output = ()>) -> Result<bool, ShellError> {
    let failed = || ShellError::control("read a stream to its end");
    stdout.drain().map_err(failed())?;
    stderr.drain().map_err(failed())?;
    tokio::pin!(enough);
    while !(stdout.is_closed() && stderr.is_closed()) {
        tokio::select! {
            () = &mut enough => return Ok(true),
            taken = stdout.take() => taken.map_err(failed())?,
            taken = stderr.take() => taken.map_err(failed())?,
        }
    }
    Ok(false)
}

fn outcome(ending: Ending, duration: Duration) -> Outcome {
    Outcome {
        ending,
        stdout: Captured::default(),
        stderr: Captured::default(),
        duration,
        stopped_at: None,
        masked: Vec::new(),
        left_by: None,
        defect: None,
        exhausted: None,
        writers_left: false,
        shell_restarted: false,
    }
}
