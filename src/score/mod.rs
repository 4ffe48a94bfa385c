//! (expectation, output) → [`Verdict`], with the reason. Pure.
//!
//! The document's text is what must be found; what the output has beyond it costs nothing. JSON is compared by member, tables by column
//! and row, everything else by words, each after what may differ from run to run has been set aside. A contradiction (an error where the
//! document shows a result, another resource type, another state, another constant) fails whatever the score says.

mod among;
mod aside;
mod bag;
mod change;
mod clean;
mod count;
mod exact;
mod hole;
mod ie;
mod index;
mod jaro;
mod json;
mod label;
mod leaf;
mod lenient;
mod lines;
mod marks;
mod opposite;
mod outline;
mod pairing;
mod pattern;
mod phrase;
mod place;
mod placeholder;
mod reason;
mod resource;
mod rules;
mod selector;
mod shape;
mod slot;
mod state;
mod table;
mod tally;
mod text;
mod trouble;
mod unfilled;
mod value;
mod veto;
mod words;
mod yaml;

use serde_json::Value;

use crate::runbook::{Comparison, Criterion, Exact, Expectation, Format};

use self::leaf::Conflict;
use self::marks::Lines;
use self::reason::{Ends, Finding, Number};
use self::rules::Rules;
use self::tally::{Tally, shown};

/// How many shown lines of failure may excuse others like them; keeps the search linear.
const EXCUSES_MAX: usize = 12;
/// What is wrong with a table that has lost its rows.
const NO_ROWS: &str = "the document shows rows, but the output has only the header";
/// In longer texts nobody looks for what stands in the place of a line.
const STAND_INS_BYTES_MAX: usize = 1 << 16;
/// How many lines the end of an output has.
const ENDING_LINES: usize = 3;
/// How many costs a verdict lists.
const COSTS_MAX: usize = 20;

/// What a judge says about one expected output.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Whether the output is what the document shows.
    pub passed: bool,
    /// docent's score, 0 to 1; none for a regex.
    pub score: Option<f64>,
    /// The incumbent's score for the same pair, to the last bit, 0 to 1; none where it has none.
    pub ie_score: Option<f64>,
    /// Why, as one sentence fragment for a person.
    pub reason: String,
    /// Set when something contradicts the document whatever the score says, or when the pair cannot be compared as the author asked.
    pub veto: Option<String>,
    /// Which leaves or lines cost what, dearest first, at most 20; before them what decided, so that something stands here when it fails.
    pub costs: Vec<Cost>,
}

/// One place where the output differs from the document.
#[derive(Debug, Clone, PartialEq)]
pub struct Cost {
    /// A JSON path (`properties.state`), a table cell (`STATUS of web-1`), `line 3`, `line 3 of the output` or `output`.
    pub path: String,
    /// What the document shows there; empty when it shows nothing.
    pub expected: String,
    /// What was printed there; empty when nothing was.
    pub actual: String,
    /// Its share of the lost score, 0 to 1.
    pub cost: f64,
}

/// Whose number decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scorer {
    /// docent's: structure, load-bearing values and vetoes.
    #[default]
    Structural,
    /// The incumbent's Jaro and Jaro-Winkler, without vetoes.
    Ie,
}

/// Judges an output by docent's own score.
///
/// `actual` may be any bytes of any length; the time is linear in both sides.
///
/// ```
/// use docent::runbook::{Criterion, Expectation};
///
/// let expectation = Expectation {
///     line: 1,
///     fence_line: 2,
///     language: "json".to_owned(),
///     criterion: Criterion::Similarity(0.3),
///     text: r#"{"name": "<name>", "provisioningState": "Succeeded"}"#.to_owned(),
///     comparison: Default::default(),
/// };
/// assert!(docent::score::judge(&expectation, br#"{"provisioningState": "Succeeded", "name": "a"}"#).passed);
/// let verdict = docent::score::judge(&expectation, br#"{"provisioningState": "Failed", "name": "a"}"#);
/// assert_eq!(verdict.reason, "the document shows provisioningState “Succeeded”, but the output says “Failed”");
/// ```
pub fn judge(expectation: &Expectation, actual: &[u8]) -> Verdict {
    judge_with(Scorer::Structural, expectation, actual)
}

