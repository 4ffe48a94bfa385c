//! `kubectl auth can-i` and `kubectl auth whoami`.

use serde_json::{Value, json};

use super::super::discovery::{list, text};
use super::super::failure::Failure;
use super::super::print::json::pretty_in_order;
use super::super::print::{Form, Printer};
use super::super::server::Call;
use super::super::session::Session;
use super::super::tabwriter::{TABLE, align};

const TWO_ARGUMENTS: &str =
    "you must specify two arguments: verb resource or verb resource/resourceName.\nSee 'kubectl auth can-i -h' for help and examples.";

pub(super) fn can_i(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    let line = session.line.clone();
    if line.is_on("list", false) {
        if !line.args.is_empty() {
            return Err(Failure::error("list option must be specified with no arguments"));
        }
        return list_rules(session);
    }
    let [verb, what] = line.args.as_slice() else { return Err(Failure::error(TWO_ARGUMENTS)) };
    let subresource = line.text("subresource").unwrap_or_default();
    let spec = if what.starts_with('/') {
        if !subresource.is_empty() {
            return Err(Failure::error("--subresource can not be used with NonResourceURL"));
        }
        json!({"nonResourceAttributes": {"path": what, "verb": verb}})
    } else {
        let (word, name) = what.split_once('/').unwrap_or((what, ""));
        let discovery = session.discovery()?;
        let namespace = session.namespace_to_list()?.unwrap_or_default();
        let (group, plural) = match discovery.find(word) {
            Ok(resource) => {
                if !resource.is_namespaced && !line.is_on("all-namespaces", false) {
                    let group = if resource.group.is_empty() { String::new() } else { format!(" in group '{}'", resource.group) };
                    session.err(format!("Warning: resource '{}' is not namespace scoped{group}\n", resource.plural));
                }
                (resource.group.clone(), resource.plural.clone())
            }
            Err(_) if word == "*" => (String::new(), "*".to_owned()),
            Err(_) => {
                let (plural, group) = word.split_once('.').unwrap_or((word, ""));
                let place = if group.is_empty() { String::new() } else { format!(" in group '{group}'") };
                session.err(format!("Warning: the server doesn't have a resource type '{plural}'{place}\n"));
                (group.to_owned(), plural.to_owned())
            }
        };
        let mut attributes = json!({"verb": verb, "resource": plural});
        for (key, value) in [("namespace", namespace.as_str()), ("group", &group), ("subresource", subresource), ("name", name)] {
            if !value.is_empty() {
                attributes[key] = value.into();
            }
        }
        json!({"resourceAttributes": attributes})
    };
    let review = json!({"kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1", "metadata": {}, "spec": spec, "status": {"allowed": false}});
    let answer = session.json(&Call::post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review))?;
    let status = &answer["status"];
    let allowed = status["allowed"] == true;
    if !line.is_on("quiet", false) {
        let mut verdict = if allowed { "yes".to_owned() } else { "no".to_owned() };
        for part in [text(&status["reason"]), text(&status["evaluationError"])].into_iter().filter(|part| !allowed && !part.is_empty()) {
            verdict.push_str(&format!(" - {part}"));
        }
        session.out(format!("{verdict}\n"));
    }
    Ok(i32::from(!allowed))
}

/// One line of `can-i --list`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    verbs: Vec<String>,
    groups: Vec<String>,
    resources: Vec<String>,
    names: Vec<String>,
    urls: Vec<String>,
}

