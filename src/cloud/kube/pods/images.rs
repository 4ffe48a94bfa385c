//! Image references, and what the images of this world do when they are run.

use std::time::Duration;

use serde_json::Value;

use super::super::objects::text;

/// A reference taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Image {
    pub(crate) registry: String,
    pub(crate) repository: String,
    /// Empty when there is a digest and no tag.
    pub(crate) tag: String,
    pub(crate) digest: String,
}

/// What a container does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behaviour {
    /// The program of `msal_go`.
    MsalGo,
    /// Ends by itself.
    Exits(Duration),
    /// Runs and writes nothing. Nothing is known about it.
    Runs,
}

/// The image of `msal_go`.
const MSAL_GO: &str = "ghcr.io/azure/azure-workload-identity/msal-go";

/// Docker library images whose command is a shell: without a terminal or an input it reads the end of file and ends with 0
/// (`CMD` of their Dockerfiles).
const SHELLS: [&str; 4] = ["library/alpine", "library/busybox", "library/debian", "library/ubuntu"];

impl Image {
    /// Takes a reference apart: the grammar of `github.com/distribution/reference`, with its messages.
    ///
    /// # Errors
    /// Why it is none.
    pub(crate) fn parse(reference: &str) -> Result<Self, String> {
        const FORMAT: &str = "invalid reference format";
        let (rest, digest) = match reference.split_once('@') {
            Some((rest, digest)) if is_digest(digest) => (rest, digest),
            Some(_) => return Err(FORMAT.to_owned()),
            None => (reference, ""),
        };
        let (name, tag) = match rest.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (rest, None),
        };
        if tag.is_some_and(|tag| !is_tag(tag)) || name.is_empty() {
            return Err(FORMAT.to_owned());
        }
        let (registry, repository) = match name.split_once('/') {
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" || first.chars().any(char::is_uppercase) => {
                (first, rest.to_owned())
            }
            Some(_) => ("docker.io", name.to_owned()),
            None => ("docker.io", format!("library/{name}")),
        };
        if repository.chars().any(|letter| letter.is_ascii_uppercase()) {
            return Err(format!("{FORMAT}: repository name ({repository}) must be lowercase"));
        }
        if !repository.split('/').all(is_component) || !is_registry(registry) {
            return Err(FORMAT.to_owned());
        }
        let tag = tag.unwrap_or(if digest.is_empty() { "latest" } else { "" });
        Ok(Self { registry: registry.to_owned(), repository, tag: tag.to_owned(), digest: digest.to_owned() })
    }

    /// Registry and repository.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// The full reference as containerd writes it.
    pub(crate) fn full(&self) -> String {
        let tag = if self.tag.is_empty() { String::new() } else { format!(":{}", self.tag) };
        let digest = if self.digest.is_empty() { String::new() } else { format!("@{}", self.digest) };
        format!("{}{tag}{digest}", self.name())
    }

    /// Name and digest. A tag's digest derives from the reference: what the registry has behind it is unknown here.
    pub(crate) fn id(&self) -> String {
        let digest = if self.digest.is_empty() { format!("sha256:{}", sha256(&self.full())) } else { self.digest.clone() };
        format!("{}@{digest}", self.name())
    }

    /// Why the image cannot be had: its registry has a name that is kept for examples and tests (RFC 2606), so nobody answers to it, or its
    /// repository is a slip of one that is known here.
    /// Assumed: registries have every other image that is asked of them.
    pub(crate) fn failure(&self) -> Option<String> {
        if let Some(failure) = self.slip() {
            return Some(failure);
        }
        if self.registry == "ghcr.io" && (1..=2).contains(&strsim::osa_distance(&self.name(), MSAL_GO)) {
            // Source: public reports; ghcr.io answers so to anybody without credentials for what does not exist.
            let (full, scope) = (self.full(), self.repository.replace('/', "%2F"));
            return Some(format!(
                "failed to pull and unpack image \"{full}\": failed to resolve reference \"{full}\": failed to authorize: failed to fetch \
                 anonymous token: unexpected status from GET request to https://ghcr.io/token?scope=repository%3A{scope}%3Apull&service=ghcr.io: \
                 403 Forbidden"
            ));
        }
        let host = self.registry.split(':').next().unwrap_or_default();
        let is_slip = !REGISTRIES.contains(&host) && REGISTRIES.iter().any(|known| is_slip_of(host, known));
        let is_reserved =
            is_slip || ["invalid", "test", "example"].iter().any(|word| host.rsplit('.').next() == Some(word) && host.contains('.'));
        if !is_reserved {
            return None;
        }
        let (full, registry) = (self.full(), &self.registry);
        let reference = if self.digest.is_empty() { &self.tag } else { &self.digest };
        // containerd's words, as the kubelet of AKS reports them; 168.63.129.16 answers names on Azure's networks.
        Some(format!(
            "failed to pull and unpack image \"{full}\": failed to resolve reference \"{full}\": failed to do request: Head \
             \"https://{registry}/v2/{}/manifests/{reference}\": dial tcp: lookup {host} on 168.63.129.16:53: no such host",
            self.repository
        ))
    }
}

