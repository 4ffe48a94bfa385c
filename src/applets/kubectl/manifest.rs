//! Objects from `-f`: files, folders and standard input, split into documents and read one after the other, so that what stands before a
//! broken document still counts.

use std::collections::VecDeque;
use std::io::Read;
use std::path::Path;

use serde_json::Value;

use super::failure::Failure;
use super::kubeconfig::plain_io;
use super::yaml;

/// What a folder is searched for (cli-runtime's `FileExtensions`).
const EXTENSIONS: [&str; 3] = ["json", "yaml", "yml"];

/// One document, and where it came from as messages name it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Document {
    pub(crate) source: String,
    pub(crate) object: Value,
}

/// Every document of the files, in order; a broken one ends its file, and its failure stands in its place.
pub(crate) fn read_all(files: &[String], recursive: bool, stdin: &mut dyn Read) -> Result<Vec<Result<Document, Failure>>, Failure> {
    let mut documents = Vec::new();
    if files.iter().filter(|file| *file == "-").count() > 1 {
        return Err(Failure::error("cannot set multiple \"-\" in the filename flag"));
    }
    for file in files {
        if file == "-" {
            let mut bytes = Vec::new();
            stdin.read_to_end(&mut bytes).map_err(|fault| Failure::error(format!("error reading STDIN: {fault}")))?;
            documents.extend(parse("STDIN", &bytes));
        } else if file.starts_with("http://") || file.starts_with("https://") {
            return Err(Failure::refused(format!("manifests from the network (-f {file})"), "a local copy of the manifest"));
        } else {
            for path in expand(file, recursive)? {
                let name = path.to_string_lossy().into_owned();
                let bytes = std::fs::read(&path).map_err(|fault| Failure::error(format!("open {name}: {}", plain_io(&fault))))?;
                documents.extend(parse(&name, &bytes));
            }
        }
    }
    Ok(documents)
}

/// A file as it is; of a folder, the manifests in it, sorted.
fn expand(file: &str, recursive: bool) -> Result<Vec<std::path::PathBuf>, Failure> {
    let path = Path::new(file);
    if !path.exists() {
        return Err(Failure::error(format!("the path {file:?} does not exist")));
    }
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    let mut folders = VecDeque::from([path.to_owned()]);
    while let Some(folder) = folders.pop_front() {
        let entries =
            std::fs::read_dir(&folder).map_err(|fault| Failure::error(format!("open {}: {}", folder.display(), plain_io(&fault))))?;
        for entry in entries.filter_map(Result::ok) {
            let path = entry.path();
            if path.is_dir() {
                if recursive {
                    folders.push_back(path);
                }
            } else if path.extension().and_then(|extension| extension.to_str()).is_some_and(|extension| EXTENSIONS.contains(&extension)) {
                found.push(path);
            }
        }
    }
    found.sort();
    if found.is_empty() {
        return Err(Failure::error(format!("error reading [{file}]: recognized file extensions are [.json .yaml .yml]")));
    }
    Ok(found)
}

/// Splits and reads one stream; lists are taken apart.
fn parse(source: &str, bytes: &[u8]) -> Vec<Result<Document, Failure>> {
    let mut documents = Vec::new();
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    if first == Some(&b'{') {
        let stream: Result<Vec<Value>, _> = serde_json::Deserializer::from_slice(bytes).into_iter().collect();
        match stream {
            Ok(values) => {
                values.into_iter().for_each(|value| documents.extend(take_apart(source, value)));
                return documents;
            }
            // Any other mistake is left to the YAML reader, as kubectl does (measured with 1.33).
            Err(fault) if fault.is_eof() => return vec![Err(Failure::error(format!("error parsing {source}: unexpected EOF")))],
            Err(_) => {}
        }
    }
    for chunk in split(bytes) {
        let value = chunk.map_err(|fault| Failure::error(format!("error parsing {source}: {fault}"))).and_then(|text| {
            yaml::to_json(&text).map_err(|fault| Failure::error(format!("error parsing {source}: error converting YAML to JSON: {fault}")))
        });
        match value {
            Ok(Value::Null) => {}
            Ok(value) => documents.extend(take_apart(source, value)),
            Err(failure) => {
                documents.push(Err(failure));
                break;
            }
        }
    }
    documents
}

