//! The few lines of bash around each block. Pure: paths and values in, script text out.
//!
//! Rules that were measured: builtins are named as `\builtin X`, because a document may define a function or an alias called
//! `printf` or even `.`; blocks are sourced, not evaluated in a function, so `declare` stays global and messages carry the block's
//! own line numbers; the block's text is a file of its own, so an open quote or a dangling backslash cannot swallow the driver;
//! nothing external is started. `-e` is really on in a block that stops at failures, and the ERR trap turns it off before it
//! returns, because otherwise the shell would exit at the driver's own line.

use std::borrow::Cow;

use super::failure::all_ask;
use crate::bash::{Command, Place, Script, Watch, WatchKind, exit_status, watches};

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
    /// Runs behind what is watched.
    pub(in crate::shell) const WATCH: &str = "w";
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
///
/// The watch script makes it fire in a capture to learn whether bash ignores failures there; its own status is none of interest.
const ERR_TRAP: &str = r#"__docent_s=$?; if [[ $__docent_k ]]; then \builtin printf "%s\0" "$__docent_n" P "$__docent_b" "$BASH_SUBSHELL" "$__docent_f" "$__docent_k" "$((${#BASH_SOURCE[@]}-__docent_z))" "${BASH_LINENO[${#BASH_SOURCE[@]}-3]}" "${BASH_LINENO[*]}" "${#__docent_p[@]}" "${__docent_p[@]}" 2>/dev/null >>"$__docent_d/c"; elif [[ $BASH_COMMAND != ?builtin\ .\ ??{__docent_v-* ]]; then if ((BASH_SUBSHELL==0)); then case $- in *e*) \builtin set +e; __docent_e=1; __docent_r=1;; esac; fi; if ((${#BASH_SOURCE[@]}>1)) && [[ $__docent_b ]]; then \builtin printf "%s\0" "$__docent_n" F "$__docent_b" "$__docent_s" "$BASH_SUBSHELL" "$__docent_r" "${#BASH_SOURCE[@]}" "$LINENO" "${BASH_LINENO[${#BASH_SOURCE[@]}-3]}" "${BASH_LINENO[*]}" "${BASH_SOURCE[0]}" "${BASH_COMMAND:0:800}" 2>/dev/null >>"$__docent_d/c"; if [[ $__docent_t ]] && ((BASH_SUBSHELL==0)) && ((${#BASH_SOURCE[@]}==2)); then (\builtin exit "$__docent_s"); \builtin eval "$__docent_t"; fi; if ((BASH_SUBSHELL==0)) && [[ $__docent_r ]]; then \builtin return "$__docent_s"; fi; fi; fi"#;

/// Runs behind what is watched, with its number as the argument, and hands its status on.
///
/// `p` and a name: a pipeline in a capture, of which the ERR trap knows whether bash ignores failures there. `d`: one of the block itself,
/// where the text tells. `f` and behind it `q`: one in a function; between them stands a test at which the trap stays silent when the
/// function is called as a condition. `A`, `a`: a list likewise, whose status `r` hands on, because here it must not count. `w`: a `wait`
/// comes. `l`, `L`, `x`: the block or the capture is left, which is reported before.
const WATCH: &str = r#"__docent_q=$? __docent_p=("${PIPESTATUS[@]}") __docent_z=1
case $-$BASH_SUBSHELL in *e*) __docent_f=e;; *0) __docent_f=;; *) __docent_f=s;; esac
case $1 in
l*|L*) \builtin printf '%s\0' "$__docent_n" L "$__docent_b" "$BASH_SUBSHELL" "${1#?}" >>"$__docent_d/c"
case $1 in L*) \builtin return 0;; esac;;
x*) __docent_p=("$2") __docent_k=${1#?}; [[ 0 == 1 ]]; __docent_k=; \builtin return 0;;
r) \builtin return "$__docent_a";;
w*) \builtin jobs >|"$__docent_d/j" 2>/dev/null
while IFS=" " \builtin read -r __docent_l __docent_f __docent_w; do
__docent_l=${__docent_l#?} __docent_p=0
case $__docent_f in
Exit) __docent_p=${__docent_w%%[!0-9]*} __docent_w=${__docent_w#"$__docent_p"};;
Running) \builtin wait "%${__docent_l%%]*}" 2>/dev/null || __docent_p=$?;;
esac
if [[ $__docent_p != 0 ]]; then \builtin printf '%s\0' "$__docent_n" B "$__docent_b" "$BASH_SUBSHELL" "${1#?}" "$__docent_p" "$__docent_w" >>"$__docent_d/c"; fi
done <"$__docent_d/j"
\builtin return 0;;
q) __docent_k=; if [[ $__docent_g ]]; then \builtin set -e; fi; \builtin return "$__docent_a";;
f*) __docent_a=$__docent_q __docent_g=
if [[ $__docent_q == 0 && "${__docent_p[*]}" == *[1-9]* ]]; then
__docent_k=${1#?} __docent_z=0
case $- in *e*) __docent_g=1; \builtin set +e;; esac
fi
\builtin return 0;;
a*|A*) __docent_a=$__docent_q __docent_p=("$__docent_q")
if [[ $__docent_q != 0 && $__docent_f ]]; then
case $1$__docent_f in
a*s) __docent_k=${1#?}; [[ 0 == 1 ]]; __docent_k=;;
*) \builtin printf '%s\0' "$__docent_n" P "$__docent_b" "$BASH_SUBSHELL" "$__docent_f" "${1#?}" "$((${#BASH_SOURCE[@]}-1))" "${BASH_LINENO[${#BASH_SOURCE[@]}-3]}" "${BASH_LINENO[*]}" "${#__docent_p[@]}" "${__docent_p[@]}" >>"$__docent_d/c";;
esac
fi
\builtin return 0;;
*) if [[ $__docent_q == 0 && "${__docent_p[*]}" == *[1-9]* ]]; then
case $1$__docent_f in
p*s) __docent_k=${1#?}; [[ 0 == 1 ]]; __docent_k=;;
*) \builtin printf '%s\0' "$__docent_n" P "$__docent_b" "$BASH_SUBSHELL" "$__docent_f" "${1#?}" "$((${#BASH_SOURCE[@]}-1))" "${BASH_LINENO[${#BASH_SOURCE[@]}-3]}" "${BASH_LINENO[*]}" "${#__docent_p[@]}" "${__docent_p[@]}" >>"$__docent_d/c";;
esac
fi;;
esac
\builtin return "$__docent_q"
"#;

