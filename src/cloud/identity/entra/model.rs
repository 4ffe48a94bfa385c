//! The directory: one tenant, its users, groups, applications and service principals. No HTTP.

use jiff::Timestamp;

use crate::cloud::ids::Ids;

/// The tenant and who is in it.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub(crate) tenant: Tenant,
    pub(crate) users: Vec<User>,
    pub(crate) groups: Vec<Group>,
    pub(crate) applications: Vec<Application>,
    pub(crate) service_principals: Vec<ServicePrincipal>,
    /// Whether a password alone signs nobody in.
    pub(crate) needs_second_factor: bool,
}

/// The one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tenant {
    pub(crate) id: String,
    pub(crate) display_name: String,
    pub(crate) default_domain: String,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) object_id: String,
    pub(crate) user_principal_name: String,
    pub(crate) display_name: String,
    pub(crate) given_name: String,
    pub(crate) surname: String,
    /// The token with which clients get their access tokens.
    pub(crate) refresh_token: String,
    /// Empty when nobody knows it.
    pub(crate) password: String,
}

/// A security group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) object_id: String,
    pub(crate) display_name: String,
    pub(crate) mail_nickname: String,
    pub(crate) description: Option<String>,
    pub(crate) created: Timestamp,
    /// Object ids of direct members.
    pub(crate) members: Vec<String>,
}

/// The registration of an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Application {
    pub(crate) object_id: String,
    /// The client id.
    pub(crate) app_id: String,
    pub(crate) display_name: String,
    pub(crate) created: Timestamp,
    /// Client secrets that the token endpoint accepts while they are valid.
    pub(crate) passwords: Vec<Password>,
}

/// A client secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Password {
    pub(crate) key_id: String,
    pub(crate) display_name: Option<String>,
    pub(crate) starts: Timestamp,
    pub(crate) ends: Timestamp,
    pub(crate) secret: String,
}

/// An application's or a managed identity's presence in the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServicePrincipal {
    pub(crate) object_id: String,
    pub(crate) app_id: String,
    pub(crate) display_name: String,
    pub(crate) kind: ServicePrincipalKind,
    /// When it was made; younger ones may be unknown to other services for a while.
    pub(crate) created: Timestamp,
    /// The id of the Azure resource that it belongs to; empty for an application.
    pub(crate) resource_id: String,
    /// Client secrets that the token endpoint accepts.
    pub(crate) secrets: Vec<String>,
}

/// `servicePrincipalType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServicePrincipalKind {
    /// `Application`.
    Application,
    /// `ManagedIdentity`.
    ManagedIdentity,
}

/// What an object id stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Principal<'a> {
    User(&'a User),
    Group(&'a Group),
    Service(&'a ServicePrincipal),
}

impl Principal<'_> {
    /// `principalType` of a role assignment.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::User(_) => "User",
            Self::Group(_) => "Group",
            Self::Service(_) => "ServicePrincipal",
        }
    }

    /// Its id in the directory.
    pub(crate) fn object_id(&self) -> &str {
        match self {
            Self::User(user) => &user.object_id,
            Self::Group(group) => &group.object_id,
            Self::Service(principal) => &principal.object_id,
        }
    }

    /// The name that people know it by.
    pub(crate) fn display_name(&self) -> &str {
        match self {
            Self::User(user) => &user.display_name,
            Self::Group(group) => &group.display_name,
            Self::Service(principal) => &principal.display_name,
        }
    }
}

impl Model {
    /// A tenant with one user.
    pub(crate) fn new(ids: &Ids) -> Self {
        let domain = "docentlab.onmicrosoft.com";
        let user = User {
            object_id: ids.fixed_guid("user"),
            user_principal_name: format!("reader@{domain}"),
            display_name: "Docent Reader".to_owned(),
            given_name: "Docent".to_owned(),
            surname: "Reader".to_owned(),
            refresh_token: format!("1.docent-{}", ids.fixed_guid("refresh token")),
            password: String::new(),
        };
        Self {
            tenant: Tenant { id: ids.fixed_guid("tenant"), display_name: "Docent Lab".to_owned(), default_domain: domain.to_owned() },
            users: vec![user],
            groups: Vec::new(),
            applications: Vec::new(),
            service_principals: Vec::new(),
            needs_second_factor: true,
        }
    }

    /// The user who runs the runbook.
    pub(crate) fn signed_in_user(&self) -> &User {
        self.users.first().expect("a directory is made with its user, and users are never removed")
    }

    /// Who has that object id.
    pub(crate) fn principal(&self, object_id: &str) -> Option<Principal<'_>> {
        let same = |id: &str| id.eq_ignore_ascii_case(object_id);
        let user = self.users.iter().find(|user| same(&user.object_id)).map(Principal::User);
        let group = || self.groups.iter().find(|group| same(&group.object_id)).map(Principal::Group);
        let service = || self.service_principals.iter().find(|known| same(&known.object_id)).map(Principal::Service);
        user.or_else(group).or_else(service)
    }

    /// The service principal of a client id.
    pub(crate) fn by_app_id(&self, app_id: &str) -> Option<&ServicePrincipal> {
        self.service_principals.iter().find(|known| known.app_id.eq_ignore_ascii_case(app_id))
    }

    /// A principal's object id and those of all groups it is in, directly or through groups.
    pub(crate) fn with_groups(&self, object_id: &str) -> Vec<String> {
        let mut found = vec![object_id.to_owned()];
        let mut at = 0;
        while let Some(member) = found.get(at).cloned() {
            for group in &self.groups {
                let is_in = group.members.iter().any(|known| known.eq_ignore_ascii_case(&member));
                if is_in && !found.contains(&group.object_id) {
                    found.push(group.object_id.clone());
                }
            }
            at += 1;
        }
        found
    }

    /// Makes the service principal of a managed identity (or of a cluster's own identity) and returns it.
    pub(crate) fn register_managed_identity(
        &mut self,
        ids: &mut Ids,
        resource_id: &str,
        display_name: &str,
        now: Timestamp,
    ) -> ServicePrincipal {
        let key = resource_id.to_ascii_lowercase();
        let principal = ServicePrincipal {
            object_id: ids.guid(&format!("principal {key}")),
            app_id: ids.guid(&format!("client {key}")),
            display_name: display_name.to_owned(),
            kind: ServicePrincipalKind::ManagedIdentity,
            created: now,
            resource_id: resource_id.to_owned(),
            secrets: Vec::new(),
        };
        self.service_principals.push(principal.clone());
        principal
    }

    /// Takes an object out of every group.
    pub(crate) fn forget_member(&mut self, object_id: &str) {
        self.groups.iter_mut().for_each(|group| group.members.retain(|member| !member.eq_ignore_ascii_case(object_id)));
    }

    /// The registration of a client id.
    pub(crate) fn application(&self, app_id: &str) -> Option<&Application> {
        self.applications.iter().find(|known| known.app_id.eq_ignore_ascii_case(app_id))
    }

    /// Removes a service principal; true when there was one.
    pub(crate) fn remove_service_principal(&mut self, object_id: &str) -> bool {
        let before = self.service_principals.len();
        self.service_principals.retain(|known| !known.object_id.eq_ignore_ascii_case(object_id));
        self.service_principals.len() != before
    }
}
