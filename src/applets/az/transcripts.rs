//! Replays what the real az 2.91 did, where its transcripts are at hand: the same words must make the same requests in the same order, print
//! the same bytes and end with the same status. The answers come from the transcript.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use serde_json::{Value, json};

use super::command;
use crate::applets::Program;
use crate::applets::client::{ClientError, Response, Wire};
use crate::applets::run::tests::FakeRun;

/// Transcripts that are left out, and why.
const LEFT_OUT: [(&str, &str); 12] = [
    ("F-debug", "the real one prints its own insides"),
    ("F-aks-noflags", "a Python traceback"),
    ("N-disable-verify", "a Python warning"),
    ("N-no-ca", "no answer to replay"),
    ("N-proxy-down", "no answer to replay"),
    ("E-identity-create-nolocation-norg", "needs the order of the answers only"),
    ("89-me-sp-error", "a traceback around Graph's error"),
    ("58-login-user-password-notenant", "refused by name"),
    ("X-account-clear", "not emulated"),
    ("X-logout", "the real one also asks for instances that it knows"),
    ("E-unknown-ext2", "asks for an extension index"),
    ("F-kubeconfig-stdout", "the recorder cut a line end"),
];

struct Exchange {
    method: String,
    url: String,
    headers: HashMap<String, String>,
    body: String,
    status: u16,
    answer_headers: Vec<(String, String)>,
    answer: String,
}

struct Transcript {
    name: String,
    words: Vec<String>,
    status: i32,
    exchanges: Vec<Exchange>,
    stdout: String,
    stderr: String,
}

/// The folder of the transcripts, when it is beside this repository.
fn folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?.join("shared/specs/azure-cli-transcripts");
    beside.is_dir().then_some(beside)
}

fn read(path: &Path) -> Option<Transcript> {
    let text = std::fs::read_to_string(path).ok()?;
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let words = words_of(field("ARGV")?.strip_prefix("az ")?);
    (field("MODE") == Some("proxy")).then_some(())?;
    let (wire, printed) = text.split_once("\nSTDOUT(")?;
    let (_, printed) = printed.split_once("):\n")?;
    let (stdout, stderr) = printed.split_once("\nSTDERR:\n")?;
    let exchanges = wire.split("\n>>> ").skip(1).filter_map(exchange).collect();
    let name = path.file_stem()?.to_string_lossy().into_owned();
    let stderr = stderr.strip_suffix('\n').unwrap_or(stderr);
    Some(Transcript { name, words, status: field("EXIT")?.parse().ok()?, exchanges, stdout: stdout.to_owned(), stderr: stderr.to_owned() })
}

/// Words parted by one space. Words with a space in them are in double quotes, others never are; two spaces stand for an empty word.
fn words_of(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        let quoted = rest.strip_prefix('"').and_then(|inside| inside.split_once('"')).filter(|(inside, _)| inside.contains(' '));
        let (word, after) = match quoted {
            Some((inside, after)) => (inside, after.strip_prefix(' ')),
            None => rest.split_once(' ').map_or((rest, None), |(word, after)| (word, Some(after))),
        };
        words.push(word.to_owned());
        match after {
            Some(after) => rest = after,
            None => return words,
        }
    }
}

