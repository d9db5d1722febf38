//! The running hub: devices over QUIC, merging behind them, slips, and the operators' pages.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use axum::{Json, Router, extract::State, middleware, routing::get, serve::ListenerExt as _};
use civic_core::{access::Role, document::Kind};
use ledger::{Ledger, query::Filter};
use replica::{
    carry::bag::{Bag, Holder},
    clock,
    dir::DataDir,
    hub::{Entrance, Hub},
    identity::Identity,
    road::{RoadError, tls as road},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tracing::{error, warn};
use web::{guard, once::Once};

use crate::{
    audit::{Action, Audit, By, Event},
    backup, codebook, county,
    epochs::Epochs,
    errand::{Desk, Errands},
    http::{self, Console},
    keys::Keys,
    opening::Opener,
    register::{self, Register},
    retain::Retention,
    tls::{self, TlsListener},
    upstream,
    user::{self, Users},
    vault::Vault,
    watch::{Apart, Watch},
};

/// How often it is looked whether a command asks for something.
const LOOK: Duration = Duration::from_millis(500);
/// How long it is waited for news before it is looked whether there is something to do anyway.
const LOOK_ANYWAY: Duration = Duration::from_secs(10);
/// How often the head of the log of who did what is signed.
const SIGN_PERIOD: Duration = Duration::from_secs(10 * 60);
/// How often it is looked whether something was kept apart.
const WATCH: Duration = Duration::from_secs(1);
/// How often it is looked whether a backup is due.
const LOOK_FOR_COPIES: Duration = Duration::from_secs(15);
/// How often it is looked whether a key is to be made or destroyed.
const TURN_PERIOD: Duration = Duration::from_secs(60);
/// How long open pages may take to end when the hub stops.
const FAREWELL: Duration = Duration::from_secs(2);

/// Where the pages are, and how one reaches them.
#[derive(Clone, Debug)]
pub struct Door {
    /// The address.
    pub at: SocketAddr,
    /// By which names browsers come, beside this machine's own.
    pub names: Vec<String>,
    /// A certificate and its key, PEM.
    pub certificate: Option<(PathBuf, PathBuf)>,
}

/// Serves until told to stop (Ctrl-C or SIGTERM).
pub async fn serve(dir: &Path, listen: SocketAddr, door: &Door) -> anyhow::Result<()> {
    let http_at = door.at;
    let is_open = !http_at.ip().is_loopback();
    ensure!(
        !is_open || !door.names.is_empty(),
        "pages that other machines reach need TLS and a name: give --name, the host name or address by which browsers come"
    );
    let dir = DataDir::hold(dir)?;
    let identity = Identity::load(&dir, Role::Hub)?;
    let secured = match &door.certificate {
        Some((certificate, key)) => Some(tls::given(certificate, key)?),
        None if is_open || !door.names.is_empty() => Some(tls::own(&dir, &identity.card.name, &door.names)?),
        None => None,
    };
    let audit = Arc::new(Audit::open(&dir, &identity.key)?);
    let ledger = Ledger::open(&dir, &identity)?;
    // Power may have failed between an edition and the card that bears it.
    codebook::keep(&dir, &ledger)?;
    let authority = county::authority(&dir, &identity.card)?;
    let register = Arc::new(Register::open_for_enrolment(&dir.file(register::FILE), authority, identity.card.clone())?);
    register.speak_by(ledger.edition());

    if let Some(spare) = county::spare_key_lies_in(&dir)? {
        warn!(
            "The spare key of the county's authority lies on this machine: copy {} to a safe place and delete it here. \
             Whoever steals this machine steals both keys",
            spare.display()
        );
    }
    let gate = Arc::new(county::door(&identity.card, register.clone())?);
    let config = road::hub_config(&identity.key, gate.clone())?;
    let watch = Arc::new(Watch::new(audit.clone()));
    register.is_watched_by(watch.clone());
    let entrance = match Entrance::open(listen, config) {
        Ok(entrance) => entrance,
        Err(RoadError::Socket(address, error)) if error.kind() == std::io::ErrorKind::AddrInUse => {
            bail!("UDP or TCP {address} is taken by another program; choose another with --listen")
        }
        Err(error) => return Err(error.into()),
    };
    let listener = match TcpListener::bind(http_at).await {
        Ok(listener) => listener,
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            bail!("{http_at} is taken by another program; choose another with --http")
        }
        Err(error) => return Err(error).with_context(|| format!("Listening on {http_at}")),
    };

    let own = ledger.log().public_key();
    let bag = Bag::open(&dir, Holder { own, hub: own, carries: false })?;
    let keys = Arc::new(Keys::open(&dir)?);
    let area = upstream::place_of_words(&dir, &ledger.codebook().county.area)?;
    let hub = Hub::new(ledger.log().clone(), area, identity.key.clone(), register.clone(), gate);
    let ring = keys.clone();
    let hub = Arc::new(hub.carrying(&identity.card.name, bag, Arc::new(move || ring.ring()), register.clone()));
    let follow = tokio::spawn(ledger.clone().follow());
    let opener = Opener::new(&dir, ledger.clone(), keys.clone())?;
    let vault = Arc::new(Vault::open(&dir)?);
    let desk = Desk::with(&ledger, register.clone(), audit.clone(), keys.clone(), opener.clone(), vault.clone());
    let work = tokio::spawn(keep_up(ledger.clone(), opener.clone(), register.clone()));
    let take_in = tokio::spawn(take_in(ledger.clone(), vault.clone(), keys));
    let is_beneath = upstream::is_beneath(&dir)?;
    let retention = Retention { ledger: ledger.clone(), vault: vault.clone(), audit: audit.clone(), is_beneath };
    let retain = tokio::spawn(retention.keep_to());
    let errands = tokio::spawn(run_errands(DataDir::look(dir.path()), desk.clone()));
    let above = tokio::spawn(upstream::stay(DataDir::look(dir.path()), desk.clone(), register.clone()));
    let epochs = tokio::spawn(keep_keys(desk.epochs));
    let signing = tokio::spawn(keep_audit(audit.clone(), ledger.clone()));
    let watching = tokio::spawn(keep_watch(ledger.clone(), register.clone(), watch.clone()));
    let copies = tokio::spawn(keep_copies(DataDir::look(dir.path()), ledger.clone(), audit.clone()));
    let users = Arc::new(Users::open(&dir.file(user::FILE))?);
    let is_empty = users.list()?.is_empty();
    let console = Console {
        dir: dir.path().into(),
        ledger: ledger.clone(),
        register,
        hub: hub.clone(),
        opener,
        vault,
        audit: audit.clone(),
        users,
        once: Arc::new(Once::default()),
    };
    let counts = Router::new().route("/status.json", get(status)).with_state(console.clone());
    let pages = guard::protect_as(counts.merge(http::router(console)), &door.names)
        .layer(middleware::from_fn_with_state(watch.clone(), http::note_refusals));

    audit.note(&Event::new(By::hub(), Action::Start))?;
    println!("listening on QUIC {}", entrance.address()?);
    let local = listener.local_addr().context("Asking for the page address")?;
    match door.names.first().filter(|_| secured.is_some()) {
        Some(name) => println!("hub: https://{name}:{}/", local.port()),
        None => println!("hub: {}://{local}/", if secured.is_some() { "https" } else { "http" }),
    }
    if is_empty {
        println!("nobody can sign in yet: sync-hub user add --data DIR LOGIN --name NAME --role administrator");
    }
    let pages = pages.into_make_service_with_connect_info::<SocketAddr>();
    let pages = match secured {
        Some(config) => {
            let listener = TlsListener::new(listener, config).context("Asking for the page address")?;
            // `tap_io` is how a listener of one's own tells the address of its peer.
            tokio::spawn(async move { axum::serve(listener.tap_io(|_| {}), pages).await })
        }
        None => tokio::spawn(async move { axum::serve(listener, pages).await }),
    };
    tokio::select! {
        () = hub.serve(&entrance) => {}
        () = stop_asked() => {}
    }
    hub.dismiss();
    entrance.close(FAREWELL).await;
    pages.abort();
    follow.abort();
    work.abort();
    take_in.abort();
    retain.abort();
    errands.abort();
    epochs.abort();
    signing.abort();
    watching.abort();
    copies.abort();
    above.abort();
    audit.note(&Event::new(By::hub(), Action::Stop))?;
    audit.sign_head()?;
    Ok(())
}

