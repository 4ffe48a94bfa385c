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

/// The same after something was sent: the client may have seen what it waited for, and takes a moment to leave. Time that passed
/// meanwhile would be in its next answers.
const SENT_GRACE: Duration = Duration::from_millis(100);

/// How often a stream looks again when nothing is due and time passes by itself.
const WALL_PAUSE: Duration = Duration::from_millis(200);

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
    let mut grace = IDLE_GRACE;
    loop {
        changes.borrow_and_update();
        let step = {
            let state = shared.state();
            let now = state.now();
            match source.next(&state, now) {
                // Its time is over, whether it says so or not; else it would wait for ever.
                StreamStep::Wait { until: Some(until) } if until <= now => StreamStep::End,
                step => step,
            }
        };
        match step {
            StreamStep::End => return,
            StreamStep::Chunk(chunk) => {
                if sender.send(chunk).await.is_err() {
                    return;
                }
                grace = SENT_GRACE;
            }
            StreamStep::Wait { until } => {
                tokio::select! {
                    () = sender.closed() => return,
                    changed = changes.changed() => if changed.is_err() { return },
                    () = tokio::time::sleep(grace), if until.is_some() => {
                        let shared = Arc::clone(&shared);
                        let target = until.unwrap_or_default();
                        let moved = tokio::task::spawn_blocking(move || shared.advance_while_idle(target)).await;
                        // Nothing moved for a real client: it counts its time-out on the wall, and takes a watch that ends at once for a fault.
                        let Ok(moved) = moved else { return };
                        grace = if moved { IDLE_GRACE } else { WALL_PAUSE };
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use jiff::Timestamp;

    use super::*;
    use crate::cloud::clock::later;
    use crate::cloud::state::State;
    use crate::cloud::testing::TestCloud;
    use crate::cloud::{ClockMode, CloudOptions, Profile};

    /// Says one thing, then waits until an instant and ends.
    struct Waiting {
        said: bool,
        until: Option<Timestamp>,
        _guard: Arc<()>,
    }

    impl StreamSource for Waiting {
        fn next(&mut self, _: &State, now: Timestamp) -> StreamStep {
            if !std::mem::replace(&mut self.said, true) {
                return StreamStep::Chunk(Bytes::from_static(b"first\n"));
            }
            match self.until {
                Some(until) if now >= until => StreamStep::End,
                until => StreamStep::Wait { until },
            }
        }
    }

    fn waiting(shared: &Arc<Shared>, until: Option<Timestamp>) -> (OutBody, Arc<()>) {
        let guard = Arc::new(());
        let reply = Reply::stream("application/json", Waiting { said: false, until, _guard: Arc::clone(&guard) });
        (response(reply, &[], Some(Arc::clone(shared))).into_body(), guard)
    }

    #[tokio::test]
    async fn an_idle_stream_with_a_time_out_lets_virtual_time_pass_and_ends() {
        let shared = TestCloud::new().shared;
        let start = shared.state().now();
        let until = later(start, Duration::from_secs(300));
        let (body, _guard) = waiting(&shared, Some(until));
        assert_eq!(body.collect().await.unwrap().to_bytes(), "first\n");
        assert_eq!(shared.state().now(), until);
    }

    #[tokio::test]
    async fn a_stream_waits_on_the_wall_where_the_clock_follows_it_and_nothing_is_due() {
        let start = "2026-01-01T00:00:00Z".parse().unwrap();
        let options = CloudOptions { seed: 0, clock: ClockMode::FollowWall { start }, profile: Profile::default() };
        let shared = Arc::new(Shared::new(&options).unwrap());
        let until = later(shared.state().now(), Duration::from_secs(300));
        let (mut body, _guard) = waiting(&shared, Some(until));
        assert!(body.frame().await.unwrap().unwrap().data_ref().is_some());
        assert!(!shared.advance_while_idle(until));
        let cloud = TestCloud { shared: Arc::clone(&shared) };
        cloud.group("g");
        cloud.arm("DELETE", &format!("{}/resourcegroups/g?api-version=2024-11-01", cloud.subscription()), serde_json::Value::Null);
        assert!(shared.advance_while_idle(until));
        assert!(shared.state().arm.group("g").is_none());
        assert!(shared.state().now() < until);
    }

    #[tokio::test]
    async fn a_stream_that_nobody_reads_any_more_is_stopped() {
        let shared = TestCloud::new().shared;
        let (mut body, guard) = waiting(&shared, None);
        assert!(body.frame().await.unwrap().unwrap().data_ref().is_some());
        drop(body);
        for _ in 0..1000 {
            if Arc::strong_count(&guard) == 1 {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("the feeding task lives on");
    }

    #[tokio::test]
    async fn a_change_wakes_a_stream_without_a_time_out() {
        struct UntilNoted;
        impl StreamSource for UntilNoted {
            fn next(&mut self, state: &State, _: Timestamp) -> StreamStep {
                if state.arm.group("g").is_some() { StreamStep::End } else { StreamStep::Wait { until: None } }
            }
        }
        let shared = TestCloud::new().shared;
        let body = response(Reply::stream("text/plain", UntilNoted), &[], Some(Arc::clone(&shared))).into_body();
        let writer = TestCloud { shared: Arc::clone(&shared) };
        let writing = tokio::task::spawn_blocking(move || writer.group("g"));
        assert!(body.collect().await.unwrap().to_bytes().is_empty());
        writing.await.unwrap();
    }
}
