//! Networks of a village, made of the kernel's own: rooms with cables between them, and rules for what passes.
//!
//! A room is a network namespace; it goes, with its cables, when the [`Net`] is dropped. Making one takes root, `ip` and
//! `nft`; [`Net::build`] says in words what is missing.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use anyhow::{Context as _, bail, ensure};

/// Some rooms and the cables between them.
pub struct Net {
    /// What the names of this net's rooms begin with, so that no two nets meet.
    prefix: String,
    rooms: Vec<String>,
    cables: u32,
}

/// One end of a cable.
pub struct Plug<'a> {
    /// The room.
    pub room: &'a str,
    /// The interface's name in it.
    pub name: &'a str,
    /// Its address with the length of the prefix, such as `10.0.1.2/24`.
    pub address: &'a str,
}

impl Net {
    /// Makes a net of these rooms, without cables yet; the error says why this machine has none.
    pub fn build(rooms: &[&str]) -> anyhow::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let mut net = Self { prefix: format!("hy{}-{number}", std::process::id()), rooms: Vec::new(), cables: 0 };
        for program in [["ip", "-V"], ["nft", "-v"]] {
            let is_there = Command::new(program[0]).arg(program[1]).output().is_ok_and(|done| done.status.success());
            ensure!(is_there, "{} is not installed", program[0]);
        }
        for room in rooms {
            run("ip", &["netns", "add", &net.name(room)]).context("only root makes networks")?;
            net.rooms.push((*room).to_owned());
            net.ip(room, "link set lo up")?;
        }
        Ok(net)
    }

    fn name(&self, room: &str) -> String {
        format!("{}-{room}", self.prefix)
    }

    /// Lays a cable.
    pub fn cable(&mut self, here: &Plug<'_>, there: &Plug<'_>) -> anyhow::Result<()> {
        self.cables += 1;
        let ends = ["a", "b"].map(|end| format!("{}{}{end}", self.prefix.replace('-', "x"), self.cables));
        run("ip", &["link", "add", &ends[0], "type", "veth", "peer", "name", &ends[1]])?;
        for (end, plug) in ends.iter().zip([here, there]) {
            run("ip", &["link", "set", end, "netns", &self.name(plug.room), "name", plug.name])?;
            self.ip(plug.room, &format!("addr add {} dev {}", plug.address, plug.name))?;
            self.ip(plug.room, &format!("link set {} up", plug.name))?;
        }
        Ok(())
    }

    /// `ip` in a room.
    pub fn ip(&self, room: &str, words: &str) -> anyhow::Result<()> {
        let room = self.name(room);
        let words: Vec<&str> = ["-n", &room].into_iter().chain(words.split(' ')).collect();
        run("ip", &words).map(drop)
    }

    /// Makes a room pass on what is not for it.
    pub fn forward(&self, room: &str) -> anyhow::Result<()> {
        let mut command = self.command(room, Path::new("sh"));
        command.args(["-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]);
        ensure!(command.status()?.success(), "{room} does not forward");
        Ok(())
    }

    /// Puts these rules of `nft` in place of the room's own.
    pub fn rules(&self, room: &str, rules: &str) -> anyhow::Result<()> {
        let mut command = self.command(room, Path::new("nft"));
        let mut nft = command.args(["-f", "-"]).stdin(Stdio::piped()).spawn().context("Starting nft")?;
        let mut told = nft.stdin.take().context("nft listens")?;
        write!(told, "flush ruleset\n{rules}\n")?;
        drop(told);
        ensure!(nft.wait()?.success(), "nft did not take the rules of {room}");
        Ok(())
    }

    /// How many bytes the counter of this name in the table `inet road` has seen.
    pub fn counted(&self, room: &str, counter: &str) -> anyhow::Result<u64> {
        let mut command = self.command(room, Path::new("nft"));
        let told = command.args(["-j", "list", "counter", "inet", "road", counter]).output()?;
        let told: serde_json::Value = serde_json::from_slice(&told.stdout).context("Reading a counter")?;
        let mut parts = told["nftables"].as_array().context("nft lists")?.iter();
        parts.find_map(|part| part["counter"]["bytes"].as_u64()).context("the counter is not there")
    }

    /// A command that runs in a room.
    pub fn command(&self, room: &str, program: &Path) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name(room)]).arg(program);
        command
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        for room in &self.rooms {
            let _ = run("ip", &["netns", "del", &self.name(room)]);
        }
    }
}

fn run(program: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let done = Command::new(program).args(arguments).output().with_context(|| format!("Starting {program}"))?;
    if !done.status.success() {
        bail!("{program} {}: {}", arguments.join(" "), String::from_utf8_lossy(&done.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}
