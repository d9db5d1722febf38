//! `cargo verify`: everything that must hold before a change lands, in the order in which it fails fastest.

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use tests::machine::{Kernel, PACKAGES, is_installed};

fn main() -> ExitCode {
    match gate() {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed) => ExitCode::from(1),
    }
}

/// A step failed; it has said why.
struct Failed;

fn gate() -> Result<(), Failed> {
    let mut times = Vec::new();
    let mut step = |name: &str, arguments: &[&str], settings: &[(&str, &str)]| {
        println!("\n== {name}: cargo {}", arguments.join(" "));
        let started = Instant::now();
        let mut cargo = Command::new(cargo());
        // What `cargo run` says of this package would make build scripts that listen for it run again, each time.
        let of_this_package = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(of_this_package)) {
            cargo.env_remove(name);
        }
        cargo.args(arguments).current_dir(root()).envs(settings.iter().copied());
        let is_good = cargo.status().is_ok_and(|status| status.success());
        times.push((name.to_owned(), started.elapsed()));
        if is_good {
            Ok(())
        } else {
            println!("\nFAILED: {name}");
            Err(Failed)
        }
    };
    step("format", &["fmt", "--all", "--check"], &[])?;
    step("lints", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"], &[])?;
    // Bugs on purpose stand between the lines that ship, and no other step compiles them.
    step("planted bugs", &["clippy", "-p", "sim", "--features", "planted", "--", "-D", "warnings"], &[])?;
    let silent = has_alsa().err();
    match &silent {
        None => {
            let alsa = ["clippy", "-p", "kiosk", "-p", "hardware", "--all-targets", "--features", "alsa"];
            step("sound card", &[&alsa[..], &["--", "-D", "warnings"]].concat(), &[])?;
        }
        Some(why) if is_ci() => {
            println!("\nFAILED: the sound card cannot be compiled here: {why}");
            return Err(Failed);
        }
        Some(_) => {}
    }
    step("documentation", &["doc", "--workspace", "--no-deps"], &[("RUSTDOCFLAGS", "-D warnings")])?;
    let missing = browser().err();
    if let Some(why) = missing.as_ref().filter(|_| is_ci()) {
        println!("\nFAILED: the stories in a browser cannot be told here: {why}");
        return Err(Failed);
    }
    if let Err(why) = networks() {
        println!("\nthe stories in network namespaces will say that they are skipped: {why}");
    }
    if let Err(why) = machine() {
        println!("\nthe story on an emulated computer will say that it is skipped: {why}");
    }
    let wanted = if missing.is_none() { "required" } else { "if-there" };
    step("tests", &["test", "--workspace"], &[("HUIYIN_BROWSER", wanted)])?;
    if let Some(why) = missing {
        println!("\nskipped: the stories in a browser, because {why}");
    }
    if let Some(why) = silent {
        println!("\nskipped: the sound card, because {why}");
    }
    println!();
    for (name, time) in &times {
        println!("{name:<14} {:>6.1} s", time.as_secs_f64());
    }
    println!("{:<14} {:>6.1} s", "all", times.iter().map(|(_, time)| *time).sum::<Duration>().as_secs_f64());
    Ok(())
}

fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from)
}

fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().map_or_else(|| package.to_owned(), Path::to_owned)
}

/// In CI a step that is skipped is a step that failed.
fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}

/// Makes sure that there is a browser; the error says why there is none.
fn browser() -> Result<(), String> {
    there("Chromium with its driver", &["chromium", "chromium-driver"], || tests::browser::find().is_some())
}

/// Makes sure that networks can be made; the error says why not.
fn networks() -> Result<(), String> {
    let is_there = |program: &str| Command::new(program).arg("-V").output().is_ok_and(|done| done.status.success());
    there("ip and nft", &["iproute2", "nftables"], || is_there("ip") && is_there("nft"))
}

/// Makes sure that a computer can be emulated; the error says why not.
fn machine() -> Result<(), String> {
    if Kernel::find().is_ok() {
        return Ok(());
    }
    // What QEMU recommends is windows and sound.
    there("QEMU and BusyBox", &[&["--no-install-recommends"], &PACKAGES[..]].concat(), is_installed)?;
    println!("\n== fetching a kernel for the emulated computer");
    Kernel::fetch().and_then(|()| Kernel::find()).map(drop).map_err(|why| format!("{why:#}"))
}

/// Makes sure that what a sound card is compiled with is there; the error says why it is not.
fn has_alsa() -> Result<(), String> {
    let is_here = || {
        let asked = Command::new("pkg-config").args(["--exists", "alsa"]).status();
        asked.is_ok_and(|status| status.success())
    };
    there("ALSA and pkg-config", &["libasound2-dev", "pkg-config"], is_here)
}

/// Makes sure that something is on this machine, installing it where that can be done; the error says why it is not.
fn there(what: &str, packages: &[&str], is_here: impl Fn() -> bool) -> Result<(), String> {
    if is_here() {
        return Ok(());
    }
    let runs = |program: &str, arguments: &[&str]| {
        Command::new(program).args(arguments).stdin(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|done| done.stdout.trim_ascii() == b"0");
    if !is_root || Command::new("apt-get").arg("--version").output().is_err() {
        return Err(format!("{what} is missing, and only root with apt-get can install it here"));
    }
    println!("\n== installing {what}");
    if !runs("apt-get", &["update"]) || !runs("apt-get", &[&["install", "-y"], packages].concat()) {
        return Err(format!("{what} could not be installed"));
    }
    if is_here() { Ok(()) } else { Err(format!("{what} was installed but cannot be found")) }
}
