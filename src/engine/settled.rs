//! Steps that print the same wherever they run. Pure.
//!
//! A block of `echo`, `sort` and `awk` over files that the document itself writes has one output, and what the document shows of it is no
//! example: it is what everybody sees. Nothing like that holds of clocks, hosts, users, clouds, downloads, drawn numbers, and of whatever
//! is made with them. So this follows what is made with what, statement by statement, and takes for open all that it does not know.

use std::collections::BTreeSet;

use crate::{
    bash::{Command, CommandKind, HereDocument, Script, Statement, is_known_variable},
    runbook::Runbook,
};

/// Programs and builtins whose output follows from their words and their input.
const SETTLED: &[&str] = &[
    ":",
    "[",
    "awk",
    "base64",
    "basename",
    "bash",
    "bc",
    "break",
    "cat",
    "cd",
    "chmod",
    "cmp",
    "column",
    "comm",
    "continue",
    "cp",
    "cut",
    "declare",
    "diff",
    "dirname",
    "echo",
    "egrep",
    "exit",
    "expand",
    "export",
    "expr",
    "false",
    "fgrep",
    "find",
    "fmt",
    "fold",
    "gawk",
    "getopts",
    "grep",
    "gunzip",
    "gzip",
    "head",
    "join",
    "jq",
    "kill",
    "let",
    "ln",
    "local",
    "ls",
    "mapfile",
    "md5sum",
    "mkdir",
    "mv",
    "nl",
    "od",
    "paste",
    "printf",
    "python",
    "python3",
    "read",
    "readarray",
    "readonly",
    "return",
    "rev",
    "rm",
    "rmdir",
    "sed",
    "seq",
    "set",
    "sh",
    "sha1sum",
    "sha256sum",
    "sha512sum",
    "shift",
    "shopt",
    "sleep",
    "sort",
    "split",
    "sqlite3",
    "sum",
    "tac",
    "tail",
    "tar",
    "tee",
    "test",
    "touch",
    "tr",
    "true",
    "typeset",
    "uniq",
    "unset",
    "wait",
    "wc",
    "xargs",
    "zcat",
];

/// Programs whose output is the machine's, the moment's or the cloud's, and that leave no files that they are not told to write.
const OPEN: &[&str] = &[
    "az", "cal", "curl", "date", "df", "dig", "du", "env", "free", "git", "hostname", "id", "ip", "kubectl", "locale", "lscpu", "mktemp",
    "nproc", "openssl", "printenv", "ps", "pwd", "ss", "stat", "time", "tput", "tty", "type", "ulimit", "uname", "uptime", "uuidgen",
    "which", "who", "whoami",
];

/// What makes a program that stands in a here-document or behind `-c` depend on more than its input.
const OPEN_WORDS: &[&str] = &[
    "$$",
    "RANDOM",
    "az ",
    "cpu_count",
    "curl",
    "date",
    "environ",
    "getcwd",
    "getpid",
    "hash(",
    "hostname",
    "http",
    "kubectl",
    "mktemp",
    "now(",
    "os.",
    "platform",
    "pwd",
    "rand",
    "requests",
    "secrets.",
    "set(",
    "shuf",
    "socket",
    "stat",
    "sys.version",
    "systime",
    "tempfile",
    "time",
    "uname",
    "urllib",
    "uuid",
    "--version",
    "whoami",
];

/// Whether each step prints the same wherever it runs, in document order; `given` are variables that come from outside.
pub(super) fn settled(runbook: &Runbook, scripts: &[Script], given: &BTreeSet<String>) -> Vec<bool> {
    let mut known = Known {
        given,
        assigned: BTreeSet::new(),
        functions: BTreeSet::new(),
        written: BTreeSet::new(),
        open: BTreeSet::new(),
        is_lost: false,
    };
    let mut found = Vec::with_capacity(scripts.len());
    for (step, script) in runbook.steps.iter().zip(scripts) {
        let asks = !step.directives.captures.is_empty() || step.directives.background.is_some() || step.directives.stdin.is_some();
        if asks || !script.is_valid() {
            known.is_lost = true;
        }
        if step.directives.skip.is_none() {
            found.push(known.step(script, &step.script));
        } else {
            found.push(false);
        }
    }
    found
}

/// What has happened so far.
struct Known<'a> {
    given: &'a BTreeSet<String>,
    /// Variables that the document has set.
    assigned: BTreeSet<String>,
    functions: BTreeSet<String>,
    /// Files that the document has written, by the names in their paths.
    written: BTreeSet<String>,
    /// Variables, files and functions with something in them that is not the document's own.
    open: BTreeSet<String>,
    /// Something ran of which nothing is known.
    is_lost: bool,
}