/// Judges an output by the score of your choice.
pub fn judge_with(scorer: Scorer, expectation: &Expectation, actual: &[u8]) -> Verdict {
    if let Criterion::Regex(pattern) = &expectation.criterion {
        return by_pattern(pattern, actual);
    }
    let threshold = match expectation.criterion {
        Criterion::Similarity(threshold) => Some(threshold),
        _ => None,
    };
    let (ie_score, findings) = aside::both(
        expectation.text.len() + actual.len(),
        || ie::score(&expectation.language, expectation.text.as_bytes(), actual),
        || compare(&expectation.text, &clean::readable(actual), &expectation.comparison),
    );
    let mut verdict = findings.verdict(threshold);
    verdict.ie_score = Some(ie_score);
    if scorer == Scorer::Ie {
        verdict.passed = threshold.is_none_or(|threshold| ie_score >= threshold);
        verdict.veto = None;
        verdict.reason = match threshold {
            Some(threshold) => format!("the incumbent's score is {ie_score:.2}, {} is asked for", Number(threshold)),
            None => "the document asks for no score".to_owned(),
        };
    }
    verdict
}

fn by_pattern(pattern: &str, actual: &[u8]) -> Verdict {
    let (passed, reason) = match pattern::matches(pattern, &clean::readable(actual)) {
        Ok(true) => (true, "the output matches the pattern".to_owned()),
        Ok(false) if actual.trim_ascii().is_empty() => (false, format!("nothing was printed, so nothing matches the pattern {pattern}")),
        Ok(false) => {
            let hint = pattern::hint(pattern, &clean::readable(actual)).unwrap_or_default();
            (false, format!("nothing in the output matches the pattern {pattern}{hint}"))
        }
        Err(error) => (false, format!("the pattern cannot be used: {}", error.to_string().lines().last().unwrap_or_default())),
    };
    let costs = if passed { Vec::new() } else { vec![Ends::new(pattern, &clean::readable(actual)).cost(1.0)] };
    Verdict { passed, score: None, ie_score: None, reason, veto: None, costs }
}

/// What was found out about one pair before anybody decides.
#[derive(Debug, Default)]
struct Findings {
    score: f64,
    tally: Tally,
    /// The error that the output is.
    error: Option<Finding>,
    /// A failure that a line or a member of the output reports.
    failure: Option<Finding>,
    /// A line with a word of failure; the score is cut already.
    doubt: Option<Finding>,
    /// Why the output cannot be what the document shows although nothing in it contradicts.
    broken: Option<String>,
    /// Why the pair cannot be compared as the author asked.
    unfit: Option<String>,
    /// Set when the score alone needs an explanation.
    remark: Option<String>,
    ends: Ends,
}

/// Coverage → score. Squared, so that half of what the document shows stays under the customary 0.3, and nine tenths reach 0.8.
fn calibrate(coverage: f64) -> f64 {
    coverage * coverage
}

fn compare(expected: &str, actual: &str, comparison: &Comparison) -> Findings {
    let expected = clean::readable_text(expected.into());
    let expected = clean::without_entities(&expected, actual);
    let expected = clean::without_notes(&expected, actual);
    let (plain, printed) = if comparison.exact == Exact::Nothing {
        (clean::without_typography(expected.clone(), actual), clean::without_typography(actual.into(), &expected))
    } else {
        (expected.clone(), actual.into())
    };
    let (expected, actual) = (plain, &*printed);
    Findings { ends: Ends::new(&expected, actual), ..findings(&expected, actual, comparison) }
}

