//! The words of a verdict, and which place decided.

use super::label;
use super::leaf::Conflict;
use super::tally::{Contradiction, shown};
use super::{COSTS_MAX, Cost};

/// Outputs up to this many characters are quoted instead of described.
const SHORT_CHARS: usize = 40;
/// Below this score an output is likely another command's.
const NEARLY_NOTHING: f64 = 0.05;

/// Something in the output that decides, as a sentence fragment and as a place.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    pub why: String,
    pub path: String,
    pub actual: String,
}

/// How the two sides begin, for verdicts that no single place explains.
#[derive(Debug, Clone, Default)]
pub(super) struct Ends {
    pub shown: String,
    pub printed: String,
    /// Whether the output is one short line.
    pub is_short: bool,
}

impl Ends {
    pub(super) fn new(expected: &str, actual: &str) -> Self {
        let actual = actual.trim();
        let is_short = !actual.is_empty() && !actual.contains('\n') && actual.chars().nth(SHORT_CHARS).is_none();
        Self { shown: beginning(expected), printed: beginning(actual), is_short }
    }

    /// Both sides as a place that cost something.
    pub(super) fn cost(&self, cost: f64) -> Cost {
        Cost { path: "output".to_owned(), expected: self.shown.clone(), actual: self.printed.clone(), cost }
    }
}

/// The first line that says something; after a lone bracket what follows it, too.
fn beginning(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut begins = String::new();
    for line in lines.take(4) {
        if !begins.is_empty() {
            begins.push(' ');
        }
        begins.push_str(line);
        if begins.chars().any(char::is_alphanumeric) {
            break;
        }
    }
    shown(&begins)
}

/// What an output is that is no JSON, with its first line: `text: “Do you want to continue?”`.
pub(super) fn kind(actual: &str) -> String {
    let text = actual.trim_start();
    let starts = |with: &str| text.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    if starts("<!doctype html") || starts("<html") {
        // The title says more than the first line of markup; it stands near the beginning.
        let (start, end) = ("<title>", "</title>");
        let title =
            text.find(start).and_then(|at| text[at + start.len()..].split(end).next()).map(str::trim).filter(|title| !title.is_empty());
        return title.map_or_else(|| "an HTML page".to_owned(), |title| format!("an HTML page: “{}”", shown(title)));
    }
    let kind = if starts("<?xml") { "XML" } else { "text" };
    format!("{kind}: “{}”", beginning(actual))
}

/// Which contradiction is told first, the lowest.
pub(super) fn severity(conflict: Conflict) -> u8 {
    match conflict {
        Conflict::Type => 0,
        Conflict::State => 1,
        Conflict::Exact => 2,
        Conflict::Value => 3,
    }
}

/// A contradiction as a sentence fragment.
pub(super) fn describe(found: &Contradiction) -> String {
    if found.conflict == Conflict::Exact {
        return match (found.expected.as_str(), found.actual.as_str()) {
            ("", actual) => format!("the output has {} “{actual}” beyond what it must have exactly", found.path),
            (expected, "") => format!("the document asks for exactly {} “{expected}”, but the output has none", found.path),
            (expected, actual) => format!("the document asks for exactly {} “{expected}”, but the output says “{actual}”", found.path),
        };
    }
    let what = if found.conflict == Conflict::Type && found.path == "id" { "an id of another resource type" } else { found.path.as_str() };
    match (found.expected.as_str(), found.actual.as_str()) {
        ("", actual) => format!("the output has {what} “{actual}”, and the document shows nothing like it"),
        (expected, "") => format!("the document shows {what} “{expected}”, but the output shows none"),
        (expected, actual) if what != found.path => {
            format!("the output has {what}: the document shows “{expected}”, the output “{actual}”")
        }
        (expected, actual) if what.is_empty() => format!("the document shows “{expected}”, but the output says “{actual}”"),
        (expected, actual) if what.starts_with("line ") => {
            format!("the document says “{expected}” ({what}), but the output says “{actual}”")
        }
        (expected, actual) => format!("the document shows {what} “{expected}”, but the output says “{actual}”"),
    }
}

/// Why a score is too low.
pub(super) fn too_different(score: f64, threshold: f64, costs: &[Cost], ends: &Ends) -> String {
    let asked = format!("{score:.2}, {} is asked for", Number(threshold));
    if ends.is_short {
        return format!("the output is only “{}”, too little of what the document shows: {asked}", ends.printed);
    }
    if score < NEARLY_NOTHING {
        return format!("nearly nothing of what the document shows is in the output, which begins: “{}”; {asked}", ends.printed);
    }
    let missing: Vec<String> = costs.iter().take(2).map(difference).collect();
    let details = if missing.is_empty() { String::new() } else { format!("; {}", missing.join(", ")) };
    format!("too little of what the document shows is in the output: {asked}{details}")
}

