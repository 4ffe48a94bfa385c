//! The few lines of bash around each block. Pure: paths and values in, script text out.
//!
//! Rules that were measured: builtins are named as `\builtin X`, because a document may define a function or an alias called
//! `printf` or even `.`; blocks are sourced, not evaluated in a function, so `declare` stays global and messages carry the block's
//! own line numbers; the block's text is a file of its own, so an open quote or a dangling backslash cannot swallow the driver;
//! nothing external is started. `-e` is really on in a block that stops at failures, and the ERR trap turns it off before it
//! returns, because otherwise the shell would exit at the driver's own line.

use std::borrow::Cow;

use crate::bash::{Command, Script};

/// Files of the control directory.
pub(super) mod file {
    /// The FIFO that the ERR trap and the driver report to.
    pub(in crate::shell) const REPORTS: &str = "c";
    /// What comes before a block.
    pub(in crate::shell) const BEFORE: &str = "a";
    /// What comes after a block.
    pub(in crate::shell) const AFTER: &str = "p";
    /// Takes over an ERR trap that the document has set.
    pub(in crate::shell) const TAKE_OVER: &str = "m";
    /// Writes the checkpoint to standard output.
    pub(in crate::shell) const CHECKPOINT_SCRIPT: &str = "k";
    /// The checkpoint after a block.
    pub(in crate::shell) const CHECKPOINT: &str = "t";
    /// The checkpoint of a shell that exits.
    pub(in crate::shell) const CHECKPOINT_AT_EXIT: &str = "x";
    /// The first script of each shell.
    pub(in crate::shell) const START: &str = "i";
    /// The state that a new shell takes over.
    pub(in crate::shell) const RESTORE: &str = "r";
}

/// The ERR trap: report, run the document's own ERR trap, then leave the block when it is to stop. Free of single quotes, so bash
/// lists it as it stands here.
///
/// `BASH_SOURCE` holds the script and the block, so fewer than two mean that the driver's own line failed. In a subshell it only
/// reports. The document's trap sees the status, and fires where it would without `errtrace`: at the block's own level.
const ERR_TRAP: &str = r#"__docent_s=$?; if ((BASH_SUBSHELL==0)); then case $- in *e*) \builtin set +e; __docent_e=1; __docent_r=1;; esac; fi; if ((${#BASH_SOURCE[@]}>1)) && [[ $__docent_b ]]; then \builtin printf "%s\0" "$__docent_n" F "$__docent_b" "$__docent_s" "$BASH_SUBSHELL" "$__docent_r" "${#BASH_SOURCE[@]}" "$LINENO" "${BASH_LINENO[${#BASH_SOURCE[@]}-3]}" "${BASH_SOURCE[0]}" "${BASH_COMMAND:0:400}" 2>/dev/null >>"$__docent_d/c"; if [[ $__docent_t ]] && ((BASH_SUBSHELL==0)) && ((${#BASH_SOURCE[@]}==2)); then (\builtin exit "$__docent_s"); \builtin eval "$__docent_t"; fi; if ((BASH_SUBSHELL==0)) && [[ $__docent_r ]]; then \builtin return "$__docent_s"; fi; fi"#;

/// The EXIT trap: the state of a shell that exits. A document's own EXIT trap replaces it, and then the last checkpoint counts.
const EXIT_TRAP: &str =
    r#"case $- in *e*) __docent_e=1;; esac; \builtin set +e; __docent_b=; \builtin . "$__docent_d/k" >|"$__docent_d/x" 2>/dev/null"#;

/// Whether this action, as `trap -p` prints it, is our EXIT trap.
pub(super) fn is_our_exit_trap(quoted: &[u8]) -> bool {
    quoted == format!("'{EXIT_TRAP}'").as_bytes()
}