fn findings(expected: &str, actual: &str, comparison: &Comparison) -> Findings {
    let rules = Rules::new(comparison);
    let is_plain = *comparison == Comparison { stream: comparison.stream, ..Comparison::default() };
    if actual.trim().is_empty() {
        let empty = expected.trim().is_empty();
        let remark = (!empty).then(|| "nothing was printed".to_owned());
        return Findings { score: if empty { 1.0 } else { 0.0 }, remark, ..Findings::default() };
    }
    if expected.trim().is_empty() {
        return Findings { score: 0.0, remark: Some("the document shows no output, but there is some".to_owned()), ..Findings::default() };
    }
    if is_plain && expected.trim() == actual.trim() {
        return Findings { score: 1.0, ..Findings::default() };
    }
    let read = match Reading::new(expected, actual, comparison.format, &rules) {
        Ok(read) => read,
        Err(unfit) => return Findings { unfit: Some(unfit), ..Findings::default() },
    };
    if let Some(unfit) = (!is_plain).then(|| stray(expected, &read, &rules)).flatten() {
        return Findings { unfit: Some(unfit), ..Findings::default() };
    }
    let mut findings = match &read.shown {
        Some(shown) if read.printed.values.is_empty() => not_json(expected, actual, shown),
        Some(shown) => both_json(shown, &read.printed, &rules),
        None => match &read.among {
            Some(shown) if !read.printed.values.is_empty() => mixed(shown, &read.printed, &rules),
            _ => texts(expected, as_text(actual, &read), &rules, comparison.format == Some(Format::Table)),
        },
    };
    if rules.is_exact
        && let Some(found) = difference(expected, actual, &read, comparison.format, &rules)
    {
        findings.tally.contradict(Conflict::Exact, &found.path, &found.shown, &found.printed);
    }
    if let Some(word) = hole::find(expected, actual) {
        findings.tally.contradict(Conflict::Value, "an address with a hole", "", word);
    }
    find_failures(expected, actual, &read, &rules, &mut findings);
    if read.shown.is_none() {
        stand_ins(expected, actual, &mut findings.tally);
    }
    findings
}

/// Says of lines that cost something what the output has in their place, and nothing of those that are there.
fn stand_ins(expected: &str, actual: &str, tally: &mut Tally) {
    let is_alone = |loss: &Cost| loss.actual.is_empty() && loss.path.starts_with("line ");
    if expected.len() + actual.len() > STAND_INS_BYTES_MAX || !tally.losses.iter().any(is_alone) {
        return;
    }
    let (shown, printed): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), actual.lines().collect());
    let found = lines::stand_ins(&shown, &printed);
    tally.losses.retain_mut(|loss| {
        let line = if is_alone(loss) { loss.path[5..].parse::<usize>().ok() } else { None };
        let Some(other) = line.and_then(|line| found.get(&line.checked_sub(1)?)) else { return true };
        loss.actual = tally::shown(other);
        loss.actual != loss.expected
    });
}

/// What both sides were read as.
struct Reading {
    /// The document's values; none when it shows text.
    shown: Option<json::Documents>,
    /// The document's values that stand among lines of text.
    among: Option<json::Documents>,
    /// The output's values, and what stands around them.
    printed: json::Documents,
    /// Whether the document shows some JSON, as a whole or within text.
    shows_json: bool,
}

