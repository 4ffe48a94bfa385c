//! A cloud without a socket for tests of its services: requests go through the pipeline, as everybody's do.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::http::endpoint::{Reply, Request};
use super::shared::Shared;
use super::{ClockMode, CloudOptions, Profile};

/// The client id of az.
pub(crate) const AZ: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/// A cloud, and somebody's tokens.
pub(crate) struct TestCloud {
    pub(crate) shared: Arc<Shared>,
}

/// Status, body and headers of an answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) reply: Reply,
}

impl TestCloud {
    /// A cloud of seed 0 at 2026-01-01.
    pub(crate) fn new() -> Self {
        Self::with_seed(0)
    }

    /// A cloud of another seed.
    pub(crate) fn with_seed(seed: u64) -> Self {
        let start = "2026-01-01T00:00:00Z".parse().expect("a literal instant");
        let options = CloudOptions { seed, clock: ClockMode::Virtual { start }, profile: Profile::default() };
        Self { shared: Arc::new(Shared::new(&options).expect("a machine that runs tests has randomness")) }
    }

    /// The id of the subscription as a scope.
    pub(crate) fn subscription(&self) -> String {
        self.shared.state().arm.subscription().scope()
    }

    /// The id of the tenant.
    pub(crate) fn tenant(&self) -> String {
        self.shared.state().directory.tenant.id.clone()
    }

    /// The object id of the signed-in user.
    pub(crate) fn user(&self) -> String {
        self.shared.state().directory.signed_in_user().object_id.clone()
    }

    /// Lets time pass.
    pub(crate) fn advance(&self, seconds: u64) {
        self.shared.advance(Duration::from_secs(seconds));
    }

    /// Sends a request as it is.
    #[track_caller]
    pub(crate) fn send(&self, request: &Request) -> Answer {
        let reply = self.shared.handle(request);
        Answer { status: reply.status, body: reply.as_json().cloned().unwrap_or(Value::Null), reply }
    }

    /// Asks the token endpoint.
    #[track_caller]
    pub(crate) fn token_request(&self, fields: &[(&str, &str)]) -> Answer {
        let path = format!("/{}/oauth2/v2.0/token", self.tenant());
        self.send(&Request::new(Method::POST, "login.microsoftonline.com", &path).with_form(fields))
    }

    /// The signed-in user's token for a resource such as `https://vault.azure.net`.
    #[track_caller]
    pub(crate) fn user_token(&self, resource: &str) -> String {
        let refresh = self.shared.state().directory.signed_in_user().refresh_token.clone();
        let scope = format!("{resource}/.default");
        let fields = [("grant_type", "refresh_token"), ("client_id", AZ), ("refresh_token", &refresh), ("scope", &scope)];
        let answer = self.token_request(&fields);
        answer.body["access_token"].as_str().unwrap_or_else(|| panic!("no token: {}", answer.body)).to_owned()
    }

    /// An application's token for a resource.
    #[track_caller]
    pub(crate) fn application_token(&self, app_id: &str, secret: &str, resource: &str) -> String {
        let scope = format!("{resource}/.default");
        let fields = [("grant_type", "client_credentials"), ("client_id", app_id), ("client_secret", secret), ("scope", &scope)];
        let answer = self.token_request(&fields);
        answer.body["access_token"].as_str().unwrap_or_else(|| panic!("no token: {}", answer.body)).to_owned()
    }

    /// A request of the signed-in user to Resource Manager; `target` is path and query. An empty `body` is no body.
    #[track_caller]
    pub(crate) fn arm(&self, method: &str, target: &str, body: Value) -> Answer {
        let token = self.user_token("https://management.core.windows.net/");
        self.arm_as(&token, method, target, body)
    }

    /// The same with another's token.
    #[track_caller]
    pub(crate) fn arm_as(&self, token: &str, method: &str, target: &str, body: Value) -> Answer {
        self.call("management.azure.com", token, method, target, body)
    }

    /// A request of the signed-in user to Graph.
    #[track_caller]
    pub(crate) fn graph(&self, method: &str, target: &str, body: Value) -> Answer {
        let token = self.user_token("https://graph.microsoft.com/");
        self.call("graph.microsoft.com", &token, method, target, body)
    }

    /// A request with a bearer token to any host.
    #[track_caller]
    pub(crate) fn call(&self, host: &str, token: &str, method: &str, target: &str, body: Value) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).expect("a literal method");
        let mut request = Request::new(method, host, target).with_bearer(token);
        if !body.is_null() {
            request = request.with_json(&body);
        }
        self.send(&request)
    }

    /// Makes a resource group in West US 2.
    #[track_caller]
    pub(crate) fn group(&self, name: &str) {
        let target = format!("{}/resourcegroups/{name}?api-version=2024-11-01", self.subscription());
        let answer = self.arm("PUT", &target, json!({"location": "westus2"}));
        assert!(matches!(answer.status, 200 | 201), "{}", answer.body);
    }
}
