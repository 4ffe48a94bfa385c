//! Access tokens, from what a sign-in left in the configuration folder: the refresh token of a user in `msal_token_cache.json`, or the
//! secret of a service principal in `service_principal_entries.json`. Those of a managed identity come from the machine's metadata service.

use std::path::Path;

use bytes::Bytes;
use http::{Request, header};
use serde_json::{Value, json};

use super::failure::Failure;
use super::profile::Subscription;
use crate::applets::client::{Response, Wire};
use crate::applets::render::json;

/// The application id of the Azure CLI.
pub(super) const CLI: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
/// The metadata service of machines in Azure.
const METADATA: &str = "169.254.169.254";
const AUTHORITY: &str = "https://login.microsoftonline.com";
/// Tells Entra that this client can handle claims challenges.
const CLAIMS: &str = r#"{"access_token": {"xms_cc": {"values": ["CP1"]}}}"#;

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Audience {
    /// Azure Resource Manager.
    Arm,
    /// Microsoft Graph.
    Graph,
    /// Key Vault's data.
    Vault,
}

impl Audience {
    /// The scope that `az` asks for; the double slashes are its own.
    pub(crate) fn scope(self) -> &'static str {
        match self {
            Audience::Arm => "https://management.core.windows.net//.default",
            Audience::Graph => "https://graph.microsoft.com//.default",
            Audience::Vault => "https://vault.azure.net/.default",
        }
    }
}

/// How somebody shows who he is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Proof {
    /// A signed-in user.
    RefreshToken(String),
    /// A user by name and password.
    Password { username: String, password: String },
    /// A service principal by its secret.
    Secret { application: String, secret: String },
    /// A service principal by a token of somebody it trusts.
    Assertion { application: String, token: String },
    /// A managed identity of this machine: the one that is named, or the only one.
    Machine(Option<MachineIdentity>),
}

/// By what a managed identity is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MachineIdentity {
    Client(String),
    Object(String),
    Resource(String),
}

impl MachineIdentity {
    /// As profiles keep it: `MSIClient-…` (azure-cli `core/_profile.py`, `ManagedIdentityAuth`).
    pub(crate) fn kept(&self) -> String {
        match self {
            Self::Client(id) => format!("MSIClient-{id}"),
            Self::Object(id) => format!("MSIObject-{id}"),
            Self::Resource(id) => format!("MSIResource-{id}"),
        }
    }

    fn of_kept(text: &str) -> Option<MachineIdentity> {
        let (kind, id) = text.split_once('-')?;
        Some(match kind {
            "MSIClient" => Self::Client(id.to_owned()),
            "MSIObject" => Self::Object(id.to_owned()),
            "MSIResource" => Self::Resource(id.to_owned()),
            _ => return None,
        })
    }

    /// The parameter of the metadata service (MSAL `managed_identity.py`).
    fn parameter(&self) -> (&'static str, &str) {
        match self {
            Self::Client(id) => ("client_id", id),
            Self::Object(id) => ("object_id", id),
            Self::Resource(id) => ("msi_res_id", id),
        }
    }
}

impl Proof {
    /// The proof that a sign-in left for this account.
    pub(crate) fn of(account: &Subscription, folder: &Path) -> Result<Proof, Failure> {
        let lost = || Failure::Refused(format!("User '{}' does not exist in MSAL token cache. Run `az login`.", account.user()));
        match account.user() {
            "systemAssignedIdentity" => return Ok(Proof::Machine(None)),
            "userAssignedIdentity" => return Ok(Proof::Machine(MachineIdentity::of_kept(account.assigned_identity()))),
            _ => {}
        }
        if !account.is_service_principal() {
            return refresh_token(account.user(), folder).map(Proof::RefreshToken).ok_or_else(lost);
        }
        let entries = read(&folder.join("service_principal_entries.json"));
        let entry = entries
            .as_array()
            .into_iter()
            .flatten()
            .find(|entry| entry["client_id"] == account.user() && entry["tenant"] == account.tenant());
        let entry = entry.ok_or_else(|| Failure::Refused(format!("Could not retrieve credential from local cache for service principal {} under tenant {}. Run `az login` for this service principal.", account.user(), account.tenant())))?;
        let application = account.user().to_owned();
        match (entry["client_secret"].as_str(), entry["client_assertion"].as_str()) {
            (Some(secret), _) => Ok(Proof::Secret { application, secret: secret.to_owned() }),
            (None, Some(token)) => Ok(Proof::Assertion { application, token: token.to_owned() }),
            (None, None) => Err(Failure::Unsupported { what: "az login --service-principal --certificate".to_owned(), kind: "option" }),
        }
    }

