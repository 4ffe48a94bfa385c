//! The rules, a file each.

mod broken_continuation;
mod broken_here_document;
mod contradicted_expectation;
mod empty_query;
mod endless_command;
mod fixed_unique_name;
mod invalid_az_value;
mod invalid_query;
mod masked_capture;
mod masked_pipeline;
mod missing_az_option;
mod prompt_sign;
mod repeated_creation;
mod resource_left_behind;
mod secret_in_output;
mod self_failing_expectation;
mod shared_expectation;
mod toothless_expectation;
mod typographic_character;
mod unanswered_prompt;
mod undefined_variable;
mod unexported_variable;
mod unfilled_placeholder;
mod unknown_az_command;
mod unknown_az_option;
mod unknown_lint_rule;
mod unknown_manifest_field;
pub(super) mod unused_lint_switch;

use super::rule::Rule;
use crate::diagnostic::Severity;

macro_rules! rules {
    ($($module:ident = $severity:ident $code:literal;)*) => {
        /// Every rule.
        pub static RULES: &[&Rule] = &[$(&Rule {
            code: $code,
            severity: Severity::$severity,
            source: include_str!(concat!(stringify!($module), ".rs")),
            check: $module::check,
        }),*, &unused_lint_switch::RULE];
    };
}

rules! {
    undefined_variable = Warning "undefined-variable";
    unexported_variable = Warning "unexported-variable";
    empty_query = Warning "empty-query";
    masked_capture = Advice "masked-capture";
    masked_pipeline = Advice "masked-pipeline";
    contradicted_expectation = Warning "contradicted-expectation";
    shared_expectation = Advice "shared-expectation";
    self_failing_expectation = Warning "self-failing-expectation";
    toothless_expectation = Warning "toothless-expectation";
    secret_in_output = Warning "secret-in-output";
    unanswered_prompt = Warning "unanswered-prompt";
    endless_command = Warning "endless-command";
    unfilled_placeholder = Warning "unfilled-placeholder";
    prompt_sign = Warning "prompt-sign";
    typographic_character = Warning "typographic-character";
    broken_continuation = Warning "broken-continuation";
    broken_here_document = Warning "broken-here-document";
    unknown_manifest_field = Warning "unknown-manifest-field";
    unknown_az_command = Warning "unknown-az-command";
    missing_az_option = Warning "missing-az-option";
    unknown_az_option = Warning "unknown-az-option";
    unknown_lint_rule = Warning "unknown-lint-rule";
    invalid_az_value = Warning "invalid-az-value";
    invalid_query = Warning "invalid-query";
    repeated_creation = Warning "repeated-creation";
    fixed_unique_name = Warning "fixed-unique-name";
    resource_left_behind = Advice "resource-left-behind";
}
