//! A program reads a variable that the shell keeps to itself.
//!
//! `NAME=value` makes a variable of the shell; programs that the shell starts see it only after `export NAME`. The program finds it empty and
//! mostly goes on. Looked at are the programs that show what they read: `bash -c '…'`, scripts that a here-document writes and a later line
//! runs, `envsubst` on such a text, Python's `os.environ` and `os.getenv`, and `TF_VAR_…` before Terraform.
//!
//! Arguments need no export: the shell puts the value in before the program starts. Nothing is reported where `set -a` exports everything.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

use regex::Regex;

use crate::{
    bash::{Assignment, AssignmentKind, Command, CommandKind, HereDocument, Script},
    diagnostic::Span,
    lint::{
        document::{Block, Document},
        here_document::target,
        rule::Finding,
    },
};

/// Programs that run another one with the same environment.
const WRAPPERS: [&str; 6] = ["env", "exec", "nohup", "stdbuf", "time", "timeout"];
const SHELLS: [&str; 8] = ["bash", "sh", "dash", "zsh", "/bin/bash", "/bin/sh", "/usr/bin/bash", "/usr/bin/sh"];

/// What the shell has so far.
#[derive(Default)]
struct Shell<'d> {
    /// Variables with a value that no program sees.
    kept: BTreeSet<&'d str>,
    exported: BTreeSet<&'d str>,
    /// What here-documents wrote, by file name.
    files: BTreeMap<String, String>,
    reported: BTreeSet<String>,
}

pub(super) fn check(document: &Document<'_>) -> Vec<Finding> {
    let exports_all = |text: &str| {
        text.split([';', '\n']).map(str::trim).any(|line| matches!(line, "set -a" | "set -o allexport") || line.starts_with("set -a"))
    };
    if document.blocks.iter().any(|block| exports_all(&block.step.script)) {
        return Vec::new();
    }
    let mut shell = Shell::default();
    let mut findings = Vec::new();
    for block in &document.blocks {
        let mut assignments = block.script.assignments().iter().peekable();
        for command in block.script.commands() {
            while let Some(assignment) = assignments.next_if(|assignment| assignment.span.start < command.span.start) {
                shell.assign(assignment);
            }
            if command.kind == CommandKind::Simple && !command.in_function {
                shell.run(block, command, &mut findings);
            }
        }
        assignments.for_each(|assignment| shell.assign(assignment));
    }
    findings
}

impl<'d> Shell<'d> {
    fn assign(&mut self, assignment: &'d Assignment) {
        let name = assignment.name.as_str();
        if assignment.exported {
            self.exported.insert(name);
            self.kept.remove(name);
        } else if assignment.kind == AssignmentKind::Unset || assignment.in_function {
            self.kept.remove(name);
        } else if assignment.is_lasting() && assignment.gives_value() && !self.exported.contains(name) {
            self.kept.insert(name);
        }
    }

