//! Damage a runbook in one place, and it fails at the damaged step, at one that uses what the damaged line makes, or at one whose report names the
//! damaged step as its cause.
//!
//! Every line that can be taken away is, and a seeded sample of all other slips is tried; `DOCENT_DAMAGE_ALL=1` tries all.
//! `DOCENT_DAMAGE=PATH:PATH` does the same to documents of others, and prints what survived:
//! `DOCENT_DAMAGE=guide.md cargo test --test main load_bearing::documents_of_others -- --nocapture`

mod damage;
mod reach;
mod spare;
mod trial;

use std::{collections::BTreeSet, fs, path::Path};

use damage::{Damage, Slip, damages};
use docent::{
    diagnostic::Severity,
    runbook::{Companions, Runbook, parse},
};
use spare::{SPARE, Spare};
use trial::{Outcome, outcomes};

use crate::support::root;

/// How many slips other than lost lines are tried.
const SAMPLE: usize = 40;

#[test]
fn no_part_of_our_runbooks_can_be_damaged_unnoticed() {
    let tries_all = std::env::var_os("DOCENT_DAMAGE_ALL").is_some();
    let runbooks: Vec<Runbook> = passing_runbooks();
    let all: Vec<(usize, Damage)> =
        runbooks.iter().enumerate().flat_map(|(at, runbook)| damages(runbook).into_iter().map(move |damage| (at, damage))).collect();
    let stale: Vec<&str> =
        SPARE.iter().map(|spare| spare.line).filter(|line| !all.iter().any(|(_, damage)| damage.before == *line)).collect();
    assert!(stale.is_empty(), "spared, and not in any runbook: {stale:?}");
    let mut random = 0_u64;
    let others = all.iter().filter(|(_, damage)| damage.slip != Slip::Line).count();
    let chosen: Vec<&(usize, Damage)> =
        all.iter().filter(|(_, damage)| damage.slip == Slip::Line || tries_all || draw(&mut random, others) < SAMPLE).collect();

    let (mut complaints, mut spared, mut tried) = (Vec::new(), BTreeSet::new(), 0);
    for (at, runbook) in runbooks.iter().enumerate() {
        let here: Vec<&Damage> = chosen.iter().filter(|(index, _)| *index == at).map(|(_, damage)| damage).collect();
        let (bearing, spare): (Vec<&Damage>, Vec<&Damage>) = here.into_iter().partition(|damage| spare_of(damage).is_none());
        spared.extend(spare.into_iter().filter_map(spare_of).map(|spare| spare.line));
        tried += bearing.len();
        for (damage, outcome) in bearing.iter().zip(outcomes(runbook, &bearing, &[])) {
            if !matches!(outcome, Outcome::Noticed | Outcome::Unreadable) {
                complaints.push(format!("{}: {outcome:?}: {}", runbook.title, damage.describe()));
            }
        }
    }
    assert!(tried > 100, "only {tried} damages were tried");
    assert!(complaints.is_empty(), "{} of {tried}:\n{}", complaints.len(), complaints.join("\n"));
}

#[test]
#[expect(clippy::print_stderr, reason = "what was skipped, and what survived, must be seen")]
fn documents_of_others() {
    let Some(paths) = std::env::var_os("DOCENT_DAMAGE") else {
        eprintln!("skipped documents_of_others: DOCENT_DAMAGE names no documents");
        return;
    };
    for path in std::env::split_paths(&paths) {
        let runbook = read(&path);
        if runbook.steps.iter().any(|step| step.script.contains("rm -")) {
            eprintln!("{}: left out, because it removes files, and damaged it could remove others", path.display());
            continue;
        }
        let found = damages(&runbook);
        let found: Vec<&Damage> = found.iter().collect();
        let outcomes = outcomes(&runbook, &found, &[]);
        let count = |is_meant: fn(&Outcome) -> bool| outcomes.iter().filter(|outcome| is_meant(outcome)).count();
        let noticed = count(|outcome| matches!(outcome, Outcome::Noticed | Outcome::Unreadable));
        let misplaced = count(|outcome| matches!(outcome, Outcome::Misplaced(_)));
        let survived = count(|outcome| matches!(outcome, Outcome::Survived | Outcome::Incomplete(_)));
        eprintln!("{}: {noticed} of {} noticed, {misplaced} at another step, {survived} survived", path.display(), found.len());
        for (damage, outcome) in found.iter().zip(&outcomes) {
            if !matches!(outcome, Outcome::Noticed | Outcome::Unreadable) {
                eprintln!("  {outcome:?} [{}] {}", runbook.steps[damage.step].id, damage.describe());
            }
        }
    }
}

fn spare_of(damage: &Damage) -> Option<&'static Spare> {
    SPARE.iter().find(|spare| spare.slips.contains(&damage.slip) && spare.line == damage.before && damage.after.contains(spare.after))
}

/// The runbooks that must pass.
fn passing_runbooks() -> Vec<Runbook> {
    let mut paths: Vec<_> =
        fs::read_dir(root().join("runbooks")).expect("runbooks/").map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Runbook {
    let text = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (runbook, diagnostics) = parse(&path.to_string_lossy(), &text, &Companions::default());
    let errors: Vec<_> = diagnostics.iter().filter(|found| found.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    runbook
}

/// The next number below `bound` of a fixed sequence (SplitMix64).
fn draw(state: &mut u64, bound: usize) -> usize {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    usize::try_from((mixed ^ (mixed >> 31)) % bound.max(1) as u64).unwrap_or(0)
}
