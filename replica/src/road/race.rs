//! A call by whichever road answers: the likelier one first, the other when that fails or takes too long.

use std::{collections::VecDeque, net::SocketAddr, sync::Arc, time::Duration};

use sync_core::roads::{Plan, Road};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

use super::{Connection, RoadError, quic, tcp};

/// Addresses of one hub that are tried; further ones are left alone.
const ADDRESSES_MAX: usize = 4;
/// Further addresses of one road are called so long after each other.
const NEXT_ADDRESS: Duration = Duration::from_millis(250);

/// A road that answered.
pub struct Answered {
    /// The road.
    pub connection: Connection,
    /// Which one.
    pub road: Road,
    /// Roads that were called before it, and had not answered when it did.
    pub slower: Vec<Road>,
}

/// Calls `hub` (HOST:PORT), which is at `addresses`, as `plan` says. The first road that answers is taken, and so is a
/// refusal by whoever is there.
pub async fn call(
    hub: &str,
    addresses: &[SocketAddr],
    config: rustls::ClientConfig,
    plan: Plan,
) -> Result<Answered, RoadError> {
    let config = Arc::new(config);
    let mut waiting = VecDeque::new();
    let started = Instant::now();
    for (road, patience) in [(Some(plan.first), Duration::ZERO), (plan.second, plan.patience)] {
        let calls = road.into_iter().flat_map(|road| addresses.iter().take(ADDRESSES_MAX).map(move |at| (road, *at)));
        waiting.extend(calls.zip(0..).map(|(call, nth)| (started + patience + NEXT_ADDRESS * nth, call)));
    }
    let mut called: Vec<Road> = Vec::new();
    let mut calls = JoinSet::new();
    let mut failed = None;
    loop {
        let due = waiting.front().map(|(due, _)| *due);
        tokio::select! {
            biased;
            Some(ended) = calls.join_next() => match ended {
                Ok((road, Ok(connection))) => {
                    let slower = called.into_iter().take_while(|earlier| *earlier != road).collect();
                    return Ok(Answered { connection, road, slower });
                }
                Ok((_, Err(error @ RoadError::Refused(..)))) => return Err(error),
                Ok((_, Err(error))) => {
                    failed.get_or_insert(error);
                    // What comes next need not wait for one that is lost.
                    if calls.is_empty() && let Some((due, _)) = waiting.front_mut() {
                        *due = Instant::now();
                    }
                }
                Err(stopped) => {
                    failed.get_or_insert(RoadError::Broken(stopped.to_string()));
                }
            },
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                if let Some((_, (road, address))) = waiting.pop_front() {
                    if !called.contains(&road) {
                        called.push(road);
                    }
                    let (hub, config) = (hub.to_owned(), config.clone());
                    calls.spawn(async move { (road, call_by(road, &hub, address, config).await) });
                }
            }
            else => return Err(failed.unwrap_or_else(|| RoadError::NoAnswer(hub.to_owned()))),
        }
    }
}

async fn call_by(
    road: Road,
    hub: &str,
    address: SocketAddr,
    config: Arc<rustls::ClientConfig>,
) -> Result<Connection, RoadError> {
    Ok(match road {
        Road::Quic => Connection::Quic(quic::call(hub, address, (*config).clone()).await?),
        Road::Tcp => Connection::Tcp(tcp::call(hub, address, config).await?),
    })
}
