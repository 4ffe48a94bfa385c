//! Where a run happens: the environment, the clock and the observations that a run works with.

use crate::{
    bash,
    runbook::{Runbook, TargetName},
};

#[cfg(feature = "embedded")]
pub mod embedded;
pub mod none;

/// What the user asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Target {
    /// Whichever the document needs.
    #[default]
    Auto,
    /// The embedded Azure.
    Embedded,
    /// A plain shell without network.
    None,
}

/// Where one runbook runs, and why there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Whether the embedded Azure is there.
    pub embedded: bool,
    /// Why, as a sentence fragment.
    pub because: String,
}

impl Choice {
    /// The target as directives name it.
    pub fn target(&self) -> TargetName {
        if self.embedded { TargetName::Embedded } else { TargetName::None }
    }

    /// The target's name in reports.
    pub fn name(&self) -> &'static str {
        self.target().as_str()
    }
}

/// Commands that talk to Azure or to a cluster of it.
const AZURE_COMMANDS: [&str; 4] = ["az", "kubectl", "kubelogin", "helm"];

/// Domains that only Azure answers for.
const AZURE_DOMAINS: [&str; 6] =
    [".azure.com", ".azure.net", ".microsoftonline.com", "graph.microsoft.com", ".azmk8s.io", ".azurewebsites.net"];

/// Decides where `runbook` runs.
pub fn choose(asked: Target, runbook: &Runbook) -> Choice {
    match asked {
        Target::Embedded => Choice { embedded: true, because: "asked for".to_owned() },
        Target::None => Choice { embedded: false, because: "asked for".to_owned() },
        Target::Auto => match azure_use(runbook) {
            Some(because) => Choice { embedded: true, because },
            None => Choice { embedded: false, because: "no step calls az, kubectl, kubelogin, helm or an Azure host".to_owned() },
        },
    }
}

fn azure_use(runbook: &Runbook) -> Option<String> {
    let scripts: Vec<_> = runbook.steps.iter().map(|step| (step, bash::Script::parse(&step.script))).collect();
    let called: Vec<&str> = AZURE_COMMANDS
        .into_iter()
        .filter(|name| scripts.iter().any(|(_, script)| script.commands().iter().any(|command| command.name() == Some(*name))))
        .collect();
    if !called.is_empty() {
        return Some(format!("steps call {}", called.join(", ")));
    }
    let step = runbook.steps.iter().find(|step| AZURE_DOMAINS.iter().any(|domain| step.script.contains(domain)))?;
    Some(format!("line {} names an Azure host", step.line))
}

/// The embedded Azure's profile, such as `2026-11`; none without feature `embedded`.
pub fn profile() -> Option<String> {
    #[cfg(feature = "embedded")]
    {
        Some(crate::cloud::Profile::default().name.to_owned())
    }
    #[cfg(not(feature = "embedded"))]
    {
        None
    }
}
