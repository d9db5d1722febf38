//! A whole computer, emulated: Debian's kernel with a screen and a touch panel of its own, and our program on it.
//!
//! The kernel is Debian's, downloaded and unpacked, not installed; the rest of the computer is one file in memory with our
//! program, the libraries it needs, BusyBox and a few drivers. What a finger does comes in from outside, through the
//! panel's driver, and what the screen shows is taken from outside, too. QEMU emulates the processor as well, so this
//! works wherever it runs, at a tenth of the speed.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

/// What is installed for it, and what is downloaded.
pub const PACKAGES: [&str; 2] = ["qemu-system-x86", "busybox-static"];
const EMULATOR: &str = "qemu-system-x86_64";
const KERNEL: &str = "linux-image-amd64";

/// The drivers of the screen, the panel, and what a panel's events are read from.
const DRIVERS: [&str; 4] = ["virtio_pci", "virtio_gpu", "virtio_input", "evdev"];

/// The screen of a kiosk.
const SCREEN: (u32, u32) = (1024, 600);

/// What a panel of QEMU reports at the right and at the lower edge.
pub const PANEL_MAX: u32 = 32_767;

/// How long the computer may take until it can be told what to do, and then for each command.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the shell of the computer says behind each command.
const DONE: &str = "=done";

/// Sets up the computer, then does what comes through its second serial port.
const INIT: &str = r#"#!/bin/busybox sh
export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for driver in /drivers/*.ko; do insmod $driver; done
until [ -e /dev/dri/card0 ] && [ -e /dev/input/event1 ]; do sleep 0.1; done
ip link set lo up
stty -F /dev/ttyS1 raw -echo
exec < /dev/ttyS1 > /dev/ttyS1 2>&1
echo =done 0
while read -r line; do eval "$line"; printf '\n=done %s\n' $?; done
poweroff -f
"#;

/// Whether the programs of [`PACKAGES`] are here.
pub fn is_installed() -> bool {
    let starts = |program| Command::new(program).arg("--help").output().is_ok_and(|done| done.status.success());
    [EMULATOR, "busybox"].into_iter().all(starts)
}

/// A kernel and its drivers.
pub struct Kernel {
    image: PathBuf,
    /// Name and content, each behind those that it needs.
    drivers: Vec<(String, Vec<u8>)>,
}

impl Kernel {
    /// The one that was fetched; the error says what is missing.
    pub fn find() -> anyhow::Result<Self> {
        ensure!(is_installed(), "QEMU or BusyBox is missing");
        let folder = folder()?;
        let images = fs::read_dir(folder.join("boot")).context("No kernel was fetched")?.map_while(Result::ok);
        let image = images.map(|entry| entry.path()).find(|path| name_of(path).starts_with("vmlinuz"));
        let mut there = BTreeMap::new();
        list_drivers(&folder.join("lib/modules"), &mut there)?;
        let mut drivers = Vec::new();
        for driver in DRIVERS {
            ensure!(there.contains_key(driver), "the kernel that was fetched has no driver {driver}");
            with_needs(driver, &there, &mut drivers)?;
        }
        Ok(Self { image: image.context("The kernel has no image")?, drivers })
    }

    /// Downloads and unpacks it.
    pub fn fetch() -> anyhow::Result<()> {
        ensure!(cfg!(target_arch = "x86_64"), "the kernel that is fetched is one for x86-64");
        let folder = folder()?;
        fs::create_dir_all(&folder)?;
        let depends = run(Command::new("apt-cache").args(["depends", "--important", KERNEL]))?;
        let name = depends.split_whitespace().find(|word| word.starts_with("linux-image-") && *word != KERNEL);
        run(Command::new("apt-get").args(["download", name.context("Debian names no kernel")?]).current_dir(&folder))?;
        for file in fs::read_dir(&folder)?.map_while(Result::ok).map(|entry| entry.path()) {
            if file.extension() == Some(OsStr::new("deb")) {
                run(Command::new("dpkg-deb").arg("-x").args([&file, &folder]))?;
                fs::remove_file(&file)?;
            }
        }
        Ok(())
    }
}

/// A computer that runs. It is switched off when dropped.
pub struct Machine {
    emulator: Child,
    orders: BufReader<UnixStream>,
    shell: BufReader<UnixStream>,
    dir: PathBuf,
}

impl Machine {
    /// Starts one; `dir` is for its own files. `program` and what lies in `data` are found in it as `/bin/huiyin` and in
    /// `/data`. Returns when it can be told what to do.
    pub fn start(kernel: &Kernel, dir: &Path, program: &Path, data: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(dir)?;
        let memory = dir.join("memory");
        fs::write(&memory, contents(kernel, dir, program, data)?)?;
        let [orders, shell] = ["orders", "shell"].map(|name| dir.join(name));
        let socket = |path: &Path| format!("unix:{},server,nowait", path.display());
        let (width, height) = SCREEN;
        let mut command = Command::new(EMULATOR);
        command.args("-M q35 -accel tcg -cpu max -m 1024 -nodefaults -no-reboot -display none".split(' '));
        command.arg("-kernel").arg(&kernel.image).arg("-initrd").arg(&memory);
        command.args(["-append", "console=ttyS0 quiet"]).arg("-serial");
        command.arg(format!("file:{}", dir.join("console").display())).args(["-serial", &socket(&shell)]);
        command.args([
            "-device",
            &format!("virtio-gpu-pci,xres={width},yres={height}"),
            "-device",
            "virtio-tablet-pci",
        ]);
        command.args(["-qmp", &socket(&orders)]).stdin(Stdio::null()).stdout(Stdio::null());
        let emulator = command.spawn().context("Starting QEMU")?;
        let deadline = Instant::now() + PATIENCE;
        let [orders, shell] = [orders, shell].map(|path| {
            let stream = loop {
                match UnixStream::connect(&path) {
                    Err(_) if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(20)),
                    connected => break connected.context("QEMU does not listen")?,
                }
            };
            stream.set_read_timeout(Some(PATIENCE))?;
            anyhow::Ok(BufReader::new(stream))
        });
        let mut machine = Self { emulator, orders: orders?, shell: shell?, dir: dir.to_owned() };
        machine.orders.read_line(&mut String::new())?;
        machine.order("qmp_capabilities", json!({}))?;
        machine.until_done().context("The computer did not start")?;
        Ok(machine)
    }

    /// Runs a line of its shell to the end, and returns what it said.
    pub fn run(&mut self, line: &str) -> anyhow::Result<String> {
        writeln!(self.shell.get_mut(), "{line}")?;
        let (said, code) = self.until_done()?;
        ensure!(code == 0, "{line:?} ended with {code}: {said}");
        Ok(said)
    }

    /// A finger comes down at this place of the screen, and lifts.
    pub fn touch(&mut self, x: u32, y: u32) -> anyhow::Result<()> {
        let axis = |axis: &str, at: u32, size: u32| json!({"type": "abs", "data": {"axis": axis, "value": at * PANEL_MAX / (size - 1)}});
        for down in [true, false] {
            let button = json!({"type": "btn", "data": {"down": down, "button": "left"}});
            let events = [axis("x", x, SCREEN.0), axis("y", y, SCREEN.1), button];
            self.order("input-send-event", json!({ "events": events }))?;
        }
        Ok(())
    }

    /// What the screen shows now, as a PNG.
    pub fn screen(&mut self) -> anyhow::Result<Vec<u8>> {
        let file = self.dir.join("screen.png");
        self.order("screendump", json!({"filename": file, "format": "png"}))?;
        Ok(fs::read(file)?)
    }

    /// Says something to the emulator itself.
    fn order(&mut self, order: &str, arguments: Value) -> anyhow::Result<()> {
        writeln!(self.orders.get_mut(), "{}", json!({"execute": order, "arguments": arguments}))?;
        loop {
            let mut line = String::new();
            ensure!(self.orders.read_line(&mut line)? > 0, "QEMU has ended");
            let answer: Value = serde_json::from_str(&line)?;
            match (answer.get("return"), answer.get("error")) {
                (Some(_), _) => return Ok(()),
                (None, Some(why)) => bail!("QEMU does not {order}: {why}"),
                // It tells of other things, too.
                (None, None) => {}
            }
        }
    }

    fn until_done(&mut self) -> anyhow::Result<(String, i32)> {
        let mut said = String::new();
        loop {
            let mut line = String::new();
            ensure!(self.shell.read_line(&mut line)? > 0, "the computer has gone off: {said}");
            match line.trim_end().strip_prefix(DONE) {
                Some(code) => return Ok((said, code.trim().parse()?)),
                None => said.push_str(&line),
            }
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.emulator.kill();
        let _ = self.emulator.wait();
    }
}

/// Where the kernel lies: beside what Cargo built.
fn folder() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    // Cargo keeps this at the root of what it builds.
    let target = program.ancestors().find(|folder| folder.join(".rustc_info.json").exists());
    Ok(target.context("This program lies in no target directory")?.join("machine"))
}

/// Every driver below a folder, by its name.
fn list_drivers(folder: &Path, there: &mut BTreeMap<String, PathBuf>) -> anyhow::Result<()> {
    for path in fs::read_dir(folder)?.map_while(Result::ok).map(|entry| entry.path()) {
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            list_drivers(&path, there)?;
        } else if let Some(name) = name_of(&path).trim_end_matches(".xz").strip_suffix(".ko") {
            there.insert(name.replace('-', "_"), path);
        }
    }
    Ok(())
}

/// Puts a driver behind those that it needs. One that is nowhere is part of the kernel.
fn with_needs(name: &str, there: &BTreeMap<String, PathBuf>, order: &mut Vec<(String, Vec<u8>)>) -> anyhow::Result<()> {
    let Some(path) = there.get(name).filter(|_| order.iter().all(|(other, _)| other != name)) else { return Ok(()) };
    // Newer kernels have their drivers packed.
    let bytes = if path.extension() == Some(OsStr::new("xz")) {
        output(Command::new("xz").arg("-dc").arg(path))?
    } else {
        fs::read(path)?
    };
    let key = b"\0depends=";
    if let Some(start) = bytes.windows(key.len()).position(|window| window == key) {
        let needs = bytes[start + key.len()..].split(|byte| *byte == 0).next().unwrap_or_default();
        for need in String::from_utf8_lossy(needs).split(',') {
            with_needs(&need.replace('-', "_"), there, order)?;
        }
    }
    order.push((name.to_owned(), bytes));
    Ok(())
}

/// The computer's memory as it starts: an archive in the form that the kernel unpacks.
fn contents(kernel: &Kernel, dir: &Path, program: &Path, data: &Path) -> anyhow::Result<Vec<u8>> {
    let mut archive = Archive::default();
    for folder in ["bin", "data", "dev", "drivers", "proc", "sys", "tmp"] {
        archive.folder(folder);
    }
    archive.file("init", INIT.as_bytes());
    let busybox = run(Command::new("which").arg("busybox"))?;
    archive.file("bin/busybox", &fs::read(busybox.trim())?);
    // What a debugger reads is most of it, and would only fill the memory.
    let bare = dir.join("program");
    run(Command::new("strip").arg("-o").args([&bare, program]))?;
    archive.file("bin/huiyin", &fs::read(&bare)?);
    let libraries = run(Command::new("ldd").arg(program))?;
    for library in libraries.split_whitespace().filter(|word| word.starts_with('/')) {
        archive.file(library.trim_start_matches('/'), &fs::read(library)?);
    }
    for (number, (name, driver)) in kernel.drivers.iter().enumerate() {
        archive.file(&format!("drivers/{number:02}-{name}.ko"), driver);
    }
    for file in fs::read_dir(data)?.map_while(Result::ok).map(|entry| entry.path()).filter(|path| path.is_file()) {
        archive.file(&format!("data/{}", name_of(&file)), &fs::read(&file)?);
    }
    Ok(archive.end())
}

/// An archive of `cpio`, in its form `newc`: a line of hexadecimal numbers, a name, the content; each at a multiple of
/// four bytes.
#[derive(Default)]
struct Archive {
    bytes: Vec<u8>,
    entries: usize,
    folders: Vec<String>,
}

impl Archive {
    /// A folder, after those it lies in.
    fn folder(&mut self, name: &str) {
        if let Some((above, _)) = name.rsplit_once('/') {
            self.folder(above);
        }
        if !self.folders.iter().any(|folder| folder == name) {
            self.folders.push(name.to_owned());
            self.entry(name, 0o040_755, &[]);
        }
    }

    fn file(&mut self, name: &str, content: &[u8]) {
        if let Some((folder, _)) = name.rsplit_once('/') {
            self.folder(folder);
        }
        self.entry(name, 0o100_755, content);
    }

    fn end(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, &[]);
        self.bytes
    }

    fn entry(&mut self, name: &str, mode: u32, content: &[u8]) {
        self.entries += 1;
        let numbers = [self.entries, mode as usize, 0, 0, 1, 0, content.len(), 0, 0, 0, 0, name.len() + 1, 0];
        self.bytes.extend(b"070701");
        numbers.iter().for_each(|number| self.bytes.extend(format!("{number:08x}").bytes()));
        self.bytes.extend(name.bytes().chain([0]));
        self.pad();
        self.bytes.extend(content);
        self.pad();
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn run(command: &mut Command) -> anyhow::Result<String> {
    Ok(String::from_utf8_lossy(&output(command)?).into_owned())
}

fn output(command: &mut Command) -> anyhow::Result<Vec<u8>> {
    let done = command.output().with_context(|| format!("Starting {command:?}"))?;
    ensure!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr).trim());
    Ok(done.stdout)
}