impl Reading {
    /// Reads both sides, as the author asks or as they look.
    fn new(expected: &str, actual: &str, format: Option<Format>, rules: &Rules) -> Result<Self, String> {
        let mut among = None;
        let (shown, mut printed, shows_json) = match format {
            Some(Format::Text | Format::Table) => (None, json::Documents::text(actual), true),
            Some(Format::Yaml) => {
                let shown = yaml::read(expected).map_err(|why| format!("the document's output cannot be read as YAML: {why}"))?;
                let printed = yaml::read(actual).map_err(|why| format!("the output cannot be read as YAML: {why}"))?;
                (Some(json::Documents::of(shown)), json::Documents::of(printed), true)
            }
            Some(Format::Json) => {
                let shown = json::expected(expected)
                    .or_else(|| json::value_alone(expected))
                    .ok_or_else(|| format!("the document's output cannot be read as JSON: {}", no_json(expected)))?;
                let printed = Some(json::find(actual)).filter(|printed| !printed.values.is_empty());
                let printed = printed
                    .or_else(|| json::value_alone(actual))
                    .ok_or_else(|| format!("the output cannot be read as JSON: {}", no_json(actual)))?;
                (Some(shown), printed, true)
            }
            None => {
                let shown = json::find(expected);
                let mut printed = json::find(actual);
                if printed.values.is_empty() && !shown.values.is_empty() {
                    // Another stream may have come between.
                    let own: String = actual.split_inclusive('\n').filter(|line| !veto::is_aside(line)).collect();
                    printed = json::find(&own);
                }
                let is_lenient = shown.lenient;
                let is_whole = |value: &Value| match value {
                    Value::Object(members) => !members.is_empty(),
                    Value::Array(items) => !is_lenient && items.iter().any(|item| item.is_object() || item.is_string()),
                    _ => false,
                };
                // `[core]` and `[...]` are no JSON by themselves.
                let is_value =
                    |value: &Value| value.is_object() || !shown.lenient && value.as_array().is_some_and(|items| !items.is_empty());
                let shows_json = shown.values.iter().any(is_value) || expected.contains("\":");
                let is_json = !shown.values.is_empty() && shown.rest.trim().is_empty() && !json::is_gap_in_brackets(expected);
                if is_json {
                    (Some(shown), printed, shows_json)
                } else {
                    among = Some(shown).filter(|shown| !shown.values.is_empty() && shown.values.iter().all(is_whole));
                    (None, printed, shows_json)
                }
            }
        };
        let mut shown = shown;
        if !rules.ignore.is_empty() {
            let prune = |documents: &mut json::Documents| documents.values.iter_mut().for_each(|value| *value = rules.ignore.pruned(value));
            // What is not there cannot be told apart from what was never shown, so names are looked up before.
            if let Some(stray) = shown.as_ref().and_then(|shown| unknown("ignore", rules.ignore.stray(&shown.values, &[]))) {
                return Err(stray);
            }
            shown.iter_mut().chain(&mut among).for_each(prune);
            prune(&mut printed);
        }
        Ok(Self { shown, among, printed, shows_json })
    }
}

/// Why a text is no JSON, and where.
fn no_json(text: &str) -> String {
    match serde_json::from_str::<Value>(text) {
        Err(error) => format!("line {}: {}", error.line().max(1), error.to_string().split(" at line ").next().unwrap_or_default()),
        Ok(_) => "line 1: it is a single value".to_owned(),
    }
}

/// An `ignore=` or `exact=` that means nothing of what the document shows.
fn stray(expected: &str, read: &Reading, rules: &Rules) -> Option<String> {
    if let Some(shown) = &read.shown {
        return unknown("exact", rules.exact.stray(&shown.values, &[]));
    }
    let lines = Lines::of(expected);
    let names = text::names(&lines);
    // Those that were read do not have any more what is ignored.
    let values = if read.among.is_some() { json::find(expected).values } else { Vec::new() };
    unknown("ignore", rules.ignore.stray(&values, &names)).or_else(|| unknown("exact", rules.exact.stray(&values, &names)))
}

fn unknown(key: &str, stray: Option<(&str, Option<String>)>) -> Option<String> {
    let (written, nearest) = stray?;
    let hint = nearest.map_or_else(String::new, |nearest| format!("; did you mean `{nearest}`?"));
    Some(format!("`{key}={written}` names nothing in the output that the document shows{hint}"))
}

/// Where two outputs are not the same to the letter.
fn difference(expected: &str, actual: &str, read: &Reading, format: Option<Format>, rules: &Rules) -> Option<exact::Difference> {
    let (shown, printed) = (Lines::of(expected), Lines::of(actual));
    match (&read.shown, format) {
        (Some(shown), Some(_)) => {
            exact::values(&Value::from(shown.values.clone()), Some(&Value::from(read.printed.values.clone())), "", rules.unordered)
        }
        (_, Some(Format::Table)) => {
            let (shown, printed) = (text::rows(&shown, &rules.ignore), text::rows(&printed, &rules.ignore));
            exact::values(&shown, Some(&printed), "row", rules.unordered)
        }
        _ => exact::lines(&text::counted(&shown, rules), &text::counted(&printed, rules), rules.unordered),
    }
}

