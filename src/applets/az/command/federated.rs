//! `az identity federated-credential` (Microsoft.ManagedIdentity, api-version 2025-01-31-preview).

use http::Method;
use serde_json::{Value, json};

use super::identity::{flattened, path as identity_path};
use super::{Command, confirmed};
use crate::applets::az::failure::Failure;
use crate::applets::az::parse::Arguments;
use crate::applets::az::service::path_encoded;
use crate::applets::az::session::{Call, Session};

const API: &str = "api-version=2025-01-31-preview";
/// The audience where none is given, as the real command sends it.
const AUDIENCE: &str = "api://AzureADTokenExchange";

pub(super) const COMMANDS: [Command; 4] = [
    Command {
        name: "identity federated-credential create",
        options: &["--name", "--resource-group", "--identity-name", "--audiences", "--issuer", "--subject"],
        table: None,
        run: create,
    },
    Command {
        name: "identity federated-credential show",
        options: &["--name", "--resource-group", "--identity-name"],
        table: None,
        run: show,
    },
    Command { name: "identity federated-credential list", options: &["--resource-group", "--identity-name"], table: None, run: list },
    Command {
        name: "identity federated-credential delete",
        options: &["--name", "--resource-group", "--identity-name", "--yes"],
        table: None,
        run: delete,
    },
];

fn call(session: &mut Session<'_, '_>, arguments: &Arguments, method: Method) -> Result<Call, Failure> {
    let identity = identity_path(session, arguments.required("--resource-group"), arguments.required("--identity-name"))?;
    let name = arguments.get("--name").map(|name| format!("/{}", path_encoded(name)));
    Ok(Call::arm(method, &format!("{identity}/federatedIdentityCredentials{}?{API}", name.unwrap_or_default())))
}

fn body(arguments: &Arguments) -> Result<Value, Failure> {
    let audiences = arguments.all("--audiences");
    let audiences = match audiences {
        [] => json!([AUDIENCE]),
        // The shorthand of a whole list in one word.
        [list] if list.starts_with('[') => serde_json::from_str::<Value>(list)
            .ok()
            .filter(Value::is_array)
            .ok_or_else(|| Failure::unsupported_option("identity federated-credential create", &format!("--audiences {list}")))?,
        several => json!(several),
    };
    let mut properties = json!({ "audiences": audiences });
    for (key, option) in [("issuer", "--issuer"), ("subject", "--subject")] {
        if let Some(value) = arguments.get(option) {
            properties[key] = json!(value);
        }
    }
    Ok(json!({ "properties": properties }))
}

fn create(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let call = call(session, arguments, Method::PUT)?.with_body(body(arguments)?);
    session.fetch(&call).map(flattened)
}

fn show(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let call = call(session, arguments, Method::GET)?;
    session.fetch(&call).map(flattened)
}

fn list(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let call = call(session, arguments, Method::GET)?;
    Ok(session.list(&call)?.into_iter().map(flattened).collect())
}

fn delete(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    confirmed(session, arguments)?;
    let call = call(session, arguments, Method::DELETE)?;
    session.fetch(&call)?;
    Ok(Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::applets::az::parse::parse;
    use crate::applets::az::table::options_of;
    use crate::applets::render::json::line;

    #[test]
    fn the_body_is_that_of_the_real_command() {
        let name = "identity federated-credential create";
        let words = shlex::split("-n f -g g --identity-name i --issuer https://x/ --subject s:a --audience a").expect("words");
        let arguments = parse(name, &words, &options_of(name).expect("emulated")).expect("valid");
        let expected = r#"{"properties": {"audiences": ["a"], "issuer": "https://x/", "subject": "s:a"}}"#;
        assert_eq!(line(&body(&arguments).expect("a body")), expected);
        let arguments = parse(name, &words[..6], &options_of(name).expect("emulated")).expect("valid");
        assert_eq!(line(&body(&arguments).expect("a body")), r#"{"properties": {"audiences": ["api://AzureADTokenExchange"]}}"#);
    }
}
