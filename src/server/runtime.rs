//! The threads that serve: one single-threaded runtime each, with upstream connections of its own.
//!
//! A request then never changes threads, and waking its other half costs a queue entry instead of a system call.
//! Measured against one work-stealing runtime (1 KB chat, unread, 32 connections, two cores): 49 against 65 µs of CPU
//! a request.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

use super::journey::{App, SetUpError};
use super::listener;
use super::live::Live;

/// A running data port. Dropping it starts a drain but does not wait for it.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    stop: watch::Sender<bool>,
    /// Closed once every runtime has ended.
    running: mpsc::Receiver<()>,
    live: Arc<Live>,
}

/// Why the data port does not run.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be bound.
    #[error("cannot listen on {0}")]
    Bind(SocketAddr, #[source] io::Error),
    /// A thread or runtime cannot be made.
    #[error("cannot start a worker")]
    Worker(#[source] io::Error),
    /// The configuration does not hold together.
    #[error(transparent)]
    SetUp(#[from] SetUpError),
}

impl Server {
    /// Binds `config.server.listen` and serves on `workers` threads (one per core if `None`).
    pub async fn start(app: App, workers: Option<usize>) -> Result<Server, StartError> {
        let listen = app.config.server.listen;
        let listener = TcpListener::bind(listen).await.map_err(|error| StartError::Bind(listen, error))?;
        let addr = listener.local_addr().map_err(|error| StartError::Bind(listen, error))?;
        let workers = workers.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
        let (stop, stopped) = watch::channel(false);
        let (alive, running) = mpsc::channel(1);
        let siblings = (1..workers).map(|_| app.sibling()).collect::<Result<Vec<_>, _>>()?;
        let mut runtimes = Vec::with_capacity(workers);
        let live = Arc::new(Live::new(siblings.into_iter().chain([app])));
        for (index, slot) in live.slots().iter().map(Arc::clone).enumerate() {
            let (sender, connections) = mpsc::channel(QUEUE);
            runtimes.push(sender);
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(StartError::Worker)?;
            let (alive, stopped) = (alive.clone(), stopped.clone());
            std::thread::Builder::new()
                .name(format!("data-{index}"))
                .spawn(move || {
                    runtime.block_on(listener::serve(slot, connections, stopped));
                    drop(alive);
                })
                .map_err(StartError::Worker)?;
        }
        tokio::spawn(listener::accept(listener, runtimes, stopped));
        Ok(Server { addr, stop, running, live })
    }

    /// Where clients connect; with the real port where the configured one was 0.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What is served, to look at and to replace.
    pub fn live(&self) -> &Arc<Live> {
        &self.live
    }

    /// Stops accepting, lets requests under way finish within `config.server.drain`, breaks off the rest.
    pub async fn drain(mut self) {
        self.live.drains();
        // Fails only if every listener of the signal has ended already.
        let _ = self.stop.send(true);
        while self.running.recv().await.is_some() {}
    }
}

/// Accepted connections that may wait for one runtime.
const QUEUE: usize = 256;