fn both_json(shown: &json::Documents, printed: &json::Documents, rules: &Rules) -> Findings {
    let tally = json::compare_documents(&shown.values, &printed.values, rules);
    let empty_list =
        |documents: &json::Documents| !documents.elided && documents.values.iter().all(|value| value.as_array().is_some_and(Vec::is_empty));
    let empty_object =
        |documents: &json::Documents| documents.values.iter().all(|value| value.as_object().is_some_and(serde_json::Map::is_empty));
    let broken = if printed.cut && !shown.cut {
        Some("the JSON of the output breaks off before it is complete".to_owned())
    } else if empty_list(printed) && !empty_list(shown) {
        Some("the document shows entries, but the output is an empty list".to_owned())
    } else if empty_object(printed) && !empty_object(shown) {
        Some("the document shows values, but the output is an empty object".to_owned())
    } else {
        None
    };
    Findings { score: calibrate(tally.coverage()), tally, broken, ..Findings::default() }
}

/// The document shows JSON and the output has none: its words may still be there (`-o yaml`), but that is not what is shown.
fn not_json(expected: &str, actual: &str, shown: &json::Documents) -> Findings {
    let remark = Some(format!("the document shows JSON, but the output is {}", reason::kind(actual)));
    if shown.values.iter().all(|value| value.as_object().is_some_and(serde_json::Map::is_empty) && shown.elided) {
        return Findings { score: 0.0, remark, ..Findings::default() };
    }
    let found = text::compare_texts(expected, actual, &Rules::default(), false);
    let score = calibrate(found.tally.coverage()).min(0.09);
    Findings { score, tally: found.tally, remark, ..Findings::default() }
}

/// What of an output a document's text may be found in: JSON is another format, unless the document shows some itself.
fn as_text<'a>(actual: &'a str, read: &'a Reading) -> &'a str {
    if read.printed.values.is_empty() || read.printed.lenient || read.shows_json { actual } else { &read.printed.rest }
}

fn texts(expected: &str, actual: &str, rules: &Rules, as_table: bool) -> Findings {
    if actual.trim().is_empty() && !text::only_gaps(expected) {
        return Findings { score: 0.0, remark: Some("the document shows text, but the output is JSON".to_owned()), ..Findings::default() };
    }
    let found = text::compare_texts(expected, actual, rules, as_table);
    let broken = found.no_rows.then(|| NO_ROWS.to_owned());
    let remark = found.only_gaps.then(|| "the document shows only a placeholder, which anything fills".to_owned());
    let unfit =
        (as_table && !found.has_table).then(|| "the output cannot be read as a table with the columns that the document shows".to_owned());
    Findings { score: calibrate(found.tally.coverage()), tally: found.tally, broken, remark, unfit, ..Findings::default() }
}

/// JSON among lines of text on both sides: values are held against values, lines against lines.
fn mixed(shown: &json::Documents, printed: &json::Documents, rules: &Rules) -> Findings {
    let mut findings = both_json(shown, printed, rules);
    let lines = text::compare_texts(&shown.rest, &printed.rest, rules, false);
    let bad = |documents: &json::Documents| documents.values.iter().find_map(trouble::bad_health);
    if let (Some((name, state)), None) = (bad(printed), bad(shown)) {
        findings.tally.contradict(Conflict::State, &name, "", &state);
    }
    findings.tally.absorb(lines.tally);
    findings.score = calibrate(findings.tally.coverage());
    if lines.no_rows {
        findings.broken = Some(NO_ROWS.to_owned());
    }
    findings
}

