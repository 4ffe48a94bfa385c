//! Somebody of the tenant who acts in place of the user that the run signed in: users, applications and managed identities by any of their
//! names.

use strsim::osa_distance;

use super::Cloud;
use super::arm::catalog;
use super::identity::entra::model::{Model, Principal, ServicePrincipal, ServicePrincipalKind, User};
use super::state::State;

/// Who acts, with what a client needs to sign in as them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The object id.
    pub object_id: String,
    /// How they sign in.
    pub kind: ActorKind,
    /// Whether they see the subscription: who has no role in it, nor below, does not.
    pub sees_subscription: bool,
}

/// How somebody signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActorKind {
    /// A user, with a refresh token.
    User {
        /// The sign-in name.
        user_principal_name: String,
        /// The token.
        refresh_token: String,
    },
    /// An application, with a secret that nobody else knows.
    Application {
        /// Its client id.
        app_id: String,
        /// The secret.
        secret: String,
    },
    /// A managed identity: what runs now runs on a machine that has it.
    ManagedIdentity {
        /// Its client id.
        client_id: String,
    },
}

/// Why nobody acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranger {
    /// Why, as a sentence fragment.
    pub reason: String,
    /// A name of the tenant that is much like it.
    pub nearest: Option<String>,
}

impl Cloud {
    /// Signs somebody in who is to act from now on; `name` is a sign-in name or its first part, a display name, an object id, a client id or
    /// the name of a managed identity. A managed identity has the machine to itself until [`Self::act_as_before`].
    ///
    /// # Errors
    /// When nobody, or more than one, has that name.
    pub fn act_as(&self, name: &str) -> Result<Actor, Stranger> {
        act_as(&mut self.shared.state(), name)
    }

    /// Nobody acts in place of the signed-in user any more.
    pub fn act_as_before(&self) {
        self.shared.state().machine_identity = None;
    }

    /// Lets users sign in with their password alone, as in a tenant without mandatory multifactor authentication.
    pub fn without_second_factor(&self) {
        self.shared.state().directory.needs_second_factor = false;
    }
}

fn act_as(state: &mut State, name: &str) -> Result<Actor, Stranger> {
    let object_id = found(&state.directory, name)?;
    let sees_subscription = catalog::sees_subscription(state, &object_id);
    let secret_kind = format!("acting {object_id}");
    let service = state.directory.service_principals.iter().find(|known| known.object_id == object_id).cloned();
    let kind = match service {
        Some(ServicePrincipal { kind: ServicePrincipalKind::ManagedIdentity, app_id, .. }) => {
            state.machine_identity = Some(object_id.clone());
            ActorKind::ManagedIdentity { client_id: app_id }
        }
        Some(ServicePrincipal { app_id, .. }) => {
            let secret = state.ids.hex(&secret_kind, 20);
            state.remember_secret(&secret);
            let known = state.directory.service_principals.iter_mut().find(|known| known.object_id == object_id);
            known.into_iter().for_each(|principal| principal.secrets.push(secret.clone()));
            ActorKind::Application { app_id, secret }
        }
        None => {
            let user = state.directory.users.iter().find(|user| user.object_id == object_id);
            let user = user.cloned().ok_or_else(|| Stranger { reason: format!("`{name}` is nobody who signs in"), nearest: None })?;
            ActorKind::User { user_principal_name: user.user_principal_name, refresh_token: user.refresh_token }
        }
    };
    Ok(Actor { object_id, kind, sees_subscription })
}

/// The object id of whoever has that name. Names count more than display names, which need not be unique.
fn found(directory: &Model, name: &str) -> Result<String, Stranger> {
    let is_name = |known: &str| known.eq_ignore_ascii_case(name);
    for names_of in [ids as fn(&Principal<'_>) -> Vec<String>, names] {
        let of = |principal: &Principal<'_>| names_of(principal).iter().any(|known| is_name(known));
        let matching: Vec<Principal<'_>> = everybody(directory).filter(of).collect();
        match matching.as_slice() {
            [] => {}
            [one] => return Ok(one.object_id().to_owned()),
            many => {
                let ids: Vec<&str> = many.iter().map(Principal::object_id).collect();
                let reason =
                    format!("{} principals of the tenant are called `{name}`: write one of the object ids {}", many.len(), ids.join(", "));
                return Err(Stranger { reason, nearest: None });
            }
        }
    }
    if let Some(group) = directory.groups.iter().find(|group| is_name(&group.display_name) || is_name(&group.object_id)) {
        let reason = format!("`{}` is a group, and groups do not sign in", group.display_name);
        return Err(Stranger { reason, nearest: None });
    }
    Err(Stranger { reason: format!("the tenant has no user, application or managed identity `{name}`"), nearest: nearest(directory, name) })
}

fn everybody(directory: &Model) -> impl Iterator<Item = Principal<'_>> {
    directory.users.iter().map(Principal::User).chain(directory.service_principals.iter().map(Principal::Service))
}

