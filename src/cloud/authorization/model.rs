//! Role assignments and custom roles as stored. The built-in roles are in the identity service's table.

use jiff::Timestamp;

use super::custom::RoleDefinition;
use super::locks::Lock;
use crate::cloud::identity::azure_rbac::is_at_or_below;

/// All role assignments, in the order of their creation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    assignments: Vec<RoleAssignment>,
    /// Custom roles, in the order of their creation.
    definitions: Vec<RoleDefinition>,
    /// Management locks, in the order of their creation.
    pub(super) locks: Vec<Lock>,
}

/// One principal has one role at one scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RoleAssignment {
    /// The GUID that its creator chose.
    pub(crate) name: String,
    /// A resource id, `/subscriptions/…` or `/`; spelled as its creator spelled it.
    pub(crate) scope: String,
    /// GUID of the role definition, in lower case.
    pub(crate) role_id: String,
    pub(crate) principal_id: String,
    pub(crate) principal_type: PrincipalType,
    pub(crate) description: Option<String>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    /// Object id of who made it.
    pub(crate) created_by: String,
}

/// What a principal is, in the words of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PrincipalType {
    User,
    Group,
    ServicePrincipal,
    ForeignGroup,
    Device,
}

impl PrincipalType {
    /// The word on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
            Self::ServicePrincipal => "ServicePrincipal",
            Self::ForeignGroup => "ForeignGroup",
            Self::Device => "Device",
        }
    }

    /// Reads the word on the wire, without case.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        [Self::User, Self::Group, Self::ServicePrincipal, Self::ForeignGroup, Self::Device]
            .into_iter()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(word))
    }
}

impl Model {
    /// The custom roles, oldest first.
    pub(crate) fn definitions(&self) -> impl Iterator<Item = &RoleDefinition> {
        self.definitions.iter()
    }

    /// The custom role of that GUID.
    pub(crate) fn definition(&self, id: &str) -> Option<&RoleDefinition> {
        self.definitions.iter().find(|known| known.role.id.eq_ignore_ascii_case(id))
    }

    /// Stores a custom role, in the place of the one of its GUID.
    pub(crate) fn put_definition(&mut self, definition: RoleDefinition) {
        match self.definitions.iter_mut().find(|known| known.role.id == definition.role.id) {
            Some(known) => *known = definition,
            None => self.definitions.push(definition),
        }
    }

    /// Takes one custom role out.
    pub(crate) fn remove_definition(&mut self, id: &str) -> Option<RoleDefinition> {
        let position = self.definitions.iter().position(|known| known.role.id.eq_ignore_ascii_case(id))?;
        Some(self.definitions.remove(position))
    }

    /// All assignments, oldest first.
    pub(crate) fn assignments(&self) -> impl Iterator<Item = &RoleAssignment> {
        self.assignments.iter()
    }

    /// The assignment of that name, wherever it holds: names are GUIDs, unique in the tenant.
    pub(crate) fn by_name(&self, name: &str) -> Option<&RoleAssignment> {
        self.assignments.iter().find(|assignment| assignment.name.eq_ignore_ascii_case(name))
    }

    /// The assignment of that name exactly at that scope.
    pub(crate) fn find(&self, scope: &str, name: &str) -> Option<&RoleAssignment> {
        self.assignments.iter().find(|assignment| assignment.is(scope, name))
    }

    /// Stores a new assignment.
    pub(crate) fn insert(&mut self, assignment: RoleAssignment) {
        self.assignments.push(assignment);
    }

    /// Puts `assignment` in the place of the one of its name.
    pub(crate) fn replace(&mut self, assignment: RoleAssignment) {
        for known in self.assignments.iter_mut().filter(|known| known.name.eq_ignore_ascii_case(&assignment.name)) {
            known.clone_from(&assignment);
        }
    }

    /// Takes one assignment out.
    pub(crate) fn remove(&mut self, scope: &str, name: &str) -> Option<RoleAssignment> {
        let position = self.assignments.iter().position(|assignment| assignment.is(scope, name))?;
        Some(self.assignments.remove(position))
    }

    /// Forgets the assignments and locks at `scope` and below it.
    pub(crate) fn forget_below(&mut self, scope: &str) {
        self.assignments.retain(|assignment| !is_at_or_below(&assignment.scope, scope));
        self.locks.retain(|lock| !is_at_or_below(&lock.scope, scope));
    }
}

impl RoleAssignment {
    fn is(&self, scope: &str, name: &str) -> bool {
        is_same_scope(&self.scope, scope) && self.name.eq_ignore_ascii_case(name)
    }

    /// The id: `/providers/…` at the root, else the scope before it (recorded 2025-04).
    pub(crate) fn id(&self) -> String {
        format!("{}/providers/Microsoft.Authorization/roleAssignments/{}", self.scope.trim_end_matches('/'), self.name)
    }
}

/// Whether two texts name one scope: final slashes and case aside.
pub(crate) fn is_same_scope(one: &str, other: &str) -> bool {
    one.trim_end_matches('/').eq_ignore_ascii_case(other.trim_end_matches('/'))
}
