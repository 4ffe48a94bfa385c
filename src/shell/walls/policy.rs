//! What the room is told on its command line.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use super::layers::Layer;

/// What the room is told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::shell) struct Policy {
    /// Whether there are walls at all.
    pub walls: bool,
    /// Where docent and the shells meet; below it a directory for each shell.
    pub control: PathBuf,
    /// The run's private directory.
    pub directory: PathBuf,
    /// What may be read besides the system: programs outside it.
    pub readable: Vec<PathBuf>,
    /// The port on loopback that blocks may connect to.
    pub port: Option<u16>,
    /// Layers that are left out, so that tests see what they are for.
    pub without: Vec<Layer>,
}

impl Policy {
    pub(super) fn allows(&self, layer: Layer) -> bool {
        self.walls && !self.without.contains(&layer)
    }

    /// As the room's arguments.
    pub(super) fn arguments(&self) -> Vec<OsString> {
        let mut arguments = vec![word("walls", if self.walls { "1" } else { "0" }.as_ref())];
        arguments.push(word("control", self.control.as_os_str()));
        arguments.push(word("directory", self.directory.as_os_str()));
        arguments.extend(self.readable.iter().map(|path| word("readable", path.as_os_str())));
        arguments.extend(self.port.map(|port| word("port", port.to_string().as_ref())));
        arguments.extend(self.without.iter().map(|layer| word("without", layer.as_str().as_ref())));
        arguments
    }

    /// None for anything that [`Self::arguments`] does not write.
    pub(super) fn parse(arguments: impl Iterator<Item = OsString>) -> Option<Self> {
        let mut policy = Self::default();
        for argument in arguments {
            let bytes = argument.as_bytes();
            let split = bytes.iter().position(|byte| *byte == b'=')?;
            let value = OsStr::from_bytes(&bytes[split + 1..]);
            match &bytes[..split] {
                b"walls" => policy.walls = value == "1",
                b"control" => policy.control = value.into(),
                b"directory" => policy.directory = value.into(),
                b"readable" => policy.readable.push(value.into()),
                b"port" => policy.port = Some(value.to_str()?.parse().ok()?),
                b"without" => policy.without.push(Layer::of(value.to_str()?)?),
                _ => return None,
            }
        }
        (policy.control.is_absolute() && policy.directory.is_absolute()).then_some(policy)
    }
}

fn word(key: &str, value: &OsStr) -> OsString {
    let mut word = format!("{key}=").into_bytes();
    word.extend_from_slice(value.as_bytes());
    OsString::from_vec(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_survives_the_command_line() {
        let policy = Policy {
            walls: true,
            control: "/c=d".into(),
            directory: OsStr::from_bytes(b"/d/\xff").into(),
            readable: vec!["/a".into(), "/b b".into()],
            port: Some(4711),
            without: vec![Layer::Landlock],
        };
        assert_eq!(Policy::parse(policy.arguments().into_iter()), Some(policy));
        assert_eq!(Policy::parse(["walls=1".into(), "control=/c".into()].into_iter()), None);
        assert_eq!(Policy::parse(["unheard=of".into()].into_iter()), None);
    }
}
