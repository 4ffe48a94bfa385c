//! Paths of Microsoft Graph.

use serde_json::{Value, json};

use super::directory::{self, not_found};
use super::filter::Filter;
use super::shape;
use crate::cloud::fault::Fault;
use crate::cloud::http::endpoint::{Access, Context, Endpoint, Params, Reply, Request};
use crate::cloud::http::hosts;
use crate::cloud::identity::caller::CallerKind;
use crate::cloud::identity::entra::model::{Group, Principal};

/// The operation that a request asks Graph for.
pub(crate) fn route(request: &Request) -> Option<Result<Endpoint, Fault>> {
    if request.host != hosts::GRAPH {
        return None;
    }
    let unknown = || {
        let what = format!("Microsoft Graph {} {}", request.method, request.path);
        Some(Err(Fault::unsupported(what, "users, groups, applications and service principals are emulated")))
    };
    let parts = request.parts();
    let [version, rest @ ..] = &parts[..] else { return unknown() };
    if !version.eq_ignore_ascii_case("v1.0") {
        return unknown();
    }
    let found = |name, id: &str, member: &str, run| {
        Some(Ok(Endpoint { name, access: Access::Graph, params: Params::of(&[("id", id), ("member", member)]), run }))
    };
    let kind = rest.first().map(|kind| kind.to_ascii_lowercase()).unwrap_or_default();
    let below: Vec<String> = rest.iter().skip(2).map(|word| word.to_ascii_lowercase()).collect();
    let below: Vec<&str> = below.iter().map(String::as_str).collect();
    let id = rest.get(1).copied().unwrap_or_default();
    match (request.method.as_str(), kind.as_str(), id, below.as_slice()) {
        ("GET", "me", "", []) => found("graph.me", "", "", me_get),
        ("GET", "users", "", []) => found("graph.users.list", "", "", users_list),
        ("POST", "users", "", []) => found("graph.users.create", "", "", users_create),
        ("GET", "users", id, []) => found("graph.users.get", id, "", users_get),
        ("DELETE", "users", id, []) => found("graph.users.delete", id, "", users_delete),
        ("GET", "groups", "", []) => found("graph.groups.list", "", "", groups_list),
        ("POST", "groups", "", []) => found("graph.groups.create", "", "", groups_create),
        ("GET", "groups", id, []) => found("graph.groups.get", id, "", groups_get),
        ("DELETE", "groups", id, []) => found("graph.groups.delete", id, "", groups_delete),
        ("GET", "groups", id, ["members"]) => found("graph.groups.members", id, "", members_list),
        ("POST", "groups", id, ["members", "$ref"]) => found("graph.groups.members.add", id, "", members_add),
        ("DELETE", "groups", id, ["members", member, "$ref"]) => found("graph.groups.members.remove", id, member, members_remove),
        ("GET", "applications", "", []) => found("graph.applications.list", "", "", applications_list),
        ("POST", "applications", "", []) => found("graph.applications.create", "", "", applications_create),
        ("GET", "applications", id, []) => found("graph.applications.get", id, "", applications_get),
        ("DELETE", "applications", id, []) => found("graph.applications.delete", id, "", applications_delete),
        ("POST", "applications", id, ["addpassword"]) => found("graph.applications.addPassword", id, "", password_add),
        ("POST", "applications", id, ["removepassword"]) => found("graph.applications.removePassword", id, "", password_remove),
        ("GET", "serviceprincipals", "", []) => found("graph.servicePrincipals.list", "", "", principals_list),
        ("POST", "serviceprincipals", "", []) => found("graph.servicePrincipals.create", "", "", principals_create),
        ("GET", "serviceprincipals", id, []) => found("graph.servicePrincipals.get", id, "", principals_get),
        ("DELETE", "serviceprincipals", id, []) => found("graph.servicePrincipals.delete", id, "", principals_delete),
        ("POST", "directoryobjects", by_ids, []) if by_ids.eq_ignore_ascii_case("getByIds") => found("graph.getByIds", "", "", get_by_ids),
        ("GET", "directoryobjects", id, []) => found("graph.directoryObjects.get", id, "", objects_get),
        ("POST", "directoryobjects" | "users" | "groups", id, ["checkmembergroups"]) => {
            found("graph.checkMemberGroups", id, "", check_member_groups)
        }
        ("POST", "directoryobjects" | "users" | "groups" | "serviceprincipals", id, ["getmembergroups"]) => {
            found("graph.getMemberGroups", id, "", get_member_groups)
        }
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
    let shown = users.filter(|user| {
        filter.matches(|property| match property {
            "userprincipalname" => vec![&user.user_principal_name],
            "displayname" => vec![&user.display_name],
            "id" => vec![&user.object_id],
            _ => Vec::new(),
        })
    });
    Ok(collection("users", shown.map(shape::user).collect()))
}

/// The body of a request that changes the directory, whose sender may.
fn change(context: &Context<'_>) -> Result<Value, Fault> {
    directory::require_administrator(context.state, context.caller)?;
    if context.request.body.is_empty() { Ok(Value::Null) } else { context.request.json() }
}

fn users_create(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let body = change(context)?;
    let user = directory::create_user(context.state, &body)?;
    Ok(created("users", shape::user(&user)))
}

fn users_delete(context: &mut Context<'_>) -> Result<Reply, Fault> {
    change(context)?;
    directory::delete_user(context.state, context.params.get("id")).map(|()| Reply::empty(204))
}

fn groups_list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let filter = filter(context)?;
    let groups = context.state.directory.groups.iter();
    let shown = groups.filter(|group| {
        filter.matches(|property| match property {
            "displayname" => vec![&group.display_name],
            "mailnickname" => vec![&group.mail_nickname],
            "id" => vec![&group.object_id],
            _ => Vec::new(),
        })
    });
    Ok(collection("groups", shown.map(shape::group).collect()))
}

