//! What is heard and what is spoken: one thread plays prompts and recordings, another records a voice.
//!
//! The app never waits for them: commands go through short queues, and what happened is told by calling a function.
//! Both threads sleep while there is nothing to do and end when [`Sound`] is dropped. A station without a microphone or
//! a loudspeaker says so and goes on.
//!
//! Where to start: [`Sound`] is all that can be asked, [`Event`] all that can be told, and [`Aloud`] is both for the
//! app. [`opus`] is how voices are kept.

mod aloud;
pub mod opus;
mod recorder;
mod sentences;
mod speaker;

pub use aloud::Aloud;

use std::{
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    time::Duration,
};

use hardware::sound::{Loudspeaker, Microphone, SoundError, reader::Reader};

use crate::{prompts::Prompts, screens::speak, spoken::Spoken, station::Piece};

/// How long a recording may be before somebody asks for more.
pub const RECORDING_USUAL: Duration = speak::USUAL;

/// How long it may be then.
pub const RECORDING_EXTENDED: Duration = speak::EXTENDED;

/// A recording whose loudest moment is below this holds no voice: nobody spoke, or into the wrong side.
pub const AUDIBLE: u8 = 30;

/// The loudest; the same as the recordings are.
pub const VOLUME_MAX: u8 = 100;

/// Commands that may wait. A thread looks at them every 20 ms, so more than this wait only when a driver hangs; then
/// further ones are dropped and logged.
const COMMANDS_WAITING: usize = 16;

/// Told from the threads of the sound, which wait until it returns.
pub type Tell = Arc<dyn Fn(Event) + Send + Sync>;

/// The microphone and the loudspeaker of a station, at work.
pub struct Sound {
    speaker: SyncSender<speaker::Command>,
    recorder: SyncSender<recorder::Command>,
    utterances: AtomicU64,
}

/// One order to say something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Utterance(u64);

/// One thing to be heard.
#[derive(Clone, Debug)]
pub enum Say {
    /// A sentence, or words.
    Words(Spoken),
    /// A recording: Ogg Opus.
    Recording(Arc<[u8]>),
}

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// This was said to its end, or cannot be said. Nothing is told of what was hushed or replaced.
    Ended(Utterance),
    /// No pack has a recording of these words and no program reads them; what stands before and behind them is said.
    Unspoken(String),
    /// The program that reads what nobody recorded cannot.
    ReaderFailed(SoundError),
    /// The loudspeaker cannot be used now.
    LoudspeakerFailed(SoundError),
    /// While a voice is recorded, ten times a second.
    Recording {
        /// How loud it is, 0 to 100.
        level: u8,
        /// How long it is by now.
        length: Duration,
    },
    /// While a voice is recorded, twice a second: what its file grew by.
    Piece(Piece),
    /// A voice was recorded.
    Recorded(Recorded),
    /// The microphone cannot be used now. Told once when the sound starts, if there is none, and when recording fails
    /// before anything was recorded.
    MicrophoneFailed(SoundError),
}

/// A voice that was recorded. `Debug` shows how long it is, never the voice.
#[derive(Clone)]
pub struct Recorded {
    /// Ogg Opus, at most [`opus::BYTES_MAX`].
    pub sound: Arc<[u8]>,
    /// How long it is.
    pub length: Duration,
    /// Its loudest tenth of a second, 0 to 100; see [`AUDIBLE`].
    pub loudest: u8,
    /// Why it ended.
    pub end: End,
}

/// Why a recording ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It was stopped.
    Stopped,
    /// It was as long as it may be.
    Full,
    /// The microphone went away; what was recorded before is here.
    Broken,
}

