//! `docent clean`: finishes what killed runs have left.

use std::io::Write;

use crate::{
    cli::{
        Problem,
        args::{CleanArgs, Colour},
        exit::Exit,
        options, stdout, written,
    },
    engine::{
        journal::{self, JournalError},
        remains,
    },
};

pub(super) fn run(args: &CleanArgs) -> Result<Exit, Problem> {
    let directory = options::journals().ok_or_else(|| Problem::new(Exit::Usage, "there is no home directory, so there are no journals"))?;
    let runs = args.run.as_ref().map_or_else(|| journal::runs(&directory), |run| vec![run.clone()]);
    let mut out = stdout(Colour::Auto);
    let mut is_left = false;
    let mut lines = Vec::new();
    for run in &runs {
        let account = match journal::read(&directory, run) {
            Ok(account) => account,
            // Another clean may have been faster.
            Err(JournalError::Unknown { .. }) if args.run.is_none() => continue,
            Err(error) if args.run.is_none() => {
                is_left = true;
                lines.push(format!("{run}: {}", Problem::of(Exit::Usage, &error)));
                continue;
            }
            Err(error) => return Err(Problem::of(Exit::Usage, &error)),
        };
        if remains::is_running(&account) {
            if args.run.is_some() {
                let pid = account.beginning.process.pid;
                return Err(Problem::new(Exit::Usage, format!("run {run} is still going on, as process {pid}")));
            }
            lines.push(format!("{run}: still going on; left alone"));
            continue;
        }
        let cleaned = remains::clean(&account);
        lines.push(format!("{run}: begun {}, {} steps had ended, {} had not", account.beginning.started, account.finished, account.open));
        lines.extend(cleaned.killed.iter().map(|pid| format!("  killed process {pid}")));
        lines.extend(cleaned.removed.iter().map(|place| format!("  removed {}", place.display())));
        lines.extend(cleaned.left.iter().map(|left| format!("  left: {left}")));
        if cleaned.left.is_empty() {
            // Nothing of the run is left but this.
            let _ = std::fs::remove_file(&account.path);
        } else {
            is_left = true;
        }
    }
    if runs.is_empty() {
        lines.push("nothing to clean: no run was interrupted".to_owned());
    }
    written(lines.iter().try_for_each(|line| writeln!(out, "{line}")).and_then(|()| out.flush()))?;
    Ok(if is_left { Exit::LeftBehind } else { Exit::Passed })
}
