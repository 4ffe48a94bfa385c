//! From a reply to bytes on the wire, streamed ones included.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::endpoint::{Reply, ReplyBody, StreamSource, StreamStep};
use crate::cloud::shared::Shared;

/// How long a stream that can wait for virtual time is left idle before time passes for it: long enough for a busy client to go on.
const IDLE_GRACE: Duration = Duration::from_millis(15);

/// A body on its way out.
pub(crate) enum OutBody {
    /// All at once.
    Whole(Full<Bytes>),
    /// Chunk by chunk.
    Stream(ChunkBody),
}

/// The receiving end of a stream; dropping it stops the task that feeds it.
pub(crate) struct ChunkBody {
    chunks: mpsc::Receiver<Bytes>,
    feeding: AbortHandle,
}

impl Drop for ChunkBody {
    fn drop(&mut self) {
        self.feeding.abort();
    }
}

impl Body for OutBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Whole(body) => Pin::new(body).poll_frame(context),
            Self::Stream(body) => body.chunks.poll_recv(context).map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Stream(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Stream(_) => SizeHint::default(),
        }
    }
}

/// Nothing.
pub(crate) fn empty() -> OutBody {
    OutBody::Whole(Full::new(Bytes::new()))
}

/// The response that carries `reply`, with some headers more. Streams need the cloud that they read from; without one they end at once.
pub(crate) fn response(reply: Reply, more: &[(&'static str, String)], shared: Option<Arc<Shared>>) -> Response<OutBody> {
    let (content_type, body) = match reply.body {
        ReplyBody::Empty => (None, empty()),
        ReplyBody::Json(value) => (Some("application/json; charset=utf-8"), whole(value.to_string())),
        ReplyBody::Text { content_type, text } => (Some(content_type), whole(text)),
        ReplyBody::Bytes { content_type, bytes } => (Some(content_type), OutBody::Whole(Full::new(bytes))),
        ReplyBody::Stream { content_type, source } => (Some(content_type), shared.map_or_else(empty, |shared| stream(source, shared))),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if let Some(content_type) = content_type {
        headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    for (name, value) in reply.headers.iter().chain(more) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(*name), HeaderValue::try_from(value.as_str())) {
            headers.insert(name, value);
        }
    }
    response
}

fn whole(text: String) -> OutBody {
    OutBody::Whole(Full::new(Bytes::from(text)))
}

fn stream(source: Box<dyn StreamSource>, shared: Arc<Shared>) -> OutBody {
    let (sender, chunks) = mpsc::channel(16);
    let feeding = tokio::spawn(feed(source, shared, sender)).abort_handle();
    OutBody::Stream(ChunkBody { chunks, feeding })
}

/// Asks the source again whenever something changed; lets time pass when it waits for that and nothing happens.
async fn feed(mut source: Box<dyn StreamSource>, shared: Arc<Shared>, sender: mpsc::Sender<Bytes>) {
    let mut changes = shared.changes();
    loop {
        changes.borrow_and_update();
        let step = {
            let state = shared.state();
            let now = state.now();
            source.next(&state, now)
        };
        match step {
            StreamStep::End => return,
            StreamStep::Chunk(chunk) => {
                if sender.send(chunk).await.is_err() {
                    return;
                }
            }
            StreamStep::Wait { until } => {
                tokio::select! {
                    () = sender.closed() => return,
                    changed = changes.changed() => if changed.is_err() { return },
                    () = tokio::time::sleep(IDLE_GRACE), if until.is_some() => {
                        let shared = Arc::clone(&shared);
                        let target = until.unwrap_or_default();
                        if tokio::task::spawn_blocking(move || shared.advance_one_event(target)).await.is_err() {
                            return;
                        }
                    }
                }
            }
        }
    }
}
