//! The loopback listener: a CONNECT proxy that ends TLS itself for the hosts of the emulated world, refuses every other host by name, and
//! serves the run's side channel to plain requests.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use super::endpoint::Request;
use super::reply_body::{self, OutBody};
use super::{hosts, run_url};
use crate::cloud::fault::Unsupported;
use crate::cloud::observation::Observation;
use crate::cloud::shared::Shared;

/// The largest request body that is read. etcd, and with it a Kubernetes API server, takes 1.5 MiB; Resource Manager 4 MiB.
const BODY_BYTES_MAX: usize = 16 << 20;

/// A listener with everything that it accepted. Dropping it closes all of it.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    run_token: Arc<str>,
    accepting: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Server {
    /// Listens on `door`, or else on a free loopback port, and serves `shared`. `run_token` is the secret in the side channel's path.
    ///
    /// # Errors
    /// When there is no port.
    pub(crate) async fn start(shared: Arc<Shared>, run_token: &str, door: Option<std::net::TcpListener>) -> io::Result<Self> {
        let listener = match door {
            Some(door) => {
                door.set_nonblocking(true)?;
                TcpListener::from_std(door)?
            }
            None => TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?,
        };
        let address = listener.local_addr()?;
        let run_token: Arc<str> = Arc::from(run_token);
        let accepting = tokio::spawn(accept(listener, shared, Arc::clone(&run_token)));
        Ok(Self { address, run_token, accepting })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The side channel's URL, without a slash at the end.
    pub(crate) fn run_url(&self) -> String {
        format!("http://{}/run/{}", self.address, self.run_token)
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, run_token: Arc<str>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(serve(stream, Arc::clone(&shared), Arc::clone(&run_token)));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// A tunnel that a client asked for and was granted.
type Tunnel = Arc<Mutex<Option<(OnUpgrade, String)>>>;

async fn serve(stream: TcpStream, shared: Arc<Shared>, run_token: Arc<str>) {
    // Latency of small answers matters more than packets on loopback; a failure to say so does not.
    let _ = stream.set_nodelay(true);
    let tunnel = Tunnel::default();
    let service = service_fn(|request| {
        let (shared, run_token, tunnel) = (Arc::clone(&shared), Arc::clone(&run_token), Arc::clone(&tunnel));
        async move {
            match metadata(request, &shared).await {
                Metadata::Elsewhere(request) => Ok(plain(request, shared, &run_token, &tunnel).await),
                Metadata::Answer(response) => Ok(response),
                Metadata::Nobody => Err(io::Error::from(io::ErrorKind::HostUnreachable)),
            }
        }
    });
    // A client that goes away ends the connection with an error that interests nobody.
    let _ = http1::Builder::new().auto_date_header(false).serve_connection(TokioIo::new(stream), service).with_upgrades().await;
    let granted = tunnel.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some((upgrade, host)) = granted
        && let Ok(upgraded) = upgrade.await
    {
        serve_tls(TokioIo::new(upgraded), host, shared).await;
    }
}

/// What becomes of a request to a machine's metadata service.
enum Metadata {
    /// It is for somebody else.
    Elsewhere(http::Request<Incoming>),
    Answer(Response<OutBody>),
    /// Nothing is at that address, so the connection ends without a word.
    Nobody,
}

async fn metadata(request: http::Request<Incoming>, shared: &Arc<Shared>) -> Metadata {
    if request.method() == Method::CONNECT || request.uri().host() != Some(hosts::METADATA) {
        return Metadata::Elsewhere(request);
    }
    if shared.state().machine_identity.is_none() {
        return Metadata::Nobody;
    }
    Metadata::Answer(tunnelled(request, hosts::METADATA.to_owned(), None, Arc::clone(shared)).await)
}

/// A request outside any tunnel: CONNECT, the side channel, or something that has no business here.
async fn plain(mut request: http::Request<Incoming>, shared: Arc<Shared>, run_token: &str, tunnel: &Tunnel) -> Response<OutBody> {
    if request.method() == Method::CONNECT {
        let Some(host) = request.uri().host().map(str::to_ascii_lowercase) else {
            return text(StatusCode::BAD_REQUEST, "CONNECT needs host:port\n");
        };
        let port = request.uri().port_u16().unwrap_or(443);
        if port != 443 || !hosts::is_served(&shared.state(), &host) {
            return refuse(&shared, &host, port);
        }
        *tunnel.lock().unwrap_or_else(PoisonError::into_inner) = Some((hyper::upgrade::on(&mut request), host));
        return Response::new(reply_body::empty());
    }
    if let Some(host) = request.uri().host().map(str::to_ascii_lowercase) {
        return refuse(&shared, &host, request.uri().port_u16().unwrap_or(80));
    }
    let prefix = format!("/run/{run_token}/");
    let Some(what) = request.uri().path_and_query().and_then(|target| target.as_str().strip_prefix(&prefix)).map(str::to_owned) else {
        return text(StatusCode::FORBIDDEN, "this is docent's proxy for one run; it serves nothing by itself\n");
    };
    let method = request.method().clone();
    let Some(body) = read_body(request.into_body()).await else {
        return text(StatusCode::PAYLOAD_TOO_LARGE, "the request is too large\n");
    };
    let answered = tokio::task::spawn_blocking(move || run_url::answer(&shared, &method, &what, &body)).await;
    match answered {
        Ok(reply) => reply_body::response(reply, &[], None),
        Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "docent failed to answer\n"),
    }
}

/// No to a host. One that would be somebody's vault or cluster in Azure, but is nobody's here, is answered as a proxy answers for a name
/// that does not resolve.
///
/// Assumed: 502; what a client makes of it differs from its own message about DNS.
fn refuse(shared: &Shared, host: &str, port: u16) -> Response<OutBody> {
    if hosts::is_of_the_world(host) {
        return text(
            StatusCode::BAD_GATEWAY,
            &format!("the name {host} does not resolve: nothing of that name exists in the embedded Azure\n"),
        );
    }
    if hosts::refusal_is_notable(host) {
        shared.state().observe(Observation::Unsupported(Unsupported {
            what: if port == 443 { host.to_owned() } else { format!("{host}:{port}") },
            kind: "host",
            workaround: "only the hosts of the embedded Azure can be reached from a step".to_owned(),
        }));
    }
    text(StatusCode::FORBIDDEN, &format!("docent: the host {host}:{port} is outside the sandbox; only the embedded Azure can be reached\n"))
}

async fn serve_tls(stream: TokioIo<hyper::upgrade::Upgraded>, host: String, shared: Arc<Shared>) {
    let Ok(config) = shared.authority().server(&host) else { return };
    let Ok(stream) = TlsAcceptor::from(config).accept(stream).await else { return };
    let presented = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let certificate = presented.filter(|certificate| shared.authority().issued(certificate)).map(|certificate| certificate.to_vec());
    let service = service_fn(|request| {
        let (shared, host, certificate) = (Arc::clone(&shared), host.clone(), certificate.clone());
        async move { Ok::<_, Infallible>(tunnelled(request, host, certificate, shared).await) }
    });
    let _ = http1::Builder::new().auto_date_header(false).serve_connection(TokioIo::new(stream), service).await;
}

/// A request inside a tunnel, through the pipeline.
async fn tunnelled(request: http::Request<Incoming>, host: String, certificate: Option<Vec<u8>>, shared: Arc<Shared>) -> Response<OutBody> {
    let (parts, body) = request.into_parts();
    let Some(body) = read_body(body).await else {
        return text(StatusCode::PAYLOAD_TOO_LARGE, "the request is too large\n");
    };
    let target = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let mut decoded = Request::new(parts.method, &host, target);
    decoded.headers = parts.headers;
    decoded.body = body;
    decoded.client_certificate = certificate;
    let handler = Arc::clone(&shared);
    let answered = tokio::task::spawn_blocking(move || {
        let reply = handler.handle(&decoded);
        // The Date is that of the answer, not of the wait that follows.
        let now = handler.state().now();
        handler.after_poll(&reply);
        (reply, now)
    });
    match answered.await {
        Ok((reply, now)) => {
            let date = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
            reply_body::response(reply, &[("date", date)], Some(shared))
        }
        Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "docent failed to answer\n"),
    }
}

async fn read_body(body: Incoming) -> Option<Bytes> {
    Some(Limited::new(body, BODY_BYTES_MAX).collect().await.ok()?.to_bytes())
}

fn text(status: StatusCode, text: &str) -> Response<OutBody> {
    let mut response = Response::new(OutBody::Whole(Full::new(Bytes::from(text.to_owned()))));
    *response.status_mut() = status;
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