fn group<'a>(context: &'a Context<'_>) -> Result<&'a Group, Fault> {
    let id = context.params.get("id");
    context.state.directory.groups.iter().find(|group| group.object_id.eq_ignore_ascii_case(id)).ok_or_else(|| not_found(id))
}

fn groups_get(context: &mut Context<'_>) -> Result<Reply, Fault> {
    Ok(entity("groups", shape::group(group(context)?)))
}

fn groups_create(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let body = change(context)?;
    let group = directory::create_group(context.state, &body, context.now)?;
    Ok(created("groups", shape::group(&group)))
}

fn groups_delete(context: &mut Context<'_>) -> Result<Reply, Fault> {
    change(context)?;
    directory::delete_group(context.state, context.params.get("id")).map(|()| Reply::empty(204))
}

/// Documented: direct members only.
fn members_list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let directory = &context.state.directory;
    let members = group(context)?.members.iter().filter_map(|member| directory.principal(member));
    Ok(collection("directoryObjects", members.map(|member| shape::typed(directory, member)).collect()))
}

fn members_add(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let body = change(context)?;
    let reference = body["@odata.id"].as_str().unwrap_or_default();
    directory::add_member(context.state, context.params.get("id"), reference).map(|()| Reply::empty(204))
}

fn members_remove(context: &mut Context<'_>) -> Result<Reply, Fault> {
    change(context)?;
    let (group, member) = (context.params.get("id"), context.params.get("member"));
    directory::remove_member(context.state, group, member).map(|()| Reply::empty(204))
}

/// The groups that an object is in, directly or through others. Users are known by name too.
fn groups_of(context: &Context<'_>) -> Result<Vec<String>, Fault> {
    let (directory, id) = (&context.state.directory, context.params.get("id"));
    let user = directory.users.iter().find(|user| user.user_principal_name.eq_ignore_ascii_case(id));
    let id = user.map_or(id, |user| &user.object_id);
    let principal = directory.principal(id).ok_or_else(|| not_found(id))?;
    Ok(directory.with_groups(principal.object_id()).split_off(1))
}

