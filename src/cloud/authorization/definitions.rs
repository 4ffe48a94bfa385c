//! Role definitions as the service lists them.

use serde_json::{Value, json};

use super::custom::{self, RoleDefinition};
use super::filter::{self, Term};
use crate::cloud::fault::Fault;
use crate::cloud::identity::builtin_roles::{BUILTIN_ROLES, BuiltinRole, Permission};
use crate::cloud::state::State;

/// The definitions at `scope` that a filter chooses, built-in ones first. Every built-in role can be assigned anywhere.
///
/// # Errors
/// 501 for a filter that is not emulated.
pub(crate) fn list_at(state: &State, scope: &str, filter: Option<&str>) -> Result<Vec<Value>, Fault> {
    let subscription = super::routes::subscription(scope);
    let mut found: Vec<Value> = list(filter)?.into_iter().map(|role| encode(subscription, role)).collect();
    let terms = filter::parse(filter.unwrap_or_default()).unwrap_or_default();
    let is_chosen = |known: &&RoleDefinition| {
        known.is_shown_at(scope)
            && terms.iter().all(|term| match term {
                Term::Equals { name, value } if name.eq_ignore_ascii_case("roleName") => known.role.name.eq_ignore_ascii_case(value),
                Term::Equals { name, value } if name.eq_ignore_ascii_case("type") => value.eq_ignore_ascii_case("CustomRole"),
                Term::Equals { .. } | Term::Call { .. } => true,
            })
    };
    found.extend(state.authorization.definitions().filter(is_chosen).map(|known| custom::encode(subscription, known)));
    Ok(found)
}

/// The built-in definitions that a filter chooses.
fn list(filter: Option<&str>) -> Result<Vec<&'static BuiltinRole>, Fault> {
    let unsupported = |what: String| Fault::unsupported(format!("the filter {what} of role definitions"), "");
    let terms = filter::parse(filter.unwrap_or_default()).map_err(&unsupported)?;
    let mut chosen: Vec<&BuiltinRole> = BUILTIN_ROLES.iter().collect();
    for term in terms {
        match term {
            // Recorded: `reader` finds Reader.
            Term::Equals { name, value } if name.eq_ignore_ascii_case("roleName") => {
                chosen.retain(|role| role.name.eq_ignore_ascii_case(&value));
            }
            Term::Equals { name, value } if name.eq_ignore_ascii_case("type") => {
                chosen.retain(|_| value.eq_ignore_ascii_case("BuiltInRole"));
            }
            Term::Call { name, argument: None } if ["atScope", "atScopeAndBelow"].iter().any(|known| name.eq_ignore_ascii_case(known)) => {}
            Term::Equals { name, .. } | Term::Call { name, .. } => return Err(unsupported(name)),
        }
    }
    Ok(chosen)
}

/// The id of a definition: it carries the subscription, also for a built-in role and whatever the scope asked (recorded).
pub(crate) fn id(subscription: &str, role: &str) -> String {
    let prefix = if subscription.is_empty() { String::new() } else { format!("/subscriptions/{subscription}") };
    format!("{prefix}/providers/Microsoft.Authorization/roleDefinitions/{role}")
}

/// A permission: actions, what is taken from them, and both for data.
pub(super) fn permission<T: serde::Serialize>([actions, not_actions, data_actions, not_data_actions]: [T; 4]) -> Value {
    json!({"actions": actions, "notActions": not_actions, "dataActions": data_actions, "notDataActions": not_data_actions})
}

/// A definition. Recorded: the order of keys. Descriptions and dates of built-in roles are not known here: null.
pub(crate) fn encode(subscription: &str, role: &BuiltinRole) -> Value {
    let of = |one: &Permission| permission([one.actions, one.not_actions, one.data_actions, one.not_data_actions]);
    let permissions: Vec<Value> = role.permissions.iter().map(of).collect();
    json!({
        "properties": {
            "roleName": role.name,
            "type": "BuiltInRole",
            "description": null,
            "assignableScopes": ["/"],
            "permissions": permissions,
            "createdOn": null,
            "updatedOn": null,
            "createdBy": null,
            "updatedBy": null,
        },
        "id": id(subscription, role.id),
        "type": "Microsoft.Authorization/roleDefinitions",
        "name": role.id,
    })
}

#[cfg(test)]
mod tests {
    use super::list;

    #[test]
    fn a_name_finds_one_role_in_any_case_and_an_unknown_name_none() {
        for (filter, expected) in [
            ("roleName eq 'Key Vault Secrets User'", vec!["Key Vault Secrets User"]),
            ("atScope() and roleName eq 'reader'", vec!["Reader"]),
            ("roleName eq 'Nope Role'", vec![]),
            ("roleName eq 'Reader' and type eq 'CustomRole'", vec![]),
        ] {
            let found: Vec<_> = list(Some(filter)).unwrap().into_iter().map(|role| role.name).collect();
            assert_eq!(found, expected, "{filter}");
        }
        assert!(list(None).unwrap().len() > 30);
    }

    #[test]
    fn a_filter_that_is_not_emulated_is_refused_by_name() {
        let fault = list(Some("assignableScope eq '/'")).unwrap_err();
        assert_eq!(fault.as_unsupported().map(|known| known.what.as_str()), Some("the filter assignableScope of role definitions"));
    }
}
