//! What the objects of Kubernetes consist of, and where a manifest differs.

mod table;

use std::collections::{BTreeSet, VecDeque};

use self::table::{Member, table};
use super::{
    here_document::UNKNOWN,
    nearest::nearest,
    yaml::{Key, Tree},
};

/// How many types are looked through for the place where a misplaced member belongs.
const TYPES_MAX: usize = 400;

/// Versions of built-in groups that no supported cluster serves any more.
/// Source: the deprecated API migration guide of Kubernetes.
const REMOVED: [&str; 16] = [
    "admissionregistration.k8s.io/v1beta1",
    "apps/v1beta1",
    "apps/v1beta2",
    "autoscaling/v2beta1",
    "autoscaling/v2beta2",
    "batch/v1beta1",
    "batch/v2alpha1",
    "coordination.k8s.io/v1beta1",
    "discovery.k8s.io/v1beta1",
    "extensions/v1beta1",
    "networking.k8s.io/v1beta1",
    "node.k8s.io/v1beta1",
    "policy/v1beta1",
    "rbac.authorization.k8s.io/v1beta1",
    "scheduling.k8s.io/v1beta1",
    "storage.k8s.io/v1beta1",
];

/// Where a manifest is not what its kind consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mismatch {
    /// The line of the text, from 1.
    pub(super) line: usize,
    pub(super) message: String,
    pub(super) hint: String,
}

/// The first member in the first column that does not belong there, with its line from 1; none for an object of an unknown kind.
pub(super) fn misplaced(object: &Tree) -> Option<(&str, usize)> {
    let Tree::Map(members) = object else { return None };
    let root = table().kinds.get(&(object.text("apiVersion"), object.text("kind")))?;
    let known = table().members(root);
    let is_known = |name: &str| name.contains(UNKNOWN) || known.iter().any(|member| member.name == name);
    members.iter().find(|(key, _)| !is_known(&key.name)).map(|(key, _)| (key.name.as_str(), key.line))
}

/// Compares an object with its kind, but for its first column; objects of unknown kinds have no mismatch.
pub(super) fn mismatches(object: &Tree) -> Vec<Mismatch> {
    let (version, kind) = (object.text("apiVersion"), object.text("kind"));
    if version.contains(UNKNOWN) || kind.contains(UNKNOWN) {
        return Vec::new();
    }
    let Some(root) = table().kinds.get(&(version, kind)).copied() else {
        return wrong_version(object, version, kind).into_iter().collect();
    };
    let mut found = Vec::new();
    let mut open: Vec<(Vec<&str>, &'static str, &Tree)> = vec![(Vec::new(), root, object)];
    while let Some((path, kind_of_value, value)) = open.pop() {
        let members = match value {
            Tree::Scalar(_) => continue,
            Tree::List(items) => {
                open.extend(items.iter().map(|item| (path.clone(), kind_of_value, item)));
                continue;
            }
            Tree::Map(members) => members,
        };
        let known = table().members(kind_of_value);
        for (key, below) in members {
            if key.name.contains(UNKNOWN) || key.name == "<<" || key.name.is_empty() {
                continue;
            }
            let Some(member) = known.iter().find(|member| member.name == key.name) else {
                if path.is_empty() {
                    continue;
                }
                found.push(unknown(object, root, &path, known, key));
                continue;
            };
            let Some(of) = member.of else { continue };
            let mut path = path.clone();
            path.push(member.name);
            match below {
                // The author chooses the names one level below.
                Tree::Map(named) if member.is_named => open.extend(named.iter().map(|(_, value)| (path.clone(), of, value))),
                _ => open.push((path, of, below)),
            }
        }
    }
    found.sort_by_key(|mismatch| mismatch.line);
    found
}

fn unknown(object: &Tree, root: &'static str, path: &[&str], known: &[Member], key: &Key) -> Mismatch {
    let (kind, name) = (object.text("kind"), key.name.as_str());
    let message = format!("`{}` of a {kind} has no `{name}`", path.join("."));
    let names = || known.iter().map(|member| member.name);
    let near = names().find(|known| known.eq_ignore_ascii_case(name)).or_else(|| nearest(name, names()));
    let hint = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => match home(object, root, path, name) {
            Some(home) if home.is_empty() => format!("`{name}` belongs to the first column"),
            Some(home) => format!("`{name}` belongs to `{}`: check the indentation", home.join(".")),
            None => format!("it has {}", names().collect::<Vec<_>>().join(", ")),
        },
    };
    Mismatch { line: key.line, message, hint }
}

