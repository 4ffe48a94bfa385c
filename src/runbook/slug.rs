//! Text of any script → a short name for reports and filters.

/// The longest slug, in characters: as a file name it stays below 255 bytes in any script.
const SLUG_CHARS_MAX: usize = 60;

/// A name made of a heading: letters, marks and digits of any script in lower case, everything else as single hyphens.
///
/// At most 60 characters, cut at a hyphen where there is one. Empty when the text has no letter and no digit.
///
/// ```
/// assert_eq!(docent::runbook::slug("Création d'un cluster AKS"), "création-dun-cluster-aks");
/// assert_eq!(docent::runbook::slug("リソース グループを作成する"), "リソース-グループを作成する");
/// ```
pub fn slug(text: &str) -> String {
    let mut slug = String::new();
    let mut chars = 0;
    let mut is_apart = false;
    for letter in text.chars().flat_map(char::to_lowercase) {
        if matches!(letter, '\'' | '’') {
            continue;
        }
        if !is_name_char(letter) {
            is_apart = !slug.is_empty();
            continue;
        }
        let added = if is_apart { 2 } else { 1 };
        if chars + added > SLUG_CHARS_MAX {
            // Cut within a word: drop the part of it, unless the text is one long word, as in scripts without spaces.
            if !is_apart && let Some(end) = slug.rfind('-') {
                slug.truncate(end);
            }
            break;
        }
        if is_apart {
            slug.push('-');
            is_apart = false;
        }
        slug.push(letter);
        chars += added;
    }
    slug
}

/// Whether a character may stand in the name of a step, beside `-` and `.`.
pub(super) fn is_name_char(letter: char) -> bool {
    letter == '_' || letter.is_alphanumeric() || is_mark(letter)
}

/// Combining marks that belong to the letter before them: Latin, Hebrew, Arabic and Indic vowel signs and viramas that Unicode
/// does not count as alphabetic. Without them words of these scripts would fall apart.
fn is_mark(letter: char) -> bool {
    static MARK: std::sync::LazyLock<regex::Regex> =
        std::sync::LazyLock::new(|| regex::Regex::new(r"^\p{M}$").expect("a pattern of ours that a test compiles"));
    !letter.is_ascii() && MARK.is_match(letter.encode_utf8(&mut [0; 4]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(slug(text), expected);
    }

    #[test]
    fn punctuation_becomes_single_hyphens() {
        check("Create  a resource-group (now!)", "create-a-resource-group-now");
        check("Don't use `az login`", "dont-use-az-login");
        check("  ## 1. Start ", "1-start");
        check("!?", "");
    }

    #[test]
    fn letters_of_any_script_are_kept() {
        check("Creación de un clúster de AKS", "creación-de-un-clúster-de-aks");
        check("前提条件", "前提条件");
        check("إنشاء مجموعة موارد", "إنشاء-مجموعة-موارد");
        check("क्लस्टर बनाएं", "क्लस्टर-बनाएं");
    }

    #[test]
    fn long_headings_are_cut_between_words() {
        let slug = slug(&"palabra ".repeat(40));
        assert!(slug.chars().count() <= SLUG_CHARS_MAX && slug.ends_with("palabra"), "{slug}");
        check(&"字".repeat(99), &"字".repeat(SLUG_CHARS_MAX));
    }
}
