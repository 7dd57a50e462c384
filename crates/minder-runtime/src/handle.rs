//! How the faces ask: each request goes to the mind's loop with the place where its answer is wanted.

use minder_core::control::{Answer, Control, Refusal, Request};
use tokio::sync::{mpsc, oneshot};

use crate::waiters::ReplyTo;

/// How many requests may wait for the loop; whoever comes then waits before asking.
const REQUESTS_QUEUED_MAX: usize = 256;

/// A request on its way.
pub type Asked = (Request, ReplyTo);

/// The faces' end.
#[derive(Clone, Debug)]
pub struct Handle(mpsc::Sender<Asked>);

/// A handle, and where its requests arrive.
pub fn channel() -> (Handle, mpsc::Receiver<Asked>) {
    let (sender, receiver) = mpsc::channel(REQUESTS_QUEUED_MAX);
    (Handle(sender), receiver)
}

impl Control for Handle {
    fn ask(&self, request: Request) -> Answer {
        let sender = self.0.clone();
        Box::pin(async move {
            let (reply, answer) = oneshot::channel();
            // Both fail only when the mind has ended its loop, which is the end of every program too.
            sender.send((request, reply)).await.map_err(|_| Refusal::ShuttingDown)?;
            answer.await.unwrap_or(Err(Refusal::ShuttingDown))
        })
    }
}
