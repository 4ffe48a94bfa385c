//! Credentials that open nothing, each with what the service says to it; and those that do.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::routes::{Route, Service};
use crate::cloud::identity::{keys, token};
use crate::cloud::kube::{resources, tokens};
use crate::cloud::lab::Lab;
use crate::cloud::testing::AZ;

/// What a request shows.
#[derive(Debug)]
pub(super) enum Credential {
    None,
    Bearer(String),
    /// The whole header.
    Scheme(String),
    /// A client certificate, DER.
    Certificate(Vec<u8>),
}

/// Somebody who may not come in, and the code and the message that they are told.
#[derive(Debug)]
pub(super) struct Stranger {
    pub(super) who: &'static str,
    pub(super) credential: Credential,
    pub(super) expected: (String, String),
}

/// Those who may not come in, by service.
pub(super) struct Strangers(Vec<(Service, Vec<Stranger>)>);

/// Those who may.
pub(super) struct Good(Vec<(Service, Credential)>);

impl Good {
    pub(super) fn at(&self, route: &Route) -> &Credential {
        let found = self.0.iter().find(|(service, _)| *service == route.service());
        found.map_or(&Credential::None, |(_, credential)| credential)
    }
}

/// Code (or reason) and message of a refusal.
pub(super) fn code_and_message(body: &Value) -> (String, String) {
    let of = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let error = &body["error"];
    if error.is_object() { (of(error, "code"), of(error, "message")) } else { (of(body, "reason"), of(body, "message")) }
}

const SERVICES: [(Service, &str, &str); 4] = [
    (Service::ResourceManager, "https://management.azure.com/", "https://vault.azure.net"),
    (Service::Graph, "https://graph.microsoft.com/", "https://management.azure.com/"),
    (Service::Vault, "https://vault.azure.net", "https://management.azure.com/"),
    (Service::ApiServer, "6dae42f8-4368-4678-94ff-3960e28e3630", "https://management.azure.com/"),
];

/// The signed-in user's token of now.
fn of_user(lab: &Lab, audience: &str) -> String {
    let state = lab.cloud.shared.state();
    token::issue_for_user(&state.directory, state.directory.signed_in_user(), AZ, audience, "t", state.now())
}

/// The same claims with somebody else's signature and the key id of the tenant's.
fn forged(lab: &Lab, audience: &str) -> String {
    let state = lab.cloud.shared.state();
    let (tenant, user, now) = (&state.directory.tenant.id, state.directory.signed_in_user(), state.now().as_second());
    let claims = json!({
        "aud": audience, "iss": token::issuer(tenant), "iat": now, "nbf": now, "exp": now + 86_400, "tid": tenant, "idtyp": "user",
        "oid": user.object_id, "upn": user.user_principal_name,
    });
    keys::cluster().sign(tenant, &claims)
}

/// The static token and the certificate of the cluster's local account.
fn local_account(lab: &Lab) -> (String, Vec<u8>) {
    let state = lab.cloud.shared.state();
    let credentials = state.aks.clusters().next().and_then(|cluster| cluster.credentials.clone()).expect("made");
    let pem: String = credentials.certificate_pem.lines().filter(|line| !line.starts_with("-----")).collect();
    (credentials.token, STANDARD.decode(pem).expect("PEM"))
}

/// A token of the account `default` for an hour.
fn of_account(lab: &Lab, audience: Option<&str>) -> String {
    let mut state = lab.cloud.shared.state();
    let now = state.now();
    let cluster = state.kube.clusters_mut().next().expect("the lab has a cluster");
    let accounts = resources::find("", "v1", "serviceaccounts").expect("a kind");
    let account = cluster.store.find(accounts, "default", "default").cloned().expect("every namespace has one");
    let audiences = audience.map(str::to_owned).into_iter().collect();
    tokens::sign(cluster, &account, &tokens::Wanted { audiences, seconds: 3600, pod: None }, now).0
}

impl Strangers {
    /// Who comes from `other`, too late, or to the wrong door; tokens are made now.
    pub(super) fn of(lab: &Lab, other: &Lab) -> Self {
        let known = |service| {
            let (_, audience, wrong) = SERVICES.iter().find(|(known, ..)| *known == service).expect("a service");
            let mut found: Vec<Stranger> = Vec::new();
            let mut add = |who, credential, (code, message): (&str, String)| {
                found.push(Stranger { who, credential, expected: (code.to_owned(), message) });
            };
            let says = Says { service, lab, other, wrong };
            add("nobody", Credential::None, says.to_nobody());
            add("a password", Credential::Scheme("Basic YTpi".to_owned()), says.to_nobody());
            add("an empty token", Credential::Scheme("Bearer ".to_owned()), says.to_nobody());
            add("garbage", Credential::Bearer("a.b.c".to_owned()), says.to_garbage());
            add("a user of another cloud", Credential::Bearer(of_user(other, audience)), says.to_another_tenant());
            add("a forger", Credential::Bearer(forged(lab, audience)), says.to_garbage());
            add("a user whose time is over", Credential::Bearer(of_user(lab, audience)), says.too_late());
            if service == Service::ApiServer {
                let (token, certificate) = local_account(other);
                add("a local account of another cloud", Credential::Bearer(token), says.to_garbage());
                add("a certificate of another cloud", Credential::Certificate(certificate), says.to_garbage());
                add("a service account of another cloud", Credential::Bearer(of_account(other, None)), says.to_garbage());
                add("a service account whose time is over", Credential::Bearer(of_account(lab, None)), says.to_garbage());
            }
            (service, found)
        };
        Self(SERVICES.iter().map(|(service, ..)| known(*service)).collect())
    }

