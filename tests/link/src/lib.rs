//! A TCP link between a program and a server, which a test can cut: a network that fails, or a server that is gone. And
//! ports for servers that are stopped and started again.
#![expect(clippy::unwrap_used, reason = "only tests use it")]

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A port on 127.0.0.1 for a server that leaves it and comes back. It is none of those that the system gives to whoever
/// asks for any, as somebody else would have it meanwhile.
pub fn port_to_come_back_to() -> u16 {
    const FIRST: u32 = 20_000;
    const MANY: u32 = 10_000;
    static ASKED: AtomicU32 = AtomicU32::new(0);
    // Tests that run at once begin at different ones.
    let begin =
        std::process::id().wrapping_mul(16).wrapping_add(ASKED.fetch_add(1, Ordering::Relaxed)) % MANY;
    (0..MANY)
        .map(|n| u16::try_from(FIRST + (begin + n) % MANY).unwrap())
        .find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .unwrap()
}

/// How a link fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// As a server that is gone: connections end, new ones end at once.
    Refusing,
    /// As a network that lost its way: nothing passes, nothing ends.
    Silent,
}

/// A link from an address of its own to a server.
#[derive(Debug)]
pub struct Link {
    address: SocketAddr,
    state: watch::Sender<Option<Cut>>,
    task: JoinHandle<()>,
}

impl Link {
    /// A link to this server.
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = watch::Sender::new(None);
        let states = state.clone();
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => {
                        let (stream, _) = accepted.unwrap();
                        connections.spawn(carry(stream, server, states.subscribe()));
                    }
                    Some(_) = connections.join_next() => {}
                }
            }
        });
        Self { address, state, task }
    }

    /// Where the program finds the server.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts it.
    pub fn cut(&self, how: Cut) {
        self.state.send_replace(Some(how));
    }

    /// New connections pass again. Those of before a silent cut are gone.
    pub fn mend(&self) {
        self.state.send_replace(None);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry(mut client: TcpStream, server: SocketAddr, mut state: watch::Receiver<Option<Cut>>) {
    let cut = *state.borrow_and_update();
    let passed = async {
        let Ok(mut server) = TcpStream::connect(server).await else { return };
        drop(tokio::io::copy_bidirectional(&mut client, &mut server).await);
    };
    let cut = if cut.is_none() {
        tokio::select! {
            () = passed => return,
            changed = state.wait_for(Option::is_some) => changed.ok().and_then(|cut| *cut),
        }
    } else {
        cut
    };
    if cut == Some(Cut::Silent) {
        // Both ends wait, until the link is mended; then they are told that the connection is no more.
        drop(state.wait_for(Option::is_none).await);
    }
}
