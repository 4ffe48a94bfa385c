//! A here-document holds YAML or JSON that cannot be read, or never ends.
//!
//! Looked at is what goes to `kubectl apply -f -` (also `create` and `replace`) and into files called `*.yaml`, `*.yml` or `*.json`. Most often the
//! indentation was lost when the text was moved: members of `metadata:` or `spec:` stand in the first column. Manifests for kubectl need
//! `apiVersion` and `kind`, and in the first column only what their kind has there.
//!
//! Variables stand for any value. Documents with template marks (`{{ }}`), or with a line that is a variable and nothing else, are not judged.

use serde_json::Value;

use crate::lint::{
    document::Document,
    here_document::{self, Reader, yaml_options},
    kubernetes,
    rule::Finding,
    yaml,
};

pub(super) fn check(document: &Document<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for block in &document.blocks {
        for here in block.script.here_documents().iter().filter(|here| !here.closed) {
            let delimiter = &here.delimiter;
            let message = format!("the here-document has no line `{delimiter}`: everything below belongs to it");
            let hint = format!("put `{delimiter}` on a line of its own, without blanks around it");
            findings.push(Finding::new(block.place_of_line(here.line), message).with_hint(hint));
        }
        for data in here_document::of(block) {
            if let Some((line, message)) = wrong(&data.text, data.reader) {
                let message = format!("{message} (here-document of line {})", block.line(data.line));
                let hint = match data.reader {
                    Reader::Json => "check the commas, quotes and brackets here and above",
                    _ => "check the indentation of this line and of those above it",
                };
                findings.push(Finding::new(block.place_of_line(data.first_line + line - 1), message).with_hint(hint));
            }
        }
    }
    findings
}

/// The line of the body, from 1, and what is wrong there.
fn wrong(text: &str, reader: Reader) -> Option<(usize, String)> {
    if reader == Reader::Json {
        let error = serde_json::from_str::<Value>(text).err()?;
        let why = error.to_string();
        let why = why.split(" at line ").next().unwrap_or_default();
        // Where something is missing at the end, the end is behind the last line.
        return Some((error.line().clamp(1, text.lines().count().max(1)), format!("this is no JSON: {why}")));
    }
    let documents: Vec<Value> = match serde_saphyr::from_multiple_with_options(text, yaml_options()) {
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
    if reader == Reader::Kubectl {
        for object in documents.iter().filter_map(Value::as_object) {
            if let Some(missing) = ["apiVersion", "kind"].iter().find(|name| !object.contains_key(**name)) {
                return Some((1, format!("the manifest has no `{missing}` in its first column")));
            }
        }
    }
    yaml::documents(text).iter().find_map(|object| {
        let (key, line) = kubernetes::misplaced(object)?;
        Some((line, format!("a {} has no `{key}` in its first column", object.text("kind"))))
    })
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
        check(CODE, "cat > a.json <<EOF\n{\n  \"a\": 1,\n}\nEOF", &["4: this is no JSON: trailing comma"]);
        check(CODE, "cat > a.json <<EOF\n{\n  \"a\": 1\nEOF", &["3: this is no JSON: EOF while"]);
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
