//! One named value of the document against the value of the same name in the output.
//!
//! The name decides what a difference means: a type, a state, a truth or a constant must hold; a name, a place, a time or an id may differ
//! as long as there is one. JSON members, table cells and `key: value` lines are all judged here.

use super::change::leaves_gap;
use super::count::by_name;
use super::place::{arm_type, is_region, service};
use super::placeholder::{filled, is_placeholder};
use super::shape::{Shape, shape};
use super::slot;
use super::state::{Relation, is_state, is_wrong, loses_success, relate};
use super::unfilled::is_unfilled;

/// What a value is for, told by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// What the thing is: `type`, `kind`.
    Type,
    /// How it is: `provisioningState`, `STATUS`.
    State,
    /// How many of how many are ready: `READY`.
    Readiness,
    /// What somebody called it, or where it is: free.
    Name,
    /// Free in value and no reason to fail a document: labels, audit data, versions, sizes, ages.
    Soft,
    /// Anything else.
    Plain,
}

/// What a contradiction is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Conflict {
    /// The output is about another kind of thing.
    Type,
    /// Something is not as the document shows it.
    State,
    /// A switch or a constant stands differently.
    Value,
    /// It is not the same to the letter, as the author asked.
    Exact,
}

/// The comparison of one value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Likeness {
    /// How much the value tells, 0 or more.
    pub weight: f64,
    /// How much of it was found, 0 to 1.
    pub credit: f64,
    /// Set when the output contradicts the document here.
    pub conflict: Option<Conflict>,
}

/// How many values side by side are looked at for two that stand in each other's place.
const SIDE_BY_SIDE_MAX: usize = 48;

impl Likeness {
    fn new(weight: f64, credit: f64) -> Self {
        Self { weight, credit, conflict: None }
    }

    fn conflict(weight: f64, conflict: Conflict) -> Self {
        Self { weight, credit: 0.0, conflict: Some(conflict) }
    }
}

/// The words of a name: `provisioningState`, `StatusOfPrimary`, `EXTERNAL-IP` and `node_count` alike, lower case.
pub(super) fn name_words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut previous = ' ';
    let mut start_new = true;
    for character in name.chars() {
        if !character.is_alphanumeric() {
            start_new = true;
        } else {
            if start_new || character.is_uppercase() && previous.is_lowercase() {
                words.push(String::new());
                start_new = false;
            }
            if let Some(word) = words.last_mut() {
                word.extend(character.to_lowercase());
            }
        }
        previous = character;
    }
    words
}

const STATES: [&str; 24] = [
    "state",
    "status",
    "phase",
    "health",
    "result",
    "outcome",
    "conclusion",
    "readiness",
    "statuses",
    "condition",
    "states",
    // As clients of other languages call it.
    "estado",
    "estatus",
    "zustand",
    "état",
    "statut",
    "stato",
    "situação",
    "состояние",
    "статус",
    "状態",
    "ステータス",
    "状态",
    "الحالة",
];
/// Last words that make a name with a state word in it something else (`statusUpdatedTime`, `stateReason`).
const ABOUT_STATES: [&str; 14] =
    ["time", "at", "reason", "message", "details", "detail", "url", "uri", "id", "count", "description", "date", "text", "link"];
const NAMES: [&str; 45] = [
    "name",
    "id",
    "ids",
    "user",
    "username",
    "owner",
    "login",
    "group",
    "namespace",
    "host",
    "hostname",
    "prefix",
    "suffix",
    "label",
    "alias",
    "title",
    "description",
    "message",
    "reason",
    "text",
    "password",
    "key",
    "secret",
    "email",
    "fqdn",
    "fqdns",
    "domain",
    "uri",
    "url",
    "principal",
    "subject",
    "issuer",
    "location",
    "region",
    "zone",
    "zones",
    "city",
    "image",
    "path",
    "cluster",
    "resource",
    "scope",
    "node",
    "revision",
    "notes",
];
const SOFT: [&str; 23] = [
    "version",
    "size",
    "age",
    "etag",
    "time",
    "date",
    "at",
    "by",
    "created",
    "modified",
    "updated",
    "restarts",
    "duration",
    "memory",
    "cpu",
    "seen",
    "deployed",
    "hash",
    "thumbprint",
    "timestamp",
    "ts",
    "percentage",
    "usage",
];
/// Objects whose members are the user's own or tell who did it.
const SOFT_TREES: [&str; 9] = ["tags", "labels", "annotations", "systemdata", "metadata.labels", "nodelabels", "settings", "env", "config"];

