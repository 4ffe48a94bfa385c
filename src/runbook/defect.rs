//! What can be wrong with a document: one entry for each diagnostic code, with the page that `docent explain` prints.

use crate::diagnostic::{Diagnostic, Severity, SourceFile, Span};

/// A kind of defect that the parser finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Defect {
    /// Its stable kebab-case name.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// Why it matters and what to do, for a person who has never seen it.
    pub page: &'static str,
}

impl Defect {
    /// This defect at `span` of `source`.
    pub(super) fn at(self, source: &SourceFile, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.severity, self.code, source, span, message)
    }
}

/// Whether this is an attempt of a document to loosen what is there against it.
pub fn is_loosening(diagnostic: &Diagnostic) -> bool {
    diagnostic.code == LOOSENING_DIRECTIVE.code
}

/// The entry of a diagnostic code; none when the parser has no such code.
pub fn defect(code: &str) -> Option<&'static Defect> {
    DEFECTS.iter().copied().find(|defect| defect.code == code)
}

macro_rules! defects {
    ($($name:ident = $severity:ident $code:literal: $page:literal;)*) => {
        $(pub(super) const $name: Defect = Defect { code: $code, severity: Severity::$severity, page: $page };)*
        /// Every kind of defect that the parser finds, in the order in which it looks for them.
        pub static DEFECTS: &[&Defect] = &[$(&$name),*];
    };
}

