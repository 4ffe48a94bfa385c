//! Reviews: questions that are answered and not stored (`auth whoami`, `auth can-i`, token reviews).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::authenticate;
use super::authorizer::Asker;
use super::model::Cluster;
use super::objects::{rfc3339, text};
use super::rbac;
use super::status::Status;
use crate::cloud::http::endpoint::KubeAttributes;
use crate::cloud::identity::caller::KubeUser;
use crate::cloud::state::State;
use crate::cloud::trace::Checks;

/// Answers a review of `kind`; `namespace` is that of the path.
pub(crate) fn answer(
    state: &State,
    cluster: &Cluster,
    user: &KubeUser,
    kind: &str,
    namespace: &str,
    body: &Value,
    now: Timestamp,
) -> Result<Value, Status> {
    let mut answer = body.clone();
    answer["metadata"] = json!({"creationTimestamp": null});
    let spec = &body["spec"];
    answer["status"] = match kind {
        "SelfSubjectReview" => {
            answer["metadata"] = json!({"creationTimestamp": rfc3339(now)});
            json!({"userInfo": user_info(user)})
        }
        "SelfSubjectAccessReview" => access(state, cluster, user, spec),
        "SubjectAccessReview" => access(state, cluster, &named_user(spec), spec),
        "LocalSubjectAccessReview" => {
            if text(spec, "/resourceAttributes/namespace") != namespace {
                return Err(Status::bad_request("spec.resourceAttributes.namespace must match the namespace of the request"));
            }
            access(state, cluster, &named_user(spec), spec)
        }
        "SelfSubjectRulesReview" => {
            let (resources, paths) = rbac::rules_for(&cluster.store, user, text(spec, "/namespace"));
            let mut status = json!({"resourceRules": resources, "nonResourceRules": paths, "incomplete": false});
            if Asker::of(state, cluster, user).has_webhook() {
                // apiserver `plugin/pkg/authorizer/webhook/webhook.go`.
                status["incomplete"] = json!(true);
                status["evaluationError"] = json!("webhook authorizer does not support user rule resolution");
            }
            status
        }
        "TokenReview" => token(state, cluster, spec),
        _ => return Err(Status::not_emulated(kind)),
    };
    Ok(answer)
}

fn user_info(user: &KubeUser) -> Value {
    let mut info = json!({"username": user.name});
    if !user.uid.is_empty() {
        info["uid"] = json!(user.uid);
    }
    info["groups"] = json!(user.groups);
    for (name, values) in &user.extra {
        info["extra"][name] = json!(values);
    }
    info
}

fn named_user(spec: &Value) -> KubeUser {
    let groups = spec["groups"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    let texts = |values: &Value| values.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    // Protobuf and JSON bodies write a list of values either bare or as `items`.
    let extra = spec["extra"].as_object().into_iter().flatten();
    let extra = extra.map(|(name, values)| (name.clone(), texts(values.get("items").unwrap_or(values)))).collect();
    KubeUser { name: text(spec, "/user").to_owned(), uid: text(spec, "/uid").to_owned(), groups, extra }
}

fn access(state: &State, cluster: &Cluster, user: &KubeUser, spec: &Value) -> Value {
    let of = |name: &str| text(spec, &format!("/resourceAttributes/{name}")).to_owned();
    let attributes = if spec["nonResourceAttributes"].is_object() {
        KubeAttributes {
            verb: text(spec, "/nonResourceAttributes/verb").to_owned(),
            path: text(spec, "/nonResourceAttributes/path").to_owned(),
            ..KubeAttributes::default()
        }
    } else {
        KubeAttributes {
            verb: of("verb"),
            group: of("group"),
            resource: of("resource"),
            subresource: of("subresource"),
            namespace: of("namespace"),
            name: of("name"),
            path: String::new(),
        }
    };
    let decision = Asker::of(state, cluster, user).decide(&cluster.store, &attributes);
    let mut status = json!({"allowed": decision.allowed});
    if !decision.reason.is_empty() {
        status["reason"] = json!(decision.reason);
    }
    status
}

fn token(state: &State, cluster: &Cluster, spec: &Value) -> Value {
    let asked: Vec<String> = spec["audiences"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    let audiences = if asked.is_empty() { cluster.audiences() } else { asked };
    match authenticate::reviewed(state, cluster, text(spec, "/token"), &audiences, &mut Checks::default()) {
        Ok(user) => json!({"authenticated": true, "user": user_info(&user), "audiences": audiences}),
        Err(why) => json!({"user": {}, "error": why}),
    }
}
