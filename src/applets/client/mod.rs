//! HTTPS as the real clients speak it: HTTP/1.1, through the proxy of the environment by CONNECT, trusting only the certificates of the run.
//!
//! The face is blocking, for programs that do one thing after another; below it is a current-thread runtime. Connections are kept for the
//! life of the process. What is absent on purpose: HTTP/2, redirects, compression, and the public certificate authorities.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::runtime::Runtime;

mod proxy;
mod tls;

pub(crate) use proxy::Route;
pub(crate) use tls::Trust;

/// How long a connection may take to be made.
const CONNECT_WALL_MAX: Duration = Duration::from_secs(10);
/// How long the head of an answer may take; a watch answers its head at once, and its events are not bounded by this.
const ANSWER_WALL_MAX: Duration = Duration::from_secs(60);
/// The largest body that is kept whole, in bytes.
const BODY_BYTES_MAX: usize = 64 << 20;

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// The address is no URL, or not one of http and https.
    #[error("{url:?} is no http or https address")]
    Address { url: String },
    /// A file with certificates cannot be read or holds none.
    #[error("no certificates in {path}")]
    Certificates { path: String },
    /// A client certificate or its key cannot be used.
    #[error("the client certificate cannot be used: {why}")]
    Identity { why: String },
    /// Nobody listens there, or the name is not known.
    #[error("cannot connect to {address}")]
    Connect {
        address: String,
        #[source]
        source: std::io::Error,
    },
    /// The proxy does not let this host through.
    #[error("the proxy refuses {host}: {status} {reason}")]
    ProxyRefused { host: String, status: u16, reason: String },
    /// The server's certificate is not trusted, or TLS broke.
    #[error("no secure connection to {host}")]
    Tls {
        host: String,
        #[source]
        source: std::io::Error,
    },
    /// HTTP broke.
    #[error("the connection to {host} broke")]
    Broken {
        host: String,
        #[source]
        source: hyper::Error,
    },
    /// Nothing came in time.
    #[error("{host} did not answer within {seconds} s")]
    TimedOut { host: String, seconds: u64 },
    /// The body is larger than what is kept whole.
    #[error("{host} answered more than {BODY_BYTES_MAX} bytes")]
    TooLarge { host: String },
    /// No runtime could be made.
    #[error("no event loop")]
    Runtime(#[source] std::io::Error),
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Response {
    /// The body as JSON; `None` when it is none.
    pub(crate) fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// Something that answers requests: the network, or a recording of it.
pub(crate) trait Wire {
    /// Sends a request with an absolute address and waits for the whole answer, whatever its status.
    fn send(&self, request: Request<Bytes>) -> Result<Response, ClientError>;
}

impl Wire for Client {
    fn send(&self, request: Request<Bytes>) -> Result<Response, ClientError> {
        Client::send(self, request)
    }
}

/// An answer whose body is read piece by piece: a watch, a log that is followed.
pub(crate) struct Streaming<'a> {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    client: &'a Client,
    host: String,
    body: Incoming,
}

impl Streaming<'_> {
    /// The next piece, as the server sent it; `None` at the end. Waits at most `within`.
    pub(crate) fn next(&mut self, within: Duration) -> Result<Option<Bytes>, ClientError> {
        let host = &self.host;
        let body = &mut self.body;
        self.client.runtime.block_on(async {
            loop {
                let frame = tokio::time::timeout(within, body.frame())
                    .await
                    .map_err(|_| ClientError::TimedOut { host: host.clone(), seconds: within.as_secs() })?;
                match frame {
                    None => return Ok(None),
                    Some(Err(source)) => return Err(ClientError::Broken { host: host.clone(), source }),
                    Some(Ok(frame)) => match frame.into_data() {
                        Ok(data) => return Ok(Some(data)),
                        Err(_trailers) => continue,
                    },
                }
            }
        })
    }
}

/// One endpoint of connections that can be reused.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Origin {
    secure: bool,
    host: String,
    port: u16,
}

/// A client with its route, its trust and its open connections.
pub(crate) struct Client {
    runtime: Runtime,
    route: Route,
    trust: Trust,
    open: RefCell<HashMap<Origin, SendRequest<Full<Bytes>>>>,
}

