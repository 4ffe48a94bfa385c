//! Azure RBAC: may this principal do this here? Pure.
//!
//! Emulated: role assignments of built-in and custom roles, inheritance of scopes, groups, `NotActions`, wildcards; control plane and data
//! plane apart. Absent: deny assignments, eligible (time-bound) assignments. What a condition restricts is neither allowed nor denied but
//! reported as such.

use std::sync::Arc;

use jiff::Timestamp;

use super::builtin_roles::{self, BuiltinRole, Permission};

/// A role assignment, as far as a decision needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grant {
    /// The full id of the assignment.
    pub(crate) assignment_id: String,
    /// The object id of a user, group or service principal.
    pub(crate) principal_id: String,
    /// The GUID of the role's definition.
    pub(crate) role_id: String,
    /// Where it holds: this scope and everything below.
    pub(crate) scope: String,
    /// When it was made.
    pub(crate) created: Timestamp,
    /// The role when it is none of the built-in ones.
    pub(crate) custom: Option<Arc<CustomRole>>,
}

/// A role that somebody of the tenant defined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CustomRole {
    /// The GUID of its definition, in lower case.
    pub(crate) id: String,
    /// `roleName`.
    pub(crate) name: String,
    pub(crate) permissions: Vec<CustomPermission>,
}

/// One permission of a custom role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CustomPermission {
    pub(crate) actions: Vec<String>,
    pub(crate) not_actions: Vec<String>,
    pub(crate) data_actions: Vec<String>,
    pub(crate) not_data_actions: Vec<String>,
}

impl Grant {
    /// The name of its role; the GUID when nobody knows the role.
    pub(crate) fn role_name(&self) -> &str {
        match &self.custom {
            Some(role) => &role.name,
            None => builtin_roles::by_id(&self.role_id).map_or(self.role_id.as_str(), |role| role.name),
        }
    }

    /// Whether its role has `action` on `plane`, without a condition.
    pub(crate) fn allows(&self, action: &str, plane: Plane) -> bool {
        match &self.custom {
            Some(role) => role.permissions.iter().any(|permission| permission.permits(action, plane)),
            None => builtin_roles::by_id(&self.role_id).is_some_and(|role| role_allows(role, action, plane)),
        }
    }
}

impl CustomPermission {
    fn permits(&self, action: &str, plane: Plane) -> bool {
        let (given, taken) = match plane {
            Plane::Control => (&self.actions, &self.not_actions),
            Plane::Data => (&self.data_actions, &self.not_data_actions),
        };
        given.iter().any(|pattern| matches(pattern, action)) && !taken.iter().any(|pattern| matches(pattern, action))
    }
}

/// Which side of a resource an action is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plane {
    /// Managing the resource: `actions`, `notActions`.
    Control,
    /// Using what is in it: `dataActions`, `notDataActions`.
    Data,
}

/// The answer, with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision {
    /// This grant allows it; the oldest one that does.
    Allowed(Grant),
    /// Nothing allows it.
    Denied(Denial),
}

/// Why nothing allowed an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Denial {
    /// The principal has no assignment at the scope or above.
    NoAssignmentHere {
        /// Assignments of the principal elsewhere whose role would allow the action.
        elsewhere: Vec<Grant>,
    },
    /// A role here has the action under a condition, and conditions are not evaluated.
    Conditional {
        /// The role's name.
        role: String,
    },
    /// It has assignments here, but none of their roles has the action. Role names, in order of assignment.
    RolesLackAction {
        /// What it has.
        roles: Vec<String>,
    },
}

impl Denial {
    /// Why, as a sentence fragment.
    pub(crate) fn told(&self) -> String {
        let listed = |names: &[String]| names.join(", ");
        match self {
            Self::NoAssignmentHere { elsewhere } if elsewhere.is_empty() => "no role assignment at this scope or above".to_owned(),
            Self::NoAssignmentHere { elsewhere } => {
                let places: Vec<String> = elsewhere.iter().map(|grant| format!("{} at {}", grant.role_name(), grant.scope)).collect();
                format!("no role assignment at this scope or above; elsewhere: {}", listed(&places))
            }
            Self::Conditional { role } => format!("the role {role} has it under a condition"),
            Self::RolesLackAction { roles } => format!("no role here has it: {}", listed(roles)),
        }
    }
}

