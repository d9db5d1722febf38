//! The command line: what every device can do, and `serve`.

use std::{
    ffi::OsString,
    io::{self, Write as _},
    net::SocketAddr,
    path::Path,
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context as _, anyhow};
use axum::Router;
use civic_core::access::Role;
use clap::{Parser, Subcommand};
use ledger::command::{self, Data, DeviceCommand};
use replica::{
    carry::{
        handover::Handed,
        near::{self, Near, NearError},
    },
    device::{Device, REDIAL_MAX, RoadState},
    roadbook::Roadbook,
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::watch,
    time::sleep,
};
use tracing::{error, info};

use crate::http::{self, App};

/// How long open pages may take to end before they are cut off.
const ENDING_MAX: Duration = Duration::from_secs(3);
/// A disk that refused is asked again after so long: room may have been made.
const STORE_RETRY: Duration = Duration::from_secs(30);

/// The deputy's app: visits and opinions, with or without signal.
#[derive(Parser)]
#[command(name = "field-app")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    #[command(flatten)]
    Device(DeviceCommand),
    /// Serve the pages to this machine's own browser, and stay in touch with the hub.
    Serve {
        #[command(flatten)]
        data: Data,
        /// Where the pages are served.
        #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8090")]
        http: SocketAddr,
        /// The longest wait before the hub is called again, seconds.
        #[arg(long, value_name = "N", default_value_t = REDIAL_MAX.as_secs())]
        redial_max_s: u64,
        /// Where another deputy's phone in the same room finds this one.
        #[arg(long, value_name = "ADDR:PORT")]
        near: Option<SocketAddr>,
    },
}

/// Runs the program with `args`, the program's own name first.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    command::main(args, |cli: Cli| match cli.command {
        Command::Device(device) => command::run(Role::Deputy, device),
        Command::Serve { data, http, redial_max_s, near } => {
            serve(&data.dir, http, Duration::from_secs(redial_max_s), near)
        }
    })
}

fn serve(dir: &Path, http: SocketAddr, redial_max: Duration, near_at: Option<SocketAddr>) -> anyhow::Result<ExitCode> {
    let (dir, identity, ledger) = command::open(Role::Deputy, dir)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("Starting the runtime")?;
    runtime.block_on(async {
        let listener = TcpListener::bind(http).await.map_err(|error| {
            if error.kind() == io::ErrorKind::AddrInUse {
                anyhow!("{http} is taken by another program; choose another with --http")
            } else {
                anyhow::Error::new(error).context(format!("Listening on {http}"))
            }
        })?;
        let near = Near::open(&dir, identity.clone(), ledger.log().clone(), true)?;
        let near = near.clone().found().unwrap_or_else(|failure| {
            error!(error = %failure, "Neighbours are not found; their addresses must be typed");
            near
        });
        let device = Device::new(identity, ledger.log().clone()).with_roadbook(Roadbook::open(&dir));
        let device = device.with_near(near.clone());
        let (road, road_seen) = watch::channel(RoadState::default());
        let (end, ending) = watch::channel(false);
        let app = App::open(dir, ledger.clone(), road_seen, ending.clone())?.with_near(near.clone());
        let mut interrupt = signal(SignalKind::interrupt()).context("Listening for Ctrl-C")?;
        let mut terminate = signal(SignalKind::terminate()).context("Listening for the end")?;

        let following = tokio::spawn(ledger.follow());
        let staying = tokio::spawn(stay(device, redial_max, road));
        let looking = near.clone();
        let visiting = tokio::spawn(async move {
            let failure = looking.visit(told).await;
            error!(error = %failure, "Neighbours are not found any more; their addresses must be typed");
        });
        let neighbours = tokio::spawn(async move {
            let Some(at) = near_at else { return };
            match near::listen(at) {
                Ok(door) => {
                    println!("near: {}", door.local_addr().unwrap_or(at));
                    near.serve(door).await;
                }
                Err(failure) => error!(error = %failure, "No neighbour can be let in"),
            }
        });
        let mut pages = tokio::spawn(serve_pages(listener, http::router(app), ending));
        let ended = tokio::select! {
            _ = interrupt.recv() => None,
            _ = terminate.recv() => None,
            ended = &mut pages => Some(ended),
        };
        end.send_replace(true);
        let ended = match ended {
            Some(ended) => ended,
            // A page that will not end is cut off with the runtime; whatever was saved is on disk.
            None => tokio::time::timeout(ENDING_MAX, pages).await.unwrap_or(Ok(Ok(()))),
        };
        for task in [following, staying, visiting, neighbours] {
            task.abort();
            // It was told to end, so that it did is no news.
            let _ = task.await;
        }
        ended.context("Serving the pages")?.context("Serving the pages")?;
        Ok(ExitCode::SUCCESS)
    })
}

/// How it went with a neighbour that was found; the page of carrying shows what was handed over.
fn told(at: SocketAddr, visited: &Result<Handed, NearError>) {
    match visited {
        Ok(handed) => info!(%at, with = handed.peer.name, given = handed.given, "Handed over with a neighbour"),
        Err(failure) => info!(%at, error = %failure, "A neighbour was found in vain"),
    }
}

async fn serve_pages(listener: TcpListener, router: Router, mut ending: watch::Receiver<bool>) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "field app: http://{}/", listener.local_addr()?)?;
    out.flush()?;
    axum::serve(listener, router)
        .with_graceful_shutdown(async move {
            // The other end is gone only when the program is.
            let _ = ending.wait_for(|is_ending| *is_ending).await;
        })
        .await
}

/// Stays in touch with the hub for ever and tells on `road` how that goes. When the disk refuses, the road is told to be
/// closed, with the reason, and tried again later: the pages must go on, for they keep what the deputy types.
async fn stay(device: Device, redial_max: Duration, road: watch::Sender<RoadState>) {
    let mut seen = device.road();
    loop {
        let staying = device.stay(redial_max);
        tokio::pin!(staying);
        let failure = loop {
            tokio::select! {
                failure = &mut staying => break failure,
                changed = seen.changed() => match changed {
                    Ok(()) => drop(road.send_replace(seen.borrow_and_update().clone())),
                    // The device is right here, so this cannot be; waiting keeps the loop from spinning.
                    Err(_) => sleep(STORE_RETRY).await,
                },
            }
        };
        seen.mark_unchanged();
        road.send_replace(RoadState { trouble: failure.to_string(), ..RoadState::default() });
        error!(error = format!("{:#}", anyhow::Error::new(failure)), "The log failed; the hub is called again later");
        sleep(STORE_RETRY).await;
    }
}