fn is_users_own(parent: &str) -> bool {
    SOFT_TREES.iter().any(|tree| parent.eq_ignore_ascii_case(tree))
}

/// What a value called `name` inside `parent` is for.
pub(super) fn role(name: &str, parent: &str) -> Role {
    let words = name_words(name);
    let Some(last) = words.last().map(String::as_str) else { return Role::Plain };
    let parent_key = parent.to_lowercase();
    if is_users_own(parent) {
        return Role::Soft;
    }
    if words.len() == 1 && matches!(last, "type" | "kind") || name == "@odata.type" {
        return Role::Type;
    }
    if words.len() == 1 && matches!(last, "ready" | "completions" | "available" | "current" | "desired" | "replicas") {
        return Role::Readiness;
    }
    if words.iter().any(|word| STATES.contains(&word.as_str())) && !ABOUT_STATES.contains(&last) && !SOFT.contains(&last) {
        return Role::State;
    }
    if matches!(last, "code" | "status" | "displaystatus") {
        let parents = name_words(parent);
        if parents.iter().any(|word| STATES.contains(&word.as_str())) {
            return Role::State;
        }
    }
    if SOFT.contains(&last) || words.iter().any(|word| matches!(word.as_str(), "version" | "created" | "modified")) {
        return Role::Soft;
    }
    // The name of a sku, a tier or an issuer is a constant; every other name is somebody's choice.
    if last == "name" && matches!(parent_key.as_str(), "sku" | "tier" | "plan" | "issuerparameters") {
        return Role::Plain;
    }
    if NAMES.contains(&last) || last.ends_with("name") && last.len() > 4 { Role::Name } else { Role::Plain }
}

/// Compares two values as text; `actual` is none when the output has no such value.
pub(super) fn compare(name: &str, parent: &str, expected: &str, actual: Option<&str>) -> Likeness {
    compare_as(role(name, parent), name, expected, actual)
}

/// The same for a value whose role is known.
pub(super) fn compare_as(role: Role, name: &str, expected: &str, actual: Option<&str>) -> Likeness {
    let (expected, actual) = (expected.trim(), actual.map(str::trim));
    let weight = weight(role, name, expected);
    let Some(actual) = actual else { return Likeness::new(weight, 0.0) };
    if same(expected, actual) {
        return Likeness::new(weight, 1.0);
    }
    if is_blank(expected) && !(role == Role::State && expected.eq_ignore_ascii_case("pending")) {
        // Documents show a pending address where a run may already have one.
        return Likeness::new(weight, 0.8);
    }
    if is_unfilled(actual) || leaves_gap(expected, actual) {
        return Likeness::conflict(weight, Conflict::Value);
    }
    if is_blank(actual) && role != Role::State && is_needed(name, expected) {
        return Likeness::conflict(weight, Conflict::Value);
    }
    if matches!(actual, "[]" | "{}") && expected.len() > 2 && expected.starts_with(['[', '{']) && role != Role::Soft {
        return Likeness::conflict(weight, Conflict::Value);
    }
    if is_placeholder(expected) {
        return match gap(expected, actual) {
            credit if credit < 0.5 && is_another_kind(expected, actual) => Likeness::conflict(weight, Conflict::Value),
            credit => Likeness::new(weight, credit),
        };
    }
    let family = |value: &str| matches!(value, "IPv4" | "IPv6");
    if role != Role::State && (is_another_kind(expected, actual) || family(expected) && family(actual)) {
        return Likeness::conflict(weight, Conflict::Value);
    }
    match role {
        Role::Type => types(weight, expected, actual),
        Role::State => states(weight, expected, actual),
        Role::Readiness => readiness(weight, expected, actual),
        Role::Name if is_secret(name) => Likeness::new(weight, if is_blank(actual) || is_prose(actual) { 0.2 } else { 0.95 }),
        Role::Name => Likeness::new(weight, names(expected, actual)),
        Role::Soft => Likeness::new(weight, if is_blank(actual) || is_prose(actual) && !is_prose(expected) { 0.3 } else { 0.9 }),
        Role::Plain => plain(weight, name, expected, actual),
    }
}

