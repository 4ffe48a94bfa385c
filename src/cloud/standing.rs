//! What stands in the subscription by itself, and stays and costs until somebody removes it: what goes with something else is left out.

use std::time::Duration;

use super::arm::operations::{delete_group, group_scope};
use super::identity::builtin_roles;
use super::{Cloud, arm};

/// Between two looks at a deletion; as often as Azure's clients ask.
const DELETION_POLL: Duration = Duration::from_secs(15);
/// No deletion of a group takes longer here.
const DELETION_POLLS_MAX: u32 = 240;

/// Something that stands by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// `resource group`, `role assignment`, `soft-deleted key vault`.
    pub kind: &'static str,
    /// What a person calls it.
    pub name: String,
    /// What a command that makes it says of it: its name, or that of the role.
    pub called: String,
    /// Its id in Azure.
    pub id: String,
    /// It can be deleted as it stands, with all that is in it.
    pub removable: bool,
    /// What there is to know about it, as a sentence fragment.
    pub hint: Option<&'static str>,
}

impl Cloud {
    /// What stands in the subscription now: groups that are not going away, role assignments for the subscription itself, vaults whose
    /// name is taken although they were deleted.
    pub fn standing(&self) -> Vec<Standing> {
        let state = self.shared.state();
        let subscription = state.arm.subscription().scope();
        // A node resource group goes with its cluster.
        let groups = state.arm.groups.values().filter(|group| !group.deleting && group.managed_by.is_empty());
        let groups = groups.map(|group| Standing {
            kind: "resource group",
            name: group.name.clone(),
            called: group.name.clone(),
            id: group_scope(&state, &group.name),
            removable: true,
            hint: None,
        });
        let assignments = state.authorization.assignments().filter(|one| one.scope.eq_ignore_ascii_case(&subscription));
        let assignments = assignments.map(|one| {
            let role = builtin_roles::by_id(&one.role_id).map_or(&*one.role_id, |role| role.name);
            Standing {
                kind: "role assignment",
                name: format!("{role} for the whole subscription"),
                called: role.to_owned(),
                id: one.id(),
                removable: false,
                hint: Some("it does not go with any resource group"),
            }
        });
        let vaults = state.keyvault.deleted.iter().filter(|deleted| deleted.purging.is_none()).map(|deleted| Standing {
            kind: "soft-deleted key vault",
            name: deleted.vault.name.clone(),
            called: deleted.vault.name.clone(),
            id: deleted.vault.id(),
            removable: false,
            hint: Some("nobody can take its name until it is purged"),
        });
        groups.chain(assignments).chain(vaults).collect()
    }

    /// Deletes the resource group with this id, lets pass what that takes, and looks whether it is gone.
    pub fn remove_group(&self, id: &str) -> bool {
        let name = id.rsplit('/').next().unwrap_or_default();
        for _ in 0..DELETION_POLLS_MAX {
            {
                let mut state = self.shared.state();
                let now = state.now();
                match state.arm.group(name) {
                    None => return true,
                    Some(group) if group.deleting => {}
                    Some(_) => drop(delete_group(&mut state, name, now)),
                }
            }
            self.shared.advance(DELETION_POLL);
        }
        let state = self.shared.state();
        arm::operations::require_group(&state, name).is_err()
    }
}
