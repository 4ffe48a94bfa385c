//! What an API server takes from strangers: roles and requests for its authorizer, tokens, patches, bodies. Whatever comes in, it answers, and
//! it allows nothing that a naive reading of the roles refuses.

use std::sync::LazyLock;

use http::Method;
use jiff::Timestamp;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof};
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};
use uuid::Uuid;

use super::authorizer::Asker;
use super::objects::{Key, Store};
use super::patch::{self, apply as server_side, json as json_patch, strategic};
use super::{decode, escalation, protobuf, rbac, resources};
use crate::cloud::http::endpoint::{KubeAttributes, Request};
use crate::cloud::http::pipeline;
use crate::cloud::identity::caller::KubeUser;
use crate::cloud::identity::keys;
use crate::cloud::lab::Lab;
use crate::cloud::profile::Profile;
use crate::cloud::state::State;
use crate::fuzz;

const GROUP: &str = "rbac.authorization.k8s.io";
const VERBS: &[&str] = &["get", "list", "bind", "escalate", "*"];
const GROUPS: &[&str] = &["", GROUP, "*"];
const KINDS: &[&str] = &["pods", "pods/log", "*/log", "roles", "clusterroles", "*", "pod"];
const NAMES: &[&str] = &["a", "b", "big"];
const URLS: &[&str] = &["/a", "/a/*", "*", "/a*", "/", "/b/c"];
const USERS: &[&str] = &["ada", "Ada", "system:serviceaccount:dev:bot", "system:serviceaccount:ops:bot"];
const USER_GROUPS: &[&str] = &["g", "h", "system:authenticated"];

fn some(of: &'static [&'static str], most: usize) -> impl Strategy<Value = Value> {
    subsequence(of, 0..=most).prop_map(|chosen| json!(chosen))
}

fn rule() -> impl Strategy<Value = Value> {
    let on_kinds = (some(VERBS, 3), some(GROUPS, 2), some(KINDS, 3), prop_oneof![3 => Just(json!([])), 1 => some(NAMES, 2)])
        .prop_map(|(verbs, groups, kinds, names)| json!({"verbs": verbs, "apiGroups": groups, "resources": kinds, "resourceNames": names}));
    let on_paths = (some(VERBS, 2), some(URLS, 2)).prop_map(|(verbs, urls)| json!({"verbs": verbs, "nonResourceURLs": urls}));
    prop_oneof![4 => on_kinds, 1 => on_paths]
}

fn subject() -> impl Strategy<Value = Value> {
    prop_oneof![
        select(USERS).prop_map(|name| json!({"kind": "User", "name": name})),
        select(USER_GROUPS).prop_map(|name| json!({"kind": "Group", "name": name})),
        Just(json!({"kind": "ServiceAccount", "name": "bot"})),
        Just(json!({"kind": "ServiceAccount", "name": "bot", "namespace": "dev"})),
        select(USERS).prop_map(|name| json!({"kind": "Robot", "name": name})),
    ]
}

/// Roles and bindings: plural, namespace, name, object.
type Objects = Vec<(&'static str, &'static str, String, Value)>;

fn objects() -> impl Strategy<Value = Objects> {
    let name = || select(NAMES).prop_map(str::to_owned);
    let rules = || vec(rule(), 0..4).prop_map(|rules| json!({ "rules": rules }));
    let binding = || {
        (select(vec!["Role", "ClusterRole"]), select(NAMES), vec(subject(), 0..3))
            .prop_map(|(kind, role, subjects)| json!({"roleRef": {"kind": kind, "name": role}, "subjects": subjects}))
    };
    let one = prop_oneof![
        (Just("clusterroles"), Just(""), name(), rules()),
        (Just("roles"), select(vec!["dev", "ops"]), name(), rules()),
        (Just("clusterrolebindings"), Just(""), name(), binding()),
        (Just("rolebindings"), select(vec!["dev", "ops"]), name(), binding()),
    ];
    vec(one, 0..10)
}

fn store(objects: &Objects) -> Store {
    let mut store = Store::new(Uuid::nil());
    for (plural, namespace, name, object) in objects {
        let kind = resources::find(GROUP, "v1", plural).expect("a kind");
        let mut object = object.clone();
        object["metadata"] = json!({ "name": name });
        store.create(kind, Key::new(kind, namespace, name), object, Timestamp::UNIX_EPOCH);
    }
    store
}

