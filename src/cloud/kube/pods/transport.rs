//! How a program's libraries reach the cloud: an HTTP client without a socket, served by whoever holds the exchange.
//!
//! The client must live as long as the library likes; the exchange is only borrowed. So the client hands its requests through a channel
//! to [`serve`], which runs beside it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use azure_core::http::headers::{HeaderName, HeaderValue, Headers};
use azure_core::http::{AsyncRawResponse, Body, HttpClient, Request as SdkRequest, StatusCode};
use bytes::Bytes;
use http::Method;
use tokio::sync::{mpsc, oneshot};

use crate::cloud::exchange::Exchange;
use crate::cloud::http::endpoint::{Reply, ReplyBody, Request};
use crate::cloud::observation::Observation;

/// A request on its way, and where its answer goes.
type Sent = (Request, oneshot::Sender<Option<Heard>>);

/// The end of the channel that a library holds.
pub(crate) struct Client(mpsc::UnboundedSender<Sent>);

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

/// An answer as a program hears it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
}

impl Heard {
    fn of(reply: Reply) -> Self {
        let headers = reply.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let body = match reply.body {
            ReplyBody::Json(value) => Bytes::from(value.to_string()),
            ReplyBody::Text { text, .. } => Bytes::from(text),
            ReplyBody::Bytes { bytes, .. } => bytes,
            // No program here reads a stream.
            ReplyBody::Empty | ReplyBody::Stream { .. } => Bytes::new(),
        };
        Self { status: reply.status, headers, body }
    }

    /// The first header of that name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A client, and the requests that it will make.
pub(crate) fn channel() -> (Client, mpsc::UnboundedReceiver<Sent>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (Client(sender), receiver)
}

/// What a program asked and heard so far.
#[derive(Debug, Default)]
pub(crate) struct Conversation {
    /// The last answer; none when the host does not exist.
    pub(crate) last: Option<Heard>,
    pub(crate) observations: Vec<Observation>,
}

impl Conversation {
    /// Sends a request.
    pub(crate) fn ask(&mut self, exchange: &dyn Exchange, request: &Request) -> Option<Heard> {
        let exchanged = exchange.exchange(request);
        self.last = exchanged.map(|exchanged| {
            self.observations.extend(exchanged.observations);
            Heard::of(exchanged.reply)
        });
        self.last.clone()
    }
}

/// Answers the requests of a client until it is dropped.
pub(crate) async fn serve(mut requests: mpsc::UnboundedReceiver<Sent>, exchange: &dyn Exchange, conversation: &mut Conversation) {
    while let Some((request, back)) = requests.recv().await {
        // A library that no longer waits is told nothing.
        let _ = back.send(conversation.ask(exchange, &request));
    }
}

impl Client {
    async fn send(&self, request: Request) -> azure_core::Result<AsyncRawResponse> {
        let unreachable = || azure_core::Error::with_message(azure_core::error::ErrorKind::Io, "no such host");
        let (back, answer) = oneshot::channel();
        self.0.send((request, back)).map_err(|_| unreachable())?;
        let heard = answer.await.ok().flatten().ok_or_else(unreachable)?;
        let mut headers = Headers::new();
        for (name, value) in heard.headers {
            headers.insert(HeaderName::from(name.to_ascii_lowercase()), HeaderValue::from(value));
        }
        Ok(AsyncRawResponse::from_bytes(StatusCode::from(heard.status), headers, heard.body))
    }
}

/// The same request for the pipeline; none when its method or body cannot be sent here.
fn translate(request: &SdkRequest) -> Option<Request> {
    let Body::Bytes(body) = request.body() else { return None };
    let method = Method::from_bytes(request.method().as_ref().as_bytes()).ok()?;
    let mut translated = Request::new(method, request.url().host_str().unwrap_or_default(), &request.path_and_query());
    for (name, value) in request.headers().iter() {
        if let (Ok(name), Ok(value)) = (http::HeaderName::try_from(name.as_str()), http::HeaderValue::try_from(value.as_str())) {
            translated.headers.insert(name, value);
        }
    }
    translated.body = body.clone();
    Some(translated)
}

impl HttpClient for Client {
    fn execute_request<'client, 'request, 'answer>(
        &'client self,
        request: &'request SdkRequest,
    ) -> Pin<Box<dyn Future<Output = azure_core::Result<AsyncRawResponse>> + Send + 'answer>>
    where
        'client: 'answer,
        'request: 'answer,
        Self: 'answer,
    {
        let translated = translate(request);
        Box::pin(async move {
            let unsendable = || azure_core::Error::with_message(azure_core::error::ErrorKind::Io, "the request cannot be sent in process");
            self.send(translated.ok_or_else(unsendable)?).await
        })
    }
}