/// One place that cost something, as a sentence fragment.
fn difference(cost: &Cost) -> String {
    let Cost { path, expected, actual, .. } = cost;
    if actual.is_empty() {
        return format!("{path} “{expected}” is missing");
    }
    if let (Some((key, shown)), Some((other, printed))) = (label::parts(expected), label::parts(actual))
        && key.eq_ignore_ascii_case(other)
        && path.starts_with("line ")
    {
        return format!("{path} shows {key} “{shown}”, the output says “{printed}”");
    }
    format!("{path} is “{actual}” instead of “{expected}”")
}

/// The places that cost something as shares of what was lost, dearest first; what decided stands before them.
///
/// `deciding` carries the score that it alone took, `lost` is all that was lost, 0 to 1.
pub(super) fn shares(mut costs: Vec<Cost>, deciding: Option<Cost>, lost: f64) -> Vec<Cost> {
    let weight: f64 = costs.iter().map(|cost| cost.cost).sum();
    let own = deciding.as_ref().map_or(0.0, |deciding| deciding.cost);
    let rest = if own > 0.0 && lost > 0.0 { (1.0 - own / lost).clamp(0.0, 1.0) } else { 1.0 };
    costs.sort_by(|left, right| right.cost.total_cmp(&left.cost));
    costs.iter_mut().for_each(|cost| cost.cost *= rest / weight);
    if let Some(mut deciding) = deciding {
        let same = |cost: &Cost| cost.path == deciding.path && cost.expected == deciding.expected && cost.actual == deciding.actual;
        let counted = costs.iter().position(same).map_or(0.0, |at| costs.remove(at).cost);
        deciding.cost = if weight > 0.0 { (1.0 - rest + counted).clamp(0.0, 1.0) } else { 1.0 };
        if deciding.cost <= 0.0 {
            // It decides although nothing was left to lose: as much as each of the others.
            let each = 1.0 / (costs.len() + 1) as f64;
            costs.iter_mut().for_each(|cost| cost.cost *= 1.0 - each);
            deciding.cost = each;
        }
        costs.insert(0, deciding);
    }
    costs.truncate(COSTS_MAX);
    costs
}

