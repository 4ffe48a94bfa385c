//! Runbooks as test cases: `cargo test` trials, and one check for an ordinary `#[test]`.
