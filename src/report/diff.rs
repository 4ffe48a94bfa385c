//! What changed between two versions of a file with the same number of lines, as a unified diff.

use std::io::{self, Write};

use crate::report::style::{BAD, GOOD, NEXT, Painted, TITLE};

/// Unchanged lines around a change.
const CONTEXT_LINES: usize = 3;

/// A unified diff; nothing when the texts are the same.
///
/// Both texts have the same lines in the same places, as mends leave them; lines end with LF, CR LF or CR.
///
/// # Errors
/// When `out` cannot be written.
pub fn write_unified(out: &mut dyn Write, path: &str, before: &str, after: &str) -> io::Result<()> {
    let (before, after) = (lines(before), lines(after));
    let changed: Vec<usize> = (0..before.len().max(after.len())).filter(|line| before.get(*line) != after.get(*line)).collect();
    if changed.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}\n{}", Painted(TITLE, format_args!("--- {path}")), Painted(TITLE, format_args!("+++ {path}")))?;
    for hunk in changed.chunk_by(|one, next| next - one <= 2 * CONTEXT_LINES) {
        let start = hunk[0].saturating_sub(CONTEXT_LINES);
        let end = hunk[hunk.len() - 1] + 1 + CONTEXT_LINES;
        let (old_end, new_end) = (end.min(before.len()), end.min(after.len()));
        let header = format!("@@ -{},{} +{},{} @@", start + 1, old_end - start, start + 1, new_end - start);
        writeln!(out, "{}", Painted(NEXT, header))?;
        let mut at = start;
        while at < end {
            let run = (at..end).take_while(|line| before.get(*line) != after.get(*line)).count();
            for line in before.iter().take(at + run).skip(at) {
                write_line(out, '-', line)?;
            }
            for line in after.iter().take(at + run).skip(at) {
                write_line(out, '+', line)?;
            }
            at += run;
            if let (0, Some(line)) = (run, before.get(at)) {
                write_line(out, ' ', line)?;
            }
            at += usize::from(run == 0);
        }
    }
    Ok(())
}

fn write_line(out: &mut dyn Write, sign: char, line: &str) -> io::Result<()> {
    let (text, end) = match line.strip_suffix('\n') {
        Some(text) => (text, "\n"),
        // A lone CR would let the next line overwrite this one.
        None if line.ends_with('\r') => (line, "\n"),
        None => (line, "\n\\ No newline at end of file\n"),
    };
    let whole = format_args!("{sign}{text}");
    match sign {
        '-' => write!(out, "{}{end}", Painted(BAD, whole)),
        '+' => write!(out, "{}{end}", Painted(GOOD, whole)),
        _ => write!(out, "{whole}{end}"),
    }
}

/// The lines with their ends.
fn lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut start = 0;
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        if *byte == b'\n' || (*byte == b'\r' && bytes.get(at + 1) != Some(&b'\n')) {
            lines.push(&text[start..=at]);
            start = at + 1;
        }
    }
    if start < text.len() {
        lines.push(&text[start..]);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diff(before: &str, after: &str) -> String {
        let mut out = anstream::StripStream::new(Vec::new());
        write_unified(&mut out, "a.md", before, after).expect("a vector can be written");
        String::from_utf8(out.into_inner()).expect("text")
    }

    #[test]
    fn changes_are_shown_with_their_surroundings() {
        let before: String = (1..=20).map(|line| format!("{line}\n")).collect();
        let after = before.replace("\n2\n", "\nzwei\n").replace("\n19\n20\n", "\n19\nzwanzig\n");
        let expected = "--- a.md\n+++ a.md\n@@ -1,5 +1,5 @@\n 1\n-2\n+zwei\n 3\n 4\n 5\n@@ -17,4 +17,4 @@\n 17\n 18\n 19\n-20\n+zwanzig\n";
        assert_eq!(diff(&before, &after), expected);
        assert_eq!(
            diff("a\nb", "a\nc"),
            "--- a.md\n+++ a.md\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+c\n\\ No newline at end of file\n"
        );
        assert_eq!(diff("a\n", "a\n"), "");
    }

    #[test]
    fn line_ends_are_a_change() {
        assert_eq!(diff("a\r\nb\rc\n", "a\nb\nc\n"), "--- a.md\n+++ a.md\n@@ -1,3 +1,3 @@\n-a\r\n-b\r\n+a\n+b\n c\n");
    }
}
