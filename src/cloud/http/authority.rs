//! The run's certificate authority: TLS leaves for the real host names, client certificates for clusters.
//!
//! Its keys are fresh for each run and never leave it; every certificate is valid from 2000 to 2099, whatever the virtual date.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::client_certificate::AnyClientCertificate;

/// Why certificates could not be made.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// The certificate generator refused.
    #[error("certificate could not be generated")]
    Generate(#[from] rcgen::Error),
    /// The TLS library refused.
    #[error("TLS could not be configured")]
    Tls(#[from] rustls::Error),
}

/// A certificate authority with the TLS configurations that it issued.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pem: String,
    /// One key for all hosts: making keys is what takes time.
    leaf_key: KeyPair,
    servers: Mutex<BTreeMap<String, Arc<ServerConfig>>>,
    provider: Arc<CryptoProvider>,
}

/// A client's certificate with its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClientCertificate {
    pub(crate) certificate_pem: String,
    pub(crate) key_pem: String,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authority")
    }
}

impl Authority {
    /// A fresh authority.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub(crate) fn new() -> Result<Self, AuthorityError> {
        let mut params = validity(CertificateParams::default());
        params.distinguished_name = name("docent run CA", &["docent"]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        Ok(Self {
            certificate: certificate.der().clone(),
            pem: certificate.pem(),
            issuer: Issuer::new(params, key),
            leaf_key: KeyPair::generate()?,
            servers: Mutex::new(BTreeMap::new()),
            provider: Arc::new(rustls::crypto::ring::default_provider()),
        })
    }

    /// The authority's certificate, PEM.
    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// The TLS configuration of a server called `host`; made at the first call.
    ///
    /// # Errors
    /// When `host` cannot stand in a certificate.
    pub(crate) fn server(&self, host: &str) -> Result<Arc<ServerConfig>, AuthorityError> {
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = servers.get(host) {
            return Ok(Arc::clone(known));
        }
        let mut params = validity(CertificateParams::new(vec![host.to_owned()])?);
        params.distinguished_name = name(host, &[]);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let leaf = params.signed_by(&self.leaf_key, &self.issuer)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.leaf_key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(AnyClientCertificate::verifier(&self.provider))
            .with_single_cert(vec![leaf.der().clone(), self.certificate.clone()], key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let config = Arc::new(config);
        servers.insert(host.to_owned(), Arc::clone(&config));
        Ok(config)
    }

    /// A certificate for a client called `common_name` in `organizations` (a user and its groups, to Kubernetes).
    ///
    /// # Errors
    /// When the names cannot stand in a certificate.
    pub(crate) fn issue_client(&self, common_name: &str, organizations: &[&str]) -> Result<ClientCertificate, AuthorityError> {
        let mut params = validity(CertificateParams::default());
        params.distinguished_name = name(common_name, organizations);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(ClientCertificate { certificate_pem: certificate.pem(), key_pem: key.serialize_pem() })
    }

    /// Whether this authority issued a client's certificate.
    pub(crate) fn issued(&self, certificate: &CertificateDer<'_>) -> bool {
        super::client_certificate::is_issued_by(certificate, &self.certificate, &self.provider)
    }
}

fn validity(mut params: CertificateParams) -> CertificateParams {
    params.not_before = date_time_ymd(2000, 1, 1);
    params.not_after = date_time_ymd(2099, 12, 31);
    params
}

fn name(common_name: &str, organizations: &[&str]) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    for organization in organizations {
        name.push(DnType::OrganizationName, *organization);
    }
    name.push(DnType::CommonName, common_name);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(pem: &str) -> CertificateDer<'static> {
        use rustls::pki_types::pem::PemObject as _;
        CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
    }

    #[test]
    fn a_client_certificate_is_known_to_the_authority_that_issued_it_only() {
        let (ours, theirs) = (Authority::new().unwrap(), Authority::new().unwrap());
        let client = ours.issue_client("clusterUser", &["system:masters"]).unwrap();
        assert!(ours.issued(&der(&client.certificate_pem)));
        assert!(!theirs.issued(&der(&client.certificate_pem)));
        assert!(!ours.issued(&der(ours.pem())), "the authority is no client");
    }

    #[test]
    fn a_host_gets_one_configuration_and_a_bad_name_is_an_error() {
        let authority = Authority::new().unwrap();
        let first = authority.server("management.azure.com").unwrap();
        assert!(Arc::ptr_eq(&first, &authority.server("management.azure.com").unwrap()));
        assert!(authority.server("ñ").is_err());
    }
}