fn take_apart(source: &str, value: Value) -> Vec<Result<Document, Failure>> {
    let is_list = value["kind"].as_str().is_some_and(|kind| kind.ends_with("List")) && value["items"].is_array();
    match value {
        Value::Object(mut object) if is_list => match object.remove("items") {
            Some(Value::Array(items)) => items.into_iter().map(|object| Ok(Document { source: source.to_owned(), object })).collect(),
            _ => Vec::new(),
        },
        object => vec![Ok(Document { source: source.to_owned(), object })],
    }
}

/// The chunks between lines that begin with `---`; such a line may carry only a comment (apimachinery `YAMLReader`).
fn split(bytes: &[u8]) -> Vec<Result<Vec<u8>, String>> {
    let mut chunks = Vec::new();
    let mut chunk = Vec::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let Some(rest) = line.strip_prefix(b"---") else {
            chunk.extend_from_slice(line);
            continue;
        };
        let rest = String::from_utf8_lossy(rest).trim().to_owned();
        if !rest.is_empty() && !rest.starts_with('#') {
            chunks.push(Err(format!("invalid Yaml document separator: {rest}")));
            return chunks;
        }
        if !chunk.is_empty() {
            chunks.push(Ok(std::mem::take(&mut chunk)));
        }
    }
    if !chunk.is_empty() {
        chunks.push(Ok(chunk));
    }
    chunks
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Vec<Result<Value, String>> {
        let documents = read_all(&["-".to_owned()], false, &mut text.as_bytes()).expect("readable");
        documents.into_iter().map(|document| document.map(|document| document.object).map_err(|failure| failure.text)).collect()
    }

    #[test]
    fn documents_before_a_broken_one_count() {
        let read = read("a: 1\n--- # next\n---\nb: 2\n---\na: b\n c: d\n---\nz: 1\n");
        let message =
            "error: error parsing STDIN: error converting YAML to JSON: yaml: line 2: mapping values are not allowed in this context";
        assert_eq!(read, [Ok(json!({"a": 1})), Ok(json!({"b": 2})), Err(message.to_owned())]);
    }

    #[test]
    fn a_separator_may_carry_only_a_comment() {
        assert_eq!(read("a: 1\n---x\nb: 2\n"), [Err("error: error parsing STDIN: invalid Yaml document separator: x".to_owned())]);
    }

    #[test]
    fn json_streams_and_lists_are_taken_apart() {
        assert_eq!(read("{\"a\":1}{\"b\":2}"), [Ok(json!({"a": 1})), Ok(json!({"b": 2}))]);
        assert_eq!(read("kind: List\nitems: [{a: 1}, {b: 2}]\n"), [Ok(json!({"a": 1})), Ok(json!({"b": 2}))]);
        assert_eq!(read("\n# nothing\n"), []);
        assert_eq!(read("{\"a\": 1"), [Err("error: error parsing STDIN: unexpected EOF".to_owned())]);
    }

    #[test]
    fn files_are_found_by_their_extension_and_the_network_is_refused() {
        let folder = tempfile::tempdir().expect("a scratch folder");
        std::fs::write(folder.path().join("b.yaml"), "b: 1").expect("a scratch file");
        std::fs::write(folder.path().join("a.yml"), "a: 1").expect("a scratch file");
        std::fs::write(folder.path().join("c.txt"), "c: 1").expect("a scratch file");
        let path = folder.path().to_string_lossy().into_owned();
        let read = read_all(&[path], false, &mut std::io::empty()).expect("readable");
        assert_eq!(read.into_iter().map(|document| document.expect("good").object).collect::<Vec<_>>(), [json!({"a": 1}), json!({"b": 1})]);
        let missing = read_all(&["nope.yaml".to_owned()], false, &mut std::io::empty()).expect_err("missing");
        assert_eq!(missing.text, "error: the path \"nope.yaml\" does not exist");
        assert!(read_all(&["https://x/y.yaml".to_owned()], false, &mut std::io::empty()).expect_err("network").refusal.is_some());
    }
}
