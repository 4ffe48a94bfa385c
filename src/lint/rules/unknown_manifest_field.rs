//! A Kubernetes manifest has a member that its kind does not have.
//!
//! Looked at is every here-document that goes to `kubectl apply -f -` (also `create` and `replace`) or into a file called `*.yaml`: the
//! members of the kinds that Kubernetes itself has, at any depth. kubectl refuses such a manifest with `strict decoding error: unknown
//! field`. Either the name is misspelt, or it is indented too much or too little: then the message says where it belongs. A version that
//! Kubernetes no longer serves, such as `extensions/v1beta1`, is found as well.
//!
//! Kinds that an operator brings along are left alone, and so is what authors name themselves: labels, annotations, keys of a ConfigMap.

use crate::lint::{document::Document, here_document, here_document::Reader, kubernetes, rule::Finding, yaml};

pub(super) fn check(document: &Document<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for block in &document.blocks {
        for data in here_document::of(block).iter().filter(|data| data.reader != Reader::Json) {
            for object in yaml::documents(&data.text) {
                let found = kubernetes::mismatches(&object);
                findings.extend(
                    found.into_iter().map(|found| {
                        Finding::new(block.place_of_line(data.first_line + found.line - 1), found.message).with_hint(found.hint)
                    }),
                );
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::check;

    const CODE: &str = "unknown-manifest-field";

    #[test]
    fn members_that_a_kind_lacks_are_found_at_their_line() {
        check(
            CODE,
            "cat <<EOF | kubectl apply -f -\napiVersion: v1\nkind: Service\nmetadata:\n  name: $NAME\nspec:\n  selectors:\n    app: ${NAME}\nEOF",
            &["7: `spec` of a Service has no `selectors`"],
        );
        check(
            CODE,
            "kubectl apply -f -<<EOF\napiVersion: v1\nkind: Pod\nspec:\n  hostName: a\nEOF",
            &["5: `spec` of a Pod has no `hostName`"],
        );
        check(
            CODE,
            "ls\ncat > pod.yaml <<'EOF'\napiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n---\napiVersion: v1\nkind: Pod\nspec:\n  container: []\nEOF",
            &["11: `spec` of a Pod has no `container`"],
        );
    }

    #[test]
    fn manifests_that_kubectl_takes_are_no_finding() {
        check(
            CODE,
            "kubectl apply -f - <<EOF\napiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n  labels:\n    $KEY: b\nspec:\n  containers:\n  - name: a\n    image: b:$TAG\nEOF\ncat > values.yaml <<EOF\nkind: x\nany: thing\nEOF\ncat > x.txt <<EOF\napiVersion: v1\nkind: Pod\nspek:\nEOF",
            &[],
        );
    }
}
