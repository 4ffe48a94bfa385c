//! `az keyvault secret`: the data of a vault (api-version 7.4), after the vault has said whom it trusts for tokens.

use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Command, tags_of};
use crate::applets::az::credential::Audience;
use crate::applets::az::failure::Failure;
use crate::applets::az::parse::Arguments;
use crate::applets::az::service::{path_encoded, successful};
use crate::applets::az::session::{Call, Session, header};
use crate::applets::az::table::models::time;
use crate::applets::client::Response;

const API: &str = "api-version=7.4";
/// How long the real client waits between two looks at a secret that is being deleted.
const DELETE_PAUSE: Duration = Duration::from_secs(2);
/// A deletion that takes more looks than this has no end.
const DELETE_LOOKS_MAX: u32 = 100;
const NO_VAULT: &str = "Please specify --vault-name or --hsm-name.";

pub(super) const COMMANDS: [Command; 4] = [
    Command {
        name: "keyvault secret set",
        options: &[
            "--name",
            "--vault-name",
            "--value",
            "--file",
            "--encoding",
            "--description",
            "--tags",
            "--disabled",
            "--expires",
            "--not-before",
        ],
        table: None,
        run: set,
    },
    Command { name: "keyvault secret show", options: &["--name", "--vault-name", "--version", "--id"], table: None, run: show },
    Command {
        name: "keyvault secret list",
        options: &["--vault-name", "--id", "--maxresults", "--include-managed"],
        table: Some(
            "[].{Name: name || ' ', Id: id || ' ', ContentType: contentType || ' ', Enabled: attributes.enabled || ' ', \
             Expires: attributes.expires || ' '}",
        ),
        run: list,
    },
    Command { name: "keyvault secret delete", options: &["--name", "--vault-name", "--id"], table: None, run: delete },
];

/// A secret's address: the vault, the name, the version.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    vault: String,
    name: String,
    version: String,
}

/// The vault's address. A name that makes no host, as an empty one, is refused in the words of the real client's HTTP library (measured).
fn vault_url(name: &str) -> Result<String, Failure> {
    if name.split('.').any(|label| !(1..=63).contains(&label.len())) {
        return Err(Failure::Refused("URL has an invalid label.".to_owned()));
    }
    Ok(format!("https://{name}.vault.azure.net"))
}

fn place(arguments: &Arguments) -> Result<Place, Failure> {
    let usage = "incorrect usage: --id ID | --vault-name/--hsm-name VAULT/HSM --name/-n NAME [--version VERSION]";
    if let Some(id) = arguments.get("--id") {
        let parts: Vec<&str> = id.trim_end_matches('/').split('/').collect();
        let [scheme, "", host, "secrets", name, version @ ..] = parts.as_slice() else {
            return Err(Failure::Refused(usage.to_owned()));
        };
        let version = version.first().map_or_else(String::new, ToString::to_string);
        return Ok(Place { vault: format!("{scheme}//{host}"), name: (*name).to_owned(), version });
    }
    match (arguments.get("--vault-name"), arguments.get("--name").filter(|name| !name.is_empty())) {
        (Some(vault), Some(name)) => Ok(Place {
            vault: vault_url(vault)?,
            name: name.to_owned(),
            version: arguments.get("--version").unwrap_or_default().to_owned(),
        }),
        _ => Err(Failure::Refused(usage.to_owned())),
    }
}

/// Sends a request to a vault: first without token and body, to hear whom the vault trusts, then as it is meant.
fn exchange(session: &mut Session<'_, '_>, method: Method, url: &str, body: Option<Value>) -> Result<Response, Failure> {
    let bare = Call { method, url: url.to_owned(), body: None, audience: None, headers: Vec::new() };
    let headers = if body.is_some() { vec![("Content-Type", "application/json".to_owned())] } else { Vec::new() };
    let first = session.send(&Call { headers, ..bare.clone() })?;
    if first.status.as_u16() != 401 {
        return Ok(first);
    }
    let challenge = header(&first.headers, "www-authenticate").unwrap_or_default().to_owned();
    let host = url.split('/').nth(2).unwrap_or_default();
    let resource = quoted(&challenge, "resource").or_else(|| quoted(&challenge, "scope")).unwrap_or_default();
    let trusted = resource.trim_start_matches("https://").trim_end_matches("/.default").trim_end_matches('/');
    // The real client checks that the token is for the domain of the vault, so that nobody lures it out of us.
    if !host.ends_with(&format!(".{trusted}")) {
        let text = format!(
            "The challenge resource '{trusted}' does not match the requested domain. Disable challenge resource verification by passing 'verify_challenge_resource=False'."
        );
        return Err(Failure::Refused(text));
    }
    session.send(&Call { body, audience: Some(Audience::Vault), ..bare })
}

fn quoted(challenge: &str, name: &str) -> Option<String> {
    let rest = challenge.split_once(&format!("{name}=\""))?.1;
    Some(rest.split('"').next().unwrap_or_default().to_owned())
}

