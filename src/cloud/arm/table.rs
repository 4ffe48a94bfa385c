//! The paths of a resource provider as a table: what each line of it is called, takes and does.

use http::Method;

use super::faults::require_api_version;
use super::id::{match_path, split_at_provider};
use crate::cloud::fault::Fault;
use crate::cloud::http::endpoint::{Access, Endpoint, Params, Request, Run};
use crate::cloud::http::hosts::RESOURCE_MANAGER;

/// One operation of a provider.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) method: Method,
    /// `subscriptions/{subscription}/…`; the names in braces are the parameters.
    pub(crate) pattern: &'static str,
    /// Stable name for logs and tests.
    pub(crate) name: &'static str,
    /// The action that it takes, with the provider in front.
    pub(crate) action: &'static str,
    pub(crate) run: Run,
}

/// One line, short enough for a table of them.
pub(crate) const fn line(method: Method, pattern: &'static str, name: &'static str, action: &'static str, run: Run) -> Line {
    Line { method, pattern, name, action, run }
}

/// The operation of the provider `namespace` that a request asks for; none when it asks another one.
///
/// # Errors
/// 501 with method and type for what is not in the table.
pub(crate) fn find(request: &Request, namespace: &str, lines: &'static [Line]) -> Option<Result<Endpoint, Fault>> {
    if request.host != RESOURCE_MANAGER {
        return None;
    }
    let (above, rest) = split_at_provider(&request.segments)?;
    if !rest.first()?.eq_ignore_ascii_case(namespace) {
        return None;
    }
    if let Err(fault) = require_api_version(request) {
        return Some(Err(fault));
    }
    let found = lines.iter().filter(|line| line.method == request.method).find_map(|line| {
        let values = match_path(&request.segments, line.pattern)?;
        let names = line.pattern.split('/').filter_map(|piece| piece.strip_prefix('{')?.strip_suffix('}'));
        let params: Vec<_> = names.zip(values).collect();
        let access = Access::Arm { action: line.action.to_owned(), scope: scope(&above, rest) };
        Some(Endpoint { name: line.name, access, params: Params::of(&params), run: line.run })
    });
    Some(found.ok_or_else(|| unsupported(&request.method, namespace, rest)))
}

/// What a refusal names. Public reports: the whole id, or for a list or an action on it the id without the last word.
fn scope(above: &str, rest: &[String]) -> String {
    let types_and_names = rest.len() - 1;
    let kept = if types_and_names.is_multiple_of(2) { rest.len() } else { rest.len() - 1 };
    format!("{above}/providers/{}", rest[..kept].join("/"))
}

fn unsupported(method: &Method, namespace: &str, rest: &[String]) -> Fault {
    let kinds: Vec<&str> = rest.iter().skip(1).step_by(2).map(String::as_str).collect();
    Fault::unsupported(format!("{method} {namespace}/{}", kinds.join("/")), "")
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::{Line, find};
    use crate::cloud::fault::Fault;
    use crate::cloud::http::endpoint::{Access, Endpoint, Reply, Request};

    static LINES: [Line; 2] = [
        Line {
            method: Method::GET,
            pattern: "subscriptions/{subscription}/providers/Microsoft.X/things",
            name: "things.list",
            action: "Microsoft.X/things/read",
            run: |_| Ok(Reply::empty(200)),
        },
        Line {
            method: Method::POST,
            pattern: "subscriptions/{subscription}/providers/Microsoft.X/things/{thing}/poke",
            name: "things.poke",
            action: "Microsoft.X/things/poke/action",
            run: |_| Err(Fault::new(400, "x", "x")),
        },
    ];

    /// `expected` is name and scope, or status and message; `none` when the request is another provider's.
    #[track_caller]
    fn check(method: Method, target: &str, expected: &str) {
        let request = Request::new(method, "management.azure.com", target);
        let shown = match find(&request, "Microsoft.X", &LINES) {
            None => "none".to_owned(),
            Some(Err(fault)) => format!("{} {}", fault.status(), fault.message()),
            Some(Ok(Endpoint { name, access: Access::Arm { scope, .. }, .. })) => format!("{name} {scope}"),
            Some(Ok(other)) => panic!("{other:?}"),
        };
        assert_eq!(shown, expected, "{target}");
    }

    #[test]
    fn lists_and_actions_are_refused_at_what_they_are_below() {
        let list = "/subscriptions/s/providers/microsoft.x/Things?api-version=1";
        check(Method::GET, list, "things.list /subscriptions/s/providers/microsoft.x");
        let action = "/subscriptions/s/providers/Microsoft.X/things/T/poke?api-version=1";
        check(Method::POST, action, "things.poke /subscriptions/s/providers/Microsoft.X/things/T");
    }

    #[test]
    fn other_methods_and_types_are_refused_by_name_and_other_providers_are_left_alone() {
        let thing = "/subscriptions/s/providers/Microsoft.X/things/T";
        check(Method::DELETE, &format!("{thing}?api-version=1"), "501 docent's embedded Azure does not emulate DELETE Microsoft.X/things");
        check(Method::GET, "/subscriptions/s/providers/Microsoft.Y/things?api-version=1", "none");
        check(Method::GET, &format!("{thing}/providers/Microsoft.Y/z?api-version=1"), "none");
        check(Method::GET, thing, "400 The api-version query parameter (?api-version=) is required for all requests.");
    }
}
