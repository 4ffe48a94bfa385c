//! How a command line ends badly: the text kubectl prints for it, and its exit status. The wording follows kubectl's own error printer
//! (kubernetes-wire A12; measured with 1.32 and 1.33).

use serde_json::Value;

/// A failed command line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub(crate) struct Failure {
    /// What goes to standard error, without its last line end; nothing is printed when empty.
    pub(crate) text: String,
    pub(crate) status: i32,
    /// How the text reads among others, where that differs.
    listed: Option<String>,
    /// Set when it is docent that lacks something.
    pub(crate) refusal: Option<Refusal>,
}

/// What the built-in kubectl does not emulate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) what: String,
    pub(crate) workaround: String,
}

impl Failure {
    /// `error: …`, as for everything that is not a server's answer.
    pub(crate) fn error(message: impl AsRef<str>) -> Self {
        let message = message.as_ref();
        let bare = message.strip_prefix("error: ").unwrap_or(message);
        Self { listed: Some(bare.to_owned()), ..Self::plain(format!("error: {bare}")) }
    }

    /// The text as it is.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), status: 1, listed: None, refusal: None }
    }

    /// Status 1 without a word.
    pub(crate) fn silent() -> Self {
        Self::plain("")
    }

    /// A wrong command line of `path`, with the pointer to its help.
    pub(crate) fn usage(path: &str, message: impl AsRef<str>) -> Self {
        Self::error(format!("{}\nSee 'kubectl {path} -h' for help and examples", message.as_ref()))
    }

    /// A real command, option or behaviour that docent does not have.
    pub(crate) fn refused(what: impl Into<String>, workaround: impl Into<String>) -> Self {
        let (what, workaround) = (what.into(), workaround.into());
        Self {
            text: format!("error: docent's built-in kubectl does not emulate {what}; try {workaround}"),
            status: 1,
            listed: None,
            refusal: Some(Refusal { what, workaround }),
        }
    }

    /// Several failures of one command line, a paragraph each and without the prefix of a single one; `None` when there are none.
    pub(crate) fn all(mut failures: Vec<Failure>) -> Option<Self> {
        if failures.len() < 2 {
            return failures.pop();
        }
        let status = failures.iter().map(|failure| failure.status).max()?;
        let refusal = failures.iter().find_map(|failure| failure.refusal.clone());
        let texts: Vec<String> =
            failures.into_iter().map(|failure| failure.listed.unwrap_or(failure.text)).filter(|text| !text.is_empty()).collect();
        Some(Self { text: texts.join("\n"), status, listed: None, refusal })
    }
}

/// A `Status` object that the server answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServerStatus {
    pub(crate) code: u16,
    pub(crate) reason: String,
    /// The message, perhaps with what the client was doing put before it.
    pub(crate) message: String,
    kind: String,
    name: String,
    causes: Vec<(String, String)>,
}

impl ServerStatus {
    /// The status in an answer of `code`; one is made up from the code when the body is none, as client-go does.
    pub(crate) fn of(code: u16, body: &[u8], asked: &str) -> Self {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        if body["kind"] == "Status" {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let details = &body["details"];
            let causes = details["causes"].as_array().map(Vec::as_slice).unwrap_or_default();
            return Self {
                code,
                reason: text(&body["reason"]),
                message: text(&body["message"]),
                kind: text(&details["kind"]),
                name: text(&details["name"]),
                causes: causes.iter().map(|cause| (text(&cause["field"]), text(&cause["message"]))).collect(),
            };
        }
        // Source: apimachinery NewGenericServerResponse.
        let (reason, message) = match code {
            400 => ("BadRequest", "the server rejected our request for an unknown reason".to_owned()),
            401 => ("Unauthorized", "the server has asked for the client to provide credentials".to_owned()),
            403 => ("Forbidden", format!("the server does not allow access to the requested resource{asked}")),
            404 => ("NotFound", format!("the server could not find the requested resource{asked}")),
            405 => ("MethodNotAllowed", "the server does not allow this method on the requested resource".to_owned()),
            409 => ("Conflict", "the server reported a conflict".to_owned()),
            415 => ("UnsupportedMediaType", "the body of the request was in an unknown format".to_owned()),
            429 => ("TooManyRequests", "the server has received too many requests and has asked us to try again later".to_owned()),
            503 => ("ServiceUnavailable", "the server is currently unable to handle the request".to_owned()),
            504 => (
                "Timeout",
                "the server was unable to return a response in the time allotted, but may still be processing the request".to_owned(),
            ),
            500..=599 => ("InternalError", "an error on the server has prevented the request from succeeding".to_owned()),
            _ => ("", format!("the server responded with the status code {code} but did not return more information")),
        };
        Self { code, reason: reason.to_owned(), message, kind: String::new(), name: String::new(), causes: Vec::new() }
    }

