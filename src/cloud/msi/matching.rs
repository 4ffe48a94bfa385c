//! Which federated credential answers a presented assertion, and, when none does, which field is the one that differs.

use jiff::Timestamp;

use super::model::{FederatedCredential, Model};
use crate::cloud::state::State;

/// The federated credential that an assertion presents itself for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) credential_id: String,
    /// When it was last written: what propagation is counted from.
    pub(crate) created: Timestamp,
}

/// Why no federated credential answered; the token endpoint has an error code for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mismatch {
    /// The identity has no federated credential at all, or there is no such identity.
    NoCredentials,
    /// No credential has the assertion's issuer.
    Issuer,
    /// The subject is right but for the case of its letters.
    SubjectCaseOnly,
    /// A credential has the issuer, none of those has the subject.
    Subject,
    /// Issuer and subject are right, the audience is not.
    Audience,
}

/// Finds the federated credential of the identity `client_id` that trusts `issuer`, `subject` and `audience`.
///
/// Comparisons are exact and case-sensitive (announced change of August 2024). The order issuer, subject, audience is `Assumed:`; what
/// is known is that each has an error code of its own.
///
/// # Errors
/// The first field, in that order, for which no candidate is left.
pub(crate) fn match_assertion(state: &State, client_id: &str, issuer: &str, subject: &str, audience: &str) -> Result<Match, Mismatch> {
    find(&state.msi, client_id, issuer, subject, audience)
}

fn find(model: &Model, client_id: &str, issuer: &str, subject: &str, audience: &str) -> Result<Match, Mismatch> {
    let identity = model.by_client_id(client_id).filter(|identity| !identity.credentials.is_empty()).ok_or(Mismatch::NoCredentials)?;
    let trusted: Vec<_> = identity.credentials.iter().filter(|credential| credential.issuer == issuer).collect();
    if trusted.is_empty() {
        return Err(Mismatch::Issuer);
    }
    let known: Vec<_> = trusted.iter().filter(|credential| credential.subject == subject).collect();
    if known.is_empty() {
        let differs_by_case = trusted.iter().any(|credential| credential.subject.to_lowercase() == subject.to_lowercase());
        return Err(if differs_by_case { Mismatch::SubjectCaseOnly } else { Mismatch::Subject });
    }
    let credential = known.into_iter().find(|credential| credential.audiences.iter().any(|trusted| trusted == audience));
    let credential = credential.ok_or(Mismatch::Audience)?;
    Ok(Match { credential_id: identity.credential_id(&credential.name), created: credential.written })
}

/// What to tell the author of a document about a mismatch: the nearest credential beside what was presented. `None` when there is
/// nothing to compare with.
pub(crate) fn mismatch_hint(
    state: &State,
    client_id: &str,
    mismatch: Mismatch,
    issuer: &str,
    subject: &str,
    audience: &str,
) -> Option<String> {
    explain(&state.msi, client_id, mismatch, issuer, subject, audience)
}

/// What a client id that nobody has may be instead: the other id of a managed identity. `None` when it is nothing that is known.
pub(crate) fn unknown_client_hint(state: &State, client_id: &str) -> Option<String> {
    let identity = state.msi.identities().find(|identity| identity.principal_id.eq_ignore_ascii_case(client_id))?;
    Some(format!("{client_id} is the principal id of the managed identity {}; its client id is {}", identity.name, identity.client_id))
}

