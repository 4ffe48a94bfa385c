//! Cluster roles that gather the rules of others: kubernetes `pkg/controller/clusterroleaggregation`.

use serde_json::{Value, json};

use super::super::model::Cluster;
use super::super::objects::Key;
use super::super::resources;
use super::super::selector::label_selector_matches;

/// Gives every aggregating role the rules of those that it selects, by name, each rule once.
pub(crate) fn settle(cluster: &mut Cluster) -> bool {
    let roles = resources::find("rbac.authorization.k8s.io", "v1", "clusterroles").expect("the RBAC kinds are in the table");
    let mut changed = false;
    let keys: Vec<Key> = cluster
        .store
        .list(roles, None)
        .filter(|(_, role)| role["aggregationRule"]["clusterRoleSelectors"].is_array())
        .map(|(key, _)| key.clone())
        .collect();
    for key in keys {
        let Some(role) = cluster.store.get(&key).map(|role| (**role).clone()) else { continue };
        let selectors = role["aggregationRule"]["clusterRoleSelectors"].as_array().cloned().unwrap_or_default();
        let mut rules: Vec<Value> = Vec::new();
        for selector in &selectors {
            let members =
                cluster.store.list(roles, None).filter(|(other, member)| **other != key && label_selector_matches(selector, member));
            for rule in members.flat_map(|(_, member)| member["rules"].as_array().into_iter().flatten()) {
                if !rules.contains(rule) {
                    rules.push(rule.clone());
                }
            }
        }
        let rules = json!(rules);
        if role["rules"] != rules && !(role["rules"].is_null() && rules == json!([])) {
            let mut role = role;
            role["rules"] = rules;
            cluster.store.update(roles, &key, role);
            changed = true;
        }
    }
    changed
}
