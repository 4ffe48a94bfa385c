//! kubeconfig files: which are read, how they merge, and what a context points at. `kubectl config` edits them in `edit`.
//!
//! Source: client-go `clientcmd` loading rules (first file that sets a value wins; a change goes to the file that holds the stanza).

mod edit;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::failure::Failure;
use super::yaml;

pub(crate) use edit::Edit;

/// The three lists of a kubeconfig, with the key of each entry's body.
pub(crate) const STANZAS: [(&str, &str); 3] = [("clusters", "cluster"), ("contexts", "context"), ("users", "user")];

/// One file of the chain; `None` when it does not exist.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ConfigFile {
    pub(crate) path: PathBuf,
    pub(crate) content: Option<Stanzas>,
}

/// A kubeconfig's content by name, sorted as kubectl writes it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Stanzas {
    pub(crate) current_context: String,
    /// `clusters`, `contexts` and `users`, by name.
    pub(crate) entries: BTreeMap<&'static str, BTreeMap<String, Map<String, Value>>>,
}

/// Every kubeconfig that this command line reads.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Kubeconfig {
    pub(crate) files: Vec<ConfigFile>,
}

impl Kubeconfig {
    /// The file of `--kubeconfig`, else those of `KUBECONFIG`, else `~/.kube/config`.
    pub(crate) fn load(flag: Option<&str>, variables: &HashMap<String, String>) -> Result<Self, Failure> {
        match flag.filter(|flag| !flag.is_empty() && !Path::new(flag).exists()) {
            Some(missing) => Err(Failure::error(format!("stat {missing}: no such file or directory"))),
            None => Self::load_leniently(flag, variables),
        }
    }

    /// The same for `kubectl config`, to which a missing file is an empty one.
    pub(crate) fn load_leniently(flag: Option<&str>, variables: &HashMap<String, String>) -> Result<Self, Failure> {
        let paths: Vec<PathBuf> = if let Some(flag) = flag.filter(|flag| !flag.is_empty()) {
            vec![flag.into()]
        } else if let Some(list) = variables.get("KUBECONFIG").filter(|list| !list.is_empty()) {
            let mut paths: Vec<PathBuf> = Vec::new();
            list.split(':').filter(|path| !path.is_empty()).map(PathBuf::from).for_each(|path| {
                if !paths.contains(&path) {
                    paths.push(path);
                }
            });
            paths
        } else {
            vec![Path::new(variables.get("HOME").map_or("", String::as_str)).join(".kube/config")]
        };
        let files = paths.into_iter().map(|path| Ok(ConfigFile { content: read(&path)?, path })).collect::<Result<_, Failure>>()?;
        Ok(Self { files })
    }

    /// All files as one; the first that names something wins.
    pub(crate) fn merged(&self) -> Stanzas {
        let mut merged = Stanzas::default();
        for content in self.files.iter().filter_map(|file| file.content.as_ref()) {
            if merged.current_context.is_empty() {
                merged.current_context.clone_from(&content.current_context);
            }
            for (stanza, entries) in &content.entries {
                let into = merged.entries.entry(stanza).or_default();
                for (name, body) in entries {
                    into.entry(name.clone()).or_insert_with(|| body.clone());
                }
            }
        }
        merged
    }
}

impl Stanzas {
    /// The body of one entry, such as the cluster `name`.
    pub(crate) fn entry(&self, stanza: &str, name: &str) -> Option<&Map<String, Value>> {
        self.entries.get(stanza)?.get(name)
    }

    /// Reads what a file says.
    pub(crate) fn of(value: &Value) -> Self {
        let mut stanzas = Self { current_context: value["current-context"].as_str().unwrap_or_default().to_owned(), ..Self::default() };
        for (stanza, body) in STANZAS {
            let mut entries = BTreeMap::new();
            for entry in value[stanza].as_array().map(Vec::as_slice).unwrap_or_default() {
                let Some(name) = entry["name"].as_str() else { continue };
                let mut content = entry[body].as_object().cloned().unwrap_or_default();
                content.retain(|key, value| !(value.is_null() || value == "" || value == false) || key == "server");
                if let Some(exec) = content.get_mut("exec").and_then(Value::as_object_mut) {
                    // Source: clientcmd's conversion fills these in on every write (measured with 1.33).
                    for (key, default) in [
                        ("env", Value::Null),
                        ("args", Value::Null),
                        ("interactiveMode", "IfAvailable".into()),
                        ("provideClusterInfo", false.into()),
                    ] {
                        exec.entry(key).or_insert(default);
                    }
                }
                entries.entry(name.to_owned()).or_insert(content);
            }
            stanzas.entries.insert(stanza, entries);
        }
        stanzas
    }

    /// The file's value, with kubectl's keys.
    pub(crate) fn to_value(&self) -> Value {
        let list = |stanza: &str, body: &str| {
            let entries: Vec<Value> =
                self.entries.get(stanza).into_iter().flatten().map(|(name, content)| json!({"name": name, body: content})).collect();
            if entries.is_empty() { Value::Null } else { Value::Array(entries) }
        };
        json!({
            "kind": "Config",
            "apiVersion": "v1",
            "preferences": {},
            "clusters": list("clusters", "cluster"),
            "users": list("users", "user"),
            "contexts": list("contexts", "context"),
            "current-context": self.current_context,
        })
    }
}

fn read(path: &Path) -> Result<Option<Stanzas>, Failure> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(fault) => {
            return Err(Failure::error(format!(
                "error loading config file \"{}\": open {}: {}",
                path.display(),
                path.display(),
                plain_io(&fault)
            )));
        }
    };
    let value =
        yaml::to_json(&bytes).map_err(|fault| Failure::error(format!("error loading config file \"{}\": {fault}", path.display())))?;
    Ok(Some(Stanzas::of(&value)))
}

/// An I/O error in Go's words.
pub(crate) fn plain_io(fault: &std::io::Error) -> String {
    match fault.kind() {
        std::io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        std::io::ErrorKind::IsADirectory => "is a directory".to_owned(),
        _ => fault.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, name: &str, text: &str) -> String {
        let path = folder.join(name);
        std::fs::write(&path, text).expect("a scratch file");
        path.to_string_lossy().into_owned()
    }

    #[test]
    fn the_first_file_that_sets_a_value_wins() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let one = write(folder.path(), "one", "contexts: [{name: a, context: {cluster: c1}}]\n");
        let two = write(
            folder.path(),
            "two",
            "current-context: b\ncontexts: [{name: a, context: {cluster: c2}}, {name: b, context: {cluster: c2}}]\n",
        );
        let variables = HashMap::from([("KUBECONFIG".to_owned(), format!("{one}:/nowhere/x:{two}"))]);
        let merged = Kubeconfig::load(None, &variables).expect("readable").merged();
        assert_eq!(merged.current_context, "b");
        assert_eq!(merged.entry("contexts", "a").expect("there")["cluster"], "c1");
        assert!(merged.entry("contexts", "b").is_some());
    }

    #[test]
    fn a_file_that_is_no_yaml_is_named() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let path = write(folder.path(), "bad", "a: b\n c: d\n");
        let failure = Kubeconfig::load(Some(&path), &HashMap::new()).expect_err("broken");
        assert_eq!(
            failure.text,
            format!("error: error loading config file \"{path}\": yaml: line 2: mapping values are not allowed in this context")
        );
    }
}