    fn run(&mut self, block: &Block<'_>, command: &Command, findings: &mut Vec<Finding>) {
        let here = here_document_of(block, command);
        if let Some((here, text)) = here.map(|here| (here, written(block, here)))
            && let Some(file) = file_of(block, command, here)
        {
            self.files.insert(file, text);
        }
        let words: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).collect();
        let program = words
            .iter()
            .position(|word| !WRAPPERS.contains(word) && !word.contains('=') && !word.starts_with(|c: char| c.is_ascii_digit()));
        let Some((name, arguments)) = program.and_then(|at| words.get(at..)).and_then(<[&str]>::split_first) else { return };
        let here_text = || here.map(|here| written(block, here));
        let file = |name: &str| self.files.get(name.trim_start_matches("./")).cloned();
        let read: BTreeSet<String> = match *name {
            _ if SHELLS.contains(name) => match arguments {
                [option, ..] if option.starts_with('-') && option.ends_with('c') => {
                    // Only what single quotes keep from the outer shell is left to the inner one.
                    let script = command.words.iter().skip_while(|word| word.text != *option).nth(1);
                    let script = script.filter(|word| word.literal && block.text(word.span).starts_with('\''));
                    script.map(|word| names_of_shell(&word.text)).unwrap_or_default()
                }
                [] => here_text().map(|text| names_of_shell(&text)).unwrap_or_default(),
                [first, ..] if *first == "-s" => here_text().map(|text| names_of_shell(&text)).unwrap_or_default(),
                _ => arguments
                    .iter()
                    .find(|word| !word.starts_with('-'))
                    .and_then(|name| file(name))
                    .map(|text| names_of_shell(&text))
                    .unwrap_or_default(),
            },
            "envsubst" => {
                let text = here_text().or_else(|| redirected_from(block, command).and_then(|name| file(&name)));
                // Names that are listed are the only ones that are filled in.
                let listed: BTreeSet<String> = arguments.iter().flat_map(|list| names_of_shell(&format!("echo \"{list}\""))).collect();
                let found = text.map(|text| names_of_template(&text)).unwrap_or_default();
                if listed.is_empty() { found } else { found.intersection(&listed).cloned().collect() }
            }
            "python" | "python3" => match arguments {
                ["-c", ..] => command
                    .words
                    .iter()
                    .skip_while(|word| word.text != "-c")
                    .nth(1)
                    .map(|word| names_of_python(&word.text))
                    .unwrap_or_default(),
                ["-"] | [] => here_text().map(|text| names_of_python(&text)).unwrap_or_default(),
                [script, ..] => file(script).map(|text| names_of_python(&text)).unwrap_or_default(),
            },
            "terraform" | "tofu" => match arguments.first() {
                Some(&("apply" | "plan" | "destroy" | "import" | "refresh" | "console")) => {
                    self.kept.iter().filter(|name| name.starts_with("TF_VAR_")).map(|name| (*name).to_owned()).collect()
                }
                _ => BTreeSet::new(),
            },
            script if script.starts_with("./") => file(script).map(|text| names_of_script(&text)).unwrap_or_default(),
            _ => BTreeSet::new(),
        };
        // `A=1 program` gives it to this program.
        let own = block.script.assignments().iter().filter(|assignment| {
            assignment.kind == AssignmentKind::ForOneCommand
                && command.span.start <= assignment.span.start
                && assignment.span.end <= command.span.end
        });
        let own: BTreeSet<&str> = own.map(|assignment| assignment.name.as_str()).collect();
        for variable in read {
            if self.kept.contains(variable.as_str()) && !own.contains(variable.as_str()) && self.reported.insert(variable.clone()) {
                let message = format!("`{name}` reads `{variable}`, which is set above but not exported");
                findings.push(
                    Finding::new(block.place(command.span), message).with_hint(format!("write `export {variable}` before this command")),
                );
            }
        }
    }
}

/// The here-document that a command reads, or writes to a file.
fn here_document_of<'b>(block: &'b Block<'_>, command: &Command) -> Option<&'b HereDocument> {
    block.script.here_documents().iter().find(|here| {
        here.closed
            && command.span.start <= here.body.start
            && here.body.end <= command.span.end.max(here.body.end)
            && here.line == command.line
            && block.text(command.span).contains("<<")
    })
}

/// The body as the shell hands it on: what it expands itself is gone.
fn written(block: &Block<'_>, here: &HereDocument) -> String {
    let body = block.text(here.body);
    if here.quoted { body.to_owned() } else { body.replace("\\$", "\u{1}").replace('$', " ").replace('\u{1}', "$") }
}

fn file_of(block: &Block<'_>, command: &Command, here: &HereDocument) -> Option<String> {
    let head = block.text(Span::new(command.span.start, here.body.start));
    let words: Vec<&str> = head.split(char::is_whitespace).filter(|word| !word.is_empty()).collect();
    let file = target(&words)?;
    (!file.contains('$')).then(|| file.trim_start_matches("./").to_owned())
}

fn redirected_from(block: &Block<'_>, command: &Command) -> Option<String> {
    let text = block.text(command.span);
    let (_, after) = text.split_once('<')?;
    let file = after.split_whitespace().next()?.trim_matches(['"', '\'']);
    (!file.starts_with(['<', '(']) && !file.contains('$')).then(|| file.to_owned())
}

/// The names that a shell script reads and does not set.
fn names_of_shell(text: &str) -> BTreeSet<String> {
    let script = Script::parse(text);
    let set: BTreeSet<&str> = script.assignments().iter().map(|assignment| assignment.name.as_str()).collect();
    let sources = script.commands().iter().any(|command| matches!(command.name(), Some("source" | "." | "eval")));
    if sources {
        return BTreeSet::new();
    }
    let read = script.uses().iter().filter(|found| !found.guarded && !set.contains(found.name.as_str()));
    read.map(|found| found.name.clone()).collect()
}