impl Client {
    /// A client that takes its proxy and its certificates from these variables.
    ///
    /// # Errors
    /// [`ClientError::Runtime`]. Certificates are read at the first secure connection.
    pub(crate) fn from_environment(variables: &HashMap<String, String>) -> Result<Client, ClientError> {
        Client::new(Route::from_environment(variables), Trust::from_environment(variables))
    }

    /// A client with this route and this trust.
    pub(crate) fn new(route: Route, trust: Trust) -> Result<Client, ClientError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ClientError::Runtime)?;
        Ok(Client { runtime, route, trust, open: RefCell::default() })
    }

    /// Sends a request with an absolute address and waits for the whole answer, whatever its status.
    pub(crate) fn send(&self, request: Request<Bytes>) -> Result<Response, ClientError> {
        self.runtime.block_on(async {
            let (host, answer) = self.exchange(request).await?;
            let (head, mut incoming) = answer.into_parts();
            let mut body = Vec::new();
            while let Some(frame) = tokio::time::timeout(ANSWER_WALL_MAX, incoming.frame())
                .await
                .map_err(|_| ClientError::TimedOut { host: host.clone(), seconds: ANSWER_WALL_MAX.as_secs() })?
            {
                let frame = frame.map_err(|source| ClientError::Broken { host: host.clone(), source })?;
                if let Some(data) = frame.data_ref() {
                    if body.len() + data.len() > BODY_BYTES_MAX {
                        return Err(ClientError::TooLarge { host });
                    }
                    body.extend_from_slice(data);
                }
            }
            Ok(Response { status: head.status, headers: head.headers, body: body.into() })
        })
    }

    /// Sends a request and returns as soon as the head of the answer is there.
    pub(crate) fn open(&self, request: Request<Bytes>) -> Result<Streaming<'_>, ClientError> {
        let (host, answer) = self.runtime.block_on(self.exchange(request))?;
        let (head, body) = answer.into_parts();
        Ok(Streaming { status: head.status, headers: head.headers, client: self, host, body })
    }

    async fn exchange(&self, mut request: Request<Bytes>) -> Result<(String, http::Response<Incoming>), ClientError> {
        let origin = origin_of(request.uri())?;
        let authority = request.uri().authority().map(|authority| authority.as_str().to_owned()).unwrap_or_default();
        let host = HeaderValue::from_str(&authority).map_err(|_| ClientError::Address { url: request.uri().to_string() })?;
        request.headers_mut().entry(header::HOST).or_insert(host);
        // A request over plain HTTP through a proxy keeps its absolute address; all others name only the path.
        if origin.secure || !self.route.is_proxied(&origin.host) {
            let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
            *request.uri_mut() = path.parse().map_err(|_| ClientError::Address { url: path.clone() })?;
        }
        let request = request.map(Full::new);
        let kept = self.open.borrow_mut().remove(&origin);
        let mut fresh = kept.is_none();
        let mut sender = match kept {
            Some(sender) => sender,
            None => self.connect(&origin).await?,
        };
        loop {
            // A kept connection may have been closed by the server meanwhile.
            if !fresh && (sender.ready().await.is_err() || sender.is_closed()) {
                sender = self.connect(&origin).await?;
                fresh = true;
            }
            let answer = tokio::time::timeout(ANSWER_WALL_MAX, sender.send_request(request.clone())).await;
            match answer {
                Err(_) => return Err(ClientError::TimedOut { host: origin.host, seconds: ANSWER_WALL_MAX.as_secs() }),
                // The server closed the kept connection as we wrote: nothing was processed, so the request is sent once more.
                Ok(Err(source)) if !fresh && (source.is_canceled() || source.is_closed() || source.is_incomplete_message()) => {
                    sender = self.connect(&origin).await?;
                    fresh = true;
                }
                Ok(Err(source)) => return Err(ClientError::Broken { host: origin.host, source }),
                Ok(Ok(answer)) => {
                    let host = origin.host.clone();
                    self.open.borrow_mut().insert(origin, sender);
                    return Ok((host, answer));
                }
            }
        }
    }

    async fn connect(&self, origin: &Origin) -> Result<SendRequest<Full<Bytes>>, ClientError> {
        let within = |_| ClientError::TimedOut { host: origin.host.clone(), seconds: CONNECT_WALL_MAX.as_secs() };
        let broken = |source| ClientError::Broken { host: origin.host.clone(), source };
        let stream = tokio::time::timeout(CONNECT_WALL_MAX, self.route.connect(&origin.host, origin.port, origin.secure)).await;
        let stream = stream.map_err(within)??;
        if origin.secure {
            let connector = self.trust.connector()?;
            let secured = tokio::time::timeout(CONNECT_WALL_MAX, tls::secure(&connector, &origin.host, stream)).await.map_err(within)??;
            let (sender, connection) = http1::handshake(TokioIo::new(secured)).await.map_err(broken)?;
            tokio::spawn(connection);
            Ok(sender)
        } else {
            let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
            tokio::spawn(connection);
            Ok(sender)
        }
    }
}

