//! Prerequisite documents: which run before a runbook, in which order, and what is wrong with the links to them. Reads through a [`Loader`].
//!
//! Innovation Engine follows links under “Prerequisites” in English only, one level deep, the last link first, as often as a document is
//! linked, and lets a prerequisite override what the runbook sets. Here they run in the order of the links, those of a prerequisite before
//! it, each once, and what the runbook says holds.

use std::collections::HashSet;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Severity, SourceFile};

use super::defect::{
    BROKEN_PREREQUISITE, Defect, LOOSENING_DIRECTIVE, MISSING_PREREQUISITE, PREREQUISITE_CYCLE, REFUSED_PREREQUISITE, is_loosening,
};
use super::model::{Prerequisite, Runbook, Step};

/// How deep prerequisites of prerequisites are followed.
const DEPTH_MAX: usize = 16;

/// How many documents may run before one.
const DOCUMENTS_MAX: usize = 64;

/// The heading under which links are prerequisites, as the locales of published runbooks have it, in lower case.
const HEADINGS: [&str; 20] = [
    "prerequisites",
    "předpoklady",
    "požadavky",
    "voraussetzungen",
    "requisitos previos",
    "prérequis",
    "előfeltételek",
    "prasyarat",
    "prerequisiti",
    "前提条件",
    "필수 조건",
    "필수 구성 요소",
    "vereisten",
    "wymagania wstępne",
    "pré-requisitos",
    "необходимые компоненты",
    "förutsättningar",
    "önkoşullar",
    "先决条件",
    "必要條件",
];

/// Whether links under this heading are prerequisites.
pub(super) fn is_prerequisites(heading: &str) -> bool {
    let heading = heading.trim().to_lowercase();
    HEADINGS.contains(&heading.as_str())
}

/// Whether the destination of a link can be a prerequisite: a document, not a place in one.
pub(super) fn is_document(destination: &str) -> bool {
    destination.len() > 3 && destination.to_lowercase().ends_with(".md") && !destination.contains(['#', '?'])
}

/// Whether a diagnostic speaks of a link to a prerequisite.
pub fn is_about_prerequisites(code: &str) -> bool {
    [BROKEN_PREREQUISITE, MISSING_PREREQUISITE, PREREQUISITE_CYCLE, REFUSED_PREREQUISITE].iter().any(|defect| defect.code == code)
}

/// Where documents come from.
pub trait Loader {
    /// The document at `path`, a `/`-separated path relative to the same place as the name of the runbook that is being read.
    ///
    /// # Errors
    /// When it is not there, or may not be read.
    fn load(&self, path: &str) -> Result<Loaded, Refusal>;
}

/// A document that a loader found.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What tells it from all others, by whichever path it is reached.
    pub key: String,
    /// The document.
    pub runbook: Runbook,
    /// What is wrong with it.
    pub diagnostics: Vec<Diagnostic>,
}

/// Why a loader has no document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// There is none, or it cannot be read; why.
    Missing(String),
    /// It lies where a document may not reach; why.
    Outside(String),
}

/// Finds the prerequisites of `runbook`, whose key is `key`, and writes them into it, in the order in which they run; what is wrong with
/// the links comes back, at the lines of the runbook's own links.
pub fn include(runbook: &mut Runbook, key: &str, loader: &dyn Loader) -> Vec<Diagnostic> {
    let mut search = Search { loader, seen: HashSet::new(), path: vec![key.to_owned()], before: Vec::new() };
    let mut diagnostics = Vec::new();
    for link in &runbook.prerequisites {
        let mut trouble = Vec::new();
        search.follow(runbook, link, &mut trouble);
        diagnostics.extend(trouble.into_iter().map(|trouble| trouble.at(&runbook.source, link)));
    }
    runbook.before = search.before;
    diagnostics
}

/// What is wrong with a link, or with one of the document behind it.
struct Trouble {
    defect: Defect,
    message: String,
    hint: &'static str,
}

impl Trouble {
    fn at(self, source: &SourceFile, link: &Prerequisite) -> Diagnostic {
        let mut diagnostic = self.defect.at(source, source.line_span(link.line), self.message).with_hint(self.hint);
        // What a directive asks for must be there; a link may be meant for readers.
        if link.is_required && self.defect != PREREQUISITE_CYCLE {
            diagnostic.severity = Severity::Error;
        }
        diagnostic
    }
}