/// Whether a number called so counts things of which there should be some.
pub(super) fn counts_things(name: &str) -> bool {
    const THINGS: [&str; 14] = [
        "count",
        "replicas",
        "nodes",
        "instances",
        "capacity",
        "pods",
        "endpoints",
        "members",
        "rows",
        "ready",
        "available",
        "healthy",
        "running",
        "succeeded",
    ];
    const BAD: [&str; 9] = ["error", "errors", "failed", "failures", "failure", "restart", "retry", "unhealthy", "unavailable"];
    let words = name_words(name);
    words.iter().any(|word| THINGS.contains(&word.as_str())) && !words.iter().any(|word| BAD.contains(&word.as_str()))
}

/// Compares two truths; `actual` is none when the output has none there.
pub(super) fn compare_truth(parent: &str, expected: bool, actual: Option<bool>) -> Likeness {
    let soft = is_users_own(parent);
    match actual {
        None => Likeness::new(1.0, 0.0),
        Some(actual) if actual == expected => Likeness::new(1.0, 1.0),
        Some(_) if soft => Likeness::new(1.0, 0.3),
        Some(_) => Likeness::conflict(1.0, Conflict::Value),
    }
}

/// Whether something cannot be done without a value: an id, an address, or one whose name says that it leads somewhere.
fn is_needed(name: &str, expected: &str) -> bool {
    const LEADING: [&str; 17] = [
        "id",
        "uri",
        "url",
        "fqdn",
        "host",
        "hostname",
        "server",
        "endpoint",
        "ip",
        "address",
        "arn",
        "issuer",
        "subject",
        "domain",
        "principal",
        "token",
        "location",
    ];
    match looks(expected) {
        Shape::ArmId | Shape::Url | Shape::Host | Shape::Address => true,
        // Audit data come and go.
        Shape::Guid => !name_words(name).last().is_some_and(|last| matches!(last.as_str(), "by" | "etag")),
        _ => {
            let words = name_words(name);
            let told = words.last().is_some_and(|last| LEADING.contains(&last.as_str()) || last.len() > 4 && last.ends_with("id"));
            told && !words.iter().any(|word| matches!(word.as_str(), "created" | "modified" | "updated"))
        }
    }
}

/// Whether two values cannot stand for each other: an id where an address is shown.
fn is_another_kind(expected: &str, actual: &str) -> bool {
    let told =
        |shape: Shape| matches!(shape, Shape::Guid | Shape::Url | Shape::ArmId | Shape::Address | Shape::Mac | Shape::Mail | Shape::Time);
    let (shown, printed) = (looks(expected), looks(actual));
    shown != printed && told(shown) && told(printed)
}

/// What a value looks like, its gaps filled.
fn looks(value: &str) -> Shape {
    Some(shape(value)).filter(|shape| *shape != Shape::Placeholder).unwrap_or_else(|| filled(value))
}

/// How well a value fills a gap: a gap inside an id, an address or a URL asks for one of those.
fn gap(expected: &str, actual: &str) -> f64 {
    if is_blank(actual) {
        return 0.2;
    }
    let whole = if shape(expected) == Shape::Guid { Shape::Guid } else { filled(expected) };
    let printed = Some(shape(actual)).filter(|printed| *printed != Shape::Placeholder).unwrap_or_else(|| filled(actual));
    match (whole, printed) {
        (Shape::ArmId, Shape::ArmId) => ids(expected, actual),
        (Shape::Url | Shape::Host, Shape::Url | Shape::Host) => urls(expected, actual),
        (Shape::ArmId | Shape::Url | Shape::Guid | Shape::Address | Shape::Host | Shape::Mail | Shape::Mac, printed)
            if printed != whole =>
        {
            0.2
        }
        _ => 1.0,
    }
}