/// The place nearest to `path` that has a member of this name; of equals one that the object has.
fn home(object: &Tree, root: &'static str, path: &[&str], name: &str) -> Option<Vec<&'static str>> {
    let mut open: VecDeque<(Vec<&'static str>, &'static str)> = VecDeque::from([(Vec::new(), root)]);
    let mut seen: BTreeSet<Vec<&str>> = BTreeSet::new();
    let mut best: Option<((usize, bool), Vec<&'static str>)> = None;
    while let Some((at, of)) = open.pop_front() {
        if seen.len() >= TYPES_MAX {
            break;
        }
        if !seen.insert(at.clone()) {
            continue;
        }
        let members = table().members(of);
        if members.iter().any(|member| member.name == name) {
            let shared = at.iter().zip(path).take_while(|(one, other)| one == other).count();
            let distance = at.len() + path.len() - 2 * shared;
            let cost = (distance, !has(object, &at));
            if best.as_ref().is_none_or(|(least, _)| cost < *least) {
                best = Some((cost, at.clone()));
            }
        }
        for member in members.iter().filter(|member| member.name != "status" && !member.is_named) {
            if let Some(below) = member.of {
                let mut path = at.clone();
                path.push(member.name);
                open.push_back((path, below));
            }
        }
    }
    best.filter(|((distance, _), _)| *distance <= 3).map(|(_, at)| at)
}

fn has(value: &Tree, path: &[&str]) -> bool {
    match (value, path.split_first()) {
        (_, None) => true,
        (Tree::List(items), _) => items.iter().any(|item| has(item, path)),
        (_, Some((first, rest))) => value.get(first).is_some_and(|below| has(below, rest)),
    }
}

fn wrong_version(object: &Tree, version: &str, kind: &str) -> Option<Mismatch> {
    let Tree::Map(members) = object else { return None };
    let line = members.iter().find(|(key, _)| key.name == "apiVersion")?.0.line;
    let now = table().kinds.keys().rev().find(|(_, known)| *known == kind)?.0;
    let hint = format!("write `apiVersion: {now}`");
    if REMOVED.contains(&version) {
        return Some(Mismatch { line, message: format!("no supported version of Kubernetes serves `{version}`"), hint });
    }
    let is_built_in = table().kinds.keys().any(|(known, _)| *known == version);
    is_built_in.then(|| Mismatch { line, message: format!("`{version}` has no kind `{kind}`"), hint })
}

#[cfg(test)]
mod tests {
    use super::{mismatches, misplaced};
    use crate::lint::yaml::documents;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let documents = documents(text);
        assert!(!documents.is_empty(), "{text} is no YAML");
        let found: Vec<_> =
            documents.iter().flat_map(mismatches).map(|one| format!("{}: {}; {}", one.line, one.message, one.hint)).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn misspelt_members_are_found_at_any_depth() {
        check(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  nmae: a\nspec:\n  containers:\n  - name: a\n    image: b\n    env:\n    - name: A\n      vaule: b\n    resources: {request: {cpu: 1}}\n",
            &[
                "4: `metadata` of a Pod has no `nmae`; did you mean `name`?",
                "11: `spec.containers.env` of a Pod has no `vaule`; did you mean `value`?",
                "12: `spec.containers.resources` of a Pod has no `request`; did you mean `requests`?",
            ],
        );
        check(
            "apiVersion: apps/v1\nkind: Deployment\nspec:\n  selector:\n    matchlabels: {a: b}\n",
            &["5: `spec.selector` of a Deployment has no `matchlabels`; did you mean `matchLabels`?"],
        );
    }

    #[test]
    fn misplaced_members_are_sent_home() {
        check(
            "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n  image: b\n",
            &["6: `spec` of a Pod has no `image`; `image` belongs to `spec.containers`: check the indentation"],
        );
        check(
            "apiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    spec:\n      replicas: 2\n      containers: []\n",
            &["6: `spec.template.spec` of a Deployment has no `replicas`; `replicas` belongs to `spec`: check the indentation"],
        );
        check(
            "kind: Pod\napiVersion: v1\nmetadata:\n  spec: {}\n",
            &["4: `metadata` of a Pod has no `spec`; `spec` belongs to the first column"],
        );
    }

    #[test]
    fn what_does_not_belong_to_the_first_column_is_found_there() {
        let documents =
            documents("kind: ConfigMap\napiVersion: v1\nlabels:\n---\nkind: ConfigMap\napiVersion: v1\ndata:\n---\nkind: Mine\nx: 1\n");
        assert_eq!(documents.iter().map(misplaced).collect::<Vec<_>>(), [Some(("labels", 3)), None, None]);
        assert_eq!(documents.iter().flat_map(mismatches).count(), 0);
    }

    #[test]
    fn kinds_have_their_versions() {
        check("apiVersion: v1\nkind: Deployment\n", &["1: `v1` has no kind `Deployment`; write `apiVersion: apps/v1`"]);
        check(
            "kind: Ingress\napiVersion: extensions/v1beta1\n",
            &["2: no supported version of Kubernetes serves `extensions/v1beta1`; write `apiVersion: networking.k8s.io/v1`"],
        );
        check(
            "kind: HorizontalPodAutoscaler\napiVersion: autoscaling/v2beta2\n",
            &["2: no supported version of Kubernetes serves `autoscaling/v2beta2`; write `apiVersion: autoscaling/v2`"],
        );
    }

    #[test]
    fn what_authors_name_and_kinds_of_others_are_left_alone() {
        check(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  labels: {any: thing}\n  annotations:\n    a.b/c: d\ndata:\n  any: |\n    thing: x\n",
            &[],
        );
        check("apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nspec:\n  any: thing\n", &[]);
        check("apiVersion: networking.istio.io/v1beta1\nkind: Gateway\nspec:\n  any: thing\n", &[]);
        check("apiVersion: \u{e000}\nkind: Pod\nspek: 1\n", &[]);
        check("apiVersion: v1\nkind: Pod\nmetadata:\n  \u{e000}: 1\n", &[]);
        check("- a\n", &[]);
    }
}
