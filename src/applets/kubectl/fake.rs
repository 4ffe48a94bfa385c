//! A server made of a table of answers, for the tests of the commands.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::OsString;
use std::rc::Rc;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use serde_json::{Value, json};

use super::command_line::CommandLine;
use super::discovery::Discovery;
use super::server::{Server, Wire};
use super::session::Session;
use super::target::Target;
use crate::applets::Program;
use crate::applets::client::{ClientError, Response};

fn resource(plural: &str, kind: &str, namespaced: bool, short: &[&str], all: bool) -> Value {
    let singular = kind.to_lowercase();
    json!({"resource": plural, "responseKind": {"kind": kind}, "scope": if namespaced { "Namespaced" } else { "Cluster" }, "singularResource": singular, "shortNames": short,
        "categories": if all { vec!["all"] } else { vec![] }, "verbs": ["create", "delete", "get", "list"]})
}

fn core() -> Value {
    json!({"kind": "APIGroupDiscoveryList", "items": [{"metadata": {}, "versions": [{"version": "v1", "resources": [
        resource("configmaps", "ConfigMap", true, &["cm"], false),
        resource("events", "Event", true, &["ev"], false),
        resource("namespaces", "Namespace", false, &["ns"], false),
        resource("nodes", "Node", false, &["no"], false),
        resource("pods", "Pod", true, &["po"], true),
        resource("secrets", "Secret", true, &[], false),
        resource("serviceaccounts", "ServiceAccount", true, &["sa"], false),
    ]}]}]})
}

fn groups() -> Value {
    json!({"kind": "APIGroupDiscoveryList", "items": [{"metadata": {"name": "apps"}, "versions": [{"version": "v1", "resources": [
        resource("deployments", "Deployment", true, &["deploy"], true),
    ]}]}]})
}

/// What the fake server has.
pub(crate) fn discovery() -> Discovery {
    let server = Server::behind(Target { server: "https://fake".to_owned(), ..Target::default() }, Rc::new(FakeWire::new(&[])));
    Discovery::fetch(&server).expect("the table answers")
}

/// Answers by `METHOD /path?query`, several for one request in turn; the last of them stays.
pub(crate) struct FakeWire {
    answers: RefCell<HashMap<String, Vec<(u16, String)>>>,
    asked: RefCell<Vec<String>>,
}

impl FakeWire {
    pub(crate) fn new(answers: &[(&str, u16, Value)]) -> Self {
        let mut table: HashMap<String, Vec<(u16, String)>> = HashMap::new();
        for (request, status, body) in answers {
            let body = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
            table.entry((*request).to_owned()).or_default().push((*status, body));
        }
        table.entry("GET /api?timeout=32s".to_owned()).or_insert_with(|| vec![(200, core().to_string())]);
        table.entry("GET /apis?timeout=32s".to_owned()).or_insert_with(|| vec![(200, groups().to_string())]);
        Self { answers: RefCell::new(table), asked: RefCell::default() }
    }
}

impl Wire for FakeWire {
    fn send(&self, request: Request<Bytes>) -> Result<Response, ClientError> {
        let line = format!("{} {}", request.method(), request.uri().path_and_query().map_or("", |path| path.as_str()));
        let body = String::from_utf8_lossy(request.body());
        self.asked.borrow_mut().push(if body.is_empty() { line.clone() } else { format!("{line} {body}") });
        let mut answers = self.answers.borrow_mut();
        let missing = || {
            let name = line.split('?').next().and_then(|path| path.rsplit('/').next()).unwrap_or_default().to_owned();
            (404, json!({"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404, "message": format!("things {name:?} not found")}).to_string())
        };
        let (status, body) = match answers.get_mut(&line) {
            Some(turns) if turns.len() > 1 => turns.remove(0),
            Some(turns) => turns.first().cloned().unwrap_or_else(missing),
            None => missing(),
        };
        Ok(Response { status: StatusCode::from_u16(status).expect("a status"), headers: HeaderMap::new(), body: body.into() })
    }

    fn stream(&self, request: Request<Bytes>, piece: &mut dyn FnMut(&[u8])) -> Result<Response, ClientError> {
        let answer = self.send(request)?;
        if answer.status.is_success() {
            piece(&answer.body);
        }
        Ok(answer)
    }
}

/// How a command line ended against the fake server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The requests but for discovery.
    pub(crate) asked: Vec<String>,
}

/// Runs a command line at 2026-01-01T00:10:00Z, in namespace `default`.
pub(crate) fn kubectl(words: &[&str], stdin: &str, answers: &[(&str, u16, Value)]) -> Outcome {
    let wire = Rc::new(FakeWire::new(answers));
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let args: Vec<String> = words.iter().map(ToString::to_string).collect();
    let mut input = stdin.as_bytes();
    let mut program = Program {
        name: "kubectl",
        raw: args.iter().map(OsString::from).collect(),
        args: args.clone(),
        variables: HashMap::from([("KUBECONFIG".to_owned(), "/nonexistent".to_owned())]),
        stdin: &mut input,
        stdout: &mut stdout,
        stderr: &mut stderr,
    };
    let status = match CommandLine::parse(&args) {
        Err(failure) => super::perform_failed(&mut program, &failure),
        Ok(line) => {
            let namespace = line.text("namespace").unwrap_or("default").to_owned();
            let target = Target {
                server: "https://fake".to_owned(),
                namespace,
                namespace_is_explicit: line.text("namespace").is_some(),
                ..Target::default()
            };
            let server = Server::behind(target, Rc::clone(&wire) as Rc<dyn Wire>);
            let now = "2026-01-01T00:10:00Z".parse().expect("a time");
            super::perform(&mut Session::with_server(&mut program, line, server, now))
        }
    };
    let asked =
        wire.asked.borrow().iter().filter(|line| !line.starts_with("GET /api?") && !line.starts_with("GET /apis?")).cloned().collect();
    Outcome { status, stdout: String::from_utf8_lossy(&stdout).into_owned(), stderr: String::from_utf8_lossy(&stderr).into_owned(), asked }
}
