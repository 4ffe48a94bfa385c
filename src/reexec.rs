//! The other programs that this program is: the shell's helper, and the built-in clients.
//!
//! A step's shell is started through docent itself, and so are `az` and `kubectl` in a step. Whatever program links docent can
//! be the one: it calls [`intercept`] first, or, with feature `harness`, an initialiser does so before `main` (the `main` of an
//! ordinary test program is not ours).

/// Becomes another program, and never returns, when this process was started as one. Otherwise does nothing, in microseconds.
pub fn intercept() {
    crate::shell::helper::intercept();
    #[cfg(feature = "embedded")]
    crate::applets::intercept();
}

/// Makes sure that the linker keeps the initialiser wherever shells are started.
pub(crate) fn keep() {
    #[cfg(all(any(test, feature = "harness"), target_os = "linux"))]
    std::hint::black_box(&initialiser::BEFORE_MAIN);
}

#[cfg(all(any(test, feature = "harness"), target_os = "linux"))]
mod initialiser {
    /// Run by the C library before `main`. The standard library fills in the arguments from an earlier entry of the same table.
    #[used]
    #[expect(unsafe_code, reason = "an entry of the table of initialisers can be named in no other way; the function is an ordinary one")]
    #[unsafe(link_section = ".init_array")]
    pub(super) static BEFORE_MAIN: extern "C" fn() = before_main;

    extern "C" fn before_main() {
        super::intercept();
    }
}