impl Image {
    /// Why a repository that is a slip of a known one cannot be had.
    fn slip(&self) -> Option<String> {
        let name = self.name();
        if KNOWN.contains(&name.as_str()) || !KNOWN.iter().any(|known| is_slip_of(&name, known)) {
            return None;
        }
        let full = self.full();
        // Source: public reports of both registries.
        let why = if self.registry == "docker.io" {
            "pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed".to_owned()
        } else {
            format!("{full}: not found")
        };
        Some(format!("failed to pull and unpack image \"{full}\": failed to resolve reference \"{full}\": {why}"))
    }
}

/// Two neighbouring letters exchanged, or in a long name one too many, too few or another.
fn is_slip_of(name: &str, known: &str) -> bool {
    let sorted = |text: &str| {
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters
    };
    let last = |text: &str| text.rsplit('/').next().unwrap_or_default().len();
    let is_long = last(name).min(last(known)) > 8;
    name.len().abs_diff(known.len()) < 2 && strsim::osa_distance(name, known) == 1 && (is_long || sorted(name) == sorted(known))
}

/// Registries that manifests of documents name.
const REGISTRIES: [&str; 9] =
    ["docker.io", "ghcr.io", "mcr.microsoft.com", "quay.io", "registry.k8s.io", "public.ecr.aws", "gcr.io", "k8s.gcr.io", "nvcr.io"];

/// Repositories that manifests of documents name, in full.
const KNOWN: [&str; 23] = [
    "docker.io/library/alpine",
    "docker.io/library/busybox",
    "docker.io/library/debian",
    "docker.io/library/golang",
    "docker.io/library/hello-world",
    "docker.io/library/httpd",
    "docker.io/library/mariadb",
    "docker.io/library/memcached",
    "docker.io/library/mongo",
    "docker.io/library/mysql",
    "docker.io/library/nginx",
    "docker.io/library/node",
    "docker.io/library/postgres",
    "docker.io/library/python",
    "docker.io/library/rabbitmq",
    "docker.io/library/redis",
    "docker.io/library/ubuntu",
    "docker.io/library/wordpress",
    "mcr.microsoft.com/azuredocs/aks-helloworld",
    "mcr.microsoft.com/azuredocs/azure-vote-front",
    "mcr.microsoft.com/oss/nginx/nginx",
    "registry.k8s.io/e2e-test-images/agnhost",
    "registry.k8s.io/pause",
];

/// What a container of a spec does.
pub(crate) fn behaviour(container: &Value, is_init: bool) -> Behaviour {
    let words: Vec<&str> =
        ["command", "args"].iter().flat_map(|name| container[*name].as_array().into_iter().flatten()).filter_map(Value::as_str).collect();
    let repository = Image::parse(text(container, "/image")).map(|image| image.name()).unwrap_or_default();
    if words.is_empty() && repository == MSAL_GO {
        return Behaviour::MsalGo;
    }
    if let ["sleep" | "/bin/sleep", seconds] = words[..] {
        return seconds.trim_end_matches('s').parse().map_or(Behaviour::Runs, |seconds| Behaviour::Exits(Duration::from_secs(seconds)));
    }
    let is_shell = SHELLS.iter().any(|shell| repository == format!("docker.io/{shell}"));
    if words.is_empty() && is_shell && container["stdin"] != true {
        return Behaviour::Exits(Duration::ZERO);
    }
    // Assumed: an init container does its work and ends well.
    if is_init { Behaviour::Exits(Duration::from_secs(1)) } else { Behaviour::Runs }
}

