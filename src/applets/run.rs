//! The one thing an applet knows besides its wire: the run it is part of. From it come the time, the waits and the random draws, and to it
//! go the hints for the report.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request, header};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::client::{Client, ClientError};

/// The variable that holds the address of the run.
const URL_VARIABLE: &str = "DOCENT_RUN_URL";

/// The variable that is set for programs of a step in the background.
const BESIDE_VARIABLE: &str = "DOCENT_RUN_BESIDE";

/// How often a program in the background looks at the clock.
const LOOK_PERIOD: Duration = Duration::from_millis(50);

/// Why the run did not answer as agreed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    /// It was not reached.
    #[error("the run of {URL_VARIABLE} does not answer")]
    Unreachable(#[source] ClientError),
    /// It answered something else.
    #[error("the run of {URL_VARIABLE} answered {status} to {what}")]
    Unexpected { what: &'static str, status: u16 },
}

/// The run that this process is part of.
#[derive(Clone)]
pub(crate) struct Run {
    client: Rc<Client>,
    url: String,
    /// It runs beside the steps, and their clock is not its own to move.
    is_beside: bool,
}

impl Run {
    /// The run that the variables name; `None` when this process is part of none.
    pub(crate) fn of(client: Rc<Client>, variables: &HashMap<String, String>) -> Option<Run> {
        let url = variables.get(URL_VARIABLE).filter(|url| !url.is_empty())?;
        let is_beside = variables.get(BESIDE_VARIABLE).is_some_and(|text| !text.is_empty());
        Some(Run { client, url: url.trim_end_matches('/').to_owned(), is_beside })
    }

    /// The time of the run.
    pub(crate) fn now(&self) -> Result<Timestamp, RunError> {
        let (status, body) = self.ask("clock", Method::GET, "/clock", None)?;
        time_in(&body).ok_or(RunError::Unexpected { what: "clock", status })
    }

    /// Lets time pass, in whole milliseconds rounded up; the time afterwards. In the background it waits instead: until the steps have let
    /// so much time pass, or until it has really passed.
    pub(crate) fn advance(&self, by: Duration) -> Result<Timestamp, RunError> {
        if self.is_beside {
            return self.stand_by(by);
        }
        let milliseconds = u64::try_from(by.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
        let (status, body) = self.ask("advance", Method::POST, "/clock", Some(json!({ "advance_ms": milliseconds })))?;
        time_in(&body).ok_or(RunError::Unexpected { what: "advance", status })
    }

    fn stand_by(&self, by: Duration) -> Result<Timestamp, RunError> {
        let (started, first) = (Instant::now(), self.now()?);
        loop {
            let now = self.now()?;
            let left = by.saturating_sub(started.elapsed());
            if left.is_zero() || Duration::try_from(now.duration_since(first)).is_ok_and(|passed| passed >= by) {
                return Ok(now);
            }
            std::thread::sleep(left.min(LOOK_PERIOD));
        }
    }

    /// Draws bytes from the seed of the run; a new draw each time.
    pub(crate) fn random(&self, count: usize) -> Result<Vec<u8>, RunError> {
        let (status, body) = self.ask("random", Method::GET, &format!("/random?bytes={count}"), None)?;
        let bytes = body["hex"].as_str().and_then(bytes_of_hex).filter(|bytes| bytes.len() == count);
        bytes.ok_or(RunError::Unexpected { what: "random", status })
    }

    /// Tells the report that this program failed, and its first line. A run that does not listen is no failure of the program.
    pub(crate) fn report_exit(&self, argv: &[String], status: i32, message: &str) {
        let _ = self.ask("exit", Method::POST, "/exit", Some(json!({ "argv": argv, "status": status, "message": message })));
    }

    /// Tells the report what was refused by name, and what to do instead.
    pub(crate) fn report_unsupported(&self, what: &str, kind: &str, workaround: &str) {
        let body = json!({ "what": what, "kind": kind, "workaround": workaround });
        let _ = self.ask("unsupported", Method::POST, "/unsupported", Some(body));
    }

    fn ask(&self, what: &'static str, method: Method, path: &str, body: Option<Value>) -> Result<(u16, Value), RunError> {
        let url = format!("{}{path}", self.url);
        let address = |_| RunError::Unreachable(ClientError::Address { url: url.clone() });
        let request = Request::builder().method(method).uri(&url).header(header::CONTENT_TYPE, "application/json");
        let request = request.body(body.map_or_else(Bytes::new, |body| body.to_string().into())).map_err(address)?;
        let response = self.client.send(request).map_err(RunError::Unreachable)?;
        if !response.status.is_success() {
            return Err(RunError::Unexpected { what, status: response.status.as_u16() });
        }
        Ok((response.status.as_u16(), response.json().unwrap_or_default()))
    }
}

/// What a program waits by: the run's clock, or the wall's when it is part of no run.
#[derive(Clone)]
pub(crate) enum Clock {
    /// Waiting moves the clock of the run and takes no time.
    Run(Run),
    /// Waiting takes time.
    Wall,
}

impl Clock {
    /// The time now. A run that does not answer leaves the wall's.
    pub(crate) fn now(&self) -> Timestamp {
        match self {
            Clock::Run(run) => run.now().unwrap_or_else(|_| Timestamp::now()),
            Clock::Wall => Timestamp::now(),
        }
    }

    /// Lets this time pass.
    ///
    /// # Errors
    /// When the run does not answer: its clock stands still, so whoever waits must give up.
    pub(crate) fn wait(&self, duration: Duration) -> Result<(), RunError> {
        match self {
            Clock::Run(run) => run.advance(duration).map(drop),
            Clock::Wall => {
                std::thread::sleep(duration);
                Ok(())
            }
        }
    }
}

fn time_in(body: &Value) -> Option<Timestamp> {
    body["now"].as_str()?.parse().ok()
}

fn bytes_of_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.chars().map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect::<Option<Vec<u8>>>()?;
    digits.len().is_multiple_of(2).then(|| digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpListener;
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A run on loopback that starts at 2026-01-01 and answers until it is dropped; what it was asked is in `asked`.
    pub(crate) struct FakeRun {
        pub(crate) url: String,
        pub(crate) asked: Arc<Mutex<Vec<String>>>,
    }

    impl FakeRun {
        pub(crate) fn start() -> FakeRun {
            let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
            let url = format!("http://{}/run/token", listener.local_addr().expect("bound"));
            let asked = Arc::new(Mutex::new(Vec::new()));
            let log = Arc::clone(&asked);
            std::thread::spawn(move || {
                let mut now: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a time");
                for stream in listener.incoming().flatten() {
                    answer(stream, &mut now, &log);
                }
            });
            FakeRun { url, asked }
        }

        pub(crate) fn asked(&self) -> Vec<String> {
            self.asked.lock().expect("no panic").clone()
        }
    }

    fn answer(mut stream: std::net::TcpStream, now: &mut Timestamp, log: &Mutex<Vec<String>>) {
        let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
        let (mut head, mut line) = (String::new(), String::new());
        while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
            head.push_str(&std::mem::take(&mut line));
        }
        let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("the whole body");
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let first = head.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1").replace("/run/token", "");
        log.lock().expect("no panic").push(if body.is_null() { first.clone() } else { format!("{first} {body}") });
        if let Some(milliseconds) = body["advance_ms"].as_i64() {
            *now += jiff::SignedDuration::from_millis(milliseconds);
        }
        let answer = match first.split_once("bytes=") {
            Some((_, count)) => json!({ "hex": "ab".repeat(count.parse().expect("a number")) }),
            None => json!({ "now": now.to_string() }),
        };
        let answer = answer.to_string();
        let _ = write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{answer}", answer.len());
    }

    fn run_of(fake: &FakeRun) -> Run {
        let variables = HashMap::from([(URL_VARIABLE.to_owned(), fake.url.clone())]);
        let client = Client::from_environment(&variables).expect("a runtime");
        Run::of(client.into(), &variables).expect("named")
    }

    #[test]
    fn waiting_moves_the_clock_of_the_run() {
        let fake = FakeRun::start();
        let run = run_of(&fake);
        Clock::Run(run.clone()).wait(Duration::from_micros(1_500_001)).expect("the run answers");
        assert_eq!(run.now().expect("a time").to_string(), "2026-01-01T00:00:01.501Z");
        assert_eq!(fake.asked(), [r#"POST /clock {"advance_ms":1501}"#, "GET /clock"]);
    }

    #[test]
    fn draws_come_from_the_run() {
        assert_eq!(run_of(&FakeRun::start()).random(3).expect("bytes"), [0xab, 0xab, 0xab]);
    }

    #[test]
    fn hexadecimal_text_is_checked() {
        assert_eq!(bytes_of_hex("00ff1A"), Some(vec![0, 255, 26]));
        assert_eq!(bytes_of_hex("0f1"), None);
        assert_eq!(bytes_of_hex("zz"), None);
    }
}
