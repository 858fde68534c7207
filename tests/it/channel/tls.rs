//! `wss://`, through a proxy that terminates TLS before the engine.

use std::sync::Arc;

use pipewright::{Address, ConnectError, EngineUrl, Worker};
use rcgen::generate_simple_self_signed;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::support::{House, assert_same, chain, pattern, within};

/// A TLS proxy in front of the engine: its address, and its certificate as PEM.
async fn terminator(house: &House) -> (String, String) {
    let certified = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], PrivateKeyDer::from(key))
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("wss://localhost:{}", listener.local_addr().unwrap().port());
    let engine = house.engine.url().to_owned();
    let engine = engine.strip_prefix("ws://").unwrap().to_owned();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (acceptor, engine) = (acceptor.clone(), engine.clone());
            tokio::spawn(async move {
                // A client that does not trust the certificate disconnects, as expected.
                if let Ok(mut inside) = acceptor.accept(stream).await {
                    let mut outside = TcpStream::connect(engine).await.unwrap();
                    // If one side breaks, dropping it breaks the other side.
                    let _ = tokio::io::copy_bidirectional(&mut inside, &mut outside).await;
                }
            });
        }
    });
    (url, certified.cert.pem())
}

fn address(url: &str) -> Address {
    Address::from(url.parse::<EngineUrl>().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_trusted() {
    let house = House::new().await;
    let (url, pem) = terminator(&house).await;
    let address = address(&url).root_certificates(pem);
    let worker = Worker::builder(address).connect().await.unwrap();
    let channel = worker.create_channel(None).await.unwrap();
    let (mut writer, mut reader) = (channel.writer, channel.reader);
    let data = pattern(1_000_000);
    let sent = data.clone();
    let writing = tokio::spawn(async move {
        writer.write(sent).await.unwrap();
        writer.close().await.unwrap();
    });
    let read = within(reader.read_all()).await.unwrap();
    assert_same(&read, &data, "encrypted");
    assert!(reader.report().verdict.unwrap().is_verified());
    writing.await.unwrap();
    worker.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted() {
    let house = House::new().await;
    let (url, _) = terminator(&house).await;
    let (_, other) = terminator(&house).await;
    let error = Worker::builder(address(&url).root_certificates(other));
    let error = error.connect().await.unwrap_err();
    assert!(matches!(error, ConnectError::Tls { .. }), "{error:?}");
    assert!(!error.is_temporary());
    let text = chain(&error);
    assert!(
        text.contains(&url) && text.contains("certificate"),
        "{text}"
    );
}

#[tokio::test]
async fn what_is_no_certificate() {
    let house = House::new().await;
    let (url, _) = terminator(&house).await;
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let builder = Worker::builder(address(&url).root_certificates(broken));
    let error = builder.connect().await.unwrap_err();
    assert!(matches!(error, ConnectError::Tls { .. }), "{error:?}");
    let text = chain(&error);
    assert!(text.contains("a root certificate"), "{text}");
}

#[tokio::test]
async fn encryption_where_there_is_none() {
    let house = House::new().await;
    let url = house.engine.url().replace("ws://", "wss://");
    let (_, pem) = terminator(&house).await;
    let builder = Worker::builder(address(&url).root_certificates(pem));
    let error = builder.connect().await.unwrap_err();
    assert!(matches!(error, ConnectError::Tls { .. }), "{error:?}");
}
