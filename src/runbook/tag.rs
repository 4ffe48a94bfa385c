//! The text after an opening fence: which tag it has, and what that makes of the block.

use std::collections::BTreeSet;

use strsim::osa_distance;

/// The tags of code blocks that run.
///
/// Tags are compared without regard to case. The default is the set that published runbooks use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutableTags {
    tags: BTreeSet<String>,
}

impl Default for ExecutableTags {
    fn default() -> Self {
        Self::new([
            "bash",
            "sh",
            "shell",
            "azurecli",
            "azurecli-interactive",
            "azurecli-init",
            "azure-cli",
            "azure-cli-interactive",
            "bash-interactive",
        ])
    }
}

impl ExecutableTags {
    /// Exactly these tags, in any case.
    pub fn new<T: AsRef<str>>(tags: impl IntoIterator<Item = T>) -> Self {
        Self { tags: tags.into_iter().map(|tag| tag.as_ref().to_lowercase()).collect() }
    }

    /// Whether a block with this tag runs.
    pub fn contains(&self, tag: &str) -> bool {
        self.tags.contains(&tag.to_lowercase())
    }

    /// The executable tag that `tag` nearly is; none for tags that are languages of their own.
    fn nearest(&self, tag: &str) -> Option<&str> {
        let lower = tag.to_lowercase();
        if OTHER_LANGUAGES.contains(&lower.as_str()) {
            return None;
        }
        // `{bash}`, `.bash`, `bash{.x}`, `bash,x` and `bash:x` mean bash to some other tool.
        let bare = lower.trim_start_matches(|other: char| !other.is_alphanumeric());
        let bare = bare.split(['{', '}', ',', ':', ';', '=', '"']).next().unwrap_or("");
        if let Some(exact) = self.tags.get(bare) {
            return Some(exact);
        }
        // Bounded before it is measured: a distance costs the product of both lengths.
        if bare.len() > TAG_BYTES_MAX {
            return None;
        }
        let is_near = |known: &str| match known.chars().count() {
            // One letter more or less makes another language of a short tag.
            0..=3 => false,
            4..=7 => osa_distance(bare, known) <= 1,
            _ => {
                osa_distance(bare, known) <= 2
                    || (bare.len() >= 5 && known.starts_with(bare))
                    || without_separators(bare) == without_separators(known)
            }
        };
        self.tags.iter().map(String::as_str).filter(|known| is_near(known)).min_by_key(|known| osa_distance(bare, known))
    }
}

impl ExecutableTags {
    /// The one executable tag that a misspelt one certainly means; none when it is further off, has several neighbours, or is dressed up
    /// for some other tool (`{bash}`).
    pub(super) fn meant_by(&self, tag: &str) -> Option<&str> {
        let lower = tag.to_lowercase();
        let is_plain = lower.len() <= TAG_BYTES_MAX && lower.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_'));
        if !is_plain || self.nearest(tag).is_none() {
            return None;
        }
        let mut near: Vec<(usize, &str)> = self.tags.iter().map(|known| (osa_distance(&lower, known), known.as_str())).collect();
        near.sort_unstable();
        let (distance, meant) = *near.first()?;
        let is_alone = near.get(1).is_none_or(|(next, _)| *next > distance);
        (is_alone && distance <= if meant.len() > 7 { 2 } else { 1 }).then_some(meant)
    }
}

/// Whether a tag is `output` with a wrong letter, as opposed to one with the first line of the output behind it.
pub(super) fn is_misspelt_output(tag: &str) -> bool {
    tag.len() <= TAG_BYTES_MAX && osa_distance(&tag.to_lowercase(), "output") == 1
}

/// No tag that is longer is a misspelling of anything.
const TAG_BYTES_MAX: usize = 40;

/// Languages whose names are close to an executable tag without being a misspelling of it.
const OTHER_LANGUAGES: &[&str] = &["ash", "dash", "csh", "ksh", "tcsh", "zsh", "hash", "bas", "basic", "batch"];

/// Tags under which authors show commands that docent does not run. An output below such a block belongs to it.
const COMMAND_TAGS: &[&str] = &[
    "ash",
    "azurepowershell",
    "azurepowershell-interactive",
    "bat",
    "batch",
    "cmd",
    "console",
    "csh",
    "dash",
    "dos",
    "fish",
    "go",
    "java",
    "javascript",
    "js",
    "ksh",
    "kql",
    "kusto",
    "mysql",
    "perl",
    "php",
    "powershell",
    "powershell-interactive",
    "ps1",
    "psql",
    "pwsh",
    "py",
    "python",
    "ruby",
    "shell-session",
    "shellsession",
    "sh-session",
    "sql",
    "terminal",
    "zsh",
];

/// Tags under which a recorded session runs, when the block is one.
const SESSION_TAGS: &[&str] = &["console", "shell-session", "shellsession", "sh-session"];

/// Whether a block with this tag may be a recorded session.
pub(super) fn may_be_session(tag: &str) -> bool {
    SESSION_TAGS.contains(&tag.to_lowercase().as_str())
}