defects! {
    BINARY_FILE = Error "binary-file":
        "The file contains a NUL byte, which no text has. Is it a picture or an archive with the wrong name? Text saved as UTF-16 looks like this too: save it as UTF-8.";
    INVALID_UTF8 = Error "invalid-utf8":
        "The file is not UTF-8 from this byte on, so a script could reach the shell with other characters than the author typed. Save the file as UTF-8.";
    BYTE_ORDER_MARK = Advice "byte-order-mark":
        "The file starts with a byte order mark. docent drops it; other tools take it for text, so that the first heading or the front matter is lost. Save the file without it.";
    CARRIAGE_RETURN = Advice "carriage-return":
        "Lines end with CR LF or CR. docent reads them as LF; a tool that hands them to bash unchanged makes it look for files whose names end with a carriage return. Save the file with LF line ends.";
    BROKEN_FRONT_MATTER = Warning "broken-front-matter":
        "The YAML between the two `---` lines cannot be read, so the properties of the document are incomplete. The steps run all the same.";
    UNCLOSED_FENCE = Warning "unclosed-fence":
        "The code block has no closing fence. It ends where its list item, quote or document ends, and whatever stands there became part of it. Often the closing fence is indented less than the opening one, \
         which ends the list item and opens a second code block.";
    UNCLOSED_COMMENT = Warning "unclosed-comment":
        "A comment starts with `<!--` and has no `-->`. Everything down to the end of its container is hidden: no step in there runs.";
    NEAR_MISS_TAG = Warning "near-miss-tag":
        "The tag of this code block is nearly that of an executable one. As written the block is only shown and never run. Correct the tag; or, if the block is not to be run, tag it `text`.";
    NEAR_MISS_OUTPUT_TAG = Warning "near-miss-output-tag":
        "The tag of this code block is nearly `output`. As written it is not compared with anything. When the first line of the output slipped onto the fence, move it below.";
    FENCE_IN_FENCE = Warning "fence-in-fence":
        "A code block contains the opening fence of an executable one. Most likely the fence above it was meant to close an earlier block, and opened a new one instead because it is indented differently. \
         The block inside never runs. To show a code block on purpose, open the outer one with more backquotes.";
    FENCE_IN_INDENTED_CODE = Warning "fence-in-indented-code":
        "This looks like a code block but is indented by four columns or more from its container, which makes the fence itself part of an indented code block. It never runs. Indent it less.";
    FENCE_IN_HTML = Warning "fence-in-html":
        "An HTML element swallows everything down to the next blank line, and this code block with it. It never runs. Put a blank line between the HTML and the fence.";
    FENCE_IN_COMMENT = Advice "fence-in-comment":
        "A code block with an executable tag stands in an HTML comment. It never runs; readers do not see it either.";
    DIRECTIVE_IN_CODE = Warning "directive-in-code":
        "A directive is indented by four columns or more from its container, which makes it code rather than a comment. It has no effect. Indent it less.";
    NEAR_MISS_EXPECTATION = Error "near-miss-expectation":
        "A comment that is nearly an `expected_similarity` comment. Other tools ignore it without a word, and the output below is never checked. Write `<!-- expected_similarity=0.3 -->` or `<!-- expected_similarity=\"regex\" -->`.";
    THRESHOLD_OUT_OF_RANGE = Error "threshold-out-of-range":
        "The least score that passes lies between 0 and 1. A greater one could never pass.";
    INVALID_REGEX = Error "invalid-regex":
        "The expected output is given as a regular expression that does not compile. The syntax is that of the Rust crate `regex`: no look-around and no back-references.";
    EMPTY_REGEX = Error "empty-regex":
        "An empty regular expression matches every output, so the check could not fail. Write a pattern or remove the comment.";
    QUOTED_NUMBER = Error "quoted-number":
        "A number in quotes is a regular expression, not a threshold: `\"0.5\"` accepts every output in which 0 and 5 stand two characters apart. Remove the quotes; or, to look for the text, escape the dot.";
    UNBOUND_EXPECTATION = Error "unbound-expectation":
        "An `expected_similarity` comment binds to the next code block, and there is none below it. Nothing would be checked.";
    MISPLACED_EXPECTATION = Warning "misplaced-expectation":
        "Between this `expected_similarity` comment and the next code block stands a heading, or the next code block is itself executable. Which output is meant would be a guess, so nothing is checked. \
         Put the comment directly above the expected output, and that below its step.";
    EXPECTATION_WITHOUT_STEP = Warning "expectation-without-step":
        "This expected output belongs to no step: none stands above it, or the code block above it is one that docent does not run. Nothing is checked.";
    UNBOUND_OUTPUT = Advice "unbound-output":
        "A code block shows an output, but no step stands above it under the same heading, or the code block above it is one that docent does not run. It is not compared with anything.";
    INLINE_DIRECTIVE = Advice "inline-directive":
        "A comment within a line of text. docent reads it; Innovation Engine does not, and checks nothing. Put it on a line of its own.";
    NEAR_MISS_DIRECTIVE = Error "near-miss-directive":
        "A comment that is nearly a directive of docent. Write `<!-- docent: key=value -->` before a step, or `<!-- docent-file: key=value -->` for the whole document.";
    BROKEN_DIRECTIVE = Error "broken-directive":
        "The directive cannot be read. It is a row of keys, separated by spaces: `key`, `key=value` or `key=\"a value with spaces\"`, with `\\\"` for a quote inside the quotes and no space around `=`.";
    UNKNOWN_DIRECTIVE = Error "unknown-directive":
        "The directive has a key that docent does not know. A misspelt key that is ignored would be a check that nobody makes, so it is an error.";
    LOOSENING_DIRECTIVE = Error "loosening-directive":
        "The document asks for less of a sandbox, for another target, for hosts or variables of whoever runs it, or for leaving things behind. A document comes from others, in a pull request perhaps, and decides none of \
         that; flags, `DOCENT_` variables and `--config FILE` do. Nothing is run, and `docent test` ends with status 2.";
    WRONG_DIRECTIVE_PLACE = Error "wrong-directive-place":
        "The key is known, but not here: `docent:` speaks of the step below it, `docent-file:` of the whole document, `docent-begin:` of all steps down to `docent-end`.";
    INVALID_DIRECTIVE_VALUE = Error "invalid-directive-value":
        "The value does not fit the key. Times have a unit (`90s`, `20m`, `1h30m`), exit statuses are 0 to 255 or `any`, names of variables are letters, digits and `_`, lists have commas without blanks, \
         what follows `@` is a target.";
    REPEATED_DIRECTIVE = Error "repeated-directive":
        "The key is said twice for the same step or document. Which one holds would be a guess.";
    CONTRADICTORY_DIRECTIVE = Error "contradictory-directive":
        "Two things that are said about a step exclude each other, or one has no effect without another: `ready` without `background`, an exit status of a step that keeps running, `setup` and `cleanup` at once, \
         `stop` of a step that is not in the background, `every` without `eventually`, steps that must each come after the other. Which one is meant would be a guess.";
    UNKNOWN_TAB = Error "unknown-tab":
        "`docent-file:` chooses a tab or zone that the document does not have. The steps that were meant would be skipped. Tabs are named by the part behind `#tab/`, zones by their pivot.";
    MISSING_PREREQUISITE = Advice "missing-prerequisite":
        "A link under “Prerequisites”, or `requires=doc:`, leads to a document that is not there. What it would set is missing when the steps run. A link may be meant for readers, so it is advice; for `requires=doc:` it is an error.";
    REFUSED_PREREQUISITE = Advice "refused-prerequisite":
        "The document is not followed, because it lies outside of the repository or folder of this one, or on another host. A document comes from others; it may not reach further than its own tree.";
    PREREQUISITE_CYCLE = Warning "prerequisite-cycle":
        "Two documents name each other as prerequisites. Each runs once; which comes first depends on the one that was asked for.";
    BROKEN_PREREQUISITE = Error "broken-prerequisite":
        "A document that has to run before this one has an error of its own, so neither is run.";
    INCLUDE_NOT_READ = Advice "include-not-read":
        "A line `[!INCLUDE …]` stands for another file, which is not read: steps in there do not run.";
    UNCLOSED_TABS = Warning "unclosed-tabs":
        "A group of tabs ends at a line `---`. Without it, it is open where the common part of the document goes on; docent ends it at the next heading above its level, at the end of its zone, or where \
         one of its tabs comes a second time.";
    UNCLOSED_ZONE = Warning "unclosed-zone":
        "The lines `::: zone pivot=\"…\"` and `::: zone-end` come in pairs. A zone without an end takes in all that follows, so that it is skipped when another zone runs.";
    UNBALANCED_RANGE = Error "unbalanced-range":
        "`docent-begin:` and `docent-end` come in pairs, one inside the other, and a range that starts in a tab or zone ends in it. Here one of a pair is missing.";
    UNBOUND_DIRECTIVE = Error "unbound-directive":
        "A `docent:` comment binds to the step below it. Here there is none, or a heading or a code block that is not executable comes first. A range of `docent-begin:` and `docent-end` needs a step in it.";
    DUPLICATE_STEP_NAME = Error "duplicate-step-name":
        "Two steps have the same `name`. Reports and filters could not tell them apart.";
    UNKNOWN_STEP = Error "unknown-step":
        "`expect-failure`, `stop`, `needs` or `after` names a step that the document does not have. `docent list` prints the ids.";
    BROKEN_VARIABLE = Warning "broken-variable":
        "A line of a `variables` comment or of the `.ini` file beside the document is not `NAME=value`. It is ignored, and steps that rely on it find the variable unset.";
    UNEXPANDED_VARIABLE = Warning "unexpanded-variable":
        "The value contains `$` or a backquote. Variables of comments and `.ini` files are taken literally: nothing is expanded and no command runs. Set the variable in a step instead.";
    NO_STEPS = Warning "no-steps":
        "The document has no executable code block, so running it checks nothing. Executable tags are, in any case: bash, sh, shell, azurecli, azurecli-interactive and a few variants.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_kebab_case() {
        for (index, defect) in DEFECTS.iter().enumerate() {
            assert!(defect.code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'), "{}", defect.code);
            assert!(DEFECTS[..index].iter().all(|earlier| earlier.code != defect.code), "{} twice", defect.code);
        }
    }

    #[test]
    fn a_code_leads_to_its_page() {
        assert!(defect("invalid-regex").is_some_and(|defect| defect.page.contains("look-around")));
        assert_eq!(defect("no-such-code"), None);
    }
}
