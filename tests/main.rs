//! The integration tests: a file per feature, helpers in `support/`.

mod acting;
mod architecture;
mod article;
mod bad_input;
mod clients;
mod consumer;
mod directives;
mod documentation;
mod hazards;
mod incumbent;
mod interruptions;
mod journal;
mod leftovers;
mod links;
mod lint;
mod load_bearing;
mod prerequisites;
mod registries;
mod retries;
mod sameness;
mod sandbox;
mod secrets;
mod support;
mod truth;
