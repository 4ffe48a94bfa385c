//! The accounts that `az` knows: `azureProfile.json` in its configuration folder, read and written as the real one does.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::failure::Failure;
use crate::applets::render::json;

/// What `az` says to whoever is not signed in.
pub(crate) const NOT_SIGNED_IN: &str = "Please run 'az login' to setup account.";

/// The configuration folder and the subscriptions in it.
pub(crate) struct Profile {
    folder: PathBuf,
    document: Map<String, Value>,
}

/// One subscription of the signed-in accounts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Subscription(pub(crate) Value);

impl Subscription {
    pub(crate) fn id(&self) -> &str {
        self.0["id"].as_str().unwrap_or_default()
    }

    pub(crate) fn tenant(&self) -> &str {
        self.0["tenantId"].as_str().unwrap_or_default()
    }

    /// The user principal name, or the application id of a service principal.
    pub(crate) fn user(&self) -> &str {
        self.0["user"]["name"].as_str().unwrap_or_default()
    }

    pub(crate) fn is_service_principal(&self) -> bool {
        self.0["user"]["type"].as_str() == Some("servicePrincipal")
    }

    /// By what a managed identity is named; empty when it is none.
    pub(crate) fn assigned_identity(&self) -> &str {
        self.0["user"]["assignedIdentityInfo"].as_str().unwrap_or_default()
    }

    fn is_default(&self) -> bool {
        self.0["isDefault"].as_bool() == Some(true)
    }

    fn is_named(&self, selector: &str) -> bool {
        let named = |key: &str| self.0[key].as_str().is_some_and(|value| value.eq_ignore_ascii_case(selector));
        named("id") || named("name")
    }
}

impl Profile {
    /// Reads the profile of a folder; one that is missing or broken has no accounts.
    pub(crate) fn load(folder: &Path) -> Profile {
        let text = std::fs::read_to_string(folder.join("azureProfile.json")).unwrap_or_default();
        let document = serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap_or_default();
        Profile { folder: folder.to_owned(), document }
    }

    /// The folder with the profile and the tokens.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// All subscriptions, in their order.
    pub(crate) fn subscriptions(&self) -> Vec<Subscription> {
        let list = self.document.get("subscriptions").and_then(Value::as_array);
        list.map(|list| list.iter().cloned().map(Subscription).collect()).unwrap_or_default()
    }

    /// The subscription of this id or name, or the default one.
    pub(crate) fn subscription(&self, selector: Option<&str>) -> Result<Subscription, Failure> {
        let all = self.subscriptions();
        if all.is_empty() {
            return Err(Failure::Refused(NOT_SIGNED_IN.to_owned()));
        }
        let selector = selector.filter(|selector| !selector.is_empty());
        let matching: Vec<Subscription> =
            all.into_iter().filter(|one| selector.map_or_else(|| one.is_default(), |selector| one.is_named(selector))).collect();
        match (matching.as_slice(), selector) {
            ([one], _) => Ok(one.clone()),
            ([], Some(selector)) => {
                Err(Failure::Refused(format!("Subscription '{selector}' not found. Check the spelling and casing and try again.")))
            }
            ([], None) => Err(Failure::Refused("No subscription found. Run 'az account set' to select a subscription.".to_owned())),
            (_, _) => {
                let name = selector.unwrap_or_default();
                Err(Failure::Refused(format!("Multiple subscriptions with the name '{name}' found. Specify the subscription ID.")))
            }
        }
    }

    /// Makes another subscription the default.
    pub(crate) fn set_default(&mut self, selector: &str) -> Result<(), Failure> {
        let all = self.subscriptions();
        let matching: Vec<&Subscription> = all.iter().filter(|one| one.is_named(selector)).collect();
        let [chosen] = matching.as_slice() else {
            let what = if matching.is_empty() { "doesn't exist" } else { "has more than 1 match" };
            return Err(Failure::Refused(format!("The subscription of '{selector}' {what} in cloud 'AzureCloud'.")));
        };
        let chosen = chosen.id().to_owned();
        let all = all.into_iter().map(|mut one| {
            one.0["isDefault"] = json!(one.id() == chosen);
            one
        });
        self.replace(all.collect())
    }

