//! A word behind its label: `decision: allowed`, `443/tcp ... open`. Another word there is another state, unless the label names a thing.

use super::leaf::{Conflict, Role, name_words, role};
use super::opposite::are_opposites;
use super::phrase::Piece;
use super::shape::{Shape, shape};
use super::state::{Relation, is_wrong, relate};

/// The longest word that is looked at.
const WORD_BYTES_MAX: usize = 24;
/// How many words what stands behind a label may have.
const TAIL_WORDS_MAX: usize = 3;

/// Last words of labels behind which somebody's own word stands.
const OWN: [&str; 91] = [
    "team",
    "app",
    "application",
    "service",
    "component",
    "tenant",
    "project",
    "workspace",
    "environment",
    "env",
    "stage",
    "bucket",
    "container",
    "database",
    "db",
    "table",
    "topic",
    "queue",
    "profile",
    "branch",
    "tag",
    "repo",
    "repository",
    "publisher",
    "offer",
    "author",
    "maintainer",
    "vendor",
    "customer",
    "product",
    "color",
    "colour",
    "city",
    "country",
    "street",
    "department",
    "company",
    "organization",
    "organisation",
    "org",
    "greeting",
    "value",
    "data",
    "content",
    "body",
    "comment",
    "note",
    "summary",
    "device",
    "interface",
    "server",
    "from",
    "to",
    "sender",
    "receiver",
    "schema",
    "index",
    "collection",
    "codename",
    "artifact",
    "unit",
    "nombre",
    "nom",
    "nome",
    "usuario",
    "utilisateur",
    "benutzer",
    "utente",
    "grupo",
    "gruppe",
    "groupe",
    "servidor",
    "serveur",
    "ciudad",
    "ville",
    "stadt",
    "proyecto",
    "projet",
    "projekt",
    "equipo",
    "titulo",
    "titre",
    "titel",
    "descripcion",
    "beschreibung",
    "mensaje",
    "nachricht",
    "autor",
    "propietario",
    "zona",
    "standort",
];

/// Whether a label names a thing, whose word is somebody's own.
fn names_a_thing(label: &str) -> bool {
    let own = name_words(label).last().is_none_or(|last| OWN.contains(&last.as_str()) || OWN.contains(&last.trim_end_matches('s')));
    // `NAMES` of a table are names.
    let is_soft = |label: &str| matches!(role(label, ""), Role::Name | Role::Soft);
    // What a word of another script names nobody here knows.
    own || !label.is_ascii() || is_soft(label) || is_soft(label.trim_end_matches(['s', 'S']))
}

/// Whether a value is one word of a language, and no name by its looks.
pub(super) fn is_word(value: &str) -> bool {
    let is_plain = || value.bytes().all(|byte| byte.is_ascii_alphabetic()) && shape(value) == Shape::Word;
    (3..=WORD_BYTES_MAX).contains(&value.len()) && (is_plain() || is_constant(value))
}

/// Whether a value is a constant as programs write it: `HEALTH_OK`.
pub(super) fn is_constant(value: &str) -> bool {
    value.contains('_') && value.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_') && !value.starts_with('_')
}

/// What another word behind a label means.
pub(super) fn turned(label: &str, expected: &str, actual: &str) -> Option<Conflict> {
    if !is_word(expected) || !is_word(actual) || names_a_thing(label) {
        return None;
    }
    word(expected, actual)
}

fn word(expected: &str, actual: &str) -> Option<Conflict> {
    let stem = |word: &str| word.to_lowercase().trim_end_matches(['s', 'd', 'e']).to_owned();
    if relate(expected, actual) != Relation::Contradicts || stem(expected) == stem(actual) {
        return None;
    }
    let is_opposite = are_opposites(&expected.to_lowercase(), &actual.to_lowercase()) || is_wrong(actual) && !is_wrong(expected);
    Some(if is_opposite { Conflict::State } else { Conflict::Value })
}

/// What the words mean that stand at the ends of two lines, behind the same label.
pub(super) fn ends(shown: &[Piece<'_>], printed: &[Piece<'_>]) -> Option<Conflict> {
    let told = |pieces: &[Piece<'_>]| pieces.iter().rposition(|piece| piece.is_told).filter(|at| *at > 0);
    let (at, other) = (told(shown)?, told(printed)?);
    let is_same = at == other
        && shown[..at]
            .iter()
            .zip(printed)
            .all(|(shown, printed)| shown.is(printed) || shown.shape == printed.shape && shown.shape.is_volatile());
    let (tail, own) = (&shown[at..], &printed[other..]);
    let are_words =
        |tail: &[Piece<'_>]| tail.len() <= TAIL_WORDS_MAX && tail.iter().all(|piece| piece.text.len() < 3 || is_word(piece.text));
    if !is_same || !are_words(tail) || !are_words(own) || tail.iter().any(|piece| own.iter().any(|other| other.is(piece))) {
        return None;
    }
    let label = shown[at - 1];
    if matches!(label.shape, Shape::Word | Shape::Name) && names_a_thing(label.text) {
        return None;
    }
    if let ([expected], [actual]) = (tail, own) {
        return if is_word(expected.text) && is_word(actual.text) { word(expected.text, actual.text) } else { None };
    }
    let is_negated =
        |tail: &[Piece<'_>]| tail.iter().any(|piece| matches!(piece.text.to_lowercase().as_str(), "no" | "not" | "never" | "none"));
    let goes_wrong = |tail: &[Piece<'_>]| tail.iter().any(|piece| is_wrong(piece.text));
    (is_negated(own) && !is_negated(tail) || goes_wrong(own) && !goes_wrong(tail)).then_some(Conflict::State)
}

#[cfg(test)]
mod tests {
    use super::{Conflict, ends, turned};
    use crate::score::phrase::pieces;

    #[test]
    fn another_word_behind_a_label_is_another_state_unless_the_label_names_a_thing() {
        for (label, expected, actual, conflict) in [
            ("EvalDecision", "allowed", "implicitDeny", Some(Conflict::State)),
            ("port 443", "open", "filtered", Some(Conflict::Value)),
            ("scheme", "internal", "public", Some(Conflict::Value)),
            ("scheme", "associating", "associated", None),
            ("scheme", "Internal", "internal", None),
            ("team", "payments", "platform", None),
            ("NAMES", "web", "shop", None),
            ("teams", "payments", "platform", None),
            ("nombre", "pagos", "tienda", None),
            ("名前", "pagos", "tienda", None),
            ("host", "orders", "billing", None),
            ("scheme", "web1", "internal", None),
            ("scheme", "HEALTH_OK", "HEALTH_WARN", Some(Conflict::Value)),
        ] {
            assert_eq!(turned(label, expected, actual), conflict, "{label}: {expected} / {actual}");
        }
    }

    #[test]
    fn so_are_the_words_at_the_ends_of_lines() {
        for (shown, printed, conflict) in [
            ("TCP connect to 10.0.0.4:443 ... open", "TCP connect to 10.0.0.7:443 ... filtered", Some(Conflict::Value)),
            ("10.0.0.4:5432 - accepting connections", "10.0.0.4:5432 - no response", Some(Conflict::State)),
            ("10.0.0.4:5432 - accepting connections", "10.0.0.4:5432 - ready", None),
            ("user: dana", "user: ana", None),
            ("a: running", "b: stopped", None),
        ] {
            assert_eq!(ends(&pieces(shown), &pieces(printed)), conflict, "{shown} / {printed}");
        }
    }
}
