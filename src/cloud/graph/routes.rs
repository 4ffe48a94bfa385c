//! Paths of Microsoft Graph.

use serde_json::{Value, json};

use super::shape;
use crate::cloud::fault::Fault;
use crate::cloud::http::endpoint::{Access, Context, Endpoint, Params, Reply, Request};
use crate::cloud::http::hosts;
use crate::cloud::identity::caller::CallerKind;
use crate::cloud::identity::entra::model::Principal;

/// The operation that a request asks Graph for.
pub(crate) fn route(request: &Request) -> Option<Result<Endpoint, Fault>> {
    if request.host != hosts::GRAPH {
        return None;
    }
    let unknown = || {
        let what = format!("Microsoft Graph {} {}", request.method, request.path);
        Some(Err(Fault::unsupported(what, "only reading users, groups and service principals is emulated")))
    };
    let parts = request.parts();
    let [version, rest @ ..] = &parts[..] else { return unknown() };
    if !version.eq_ignore_ascii_case("v1.0") {
        return unknown();
    }
    let found = |name, id: &str, run| Some(Ok(Endpoint { name, access: Access::Graph, params: Params::of(&[("id", id)]), run }));
    let is = |word: &str, keyword: &str| word.eq_ignore_ascii_case(keyword);
    match (request.method.as_str(), rest) {
        ("GET", [me]) if is(me, "me") => found("graph.me", "", me_get),
        ("GET", [users]) if is(users, "users") => found("graph.users.list", "", users_list),
        ("GET", [users, id]) if is(users, "users") => found("graph.users.get", id, users_get),
        ("GET", [groups]) if is(groups, "groups") => found("graph.groups.list", "", groups_list),
        ("GET", [principals]) if is(principals, "servicePrincipals") => found("graph.servicePrincipals.list", "", principals_list),
        ("GET", [principals, id]) if is(principals, "servicePrincipals") => found("graph.servicePrincipals.get", id, principals_get),
        ("GET", [objects, id]) if is(objects, "directoryObjects") => found("graph.directoryObjects.get", id, objects_get),
        ("POST", [objects, by_ids]) if is(objects, "directoryObjects") && is(by_ids, "getByIds") => found("graph.getByIds", "", get_by_ids),
        _ => unknown(),
    }
}

fn me_get(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let caller = context.caller.entra().filter(|caller| caller.kind == CallerKind::User);
    // Public reports: an application has no `me`.
    let refusal = || Fault::new(400, "BadRequest", "/me request is only valid with delegated authentication flow.");
    users_entity(context, &caller.ok_or_else(refusal)?.object_id)
}

fn users_get(context: &mut Context<'_>) -> Result<Reply, Fault> {
    users_entity(context, context.params.get("id"))
}

fn users_entity(context: &Context<'_>, id: &str) -> Result<Reply, Fault> {
    let known = context
        .state
        .directory
        .users
        .iter()
        .find(|user| user.object_id.eq_ignore_ascii_case(id) || user.user_principal_name.eq_ignore_ascii_case(id));
    Ok(entity("users", shape::user(known.ok_or_else(|| not_found(id))?)))
}

fn users_list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let filter = filter(context)?;
    let users = context.state.directory.users.iter();
    let shown = users.filter(|user| match &filter {
        None => true,
        Some((property, value)) => match property.as_str() {
            "userprincipalname" => user.user_principal_name.eq_ignore_ascii_case(value),
            "displayname" => user.display_name.eq_ignore_ascii_case(value),
            "id" => user.object_id.eq_ignore_ascii_case(value),
            _ => false,
        },
    });
    Ok(collection("users", shown.map(shape::user).collect()))
}

fn groups_list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let filter = filter(context)?;
    let groups = context.state.directory.groups.iter();
    let shown = groups.filter(|group| match &filter {
        None => true,
        Some((property, value)) => property == "displayname" && group.display_name.eq_ignore_ascii_case(value),
    });
    Ok(collection("groups", shown.map(shape::group).collect()))
}

