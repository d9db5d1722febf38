//! The real program over records on disk: how long until the first frame can be seen, what it holds in memory, and what
//! it does while nobody is there.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::Context;
use civic_core::bulk::Record;
use kiosk::station::{Draft, Station};

use crate::{directory::Directory, median};

/// How long an idle program is watched.
const IDLE: Duration = Duration::from_secs(10);

/// Opinions that are filed one by one.
const FILED: usize = 50;
/// Opinions that are entered in one transaction.
const BATCH: usize = 500;

/// What the kernel counts processor time in, on every Linux that a kiosk runs on.
const TICKS_A_SECOND: u64 = 100;

/// Files so many opinions, starts the program so often, and prints what it took.
pub fn measure(documents: usize, starts: usize) -> anyhow::Result<()> {
    let directory = Directory::new("bench");
    file(&directory, documents)?;
    println!("\nThe program over {documents} opinions on disk: median of {starts} starts.\n");
    let (mut times, mut sizes) = (Vec::new(), Vec::new());
    for _ in 0..starts {
        let running = Running::start(directory.path())?;
        times.push(running.first_frame);
        sizes.push(running.resident_kib()?);
    }
    println!("{:<36} {:>8.0} ms   (meant: 1000)", "start to first frame", median(times).as_secs_f64() * 1_000.0);
    println!("{:<36} {:>8.1} MiB  (meant: 64)", "memory at the first frame", median(sizes) as f64 / 1_024.0);
    let running = Running::start(directory.path())?;
    sleep(Duration::from_secs(2));
    let before = running.processor_ticks()?;
    sleep(IDLE);
    let idle = (running.processor_ticks()? - before) * 1_000 / TICKS_A_SECOND;
    println!("{:<36} {idle:>8} ms   (meant: 0)", format!("processor time in {} s of nothing", IDLE.as_secs()));
    println!("{:<36} {:>8.1} MiB", "memory after it", running.resident_kib()? as f64 / 1_024.0);
    Ok(())
}

/// Some as villagers do, one after the other, each on disk before the next and with a number that is slow to guess; the
/// others from a file, which gives no such numbers.
fn file(directory: &Directory, documents: usize) -> anyhow::Result<()> {
    let (_held, ledger, mut records) = directory.open();
    let filed = documents.min(FILED);
    let begun = Instant::now();
    for number in 0..filed {
        let draft = Draft { topic: "道路交通".to_owned(), body: words(number), ..Draft::default() };
        records.file(&draft).map_err(|error| anyhow::anyhow!("Filing opinion {number}: {error}"))?;
    }
    let each = begun.elapsed() / filed.max(1) as u32;
    println!("\nFiling, each on disk before the next: {:.2} ms each", each.as_secs_f64() * 1_000.0);
    let line = |number| format!(r#"{{"id": "{number:032x}", "init": {{"body": "{}"}}}}"#, words(number));
    let lines: Result<Vec<_>, _> = (filed..documents).map(|number| Record::parse(&line(number))).collect();
    let home = ledger.card().scope.areas.first().context("The kiosk has no village")?.clone();
    for batch in lines.map_err(anyhow::Error::msg)?.chunks(BATCH) {
        for entered in ledger.import(&home, batch)? {
            entered?;
        }
    }
    Ok(())
}

fn words(number: usize) -> String {
    format!("第{number}件：村口的路灯坏了，晚上看不见，老人和孩子不敢走，请来看看，修一修。")
}

/// A kiosk that runs until it is dropped.
struct Running {
    child: Child,
    first_frame: Duration,
}

impl Running {
    fn start(data: &Path) -> anyhow::Result<Self> {
        let begun = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_kiosk"))
            .args(["run", "--screen", "browser", "--http", "127.0.0.1:0", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("Starting the kiosk")?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("It has no output")?).read_line(&mut line)?;
        let address = line.trim().trim_start_matches("kiosk: http://").trim_end_matches('/').to_owned();
        let mut running = Self { child, first_frame: Duration::ZERO };
        // The page is served only once the first frame is up.
        let mut page = TcpStream::connect(&address).with_context(|| format!("Reaching {address}"))?;
        page.write_all(b"GET /view HTTP/1.0\r\nhost: localhost\r\n\r\n")?;
        let mut answer = String::new();
        page.read_to_string(&mut answer)?;
        anyhow::ensure!(answer.contains("\"screen\":\"Home\""), "the first frame is another one: {answer}");
        running.first_frame = begun.elapsed();
        Ok(running)
    }

    fn resident_kib(&self) -> anyhow::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("The kernel tells no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }

    /// Time in the program and in the kernel for it.
    fn processor_ticks(&self) -> anyhow::Result<u64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let behind_name = stat.rsplit(") ").next().unwrap_or_default();
        let fields: Vec<&str> = behind_name.split(' ').collect();
        let [user, system] = [11, 12].map(|place| fields.get(place).and_then(|field| field.parse::<u64>().ok()));
        user.zip(system).map(|(user, system)| user + system).context("The kernel tells no times")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
