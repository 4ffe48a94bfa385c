//! How each list and map of the built-in kinds merges: the patch tags of kubernetes/api (`patchStrategy`, `patchMergeKey`), read 2026-11-21.

/// What a field does in a strategic merge patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Items are the same when this key is.
    Merge { by: &'static str, retains: bool },
    /// A list of plain values that counts as a set.
    Set,
    /// A map whose absent keys are cleared.
    RetainKeys,
    /// Lists are replaced, maps go key by key.
    Default,
}

const fn by(key: &'static str) -> Rule {
    Rule::Merge { by: key, retains: false }
}

/// The rule of field `key` inside `parent` (empty at the top) of an object of `kind`.
pub(super) fn rule(kind: &str, parent: &str, key: &str) -> Rule {
    match (parent, key) {
        ("metadata", "ownerReferences") => by("uid"),
        ("metadata", "finalizers") => Rule::Set,
        ("", "secrets" | "imagePullSecrets") if kind == "ServiceAccount" => {
            if key == "secrets" {
                by("name")
            } else {
                Rule::Default
            }
        }
        ("", _) => Rule::Default,
        (_, "containers" | "initContainers" | "ephemeralContainers" | "imagePullSecrets" | "resourceClaims") => by("name"),
        (_, "env") => by("name"),
        (_, "volumeMounts") => by("mountPath"),
        (_, "volumeDevices") => by("devicePath"),
        (_, "volumes") => Rule::Merge { by: "name", retains: true },
        (_, "hostAliases" | "podIPs" | "hostIPs") => by("ip"),
        (_, "topologySpreadConstraints") => by("topologyKey"),
        ("containers" | "initContainers" | "ephemeralContainers", "ports") => by("containerPort"),
        ("spec", "ports") if kind == "Service" => by("port"),
        ("status", "conditions" | "addresses") => by("type"),
        ("spec", "strategy") if kind == "Deployment" => Rule::RetainKeys,
        _ => Rule::Default,
    }
}