fn principals_list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let filter = filter(context)?;
    let directory = &context.state.directory;
    let shown = directory.service_principals.iter().filter(|principal| match &filter {
        None => true,
        Some((property, value)) => match property.as_str() {
            "serviceprincipalnames" => shape::service_principal_names(principal).iter().any(|name| name.eq_ignore_ascii_case(value)),
            "appid" => principal.app_id.eq_ignore_ascii_case(value),
            "displayname" => principal.display_name.eq_ignore_ascii_case(value),
            "id" => principal.object_id.eq_ignore_ascii_case(value),
            _ => false,
        },
    });
    Ok(collection("servicePrincipals", shown.map(|principal| shape::service_principal(directory, principal)).collect()))
}

fn principals_get(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let (directory, id) = (&context.state.directory, context.params.get("id"));
    match directory.principal(id) {
        Some(Principal::Service(found)) => Ok(entity("servicePrincipals", shape::service_principal(directory, found))),
        _ => Err(not_found(id)),
    }
}

fn objects_get(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let (directory, id) = (&context.state.directory, context.params.get("id"));
    let found = directory.principal(id).ok_or_else(|| not_found(id))?;
    Ok(entity("directoryObjects", shape::typed(directory, found)))
}

/// Documented: ids that nobody has, and objects of other types than asked for, are left out.
fn get_by_ids(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let body = context.request.json()?;
    let texts = |name: &str| -> Vec<String> {
        let listed = body[name].as_array().into_iter().flatten().filter_map(Value::as_str);
        listed.map(str::to_owned).collect()
    };
    let (ids, types) = (texts("ids"), texts("types"));
    if let Some(bad) = ids.iter().find(|id| uuid::Uuid::try_parse(id).is_err()) {
        // Public reports.
        return Err(Fault::new(400, "Request_BadRequest", format!("Invalid GUID:{bad}")));
    }
    let directory = &context.state.directory;
    let asked_for = |principal: &Principal<'_>| {
        let kind = match principal {
            Principal::User(_) => "user",
            Principal::Group(_) => "group",
            Principal::Service(_) => "servicePrincipal",
        };
        types.is_empty() || types.iter().any(|wanted| wanted.eq_ignore_ascii_case(kind) || wanted.eq_ignore_ascii_case("directoryObject"))
    };
    let found = ids.iter().filter_map(|id| directory.principal(id)).filter(asked_for).map(|principal| shape::typed(directory, principal));
    Ok(collection("directoryObjects", found.collect()))
}

/// `property eq 'value'` or `property/any(c:c eq 'value')`, the property in lower case. Other filters are refused by name.
fn filter(context: &Context<'_>) -> Result<Option<(String, String)>, Fault> {
    let Some(text) = context.request.query.get("$filter").map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    let refused = || Fault::unsupported(format!("the Microsoft Graph filter \"{text}\""), "list everything and select with --query");
    let (left, right) = text.split_once(" eq ").ok_or_else(refused)?;
    let right = right.trim().trim_end_matches(')');
    let value = right.strip_prefix('\'').and_then(|right| right.strip_suffix('\'')).ok_or_else(refused)?.replace("''", "'");
    let property = left.split_once("/any(").map_or(left, |(property, _)| property).trim().to_lowercase();
    let known = ["userprincipalname", "displayname", "serviceprincipalnames", "appid", "id"];
    if value.contains('\'') || !known.contains(&property.as_str()) {
        return Err(refused());
    }
    Ok(Some((property, value)))
}

/// Public report; the dialect of the host adds the inner error.
fn not_found(id: &str) -> Fault {
    let message = format!("Resource '{id}' does not exist or one of its queried reference-property objects are not present.");
    Fault::new(404, "Request_ResourceNotFound", message)
}

/// Recorded.
const CONTENT_TYPE: &str = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";

fn entity(set: &str, object: Value) -> Reply {
    let mut shown = serde_json::Map::new();
    shown.insert("@odata.context".to_owned(), json!(format!("https://graph.microsoft.com/v1.0/$metadata#{set}/$entity")));
    if let Value::Object(members) = object {
        shown.extend(members);
    }
    reply(Value::Object(shown))
}

fn collection(set: &str, value: Vec<Value>) -> Reply {
    reply(json!({"@odata.context": format!("https://graph.microsoft.com/v1.0/$metadata#{set}"), "value": value}))
}

fn reply(body: Value) -> Reply {
    Reply::json(body).with_header("content-type", CONTENT_TYPE).with_header("odata-version", "4.0")
}
