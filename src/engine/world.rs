//! What a run needs of the place where it happens. The engine never learns which place that is.

use std::{future::Future, path::PathBuf, pin::Pin, time::Duration};

use crate::engine::access::Access;

/// An answer that the place may have to be asked for.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The place where one runbook runs, as the engine sees it. Targets implement it.
pub trait World: Send {
    /// Variables that each step sees besides the allowed ones, in a fixed order.
    fn environment(&self) -> Vec<(String, String)>;

    /// Variables that steps in the background see besides: their waits must not move the clock of the others.
    fn beside(&self) -> Vec<(String, String)>;

    /// Directories that stand first on the steps' `PATH`.
    fn path_prefix(&self) -> Vec<PathBuf>;

    /// The clock at which steps are run.
    fn timekeeper(&self) -> &dyn Timekeeper;

    /// What was seen since the last call.
    fn observe(&mut self) -> Vec<Observation>;

    /// Credentials of this run that came to be since the last call, to be masked in everything that is printed.
    fn secrets(&mut self) -> Vec<String>;

    /// What stands there because of the run, as far as the place has seen, in a fixed order. What goes when something else of it goes is
    /// left out.
    fn made(&self) -> Vec<Made>;

    /// Whether what is left when the run ends is still there afterwards.
    fn outlives_run(&self) -> bool;

    /// Removes something that was made, and asks the place whether it is gone; otherwise why it is not, as a sentence fragment.
    fn remove<'a>(&'a mut self, made: &'a Made) -> Answer<'a, Result<(), String>>;

    /// Signs somebody else in: what a step needs to be run by whoever is called `name`, until [`Self::act_as_before`].
    ///
    /// # Errors
    /// When nobody can be signed in by that name.
    fn act_as(&mut self, name: &str) -> Result<Guise, Stranger>;

    /// Nobody else is signed in any more.
    fn act_as_before(&mut self);

    /// Texts that differ between runs though nothing differs in them (ports), and the fixed names they are printed as.
    fn aliases(&self) -> Vec<(String, String)>;
}

/// What a step needs to be run by somebody else.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Guise {
    /// Files that the shell writes for it, by their absolute paths.
    pub files: Vec<(PathBuf, String)>,
    /// Variables that it sees.
    pub variables: Vec<(String, String)>,
}

/// Why nobody can be signed in by a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranger {
    /// Why, as a sentence fragment.
    pub reason: String,
    /// A name that was perhaps meant.
    pub nearest: Option<String>,
}

/// Something that stands in the world until somebody removes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// What it is, for people.
    pub kind: String,
    /// What it is called.
    pub name: String,
    /// What the command that made it says of it.
    pub called: String,
    /// What tells it from all others.
    pub id: String,
    /// It can be removed as it stands.
    pub removable: bool,
    /// What there is to know about it, as a sentence fragment.
    pub hint: Option<String>,
}

/// The clock of a run. Virtual ones move only when told to.
pub trait Timekeeper {
    /// Called between steps; a virtual clock moves by `by`, the wall does not.
    fn pass(&self, by: Duration);

    /// Lets time pass that the document asks for, and gives the wall time that is to be waited for it: none on a virtual clock.
    fn wait(&self, by: Duration) -> Duration;

    /// How much time has passed on this clock since it started.
    fn elapsed(&self) -> Duration;

    /// Now, RFC 3339.
    fn now(&self) -> String;
}

/// Something that the world saw while a step ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation {
    /// A step asked for something that the world does not have.
    Unsupported {
        /// What: `az vm create`, a host, an operation.
        what: String,
        /// `command`, `option`, `operation`, `host`.
        kind: String,
        /// What to do about it; may be empty.
        workaround: String,
    },
    /// A client of the world ended non-zero.
    ClientFailed {
        /// Its words.
        argv: Vec<String>,
        /// Its exit status.
        status: i32,
        /// The first line of its message.
        message: String,
    },
    /// A request was answered.
    Access(Access),
    /// Something worked that may not work the next time, and why.
    Luck(String),
    /// What the world would say about an obscure or silent failure.
    Hint {
        /// The resource that it is about.
        about: String,
        /// A sentence fragment.
        text: String,
    },
}
