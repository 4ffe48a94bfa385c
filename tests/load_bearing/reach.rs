//! Which steps can feel a damage: those that use what the damaged line makes, or what others make of it.
//!
//! A statement makes variables, functions, files and named resources, out of those that it uses. What a damaged one makes is tainted, and
//! so is what a later statement makes of something tainted. A step that uses nothing tainted has nothing to do with the damage.

use std::collections::BTreeSet;

use docent::bash::{AssignmentKind, Script, Statement};

/// Options whose values say where something is, not what it is: everything in a document shares them.
const PLACES: [&str; 14] = [
    "--resource-group",
    "-g",
    "--location",
    "-l",
    "--subscription",
    "--output",
    "-o",
    "--query",
    "--namespace",
    "--role",
    "--timeout",
    "--for",
    "--format",
    "--type",
];

/// Words of commands, not of documents.
const COMMON: [&str; 62] = [
    "az",
    "kubectl",
    "create",
    "show",
    "list",
    "get",
    "apply",
    "delete",
    "set",
    "wait",
    "logs",
    "describe",
    "group",
    "aks",
    "identity",
    "keyvault",
    "secret",
    "role",
    "assignment",
    "federated-credential",
    "signed-in-user",
    "account",
    "pod",
    "pods",
    "configmap",
    "namespace",
    "serviceaccount",
    "generic",
    "exists",
    "echo",
    "printf",
    "cat",
    "grep",
    "jq",
    "head",
    "tail",
    "sort",
    "cut",
    "wc",
    "curl",
    "base64",
    "openssl",
    "rand",
    "hex",
    "true",
    "false",
    "none",
    "tsv",
    "json",
    "table",
    "yaml",
    "yes",
    "default",
    "git",
    "tar",
    "python3",
    "mkdir",
    "cd",
    "export",
    "local",
    "test",
    "name",
];

/// What one statement makes, and what of.
struct Deed {
    step: usize,
    /// 0-based lines of the step's script.
    lines: std::ops::RangeInclusive<usize>,
    makes: BTreeSet<String>,
    uses: BTreeSet<String>,
    /// It changes the shell or the clients for everything behind it.
    is_everywhere: bool,
}

/// The statements of a document.
pub(super) struct Reach {
    deeds: Vec<Deed>,
}

impl Reach {
    /// `handed_on` are the variables that each step hands on by a directive: all that it does may be what they are taken from.
    pub(super) fn of(scripts: &[Script], texts: &[&str], handed_on: &[Vec<&str>]) -> Self {
        let statements = scripts.iter().zip(texts).enumerate();
        let mut deeds = Vec::new();
        for (step, (script, text)) in statements {
            for statement in script.statements() {
                let mut deed = deed(step, script, text, statement);
                deed.makes.extend(handed_on.get(step).into_iter().flatten().map(|name| format!("${name}")));
                deeds.push(deed);
            }
        }
        Self { deeds }
    }

    /// The steps behind `step` that can feel that its lines from `line` on are damaged.
    pub(super) fn consumers(&self, step: usize, line: usize) -> BTreeSet<usize> {
        let mut tainted = BTreeSet::new();
        let mut steps = BTreeSet::new();
        let mut everywhere = false;
        let mut is_behind = false;
        for deed in &self.deeds {
            let is_damaged = deed.step == step && deed.lines.contains(&line);
            if is_damaged {
                is_behind = true;
                everywhere |= deed.is_everywhere;
                // What is done to something changes it.
                tainted.extend(deed.makes.iter().cloned());
                if deed.makes.is_empty() {
                    tainted.extend(deed.uses.iter().cloned());
                }
                continue;
            }
            let feels = is_behind && (everywhere || deed.uses.iter().chain(&deed.makes).any(|name| tainted.contains(name)));
            if feels {
                tainted.extend(deed.makes.iter().cloned());
                if deed.step != step {
                    steps.insert(deed.step);
                }
            }
        }
        steps
    }
}