    /// The form that the token endpoint is sent, in order.
    pub(crate) fn form(&self, scope: &str) -> Vec<(&'static str, String)> {
        let of_user = format!("{scope} offline_access openid profile");
        let pairs: Vec<(&'static str, &str)> = match self {
            Proof::RefreshToken(token) => {
                vec![
                    ("client_id", CLI),
                    ("grant_type", "refresh_token"),
                    ("client_info", "1"),
                    ("claims", CLAIMS),
                    ("refresh_token", token),
                    ("scope", &of_user),
                ]
            }
            Proof::Password { username, password } => vec![
                ("client_id", CLI),
                ("grant_type", "password"),
                ("client_info", "1"),
                ("claims", CLAIMS),
                ("username", username),
                ("password", password),
                ("scope", &of_user),
            ],
            Proof::Secret { application, secret } => vec![
                ("client_id", application),
                ("grant_type", "client_credentials"),
                ("client_info", "1"),
                ("client_secret", secret),
                ("claims", CLAIMS),
                ("scope", scope),
            ],
            Proof::Assertion { application, token } => vec![
                ("client_id", application),
                ("grant_type", "client_credentials"),
                ("client_assertion", token),
                ("client_info", "1"),
                ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                ("claims", CLAIMS),
                ("scope", scope),
            ],
            // Its tokens do not come from the token endpoint.
            Proof::Machine(_) => Vec::new(),
        };
        pairs.into_iter().map(|(key, value)| (key, value.to_owned())).collect()
    }

    /// Asks Entra for a token: the whole answer, which has `access_token`.
    ///
    /// # Errors
    /// What Entra says, in its words.
    pub(crate) fn redeem(&self, client: &dyn Wire, tenant: &str, audience: Audience) -> Result<Value, Failure> {
        self.redeem_for(client, tenant, audience.scope())
    }

    /// The same for any scope.
    ///
    /// # Errors
    /// What Entra says, in its words.
    pub(crate) fn redeem_for(&self, client: &dyn Wire, tenant: &str, scope: &str) -> Result<Value, Failure> {
        if let Proof::Machine(identity) = self {
            return self.of_machine(client, identity.as_ref(), scope);
        }
        let form: Vec<String> = self.form(scope).iter().map(|(key, value)| format!("{key}={}", form_encoded(value))).collect();
        let request = Request::post(format!("{AUTHORITY}/{tenant}/oauth2/v2.0/token"))
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("x-client-sku", "MSAL.Python")
            .header("x-client-ver", "1.39.0")
            .header("x-client-os", "linux")
            .header("x-ms-lib-capability", "retry-after, h429")
            .body(Bytes::from(form.join("&")))
            .map_err(|error| Failure::Refused(error.to_string()))?;
        let response = client.send(request).map_err(|error| Failure::Refused(chain(&error)))?;
        let answer = response.json().unwrap_or_default();
        if answer["access_token"].is_string() {
            return Ok(answer);
        }
        Err(self.refusal(&answer, &response, tenant, scope))
    }

    /// Asks the machine's metadata service (MSAL `managed_identity.py`, `_obtain_token_on_azure_vm`).
    fn of_machine(&self, client: &dyn Wire, identity: Option<&MachineIdentity>, scope: &str) -> Result<Value, Failure> {
        let resource = scope.strip_suffix("/.default").unwrap_or(scope);
        let mut query = format!("api-version=2018-02-01&resource={}", form_encoded(resource));
        if let Some((name, value)) = identity.map(MachineIdentity::parameter) {
            query.push_str(&format!("&{name}={}", form_encoded(value)));
        }
        let target = format!("/metadata/identity/oauth2/token?{query}");
        let request = Request::get(format!("http://{METADATA}{target}"))
            .header("Metadata", "true")
            .header("x-client-SKU", "MSAL.Python")
            .header("x-client-Ver", "1.39.0")
            .body(Bytes::new())
            .map_err(|error| Failure::Refused(error.to_string()))?;
        let Ok(response) = client.send(request) else { return Err(nobody_at_metadata(&target)) };
        let mut answer = response.json().unwrap_or_default();
        if !answer["access_token"].is_string() {
            return Err(self.refusal(&answer, &response, "", scope));
        }
        // Numbers are texts here.
        let seconds = answer["expires_in"].as_str().and_then(|text| text.parse::<i64>().ok());
        answer["expires_in"] = json!(seconds.unwrap_or_default());
        Ok(answer)
    }