impl Decision {
    /// The decision with the rule that decided, as a sentence fragment.
    pub(crate) fn told(&self) -> String {
        match self {
            Self::Allowed(grant) => {
                format!("allowed by the role {} at {}, assigned to {}", grant.role_name(), grant.scope, grant.principal_id)
            }
            Self::Denied(denial) => format!("denied: {}", denial.told()),
        }
    }
}

/// Decides whether one of `principals` (a principal and the groups it is in) may do `action` at `scope`.
pub(crate) fn decide(grants: &[Grant], principals: &[String], action: &str, scope: &str, plane: Plane) -> Decision {
    let own = || grants.iter().filter(|grant| principals.iter().any(|principal| principal.eq_ignore_ascii_case(&grant.principal_id)));
    let allowing = |grant: &&Grant| grant.allows(action, plane);
    let here = || own().filter(|grant| is_at_or_below(scope, &grant.scope));
    if let Some(grant) = here().filter(allowing).min_by_key(|grant| grant.created) {
        return Decision::Allowed(grant.clone());
    }
    let conditional = |grant: &Grant| builtin_roles::by_id(&grant.role_id).filter(|role| has_under_condition(role, action, plane));
    if let Some(role) = here().find_map(conditional) {
        return Decision::Denied(Denial::Conditional { role: role.name.to_owned() });
    }
    let roles: Vec<String> = here().map(|grant| grant.role_name().to_owned()).collect();
    if roles.is_empty() {
        Decision::Denied(Denial::NoAssignmentHere { elsewhere: own().filter(allowing).cloned().collect() })
    } else {
        Decision::Denied(Denial::RolesLackAction { roles })
    }
}

/// Whether a role has `action` on `plane`, without a condition.
pub(crate) fn role_allows(role: &BuiltinRole, action: &str, plane: Plane) -> bool {
    role.permissions.iter().any(|permission| permits(permission, action, plane) && !is_conditional(permission, action, plane))
}

fn has_under_condition(role: &BuiltinRole, action: &str, plane: Plane) -> bool {
    role.permissions.iter().any(|permission| permits(permission, action, plane) && is_conditional(permission, action, plane))
}

fn permits(permission: &Permission, action: &str, plane: Plane) -> bool {
    let (given, taken) = match plane {
        Plane::Control => (permission.actions, permission.not_actions),
        Plane::Data => (permission.data_actions, permission.not_data_actions),
    };
    given.iter().any(|pattern| matches(pattern, action)) && !taken.iter().any(|pattern| matches(pattern, action))
}

fn is_conditional(permission: &Permission, action: &str, plane: Plane) -> bool {
    plane == Plane::Control && permission.conditional_actions.iter().any(|conditional| conditional.eq_ignore_ascii_case(action))
}

/// Whether `scope` is `ancestor` or lies below it, by whole segments and without regard to case.
pub(crate) fn is_at_or_below(scope: &str, ancestor: &str) -> bool {
    let (scope, ancestor) = (scope.trim_end_matches('/'), ancestor.trim_end_matches('/'));
    match scope.get(..ancestor.len()) {
        Some(start) => start.eq_ignore_ascii_case(ancestor) && matches!(scope.as_bytes().get(ancestor.len()), None | Some(b'/')),
        None => false,
    }
}

