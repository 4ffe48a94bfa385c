//! (expectation, output) → [`Verdict`], with the reason. Pure.

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
    /// Set when something contradicts the document whatever the score says.
    pub veto: Option<String>,
    /// Which leaves or lines cost what, dearest first, at most 20.
    pub costs: Vec<Cost>,
}

/// One place where the output differs from the document.
#[derive(Debug, Clone, PartialEq)]
pub struct Cost {
    /// A JSON path (`properties.state`), a table cell (`STATUS[1]`) or `line 3`.
    pub path: String,
    /// What the document shows there; empty when it shows nothing.
    pub expected: String,
    /// What was printed there; empty when nothing was.
    pub actual: String,
    /// Its share of the lost score, 0 to 1.
    pub cost: f64,
}
