//! The emulated Azure, usable alone.