/// The names that a script reads, by its first line.
fn names_of_script(text: &str) -> BTreeSet<String> {
    let first = text.lines().next().unwrap_or_default();
    if first.starts_with("#!") && first.contains("python") { names_of_python(text) } else { names_of_shell(text) }
}

/// `$NAME` and `${NAME}`.
fn names_of_template(text: &str) -> BTreeSet<String> {
    static PATTERN: OnceLock<Option<Regex>> = OnceLock::new();
    let pattern = PATTERN.get_or_init(|| Regex::new(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))").ok());
    names(pattern.as_ref(), text)
}

fn names_of_python(text: &str) -> BTreeSet<String> {
    static PATTERN: OnceLock<Option<Regex>> = OnceLock::new();
    // A default means that its absence is thought of.
    let pattern = PATTERN.get_or_init(|| {
        Regex::new(r#"os\.(?:environ\[\s*["']([A-Za-z_]\w*)["']\s*\]|(?:getenv|environ\.get)\(\s*["']([A-Za-z_]\w*)["']\s*\))"#).ok()
    });
    names(pattern.as_ref(), text)
}

fn names(pattern: Option<&Regex>, text: &str) -> BTreeSet<String> {
    let found = pattern.into_iter().flat_map(|pattern| pattern.captures_iter(text));
    found.filter_map(|found| found.get(1).or(found.get(2)).map(|name| name.as_str().to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{check, findings};

    const CODE: &str = "unexported-variable";

    #[test]
    fn programs_that_read_what_the_shell_keeps_are_found() {
        check(CODE, "A=1\nbash -c 'echo \"$A\"'", &["2: `bash` reads `A`"]);
        check(CODE, "A=1\ntimeout 5 bash -ec 'echo $A'\nbash -c 'echo $A'", &["2: `bash` reads `A`"]);
        check(CODE, "A=1\ncat <<'E' > run.sh\necho $A\nE\nchmod +x run.sh\n./run.sh", &["reads `A`"]);
        check(CODE, "A=1\ncat > run.sh <<E\necho \\$A\nE\nbash run.sh", &["5: `bash` reads `A`"]);
        check(CODE, "A=1\ncat <<'E' >t.yaml\na: ${A}\nE\nenvsubst < t.yaml | kubectl apply -f -", &["`envsubst` reads `A`"]);
        check(CODE, "A=1\nenvsubst <<'E'\n$A\nE", &["`envsubst` reads `A`"]);
        check(CODE, "A=1\npython3 - <<'E'\nimport os\nprint(os.environ[\"A\"])\nE", &["`python3` reads `A`"]);
        check(CODE, "A=1\npython -c 'import os; print(os.getenv(\"A\"))'", &["`python` reads `A`"]);
        check(CODE, "TF_VAR_region=a\nterraform init\nterraform apply -auto-approve", &["3: `terraform` reads `TF_VAR_region`"]);
        assert_eq!(findings(CODE, "```bash\nA=1\n```\n\n```bash\nbash -c 'echo $A'\n```\n").len(), 1);
    }

    #[test]
    fn what_is_exported_given_or_expanded_before_is_no_finding() {
        check(CODE, "export A=1\nbash -c 'echo $A'\nB=1\nexport B\nbash -c 'echo $B'\nC=1\ndeclare -x C\nbash -c 'echo $C'", &[]);
        check(CODE, "A=1\nbash -c \"echo $A\"\nA=2 bash -c 'echo $A'\naz group show -n $A", &[]);
        check(CODE, "A=1\nbash -c 'A=2; echo $A ${B:-1}'\nssh host 'echo $A'\nkubectl exec p -- bash -c 'echo $A'", &[]);
        check(CODE, "A=1\ncat > run.sh <<E\necho $A\nE\nbash run.sh\nsource run.sh", &[]);
        check(CODE, "set -a\nA=1\nbash -c 'echo $A'", &[]);
        check(CODE, "A=1\nB=2\nexport B\nenvsubst '$B' <<'E'\n$A $B\nE\nTF_VAR_a=1 terraform apply", &[]);
        check(CODE, "export A\nA=1\nbash -c 'echo $A'", &[]);
    }
}
