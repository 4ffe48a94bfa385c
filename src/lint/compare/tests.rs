//! Documents and their translations, beside what is to be said about them.

use super::compare;
use crate::runbook::{Companions, parse};

/// `line: code: message` of what is found in a document with this source.
fn found(source: &str, document: &str) -> Vec<String> {
    let read = |path: &str, text: &str| parse(path, text.as_bytes(), &Companions::default());
    let (there, here) = (read("source.md", source), read("document.md", document));
    let drift = compare((&here.0, &here.1), (&there.0, &there.1));
    drift.findings.iter().map(|found| format!("{}: {}: {}", found.line, found.code, found.message)).collect()
}

/// What is said when `from` becomes `to` in the document; each finding starts with its expectation.
#[track_caller]
fn check(from: &str, to: &str, expected: &[&str]) {
    assert!(from.is_empty() || SOURCE.contains(from), "{from:?}");
    let document = if from.is_empty() { SOURCE.to_owned() } else { SOURCE.replacen(from, to, 1) };
    let found = found(SOURCE, &document);
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}\n{expected}");
    }
}

const SOURCE: &str = r#"# Deploy

Set the variables.

```bash
# the names
export GROUP="my-group"
export REGION="westeurope"
```

<!-- docent: timeout=5m -->
```azurecli
az group create --name $GROUP \
    --location $REGION   # takes a while
```

Results:

<!-- expected_similarity=0.8 -->
```json
{"location": "westeurope"}
```

Apply it:

```bash
cat <<EOF | kubectl apply -f -
# a pod
kind: Pod
name: web
EOF
kubectl get pods
```

```yaml
kind: Pod
```

```text
Some words.
```
"#;

#[test]
fn a_translation_of_the_prose_is_no_difference() {
    check("", "", &[]);
    let translated = SOURCE
        .replace("# Deploy", "# Desplegar")
        .replace("Set the variables.", "Defina las variables.\n\nY más prosa.")
        .replace("# the names", "# los nombres\n")
        .replace("\\\n    --location $REGION   # takes a while", "--location $REGION")
        .replace("Results:", "Resultados:")
        .replace("# a pod", "# una vaina")
        .replace("Some words.", "Unas palabras.");
    assert_eq!(found(SOURCE, &translated), Vec::<String>::new());
}

#[test]
fn statements_are_missing_extra_changed_or_moved() {
    check("kubectl get pods\n", "", &["27: statement-missing: `kubectl get pods` is missing here (line 32 of the source)"]);
    check("kubectl get pods\n", "kubectl get pods\nls -l\n", &["33: statement-extra: `ls -l` is not in the source"]);
    check("REGION=\"west", "REGION=\"east", &["8: statement-changed: the source has `export REGION=\"westeurope\"` (line 8)"]);
    check("--name $GROUP", "–name $GROUP", &["13: statement-changed: the source has `az group create"]);
    check("create --name", "create\u{a0}--name", &["13: statement-changed"]);
    let moved = "export REGION=\"westeurope\"\nexport GROUP=\"my-group\"\n";
    check("export GROUP=\"my-group\"\nexport REGION=\"westeurope\"\n", moved, &["7: statement-moved: `export REGION"]);
}

#[test]
fn here_documents_are_compared_line_by_line() {
    check("\nname: web\nEOF", "\nname: red\nEOF", &["30: here-document-changed: the source has `name: web` (line 30)"]);
    check("\nname: web\nEOF", "\nEOF", &["27: here-document-changed: `name: web` is missing from this here-document (line 30"]);
    let config = "```bash\ncat <<E >a\n#cloud-config\n# uno\npackages: [nginx]\nE\n```\n";
    assert_eq!(found(config, &config.replace("# uno", "# one")), Vec::<String>::new());
    for damaged in [config.replace("#cloud-config\n", ""), config.replace("#cloud-config", "#configuración")] {
        assert!(found(config, &damaged)[0].contains("here-document-changed"), "{damaged}");
    }
    check("\nname: web\nEOF", "\nname: web\nmore: 1\nEOF", &["31: here-document-changed: `more: 1` is not in the source's"]);
}