impl Known<'_> {
    fn step(&mut self, script: &Script, text: &str) -> bool {
        self.functions.extend(script.functions().keys().cloned());
        let mut is_settled = true;
        for statement in script.statements() {
            let part = Part::of(script, text, statement);
            self.written.extend(part.files().flat_map(names).map(str::to_owned));
            let is_open = self.is_open(&part);
            if is_open {
                self.open.extend(part.makes());
                is_settled &= part.is_silent();
            }
            self.assigned.extend(part.assigned.iter().map(|name| (*name).to_owned()));
        }
        is_settled && !self.is_lost
    }

    fn is_open(&mut self, part: &Part<'_>) -> bool {
        let mut is_open = part.text.contains("$$") || part.text.contains("$!");
        for document in &part.documents {
            is_open |= OPEN_WORDS.iter().any(|word| document.contains(word));
        }
        let own: BTreeSet<&str> = part.assigned.iter().copied().collect();
        for name in &part.used {
            let is_own = self.assigned.contains(*name) || own.contains(name);
            is_open |= self.open.contains(*name) || self.given.contains(*name) || !is_own && is_known_variable(name);
        }
        for command in &part.commands {
            is_open |= match self.nature(command, part) {
                Nature::Settled => false,
                Nature::Open => true,
                Nature::Unknown => {
                    self.is_lost = true;
                    true
                }
            };
            is_open |= command.name().is_some_and(|name| self.open.contains(name));
            is_open |= command.words.iter().flat_map(|word| names(&word.text)).any(|name| self.open.contains(name));
        }
        is_open || part.files().any(|file| self.open.contains(file))
    }

    fn nature(&self, command: &Command, part: &Part<'_>) -> Nature {
        if command.kind != CommandKind::Simple {
            return if command.place == crate::bash::Place::Background { Nature::Open } else { Nature::Settled };
        }
        let Some(name) = command.name() else { return if command.words.is_empty() { Nature::Settled } else { Nature::Unknown } };
        let words: Vec<&str> = command.words.iter().skip(1).map(|word| word.text.as_str()).collect();
        let is_outside = |word: &&str| {
            word.starts_with('~')
                || word.starts_with('/') && !word.starts_with("/dev/") && word[1..].starts_with(char::is_alphabetic) && word.len() > 3
        };
        let text = part.slice(command.span.start, command.span.end);
        if self.functions.contains(name) {
            return Nature::Settled;
        }
        // What a script does is known when the document has written it.
        let is_own = |script: &str| names(script).last().is_some_and(|name| self.written.contains(name));
        let is_script = name.contains('/') || matches!(name, "source" | ".");
        if is_script {
            let script = if name.contains('/') { Some(&name) } else { words.first() };
            return match script.is_some_and(|script| is_own(script)) {
                false => Nature::Unknown,
                true if words.iter().any(is_outside) => Nature::Open,
                true => Nature::Settled,
            };
        }
        if matches!(name, "bash" | "sh" | "python" | "python3") {
            let operand = words.iter().find(|word| !word.starts_with('-'));
            let is_given = words.iter().any(|word| matches!(*word, "-c" | "-V" | "--version") || word.starts_with("-c"));
            let is_module = words.contains(&"-m");
            if is_module || !is_given && operand.is_some_and(|script| !is_own(script)) {
                return Nature::Unknown;
            }
        }
        if name == "git" {
            return git(&words);
        }
        if OPEN.contains(&name) {
            let saves = name == "curl" && words.iter().any(|word| matches!(*word, "-O" | "-OL" | "-LO" | "--remote-name"));
            return if saves { Nature::Unknown } else { Nature::Open };
        }
        if !SETTLED.contains(&name) {
            return Nature::Unknown;
        }
        let has = |letters: &str| {
            words.iter().any(|word| word.starts_with('-') && !word.starts_with("--") && word.contains(|letter| letters.contains(letter)))
        };
        let is_open = match name {
            "ls" => has("lsihtc"),
            "set" => has("xv"),
            // Archives hold when files were made and whose they are.
            "tar" => !words.iter().any(|word| word.starts_with("-x") || word.starts_with('x')) || has("v"),
            "gzip" => !has("dct"),
            "sort" => has("R"),
            "find" => text.contains("-ls") || text.contains("-printf") || text.contains("-newer") || text.contains("time"),
            "python" | "python3" | "awk" | "gawk" | "bash" | "sh" | "sqlite3" | "jq" => {
                OPEN_WORDS.iter().any(|word| text.contains(word)) || has("V") || text.contains("now")
            }
            _ => text.contains("--version"),
        };
        if is_open || words.iter().any(is_outside) { Nature::Open } else { Nature::Settled }
    }
}

