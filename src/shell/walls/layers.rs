//! Which layers hold, and what a missing one means.

/// One layer of the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// Own users, processes, network, mounts, IPC and host name, with a minimal root directory.
    Namespaces,
    /// The kernel's rules for files, signals and abstract sockets.
    Landlock,
    /// The list of refused system calls.
    Seccomp,
    /// A supervisor that makes all connections itself; needed without an own network only.
    Connections,
    /// Bounds on processes, address space and file sizes.
    Limits,
    /// Blocks run without the powers of root.
    Identity,
    /// Nothing outlives the run.
    Lifeline,
}

impl Layer {
    /// All of them, the outermost first.
    pub const ALL: [Self; 7] =
        [Self::Namespaces, Self::Landlock, Self::Seccomp, Self::Connections, Self::Limits, Self::Identity, Self::Lifeline];

    /// Its name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Namespaces => "namespaces",
            Self::Landlock => "landlock",
            Self::Seccomp => "seccomp",
            Self::Connections => "connections",
            Self::Limits => "limits",
            Self::Identity => "identity",
            Self::Lifeline => "lifeline",
        }
    }

    /// What to do where it is missing; none when nothing needs to be done.
    pub fn remedy(self) -> Option<&'static str> {
        match self {
            // Sources: Ubuntu's notes on restricted unprivileged user namespaces, user_namespaces(7).
            Self::Namespaces => Some(
                "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 user.max_user_namespaces=65536 (in Docker: --cap-add SYS_ADMIN --security-opt apparmor=unconfined)",
            ),
            Self::Landlock => Some("run Linux 6.12 or newer, with landlock among the kernel's `lsm=` modules"),
            Self::Seccomp | Self::Connections => Some("run Linux 5.14 or newer, outside a container that forbids seccomp"),
            Self::Identity => Some("run docent as an ordinary user"),
            Self::Limits | Self::Lifeline => None,
        }
    }

    pub(super) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|layer| layer.as_str() == name)
    }
}

/// What became of one layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerState {
    /// Which.
    pub layer: Layer,
    /// Whether it holds, or is not needed because another does its work.
    pub holds: bool,
    /// How, or why not.
    pub detail: String,
}

/// What was achieved, in the order of [`Layer::ALL`]; a layer that is not listed was not tried.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layers {
    states: Vec<LayerState>,
}

impl Layers {
    pub(super) fn set(&mut self, layer: Layer, holds: bool, detail: impl Into<String>) {
        self.states.retain(|state| state.layer != layer);
        self.states.push(LayerState { layer, holds, detail: detail.into() });
        self.states.sort_by_key(|state| state.layer);
    }

    /// What became of each.
    pub fn states(&self) -> &[LayerState] {
        &self.states
    }

    /// Whether this layer does its work.
    pub fn holds(&self, layer: Layer) -> bool {
        self.states.iter().any(|state| state.layer == layer && state.holds)
    }

    /// Whether blocks have a network of their own or every connection is looked at.
    pub fn denies_network(&self) -> bool {
        self.holds(Layer::Seccomp) && (self.holds(Layer::Namespaces) || self.holds(Layer::Connections))
    }

    /// Whether the caller's files are out of reach.
    pub fn denies_secrets(&self) -> bool {
        self.holds(Layer::Identity) && (self.holds(Layer::Namespaces) || self.holds(Layer::Landlock))
    }

    /// The layers that are missing where something must be denied: the first is what to mend.
    pub fn lacking(&self) -> Option<Layer> {
        let needed = [Layer::Identity, Layer::Seccomp, Layer::Namespaces];
        (!(self.denies_network() && self.denies_secrets())).then(|| needed.into_iter().find(|layer| !self.holds(*layer)))?
    }

    /// One line: `namespaces, landlock (7), …; without: connections`.
    pub fn summary(&self) -> String {
        let names = |holds: bool| {
            let names: Vec<&str> = self.states.iter().filter(|state| state.holds == holds).map(|state| state.layer.as_str()).collect();
            names.join(", ")
        };
        match (names(true), names(false)) {
            (held, missing) if held.is_empty() && missing.is_empty() => "no walls".to_owned(),
            (held, missing) if missing.is_empty() => held,
            (held, missing) => format!("{held}; without {missing}"),
        }
    }

    /// As a message from the room to docent.
    pub(super) fn encode(&self) -> String {
        let line =
            |state: &LayerState| format!("{}\t{}\t{}\n", state.layer.as_str(), u8::from(state.holds), state.detail.replace('\n', " "));
        self.states.iter().map(line).collect()
    }

    pub(super) fn decode(text: &str) -> Self {
        let mut layers = Self::default();
        for line in text.lines() {
            let mut fields = line.splitn(3, '\t');
            if let (Some(layer), Some(holds), Some(detail)) = (fields.next().and_then(Layer::of), fields.next(), fields.next()) {
                layers.set(layer, holds == "1", detail);
            }
        }
        layers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(layers: &[Layer]) -> Layers {
        let mut all = Layers::default();
        for layer in Layer::ALL {
            all.set(layer, layers.contains(&layer), "as told");
        }
        all
    }

    #[test]
    fn layers_survive_the_way_to_docent() {
        let mut layers = held(&[Layer::Landlock, Layer::Limits]);
        layers.set(Layer::Namespaces, false, "unshare: no\nspace\tleft");
        let back = Layers::decode(&layers.encode());
        assert_eq!(back.states().len(), Layer::ALL.len());
        assert!(back.holds(Layer::Landlock) && !back.holds(Layer::Namespaces));
        assert_eq!(back.states()[0].detail, "unshare: no space\tleft");
        assert_eq!(Layers::decode("nonsense\nlandlock\n"), Layers::default());
    }

    #[test]
    fn network_and_secrets_must_both_be_denied_by_some_layer() {
        use Layer::{Connections, Identity, Landlock, Namespaces, Seccomp};
        let enough: [&[Layer]; 2] = [&[Namespaces, Seccomp, Identity], &[Landlock, Seccomp, Connections, Identity]];
        for layers in enough {
            assert_eq!(held(layers).lacking(), None, "{layers:?}");
            for missing in layers {
                let rest: Vec<Layer> = layers.iter().copied().filter(|layer| layer != missing).collect();
                assert!(held(&rest).lacking().is_some(), "{layers:?} without {missing:?}");
            }
        }
        assert!(Layers::default().lacking().is_some());
        assert_eq!(
            held(&[Namespaces, Seccomp]).summary(),
            "namespaces, seccomp; without landlock, connections, limits, identity, lifeline"
        );
    }
}
