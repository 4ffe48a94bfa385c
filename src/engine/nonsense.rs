//! Statements that bash takes without a word and nobody means. Pure.

use crate::{
    bash::{AssignmentKind, Command, CommandKind, Script},
    engine::result::TextDefect,
    runbook::Step,
};

/// The first of them in a step: an assignment of a value that begins with `=`, or a comparison of a word with itself.
pub(super) fn nonsense(step: &Step, script: &Script) -> Option<TextDefect> {
    let doubled = script.assignments().iter().find(|one| {
        let value = one.value.and_then(|value| step.script.get(value.start..value.end)).unwrap_or_default();
        matches!(one.kind, AssignmentKind::Plain | AssignmentKind::Declaration) && value.len() > 1 && value.starts_with('=') && !one.element
    });
    if let Some(one) = doubled {
        let what = format!("`==` gives {} a value that begins with `=`", one.name);
        return Some(TextDefect { line: step.script_line + one.line, what });
    }
    let (command, word) = script.commands().iter().find_map(|command| Some((command, compared_with_itself(step, command)?)))?;
    Some(TextDefect { line: step.script_line + command.line, what: format!("{word} is compared with itself") })
}

fn compared_with_itself<'a>(step: &'a Step, command: &Command) -> Option<&'a str> {
    if command.kind != CommandKind::Test && command.name() != Some("test") {
        return None;
    }
    let text = step.script.get(command.span.start..command.span.end)?.trim();
    let inner = text.strip_prefix("[[").and_then(|rest| rest.strip_suffix("]]"));
    let inner = inner.or_else(|| text.strip_prefix('[')?.strip_suffix(']')).or_else(|| text.strip_prefix("test "))?;
    let words: Vec<&str> = inner.split_whitespace().collect();
    let [left, "=" | "==" | "!=" | "-eq" | "-ne", right] = words.as_slice() else { return None };
    // What is drawn or asked for anew differs from one time to the next.
    let is_steady = left.contains('$') && !["$(", "`", "RANDOM", "SECONDS"].iter().any(|word| left.contains(word));
    (left == right && is_steady).then_some(*left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runbook::{Companions, parse};

    #[track_caller]
    fn check(script: &str, expected: Option<&str>) {
        let (runbook, _) = parse("d.md", format!("```bash\n{script}\n```\n").as_bytes(), &Companions::default());
        let found = nonsense(&runbook.steps[0], &Script::parse(&runbook.steps[0].script)).map(|defect| defect.what);
        assert_eq!(found.is_some(), expected.is_some(), "{script}: {found:?}");
        assert!(found.unwrap_or_default().contains(expected.unwrap_or_default()));
    }

    #[test]
    fn an_equals_sign_too_many_is_seen() {
        check("export LOG==greetings.log", Some("gives LOG a value"));
        check("X==$(date)", Some("gives X"));
        check("X=\"=a\"\nY=\nZ='=='\n[ \"$X\" == a ]\nf --x==y", None);
    }

    #[test]
    fn a_word_is_not_compared_with_itself() {
        check("if [ \"$a\" = \"$a\" ]; then :; fi", Some("\"$a\" is compared"));
        check("[[ $n -eq $n ]]", Some("$n is"));
        check("[ \"$a\" = \"$b\" ]\n[ $RANDOM -ne $RANDOM ]\n[ 1 = 1 ]\n[ -n \"$a\" ]", None);
    }
}