fn origin_of(uri: &Uri) -> Result<Origin, ClientError> {
    let wrong = || ClientError::Address { url: uri.to_string() };
    let secure = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err(wrong()),
    };
    let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(wrong)?;
    let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    Ok(Origin { secure, host, port: uri.port_u16().unwrap_or(if secure { 443 } else { 80 }) })
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpListener;

    use super::*;

    /// A server that answers each connection with these texts, and returns what it read of each.
    fn serve(answers: Vec<&'static str>) -> (u16, std::thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let port = listener.local_addr().expect("bound").port();
        let thread = std::thread::spawn(move || {
            let mut heads = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().expect("a client comes");
                let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
                let mut head = String::new();
                while reader.read_line(&mut head).expect("text") > 2 {}
                stream.write_all(answer.as_bytes()).expect("the client reads");
                // A proxy keeps its connection open until the client is done; the servers here do not.
                if !head.starts_with("CONNECT") {
                    stream.shutdown(std::net::Shutdown::Write).expect("open until here");
                }
                let _ = reader.read(&mut [0]);
                heads.push(head);
            }
            heads
        });
        (port, thread)
    }

    fn get(url: &str) -> Request<Bytes> {
        Request::get(url).body(Bytes::new()).expect("a valid request")
    }

    fn client(variables: &[(&str, String)]) -> Client {
        let variables = variables.iter().map(|(key, value)| (key.to_string(), value.clone())).collect();
        Client::from_environment(&variables).expect("a runtime")
    }

    #[test]
    fn a_closed_connection_is_made_anew() {
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        let (port, server) = serve(vec![answer, answer]);
        let client = client(&[]);
        for _ in 0..2 {
            let response = client.send(get(&format!("http://127.0.0.1:{port}/x?y=1"))).expect("an answer");
            assert_eq!((response.status.as_u16(), &response.body[..]), (200, &b"ok"[..]));
        }
        // The server waits for the end of each connection.
        drop(client);
        let heads = server.join().expect("no panic");
        assert!(heads[0].starts_with("GET /x?y=1 HTTP/1.1\r\n"), "{}", heads[0]);
        assert!(heads[1].to_ascii_lowercase().contains(&format!("host: 127.0.0.1:{port}\r\n")), "{}", heads[1]);
    }

    #[test]
    fn a_proxy_that_refuses_is_named_with_its_reason() {
        let (port, server) = serve(vec!["HTTP/1.1 403 Forbidden\r\nContent-Length: 12\r\n\r\nnot embedded"]);
        let client = client(&[("HTTPS_PROXY", format!("http://127.0.0.1:{port}"))]);
        let error = client.send(get("https://example.org/")).expect_err("refused");
        assert_eq!(error.to_string(), "the proxy refuses example.org: 403 not embedded");
        drop(client);
        assert!(server.join().expect("no panic")[0].starts_with("CONNECT example.org:443 HTTP/1.1\r\n"));
    }

    #[test]
    fn a_stream_is_read_piece_by_piece() {
        let (port, server) = serve(vec!["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"]);
        let client = client(&[]);
        let mut stream = client.open(get(&format!("http://localhost:{port}/"))).expect("an answer");
        let mut text = Vec::new();
        while let Some(piece) = stream.next(Duration::from_secs(5)).expect("no break") {
            text.extend_from_slice(&piece);
        }
        // The server waits for the end of each connection.
        drop(stream);
        drop(client);
        assert_eq!(text, b"onetwo");
        server.join().expect("no panic");
    }

    #[test]
    fn an_address_without_a_scheme_is_refused() {
        let error = client(&[]).send(get("/relative")).expect_err("no host");
        assert_eq!(error.to_string(), "\"/relative\" is no http or https address");
    }
}
