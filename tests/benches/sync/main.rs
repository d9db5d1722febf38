//! How fast devices and hub find together, beside a floor measured in the same run: `cargo bench -p tests`.
//!
//! The floor is plain Automerge sync over TCP ([`floor`]); both work on the same generated records. Every end is a process
//! of its own, QUIC and TCP run over the loopback, and disks are real. Nothing is asserted of times: the table says what
//! was reached. The workloads, by their names in `--only`:
//!
//! - `W1`: one device brings all its documents to an empty hub, over QUIC and over TCP; [`upload`].
//! - `W2`: twenty documents were changed on each side; `W3`: nothing was; [`visit`].
//! - `W4`: fifty devices call at once; [`crowd`].
//! - `W5`: three places change the same two hundred documents; [`together`].
//! - `road`: new opinions over a very bad road; `memory`: what the programs themselves take; [`real`].

mod crowd;
mod edit;
mod end;
mod floor;
mod ours;
mod pair;
mod real;
mod stage;
mod table;
mod talk;
mod together;
mod upload;
mod visit;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use anyhow::{bail, ensure};
use civic_core::access::Role;
use clap::Parser;
use tokio::runtime::Runtime;

use crate::{
    stage::{Device, Stage},
    table::Table,
    upload::Size,
};

/// Measures how fast devices and hub find together, beside plain Automerge sync.
#[derive(Parser)]
#[command(name = "cargo bench -p tests --")]
struct Options {
    /// Documents of W1 to W3.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    documents: usize,
    /// Runs of each line; those that take minutes have fewer, and say so.
    #[arg(long, value_name = "N", default_value_t = 3)]
    runs: usize,
    /// Only these workloads: W1, W2, W3, W4, W5, road, memory. W2 and W3 are measured together.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    only: Vec<String>,
    /// W2 and W3 among ten times as many documents, too.
    #[arg(long)]
    large: bool,
    /// Draws the records and the bad roads.
    #[arg(long, value_name = "N", default_value_t = 20_260_101)]
    seed: u64,
    /// Cargo says this to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Options {
    fn wants(&self, workload: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name.eq_ignore_ascii_case(workload))
    }
}

fn main() -> ExitCode {
    let mut args = std::env::args_os();
    let own_name = args.next().unwrap_or_default();
    let rest: Vec<OsString> = args.collect();
    let role = rest.first().and_then(|word| word.to_str()).unwrap_or_default().to_owned();
    let dir = rest.get(1).map(PathBuf::from).unwrap_or_default();
    match role.as_str() {
        // The programs themselves.
        "hub" | "kiosk" | "field" => {
            tests::program::keep_on_leash();
            match role.as_str() {
                "hub" => sync_hub::cli::main(rest),
                "kiosk" => kiosk::cli::main(rest),
                _ => field_app::cli::main(rest),
            }
        }
        // Ends of a workload.
        KIOSK => exit(ours::device(Role::Kiosk, &dir)),
        DEPUTY => exit(ours::device(Role::Deputy, &dir)),
        LOG_HUB => exit(ours::hub(&dir, false)),
        FULL_HUB => exit(ours::hub(&dir, true)),
        FLOOR_DEVICE => exit(floor::device::run(&dir)),
        FLOOR_HUB => exit(floor::hub::run(&dir)),
        _ => match Options::try_parse_from(std::iter::once(own_name).chain(rest)) {
            Ok(options) => exit(measure(options)),
            Err(usage) => {
                // Nobody is left to tell if the words cannot be printed.
                let _ = usage.print();
                ExitCode::from(u8::try_from(usage.exit_code()).unwrap_or(2))
            }
        },
    }
}

/// Our kiosk.
const KIOSK: &str = "end-kiosk";
/// Our deputy's device.
const DEPUTY: &str = "end-deputy";
/// Our hub without a ledger behind it.
const LOG_HUB: &str = "end-log-hub";
/// Our hub, whose ledger follows.
const FULL_HUB: &str = "end-full-hub";
/// The floor's device.
const FLOOR_DEVICE: &str = "end-floor-device";
/// The floor's hub.
const FLOOR_HUB: &str = "end-floor-hub";

