//! After the last step: what a run has made and not removed, told with the line that made it, removed where that is wanted, and looked for again.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    bash::{Deed, Effect, Script},
    engine::{
        cause::{Values, contains_word, expand},
        execute::Run,
        result::{Leftover, RunbookStatus},
        world::{Made, World},
    },
    runbook::{Role, Step},
};

/// What a run makes is removed after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CleanupPolicy {
    /// However it ended.
    #[default]
    Always,
    /// When it passed: what failed can be looked at.
    OnSuccess,
    /// It stays.
    Never,
}

/// What stands in the world because of the run, and which step made it.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    makers: BTreeMap<String, Maker>,
    /// Something was removed again that would have stayed.
    has_shrunk: bool,
    /// What stood there after the last step.
    last: Vec<Made>,
}

#[derive(Debug, Clone, Copy)]
struct Maker {
    step: usize,
    line: usize,
}

impl Ledger {
    /// Takes note of what stands there after a step; `steps` are those that were run so far, it being the last.
    fn note(&mut self, steps: &[(usize, &Step, &Script)], values: &Values, made: Vec<Made>) {
        for one in &made {
            if let (false, Some(maker)) = (self.makers.contains_key(&one.id), maker(steps, values, &one.called)) {
                self.makers.insert(one.id.clone(), maker);
            }
        }
        self.has_shrunk |= self.last.iter().any(|one| one.removable && !made.iter().any(|other| other.id == one.id));
        self.last = made;
    }
}

/// Who made something of this name: a command of the last step that names it, else the first of those before, else the first of the last
/// step that changes anything at all.
fn maker(steps: &[(usize, &Step, &Script)], values: &Values, name: &str) -> Option<Maker> {
    let name = name.to_lowercase();
    let (last, before) = steps.split_last()?;
    let at =
        |(index, step, _): &(usize, &Step, &Script), deed: Deed<'_>| Maker { step: *index, line: step.script_line + deed.command.line };
    let names_it = |step: &Step, deed: &Deed<'_>| {
        let text = step.script.get(deed.command.span.start..deed.command.span.end).unwrap_or_default();
        contains_word(&expand(text, values).to_lowercase(), &name) && !REMOVES.iter().any(|word| contains_word(text, word))
    };
    let named =
        std::iter::once(last).chain(before).find_map(|entry| Some(at(entry, changes(entry.2).find(|deed| names_it(entry.1, deed))?)));
    let any = || changes(last.2).next().map(|deed| at(last, deed));
    named.or_else(any).or(Some(Maker { step: last.0, line: last.1.line }))
}

/// Words of commands that make nothing.
const REMOVES: [&str; 3] = ["delete", "remove", "purge"];

fn changes(script: &Script) -> impl Iterator<Item = Deed<'_>> {
    script.deeds().filter(|deed| deed.effect >= Effect::Settles)
}

