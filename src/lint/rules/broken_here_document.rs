//! A here-document holds YAML or JSON that cannot be read, or never ends.
//!
//! Looked at is what goes to `kubectl apply -f -` (also `create` and `replace`) and into files called `*.yaml`, `*.yml` or `*.json`. Most often the
//! indentation was lost when the text was moved: members of `metadata:` or `spec:` stand in the first column. Manifests for kubectl need
//! `apiVersion` and `kind`, and in the first column only what their kind has there.
//!
//! Variables stand for any value. Documents with template marks (`{{ }}`), or with a line that is a variable and nothing else, are not judged.

use serde_json::Value;
use serde_saphyr::{DuplicateKeyPolicy, Options};

use crate::{
    bash::HereDocument,
    diagnostic::Span,
    lint::{
        document::{Block, Document},
        rule::Finding,
    },
};

/// Who reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    Kubectl,
    Yaml,
    Json,
}

/// Kinds whose objects consist of these members and nothing else. Source: the API reference of Kubernetes 1.34.
const PLAIN_KINDS: [&str; 14] = [
    "Pod",
    "Deployment",
    "Service",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "CronJob",
    "Ingress",
    "Namespace",
    "NetworkPolicy",
    "PersistentVolumeClaim",
    "PersistentVolume",
    "ReplicaSet",
    "HorizontalPodAutoscaler",
];
const PLAIN_MEMBERS: [&str; 5] = ["apiVersion", "kind", "metadata", "spec", "status"];

pub(super) fn check(document: &Document<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for block in &document.blocks {
        let found = block.script.here_documents();
        for here in found {
            if !ends(block, here) {
                let delimiter = delimiter(here);
                let message = format!("the here-document has no line `{delimiter}`: everything below belongs to it");
                let hint = format!("put `{delimiter}` on a line of its own, without blanks around it");
                findings.push(Finding::new(block.place_of_line(here.line), message).with_hint(hint));
                continue;
            }
            let is_alone = found.iter().filter(|other| other.line == here.line).count() == 1;
            let Some(reader) = reader(block, here).filter(|_| is_alone && here.closed) else { continue };
            let Some(text) = readable(block, here, reader) else { continue };
            if let Some((line, message)) = wrong(&text, reader) {
                let first = block.text(Span::new(0, here.body.start)).matches('\n').count();
                let message = format!("{message} (here-document of line {})", block.line(here.line));
                findings.push(
                    Finding::new(block.place_of_line(first + line - 1), message)
                        .with_hint("check the indentation of this line and of those above it"),
                );
            }
        }
    }
    findings
}

/// Whether bash sees its end: the delimiter and nothing else on a line, tabs before it only after `<<-`.
fn ends(block: &Block<'_>, here: &HereDocument) -> bool {
    let script = &block.step.script;
    let opening = script.lines().nth(here.line).unwrap_or_default();
    script.lines().skip(here.line + 1).any(|line| {
        let line = if opening.contains("<<-") { line.trim_start_matches('\t') } else { line };
        line == delimiter(here)
    })
}

/// `<<EOF> file`: what bash takes for the delimiter ends before the next operator.
fn delimiter(here: &HereDocument) -> &str {
    here.delimiter.split(['>', '<', '|', '&', ';', ')']).next().unwrap_or_default()
}

/// Who reads the here-document, by the words around it.
fn reader(block: &Block<'_>, here: &HereDocument) -> Option<Reader> {
    let statement = block.script.statement_at(here.line)?;
    let head = block.text(Span::new(statement.span.start, here.body.start));
    let words: Vec<&str> =
        head.split(|c: char| c.is_whitespace() || matches!(c, '|' | ';' | '(' | ')')).filter(|word| !word.is_empty()).collect();
    let has = |word: &str| words.contains(&word);
    let from_input =
        has("-f-") || words.windows(2).any(|pair| matches!(pair, ["-f" | "--filename", "-" | "/dev/stdin"])) || has("--filename=-");
    if has("kubectl") && (has("apply") || has("create") || has("replace")) && from_input {
        return Some(Reader::Kubectl);
    }
    let target = words
        .windows(2)
        .find(|pair| matches!(pair[0], ">" | ">>" | "tee"))
        .map(|pair| pair[1])
        .or_else(|| words.iter().find_map(|word| word.strip_prefix('>')))?;
    let target = target.trim_start_matches('>').trim_matches(['"', '\'']).to_lowercase();
    match target.rsplit_once('.')?.1 {
        "yaml" | "yml" => Some(Reader::Yaml),
        "json" => Some(Reader::Json),
        _ => None,
    }
}

/// The body as its reader gets it, a value in the place of every expansion, line by line; none when that cannot be told.
fn readable(block: &Block<'_>, here: &HereDocument, reader: Reader) -> Option<String> {
    let body = block.text(here.body);
    let tabs_go = block.text(Span::new(0, here.body.start)).trim_end_matches('\n').rsplit('\n').next()?.contains("<<-");
    let mut text = String::with_capacity(body.len());
    for line in body.split_inclusive('\n') {
        let line = if tabs_go { line.trim_start_matches('\t') } else { line };
        if line.trim_end_matches('\n') == delimiter(here) {
            break;
        }
        if here.quoted {
            text.push_str(line);
            continue;
        }
        let filled = without_expansions(line, if reader == Reader::Json { '1' } else { 'x' })?;
        // A variable alone on its line may hold any number of lines.
        if line.contains('$') && filled.trim().trim_end_matches(',').len() <= 1 {
            return None;
        }
        text.push_str(&filled);
    }
    (!text.contains("{{") && !text.contains("{%")).then_some(text)
}

