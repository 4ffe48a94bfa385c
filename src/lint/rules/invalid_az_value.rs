//! An option of `az` gets a value that it does not take, none, or one too many.
//!
//! What options take is that of Azure CLI 2.91: some have a list of values (`--os-type Linux`, in any case), most need exactly one, and a
//! switch such as `--no-wait` takes none. A word that belongs to no option, such as the name in `az group delete mygroup`, is refused as
//! `unrecognized arguments`. `az` fails before it asks Azure anything.
//!
//! Values with variables and placeholders are not judged. Preview extensions replace commands of the CLI by ones that take more: in a document
//! that adds or mentions them, values are only judged where no extension is known to do that.

use crate::{
    bash::Word,
    lint::{
        az::{AzCall, AzOption, Known, Part, Values},
        document::{Block, Document},
        nearest::nearest,
        rule::Finding,
        rules::unknown_az_option::is_settled,
    },
};

/// More values than these are not told.
const CHOICES_SHOWN_MAX: usize = 10;

pub(super) fn check(document: &Document<'_>) -> Vec<Finding> {
    let is_extended = document.mentions("az extension add") || document.mentions("-preview");
    let mut findings = Vec::new();
    for block in &document.blocks {
        for call in block.az_calls() {
            let Some(known) = call.known() else { continue };
            if is_partial(block, &call) {
                continue;
            }
            findings.extend(stray_name(block, &call, known));
            let parts = call.parts(known);
            // Behind a word that the table does not explain, nothing is sure.
            let is_whole = parts.iter().map(|part| if part.option.is_some() { 1 + part.values.len() } else { 1 }).sum::<usize>()
                == call.arguments.len();
            for (at, part) in parts.iter().enumerate() {
                let before = at.checked_sub(1).and_then(|at| parts.get(at));
                match &part.option {
                    None => findings.extend(stray(block, known, before, part.word)),
                    Some(option) => {
                        let is_last = at + 1 == parts.len();
                        findings.extend(wrong_count(block, option, part).filter(|_| is_whole || !is_last));
                        findings.extend(wrong_choice(block, known, option, part, is_extended));
                    }
                }
            }
        }
    }
    findings
}

/// Whether something was left out, or torn off, on purpose or not.
fn is_partial(block: &Block<'_>, call: &AzCall<'_>) -> bool {
    let dots = call.arguments.iter().any(|word| word.text.contains("...") || word.text.contains('…') || word.text == "\\");
    // `broken-continuation` tells why.
    let mut below = block.step.script.lines().skip(call.command.last_line + 1).map(str::trim).filter(|line| !line.is_empty());
    dots || below.next().is_some_and(|line| line.starts_with('-')) || call.is_open() || !block.script.is_valid()
}

/// A value that is what it says: no variable, no placeholder, no file.
fn is_plain(block: &Block<'_>, word: &Word) -> bool {
    // The grammar splits some words that bash does not.
    let is_word = block.step.script.get(..word.span.start).is_some_and(|before| before.ends_with(char::is_whitespace));
    // `typographic-character` speaks of dashes.
    let is_dash = word.text.starts_with(['\u{2013}', '\u{2014}']);
    word.literal
        && is_word
        && !is_dash
        && !block.text(word.span).contains(['<', '>', '[', '{', '|', '$', '`', '*'])
        && !word.text.starts_with('@')
}

fn stray_name(block: &Block<'_>, call: &AzCall<'_>, known: &Known) -> Option<Finding> {
    let name = call.names.get(known.words)?;
    let word = call.command.words.iter().find(|word| word.text == *name && word.literal)?;
    if known.takes_positionals() || !is_plain(block, word) {
        return None;
    }
    Some(
        Finding::new(block.place(word.span), format!("`{name}` belongs to no option of `az {}`", known.name))
            .with_hint(format!("write the option that it is the value of; `az {} --help` lists them", known.name)),
    )
}

fn stray(block: &Block<'_>, known: &Known, before: Option<&Part<'_>>, word: &Word) -> Option<Finding> {
    let option = before?.option.as_ref()?;
    if known.takes_positionals() || !is_plain(block, word) || option.spellings.contains(&"--query") {
        return None;
    }
    let finding = Finding::new(block.place(word.span), format!("`{}` belongs to no option of `az {}`", word.text, known.name));
    let name = before?.word.text.split('=').next().unwrap_or_default();
    Some(match option.values {
        Values::None => finding.with_hint(format!("`{name}` takes no value: remove the word, or name its option")),
        _ => finding.with_hint(format!("`{name}` takes one value: quote it when it has blanks, or name the option of this word")),
    })
}

