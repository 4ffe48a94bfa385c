//! What `az aks get-credentials` does with the kubeconfig that it is given: print it, or merge it into the caller's.

use std::fs::{OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::applets::az::failure::Failure;
use crate::applets::az::parse::Arguments;
use crate::applets::az::session::Session;
use crate::applets::render::yaml;

/// Keeps a kubeconfig (base64) where the options, or `KUBECONFIG`, say.
pub(super) fn keep(session: &mut Session<'_, '_>, arguments: &Arguments, encoded: &str) -> Result<(), Failure> {
    let missing = || Failure::Refused("No Kubernetes credentials found.".to_owned());
    let text = STANDARD
        .decode(encoded)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .filter(|text| !text.is_empty())
        .ok_or_else(missing)?;
    if arguments.get("--file") == Some("-") {
        let _ = writeln!(session.program.stdout, "{text}");
        return Ok(());
    }
    let path = path(session, arguments);
    let addition = renamed(document(&text).ok_or_else(missing)?, arguments.get("--context"));
    if path.is_symlink() {
        let text =
            format!("Kubeconfig path \"{}\" is a symbolic link. Refusing to write to prevent symlink-following attacks.", path.display());
        return Err(Failure::Refused(text));
    }
    let before = match std::fs::read_to_string(&path) {
        Ok(text) if text.trim().is_empty() => None,
        Ok(text) => Some(document(&text).ok_or_else(|| Failure::Refused(format!("Error parsing {} (no YAML)", path.display())))?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(Failure::Refused(format!("cannot read {}: {error}", path.display()))),
    };
    let current = addition["current-context"].as_str().unwrap_or("UNKNOWN").to_owned();
    let merged = match before {
        None => addition,
        Some(before) => merged(before, &addition, arguments.has("--overwrite-existing")).map_err(Failure::Refused)?,
    };
    if let Some(mode) = mode_of(&path).filter(|mode| *mode != 0o600) {
        session.warn(&format!("{} has permissions \"{mode:o}\".\nIt should be readable and writable only by its owner.", path.display()));
    }
    write(&path, &yaml::text(&merged)).map_err(|error| Failure::Refused(format!("cannot write {}: {error}", path.display())))?;
    session.warn(&format!("Merged \"{current}\" as current context in {}", path.display()));
    convert(session, &text, &path);
    Ok(())
}

/// A kubeconfig that would ask a person to type a code is made to ask az instead, when kubelogin is there (azure-cli 2.91,
/// `acs/custom.py`). As the real one, kubelogin is not told which file was written.
fn convert(session: &mut Session<'_, '_>, text: &str, path: &Path) {
    let config = document(text).unwrap_or_default();
    let asks_a_person = config["users"].as_array().into_iter().flatten().any(|user| {
        let exec = &user["user"]["exec"];
        let args: Vec<&str> = exec["args"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        exec["command"].as_str().is_some_and(|command| command.contains("kubelogin"))
            && args.windows(2).any(|pair| pair == ["--login", "devicecode"])
    });
    if !asks_a_person {
        return;
    }
    let mut kubelogin = Command::new("kubelogin");
    kubelogin.args(["convert-kubeconfig", "-l", "azurecli"]).env_clear().envs(&session.program.variables).stdin(Stdio::null());
    if let Some(folder) = path.parent().filter(|folder| folder.is_dir()) {
        kubelogin.current_dir(folder);
    }
    match kubelogin.status() {
        Ok(status) if status.success() => session.warn("Converted kubeconfig to use Azure CLI authentication."),
        Ok(status) => {
            let code = status.code().unwrap_or(-1);
            let command = "['kubelogin', 'convert-kubeconfig', '-l', 'azurecli']";
            session.warn(&format!("Failed to convert kubeconfig with kubelogin: Command '{command}' returned non-zero exit status {code}."));
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => session.warn(
            "The kubeconfig uses devicecode authentication which requires kubelogin. Please install kubelogin from \
             https://github.com/Azure/kubelogin or run 'az aks install-cli' to install both kubectl and kubelogin. If devicecode login fails, \
             try running 'kubelogin convert-kubeconfig -l azurecli' to unblock yourself.",
        ),
        Err(error) => session.warn(&format!("Error running kubelogin: {error}")),
    }
}

fn path(session: &Session<'_, '_>, arguments: &Arguments) -> PathBuf {
    let home = PathBuf::from(session.program.variable("HOME").unwrap_or("/"));
    let default = home.join(".kube").join("config");
    let given = arguments.get("--file").map(|file| file.strip_prefix("~/").map_or_else(|| PathBuf::from(file), |rest| home.join(rest)));
    // A file that is given wins over KUBECONFIG, whose first entry wins over the default.
    given.filter(|given| *given != default).unwrap_or_else(|| {
        let first = session.program.variable("KUBECONFIG").and_then(|list| list.split(':').next()).filter(|path| !path.is_empty());
        first.map_or(default, PathBuf::from)
    })
}

fn document(text: &str) -> Option<Value> {
    serde_saphyr::from_str::<Value>(text).ok().filter(Value::is_object)
}

/// The addition under the name that was asked for; a context of the administrator gets a name of its own.
fn renamed(mut addition: Value, context: Option<&str>) -> Value {
    if let Some(name) = context {
        let name = Value::from(name);
        addition["contexts"][0]["name"] = name.clone();
        addition["contexts"][0]["context"]["cluster"] = name.clone();
        addition["clusters"][0]["name"] = name.clone();
        addition["current-context"] = name;
    }
    let contexts = addition["contexts"].as_array_mut().into_iter().flatten();
    let of_admin = |one: &&mut Value| one["context"]["user"].as_str().is_some_and(|user| user.starts_with("clusterAdmin"));
    let renamed = contexts.into_iter().find(of_admin).map(|one| {
        let name = Value::from(format!("{}-admin", one["name"].as_str().unwrap_or_default()));
        one["name"] = name.clone();
        name
    });
    if let Some(name) = renamed {
        addition["current-context"] = name;
    }
    addition
}

/// Both together: entries of the same name are replaced when they are equal or may be overwritten.
fn merged(mut before: Value, addition: &Value, overwrite: bool) -> Result<Value, String> {
    for key in ["clusters", "users", "contexts"] {
        let Some(new) = addition[key].as_array().filter(|new| !new.is_empty()) else { continue };
        let Some(old) = before.get_mut(key) else {
            return Err(format!(
                "No such key '{key}' in existing config, please confirm whether it is a valid config file. May back up this config file, \
                 delete it and retry the command."
            ));
        };
        if !old.is_array() {
            *old = Value::Array(Vec::new());
        }
        let Some(old) = old.as_array_mut() else { continue };
        for entry in new {
            let name = entry["name"].as_str().unwrap_or_default();
            let different = old.iter().any(|other| other["name"] == entry["name"] && other != entry);
            if different && !overwrite {
                return Err(format!("A different object named {name} already exists in {key} in your kubeconfig file."));
            }
            old.retain(|other| other["name"] != entry["name"]);
            old.push(entry.clone());
        }
    }
    before["current-context"] = addition["current-context"].clone();
    Ok(before)
}

fn mode_of(path: &Path) -> Option<u32> {
    path.metadata().ok().map(|metadata| metadata.permissions().mode() & 0o777)
}

/// Writes beside and renames, so that nobody reads half a file; the permissions of an older file stay.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let beside = folder.join(format!(".kubeconfig-{}", std::process::id()));
    let mode = mode_of(path).unwrap_or(0o600);
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&beside)?;
    file.write_all(text.as_bytes())?;
    std::fs::set_permissions(&beside, Permissions::from_mode(mode))?;
    std::fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config(name: &str, server: &str, user: &str) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Config", "current-context": name,
            "clusters": [{"name": name, "cluster": {"server": server}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": user}}],
            "users": [{"name": user, "user": {"token": "t"}}],
        })
    }

    #[test]
    fn a_second_cluster_is_added_and_made_current() {
        let both = merged(config("a", "s1", "u1"), &config("b", "s2", "u2"), false).expect("different names");
        assert_eq!(both["current-context"], "b");
        assert_eq!(both["clusters"].as_array().map(Vec::len), Some(2));
    }

    #[test]
    fn an_equal_entry_is_kept_and_a_different_one_needs_consent() {
        let again = merged(config("a", "s", "u"), &config("a", "s", "u"), false).expect("equal");
        assert_eq!(again, config("a", "s", "u"));
        let error = merged(config("kc", "s1", "u"), &config("kc", "s2", "u"), false).expect_err("different");
        assert_eq!(error, "A different object named kc already exists in clusters in your kubeconfig file.");
        let over = merged(config("kc", "s1", "u"), &config("kc", "s2", "u"), true).expect("allowed");
        assert_eq!(over["clusters"], json!([{"name": "kc", "cluster": {"server": "s2"}}]));
    }

    #[test]
    fn the_administrators_context_has_a_name_of_its_own() {
        let admin = renamed(config("c", "s", "clusterAdmin_g_c"), None);
        assert_eq!((&admin["current-context"], &admin["contexts"][0]["name"]), (&json!("c-admin"), &json!("c-admin")));
        let named = renamed(config("c", "s", "clusterUser_g_c"), Some("mine"));
        assert_eq!((&named["current-context"], &named["clusters"][0]["name"]), (&json!("mine"), &json!("mine")));
    }
}