/// A line of a here-document with `filler` in the place of each expansion; none when an expansion does not end in it.
fn without_expansions(line: &str, filler: char) -> Option<String> {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find(['$', '\\', '`']) {
        text.push_str(&rest[..at]);
        let (sign, after) = (&rest[at..=at], &rest[at + 1..]);
        rest = match (sign, after.chars().next()) {
            ("\\", Some(next @ ('$' | '\\' | '`'))) => {
                text.push(next);
                &after[1..]
            }
            // The line goes on below.
            ("\\", Some('\n')) | ("`", _) => return None,
            ("$", Some(open @ ('{' | '('))) => {
                text.push(filler);
                let close = if open == '{' { '}' } else { ')' };
                let mut depth = 0_usize;
                let end = after.char_indices().find(|(_, c)| {
                    depth += usize::from(*c == open);
                    depth -= usize::from(*c == close);
                    depth == 0
                });
                &after[end?.0 + 1..]
            }
            ("$", Some(first)) if first.is_ascii_alphabetic() || first == '_' => {
                text.push(filler);
                after.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_')
            }
            _ => {
                text.push_str(sign);
                after
            }
        };
    }
    text.push_str(rest);
    Some(text)
}

/// The line of the body, from 1, and what is wrong there.
fn wrong(text: &str, reader: Reader) -> Option<(usize, String)> {
    if reader == Reader::Json {
        let error = serde_json::from_str::<Value>(text).err()?;
        return Some((error.line().max(1), "this is no JSON".to_owned()));
    }
    let mut options = Options::default();
    options.duplicate_keys = DuplicateKeyPolicy::LastWins;
    options.with_snippet = false;
    let documents: Vec<Value> = match serde_saphyr::from_multiple_with_options(text, options) {
        Ok(documents) => documents,
        Err(error) => {
            let line = usize::try_from(error.location()?.line()).ok()?;
            let why = error.without_snippet().to_string();
            let why = why.lines().next().unwrap_or_default();
            // The reader wants the line of the document.
            let why = why.split(" at line ").next().unwrap_or_default().trim().to_owned();
            return Some((line.max(1), format!("this is no YAML: {why}")));
        }
    };
    if reader != Reader::Kubectl {
        return None;
    }
    let objects = documents.iter().filter_map(Value::as_object);
    for object in objects {
        if let Some(missing) = ["apiVersion", "kind"].iter().find(|name| !object.contains_key(**name)) {
            return Some((1, format!("the manifest has no `{missing}` in its first column")));
        }
        let kind = object.get("kind").and_then(Value::as_str).unwrap_or_default();
        let misplaced = object.keys().find(|key| PLAIN_KINDS.contains(&kind) && !PLAIN_MEMBERS.contains(&key.as_str()));
        if let Some(key) = misplaced {
            let line = text.lines().position(|line| line.strip_prefix(key.as_str()).is_some_and(|rest| rest.starts_with(':'))).unwrap_or(0);
            return Some((line + 1, format!("a {kind} has no `{key}` in its first column")));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::check;

    const CODE: &str = "broken-here-document";

    #[test]
    fn yaml_that_kubectl_cannot_read_is_found_at_its_line() {
        check(CODE, "cat <<EOF | kubectl apply -f -\nkind: Pod\nspec:\n    - image: a\n    name: b\nEOF", &["5: this is no YAML"]);
        check(CODE, "kubectl apply -f - <<EOF\napiVersion: v1\nkind: Pod\nmetadata:\nname: a\nEOF", &["5: a Pod has no `name`"]);
        check(CODE, "kubectl create -f - <<EOF\nkind: Pod\nEOF", &["2: the manifest has no `apiVersion`"]);
    }

    #[test]
    fn files_are_read_by_their_names() {
        check(CODE, "cat > a.json <<EOF\n{\n  \"a\": 1,\n}\nEOF", &["4: this is no JSON"]);
        check(CODE, "cat <<'EOF' > values.yaml\na: [1\nEOF\ncat <<EOF >a.txt\na: [1\nEOF", &["no YAML"]);
        check(CODE, "cat > a.json <<EOF\n{\"a\": $A, \"b\": \"${B:-x}$(date)\"}\nEOF", &[]);
    }

    #[test]
    fn a_here_document_without_an_end_is_found() {
        check(CODE, "cat <<EOF> a.txt\na\nEOF\ncat <<-E\n\tE\n", &[]);
        check(CODE, "cat <<EOF\na\n EOF\necho", &["1: the here-document has no line `EOF`"]);
    }

    #[test]
    fn sound_and_unknowable_documents_are_no_finding() {
        let pod = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: $NAME\n  labels:\n    a: \"${B}\"  # why\nspec:\n  containers:\n  - name: c\n    image: d:$TAG\n";
        check(CODE, &format!("cat <<EOF | kubectl apply -f -\n{pod}---\n{pod}EOF"), &[]);
        check(CODE, "kubectl apply -f - <<EOF\n$MANIFEST\nEOF\ncat > a.yaml <<EOF\na: {{ .Values.x }}\nEOF", &[]);
        check(CODE, "kubectl apply -f - <<EOF\napiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n    {x\nmetadata:\n  name: a\nEOF", &[]);
    }
}