fn wrong_count(block: &Block<'_>, option: &AzOption, part: &Part<'_>) -> Option<Finding> {
    let needs = matches!(option.values, Values::One | Values::AtLeastOne);
    // A placeholder of another shape is a redirection for bash.
    let rest = block.step.script.get(part.word.span.end..).unwrap_or_default();
    let is_placeholder = rest.trim_start_matches([' ', '\t']).starts_with(['<', '>']);
    (needs && part.values.is_empty() && !part.is_joined && !is_placeholder).then(|| {
        Finding::new(block.place(part.word.span), format!("`{}` has no value", part.word.text))
            .with_hint("write its value behind it; the line or the variable that had it may have been lost")
    })
}

fn wrong_choice(block: &Block<'_>, known: &Known, option: &AzOption, part: &Part<'_>, is_extended: bool) -> Option<Finding> {
    if option.choices.is_empty() {
        return None;
    }
    let joined = part.word.text.split_once('=').map(|(_, value)| value).filter(|_| part.is_joined);
    let joined = joined.or_else(|| part.word.text.get(2..).filter(|_| part.is_joined && !part.word.text.starts_with("--")));
    let given = match joined {
        Some(value) if is_plain(block, part.word) => vec![(value, part.word)],
        Some(_) => Vec::new(),
        None => part.values.iter().filter(|word| is_plain(block, word)).map(|word| (word.text.as_str(), *word)).collect(),
    };
    // Lists may be written in the shorthand of az, with commas.
    let is_list = matches!(option.values, Values::Any | Values::AtLeastOne);
    let wrong = given.into_iter().find(|(value, _)| {
        !(is_list && value.contains([',', '=']) || option.choices.iter().any(|choice| choice.eq_ignore_ascii_case(value)))
    });
    let (value, word) = wrong?;
    if is_extended && !is_settled(&known.name) && option.spellings != ["--output", "-o"] {
        return None;
    }
    let near = nearest(value, option.choices.iter().copied());
    let name = option.usual();
    let finding = Finding::new(block.place(word.span), format!("`{value}` is no value of `{name}` of `az {}`", known.name));
    let shown: Vec<&str> = option.choices.iter().copied().take(CHOICES_SHOWN_MAX).collect();
    let more = if option.choices.len() > CHOICES_SHOWN_MAX { " and more" } else { "" };
    Some(match near {
        Some(near) => finding.with_hint(format!("did you mean `{near}`?")),
        None => finding.with_hint(format!("it takes {}{more}", shown.join(", "))),
    })
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{check, findings};

    const CODE: &str = "invalid-az-value";

    #[test]
    fn values_that_an_option_does_not_take_are_found() {
        check(CODE, "az vm create -g a -n b --authentication-type sssh", &["`sssh` is no value of `--authentication-type`"]);
        check(CODE, "az group list -o tabel\naz group list -oyml\naz group list --output=xml", &["`tabel`", "`yml`", "`xml`"]);
        check(CODE, "az storage account create -n a -g b --sku Standard_LSR --kind storagev2", &["`Standard_LSR`"]);
        let text = "```bash\naz extension add -n aks-preview\naz aks create -g a -n b --os-sku Fancy\naz group list -o fancy\n```\n";
        assert_eq!(findings(CODE, text), ["4: `fancy` is no value of `--output` of `az group list`"]);
    }

    #[test]
    fn options_without_their_value_are_found() {
        check(CODE, "az group show --name --output tsv", &["`--name` has no value"]);
        check(CODE, "az group create -l b -n", &["`-n` has no value"]);
        check(CODE, "az group create -n a --tags --location b", &[]);
        // A placeholder too short for one, which bash takes for a redirection.
        check(
            CODE,
            "az group create --location b --name <a>\naz aks safeguards create --cluster <ID> --level Enforce\naz vm create --host-group <id> \\\n  --name a",
            &[],
        );
    }

    #[test]
    fn words_that_belong_to_no_option_are_found() {
        check(CODE, "az group delete mygroup --yes", &["`mygroup` belongs to no option of `az group delete`"]);
        check(CODE, "az group delete -n a --yes true", &["`true` belongs to no option"]);
        check(CODE, "az group create -n my group -l b", &["`group` belongs to no option"]);
    }

    #[test]
    fn values_that_it_takes_or_that_only_a_run_knows_are_no_finding() {
        check(
            CODE,
            "az vm create -g a -n b --authentication-type SSH --generate-ssh-keys --enable-vtpm false --zone 1 --tags a=b c=d\naz vm create --authentication-type $T --priority <priority> --os-type \"$O\"",
            &[],
        );
        check(
            CODE,
            "az acr build --registry a .\naz config set a=b c=d\naz group show $ARGS x\naz group show -n a ... b\naz grafana create x y\naz group list --query [].{a:b, c:d}",
            &[],
        );
        check(CODE, "az vm run-command invoke -g a -n b --command-id RunShellScript --scripts \"ls --all\" '-x y' z", &[]);
        check(CODE, "az storage account network-rule add -g a\naz monitor metrics list --resource a --interval -1", &[]);
    }
}