enum Nature {
    Settled,
    /// It prints what nobody can know before.
    Open,
    /// It may have done anything.
    Unknown,
}

/// What of git is the document's own: not hashes, dates, messages in the words of one version.
fn git(words: &[&str]) -> Nature {
    let is_quiet = words.iter().any(|word| *word == "--quiet" || word.starts_with('-') && !word.starts_with("--") && word.contains('q'));
    let has = |name: &str| words.iter().any(|word| word.starts_with(name));
    let drawn =
        ["%h", "%H", "%t", "%T", "%p", "%P", "%ad", "%ar", "%at", "%ai", "%aI", "%as", "%cd", "%cr", "%ct", "%ci", "%cI", "%cs", "%d"];
    let settled = match words.iter().find(|word| !word.starts_with('-')).copied().unwrap_or_default() {
        "add" | "archive" | "config" | "describe" | "ls-files" | "mv" | "tag" => true,
        "rm" | "init" | "commit" | "switch" | "checkout" | "merge" | "stash" | "reset" | "restore" => is_quiet,
        "log" => (has("--format") || has("--pretty=format")) && !words.iter().any(|word| drawn.iter().any(|drawn| word.contains(drawn))),
        "diff" => has("--name-only") || has("--name-status"),
        "rev-list" => has("--count"),
        "status" => has("-s") || has("--short") || has("--porcelain"),
        "clone" | "fetch" | "pull" | "submodule" | "remote" | "push" => return Nature::Unknown,
        _ => false,
    };
    if settled { Nature::Settled } else { Nature::Open }
}

/// One statement, with everything that stands in it.
struct Part<'a> {
    /// The whole script.
    script: &'a str,
    text: &'a str,
    commands: Vec<&'a Command>,
    documents: Vec<&'a str>,
    assigned: Vec<&'a str>,
    used: Vec<&'a str>,
    functions: Vec<&'a str>,
}

impl<'a> Part<'a> {
    fn of(script: &'a Script, text: &'a str, statement: &Statement) -> Self {
        let lines = statement.line..=statement.last_line;
        let inside = |start: usize, end: usize| statement.span.start <= start && end <= statement.span.end;
        let body = |document: &&HereDocument| inside(document.body.start, document.body.end) || lines.contains(&document.line);
        Self {
            script: text,
            text: text.get(statement.span.start..statement.span.end).unwrap_or_default(),
            commands: within(script.commands(), statement, |command| command.span.start)
                .filter(|one| inside(one.span.start, one.span.end))
                .collect(),
            documents: script
                .here_documents()
                .iter()
                .filter(body)
                .map(|document| text.get(document.body.start..document.body.end).unwrap_or_default())
                .collect(),
            assigned: within(script.assignments(), statement, |one| one.span.start).map(|one| one.name.as_str()).collect(),
            used: within(script.uses(), statement, |used| used.span.start).map(|used| used.name.as_str()).collect(),
            functions: script.functions().iter().filter(|(_, line)| lines.contains(line)).map(|(name, _)| name.as_str()).collect(),
        }
    }

    fn slice(&self, start: usize, end: usize) -> &'a str {
        self.script.get(start..end).unwrap_or_default()
    }

    /// The words behind `>`.
    fn files(&self) -> impl Iterator<Item = &'a str> {
        self.text.split(['>', '<']).skip(1).filter_map(|rest| {
            let word = rest.trim_start_matches(['>', '&', '|', ' ']).split([' ', '\n', ';', ')', '|', '&']).next()?;
            Some(word.trim_matches(['"', '\'']).trim_start_matches('$')).filter(|word| !word.is_empty() && *word != "/dev/null")
        })
    }

    /// What the statement may have put something into.
    fn makes(&self) -> Vec<String> {
        let mut made: Vec<String> = self.assigned.iter().chain(&self.functions).map(|name| (*name).to_owned()).collect();
        made.extend(self.files().flat_map(names).map(str::to_owned));
        let makes = |command: &&&Command| command.name() != Some("openssl");
        let written = self.commands.iter().filter(|command| !makes(command)).flat_map(|command| command.words.windows(2));
        let written = written.filter(|pair| matches!(pair[0].text.as_str(), "-out" | "-keyout" | "-CA"));
        made.extend(written.flat_map(|pair| names(&pair[1].text)).map(str::to_owned));
        let words = self.commands.iter().filter(makes).flat_map(|command| command.words.iter().skip(1));
        made.extend(words.filter(|word| !word.text.starts_with('-')).flat_map(|word| names(&word.text)).map(str::to_owned));
        made
    }

    /// Whether nothing of it can be seen: it only sets or defines, or writes to a file.
    fn is_silent(&self) -> bool {
        let only_sets =
            self.commands.iter().filter(|command| command.place == crate::bash::Place::TopLevel && !command.in_function).all(|command| {
                matches!(command.kind, CommandKind::Assignment | CommandKind::Declaration | CommandKind::Test)
                    || matches!(command.name(), Some("mkdir" | "cd" | "cp" | "mv" | "touch" | "chmod" | "export" | "readonly" | "true"))
                    || command.kind == CommandKind::Simple && self.slice(command.span.start, command.span.end).contains(" > ")
            });
        only_sets || !self.functions.is_empty() && self.text.trim_end().ends_with('}')
    }
}

