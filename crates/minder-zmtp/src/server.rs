//! What both servers do: accept, and give each connection a task of its own, up to a number.

use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::{AbortHandle, JoinHandle, JoinSet};

use crate::error::End;
use crate::listener::Listener;
use crate::stream::Stream;

/// How long nothing is accepted after the system refused to, which is when descriptors or memory have run out.
const PAUSE: Duration = Duration::from_millis(100);

/// A task that ends with its owner.
#[derive(Debug)]
pub(crate) struct Task(JoinHandle<()>);

impl Task {
    /// Starts a task. To be called on a `LocalSet`.
    pub(crate) fn start(work: impl Future<Output = ()> + 'static) -> Task {
        Task(tokio::task::spawn_local(work))
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Whether a peer has said anything that matters yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Acquaintance(Rc<Cell<bool>>);

impl Acquaintance {
    /// It has.
    pub(crate) fn make(&self) {
        self.0.set(true);
    }

    fn is_made(&self) -> bool {
        self.0.get()
    }
}

/// Serves listeners, each so many connections at a time, each connection in a task of its own; they all end when the returned tasks are dropped.
pub(crate) fn serve<W>(
    listeners: impl IntoIterator<Item = Listener>,
    peers_max: usize,
    peer: impl Fn(Stream, Acquaintance) -> W + 'static,
) -> Vec<Task>
where
    W: Future<Output = Result<(), End>> + 'static,
{
    let peer = Rc::new(peer);
    listeners.into_iter().map(|listener| Task::start(accept(listener, peers_max, peer.clone()))).collect()
}

fn is_strange((task, acquaintance): &(AbortHandle, Acquaintance)) -> bool {
    !task.is_finished() && !acquaintance.is_made()
}

async fn accept<W>(listener: Listener, peers_max: usize, peer: Rc<impl Fn(Stream, Acquaintance) -> W>)
where
    W: Future<Output = Result<(), End>> + 'static,
{
    // Whatever ended a connection concerns nobody else.
    let mut peers = JoinSet::<Result<(), End>>::new();
    // Who has been there longest comes first.
    let mut strangers = VecDeque::<(AbortHandle, Acquaintance)>::new();
    loop {
        strangers.retain(is_strange);
        tokio::select! {
            accepted = listener.accept(), if peers.len() < peers_max || !strangers.is_empty() => match accepted {
                Ok(stream) => {
                    strangers.retain(is_strange);
                    if peers.len() >= peers_max {
                        match strangers.pop_front() {
                            Some((longest, _)) => longest.abort(),
                            // The last stranger has just become known: this one waits until somebody goes.
                            None => drop(peers.join_next().await),
                        }
                    }
                    let acquaintance = Acquaintance::default();
                    let task = peers.spawn_local(peer(stream, acquaintance.clone()));
                    strangers.push_back((task, acquaintance));
                }
                // Otherwise the same error would come at once, again and again.
                Err(_) => tokio::time::sleep(PAUSE).await,
            },
            Some(_) = peers.join_next() => {}
        }
    }
}