fn attributes() -> impl Strategy<Value = KubeAttributes> {
    let on_kinds = (select(VERBS), select(GROUPS), select(KINDS), select(vec!["", "dev", "ops"]), select(vec!["", "a", "b", "big"]))
        .prop_map(|(verb, group, kind, namespace, name)| {
            let (resource, subresource) = kind.split_once('/').unwrap_or((kind, ""));
            KubeAttributes {
                verb: verb.to_owned(),
                group: group.to_owned(),
                resource: resource.to_owned(),
                subresource: subresource.to_owned(),
                namespace: namespace.to_owned(),
                name: name.to_owned(),
                path: String::new(),
            }
        });
    let on_paths = (select(VERBS), select(vec!["/a", "/a/b", "/ab", "/", "/b/c", "/A"])).prop_map(|(verb, path)| KubeAttributes {
        verb: verb.to_owned(),
        path: path.to_owned(),
        ..KubeAttributes::default()
    });
    prop_oneof![4 => on_kinds, 1 => on_paths]
}

fn user() -> impl Strategy<Value = KubeUser> {
    (select(USERS), subsequence(USER_GROUPS, 0..=2)).prop_map(|(name, groups)| KubeUser {
        name: name.to_owned(),
        groups: groups.into_iter().map(str::to_owned).collect(),
        ..KubeUser::default()
    })
}