/// The entries that begin in a statement; all of them are in the order of the text.
fn within<'a, T>(all: &'a [T], statement: &Statement, start: impl Fn(&T) -> usize) -> impl Iterator<Item = &'a T> {
    let (from, to) = (statement.span.start, statement.span.end);
    let first = all.partition_point(|one| start(one) < from);
    let last = all.partition_point(|one| start(one) < to);
    all.get(first..last.max(first)).unwrap_or_default().iter()
}

/// Names in a word that could be those of files.
fn names(word: &str) -> impl Iterator<Item = &str> {
    word.split(|letter: char| !(letter.is_alphanumeric() || "._-".contains(letter)))
        .filter(|name| name.len() > 1 && name.chars().any(char::is_alphabetic))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runbook::{Companions, parse};

    #[track_caller]
    fn check(blocks: &[&str], expected: &[bool]) {
        let text: String = blocks.iter().map(|block| format!("```bash\n{block}\n```\n\n")).collect();
        let (runbook, _) = parse("d.md", text.as_bytes(), &Companions::default());
        let scripts: Vec<Script> = runbook.steps.iter().map(|step| Script::parse(&step.script)).collect();
        assert_eq!(settled(&runbook, &scripts, &BTreeSet::from(["TOKEN".to_owned()])), expected, "{blocks:?}");
    }

    #[test]
    fn tools_over_files_that_the_document_writes_are_settled() {
        check(&["cat > a.csv <<E\nx,1\nE\nwc -l < a.csv", "sort a.csv | head -n 1"], &[true, true]);
        check(&["f() { awk '{ print $1 }' \"$1\"; }", "for n in 1 2; do f a; done"], &[true, true]);
        check(&["cat > s.sh <<'E'\necho \"$1\"\nE\nchmod +x s.sh\n./s.sh a", "python3 -c 'print(1 + 1)'"], &[true, true]);
        check(&["git init -q r && cd r\ngit add a\ngit commit -q -m x\ngit log --format=%s"], &[true]);
    }

    #[test]
    fn whatever_is_made_with_something_from_outside_is_open() {
        check(&["D=$(date)\necho x", "echo \"$D\"", "echo y"], &[true, false, true]);
        check(&["az group list > g.json\necho x", "cat g.json", "echo y"], &[true, false, true]);
        check(&["sed -i \"s/D/$(date)/\" index.html", "grep h1 index.html"], &[false, false]);
        check(&["frobctl get", "cat x"], &[false, false]);
        check(&["curl -O https://x/y.tgz", "tar xf y.tgz"], &[false, false]);
        check(&["f() { uname -r; }", "f", "g() { echo a; }\ng"], &[true, false, true]);
        check(&["echo $HOME", "echo $TOKEN", "cat /etc/os-release", "ls -l", "echo $RANDOM"], &[false; 5]);
        check(&["cat > a.py <<E\nimport time\nprint(time.time())\nE", "python3 a.py"], &[true, false]);
        check(&["git clone https://x/y", "ls y"], &[false, false]);
        check(
            &["openssl genpkey -out k.pem", "cat k.pem", "echo a > a\nopenssl dgst -sign k.pem -out a.sig a", "cat a"],
            &[false, false, false, true],
        );
        check(&["git log --format=%h", "git status"], &[false, false]);
        check(&["./build.sh", "echo a"], &[false, false]);
        check(&["python3 app.py"], &[false]);
        check(&["python3 -m pip install a"], &[false]);
        check(&["echo a > d\ntar czf d.tgz d", "sha256sum d.tgz", "tar tvzf d.tgz", "echo b > e\nsort e"], &[false, false, false, true]);
    }
}