    fn refusal(&self, answer: &Value, response: &Response, tenant: &str, scope: &str) -> Failure {
        let Some(description) = answer["error_description"].as_str() else {
            return Failure::Refused(format!("{AUTHORITY} answered {} without a token", response.status));
        };
        let interactively =
            "\nRun the command below to authenticate interactively; additional arguments may be added as needed:\naz logout\naz login";
        let advice = match self {
            // A wrong secret is often a certificate (transcript 59).
            Proof::Secret { .. } if description.contains("AADSTS7000215") => "\nThe error may be caused by passing a service principal certificate \
                 with --password. Please note that --password no longer accepts a service principal certificate. To pass a service principal \
                 certificate, use --certificate instead."
                .to_owned(),
            Proof::RefreshToken(_) => format!("{interactively} --tenant \"{tenant}\" --scope \"{scope}\""),
            _ => interactively.to_owned(),
        };
        Failure::Refused(format!("{description}{advice}"))
    }

    /// Leaves the proof for later command lines; a user's needs the answer that it was redeemed for.
    pub(crate) fn keep(&self, folder: &Path, tenant: &str, answer: &Value, username: &str) -> Result<(), Failure> {
        let (path, document) = match self {
            Proof::Secret { application, secret } => kept_entry(folder, application, tenant, ("client_secret", secret)),
            Proof::Assertion { application, token } => kept_entry(folder, application, tenant, ("client_assertion", token)),
            Proof::RefreshToken(_) | Proof::Password { .. } => kept_account(folder, tenant, answer, username),
            Proof::Machine(_) => return Ok(()),
        };
        write(&path, &document)
    }
}

/// What az says on a machine outside Azure: nothing answers at the address, requests gives up, and az does not expect it (azure-cli
/// `core/util.py`, `handle_exception`; public reports). The traceback between the lines is left out. Assumed: which of the errors of the
/// network it is.
fn nobody_at_metadata(target: &str) -> Failure {
    Failure::Refused(format!(
        "The command failed with an unexpected error. Here is the traceback:\nERROR: HTTPConnectionPool(host='{METADATA}', port=80): Max \
         retries exceeded with url: {target} (Caused by NewConnectionError('<urllib3.connection.HTTPConnection object>: Failed to establish a \
         new connection: [Errno 113] No route to host'))\nTo check existing issues, please visit: https://github.com/Azure/azure-cli/issues"
    ))
}

/// An error with its causes, as one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(&format!(": {next}"));
        cause = next.source();
    }
    text
}

/// Forgets what was left for a user or a service principal.
pub(crate) fn forget(folder: &Path, name: &str) -> Result<(), Failure> {
    let entries_path = folder.join("service_principal_entries.json");
    if let Value::Array(entries) = read(&entries_path) {
        write(&entries_path, &entries.into_iter().filter(|entry| entry["client_id"] != name).collect())?;
    }
    let cache_path = folder.join("msal_token_cache.json");
    let mut cache = read(&cache_path);
    let homes: Vec<Value> = accounts(&cache, name).map(|account| account["home_account_id"].clone()).collect();
    if let Some(sections) = cache.as_object_mut() {
        for (_, section) in sections.iter_mut() {
            if let Some(entries) = section.as_object_mut() {
                // A user's by the account, a service principal's by its client id; what belongs to no account is shared.
                let is_theirs = |entry: &Value| {
                    !entry["home_account_id"].is_null() && homes.contains(&entry["home_account_id"])
                        || entry["credential_type"] == "AccessToken" && entry["client_id"] == name
                };
                entries.retain(|_, entry| !is_theirs(entry));
            }
        }
        write(&cache_path, &cache)?;
    }
    Ok(())
}

/// MSAL's name for a user's account.
pub(super) fn home_of(folder: &Path, user: &str) -> Option<String> {
    let cache = read(&folder.join("msal_token_cache.json"));
    let home = accounts(&cache, user).next()?["home_account_id"].as_str()?.to_owned();
    Some(home)
}

/// Forgets everybody.
pub(crate) fn forget_all(folder: &Path) -> Result<(), Failure> {
    for name in ["msal_token_cache.json", "service_principal_entries.json"] {
        match std::fs::remove_file(folder.join(name)) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(Failure::Refused(format!("cannot remove {}: {error}", folder.join(name).display()))),
        }
    }
    Ok(())
}

fn accounts<'a>(cache: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    let name = name.to_ascii_lowercase();
    let all = cache["Account"].as_object().into_iter().flat_map(|section| section.values());
    all.filter(move |account| account["username"].as_str().is_some_and(|username| username.to_ascii_lowercase() == name))
}

/// The refresh token of a user who has signed in.
pub(crate) fn refresh_token(user: &str, folder: &Path) -> Option<String> {
    let cache = read(&folder.join("msal_token_cache.json"));
    let home = accounts(&cache, user).next()?["home_account_id"].clone();
    let tokens = cache["RefreshToken"].as_object()?;
    let token = tokens.values().find(|token| token["home_account_id"] == home)?;
    token["secret"].as_str().map(str::to_owned)
}