fn words(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The documentation's rules, one sentence after the other, over the list of objects as it was drawn.
fn naive(objects: &Objects, user: &KubeUser, asked: &KubeAttributes) -> bool {
    // A later object of the same name takes the place of an earlier one.
    let find = |plural: &str, namespace: &str, name: &str| {
        objects
            .iter()
            .rev()
            .find(|(known, place, called, _)| (*known, *place, called.as_str()) == (plural, namespace, name))
            .map(|found| &found.3)
    };
    let mut rules: Vec<&Value> = Vec::new();
    for (plural, namespace, name, binding) in objects {
        let is_current = find(plural, namespace, name).is_some_and(|current| std::ptr::eq(current, binding));
        let reaches =
            *plural == "clusterrolebindings" || (*plural == "rolebindings" && !asked.namespace.is_empty() && *namespace == asked.namespace);
        if !is_current || !reaches {
            continue;
        }
        let binds_user = binding["subjects"].as_array().into_iter().flatten().any(|subject| {
            let name = subject["name"].as_str().unwrap_or_default();
            let home = subject["namespace"].as_str().unwrap_or(namespace);
            match subject["kind"].as_str() {
                Some("User") => name == user.name,
                Some("Group") => user.groups.iter().any(|group| group == name),
                Some("ServiceAccount") => user.name.split(':').collect::<Vec<_>>() == ["system", "serviceaccount", home, name],
                _ => false,
            }
        });
        if !binds_user {
            continue;
        }
        let role = binding["roleRef"]["name"].as_str().unwrap_or_default();
        let found = if *plural == "clusterrolebindings" || binding["roleRef"]["kind"] == "ClusterRole" {
            find("clusterroles", "", role)
        } else {
            find("roles", namespace, role)
        };
        rules.extend(found.into_iter().flat_map(|role| role["rules"].as_array().into_iter().flatten()));
    }
    rules.into_iter().any(|rule| naive_rule(rule, asked))
}

fn naive_rule(rule: &Value, asked: &KubeAttributes) -> bool {
    let one_of = |list: &Value, wanted: &[&str]| words(list).iter().any(|word| wanted.contains(word));
    if !one_of(&rule["verbs"], &["*", &asked.verb]) {
        return false;
    }
    if asked.resource.is_empty() {
        return words(&rule["nonResourceURLs"]).iter().any(|url| match url.split_once('*') {
            Some((start, "")) => asked.path.starts_with(start),
            _ => *url == asked.path,
        });
    }
    let kinds = if asked.subresource.is_empty() {
        vec!["*".to_owned(), asked.resource.clone()]
    } else {
        vec!["*".to_owned(), format!("{}/{}", asked.resource, asked.subresource), format!("*/{}", asked.subresource)]
    };
    let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
    let names = words(&rule["resourceNames"]);
    one_of(&rule["apiGroups"], &["*", &asked.group])
        && one_of(&rule["resources"], &kinds)
        && (names.is_empty() || names.contains(&asked.name.as_str()))
}

#[test]
fn kubernetes_roles_allow_what_a_naive_reading_allows() {
    fuzz::check("kubernetes-roles", (objects(), user(), vec(attributes(), 1..12)), |(objects, user, questions)| {
        let store = store(&objects);
        for asked in questions {
            let found = rbac::decide(&store, &user, &asked);
            prop_assert_eq!(found.allowed, naive(&objects, &user, &asked), "{:?}: {}", asked, found.reason);
        }
        Ok(())
    });
}

#[test]
fn nobody_gives_away_by_a_role_or_a_binding_what_they_do_not_have() {
    let place = select(vec![("roles", "dev"), ("clusterroles", "")]);
    let asked = vec(attributes(), 1..12);
    fuzz::check("escalation", (objects(), user(), place, vec(rule(), 0..3), asked), |(objects, user, (plural, home), rules, questions)| {
        let store = store(&objects);
        let asker = Asker::in_kubernetes(user.clone());
        let may = |verb: &str, plural: &str, namespace: &str, name: &str| {
            let asked = KubeAttributes {
                verb: verb.to_owned(),
                group: GROUP.to_owned(),
                resource: plural.to_owned(),
                namespace: namespace.to_owned(),
                name: name.to_owned(),
                ..KubeAttributes::default()
            };
            naive(&objects, &user, &asked)
        };
        let kind = resources::find(GROUP, "v1", plural).expect("a kind");
        let role = json!({"metadata": {"name": "new"}, "rules": rules});
        let role_is_taken = escalation::check(&store, &asker, kind, home, &role).is_ok();
        let bindings = if home.is_empty() { "clusterrolebindings" } else { "rolebindings" };
        let kind = resources::find(GROUP, "v1", bindings).expect("a kind");
        let binding = json!({"metadata": {"name": "new"}, "roleRef": {"kind": "ClusterRole", "name": "big"}, "subjects": []});
        let binding_is_taken = escalation::check(&store, &asker, kind, home, &binding).is_ok();
        let clusterroles = resources::find(GROUP, "v1", "clusterroles").expect("a kind");
        let bound = store.find(clusterroles, "", "big").map(|role| role["rules"].clone()).unwrap_or_default();
        for mut asked in questions {
            // Paths can be granted by cluster roles only; a verb or a kind that is a star stands for all of them at once.
            asked.namespace = home.to_owned();
            if asked.resource.is_empty() && !home.is_empty() {
                continue;
            }
            let has = naive(&objects, &user, &asked);
            let gives = |rules: &Value| rules.as_array().into_iter().flatten().any(|rule| naive_rule(rule, &asked));
            if role_is_taken && !may("escalate", plural, home, "new") {
                prop_assert!(has || !gives(&json!(rules)), "a role gives {:?}", asked);
            }
            if binding_is_taken && !may("bind", "clusterroles", home, "big") {
                prop_assert!(has || !gives(&bound), "a binding gives {:?}", asked);
            }
        }
        Ok(())
    });
}

/// A state with a cluster that has Entra integration, made once.
static FURNISHED: LazyLock<State> = LazyLock::new(|| {
    let lab = Lab::new();
    lab.vault("kv-anything");
    let id = lab.in_group("Microsoft.ContainerService/managedClusters/c");
    let body = json!({
        "location": "eastus",
        "properties": {"agentPoolProfiles": [{"name": "nodepool1", "count": 1, "mode": "System"}], "dnsPrefix": "c-rg", "aadProfile": {"managed": true}},
        "identity": {"type": "SystemAssigned"},
    });
    let (status, answer) = lab.arm(Method::PUT, &id, &body);
    assert_eq!(status, 201, "{answer}");
    lab.advance(420);
    lab.cloud.shared.state().clone()
});

#[test]
fn tokens_of_accounts_are_read_as_their_claims_say() {
    let cluster = FURNISHED.kube.clusters().next().expect("made");
    let (issuer, now) = (cluster.issuer(), FURNISHED.now().as_second());
    let accounts = resources::find("", "v1", "serviceaccounts").expect("a kind");
    let uid = cluster.store.find(accounts, "default", "default").map(|account| account["metadata"]["uid"].clone()).expect("there");
    let own = cluster.audiences();
    let claims = (
        select(vec![
            issuer.clone(),
            issuer.clone(),
            issuer.clone(),
            issuer.clone(),
            format!("{issuer}/"),
            "https://kubernetes.default.svc".to_owned(),
            String::new(),
        ]),
        select(vec![json!(own), json!(own), json!(own), json!(own[0]), json!(["api://AzureADTokenExchange"]), json!([]), Value::Null]),
        (select(vec![-1, 0, 1, 600, 600]), select(vec![-600, -600, -1, 0, 1])),
        (
            select(vec![uid.clone(), uid.clone(), uid.clone(), uid.clone(), json!("another"), Value::Null]),
            select(vec!["default", "default", "default", "nobody"]),
            select(vec!["default", "default", "default", "dev"]),
        ),
        select(vec![Value::Null, Value::Null, Value::Null, json!({}), json!({"name": "p", "uid": "u"}), json!("p")]),
        select(vec![0, 0, 0, 0, 1, 2]),
    );
    fuzz::check("account-tokens", claims, |(iss, aud, (exp, nbf), (account_uid, name, namespace), pod, signer)| {
        let claims = json!({
            "iss": iss, "aud": aud, "exp": now + exp, "nbf": now + nbf, "sub": "system:serviceaccount:kube-system:admin",
            "kubernetes.io": {"namespace": namespace, "serviceaccount": {"name": name, "uid": account_uid}, "pod": pod},
        });
        let token = match signer {
            0 => keys::cluster().sign(&issuer, &claims),
            1 => keys::cluster().sign("another issuer", &claims),
            _ => keys::entra().sign(&issuer, &claims),
        };
        let found = super::authenticate::reviewed(&FURNISHED, cluster, &token, &own, &mut crate::cloud::trace::Checks::default());
        let naive = signer == 0
            && iss == issuer
            && (aud == json!(own) || aud == json!(own[0]))
            && exp > 0
            && nbf <= 0
            && account_uid == uid
            && (name, namespace) == ("default", "default")
            && !pod.is_object();
        prop_assert_eq!(found.is_ok(), naive, "{:?}", found);
        if let Ok(user) = found {
            prop_assert_eq!(user.name, "system:serviceaccount:default:default", "the account counts, not the subject");
        }
        Ok(())
    });
}

const MEMBERS: &[&str] = &[
    "apiVersion",
    "kind",
    "metadata",
    "spec",
    "status",
    "name",
    "namespace",
    "labels",
    "annotations",
    "containers",
    "env",
    "image",
    "ports",
    "containerPort",
    "volumes",
    "emptyDir",
    "secret",
    "secretName",
    "tolerations",
    "key",
    "nodeSelector",
    "finalizers",
    "$patch",
    "$retainKeys",
    "$setElementOrder/containers",
    "$setElementOrder/env",
    "$deleteFromPrimitiveList/finalizers",
    "value",
    "rules",
    "verbs",
    "resources",
    "apiGroups",
    "roleRef",
    "subjects",
    "data",
    "stringData",
    "type",
    "serviceAccountName",
    "resourceVersion",
    "uid",
    "generateName",
    "managedFields",
    "fieldsV1",
    "op",
    "path",
    "from",
    "aggregationRule",
    "clusterRoleSelectors",
    "matchLabels",
    "matchExpressions",
    "operator",
    "values",
    "imagePullSecrets",
    "ownerReferences",
    "limits",
    "cpu",
    "extra",
    "user",
    "groups",
    "resourceAttributes",
    "nonResourceAttributes",
    "verb",
    "token",
    "audiences",
    "expirationSeconds",
    "boundObjectRef",
];
const TEXTS: &[&str] = &[
    "v1",
    "Pod",
    "Role",
    "ClusterRole",
    "Secret",
    GROUP,
    "x",
    "default",
    "merge",
    "replace",
    "delete",
    "a",
    "b",
    "nginx",
    "Opaque",
    "true",
    "/spec",
    "/metadata/labels",
    "/spec/containers/0/env/-",
    "add",
    "remove",
    "test",
    "move",
    "copy",
    "128Mi",
    "1e3",
    "0x",
    "kubernetes.io/service-account-token",
    "In",
    "Exists",
    "*",
    "get",
    "YQ==",
    "2026-01-01T00:00:00Z",
];

#[test]
fn patches_of_anything_end_in_a_value_or_a_refusal() {
    let any = || fuzz::json(MEMBERS, TEXTS);
    let kind = select(vec!["Pod", "ServiceAccount", "ClusterRole", "Secret", "Namespace"]);
    fuzz::check("patches", (kind, any(), any()), |(kind, original, change)| {
        if let Ok(patched) = strategic::apply(kind, &original, &change) {
            prop_assert!(patched.is_object());
            if !change.to_string().contains('$') {
                prop_assert_eq!(strategic::apply(kind, &patched, &change), Ok(patched), "twice is once");
            }
        }
        prop_assert_eq!(
            strategic::apply(kind, &original, &json!({})).ok(),
            Some(if original.is_object() { original.clone() } else { json!({}) })
        );
        let mut merged = original.clone();
        patch::merge(&mut merged, &change);
        let once = merged.clone();
        patch::merge(&mut merged, &change);
        prop_assert_eq!(merged, once, "twice is once");
        let _ = json_patch::apply(&original, &change);
        let intent = server_side::Intent { manager: "m", force: true, api_version: "v1", time: "2026-01-01T00:00:00Z" };
        // What is applied has been read as its kind before.
        if let Ok(wanted) = decode::decode(kind, &change) {
            let live = decode::decode(kind, &original).map_or_else(|_| json!({}), |live| live.value);
            if let server_side::Applied::Merged(merged) = server_side::apply(kind, &live, &wanted.value, &intent) {
                prop_assert_eq!(
                    server_side::apply(kind, &merged, &wanted.value, &intent),
                    server_side::Applied::Merged(merged),
                    "twice is once"
                );
            }
        }
        Ok(())
    });
}

fn json_patches() -> impl Strategy<Value = Value> {
    let path = vec(select(vec!["/a", "/0", "/1", "/-", "/b~1c", "/~0", "/", "a", "/99999999999999999999"]), 0..4)
        .prop_map(|pieces| pieces.concat());
    let paths = (path, vec(select(vec!["/a", "/0", "/b"]), 0..3).prop_map(|pieces| pieces.concat()));
    let operation = (select(vec!["add", "remove", "replace", "move", "copy", "test", "jump"]), paths, fuzz::json(&["a", "b"], &["x"]))
        .prop_map(|(op, (path, from), value)| json!({"op": op, "path": path, "from": from, "value": value}));
    vec(operation, 0..6).prop_map(Value::from)
}

#[test]
fn json_patches_apply_whole_or_not_at_all_and_what_is_added_is_there() {
    let document = fuzz::json(&["a", "b", "b/c", "~", "0", ""], &["x"]);
    fuzz::check("json-patches", (document, json_patches()), |(document, patch)| {
        let applied = json_patch::apply(&document, &patch);
        if let ([only], Ok(applied)) = (patch.as_array().map(Vec::as_slice).unwrap_or_default(), applied)
            && only["op"] == "add"
            && let Some(path) = only["path"].as_str().filter(|path| !path.ends_with("/-"))
        {
            prop_assert_eq!(applied.pointer(path), Some(&only["value"]));
        }
        Ok(())
    });
}

/// Answers without a test of what, as long as it is an answer: no panic, and nothing that a server says when it has broken.
fn answer(request: Request, token: &str) -> (u16, State) {
    let mut state = FURNISHED.clone();
    let request = request.with_bearer(token);
    let reply = pipeline::answer(&mut state, &Profile::default(), &request);
    crate::cloud::settle::settle(&mut state);
    (reply.status, state)
}

fn body(content_type: &'static str, bytes: Vec<u8>, mut request: Request) -> Request {
    request.headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    request.body = bytes.into();
    request
}

#[test]
fn bodies_of_anything_are_answered_by_an_api_server() {
    let state = &*FURNISHED;
    let local = state.aks.clusters().next().and_then(|cluster| cluster.credentials.clone()).expect("made").token;
    let host = state.kube.clusters().next().expect("made").settings.fqdn.to_lowercase();
    let kinds: Vec<&'static resources::Resource> = resources::all().iter().collect();
    let content = select(vec![
        "application/json",
        "application/yaml",
        "application/apply-patch+yaml",
        "application/merge-patch+json",
        "application/json-patch+json",
        "application/strategic-merge-patch+json",
        "application/vnd.kubernetes.protobuf",
    ]);
    let written = prop_oneof![
        6 => (fuzz::json(MEMBERS, TEXTS), any::<bool>()).prop_map(|(value, is_typed)| (Some((value, is_typed)), Vec::new())),
        1 => fuzz::text(40).prop_map(|text| (None, text.into_bytes())),
        1 => any::<Vec<u8>>().prop_map(|bytes| (None, [b"k8s\0".to_vec(), bytes].concat())),
    ];
    let strategy = (select(kinds), select(vec!["POST", "PUT", "PATCH", "DELETE"]), content, written, 0_usize..12);
    fuzz::check("api-server-bodies", strategy, |(kind, method, content, (value, bytes), below)| {
        let bytes = match value {
            Some((mut value, is_typed)) => {
                if is_typed && value.is_object() {
                    value["apiVersion"] = json!(kind.api_version());
                    value["kind"] = json!(kind.kind);
                    let mut metadata = value["metadata"].as_object().cloned().unwrap_or_default();
                    metadata.insert("name".to_owned(), json!("x"));
                    value["metadata"] = Value::Object(metadata);
                }
                value.to_string().into_bytes()
            }
            None => bytes,
        };
        let root = if kind.group.is_empty() { "/api/v1".to_owned() } else { format!("/apis/{}/{}", kind.group, kind.version) };
        let home = if kind.namespaced { "/namespaces/default" } else { "" };
        let subresource = kind.subresources.get(below).map(|(name, ..)| format!("/{name}")).unwrap_or_default();
        let name = if method == "POST" && subresource.is_empty() { String::new() } else { format!("/x{subresource}") };
        let request =
            Request::new(Method::from_bytes(method.as_bytes()).expect("a method"), &host, &format!("{root}{home}/{}{name}", kind.plural));
        let (status, _) = answer(body(content, bytes, request), &local);
        prop_assert!((200..=422).contains(&status) || status == 501, "{}", status);
        heard(status)
    });
}

/// A question that was let in.
fn heard(status: u16) -> Result<(), proptest::test_runner::TestCaseError> {
    prop_assert!(status != 401);
    Ok(())
}

#[test]
fn protobuf_of_anything_is_decoded_or_refused() {
    let bytes = prop_oneof![
        any::<Vec<u8>>(),
        any::<Vec<u8>>().prop_map(|bytes| [
            b"k8s\0\x0a\x09\x0a\x02v1\x12\x03Pod\x12".to_vec(),
            vec![u8::try_from(bytes.len().min(127)).unwrap_or(0)],
            bytes
        ]
        .concat()),
    ];
    fuzz::check("protobuf", bytes, |bytes| {
        let _ = protobuf::decode(&bytes, resources::type_of);
        Ok(())
    });
}

const ARM_MEMBERS: &[&str] = &[
    "location",
    "properties",
    "tags",
    "sku",
    "name",
    "family",
    "tenantId",
    "accessPolicies",
    "permissions",
    "secrets",
    "objectId",
    "enableRbacAuthorization",
    "networkAcls",
    "ipRules",
    "value",
    "agentPoolProfiles",
    "count",
    "mode",
    "dnsPrefix",
    "identity",
    "type",
    "aadProfile",
    "managed",
    "adminGroupObjectIDs",
    "enableAzureRBAC",
    "oidcIssuerProfile",
    "enabled",
    "securityProfile",
    "workloadIdentity",
    "kubernetesVersion",
    "roleDefinitionId",
    "principalId",
    "principalType",
    "roleName",
    "assignableScopes",
    "actions",
    "notActions",
    "dataActions",
    "issuer",
    "subject",
    "audiences",
    "createMode",
    "vmSize",
    "userAssignedIdentities",
    "disableLocalAccounts",
    "displayName",
    "mailNickname",
    "userPrincipalName",
    "passwordProfile",
    "password",
    "attributes",
    "exp",
];
const ARM_TEXTS: &[&str] = &[
    "eastus",
    "standard",
    "A",
    "System",
    "SystemAssigned",
    "UserAssigned",
    "1.34",
    "9.99",
    "nodepool1",
    "api://AzureADTokenExchange",
    "https://x/",
    "all",
    "get",
    "recover",
    "default",
    "*",
    "/",
    "x",
    "",
];

#[test]
fn bodies_of_anything_are_answered_by_the_services_of_azure() {
    let state = &*FURNISHED;
    let subscription = state.arm.subscription().scope();
    let group = format!("{subscription}/resourceGroups/rg");
    let targets: Vec<(&str, &str, String)> = vec![
        ("PUT", "management.azure.com", format!("{subscription}/resourceGroups/new")),
        ("PATCH", "management.azure.com", group.clone()),
        ("PUT", "management.azure.com", format!("{group}/providers/Microsoft.KeyVault/vaults/kv-anything")),
        ("PUT", "management.azure.com", format!("{group}/providers/Microsoft.KeyVault/vaults/kv-another")),
        ("PATCH", "management.azure.com", format!("{group}/providers/Microsoft.KeyVault/vaults/kv-anything")),
        ("POST", "management.azure.com", format!("{subscription}/providers/Microsoft.KeyVault/checkNameAvailability")),
        ("PUT", "management.azure.com", format!("{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i")),
        ("PUT", "management.azure.com", format!("{group}/providers/Microsoft.ContainerService/managedClusters/c")),
        ("PUT", "management.azure.com", format!("{group}/providers/Microsoft.ContainerService/managedClusters/d")),
        ("PATCH", "management.azure.com", format!("{group}/providers/Microsoft.ContainerService/managedClusters/c")),
        ("PUT", "management.azure.com", format!("{group}/providers/Microsoft.Authorization/roleAssignments/{}", Uuid::nil())),
        ("PUT", "management.azure.com", format!("{subscription}/providers/Microsoft.Authorization/roleDefinitions/{}", Uuid::nil())),
        ("POST", "graph.microsoft.com", "/v1.0/users".to_owned()),
        ("POST", "graph.microsoft.com", "/v1.0/groups".to_owned()),
        ("POST", "graph.microsoft.com", "/v1.0/applications".to_owned()),
        ("POST", "graph.microsoft.com", "/v1.0/servicePrincipals".to_owned()),
        ("POST", "graph.microsoft.com", "/v1.0/directoryObjects/getByIds".to_owned()),
        ("PUT", "kv-anything.vault.azure.net", "/secrets/s".to_owned()),
        ("PATCH", "kv-anything.vault.azure.net", "/secrets/s".to_owned()),
    ];
    let tokens: Vec<(&str, String)> = ["https://management.azure.com/", "https://graph.microsoft.com/", "https://vault.azure.net"]
        .into_iter()
        .map(|audience| {
            let user = state.directory.signed_in_user();
            let token = crate::cloud::identity::token::issue_for_user(&state.directory, user, "az", audience, "t", state.now());
            (audience, token)
        })
        .collect();
    let token = |host: &str| {
        let found = tokens.iter().find(|(audience, _)| {
            audience.contains(host.split_once('.').map_or(host, |(first, rest)| if first.starts_with("kv") { rest } else { host }))
        });
        found.map(|(_, token)| token.clone()).expect("a token for each host")
    };
    let written = prop_oneof![4 => fuzz::json(ARM_MEMBERS, ARM_TEXTS).prop_map(|value| value.to_string()), 1 => fuzz::text(30)];
    fuzz::check("azure-bodies", (select(targets.clone()), written), |((method, host, path), written)| {
        let version = if host.starts_with("kv") { "7.4" } else { "2026-02-01" };
        let request =
            Request::new(Method::from_bytes(method.as_bytes()).expect("a method"), host, &format!("{path}?api-version={version}"));
        let (status, _) = answer(body("application/json", written.into_bytes(), request), &token(host));
        prop_assert!((200..=422).contains(&status) || status == 501, "{}", status);
        heard(status)
    });
}

#[test]
fn bodies_that_nest_deeply_are_refused() {
    let local = FURNISHED.aks.clusters().next().and_then(|cluster| cluster.credentials.clone()).expect("made").token;
    let host = FURNISHED.kube.clusters().next().expect("made").settings.fqdn.to_lowercase();
    for (piece, content) in [
        ("[", "application/json"),
        ("{\"a\":", "application/json"),
        ("[", "application/yaml"),
        ("- ", "application/yaml"),
        ("? ", "application/yaml"),
        ("{a: ", "application/yaml"),
    ] {
        for count in [100, 1_000, 50_000] {
            let request = Request::new(Method::POST, &host, "/api/v1/namespaces/default/pods");
            let (status, _) = answer(body(content, piece.repeat(count).into_bytes(), request), &local);
            assert_eq!(status, 400, "{count} times {piece:?} as {content}");
        }
    }
}
