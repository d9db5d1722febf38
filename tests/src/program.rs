//! One program as a process of its own: started, watched, asked to stop, or killed as a power cut would.

use std::{
    ffi::{OsStr, OsString},
    fs::{File, OpenOptions},
    io::{self, BufRead as _, BufReader, Write as _},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};

/// How long a program may take to stop when asked.
const FAREWELL: Duration = Duration::from_secs(5);
/// How long a program may take to say where it listens; a ledger of thousands is merged first.
const START: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(20);
/// Set for programs that must end with whoever started them.
const LEASH: &str = "HUIYIN_LEASH";

/// A running program. It is killed when dropped.
pub struct Program {
    child: Child,
    said: Arc<Mutex<Vec<String>>>,
    log: PathBuf,
}

impl Program {
    /// Starts `command`; what it says on standard error goes to the end of the file `log`.
    pub fn start(mut command: Command, log: &Path) -> anyhow::Result<Self> {
        let errors = OpenOptions::new().create(true).append(true).open(log);
        let errors = errors.with_context(|| format!("Opening {}", log.display()))?;
        command.env(LEASH, "1").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors);
        // A group of its own, so that Ctrl-C reaches the desk alone, which then asks everyone to stop.
        command.process_group(0);
        let mut child = command.spawn().with_context(|| format!("Starting {:?}", command.get_program()))?;
        let said = Arc::new(Mutex::new(Vec::new()));
        if let Some(stdout) = child.stdout.take() {
            let said = said.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    said.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                }
            });
        }
        Ok(Self { child, said, log: log.to_owned() })
    }

    /// Waits for a line that begins with `start`, and returns its rest; fails when the program ends first.
    pub fn wait_for_line(&mut self, start: &str) -> anyhow::Result<String> {
        let deadline = Instant::now() + START;
        loop {
            let found = self
                .said
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .iter()
                .find_map(|line| line.strip_prefix(start).map(|rest| rest.trim().to_owned()));
            if let Some(rest) = found {
                return Ok(rest);
            }
            if let Some(status) = self.ended() {
                bail!("it ended with {status}: {}", self.last_words());
            }
            if Instant::now() > deadline {
                bail!("it said nothing of {start:?} within {} seconds: {}", START.as_secs(), self.last_words());
            }
            std::thread::sleep(POLL);
        }
    }

    /// Its number among the processes.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended; `None` while it runs.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// The last line of its log, with [`Program::start`]'s file.
    pub fn last_words(&self) -> String {
        let lines = File::open(&self.log).map(|file| BufReader::new(file).lines().map_while(Result::ok).last());
        lines.ok().flatten().unwrap_or_else(|| "it left no word".to_owned())
    }

    /// Asks it to stop, and kills it if it does not within five seconds.
    pub fn stop(&mut self) {
        self.ask_to_stop();
        let deadline = Instant::now() + FAREWELL;
        while self.ended().is_none() {
            if Instant::now() > deadline {
                self.kill();
                return;
            }
            std::thread::sleep(POLL);
        }
    }

    /// Asks it to stop, without waiting.
    pub fn ask_to_stop(&self) {
        // The shell's own `kill`: a signal from here would take unsafe code or one more library.
        let pid = self.id().to_string();
        let _ = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &pid]).stderr(Stdio::null()).status();
    }

    /// Ends it at once, as a pulled plug does.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Ends this process when whoever started it with [`Program::start`] is gone, so that nothing is left running behind a
/// killed desk. Standard input is then a pipe from which nothing ever comes but its end.
pub fn keep_on_leash() {
    if std::env::var_os(LEASH).is_some() {
        std::thread::spawn(|| {
            let _ = io::copy(&mut io::stdin(), &mut io::sink());
            std::process::exit(1);
        });
    }
}

/// Runs this process as the part of a county that its first argument names, or as `alone` if it names none.
pub fn as_a_part(alone: impl FnOnce(Vec<OsString>) -> ExitCode) -> ExitCode {
    keep_on_leash();
    let mut args = std::env::args_os();
    let own_name = args.next().unwrap_or_default();
    let mut args = args.peekable();
    let part = args.peek().and_then(|word| word.to_str()).map(str::to_owned);
    match part.as_deref() {
        Some("hub") => sync_hub::cli::main(args),
        Some("kiosk") => kiosk::cli::main(args),
        Some("field") => field_app::cli::main(args),
        Some(_) | None => alone(std::iter::once(own_name).chain(args).collect()),
    }
}

/// What a command that ran to its end said.
pub struct Done {
    /// Its exit status.
    pub code: i32,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
}

impl Done {
    /// Runs `program` with `args` to its end.
    pub fn run<S: AsRef<OsStr>>(program: &Path, args: impl IntoIterator<Item = S>) -> anyhow::Result<Self> {
        Self::run_with(program, args, "")
    }

    /// The same, with this on its standard input.
    pub fn run_with<S: AsRef<OsStr>>(
        program: &Path,
        args: impl IntoIterator<Item = S>,
        input: &str,
    ) -> anyhow::Result<Self> {
        let starting = || format!("Starting {}", program.display());
        let mut command = Command::new(program);
        command.args(args).env_remove(LEASH).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(starting)?;
        if let Some(mut stdin) = child.stdin.take() {
            // Whoever does not read it has closed it, and that is well.
            let _ = stdin.write_all(input.as_bytes());
        }
        let done = child.wait_with_output().with_context(starting)?;
        Ok(Self {
            // A signal has no status; 128 is what a shell would begin from.
            code: done.status.code().unwrap_or(128),
            out: String::from_utf8_lossy(&done.stdout).into_owned(),
            err: String::from_utf8_lossy(&done.stderr).into_owned(),
        })
    }

    /// Its output, if it did what it was asked.
    pub fn good(self) -> anyhow::Result<String> {
        if self.code != 0 {
            bail!("{}", self.err.trim().strip_prefix("error: ").unwrap_or(self.err.trim()));
        }
        Ok(self.out)
    }
}
