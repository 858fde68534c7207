//! TLS for `wss://`, with rustls.

use std::io;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::ConnectOptions;

/// Encrypts `stream` and verifies that the peer is `host`. The error says what to do.
pub(super) async fn connect(
    options: &ConnectOptions,
    host: String,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, String> {
    let config = options.tls.get_or_init(|| client_config(options));
    let config = Arc::clone(config.as_ref().map_err(String::clone)?);
    let name = ServerName::try_from(host).map_err(|_| "the host name is not valid".to_owned())?;
    TlsConnector::from(config)
        .connect(name, stream)
        .await
        .map_err(|error| reason(&error))
}

/// The reason of a failed handshake.
fn reason(error: &io::Error) -> String {
    use rustls::{CertificateError, Error, InvalidMessage};

    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    match inner {
        Some(Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
            "the authority that issued the server's certificate is not trusted".to_owned()
        }
        // The verifier has no public type for it.
        Some(Error::InvalidCertificate(CertificateError::Other(other)))
            if format!("{other:?}").contains("CaUsedAsEndEntity") =>
        {
            "the server's certificate is that of an authority; create one for the server, with \
             `basicConstraints=CA:FALSE`"
                .to_owned()
        }
        Some(Error::InvalidMessage(InvalidMessage::InvalidContentType)) => {
            "the server does not speak TLS".to_owned()
        }
        _ => error.to_string(),
    }
}

/// The client's TLS configuration: the authorities of the system and those of `options`.
fn client_config(options: &ConnectOptions) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    // A system without certificates is not an error if the user supplies them.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    for pem in &options.root_certificates {
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate
                .map_err(|error| format!("a root certificate is not valid PEM ({error})"))?;
            roots
                .add(certificate)
                .map_err(|error| format!("a root certificate cannot be used ({error})"))?;
        }
    }
    if roots.is_empty() {
        return Err(
            "no root certificates are installed on this system; install the package \
                    `ca-certificates` or name yours with `Address::root_certificates`"
                .to_owned(),
        );
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots);
    let config = match &options.client_certificate {
        None => config.with_no_client_auth(),
        Some((certificates, key)) => {
            let certificates = CertificateDer::pem_slice_iter(certificates)
                .collect::<Result<Vec<_>, _>>()
                .map_err(|error| format!("the client's certificate is not valid PEM ({error})"))?;
            let key = PrivateKeyDer::from_pem_slice(key)
                .map_err(|error| format!("the client's key is not valid PEM ({error})"))?;
            config
                .with_client_auth_cert(certificates, key)
                .map_err(|error| format!("the client's certificate cannot be used ({error})"))?
        }
    };
    Ok(Arc::new(config))
}