impl Run<'_> {
    /// Takes note of what stands there after a step.
    pub(super) fn note_made(&mut self, index: usize, values: &Values, made: Vec<Made>) {
        // Nothing to look for is the usual case.
        if made.is_empty() && self.ledger.last.is_empty() {
            return;
        }
        let runbook = Arc::clone(&self.job.runbook);
        let mut order = self.before(index);
        order.push(index);
        let steps: Vec<_> = order.into_iter().map(|index| (index, &runbook.steps[index], &self.scripts[index])).collect();
        self.ledger.note(&steps, values, made);
    }

    /// Removes what is left, as far as that is wanted and there is time, and tells all that was left.
    pub(super) async fn leftovers(&mut self, status: RunbookStatus, world: &mut dyn World) -> Vec<Leftover> {
        let cleans_up = self.ledger.has_shrunk || self.job.runbook.steps.iter().any(|step| step.directives.role == Role::Cleanup);
        let is_wanted = match self.job.options.cleanup {
            CleanupPolicy::Always => true,
            CleanupPolicy::OnSuccess => status == RunbookStatus::Passed,
            CleanupPolicy::Never => false,
        };
        let left = world.made();
        let mut leftovers: Vec<Leftover> = Vec::new();
        for one in &left {
            let removed = if is_wanted && one.removable { Some(self.remove(one, world).await) } else { None };
            let maker = self.ledger.makers.get(&one.id);
            leftovers.push(Leftover {
                kind: one.kind.clone(),
                name: self.redactor.mask(&one.name),
                hint: one.hint.clone(),
                step: maker.map(|maker| maker.step),
                line: maker.map(|maker| maker.line),
                removed: removed == Some(Ok(())),
                reason: removed.and_then(Result::err).map(|reason| self.redactor.mask(&reason)),
                stays: false,
                is_forgotten: cleans_up,
            });
        }
        // Removing one thing can leave another behind.
        let now = world.made();
        for (leftover, one) in leftovers.iter_mut().zip(&left) {
            let is_there = now.iter().any(|other| other.id == one.id);
            if !is_there {
                leftover.reason = None;
            } else if leftover.removed {
                leftover.reason = Some("it is still there after it was removed".to_owned());
            }
            leftover.removed &= !is_there;
            leftover.stays = world.outlives_run() && !leftover.removed;
        }
        for one in now.iter().filter(|one| !left.iter().any(|other| other.id == one.id)) {
            leftovers.push(Leftover {
                kind: one.kind.clone(),
                name: self.redactor.mask(&one.name),
                hint: one.hint.clone(),
                stays: world.outlives_run(),
                ..Leftover::default()
            });
        }
        leftovers
    }

    async fn remove(&mut self, one: &Made, world: &mut dyn World) -> Result<(), String> {
        let now = Instant::now();
        let end = *self.clean_up_ends.get_or_insert(now + self.job.options.cleanup_timeout);
        let left = end.saturating_duration_since(now);
        let interrupt = self.job.interrupt.clone();
        if left == Duration::ZERO || interrupt.is_raised_again() {
            return Err("there was no time left for cleaning up".to_owned());
        }
        tokio::select! {
            removed = world.remove(one) => removed,
            () = interrupt.raised_again() => Err("interrupted while it was being removed".to_owned()),
            () = tokio::time::sleep(left) => Err("there was no time left for cleaning up".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::{
        engine::{
            event::{Event, Listener},
            execute::{self, Job, MaskedPolicy, RunOptions},
            judge::Judging,
            plan::{Selection, plan},
            redact::Redactor,
            world::{Answer, Observation, Timekeeper},
        },
        runbook::{Companions, parse},
        shell::{Bash, Helper, Interrupt, Launch},
    };

    /// A place where one group stands after the first step, which can be removed, or not, and leaves something else behind.
    struct Place {
        group: bool,
        resists: bool,
        outlives: bool,
    }

    impl World for Place {
        fn environment(&self) -> Vec<(String, String)> {
            vec![("PATH".to_owned(), "/usr/bin:/bin".to_owned())]
        }
        fn beside(&self) -> Vec<(String, String)> {
            Vec::new()
        }
        fn path_prefix(&self) -> Vec<PathBuf> {
            Vec::new()
        }
        fn timekeeper(&self) -> &dyn Timekeeper {
            self
        }
        fn observe(&mut self) -> Vec<Observation> {
            Vec::new()
        }
        fn secrets(&mut self) -> Vec<String> {
            Vec::new()
        }
        fn act_as(&mut self, _name: &str) -> Result<crate::engine::world::Guise, crate::engine::world::Stranger> {
            unreachable!("no step of these tests is somebody else's")
        }

        fn act_as_before(&mut self) {}

        fn aliases(&self) -> Vec<(String, String)> {
            Vec::new()
        }
        fn made(&self) -> Vec<Made> {
            let one = |kind: &str, name: &str, removable| Made {
                kind: kind.into(),
                name: name.into(),
                called: name.into(),
                id: name.into(),
                removable,
                hint: None,
            };
            if self.group { vec![one("group", "demo", true)] } else { vec![one("grave", "vault", false)] }
        }
        fn outlives_run(&self) -> bool {
            self.outlives
        }
        fn remove<'a>(&'a mut self, _made: &'a Made) -> Answer<'a, Result<(), String>> {
            // One that says so and does not do it is found out.
            self.group = self.resists;
            Box::pin(std::future::ready(Ok(())))
        }
    }

    impl Timekeeper for Place {
        fn pass(&self, _by: Duration) {}
        fn wait(&self, _by: Duration) -> Duration {
            Duration::ZERO
        }
        fn elapsed(&self) -> Duration {
            Duration::ZERO
        }
        fn now(&self) -> String {
            String::new()
        }
    }

    struct Nobody;

    impl Listener for Nobody {
        fn hear(&mut self, _event: &Event) {}
    }

    /// What is left of a document with one step after a run, as `kind name line removed stays`; none where there is no bash.
    async fn left(policy: CleanupPolicy, script: &str, mut place: Place) -> Option<Vec<String>> {
        let bash = PathBuf::from("/bin/bash");
        if !bash.exists() {
            return None;
        }
        let directory = tempfile::tempdir().expect("there is a place for temporary files");
        let text = format!("```bash\n{script}\n```\n");
        let (runbook, _) = parse("x.md", text.as_bytes(), &Companions::default());
        let plan = plan(&runbook, &Selection::default()).expect("it selects all");
        let helper = Helper::this_program().expect("a test program has a path");
        let mut session = Bash::start(Launch::new(helper, bash, directory.path())).await.expect("bash starts");
        let options = RunOptions { cleanup: policy, ..options() };
        let job = Job {
            position: 0,
            runbook: Arc::new(runbook),
            diagnostics: Vec::new(),
            plan,
            options: &options,
            redactor: Redactor::default(),
            interrupt: Interrupt::new(),
            ends: Instant::now() + Duration::from_secs(600),
        };
        let result = execute::run(job, &mut place, &mut session, &mut Nobody).await.expect("the shell works");
        let shown = |one: &Leftover| format!("{} {} {:?} {} {}", one.kind, one.name, one.line, one.removed, one.stays);
        Some(result.leftovers.iter().map(shown).collect())
    }

    fn options() -> RunOptions {
        RunOptions {
            secrets: Vec::new(),
            timeout: Duration::from_secs(60),
            run_timeout: RunOptions::RUN_TIMEOUT,
            cleanup_timeout: RunOptions::CLEANUP_TIMEOUT,
            masked: MaskedPolicy::Fail,
            judging: Judging::default(),
            cleanup: CleanupPolicy::Always,
            fail_fast: false,
            fail_on_flaky: false,
            variables: Vec::new(),
        }
    }

    fn place(resists: bool, outlives: bool) -> Place {
        Place { group: true, resists, outlives }
    }

    #[tokio::test]
    async fn what_is_left_is_removed_looked_for_again_and_told() {
        let check = async |policy, script, place, expected: &[&str]| {
            if let Some(found) = left(policy, script, place).await {
                assert_eq!(found, expected, "{policy:?} {script}");
            }
        };
        use CleanupPolicy::{Always, Never, OnSuccess};
        check(Always, ":", place(false, true), &["group demo Some(1) true false", "grave vault None false true"]).await;
        check(Always, ":", place(true, true), &["group demo Some(1) false true"]).await;
        check(Always, ":", place(true, false), &["group demo Some(1) false false"]).await;
        check(Always, "false", place(false, false), &["group demo Some(1) true false", "grave vault None false false"]).await;
        check(OnSuccess, "false", place(false, true), &["group demo Some(1) false true"]).await;
        check(OnSuccess, ":", place(false, true), &["group demo Some(1) true false", "grave vault None false true"]).await;
        check(Never, ":", place(false, true), &["group demo Some(1) false true"]).await;
    }

    #[test]
    fn the_line_is_that_of_the_command_that_names_it() {
        let text = b"```bash\necho demo-7\naz group create -n other\naz group create \\\n  -n demo-$ID\n```\n";
        let step = parse("x.md", text, &Companions::default()).0.steps.remove(0);
        let script = Script::parse(&step.script);
        let values = Values::from([("ID".to_owned(), "7".to_owned())]);
        let later = (
            Step { script_line: 20, script: "az group delete -n other".to_owned(), ..step.clone() },
            Script::parse("az group delete -n other"),
        );
        let steps = [(0, &step, &script), (1, &later.0, &later.1)];
        let line = |name| maker(&steps, &values, name).map(|maker| maker.line);
        assert_eq!((line("Demo-7"), line("other"), line("something")), (Some(4), Some(3), Some(20)));
    }
}
