//! Identities and federated credentials as stored, their names and their limits. No HTTP, no time read.

use jiff::Timestamp;

/// Most federated credentials that one identity may have (considerations page of workload identity federation).
pub(crate) const CREDENTIALS_MAX: usize = 20;

/// Longest issuer, subject, audience (same page), in characters.
pub(crate) const FIELD_CHARS_MAX: usize = 600;

/// All identities, in the order of their creation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    identities: Vec<Identity>,
}

/// A user-assigned managed identity.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) subscription: String,
    /// The resource group, spelled as its creator spelled it.
    pub(crate) group: String,
    pub(crate) name: String,
    pub(crate) location: String,
    /// In the order given.
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) tenant_id: String,
    /// Object id of the service principal in the directory.
    pub(crate) principal_id: String,
    /// Application id, which a workload presents as `AZURE_CLIENT_ID`.
    pub(crate) client_id: String,
    pub(crate) isolation_scope: String,
    /// In the order of their creation.
    pub(crate) credentials: Vec<FederatedCredential>,
}

/// Trust in the tokens of one outside issuer for one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FederatedCredential {
    pub(crate) name: String,
    pub(crate) issuer: String,
    pub(crate) subject: String,
    /// Exactly one, after validation.
    pub(crate) audiences: Vec<String>,
    /// When it was last written: what propagation is counted from.
    pub(crate) written: Timestamp,
}

impl Model {
    /// All identities, oldest first.
    pub(crate) fn identities(&self) -> impl Iterator<Item = &Identity> {
        self.identities.iter()
    }

    /// The identity of that subscription, group and name; names compare without case.
    pub(crate) fn find(&self, subscription: &str, group: &str, name: &str) -> Option<&Identity> {
        self.identities.iter().find(|identity| identity.is(subscription, group, name))
    }

    /// The same, to change it.
    pub(crate) fn find_mut(&mut self, subscription: &str, group: &str, name: &str) -> Option<&mut Identity> {
        self.identities.iter_mut().find(|identity| identity.is(subscription, group, name))
    }

    /// The identity with that client (application) id.
    pub(crate) fn by_client_id(&self, client_id: &str) -> Option<&Identity> {
        self.identities.iter().find(|identity| identity.client_id.eq_ignore_ascii_case(client_id))
    }

    /// Stores a new identity.
    pub(crate) fn insert(&mut self, identity: Identity) {
        self.identities.push(identity);
    }

    /// Takes out the identities that `leaves` names.
    pub(crate) fn remove_where(&mut self, mut leaves: impl FnMut(&Identity) -> bool) -> Vec<Identity> {
        let (gone, kept) = std::mem::take(&mut self.identities).into_iter().partition(|identity| leaves(identity));
        self.identities = kept;
        gone
    }
}

impl Identity {
    fn is(&self, subscription: &str, group: &str, name: &str) -> bool {
        self.subscription.eq_ignore_ascii_case(subscription)
            && self.group.eq_ignore_ascii_case(group)
            && self.name.eq_ignore_ascii_case(name)
    }

    /// The resource id, with `resourcegroups` in lower case as the service answers it (recorded 2023-02, 2025-04).
    pub(crate) fn id(&self) -> String {
        format!(
            "/subscriptions/{}/resourcegroups/{}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{}",
            self.subscription, self.group, self.name
        )
    }

    /// The id of its federated credential `name`.
    pub(crate) fn credential_id(&self, name: &str) -> String {
        format!("{}/federatedIdentityCredentials/{name}", self.id())
    }

    /// The federated credential of that name, without case.
    pub(crate) fn credential(&self, name: &str) -> Option<&FederatedCredential> {
        self.credentials.iter().find(|credential| credential.name.eq_ignore_ascii_case(name))
    }
}

/// Whether `name` may name an identity: 3–128 of letters, digits, `-`, `_`, the first a letter or digit.
/// Source: resource name rules of `Microsoft.ManagedIdentity`.
pub(crate) fn is_identity_name(name: &str) -> bool {
    is_name(name, 128)
}

/// Whether `name` may name a federated credential: 3–120 of letters, digits, `-`, `_`, the first a letter or digit.
/// Source: considerations page of workload identity federation.
pub(crate) fn is_credential_name(name: &str) -> bool {
    is_name(name, 120)
}

fn is_name(name: &str, chars_max: usize) -> bool {
    (3..=chars_max).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

#[cfg(test)]
mod tests {
    use super::{is_credential_name, is_identity_name};

    #[test]
    fn names_start_with_a_letter_or_digit_and_are_three_to_120_or_128_long() {
        for (name, credential, identity) in [
            ("abc", true, true),
            ("ab", false, false),
            ("-abc", false, false),
            ("_ab", false, false),
            ("0-_", true, true),
            ("a.bc", false, false),
            ("añb", false, false),
            (&"a".repeat(120), true, true),
            (&"a".repeat(121), false, true),
            (&"a".repeat(129), false, false),
        ] {
            assert_eq!((is_credential_name(name), is_identity_name(name)), (credential, identity), "{name}");
        }
    }
}