/// The script behind what is watched.
pub(super) fn watch() -> &'static str {
    WATCH
}

/// What is put behind watched bytes starts with this; after it comes the watch's name. A function that the document exports takes it
/// to a shell where our variables are unset.
const WATCH_CALL: &str = "\\builtin . \"${__docent_v-/dev/null}\" ";

/// Behind the call that hands the status of a list on: as the left side of `&&` it stops nothing, as the list itself did not.
const LIST_END: &str = " && \\builtin :";

/// Stands in the function itself: only there bash knows whether it ignores failures.
const IN_FUNCTION: &str = "; [[ ! ${__docent_k-} ]]; ";

/// A command as the document wrote it: bash reports captures together with what was put into them.
pub(super) fn unwatched(command: &str) -> String {
    let mut text = command.to_owned();
    while let Some(start) = text.find(WATCH_CALL) {
        let after = start + WATCH_CALL.len();
        let name = text[after..].bytes().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b' ')).count();
        let before = text[..start].trim_end();
        match before.strip_suffix('{') {
            // `{ CALL; exit 3; }`
            Some(outside) => {
                let end = after + name + text[after + name..].starts_with(';') as usize;
                let outside = outside.len();
                if let Some(brace) = text[end..].find("; }") {
                    text.replace_range(end + brace..end + brace + 3, "");
                }
                let blank = text[end..].len() - text[end..].trim_start().len();
                text.replace_range(outside..end + blank, "");
            }
            None => {
                let before = before.trim_end_matches(';').trim_end().len();
                let end = after + text[after..after + name].trim_end().len();
                let rest = text[end..].strip_prefix(LIST_END).or_else(|| text[end..].strip_prefix(IN_FUNCTION.trim_end()));
                let end = rest.map_or(end, |rest| text.len() - rest.len());
                text.replace_range(before..end, "");
            }
        }
    }
    text.chars().take(400).collect()
}

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
pub(super) fn block_line(directory: &str, number: usize, arm_exit: bool, has_input: bool) -> String {
    let exit = if arm_exit { 1 } else { 0 };
    let d = quote(directory);
    let input = if has_input { format!("{d}/n{number}") } else { "/dev/null".to_owned() };
    format!(
        "__docent_b={number} __docent_x={exit};\\builtin . {d}/{};\\builtin . {d}/b{number} <{input} >|{d}/o{number} 2>|{d}/e{number};\\builtin . {d}/{};case $- in *r*)\\builtin kill -{RESTRICTED} $$;;esac\n",
        file::BEFORE,
        file::AFTER
    )
}

/// The signal by which a shell ends itself that a block has made a restricted one: such a shell refuses to run the next script. Nobody else
/// uses it. Source: signal(7), SIGVTALRM.
pub(super) const RESTRICTED: i32 = 26;

