//! Mends: the bytes of a document with its certain defects repaired. Pure.
//!
//! What is not mended stays as it is, byte for byte, line ends included, and no line moves. A mend that would bring a finding as bad as
//! the one it takes away is not made.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Diagnostic, Edit, Fix, Severity};

/// How often a mended document is looked at again for what the mends made visible.
const ROUNDS_MAX: usize = 16;
/// How deep mends may lie under each other before they are seen: a tag, then a dash in its block, then an option.
const DEPTH_MAX: usize = 4;
/// How many mends of a document are tried one by one after all of them together were refused.
const TRIALS_MAX: usize = 256;

/// A document after its mends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mended {
    /// What the file is to contain.
    pub bytes: Vec<u8>,
    /// The findings that were mended, as they were found.
    pub fixed: Vec<Diagnostic>,
    /// The findings of the mended document. One whose mend was refused says why in its hint.
    pub left: Vec<Diagnostic>,
}

/// Mends what is certain in a file of these bytes; `examine` finds what is wrong with such bytes.
///
/// Mending the result again changes nothing. A file that is not UTF-8 comes back as it is.
pub fn mend(bytes: &[u8], examine: impl Fn(&[u8]) -> Vec<Diagnostic>) -> Mended {
    let mut mended = Mended { bytes: bytes.to_vec(), fixed: Vec::new(), left: examine(bytes) };
    if std::str::from_utf8(bytes).is_err() {
        return mended;
    }
    let mut refused = BTreeMap::new();
    let mut trials = TRIALS_MAX;
    for _ in 0..ROUNDS_MAX {
        // What was refused before may fit now that something else has changed.
        refused.clear();
        let all: Vec<usize> = open(&mended.left, &refused).collect();
        let is_over = all.is_empty()
            || attempt(&mut mended, &all, &examine).is_err() && !one_by_one(&mut mended, &mut refused, &mut trials, &examine);
        if is_over {
            break;
        }
    }
    for finding in &mut mended.left {
        if let Some(code) = refused.get(&Key::of(finding)) {
            let why = format!("`--fix` leaves it as it is, because `{code}` would be found then");
            finding.hint = Some(finding.hint.take().map_or_else(|| why.clone(), |hint| format!("{hint}; {why}")));
        }
    }
    mended
}

/// What tells findings apart while no line moves.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    code: &'static str,
    line: usize,
    message: String,
}

impl Key {
    fn of(finding: &Diagnostic) -> Self {
        Self { code: finding.code, line: finding.line, message: finding.message.clone() }
    }
}

/// The findings that have a mend which was not refused, by position.
fn open<'a>(found: &'a [Diagnostic], refused: &'a BTreeMap<Key, &'static str>) -> impl Iterator<Item = usize> + 'a {
    found.iter().enumerate().filter(|(_, finding)| finding.fix.is_some() && !refused.contains_key(&Key::of(finding))).map(|(at, _)| at)
}

/// Tries the mends one after the other, each on top of those before; whether any was made.
fn one_by_one(
    mended: &mut Mended,
    refused: &mut BTreeMap<Key, &'static str>,
    trials: &mut usize,
    examine: &impl Fn(&[u8]) -> Vec<Diagnostic>,
) -> bool {
    let mut any = false;
    while *trials > 0 {
        *trials -= 1;
        let Some(next) = open(&mended.left, refused).next() else { break };
        let key = Key::of(&mended.left[next]);
        match attempt(mended, &[next], examine) {
            Ok(()) => any = true,
            Err(code) => drop(refused.insert(key, code)),
        }
    }
    any
}

/// Makes the mends of these findings together, and those of what they make visible; fails with the code that would be found then, and
/// changes nothing.
fn attempt(mended: &mut Mended, positions: &[usize], examine: &impl Fn(&[u8]) -> Vec<Diagnostic>) -> Result<(), &'static str> {
    let mut chosen: Vec<Diagnostic> = positions.iter().map(|position| mended.left[*position].clone()).collect();
    let known: BTreeSet<Key> = mended.left.iter().map(Key::of).collect();
    let mut trial = Mended { bytes: mended.bytes.clone(), fixed: Vec::new(), left: Vec::new() };
    let mut refusal = chosen.first().map_or("", |finding| finding.code);
    for _ in 0..DEPTH_MAX {
        let Some((bytes, made)) = apply(&trial.bytes, &chosen) else { return Err(refusal) };
        trial.fixed.extend(made);
        trial.left = examine(&bytes);
        trial.bytes = bytes;
        // A mend that does not take its own finding away would be made again and again.
        let (before, after) = (numbers(&mended.left), numbers(&trial.left));
        let of = |numbers: &BTreeMap<Key, usize>, finding: &Diagnostic| numbers.get(&Key::of(finding)).copied().unwrap_or(0);
        if let Some(finding) = trial.fixed.iter().find(|finding| of(&after, finding) >= of(&before, finding).max(1)) {
            return Err(finding.code);
        }
        let worst_mended = trial.fixed.iter().map(|finding| finding.severity).min().unwrap_or(Severity::Advice);
        let Some(code) = new_code(&mended.left, &trial.left, worst_mended) else {
            *mended = Mended { fixed: [std::mem::take(&mut mended.fixed), trial.fixed].concat(), ..trial };
            return Ok(());
        };
        refusal = code;
        chosen = trial.left.iter().filter(|finding| finding.fix.is_some() && !known.contains(&Key::of(finding))).cloned().collect();
    }
    Err(refusal)
}

