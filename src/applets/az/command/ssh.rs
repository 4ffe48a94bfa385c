//! `--generate-ssh-keys` and what `az` does to find the public key for the nodes of a cluster.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::applets::az::failure::Failure;
use crate::applets::az::parse::Arguments;
use crate::applets::az::session::Session;

/// A key pair for tests, known to everybody who reads this. Nodes of the embedded Azure cannot be logged in to, and making an RSA key for
/// each run would cost seconds and the sameness of reports.
const TEST_PRIVATE_KEY: &str = include_str!("ssh_test_key.pem");
const TEST_PUBLIC_KEY: &str = include_str!("ssh_test_key.pub");

/// The public key for the nodes; `None` when there is none and none is asked for.
pub(super) fn public_key(session: &mut Session<'_, '_>, arguments: &Arguments) -> Result<Option<String>, Failure> {
    if arguments.has("--no-ssh-key") {
        return Ok(None);
    }
    let home = PathBuf::from(session.program.variable("HOME").unwrap_or("/"));
    let default = home.join(".ssh").join("id_rsa.pub");
    let given = arguments.get("--ssh-key-value").filter(|given| !given.is_empty());
    let given = given.map(|given| given.strip_prefix("~/").map_or_else(|| PathBuf::from(given), |rest| home.join(rest)));
    let path = given.unwrap_or_else(|| default.clone());
    if path.exists() {
        let text = std::fs::read_to_string(&path);
        return text.map(Some).map_err(|error| Failure::Refused(format!("cannot read {}: {error}", path.display())));
    }
    if is_public_key(&path.to_string_lossy()) {
        return Ok(Some(path.to_string_lossy().into_owned()));
    }
    if arguments.has("--generate-ssh-keys") {
        return generated(session, &path).map(Some);
    }
    if path == default {
        return Ok(None);
    }
    Err(Failure::Refused(
        "The SSH key provided is not a valid RSA public key. Provide the contents of a valid SSH public key (for example, '~/.ssh/id_rsa.pub'), \
         specify a path to a public key file, or add --generate-ssh-keys as a parameter to create a new key pair."
            .to_owned(),
    ))
}

fn is_public_key(text: &str) -> bool {
    let mut words = text.split_whitespace();
    words.next() == Some("ssh-rsa")
        && words.next().and_then(|key| STANDARD.decode(key).ok()).is_some_and(|key| key.starts_with(b"\0\0\0\x07ssh-rsa"))
}

fn generated(session: &mut Session<'_, '_>, public: &Path) -> Result<String, Failure> {
    let text = public.to_string_lossy();
    let private = PathBuf::from(text.strip_suffix(".pub").map_or_else(|| format!("{text}.private"), str::to_owned));
    let key = TEST_PUBLIC_KEY.trim_end();
    let write = |path: &Path, mode: u32, text: &str| {
        let file = OpenOptions::new().create(true).truncate(true).write(true).mode(mode).open(path);
        file.and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|error| Failure::Refused(format!("cannot write {}: {error}", path.display())))
    };
    if let Some(folder) = public.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|error| Failure::Refused(format!("cannot make {}: {error}", folder.display())))?;
    }
    write(&private, 0o600, TEST_PRIVATE_KEY)?;
    write(public, 0o644, key)?;
    session.warn(&format!(
        "SSH key files '{}' and '{}' have been generated under ~/.ssh to allow SSH access to the VM. If using machines without permanent \
         storage like Azure Cloud Shell without an attached file share, back up your keys to a safe location",
        private.display(),
        public.display()
    ));
    Ok(key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_key_is_a_key_and_other_text_is_none() {
        assert!(is_public_key(TEST_PUBLIC_KEY));
        assert!(!is_public_key("ssh-rsa AAAA"));
        assert!(!is_public_key("/home/x/.ssh/id_rsa.pub"));
        assert!(TEST_PRIVATE_KEY.starts_with("-----BEGIN RSA PRIVATE KEY-----\n"));
    }
}
