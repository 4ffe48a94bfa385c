//! One command line at work: who runs it, the requests it makes, the time it lets pass, and what it says on the way.

use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use serde_json::Value;
use uuid::Uuid;

use super::credential::{self, Audience, Proof, chain};
use super::failure::Failure;
use super::profile::{Profile, Subscription};
use super::service;
use super::token_cache::{self, Holder};
use crate::applets::Program;
use crate::applets::client::{ClientError, Response, Wire};
use crate::applets::render::json;
use crate::applets::run::{Clock, Run};

/// The user agent of azure-cli 2.91.0, without the versions of the machine it was measured on.
const USER_AGENT: &str = "AZURECLI/2.91.0 (docent) azsdk-python-core/1.39.0";
/// How often a request is tried again.
const RETRIES_MAX: u32 = 3;
/// The first pause of the exponential ones; there is none before the first new attempt.
const BACK_OFF: Duration = Duration::from_millis(800);

/// A command line at work.
pub(crate) struct Session<'p, 'io> {
    /// The streams, the variables.
    pub(crate) program: &'p mut Program<'io>,
    /// The accounts.
    pub(crate) profile: Profile,
    /// The connections.
    pub(crate) client: Rc<dyn Wire>,
    /// The run that this is part of.
    pub(crate) run: Option<Run>,
    /// What waiting moves.
    pub(crate) clock: Clock,
    /// `group create`.
    pub(crate) command: &'static str,
    /// The options as they were typed, for the service's log: `--name -l`.
    pub(crate) typed: String,
    /// `--subscription`.
    pub(crate) selector: Option<String>,
    /// `--only-show-errors`.
    pub(crate) quiet: bool,
    /// `--debug`.
    pub(crate) debug: bool,
    account: Option<Subscription>,
    tokens: HashMap<Audience, String>,
}

/// A request before it is sent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) body: Option<Value>,
    /// Who is to be asked for a token; `None` sends none.
    pub(crate) audience: Option<Audience>,
    /// Headers beyond the usual ones.
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Call {
    /// A request to Azure Resource Manager: the path, and the query after the `?` that it ends with.
    pub(crate) fn arm(method: Method, path_and_query: &str) -> Call {
        let url = format!("https://management.azure.com{path_and_query}");
        Call { method, url, body: None, audience: Some(Audience::Arm), headers: Vec::new() }
    }

    /// A request to Microsoft Graph.
    pub(crate) fn graph(method: Method, path_and_query: &str) -> Call {
        let url = format!("https://graph.microsoft.com/v1.0{path_and_query}");
        Call { method, url, body: None, audience: Some(Audience::Graph), headers: Vec::new() }
    }

    /// This request with a body.
    pub(crate) fn with_body(self, body: Value) -> Call {
        Call { body: Some(body), ..self }
    }
}

impl<'p, 'io> Session<'p, 'io> {
    /// A session for one command line.
    pub(crate) fn new(program: &'p mut Program<'io>, client: Rc<dyn Wire>, run: Option<Run>, command: &'static str) -> Session<'p, 'io> {
        let folder = configuration_folder(program);
        let clock = run.clone().map_or(Clock::Wall, Clock::Run);
        Session {
            profile: Profile::load(&folder),
            program,
            client,
            run,
            clock,
            command,
            typed: String::new(),
            selector: None,
            quiet: false,
            debug: false,
            account: None,
            tokens: HashMap::new(),
        }
    }

    /// Says something that is no error, on standard error.
    pub(crate) fn warn(&mut self, text: &str) {
        if !self.quiet {
            let _ = writeln!(self.program.stderr, "WARNING: {text}");
        }
    }

    fn trace(&mut self, text: &str) {
        if self.debug {
            let _ = writeln!(self.program.stderr, "DEBUG: cli.azure.cli.core.sdk.policies: {text}");
        }
    }

    /// The subscription that the command is about.
    pub(crate) fn account(&mut self) -> Result<Subscription, Failure> {
        if self.account.is_none() {
            let selector = self.selector.clone();
            if let Some(selector) = selector.as_deref().filter(|selector| !selector.is_empty()) {
                let known = self.profile.subscriptions();
                if !known.is_empty() && self.profile.subscription(Some(selector)).is_err() {
                    self.warn(&format!("Subscription '{selector}' not recognized."));
                }
            }
            self.account = Some(self.profile.subscription(selector.as_deref())?);
        }
        self.account.clone().ok_or_else(|| Failure::Refused(super::profile::NOT_SIGNED_IN.to_owned()))
    }