/// A threshold as an author writes it.
pub(super) struct Number(pub f64);

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use crate::runbook::{Criterion, Expectation};
    use crate::score::{Verdict, judge};

    fn fails(expected: &str, actual: &str, threshold: f64) -> Verdict {
        let criterion = Criterion::Similarity(threshold);
        let text = expected.to_owned();
        let expectation = Expectation { line: 1, fence_line: 2, language: String::new(), criterion, text, comparison: Default::default() };
        let verdict = judge(&expectation, actual.as_bytes());
        assert!(!verdict.passed, "{verdict:#?}");
        let sum: f64 = verdict.costs.iter().map(|cost| cost.cost).sum();
        assert!(!verdict.costs.is_empty() && sum < 1.0 + 1e-6, "{verdict:#?}");
        verdict
    }

    #[track_caller]
    fn check(expected: &str, actual: &str, threshold: f64, reason: &str) {
        assert_eq!(fails(expected, actual, threshold).reason, reason);
    }

    const OBJECT: &str = r#"{"name": "shop", "location": "eastus", "properties": {"provisioningState": "Succeeded"}}"#;

    #[test]
    fn what_is_no_json_is_said_to_be_what_it_is() {
        let page = "<!DOCTYPE html>\n<html><head><title>Our services aren't available right now</title></head></html>";
        check(OBJECT, page, 0.3, "the document shows JSON, but the output is an HTML page: “Our services aren't available right now”");
        check(OBJECT, "\n¿Desea continuar? [S/n]\n", 0.3, "the document shows JSON, but the output is text: “¿Desea continuar? [S/n]”");
    }

    #[test]
    fn an_error_is_told_in_its_own_words_and_with_its_place() {
        let member = r#"{"error": "it hurts", "name": "shop", "location": "eastus", "properties": {"provisioningState": "Succeeded"}}"#;
        check(OBJECT, member, 0.3, "the output has error “it hurts”, which the document does not show");
        let list = r#"{"errors": [{"message": "Unauthorized", "extensions": {"code": 401}}]}"#;
        let verdict = fails(OBJECT, list, 0.3);
        assert_eq!(verdict.reason, "the output is an error: Unauthorized");
        assert_eq!((verdict.costs[0].path.as_str(), verdict.costs[0].actual.as_str()), ("errors", "Unauthorized"));
    }

    #[test]
    fn a_line_of_failure_is_quoted_whole_and_stands_first_among_the_costs() {
        let line = "error: the server doesn't have a resource type \"ingressclas\"";
        let verdict = fails("ingressclass/nginx created", &format!("ingressclass/nginx created\n{line}\n"), 0.3);
        assert_eq!(verdict.reason, format!("the output reports a failure: {line}"));
        assert_eq!((verdict.costs[0].path.as_str(), verdict.costs[0].actual.as_str()), ("line 2 of the output", line));
        assert!(verdict.costs[0].cost > 0.99, "{verdict:#?}");
        let none = "No resources found in default namespace.";
        let reason = format!("the document shows something, but the output says that there is nothing: {none}");
        check("NAME    READY\nweb-1   1/1", none, 0.3, &reason);
    }

    #[test]
    fn a_stack_trace_is_told_by_its_last_line() {
        let trace = "step 1\nTraceback (most recent call last):\n  File \"a.py\", line 3, in f\n    g()\nKeyError: 'zone'\n";
        let verdict = fails("step 1\nstep 2", trace, 0.3);
        assert_eq!(verdict.reason, "the output reports a failure: KeyError: 'zone'");
        assert_eq!(verdict.costs[0].path, "line 5 of the output");
    }

    #[test]
    fn lines_that_are_there_cost_nothing_and_others_have_what_stands_in_their_place() {
        let shown = "server alpha started 3 minutes ago\nlisten address chosen by hand\nlast line of all";
        let printed =
            "other words entirely\nserver alpha started 9 hours ago\nlisten address picked by dice\nmore of the same\nlast line of all";
        let verdict = fails(shown, printed, 1.0);
        let of = |line: &str| verdict.costs.iter().find(|cost| cost.path == line).map(|cost| cost.actual.as_str());
        assert_eq!(of("line 2"), Some("listen address picked by dice"), "{verdict:#?}");
        assert_eq!(of("line 3"), None, "{verdict:#?}");
    }

    #[test]
    fn what_decides_has_a_share_of_its_own() {
        let verdict = fails("alpha beta gamma delta", "Error: mango", 0.3);
        assert!(verdict.costs[0].actual == "Error: mango" && verdict.costs[0].cost > 0.0, "{verdict:#?}");
    }

    #[test]
    fn a_label_with_another_value_is_not_missing() {
        let lines = "Deployment finished\nRetention : thirty days\nAudit level : verbose mode\nOwner of it : the platform team";
        let printed = "Deployment finished\nRetention : one week\nAudit level : quiet\nOwner of it : nobody yet";
        let verdict = fails(&lines.replace(" :", ":"), &printed.replace(" :", ":"), 0.8);
        assert!(verdict.reason.contains("line 3 shows Audit level “verbose mode”, the output says “quiet”"), "{verdict:#?}");
    }

    #[test]
    fn little_output_is_quoted_and_another_one_begun() {
        check(
            "the build\nis finished",
            "None",
            0.3,
            "the output is only “None”, too little of what the document shows: 0.00, 0.3 is asked for",
        );
        let other = "mango lemon\npeach cherry melon\n".repeat(30);
        let reason = "nearly nothing of what the document shows is in the output, which begins: “mango lemon”; 0.00, 0.3 is asked for";
        check("deploying charts\nverifying hooks", &other, 0.3, reason);
        let verdict = fails("done", &other.repeat(10_000), 0.3);
        assert_eq!((verdict.costs[0].path.as_str(), verdict.costs[0].expected.as_str()), ("output", "done"));
    }

    #[test]
    fn a_row_is_called_by_its_name() {
        let (shown, printed) = ("NAME    READY   STATUS\nweb-1   1/1     Running", "NAME   READY   STATUS\nweb-1   0/1     Pending");
        check(shown, printed, 0.3, "the document shows READY of web-1 “1/1”, but the output says “0/1”");
    }

    #[test]
    fn rows_before_a_line_of_dashes_are_rows() {
        let table = "NAME    READY   STATUS\nweb-1   1/1     Running\n";
        let expectation = Expectation {
            line: 1,
            fence_line: 2,
            language: String::new(),
            criterion: Criterion::Similarity(0.8),
            text: table.to_owned(),
            comparison: Default::default(),
        };
        let verdict = judge(&expectation, format!("{table}---\nNAME   TYPE\nweb    ClusterIP\n").as_bytes());
        assert!(verdict.passed, "{verdict:#?}");
    }

    #[test]
    fn a_word_of_failure_says_what_it_did_to_the_score() {
        let verdict = fails("the site is up\nall good", "the site is up\nall good\nthe last backup timed out", 0.3);
        assert!(verdict.reason.ends_with("so that the rest counts for little: the last backup timed out"), "{verdict:#?}");
        assert_eq!(verdict.costs[0].actual, "the last backup timed out");
    }
}
