//! Changes to kubeconfig files, each in the file that holds the stanza.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::super::failure::Failure;
use super::super::yaml;
use super::{Kubeconfig, Stanzas, plain_io};

/// One change.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Edit {
    CurrentContext(String),
    /// Sets fields of an entry, creating it when it is new; a null removes the field.
    Fields {
        stanza: &'static str,
        name: String,
        fields: Map<String, Value>,
    },
    Remove {
        stanza: &'static str,
        name: String,
    },
    Rename {
        stanza: &'static str,
        from: String,
        to: String,
    },
}

impl Kubeconfig {
    /// Where `edit` belongs: the file that holds the stanza, else the first that exists, else the last of the list.
    pub(crate) fn place_of(&self, edit: &Edit) -> PathBuf {
        let holds = |content: &Stanzas| match edit {
            Edit::CurrentContext(_) => !content.current_context.is_empty(),
            Edit::Fields { stanza, name, .. } | Edit::Remove { stanza, name } | Edit::Rename { stanza, from: name, .. } => {
                content.entry(stanza, name).is_some()
            }
        };
        let holder = self.files.iter().find(|file| file.content.as_ref().is_some_and(holds));
        let existing = || self.files.iter().find(|file| file.content.is_some());
        holder.or_else(existing).or(self.files.last()).map(|file| file.path.clone()).unwrap_or_default()
    }

    /// Writes the change.
    pub(crate) fn apply(&self, edit: &Edit) -> Result<(), Failure> {
        let path = self.place_of(edit);
        let mut content = self.files.iter().find(|file| file.path == path).and_then(|file| file.content.clone()).unwrap_or_default();
        content.change(edit);
        write(&path, &content)
    }
}

impl Stanzas {
    pub(crate) fn change(&mut self, edit: &Edit) {
        match edit {
            Edit::CurrentContext(name) => self.current_context.clone_from(name),
            Edit::Fields { stanza, name, fields } => {
                let entry = self.entries.entry(stanza).or_default().entry(name.clone()).or_default();
                for (key, value) in fields {
                    if value.is_null() {
                        entry.remove(key);
                    } else {
                        entry.insert(key.clone(), value.clone());
                    }
                }
            }
            Edit::Remove { stanza, name } => {
                self.entries.entry(stanza).or_default().remove(name);
            }
            Edit::Rename { stanza, from, to } => {
                let entries = self.entries.entry(stanza).or_default();
                if let Some(body) = entries.remove(from) {
                    entries.insert(to.clone(), body);
                }
            }
        }
    }
}

fn write(path: &Path, content: &Stanzas) -> Result<(), Failure> {
    let refuse = |fault: &std::io::Error| Failure::error(format!("open {}: {}", path.display(), plain_io(fault)));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|fault| refuse(&fault))?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path).map_err(|fault| refuse(&fault))?;
    file.write_all(yaml::to_yaml(&content.to_value()).as_bytes()).map_err(|fault| refuse(&fault))
}