    /// Adds who comes to the wrong door with a token that is good now.
    pub(super) fn with_wrong_doors(mut self, lab: &Lab) -> Self {
        for (service, found) in &mut self.0 {
            let (_, audience, wrong) = SERVICES.iter().find(|(known, ..)| known == service).expect("a service");
            let says = Says { service: *service, lab, other: lab, wrong };
            let mut add = |who, token| {
                let (code, message) = says.to_the_wrong_door();
                found.push(Stranger { who, credential: Credential::Bearer(token), expected: (code.to_owned(), message) });
            };
            add("a user of another service", of_user(lab, wrong));
            if *service == Service::ApiServer {
                add("a service account for another service", of_account(lab, Some("api://AzureADTokenExchange")));
            } else {
                assert_ne!(audience, wrong);
            }
        }
        self
    }

    /// Who may, with credentials of now.
    pub(super) fn good(lab: &Lab) -> Good {
        let of = |(service, audience, _): &(Service, &str, &str)| {
            let token = if *service == Service::ApiServer { local_account(lab).0 } else { of_user(lab, audience) };
            (*service, Credential::Bearer(token))
        };
        Good(SERVICES.iter().map(of).collect())
    }

    pub(super) fn at(&self, route: &Route) -> &[Stranger] {
        self.0.iter().find(|(service, _)| *service == route.service()).map_or(&[], |(_, found)| found)
    }
}

/// The words of a service.
struct Says<'a> {
    service: Service,
    lab: &'a Lab,
    other: &'a Lab,
    wrong: &'a str,
}

impl Says<'_> {
    fn by_service(&self, arm: (&'static str, &str), graph: &str, vault: &str) -> (&'static str, String) {
        match self.service {
            Service::ResourceManager => (arm.0, arm.1.to_owned()),
            Service::Graph => ("InvalidAuthenticationToken", graph.to_owned()),
            Service::Vault => ("Unauthorized", vault.to_owned()),
            Service::ApiServer | Service::Public => ("Unauthorized", "Unauthorized".to_owned()),
        }
    }

    fn to_nobody(&self) -> (&'static str, String) {
        self.by_service(
            ("AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing."),
            "Access token is empty.",
            "AKV10000: Request is missing a Bearer, PoP, or MTLS_POP token.",
        )
    }

    fn to_garbage(&self) -> (&'static str, String) {
        self.by_service(
            ("InvalidAuthenticationToken", "The access token is invalid."),
            "Access token validation failure. Invalid signature.",
            "Error validating token: the token is not one of this tenant.",
        )
    }

    fn to_another_tenant(&self) -> (&'static str, String) {
        let (own, other) = (self.lab.cloud.tenant(), self.other.cloud.tenant());
        let (own_issuer, other_issuer) = (format!("https://sts.windows.net/{own}/"), format!("https://sts.windows.net/{other}/"));
        let arm = format!(
            "The access token is from the wrong issuer '{other_issuer}'. It must match the tenant '{own_issuer}' associated with this \
             subscription. Please use the authority (URL) 'https://login.windows.net/{own}' to get the token. Note, if the subscription is \
             transferred to another tenant there is no impact to the services, but information about new tenant could take time to propagate (up \
             to an hour). If you just transferred your subscription and see this error message, please try back later."
        );
        let vault = format!("AKV10032: Invalid issuer. Expected one of {own_issuer}, found {other_issuer}.");
        self.by_service(("InvalidAuthenticationTokenTenant", &arm), "Access token validation failure. Invalid issuer.", &vault)
    }

    /// The lab begins at midnight and takes seven minutes to furnish; a user's token lives 75 minutes and is shown after two hours.
    fn too_late(&self) -> (&'static str, String) {
        let arm = "The access token expiry UTC time '1/1/2026 1:22:00 AM' is earlier than current UTC time '1/1/2026 2:07:00 AM'.";
        self.by_service(
            ("ExpiredAuthenticationToken", arm),
            "Lifetime validation failed, the token is expired.",
            "Error validating token: the token is expired.",
        )
    }

    fn to_the_wrong_door(&self) -> (&'static str, String) {
        let found = self.wrong;
        let arm = format!(
            "The access token has been obtained for wrong audience or resource '{found}'. It should exactly match with one of the allowed \
             audiences 'https://management.core.windows.net/','https://management.core.windows.net','https://management.azure.com/',\
             'https://management.azure.com'."
        );
        let vault = format!("AKV10022: Invalid audience. Expected https://vault.azure.net, found: {found}.");
        self.by_service(("InvalidAuthenticationTokenAudience", &arm), "Access token validation failure. Invalid audience.", &vault)
    }
}
