//! The embedded Azure as a place to run in: starts a cloud, signs a user in, and points every client at it.

use std::{
    fs, io,
    net::TcpListener,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::json;

use crate::{
    applets,
    cloud::{self, Actor, ActorKind, ClockMode, Cloud, CloudError, CloudOptions, Profile, SignedIn},
    engine::{
        access::{Access, Permission, Use},
        world::{Answer, Guise, Made, Observation, Stranger, Timekeeper, World},
    },
};

/// When the virtual clock starts unless told otherwise.
pub const START: &str = "2026-01-01T00:00:00Z";

/// The public client id of the Azure CLI, part of its token cache's keys (MSAL: `04b07795-8ddb-461a-bbee-02f9e1bf7b46`).
const CLI_CLIENT_ID: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

/// Which az and kubectl steps get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Clients {
    /// docent's own.
    #[default]
    Builtin,
    /// Those on the caller's search path.
    System,
}

/// How the embedded Azure is set up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Setup {
    /// Which clients steps get.
    pub clients: Clients,
    /// When its clock starts: none for [`START`], or now with the system's clients, whose caches live in wall time.
    pub start: Option<jiff::Timestamp>,
    /// Whether the clock never lags behind the wall.
    pub follows_wall: bool,
}

/// Why the place could not be made.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// The cloud.
    #[error("cannot start the cloud")]
    Cloud(#[from] CloudError),
    /// A file of the signed-in user.
    #[error("cannot write {}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// A cloud with a signed-in user in a private directory.
#[derive(Debug)]
pub struct Embedded {
    cloud: Cloud,
    started: jiff::Timestamp,
    /// What stood there before the run, by id.
    given: Vec<String>,
    variables: Vec<(String, String)>,
    path_prefix: Vec<PathBuf>,
    /// How many secrets were asked for.
    secrets_told: usize,
    /// Where the run's files are.
    directory: PathBuf,
    /// How often somebody else was signed in.
    guises: usize,
}

impl Embedded {
    /// Starts a cloud and writes profile, token cache, CA file and applet links below `directory`; `applets` is the executable behind the links.
    /// Steps reach the cloud at `door`; without one it finds a loopback port by itself.
    ///
    /// # Errors
    /// When there is no loopback port, or a file cannot be written.
    pub async fn start(
        setup: &Setup,
        seed: u64,
        applets: &Path,
        directory: &Path,
        door: Option<TcpListener>,
    ) -> Result<Self, EmbeddedError> {
        let wall = setup.follows_wall || setup.clients == Clients::System;
        let start = setup
            .start
            .unwrap_or_else(|| if wall { jiff::Timestamp::now() } else { START.parse().expect("a constant that the tests parse") });
        let clock = if wall { ClockMode::FollowWall { start } } else { ClockMode::Virtual { start } };
        let cloud = Cloud::start_at(CloudOptions { seed, clock, profile: Profile::default() }, door).await?;
        let files = Files { directory };
        let ca = files.write("ca.pem", cloud.ca_pem())?;
        let home = directory.join("home");
        let azure = home.join(".azure");
        sign_in(&files, &cloud.signed_in())?;
        let proxy = format!("http://{}", cloud.proxy_address());
        let mut variables: Vec<(String, String)> = Vec::new();
        for name in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"] {
            variables.push((name.to_owned(), proxy.clone()));
        }
        for name in ["NO_PROXY", "no_proxy"] {
            variables.push((name.to_owned(), "localhost,127.0.0.1,::1".to_owned()));
        }
        for name in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO", "AWS_CA_BUNDLE"] {
            variables.push((name.to_owned(), ca.display().to_string()));
        }
        let own = [
            ("AZURE_CONFIG_DIR", azure.display().to_string()),
            ("KUBECONFIG", home.join(".kube").join("config").display().to_string()),
            ("AZURE_CORE_COLLECT_TELEMETRY", "no".to_owned()),
            ("AZURE_CORE_NO_COLOR", "1".to_owned()),
            ("AZURE_EXTENSION_USE_DYNAMIC_INSTALL", "no".to_owned()),
            ("DOCENT_RUN_URL", cloud.run_url()),
        ];
        variables.extend(own.map(|(name, value)| (name.to_owned(), value)));
        let bin = directory.join("bin");
        let is_installed =
            |name: &str| std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).any(|folder| folder.join(name).is_file());
        let is_wanted = |name: &&&str| match **name {
            "az" | "kubectl" => setup.clients == Clients::Builtin,
            // Few machines have it, and kubectl cannot do without.
            "kubelogin" => setup.clients == Clients::Builtin || !is_installed("kubelogin"),
            _ => true,
        };
        let names = applets::NAMES.iter().filter(is_wanted);
        fs::create_dir_all(&bin).map_err(|source| EmbeddedError::File { path: bin.clone(), source })?;
        for name in names {
            let link = bin.join(name);
            symlink(applets, &link).map_err(|source| EmbeddedError::File { path: link, source })?;
        }
        let given = cloud.standing().into_iter().map(|one| one.id).collect();
        let (started, directory) = (cloud.now(), directory.to_owned());
        Ok(Self { started, given, cloud, variables, path_prefix: vec![bin], secrets_told: 0, directory, guises: 0 })
    }

    /// The cloud itself.
    pub fn cloud(&self) -> &Cloud {
        &self.cloud
    }
}

