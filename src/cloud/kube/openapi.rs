//! The least OpenAPI that makes kubectl leave validation to the server: one PATCH operation with `fieldValidation` for each kind, and
//! no schemas (measured with kubectl 1.27 to 1.33).

use serde_json::{Map, Value, json};

use super::resources::{self, Emulation, Resource};

/// The content type of an OpenAPI 2 document; the body is the protobuf of `swagger: "2.0"`.
pub(crate) const V2_CONTENT_TYPE: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
/// An OpenAPI 2 document that says nothing.
pub(crate) const V2_BODY: &[u8] = &[0x0a, 0x03, b'2', b'.', b'0'];

/// `GET /openapi/v3`: where the documents are. `version` makes the links change with the server.
pub(crate) fn index(version: &str) -> Value {
    let mut paths = Map::new();
    let groups = resources::groups().into_iter().map(|(group, version)| format!("apis/{group}/{version}"));
    for path in std::iter::once("api/v1".to_owned()).chain(groups) {
        let link = json!({"serverRelativeURL": format!("/openapi/v3/{path}?hash={version}")});
        paths.insert(path, link);
    }
    json!({ "paths": paths })
}

/// `GET /openapi/v3/api/v1` and its like; `None` for an unknown group.
pub(crate) fn document(group: &str, version: &str, git_version: &str) -> Option<Value> {
    let mut paths = Map::new();
    for resource in resources::all().iter().filter(|resource| resource.group == group && resource.version == version) {
        if resource.emulation != Emulation::Review {
            paths.insert(path_of(resource), json!({ "patch": patch_operation(resource) }));
        }
    }
    let known = group.is_empty() || resources::groups().contains(&(group, version));
    known.then(|| {
        json!({
            "openapi": "3.0.0",
            "info": {"title": "Kubernetes", "version": git_version},
            "paths": paths,
            "components": {"schemas": {}},
        })
    })
}

fn path_of(resource: &Resource) -> String {
    let root = if resource.group.is_empty() { "/api/v1".to_owned() } else { format!("/apis/{}/{}", resource.group, resource.version) };
    let namespace = if resource.namespaced { "/namespaces/{namespace}" } else { "" };
    format!("{root}{namespace}/{}/{{name}}", resource.plural)
}

fn patch_operation(resource: &Resource) -> Value {
    json!({
        "x-kubernetes-group-version-kind": {"group": resource.group, "version": resource.version, "kind": resource.kind},
        "parameters": [{"name": "fieldValidation", "in": "query", "schema": {"type": "string", "uniqueItems": true}}],
        "responses": {"200": {"description": "OK"}},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_of_the_index_has_its_document() {
        let index = index("v1");
        for path in index["paths"].as_object().expect("paths").keys() {
            let (group, version) = match path.strip_prefix("apis/") {
                Some(rest) => rest.split_once('/').expect("group and version"),
                None => ("", "v1"),
            };
            assert!(document(group, version, "v1.34.5").is_some(), "{path}");
        }
        let core = document("", "v1", "v1.34.5").expect("core");
        assert!(core["paths"]["/api/v1/namespaces/{namespace}/pods/{name}"]["patch"].is_object());
        assert!(document("nosuch", "v1", "v1").is_none());
    }
}