fn fetched(session: &mut Session<'_, '_>, method: Method, url: &str, body: Option<Value>) -> Result<Value, Failure> {
    let response = exchange(session, method, url, body)?;
    successful(&response)?;
    Ok(response.json().unwrap_or_default())
}

fn set(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let usage = || Failure::Refused("incorrect usage: [Required] --value VALUE | --file PATH".to_owned());
    let value = arguments.get("--value").filter(|value| !value.is_empty());
    let file = arguments.get("--file").filter(|file| !file.is_empty());
    let encoding = arguments.get("--encoding").unwrap_or("utf-8");
    let value = match (value, file) {
        (Some(value), None) => value.to_owned(),
        (None, Some(file)) => content_of(file, encoding)?,
        _ => return Err(usage()),
    };
    let body = body(arguments, &value, encoding)?;
    let url = format!("{}/secrets/{}?{API}", vault_url(arguments.required("--vault-name"))?, path_encoded(arguments.required("--name")));
    let bundle = fetched(session, Method::PUT, &url, Some(body))?;
    Ok(printed(&bundle, true))
}

fn content_of(file: &str, encoding: &str) -> Result<String, Failure> {
    use base64::Engine;
    // Measured: it counts as a mistake in the words, without the pointer to the reference.
    let unreadable = |error: std::io::Error| {
        let text = error.to_string();
        let reason = text.split(" (os error").next().unwrap_or_default();
        let message = format!("[Errno {}] {reason}: {}", error.raw_os_error().unwrap_or(0), crate::applets::az::parse::python_text(file));
        Failure::Usage { message, recommendations: Vec::new(), reference: false }
    };
    let bytes = std::fs::read(file).map_err(unreadable)?;
    match encoding {
        "base64" => {
            // Python breaks the lines after 76 characters, and ends the last.
            let text = base64::engine::general_purpose::STANDARD.encode(bytes);
            Ok(text.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line) + "\n").collect())
        }
        "hex" => Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
        _ => String::from_utf8(bytes).map_err(|_| Failure::Refused(format!("Unable to decode file '{file}' with '{encoding}' encoding."))),
    }
}

fn body(arguments: &Arguments, value: &str, encoding: &str) -> Result<Value, Failure> {
    let mut tags = match tags_of(arguments) {
        Some(Value::Object(tags)) => tags,
        _ => Map::new(),
    };
    tags.insert("file-encoding".to_owned(), json!(encoding));
    let mut body = json!({ "value": value, "tags": tags });
    if let Some(kind) = arguments.get("--description") {
        body["contentType"] = json!(kind);
    }
    let mut attributes = Map::new();
    if let Some(disabled) = arguments.truth("--disabled") {
        attributes.insert("enabled".to_owned(), json!(!disabled));
    }
    for (key, option) in [("nbf", "--not-before"), ("exp", "--expires")] {
        if let Some(text) = arguments.get(option) {
            let named = if option == "--expires" { "--expires" } else { "--not-before" };
            let parsed = text.parse::<Timestamp>().or_else(|_| format!("{text}:00Z").replace("Z:00Z", ":00Z").parse());
            let at = parsed.map_err(|_| {
                Failure::usage(format!("argument {named}: invalid datetime_type value: {}", crate::applets::az::parse::python_text(text)))
            })?;
            attributes.insert(key.to_owned(), json!(at.as_second()));
        }
    }
    if !attributes.is_empty() {
        body["attributes"] = Value::Object(attributes);
    }
    Ok(body)
}

/// A secret as it is printed; `with_value` for a whole secret, not for an item of a list.
fn printed(bundle: &Value, with_value: bool) -> Value {
    let attributes = &bundle["attributes"];
    let at = |key: &str| attributes[key].as_i64().and_then(|second| Timestamp::from_second(second).ok()).map(|at| time(&at.to_string()));
    let id = bundle["id"].as_str().unwrap_or_default();
    let mut out = json!({
        "attributes": {
            "created": at("created"), "enabled": attributes["enabled"], "expires": at("exp"), "notBefore": at("nbf"),
            "recoverableDays": attributes["recoverableDays"], "recoveryLevel": attributes["recoveryLevel"], "updated": at("updated"),
        },
        "contentType": bundle["contentType"], "id": bundle["id"], "managed": bundle["managed"],
        "name": id.split('/').nth(4), "tags": bundle["tags"],
    });
    if with_value {
        out["kid"] = bundle["kid"].clone();
        out["value"] = bundle["value"].clone();
    }
    out
}

fn show(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let place = place(arguments)?;
    let url = format!("{}/secrets/{}/{}?{API}", place.vault, path_encoded(&place.name), path_encoded(&place.version));
    Ok(printed(&fetched(session, Method::GET, &url, None)?, true))
}