/// Looks for failures that the output reports and the document does not show.
fn find_failures(expected: &str, actual: &str, read: &Reading, rules: &Rules, findings: &mut Findings) {
    let printed = &read.printed;
    let shown_failure = read.shown.as_ref().is_some_and(|shown| shown.values.iter().any(|value| trouble::failure(value).is_some()));
    let suspects = veto::Suspects::of(expected);
    let shown_failures = suspects.failing();
    // A document that mostly shows an error expects one; a line in passing (`"web" does not exist. Installing it now.`) excuses only its like.
    let lines = || expected.lines().filter(|line| !line.trim().is_empty()).count();
    if shown_failure || !shown_failures.is_empty() && shown_failures.len() * 3 >= lines() {
        return;
    }
    let beyond = |path: String, text: &str| {
        let actual = shown(text);
        Finding { why: format!("the output has {path} “{actual}”, which the document does not show"), path, actual }
    };
    if let Some((path, failure)) = printed.values.iter().find_map(trouble::failure) {
        let mut error = beyond(path, &failure);
        // What else the document shows is there.
        if read.shown.is_none() || findings.score < 0.3 {
            error.why = format!("the output is an error: {}", error.actual);
        }
        findings.error = Some(error);
        return;
    }
    let shown_values = read.shown.as_ref().or(read.among.as_ref()).map_or(&[][..], |shown| &shown.values);
    if let Some((path, complaint)) = printed.values.iter().find_map(|value| trouble::complaint(value, shown_values)) {
        findings.failure = Some(beyond(path, &complaint));
        return;
    }
    let known_suspects = std::cell::LazyCell::new(|| suspects.lines().map(words::unframed).collect::<words::Hashes>());
    let known = std::cell::LazyCell::new(|| expected.lines().map(words::unframed).collect::<words::Hashes>());
    // A line with a stem is a suspect in the document, too, unless the stem has white space in it, which may be wider there.
    let is_known = |line: &str| {
        let own = words::unframed(line);
        known_suspects.contains(&own) || (!suspects.are_all() || veto::has_wide_stem(line)) && known.contains(&own)
    };
    // Inside JSON only its own error shapes count; names and descriptions may say what they like.
    let lines = if printed.values.is_empty() || printed.lenient { actual } else { &printed.rest };
    let excuses = &shown_failures[..shown_failures.len().min(EXCUSES_MAX)];
    let is_ignored = |line: &str| !rules.ignore.is_empty() && label::key(line).is_some_and(|key| rules.ignore.names(key));
    let alarms = veto::alarms(lines, |line| is_ignored(line) || is_known(line) || excuses.iter().any(|shown| is_like(shown, line)));
    let told = |why: &str, (number, line): (usize, String)| {
        let (number, line) = veto::cause(lines, number, line);
        let actual = shown(&line);
        Finding { why: format!("{why}: {actual}"), path: format!("line {number} of the output"), actual }
    };
    if let Some(mark) = veto::interrupt(lines).filter(|_| alarms.strong.is_none() && veto::interrupt(expected).is_none()) {
        let why = format!("the output ends with an interrupt: {mark}");
        findings.failure = Some(Finding { why, path: "output".to_owned(), actual: mark.to_owned() });
        return;
    }
    let asks = veto::question(lines).filter(|_| veto::question(expected).is_none());
    if let (Some(question), None) = (asks, &alarms.strong) {
        let actual = shown(question);
        findings.failure = Some(Finding { why: format!("the output ends with a question: {actual}"), path: "output".to_owned(), actual });
    } else if let Some(found) = alarms.strong {
        let why = if veto::is_nothing(&found.1) {
            "the document shows something, but the output says that there is nothing"
        } else {
            "the output reports a failure"
        };
        findings.failure = Some(told(why, found));
    } else if let (Some(found), true) =
        (&alarms.weak, read.shown.is_some() && printed.values.is_empty() && suspects.alarms().weak.is_none())
    {
        // What prints JSON says only in words that it did not.
        findings.failure = Some(told("the output reports a failure", found.clone()));
    } else if let (Some(found), None) = (alarms.weak, suspects.alarms().weak)
        // Where lines were left out, any may stand.
        && !expected.lines().any(words::is_elision)
    {
        // What breaks off with a word of failure has failed, whether a score is asked for or not.
        if findings.score < 0.3 && lines.trim_end().lines().count() < found.0 + ENDING_LINES {
            findings.failure = Some(told("the output breaks off with a failure", found));
            return;
        }
        findings.score *= 0.25;
        let why = "the output has a line with a word of failure, and the document none, so that the rest counts for little";
        findings.doubt = Some(told(why, found));
    }
}

/// Whether most words of a shown line of failure are in an output's, or both are rows of a table in the same bad state.
fn is_like(shown: &str, line: &str) -> bool {
    let is_row = |line: &str| line.split("  ").filter(|cell| !cell.trim().is_empty()).count() >= 4;
    if is_row(shown) && is_row(line) {
        return shown.split_whitespace().any(|word| state::is_wrong(word) && line.split_whitespace().any(|other| other == word));
    }
    let tally = text::compare_texts(shown, line, &Rules::default(), false).tally;
    tally.contradictions.is_empty() && tally.coverage() >= 0.6
}