/// What a fenced block is, judged by its info string alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TagKind {
    /// It runs.
    Executable,
    /// It nearly has this executable tag.
    NearMiss(String),
    /// It says of itself that it is an output.
    Output,
    /// Its tag starts with `output` or is a letter off.
    NearOutput,
    /// JSON or plain text: an output when it stands directly below a step.
    Data,
    /// Commands or a program that docent does not run.
    OtherCommands,
    /// Anything else.
    Other,
}

/// The tag of an info string, as written: what stands before the first white space. May be empty.
pub(super) fn tag(info: &str) -> &str {
    info.split_whitespace().next().unwrap_or("")
}

/// Decides what a block with this info string is.
pub(super) fn classify(info: &str, executable: &ExecutableTags) -> TagKind {
    let tag = tag(info);
    let lower = tag.to_lowercase();
    if title_says_output(info) || lower == "output" {
        return TagKind::Output;
    }
    if executable.contains(tag) {
        return TagKind::Executable;
    }
    if lower.starts_with("output") || ((5..=TAG_BYTES_MAX).contains(&lower.len()) && osa_distance(&lower, "output") == 1) {
        return TagKind::NearOutput;
    }
    match lower.as_str() {
        "json" | "jsonc" | "text" | "txt" => return TagKind::Data,
        known if COMMAND_TAGS.contains(&known) => return TagKind::OtherCommands,
        _ => {}
    }
    match executable.nearest(tag) {
        Some(near) => TagKind::NearMiss(near.to_owned()),
        None => TagKind::Other,
    }
}

/// Whether a `title` attribute ends with the word “output”: `title="Output"`, `title=Example output`.
fn title_says_output(info: &str) -> bool {
    let lower = info.to_lowercase();
    let Some((before, after)) = lower.split_once("title") else { return false };
    let Some(value) = after.trim_start().strip_prefix('=') else { return false };
    let is_attribute = before.ends_with(|other: char| other.is_whitespace() || other == '{' || other == ',') || before.is_empty();
    let value = value.trim_start();
    let value = match value.chars().next() {
        Some(quote @ ('"' | '\'')) => value[1..].split(quote).next().unwrap_or(""),
        _ => value.split(['}', ',']).next().unwrap_or(""),
    };
    is_attribute && value.split_whitespace().next_back() == Some("output")
}

fn without_separators(tag: &str) -> String {
    tag.chars().filter(|other| other.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: &TagKind, infos: &[&str]) {
        for info in infos {
            assert_eq!(&classify(info, &ExecutableTags::default()), kind, "{info:?}");
        }
    }

    #[test]
    fn executable_tags_are_known_in_any_case_and_with_attributes() {
        check(
            &TagKind::Executable,
            &[
                "bash",
                "Bash",
                "SH",
                "shell",
                "azurecli-interactive",
                "azurecli",
                "azure-cli",
                "bash {.x}",
                "bash\tx",
                "sh title=\"Create it\"",
                "bash subtitle=output",
            ],
        );
    }

    #[test]
    fn a_title_attribute_makes_an_output_of_any_tag() {
        check(
            &TagKind::Output,
            &[
                "output",
                "Output",
                "OUTPUT",
                "json title=\"Output\"",
                "console title=Example output",
                "bash title='Sample OUTPUT'",
                "text {title=\"Output\"}",
            ],
        );
    }

    #[test]
    fn tags_that_are_nearly_executable_are_told_from_other_languages() {
        check(&TagKind::NearMiss("bash".into()), &["bach", "base", "{bash}", "bash,x", "bash{.y}", ".bash", "bsh"]);
        check(&TagKind::NearMiss("azurecli".into()), &["azure", "azurcli", "azureclii"]);
        check(&TagKind::NearMiss("azurecli-interactive".into()), &["azurecli-interative", "azurecli_interactive", "azurecliinteractive"]);
        check(&TagKind::Other, &["", "yaml", "hcl", "terraform", "rust", "s", "hs", "css", "mermaid", "xml", "bas", "日本語", "variables"]);
        check(&TagKind::OtherCommands, &["powershell", "zsh", "console", "python", "cmd", "azurepowershell-interactive"]);
    }

    #[test]
    fn a_tag_is_mended_only_when_a_single_one_can_be_meant() {
        let meant = |tag: &str| ExecutableTags::default().meant_by(tag).map(str::to_owned);
        assert_eq!(meant("bach").as_deref(), Some("bash"));
        assert_eq!(meant("Azurecli_Interactive").as_deref(), Some("azurecli-interactive"));
        for tag in ["bsh", "{bash}", ".bash", "azure", "zsh", "yaml", ""] {
            assert_eq!(meant(tag), None, "{tag}");
        }
        assert!(is_misspelt_output("ouput") && !is_misspelt_output("OutputLinux"));
    }

    #[test]
    fn outputs_whose_first_line_slipped_onto_the_fence_are_noticed() {
        check(&TagKind::NearOutput, &["OutputLinux 5.14.0", "outputs", "ouput"]);
        check(&TagKind::Data, &["json", "JSON", "text", "TEXT", "jsonc"]);
    }

    #[test]
    fn the_set_of_executable_tags_can_be_chosen() {
        let tags = ExecutableTags::new(["Terraform"]);
        assert_eq!(classify("terraform", &tags), TagKind::Executable);
        assert_eq!(classify("bash", &tags), TagKind::Other);
        assert_eq!(classify("terrafrom", &tags), TagKind::NearMiss("terraform".into()));
    }
}
