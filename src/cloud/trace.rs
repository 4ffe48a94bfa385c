//! What is written down of a request: who asked, which checks were made, which rule decided, and what it took.
//!
//! No token, secret or body is ever written down; texts are cut. What nobody collects is bounded and the rest is counted.

/// How many answered requests are kept until somebody collects them.
const ANSWERED_MAX: usize = 1000;
/// How long a text may be, in characters.
const TEXT_MAX: usize = 400;
/// How many checks, and how many permissions, one request may note: a list of many things takes many.
const NOTES_MAX: usize = 200;

/// A request that was answered, and who decided about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// `GET https://management.azure.com/subscriptions/…`, without its query.
    pub request: String,
    /// The HTTP status of the answer.
    pub status: u16,
    /// It was refused because of who asked, or because nobody knows who.
    pub refused: bool,
    /// Who asked, for people; empty when nobody said.
    pub caller: String,
    /// What was looked at, in order.
    pub checks: Vec<Check>,
    /// The permissions that let it happen; empty for a refusal.
    pub uses: Vec<Use>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What: `token`, `action`, or one of the nine steps of a request to a cluster.
    pub name: &'static str,
    /// What was found, as a sentence fragment.
    pub found: String,
}

/// A permission that was used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Use {
    /// Who used it: the object id of a principal of the directory, or the name of a user of a cluster.
    pub principal: String,
    /// The same for people.
    pub name: String,
    /// What was used.
    pub permission: Permission,
}

/// What a role can give.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// An action of Azure.
    Action {
        /// Where: the id that was asked about.
        scope: String,
        /// `Microsoft.ContainerService/managedClusters/read`.
        action: String,
        /// It is a data action.
        on_data: bool,
    },
    /// A rule of a cluster's own roles.
    Rule {
        /// The id of the cluster.
        cluster: String,
        /// Empty for what belongs to no namespace.
        namespace: String,
        /// Empty for the core group.
        group: String,
        /// `pods`, `pods/log`.
        resource: String,
        /// `get`.
        verb: String,
    },
    /// A path of a cluster's API server.
    Path {
        /// The id of the cluster.
        cluster: String,
        /// `/metrics`.
        path: String,
        /// `get`.
        verb: String,
    },
}

/// What is written down until somebody collects it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trace {
    caller: String,
    checks: Vec<Check>,
    uses: Vec<Use>,
    answered: Vec<Answered>,
    left_out: usize,
}

/// Checks that are made where the state cannot be written to.
#[derive(Debug, Default)]
pub(crate) struct Checks(Vec<Check>);

impl Checks {
    /// Notes what a check has found.
    pub(crate) fn note(&mut self, name: &'static str, found: impl Into<String>) {
        if self.0.len() < NOTES_MAX {
            self.0.push(Check { name, found: cut(&found.into()) });
        }
    }
}

impl Trace {
    /// A request begins.
    pub(crate) fn begin(&mut self) {
        self.caller.clear();
        self.checks.clear();
        self.uses.clear();
    }

    /// Who asks, for people.
    pub(crate) fn caller(&mut self, caller: impl Into<String>) {
        self.caller = cut(&caller.into());
    }

    /// Notes what a check has found.
    pub(crate) fn note(&mut self, name: &'static str, found: impl Into<String>) {
        if self.checks.len() < NOTES_MAX {
            self.checks.push(Check { name, found: cut(&found.into()) });
        }
    }

    /// Takes over what was noted elsewhere.
    pub(crate) fn take_over(&mut self, checks: Checks) {
        let room = NOTES_MAX.saturating_sub(self.checks.len());
        self.checks.extend(checks.0.into_iter().take(room));
    }

    /// Takes over the permissions that were noted elsewhere.
    pub(crate) fn adopt(&mut self, other: Self) {
        other.uses.iter().for_each(|used| self.used(used));
    }

    /// Notes a permission without which the request would be refused.
    pub(crate) fn used(&mut self, by: &Use) {
        if self.uses.len() < NOTES_MAX && !self.uses.contains(by) {
            self.uses.push(by.clone());
        }
    }

    /// A request ends. One about which nothing was decided is forgotten.
    pub(crate) fn end(&mut self, request: String, status: u16, refused: bool) {
        let (caller, checks) = (std::mem::take(&mut self.caller), std::mem::take(&mut self.checks));
        let mut uses = std::mem::take(&mut self.uses);
        if checks.is_empty() {
            return;
        }
        if refused {
            uses.clear();
        }
        if self.answered.len() >= ANSWERED_MAX {
            self.left_out += 1;
            return;
        }
        self.answered.push(Answered { request: cut(&request), status, refused, caller, checks, uses });
    }

    /// What was answered since the last time, and how many answers were left out.
    pub(crate) fn take(&mut self) -> (Vec<Answered>, usize) {
        (std::mem::take(&mut self.answered), std::mem::take(&mut self.left_out))
    }
}

/// A text of bounded length.
fn cut(text: &str) -> String {
    match text.char_indices().nth(TEXT_MAX) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_collects_is_bounded_and_the_rest_is_counted() {
        let mut trace = Trace::default();
        for _ in 0..ANSWERED_MAX + 7 {
            trace.begin();
            trace.note("token", "é".repeat(TEXT_MAX + 1));
            trace.end("GET https://x/".to_owned(), 200, false);
        }
        let (answered, left_out) = trace.take();
        assert_eq!((answered.len(), left_out), (ANSWERED_MAX, 7));
        assert_eq!(answered[0].checks[0].found, format!("{}…", "é".repeat(TEXT_MAX)));
        assert_eq!(trace.take(), (Vec::new(), 0));
    }

    #[test]
    fn a_refusal_uses_nothing_and_what_nobody_decided_about_is_forgotten() {
        let mut trace = Trace::default();
        let permission = Permission::Action { scope: "/".to_owned(), action: "a".to_owned(), on_data: false };
        let used = Use { principal: "p".to_owned(), name: "P".to_owned(), permission };
        for status in [200, 403] {
            trace.begin();
            trace.note("action", "a");
            trace.used(&used);
            trace.used(&used);
            trace.end("GET https://x/".to_owned(), status, status == 403);
        }
        trace.begin();
        trace.end("GET https://x/".to_owned(), 200, false);
        let (answered, _) = trace.take();
        assert_eq!(answered.iter().map(|one| (one.status, one.uses.len())).collect::<Vec<_>>(), [(200, 1), (403, 0)]);
        assert!(answered[1].refused);
    }
}
