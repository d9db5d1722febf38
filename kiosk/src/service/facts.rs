//! What the machine tells of itself, line by line.

use std::{
    fs,
    net::{SocketAddr, UdpSocket},
    path::Path,
};

use super::{Fact, Value};
use crate::disk::disk;

/// Lines of the log that an officer may look at, the newest first.
const LOG_LINES: usize = 60;

/// Longest of these lines, in characters.
const LOG_LINE_MAX: usize = 110;

/// Names of network devices and whether each is up, and under which address this machine is reached.
pub fn network(hub: &str) -> Vec<Fact> {
    let mut facts = Vec::new();
    for (name, is_up) in network_devices(Path::new("/sys/class/net")) {
        facts.push(Fact { what: "fact-device", is: Value::Plain(name) });
        facts.push(Fact { what: "fact-cable", is: Value::Sentence(if is_up { "fact-up" } else { "fact-down" }) });
    }
    if let Some(address) = own_address(hub) {
        facts.push(Fact { what: "fact-address", is: Value::Plain(address) });
    }
    facts
}

/// The network devices below `directory` but for the loopback, by name, and whether each says that it is up.
fn network_devices(directory: &Path) -> Vec<(String, bool)> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut devices: Vec<_> = entries
        .map(|entry| {
            let state = fs::read_to_string(entry.path().join("operstate")).unwrap_or_default();
            (entry.file_name().to_string_lossy().into_owned(), state.trim() == "up")
        })
        .filter(|(name, _)| name != "lo")
        .collect();
    devices.sort();
    devices
}

/// The address from which this machine would call the hub. Nothing is sent for it.
fn own_address(hub: &str) -> Option<String> {
    let hub: SocketAddr = hub.parse().ok()?;
    let any = if hub.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(hub).ok()?;
    Some(socket.local_addr().ok()?.ip().to_string())
}

/// The disk on which the data directory lies, and how much of it the kiosk's own files take.
pub fn storage(data: &Path) -> Vec<Fact> {
    let plain = |what, text| Fact { what, is: Value::Plain(text) };
    let mut facts = Vec::new();
    match disk(data) {
        Ok(disk) => {
            facts.push(plain("fact-free", mebibytes(disk.free)));
            facts.push(plain("fact-size", mebibytes(disk.size)));
            let writes = if disk.is_read_only { "fact-read-only" } else { "fact-writes" };
            facts.push(Fact { what: "fact-card", is: Value::Sentence(writes) });
        }
        Err(error) => tracing::error!(%error, "The disk does not tell how much room it has"),
    }
    facts.push(plain("fact-own", mebibytes(own_bytes(data))));
    facts.push(plain("fact-place", data.display().to_string()));
    facts
}

/// Bytes of the files in a directory; those further down are prompts, which do not grow.
fn own_bytes(data: &Path) -> u64 {
    let entries = fs::read_dir(data).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len()).sum()
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MB", bytes / 1_000_000)
}

/// The last lines of the log, the newest first.
pub fn log() -> Vec<Fact> {
    let lines = ledger::log_tail::lines();
    let short = |line: &String| line.chars().take(LOG_LINE_MAX).collect::<String>();
    lines.iter().rev().take(LOG_LINES).map(|line| Fact { what: "", is: Value::Plain(short(line)) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompts::tests::Scratch;

    #[test]
    fn network_devices_are_told_without_the_loopback() {
        let scratch = Scratch::new("net");
        for (name, state) in [("lo", "unknown"), ("wlan0", "down"), ("eth0", "up")] {
            fs::create_dir_all(scratch.path().join(name)).unwrap();
            fs::write(scratch.path().join(name).join("operstate"), format!("{state}\n")).unwrap();
        }
        let devices = network_devices(scratch.path());
        assert_eq!(devices, [("eth0".to_owned(), true), ("wlan0".to_owned(), false)]);
        assert_eq!(own_address("127.0.0.1:4433").as_deref(), Some("127.0.0.1"));
        assert_eq!(own_address("no address"), None);
    }

    #[test]
    fn a_disk_tells_its_room_and_what_the_kiosk_takes_of_it() {
        let scratch = Scratch::new("storage");
        fs::write(scratch.path().join("some"), vec![0; 3_000_000]).unwrap();
        let facts = storage(scratch.path());
        assert!(facts.contains(&Fact { what: "fact-own", is: Value::Plain("3 MB".to_owned()) }), "{facts:?}");
        assert!(facts.iter().any(|fact| fact.is == Value::Sentence("fact-writes")), "{facts:?}");
    }
}
