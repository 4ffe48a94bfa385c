//! A command asks a question that nobody can answer.
//!
//! Blocks run without a terminal, in docent as in CI: `az group delete` without `--yes` refuses to go on, `apt-get install` without `-y`
//! gives up, an editor hangs or fails, and `read` gets nothing. Answer in the command (`--yes`, `-y`), or pipe the answer in.
//!
//! `ssh host` and `kubectl exec -it … -- bash` open a shell that gets nothing to do: they end at once, and what readers are told to type there
//! never happens. `az login` is satisfied in docent and is not reported.
//!
//! For `az`, all commands are known that ask before they delete, remove or purge something.

use crate::{
    bash::{Command, Place},
    diagnostic::Span,
    lint::{
        document::{Block, Document},
        rule::Finding,
    },
};

/// Verbs that ask whenever their command has `--yes`. Others have `--yes` for questions that they ask only sometimes.
const ASKING_VERBS: [&str; 3] = ["delete", "purge", "remove"];
/// Asks only when nothing says which assignments are meant. Source: `delete_role_assignments` of azure-cli.
const ASKS_SOMETIMES: &str = "role assignment delete";
/// Programs that somebody works with.
const EDITORS: [&str; 6] = ["vi", "vim", "nano", "emacs", "code", "less"];

pub(super) fn check(document: &Document<'_>) -> Vec<Finding> {
    // Questions may be switched off for good.
    let az_asks = !document.mentions("disable_confirm_prompt");
    let mut findings = Vec::new();
    for block in &document.blocks {
        // az asks a terminal only.
        let is_answered = block.step.directives.stdin.is_some();
        for command in block.script.commands() {
            // Something may be piped or redirected in.
            if command.place == Place::Pipeline || block.text(command.span).contains('<') {
                continue;
            }
            let found = az(command).filter(|_| az_asks).or_else(|| other(block, command).filter(|_| !is_answered));
            findings.extend(found.map(|(message, hint)| {
                let answer = answer(command).and_then(|(at, text)| block.edit(Span::new(at, at), text));
                Finding::new(block.place(command.span), message).with_hint(hint).with_edits(answer.into_iter().collect())
            }));
        }
    }
    findings
}

/// What answers the question, and where it goes.
fn answer(command: &Command) -> Option<(usize, &'static str)> {
    match command.name()? {
        "az" => Some((command.words.last()?.span.end, " --yes")),
        "sudo" | "apt" | "apt-get" | "yum" | "dnf" => {
            let name = command.words.iter().position(|word| matches!(word.text.as_str(), "apt" | "apt-get" | "yum" | "dnf"))?;
            let verb = command.words.get(name + 1..)?.iter().find(|word| !word.text.starts_with('-'))?;
            Some((verb.span.end, " -y"))
        }
        _ => None,
    }
}

fn az(command: &Command) -> Option<(String, String)> {
    let call = crate::lint::az::AzCall::of(command)?;
    let known = call.known()?;
    let verb = known.name.split(' ').next_back()?;
    let asks = ASKING_VERBS.contains(&verb) && known.name != ASKS_SOMETIMES && known.spellings().any(|spelling| spelling == "--yes");
    let answered = call.is_open()
        || call.arguments.iter().any(|word| {
            // What a word processor made of the hyphens is another finding.
            let name = word.text.trim_start_matches(|first: char| first == '-' || !first.is_ascii());
            let is_option = name.len() < word.text.len();
            is_option && (matches!(name, "yes" | "y" | "help" | "h" | "ye") || name.starts_with("yes="))
        });
    (asks && !answered)
        .then(|| (format!("`az {}` asks for confirmation, and nobody is there to answer", known.name), "add `--yes`".to_owned()))
}