fn check_member_groups(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let body = context.request.json()?;
    let asked: Vec<&str> = body["groupIds"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let found: Vec<Value> =
        groups_of(context)?.into_iter().filter(|group| asked.iter().any(|id| id.eq_ignore_ascii_case(group))).map(Value::from).collect();
    Ok(strings(found))
}

fn get_member_groups(context: &mut Context<'_>) -> Result<Reply, Fault> {
    Ok(strings(groups_of(context)?.into_iter().map(Value::from).collect()))
}

fn applications_list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let filter = filter(context)?;
    let directory = &context.state.directory;
    let shown = directory.applications.iter().filter(|application| {
        filter.matches(|property| match property {
            "appid" => vec![&application.app_id],
            "displayname" => vec![&application.display_name],
            "id" => vec![&application.object_id],
            _ => Vec::new(),
        })
    });
    Ok(collection("applications", shown.map(|application| shape::application(directory, application)).collect()))
}

fn applications_get(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let (directory, id) = (&context.state.directory, context.params.get("id"));
    let found = directory.applications.iter().find(|known| known.object_id.eq_ignore_ascii_case(id)).ok_or_else(|| not_found(id))?;
    Ok(entity("applications", shape::application(directory, found)))
}

fn applications_create(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let body = change(context)?;
    let application = directory::create_application(context.state, &body, context.now)?;
    Ok(created("applications", shape::application(&context.state.directory, &application)))
}

fn applications_delete(context: &mut Context<'_>) -> Result<Reply, Fault> {
    change(context)?;
    directory::delete_application(context.state, context.params.get("id")).map(|()| Reply::empty(204))
}

fn password_add(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let body = change(context)?;
    let shown = directory::add_password(context.state, context.params.get("id"), &body, context.now)?;
    Ok(entity("microsoft.graph.passwordCredential", shown))
}

fn password_remove(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let body = change(context)?;
    directory::remove_password(context.state, context.params.get("id"), &body).map(|()| Reply::empty(204))
}

fn principals_list(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let filter = filter(context)?;
    let directory = &context.state.directory;
    let shown = directory.service_principals.iter().filter(|principal| {
        filter.matches(|property| match property {
            "serviceprincipalnames" => shape::service_principal_names(principal),
            "appid" => vec![&principal.app_id],
            "displayname" => vec![&principal.display_name],
            "id" => vec![&principal.object_id],
            _ => Vec::new(),
        })
    });
    Ok(collection("servicePrincipals", shown.map(|principal| shape::service_principal(directory, principal)).collect()))
}

fn principals_create(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let body = change(context)?;
    let principal = directory::create_service_principal(context.state, &body, context.now)?;
    Ok(created("servicePrincipals", shape::service_principal(&context.state.directory, &principal)))
}

fn principals_delete(context: &mut Context<'_>) -> Result<Reply, Fault> {
    change(context)?;
    directory::delete_service_principal(context.state, context.params.get("id")).map(|()| Reply::empty(204))
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

fn filter(context: &Context<'_>) -> Result<Filter, Fault> {
    Filter::parse(context.request.query.get("$filter").unwrap_or_default())
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

fn created(set: &str, object: Value) -> Reply {
    let mut reply = entity(set, object);
    reply.status = 201;
    reply
}

fn strings(values: Vec<Value>) -> Reply {
    reply(json!({"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#Collection(Edm.String)", "value": values}))
}

fn collection(set: &str, value: Vec<Value>) -> Reply {
    reply(json!({"@odata.context": format!("https://graph.microsoft.com/v1.0/$metadata#{set}"), "value": value}))
}

fn reply(body: Value) -> Reply {
    Reply::json(body).with_header("content-type", CONTENT_TYPE).with_header("odata-version", "4.0")
}