/// Whether `action` fits `pattern`, in which `*` stands for any text (slashes included), without regard to case.
fn matches(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_ascii_lowercase(), action.to_ascii_lowercase());
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = action.strip_prefix(first) else { return false };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
    const CONTRIBUTOR: &str = "b24988ac-6180-42a0-ab88-20f7382dd24c";
    const SECRETS_USER: &str = "4633458b-17de-408a-b874-0445c86b69e6";
    const GROUP: &str = "/subscriptions/s/resourceGroups/rg";

    fn grant(principal: &str, role: &str, scope: &str) -> Grant {
        Grant {
            assignment_id: format!("{scope}/providers/Microsoft.Authorization/roleAssignments/a"),
            principal_id: principal.to_owned(),
            role_id: role.to_owned(),
            scope: scope.to_owned(),
            created: Timestamp::UNIX_EPOCH,
            custom: None,
        }
    }

    #[track_caller]
    fn check(grants: &[Grant], action: &str, scope: &str, plane: Plane, allowed: bool) {
        let decision = decide(grants, &["me".to_owned(), "my-group".to_owned()], action, scope, plane);
        assert_eq!(matches!(decision, Decision::Allowed(_)), allowed, "{action} at {scope}: {decision:?}");
    }

    #[test]
    fn an_owner_manages_everything_below_and_reads_no_secret() {
        let grants = [grant("me", OWNER, "/subscriptions/s")];
        let vault = format!("{GROUP}/providers/Microsoft.KeyVault/vaults/v");
        check(&grants, "Microsoft.KeyVault/vaults/write", &vault, Plane::Control, true);
        check(&grants, "Microsoft.KeyVault/vaults/secrets/getSecret/action", &vault, Plane::Data, false);
        check(&grants, "Microsoft.KeyVault/vaults/write", "/subscriptions/s2", Plane::Control, false);
    }

    #[test]
    fn scopes_are_inherited_by_whole_segments_without_regard_to_case() {
        let grants = [grant("me", OWNER, GROUP)];
        check(&grants, "a/b/write", "/SUBSCRIPTIONS/S/resourcegroups/RG/providers/x", Plane::Control, true);
        check(&grants, "a/b/write", "/subscriptions/s/resourceGroups/rg2", Plane::Control, false);
        check(&grants, "a/b/write", "/subscriptions/s", Plane::Control, false);
        check(&[grant("me", OWNER, "/")], "a/b/write", GROUP, Plane::Control, true);
    }

    #[test]
    fn a_contributor_may_not_assign_roles_and_a_group_lends_its_roles() {
        let grants = [grant("my-group", CONTRIBUTOR, GROUP)];
        check(&grants, "Microsoft.KeyVault/vaults/write", GROUP, Plane::Control, true);
        check(&grants, "Microsoft.Authorization/roleAssignments/write", GROUP, Plane::Control, false);
        check(&[grant("someone", CONTRIBUTOR, GROUP)], "Microsoft.KeyVault/vaults/write", GROUP, Plane::Control, false);
    }

    #[test]
    fn a_denial_says_whether_the_role_is_wrong_or_the_place() {
        let elsewhere = [grant("me", SECRETS_USER, "/subscriptions/s/resourceGroups/other")];
        let action = "Microsoft.KeyVault/vaults/secrets/getSecret/action";
        let denied = decide(&elsewhere, &["me".to_owned()], action, GROUP, Plane::Data);
        assert_eq!(denied, Decision::Denied(Denial::NoAssignmentHere { elsewhere: elsewhere.to_vec() }));
        let wrong_role = decide(&[grant("me", OWNER, GROUP)], &["me".to_owned()], action, GROUP, Plane::Data);
        assert_eq!(wrong_role, Decision::Denied(Denial::RolesLackAction { roles: vec!["Owner".to_owned()] }));
    }

    #[test]
    fn a_role_with_a_condition_neither_allows_nor_plainly_denies_what_the_condition_restricts() {
        let grants = [grant("me", "8b54135c-b56d-4d72-a534-26097cfdc8d8", GROUP)];
        let write = "Microsoft.Authorization/roleAssignments/write";
        let decision = decide(&grants, &["me".to_owned()], write, GROUP, Plane::Control);
        let role = "Key Vault Data Access Administrator".to_owned();
        assert_eq!(decision, Decision::Denied(Denial::Conditional { role }));
        check(&grants, "Microsoft.Authorization/roleAssignments/read", GROUP, Plane::Control, true);
    }

    #[test]
    fn wildcards_span_segments() {
        for (pattern, action, expected) in [
            ("*", "a/b", true),
            ("*/read", "a/b/read", true),
            ("*/read", "a/b/write", false),
            ("a/*/read", "A/x/y/READ", true),
            ("a/*/read", "a/read", false),
            ("a/b", "a/b/c", false),
            ("a/*/c/*", "a/b/c/d", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, action), expected, "{pattern} {action}");
        }
    }
}
