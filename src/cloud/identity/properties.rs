//! Tokens: whatever is made of a good one, and whatever somebody gets signed, is read as the naive reading says.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof};
use proptest::sample::select;
use serde_json::{Value, json};

use super::azure_rbac::{CustomPermission, CustomRole, Decision, Grant, Plane, decide};
use super::entra::model::Model;
use super::jwt::Jwt;
use super::keys;
use super::token::{self, Audience};
use crate::cloud::ids::Ids;
use crate::fuzz;

const NOW: i64 = 1_767_225_600;

fn now() -> Timestamp {
    Timestamp::from_second(NOW).expect("a second")
}

/// A change of a token's text.
#[derive(Debug, Clone)]
enum Change {
    Cut(usize),
    Put(usize, String),
    /// A part is that of another token.
    Swap(usize),
    /// A part is this JSON.
    Part(usize, Value),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let claims = fuzz::json(&["alg", "kid", "aud", "exp", "iss", "oid", "typ", "nbf"], &["none", "RS256", "HS256", ""]);
    let change = prop_oneof![
        (0_usize..2000).prop_map(Change::Cut),
        (0_usize..2000, fuzz::text(3)).prop_map(|(at, text)| Change::Put(at, text)),
        (0_usize..3).prop_map(Change::Swap),
        (0_usize..3, claims).prop_map(|(part, value)| Change::Part(part, value)),
    ];
    vec(change, 0..4)
}

fn changed(token: &str, other: &str, changes: &[Change]) -> String {
    let mut token = token.to_owned();
    for change in changes {
        let boundary = |at: usize| (0..=at.min(token.len())).rev().find(|at| token.is_char_boundary(*at)).unwrap_or(0);
        let part = |number: usize, with: &str| {
            let parts: Vec<&str> = token.split('.').enumerate().map(|(at, part)| if at == number { with } else { part }).collect();
            parts.join(".")
        };
        token = match change {
            Change::Cut(at) => token[..boundary(*at)].to_owned(),
            Change::Put(at, text) => {
                let at = boundary(*at);
                format!("{}{text}{}", &token[..at], &token[at..])
            }
            Change::Swap(number) => part(*number, other.split('.').nth(*number).unwrap_or_default()),
            Change::Part(number, value) => part(*number, &URL_SAFE_NO_PAD.encode(value.to_string())),
        };
    }
    token
}

#[test]
fn changed_tokens_open_nothing_unless_they_say_the_same() {
    let (directory, other) = (Model::new(&Ids::new(0)), Model::new(&Ids::new(1)));
    let issue =
        |directory: &Model, audience: &str| token::issue_for_user(directory, directory.signed_in_user(), "cli", audience, "t", now());
    let good = issue(&directory, "https://vault.azure.net");
    let strangers =
        [issue(&other, "https://vault.azure.net"), issue(&directory, "https://graph.microsoft.com"), good.replace('.', ".e30.")];
    fuzz::check("changed-tokens", (changes(), 0_usize..3), |(changes, stranger)| {
        let token = changed(&good, &strangers[stranger], &changes);
        let is_read = token::read(&directory, Audience::KeyVault, &token, now()).is_ok();
        prop_assert_eq!(is_read, token.trim() == good, "{}", token);
        Ok(())
    });
}

#[test]
fn any_text_is_taken_apart_or_refused() {
    let directory = Model::new(&Ids::new(0));
    let encoded = fuzz::json(&["alg", "kid", "aud", "exp"], &["RS256", "x"]).prop_map(|value| URL_SAFE_NO_PAD.encode(value.to_string()));
    let part = prop_oneof![encoded, fuzz::text(12), any::<Vec<u8>>().prop_map(|bytes| URL_SAFE_NO_PAD.encode(bytes))];
    fuzz::check("any-token", vec(part, 0..5), |parts| {
        let token = parts.join(".");
        if let Some(jwt) = Jwt::parse(&token) {
            prop_assert!(jwt.claims().is_object());
            let published = [keys::entra().jwk("x"), json!({}), json!({"kid": null})];
            prop_assert!(jwt.verify(&published).is_err());
            let _ = (jwt.audiences(), jwt.seconds("exp"), jwt.text("iss"));
        }
        prop_assert!(token::read(&directory, Audience::Graph, &token, now()).is_err());
        Ok(())
    });
}

