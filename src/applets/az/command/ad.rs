//! `az ad`: the signed-in user, users and groups, from Microsoft Graph.

use http::Method;
use serde_json::{Value, json};

use super::Command;
use crate::applets::az::failure::Failure;
use crate::applets::az::parse::Arguments;
use crate::applets::az::service::{path_encoded, query_encoded};
use crate::applets::az::session::{Call, Session};

pub(super) const COMMANDS: [Command; 13] = [
    Command { name: "ad signed-in-user show", options: &[], table: None, run: |session, _| me(session) },
    Command {
        name: "ad user create",
        options: &["--display-name", "--password", "--user-principal-name", "--mail-nickname", "--force-change-password-next-sign-in"],
        table: None,
        run: user_create,
    },
    Command { name: "ad user show", options: &["--id"], table: None, run: user_show },
    Command { name: "ad user list", options: &["--display-name", "--upn", "--filter"], table: None, run: user_list },
    Command { name: "ad user delete", options: &["--id"], table: None, run: user_delete },
    Command { name: "ad user get-member-groups", options: &["--id", "--security-enabled-only"], table: None, run: user_groups },
    Command {
        name: "ad group create",
        options: &["--display-name", "--mail-nickname", "--description", "--force"],
        table: None,
        run: group_create,
    },
    Command { name: "ad group show", options: &["--group"], table: None, run: group_show },
    Command { name: "ad group list", options: &["--display-name", "--filter"], table: None, run: group_list },
    Command { name: "ad group delete", options: &["--group"], table: None, run: group_delete },
    Command { name: "ad group member add", options: &["--group", "--member-id"], table: None, run: member_add },
    Command { name: "ad group member list", options: &["--group"], table: None, run: member_list },
    Command { name: "ad group member remove", options: &["--group", "--member-id"], table: None, run: member_remove },
];

/// `az ad group member check`, whose answer is a table of its own.
pub(super) const CHECK: [Command; 1] =
    [Command { name: "ad group member check", options: &["--group", "--member-id"], table: None, run: member_check }];

/// Sends a request to Graph, whose errors are told by their message alone (transcript 89).
pub(super) fn graph(session: &mut Session<'_, '_>, call: &Call) -> Result<Value, Failure> {
    session.fetch(call).map_err(told)
}

/// The objects of a collection that a filter chooses.
pub(super) fn found(session: &mut Session<'_, '_>, set: &str, filter: &str) -> Result<Vec<Value>, Failure> {
    let filter = if filter.is_empty() { String::new() } else { format!("?$filter={}", query_encoded(filter)) };
    session.list(&Call::graph(Method::GET, &format!("/{set}{filter}"))).map_err(told)
}

fn told(failure: Failure) -> Failure {
    match failure {
        Failure::Service { message, status } if status != 404 => Failure::Refused(message_of(&message)),
        Failure::Service { message, status } => Failure::Service { status, message: message_of(&message) },
        other => other,
    }
}

fn message_of(text: &str) -> String {
    let message = text.split("\nMessage: ").nth(1).unwrap_or(text);
    message.split("\nInner error: ").next().unwrap_or(message).to_owned()
}

/// A text inside a filter.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// What the options that narrow a list ask for together.
fn narrowed(arguments: &Arguments, exact: Option<(&str, &str)>) -> String {
    let mut terms: Vec<String> = arguments.get("--filter").map(str::to_owned).into_iter().collect();
    if let Some((property, value)) = exact {
        terms.push(format!("{property} eq {}", quoted(value)));
    }
    if let Some(name) = arguments.get("--display-name") {
        terms.push(format!("startswith(displayName,{})", quoted(name)));
    }
    terms.join(" and ")
}

/// Who is signed in, as Graph tells it.
pub(super) fn me(session: &mut Session<'_, '_>) -> Result<Value, Failure> {
    graph(session, &Call::graph(Method::GET, "/me"))
}

fn user(arguments: &Arguments) -> String {
    format!("/users/{}", path_encoded(arguments.required("--id")))
}

fn user_create(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let upn = arguments.required("--user-principal-name");
    let nickname = arguments.get("--mail-nickname").unwrap_or_else(|| upn.split('@').next().unwrap_or_default());
    let must_change = arguments.truth("--force-change-password-next-sign-in").unwrap_or(false);
    let body = json!({
        "userPrincipalName": upn,
        "displayName": arguments.required("--display-name"),
        "passwordProfile": {"forceChangePasswordNextSignIn": must_change, "password": arguments.required("--password")},
        "mailNickname": nickname,
        "accountEnabled": true,
    });
    graph(session, &Call::graph(Method::POST, "/users").with_body(body))
}

fn user_show(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    graph(session, &Call::graph(Method::GET, &user(arguments)))
}

