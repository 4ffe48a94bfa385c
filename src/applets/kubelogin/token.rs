//! `kubelogin get-token`: a token of Entra for the server application of AKS, as client-go's credential plugins hand it over.

use std::process::{Command, Stdio};

use bytes::Bytes;
use http::{Request, header};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Failure, Options};
use crate::applets::Program;
use crate::applets::client::Client;

/// A token and when it expires.
struct Token {
    text: String,
    expires: Timestamp,
}

pub(super) fn get(program: &mut Program<'_>, options: &Options) -> Result<(), Failure> {
    let required = |name: &str| options.get(name).ok_or_else(|| Failure::Error(format!("{name} is required")));
    let server = required("--server-id")?;
    let token = match options.get("--login").unwrap_or("devicecode") {
        "azurecli" => of_azure_cli(program, options, server)?,
        "spn" => {
            let (client, secret) = (required("--client-id")?, required("--client-secret")?);
            of_entra(program, options, server, &[("client_id", client), ("client_secret", secret)])?
        }
        "workloadidentity" => {
            let (client, path) = (required("--client-id")?, required("--federated-token-file")?);
            let assertion = std::fs::read_to_string(path).map_err(|error| Failure::Error(format!("failed to read {path}: {error}")))?;
            let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
            of_entra(
                program,
                options,
                server,
                &[("client_id", client), ("client_assertion", assertion.trim()), ("client_assertion_type", kind)],
            )?
        }
        mode @ ("devicecode" | "interactive" | "ropc") => {
            return Err(Failure::Unsupported { what: format!("kubelogin --login {mode}"), kind: "prompt" });
        }
        "msi" => of_machine(program, options, server)?,
        mode @ ("azd" | "azurepipelines" | "chained") => {
            return Err(Failure::Unsupported { what: format!("kubelogin --login {mode}"), kind: "option" });
        }
        other => return Err(Failure::Error(format!("'{other}' is not a supported login method"))),
    };
    let info: Value = program.variable("KUBERNETES_EXEC_INFO").and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let version = info["apiVersion"].as_str().unwrap_or("client.authentication.k8s.io/v1beta1");
    let answer = json!({
        "kind": "ExecCredential",
        "apiVersion": version,
        "spec": {"interactive": false},
        "status": {"expirationTimestamp": token.expires.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), "token": token.text},
    });
    let _ = write!(program.stdout, "{answer}");
    Ok(())
}

/// Asks the `az` of the PATH, whichever that is, as the real program does.
fn of_azure_cli(program: &Program<'_>, options: &Options, server: &str) -> Result<Token, Failure> {
    let mut az = Command::new("az");
    az.args(["account", "get-access-token", "-o", "json", "--resource", server]).env_clear().envs(&program.variables).stdin(Stdio::null());
    if let Some(tenant) = options.typed("--tenant-id") {
        az.args(["--tenant", tenant]);
    }
    if let Some(folder) = options.typed("--azure-config-dir") {
        az.env("AZURE_CONFIG_DIR", folder);
    }
    let failed =
        |why: &str| Failure::Error(format!("failed to get token: expected an empty error but received: AzureCLICredential: {why}"));
    let output = az.output().map_err(|_| failed("Azure CLI not found on path"))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).trim_end()));
    }
    let answer: Value = serde_json::from_slice(&output.stdout).map_err(|error| failed(&error.to_string()))?;
    let text = answer["accessToken"].as_str().filter(|token| !token.is_empty()).ok_or_else(|| failed("no token"))?.to_owned();
    let expires = answer["expires_on"].as_i64().and_then(|second| Timestamp::from_second(second).ok());
    expires.map(|expires| Token { text, expires }).ok_or_else(|| failed("no expiry"))
}

/// Asks the machine's metadata service for a token of its managed identity (azidentity `managed_identity_client.go`).
fn of_machine(program: &Program<'_>, options: &Options, server: &str) -> Result<Token, Failure> {
    let failed = |why: String| Failure::Error(format!("failed to get token: ManagedIdentityCredential authentication failed. {why}"));
    let mut target = format!("http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource={}", encoded(server));
    // A resource id counts only where no client id is given.
    if let Some(client) = options.get("--client-id") {
        target.push_str(&format!("&client_id={}", encoded(client)));
    } else if let Some(resource) = options.get("--identity-resource-id") {
        target.push_str(&format!("&msi_res_id={}", encoded(resource)));
    }
    let request = Request::get(target).header("Metadata", "true").body(Bytes::new()).map_err(|error| failed(error.to_string()))?;
    let client = Client::from_environment(&program.variables).map_err(|error| failed(error.to_string()))?;
    // Assumed: the words of the network, which differ from machine to machine.
    let unreachable = || failed("dial tcp 169.254.169.254:80: connect: no route to host".to_owned());
    let answer = client.send(request).map_err(|_| unreachable())?.json().unwrap_or_default();
    let Some(text) = answer["access_token"].as_str() else {
        return Err(failed(answer["error_description"].as_str().unwrap_or("no token").to_owned()));
    };
    let expires = expiry(text).ok_or_else(|| failed("the token has no expiry".to_owned()))?;
    Ok(Token { text: text.to_owned(), expires })
}

/// Asks the token endpoint of the tenant, as a service principal.
fn of_entra(program: &Program<'_>, options: &Options, server: &str, proof: &[(&str, &str)]) -> Result<Token, Failure> {
    let tenant = options.get("--tenant-id").ok_or_else(|| Failure::Error("--tenant-id is required".to_owned()))?;
    let authority = options.get("--authority-host").unwrap_or("https://login.microsoftonline.com/").trim_end_matches('/');
    let scope = format!("{server}/.default");
    let mut fields = vec![("grant_type", "client_credentials"), ("scope", scope.as_str())];
    fields.extend(proof);
    let form: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let failed = |why: String| Failure::Error(format!("failed to get token: {why}"));
    let request = Request::post(format!("{authority}/{tenant}/oauth2/v2.0/token"))
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Bytes::from(form.join("&")))
        .map_err(|error| failed(error.to_string()))?;
    let client = Client::from_environment(&program.variables).map_err(|error| failed(error.to_string()))?;
    let answer = client.send(request).map_err(|error| failed(error.to_string()))?.json().unwrap_or_default();
    let Some(text) = answer["access_token"].as_str() else {
        return Err(failed(answer["error_description"].as_str().unwrap_or("no token").to_owned()));
    };
    // The token itself says when it ends, on the clock of whoever issued it.
    let expires = expiry(text).ok_or_else(|| failed("the token has no expiry".to_owned()))?;
    Ok(Token { text: text.to_owned(), expires })
}

fn expiry(token: &str) -> Option<Timestamp> {
    use base64::Engine as _;
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    Timestamp::from_second(serde_json::from_slice::<Value>(&claims).ok()?["exp"].as_i64()?).ok()
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
            },
        )
        .collect()
}