fn weight(role: Role, name: &str, expected: &str) -> f64 {
    const EVERYWHERE: [&str; 5] = ["id", "name", "resourcegroup", "location", "namespace"];
    match role {
        Role::Type => 2.5,
        // Nearly everything has a state, so finding the same one tells little; another one contradicts anyway.
        Role::State => 1.0,
        Role::Readiness => 1.0,
        // Nearly every resource has these, so finding them tells little.
        Role::Name if EVERYWHERE.iter().any(|common| name.eq_ignore_ascii_case(common)) => 0.5,
        Role::Name => 0.8,
        Role::Soft => 0.5,
        Role::Plain if is_blank(expected) => 0.3,
        Role::Plain => 1.0,
    }
}

fn same(expected: &str, actual: &str) -> bool {
    if expected == actual {
        return true;
    }
    // Regions are written `East US` and `eastus`, types with capitals or without.
    fn plain(text: &str) -> impl Iterator<Item = char> {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
    }
    plain(expected).next().is_some() && plain(expected).eq(plain(actual))
}

/// Whether a value says that there is none.
pub(super) fn is_blank(value: &str) -> bool {
    matches!(
        value,
        "" | "<none>"
            | "<pending>"
            | "pending"
            | "None"
            | "none"
            | "null"
            | "NULL"
            | "nil"
            | "-"
            | "--"
            | "<unknown>"
            | "<nil>"
            | "<unset>"
            | "undefined"
            | "N/A"
            | "n/a"
    )
}

fn types(weight: f64, expected: &str, actual: &str) -> Likeness {
    let stem = |text: &str| text.to_lowercase().trim_end_matches('s').to_owned();
    if is_blank(actual) {
        return Likeness::new(weight, 0.0);
    }
    if stem(expected) == stem(actual) { Likeness::new(weight, 1.0) } else { Likeness::conflict(weight, Conflict::Type) }
}

fn states(weight: f64, expected: &str, actual: &str) -> Likeness {
    if let (Some(shown), Some(printed)) = (leading_code(expected), leading_code(actual)) {
        return if shown / 100 == printed / 100 { Likeness::new(weight, 0.9) } else { Likeness::conflict(weight, Conflict::State) };
    }
    if expected.split_whitespace().count() > 6 || shape(expected).is_volatile() {
        return plain(weight, "", expected, actual);
    }
    if expected.contains('/') && ratio(expected).is_some() {
        return readiness(weight, expected, actual);
    }
    if is_blank(actual) {
        return Likeness::conflict(weight, Conflict::State);
    }
    match relate(expected, actual) {
        // A sentence about the state may be put otherwise, as long as it is about the same.
        Relation::Contradicts if is_prose(expected) && !is_wrong(actual) && !loses_success(expected, actual) => {
            Likeness::new(weight, shared_words(expected, actual).max(0.5))
        }
        Relation::Same => Likeness::new(weight, 1.0),
        Relation::Fine => Likeness::new(weight, 0.8),
        Relation::Contradicts => Likeness::conflict(weight, Conflict::State),
    }
}

fn leading_code(value: &str) -> Option<u32> {
    let code = value.split(' ').next()?;
    (code.len() == 3).then(|| code.parse().ok())?
}

fn ratio(value: &str) -> Option<(u32, u32)> {
    let (have, want) = value.split_once('/')?;
    Some((have.parse().ok()?, want.parse().ok()?))
}

fn readiness(weight: f64, expected: &str, actual: &str) -> Likeness {
    match (ratio(expected), ratio(actual)) {
        (Some((shown, of)), Some((have, want))) => {
            if shown >= of && have < want {
                return Likeness::conflict(weight, Conflict::State);
            }
            return Likeness::new(weight, if of == want { 1.0 } else { 0.7 });
        }
        (Some(_), None) => return Likeness::new(weight, 0.0),
        _ => {}
    }
    if let (Ok(shown), Ok(have)) = (expected.parse::<u32>(), actual.parse::<u32>()) {
        return if shown > 0 && have == 0 { Likeness::conflict(weight, Conflict::State) } else { Likeness::new(weight, 0.7) };
    }
    if let (Some(true), "Unknown") = (truth(expected), actual) {
        return Likeness::conflict(weight, Conflict::State);
    }
    if let (Some(shown), Some(have)) = (truth(expected), truth(actual)) {
        return if shown == have { Likeness::new(weight, 1.0) } else { Likeness::conflict(weight, Conflict::State) };
    }
    plain(weight, "", expected, actual)
}

