//! A command that ends only when somebody stops it.
//!
//! `kubectl get --watch`, `tail -f`, `watch` and port forwarding go on until Ctrl-C. Readers know when to press it; a run does not, and the
//! step ends at its time-out. Wait for the state itself (`kubectl wait --for=…`, `kubectl rollout status`), put `timeout 60` in front, or
//! send the command to the background with `&`, or say `docent: background` above its block.

use crate::{
    bash::{Command, Place},
    lint::{document::Document, rule::Finding},
};

pub(super) fn check(document: &Document<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for block in document.blocks.iter().filter(|block| block.step.directives.background.is_none()) {
        // In the background, or ended from the block itself.
        let ends = |text: &str| text.contains('&') && !text.contains("&&") && !text.contains(">&");
        for command in block.script.commands().iter().filter(|command| command.place == Place::TopLevel && !command.in_function) {
            let Some((what, hint)) = endless(command) else { continue };
            if !ends(block.statement_of(command)) {
                findings.push(Finding::new(block.place(command.span), format!("{what} goes on until somebody stops it")).with_hint(hint));
            }
        }
    }
    findings
}

fn endless(command: &Command) -> Option<(&'static str, &'static str)> {
    let words: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).collect();
    let words = if words.first() == Some(&"sudo") { &words[1..] } else { &words[..] };
    let (name, arguments) = words.split_first()?;
    let has = |options: &[&str]| arguments.iter().any(|word| options.contains(word));
    let wait = "wait for the state instead: `kubectl wait --for=…`; or put `timeout 60` in front";
    match *name {
        "kubectl" if arguments.first() == Some(&"get") && has(&["--watch", "-w", "--watch=true", "--watch-only"]) => {
            Some(("`kubectl get --watch`", wait))
        }
        "kubectl" if has(&["port-forward"]) && arguments.first() == Some(&"port-forward") => {
            Some(("`kubectl port-forward`", "send it to the background with `&`"))
        }
        "docker" | "podman" if arguments.contains(&"logs") && has(&["-f", "--follow"]) => {
            Some(("`docker logs --follow`", "leave `-f` out"))
        }
        "journalctl" if has(&["-f", "--follow"]) => Some(("`journalctl --follow`", "leave `-f` out, or put `timeout 60` in front")),
        "az" if arguments.windows(2).any(|pair| pair == ["log", "tail"]) => Some(("`az … log tail`", "put `timeout 60` in front")),
        "sleep" if arguments.first() == Some(&"infinity") => Some(("`sleep infinity`", "send it to the background with `&`")),
        "python" | "python3" if arguments.windows(2).any(|pair| pair == ["-m", "http.server"]) => Some((
            "the server of `python -m http.server`",
            "send it to the background with `&`, or say `docent: background` above the block",
        )),
        "kubectl" if arguments.first() == Some(&"proxy") => Some(("`kubectl proxy`", "send it to the background with `&`")),
        "tail" if has(&["-f", "-F", "--follow"]) => Some(("`tail -f`", "put `timeout 60` in front")),
        "watch" if !arguments.is_empty() && !has(&["-g", "--chgexit", "-e", "--errexit"]) => {
            Some(("`watch`", "run the command once, or wait for the state with a loop"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{check, findings};

    const CODE: &str = "endless-command";

    #[test]
    fn commands_without_an_end_are_found() {
        check(
            CODE,
            "kubectl get service web --watch\nkubectl get pods -w\ntail -f log\nwatch kubectl get pods",
            &["1: `kubectl get", "2: `kubectl", "3: `tail", "4: `watch"],
        );
        check(CODE, "kubectl port-forward svc/a 8080:80", &["port-forward"]);
        check(
            CODE,
            "journalctl -u docker -f\ndocker logs -f a\naz webapp log tail -n a -g b\npython3 -m http.server 8000\nsleep infinity",
            &["journalctl", "docker logs", "log tail", "http.server", "sleep"],
        );
    }

    #[test]
    fn a_step_in_the_background_need_not_end() {
        let text = "<!-- docent: background -->\n```bash\nkubectl proxy\n```\n\n```bash\nkubectl proxy\n```\n";
        assert_eq!(findings(CODE, text).len(), 1);
    }

    #[test]
    fn commands_that_are_ended_are_no_finding() {
        check(
            CODE,
            "timeout 60 kubectl get pods -w\nkubectl port-forward svc/a 8080:80 &\nkubectl logs -f a\nkubectl get pods | grep -w a\nkubectl wait --for=condition=Ready pod/a",
            &[],
        );
    }
}