impl Sound {
    /// Starts both threads. `prompts` is the voice at first; `reader` reads what it has no recording of.
    pub fn start(
        microphone: Box<dyn Microphone>,
        loudspeaker: Box<dyn Loudspeaker>,
        prompts: Arc<Prompts>,
        reader: Option<Box<dyn Reader>>,
        tell: Tell,
    ) -> io::Result<Self> {
        let (speaker, commands) = sync_channel(COMMANDS_WAITING);
        let told = tell.clone();
        thread("speaker", move || speaker::Speaker::new(loudspeaker, prompts, reader, told).run(&commands))?;
        let (recorder, commands): (_, Receiver<_>) = sync_channel(COMMANDS_WAITING);
        thread("recorder", move || recorder::run(microphone, &commands, &tell))?;
        Ok(Self { speaker, recorder, utterances: AtomicU64::new(0) })
    }

    /// Says these one after the other, instead of whatever is being said.
    pub fn say(&self, what: Vec<Say>) -> Utterance {
        let utterance = Utterance(self.utterances.fetch_add(1, Ordering::Relaxed));
        self.tell_speaker(speaker::Command::Say(utterance, what));
        utterance
    }

    /// Says the last thing again from its beginning.
    pub fn repeat(&self) -> Utterance {
        let utterance = Utterance(self.utterances.fetch_add(1, Ordering::Relaxed));
        self.tell_speaker(speaker::Command::Repeat(utterance));
        utterance
    }

    /// Says no more.
    pub fn hush(&self) {
        self.tell_speaker(speaker::Command::Hush);
    }

    /// Stops where it is.
    pub fn pause(&self) {
        self.tell_speaker(speaker::Command::Pause);
    }

    /// Goes on from there.
    pub fn go_on(&self) {
        self.tell_speaker(speaker::Command::GoOn);
    }

    /// From now on this loud, 0 to [`VOLUME_MAX`], each step as much as the last to the ear.
    pub fn set_volume(&self, volume: u8) {
        self.tell_speaker(speaker::Command::Volume(volume));
    }

    /// From now on with this voice.
    pub fn speak_as(&self, prompts: Arc<Prompts>) {
        self.tell_speaker(speaker::Command::Prompts(prompts));
    }

    /// Records a voice, for [`RECORDING_USUAL`] at most. Nothing is said meanwhile: the prompt would be heard in it.
    pub fn record(&self) {
        self.hush();
        self.tell_recorder(recorder::Command::Record);
    }

    /// Lets the present recording go on to [`RECORDING_EXTENDED`].
    pub fn extend(&self) {
        self.tell_recorder(recorder::Command::Extend);
    }

    /// Ends the present recording; [`Event::Recorded`] brings it.
    pub fn stop_recording(&self) {
        self.tell_recorder(recorder::Command::Stop);
    }

    /// Ends the present recording and keeps nothing of it.
    pub fn throw_away(&self) {
        self.tell_recorder(recorder::Command::ThrowAway);
    }

    fn tell_speaker(&self, command: speaker::Command) {
        log_if_lost("speaker", self.speaker.try_send(command));
    }

    fn tell_recorder(&self, command: recorder::Command) {
        log_if_lost("recorder", self.recorder.try_send(command));
    }
}

fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    std::thread::Builder::new().name(name.to_owned()).spawn(work).map(|_| ())
}

fn log_if_lost<T>(thread: &str, sent: Result<(), TrySendError<T>>) {
    if sent.is_err() {
        tracing::error!(thread, "The sound does not answer; an order is dropped");
    }
}

