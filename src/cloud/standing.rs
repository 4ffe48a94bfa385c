//! What stands in the subscription and in its directory by itself, and stays and costs until somebody removes it: what goes with something
//! else is left out.

use std::time::Duration;

use http::Method;

use super::arm::operations::{delete_group, group_scope};
use super::authorization::{custom, locks};
use super::fault::Fault;
use super::graph::directory;
use super::identity::builtin_roles;
use super::identity::entra::model::ServicePrincipalKind;
use super::state::State;
use super::{Cloud, arm};

/// Between two looks at a deletion; as often as Azure's clients ask.
const DELETION_POLL: Duration = Duration::from_secs(15);
/// No deletion of a group takes longer here.
const DELETION_POLLS_MAX: u32 = 240;

/// Something that stands by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// `resource group`, `role assignment`, `app registration`, `soft-deleted key vault`.
    pub kind: &'static str,
    /// What a person calls it.
    pub name: String,
    /// What a command that makes it says of it: its name, or that of the role.
    pub called: String,
    /// Its id in Azure: a resource id, or its path in the directory.
    pub id: String,
    /// It can be deleted as it stands, with all that is in it.
    pub removable: bool,
    /// What there is to know about it, as a sentence fragment.
    pub hint: Option<&'static str>,
}

impl Cloud {
    /// What stands there now, in the order in which it is best removed: groups that are not going away, role assignments for the
    /// subscription and custom roles, what is in the directory, and vaults whose name is taken although they were deleted.
    pub fn standing(&self) -> Vec<Standing> {
        let state = self.shared.state();
        let mut standing = groups(&state);
        standing.extend(roles(&state));
        standing.extend(objects(&state));
        standing.extend(vaults(&state));
        standing
    }

    /// Deletes what has this id, lets pass what that takes, and looks whether it is gone. The error says why it is not.
    ///
    /// # Errors
    ///
    /// When Azure would refuse, or when it is not there to be deleted.
    pub fn remove_standing(&self, id: &str) -> Result<(), String> {
        locks::require_unlocked(&self.shared.state(), &Method::DELETE, id).map_err(|fault| fault.message().to_owned())?;
        let refused = |fault: Fault| fault.message().to_owned();
        let parts: Vec<&str> = id.split('/').skip(1).collect();
        let last = parts.last().copied().unwrap_or_default();
        let kind = parts.len().checked_sub(2).and_then(|at| parts.get(at)).map(|kind| kind.to_ascii_lowercase()).unwrap_or_default();
        match kind.as_str() {
            "resourcegroups" => self.remove_group(last),
            "roleassignments" => {
                let mut state = self.shared.state();
                let scope = state.authorization.by_name(last).map(|known| known.scope.clone());
                scope.and_then(|scope| state.authorization.remove(&scope, last)).map(drop).ok_or_else(|| "it is not there".to_owned())
            }
            "roledefinitions" => custom::delete(&mut self.shared.state(), last).map(drop).map_err(refused),
            "applications" => directory::delete_application(&mut self.shared.state(), last).map_err(refused),
            "serviceprincipals" => directory::delete_service_principal(&mut self.shared.state(), last).map_err(refused),
            "users" => directory::delete_user(&mut self.shared.state(), last).map_err(refused),
            "groups" => directory::delete_group(&mut self.shared.state(), last).map_err(refused),
            _ => Err("nothing deletes it".to_owned()),
        }
    }

    fn remove_group(&self, name: &str) -> Result<(), String> {
        for _ in 0..DELETION_POLLS_MAX {
            {
                let mut state = self.shared.state();
                let now = state.now();
                match state.arm.group(name) {
                    None => return Ok(()),
                    Some(group) if group.deleting => {}
                    Some(_) => {
                        delete_group(&mut state, name, now).map_err(|fault| fault.message().to_owned())?;
                    }
                }
            }
            self.shared.advance(DELETION_POLL);
        }
        let state = self.shared.state();
        let is_gone = arm::operations::require_group(&state, name).is_err();
        if is_gone { Ok(()) } else { Err("its deletion does not end".to_owned()) }
    }
}

fn groups(state: &State) -> Vec<Standing> {
    // A node resource group goes with its cluster.
    let groups = state.arm.groups.values().filter(|group| !group.deleting && group.managed_by.is_empty());
    let standing = groups.map(|group| Standing {
        kind: "resource group",
        name: group.name.clone(),
        called: group.name.clone(),
        id: group_scope(state, &group.name),
        removable: true,
        hint: None,
    });
    standing.collect()
}

/// Role assignments of the subscription itself, and custom roles. Those of a group or a resource go with it.
fn roles(state: &State) -> Vec<Standing> {
    let subscription = state.arm.subscription().scope();
    let is_wide = |scope: &str| scope == "/" || scope.eq_ignore_ascii_case(&subscription);
    let role = |id: &str| {
        let custom = || state.authorization.definition(id).map(|definition| definition.role.name.to_string());
        builtin_roles::by_id(id).map(|role| role.name.to_string()).or_else(custom).unwrap_or_else(|| id.to_owned())
    };
    let assignments = state.authorization.assignments().filter(|one| is_wide(&one.scope)).map(|one| Standing {
        kind: "role assignment",
        name: format!("{} for the whole subscription", role(&one.role_id)),
        called: role(&one.role_id),
        id: one.id(),
        removable: true,
        hint: Some("it does not go with any resource group"),
    });
    let definitions = state.authorization.definitions().map(|one| Standing {
        kind: "custom role",
        name: one.role.name.to_string(),
        called: one.role.name.to_string(),
        id: format!("{subscription}/providers/Microsoft.Authorization/roleDefinitions/{}", one.role.id),
        removable: true,
        hint: Some("it does not go with any resource group"),
    });
    assignments.chain(definitions).collect()
}

/// Users, groups, applications and service principals. The principal of an application goes with it, that of a managed identity with the
/// resource.
fn objects(state: &State) -> Vec<Standing> {
    const HINT: Option<&str> = Some("the directory keeps it, whatever becomes of the subscription");
    let one = |kind: &'static str, path: &str, id: &str, name: &str| Standing {
        kind,
        name: name.to_owned(),
        called: name.to_owned(),
        id: format!("/{path}/{id}"),
        removable: true,
        hint: HINT,
    };
    let known = &state.directory;
    let applications = known.applications.iter().map(|app| one("app registration", "applications", &app.object_id, &app.display_name));
    let alone = known
        .service_principals
        .iter()
        .filter(|one| one.kind == ServicePrincipalKind::Application && known.application(&one.app_id).is_none());
    let principals = alone.map(|principal| one("service principal", "servicePrincipals", &principal.object_id, &principal.display_name));
    let signed_in = &known.signed_in_user().object_id;
    let users = known.users.iter().filter(|user| user.object_id != *signed_in);
    let users = users.map(|user| one("user", "users", &user.object_id, &user.user_principal_name));
    let groups = known.groups.iter().map(|group| one("group of the directory", "groups", &group.object_id, &group.display_name));
    applications.chain(principals).chain(users).chain(groups).collect()
}

fn vaults(state: &State) -> Vec<Standing> {
    let vaults = state.keyvault.deleted.iter().filter(|deleted| deleted.purging.is_none()).map(|deleted| Standing {
        kind: "soft-deleted key vault",
        name: deleted.vault.name.clone(),
        called: deleted.vault.name.clone(),
        id: deleted.vault.id(),
        removable: false,
        hint: Some("nobody can take its name until it is purged"),
    });
    vaults.collect()
}