    /// Adds the subscriptions of a new sign-in, whose first becomes the default, and forgets older entries of the same.
    pub(crate) fn merge(&mut self, mut fresh: Vec<Subscription>) -> Result<(), Failure> {
        let mut kept: Vec<Subscription> =
            self.subscriptions().into_iter().filter(|old| fresh.iter().all(|new| new.id() != old.id())).collect();
        let preferred = fresh.iter().position(|one| one.0["state"] == "Enabled").unwrap_or(0);
        kept.iter_mut().for_each(|old| old.0["isDefault"] = json!(false));
        fresh.iter_mut().enumerate().for_each(|(index, one)| one.0["isDefault"] = json!(index == preferred));
        kept.extend(fresh);
        self.replace(kept)
    }

    /// Forgets the subscriptions of one user or service principal.
    pub(crate) fn forget(&mut self, user: &str) -> Result<(), Failure> {
        let kept = self.subscriptions().into_iter().filter(|one| !one.user().eq_ignore_ascii_case(user)).collect();
        self.replace(kept)
    }

    /// Forgets all subscriptions.
    pub(crate) fn clear(&mut self) -> Result<(), Failure> {
        self.replace(Vec::new())
    }

    fn replace(&mut self, subscriptions: Vec<Subscription>) -> Result<(), Failure> {
        let list: Vec<Value> = subscriptions.into_iter().map(|one| one.0).collect();
        self.document.insert("subscriptions".to_owned(), Value::Array(list));
        // The real az writes this file with a byte order mark.
        let text = format!("\u{feff}{}", json::line(&Value::Object(self.document.clone())));
        let path = self.folder.join("azureProfile.json");
        let written = std::fs::create_dir_all(&self.folder).and_then(|()| std::fs::write(&path, text));
        written.map_err(|error| Failure::Refused(format!("cannot write {}: {error}", path.display())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(folder: &Path) -> Profile {
        let of = |id: &str, name: &str, default: bool| json!({"id": id, "name": name, "state": "Enabled", "isDefault": default, "tenantId": "t", "user": {"name": "ada@x", "type": "user"}});
        let document = json!({"installationId": "i", "subscriptions": [of("1", "One", true), of("2", "Two", false)]});
        std::fs::write(folder.join("azureProfile.json"), format!("\u{feff}{document}")).expect("a scratch folder");
        Profile::load(folder)
    }

    #[test]
    fn subscriptions_are_found_by_id_and_by_name_in_any_case() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let profile = profile(folder.path());
        assert_eq!(profile.subscription(None).expect("a default").id(), "1");
        assert_eq!(profile.subscription(Some("tWO")).expect("by name").id(), "2");
        let failure = profile.subscription(Some("nope")).expect_err("unknown");
        assert_eq!(failure.text(), "ERROR: Subscription 'nope' not found. Check the spelling and casing and try again.\n");
        let nobody = Profile::load(Path::new("/nowhere")).subscription(None).expect_err("no profile");
        assert_eq!(nobody.text(), "ERROR: Please run 'az login' to setup account.\n");
    }

    #[test]
    fn the_default_is_kept_in_the_file() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        profile(folder.path()).set_default("Two").expect("known");
        let again = Profile::load(folder.path());
        assert_eq!(again.subscription(None).expect("a default").id(), "2");
        let text = std::fs::read_to_string(folder.path().join("azureProfile.json")).expect("written");
        assert!(text.starts_with("\u{feff}{\"installationId\": \"i\", "), "{text}");
        let failure = profile(folder.path()).set_default("nope").expect_err("unknown");
        assert_eq!(failure.text(), "ERROR: The subscription of 'nope' doesn't exist in cloud 'AzureCloud'.\n");
    }

    #[test]
    fn signing_out_forgets_the_subscriptions_of_that_user() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let mut profile = profile(folder.path());
        profile.forget("ADA@x").expect("written");
        assert!(Profile::load(folder.path()).subscriptions().is_empty());
    }
}