fn user_list(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let filter = narrowed(arguments, arguments.get("--upn").map(|upn| ("userPrincipalName", upn)));
    found(session, "users", &filter).map(Value::Array)
}

fn user_delete(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    graph(session, &Call::graph(Method::DELETE, &user(arguments)))
}

fn user_groups(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let body = json!({"securityEnabledOnly": arguments.truth("--security-enabled-only").unwrap_or(false)});
    let answer = graph(session, &Call::graph(Method::POST, &format!("{}/getMemberGroups", user(arguments))).with_body(body))?;
    let ids = answer["value"].as_array().cloned().unwrap_or_default();
    let body = json!({"ids": ids, "types": ["user", "group", "servicePrincipal", "directoryObjectPartnerReference"]});
    let known = if ids.is_empty() {
        Vec::new()
    } else {
        session.list(&Call::graph(Method::POST, "/directoryObjects/getByIds").with_body(body)).unwrap_or_default()
    };
    let name = |id: &Value| known.iter().find(|object| object["id"] == *id).map_or(Value::Null, |object| object["displayName"].clone());
    Ok(ids.iter().map(|id| json!({"id": id, "displayName": name(id)})).collect())
}

fn group_create(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let (name, nickname) = (arguments.required("--display-name"), arguments.required("--mail-nickname"));
    if !arguments.truth("--force").unwrap_or(false) {
        let filter = format!("displayName eq {} and mailNickname eq {}", quoted(name), quoted(nickname));
        if let Some(known) = found(session, "groups", &filter)?.into_iter().next() {
            session.warn("A group with the same display name and mail nickname already exists, returning.");
            return Ok(known);
        }
    }
    let mut body = json!({"displayName": name, "mailNickname": nickname, "mailEnabled": false, "securityEnabled": true});
    if let Some(description) = arguments.get("--description") {
        body["description"] = json!(description);
    }
    graph(session, &Call::graph(Method::POST, "/groups").with_body(body))
}

/// The id of the group that `--group` names: an id, a name, or the beginning of the only name that begins so.
fn group(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<String, Failure> {
    let name = arguments.required("--group");
    if uuid::Uuid::try_parse(name).is_ok() {
        return Ok(name.to_owned());
    }
    let mut groups = found(session, "groups", &format!("displayName eq {}", quoted(name)))?;
    if groups.is_empty() {
        groups = found(session, "groups", &format!("startswith(displayName,{})", quoted(name)))?;
    }
    match groups.as_slice() {
        [] => Err(Failure::Refused(format!("No group matches the name of '{name}'"))),
        [one] => Ok(one["id"].as_str().unwrap_or_default().to_owned()),
        _ => Err(Failure::Refused(format!("More than one group match the name of '{name}'"))),
    }
}

fn group_show(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let group = group(session, arguments)?;
    graph(session, &Call::graph(Method::GET, &format!("/groups/{group}")))
}

fn group_list(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    found(session, "groups", &narrowed(arguments, None)).map(Value::Array)
}

fn group_delete(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let group = group(session, arguments)?;
    graph(session, &Call::graph(Method::DELETE, &format!("/groups/{group}")))
}

fn member_add(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let (group, member) = (group(session, arguments)?, arguments.required("--member-id"));
    let body = json!({"@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{member}")});
    graph(session, &Call::graph(Method::POST, &format!("/groups/{group}/members/$ref")).with_body(body))
}

fn member_list(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let group = group(session, arguments)?;
    found(session, &format!("groups/{group}/members"), "").map(Value::Array)
}

fn member_remove(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let (group, member) = (group(session, arguments)?, path_encoded(arguments.required("--member-id")));
    graph(session, &Call::graph(Method::DELETE, &format!("/groups/{group}/members/{member}/$ref")))
}

fn member_check(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Value, Failure> {
    let (group, member) = (group(session, arguments)?, path_encoded(arguments.required("--member-id")));
    let call = Call::graph(Method::POST, &format!("/directoryObjects/{member}/checkMemberGroups"));
    let answer = graph(session, &call.with_body(json!({"groupIds": [group]})))?;
    let is_member = answer["value"].as_array().is_some_and(|found| found.iter().any(|id| *id == json!(group)));
    Ok(json!({ "value": is_member }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_graph_is_its_message_alone() {
        let text = "(Request_BadRequest) No.\nCode: Request_BadRequest\nMessage: No.\nInner error: {\n}";
        let refused = told(Failure::Service { status: 400, message: text.to_owned() });
        assert_eq!(refused, Failure::Refused("No.".to_owned()));
        let missing = told(Failure::Service { status: 404, message: text.to_owned() });
        assert_eq!(missing.status(), 3, "what is not there has a status of its own");
        assert_eq!(quoted("O'Brien"), "'O''Brien'");
    }
}
