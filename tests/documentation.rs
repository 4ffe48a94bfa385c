//! What the manual shows is true: its pages parse, and its executable blocks run.

use std::path::{Path, PathBuf};

use docent::{diagnostic::Severity, harness::runbook as check, runbook};

#[test]
fn every_page_parses_without_an_error() {
    for page in pages() {
        let bytes = std::fs::read(&page).expect("a page of the manual");
        let (_, diagnostics) = runbook::parse(&page.to_string_lossy(), &bytes, &runbook::Companions::default());
        let errors: Vec<_> = diagnostics.iter().filter(|found| found.severity == Severity::Error).collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", page.display());
    }
}

#[test]
fn every_executable_block_of_the_manual_runs_and_prints_what_is_shown() {
    let mut ran = 0;
    for page in pages() {
        let bytes = std::fs::read(&page).expect("a page of the manual");
        let (parsed, _) = runbook::parse(&page.to_string_lossy(), &bytes, &runbook::Companions::default());
        if parsed.steps.iter().any(|step| step.directives.skip.is_none()) {
            check(page.strip_prefix(root()).expect("a page of the project")).check();
            ran += 1;
        }
    }
    assert!(ran > 0, "no page has an executable block: the collector is broken");
}

#[test]
fn every_link_of_the_manual_leads_to_a_file_of_the_project() {
    let mut links = 0;
    for page in pages() {
        let text = std::fs::read_to_string(&page).expect("a page of the manual");
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
        for target in targets.filter(|target| !target.contains("://") && !target.starts_with('#')) {
            let file = page.parent().expect("a page lies in a folder").join(target.split('#').next().unwrap_or(target));
            assert!(file.exists(), "{}: {target} leads nowhere", page.display());
            links += 1;
        }
    }
    assert!(links > 3, "only {links} links were found: the collector is broken");
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn pages() -> Vec<PathBuf> {
    let mut pages = vec![root().join("README.md")];
    for entry in std::fs::read_dir(root().join("docs")).expect("docs/") {
        let path = entry.expect("an entry of docs/").path();
        if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    pages.sort();
    pages
}