fn other(block: &Block<'_>, command: &Command) -> Option<(String, String)> {
    let words: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).collect();
    let words = if words.first() == Some(&"sudo") { &words[1..] } else { &words[..] };
    let (name, arguments) = words.split_first()?;
    let has = |options: &[&str]| arguments.iter().any(|word| options.contains(word));
    match *name {
        "apt" | "apt-get" | "yum" | "dnf" if has(&["install", "remove", "upgrade", "dist-upgrade"]) => {
            let answered = has(&["-y", "--yes", "--assume-yes", "--assumeyes", "-yq", "-qy", "-qq", "-yqq", "-qqy"]);
            (!answered).then(|| (format!("`{name}` asks for confirmation, and nobody is there to answer"), "add `-y`".to_owned()))
        }
        "kubectl" if arguments.first() == Some(&"edit") => Some((
            "`kubectl edit` opens an editor, and nobody is there to use it".to_owned(),
            "use `kubectl patch` or `kubectl apply`".to_owned(),
        )),
        "kubectl" | "docker" | "podman" if is_terminal(arguments) && opens_a_shell(arguments) => Some((
            format!("`{name} {}` opens a shell for somebody to type into, and nobody is there", arguments[0]),
            format!("hand the commands over: `{}sh -c '…'`, without `-it`", if *name == "kubectl" { "-- " } else { "" }),
        )),
        "docker" | "podman" if is_terminal(arguments) => {
            Some((format!("`{name} {} -it` wants a terminal, and there is none", arguments[0]), "leave `-t` out".to_owned()))
        }
        "terraform" | "tofu" if matches!(arguments.iter().find(|word| !word.starts_with('-')), Some(&("apply" | "destroy"))) => {
            // A saved plan is applied without a question.
            let plans = arguments.iter().filter(|word| !word.starts_with('-')).count() > 1;
            let answered =
                plans || arguments.iter().any(|word| word.trim_start_matches('-').starts_with("auto-approve") || *word == "-help");
            (!answered)
                .then(|| (format!("`{name} apply` asks for confirmation, and nobody is there to answer"), "add `-auto-approve`".to_owned()))
        }
        "rm" | "cp" | "mv" if has(&["-i", "-ri", "-ir", "-I", "--interactive"]) => {
            Some((format!("`{name} -i` asks before each file, and nobody is there to answer"), "leave `-i` out".to_owned()))
        }
        "passwd" => Some(("`passwd` asks for a password, and nobody is there to answer".to_owned(), "use `chpasswd`".to_owned())),
        "ssh-keygen" if arguments.iter().all(|word| makes_a_key(word)) && !has(&["-N"]) => {
            Some(("`ssh-keygen` asks for a passphrase, and nobody is there to answer".to_owned(), "add `-N ''`, and `-f FILE`".to_owned()))
        }
        "mysql" | "mariadb" if has(&["-p", "--password"]) => {
            Some((format!("`{name} -p` asks for a password, and nobody is there to answer"), "set `MYSQL_PWD`".to_owned()))
        }
        "mysql" | "mariadb" | "psql" | "sqlite3" | "redis-cli" | "mongosh" | "python3" | "python" | "node" | "top" | "htop"
            if command.place == Place::TopLevel && !command.in_function && waits_for_typing(name, arguments) =>
        {
            Some((
                format!("`{name}` waits for what somebody types, and nobody is there"),
                "hand it its input with a here-document or an option".to_owned(),
            ))
        }
        "ssh" if command.place == Place::TopLevel && !command.in_function => ssh(block, arguments),
        _ if EDITORS.contains(name) && command.place == Place::TopLevel && !command.in_function && has_file(arguments) => Some((
            format!("`{name}` opens a file for somebody to work on, and nobody is there"),
            "write the file with a here-document; or mark the block `<!-- docent: skip -->`".to_owned(),
        )),
        "read" if is_alone(block, command) => Some((
            "`read` waits for input, and nobody is there to give it".to_owned(),
            "assign the variable, so that `--var` can replace its value".to_owned(),
        )),
        _ => None,
    }
}