struct Search<'a> {
    loader: &'a dyn Loader,
    /// Every document that was reached.
    seen: HashSet<String>,
    /// The documents from the runbook down to the one whose links are followed.
    path: Vec<String>,
    before: Vec<Arc<Runbook>>,
}

impl Search<'_> {
    fn follow(&mut self, from: &Runbook, link: &Prerequisite, troubles: &mut Vec<Trouble>) {
        // The runbook's own links need no place: the diagnostic has it.
        let place = if self.path.len() > 1 { format!("{}:{}: ", from.source.path(), link.line) } else { String::new() };
        let mut report = |defect, message: String, hint| troubles.push(Trouble { defect, message: format!("{place}{message}"), hint });
        if link.path.contains("://") || link.path.starts_with('/') {
            let message = format!("`{}` is not followed: only relative links are", link.path);
            report(REFUSED_PREREQUISITE, message, "run it first by hand, or link a document beside this one");
            return;
        }
        let loaded = match self.loader.load(&join(from.source.path(), &link.path)) {
            Ok(loaded) => loaded,
            Err(Refusal::Missing(why)) => {
                report(
                    MISSING_PREREQUISITE,
                    format!("the prerequisite `{}` cannot be read: {why}", link.path),
                    "correct the link, or run it by hand",
                );
                return;
            }
            Err(Refusal::Outside(why)) => {
                report(REFUSED_PREREQUISITE, format!("`{}` is not followed: {why}", link.path), "run it first by hand");
                return;
            }
        };
        if self.path.contains(&loaded.key) {
            report(PREREQUISITE_CYCLE, format!("`{}` leads back to a document that needs this one", link.path), "remove one of the links");
            return;
        }
        if !self.seen.insert(loaded.key.clone()) {
            return;
        }
        if self.path.len() > DEPTH_MAX || self.seen.len() > DOCUMENTS_MAX {
            let message = format!("`{}` is not followed: more than {DOCUMENTS_MAX} documents, or {DEPTH_MAX} deep", link.path);
            report(REFUSED_PREREQUISITE, message, "run it first by hand");
            return;
        }
        if let Some(error) = loaded.diagnostics.iter().find(|diagnostic| diagnostic.severity == Severity::Error) {
            let message = format!("the prerequisite {}:{} cannot be run: {}", loaded.runbook.source.path(), error.line, error.message);
            // By whichever document it comes, the attempt is the same.
            let loosens = loaded.diagnostics.iter().any(is_loosening);
            let defect = if loosens { LOOSENING_DIRECTIVE } else { BROKEN_PREREQUISITE };
            report(defect, message, "correct it there, or leave it out with --prerequisites skip");
            return;
        }
        self.path.push(loaded.key);
        for link in &loaded.runbook.prerequisites {
            self.follow(&loaded.runbook, link, troubles);
        }
        self.path.pop();
        if !loaded.runbook.steps.is_empty() {
            self.before.push(Arc::new(loaded.runbook));
        }
    }
}

/// The path of a link in the document at `from`: both have `/`, and `..` goes up.
fn join(from: &str, link: &str) -> String {
    let folder = from.rfind('/').map_or("", |at| &from[..=at]);
    let is_absolute = folder.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    let link = decoded(link);
    for part in folder.split('/').chain(link.split(['/', '\\'])) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    format!("{}{}", if is_absolute { "/" } else { "" }, parts.join("/"))
}

