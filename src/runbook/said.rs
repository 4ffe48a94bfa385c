//! What the keys of comments said: gathered key by key, laid over what was said further out, and written into the model.

use std::ops::Range;

use super::defect::{
    BROKEN_DIRECTIVE, INVALID_DIRECTIVE_VALUE, LOOSENING_DIRECTIVE, REPEATED_DIRECTIVE, UNKNOWN_DIRECTIVE, WRONG_DIRECTIVE_PLACE,
};
use super::model::{Comparison, FileDirectives, Prerequisite, StepDirectives};
use super::pairs::{Pair, Pairs, Problem};
use super::setting::Setting;
use super::value;
use super::view::{Choices, Conditions, TargetName, Targeted};
use super::vocabulary::{Entry, Key, Place, is_misspelling, keys_of, look_up, takes_range};

/// Keys of one place, in the order in which they were said.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Said {
    keys: Vec<Once>,
}

/// One key with its value.
#[derive(Debug, Clone, PartialEq)]
struct Once {
    key: Key,
    target: Option<TargetName>,
    setting: Setting,
    /// The document's line.
    line: usize,
}

impl Said {
    /// Takes in the keys of `body[keys]`; `line_of` leads from a range of the body to a line of the document.
    pub(super) fn read(
        &mut self,
        body: &str,
        keys: Range<usize>,
        place: Place,
        line_of: impl Fn(&Range<usize>) -> usize,
        problems: &mut Vec<Problem>,
    ) {
        let mut is_empty = true;
        for pair in Pairs::new(&body[..keys.end], keys.start) {
            is_empty = false;
            let taken = pair.and_then(|pair| self.take(&pair, place, line_of(&pair.range)));
            if let Err(problem) = taken {
                // What cannot be cut into keys any further ends the row; `Pairs` stops by itself.
                problems.push(problem);
            }
        }
        if is_empty && place != Place::Expectation {
            let problem = Problem::new(BROKEN_DIRECTIVE, 0..keys.start, "a directive without a key");
            problems.push(problem.with_hint(format!("known keys here: {}", keys_of(place))));
        }
    }

    /// Takes in one key.
    pub(super) fn take(&mut self, pair: &Pair, place: Place, line: usize) -> Result<(), Problem> {
        let (key, target) = match look_up(&pair.key, place) {
            // `cleanup` marks a step; with a value like these it would be the policy of the run.
            Entry::Known(Key::Cleanup, _) if matches!(pair.value.as_deref(), Some("never" | "on-success" | "off")) => {
                return Err(misfit(pair, Entry::NotTheDocuments, place));
            }
            Entry::Known(key, target) => (key, target),
            entry => return Err(misfit(pair, entry, place)),
        };
        let setting = value::setting(key, pair, place, line)?;
        let key = if matches!(setting, Setting::Principal(_)) { Key::Principal } else { key };
        let is_said = |once: &Once| once.key == key && once.target == target;
        if !adds_up(key) && self.keys.iter().any(is_said) {
            return Err(Problem::new(REPEATED_DIRECTIVE, pair.range.clone(), format!("`{}` is said twice", pair.key)));
        }
        if let (Setting::Requires(_, documents), Place::Step | Place::Range) = (&setting, place)
            && !documents.is_empty()
        {
            let problem = Problem::new(WRONG_DIRECTIVE_PLACE, pair.range.clone(), "a document can only be required by a document");
            return Err(problem.with_hint("write it into a `docent-file:` comment"));
        }
        self.keys.push(Once { key, target, setting, line });
        Ok(())
    }

    /// Whether any key says how an output is compared.
    pub(super) fn compares(&self) -> bool {
        self.keys.iter().any(|once| is_comparison(once.key))
    }

    /// Whether any key says so that means nothing where a pattern decides.
    pub(super) fn tunes(&self) -> bool {
        self.keys.iter().any(|once| is_comparison(once.key) && once.key != Key::Stream)
    }

