//! JSON Web Tokens as they arrive: taken apart, and checked against published keys. Pure; knows no time.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::Value;

/// A token taken apart; nothing is checked yet.
#[derive(Debug, Clone)]
pub(crate) struct Jwt<'a> {
    header: Value,
    claims: Value,
    input: &'a str,
    signature: Vec<u8>,
}

/// Why a token's signature does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadSignature {
    /// Another algorithm than RS256.
    Algorithm,
    /// No published key has the token's `kid`.
    UnknownKey,
    /// The key does not confirm the signature.
    Mismatch,
}

impl<'a> Jwt<'a> {
    /// Takes a compact token apart; none when it is not one. White space around it is ignored, as a file's last line end is.
    pub(crate) fn parse(token: &'a str) -> Option<Self> {
        let token = token.trim();
        let (input, signature) = token.rsplit_once('.')?;
        let (header, claims) = input.split_once('.')?;
        let object = |text: &str| -> Option<Value> {
            let value: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
            value.is_object().then_some(value)
        };
        Some(Self { header: object(header)?, claims: object(claims)?, input, signature: URL_SAFE_NO_PAD.decode(signature).ok()? })
    }

    /// All claims, unchecked.
    pub(crate) fn claims(&self) -> &Value {
        &self.claims
    }

    /// A claim that is a text.
    pub(crate) fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim)?.as_str()
    }

    /// A claim that is a number of seconds.
    pub(crate) fn seconds(&self, claim: &str) -> Option<i64> {
        self.claims.get(claim)?.as_i64()
    }

    /// `aud`, which is a text or a list of texts.
    pub(crate) fn audiences(&self) -> Vec<&str> {
        match self.claims.get("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// Checks the signature against a list of JSON Web Keys.
    pub(crate) fn verify(&self, keys: &[Value]) -> Result<(), BadSignature> {
        if self.header["alg"] != "RS256" {
            return Err(BadSignature::Algorithm);
        }
        let key = keys.iter().find(|key| key["kid"] == self.header["kid"]).ok_or(BadSignature::UnknownKey)?;
        let part = |name: &str| key[name].as_str().and_then(|text| URL_SAFE_NO_PAD.decode(text).ok()).ok_or(BadSignature::UnknownKey);
        RsaPublicKeyComponents { n: part("n")?, e: part("e")? }
            .verify(&RSA_PKCS1_2048_8192_SHA256, self.input.as_bytes(), &self.signature)
            .map_err(|_| BadSignature::Mismatch)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cloud::identity::keys;

    #[test]
    fn a_signed_token_is_confirmed_by_its_own_key_only() {
        let token = keys::entra().sign("tenant-a", &json!({"aud": "x", "exp": 5}));
        let jwt = Jwt::parse(&token).unwrap();
        assert_eq!((jwt.audiences(), jwt.seconds("exp")), (vec!["x"], Some(5)));
        assert_eq!(jwt.verify(&[keys::entra().jwk("tenant-a")]), Ok(()));
        assert_eq!(jwt.verify(&[keys::entra().jwk("tenant-b")]), Err(BadSignature::UnknownKey));
        let mut impostor = keys::cluster().jwk("x");
        impostor["kid"] = keys::entra().jwk("tenant-a")["kid"].clone();
        assert_eq!(jwt.verify(&[impostor]), Err(BadSignature::Mismatch));
    }

    #[test]
    fn only_the_published_algorithm_counts() {
        let key = keys::entra().jwk("t");
        for algorithm in [json!("none"), json!("HS256"), json!("rs256"), Value::Null] {
            let token = keys::entra().sign_under(&json!({"alg": algorithm, "kid": key["kid"]}), &json!({"aud": "x"}));
            assert_eq!(Jwt::parse(&token).unwrap().verify(std::slice::from_ref(&key)), Err(BadSignature::Algorithm), "{algorithm}");
        }
    }

    #[test]
    fn a_changed_claim_breaks_the_signature_and_garbage_is_no_token() {
        let token = keys::cluster().sign("i", &json!({"sub": "system:serviceaccount:a:b"}));
        let forged = token.replace(token.split('.').nth(1).unwrap(), &URL_SAFE_NO_PAD.encode(r#"{"sub":"admin"}"#));
        assert_eq!(Jwt::parse(&forged).unwrap().verify(&[keys::cluster().jwk("i")]), Err(BadSignature::Mismatch));
        for garbage in ["", "a", "a.b", "a.b.c", "W10.W10.W10"] {
            assert!(Jwt::parse(garbage).is_none(), "{garbage}");
        }
        assert!(Jwt::parse(&format!("{token}\n")).is_some());
    }
}