/// Lower-case hexadecimal digits of the digest of a text.
pub(crate) fn sha256(text: &str) -> String {
    use std::fmt::Write as _;
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    digest.as_ref().iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn is_digest(digest: &str) -> bool {
    digest.split_once(':').is_some_and(|(algorithm, hex)| {
        !algorithm.is_empty() && hex.len() >= 32 && hex.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    })
}

fn is_tag(tag: &str) -> bool {
    let mut letters = tag.bytes();
    letters.next().is_some_and(|first| first.is_ascii_alphanumeric() || first == b'_')
        && tag.len() <= 128
        && letters.all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

fn is_component(part: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let (Some(first), Some(last)) = (part.bytes().next(), part.bytes().last()) else { return false };
    is_inner(first) && is_inner(last) && part.bytes().all(|byte| is_inner(byte) || b"._-".contains(&byte))
}

fn is_registry(host: &str) -> bool {
    let (name, port) = host.split_once(':').unwrap_or((host, "0"));
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
        && port.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(reference: &str, expected: Result<&str, &str>) {
        let full = Image::parse(reference).map(|image| image.full());
        assert_eq!(full.as_deref().map_err(String::as_str), expected, "{reference}");
    }

    #[test]
    fn references_are_completed_as_containerd_does() {
        check("nginx", Ok("docker.io/library/nginx:latest"));
        check("bitnami/redis:7", Ok("docker.io/bitnami/redis:7"));
        check("localhost:5000/a/b", Ok("localhost:5000/a/b:latest"));
        let digest = format!("sha256:{}", "0".repeat(64));
        check(&format!("mcr.microsoft.com/x@{digest}"), Ok(&format!("mcr.microsoft.com/x@{digest}")));
    }

    #[test]
    fn what_is_no_reference_is_refused_in_the_words_of_its_parser() {
        for reference in ["<image>", "", "a//b", "-a", "a:b:c d", "nginx:", "x@sha256:12", "nginx latest"] {
            check(reference, Err("invalid reference format"));
        }
        check("myapp/MyImage:1", Err("invalid reference format: repository name (myapp/MyImage) must be lowercase"));
        check("MyImage", Err("invalid reference format: repository name (library/MyImage) must be lowercase"));
    }

    #[test]
    fn a_registry_that_nobody_can_have_does_not_answer() {
        let failure = Image::parse("registry.invalid/a:1").ok().and_then(|image| image.failure()).unwrap_or_default();
        assert!(failure.contains("lookup registry.invalid on") && failure.contains("/v2/a/manifests/1"), "{failure}");
        assert_eq!(Image::parse("mcr.microsoft.com/a").ok().and_then(|image| image.failure()), None);
        assert_eq!(Image::parse("test/a").ok().and_then(|image| image.failure()), None);
    }

    #[test]
    fn a_slip_of_a_known_repository_is_refused_by_its_registry() {
        let failure = |reference: &str| Image::parse(reference).ok().and_then(|image| image.failure());
        assert_eq!(failure("ghcr.io/azure/azure-workload-identity/msal-go:v1.5.0"), None);
        assert_eq!(failure("ghcr.io/azure/azure-workload-identity/msal-java"), None);
        assert!(failure("ngnix:1.25").is_some_and(|text| text.contains("pull access denied")));
        assert!(failure("mcr.microsoft.com/azuerdocs/aks-helloworld:v1").is_some_and(|text| text.contains("not found")));
        assert!(failure("mcr.micorsoft.com/a:1").is_some_and(|text| text.contains("no such host")));
        for sound in
            ["nginx", "node:20", "bitnami/redis", "mcr.microsoft.com/oss/nginx/nginx", "gcr.io/a/b", "quay.io/a", "myacr.azurecr.io/ngnix"]
        {
            assert_eq!(failure(sound), None, "{sound}");
        }
        let refused = failure("ghcr.io/azure/azure-worlkoad-identity/msal-go").unwrap_or_default();
        assert!(refused.contains("scope=repository%3Aazure%2Fazure-worlkoad-identity%2Fmsal-go%3Apull"), "{refused}");
    }

    #[test]
    fn images_do_what_is_known_of_them() {
        let of = |container: Value| behaviour(&container, false);
        assert_eq!(of(json!({"image": "ghcr.io/azure/azure-workload-identity/msal-go:v1.5.0"})), Behaviour::MsalGo);
        assert_eq!(of(json!({"image": "ghcr.io/azure/azure-workload-identity/msal-go", "command": ["sh"]})), Behaviour::Runs);
        assert_eq!(of(json!({"image": "busybox"})), Behaviour::Exits(Duration::ZERO));
        assert_eq!(of(json!({"image": "busybox", "stdin": true})), Behaviour::Runs);
        assert_eq!(of(json!({"image": "busybox", "command": ["sleep", "30"]})), Behaviour::Exits(Duration::from_secs(30)));
        assert_eq!(of(json!({"image": "busybox", "args": ["sleep", "infinity"]})), Behaviour::Runs);
        assert_eq!(of(json!({"image": "nginx"})), Behaviour::Runs);
    }
}