/// `exec -it`, `run -ti`, `-i -t`, `--stdin --tty`.
fn is_terminal(arguments: &[&str]) -> bool {
    let own = arguments.iter().take_while(|word| **word != "--");
    let has_tty = |word: &str| {
        word == "--tty"
            || word.starts_with('-')
                && !word.starts_with("--")
                && word.len() <= 3
                && word.contains('t')
                && word[1..].chars().all(|c| matches!(c, 'i' | 't' | 'd'))
    };
    matches!(arguments.first(), Some(&("exec" | "run"))) && own.into_iter().any(|word| has_tty(word))
}

/// Whether the last word is a program that waits for what somebody types.
fn opens_a_shell(arguments: &[&str]) -> bool {
    let program = arguments.last().and_then(|word| word.rsplit('/').next()).unwrap_or_default();
    arguments.len() > 2
        && matches!(program, "sh" | "bash" | "ash" | "zsh" | "python" | "python3" | "mongosh" | "redis-cli" | "psql" | "mysql")
}

/// `ssh` without a command, or with a host whose key nobody has accepted.
fn ssh(block: &Block<'_>, arguments: &[&str]) -> Option<(String, String)> {
    let mut operands = Vec::new();
    let mut rest = arguments.iter();
    while let Some(word) = rest.next() {
        match word.strip_prefix('-') {
            Some(option) if option.len() == 1 && "BbcDEeFIiJLlmOopQRSWw".contains(option) => drop(rest.next()),
            Some(_) => {}
            None => operands.push(*word),
        }
    }
    let has = |part: &str| arguments.iter().any(|word| word.contains(part));
    if operands.len() == 1 && !has("-N") && !has("-f") && !has("-V") && !has("-W") {
        return Some((
            "`ssh` opens a shell for somebody to type into, and nobody is there".to_owned(),
            "hand the commands over: `ssh host 'command'`".to_owned(),
        ));
    }
    let known = has("StrictHostKeyChecking") || block.script.commands().iter().any(|command| command.name() == Some("ssh-keyscan"));
    (operands.len() > 1 && !known).then(|| {
        (
            "`ssh` asks whether the host is the right one, and nobody is there to answer".to_owned(),
            "add `-o StrictHostKeyChecking=accept-new`".to_owned(),
        )
    })
}

/// Whether an argument of `ssh-keygen` is one of those that go with making a key; the others look at keys, and ask nothing.
fn makes_a_key(word: &str) -> bool {
    match word.strip_prefix('-') {
        Some(option) => matches!(option.get(..1), Some("t" | "b" | "C" | "f" | "m" | "q" | "a")),
        None => true,
    }
}

/// Whether a program is called without anything that it could do by itself.
fn waits_for_typing(name: &str, arguments: &[&str]) -> bool {
    let has_option = |options: &[&str]| arguments.iter().any(|word| options.iter().any(|option| word.starts_with(option)));
    match name {
        "top" | "htop" => !arguments.iter().any(|word| word.starts_with('-') && word.contains('b')),
        "python3" | "python" | "node" | "redis-cli" => arguments.is_empty(),
        "sqlite3" => arguments.is_empty() || arguments.len() == 1 && !arguments[0].starts_with('-'),
        "mongosh" if arguments.iter().any(|word| word.ends_with(".js")) => false,
        // What these run is behind an option; everything else says where.
        _ => !has_option(&["-c", "-e", "-f", "-l", "-V", "--command", "--execute", "--eval", "--file", "--list", "--version", "--help"]),
    }
}

fn has_file(arguments: &[&str]) -> bool {
    arguments.iter().any(|word| !word.starts_with('-'))
}