    /// `/subscriptions/{id}`.
    pub(crate) fn scope(&mut self) -> Result<String, Failure> {
        Ok(format!("/subscriptions/{}", self.account()?.id()))
    }

    /// `/subscriptions/{id}/resourceGroups/{group}`; an empty group is the service's to refuse.
    pub(crate) fn group_scope(&mut self, group: &str) -> Result<String, Failure> {
        Ok(format!("{}/resourceGroups/{}", self.scope()?, service::path_encoded(group)))
    }

    fn token(&mut self, audience: Audience) -> Result<String, Failure> {
        if let Some(token) = self.tokens.get(&audience) {
            return Ok(token.clone());
        }
        let account = self.account()?;
        let answer = self.token_for(&account, account.tenant(), audience.scope())?;
        let token = answer["access_token"].as_str().unwrap_or_default().to_owned();
        self.tokens.insert(audience, token.clone());
        Ok(token)
    }

    /// A token for any scope of Entra, one that is kept or a new one: the whole answer of the token endpoint.
    pub(crate) fn token_for(&mut self, account: &Subscription, tenant: &str, scope: &str) -> Result<Value, Failure> {
        let proof = Proof::of(account, self.profile.folder())?;
        self.token_by(&proof, account.user(), tenant, scope)
    }

    /// The same with the proof of somebody who is called `user`.
    pub(crate) fn token_by(&mut self, proof: &Proof, user: &str, tenant: &str, scope: &str) -> Result<Value, Failure> {
        let folder = self.profile.folder();
        let holder = match proof {
            Proof::RefreshToken(_) => credential::home_of(folder, user).map(|home_account_id| Holder::User { home_account_id }),
            Proof::Secret { application, .. } | Proof::Assertion { application, .. } => {
                Some(Holder::Application { client_id: application.clone() })
            }
            Proof::Password { .. } | Proof::Machine(_) => None,
        };
        let Some(holder) = holder else { return proof.redeem_for(self.client.as_ref(), tenant, scope) };
        let now = self.clock.now().as_second();
        if let Some(known) = token_cache::found(folder, &holder, tenant, scope, now) {
            return Ok(known);
        }
        let answer = proof.redeem_for(self.client.as_ref(), tenant, scope)?;
        token_cache::keep(folder, &holder, tenant, scope, &answer, now)?;
        Ok(answer)
    }

    /// Uses this token for the rest of the command line, as a sign-in does before there is an account.
    pub(crate) fn use_token(&mut self, audience: Audience, token: &str) {
        self.tokens.insert(audience, token.to_owned());
    }