/// How often each finding is among those that have a mend.
fn numbers(found: &[Diagnostic]) -> BTreeMap<Key, usize> {
    let mut numbers = BTreeMap::new();
    for finding in found.iter().filter(|finding| finding.fix.is_some()) {
        *numbers.entry(Key::of(finding)).or_default() += 1;
    }
    numbers
}

/// The bytes with the mends of these findings, and which of them were made; none when nothing changes.
fn apply(bytes: &[u8], findings: &[Diagnostic]) -> Option<(Vec<u8>, Vec<Diagnostic>)> {
    let raw = Raw::new(bytes);
    let mut edits: BTreeSet<Edit> = BTreeSet::new();
    let mut made = Vec::new();
    for finding in findings {
        let Some(wanted) = finding.fix.as_ref().and_then(|fix| raw.edits(fix)) else { continue };
        // The same edit may mend two findings; of edits that overlap the first is made, and the next round sees the rest.
        if wanted.iter().all(|edit| edits.contains(edit) || edits.iter().all(|other| are_apart(edit, other))) {
            edits.extend(wanted);
            made.push(finding.clone());
        }
    }
    Some((raw.edited(&edits)?, made))
}

fn are_apart(one: &Edit, other: &Edit) -> bool {
    one.span.end < other.span.start || other.span.end < one.span.start
}

/// A code that is found more often after than before, and matters as much as what was mended.
fn new_code(before: &[Diagnostic], after: &[Diagnostic], mended: Severity) -> Option<&'static str> {
    let number = |found: &[Diagnostic], code: &str| found.iter().filter(|finding| finding.code == code).count();
    let mut codes: BTreeMap<&'static str, Severity> = BTreeMap::new();
    for finding in after {
        let worst = codes.entry(finding.code).or_insert(finding.severity);
        *worst = (*worst).max(finding.severity);
    }
    codes.into_iter().find(|(code, severity)| *severity >= mended && number(after, code) > number(before, code)).map(|(code, _)| code)
}

/// The bytes of a file beside its text: without the byte order mark and with LF line ends, where spans are counted.
struct Raw<'a> {
    bytes: &'a [u8],
    mark: usize,
    /// Offsets in the text of the line ends that are CR LF in the file.
    returns: Vec<usize>,
    text_bytes: usize,
}

