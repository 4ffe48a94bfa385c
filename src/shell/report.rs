//! What the driver and the ERR trap report, as NUL-terminated fields. Pure.

use super::driver;

/// One report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Report {
    /// The shell is up: major, minor, and the whole version.
    Hello { major: u32, minor: u32, version: String },
    /// The program is not bash.
    NotBash,
    /// A command failed.
    Failed(FailedCommand),
    /// A part of a pipeline failed, and the pipeline did not.
    Parts(FailedParts),
    /// A job that a `wait` waited for failed.
    Job(FailedJob),
    /// The block is about to be left before its end, by the watch of this name.
    Leaving {
        /// The block that does so.
        block: usize,
        /// How many subshells deep.
        subshell: u32,
        /// Which watch, of which block.
        watch: WatchName,
    },
    /// The block is over, with this status.
    Done(i32),
}

/// A watch, by the number of the block whose text holds it and its index there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WatchName {
    pub block: usize,
    pub index: usize,
}

impl WatchName {
    fn read(text: &str) -> Option<Self> {
        let (block, index) = text.split_once('.')?;
        Some(Self { block: block.parse().ok()?, index: index.parse().ok()? })
    }
}

/// A pipeline with a part that failed unseen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FailedParts {
    /// The block that started it.
    pub block: usize,
    /// How many subshells deep.
    pub subshell: u32,
    /// The document has said `set +e`, so that failures are its own business.
    pub tolerated: bool,
    /// The watch behind it.
    pub watch: WatchName,
    /// How many files and functions deep.
    pub depth: usize,
    /// The 1-based line of the block that was being executed, when `depth` is above 2.
    pub block_line: usize,
    /// The 1-based lines of all calls.
    pub calls: Vec<usize>,
    /// The statuses of the parts.
    pub statuses: Vec<i32>,
}

/// A background job that failed, as a `wait` without words found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FailedJob {
    /// The block that waited.
    pub block: usize,
    /// How many subshells deep.
    pub subshell: u32,
    /// The watch in front of the `wait`.
    pub watch: WatchName,
    /// Its status.
    pub status: i32,
    /// The job's text as bash prints it.
    pub command: String,
}

/// A failed command as the ERR trap saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FailedCommand {
    /// The block that started it.
    pub block: usize,
    /// Its status.
    pub status: i32,
    /// How many subshells deep; 0 is the shell itself.
    pub subshell: u32,
    /// The block stops because of it.
    pub stops: bool,
    /// How many files and functions deep; 2 is the block itself.
    pub depth: usize,
    /// The 1-based line, in `source`.
    pub line: usize,
    /// The 1-based line of the block that was being executed, when `depth` is above 2.
    pub block_line: usize,
    /// The 1-based lines of all calls, innermost first.
    pub calls: Vec<usize>,
    /// The file that holds the line.
    pub source: String,
    /// The command's text, its beginning.
    pub command: String,
}

/// Splits a stream of reports; what is broken is skipped up to the next nonce.
#[derive(Debug)]
pub(super) struct Reports {
    nonce: String,
    pending: Vec<u8>,
    fields: Vec<String>,
}

/// A report cannot be longer: names of files, and a command of 400 characters.
const PENDING_BYTES_MAX: usize = 64 * 1024;

impl Reports {
    pub(super) fn new(nonce: String) -> Self {
        Self { nonce, pending: Vec::new(), fields: Vec::new() }
    }

    /// Takes bytes and gives the reports that are complete with them.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Report> {
        self.pending.extend_from_slice(bytes);
        let mut reports = Vec::new();
        let mut start = 0;
        while let Some(length) = self.pending[start..].iter().position(|byte| *byte == 0) {
            let field = String::from_utf8_lossy(&self.pending[start..start + length]).into_owned();
            start += length + 1;
            if field == self.nonce {
                self.fields.clear();
            }
            self.fields.push(field);
            if let Some(report) = self.complete() {
                reports.push(report);
                self.fields.clear();
            }
        }
        self.pending.drain(..start);
        if self.pending.len() > PENDING_BYTES_MAX {
            self.pending.clear();
        }
        reports
    }

    fn complete(&self) -> Option<Report> {
        let (nonce, fields) = self.fields.split_first()?;
        if *nonce != self.nonce {
            return None;
        }
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        match fields.as_slice() {
            ["N"] => Some(Report::NotBash),
            ["D", status] => Some(Report::Done(status.parse().ok()?)),
            ["H", major, minor, version] => {
                let (major, minor) = (major.parse().unwrap_or(0), minor.parse().unwrap_or(0));
                Some(Report::Hello { major, minor, version: (*version).to_owned() })
            }
            ["F", block, status, subshell, stops, depth, line, block_line, calls, source, command] => Some(Report::Failed(FailedCommand {
                block: block.parse().ok()?,
                status: status.parse().ok()?,
                subshell: subshell.parse().ok()?,
                stops: *stops == "1" && *subshell == "0",
                depth: depth.parse().ok()?,
                line: line.parse().ok()?,
                block_line: block_line.parse().unwrap_or(0),
                calls: numbers(calls),
                source: (*source).to_owned(),
                command: driver::unwatched(command),
            })),
            ["L", block, subshell, watch] => {
                Some(Report::Leaving { block: block.parse().ok()?, subshell: subshell.parse().ok()?, watch: WatchName::read(watch)? })
            }
            ["B", block, subshell, watch, status, command] => Some(Report::Job(FailedJob {
                block: block.parse().ok()?,
                subshell: subshell.parse().ok()?,
                watch: WatchName::read(watch)?,
                status: status.parse().ok()?,
                command: driver::unwatched(command.trim().trim_end_matches('&').trim_end()),
            })),
            ["P", block, subshell, rule, watch, depth, block_line, calls, count, statuses @ ..] if count.parse() == Ok(statuses.len()) => {
                Some(Report::Parts(FailedParts {
                    block: block.parse().ok()?,
                    subshell: subshell.parse().ok()?,
                    tolerated: rule.is_empty(),
                    watch: WatchName::read(watch)?,
                    depth: depth.parse().ok()?,
                    block_line: block_line.parse().unwrap_or(0),
                    calls: numbers(calls),
                    statuses: statuses.iter().filter_map(|status| status.parse().ok()).collect(),
                }))
            }
            _ => None,
        }
    }
}

/// Numbers in a text, whatever the document has made the separator of words.
fn numbers(text: &str) -> Vec<usize> {
    text.split(|character: char| !character.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_come_out_however_the_bytes_are_cut() {
        let bytes = b"n\0F\x007\x001\x000\x001\x003\x002\x000\x005 0\0/c/b7\0false\0n\0D\x001\0";
        for cut in 0..bytes.len() {
            let mut reports = Reports::new("n".into());
            let mut all = reports.push(&bytes[..cut]);
            all.extend(reports.push(&bytes[cut..]));
            assert_eq!(all.len(), 2, "cut at {cut}");
            assert!(matches!(&all[0], Report::Failed(failed) if failed.stops && failed.command == "false" && failed.line == 2));
            assert_eq!(all[1], Report::Done(1));
        }
    }

    #[test]
    fn noise_is_skipped_up_to_the_next_nonce() {
        let mut reports = Reports::new("n".into());
        assert_eq!(reports.push(b"forged\0D\x000\0n\0F\x007\0n\0D\x005\0"), [Report::Done(5)]);
    }
}