    /// The same with what the client was doing before the message.
    #[must_use]
    pub(crate) fn while_doing(mut self, what: &str) -> Self {
        self.message = format!("{what}{}", self.message);
        self
    }

    pub(crate) fn is_not_found(&self) -> bool {
        self.reason == "NotFound"
    }
}

impl From<ServerStatus> for Failure {
    fn from(status: ServerStatus) -> Self {
        if status.reason == "Invalid" && status.code == 422 {
            let subject = if status.kind.is_empty() && status.name.is_empty() {
                "The request is invalid".to_owned()
            } else {
                format!("The {} \"{}\" is invalid", status.kind, status.name)
            };
            let lines: Vec<String> = status
                .causes
                .iter()
                .map(|(field, message)| if field.is_empty() { message.clone() } else { format!("{field}: {message}") })
                .collect();
            let text = match lines.as_slice() {
                [] => subject,
                [only] => format!("{subject}: {only}"),
                several => format!("{subject}: \n{}", several.iter().map(|line| format!("* {line}")).collect::<Vec<_>>().join("\n")),
            };
            return Self { listed: Some(format!("Error from server (Invalid): {}", status.message)), ..Self::plain(text) };
        }
        Self::plain(match status.reason.as_str() {
            "Unauthorized" => format!("error: You must be logged in to the server ({})", status.message),
            "" => format!("Error from server: {}", status.message),
            reason => format!("Error from server ({reason}): {}", status.message),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(code: u16, body: &Value, text: &str) {
        assert_eq!(Failure::from(ServerStatus::of(code, body.to_string().as_bytes(), "")).text, text);
    }

    #[test]
    fn a_status_is_told_by_its_reason() {
        check(
            404,
            &json!({"kind": "Status", "reason": "NotFound", "message": "pods \"x\" not found"}),
            "Error from server (NotFound): pods \"x\" not found",
        );
        check(400, &json!({"kind": "Status", "message": "denied"}), "Error from server: denied");
        check(
            401,
            &json!({"kind": "Status", "reason": "Unauthorized", "message": "Unauthorized"}),
            "error: You must be logged in to the server (Unauthorized)",
        );
    }

    #[test]
    fn an_invalid_object_lists_its_causes() {
        let cause = |field: &str| json!({"field": field, "message": "Required value"});
        let body =
            |causes: Value| json!({"kind": "Status", "reason": "Invalid", "details": {"kind": "Pod", "name": "x", "causes": causes}});
        check(422, &body(json!([cause("spec.containers")])), "The Pod \"x\" is invalid: spec.containers: Required value");
        check(422, &body(json!([cause("a"), cause("b")])), "The Pod \"x\" is invalid: \n* a: Required value\n* b: Required value");
    }

    // Measured with kubectl 1.33.
    #[test]
    fn among_others_a_failure_has_no_prefix() {
        let several = Failure::all(vec![Failure::error("a"), Failure::plain("Error from server: b")]).expect("two");
        assert_eq!(several.text, "a\nError from server: b");
        assert_eq!(Failure::all(vec![Failure::error("a")]).expect("one").text, "error: a");
        assert_eq!(Failure::all(Vec::new()), None);
    }

    #[test]
    fn an_answer_that_is_no_status_is_told_by_its_code() {
        check(404, &json!("gone"), "Error from server (NotFound): the server could not find the requested resource");
    }
}
