//! Every route of every service, asked by those who may not come in: without credentials, with a token of another cloud, after the token's
//! time, with a token for another service, with one that somebody else signed.

mod routes;
mod strangers;

use http::Method;
use serde_json::{Value, json};

use self::routes::{Route, routes};
use self::strangers::{Credential, Stranger, Strangers};
use crate::cloud::http::endpoint::{Access, Request};
use crate::cloud::http::pipeline;
use crate::cloud::lab::Lab;
use crate::cloud::profile::Profile;
use crate::cloud::testing::TestCloud;

/// What anybody may ask, and why.
const PUBLIC: [(&str, &str); 7] = [
    ("entra.discovery", "clients read it before they have a token"),
    ("entra.instance", "clients read it before they have a token"),
    ("entra.keys", "public keys"),
    ("entra.realm", "clients read it before they have a token"),
    ("entra.token", "this is where tokens come from"),
    ("imds.token", "only what runs on the machine reaches it"),
    ("kube.issuer", "an issuer's keys are public, so that anybody can check its tokens"),
];

/// A lab with a vault and a cluster that knows the users of the tenant.
fn furnished(cloud: TestCloud) -> Lab {
    let lab = Lab::in_cloud(cloud);
    lab.vault(routes::VAULT);
    let cluster = lab.in_group("Microsoft.ContainerService/managedClusters/c");
    let body = json!({
        "location": "eastus",
        "properties": {
            "agentPoolProfiles": [{"name": "nodepool1", "count": 1, "mode": "System", "osType": "Linux"}],
            "dnsPrefix": "c-rg", "aadProfile": {"managed": true, "enableAzureRBAC": true}, "oidcIssuerProfile": {"enabled": true},
        },
        "identity": {"type": "SystemAssigned"},
    });
    let (status, answer) = lab.arm(Method::PUT, &cluster, &body);
    assert_eq!(status, 201, "{answer}");
    lab.advance(420);
    lab
}

/// Asks in a copy of the state, so that what one question changes does not concern the next.
fn ask(lab: &Lab, route: &Route, credential: &Credential) -> (u16, Value, bool) {
    let mut request = Request::new(route.method.clone(), &route.host, &route.target);
    match credential {
        Credential::None => {}
        Credential::Bearer(token) => request = request.with_bearer(token),
        Credential::Scheme(text) => {
            let value = http::HeaderValue::from_str(text).expect("a header's text");
            request.headers.insert(http::header::AUTHORIZATION, value);
        }
        Credential::Certificate(der) => request.client_certificate = Some(der.clone()),
    }
    let mut state = lab.cloud.shared.state().clone();
    let reply = pipeline::answer(&mut state, &Profile::default(), &request);
    let challenges = reply.header("www-authenticate").is_some();
    (reply.status, reply.as_json().cloned().unwrap_or(Value::Null), challenges)
}

#[test]
fn the_table_of_routes_has_every_endpoint_that_the_sources_name() {
    let lab = furnished(TestCloud::new());
    let table = routes(&lab);
    for route in &table {
        let request = Request::new(route.method.clone(), &route.host, &route.target);
        let found = pipeline::route(&request).map(|endpoint| endpoint.name);
        assert_eq!(found.ok(), Some(route.name), "{} https://{}{}", route.method, route.host, route.target);
    }
    let named = routes::names_in_the_sources();
    assert!(named.len() > 60, "the collector sees only {} names, so it cannot judge", named.len());
    for (name, count) in &named {
        let rows = table.iter().filter(|route| route.name == name).count();
        assert!(
            rows >= *count,
            "the sources route to `{name}` in {count} places, and the table asks for it {rows} times: add it to `refusals::routes`"
        );
    }
    let strange: Vec<&str> = table.iter().map(|route| route.name).filter(|name| !named.contains_key(*name)).collect();
    assert!(strange.is_empty(), "no source names {strange:?}, so the collector misses routes");
}

#[test]
fn what_is_public_is_listed_with_its_reason() {
    let lab = furnished(TestCloud::new());
    let mut found: Vec<(&str, &str)> = Vec::new();
    for route in routes(&lab) {
        let endpoint = pipeline::route(&Request::new(route.method, &route.host, &route.target)).expect("it is a route");
        if let Access::Public(why) = endpoint.access {
            found.push((endpoint.name, why));
        }
    }
    found.sort_unstable();
    found.dedup();
    assert_eq!(found, PUBLIC);
}

#[test]
fn nobody_without_good_credentials_comes_in_anywhere() {
    let lab = furnished(TestCloud::new());
    let other = furnished(TestCloud::with_seed(1));
    let strangers = Strangers::of(&lab, &other);
    // What was a good token when it was made is shown two hours later.
    lab.advance(7200);
    let strangers = strangers.with_wrong_doors(&lab);
    let mut refused = 0;
    for route in routes(&lab).iter().filter(|route| PUBLIC.iter().all(|(name, _)| *name != route.name)) {
        for Stranger { who, credential, expected } in strangers.at(route) {
            let (status, body, challenges) = ask(&lab, route, credential);
            let at = format!("{who}: {} https://{}{}", route.method, route.host, route.target);
            assert_eq!((status, strangers::code_and_message(&body)), (401, expected.clone()), "{at}");
            assert_eq!(challenges, route.challenges(), "{at}");
            refused += 1;
        }
    }
    assert!(refused > 5_000, "only {refused} refusals");
}

#[test]
fn the_same_questions_are_heard_from_those_who_may_ask_them() {
    let lab = furnished(TestCloud::new());
    let good = Strangers::good(&lab);
    for route in routes(&lab).iter() {
        let (status, body, _) = ask(&lab, route, good.at(route));
        assert_ne!(status, 401, "{} https://{}{}: {body}", route.method, route.host, route.target);
    }
}

#[test]
fn a_refused_question_changes_nothing() {
    let lab = furnished(TestCloud::new());
    let strangers = Strangers::of(&lab, &furnished(TestCloud::with_seed(1)));
    let shown = |lab: &Lab| {
        let state = lab.cloud.shared.state();
        format!("{:?} {:?} {:?} {:?} {:?} {:?}", state.directory, state.arm, state.authorization, state.msi, state.keyvault, state.aks)
            + &format!("{:?} {:?}", state.kube, state.operations)
    };
    lab.advance(7200);
    let before = shown(&lab);
    for route in routes(&lab).iter().filter(|route| PUBLIC.iter().all(|(name, _)| *name != route.name)) {
        for Stranger { credential, .. } in strangers.at(route) {
            if let Credential::Bearer(token) = credential {
                let request = Request::new(route.method.clone(), &route.host, &route.target).with_bearer(token);
                pipeline::answer(&mut lab.cloud.shared.state(), &Profile::default(), &request);
            }
        }
    }
    assert!(shown(&lab) == before, "a refused request left something behind");
}