impl Findings {
    fn verdict(self, threshold: Option<f64>) -> Verdict {
        let marked = threshold.is_some();
        let contradiction = self
            .tally
            .contradictions
            .iter()
            .min_by_key(|found| (reason::severity(found.conflict), !state::is_wrong(&found.actual)))
            .filter(|found| marked || found.conflict != Conflict::Value);
        // Without a directive the score is advice: only what cannot be right fails.
        let broken = self.broken.filter(|_| marked);
        let whole = |why: String| (why, self.ends.cost(self.score));
        let found = |Finding { why, path, actual }: Finding, cost| (why, Cost { path, expected: String::new(), actual, cost });
        // A contradiction says what was expected instead; a line of failure only that there is one.
        let decided = (self.unfit.map(whole))
            .or_else(|| self.error.map(|error| found(error, self.score)))
            .or_else(|| contradiction.map(|contradiction| (reason::describe(contradiction), contradiction.cost(self.score))))
            .or_else(|| self.failure.map(|failure| found(failure, self.score)))
            .or_else(|| broken.map(whole));
        let (veto, mut deciding) = decided.unzip();
        let passed = veto.is_none() && threshold.is_none_or(|threshold| self.score >= threshold);
        let mut remark = self.remark;
        if let (Some(doubt), None) = (self.doubt, &veto) {
            // It took three quarters of what there was.
            let (why, cost) = found(doubt, 3.0 * self.score);
            deciding = Some(cost);
            remark = Some(why);
        }
        if !passed && deciding.is_none() && self.tally.losses.is_empty() {
            deciding = Some(self.ends.cost(1.0 - self.score));
        }
        let score = if veto.is_some() { 0.0 } else { self.score };
        let costs = reason::shares(self.tally.losses, deciding, 1.0 - score);
        let reason = match (&veto, threshold, remark) {
            (Some(veto), _, _) => veto.clone(),
            (None, _, Some(remark)) if !passed || threshold.is_none() => remark,
            (None, Some(threshold), remark) if passed => remark.unwrap_or_else(|| {
                format!("the output shows what the document shows: {:.2}, {} is asked for", self.score, Number(threshold))
            }),
            (None, None, None) if self.score >= 0.3 => format!("the output is like the one shown: {:.2}", self.score),
            (None, None, None) => {
                "the output is not like the one shown, but nothing in it contradicts; no directive asks for more".to_owned()
            }
            (None, _, _) => reason::too_different(self.score, threshold.unwrap_or_default(), &costs, &self.ends),
        };
        Verdict { passed, score: Some(score), ie_score: None, reason, veto, costs }
    }
}

#[cfg(test)]
mod asked;
#[cfg(test)]
mod cases;
#[cfg(test)]
mod kinds;
#[cfg(test)]
mod manual;
#[cfg(test)]
mod measure;
#[cfg(test)]
mod runs;
#[cfg(test)]
mod siblings;

#[cfg(test)]
mod tests {
    use super::{Scorer, judge, judge_with};
    use crate::runbook::{Criterion, Expectation};

    pub(super) fn expectation(language: &str, criterion: Criterion, text: &str) -> Expectation {
        Expectation {
            line: 1,
            fence_line: 2,
            language: language.to_owned(),
            criterion,
            text: text.to_owned(),
            comparison: Default::default(),
        }
    }

