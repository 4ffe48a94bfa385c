//! Management locks: what may not be deleted, or not be changed, whoever asks.

use http::Method;
use serde_json::{Value, json};

use super::model::is_same_scope;
use crate::cloud::fault::Fault;
use crate::cloud::identity::azure_rbac::is_at_or_below;
use crate::cloud::state::State;

/// One lock. It holds for its scope and all that is below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lock {
    pub(crate) name: String,
    /// A subscription, a group or a resource, as its creator spelled it.
    pub(crate) scope: String,
    pub(crate) level: Level,
    pub(crate) notes: Option<String>,
}

/// What a lock keeps from happening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// `CanNotDelete`.
    Deleting,
    /// `ReadOnly`.
    Changing,
}

impl Level {
    fn as_str(self) -> &'static str {
        match self {
            Self::Deleting => "CanNotDelete",
            Self::Changing => "ReadOnly",
        }
    }
}

impl Lock {
    fn is(&self, scope: &str, name: &str) -> bool {
        is_same_scope(&self.scope, scope) && self.name.eq_ignore_ascii_case(name)
    }

    fn id(&self) -> String {
        format!("{}/providers/Microsoft.Authorization/locks/{}", self.scope.trim_end_matches('/'), self.name)
    }

    /// As the service writes it (REST reference of management locks, 2016-09-01).
    pub(crate) fn encode(&self) -> Value {
        let mut properties = json!({ "level": self.level.as_str() });
        if let Some(notes) = &self.notes {
            properties["notes"] = json!(notes);
        }
        json!({ "properties": properties, "id": self.id(), "type": "Microsoft.Authorization/locks", "name": self.name })
    }
}

/// Makes a lock, or changes the one of that name there; and whether it is new.
///
/// # Errors
/// A level that there is not.
pub(crate) fn put(state: &mut State, (scope, name): (&str, &str), body: &Value) -> Result<(Lock, bool), Fault> {
    let properties = &body["properties"];
    let said = properties["level"].as_str().unwrap_or_default();
    let level = [Level::Deleting, Level::Changing].into_iter().find(|level| level.as_str().eq_ignore_ascii_case(said));
    // Assumed: the words.
    let level = level.ok_or_else(|| Fault::new(400, "InvalidLockLevel", format!("The lock level '{said}' is invalid.")))?;
    let notes = properties["notes"].as_str().map(str::to_owned);
    let lock = Lock { name: name.to_owned(), scope: scope.to_owned(), level, notes };
    let known = state.authorization.locks.iter_mut().find(|known| known.is(scope, name));
    let is_new = known.is_none();
    match known {
        Some(known) => known.clone_from(&lock),
        None => state.authorization.locks.push(lock.clone()),
    }
    Ok((lock, is_new))
}

/// The lock of that name exactly there.
///
/// # Errors
/// When there is none.
pub(crate) fn get<'a>(state: &'a State, scope: &str, name: &str) -> Result<&'a Lock, Fault> {
    // Public reports of the words.
    let missing = || Fault::new(404, "LockNotFound", format!("The lock '{name}' could not be found."));
    state.authorization.locks.iter().find(|known| known.is(scope, name)).ok_or_else(missing)
}

/// The locks at a scope, below it and above it, as a list there shows them.
pub(crate) fn list<'a>(state: &'a State, scope: &str) -> impl Iterator<Item = &'a Lock> {
    state.authorization.locks.iter().filter(move |lock| is_at_or_below(&lock.scope, scope) || is_at_or_below(scope, &lock.scope))
}

/// Takes a lock away; whether there was one.
pub(crate) fn delete(state: &mut State, scope: &str, name: &str) -> bool {
    let before = state.authorization.locks.len();
    state.authorization.locks.retain(|known| !known.is(scope, name));
    state.authorization.locks.len() != before
}

/// Refuses a request to `scope` that a lock forbids: to delete something that is locked or has something locked in it, or to change
/// something that is read-only. Locks themselves can always be changed.
pub(crate) fn require_unlocked(state: &State, method: &Method, scope: &str) -> Result<(), Fault> {
    let is_deletion = match *method {
        Method::DELETE => true,
        Method::PUT | Method::PATCH => false,
        _ => return Ok(()),
    };
    if state.authorization.locks.is_empty() || scope.to_ascii_lowercase().contains("/providers/microsoft.authorization/locks") {
        return Ok(());
    }
    let holds = |lock: &&Lock| {
        let is_above = is_at_or_below(scope, &lock.scope);
        if is_deletion { is_above || is_at_or_below(&lock.scope, scope) } else { is_above && lock.level == Level::Changing }
    };
    let locked: Vec<&str> = state.authorization.locks.iter().filter(holds).map(|lock| lock.scope.as_str()).collect();
    if locked.is_empty() {
        return Ok(());
    }
    let action = if is_deletion { "delete" } else { "write" };
    // Public reports of both words.
    let message = format!(
        "The scope '{scope}' cannot perform {action} operation because following scope(s) are locked: '{}'. Please remove the lock and try again.",
        locked.join("','")
    );
    Err(Fault::new(409, "ScopeLocked", message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::testing::TestCloud;

    #[test]
    fn a_lock_holds_for_its_scope_for_what_is_below_and_against_deleting_what_is_above() {
        let group = "/subscriptions/s/resourceGroups/g";
        let vault = format!("{group}/providers/Microsoft.KeyVault/vaults/v");
        let check = |level: &str, method: Method, scope: &str| {
            let cloud = TestCloud::new();
            let mut state = cloud.shared.state();
            put(&mut state, (&vault, "keep"), &json!({ "properties": { "level": level } })).unwrap();
            require_unlocked(&state, &method, scope).err().map(|fault| fault.code().to_owned())
        };
        let locked = Some("ScopeLocked".to_owned());
        assert_eq!(check("CanNotDelete", Method::DELETE, &vault.to_uppercase()), locked);
        assert_eq!(check("CanNotDelete", Method::DELETE, group), locked);
        assert_eq!(check("CanNotDelete", Method::DELETE, &format!("{vault}/secrets/x")), locked);
        assert_eq!(check("CanNotDelete", Method::PUT, &vault), None);
        assert_eq!(check("ReadOnly", Method::PUT, &vault), locked);
        assert_eq!(check("ReadOnly", Method::PUT, group), None);
        assert_eq!(check("ReadOnly", Method::GET, &vault), None);
        assert_eq!(check("CanNotDelete", Method::DELETE, &format!("{vault}x")), None);
        assert_eq!(check("CanNotDelete", Method::DELETE, &format!("{vault}/providers/Microsoft.Authorization/locks/keep")), None);
        let cloud = TestCloud::new();
        let mut state = cloud.shared.state();
        assert!(put(&mut state, (group, "keep"), &json!({ "properties": { "level": "Sealed" } })).is_err());
    }
}
