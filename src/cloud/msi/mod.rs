//! User-assigned managed identities and their federated credentials.

pub(crate) mod model;
pub(crate) mod routes;

use jiff::Timestamp;

use crate::cloud::state::State;

/// Lets this service's controllers do what is due; true when they changed something. Called again until nobody changes anything.
pub(crate) fn settle(_state: &mut State, _now: Timestamp) -> bool {
    false
}

/// When this service next has something to do by itself, after `now`.
pub(crate) fn next_due(_state: &State, _now: Timestamp) -> Option<Timestamp> {
    None
}

/// Deletes everything of this service in a resource group (`scope` is its id; compare without regard to case).
pub(crate) fn delete_group(_state: &mut State, _scope: &str, _now: Timestamp) {}

/// The Azure resources of this service, for lists over all services.
pub(crate) fn resources(_state: &State) -> Vec<crate::cloud::arm::resource::Resource> {
    Vec::new()
}

/// Why no federated credential fits an assertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mismatch {
    /// The identity has none at all.
    NoCredentials,
    /// None has this issuer.
    Issuer,
    /// One of this issuer has this subject in another case.
    SubjectCaseOnly,
    /// None of this issuer has this subject.
    Subject,
    /// The one of this issuer and subject has another audience.
    Audience,
}

/// The federated credential that an assertion presents itself for: its id and when it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) credential_id: String,
    pub(crate) created: Timestamp,
}

/// Looks for the federated credential of the identity `client_id` that fits: issuer, then subject, then audience.
pub(crate) fn match_assertion(_state: &State, _client_id: &str, _issuer: &str, _subject: &str, _audience: &str) -> Result<Match, Mismatch> {
    Err(Mismatch::NoCredentials)
}
