//! One command line at work: its streams, its options, the server it talks to and the clock it reads.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::command_line::CommandLine;
use super::discovery::Discovery;
use super::failure::Failure;
use super::server::{Call, CallError, Server};
use super::target::Target;
use crate::applets::Program;
use crate::applets::client::{Client, Response};
use crate::applets::run::{Clock, Run};

pub(crate) struct Session<'s, 'p> {
    pub(crate) program: &'s mut Program<'p>,
    pub(crate) line: CommandLine,
    server: OnceCell<Server>,
    discovery: OnceCell<Rc<Discovery>>,
    clock: OnceCell<Clock>,
    now: Cell<Option<Timestamp>>,
}

impl<'s, 'p> Session<'s, 'p> {
    pub(crate) fn new(program: &'s mut Program<'p>, line: CommandLine) -> Self {
        Self { program, line, server: OnceCell::new(), discovery: OnceCell::new(), clock: OnceCell::new(), now: Cell::new(None) }
    }

    /// The same with a server and a time of a test's choosing.
    #[cfg(test)]
    pub(crate) fn with_server(program: &'s mut Program<'p>, line: CommandLine, server: Server, now: Timestamp) -> Self {
        let session = Self::new(program, line);
        let _ = session.server.set(server);
        session.now.set(Some(now));
        session
    }

    /// Writes to standard output. A reader that went away is no failure of ours.
    pub(crate) fn out(&mut self, text: impl AsRef<str>) {
        let _ = self.program.stdout.write_all(text.as_ref().as_bytes());
    }

    /// Writes a line to standard error, after what is already on standard output.
    pub(crate) fn err(&mut self, line: impl AsRef<str>) {
        let _ = self.program.stdout.flush();
        let _ = writeln!(self.program.stderr, "{}", line.as_ref());
    }

    pub(crate) fn server(&self) -> Result<&Server, Failure> {
        if let Some(server) = self.server.get() {
            return Ok(server);
        }
        let server = Server::new(Target::resolve(&self.line, &self.program.variables)?, self.program.variables.clone());
        Ok(self.server.get_or_init(|| server))
    }

    /// The namespace of the command line or the context.
    pub(crate) fn namespace(&self) -> Result<String, Failure> {
        Ok(self.server()?.target().namespace.clone())
    }

    /// The namespace to list, `None` for all of them.
    pub(crate) fn namespace_to_list(&self) -> Result<Option<String>, Failure> {
        if self.line.is_on("all-namespaces", false) { Ok(None) } else { self.namespace().map(Some) }
    }

    /// What the server has. A cold client-go tries five times and says so each time (kubernetes-wire A1, measured).
    pub(crate) fn discovery(&mut self) -> Result<Rc<Discovery>, Failure> {
        if let Some(discovery) = self.discovery.get() {
            return Ok(Rc::clone(discovery));
        }
        match Discovery::fetch(self.server()?) {
            Ok(discovery) => Ok(Rc::clone(self.discovery.get_or_init(|| Rc::new(discovery)))),
            Err(CallError::Failed(failure)) if failure.text.starts_with("The connection to the server") => {
                let target = self.server()?.target();
                let (server, host) = (target.server.clone(), target.host().replace("localhost", "127.0.0.1"));
                self.complain_about_discovery(&format!(
                    "Get \\\"{server}/api?timeout=32s\\\": dial tcp {host}: connect: connection refused"
                ));
                Err(failure)
            }
            Err(CallError::Refused(mut status)) if status.reason == "Unauthorized" => {
                status.message = "the server has asked for the client to provide credentials".to_owned();
                self.complain_about_discovery(&status.message.clone());
                Err((*status).into())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn complain_about_discovery(&mut self, why: &str) {
        let stamp = self.now().strftime("%m%d %H:%M:%S.%6f").to_string();
        for _ in 0..5 {
            self.err(format!(
                "E{stamp}       1 memcache.go:265] \"Unhandled Error\" err=\"couldn't get current server API group list: {why}\""
            ));
        }
    }

    pub(crate) fn json(&mut self, call: &Call) -> Result<Value, CallError> {
        let result = self.server().map_err(CallError::Failed)?.json(call);
        self.pass_warnings();
        result
    }

    pub(crate) fn call(&mut self, call: &Call) -> Result<Response, CallError> {
        let result = self.server().map_err(CallError::Failed)?.call(call);
        self.pass_warnings();
        result
    }

    /// Copies a text answer to standard output as it comes.
    pub(crate) fn copy_out(&mut self, call: &Call) -> Result<(), CallError> {
        self.server().map_err(CallError::Failed)?;
        let stdout = &mut self.program.stdout;
        let Some(server) = self.server.get() else { return Ok(()) };
        server.stream(call, &mut |piece| {
            let _ = stdout.write_all(piece);
            let _ = stdout.flush();
        })
    }

    fn pass_warnings(&mut self) {
        for warning in self.server.get().map(Server::take_warnings).unwrap_or_default() {
            self.err(format!("Warning: {warning}"));
        }
    }

    /// The run's clock, else the wall's.
    fn clock(&self) -> &Clock {
        self.clock.get_or_init(|| {
            let run =
                Client::from_environment(&self.program.variables).ok().and_then(|client| Run::of(client.into(), &self.program.variables));
            run.map_or(Clock::Wall, Clock::Run)
        })
    }

    /// The time, the same throughout a command line unless it waits.
    pub(crate) fn now(&self) -> Timestamp {
        if let Some(now) = self.now.get() {
            return now;
        }
        let now = self.clock().now();
        self.now.set(Some(now));
        now
    }

    /// Lets time pass.
    pub(crate) fn wait(&self, duration: Duration) -> Result<(), Failure> {
        self.clock().wait(duration).map_err(|error| Failure::error(error.to_string()))?;
        self.now.set(None);
        Ok(())
    }

    /// Tells the run how this command line ended.
    pub(crate) fn report(&self, failure: &Failure) {
        let Clock::Run(run) = self.clock() else { return };
        if let Some(refusal) = &failure.refusal {
            run.report_unsupported(&refusal.what, "command", &refusal.workaround);
        }
        let argv: Vec<String> = std::iter::once("kubectl".to_owned()).chain(self.program.args.iter().cloned()).collect();
        run.report_exit(&argv, failure.status, failure.text.lines().next().unwrap_or_default());
    }
}
