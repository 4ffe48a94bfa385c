//! The code keeps to the import edges that `docs/ARCHITECTURE.md` lists.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

type Edges = BTreeMap<String, BTreeSet<String>>;

#[test]
fn modules_import_what_the_architecture_page_says_and_nothing_else() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/ARCHITECTURE.md")).expect("the page is part of the project");
    let written = edges_of_page(&page);
    let mut real = edges_of_code(&root.join("src"));
    // What exists in tests only is nobody's import.
    let lib = fs::read_to_string(root.join("src/lib.rs")).expect("readable source");
    for module in modules_of_tests(&lib) {
        real.remove(&module);
        for imports in real.values_mut() {
            imports.remove(&module);
        }
    }
    assert!(real.len() > 8, "the collector sees only {} modules, so it cannot judge", real.len());
    for (module, imports) in &real {
        let allowed = written.get(module).unwrap_or_else(|| panic!("`{module}` is not in the table of docs/ARCHITECTURE.md"));
        assert_eq!(imports, allowed, "imports of `{module}`: the code (left) and the page (right) differ");
    }
    let gone: Vec<_> = written.keys().filter(|module| !real.contains_key(*module)).collect();
    assert!(gone.is_empty(), "the page lists modules that are not there: {gone:?}");
}

#[test]
fn the_collector_sees_plain_nested_and_inline_paths() {
    let text = "use crate::shell::Bash;\nuse crate::{engine::event, report::{json, list}};\nfn f() { crate::bash::g() }\n// crate::cli in a comment\n";
    assert_eq!(imports(text), ["bash", "engine", "report", "shell"].map(str::to_owned).into());
}

/// Rows `| module | imports |` of the table under "Who imports whom".
fn edges_of_page(page: &str) -> Edges {
    let table = page.split("## Who imports whom").nth(1).expect("the page has a section `Who imports whom`");
    let table = table.split("\n## ").next().unwrap_or_default();
    table
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
            let module = cells.next()?.strip_prefix('`')?.strip_suffix('`')?.to_owned();
            let imports =
                cells.next()?.split(',').filter_map(|cell| cell.trim().strip_prefix('`')?.strip_suffix('`').map(str::to_owned)).collect();
            Some((module, imports))
        })
        .collect()
}

fn edges_of_code(src: &Path) -> Edges {
    let mut edges = Edges::new();
    for file in rust_files(src) {
        let relative = file.strip_prefix(src).expect("found below src");
        let module = relative.components().next().expect("not empty").as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned();
        if module == "lib" || module == "main" {
            continue;
        }
        let text = fs::read_to_string(&file).expect("readable source");
        let mut found = imports(&text);
        found.remove(&module);
        edges.entry(module).or_default().extend(found);
    }
    edges
}

/// The modules that `lib.rs` declares behind `#[cfg(test)]` or `#[cfg(all(test, …))]`.
fn modules_of_tests(lib: &str) -> Vec<String> {
    let lines: Vec<&str> = lib.lines().collect();
    let behind_test = |pair: &[&str]| {
        let is_test = pair[0].starts_with("#[cfg(test)]") || pair[0].starts_with("#[cfg(all(test,");
        let name = pair[1].strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';'));
        name.filter(|_| is_test).map(str::to_owned)
    };
    lines.windows(2).filter_map(behind_test).collect()
}

/// The top-level modules that `text` names through `crate::`, tests and comments left out.
fn imports(text: &str) -> BTreeSet<String> {
    let code: String = text
        .split("\n#[cfg(test)]\nmod ")
        .next()
        .unwrap_or_default()
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n");
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => found.extend(first_segments(group)),
            None => found.extend(segment(rest)),
        }
    }
    found
}

/// The first segment of each path of a group `{a::b, c::{d, e}}`, from behind the opening brace.
fn first_segments(group: &str) -> Vec<String> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                parts.push(&group[start..at]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&group[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.into_iter().filter_map(|part| segment(part.trim())).collect()
}

fn segment(path: &str) -> Option<String> {
    let end = path.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(path.len());
    (end > 0 && path.starts_with(char::is_lowercase)).then(|| path[..end].to_owned())
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a source folder") {
        let path = entry.expect("a folder entry").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
