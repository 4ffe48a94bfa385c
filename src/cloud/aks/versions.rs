//! Which Kubernetes versions a region offers, and what a request for one means.

use serde_json::{Value, json};

use super::operations::flat;
use crate::cloud::fault::Fault;
use crate::cloud::profile::Profile;

/// A version as asked for, and the patch that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    /// The alias is kept (recorded: `kubernetesVersion` stays `1.34`).
    pub(crate) asked: String,
    pub(crate) running: String,
}

impl Version {
    /// `34` of `1.34.5`.
    pub(crate) fn minor(&self) -> u32 {
        minor_of(&self.running)
    }
}

fn minor_of(version: &str) -> u32 {
    version.split('.').nth(1).and_then(|minor| minor.parse().ok()).unwrap_or_default()
}

/// Minor versions with standard support: the newest three (AKS supports N, N-1 and N-2); older ones need long-term support.
fn has_standard_support(profile: &Profile, version: &str) -> bool {
    let newest = profile.kubernetes_versions.iter().map(|version| minor_of(version)).max().unwrap_or_default();
    minor_of(version) + 2 >= newest
}

/// The version that a cluster called `name` gets.
pub(crate) fn resolve(profile: &Profile, name: &str, asked: &str, long_term: bool) -> Result<Version, Fault> {
    let asked = if asked.is_empty() { profile.default_kubernetes } else { asked };
    let found = profile.kubernetes_versions.iter().find(|known| **known == asked || known.starts_with(&format!("{asked}.")));
    let list = "Please use [az aks get-versions] command to get the supported version list in this region. For more information, please check https://aka.ms/supported-version-list";
    let Some(running) = found.filter(|_| asked.matches('.').count() >= 1) else {
        // Public report, quoted in the recordings' notes.
        let message = format!("Managed cluster {name} is on version {asked} which is not supported in this region. {list}");
        return Err(flat(400, "K8sVersionNotSupported", &message));
    };
    if !has_standard_support(profile, running) && !long_term {
        let message = format!(
            "Managed cluster {name} is on version {running}, which is only available for Long-Term Support (LTS). If you intend to onboard to \
             LTS, please ensure the cluster is in Premium tier and LTS support plan (see https://aka.ms/aks/enable-lts). Otherwise, use [az aks \
             get-versions] command to get the supported version list in this region. For more information, please check \
             https://aka.ms/supported-version-list"
        );
        return Err(flat(400, "K8sVersionNotSupported", &message));
    }
    Ok(Version { asked: asked.to_owned(), running: (*running).to_owned() })
}

/// The answer of `kubernetesVersions`.
pub(crate) fn list(profile: &Profile) -> Value {
    let values: Vec<Value> = profile
        .kubernetes_versions
        .iter()
        .map(|patch| {
            let minor = format!("1.{}", minor_of(patch));
            let plans = if has_standard_support(profile, patch) {
                vec!["KubernetesOfficial", "AKSLongTermSupport"]
            } else {
                vec!["AKSLongTermSupport"]
            };
            let upgrades: Vec<&str> =
                profile.kubernetes_versions.iter().filter(|other| minor_of(other) == minor_of(patch) + 1).copied().collect();
            let mut entry = json!({"version": minor});
            if minor == profile.default_kubernetes {
                entry["isDefault"] = json!(true);
            }
            entry["capabilities"] = json!({ "supportPlan": plans });
            entry["patchVersions"] = json!({ *patch: {"upgrades": upgrades} });
            entry
        })
        .collect();
    json!({ "values": values })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILE: Profile = Profile::NOVEMBER_2026;

    #[test]
    fn an_alias_is_kept_and_runs_its_newest_patch() {
        let version = resolve(&PROFILE, "c", "", false).expect("the default exists");
        assert_eq!(version.asked, PROFILE.default_kubernetes);
        assert!(version.running.starts_with(&format!("{}.", version.asked)));
    }

    #[test]
    fn unknown_and_long_term_versions_are_refused() {
        let refused = resolve(&PROFILE, "c", "1.20.1", false).expect_err("too old");
        assert_eq!(refused.code(), "K8sVersionNotSupported");
        assert!(refused.message().starts_with("Managed cluster c is on version 1.20.1 which is not supported in this region."));
        assert!(resolve(&PROFILE, "c", "1", false).is_err());
        assert!(resolve(&PROFILE, "c", "1.32", false).expect_err("long-term only").message().contains("Long-Term Support"));
        assert!(resolve(&PROFILE, "c", "1.32", true).is_ok());
    }

    #[test]
    fn the_default_is_marked_in_the_list() {
        let list = list(&PROFILE);
        let defaults: Vec<_> = list["values"].as_array().expect("values").iter().filter(|entry| entry["isDefault"] == true).collect();
        assert_eq!(defaults.len(), 1);
        assert_eq!(defaults[0]["version"], PROFILE.default_kubernetes);
    }
}