/// A link without its percent signs.
fn decoded(link: &str) -> String {
    let mut bytes = Vec::with_capacity(link.len());
    let mut rest = link.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let code =
            (*first == b'%').then(|| std::str::from_utf8(tail.get(..2)?).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok())).flatten();
        match code {
            Some(code) => {
                bytes.push(code);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The runbook with the steps of its prerequisites before its own; their ids are `stem/id`.
///
/// What a prerequisite says about all its steps is said about each of them; its variables give way to those of later documents.
pub fn flatten(runbook: &Runbook) -> Runbook {
    let mut flat = runbook.clone();
    if flat.before.is_empty() {
        return flat;
    }
    let mut stems = HashSet::new();
    let mut steps = Vec::new();
    let mut variables = Vec::new();
    for before in std::mem::take(&mut flat.before) {
        let stem = free_stem(before.source.path(), &mut stems);
        let source = Arc::new(before.source.clone());
        variables.extend(before.variables.iter().cloned());
        steps.extend(before.steps.iter().map(|step| {
            let mut step = Step { id: format!("{stem}/{}", step.id), document: Some(Arc::clone(&source)), ..step.clone() };
            let directives = &mut step.directives;
            let ids = directives.stop.iter_mut().chain(&mut directives.needs).chain(&mut directives.after);
            ids.for_each(|id| *id = format!("{stem}/{id}"));
            directives.timeout = directives.timeout.or(before.directives.timeout);
            directives.secrets.extend(before.directives.secrets.iter().cloned());
            directives.requires.extend(before.directives.requires.iter().cloned());
            step
        }));
    }
    steps.append(&mut flat.steps);
    variables.append(&mut flat.variables);
    (flat.steps, flat.variables) = (steps, variables);
    flat
}

/// The file's name without its extension, with a number when it is taken.
fn free_stem(path: &str, taken: &mut HashSet<String>) -> String {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let mut number = 1;
    loop {
        let stem = if number == 1 { stem.to_owned() } else { format!("{stem}.{number}") };
        if taken.insert(stem.clone()) {
            return stem;
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::runbook::{Companions, parse};

    struct Shelf(BTreeMap<&'static str, String>);

    impl Loader for Shelf {
        fn load(&self, path: &str) -> Result<Loaded, Refusal> {
            let text = self.0.get(path).ok_or_else(|| Refusal::Missing("there is none".to_owned()))?;
            let (runbook, diagnostics) = parse(path, text.as_bytes(), &Companions::default());
            Ok(Loaded { key: path.to_owned(), runbook, diagnostics })
        }
    }

    fn document(step: &str, links: &[&str]) -> String {
        let links: String = links.iter().map(|link| format!("* [x]({link})\n")).collect();
        format!("# {step}\n\n## Prerequisites\n\n{links}\n## Go\n\n```bash\n{step}\n```\n")
    }

    /// Reads `d/main.md`; answers what runs, and what is said.
    fn read(documents: &[(&'static str, String)]) -> (String, Vec<(&'static str, Severity, usize, String)>) {
        let shelf = Shelf(documents.iter().cloned().collect());
        let mut main = shelf.load("d/main.md").expect("it is there");
        assert_eq!(main.diagnostics, []);
        let diagnostics = include(&mut main.runbook, "d/main.md", &shelf);
        let steps: Vec<String> = flatten(&main.runbook).steps.iter().map(|step| format!("{}={}", step.id, step.script.trim())).collect();
        (steps.join(" "), diagnostics.into_iter().map(|found| (found.code, found.severity, found.line, found.message)).collect())
    }

    #[test]
    fn prerequisites_run_once_each_in_the_order_of_the_links_theirs_before_them() {
        let found = read(&[
            ("d/main.md", document("main", &["b.md", "./sub/c.md", "b.md"])),
            ("d/b.md", document("b", &["sub/c.md", "../a%20a.md"])),
            ("d/sub/c.md", document("c", &[])),
            ("a a.md", document("a", &[])),
        ]);
        assert_eq!(found, ("c/go=c a a/go=a b/go=b go=main".to_owned(), vec![]));
    }

    #[test]
    fn links_that_lead_nowhere_or_back_are_reported_with_file_and_line() {
        let (steps, found) =
            read(&[("d/main.md", document("main", &["b.md", "no.md"])), ("d/b.md", document("b", &["main.md", "no2.md"]))]);
        assert_eq!(steps, "b/go=b go=main");
        assert_eq!(
            found,
            [
                ("prerequisite-cycle", Severity::Warning, 5, "d/b.md:5: `main.md` leads back to a document that needs this one".to_owned()),
                (
                    "missing-prerequisite",
                    Severity::Advice,
                    5,
                    "d/b.md:6: the prerequisite `no2.md` cannot be read: there is none".to_owned()
                ),
                ("missing-prerequisite", Severity::Advice, 6, "the prerequisite `no.md` cannot be read: there is none".to_owned()),
            ]
        );
    }

    #[test]
    fn what_a_directive_asks_for_must_be_there() {
        let text = format!("<!-- docent-file: requires=kubectl,doc:no.md -->\n{}", document("main", &[]));
        let (_, found) = read(&[("d/main.md", text)]);
        assert_eq!((found[0].0, found[0].1, found[0].2), ("missing-prerequisite", Severity::Error, 1));
    }

    #[test]
    fn a_prerequisite_that_cannot_be_run_is_an_error_that_names_its_place() {
        let broken = "# B\n\n<!-- docent: timout=3m -->\n```bash\nb\n```\n".to_owned();
        let (_, found) = read(&[("d/main.md", document("main", &["b.md"])), ("d/b.md", broken)]);
        assert_eq!(
            found,
            [("broken-prerequisite", Severity::Error, 5, "the prerequisite d/b.md:3 cannot be run: unknown key `timout`".to_owned())]
        );
    }

    #[test]
    fn only_relative_links_to_documents_under_the_heading_count_in_every_language() {
        let main = "# T\n\n[x](a.md)\n\n## Requisitos previos\n\n[x](b.md#teil) [x](b.html) <https://e.org/b.md> [x][r] [x](https://e.org/c.md)\n\n### Mehr\n\n[x](c.md)\n\n## Go\n\n[x](a.md)\n\n```bash\nmain\n```\n\n[r]: b.md\n";
        let (steps, found) = read(&[
            ("d/main.md", main.to_owned()),
            ("d/a.md", document("a", &[])),
            ("d/b.md", document("b", &[])),
            ("d/c.md", document("c", &[])),
        ]);
        assert_eq!(steps, "b/go=b c/go=c go=main");
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].0, found[0].2), ("refused-prerequisite", 7));
    }

    #[test]
    fn what_a_prerequisite_says_holds_for_its_steps_and_gives_way_to_the_runbook() {
        let before = "<!-- docent-file: timeout=1m secret=PW -->\n<!--\n```variables\nexport A=alt\n```\n-->\n<!-- docent: background name=x -->\n```bash\nb\n```\n<!-- docent: stop=x timeout=2m -->\n```bash\nc\n```\n";
        let main = format!("<!--\n```variables\nexport A=neu\n```\n-->\n{}", document("main", &["b.md"]));
        let shelf = Shelf(BTreeMap::from([("b.md", before.to_owned())]));
        let (mut runbook, _) = parse("main.md", main.as_bytes(), &Companions::default());
        assert_eq!(include(&mut runbook, "main.md", &shelf), []);
        let flat = flatten(&runbook);
        let minutes: Vec<_> = flat.steps.iter().map(|step| step.directives.timeout.map(|time| time.as_secs() / 60)).collect();
        assert_eq!(minutes, [Some(1), Some(2), None]);
        assert_eq!((&flat.steps[1].directives.stop[..], flat.steps[0].id.as_str()), (&["b/x".to_owned()][..], "b/x"));
        assert_eq!((flat.steps[0].directives.secrets.len(), flat.steps[2].directives.secrets.len()), (1, 0));
        assert_eq!(flat.variables.last().map(|variable| variable.value.as_str()), Some("neu"));
        assert_eq!(flat.source_of(&flat.steps[0]).path(), "b.md");
        assert_eq!(flat.source_of(&flat.steps[2]).path(), "main.md");
    }

    #[test]
    fn endless_chains_end() {
        struct Endless;
        impl Loader for Endless {
            fn load(&self, path: &str) -> Result<Loaded, Refusal> {
                let (runbook, diagnostics) =
                    parse(path, document("x", &[&format!("x{path}"), &format!("y{path}")]).as_bytes(), &Companions::default());
                Ok(Loaded { key: path.to_owned(), runbook, diagnostics })
            }
        }
        let (mut runbook, _) = parse("a.md", document("a", &["b.md"]).as_bytes(), &Companions::default());
        let found = include(&mut runbook, "a.md", &Endless);
        assert!(runbook.before.len() <= DOCUMENTS_MAX && !found.is_empty());
    }
}