impl World for Embedded {
    fn environment(&self) -> Vec<(String, String)> {
        self.variables.clone()
    }

    fn beside(&self) -> Vec<(String, String)> {
        vec![("DOCENT_RUN_BESIDE".to_owned(), "1".to_owned())]
    }

    fn path_prefix(&self) -> Vec<PathBuf> {
        self.path_prefix.clone()
    }

    fn timekeeper(&self) -> &dyn Timekeeper {
        self
    }

    fn observe(&mut self) -> Vec<Observation> {
        let (answered, left_out) = self.cloud.take_answered();
        let mut seen: Vec<Observation> = self.cloud.take_observations().into_iter().map(observed).collect();
        seen.extend(answered.into_iter().map(|one| Observation::Access(access(one))));
        if left_out > 0 {
            let text = format!("{left_out} more requests were answered than are written down");
            seen.push(Observation::Hint { about: "docent".to_owned(), text });
        }
        seen
    }

    fn secrets(&mut self) -> Vec<String> {
        let secrets = self.cloud.secrets_from(self.secrets_told);
        self.secrets_told += secrets.len();
        secrets
    }

    fn made(&self) -> Vec<Made> {
        let standing = self.cloud.standing().into_iter().filter(|one| !self.given.contains(&one.id));
        let made = standing.map(|one| Made {
            kind: one.kind.to_owned(),
            name: one.name,
            called: one.called,
            id: one.id,
            removable: one.removable,
            hint: one.hint.map(str::to_owned),
        });
        made.collect()
    }

    fn outlives_run(&self) -> bool {
        false
    }

    fn remove<'a>(&'a mut self, made: &'a Made) -> Answer<'a, Result<(), String>> {
        Box::pin(std::future::ready(self.cloud.remove_standing(&made.id)))
    }

    fn act_as(&mut self, name: &str) -> Result<Guise, Stranger> {
        let actor = self.cloud.act_as(name).map_err(|cloud::Stranger { reason, nearest }| Stranger { reason, nearest })?;
        self.guises += 1;
        // A folder of its own each time: whoever signs in anew has no token of the time before.
        let folder = self.directory.join("acting").join(self.guises.to_string());
        let files = sign_in_files(&self.cloud.signed_in(), &actor);
        Ok(Guise {
            files: files.into_iter().map(|(name, text)| (folder.join(name), text)).collect(),
            variables: vec![("AZURE_CONFIG_DIR".to_owned(), folder.display().to_string())],
        })
    }

    fn act_as_before(&mut self) {
        self.cloud.act_as_before();
    }

    fn aliases(&self) -> Vec<(String, String)> {
        let port = self.cloud.proxy_address().port();
        vec![(self.cloud.run_url(), "http://127.0.0.1/run".to_owned()), (format!("127.0.0.1:{port}"), "127.0.0.1:443".to_owned())]
    }
}

impl Timekeeper for Embedded {
    fn pass(&self, by: Duration) {
        self.cloud.advance(by);
    }

    fn wait(&self, by: Duration) -> Duration {
        self.cloud.advance(by);
        Duration::ZERO
    }

    fn elapsed(&self) -> Duration {
        // The clock never runs backwards.
        self.cloud.now().duration_since(self.started).try_into().unwrap_or_default()
    }

    fn now(&self) -> String {
        self.cloud.now().to_string()
    }
}

fn observed(observation: cloud::Observation) -> Observation {
    match observation {
        cloud::Observation::Unsupported(lacking) => {
            Observation::Unsupported { what: lacking.what, kind: lacking.kind.to_string(), workaround: lacking.workaround }
        }
        cloud::Observation::ClientExit { argv, status, message } => Observation::ClientFailed { argv, status, message },
        cloud::Observation::Luck { text } => Observation::Luck(text),
        cloud::Observation::Hint { about, text } => Observation::Hint { about, text },
    }
}

fn access(answered: cloud::Answered) -> Access {
    let cloud::Answered { request, status, refused, caller, checks, uses } = answered;
    Access {
        request,
        status,
        refused,
        caller,
        checks: checks.into_iter().map(|check| (check.name.to_owned(), check.found)).collect(),
        uses: uses.into_iter().map(used).collect(),
    }
}

fn used(used: cloud::Use) -> Use {
    let cloud::Use { principal, name, permission } = used;
    let permission = match permission {
        cloud::Permission::Action { scope, action, on_data } => Permission::Action { scope, action, on_data },
        cloud::Permission::Rule { cluster, namespace, group, resource, verb } => {
            Permission::Rule { cluster, namespace, group, resource, verb }
        }
        cloud::Permission::Path { cluster, path, verb } => Permission::Path { cluster, path, verb },
    };
    Use { principal, name, permission }
}

