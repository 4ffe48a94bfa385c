//! The listener over a real socket with TLS.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::cloud::{ClockMode, Cloud, CloudOptions, Observation, Profile};

/// Far more than an answer takes: a test fails instead of hanging when a connection stays open that must not.
const ANSWER_WAIT: Duration = Duration::from_secs(20);

async fn cloud() -> Cloud {
    let clock = ClockMode::Virtual { start: "2026-01-01T00:00:00Z".parse().unwrap() };
    Cloud::start(CloudOptions { seed: 0, clock, profile: Profile::default() }).await.unwrap()
}

/// One request on a plain connection; the whole answer.
async fn plain(cloud: &Cloud, request: &str) -> String {
    let mut stream = TcpStream::connect(cloud.proxy_address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer);
    tokio::time::timeout(ANSWER_WAIT, read).await.expect("the connection is closed after its answer").unwrap();
    answer
}

/// One request through a tunnel; the whole answer.
async fn tunnelled(cloud: &Cloud, host: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(cloud.proxy_address()).await.unwrap();
    stream.write_all(format!("CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n").as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&head));
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(cloud.ca_pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = builder.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

fn body(answer: &str) -> Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[tokio::test]
async fn a_tunnel_serves_a_real_host_name_under_the_runs_authority() {
    let cloud = cloud().await;
    let request = "GET /subscriptions?api-version=2022-12-01 HTTP/1.1\r\nHost: management.azure.com\r\nConnection: close\r\n\r\n";
    let answer = tunnelled(&cloud, "management.azure.com", request).await;
    assert!(answer.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{answer}");
    assert!(answer.contains("date: Thu, 01 Jan 2026 00:00:00 GMT\r\n"), "virtual time: {answer}");
    assert_eq!(body(&answer)["error"]["code"], "AuthenticationFailed");
    let form = format!(
        "grant_type=refresh_token&client_id=az&refresh_token={}&scope=https%3A%2F%2Fmanagement.azure.com%2F.default",
        cloud.signed_in().refresh_token
    );
    let request = format!(
        "POST /{}/oauth2/v2.0/token HTTP/1.1\r\nHost: login.microsoftonline.com\r\nConnection: close\r\nContent-Type: \
         application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
        cloud.signed_in().tenant_id,
        form.len()
    );
    let token = body(&tunnelled(&cloud, "login.microsoftonline.com", &request).await)["access_token"].as_str().unwrap().to_owned();
    let request = format!(
        "GET /subscriptions?api-version=2022-12-01 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    let answer = tunnelled(&cloud, "management.azure.com", &request).await;
    assert_eq!(body(&answer)["value"][0]["subscriptionId"], json!(cloud.signed_in().subscription_id));
    assert!(cloud.secrets().contains(&token), "an issued token is masked");
}

#[tokio::test]
async fn other_hosts_are_refused_by_name_and_observed_but_not_the_version_check() {
    let cloud = cloud().await;
    let connect = |host: &str| format!("CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\nConnection: close\r\n\r\n");
    let answer = plain(&cloud, &connect("example.com")).await;
    assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("example.com"), "{answer}");
    let hosts = |observed: Vec<Observation>| -> Vec<String> {
        let named = observed.into_iter().map(|observation| match observation {
            Observation::Unsupported(what) => format!("{} {}", what.kind, what.what),
            other => panic!("{other:?}"),
        });
        named.collect()
    };
    assert_eq!(hosts(cloud.take_observations()), ["host example.com"]);
    assert!(plain(&cloud, &connect("azcliprod.blob.core.windows.net")).await.starts_with("HTTP/1.1 403"));
    assert!(plain(&cloud, &connect("nobodys.vault.azure.net")).await.starts_with("HTTP/1.1 502"));
    assert_eq!(hosts(cloud.take_observations()), Vec::<String>::new());
    let answer = plain(&cloud, "GET http://example.org/ HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    assert_eq!(hosts(cloud.take_observations()), ["host example.org:80"]);
}

#[tokio::test]
async fn the_side_channel_needs_its_token_and_offers_clock_random_and_notes() {
    let cloud = cloud().await;
    let prefix = cloud.run_url().splitn(4, '/').nth(3).unwrap().to_owned();
    let send = async |method: &str, path: &str, body: &str| {
        let length = body.len();
        plain(&cloud, &format!("{method} /{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}")).await
    };
    assert!(send("GET", "run/guessed/clock", "").await.starts_with("HTTP/1.1 403"));
    assert_eq!(body(&send("GET", &format!("{prefix}/clock"), "").await), json!({"now": "2026-01-01T00:00:00Z"}));
    let advanced = send("POST", &format!("{prefix}/clock"), r#"{"advance_ms":1500}"#).await;
    assert_eq!(body(&advanced), json!({"now": "2026-01-01T00:00:01.5Z"}));
    assert_eq!(cloud.now().to_string(), "2026-01-01T00:00:01.5Z");
    assert!(send("POST", &format!("{prefix}/clock"), r#"{"advance_ms":-1}"#).await.starts_with("HTTP/1.1 400"));
    let draw = async || body(&send("GET", &format!("{prefix}/random?bytes=3"), "").await)["hex"].as_str().unwrap().to_owned();
    let (first, second) = (draw().await, draw().await);
    assert!(first.len() == 6 && first != second, "{first} {second}");
    let note = r#"{"argv":["az","group","show"],"status":3,"message":"ERROR: no"}"#;
    assert!(send("POST", &format!("{prefix}/exit"), note).await.starts_with("HTTP/1.1 204"));
    let argv = ["az", "group", "show"].map(str::to_owned).to_vec();
    assert_eq!(cloud.take_observations(), [Observation::ClientExit { argv, status: 3, message: "ERROR: no".to_owned() }]);
    assert!(send("POST", &format!("{prefix}/exit"), "{}").await.starts_with("HTTP/1.1 400"));
}

#[tokio::test]
async fn a_dropped_cloud_no_longer_answers() {
    let cloud = cloud().await;
    let address = cloud.proxy_address();
    drop(cloud);
    tokio::task::yield_now().await;
    let gone = match TcpStream::connect(address).await {
        Err(_) => true,
        Ok(mut stream) => {
            let _ = stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.is_err() || answer.is_empty()
        }
    };
    assert!(gone);
}
