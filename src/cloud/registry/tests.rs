use http::Method;
use serde_json::{Value, json};

use super::pull::seen_by;
use crate::cloud::kube::pods::images::Image;
use crate::cloud::lab::{Lab, Who, error};

fn registry(lab: &Lab, name: &str) -> String {
    let id = lab.in_group(&format!("Microsoft.ContainerRegistry/registries/{name}"));
    let body = json!({"location": "eastus", "sku": {"name": "Basic"}, "properties": {"adminUserEnabled": false}});
    let (status, made) = lab.arm(Method::PUT, &id, &body);
    assert_eq!((status, &made["properties"]["loginServer"]), (201, &json!(format!("{name}.azurecr.io"))), "{made}");
    id
}

fn import(lab: &Lab, id: &str, host: &str, image: &str) -> (u16, Value) {
    let body = json!({"source": {"registryUri": host, "sourceImage": image}, "targetTags": [image], "mode": "NoForce"});
    lab.arm(Method::POST, &format!("{id}/importImage"), &body)
}

#[track_caller]
fn check_pull(lab: &Lab, object_id: &str, reference: &str, expected: Option<&str>) {
    let image = Image::parse(reference).expect("a reference");
    let failure = seen_by(&lab.cloud.shared.state(), object_id).failure(&image);
    match expected {
        None => assert_eq!(failure, None),
        Some(text) => assert!(failure.as_deref().is_some_and(|failure| failure.ends_with(text)), "{failure:?}"),
    }
}

#[test]
fn who_has_acrpull_pulls_what_is_there_and_nobody_else_does() {
    let lab = Lab::new();
    let (_, kubelet) = lab.identity("kubelet");
    let id = registry(&lab, "shopregistry");
    assert_eq!(import(&lab, &id, "docker.io", "library/nginx:1.27").0, 200);
    let refused = "/oauth2/token?scope=repository%3Alibrary%2Fnginx%3Apull&service=shopregistry.azurecr.io: 401 Unauthorized";
    check_pull(&lab, &kubelet, "shopregistry.azurecr.io/library/nginx:1.27", Some(refused));
    lab.assign(&kubelet, "AcrPull", &id);
    check_pull(&lab, &kubelet, "shopregistry.azurecr.io/library/nginx:1.27", None);
    check_pull(&lab, &kubelet, "shopregistry.azurecr.io/library/nginx:2", Some("shopregistry.azurecr.io/library/nginx:2: not found"));
    check_pull(&lab, &kubelet, "otherregistry.azurecr.io/nginx", Some("lookup otherregistry.azurecr.io on 168.63.129.16:53: no such host"));
    check_pull(&lab, &kubelet, "nginx", None);
    assert_eq!(lab.arm(Method::DELETE, &id, &Value::Null).0, 200);
    check_pull(&lab, &kubelet, "shopregistry.azurecr.io/library/nginx:1.27", Some("no such host"));
}

#[test]
fn what_does_not_fit_is_refused() {
    let lab = Lab::new();
    let put =
        |name: &str, body: &Value| lab.arm(Method::PUT, &lab.in_group(&format!("Microsoft.ContainerRegistry/registries/{name}")), body);
    let body = json!({"location": "eastus", "sku": {"name": "Basic"}});
    assert_eq!(error(&put("abc", &body).1).0, "InvalidRegistryName");
    assert_eq!(error(&put("with-dash", &body).1).0, "InvalidRegistryName");
    assert_eq!(error(&put("goodname", &json!({"location": "eastus", "sku": {"name": "Classic"}})).1).0, "InvalidSku");
    let unusual = json!({"location": "eastus", "sku": {"name": "Basic"}, "properties": {"adminUserEnabled": true}});
    assert_eq!(put("goodname", &unusual).0, 501);
    let id = registry(&lab, "goodname");
    assert_eq!(put("goodname", &body).0, 200);
    let elsewhere = lab.path("/resourceGroups/other/providers/Microsoft.ContainerRegistry/registries/goodname");
    assert_eq!(error(&lab.arm(Method::PUT, &elsewhere, &body).1).0, "AlreadyInUse");
    assert_eq!(import(&lab, &id, "docker.io", "library/nginx:1").0, 200);
    assert_eq!(import(&lab, &id, "docker.io", "library/nginx:1").0, 409);
    assert_eq!(import(&lab, &id, "docker.io", "library/ngnix:1").0, 400);
    assert_eq!(import(&lab, &id, "nobody.azurecr.io", "a:1").0, 400);
    let (reader, _) = lab.identity("reader");
    assert_eq!(lab.arm_as(Who::App(&reader), Method::GET, &id, &Value::Null).0, 403);
    let (status, listed) = lab.arm(Method::GET, &lab.path("/resources"), &Value::Null);
    let has_it = listed["value"].as_array().is_some_and(|all| all.iter().any(|one| one["name"] == "goodname"));
    assert!(status == 200 && has_it, "{listed}");
}
