//! Behaviour through the pipeline.
