//! Shell text → statements, assignments, captures and uses, with spans (tree-sitter-bash). Pure.