/// Signs the head of the log of who did what every ten minutes, and archives what is older than the county keeps at hand.
async fn keep_audit(audit: Arc<Audit>, ledger: Ledger) {
    loop {
        let (audit, days) = (audit.clone(), ledger.codebook().audit.days);
        let work = tokio::task::spawn_blocking(move || -> anyhow::Result<()> {
            audit.sign_head()?;
            let gone = audit.archive(days)?;
            if gone > 0 {
                audit.note(&Event::new(By::hub(), Action::Archive).upon(format!("{gone} events")))?;
            }
            Ok(())
        });
        match work.await {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => error!(error = format!("{failure:#}"), "The audit log could not be signed or archived"),
            Err(failure) => error!(error = %failure, "Signing the audit log stopped in the middle"),
        }
        tokio::time::sleep(SIGN_PERIOD).await;
    }
}

/// Opens what people sealed to the county, and keeps slips and matters behind their opinions.
async fn keep_up(ledger: Ledger, opener: Opener, register: Arc<Register>) {
    let writer = ledger.clone();
    follow_up(ledger, "Envelopes could not be opened or slips not written", move || {
        writer.leave_slips_of(register.numbers_elsewhere()?);
        // Slips do not wait for what cannot be opened.
        let (opened, written) = (opener.work(), writer.write_slips());
        Ok(opened? + written?)
    })
    .await;
}