fn deed(step: usize, script: &Script, text: &str, statement: &Statement) -> Deed {
    let lines = statement.line..=statement.last_line;
    let inside = |start: usize, end: usize| statement.span.start <= start && end <= statement.span.end;
    let source = text.get(statement.span.start..statement.span.end).unwrap_or_default();
    let (mut makes, mut uses, mut is_everywhere) = (BTreeSet::new(), BTreeSet::new(), false);
    for one in script.assignments().iter().filter(|one| inside(one.span.start, one.span.end) && one.kind != AssignmentKind::Unset) {
        makes.insert(format!("${}", one.name));
    }
    for (name, line) in script.functions() {
        if lines.contains(line) {
            makes.insert(name.clone());
        }
    }
    let mut places = BTreeSet::new();
    for command in script.commands().iter().filter(|command| inside(command.span.start, command.span.end)) {
        let name = command.name().unwrap_or_default();
        if !COMMON.contains(&name) {
            uses.insert(name.to_owned());
        }
        is_everywhere |= matches!(name, "cd" | "set" | "shopt" | "alias" | "source" | "." | "trap" | "umask" | "login" | "pushd" | "popd");
        is_everywhere |= command.words.iter().any(|word| word.text == "get-credentials");
        is_everywhere |= name == "git"
            && command.words.get(1).is_some_and(|word| matches!(word.text.as_str(), "init" | "switch" | "checkout" | "config"));
        let creates = command.words.iter().any(|word| {
            matches!(
                word.text.as_str(),
                "create" | "set" | "apply" | "add" | "init" | "run" | "delete" | "touch" | "mkdir" | "cp" | "mv" | "tee" | "tar" | "update"
            )
        });
        for pair in command.words.windows(2) {
            if PLACES.contains(&pair[0].text.as_str()) {
                places.insert(pair[1].span.start);
            }
        }
        for word in command.words.iter().filter(|word| !places.contains(&word.span.start) && !word.text.starts_with('-')) {
            for part in parts(&word.text) {
                if creates {
                    makes.insert(part.clone());
                }
                uses.insert(part);
            }
        }
    }
    for used in script.uses().iter().filter(|used| inside(used.span.start, used.span.end)) {
        if !places.iter().any(|start| (*start..start + used.name.len() + 6).contains(&used.span.start)) {
            let name = format!("${}", used.name);
            let is_made =
                source.contains(" create ") || source.contains(" apply ") || source.contains(" set ") || source.contains(" delete ");
            if is_made && !makes.iter().any(|made| made.starts_with('$')) {
                makes.insert(name.clone());
            }
            uses.insert(name);
        }
    }
    for document in script.here_documents().iter().filter(|document| inside(document.body.start, document.body.end)) {
        let body = text.get(document.body.start..document.body.end).unwrap_or_default();
        for part in body.split_whitespace().flat_map(parts) {
            makes.insert(part);
        }
    }
    // Files that are written: everything behind `>`.
    for rest in source.split('>').skip(1) {
        let target = rest.trim_start_matches(['>', '|', '&', ' ']).split_whitespace().next().unwrap_or_default();
        makes.extend(parts(target));
    }
    Deed { step, lines, makes, uses, is_everywhere }
}

/// The names in a word: `pod/web` is about `web`, `src/calc.py` about that file and its folder.
fn parts(word: &str) -> Vec<String> {
    word.split(|letter: char| !letter.is_alphanumeric() && !matches!(letter, '-' | '_' | '.' | '$'))
        .map(|part| part.trim_matches(['.', '-']).to_owned())
        .filter(|part| part.len() > 2 && !COMMON.contains(&part.as_str()) && part.chars().any(char::is_alphabetic))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(steps: &[&str], damaged: (usize, usize), expected: &[usize]) {
        let scripts: Vec<Script> = steps.iter().map(|step| Script::parse(step)).collect();
        let consumers = Reach::of(&scripts, steps, &[]).consumers(damaged.0, damaged.1);
        assert_eq!(consumers.into_iter().collect::<Vec<_>>(), expected, "{steps:?}");
    }

    #[test]
    fn a_step_feels_what_it_uses_directly_or_through_others() {
        check(&["A=1", "B=\"x-$A\"", "echo $B", "echo other"], (0, 0), &[1, 2]);
        check(&["f() { :; }\ng() { :; }", "f", "g"], (0, 0), &[1]);
        check(&["echo x > data.csv", "ls", "sort data.csv"], (0, 0), &[2]);
        check(&["cd site", "ls", "pwd"], (0, 0), &[1, 2]);
    }

    #[test]
    fn a_shared_place_is_no_bond() {
        let steps = [
            "az keyvault create --name $KV -g $RG",
            "az identity create --name $ID -g $RG",
            "az keyvault secret set --vault-name $KV --name s",
        ];
        check(&steps, (0, 0), &[2]);
        check(&steps, (1, 0), &[]);
    }

    #[test]
    fn a_manifest_makes_what_it_names() {
        let steps = [
            "kubectl apply -f - <<EOF\nmetadata:\n  name: web\nspec:\n  serviceAccountName: $SA\nEOF",
            "kubectl wait pod/web",
            "kubectl get nodes",
        ];
        check(&steps, (0, 2), &[1]);
    }
}