/// Whether `read` reads from the shell's own input.
fn is_alone(block: &Block<'_>, command: &Command) -> bool {
    let statement = block.statement_of(command);
    command.place == Place::TopLevel && !command.in_function && !statement.contains(['<', '|']) && !statement.contains("exec ")
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{check, findings};

    const CODE: &str = "unanswered-prompt";

    #[test]
    fn a_directive_may_give_the_answer() {
        let read = |comment: &str| findings(CODE, &format!("{comment}\n```bash\nread -r NAME\n```\n")).len();
        assert_eq!((read("<!-- docent: stdin=\"a\" -->"), read("")), (0, 1));
    }

    #[test]
    fn questions_of_az_are_found() {
        check(CODE, "az group delete --name \"$G\" --no-wait", &["`az group delete` asks"]);
        check(CODE, "az group delete -n $G", &["`az group delete` asks"]);
        check(CODE, "az vm delete -g a -n b\naz vm delete -g a -n b -y", &["1: `az vm delete`"]);
        check(
            CODE,
            "az group delete -n a --yes\necho y | az group delete -n a\naz group delete $OPTIONS\naz role assignment delete --assignee a\naz group delete -n a <<< y",
            &[],
        );
        assert!(findings(CODE, "Run `az config set core.disable_confirm_prompt=yes`.\n\n```bash\naz group delete -n a\n```\n").is_empty());
    }

    #[test]
    fn a_step_that_is_given_its_input_has_answers_for_all_but_az() {
        let text = "<!-- docent: stdin=\"y\" -->\n```bash\nread A\naz group delete -n g\n```\n";
        assert_eq!(findings(CODE, text).len(), 1);
        assert!(findings(CODE, text)[0].contains("az group delete"), "{:?}", findings(CODE, text));
    }

    #[test]
    fn shells_for_somebody_to_type_into_are_found() {
        check(
            CODE,
            "kubectl exec -it web -- /bin/bash\nkubectl run -i --tty a --image=b -- sh\ndocker run -it ubuntu bash\ndocker run -it --rm tool x\nssh me@host",
            &["1: `kubectl exec` opens", "2: `kubectl run`", "3: `docker run` opens", "4: `docker run -it` wants", "5: `ssh` opens"],
        );
        check(CODE, "ssh -i key me@host uptime", &["asks whether the host"]);
        check(
            CODE,
            "kubectl exec -it web -- ls /\nkubectl exec -i db -- psql < dump.sql\nkubectl exec web -- bash -c 'ls'\ndocker run --rm ubuntu bash\nssh -o StrictHostKeyChecking=no me@host uptime\nssh me@host <<E\nls\nE\nssh -fN -L 1:a:1 me@host",
            &[],
        );
    }

    #[test]
    fn programs_that_wait_for_somebody_to_type_are_found() {
        check(
            CODE,
            "terraform apply\npasswd me\nssh-keygen -t rsa -f key\nmysql -u root -p\npsql \"$URL\"\npython3\ntop\nrm -i a",
            &["1: `terraform", "2: `passwd", "3: `ssh-keygen", "4: `mysql", "5: `psql", "6: `python3", "7: `top", "8: `rm -i"],
        );
        check(
            CODE,
            "terraform apply -auto-approve\nterraform apply main.plan\nssh-keygen -t rsa -N '' -f key\nssh-keygen -l -f key\nssh-keygen -R host\n\
             psql -c 'select 1'\npsql \"$URL\" -f a.sql\npsql <<E\nselect 1\nE\nmysql -e 'select 1'\npython3 a.py\ntop -bn1\nsqlite3 a.db 'select 1'\nsqlite3 -version",
            &[],
        );
    }

    #[test]
    fn questions_of_other_programs_are_found() {
        check(
            CODE,
            "sudo apt-get install jq\nkubectl edit deploy a\nnano values.yaml\nread -p 'Name? ' NAME",
            &["1: `apt-get`", "2: `kubectl", "3: `nano`", "4: `read`"],
        );
        check(
            CODE,
            "sudo apt-get install -y jq\nwhile read -r l; do echo $l; done < f\necho a | read x\ncat x | while read y; do echo; done",
            &[],
        );
    }
}