fn exit(done: anyhow::Result<()>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(1)
        }
    }
}

/// What all workloads share.
struct Bench {
    options: Options,
    stage: Stage,
    table: Table,
    runtime: Runtime,
    /// Time and bytes of W2 and W3 on the narrow road, to compare other numbers of documents with.
    visits: [Option<(f64, f64)>; 2],
    started: Instant,
}

impl Bench {
    /// Says on standard error how far the bench is.
    fn tell(&self, what: &str) {
        eprintln!("[{:>5.0} s] {what}", self.started.elapsed().as_secs_f64());
    }
}

fn measure(options: Options) -> anyhow::Result<()> {
    let known = ["W1", "W2", "W3", "W4", "W5", "road", "memory"];
    if let Some(name) = options.only.iter().find(|name| !known.iter().any(|known| name.eq_ignore_ascii_case(known))) {
        bail!("{name:?} is no workload; these are: {}", known.join(", "));
    }
    ensure!(options.documents > 0 && options.runs > 0, "--documents and --runs must be at least 1");
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-{}", std::process::id()));
    let mut bench = Bench {
        stage: Stage::new(dir, options.seed)?,
        table: Table::default(),
        runtime: tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?,
        visits: [None; 2],
        started: Instant::now(),
        options,
    };
    let base = Size { documents: bench.options.documents, suffix: "", number: 0 };
    let small = Size { documents: (base.documents / 10).max(1), suffix: "-small", number: 16 };
    let large = Size { documents: base.documents * 10, suffix: "-large", number: 32 };
    let others: Vec<Size> = [Some(small), bench.options.large.then_some(large)].into_iter().flatten().collect();
    let wants = |workload| bench.options.wants(workload);
    let (first, visits, memory) = (wants("W1"), wants("W2") || wants("W3"), wants("memory"));
    let (crowd, together, road) = (wants("W4"), wants("W5"), wants("road"));

    let mut devices: Vec<Device> = Vec::new();
    let sizes =
        [base].into_iter().filter(|_| first || visits || memory).chain(others.iter().copied().filter(|_| visits));
    devices.extend(sizes.flat_map(upload::devices));
    devices.extend(crowd::devices().filter(|_| crowd));
    devices.extend(together::devices().filter(|_| together));
    devices.extend(road.then(real::device));
    bench.tell(&format!("making a county with {} devices", devices.len()));
    bench.stage.enrol(&devices)?;

    notes();
    if first || visits || memory {
        bench.tell(&format!("entering {} records, in ours and in the floor", base.documents));
        let (records, waiting_cpu_s) = upload::load(&bench, base, first, first || visits)?;
        if first || visits {
            upload::run(&mut bench, base, waiting_cpu_s, first)?;
            upload::merge(&mut bench, base, first)?;
        }
        if visits {
            visit::run(&mut bench, base, &records.ids)?;
            for size in others {
                bench.tell(&format!("entering {} records", size.documents));
                let (records, _) = upload::load(&bench, size, false, false)?;
                upload::merge(&mut bench, size, false)?;
                visit::run_at(&mut bench, size, &records.ids)?;
            }
        }
        if memory {
            real::memory(&mut bench, base)?;
        }
    }
    if crowd {
        crowd::run(&mut bench)?;
    }
    if together {
        together::run(&mut bench)?;
    }
    if road {
        real::road(&mut bench)?;
    }
    bench.table.end(base.documents);
    bench.tell("done");
    Ok(())
}

fn notes() {
    println!(
        "Medians of interleaved runs, with the least and the most. CPU, memory, payload and bytes: device / hub, up / down.\n\
         Payload is what the protocol says; on the road is the payload of datagrams (of the TCP connection for the floor),\n\
         counted by the device, or by the relay where there is one. Floor: plain Automerge sync of each document over one TCP\n\
         connection without encryption, SQLite with synchronous=FULL at both ends, answers after the commit; its hub is warm in\n\
         W2 and W3, and TCP's own handshake is never delayed. Records are synthetic and compress better than what people write;\n\
         the same ones serve both. Relays delay half the round trip each way and count headers against the width of a road."
    );
}