/// The files of a user who has signed in, as az 2.91 reads them: a profile, and a token cache that holds a refresh token only.
fn sign_in(files: &Files<'_>, who: &SignedIn) -> Result<(), EmbeddedError> {
    let actor = Actor {
        object_id: who.user_object_id.clone(),
        kind: ActorKind::User { user_principal_name: who.user_principal_name.clone(), refresh_token: who.refresh_token.clone() },
        sees_subscription: true,
    };
    for (name, text) in sign_in_files(who, &actor) {
        files.write(&format!("home/.azure/{name}"), &text)?;
    }
    Ok(())
}

/// The same for anybody in the tenant and subscription of `place`, by name. Service principals and managed identities as in
/// azure-cli `core/_profile.py` and `core/auth/identity.py`.
fn sign_in_files(place: &SignedIn, actor: &Actor) -> Vec<(&'static str, String)> {
    let user = match &actor.kind {
        ActorKind::User { user_principal_name, .. } => json!({ "name": user_principal_name, "type": "user" }),
        ActorKind::Application { app_id, .. } => json!({ "name": app_id, "type": "servicePrincipal" }),
        ActorKind::ManagedIdentity { client_id } => {
            json!({ "name": "userAssignedIdentity", "type": "servicePrincipal", "assignedIdentityInfo": format!("MSIClient-{client_id}") })
        }
    };
    let mut subscription = json!({
        "id": place.subscription_id,
        "name": place.subscription_name,
        "state": "Enabled",
        "user": user,
        "isDefault": true,
        "tenantId": place.tenant_id,
        "environmentName": "AzureCloud",
        "homeTenantId": place.tenant_id,
        "managedByTenants": [],
    });
    if matches!(actor.kind, ActorKind::User { .. }) {
        subscription["tenantDefaultDomain"] = json!(place.tenant_domain);
        subscription["tenantDisplayName"] = json!(place.tenant_domain.split('.').next());
    }
    if !actor.sees_subscription {
        // What `az login --allow-no-subscriptions` leaves (`_build_tenant_level_accounts`).
        subscription["id"] = json!(place.tenant_id);
        subscription["name"] = json!("N/A(tenant level account)");
        subscription.as_object_mut().into_iter().for_each(|one| {
            one.remove("homeTenantId");
            one.remove("managedByTenants");
        });
    }
    let profile = json!({ "installationId": place.user_object_id, "subscriptions": [subscription] });
    // Keeps the real az from asking the Internet for its newest version.
    let versions = json!({
        "versions": { "azure-cli": { "local": "2.91.0" }, "core": { "local": "2.91.0" }, "telemetry": { "local": "1.1.0" } },
        "update_time": "2999-01-01 00:00:00.000000",
    });
    let mut files = vec![("azureProfile.json", profile.to_string()), ("versionCheck.json", versions.to_string())];
    match &actor.kind {
        ActorKind::User { user_principal_name, refresh_token } => {
            files.push(("msal_token_cache.json", token_cache(place, &actor.object_id, user_principal_name, refresh_token)));
        }
        ActorKind::Application { app_id, secret } => {
            let entries = json!([{ "client_id": app_id, "tenant": place.tenant_id, "client_secret": secret }]);
            files.push(("service_principal_entries.json", entries.to_string()));
        }
        ActorKind::ManagedIdentity { .. } => {}
    }
    files
}

/// A cache of MSAL's with one user, who has no access token yet.
fn token_cache(place: &SignedIn, object_id: &str, user_principal_name: &str, refresh_token: &str) -> String {
    let home_account = format!("{object_id}.{}", place.tenant_id);
    let host = "login.microsoftonline.com";
    let cache = json!({
        "Account": { format!("{home_account}-{host}-{}", place.tenant_id): {
            "home_account_id": home_account, "environment": host, "realm": place.tenant_id,
            "local_account_id": object_id, "username": user_principal_name, "authority_type": "MSSTS",
        }},
        "RefreshToken": { format!("{home_account}-{host}-refreshtoken-{CLI_CLIENT_ID}--"): {
            "credential_type": "RefreshToken", "secret": refresh_token, "home_account_id": home_account, "environment": host,
            "client_id": CLI_CLIENT_ID, "target": "https://management.core.windows.net//.default", "family_id": "1",
        }},
        "AppMetadata": { format!("appmetadata-{host}-{CLI_CLIENT_ID}"): {
            "client_id": CLI_CLIENT_ID, "environment": host, "family_id": "1",
        }},
    });
    cache.to_string()
}

/// Writes private files below a directory.
struct Files<'a> {
    directory: &'a Path,
}

impl Files<'_> {
    fn write(&self, name: &str, text: &str) -> Result<PathBuf, EmbeddedError> {
        use std::os::unix::fs::PermissionsExt;
        let path = self.directory.join(name);
        let written = path
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(&path, text))
            .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o600)));
        match written {
            Ok(()) => Ok(path),
            Err(source) => Err(EmbeddedError::File { path, source }),
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_default_start_is_a_time() {
        assert!(super::START.parse::<jiff::Timestamp>().is_ok());
    }
}