fn list_rules(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    let namespace = session.namespace()?;
    let review = json!({"kind": "SelfSubjectRulesReview", "apiVersion": "authorization.k8s.io/v1", "metadata": {}, "spec": {"namespace": namespace}});
    let answer = session.json(&Call::post("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", review))?;
    let status = &answer["status"];
    let texts = |value: &Value| list(value).iter().map(text).collect::<Vec<_>>();
    let mut rules: Vec<Rule> = Vec::new();
    for rule in list(&status["resourceRules"]) {
        // Each group, resource and name stands alone; rules for the same thing share a line.
        for group in texts(&rule["apiGroups"]) {
            for resource in texts(&rule["resources"]) {
                let names = texts(&rule["resourceNames"]);
                let names: Vec<Vec<String>> =
                    if names.is_empty() { vec![Vec::new()] } else { names.into_iter().map(|name| vec![name]).collect() };
                for names in names {
                    add(
                        &mut rules,
                        Rule {
                            verbs: texts(&rule["verbs"]),
                            groups: vec![group.clone()],
                            resources: vec![resource.clone()],
                            names,
                            urls: Vec::new(),
                        },
                    );
                }
            }
        }
    }
    for rule in list(&status["nonResourceRules"]) {
        for url in texts(&rule["nonResourceURLs"]) {
            rules.push(Rule {
                verbs: texts(&rule["verbs"]),
                groups: Vec::new(),
                resources: Vec::new(),
                names: Vec::new(),
                urls: vec![url],
            });
        }
    }
    // kubectl sorts by Go's text of a rule, brackets included: `[*]` comes before `[]`.
    rules.sort_by_key(|rule| {
        [&rule.verbs, &rule.groups, &rule.resources, &rule.names, &rule.urls].map(|words| format!("{}]", words.join(" ")))
    });
    let mut table = String::new();
    if !session.line.is_on("no-headers", false) {
        table.push_str("Resources\tNon-Resource URLs\tResource Names\tVerbs\n");
    }
    for rule in &rules {
        let resource = match (rule.resources.first(), rule.groups.first().filter(|group| !group.is_empty())) {
            (Some(resource), Some(group)) => format!("{resource}.{group}"),
            (Some(resource), None) => resource.clone(),
            (None, _) => String::new(),
        };
        let bracketed = |words: &[String]| format!("[{}]", words.join(" "));
        table.push_str(&format!("{resource}\t{}\t{}\t{}\n", bracketed(&rule.urls), bracketed(&rule.names), bracketed(&rule.verbs)));
    }
    session.out(align(&table, TABLE));
    if status["incomplete"] == true {
        let error = text(&status["evaluationError"]);
        session.err(format!("Warning: the list may be incomplete{}", if error.is_empty() { String::new() } else { format!(": {error}") }));
    }
    Ok(0)
}

fn add(rules: &mut Vec<Rule>, rule: Rule) {
    let same =
        rules.iter_mut().find(|known| (&known.groups, &known.resources, &known.names) == (&rule.groups, &rule.resources, &rule.names));
    match same {
        Some(known) => rule.verbs.into_iter().for_each(|verb| {
            if !known.verbs.contains(&verb) {
                known.verbs.push(verb);
            }
        }),
        None => rules.push(rule),
    }
}

