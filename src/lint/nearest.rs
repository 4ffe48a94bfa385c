//! "Did you mean".

use strsim::osa_distance;

/// Longer names are not measured: a distance costs the product of both lengths.
const NAME_BYTES_MAX: usize = 80;

/// The candidate that `name` is most likely a misspelling of: at most two edits, and one in four letters, away; of
/// equals the first.
pub(super) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > NAME_BYTES_MAX {
        return None;
    }
    let near = candidates.into_iter().filter(|candidate| candidate.len() <= NAME_BYTES_MAX && *candidate != name);
    let measured = near.map(|candidate| (osa_distance(name, candidate), candidate));
    measured
        .filter(|(distance, candidate)| *distance <= 2 && distance * 4 <= candidate.len().min(name.len()))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The variable that was likely meant: a misspelling, or else the longest name that shares its first or last words.
pub(super) fn nearest_variable<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str> + Clone) -> Option<&'a str> {
    nearest(name, candidates.clone()).or_else(|| {
        let related = candidates.into_iter().filter(|candidate| {
            let (long, short) = if candidate.len() > name.len() { (*candidate, name) } else { (name, *candidate) };
            let rest = long
                .strip_suffix(short)
                .map(|rest| rest.ends_with('_'))
                .or_else(|| long.strip_prefix(short).map(|rest| rest.starts_with('_')));
            short.contains('_') && rest == Some(true)
        });
        related.max_by_key(|candidate| candidate.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_is_near() {
        assert_eq!(nearest("--resource-grup", ["--name", "--resource-group"]), Some("--resource-group"));
        assert_eq!(nearest("--yes", ["--no", "--name"]), None);
        assert_eq!(nearest_variable("KEYVAULT_RESOURCE_GROUP", ["LOCATION", "RESOURCE_GROUP"]), Some("RESOURCE_GROUP"));
        assert_eq!(nearest_variable("AKS_CLUSTER_NAME", ["MY_AKS_CLUSTER_NAME", "NAME"]), Some("MY_AKS_CLUSTER_NAME"));
        assert_eq!(nearest_variable("VAULT_NAME", ["NAME", "REGION"]), None);
    }
}