    /// Whether a key was said for a target: in general, or of it.
    pub(super) fn has(&self, key: Key, target: Option<TargetName>) -> bool {
        self.keys.iter().any(|once| once.key == key && (once.target.is_none() || once.target == target))
    }

    /// The targets that any key speaks of, each once.
    pub(super) fn targets(&self) -> Vec<TargetName> {
        let mut targets: Vec<TargetName> = self.keys.iter().filter_map(|once| once.target).collect();
        targets.sort_unstable();
        targets.dedup();
        targets
    }

    /// What `name=` said.
    pub(super) fn name(&self) -> Option<&str> {
        self.keys.iter().find_map(|once| match &once.setting {
            Setting::Name(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// What holds for every step of a session, and whether there is anything that could only hold for one of them.
    pub(super) fn for_each_step(&self) -> (Self, bool) {
        let (each, one): (Vec<_>, Vec<_>) = self.keys.iter().cloned().partition(|once| takes_range(once.key));
        (Self { keys: each }, one.iter().any(|once| once.key != Key::Name))
    }

    /// The document's line of the first of these keys.
    pub(super) fn line_of(&self, key: Key) -> Option<usize> {
        self.keys.iter().find(|once| once.key == key).map(|once| once.line)
    }

    /// The documents that `requires=doc:` names.
    pub(super) fn documents(&self) -> impl Iterator<Item = Prerequisite> {
        self.keys.iter().flat_map(|once| match &once.setting {
            Setting::Requires(_, paths) => {
                paths.iter().map(|path| Prerequisite { path: path.clone(), line: once.line, is_required: true }).collect()
            }
            _ => Vec::new(),
        })
    }

    /// This with `inner` laid over it: the nearer word holds, lists add up.
    pub(super) fn overlaid(&self, inner: &Self) -> Self {
        let outer = self.keys.iter().filter(|outer| {
            adds_up(outer.key)
                || !inner.keys.iter().any(|inner| {
                    // Whether a step is set up, cleaned up or neither is one question with several keys.
                    let is_same = inner.key == outer.key || is_role(inner.key) && is_role(outer.key);
                    is_same && (inner.target.is_none() || inner.target == outer.target)
                })
        });
        Self { keys: outer.chain(&inner.keys).cloned().collect() }
    }

    /// The directives of a step, and those that wait for a view.
    pub(super) fn step(&self) -> (StepDirectives, Conditions) {
        let mut directives = StepDirectives::default();
        let mut conditions = Conditions::default();
        for once in &self.keys {
            match (&once.setting, once.target) {
                (Setting::Only(targets), _) => conditions.only.clone_from(targets),
                (Setting::Interactive, _) => conditions.interactive = true,
                (setting, None) => setting.apply_to_step(&mut directives),
                (setting, Some(target)) if !is_comparison(once.key) => {
                    conditions.targeted.push(Targeted { target, expectation: None, setting: setting.clone() });
                }
                _ => {}
            }
        }
        (directives, conditions)
    }

    /// The directives of the document, and those that wait for a view.
    pub(super) fn file(&self) -> (FileDirectives, Choices) {
        let mut directives = FileDirectives::default();
        let mut choices = Choices::default();
        for once in &self.keys {
            match (&once.setting, once.target) {
                (Setting::Tabs(tabs), _) => choices.tabs.extend_from_slice(tabs),
                (Setting::Zones(zones), _) => choices.zones.extend_from_slice(zones),
                (setting, None) => setting.apply_to_file(&mut directives),
                (setting, Some(target)) => choices.targeted.push(Targeted { target, expectation: None, setting: setting.clone() }),
            }
        }
        (directives, choices)
    }

    /// How an expectation is compared, and what waits for a view; `position` is that of the expectation in its step.
    pub(super) fn comparison(&self, position: usize) -> (Comparison, Vec<Targeted>) {
        let mut comparison = Comparison::default();
        let mut targeted = Vec::new();
        for once in &self.keys {
            match once.target {
                None => once.setting.apply_to_comparison(&mut comparison),
                Some(target) if is_comparison(once.key) => {
                    targeted.push(Targeted { target, expectation: Some(position), setting: once.setting.clone() });
                }
                Some(_) => {}
            }
        }
        (comparison, targeted)
    }
}

/// Whether a key may be said more than once: what it says adds up.
fn adds_up(key: Key) -> bool {
    use Key::{After, Capture, ExpectFailure, Ignore, LintDisable, Needs, Requires, Secret, Stop};
    matches!(key, After | Capture | ExpectFailure | Ignore | LintDisable | Needs | Requires | Secret | Stop)
}

fn is_comparison(key: Key) -> bool {
    matches!(key, Key::Ignore | Key::Exact | Key::Unordered | Key::As | Key::Stream)
}

fn is_role(key: Key) -> bool {
    matches!(key, Key::Setup | Key::Cleanup)
}

/// The problem of a key that cannot stand in a place.
pub(super) fn misfit(pair: &Pair, entry: Entry, place: Place) -> Problem {
    let key = &pair.key;
    let range = pair.range.clone();
    match entry {
        Entry::Elsewhere(places) => {
            let right = match places.first() {
                Some(Place::File) => "write it into a `docent-file:` comment",
                Some(Place::Expectation) => "write it beside `expected_similarity`",
                _ => "write it into a `docent:` comment before the step",
            };
            Problem::new(WRONG_DIRECTIVE_PLACE, range, format!("`{key}` does not belong to `{}`", place.word())).with_hint(right)
        }
        Entry::Untargeted(base) => Problem::new(INVALID_DIRECTIVE_VALUE, range, format!("`{base}` cannot speak of one target"))
            .with_hint(format!("write `{base}` without `@`")),
        Entry::UnknownTarget(near) => {
            let name = key.split_once('@').map_or("", |(_, name)| name);
            let hint = near.map_or_else(|| format!("targets are {}", TargetName::list()), |near| format!("did you mean `@{near}`?"));
            Problem::new(INVALID_DIRECTIVE_VALUE, range, format!("`{name}` is not a target")).with_hint(hint)
        }
        Entry::NotTheDocuments => {
            let key = key.split('@').next().unwrap_or_default();
            Problem::new(LOOSENING_DIRECTIVE, range, format!("a document does not decide about `{key}`"))
                .with_hint("whoever runs docent does, with a flag, a variable or --config FILE")
        }
        Entry::Unknown(near) => {
            let hint = match near {
                _ if key.starts_with("expected_similarity") => {
                    "write it as a comment of its own, between the block and its output: `<!-- expected_similarity=0.8 -->`".to_owned()
                }
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known keys here: {}", keys_of(place)),
            };
            let written = key.split('@').next().unwrap_or_default();
            let start = range.start;
            let problem = Problem::new(UNKNOWN_DIRECTIVE, range, format!("unknown key `{key}`")).with_hint(hint);
            match near.filter(|near| is_misspelling(written, near)) {
                Some(near) => problem.with_fix(start..start + written.len(), near),
                None => problem,
            }
        }
        Entry::Known(..) => Problem::new(UNKNOWN_DIRECTIVE, range, format!("`{key}` is not understood here")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::runbook::model::{
        Background, Capture, CaptureSource, Exact, ExitExpectation, ExpectedFailure, Format, Requirement, Role, StreamChoice,
    };

    fn read(keys: &str, place: Place) -> (Said, Vec<Problem>) {
        let mut said = Said::default();
        let mut problems = Vec::new();
        said.read(keys, 0..keys.len(), place, |_| 7, &mut problems);
        (said, problems)
    }

    #[track_caller]
    fn step(keys: &str) -> StepDirectives {
        let (said, problems) = read(keys, Place::Step);
        assert_eq!(problems, [], "{keys}");
        said.step().0
    }

    /// The codes and messages of what is wrong with keys.
    #[track_caller]
    fn check_problems_in(place: Place, keys: &str, expected: &[(&str, &str)]) {
        let (_, problems) = read(keys, place);
        let found: Vec<_> = problems.iter().map(|problem| (problem.defect.code, problem.message.as_str())).collect();
        assert_eq!(found, expected, "{keys:?}");
    }

    #[track_caller]
    fn check_problem(keys: &str, code: &str, message: &str) {
        check_problems_in(Place::Step, keys, &[(code, message)]);
    }

    #[track_caller]
    fn check_invalid(keys: &str, message: &str) {
        check_problem(keys, "invalid-directive-value", message);
    }

    #[test]
    fn the_keys_of_a_step_are_read() {
        let keys = "skip=\"cuota de GPU\" timeout=1h30m expect-exit=3 expect-stderr=\"(ResourceNotFound)\" name=crear.clúster \
                    secret=A,_b2 secret=C wait=30s stdin=\"y\\\\n\" requires=kubectl,extension:aks-preview,var:CLÚSTER_1 lint-disable=a,b";
        check_problem(keys, "invalid-directive-value", "`CLÚSTER_1` is not the name of a variable");
        let keys = keys.replace('Ú', "U");
        assert_eq!(
            step(&keys),
            StepDirectives {
                skip: Some("cuota de GPU".to_owned()),
                timeout: Some(Duration::from_mins(90)),
                expect_exit: Some(ExitExpectation::Status(3)),
                expect_stderr: Some("(ResourceNotFound)".to_owned()),
                secrets: vec!["A".to_owned(), "_b2".to_owned(), "C".to_owned()],
                wait: Some(Duration::from_secs(30)),
                stdin: Some("y\n".to_owned()),
                requires: vec![
                    Requirement::Command("kubectl".to_owned()),
                    Requirement::Extension("aks-preview".to_owned()),
                    Requirement::Variable("CLUSTER_1".to_owned()),
                ],
                lint_disable: vec!["a".to_owned(), "b".to_owned()],
                ..StepDirectives::default()
            }
        );
        assert_eq!(read(&keys, Place::Step).0.name(), Some("crear.clúster"));
        let plain = step("skip expect-exit=any timeout=500ms");
        assert_eq!((plain.skip.as_deref(), plain.expect_exit), (Some(""), Some(ExitExpectation::Any)));
        assert_eq!(plain.timeout, Some(Duration::from_millis(500)));
    }

    #[test]
    fn where_and_beside_what_a_step_runs_is_read() {
        assert_eq!((step("setup").role, step("cleanup").role, step("skip").role), (Role::Setup, Role::Cleanup, Role::Ordinary));
        let ready = Some(Background { ready: Some("Forwarding from".to_owned()) });
        assert_eq!(step("background ready=\"Forwarding from\"").background, ready);
        assert_eq!(step("ready=\"Forwarding from\" background").background, ready);
        assert_eq!(step("background").background, Some(Background { ready: None }));
        assert_eq!(step("stop=a,b stop=c").stop, ["a", "b", "c"]);
        let (said, _) = read("only=live,none interactive", Place::Step);
        let conditions = said.step().1;
        assert_eq!((conditions.only, conditions.interactive), (vec![TargetName::Live, TargetName::None], true));
    }

    #[test]
    fn who_runs_a_step_is_read_beside_how_its_output_is() {
        let both = step("as=json as=\"Ada L.\"");
        assert_eq!(both.principal, Some(crate::runbook::model::Principal { name: "Ada L.".to_owned(), line: 7 }));
        check_problem("as=ada as=ben", "repeated-directive", "`as` is said twice");
        assert_eq!(step("as=table").principal, None);
        let (said, problems) = read_range("as=ada timeout=1m");
        assert_eq!((problems, said.step().0.principal.map(|one| one.name)), (Vec::new(), Some("ada".to_owned())));
        let (file, problems) = read("tenant=no-mfa", Place::File);
        assert_eq!((problems, file.file().0.tenant), (Vec::new(), crate::runbook::model::Tenant::NoSecondFactor));
    }

    fn read_range(keys: &str) -> (Said, Vec<Problem>) {
        read(keys, Place::Range)
    }

    #[test]
    fn what_is_compared_how_is_read() {
        let keys = "ignore=etag,*.id ignore=name exact unordered as=table stream=both";
        let (said, problems) = read(keys, Place::Step);
        assert_eq!(problems, []);
        let comparison = Comparison {
            ignore: vec!["etag".to_owned(), "*.id".to_owned(), "name".to_owned()],
            exact: Exact::Everything,
            unordered: true,
            format: Some(Format::Table),
            stream: StreamChoice::Both,
        };
        assert_eq!(said.comparison(0), (comparison, vec![]));
        assert!(said.compares() && !read("skip", Place::Step).0.compares());
    }

    #[test]
    fn the_keys_of_a_document_are_read() {
        let keys = "timeout=20m secret=PW expect-failure=\"leer-secreto: (Forbidden) no: nunca\" expect-failure=\"b: c\" requires=helm";
        let (said, problems) = read(keys, Place::File);
        assert_eq!(problems, []);
        let (directives, _) = said.file();
        assert_eq!(directives.timeout, Some(Duration::from_mins(20)));
        assert_eq!(directives.secrets, ["PW"]);
        assert_eq!(directives.requires, [Requirement::Command("helm".to_owned())]);
        let first = ExpectedFailure { step: "leer-secreto".to_owned(), text: "(Forbidden) no: nunca".to_owned(), line: 7 };
        assert_eq!(directives.expected_failures.first(), Some(&first));
        assert_eq!(directives.expected_failures.len(), 2);
    }

    #[test]
    fn values_that_do_not_fit_are_errors() {
        check_invalid("timeout=20", "`20` is not a time");
        check_invalid("timeout=5m5h", "`5m5h` is not a time");
        check_invalid("timeout=0s", "a time of 0s is outside of the range");
        check_invalid("wait=25h", "a time of 25h is outside of the range");
        check_invalid("timeout=99999999999999999999h", "`99999999999999999999h` is not a time");
        check_invalid("timeout", "`timeout` needs a value: a time such as 90s or 20m");
        check_invalid("expect-exit=256", "`256` is not an exit status");
        check_invalid("expect-stderr=\"\"", "`expect-stderr` needs a value: the text that standard error must contain");
        check_invalid("skip=false", "`skip` takes a reason, not a truth value");
        check_invalid("name=\"a b\"", "`a b` cannot be a name");
        check_invalid("secret=$PW", "`$PW` is not the name of a variable");
        check_invalid("secret=A,,B", "`A,,B` has an empty entry");
        check_invalid("unordered=false", "`unordered` takes no value");
        check_invalid("setup=yes", "`setup` takes no value");
        check_problems_in(Place::Expectation, "as=xml", &[("invalid-directive-value", "`xml` is not one of json, text, table, yaml")]);
        check_invalid(&format!("as={}", "a".repeat(300)), "`as` names nobody: the name is too long, or has control characters");
        check_invalid("stream", "`stream` needs a value: stdout, stderr, both");
        check_invalid("only=prod", "`prod` is not a target");
        check_invalid("timeout@liv=3m", "`liv` is not a target");
        check_invalid("name@live=x", "`name` cannot speak of one target");
        check_invalid("capture=IP", "`IP` does not name a variable and a place in the output");
        check_invalid("capture=$IP:$.a", "`$IP` is not the name of a variable");
        check_invalid("capture=IP:$.[", "`$.[` is not a JSONPath");
        check_invalid("capture=IP:ip", "`ip` is neither a path nor a pattern");
        check_invalid("capture=IP:/(/", "the pattern of `IP` is invalid: unclosed group");
        check_invalid("capture=IP:/a", "the pattern is empty, or has no `/` at its end");
        check_invalid(&format!("capture=IP:$.{}", "a".repeat(600)), "the path or pattern is longer than 500 bytes");
        check_invalid("requires=ext:aks-preview", "`ext:aks-preview` is not something that can be required");
        check_invalid("requires=../sh", "`../sh` is not the name of a command");
        check_invalid("requires=setup.md", "`setup.md` is a document, not a command");
        check_problems_in(
            Place::File,
            "expect-failure=no-text",
            &[("invalid-directive-value", "`no-text` does not name a step and a text")],
        );
    }

    #[test]
    fn keys_that_cannot_be_taken_are_errors_that_say_why() {
        check_problem("timout=3m", "unknown-directive", "unknown key `timout`");
        check_problem("sandbox=off", "loosening-directive", "a document does not decide about `sandbox`");
        check_problem("cleanup=never", "loosening-directive", "a document does not decide about `cleanup`");
        check_problem("expect-failure=\"a: b\"", "wrong-directive-place", "`expect-failure` does not belong to `docent:`");
        check_problems_in(Place::Range, "name=a", &[("wrong-directive-place", "`name` does not belong to `docent-begin:`")]);
        check_problem("skip skip", "repeated-directive", "`skip` is said twice");
        check_problem("timeout@live=1m timeout=1m timeout@live=2m", "repeated-directive", "`timeout@live` is said twice");
        check_problem("  ", "broken-directive", "a directive without a key");
        let (_, problems) = read("timout=3m", Place::Step);
        assert_eq!(problems[0].hint.as_deref(), Some("did you mean `timeout`?"));
    }

    #[test]
    fn the_nearer_word_holds_and_lists_add_up() {
        let (outer, _) = read("timeout=1m timeout@live=9m skip secret=A setup exact=a", Place::Range);
        let (inner, _) = read("timeout=2m secret=B cleanup skip@live exact ignore=x", Place::Step);
        let all = outer.overlaid(&inner);
        let (directives, conditions) = all.step();
        assert_eq!((directives.timeout, directives.role), (Some(Duration::from_mins(2)), Role::Cleanup));
        assert_eq!(directives.secrets, ["A", "B"]);
        assert_eq!(directives.skip.as_deref(), Some(""));
        let targeted = Targeted { target: TargetName::Live, expectation: None, setting: Setting::Skip(String::new()) };
        assert_eq!(conditions.targeted, [targeted]);
        assert_eq!(all.comparison(0).0, Comparison { exact: Exact::Everything, ignore: vec!["x".to_owned()], ..Comparison::default() });
    }

    #[test]
    fn what_is_compared_on_one_target_waits_for_it() {
        let (said, problems) = read("stream=stderr ignore@live=id", Place::Step);
        assert_eq!(problems, []);
        let targeted = Targeted { target: TargetName::Live, expectation: Some(2), setting: Setting::Ignore(vec!["id".to_owned()]) };
        assert_eq!(said.comparison(2), (Comparison { stream: StreamChoice::Stderr, ..Comparison::default() }, vec![targeted]));
        assert_eq!(said.step().1.targeted, []);
    }

    #[test]
    fn a_capture_knows_its_line() {
        let (path, regex) = ("capture=IP:$.items[0]['ip']", "capture=\"HOST:/host is (\\\\S+)/\"");
        // A bare value has no quotes in it.
        check_problem(path, "broken-directive", "a value with an odd quote");
        let found = step(&format!("{} {regex}", path.replace("['ip']", ".ip"))).captures;
        let expected = [
            Capture { name: "IP".to_owned(), source: CaptureSource::Path("$.items[0].ip".to_owned()), line: 7 },
            Capture { name: "HOST".to_owned(), source: CaptureSource::Regex("host is (\\S+)".to_owned()), line: 7 },
        ];
        assert_eq!(found, expected);
    }
}