pub(super) fn whoami(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    let form = Form::of(&session.line, Printer::Object)?;
    let review = json!({"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1", "metadata": {}, "status": {"userInfo": {}}});
    let answer = session.json(&Call::post("/apis/authentication.k8s.io/v1/selfsubjectreviews", review))?;
    let user = &answer["status"]["userInfo"];
    if form == Form::Human {
        let mut rows = vec![("ATTRIBUTE".to_owned(), "VALUE".to_owned())];
        for (key, label) in [("username", "Username"), ("uid", "UID")] {
            let value = text(&user[key]);
            if !value.is_empty() {
                rows.push((label.to_owned(), value));
            }
        }
        let bracketed = |value: &Value| format!("[{}]", list(value).iter().map(text).collect::<Vec<_>>().join(" "));
        if !list(&user["groups"]).is_empty() {
            rows.push(("Groups".to_owned(), bracketed(&user["groups"])));
        }
        let mut extra: Vec<(&String, &Value)> = user["extra"].as_object().into_iter().flatten().collect();
        extra.sort_by_key(|(key, _)| *key);
        rows.extend(extra.into_iter().map(|(key, value)| (format!("Extra: {key}"), bracketed(value))));
        let table: String = rows.into_iter().map(|(key, value)| format!("{key}\t{value}\n")).collect();
        session.out(align(&table, TABLE));
        return Ok(0);
    }
    let mut info = json!({});
    for key in ["username", "uid", "groups", "extra"] {
        if let Some(value) = user.get(key) {
            info[key] = value.clone();
        }
    }
    let created = answer["metadata"].get("creationTimestamp").cloned().unwrap_or_default();
    let review = json!({"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1", "metadata": {"creationTimestamp": created}, "status": {"userInfo": info}});
    let text = match form {
        Form::Json => format!("{}\n", pretty_in_order(&review, 4)),
        form => form.print(&review, "selfsubjectreview.authentication.k8s.io/")?.unwrap_or_default(),
    };
    session.out(text);
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::super::super::fake::kubectl;
    use super::*;

    const ACCESS: &str = "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

    #[test]
    fn a_verdict_is_a_word_and_a_status() {
        let outcome = kubectl(
            &["auth", "can-i", "get", "po/x", "-n", "dev"],
            "",
            &[(ACCESS, 201, json!({"status": {"allowed": true, "reason": "r"}}))],
        );
        assert_eq!((outcome.status, outcome.stdout.as_str()), (0, "yes\n"));
        assert!(
            outcome.asked[0]
                .contains("\"resourceAttributes\":{\"verb\":\"get\",\"resource\":\"pods\",\"namespace\":\"dev\",\"name\":\"x\"}"),
            "{}",
            outcome.asked[0]
        );
        let outcome =
            kubectl(&["auth", "can-i", "get", "nodes"], "", &[(ACCESS, 201, json!({"status": {"allowed": false, "reason": "r"}}))]);
        assert_eq!(
            (outcome.status, outcome.stdout.as_str(), outcome.stderr.as_str()),
            (1, "no - r\n", "Warning: resource 'nodes' is not namespace scoped\n\n")
        );
        assert_eq!(kubectl(&["auth", "can-i", "get"], "", &[]).stderr, format!("error: {TWO_ARGUMENTS}\n"));
    }

    // Recorded with kubectl 1.32.
    #[test]
    fn rules_are_listed_by_what_they_allow() {
        let status = json!({"status": {
            "resourceRules": [{"verbs": ["create"], "apiGroups": ["authorization.k8s.io"], "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]}, {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
            "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["/healthz", "/version"]}],
        }});
        let outcome =
            kubectl(&["auth", "can-i", "--list"], "", &[("POST /apis/authorization.k8s.io/v1/selfsubjectrulesreviews", 201, status)]);
        assert_eq!(
            outcome.stdout,
            "Resources                                       Non-Resource URLs   Resource Names   Verbs\n\
             *.*                                             []                  []               [*]\n\
             selfsubjectaccessreviews.authorization.k8s.io   []                  []               [create]\n\
             selfsubjectrulesreviews.authorization.k8s.io    []                  []               [create]\n                                                [/healthz]          []               [get]\n                                                [/version]          []               [get]\n"
        );
    }

    // Recorded with kubectl 1.32.
    #[test]
    fn who_i_am_is_a_table() {
        let user = json!({"username": "masterclient", "uid": "u-1", "groups": ["system:masters", "system:authenticated"], "extra": {"oid": ["1111"]}});
        let outcome = kubectl(
            &["auth", "whoami"],
            "",
            &[("POST /apis/authentication.k8s.io/v1/selfsubjectreviews", 201, json!({"status": {"userInfo": user}}))],
        );
        assert_eq!(
            outcome.stdout,
            "ATTRIBUTE    VALUE\nUsername     masterclient\nUID          u-1\nGroups       [system:masters system:authenticated]\nExtra: oid   [1111]\n"
        );
    }
}
