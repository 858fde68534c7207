//! The engine's side of `wss://`, with rustls.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::super::EngineError;
use super::listen::OverTcp;

/// The engine's certificate and its requirements for clients, in PEM.
///
/// `Debug` never prints the key.
#[derive(Clone)]
pub(in crate::engine) struct Tls {
    pub(in crate::engine) certificates: Vec<u8>,
    pub(in crate::engine) key: Vec<u8>,
    /// The certificate authorities of clients that may connect; any client if absent.
    pub(in crate::engine) client_authorities: Option<Vec<u8>>,
}

impl Tls {
    /// Creates the acceptor for connections.
    pub(in crate::engine) fn acceptor(&self) -> Result<TlsAcceptor, EngineError> {
        let failed = |reason: String| EngineError::Tls { reason };
        let certificates = certificates(&self.certificates, "the certificate")?;
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|error| failed(format!("the private key is not valid PEM ({error})")))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(error.to_string()))?;
        let config = match &self.client_authorities {
            None => config.with_no_client_auth(),
            Some(pem) => {
                let mut roots = RootCertStore::empty();
                for authority in self::certificates(pem, "the authority of clients")? {
                    roots.add(authority).map_err(|error| {
                        failed(format!("the authority of clients cannot be used ({error})"))
                    })?;
                }
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                        .build()
                        .map_err(|error| failed(error.to_string()))?;
                config.with_client_cert_verifier(verifier)
            }
        };
        let config = config
            .with_single_cert(certificates, key)
            .map_err(|error| failed(format!("certificate and key do not go together ({error})")))?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

fn certificates(pem: &[u8], what: &str) -> Result<Vec<CertificateDer<'static>>, EngineError> {
    let failed = |reason: String| EngineError::Tls { reason };
    let certificates = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| failed(format!("{what} is not valid PEM ({error})")))?;
    if certificates.is_empty() {
        return Err(failed(format!("{what} holds no certificate")));
    }
    Ok(certificates)
}

/// Encrypts one connection within the handshake timeout.
pub(in crate::engine) async fn accept(
    acceptor: &TlsAcceptor,
    stream: TcpStream,
    within: Duration,
) -> Option<TlsStream<TcpStream>> {
    match timeout(within, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a connection was not encrypted");
            None
        }
        Err(_) => {
            tracing::debug!("a connection took too long to be encrypted");
            None
        }
    }
}

impl OverTcp for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("client_authorities", &self.client_authorities.is_some())
            .finish_non_exhaustive()
    }
}