/// Takes personal details, voices and whatever else came sealed over into the vault.
async fn take_in(ledger: Ledger, vault: Arc<Vault>, keys: Arc<Keys>) {
    let source = ledger.clone();
    follow_up(ledger, "What came sealed could not be taken over into the vault", move || {
        Ok(vault.take_in(&source, &keys.ring(), clock::now())?)
    })
    .await;
}

/// Does `work` at once while there is something to do, then whenever the ledger changed.
async fn follow_up(ledger: Ledger, trouble: &str, work: impl Fn() -> anyhow::Result<usize> + Send + Sync + 'static) {
    let (work, mut changed) = (Arc::new(work), ledger.changed());
    loop {
        changed.mark_unchanged();
        let work = work.clone();
        match tokio::task::spawn_blocking(move || work()).await {
            // A program beside this one may have merged what came, and then nothing here says that something changed.
            Ok(Ok(0)) => match tokio::time::timeout(LOOK_ANYWAY, changed.changed()).await {
                Ok(Ok(())) | Err(_) => {}
                Ok(Err(_)) => return,
            },
            Ok(Ok(_)) => {}
            Ok(Err(failure)) => {
                error!(error = format!("{failure:#}"), "{trouble}");
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
            Err(failure) => {
                // It may do so at the same thing again, and what else there is must not stand still for that.
                error!(error = %failure, "{trouble}: stopped in the middle");
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
        }
    }
}

/// Carries out what commands ask while this program holds the directory; one that fails is told to whoever asked.
async fn run_errands(dir: DataDir, desk: Desk) {
    let mut is_start = true;
    loop {
        let (place, worker) = (DataDir::look(dir.path()), desk.clone());
        match tokio::task::spawn_blocking(move || Errands::open(&place)?.run(&worker, is_start)).await {
            Ok(Ok(_)) => is_start = false,
            Ok(Err(failure)) => error!(error = %failure, "Errands could not be read"),
            Err(failure) => error!(error = %failure, "An errand stopped in the middle"),
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Notes what devices sent that was kept apart, strikes off whom the log says to be struck off, here or beneath, and lets the cards of new
/// devices bear the newest codebook.
async fn keep_watch(ledger: Ledger, register: Arc<Register>, watch: Arc<Watch>) {
    let mut apart: Option<Apart> = None;
    loop {
        let (ledger, register, watch, mut known) = (ledger.clone(), register.clone(), watch.clone(), apart.take());
        let work = tokio::task::spawn_blocking(move || -> anyhow::Result<Apart> {
            register.take_up(&ledger.log().revoked(&ledger.log().public_key())?)?;
            for hub in register.hubs_beneath()? {
                register.take_up_beneath(&hub, &ledger.log().revoked(&hub)?)?;
            }
            register.speak_by(ledger.edition());
            match &mut known {
                Some(known) => known.note_new(&ledger, &watch)?,
                None => known = Some(Apart::begin(&ledger)?),
            }
            Ok(known.unwrap_or_default())
        });
        match work.await {
            Ok(Ok(known)) => apart = Some(known),
            Ok(Err(failure)) => error!(error = format!("{failure:#}"), "What is kept apart could not be read"),
            Err(failure) => error!(error = %failure, "Watching stopped in the middle"),
        }
        tokio::time::sleep(WATCH).await;
    }
}

/// Makes the backups of the schedule when they are due; devices may let go of what is in one that was verified elsewhere.
async fn keep_copies(dir: DataDir, ledger: Ledger, audit: Arc<Audit>) {
    if let Err(error) = backup::tidy(dir.path()) {
        error!(%error, "What an interrupted backup left could not be taken away");
    }
    let mut said = None;
    loop {
        let (path, audit) = (dir.path().to_owned(), audit.clone());
        let made = tokio::task::spawn_blocking(move || {
            let row = backup::schedule::make_due(&path, &audit, clock::now())?;
            anyhow::Ok((row, backup::schedule::lamp(&path, clock::now())))
        });
        match made.await {
            Ok(Ok((row, lamp))) => {
                if let Some(row) = row
                    && let Err(error) = ledger.log().grant_kept(row).await
                {
                    error!(%error, "What is in the backup could not be noted as kept");
                }
                if said.replace(lamp) != Some(lamp) {
                    warn!("Backups: {}", backup::command::lamp_in_words(lamp));
                }
            }
            Ok(Err(failure)) => error!("The record of backups could not be read or written: {failure:#}"),
            Err(failure) => error!(error = %failure, "A backup stopped in the middle"),
        }
        tokio::time::sleep(LOOK_FOR_COPIES).await;
    }
}

/// Announces, makes and destroys keys when that is due.
async fn keep_keys(epochs: Epochs) {
    loop {
        let worker = epochs.clone();
        match tokio::task::spawn_blocking(move || worker.turn(clock::now())).await {
            Ok(Ok(0)) => {}
            Ok(Ok(_)) => continue,
            Ok(Err(failure)) => error!(error = format!("{failure:#}"), "The keys could not be looked after"),
            Err(failure) => error!(error = %failure, "Looking after the keys stopped in the middle"),
        }
        tokio::time::sleep(TURN_PERIOD).await;
    }
}

/// Counts alone, for whoever asks: nothing in them tells of anybody.
async fn status(State(console): State<Console>) -> Json<Value> {
    let devices = console.register.devices().map(|devices| devices.len()).unwrap_or_default();
    let (ledger, connected) = (console.ledger.clone(), console.hub.connected().len());
    let counts = tokio::task::spawn_blocking(move || {
        (
            ledger.count(Kind::Opinion).unwrap_or_default(),
            ledger.count(Kind::Slip).unwrap_or_default(),
            ledger.count(Kind::Visit).unwrap_or_default(),
            ledger.total(&Filter { has_questions: true, ..Filter::default() }).unwrap_or_default(),
        )
    })
    .await
    .unwrap_or_default();
    let (opinions, slips, visits, questions) = counts;
    Json(json!({
        "name": console.ledger.card().name, "opinions": opinions, "slips": slips, "visits": visits,
        "questions": questions, "devices": devices, "connected": connected,
    }))
}

async fn stop_asked() {
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(_) => return std::future::pending().await,
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