impl<'a> Raw<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let mark = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let body = &bytes[mark..];
        let pairs = body.windows(2).enumerate().filter(|(_, pair)| *pair == b"\r\n");
        let returns: Vec<usize> = pairs.enumerate().map(|(number, (at, _))| at - number).collect();
        Self { bytes, mark, text_bytes: body.len() - returns.len(), returns }
    }

    /// An offset of the text in the file; at the end of a line it stands before the CR.
    fn offset(&self, offset: usize) -> usize {
        self.mark + offset + self.returns.partition_point(|at| *at < offset)
    }

    /// A mend as edits of the file; none when it would move lines or leads nowhere.
    fn edits(&self, fix: &Fix) -> Option<Vec<Edit>> {
        match fix {
            Fix::ByteOrderMark => Some(vec![Edit::new(crate::diagnostic::Span::new(0, self.mark), "")]),
            Fix::LineEnds => {
                let returns = (self.mark..self.bytes.len()).filter(|at| self.bytes[*at] == b'\r');
                let edit = |at: usize| {
                    let text = if self.bytes.get(at + 1) == Some(&b'\n') { "" } else { "\n" };
                    Edit::new(crate::diagnostic::Span::new(at, at + 1), text)
                };
                Some(returns.map(edit).collect())
            }
            Fix::Edits(edits) => edits.iter().map(|edit| self.edit(edit)).collect(),
        }
    }

    fn edit(&self, edit: &Edit) -> Option<Edit> {
        if edit.span.end > self.text_bytes || edit.span.start > edit.span.end {
            return None;
        }
        let span = crate::diagnostic::Span::new(self.offset(edit.span.start), self.offset(edit.span.end));
        let old = self.bytes.get(span.start..span.end)?;
        let moves_lines = old.contains(&b'\n') || old.contains(&b'\r') || edit.text.contains('\n');
        (!moves_lines).then(|| Edit::new(span, edit.text.clone()))
    }

    /// The file with these edits, which are in order and apart; none when nothing changes, or it would be no text any more.
    fn edited(&self, edits: &BTreeSet<Edit>) -> Option<Vec<u8>> {
        let mut bytes = Vec::with_capacity(self.bytes.len());
        let mut copied = 0;
        for edit in edits {
            bytes.extend_from_slice(self.bytes.get(copied..edit.span.start)?);
            bytes.extend_from_slice(edit.text.as_bytes());
            copied = edit.span.end;
        }
        bytes.extend_from_slice(self.bytes.get(copied..)?);
        (bytes != self.bytes && std::str::from_utf8(&bytes).is_ok()).then_some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::ProptestConfig, prop_assert, prop_assert_eq, proptest, sample::select};

    use super::{Mended, mend};
    use crate::{
        diagnostic::Diagnostic,
        lint::{Switches, examine},
        runbook::{Companions, parse},
    };

    fn examined(bytes: &[u8]) -> Vec<Diagnostic> {
        let (runbook, diagnostics) = parse("document.md", bytes, &Companions::default());
        examine(&runbook, diagnostics, &Switches::default())
    }

    /// The codes of `findings`.
    fn codes(findings: &[Diagnostic]) -> Vec<&str> {
        findings.iter().map(|finding| finding.code).collect()
    }

    #[track_caller]
    fn check(before: &str, after: &str, fixed: &[&str], left: &[&str]) -> Mended {
        let mended = mend(before.as_bytes(), examined);
        assert_eq!(String::from_utf8_lossy(&mended.bytes), after);
        assert_eq!((codes(&mended.fixed), codes(&mended.left)), (fixed.to_vec(), left.to_vec()));
        let again = mend(&mended.bytes, examined);
        assert_eq!((again.bytes == mended.bytes, again.fixed.len()), (true, 0), "a second time");
        mended
    }

    #[track_caller]
    fn check_code(before: &str, after: &str, fixed: &str) {
        check(&format!("# T\n\n```bash\n{before}\n```\n"), &format!("# T\n\n```bash\n{after}\n```\n"), &[fixed], &[]);
    }

    #[test]
    fn tags_and_directives_that_are_nearly_right_become_right() {
        check("# T\n\n  ```Bahs  \n  ls\n  ```\n", "# T\n\n  ```bash  \n  ls\n  ```\n", &["near-miss-tag"], &[]);
        check("> ~~~ azurcli x=y\n> ls\n> ~~~\n", "> ~~~ azurecli x=y\n> ls\n> ~~~\n", &["near-miss-tag"], &[]);
        let output = |key: &str| format!("```bash\necho ab\n```\n<!-- {key}0.9 -->\n```\nab\n```\n");
        check(&output("expected-similarity="), &output("expected_similarity="), &["near-miss-expectation"], &[]);
        check(&output("expected_similarity "), &output("expected_similarity="), &["near-miss-expectation"], &[]);
        let step = |directive: &str| format!("<!-- {directive} -->\n```bash\nls\n```\n");
        check(&step("docnet: timeout=3m"), &step("docent: timeout=3m"), &["near-miss-directive"], &[]);
        check(&step("docnet: timout=3m"), &step("docent: timeout=3m"), &["near-miss-directive", "unknown-directive"], &[]);
        // `azure` may be several tags, and `frob` is none.
        let text = "```bash\nls\n```\n```azure\nls\n```\n<!-- docent: frob -->\n```bash\nls\n```\n";
        check(text, text, &[], &["near-miss-tag", "unknown-directive"]);
    }

    #[test]
    fn typography_in_code_becomes_ascii_and_text_stays() {
        const CODE: &str = "typographic-character";
        let script = |script: &str| format!("# T\n\n```bash\n{script}\n```\n");
        let before = script("az group show –name “table a” # “it”");
        check(&before, &script("az group show --name \"table a\" # “it”"), &[CODE; 3], &[]);
        check_code("az account show —o tsv", "az account show -o tsv", CODE);
        check_code("az\u{a0}account show '\u{a0}'", "az account show '\u{a0}'", CODE);
        // Where quotes are not in pairs, or straight ones stand between, the mend is a guess; so is a dash of a program with other habits.
        for unclear in ["echo “a", "echo “a \"b” c\"", "find . –name a"].map(script) {
            check(&unclear, &unclear, &[], &[CODE]);
        }
    }

    #[test]
    fn commands_get_the_answer_and_the_line_end_that_they_lack() {
        check_code(
            "az group delete \\\n  --name a \\\n  --no-wait",
            "az group delete \\\n  --name a \\\n  --no-wait --yes",
            "unanswered-prompt",
        );
        check_code("sudo apt-get install jq", "sudo apt-get install -y jq", "unanswered-prompt");
        check_code("az group update \\  \n  --name a --tags b=c", "az group update \\\n  --name a --tags b=c", "broken-continuation");
        check_code("$ ls \\\n  -l\n\n$ pwd", "ls \\\n  -l\n\npwd", "prompt-sign");
    }

    #[test]
    fn line_ends_and_everything_else_stay_when_they_are_not_what_is_mended() {
        let crlf = "\u{feff}# T\r\n\r\n```bach\r\nls  \r\n```\r\né\t \r\n";
        let clean = "# T\n\n```bash\nls  \n```\né\t \n";
        check(crlf, clean, &["byte-order-mark", "carriage-return", "near-miss-tag"], &[]);
        let only_tags = |bytes: &[u8]| examined(bytes).into_iter().filter(|found| found.code == "near-miss-tag").collect();
        let mended = mend(crlf.as_bytes(), only_tags);
        assert_eq!(String::from_utf8_lossy(&mended.bytes), crlf.replace("bach", "bash"));
        check("# T\r\r```bash\rls\r```\r", "# T\n\n```bash\nls\n```\n", &["carriage-return"], &[]);
    }

    #[test]
    fn a_mend_that_would_bring_something_as_bad_is_not_made() {
        let text = "# T\n\n```bash\nls\n```\n\n```bahs\necho $A\n```\n\n```bahs\nls\n```\n";
        let after = "# T\n\n```bash\nls\n```\n\n```bahs\necho $A\n```\n\n```bash\nls\n```\n";
        let mended = check(text, after, &["near-miss-tag"], &["near-miss-tag"]);
        let hint = mended.left[0].hint.as_deref().unwrap_or_default();
        assert!(hint.contains("`undefined-variable` would be found then"), "{hint}");
    }

    #[test]
    fn a_mend_that_does_not_help_is_not_made() {
        // The backquote is open, so bash takes what would be added for a part of it.
        let text = "# T\n\n```bash\naz group delete -n a```bash\n";
        check(text, text, &[], &["unclosed-fence", "unanswered-prompt"]);
    }

    #[test]
    fn a_file_that_is_no_text_is_left_alone() {
        let bytes = b"```bach\nls\n```\n\xff\n";
        assert_eq!(mend(bytes, examined).bytes, bytes);
    }

    const FRAGMENTS: [&str; 26] = [
        "\n",
        "\n",
        "\r\n",
        "\r",
        "\u{feff}",
        " ",
        "\t",
        "> ",
        "- ",
        "    ",
        "```bash\n",
        "```bach\n",
        "```\n",
        "```azurcli\r\n",
        "echo “é” ",
        "az –g\u{a0}a ",
        "az group delete -n a",
        "\\ \n",
        "\\\r\n",
        "$ ls\n",
        "<!-- docnet: skip -->\n",
        "<!-- docent: timout=3m -->",
        "<!-- expected-similarity=0.3 -->\n",
        "<!-- expected_similarity\n0.3 -->",
        "apt-get install x\n",
        "“",
    ];

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn mending_twice_is_mending_once_and_no_line_moves(parts in vec(select(&FRAGMENTS[..]), 0..30)) {
            let text = parts.concat();
            let mended = mend(text.as_bytes(), examined);
            let again = mend(&mended.bytes, examined);
            prop_assert_eq!(String::from_utf8_lossy(&again.bytes), String::from_utf8_lossy(&mended.bytes));
            let ends = |text: &str| text.replace("\r\n", "\n").matches(['\n', '\r']).count();
            prop_assert_eq!(ends(&text), ends(&String::from_utf8_lossy(&mended.bytes)));
            let errors = |found: &[Diagnostic]| found.iter().filter(|found| found.severity == crate::diagnostic::Severity::Error).count();
            prop_assert!(errors(&mended.left) <= errors(&examined(text.as_bytes())));
        }
    }
}