impl fmt::Debug for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorded").field("length", &self.length).field("end", &self.end).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Mutex,
        mpsc::{Receiver, Sender, channel},
    };

    use hardware::sound::{FRAME_SAMPLES, Frame, Hearing, SAMPLE_RATE, Speaking, absent::Absent};

    use super::*;
    use crate::{prompts::Bit, settings::Language};

    const PATIENCE: Duration = Duration::from_secs(30);

    /// A microphone in which a tone is heard, for so many samples.
    struct Tone(usize);

    impl Microphone for Tone {
        fn open(&mut self) -> Result<Box<dyn Hearing>, SoundError> {
            Ok(Box::new(Tone(self.0)))
        }
    }

    impl Hearing for Tone {
        fn hear(&mut self) -> Result<Option<Frame>, SoundError> {
            let heard = self.0.min(FRAME_SAMPLES);
            self.0 -= heard;
            Ok((heard > 0).then(|| std::array::from_fn(|at| ((at % 40) as i16 - 20) * 400)))
        }
    }

    /// A loudspeaker whose sound is kept, and that plays a frame only when the test lets it.
    #[derive(Clone)]
    struct Room {
        heard: Arc<Mutex<Vec<i16>>>,
        frames: Arc<Mutex<Receiver<()>>>,
    }

    impl Loudspeaker for Room {
        fn open(&mut self) -> Result<Box<dyn Speaking>, SoundError> {
            Ok(Box::new(self.clone()))
        }
    }

    impl Speaking for Room {
        fn play(&mut self, frame: &Frame) -> Result<(), SoundError> {
            let _ = self.frames.lock().unwrap().recv();
            self.heard.lock().unwrap().extend(frame);
            Ok(())
        }

        fn finish(&mut self) -> Result<(), SoundError> {
            Ok(())
        }
    }

    struct Stage {
        sound: Sound,
        events: Receiver<Event>,
        heard: Arc<Mutex<Vec<i16>>>,
        frames: Option<Sender<()>>,
    }

    /// A station whose microphone hears a tone of this length. While the test holds `frames`, each lets one frame play.
    fn stage(microphone: impl Microphone + 'static) -> Stage {
        stage_with(microphone, None)
    }

    /// The same with somebody who reads.
    fn stage_with(microphone: impl Microphone + 'static, reader: Option<Box<dyn Reader>>) -> Stage {
        let (tell, events) = channel();
        let (frames, let_play) = channel();
        let room = Room { heard: Arc::default(), frames: Arc::new(Mutex::new(let_play)) };
        let heard = room.heard.clone();
        let tell = Arc::new(move |event| drop(tell.send(event)));
        let prompts = Arc::new(Prompts::own(Language::Chinese));
        let sound = Sound::start(Box::new(microphone), Box::new(room), prompts, reader, tell).unwrap();
        Stage { sound, events, heard, frames: Some(frames) }
    }

    impl Stage {
        fn next(&self) -> Event {
            self.events.recv_timeout(PATIENCE).expect("the sound tells something")
        }

        /// Lets everything be played.
        fn release(&mut self) {
            self.frames = None;
        }

        #[track_caller]
        fn ends(&self, utterance: Utterance) {
            let event = self.next();
            let is_end = matches!(event, Event::Ended(ended) if ended == utterance);
            assert!(is_end, "{event:?} instead of the end of {utterance:?}");
        }

        #[track_caller]
        fn records(&self) -> Recorded {
            loop {
                let event = self.next();
                if let Event::Recorded(recorded) = event {
                    return recorded;
                }
                let is_loud = matches!(event, Event::Recording { level, .. } if level > AUDIBLE);
                assert!(is_loud || matches!(event, Event::Piece(_)), "{event:?} while recording");
            }
        }
    }

    fn sentence(key: &str) -> Say {
        Say::Words(Spoken { prompt: Some(key.to_owned()), ..Spoken::default() })
    }

    fn length_of(key: &str) -> usize {
        let spelt =
            Prompts::own(Language::Chinese).spell(&Spoken { prompt: Some(key.to_owned()), ..Spoken::default() });
        let length = |bit: &Bit| match bit {
            Bit::Sound(sound) => opus::read(sound).unwrap().len().next_multiple_of(FRAME_SAMPLES),
            Bit::Unspoken(words) => panic!("nobody recorded {words}"),
        };
        spelt.iter().map(length).sum()
    }

    #[test]
    fn sentences_are_said_one_after_the_other_with_a_breath_between() {
        let mut stage = stage(Tone(0));
        stage.release();
        let utterance = stage.sound.say(vec![sentence("back"), sentence("clear")]);
        stage.ends(utterance);
        let breath = stage.heard.lock().unwrap().len() - length_of("back") - length_of("clear");
        assert_eq!(breath, 12 * FRAME_SAMPLES);
    }

    #[test]
    fn for_words_that_nobody_can_say_there_is_one_excuse() {
        let mut stage = stage(Tone(0));
        stage.release();
        let utterance = stage.sound.say(vec![Say::Words(Spoken::words("从来没人录过这句。这句也没有。"))]);
        for words in ["从来没人录过这句。", "这句也没有。"] {
            assert!(matches!(stage.next(), Event::Unspoken(unspoken) if unspoken == words));
        }
        stage.ends(utterance);
        assert_eq!(stage.heard.lock().unwrap().len(), length_of("unread"));
    }

    /// Reads every character as 20 ms of itself; what it was given is kept.
    struct Parrot(Arc<Mutex<Vec<String>>>);

    impl Reader for Parrot {
        fn read(&mut self, words: &str) -> Result<Vec<i16>, SoundError> {
            let mut given = self.0.lock().unwrap();
            given.push(words.to_owned());
            match given.len() {
                3 => Err(SoundError::Absent("parrot".to_owned())),
                _ => Ok(vec![9; words.chars().count() * FRAME_SAMPLES]),
            }
        }
    }

    #[test]
    fn what_nobody_recorded_is_read_between_what_somebody_did_until_the_reader_is_gone() {
        let given = Arc::default();
        let mut stage = stage_with(Tone(0), Some(Box::new(Parrot(Arc::clone(&given)))));
        stage.release();
        let answer = Say::Words(Spoken::words("路灯修好了。试过都亮了。"));
        let utterance = stage.sound.say(vec![sentence("back"), answer]);
        stage.ends(utterance);
        assert_eq!(*given.lock().unwrap(), ["路灯修好了。", "试过都亮了。"]);
        let read = stage.heard.lock().unwrap().len() - length_of("back") - 12 * FRAME_SAMPLES;
        assert_eq!(read, 12 * FRAME_SAMPLES, "behind a breath");
        let utterance = stage.sound.say(vec![Say::Words(Spoken::words("好。"))]);
        assert!(matches!(stage.next(), Event::ReaderFailed(SoundError::Absent(_))));
        assert!(matches!(stage.next(), Event::Unspoken(_)));
        stage.ends(utterance);
        stage.sound.say(vec![Say::Words(Spoken::words("再说。"))]);
        assert!(matches!(stage.next(), Event::Unspoken(_)));
        assert_eq!(given.lock().unwrap().len(), 3, "nobody asks a reader that is not there");
    }

    #[test]
    fn a_new_sentence_takes_the_place_of_the_old_which_is_not_told_to_have_ended() {
        let mut stage = stage(Tone(0));
        stage.sound.say(vec![sentence("filed-next")]);
        let utterance = stage.sound.say(vec![sentence("back")]);
        stage.release();
        stage.ends(utterance);
        assert!(stage.heard.lock().unwrap().len() <= length_of("back") + 2 * FRAME_SAMPLES);
    }

    #[test]
    fn a_pause_stands_still_and_goes_on_where_it_was() {
        let mut stage = stage(Tone(0));
        let utterance = stage.sound.say(vec![sentence("back")]);
        stage.frames.as_ref().unwrap().send(()).unwrap();
        stage.sound.pause();
        stage.release();
        assert!(stage.events.recv_timeout(Duration::from_millis(200)).is_err(), "nothing ends while it is paused");
        stage.sound.go_on();
        stage.ends(utterance);
        assert_eq!(stage.heard.lock().unwrap().len(), length_of("back"));
        let again = stage.sound.repeat();
        stage.ends(again);
        assert_eq!(stage.heard.lock().unwrap().len(), 2 * length_of("back"));
    }

    #[test]
    fn hushed_is_hushed_and_half_the_volume_is_a_quarter_of_the_sound() {
        let loudest = |volume: u8| {
            let mut stage = stage(Tone(0));
            stage.release();
            stage.sound.say(vec![sentence("filed-next")]);
            stage.sound.hush();
            stage.sound.set_volume(volume);
            let utterance = stage.sound.say(vec![sentence("back")]);
            stage.ends(utterance);
            let heard = stage.heard.lock().unwrap();
            let last = &heard[heard.len() - length_of("back")..];
            last.iter().map(|sample| i32::from(*sample).abs()).max().unwrap_or(0)
        };
        let (full, half, none) = (loudest(100), loudest(50), loudest(0));
        assert!(full > 2_000 && (half - full / 4).abs() <= 1 && none == 0, "{full} {half} {none}");
    }

    #[test]
    fn a_voice_is_recorded_and_can_be_heard_again() {
        let mut stage = stage(Tone(2 * SAMPLE_RATE as usize));
        stage.release();
        stage.sound.record();
        let recorded = stage.records();
        assert_eq!((recorded.length, recorded.end), (Duration::from_secs(2), End::Stopped));
        assert!(recorded.loudest > AUDIBLE, "{}", recorded.loudest);
        let utterance = stage.sound.say(vec![Say::Recording(recorded.sound)]);
        stage.ends(utterance);
        assert_eq!(stage.heard.lock().unwrap().len(), 2 * SAMPLE_RATE as usize);
    }

    #[test]
    fn a_recording_ends_at_its_limit_which_can_be_put_off_once() {
        let endless = || Tone(300 * SAMPLE_RATE as usize);
        let stage = stage(endless());
        stage.sound.record();
        let recorded = stage.records();
        assert_eq!((recorded.length, recorded.end), (RECORDING_USUAL, End::Full));
        stage.sound.record();
        stage.sound.extend();
        let recorded = stage.records();
        assert_eq!((recorded.length, recorded.end), (RECORDING_EXTENDED, End::Full));
        assert!(recorded.sound.len() <= opus::BYTES_MAX);
    }

    #[test]
    fn what_is_thrown_away_is_gone_and_a_late_stop_stops_nothing() {
        let stage = stage(Tone(100 * SAMPLE_RATE as usize));
        stage.sound.record();
        stage.sound.throw_away();
        stage.sound.stop_recording();
        stage.sound.record();
        stage.sound.stop_recording();
        assert!(stage.records().length < RECORDING_USUAL);
        assert!(stage.events.recv_timeout(Duration::from_millis(200)).is_err(), "there was one recording");
    }

    #[test]
    fn without_a_microphone_everything_else_works() {
        let mut stage = stage(Absent);
        stage.release();
        assert!(matches!(stage.next(), Event::MicrophoneFailed(SoundError::Absent(_))));
        stage.sound.record();
        assert!(matches!(stage.next(), Event::MicrophoneFailed(SoundError::Absent(_))));
        let utterance = stage.sound.say(vec![sentence("back")]);
        stage.ends(utterance);
    }

    #[test]
    fn without_a_loudspeaker_everything_is_said_at_once() {
        let (tell, events) = channel();
        let tell = Arc::new(move |event| drop(tell.send(event)));
        let prompts = Arc::new(Prompts::own(Language::Chinese));
        let sound = Sound::start(Box::new(Tone(320)), Box::new(Absent), prompts, None, tell).unwrap();
        let utterance = sound.say(vec![sentence("back")]);
        assert!(matches!(events.recv_timeout(PATIENCE), Ok(Event::LoudspeakerFailed(SoundError::Absent(_)))));
        assert!(matches!(events.recv_timeout(PATIENCE), Ok(Event::Ended(ended)) if ended == utterance));
    }

    #[test]
    fn both_threads_end_with_the_sound() {
        let stage = stage(Tone(1_000 * SAMPLE_RATE as usize));
        stage.sound.record();
        stage.sound.say(vec![sentence("back")]);
        drop(stage.sound);
        drop(stage.frames);
        // The threads held the other end.
        while stage.events.recv_timeout(PATIENCE).is_ok() {}
        assert!(matches!(stage.events.try_recv(), Err(std::sync::mpsc::TryRecvError::Disconnected)));
    }
}