/// `True`, `no`: a truth written as text.
pub(super) fn truth(value: &str) -> Option<bool> {
    // `False (MissingEndpoints)`
    let value = value.split_once(" (").map_or(value, |(truth, _)| truth);
    let is = |words: [&str; 2]| words.iter().any(|word| value.eq_ignore_ascii_case(word));
    if is(["true", "yes"]) {
        Some(true)
    } else if is(["false", "no"]) {
        Some(false)
    } else {
        None
    }
}

fn names(expected: &str, actual: &str) -> f64 {
    if is_blank(actual) {
        return 0.2;
    }
    match (shape(expected), shape(actual)) {
        (Shape::ArmId, Shape::ArmId) => ids(expected, actual),
        (Shape::Url, Shape::Url) => urls(expected, actual),
        (Shape::Guid, Shape::Guid) => 1.0,
        (Shape::ArmId | Shape::Url | Shape::Guid, _) | (_, Shape::ArmId) => 0.2,
        _ if is_prose(actual) && !is_prose(expected) => 0.6,
        _ => 0.95,
    }
}

/// Whether a value is made up by whoever issues it, in any alphabet.
fn is_secret(name: &str) -> bool {
    name_words(name).last().is_some_and(|last| matches!(last.as_str(), "password" | "secret" | "key" | "token"))
}

/// The first of two values that stand in each other's place: `(name, expected, actual)` of values that stand side by side.
///
/// They do when each is the other, or when each looks like the other and one of them is of a kind that can be told by its looks.
pub(super) fn swapped<'a>(values: &[(&'a str, &'a str, &'a str)]) -> Option<(&'a str, &'a str, &'a str)> {
    let told =
        |shape: Shape| matches!(shape, Shape::Guid | Shape::Url | Shape::ArmId | Shape::Address | Shape::Mac | Shape::Mail | Shape::Time);
    let named = |shape: Shape| told(shape) || matches!(shape, Shape::Word | Shape::Version);
    if values.len() > SIDE_BY_SIDE_MAX {
        return None;
    }
    let looks = |text: &str| match looks(text) {
        Shape::Name | Shape::Host => Shape::Word,
        other => other,
    };
    let differing: Vec<_> = values
        .iter()
        .filter(|(_, shown, printed)| !same(shown, printed) && !is_blank(shown) && !is_blank(printed))
        .map(|(name, shown, printed)| (*name, *shown, *printed, looks(shown), looks(printed)))
        .collect();
    for (at, (name, shown, printed, wanted, found)) in differing.iter().enumerate() {
        for (_, other_shown, other_printed, other_wanted, other_found) in &differing[at + 1..] {
            let each_other = printed == other_shown && other_printed == shown && named(*wanted) && truth(shown).is_none();
            let look_alike = wanted != other_wanted
                && found == other_wanted
                && other_found == wanted
                && (told(*wanted) || told(*other_wanted))
                && named(*wanted)
                && named(*other_wanted);
            if each_other || look_alike {
                return Some((name, shown, printed));
            }
        }
    }
    None
}

fn is_prose(value: &str) -> bool {
    value.split_whitespace().nth(3).is_some() && !value.ends_with(" ago")
}

/// Ids are as good as each other when they name the same kind of resource.
fn ids(expected: &str, actual: &str) -> f64 {
    match (arm_type(expected), arm_type(actual)) {
        (Some(shown), Some(printed)) if shown == printed => 1.0,
        (Some(shown), Some(printed)) if head(&shown) == head(&printed) => 0.6,
        (Some(_), _) => 0.0,
        (None, Some(_)) => 0.4,
        (None, None) => 1.0,
    }
}

/// Addresses are as good as each other unless they are those of different services.
fn urls(expected: &str, actual: &str) -> f64 {
    match service(expected) {
        // A URL may lead to an address or to somebody's own domain; a host of a service is one of that service.
        Some(shown) if service(actual).map_or(!expected.contains("://"), |printed| printed != shown) => 0.2,
        _ => 1.0,
    }
}

/// `microsoft.network/virtualnetworks` of `microsoft.network/virtualnetworks/subnets`.
fn head(arm_type: &str) -> &str {
    arm_type.match_indices('/').nth(1).map_or(arm_type, |(at, _)| &arm_type[..at])
}