    /// A random GUID: of the run's seed, so that the same runbook makes the same names.
    pub(crate) fn random_guid(&self) -> Result<Uuid, Failure> {
        let bytes = match &self.run {
            Some(run) => run.random(16).map_err(|error| Failure::Refused(chain(&error)))?,
            None => {
                let mut bytes = vec![0; 16];
                let filled = ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut bytes);
                filled.map_err(|_| Failure::Refused("the system has no random numbers".to_owned()))?;
                bytes
            }
        };
        let bytes = <[u8; 16]>::try_from(bytes).map_err(|_| Failure::Refused("the run gave too few random bytes".to_owned()))?;
        Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }

    /// Sends a request, again where it may be sent again, and returns the answer whatever its status.
    pub(crate) fn send(&mut self, call: &Call) -> Result<Response, Failure> {
        let token = call.audience.map(|audience| self.token(audience)).transpose()?;
        let mut attempt = 0;
        loop {
            self.trace(&format!("Request URL: '{}'", call.url));
            self.trace(&format!("Request method: '{}'", call.method));
            let outcome = self.client.send(self.request(call, token.as_deref())?);
            if let Ok(response) = &outcome {
                self.trace(&format!("Response status: {}", response.status.as_u16()));
            }
            // azure-core tries these again (measured); nothing else, and a refusal by the proxy is final.
            let again = match &outcome {
                Ok(response) => matches!(response.status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504),
                Err(error) => matches!(error, ClientError::Connect { .. } | ClientError::Broken { .. }),
            };
            if !again || attempt == RETRIES_MAX {
                return outcome.map_err(|error| Failure::Refused(chain(&error)));
            }
            let asked = outcome.as_ref().ok().and_then(|response| service::retry_after(&response.headers));
            let pause = asked.unwrap_or(if attempt == 0 { Duration::ZERO } else { BACK_OFF * 2_u32.pow(attempt) });
            self.wait(pause)?;
            attempt += 1;
        }
    }

    /// Sends a request that must succeed: the body of its answer, null when it has none.
    pub(crate) fn fetch(&mut self, call: &Call) -> Result<Value, Failure> {
        let response = self.send(call)?;
        service::successful(&response)?;
        Ok(response.json().unwrap_or_default())
    }

    /// All items of a list, page after page.
    pub(crate) fn list(&mut self, call: &Call) -> Result<Vec<Value>, Failure> {
        /// A list that goes on longer than this goes in circles.
        const PAGES_MAX: usize = 1000;
        let mut items = Vec::new();
        let mut next = call.clone();
        for _ in 0..PAGES_MAX {
            let mut page = self.fetch(&next)?;
            if let Value::Array(more) = page["value"].take() {
                items.extend(more);
            }
            match page["nextLink"].as_str().or(page["@odata.nextLink"].as_str()) {
                Some(link) if !link.is_empty() => next.url = link.to_owned(),
                _ => return Ok(items),
            }
        }
        Err(Failure::Refused(format!("{} has more than {PAGES_MAX} pages", call.url)))
    }

    /// Lets time pass.
    pub(crate) fn wait(&self, duration: Duration) -> Result<(), Failure> {
        if duration.is_zero() {
            return Ok(());
        }
        self.clock.wait(duration).map_err(|error| Failure::Refused(chain(&error)))
    }

    fn request(&self, call: &Call, token: Option<&str>) -> Result<Request<Bytes>, Failure> {
        let wrong = |error: http::Error| Failure::Refused(format!("{}: {error}", call.url));
        let mut request = Request::builder().method(call.method.clone()).uri(&call.url);
        request = request.header("User-Agent", USER_AGENT).header("Accept", "application/json").header("Connection", "keep-alive");
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        let body = call.body.as_ref().map(json::line).unwrap_or_default();
        if call.body.is_some() {
            request = request.header("Content-Type", "application/json");
        }
        if call.method == Method::POST || call.method == Method::PUT {
            request = request.header("Content-Length", body.len());
        }
        // The same for all requests of one command line; nobody needs it to be random.
        let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{} {}", self.command, self.program.args.join(" ")).as_bytes());
        request = request.header("x-ms-client-request-id", id.to_string()).header("CommandName", self.command);
        if !self.typed.is_empty() {
            request = request.header("ParameterSetName", &self.typed);
        }
        if let Some(token) = token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        request.body(Bytes::from(body)).map_err(wrong)
    }
}

/// `AZURE_CONFIG_DIR`, or `.azure` at home.
fn configuration_folder(program: &Program<'_>) -> PathBuf {
    match program.variable("AZURE_CONFIG_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(program.variable("HOME").unwrap_or("/")).join(".azure"),
    }
}

/// The options as typed, without their values, as the real az tells the services.
pub(crate) fn typed_options(words: &[String]) -> String {
    let options = words.iter().filter(|word| word.starts_with('-') && !word.starts_with("---") && word.len() > 1);
    let names: Vec<String> = options
        .map(|word| match word.strip_prefix("--") {
            Some(_) => word.split('=').next().unwrap_or_default().to_owned(),
            None => word.chars().take(2).collect(),
        })
        .collect();
    names.join(" ")
}

/// A header as text.
pub(crate) fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_are_told_as_they_were_typed() {
        let words: Vec<String> = ["--name=a", "-lwesteurope", "x", "--yes", "-", "-g", "r"].iter().map(ToString::to_string).collect();
        assert_eq!(typed_options(&words), "--name -l --yes -g");
    }
}
