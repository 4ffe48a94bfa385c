//! Which objects the words of a command line mean: `pods`, `pod a b`, `pod/a sa/b`, `pods,svc`, with selectors.
//!
//! Source: cli-runtime's resource builder; messages measured with kubectl 1.33.

use super::command_line::CommandLine;
use super::discovery::{Discovery, Resource};
use super::failure::Failure;

/// What to do with words that name a type but no object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bare {
    /// They mean all objects.
    All,
    /// They are an error, unless there is a selector.
    Refused,
}

/// One or many objects of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    Named { resource: Resource, name: String },
    Listed { resource: Resource },
}

impl Wanted {
    pub(crate) fn resource(&self) -> &Resource {
        match self {
            Self::Named { resource, .. } | Self::Listed { resource } => resource,
        }
    }
}

/// The objects that `line` asks for.
pub(crate) fn select(line: &CommandLine, args: &[String], discovery: &Discovery, bare: Bare) -> Result<Vec<Wanted>, Failure> {
    let has_selector = ["selector", "field-selector"].iter().any(|name| line.text(name).is_some_and(|text| !text.is_empty()));
    let wants_all = line.is_on("all", false);
    let across = line.is_on("all-namespaces", false);
    if args.iter().any(|arg| arg.contains('/')) {
        return select_pairs(args, discovery, has_selector || wants_all, across);
    }
    let Some((types, names)) = args.split_first() else { return Ok(Vec::new()) };
    let types: Vec<&str> = types.split(',').collect();
    let mut resources = Vec::new();
    for word in types {
        let members = discovery.category(word);
        if members.is_empty() {
            resources.push(discovery.find(word)?.clone());
        } else {
            resources.extend(members.into_iter().cloned());
        }
    }
    if names.is_empty() {
        if bare == Bare::Refused && !has_selector && !wants_all {
            return Err(Failure::error("resource(s) were provided, but no name was specified"));
        }
        return Ok(resources.into_iter().map(|resource| Wanted::Listed { resource }).collect());
    }
    if has_selector {
        return Err(Failure::error("name cannot be provided when a selector is specified"));
    }
    if wants_all {
        return Err(Failure::error("name cannot be provided when a selector is specified"));
    }
    if across {
        return Err(Failure::error("a resource cannot be retrieved by name across all namespaces"));
    }
    Ok(resources
        .iter()
        .flat_map(|resource| names.iter().map(|name| Wanted::Named { resource: resource.clone(), name: name.clone() }))
        .collect())
}

fn select_pairs(args: &[String], discovery: &Discovery, has_selector: bool, across: bool) -> Result<Vec<Wanted>, Failure> {
    if has_selector {
        return Err(Failure::error("selectors and the all flag cannot be used when passing resource/name arguments"));
    }
    let mut wanted = Vec::new();
    for arg in args {
        let parts: Vec<&str> = arg.split('/').collect();
        let (word, name) = match parts[..] {
            [_] => {
                return Err(Failure::error(
                    "there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'",
                ));
            }
            [word, name] if !word.is_empty() && !name.is_empty() => (word, name),
            [_, _] => return Err(Failure::error("arguments in resource/name form must have a single resource and name")),
            _ => return Err(Failure::error("arguments in resource/name form may not have more than one slash")),
        };
        let resource = discovery.find(word)?.clone();
        if across && resource.is_namespaced {
            return Err(Failure::error("a resource cannot be retrieved by name across all namespaces"));
        }
        wanted.push(Wanted::Named { resource, name: name.to_owned() });
    }
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use super::super::fake::discovery;
    use super::*;

    fn selected(words: &str, bare: Bare) -> Result<Vec<String>, String> {
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        let line = CommandLine::parse(&words).expect("well formed");
        let wanted = select(&line, &line.args, &discovery(), bare).map_err(|failure| failure.text)?;
        Ok(wanted
            .iter()
            .map(|wanted| match wanted {
                Wanted::Named { resource, name } => format!("{}/{name}", resource.plural),
                Wanted::Listed { resource } => resource.plural.clone(),
            })
            .collect())
    }

    #[test]
    fn words_become_objects() {
        assert_eq!(selected("get pod a b", Bare::All), Ok(vec!["pods/a".into(), "pods/b".into()]));
        assert_eq!(selected("get po,sa", Bare::All), Ok(vec!["pods".into(), "serviceaccounts".into()]));
        assert_eq!(selected("get po/a deploy/b", Bare::All), Ok(vec!["pods/a".into(), "deployments/b".into()]));
        assert_eq!(selected("delete po --all", Bare::Refused), Ok(vec!["pods".into()]));
    }

    #[test]
    fn contradictions_are_refused() {
        assert_eq!(selected("delete po", Bare::Refused), Err("error: resource(s) were provided, but no name was specified".into()));
        assert_eq!(selected("get po a -l x=y", Bare::All), Err("error: name cannot be provided when a selector is specified".into()));
        assert_eq!(selected("get po a -A", Bare::All), Err("error: a resource cannot be retrieved by name across all namespaces".into()));
        assert!(selected("get pods po/a", Bare::All).expect_err("mixed").starts_with("error: there is no need to specify a resource type"));
    }
}