/// The line that runs block `number`. `arm_exit` puts our EXIT trap (back) in place; otherwise the one that is there stays.
///
/// The redirections stand here and not in a sourced driver, because otherwise bash undoes them before it runs an EXIT trap, whose
/// output then is lost (measured with 5.2). bash reads this line byte by byte, so it is short.
pub(super) fn block_line(directory: &str, number: usize, arm_exit: bool) -> String {
    let exit = if arm_exit { 1 } else { 0 };
    let d = quote(directory);
    format!(
        "__docent_b={number} __docent_x={exit};\\builtin . {d}/{};\\builtin . {d}/b{number} </dev/null >|{d}/o{number} 2>|{d}/e{number};\\builtin . {d}/{}\n",
        file::BEFORE,
        file::AFTER
    )
}

/// What comes before a block: our traps in place, and `-e` as the last block left it.
pub(super) fn before() -> String {
    format!(
        "if ((__docent_x)); then \\builtin trap '{EXIT_TRAP}' EXIT; fi\n\
         __docent_r=\n\
         \\builtin trap '{ERR_TRAP}' ERR\n\
         \\builtin set -E\n\
         if [[ $__docent_e ]]; then __docent_e=; \\builtin set -e; fi\n"
    )
}

/// Takes over the ERR trap that the document has set, if any, and puts ours back: the document's is run by ours from now on. Without
/// it a block that sets one would not stop at failures any more, and the trap would be lost at the next block. One that the
/// document takes away with `trap - ERR` is gone.
pub(super) fn take_over() -> String {
    format!(
        r#"\builtin trap -p ERR >|"$__docent_d/u"
{{ IFS= \builtin read -r -d "" __docent_w || :; }} <"$__docent_d/u"
if [[ $__docent_w != "$__docent_o" ]]; then
__docent_w=${{__docent_w#trap -- }}
\builtin eval "__docent_t=${{__docent_w% ERR*}}"
\builtin trap '{ERR_TRAP}' ERR
fi
"#
    )
}

/// The text of a block as it is run: a statement at its top that sets an ERR trap is followed, on the same line, by the line that
/// takes it over.
pub(super) fn block(script: &str) -> Cow<'_, str> {
    if !(script.contains("trap") && script.contains("ERR")) {
        return Cow::Borrowed(script);
    }
    let analysed = Script::parse(script);
    let sets_trap = |command: &&Command| command.name() == Some("trap") && command.words.iter().skip(2).any(|word| word.text == "ERR");
    let traps: Vec<usize> = analysed.commands().iter().filter(sets_trap).map(|command| command.span.end).collect();
    let ends = analysed.statements().iter().map(|statement| statement.span.end).filter(|end| traps.contains(end));
    let mut text = String::with_capacity(script.len() + 64);
    let mut copied = 0;
    for end in ends {
        text.push_str(&script[copied..end]);
        text.push_str(&format!("; \\builtin . \"$__docent_d/{}\"", file::TAKE_OVER));
        copied = end;
    }
    text.push_str(&script[copied..]);
    Cow::Owned(text)
}

/// What comes after a block: its status is kept, the state written, and the end reported.
pub(super) const AFTER: &str = r#"__docent_h=$?
case $- in *e*) __docent_e=1;; esac
\builtin set +e
__docent_b=
\builtin . "$__docent_d/m"
\builtin . "$__docent_d/k" >|"$__docent_d/t" 2>/dev/null
\builtin printf '%s\0' "$__docent_n" D "$__docent_h" >>"$__docent_d/c"
"#;