/// Whether two ids name resources of different providers or top-level types.
///
/// An id without a provider is that of a resource group, unless `name`, the name shown beside it, is not its last part: authors shorten.
pub(super) fn ids_contradict(expected: &str, name: Option<&str>, actual: &str) -> bool {
    match (arm_type(expected), arm_type(actual)) {
        (Some(shown), Some(printed)) => !is_placeholder(head(&shown)) && head(&shown) != head(&printed),
        (None, Some(_)) => name.is_some_and(|name| expected.rsplit('/').next() == Some(name)) && expected.starts_with("/subscriptions/"),
        _ => false,
    }
}

fn plain(weight: f64, name: &str, expected: &str, actual: &str) -> Likeness {
    if is_blank(actual) {
        return Likeness::new(weight, 0.1);
    }
    // A word of health and one of sickness are states, whatever they are called.
    if is_state(expected) && !is_wrong(expected) && is_wrong(actual) && !is_prose(actual) && truth(actual).is_none() {
        return Likeness::conflict(weight, Conflict::State);
    }
    if let (Some(shown), Some(printed)) = (truth(expected), truth(actual)) {
        return if shown == printed { Likeness::new(weight, 1.0) } else { Likeness::conflict(weight, Conflict::Value) };
    }
    if expected.contains(char::is_whitespace) {
        return Likeness::new(weight, shared_words(expected, actual));
    }
    let (shown, printed) = (shape(expected), shape(actual));
    if shown == Shape::ArmId && printed == Shape::ArmId {
        return Likeness::new(weight, ids(expected, actual));
    }
    if matches!((shown, printed), (Shape::Url, Shape::Url) | (Shape::Host, Shape::Host)) {
        return Likeness::new(weight, urls(expected, actual));
    }
    if shown == printed && shown.is_volatile() {
        return Likeness::new(weight, 1.0);
    }
    if is_region(expected) && is_region(actual) {
        return Likeness::new(weight, 0.95);
    }
    if shown == Shape::Number && printed == Shape::Number {
        if let (Ok(shown), Ok(printed)) = (expected.parse::<f64>(), actual.parse::<f64>())
            && let Some(conflict) = by_name(name, shown, printed)
        {
            return Likeness::conflict(weight, conflict);
        }
        return Likeness::new(weight, 0.6);
    }
    if is_constant(name, expected, shown) && is_constant(name, actual, printed) {
        return Likeness::conflict(weight, Conflict::Value);
    }
    if let Some(conflict) = slot::turned(name, expected, actual) {
        return Likeness::conflict(weight, conflict);
    }
    Likeness::new(
        weight,
        match (shown, printed) {
            (Shape::Name, Shape::Name | Shape::Word) | (Shape::Word, Shape::Name) => 0.7,
            (Shape::Word, Shape::Word) => 0.4,
            (Shape::Version, Shape::Number) | (Shape::Number, Shape::Version) => 0.8,
            _ => 0.3,
        },
    )
}

/// Whether a value is one of a closed set: a capitalised word (`Allow`, `StorageV2`), or a word whose name says that it chooses.
fn is_constant(name: &str, value: &str, shape: Shape) -> bool {
    if !may_be_constant(value, shape) {
        return false;
    }
    let capital = value.starts_with(|c: char| c.is_ascii_uppercase()) && value.bytes().any(|byte| byte.is_ascii_lowercase());
    capital && shape == Shape::Word || chooses(name) && !value.starts_with(|c: char| c.is_ascii_digit())
}

/// Whether a value is one of a closed set because its name says so.
pub(super) fn is_choice(name: &str, value: &str) -> bool {
    chooses(name) && is_constant(name, value, shape(value))
}

fn may_be_constant(value: &str, shape: Shape) -> bool {
    matches!(shape, Shape::Word | Shape::Name)
        && (2..=40).contains(&value.len())
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && value.bytes().filter(u8::is_ascii_digit).count() <= 2
}

/// Whether a name says that its value is chosen from few.
pub(super) fn chooses(name: &str) -> bool {
    const CHOICES: [&str; 15] = [
        "mode",
        "tier",
        "protocol",
        "direction",
        "access",
        "action",
        "effect",
        "method",
        "policy",
        "channel",
        "class",
        "sku",
        "family",
        "level",
        "role",
    ];
    name_words(name).last().is_some_and(|last| CHOICES.contains(&last.as_str()) || last == "type")
}