fn ids(principal: &Principal<'_>) -> Vec<String> {
    match principal {
        Principal::User(User { object_id, user_principal_name, .. }) => vec![object_id.clone(), user_principal_name.clone()],
        Principal::Service(service) => vec![service.object_id.clone(), service.app_id.clone()],
        Principal::Group(_) => Vec::new(),
    }
}

fn names(principal: &Principal<'_>) -> Vec<String> {
    match principal {
        Principal::User(user) => {
            let local = user.user_principal_name.split('@').next().unwrap_or_default().to_owned();
            let mut names = vec![local];
            // One user is one user, however many of their names fit.
            names.push(user.display_name.clone());
            names
        }
        Principal::Service(service) => vec![service.display_name.clone()],
        Principal::Group(_) => Vec::new(),
    }
}

/// A name that differs in few letters; short ones in one.
fn nearest(directory: &Model, name: &str) -> Option<String> {
    let wanted = name.to_lowercase();
    let reach = 1.max(wanted.chars().count() / 3);
    let known = everybody(directory).flat_map(|principal| {
        let mut all = names(&principal);
        if let Principal::User(user) = principal {
            all.push(user.user_principal_name.clone());
        }
        all
    });
    let close = known.map(|known| (osa_distance(&wanted, &known.to_lowercase()), known)).filter(|(distance, _)| *distance <= reach);
    close.min().map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cloud::testing::TestCloud;

    fn cloud() -> TestCloud {
        let cloud = TestCloud::new();
        let domain = cloud.shared.state().directory.tenant.default_domain.clone();
        for name in ["ada", "ana"] {
            let body = json!({
                "accountEnabled": true, "displayName": format!("The {name}"), "mailNickname": name,
                "userPrincipalName": format!("{name}@{domain}"), "passwordProfile": {"password": "Right1!xx"},
            });
            let made = cloud.graph("POST", "/v1.0/users", body);
            assert_eq!(made.status, 201, "{}", made.body);
        }
        cloud
    }

    #[track_caller]
    fn check_refused(cloud: &TestCloud, name: &str, reason: &str, nearest: Option<&str>) {
        let stranger = act_as(&mut cloud.shared.state(), name).expect_err("nobody");
        assert!(stranger.reason.contains(reason), "{}", stranger.reason);
        assert_eq!(stranger.nearest.as_deref(), nearest);
    }

    #[test]
    fn users_applications_and_managed_identities_act_by_any_of_their_names() {
        let cloud = cloud();
        let domain = cloud.shared.state().directory.tenant.default_domain.clone();
        for name in ["ada".to_owned(), "ADA@".to_owned() + &domain, "the ada".to_owned()] {
            let actor = act_as(&mut cloud.shared.state(), &name).expect("a user");
            let ActorKind::User { user_principal_name, refresh_token } = actor.kind else { panic!("a user") };
            assert_eq!(user_principal_name, format!("ada@{domain}"));
            assert!(!refresh_token.is_empty() && !actor.sees_subscription);
        }
        let application = cloud.shared.state().register_application("ci");
        let actor = act_as(&mut cloud.shared.state(), "ci").expect("an application");
        let ActorKind::Application { app_id, secret } = actor.kind else { panic!("an application") };
        assert_eq!(app_id, application.app_id);
        let token = cloud.application_token(&app_id, &secret, "https://management.core.windows.net/");
        assert!(!token.is_empty() && cloud.shared.state().secrets().contains(&secret));
        let mut state = cloud.shared.state();
        assert_eq!(state.machine_identity, None);
        let identity = state.directory.service_principals[0].clone();
        state.directory.service_principals[0] = ServicePrincipal { kind: ServicePrincipalKind::ManagedIdentity, ..identity };
        act_as(&mut state, "ci").expect("a managed identity");
        assert_eq!(state.machine_identity.as_deref(), Some(application.object_id.as_str()));
        assert!(act_as(&mut state, "reader").expect("the signed-in user").sees_subscription);
    }

    #[test]
    fn strangers_are_told_the_nearest_name_and_groups_that_they_do_not_sign_in() {
        let cloud = cloud();
        check_refused(&cloud, "adda", "has no user, application or managed identity `adda`", Some("ada"));
        check_refused(&cloud, "somebody-else", "has no user", None);
        let made = cloud.graph(
            "POST",
            "/v1.0/groups",
            json!({"displayName": "team", "mailNickname": "team", "mailEnabled": false, "securityEnabled": true}),
        );
        assert_eq!(made.status, 201, "{}", made.body);
        check_refused(&cloud, "team", "`team` is a group", None);
        for _ in 0..2 {
            cloud.shared.state().register_application("twin");
        }
        check_refused(&cloud, "twin", "2 principals of the tenant are called `twin`", None);
    }
}
