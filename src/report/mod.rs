//! Events → bytes. Owns all wording and every serialised shape.