fn explain(model: &Model, client_id: &str, mismatch: Mismatch, issuer: &str, subject: &str, audience: &str) -> Option<String> {
    let identity = model.by_client_id(client_id)?;
    let name = &identity.name;
    let nearest = |wanted: &str, field: fn(&FederatedCredential) -> &str| {
        identity.credentials.iter().min_by_key(|credential| strsim::levenshtein(field(credential), wanted))
    };
    match mismatch {
        Mismatch::NoCredentials => Some(format!("the managed identity {name} has no federated credential, so it trusts no cluster")),
        Mismatch::Issuer => {
            let credential = nearest(issuer, |credential| &credential.issuer)?;
            let slash = if credential.issuer.trim_end_matches('/') == issuer.trim_end_matches('/') {
                "; they differ only in the final slash, which counts"
            } else {
                ""
            };
            Some(format!(
                "the token was issued by {issuer}, but the federated credential {} of {name} trusts {}{slash}",
                credential.name, credential.issuer
            ))
        }
        Mismatch::SubjectCaseOnly | Mismatch::Subject => {
            let credential = nearest(subject, |credential| &credential.subject)?;
            let case = if mismatch == Mismatch::SubjectCaseOnly { "; they differ only in the case of letters, which counts" } else { "" };
            Some(format!(
                "the pod runs as {subject}, but the federated credential {} of {name} trusts {}{case}",
                credential.name, credential.subject
            ))
        }
        Mismatch::Audience => {
            let credential = identity.credentials.iter().find(|credential| credential.issuer == issuer && credential.subject == subject)?;
            Some(format!(
                "the token is for the audience {audience}, but the federated credential {} of {name} wants {}",
                credential.name,
                credential.audiences.join(", ")
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Mismatch, explain, find};
    use crate::cloud::msi::model::{FederatedCredential, Identity, Model};

    const ISSUER: &str = "https://eastus.oic.prod-aks.azure.com/t/u/";
    const SUBJECT: &str = "system:serviceaccount:default:sa";
    const AUDIENCE: &str = "api://AzureADTokenExchange";

    fn model(credentials: &[(&str, &str, &str)]) -> Model {
        let mut model = Model::default();
        model.insert(Identity {
            subscription: "s".into(),
            group: "g".into(),
            name: "web".into(),
            location: "eastus".into(),
            tags: Vec::new(),
            tenant_id: "t".into(),
            principal_id: "p".into(),
            client_id: "c".into(),
            isolation_scope: "None".into(),
            credentials: credentials
                .iter()
                .enumerate()
                .map(|(number, (issuer, subject, audience))| FederatedCredential {
                    name: format!("fic{number}"),
                    issuer: (*issuer).into(),
                    subject: (*subject).into(),
                    audiences: vec![(*audience).into()],
                    written: jiff::Timestamp::UNIX_EPOCH,
                })
                .collect(),
        });
        model
    }

    #[track_caller]
    fn check(credentials: &[(&str, &str, &str)], expected: Result<&str, Mismatch>, hint: Option<&str>) {
        let model = model(credentials);
        let found = find(&model, "c", ISSUER, SUBJECT, AUDIENCE);
        let name = found.as_ref().map(|found| found.credential_id.rsplit('/').next().unwrap_or_default());
        assert_eq!(name.map_err(|mismatch| *mismatch), expected);
        if let Err(mismatch) = found {
            assert_eq!(explain(&model, "c", mismatch, ISSUER, SUBJECT, AUDIENCE).as_deref(), hint);
        }
    }

    #[test]
    fn the_exact_credential_answers_whatever_stands_before_it() {
        check(&[("https://other/", SUBJECT, AUDIENCE), (ISSUER, SUBJECT, AUDIENCE)], Ok("fic1"), None);
    }

    #[test]
    fn no_credential_at_all_is_said() {
        check(&[], Err(Mismatch::NoCredentials), Some("the managed identity web has no federated credential, so it trusts no cluster"));
    }

    #[test]
    fn the_final_slash_of_the_issuer_counts() {
        check(
            &[(ISSUER.trim_end_matches('/'), SUBJECT, AUDIENCE)],
            Err(Mismatch::Issuer),
            Some(
                "the token was issued by https://eastus.oic.prod-aks.azure.com/t/u/, but the federated credential fic0 of web trusts \
                 https://eastus.oic.prod-aks.azure.com/t/u; they differ only in the final slash, which counts",
            ),
        );
    }

    #[test]
    fn a_subject_in_other_case_is_told_apart_from_another_subject() {
        check(
            &[(ISSUER, "system:serviceaccount:default:SA", AUDIENCE)],
            Err(Mismatch::SubjectCaseOnly),
            Some(
                "the pod runs as system:serviceaccount:default:sa, but the federated credential fic0 of web trusts \
                 system:serviceaccount:default:SA; they differ only in the case of letters, which counts",
            ),
        );
        check(
            &[(ISSUER, "system:serviceaccount:default:other", AUDIENCE)],
            Err(Mismatch::Subject),
            Some(
                "the pod runs as system:serviceaccount:default:sa, but the federated credential fic0 of web trusts \
                 system:serviceaccount:default:other",
            ),
        );
    }

    #[test]
    fn a_wrong_audience_is_said_only_when_issuer_and_subject_are_right() {
        check(
            &[(ISSUER, SUBJECT, "api://other")],
            Err(Mismatch::Audience),
            Some("the token is for the audience api://AzureADTokenExchange, but the federated credential fic0 of web wants api://other"),
        );
    }

    #[test]
    fn an_unknown_client_id_has_no_credentials_and_no_hint() {
        assert_eq!(find(&Model::default(), "x", ISSUER, SUBJECT, AUDIENCE), Err(Mismatch::NoCredentials));
        assert_eq!(explain(&Model::default(), "x", Mismatch::NoCredentials, ISSUER, SUBJECT, AUDIENCE), None);
    }
}