    const GROUP: &str = r#"{
  "id": "/subscriptions/<guid>/resourceGroups/myResourceGroup",
  "location": "eastus",
  "managedBy": null,
  "name": "myResourceGroup",
  "properties": { "provisioningState": "Succeeded" },
  "tags": null,
  "type": "Microsoft.Resources/resourceGroups"
}"#;

    #[track_caller]
    fn check(text: &str, actual: &str, threshold: Option<f64>, passed: bool) -> String {
        let criterion = threshold.map_or(Criterion::Unmarked, Criterion::Similarity);
        let verdict = judge(&expectation("json", criterion, text), actual.as_bytes());
        assert_eq!(verdict.passed, passed, "{verdict:#?}");
        verdict.reason
    }

    #[test]
    fn a_fresh_run_passes_at_every_customary_threshold() {
        let actual = GROUP
            .replace("<guid>", "8b2bb50b-e584-4a5d-afa5-113b8f1b1a42")
            .replace("eastus", "westeurope")
            .replace("myResourceGroup", "rg-a1b2c3");
        check(GROUP, &actual, Some(0.8), true);
        check(GROUP, &format!("\u{1b}[33mWARNING: this is in preview\u{1b}[0m\n{actual}"), Some(0.8), true);
    }

    #[test]
    fn what_contradicts_fails_and_says_where() {
        let reason = check(GROUP, &GROUP.replace("Succeeded", "Failed"), Some(0.3), false);
        assert_eq!(reason, "the document shows properties.provisioningState “Succeeded”, but the output says “Failed”");
        let reason =
            check(GROUP, &GROUP.replace("Microsoft.Resources/resourceGroups", "Microsoft.Network/virtualNetworks"), Some(0.1), false);
        assert!(reason.contains("type"), "{reason}");
        let reason = check(GROUP, "{\"error\": {\"code\": \"Forbidden\", \"message\": \"no\"}}", Some(0.1), false);
        assert_eq!(reason, "the output is an error: Forbidden: no");
        check(GROUP, &GROUP[..GROUP.len() / 2], Some(0.3), false);
        check(GROUP, "[]", Some(0.3), false);
        check(GROUP, "", Some(0.3), false);
    }

    #[test]
    fn without_a_directive_only_a_veto_fails() {
        check(GROUP, "", None, true);
        check(GROUP, "something else", None, true);
        check(GROUP, "ERROR: (AuthorizationFailed) The client does not have authorization", None, false);
        check(GROUP, &GROUP.replace("Succeeded", "Failed"), None, false);
    }

    #[test]
    fn unmarked_outputs_of_a_published_article_are_judged() {
        let issuer = "https://eastus.oic.prod-aks.azure.com/00000000-0000-0000-0000-000000000000/11111111-1111-1111-1111-111111111111/";
        check(issuer, "", None, true);
        check("      SECRET_NAME:                 ${KEYVAULT_SECRET_NAME}\n", "      SECRET_NAME:                 my-secret\n", None, true);
        let log = "I0114 10:35:09.795900       1 main.go:63] \"successfully got secret\" secret=\"Hello\\\\!\"\n";
        check(log, &log.replace("I0114 10:35:09.795900", "I0101 00:03:20.000000"), None, true);
        check(log, &log.replace("I0114 10:35:09.795900", "I0101 00:03:20.000000"), Some(0.8), true);
        let failed = "E0101 00:03:20.000000       1 main.go:63] \"failed to get secret from keyvault\" err=\"ForbiddenByRbac\"\n";
        check(log, failed, None, false);
    }

    #[test]
    fn a_document_that_shows_an_error_expects_it() {
        let shown = "Error from server: Get \"https://aks-agentpool-xxxxxxxxx:10250/logs\": dial tcp <IP-Address>:10250: i/o timeout";
        check(
            shown,
            "Error from server: Get \"https://aks-agentpool-1234:10250/logs\": dial tcp 10.0.0.4:10250: i/o timeout",
            Some(0.3),
            true,
        );
    }

    #[test]
    fn a_pattern_decides_alone() {
        let verdict = judge(&expectation("text", Criterion::Regex("^v\\d".to_owned()), ""), b"v12");
        assert_eq!((verdict.passed, verdict.score), (true, None));
        let verdict = judge(&expectation("text", Criterion::Regex("^v\\d".to_owned()), ""), b"x");
        assert_eq!(verdict.reason, "nothing in the output matches the pattern ^v\\d");
    }

    #[test]
    fn the_incumbents_number_can_decide() {
        let expectation = expectation("json", Criterion::Similarity(0.3), GROUP);
        let failed = GROUP.replace("Succeeded", "Failed");
        assert!(judge_with(Scorer::Ie, &expectation, failed.as_bytes()).passed);
        assert!(!judge(&expectation, failed.as_bytes()).passed);
        assert!(!judge_with(Scorer::Ie, &expectation, b"[]").passed);
    }

    #[test]
    fn bytes_that_are_no_text_are_judged_too() {
        assert!(!judge(&expectation("text", Criterion::Similarity(0.3), "hello world"), &[0xff, 0xfe, 0x1b, 0x5b]).passed);
    }
}