fn list(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let vault = match (arguments.get("--id"), arguments.get("--vault-name")) {
        (Some(id), _) => id.split('/').take(3).collect::<Vec<_>>().join("/"),
        (None, Some(name)) => vault_url(name)?,
        (None, None) => return Err(Failure::Refused(NO_VAULT.to_owned())),
    };
    let most = arguments.integer("--maxresults").and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
    let first = exchange(session, Method::GET, &format!("{vault}/secrets?{API}"), None)?;
    successful(&first)?;
    let mut page = first.json().unwrap_or_default();
    let mut found: Vec<Value> = Vec::new();
    loop {
        found.extend(page["value"].as_array().into_iter().flatten().cloned());
        let Some(next) = page["nextLink"].as_str().filter(|next| !next.is_empty()).map(str::to_owned) else { break };
        let call = Call { method: Method::GET, url: next, body: None, audience: Some(Audience::Vault), headers: Vec::new() };
        page = session.fetch(&call)?;
    }
    let managed = arguments.truth("--include-managed") == Some(true);
    Ok(found.iter().filter(|one| managed || one["managed"] != json!(true)).take(most).map(|one| printed(one, false)).collect())
}

fn delete(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    session.warn(
        "Warning! If you have soft-delete protection enabled on this key vault, this secret will be moved to the soft deleted state. You will \
         not be able to create a secret with the same name within this key vault until the secret has been purged from the soft-deleted \
         state. Please see the following documentation for additional guidance.\n\
         https://learn.microsoft.com/azure/key-vault/general/soft-delete-overview",
    );
    let place = place(arguments)?;
    let url = format!("{}/secrets/{}?{API}", place.vault, path_encoded(&place.name));
    // Measured: the real client ends with 1 here, even when the secret is not found.
    let deleted = fetched(session, Method::DELETE, &url, None).map_err(|failure| match failure {
        Failure::Service { message, .. } => Failure::Refused(message),
        other => other,
    })?;
    if deleted["recoveryId"].is_string() {
        let url = format!("{}/deletedsecrets/{}?{API}", place.vault, path_encoded(&place.name));
        let look = Call { method: Method::GET, url, body: None, audience: Some(Audience::Vault), headers: Vec::new() };
        let mut looks = 0;
        // Until the vault knows the secret as a deleted one, it answers 404.
        while session.send(&look)?.status.as_u16() == 404 {
            looks += 1;
            if looks > DELETE_LOOKS_MAX {
                return Err(Failure::Refused(format!("the secret {} is still being deleted after {DELETE_LOOKS_MAX} looks", place.name)));
            }
            session.wait(DELETE_PAUSE)?;
        }
    }
    let at = |key: &str| deleted[key].as_i64().and_then(|second| Timestamp::from_second(second).ok()).map(|at| time(&at.to_string()));
    let mut out = printed(&deleted, true);
    out["value"] = Value::Null;
    out["deletedDate"] = json!(at("deletedDate"));
    out["recoveryId"] = deleted["recoveryId"].clone();
    out["scheduledPurgeDate"] = json!(at("scheduledPurgeDate"));
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::applets::az::parse::parse;
    use crate::applets::az::table::options_of;
    use crate::applets::render::json::line;

    fn arguments(command: &str, words: &str) -> Arguments {
        parse(command, &shlex::split(words).expect("words"), &options_of(command).expect("emulated")).expect("valid")
    }

    // Transcript 19.
    #[test]
    fn a_new_secret_is_sent_with_its_encoding() {
        let arguments = arguments("keyvault secret set", r"--vault-name v -n s --value 'Hello\!'");
        let body = body(&arguments, arguments.required("--value"), "utf-8").expect("a body");
        assert_eq!(line(&body), r#"{"value": "Hello\\!", "tags": {"file-encoding": "utf-8"}}"#);
    }

    #[test]
    fn seconds_are_printed_as_times() {
        let bundle =
            json!({"value": "x", "id": "https://v.vault.azure.net/secrets/s/1", "attributes": {"enabled": true, "created": 1795291617}});
        let printed = printed(&bundle, true);
        assert_eq!(printed["attributes"]["created"], json!("2026-11-21T20:06:57+00:00"));
        assert_eq!((&printed["name"], &printed["kid"]), (&json!("s"), &Value::Null));
    }

    #[test]
    fn a_secret_is_found_by_its_id_or_by_vault_and_name() {
        let by_id = place(&arguments("keyvault secret show", "--id https://v.vault.azure.net/secrets/s/7")).expect("an id");
        assert_eq!(by_id, Place { vault: "https://v.vault.azure.net".to_owned(), name: "s".to_owned(), version: "7".to_owned() });
        let by_name = place(&arguments("keyvault secret show", "--vault-name v -n s")).expect("a name");
        assert_eq!(by_name, Place { vault: "https://v.vault.azure.net".to_owned(), name: "s".to_owned(), version: String::new() });
        assert!(place(&arguments("keyvault secret show", "-n s")).is_err());
    }

    #[test]
    fn the_challenge_is_read() {
        let challenge = r#"Bearer authorization="https://login.microsoftonline.com/t", resource="https://vault.azure.net""#;
        assert_eq!(quoted(challenge, "resource").as_deref(), Some("https://vault.azure.net"));
        assert_eq!(quoted(challenge, "scope"), None);
    }
}
