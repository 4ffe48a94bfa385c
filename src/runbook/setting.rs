//! What one key of a directive sets, and where it goes.

use std::time::Duration;

use super::model::{
    Background, Backoff, Capture, Comparison, Exact, ExitExpectation, ExpectedFailure, FileDirectives, Format, Principal, Requirement,
    Role, StepDirectives, StreamChoice, Tenant,
};
use super::view::TargetName;

/// The value of one key.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Setting {
    Skip(String),
    Timeout(Duration),
    Wait(Duration),
    Eventually(Duration),
    Every(Duration),
    Retry(u32),
    Backoff(Backoff),
    Needs(Vec<String>),
    After(Vec<String>),
    ExpectExit(ExitExpectation),
    ExpectStderr(String),
    ExpectFailure(ExpectedFailure),
    Name(String),
    Secrets(Vec<String>),
    Only(Vec<TargetName>),
    Interactive,
    Principal(Principal),
    Tenant(Tenant),
    Role(Role),
    Background,
    Ready(String),
    Stop(Vec<String>),
    Stdin(String),
    Capture(Capture),
    /// Conditions, and the documents among them.
    Requires(Vec<Requirement>, Vec<String>),
    LintDisable(Vec<String>),
    Tabs(Vec<String>),
    Zones(Vec<String>),
    Ignore(Vec<String>),
    Exact(Exact),
    Unordered,
    Format(Format),
    Stream(StreamChoice),
}

impl Setting {
    /// Writes it into what is known of a step; what speaks of something else changes nothing.
    pub(super) fn apply_to_step(&self, step: &mut StepDirectives) {
        match self {
            Self::Skip(reason) => step.skip = Some(reason.clone()),
            Self::Timeout(time) => step.timeout = Some(*time),
            Self::Wait(time) => step.wait = Some(*time),
            Self::Eventually(time) => step.eventually = Some(*time),
            Self::Every(time) => step.every = Some(*time),
            Self::Retry(times) => step.retry = Some(*times),
            Self::Backoff(backoff) => step.backoff = Some(*backoff),
            Self::Needs(ids) => add(&mut step.needs, ids),
            Self::After(ids) => add(&mut step.after, ids),
            Self::ExpectExit(status) => step.expect_exit = Some(*status),
            Self::ExpectStderr(text) => step.expect_stderr = Some(text.clone()),
            Self::Secrets(names) => add(&mut step.secrets, names),
            Self::Principal(principal) => step.principal = Some(principal.clone()),
            Self::Role(role) => step.role = *role,
            Self::Background => {
                step.background.get_or_insert_with(Background::default);
            }
            Self::Ready(text) => step.background.get_or_insert_with(Background::default).ready = Some(text.clone()),
            Self::Stop(ids) => add(&mut step.stop, ids),
            Self::Stdin(text) => step.stdin = Some(text.clone()),
            Self::Capture(capture) => {
                // One that speaks of this target takes the place of the one for all.
                step.captures.retain(|other| other.name != capture.name);
                step.captures.push(capture.clone());
            }
            Self::Requires(requirements, _) => add(&mut step.requires, requirements),
            Self::LintDisable(rules) => add(&mut step.lint_disable, rules),
            Self::ExpectFailure(_)
            | Self::Name(_)
            | Self::Only(_)
            | Self::Interactive
            | Self::Tenant(_)
            | Self::Tabs(_)
            | Self::Zones(_)
            | Self::Ignore(_)
            | Self::Exact(_)
            | Self::Unordered
            | Self::Format(_)
            | Self::Stream(_) => {}
        }
    }

    /// Writes it into what is known of the document; what speaks of a step changes nothing.
    pub(super) fn apply_to_file(&self, file: &mut FileDirectives) {
        match self {
            Self::Timeout(time) => file.timeout = Some(*time),
            Self::ExpectFailure(failure) => file.expected_failures.push(failure.clone()),
            Self::Secrets(names) => add(&mut file.secrets, names),
            Self::Requires(requirements, _) => add(&mut file.requires, requirements),
            Self::LintDisable(rules) => add(&mut file.lint_disable, rules),
            Self::Tenant(tenant) => file.tenant = *tenant,
            _ => {}
        }
    }

    /// Writes it into a comparison; what speaks of something else changes nothing.
    pub(super) fn apply_to_comparison(&self, comparison: &mut Comparison) {
        match self {
            Self::Ignore(paths) => add(&mut comparison.ignore, paths),
            Self::Exact(exact) => comparison.exact = exact.clone(),
            Self::Unordered => comparison.unordered = true,
            Self::Format(format) => comparison.format = Some(*format),
            Self::Stream(stream) => comparison.stream = *stream,
            _ => {}
        }
    }
}

/// Appends what is not there yet.
fn add<T: Clone + PartialEq>(list: &mut Vec<T>, more: &[T]) {
    for one in more {
        if !list.contains(one) {
            list.push(one.clone());
        }
    }
}
