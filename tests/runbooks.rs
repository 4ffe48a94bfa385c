//! Runs `runbooks/` as test cases.

fn main() {}
