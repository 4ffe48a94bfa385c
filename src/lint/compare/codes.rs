//! What can be found when a document is compared with its source: a code each, with the page that `docent explain` prints.

use crate::{diagnostic::Severity, runbook::Defect};

macro_rules! drifts {
    ($($name:ident = $severity:ident $code:literal: $page:literal;)*) => {
        $(pub(super) const $name: Defect = Defect { code: $code, severity: Severity::$severity, page: $page };)*
        /// Every kind of difference between a document and its source.
        pub static DRIFTS: &[&Defect] = &[$(&$name),*];
    };
}

drifts! {
    OTHER_DOCUMENT = Error "other-document":
        "The two documents have next to no statement in common. Most likely the wrong file was given, or the wrong document was published under this name.";
    STATEMENT_MISSING = Warning "statement-missing":
        "A statement of the source is not in this document. Either the source has got it since, or a fence was lost here and the statement became prose: then the message says where it stands.";
    STATEMENT_EXTRA = Warning "statement-extra":
        "A statement of this document is not in the source. Most often the source has dropped it since; what it did may be wrong by now.";
    STATEMENT_CHANGED = Warning "statement-changed":
        "A statement differs from the one that corresponds to it in the source. Comments, indentation and line breaks between words do not count. Code is not translated: take over the source's.";
    STATEMENT_MOVED = Advice "statement-moved":
        "A statement stands in another place of the order than in the source. Harmless for a variable that is set earlier than it need be; not for one that is set after its use.";
    HERE_DOCUMENT_CHANGED = Warning "here-document-changed":
        "The statement is that of the source, and the text that it hands over as a here-document is another one. Lines that are comments do not count.";
    BLOCKS_DIVIDED_OTHERWISE = Advice "blocks-divided-otherwise":
        "The statements are those of the source, but stand together in other blocks. A block stops at its first failing command, and an expected output belongs to a block, so this may matter.";
    TAG_CHANGED = Warning "tag-changed":
        "A code block has the source's content and another tag. The tag decides whether the block runs and how an output is read; it is not translated.";
    BLOCK_MISSING = Warning "block-missing":
        "A code block that does not run, such as a file that is shown, stands in the source and not here; or the other way round.";
    BLOCK_CHANGED = Warning "block-changed":
        "A code block that does not run, such as a file that is shown, differs from the source's.";
    EXPECTATION_MISSING = Warning "expectation-missing":
        "The source expects an output here and this document does not; or the other way round. What the source checks is not checked.";
    EXPECTATION_CHANGED = Warning "expectation-changed":
        "An expected output, its threshold, its pattern or the way of comparing differs from the source's. Outputs of programs are not translated.";
    DIRECTIVE_CHANGED = Warning "directive-changed":
        "A `docent:` comment of the source is missing here, says something else, or stands before another step.";
}
