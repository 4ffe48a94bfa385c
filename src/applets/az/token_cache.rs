//! Access tokens that are kept between command lines, in `msal_token_cache.json`, as MSAL keeps them: a token is used until five minutes
//! before its end, whatever has changed in the directory meanwhile.
//!
//! Source: MSAL for Python 1.39, `application.py` (`acquire_token_silent`, `acquire_token_for_client`) and `token_cache.py`. A managed
//! identity's tokens are not kept: az gives that client no file (`core/auth/msal_credentials.py`).

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::credential::{self, CLI};
use super::failure::Failure;

/// A token that ends sooner is asked for again.
const LEAST_SECONDS: i64 = 300;
const ENVIRONMENT: &str = "login.microsoftonline.com";

/// Whose tokens they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Holder {
    /// A user by MSAL's name for the account.
    User { home_account_id: String },
    /// A service principal by its client id.
    Application { client_id: String },
}

impl Holder {
    fn client_id(&self) -> &str {
        match self {
            Self::User { .. } => CLI,
            Self::Application { client_id } => client_id,
        }
    }

    fn home(&self) -> Value {
        match self {
            Self::User { home_account_id } => json!(home_account_id),
            Self::Application { .. } => Value::Null,
        }
    }
}

/// Where the tokens are.
pub(super) fn path(folder: &Path) -> PathBuf {
    folder.join("msal_token_cache.json")
}

/// A token for `scope` that is good for a while: what the token endpoint would answer.
pub(super) fn found(folder: &Path, holder: &Holder, tenant: &str, scope: &str, now: i64) -> Option<Value> {
    let cache = credential::read(&path(folder));
    let fits = |entry: &&Value| {
        let target = entry["target"].as_str().unwrap_or_default();
        entry["home_account_id"] == holder.home()
            && entry["environment"] == ENVIRONMENT
            && entry["realm"].as_str().is_some_and(|realm| realm.eq_ignore_ascii_case(tenant))
            && entry["client_id"] == holder.client_id()
            && scope.split_whitespace().all(|wanted| target.split_whitespace().any(|known| known == wanted))
    };
    let left = |entry: &Value| entry["expires_on"].as_str().and_then(|text| text.parse::<i64>().ok()).unwrap_or_default() - now;
    let entries = cache["AccessToken"].as_object()?;
    let entry = entries.values().filter(fits).find(|entry| left(entry) >= LEAST_SECONDS)?;
    Some(json!({"access_token": entry["secret"], "token_type": "Bearer", "expires_in": left(entry)}))
}

/// Keeps the token that was answered for `scope`.
pub(super) fn keep(folder: &Path, holder: &Holder, tenant: &str, scope: &str, answer: &Value, now: i64) -> Result<(), Failure> {
    let mut cache = credential::read(&path(folder));
    if !cache.is_object() {
        cache = json!({});
    }
    // What was granted, else what was asked for, sorted.
    let mut words: Vec<&str> = answer["scope"].as_str().unwrap_or(scope).split_whitespace().collect();
    words.sort_unstable();
    let target = words.join(" ");
    let home = holder.home();
    let key = format!("{}-{ENVIRONMENT}-accesstoken-{}-{tenant}-{target}", home.as_str().unwrap_or_default(), holder.client_id());
    let expires = now + answer["expires_in"].as_i64().unwrap_or_default();
    cache["AccessToken"][key.to_lowercase()] = json!({
        "credential_type": "AccessToken",
        "secret": answer["access_token"],
        "home_account_id": home,
        "environment": ENVIRONMENT,
        "client_id": holder.client_id(),
        "target": target,
        "realm": tenant,
        "token_type": "Bearer",
        "cached_at": now.to_string(),
        "expires_on": expires.to_string(),
        "extended_expires_on": expires.to_string(),
    });
    credential::write(&path(folder), &cache)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCOPE: &str = "6dae42f8-4368-4678-94ff-3960e28e3630/.default";

    #[test]
    fn a_token_is_used_until_five_minutes_before_its_end() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let ada = Holder::User { home_account_id: "o.t".to_owned() };
        let answer = json!({"access_token": "one", "expires_in": 4500, "scope": format!("{SCOPE} openid")});
        keep(folder.path(), &ada, "t", SCOPE, &answer, 1000).expect("written");
        let token = |holder: &Holder, tenant: &str, scope: &str, now: i64| {
            found(folder.path(), holder, tenant, scope, now).map(|answer| (answer["access_token"].clone(), answer["expires_in"].clone()))
        };
        assert_eq!(token(&ada, "T", SCOPE, 5200), Some((json!("one"), json!(300))));
        assert_eq!(token(&ada, "t", SCOPE, 5201), None, "it would end too soon");
        assert_eq!(token(&ada, "t", "other/.default", 1000), None);
        assert_eq!(token(&ada, "u", SCOPE, 1000), None);
        assert_eq!(token(&Holder::User { home_account_id: "b.t".to_owned() }, "t", SCOPE, 1000), None);
        let app = Holder::Application { client_id: "app".to_owned() };
        assert_eq!(token(&app, "t", SCOPE, 1000), None);
        keep(folder.path(), &app, "t", SCOPE, &json!({"access_token": "two", "expires_in": 9}), 1000).expect("written");
        keep(folder.path(), &app, "t", SCOPE, &json!({"access_token": "three", "expires_in": 999}), 1001).expect("written");
        assert_eq!(token(&app, "t", SCOPE, 1001), Some((json!("three"), json!(999))), "the later one takes its place");
        credential::forget(folder.path(), "app").expect("written");
        assert_eq!(token(&app, "t", SCOPE, 1001), None);
        assert!(token(&ada, "t", SCOPE, 1001).is_some(), "somebody else's stay");
    }
}
