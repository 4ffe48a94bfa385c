//! `--var K=V` in the executed copy of a script.

use super::Script;
use super::model::AssignmentKind;

/// Replaces the value of every lasting assignment of `name` in the shell itself (not in functions and subshells) by `value`, as
/// one quoted word. The number of lines stays. None when nothing is assigned there.
pub fn substitute_assignment(script: &str, name: &str, value: &str) -> Option<String> {
    substitute_word(script, name, &quote(value))
}

/// The same by a word of bash, such as `"$NAME"`, which is taken as it is.
pub fn substitute_word(script: &str, name: &str, word: &str) -> Option<String> {
    let analysed = Script::parse(script);
    let mut result = String::with_capacity(script.len());
    let mut copied = 0;
    for assignment in analysed.assignments() {
        let by_text = matches!(assignment.kind, AssignmentKind::Plain | AssignmentKind::Declaration);
        let has_word = assignment.value.is_some() || assignment.literal.is_some();
        let fits = assignment.name == name && by_text && has_word && !assignment.element && !assignment.in_function;
        if !fits || !assignment.is_lasting() || assignment.span.end < copied {
            continue;
        }
        // Without a value the word ends with the `=`.
        let start = assignment.value.map_or(assignment.span.end, |value| value.start);
        let end = assignment.value.map_or(assignment.span.end, |value| value.end);
        result.push_str(script.get(copied..start)?);
        // What is appended would come twice.
        result.push_str(if assignment.appends { "''" } else { word });
        let lines = script.get(start..end)?.matches('\n').count();
        result.extend(std::iter::repeat_n("\\\n", lines));
        copied = end;
    }
    if copied == 0 {
        return None;
    }
    result.push_str(script.get(copied..)?);
    Some(result)
}

/// One shell word on one line.
fn quote(value: &str) -> String {
    if value.chars().any(char::is_control) {
        let escaped = value.chars().map(|character| match character {
            '\n' => "\\n".to_owned(),
            '\\' => "\\\\".to_owned(),
            '\'' => "\\'".to_owned(),
            // Four digits, because three may be followed by a digit of the value.
            control if control.is_control() => format!("\\u{:04x}", u32::from(control)),
            other => other.to_string(),
        });
        return format!("$'{}'", escaped.collect::<String>());
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(script: &str, value: &str, expected: Option<&str>) {
        let substituted = substitute_assignment(script, "K", value);
        assert_eq!(substituted.as_deref(), expected);
        if let Some(substituted) = substituted {
            assert_eq!(substituted.lines().count(), script.lines().count());
            assert!(Script::parse(&substituted).is_valid(), "{substituted}");
        }
    }

    #[test]
    fn the_assigned_word_is_replaced_and_the_rest_stays() {
        check("export K=\"a$(x)b\" OTHER=2\necho $K", "v w", Some("export K='v w' OTHER=2\necho $K"));
        check("K=\necho", "it's", Some("K='it'\\''s'\necho"));
        check("K=1 && K+=2", "3", Some("K='3' && K+=''"));
        check("K=1", "a\nb'", Some("K=$'a\\nb\\''"));
    }

    #[test]
    fn a_value_over_lines_keeps_its_lines() {
        check("K=$(az x \\\n  -o tsv)\necho $K", "v", Some("K='v'\\\n\necho $K"));
    }

    #[test]
    fn other_shells_commands_and_functions_are_left_alone() {
        check("(K=1)\nK=1 env\nf() { K=1; }\nX=$(K=1; echo)\nK[1]=2\nexport K\n", "v", None);
    }
}
