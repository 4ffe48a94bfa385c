//! `kubectl api-resources` and `kubectl api-versions`.

use super::super::failure::Failure;
use super::super::session::Session;
use super::super::tabwriter::{TABLE, align};

pub(super) fn resources(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    let line = session.line.clone();
    if !line.args.is_empty() {
        return Err(Failure::usage("api-resources", format!("unexpected arguments: [{}]", line.args.join(" "))));
    }
    let output = line.text("output").unwrap_or_default();
    if !matches!(output, "" | "wide" | "name") {
        return Err(Failure::error(format!("--output {output} is not available")));
    }
    let discovery = session.discovery()?;
    let wanted_verbs = line.list("verbs");
    let mut resources: Vec<_> = discovery
        .resources
        .iter()
        .filter(|resource| line.text("api-group").is_none_or(|group| resource.group == group))
        .filter(|resource| line.text("namespaced").is_none_or(|_| resource.is_namespaced == line.is_on("namespaced", true)))
        .filter(|resource| !resource.verbs.is_empty() && wanted_verbs.iter().all(|verb| resource.verbs.contains(verb)))
        .collect();
    resources.sort_by(|left, right| (&left.group, &left.plural).cmp(&(&right.group, &right.plural)));
    let mut text = String::new();
    if output == "name" {
        resources.iter().for_each(|resource| text.push_str(&format!("{}\n", resource.plural_label())));
        session.out(text);
        return Ok(0);
    }
    if !line.is_on("no-headers", false) {
        text.push_str("NAME\tSHORTNAMES\tAPIVERSION\tNAMESPACED\tKIND");
        text.push_str(if output == "wide" { "\tVERBS\tCATEGORIES\n" } else { "\n" });
    }
    for resource in resources {
        text.push_str(
            &[
                resource.plural.clone(),
                resource.short_names.join(","),
                resource.api_version(),
                resource.is_namespaced.to_string(),
                resource.kind.clone(),
            ]
            .join("\t"),
        );
        if output == "wide" {
            text.push_str(&format!("\t{}\t{}", resource.verbs.join(","), resource.categories.join(",")));
        }
        text.push('\n');
    }
    session.out(align(&text, TABLE));
    Ok(0)
}

pub(super) fn versions(session: &mut Session<'_, '_>) -> Result<i32, Failure> {
    if !session.line.args.is_empty() {
        return Err(Failure::usage("api-versions", format!("unexpected arguments: [{}]", session.line.args.join(" "))));
    }
    let mut versions = session.discovery()?.versions.clone();
    versions.sort();
    session.out(versions.into_iter().map(|version| format!("{version}\n")).collect::<String>());
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::super::super::fake::kubectl;

    #[test]
    fn resources_are_listed_core_first() {
        let outcome = kubectl(&["api-resources", "--namespaced=false"], "", &[]);
        assert_eq!(
            outcome.stdout,
            "NAME         SHORTNAMES   APIVERSION   NAMESPACED   KIND\nnamespaces   ns           v1           false        Namespace\nnodes        no           v1           false        Node\n"
        );
        assert_eq!(kubectl(&["api-resources", "-o", "name", "--api-group=apps"], "", &[]).stdout, "deployments.apps\n");
        assert_eq!(kubectl(&["api-versions"], "", &[]).stdout, "apps/v1\nv1\n");
    }
}