/// The share of the words of `expected` that `actual` has; both are prose.
fn shared_words(expected: &str, actual: &str) -> f64 {
    let split = |text: &str| {
        text.to_lowercase().split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    let (shown, printed) = (split(expected), split(actual));
    let printed: std::collections::HashSet<&String> = printed.iter().collect();
    if shown.is_empty() {
        return 1.0;
    }
    shown.iter().filter(|word| printed.contains(word) || word.bytes().any(|b| b.is_ascii_digit())).count() as f64 / shown.len() as f64
}

#[cfg(test)]
mod tests {
    use super::{Conflict, Role, compare, compare_truth, ids_contradict, role};

    #[track_caller]
    fn check(name: &str, parent: &str, expected: &str, actual: &str, conflict: Option<Conflict>) -> f64 {
        let likeness = compare(name, parent, expected, Some(actual));
        assert_eq!(likeness.conflict, conflict, "{name}: {expected} / {actual} {likeness:?}");
        likeness.credit
    }

    #[test]
    fn the_name_tells_what_a_value_is_for() {
        for (name, parent, expected) in [
            ("type", "", Role::Type),
            ("kind", "", Role::Type),
            ("provisioningState", "properties", Role::State),
            ("StatusOfPrimary", "", Role::State),
            ("STATUS", "", Role::State),
            ("code", "powerState", Role::State),
            ("statusUpdatedTime", "", Role::Soft),
            ("statusReason", "", Role::Name),
            ("READY", "", Role::Readiness),
            ("resourceGroup", "", Role::Name),
            ("name", "sku", Role::Plain),
            ("createdByType", "systemData", Role::Soft),
            ("dept", "nodeLabels", Role::Soft),
            ("osType", "", Role::Plain),
            ("RESTARTS", "", Role::Soft),
        ] {
            assert_eq!(role(name, parent), expected, "{name} in {parent}");
        }
    }

    #[test]
    fn another_type_state_or_constant_contradicts() {
        check("type", "", "Microsoft.Resources/resourceGroups", "Microsoft.Network/virtualNetworks", Some(Conflict::Type));
        check("provisioningState", "", "Succeeded", "Wedged", Some(Conflict::State));
        check("READY", "", "1/1", "0/1", Some(Conflict::State));
        check("AVAILABLE", "", "3", "0", Some(Conflict::State));
        check("access", "", "Allow", "Deny", Some(Conflict::Value));
        check("tier", "sku", "Free", "Standard", Some(Conflict::Value));
        check("autoUpgradeChannel", "", "stable", "rapid", Some(Conflict::Value));
        check("EnableRbac", "", "True", "False", Some(Conflict::Value));
        assert_eq!(compare_truth("", true, Some(false)).conflict, Some(Conflict::Value));
        assert!(ids_contradict(
            "/subscriptions/a/resourceGroups/b/providers/Microsoft.Web/sites/n",
            None,
            "/subscriptions/a/resourceGroups/b/providers/Microsoft.Sql/servers/n"
        ));
    }

    #[test]
    fn what_a_user_or_a_day_decides_may_differ() {
        for (name, parent, expected, actual) in [
            ("location", "", "eastus", "West Europe"),
            ("type", "", "Microsoft.ContainerService/ManagedClusters", "microsoft.containerservice/managedclusters"),
            ("name", "", "myGroupabc123", "prod"),
            ("id", "", "/subscriptions/<guid>/resourceGroups/a", "/subscriptions/8b2bb50b-e584-4a5d-afa5-113b8f1b1a42/resourceGroups/b"),
            ("clientId", "", "00000000-0000-0000-0000-000000000000", "c4b6d846-2299-44ce-81ec-3a4d7c9c2048"),
            ("macAddress", "", "7C-1E-52-22-D8-72", "00-0D-3A-10-4F-70"),
            ("AGE", "", "3m56s", "12d"),
            ("vmSize", "", "Standard_DS2_v2", "Standard_D4s_v5"),
            ("provisioningState", "", "Creating", "Succeeded"),
            ("STATUS", "", "$STATE", "Running"),
        ] {
            assert!(check(name, parent, expected, actual, None) >= 0.8, "{name}");
        }
    }
}