fn kept_entry(folder: &Path, application: &str, tenant: &str, proof: (&str, &str)) -> (std::path::PathBuf, Value) {
    let path = folder.join("service_principal_entries.json");
    let others = read(&path).as_array().cloned().unwrap_or_default().into_iter().filter(|entry| entry["client_id"] != application);
    let entry = json!({ "client_id": application, "tenant": tenant, proof.0: proof.1 });
    (path, others.chain([entry]).collect())
}

/// The three records by which MSAL finds a user again; their keys are its own.
fn kept_account(folder: &Path, tenant: &str, answer: &Value, username: &str) -> (std::path::PathBuf, Value) {
    let path = folder.join("msal_token_cache.json");
    let mut cache = read(&path);
    if !cache.is_object() {
        cache = json!({});
    }
    let claims = claims_in(answer["id_token"].as_str().unwrap_or_default());
    let object = claims["oid"].as_str().unwrap_or_default();
    let home = format!("{object}.{tenant}");
    let environment = "login.microsoftonline.com";
    cache["Account"][format!("{home}-{environment}-{tenant}")] = json!({"home_account_id": home, "environment": environment, "realm": tenant, "local_account_id": object, "username": username, "authority_type": "MSSTS"});
    cache["RefreshToken"][format!("{home}-{environment}-refreshtoken-{CLI}--")] = json!({"credential_type": "RefreshToken", "secret": answer["refresh_token"], "home_account_id": home, "environment": environment, "client_id": CLI, "target": Audience::Arm.scope(), "family_id": "1"});
    cache["AppMetadata"][format!("appmetadata-{environment}-{CLI}")] =
        json!({"client_id": CLI, "environment": environment, "family_id": "1"});
    (path, cache)
}

/// The claims of a token, unchecked: the client that asked for it over TLS knows whose it is.
pub(crate) fn claims_in(token: &str) -> Value {
    use base64::Engine;
    let payload = token.split('.').nth(1).unwrap_or_default().trim_end_matches('=');
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

pub(super) fn read(path: &Path) -> Value {
    std::fs::read_to_string(path).ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

/// Writes a file that is nobody else's, all or nothing: command lines may run side by side.
pub(super) fn write(path: &Path, document: &Value) -> Result<(), Failure> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    let open = || std::fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&draft);
    let written = open().and_then(|mut file| file.write_all(json::line(document).as_bytes())).and_then(|()| std::fs::rename(&draft, path));
    written.map_err(|error| Failure::Refused(format!("cannot write {}: {error}", path.display())))
}

/// Text as Python's `urlencode` writes it.
fn form_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b' ' => "+".to_owned(),
            byte if byte.is_ascii_alphanumeric() || b"_.-~".contains(&byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_known_by_the_refresh_token_in_the_cache() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let claims = "eyJvaWQiOiJvIn0"; // {"oid":"o"}
        let answer = json!({"refresh_token": "rt", "id_token": format!("h.{claims}.s")});
        let password = Proof::Password { username: "ada@x".to_owned(), password: "p".to_owned() };
        password.keep(folder.path(), "t", &answer, "ada@x").expect("written");
        let account = Subscription(json!({"tenantId": "t", "user": {"name": "Ada@x", "type": "user"}}));
        assert_eq!(Proof::of(&account, folder.path()).expect("kept"), Proof::RefreshToken("rt".to_owned()));
        forget(folder.path(), "ada@x").expect("written");
        assert!(Proof::of(&account, folder.path()).is_err());
    }

    #[test]
    fn a_service_principal_is_known_by_its_secret() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let proof = Proof::Secret { application: "app".to_owned(), secret: "s".to_owned() };
        proof.keep(folder.path(), "t", &Value::Null, "app").expect("written");
        let account = Subscription(json!({"tenantId": "t", "user": {"name": "app", "type": "servicePrincipal"}}));
        assert_eq!(Proof::of(&account, folder.path()).expect("kept"), proof);
    }

    // Transcripts 04, 52 and 84: the same fields in the same order.
    #[test]
    fn the_form_has_the_fields_of_the_real_client() {
        let keys = |proof: Proof| proof.form(Audience::Arm.scope()).into_iter().map(|(key, _)| key).collect::<Vec<_>>().join(" ");
        assert_eq!(keys(Proof::RefreshToken(String::new())), "client_id grant_type client_info claims refresh_token scope");
        let secret = Proof::Secret { application: String::new(), secret: String::new() };
        assert_eq!(keys(secret), "client_id grant_type client_info client_secret claims scope");
        let scope = Proof::RefreshToken(String::new()).form(Audience::Graph.scope()).pop().expect("a scope").1;
        assert_eq!(form_encoded(&scope), "https%3A%2F%2Fgraph.microsoft.com%2F%2F.default+offline_access+openid+profile");
        assert!(form_encoded(CLAIMS).starts_with("%7B%22access_token%22%3A+%7B%22xms_cc%22"));
    }
}
