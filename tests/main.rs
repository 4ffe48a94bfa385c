//! The integration tests: a file per feature, helpers in `support/`.

mod architecture;
mod documentation;
