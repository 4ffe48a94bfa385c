//! `docent test --resume RUN`: what an interrupted run was asked for, asked again.

use std::io::Write;

use clap::ValueEnum;

use crate::{
    cli::{
        Problem,
        args::{Colour, Target, TestArgs},
        exit::Exit,
        options, stderr,
    },
    engine::{
        journal::{self, Account, Asked},
        remains,
    },
};

/// What `args` ask for, as a journal keeps it.
pub(super) fn asked(args: &TestArgs, variables: &[(String, String)]) -> Asked {
    Asked {
        folder: std::env::current_dir().unwrap_or_default(),
        paths: args.paths.clone(),
        target: args.target.and_then(|target| Some(target.to_possible_value()?.get_name().to_owned())),
        seed: args.seed,
        filter: args.filter.clone(),
        from: args.from.clone(),
        to: args.to.clone(),
        tabs: args.view.tab.clone(),
        zones: args.view.zone.clone(),
        variables: variables.iter().map(|(name, _)| name.clone()).collect(),
    }
}

/// Puts what `run` was asked for into `args`, and puts away what it has left. The place that its steps ran in is gone, so they run again:
/// nothing passes that has not passed in this run.
pub(super) fn resume(run: &str, args: &mut TestArgs, colour: Colour) -> Result<Account, Problem> {
    let directory = options::journals().ok_or_else(|| Problem::new(Exit::Usage, "there is no home directory, so there are no journals"))?;
    let account = journal::read(&directory, run).map_err(|error| Problem::of(Exit::Usage, &error))?;
    if remains::is_running(&account) {
        return Err(Problem::new(Exit::Usage, format!("run {run} is still going on, as process {}", account.beginning.process.pid)));
    }
    let asked = account.beginning.asked.clone();
    let is_here = std::env::current_dir().is_ok_and(|folder| folder == asked.folder);
    args.paths = if is_here { asked.paths } else { asked.paths.iter().map(|path| asked.folder.join(path)).collect() };
    args.target = args.target.or(asked.target.and_then(|target| Target::from_str(&target, false).ok()));
    args.seed = args.seed.or(asked.seed);
    args.filter = args.filter.take().or(asked.filter);
    args.from = args.from.take().or(asked.from);
    args.to = args.to.take().or(asked.to);
    args.view.tab = asked.tabs;
    args.view.zone = asked.zones;
    let mut given: Vec<String> = args.var.iter().map(|(name, _)| name.clone()).collect();
    for file in &args.env_file {
        given.extend(crate::cli::env_file::read(file)?.into_iter().map(|(name, _)| name));
    }
    if let Some(missing) = asked.variables.iter().find(|name| !given.contains(name)) {
        return Err(Problem::new(
            Exit::Usage,
            format!("run {run} was given a value for {missing}, which is not kept: give it again with --var or --env-file"),
        ));
    }
    let cleaned = remains::clean(&account);
    if let Some(left) = cleaned.left.first() {
        return Err(Problem::new(Exit::LeftBehind, format!("run {run} has left something: {left}")));
    }
    let _ = writeln!(
        stderr(colour),
        "resuming {run}: {} steps had ended; they run again, because what they had made is gone",
        account.finished
    );
    Ok(account)
}
