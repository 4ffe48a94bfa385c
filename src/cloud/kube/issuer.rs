//! The public documents of a cluster's OIDC issuer, on a host of their own: `REGION.oic.prod-aks.azure.com/TENANT/GUID/`.

use http::Method;
use serde_json::{Value, json};

use super::model::Cluster;
use crate::cloud::fault::Fault;
use crate::cloud::http::endpoint::{Access, Context, Endpoint, Params, Reply, Request};
use crate::cloud::identity::keys;

/// What issuers' hosts end with.
pub(crate) const HOST_SUFFIX: &str = ".oic.prod-aks.azure.com";

/// The document that a request asks an issuer for.
pub(crate) fn route(request: &Request) -> Result<Endpoint, Fault> {
    let access = Access::Public("an issuer's keys are public, so that anybody can check its tokens");
    let found = if request.method == Method::GET { issuer_and_document(request) } else { None };
    match found {
        Some((issuer, document)) => {
            let params = Params::of(&[("issuer", &issuer), ("document", document)]);
            Ok(Endpoint { name: "kube.issuer", access, params, run: answer })
        }
        None => Err(not_found()),
    }
}

fn issuer_and_document(request: &Request) -> Option<(String, &'static str)> {
    let parts = request.parts();
    let (tenant, guid, document) = match parts.as_slice() {
        [tenant, guid, ".well-known", "openid-configuration"] => (tenant, guid, "configuration"),
        [tenant, guid, "openid", "v1", "jwks"] => (tenant, guid, "keys"),
        _ => return None,
    };
    Some((format!("https://{}/{tenant}/{guid}/", request.host), document))
}

fn not_found() -> Fault {
    // Assumed: the storage service behind the issuer's host answers so.
    Fault::new(404, "BlobNotFound", "The specified blob does not exist.")
}

fn answer(context: &mut Context<'_>) -> Result<Reply, Fault> {
    let cluster = context.state.kube.by_issuer(context.params.get("issuer")).ok_or_else(not_found)?;
    Ok(Reply::json(match context.params.get("document") {
        "configuration" => configuration(&cluster.settings.issuer_url),
        _ => json!({ "keys": published_keys(cluster) }),
    }))
}

/// AKS documentation "Create an OpenID Connect provider" shows this document.
fn configuration(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}openid/v1/jwks"),
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    })
}

/// The keys that sign the cluster's tokens.
pub(crate) fn published_keys(cluster: &Cluster) -> Vec<Value> {
    vec![keys::cluster().jwk(&cluster.issuer())]
}