/// The line that runs the restore file in a running shell, and tells that it has. A DEBUG trap is seen and taken away at the top only.
pub(super) fn undo_line(directory: &str) -> String {
    let d = quote(directory);
    format!(
        "\\builtin trap - DEBUG RETURN;\\builtin . {d}/{} >/dev/null 2>&1 </dev/null;\\builtin . {d}/{} >|{d}/{} 2>/dev/null;\\builtin printf '%s\\0' \"$__docent_n\" D 0 >>{d}/{}\n",
        file::RESTORE,
        file::CHECKPOINT_SCRIPT,
        file::CHECKPOINT,
        file::REPORTS
    )
}

/// The line that ends the shell as it stands, without a trap.
pub(super) const KILL_LINE: &str = "\\builtin kill -KILL $$\n";

/// What comes before a block: our traps in place, and `-e` as the last block left it.
pub(super) fn before() -> String {
    format!(
        "if ((__docent_x)); then \\builtin trap '{EXIT_TRAP}' EXIT; fi\n\
         __docent_r= __docent_k=\n\
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

/// The text of a block as it is run, and what is watched in it. A statement at its top that sets an ERR trap is followed, on the same
/// line, by the line that takes it over; what is watched, by a call of the watch script. Lines keep their numbers.
pub(super) fn block(number: usize, script: &str) -> (Cow<'_, str>, Vec<Watch>) {
    let watched = watches(script);
    let mut edits: Vec<Edit> =
        traps(script).into_iter().map(|end| Edit::behind(end, 0, format!("; \\builtin . \"$__docent_d/{}\"", file::TAKE_OVER))).collect();
    // A function that is exported or printed would take what is put into it elsewhere.
    let functions_travel = ["export -f", "declare -f", "typeset -f", "declare -x", "type "].iter().any(|word| script.contains(word));
    for (index, watch) in watched.iter().enumerate().filter(|(_, watch)| !(watch.in_function && functions_travel)) {
        let (start, end, name) = (watch.span.start, watch.span.end, format!("{number}.{index}"));
        let behind = |text: String| Edit::behind(end, start, text);
        let around =
            |before: String, after: &str| [Edit::before(start, format!("{{ {before}")), Edit::behind(end, start, format!("{after}; }}"))];
        match watch.kind {
            WatchKind::Pipeline if watch.in_function => edits.push(behind(format!("; {WATCH_CALL}f{name}{IN_FUNCTION}{WATCH_CALL}q"))),
            WatchKind::Pipeline if watch.place != Place::Capture => edits.push(behind(format!("; {WATCH_CALL}d{name}"))),
            WatchKind::Pipeline | WatchKind::Unseen => edits.push(behind(format!("; {WATCH_CALL}p{name}"))),
            WatchKind::PipelineInList => edits.extend(around(String::new(), &format!("; {WATCH_CALL}d{name}"))),
            // What only asks fails as an answer; and a function may travel where nothing hands the status on.
            WatchKind::AndList if watch.in_function || all_ask(&watch.parts[..watch.parts.len() - 1]) => {}
            WatchKind::AndList => {
                let letter = if watch.place == Place::Capture { 'a' } else { 'A' };
                edits.push(behind(format!("; {WATCH_CALL}{letter}{name}; {WATCH_CALL}r{LIST_END}")));
            }
            WatchKind::Wait => edits.extend(around(format!("{WATCH_CALL}w{name}; "), "")),
            WatchKind::Leave => {
                let text = &watch.parts[0].text;
                let call = match (watch.place, exit_status(text)) {
                    (Place::Capture, Some(status)) => format!("x{name} {status}"),
                    // A status that is written out does not depend on the command before.
                    _ if text.starts_with("exec") || text.ends_with(|last: char| last.is_ascii_digit()) => format!("L{name}"),
                    _ => format!("l{name}"),
                };
                edits.extend(around(format!("{WATCH_CALL}{call}; "), ""));
            }
        }
    }
    if edits.is_empty() {
        return (Cow::Borrowed(script), watched);
    }
    edits.sort_by_key(|edit| (edit.at, std::cmp::Reverse(edit.from)));
    let mut text = String::with_capacity(script.len() + 64 * edits.len());
    let mut copied = 0;
    for edit in edits {
        let at = edit.at.min(script.len());
        text.push_str(&script[copied..at]);
        text.push_str(&edit.text);
        copied = at;
    }
    text.push_str(&script[copied..]);
    (Cow::Owned(text), watched)
}

/// Something put into a block.
struct Edit {
    at: usize,
    /// Where what it belongs to begins: of two at one place, the inner comes first.
    from: usize,
    text: String,
}

impl Edit {
    fn before(at: usize, text: String) -> Self {
        Self { at, from: 0, text }
    }

    fn behind(at: usize, from: usize, text: String) -> Self {
        Self { at, from, text }
    }
}

/// The ends of the statements at the top that set an ERR trap.
fn traps(script: &str) -> Vec<usize> {
    if !(script.contains("trap") && script.contains("ERR")) {
        return Vec::new();
    }
    let analysed = Script::parse(script);
    let sets_trap = |command: &&Command| command.name() == Some("trap") && command.words.iter().skip(2).any(|word| word.text == "ERR");
    let traps: Vec<usize> = analysed.commands().iter().filter(sets_trap).map(|command| command.span.end).collect();
    analysed.statements().iter().map(|statement| statement.span.end).filter(|end| traps.contains(end)).collect()
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
    script.push_str("((BASH_VERSINFO[0]>=5)) && BASH_ARGV0=bash\n");
    if start.restore {
        script.push_str(&format!("\\builtin . {directory}/{}\n", file::RESTORE));
    } else {
        script.push_str(&format!("__docent_k= __docent_t= __docent_e={}\n", if start.errexit { "1" } else { "" }));
        if let Some(seed) = start.seed {
            script.push_str(&format!("RANDOM={seed}\n"));
        }
    }
    script.push_str(&format!("__docent_d={directory} __docent_v={directory}/w __docent_n={nonce} __docent_b=\n"));
    script.push_str(&format!("\\builtin trap '{ERR_TRAP}' ERR\n\\builtin trap -p ERR >|\"$__docent_d/u\"\n"));
    script.push_str("{ IFS= \\builtin read -r -d \"\" __docent_o || :; } <\"$__docent_d/u\"\n");
    script.push_str("\\builtin . \"$__docent_d/k\" >|\"$__docent_d/t\" 2>/dev/null\n");
    script.push_str(
        "\\builtin printf '%s\\0' \"$__docent_n\" H \"${BASH_VERSINFO[0]}\" \"${BASH_VERSINFO[1]}\" \"$BASH_VERSION\" >>\"$__docent_d/c\"\n",
    );
    script
}

/// The line that gives a variable a value, as a document's own `export` would.
pub(super) fn export(name: &str, value: &str) -> String {
    format!("\\builtin export {name}={}\n", quote(value))
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
        let (text, _) = block(1, "trap 'echo \"x\"; false' ERR # why\nfalse\nif :; then trap : ERR; fi");
        assert_eq!(text, "trap 'echo \"x\"; false' ERR; \\builtin . \"$__docent_d/m\" # why\nfalse\nif :; then trap : ERR; fi");
        assert!(matches!(block(1, "trap 'echo' EXIT"), (Cow::Borrowed(_), _)));
    }

    #[test]
    fn what_is_watched_keeps_its_lines_and_comes_out_of_reports_as_it_was_written() {
        let script = "X=$(a |\n  b) # c\n[ x ] || exit 3\necho";
        let (text, watched) = block(7, script);
        let call = WATCH_CALL;
        let expected = format!("X=$(a |\n  b; {call}p7.0) # c\n[ x ] || {{ {call}L7.1; exit 3; }}\necho");
        assert_eq!((&*text, watched.len()), (&*expected, 2));
        let (text, _) = block(7, "a | b && c\n[ x ] && d\nwait\ne && exit 3");
        let expected = format!(
            "{{ a | b; {call}d7.0; }} && c; {call}A7.1; {call}r && \\builtin :\n[ x ] && d\n{{ {call}w7.3; wait; }}\n\
             e && {{ {call}L7.5; exit 3; }}; {call}A7.4; {call}r && \\builtin :"
        );
        assert_eq!(text, expected);
        assert_eq!(unwatched(&format!("X=$(a && b; {call}a7.1; {call}r && \\builtin :)")), "X=$(a && b)");
        assert_eq!(unwatched(&format!("X=$(a | b; {call}p7.0)")), "X=$(a | b)");
        let (text, _) = block(7, "f() { a | b; }");
        assert_eq!(unwatched(&text), "f() { a | b; }");
        assert_eq!(unwatched("X=$(a || { \\builtin . \"${__docent_v-/dev/null}\" x7.0 3; exit 3; })"), "X=$(a || exit 3)");
    }

    #[test]
    fn a_directory_with_a_quote_stays_one_word() {
        assert!(block_line("/d", 3, false, true).contains("/b3 <'/d'/n3 >|"));
        assert!(block_line("/tmp/it's", 3, false, false).contains("; \\builtin . '/tmp/it'\\''s'/b3 <".trim_start_matches("; ")));
    }
}
