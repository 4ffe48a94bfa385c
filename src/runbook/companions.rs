//! Files that stand beside a document and belong to it. Their texts are handed in; nothing here reads a file.

/// What the caller found beside a document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Companions {
    /// `X.ini` beside `X.md`: variables.
    pub ini: Option<Companion>,
}

impl Companions {
    /// Looks for the companions of the document at `path` with `read`, which answers none for a file that is not there.
    ///
    /// ```
    /// let companions = docent::runbook::Companions::find("guides/a.md", |path| (path == "guides/a.ini").then(|| "A=1".to_owned()));
    /// assert_eq!(companions.ini.map(|ini| ini.text).as_deref(), Some("A=1"));
    /// ```
    pub fn find(path: &str, read: impl Fn(&str) -> Option<String>) -> Self {
        let ini = ini_path(path).and_then(|path| read(&path).map(|text| Companion { path, text }));
        Self { ini }
    }
}

/// A file beside a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Companion {
    /// Its name in messages.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// `X.ini` for `X.md`; none for a path without an extension.
fn ini_path(path: &str) -> Option<String> {
    let name_start = path.rfind(['/', '\\']).map_or(0, |at| at + 1);
    let dot = path[name_start..].rfind('.').filter(|dot| *dot > 0)?;
    Some(format!("{}.ini", &path[..name_start + dot]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ini_file_has_the_name_of_its_document() {
        assert_eq!(ini_path("a.b/guide.es.md").as_deref(), Some("a.b/guide.es.ini"));
        assert_eq!(ini_path("a.b/README").as_deref(), None);
        assert_eq!(ini_path(".md").as_deref(), None);
    }

    #[test]
    fn a_companion_that_is_not_there_is_none() {
        assert_eq!(Companions::find("a.md", |_| None), Companions::default());
    }
}
