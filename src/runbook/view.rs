//! From which side a document is looked at: where it runs, and which tabs and zones a reader has open.

use strsim::osa_distance;

use super::setting::Setting;

/// Where a document runs, as directives name it: `timeout@live=40m`, `only=embedded`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TargetName {
    /// The embedded Azure.
    Embedded,
    /// The caller's Azure.
    Live,
    /// The caller's own environment.
    Env,
    /// Recorded answers.
    Replay,
    /// A plain shell.
    None,
}

impl TargetName {
    const ALL: [Self; 5] = [Self::Embedded, Self::Live, Self::Env, Self::Replay, Self::None];

    /// Its name in directives and options.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Live => "live",
            Self::Env => "env",
            Self::Replay => "replay",
            Self::None => "none",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|target| target.as_str() == name)
    }

    /// The name that an unknown one nearly is.
    pub(super) fn nearest(name: &str) -> Option<&'static str> {
        // Bounded before it is measured: a distance costs the product of both lengths.
        let near = Self::ALL.into_iter().map(|target| (osa_distance(&name.to_lowercase(), target.as_str()), target.as_str()));
        (name.len() <= 20).then(|| near.min()).flatten().filter(|(distance, _)| *distance <= 2).map(|(_, name)| name)
    }

    /// All names, for a person.
    pub(super) fn list() -> String {
        Self::ALL.map(Self::as_str).join(", ")
    }
}

/// Which of the things that a document says apply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Where it runs.
    pub target: TargetName,
    /// Tabs that were asked for from outside, the first that a group has wins; they beat the document's own choice.
    pub tabs: Vec<String>,
    /// The same for zones.
    pub zones: Vec<String>,
}

impl View {
    /// What a reader sees who chooses nothing, where `target` is.
    pub fn of(target: TargetName) -> Self {
        Self { target, tabs: Vec::new(), zones: Vec::new() }
    }
}

/// What a step says about some views only; `resolve` settles it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Conditions {
    /// `only=live,embedded`: the targets on which it runs; all when empty.
    pub only: Vec<TargetName>,
    /// `interactive`: somebody must sit at the keyboard.
    pub interactive: bool,
    /// The tabs that it stands in, from the outermost.
    pub tabs: Vec<TabPlace>,
    /// The zones that it stands in, from the outermost: each the pivots for which it is shown.
    pub zones: Vec<Vec<String>>,
    /// What it says about one target.
    pub(super) targeted: Vec<Targeted>,
}

/// One tab of one group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TabPlace {
    /// The position of its group in `Choices::groups`.
    pub group: usize,
    /// Its position there.
    pub tab: usize,
}

/// Tabs of which a reader sees one at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TabGroup {
    /// In document order, at least one.
    pub tabs: Vec<Tab>,
    /// The tabs that the group itself stands in.
    pub parents: Vec<TabPlace>,
}

/// A tab: `[Azure CLI](#tab/azure-cli)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tab {
    /// Its names, in lower case: one, or several in `#tab/linux+mac`.
    pub ids: Vec<String>,
    /// `#tab/linux/azure-cli`: shown with this tab of another group only.
    pub condition: Option<String>,
    /// The 1-based document line of its heading.
    pub line: usize,
}

/// What holds on one target only.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Targeted {
    pub(super) target: TargetName,
    /// The position of the expectation that it speaks of; the step, or the document, when none.
    pub(super) expectation: Option<usize>,
    pub(super) setting: Setting,
}

/// What a document says about some views only; `resolve` settles it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Choices {
    /// `docent-file: tab=…`: tabs that the document's author chose for a run.
    pub tabs: Vec<String>,
    /// `docent-file: zone=…`: the same for zones.
    pub zones: Vec<String>,
    /// The groups of tabs, in document order.
    pub groups: Vec<TabGroup>,
    /// The pivots of all zones, each once, in document order.
    pub pivots: Vec<String>,
    pub(super) targeted: Vec<Targeted>,
}
