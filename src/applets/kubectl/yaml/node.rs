//! What a document is made of, before types are resolved.

/// One node; aliases point into the table of anchored nodes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Scalar {
        /// The long form of an explicit tag, empty without one.
        tag: String,
        /// Plain and untagged: the text decides the type.
        implicit: bool,
        value: String,
    },
    Sequence(Vec<Node>),
    /// Keys and values in document order.
    Mapping(Vec<(Node, Node)>),
    /// An index into [`Document::anchored`].
    Alias(usize),
}

/// A document with the nodes that aliases name.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) root: Node,
    pub(super) anchored: Vec<Option<Node>>,
    /// The names of `anchored`, for messages.
    pub(super) names: Vec<String>,
}

impl Node {
    /// What stands where nothing was written.
    pub(super) fn empty() -> Self {
        Self::Scalar { tag: String::new(), implicit: true, value: String::new() }
    }
}
