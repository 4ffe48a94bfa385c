//! What a document holds besides prose: its code blocks, run or not, and its directives, as they are written.

use crate::diagnostic::SourceFile;

use super::annotation;
use super::front_matter::front_matter;
use super::markdown::{BlockKind, blocks};
use super::tag::tag;
use super::variables;

/// The code blocks and directives of a document, in document order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outline {
    /// Fenced code blocks.
    pub fences: Vec<Fenced>,
    /// Comments that speak to docent; `expected_similarity` is not among them.
    pub directives: Vec<Directive>,
}

/// A fenced code block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fenced {
    /// The 1-based document line of its opening fence.
    pub line: usize,
    /// Its tag as written; may be empty.
    pub tag: String,
    /// The code, container indentation removed.
    pub content: String,
}

/// A comment that speaks to docent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// Its 1-based document line.
    pub line: usize,
    /// What it says, each run of white space one blank.
    pub text: String,
}

/// Reads what stands in a document besides prose. Never fails.
pub fn outline(source: &SourceFile) -> Outline {
    let body_start = front_matter(source, &mut Vec::new()).body_start;
    let mut outline = Outline::default();
    for block in blocks(&source.text()[body_start..], body_start) {
        let line = source.line(block.span.start);
        match block.kind {
            BlockKind::Fence(fence) => {
                outline.fences.push(Fenced { line, tag: tag(&fence.info).to_owned(), content: fence.content });
            }
            BlockKind::Comment(comment) => {
                let speaks = annotation::scope(&comment.body).is_some() || !variables::comment_blocks(&comment.body).is_empty();
                if speaks {
                    let text = comment.body.split_whitespace().collect::<Vec<_>>().join(" ");
                    outline.directives.push(Directive { line, text });
                }
            }
            _ => {}
        }
    }
    outline
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_blocks_of_all_kinds_and_directives_are_listed() {
        let text = "---\na: b\n---\n# T\n\n<!-- docent:  skip\n timeout=1m -->\n```bash x\nls\n```\n\n<!-- expected_similarity=0.3 -->\n```\nb\n```\n<!-- no -->\n";
        let outline = outline(&SourceFile::new("a.md", text));
        let fences: Vec<_> = outline.fences.iter().map(|fence| (fence.line, fence.tag.as_str(), fence.content.as_str())).collect();
        assert_eq!(fences, [(8, "bash", "ls\n"), (13, "", "b\n")]);
        assert_eq!(outline.directives, [Directive { line: 6, text: "docent: skip timeout=1m".to_owned() }]);
    }
}
