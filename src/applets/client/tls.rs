//! Which servers are trusted, and who this client says it is.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::ClientError;

/// Variables that name a file of trusted certificates; the first that is set counts.
const FILE_VARIABLES: [&str; 3] = ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE"];

/// Where the trusted certificates come from, and the certificate to show.
#[derive(Default)]
pub(crate) struct Trust {
    file: Option<String>,
    pem: Option<Vec<u8>>,
    identity: Option<(Vec<u8>, Vec<u8>)>,
    connector: OnceCell<TlsConnector>,
}

impl Trust {
    /// The certificate file that the variables name; none is trusted when they name none.
    pub(crate) fn from_environment(variables: &HashMap<String, String>) -> Trust {
        let file = FILE_VARIABLES.iter().find_map(|name| variables.get(*name)).filter(|path| !path.is_empty()).cloned();
        Trust { file, ..Trust::default() }
    }

    /// Only these certificates (PEM), as a kubeconfig gives them.
    pub(crate) fn of_pem(pem: Vec<u8>) -> Trust {
        Trust { pem: Some(pem), ..Trust::default() }
    }

    /// This trust, showing a client certificate with its key (both PEM).
    pub(crate) fn with_identity(self, certificate: Vec<u8>, key: Vec<u8>) -> Trust {
        Trust { identity: Some((certificate, key)), connector: OnceCell::new(), ..self }
    }

    /// Made at the first secure connection: most command lines that fail never need it.
    pub(super) fn connector(&self) -> Result<TlsConnector, ClientError> {
        if let Some(connector) = self.connector.get() {
            return Ok(connector.clone());
        }
        let connector = self.build()?;
        Ok(self.connector.get_or_init(|| connector).clone())
    }

    fn build(&self) -> Result<TlsConnector, ClientError> {
        let mut roots = RootCertStore::empty();
        let (pem, path) = match (&self.pem, &self.file) {
            (Some(pem), _) => (pem.clone(), "the given certificates".to_owned()),
            (None, Some(path)) => (std::fs::read(path).map_err(|_| ClientError::Certificates { path: path.clone() })?, path.clone()),
            (None, None) => (Vec::new(), String::new()),
        };
        roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok));
        if roots.is_empty() && !path.is_empty() {
            return Err(ClientError::Certificates { path });
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let wrong = |error: &dyn std::fmt::Display| ClientError::Identity { why: error.to_string() };
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| wrong(&error))?
            .with_root_certificates(roots);
        let config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = CertificateDer::pem_slice_iter(certificate).collect::<Result<Vec<_>, _>>().map_err(|error| wrong(&error))?;
                let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| wrong(&error))?;
                builder.with_client_auth_cert(chain, key).map_err(|error| wrong(&error))?
            }
        };
        Ok(TlsConnector::from(Arc::new(config)))
    }
}

/// TLS over a connection, for this host name or address.
pub(super) async fn secure(connector: &TlsConnector, host: &str, stream: TcpStream) -> Result<TlsStream<TcpStream>, ClientError> {
    let name = ServerName::try_from(host.to_owned()).map_err(|_| ClientError::Address { url: format!("https://{host}") })?;
    connector.connect(name, stream).await.map_err(|source| ClientError::Tls { host: host.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_file_that_is_missing_is_named() {
        let variables = HashMap::from([("SSL_CERT_FILE".to_owned(), "/nowhere/ca.pem".to_owned())]);
        let error = Trust::from_environment(&variables).connector().err().expect("no such file");
        assert_eq!(error.to_string(), "no certificates in /nowhere/ca.pem");
    }

    #[test]
    fn text_without_certificates_trusts_nobody_and_says_so() {
        let error = Trust::of_pem(b"hello".to_vec()).connector().err().expect("no certificate");
        assert_eq!(error.to_string(), "no certificates in the given certificates");
    }

    #[test]
    fn without_any_certificates_a_connector_is_made_that_trusts_nobody() {
        assert!(Trust::default().connector().is_ok());
    }
}