fn exchange(text: &str) -> Option<Exchange> {
    let (request, answer) = text.split_once("\n<<< ")?;
    let (first, request) = request.split_once('\n')?;
    let (method, url) = first.split_once(' ')?;
    let (head, body) = request.split_once("\n\n").unwrap_or((request, ""));
    let headers = head.lines().filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let (status, answer) = answer.split_once('\n').unwrap_or((answer, ""));
    let answer = answer.split("\n\n-- CONNECT").next().unwrap_or_default();
    let is_header = |line: &&str| {
        line.split_once(": ").is_some_and(|(name, _)| name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-'))
    };
    let answer_headers: Vec<(String, String)> = answer
        .lines()
        .take_while(is_header)
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let rest: Vec<&str> = answer.lines().skip(answer_headers.len()).collect();
    Some(Exchange {
        method: method.to_owned(),
        url: url.to_owned(),
        headers,
        body: body.trim_end().to_owned(),
        status: status.trim().parse().ok()?,
        answer_headers,
        answer: rest.join("\n").trim().to_owned(),
    })
}

/// Answers from a transcript, and notes what was asked otherwise.
struct Recording {
    left: RefCell<Vec<Exchange>>,
    /// What the token endpoint says, when it gives no token.
    refusal: Option<String>,
    differences: RefCell<Vec<String>>,
}

impl Wire for Recording {
    fn send(&self, request: Request<Bytes>) -> Result<Response, ClientError> {
        let url = request.uri().to_string();
        // Tokens are asked for when they are needed, which another order of caching moves about.
        if url.contains("/oauth2/v2.0/token") {
            if let Some(refusal) = &self.refusal {
                return Ok(response(401, &[], refusal.clone()));
            }
            return Ok(response(200, &[], json!({ "access_token": "t", "token_type": "Bearer" }).to_string()));
        }
        let mut left = self.left.borrow_mut();
        if left.is_empty() {
            self.differences.borrow_mut().push(format!("one request too many: {} {url}", request.method()));
            return Ok(response(500, &[], String::new()));
        }
        let expected = left.remove(0);
        let differ = |what: &str, ours: &str, theirs: &str| {
            if ours != theirs {
                self.differences.borrow_mut().push(format!("{what}\n  az:   {theirs}\n  ours: {ours}"));
            }
        };
        differ("method", request.method().as_str(), &expected.method);
        differ("url", &without_guid(&url), &without_guid(&expected.url));
        for name in ["CommandName", "ParameterSetName", "Content-Type"] {
            // Only Resource Manager and its kind are told the command.
            let theirs = expected.headers.get(name).map_or("", String::as_str);
            // Before a command runs, its validators ask for locations under the name `unknown`.
            if !theirs.is_empty() && theirs != "unknown" {
                differ(name, request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default(), theirs);
            }
        }
        let ours = String::from_utf8_lossy(request.body()).into_owned();
        // Properties of a role assignment come in any order: Python's sets have none.
        if url.contains("/roleAssignments/") {
            differ("body", &sorted(&ours), &sorted(&expected.body));
        } else {
            differ("body", &ours, &expected.body);
        }
        Ok(response(expected.status, &expected.answer_headers, expected.answer))
    }
}

fn sorted(body: &str) -> String {
    serde_json::from_str::<Value>(body).map_or_else(|_| body.to_owned(), |value| crate::applets::render::json::text(&value))
}

/// The name of a role assignment is the client's own invention.
fn without_guid(url: &str) -> String {
    match url.split_once("/roleAssignments/") {
        Some((before, after)) => format!("{before}/roleAssignments/GUID{}", &after[after.find('?').unwrap_or(after.len())..]),
        None => url.to_owned(),
    }
}

fn response(status: u16, headers: &[(String, String)], body: String) -> Response {
    let pair =
        |(name, value): &(String, String)| Some((HeaderName::try_from(name.as_str()).ok()?, HeaderValue::try_from(value.as_str()).ok()?));
    let headers: HeaderMap = headers.iter().filter_map(pair).collect();
    Response { status: StatusCode::from_u16(status).expect("a status"), headers, body: body.into() }
}

/// What the real az printed, without the examples of its help and with our version of lines that end the same.
fn comparable(stderr: &str) -> String {
    match stderr.split_once("\nExamples from command's help:\n") {
        Some((before, _)) => format!("{before}\nhttps://aka.ms/cli_ref\nRead more about the command in reference docs\n"),
        None => stderr.to_owned(),
    }
}

fn replay(transcript: Transcript, home: &Path, run: &FakeRun) -> Vec<String> {
    let configuration = home.join("azure");
    std::fs::create_dir_all(&configuration).expect("a scratch folder");
    let (subscription, tenant, application) =
        ("11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222", "33333333-3333-4333-8333-333333333333");
    let is_user = ["55", "56", "57", "84", "85", "86"].iter().any(|name| transcript.name.starts_with(name));
    let user = if is_user {
        json!({"name": "ada@contoso.onmicrosoft.com", "type": "user"})
    } else {
        json!({"name": application, "type": "servicePrincipal"})
    };
    let profile = json!({"subscriptions": [{"id": subscription, "name": "Embedded", "state": "Enabled", "user": user, "isDefault": true,
        "tenantId": tenant, "environmentName": "AzureCloud", "homeTenantId": tenant, "managedByTenants": []}]});
    let signed_in = !transcript.name.contains("not-logged-in");
    let empty = json!({ "subscriptions": [] });
    std::fs::write(configuration.join("azureProfile.json"), if signed_in { profile } else { empty }.to_string()).expect("written");
    let entries = json!([{"client_id": application, "tenant": tenant, "client_secret": "x"}]);
    std::fs::write(configuration.join("service_principal_entries.json"), entries.to_string()).expect("written");
    let accounts = json!({"Account": {"a": {"username": "ada@contoso.onmicrosoft.com", "home_account_id": "h"}}, "RefreshToken": {"r": {"home_account_id": "h", "secret": "rt"}}});
    std::fs::write(configuration.join("msal_token_cache.json"), accounts.to_string()).expect("written");
    let key = home.join(".ssh/id_rsa.pub");
    if transcript.exchanges.iter().any(|exchange| exchange.body.contains("ssh-rsa")) {
        std::fs::create_dir_all(home.join(".ssh")).expect("a scratch folder");
        std::fs::write(key, "ssh-rsa AAAA<public key>").expect("written");
    } else {
        let _ = std::fs::remove_file(key);
    }
    let home_text = home.to_string_lossy().into_owned();
    let mut variables = HashMap::from([
        ("HOME".to_owned(), home_text.clone()),
        ("DOCENT_RUN_URL".to_owned(), run.url.clone()),
        ("AZURE_CONFIG_DIR".to_owned(), configuration.to_string_lossy().into_owned()),
    ]);
    match transcript.name.as_str() {
        "F-nocolor-default-output-env" => drop(variables.insert("AZURE_CORE_OUTPUT".to_owned(), "tsv".to_owned())),
        "F-default-loc" => drop(variables.insert("AZURE_DEFAULTS_LOCATION".to_owned(), "eastus".to_owned())),
        _ => {}
    }
    let refused = |exchange: &&Exchange| exchange.url.contains("/oauth2/v2.0/token") && exchange.status >= 400;
    let refusal = transcript.exchanges.iter().find(refused).map(|exchange| exchange.answer.clone());
    let exchanges = transcript.exchanges.into_iter().filter(|exchange| {
        !exchange.url.contains("/oauth2/v2.0/token")
            && !exchange.url.contains("blob.core.windows.net")
            && !exchange.url.contains("/discovery/instance")
    });
    // Outside a sign-in the real one asks for the endpoints of the tenant before its first token.
    let is_login = transcript.words.first().is_some_and(|word| word == "login");
    let exchanges = exchanges.filter(|exchange| is_login || !exchange.url.contains("/.well-known/"));
    let recording = Rc::new(Recording { left: RefCell::new(exchanges.collect()), refusal, differences: RefCell::default() });
    let words: Vec<String> = transcript.words.iter().map(|word| word.replace("$HOME", &home_text)).collect();
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let status = super::run_over(
        &mut Program {
            name: "az",
            raw: words.iter().map(OsString::from).collect(),
            args: words,
            variables,
            stdin: &mut std::io::empty(),
            stdout: &mut stdout,
            stderr: &mut stderr,
        },
        Some(recording.clone()),
    );
    let mut differences = recording.differences.borrow().clone();
    differences
        .extend(recording.left.borrow().iter().map(|exchange| format!("a request is missing: {} {}", exchange.method, exchange.url)));
    let mut differ = |what: &str, ours: &str, theirs: &str| {
        if ours != theirs {
            differences.push(format!("{what}\n--- az\n{theirs}\n--- ours\n{ours}"));
        }
    };
    differ("status", &status.to_string(), &transcript.status.to_string());
    differ("stdout", &String::from_utf8_lossy(&stdout), &transcript.stdout);
    differ("stderr", &String::from_utf8_lossy(&stderr).replace(&home_text, "$HOME").replace("\r\n", "\n"), &comparable(&transcript.stderr));
    differences
}

#[test]
fn transcripts_of_the_real_az_are_reproduced() {
    let Some(folder) = folder() else {
        // Skipped: the transcripts are not part of this repository.
        return;
    };
    // Waits move the clock of this run, and take no time.
    let run = FakeRun::start();
    let (mut replayed, mut differing) = (0, Vec::new());
    for group in ["", "errors", "extra", "formats", "lro"] {
        let mut paths: Vec<PathBuf> =
            std::fs::read_dir(folder.join(group)).expect("a folder").flatten().map(|entry| entry.path()).collect();
        paths.sort();
        let home = tempfile::tempdir().expect("a scratch folder");
        for transcript in
            paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "txt")).filter_map(|path| read(path))
        {
            let name = transcript.name.clone();
            let words: Vec<&str> = transcript.words.iter().map(String::as_str).take_while(|word| !word.starts_with('-')).collect();
            let emulated = (1..=words.len()).any(|length| command::find(&words[..length].join(" ")).is_some());
            let is_mistake = transcript.status == 2;
            if LEFT_OUT.iter().any(|(left_out, _)| *left_out == name) || !(emulated || is_mistake) {
                continue;
            }
            replayed += 1;
            let differences = replay(transcript, home.path(), &run);
            if !differences.is_empty() {
                differing.push(format!("=== {group}/{name}\n{}", differences.join("\n")));
            }
        }
    }
    assert!(replayed > 150, "only {replayed} transcripts were replayed");
    assert!(differing.is_empty(), "{} of {replayed} differ\n{}", differing.len(), differing.join("\n\n"));
}