/// Writes the state of the shell in the order in which it must come back: `shopt` before functions (their bodies may need
/// `extglob`), options last. The nonce is in a variable so that nothing that the document can list differs between runs.
pub(super) const CHECKPOINT_SCRIPT: &str = r#"\builtin printf '#%s place\n\\builtin cd -- %q 2>/dev/null\n' "$__docent_n" "$PWD"
\builtin umask -p
\builtin shopt -p
\builtin printf '\n#%s variables\n' "$__docent_n"
\builtin declare -p
\builtin printf '\n#%s functions\n' "$__docent_n"
\builtin declare -f
\builtin declare -Fx
\builtin alias -p
\builtin printf '\\builtin set --'
if (($#)); then \builtin printf ' %q' "$@"; fi
\builtin printf '\n#%s traps\n' "$__docent_n"
\builtin trap -p
\builtin printf '#%s options\n' "$__docent_n"
\builtin set +o
\builtin printf '#%s end\n' "$__docent_n"
"#;

/// What a new shell is told before its first block.
#[derive(Debug, Clone, Copy)]
pub(super) struct Start<'a> {
    /// The control directory.
    pub directory: &'a str,
    /// Marks what comes from the driver; against accidents, not against malice.
    pub nonce: &'a str,
    /// Descriptors that the helper inherited from whoever started docent, to be closed.
    pub inherited: &'a [u32],
    /// Whether blocks stop at failures.
    pub errexit: bool,
    /// The first value of `RANDOM`.
    pub seed: Option<u32>,
    /// Take the state from the restore file.
    pub restore: bool,
}

/// The line that runs the start script. A plain `.`: no document has run yet, and another shell must be able to say that it is one.
pub(super) fn start_line(directory: &str) -> String {
    format!(". {}/{}\n", quote(directory), file::START)
}

/// The start script. Its first lines are understood by any shell.
pub(super) fn start(start: Start<'_>) -> String {
    let directory = quote(start.directory);
    let nonce = start.nonce;
    let mut script = format!("if [ -z \"$BASH_VERSION\" ]; then printf '%s\\0' {nonce} N >>{directory}/c; exit 1; fi\n");
    for descriptor in start.inherited {
        script.push_str(&format!("exec {descriptor}>&-\n"));
    }
    script.push_str("((BASH_VERSINFO[0]>=5)) && BASH_ARGV0=bash\n");
    if start.restore {
        script.push_str(&format!("\\builtin . {directory}/{}\n", file::RESTORE));
    } else {
        script.push_str(&format!("__docent_t= __docent_e={}\n", if start.errexit { "1" } else { "" }));
        if let Some(seed) = start.seed {
            script.push_str(&format!("RANDOM={seed}\n"));
        }
    }
    script.push_str(&format!("__docent_d={directory} __docent_n={nonce} __docent_b=\n"));
    script.push_str(&format!("\\builtin trap '{ERR_TRAP}' ERR\n\\builtin trap -p ERR >|\"$__docent_d/u\"\n"));
    script.push_str("{ IFS= \\builtin read -r -d \"\" __docent_o || :; } <\"$__docent_d/u\"\n");
    script.push_str("\\builtin . \"$__docent_d/k\" >|\"$__docent_d/t\" 2>/dev/null\n");
    script.push_str(
        "\\builtin printf '%s\\0' \"$__docent_n\" H \"${BASH_VERSINFO[0]}\" \"${BASH_VERSINFO[1]}\" \"$BASH_VERSION\" >>\"$__docent_d/c\"\n",
    );
    script
}

/// One shell word.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_traps_hold_no_single_quote_and_are_recognised() {
        assert!(!ERR_TRAP.contains('\'') && !EXIT_TRAP.contains('\''));
        assert!(is_our_exit_trap(format!("'{EXIT_TRAP}'").as_bytes()));
        assert!(!is_our_exit_trap(b"'echo mine'"));
    }

    #[test]
    fn a_trap_that_a_block_sets_is_taken_over_on_its_own_line() {
        let text = block("trap 'echo \"x\"; false' ERR # why\nfalse\nif :; then trap : ERR; fi");
        assert_eq!(text, "trap 'echo \"x\"; false' ERR; \\builtin . \"$__docent_d/m\" # why\nfalse\nif :; then trap : ERR; fi");
        assert!(matches!(block("trap 'echo' EXIT"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_directory_with_a_quote_stays_one_word() {
        assert!(block_line("/tmp/it's", 3, false).contains("; \\builtin . '/tmp/it'\\''s'/b3 <".trim_start_matches("; ")));
    }
}
