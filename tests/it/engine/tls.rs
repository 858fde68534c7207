//! An engine with TLS.

use pipewright::{Address, ConnectError, EngineError, Worker};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use super::{Engine, url};

/// The certificate authority of one test.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for `name` and its key.
    fn sign(&self, name: &str) -> (String, String) {
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

fn address(engine: &Engine, authority: &Authority) -> Address {
    let url: Address = url(engine).parse().unwrap();
    url.root_certificates(authority.pem())
}

async fn streams(worker: &Worker) {
    let channel = worker.create_channel(None).await.unwrap();
    let (mut writer, mut reader) = (channel.writer, channel.reader);
    let data = vec![7; 300_000];
    let sent = data.clone();
    let written = tokio::spawn(async move {
        writer.write(sent).await.unwrap();
        writer.close().await.unwrap();
    });
    assert!(reader.read_all().await.unwrap() == data);
    written.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_connect_by_wss_and_by_nothing_else() {
    let authority = Authority::new();
    let (certificate, key) = authority.sign("127.0.0.1");
    let builder = Engine::builder().listen("127.0.0.1:0");
    let engine = builder.tls(certificate, key).start().await.unwrap();
    assert!(url(&engine).starts_with("wss://127.0.0.1:"));
    let worker = Worker::connect(address(&engine, &authority)).await.unwrap();
    streams(&worker).await;

    let plain = url(&engine).replace("wss://", "ws://");
    assert!(Worker::connect(plain).await.is_err());
    let stranger = Worker::connect(address(&engine, &Authority::new())).await;
    assert!(matches!(stranger, Err(ConnectError::Tls { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_show_certificates_where_they_are_asked_for() {
    let authority = Authority::new();
    let clients = Authority::new();
    let (certificate, key) = authority.sign("127.0.0.1");
    // It would then be reachable from other machines without a token.
    let builder = Engine::builder().listen("0.0.0.0:0");
    let builder = builder.tls(certificate, key);
    let engine = builder.client_authorities(clients.pem());
    let engine = engine.start().await.unwrap();
    let address = address(&engine, &authority);

    let (certificate, key) = clients.sign("a worker");
    let known = address.clone().client_certificate(certificate, key);
    streams(&Worker::connect(known).await.unwrap()).await;
    assert!(Worker::connect(address.clone()).await.is_err());
    let (certificate, key) = authority.sign("somebody else");
    let other = address.clone().client_certificate(certificate, key);
    assert!(Worker::connect(other).await.is_err());

    let (certificate, _) = clients.sign("a worker");
    let broken = address.client_certificate(certificate, "no key");
    let refused = Worker::connect(broken).await.unwrap_err();
    let told = crate::support::chain(&refused);
    assert!(told.contains("the client's key is not valid PEM"), "{told}");
}

#[tokio::test]
async fn what_cannot_be_used_is_told_at_the_start() {
    let authority = Authority::new();
    let (certificate, key) = authority.sign("127.0.0.1");
    let (_, other_key) = authority.sign("127.0.0.1");
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (certificate, key, told) in [
        ("", key.as_str(), "the certificate holds no certificate"),
        (&certificate, "", "the private key is not valid PEM"),
        (
            &certificate,
            &other_key,
            "certificate and key do not go together",
        ),
        (broken, &key, "certificate and key do not go together"),
    ] {
        let builder = Engine::builder()
            .listen("127.0.0.1:0")
            .tls(certificate, key);
        let Err(EngineError::Tls { reason }) = builder.start().await else {
            panic!("started: {told}");
        };
        assert!(reason.contains(told), "{reason}");
    }
}
