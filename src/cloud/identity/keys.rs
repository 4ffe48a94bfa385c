//! The signing keys of the tenant and of clusters' issuers: test keys, public on purpose (`test_keys/README.md`).

use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

/// An RSA key that signs JSON Web Tokens by RS256.
pub(crate) struct SigningKey {
    pair: RsaKeyPair,
}

/// The key of the tenant's token service.
pub(crate) fn entra() -> &'static SigningKey {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    KEY.get_or_init(|| SigningKey::from_pem(include_str!("test_keys/entra.pem")))
}

/// The key of every cluster's service-account issuer.
pub(crate) fn cluster() -> &'static SigningKey {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    KEY.get_or_init(|| SigningKey::from_pem(include_str!("test_keys/cluster.pem")))
}

impl SigningKey {
    fn from_pem(pem: &str) -> Self {
        let text: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let der = STANDARD.decode(text).expect("the test key in the source is PEM");
        Self { pair: RsaKeyPair::from_pkcs8(&der).expect("the test key in the source is PKCS#8 RSA-2048") }
    }

    /// The key id in tokens of `owner` (a tenant or an issuer, which are derived from the seed).
    pub(crate) fn kid(&self, owner: &str) -> String {
        let mut context = ring::digest::Context::new(&ring::digest::SHA256);
        context.update(self.pair.public().as_ref());
        context.update(owner.as_bytes());
        URL_SAFE_NO_PAD.encode(&context.finish().as_ref()[..20])
    }

    /// A signed token with `claims`, whose header names `owner`'s key id.
    pub(crate) fn sign(&self, owner: &str, claims: &Value) -> String {
        self.sign_under(&json!({"typ": "JWT", "alg": "RS256", "kid": self.kid(owner)}), claims)
    }

    /// The same under a header of one's own.
    pub(super) fn sign_under(&self, header: &Value, claims: &Value) -> String {
        let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), input.as_bytes(), &mut signature)
            .expect("PKCS#1 signatures of a 2048-bit key cannot fail on a buffer of the modulus' length");
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The public half as a JSON Web Key, under `owner`'s key id.
    pub(crate) fn jwk(&self, owner: &str) -> Value {
        let public = PublicKeyComponents::<Vec<u8>>::from(self.pair.public());
        json!({
            "use": "sig",
            "kty": "RSA",
            "kid": self.kid(owner),
            "alg": "RS256",
            "n": URL_SAFE_NO_PAD.encode(public.n),
            "e": URL_SAFE_NO_PAD.encode(public.e),
        })
    }
}