#[test]
fn signed_tokens_are_read_as_their_claims_say() {
    let directory = Model::new(&Ids::new(0));
    let (tenant, user) = (directory.tenant.id.clone(), directory.signed_in_user().object_id.clone());
    // What is right comes often, so that most tokens have one thing wrong.
    let right = token::issuer(&tenant);
    let issuers = [
        right.clone(),
        right.clone(),
        right.clone(),
        right,
        token::issuer("other"),
        format!("https://sts.windows.net/{tenant}"),
        String::new(),
        tenant.clone(),
    ];
    let audiences = [
        "https://graph.microsoft.com",
        "https://graph.microsoft.com/",
        "https://vault.azure.net",
        "00000003-0000-0000-c000-000000000000",
        "",
    ];
    let objects = [user.clone(), user.clone(), user.clone(), user.clone(), "nobody".to_owned(), String::new()];
    let near = select(vec![-3600, -1, 0, 1, 3600]).prop_map(|second| json!(NOW + second));
    let times = vec(prop_oneof![4 => near, 1 => any::<i64>().prop_map(|second| json!(second)), 1 => fuzz::json(&["a"], &["1"])], 2);
    let strategy = (select(issuers.to_vec()), select(audiences.to_vec()), select(objects.to_vec()), times, select(vec![0, 0, 0, 0, 1, 2]));
    fuzz::check("signed-tokens", strategy, |(issuer, audience, object, times, signer)| {
        let claims = json!({"iss": issuer, "aud": audience, "oid": object, "exp": times[0], "nbf": times[1], "idtyp": "user"});
        let token = match signer {
            0 => keys::entra().sign(&tenant, &claims),
            1 => keys::entra().sign("other", &claims),
            _ => keys::cluster().sign(&tenant, &claims),
        };
        let is_in_time = times[0].as_i64().is_some_and(|end| end > NOW && Timestamp::from_second(end).is_ok())
            && times[1].as_i64().is_none_or(|start| start <= NOW);
        let naive = signer == 0
            && issuer == format!("https://sts.windows.net/{tenant}/")
            && (audience.trim_end_matches('/') == "https://graph.microsoft.com" || audience.starts_with("00000003"))
            && object == user
            && is_in_time;
        prop_assert_eq!(token::read(&directory, Audience::Graph, &token, now()).is_ok(), naive);
        Ok(())
    });
}

/// Patterns and actions over a small alphabet, so that they meet.
fn words(pieces: &'static [&'static str]) -> impl Strategy<Value = String> {
    vec(select(pieces), 1..6).prop_map(|pieces| pieces.concat())
}

/// `*` as a shell has it, by trying everything.
fn like(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|skipped| like(rest, &text[skipped..])),
        Some((one, rest)) => text.split_first().is_some_and(|(other, text)| one == other && like(rest, text)),
    }
}

/// Actions, what is taken from them, data actions, what is taken from them.
type Lists = (Vec<String>, Vec<String>, Vec<String>, Vec<String>);

#[test]
fn azure_roles_allow_what_a_naive_reading_allows() {
    let pattern = || words(&["a", "b", "*", "/", "Read", "read"]);
    let patterns = || vec(pattern(), 0..3);
    let permission = (patterns(), patterns(), patterns(), patterns());
    let scope = || words(&["/s", "/g", "/S", "/gx", "/"]);
    let grant = (select(vec!["me", "ME", "group", "other"]), vec(permission, 0..3), scope());
    let strategy = (vec(grant, 0..4), words(&["a", "b", "/", "read", "READ"]), scope(), any::<bool>());
    fuzz::check("azure-roles", strategy, |(grants, action, scope, on_data)| {
        let plane = if on_data { Plane::Data } else { Plane::Control };
        let made = |(number, (principal, permissions, scope)): (usize, &(&str, Vec<Lists>, String))| Grant {
            assignment_id: number.to_string(),
            principal_id: (*principal).to_owned(),
            role_id: "r".to_owned(),
            scope: scope.clone(),
            created: now(),
            custom: Some(std::sync::Arc::new(CustomRole {
                id: "r".to_owned(),
                name: "r".to_owned(),
                permissions: permissions
                    .iter()
                    .map(|(actions, not_actions, data_actions, not_data_actions)| CustomPermission {
                        actions: actions.clone(),
                        not_actions: not_actions.clone(),
                        data_actions: data_actions.clone(),
                        not_data_actions: not_data_actions.clone(),
                    })
                    .collect(),
            })),
        };
        let grant_list: Vec<Grant> = grants.iter().enumerate().map(made).collect();
        let decision = decide(&grant_list, &["me".to_owned(), "group".to_owned()], &action, &scope, plane);
        let fits =
            |patterns: &[String]| patterns.iter().any(|pattern| like(pattern.to_lowercase().as_bytes(), action.to_lowercase().as_bytes()));
        let segments = |scope: &str| scope.trim_end_matches('/').to_lowercase().split('/').map(str::to_owned).collect::<Vec<_>>();
        let naive = grants.iter().any(|(principal, permissions, at)| {
            principal.to_lowercase() != "other"
                && segments(&scope).starts_with(&segments(at))
                && permissions.iter().any(
                    |(actions, not_actions, data, not_data)| {
                        if on_data { fits(data) && !fits(not_data) } else { fits(actions) && !fits(not_actions) }
                    },
                )
        });
        prop_assert_eq!(matches!(decision, Decision::Allowed(_)), naive, "{:?}", decision);
        Ok(())
    });
}
