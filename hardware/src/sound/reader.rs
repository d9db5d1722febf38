//! Words that nobody recorded, read by a program of the system: `espeak-ng`, which Debian has. It sounds like a machine,
//! and reads whatever it is given.

use std::{
    io::{self, Read, Write},
    process::{Child, Command, Stdio},
    sync::mpsc::channel,
    time::Duration,
};

use super::{SAMPLE_RATE, SoundError, wav};

/// More than this at a time is not read; give it sentence by sentence, so that the first is heard soon.
pub const CHARACTERS_MAX: usize = 500;

/// Bytes of sound that are taken at most: a minute and a half at the rate of most programs.
const BYTES_MAX: u64 = 4 << 20;

/// A program that is silent for this long hangs, and is ended.
const PATIENCE: Duration = Duration::from_secs(10);

/// How it speaks Chinese and English: a little slower than people talk to one another.
const CHINESE: [&str; 4] = ["-v", "cmn", "-s", "220"];
const ENGLISH: [&str; 4] = ["-v", "en-gb", "-s", "150"];

/// Makes sound of words.
pub trait Reader: Send {
    /// The sound of at most [`CHARACTERS_MAX`] characters. Waits until the last of it is there.
    fn read(&mut self, words: &str) -> Result<Vec<i16>, SoundError>;
}

/// `espeak-ng`, or a program that takes the same arguments.
#[derive(Clone, Debug)]
pub struct Espeak {
    program: String,
}

impl Espeak {
    /// The program by its name or path. Nothing is started yet.
    pub fn new(program: String) -> Self {
        Self { program }
    }

    fn start(&self, words: &str) -> io::Result<Child> {
        let is_chinese = words.chars().any(|letter| ('\u{3400}'..='\u{9FFF}').contains(&letter));
        let mut child = Command::new(&self.program)
            .args(if is_chinese { CHINESE } else { ENGLISH })
            .args(["--stdin", "--stdout"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        // By the pipe and not as an argument: nobody finds a person's words in the list of programs. They are fewer
        // than a pipe holds.
        let words: String = words.chars().take(CHARACTERS_MAX).collect();
        let written = child.stdin.take().map_or(Ok(()), |mut pipe| pipe.write_all(words.as_bytes()));
        written.or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })?;
        Ok(child)
    }

    fn sound(&self, words: &str) -> io::Result<Vec<i16>> {
        let mut child = self.start(words)?;
        let (tell, told) = channel();
        if let Some(pipe) = child.stdout.take() {
            std::thread::spawn(move || {
                let mut bytes = Vec::new();
                let read = pipe.take(BYTES_MAX).read_to_end(&mut bytes);
                // Nobody listens any more when it took too long.
                let _ = tell.send(read.map(|_| bytes));
            });
        }
        let bytes = told.recv_timeout(PATIENCE).map_err(|_| io::ErrorKind::TimedOut.into()).and_then(|read| read);
        // It has said all, or too much, or hangs: in each case it is done with.
        child.kill().and_then(|()| child.wait())?;
        let (rate, samples) = wav::parse_any_rate(&bytes?)?;
        Ok(at_our_rate(&samples, rate))
    }
}

impl Reader for Espeak {
    fn read(&mut self, words: &str) -> Result<Vec<i16>, SoundError> {
        self.sound(words).map_err(|error| {
            let device = self.program.clone();
            if error.kind() == io::ErrorKind::NotFound {
                SoundError::Absent(device)
            } else {
                SoundError::Failed { device, source: error.into() }
            }
        })
    }
}

/// The same sound at [`SAMPLE_RATE`], each sample between its two neighbours.
fn at_our_rate(samples: &[i16], rate: u32) -> Vec<i16> {
    let count = (samples.len() as u64 * u64::from(SAMPLE_RATE)).checked_div(rate.into()).unwrap_or(0);
    let sample = |at: u64| {
        let place = at * u64::from(rate);
        let (before, part) = ((place / u64::from(SAMPLE_RATE)) as usize, place % u64::from(SAMPLE_RATE));
        let one = i64::from(samples.get(before).copied().unwrap_or(0));
        let next = samples.get(before + 1).map_or(one, |next| i64::from(*next));
        (one + (next - one) * part as i64 / i64::from(SAMPLE_RATE)) as i16
    };
    (0..count).map(sample).collect()
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;
    use crate::scratch::Scratch;

    /// A program that does this.
    fn program(scratch: &Scratch, script: &str) -> Espeak {
        let path = scratch.write("reader", &format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Espeak::new(path.to_string_lossy().into_owned())
    }

    #[test]
    fn words_go_in_by_the_pipe_and_sound_comes_out() {
        let scratch = Scratch::new("reader").unwrap();
        let (sound, heard) = (scratch.path().join("sound.wav"), scratch.path().join("words"));
        let mut writer = wav::Writer::create(&sound).unwrap();
        writer.add(&[7; 1_000]).unwrap();
        writer.finish().unwrap();
        let script = format!("echo \"$@\" > {0}; cat >> {0}; cat {1}", heard.display(), sound.display());
        assert_eq!(program(&scratch, &script).read("路灯修好了").unwrap(), [7; 1_000]);
        assert_eq!(fs::read_to_string(heard).unwrap(), "-v cmn -s 220 --stdin --stdout\n路灯修好了");
    }

    #[test]
    fn a_station_without_the_program_has_no_reader_and_one_that_fails_says_nothing() {
        let absent = Espeak::new("/nonexistent/espeak-ng".to_owned()).read("好");
        assert!(matches!(absent, Err(SoundError::Absent(_))));
        let scratch = Scratch::new("reader-fails").unwrap();
        assert!(matches!(program(&scratch, "exit 1").read("好"), Err(SoundError::Failed { .. })));
    }

    #[test]
    fn sound_at_another_rate_lasts_as_long() {
        let ramp: Vec<i16> = (0..22_050).map(|at| (at % 3_000) as i16).collect();
        let ours = at_our_rate(&ramp, 22_050);
        assert_eq!(ours.len(), 16_000);
        assert_eq!((ours[0], ours[160]), (0, 220));
        assert_eq!(at_our_rate(&[1, 2, 3], 0), []);
    }
}