#[test]
fn blocks_and_their_fences_are_compared() {
    check(
        "EOF\nkubectl get",
        "EOF\n```\n\n```bash\nkubectl get",
        &["26: blocks-divided-otherwise: one block of the source (line 26) is 2 blocks"],
    );
    check("```azurecli", "```bash", &["12: tag-changed: the tag is `bash`; the source has `azurecli` (line 12)"]);
    check("```yaml\nkind: Pod", "```yaml\nkind: Vaina", &["36: block-changed: the source has `kind: Pod` in this block (line 35)"]);
    check("```text\nSome words.\n```\n", "", &["35: block-missing: a block tagged `text` of the source (line 39) is missing below"]);
    // A pair of fences was lost around a command, which became prose.
    let lost = ["33: statement-missing: `kubectl get pods` (line 32 of the source) is in no block that runs"];
    check("EOF\nkubectl get pods\n```", "EOF\n```\nkubectl get pods", &[&lost[0].replace("30", "32")]);
    let lost =
        ["13: statement-missing: `az group create --name $GROUP --location $REGION` (line 13 of the source) is in no block that runs"];
    let from = "```azurecli\naz group create --name $GROUP \\\n    --location $REGION   # takes a while\n```\n";
    let found_here = found(SOURCE, &SOURCE.replacen(from, &from.replace("```azurecli", "").replace("```\n", ""), 1));
    assert!(found_here.iter().any(|found| lost.contains(&found.as_str())), "{found_here:#?}");
    // A step with another tag is one difference, not one a statement.
    let retagged = found(SOURCE, &SOURCE.replacen("```bash", "```text", 1));
    assert!(retagged.len() == 1 && retagged[0].contains("tag-changed") && retagged[0].contains("does not run"), "{retagged:#?}");
    // A fence without an end swallows what follows.
    let unclosed = found(SOURCE, &SOURCE.replacen("\"westeurope\"\n```", "\"westeurope\"\n", 1));
    assert!(unclosed.iter().any(|found| found.contains("statement-") && found.contains("az group create")), "{unclosed:#?}");
    assert!(unclosed.iter().any(|found| found.contains("fence-in-fence")), "{unclosed:#?}");
}

#[test]
fn expectations_keep_their_directive_threshold_and_text() {
    check("=0.8", "=0.3", &["19: expectation-changed: `expected_similarity=0.3` is `expected_similarity=0.8` in the source (line 19)"]);
    check(
        "<!-- expected_similarity=0.8 -->\n",
        "",
        &["19: expectation-missing: this output has lost its directive: the source has `expected_similarity=0.8` (line 19)"],
    );
    check("westeurope\"}", "europaoccidental\"}", &["21: expectation-changed: the source expects `{\"location\": \"westeurope\"}`"]);
    let output = "<!-- expected_similarity=0.8 -->\n```json\n{\"location\": \"westeurope\"}\n```\n";
    check(output, "", &["12: expectation-missing: the source expects an output of this block (expected_similarity=0.8, line 19)"]);
    check(
        "kubectl get pods\n```\n",
        "kubectl get pods\n```\n\n```output\nx\n```\n",
        &["35: expectation-missing: the source expects no output here"],
    );
}

#[test]
fn directives_are_not_lost_changed_or_moved() {
    check("<!-- docent: timeout=5m -->\n", "", &["11: directive-changed: `docent: timeout=5m` is missing here (line 11 of the source)"]);
    check("timeout=5m", "timeout=9m", &["11: directive-changed: the source says `docent: timeout=5m` (line 11)"]);
    let moved = SOURCE.replacen("<!-- docent: timeout=5m -->\n", "", 1).replacen("```bash", "<!-- docent: timeout=5m -->\n```bash", 1);
    let found_moved = found(SOURCE, &moved);
    assert!(found_moved.len() == 1 && found_moved[0].contains("stands before another step"), "{found_moved:#?}");
    // What holds for the whole document stands before no step.
    let file = "<!-- docent-file: timeout=5m -->\n\n```bash\nls a\nls b\n```\n";
    let divided = found(file, &file.replace("\nls b", "\n```\n\n```bash\nls b"));
    assert!(divided.len() == 1 && divided[0].contains("blocks-divided-otherwise"), "{divided:#?}");
}

#[test]
fn another_document_is_told_as_such_and_nothing_else() {
    let block = |words: &[&str]| format!("```bash\n{}\n```\n", words.join("\n"));
    let one = block(&["az vm create -n a", "ssh host uptime", "cat /etc/fstab", "sudo mount -a", "df -h", "reboot"]);
    let other = block(&["kubectl get pods", "helm repo list", "docker ps -a", "git status", "curl -s example.com", "make"]);
    let three = found(&block(&["ls a", "cat b", "df c"]), &block(&["foo d", "bar e", "baz f"]));
    assert!(three.len() == 1 && three[0].contains("other-document"), "{three:#?}");
    let found = found(&one, &other);
    assert!(found.len() == 1 && found[0].starts_with("1: other-document: 0 of 6 statements are those of source.md"), "{found:#?}");
}

#[test]
fn texts_that_are_no_documents_are_compared_all_the_same() {
    for text in ["", "```bash", "```bash\n'\n", "```bash\ncat <<EOF\n", "<!-- docent:", "\u{feff}\r\n```sh\r\n\\"] {
        assert_eq!(found(text, text), Vec::<String>::new(), "{text:?}");
        found(SOURCE, text);
        found(text, SOURCE);
    }
}
