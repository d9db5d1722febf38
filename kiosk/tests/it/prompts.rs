//! Everything that screens say can be heard, and a village can say it with its own voice.

use std::{
    collections::VecDeque,
    fs,
    io::{BufReader, Cursor, Read},
    sync::mpsc::{Receiver, Sender, channel},
};

use hardware::sound::{Frame, Hearing, Loudspeaker, Microphone, SAMPLE_RATE, SoundError, absent::Absent};
use kiosk::{
    prompts::{
        Bit, Prompts, Recorded, State,
        pack::Pack,
        record::{Booth, Studio},
        terminal_wording,
    },
    settings::Language,
    sound::opus,
    spoken::Spoken,
};

#[test]
fn every_sentence_of_the_wording_can_be_heard_in_both_languages() {
    for language in Language::ALL {
        let recorded = Prompts::own(language).recorded();
        assert!(recorded.len() > 80, "the wording was read");
        let silent: Vec<_> = recorded.iter().filter(|one| matches!(one.state, State::Missing | State::Stale)).collect();
        assert!(silent.is_empty(), "run kiosk/prompts/make-placeholder.sh, for nobody can hear {silent:#?}");
    }
}

#[test]
fn a_machine_s_voice_is_marked_as_one() {
    for language in Language::ALL {
        assert!(Prompts::own(language).recorded().iter().all(|one| one.state == State::Placeholder));
    }
}

#[test]
fn no_screen_shows_a_number_or_a_day_that_cannot_be_said() {
    let chinese = Prompts::own(Language::Chinese);
    let spell = |prompt: &str, value: &str| {
        chinese.spell(&Spoken { prompt: Some(prompt.to_owned()), values: vec![value.to_owned()], words: String::new() })
    };
    for (prompt, value) in
        [("last-receipt", "11月22日"), ("not-saved-again-kept", "2"), ("read-back-phone", "138 0013 8000")]
    {
        let spelt = spell(prompt, value);
        assert!(spelt.len() > 1 && spelt.iter().all(|bit| matches!(bit, Bit::Sound(_))), "{prompt}");
    }
}

#[test]
fn a_county_s_words_are_said_by_whoever_recorded_exactly_them() {
    let chinese = Prompts::own(Language::Chinese);
    for words in ["道路交通", "您说的事已经办结。", "您说的事已经办结"] {
        let spelt = chinese.spell(&Spoken::words(words));
        assert!(matches!(spelt[..], [Bit::Sound(_)]), "{words}");
    }
}

#[test]
fn words_that_nobody_recorded_are_told_and_the_rest_is_said() {
    let chinese = Prompts::own(Language::Chinese);
    let said =
        Spoken { prompt: Some("last-receipt".to_owned()), values: vec!["前天".to_owned()], ..Spoken::default() };
    let spelt = chinese.spell(&said);
    assert!(matches!(&spelt[..], [Bit::Sound(_), Bit::Unspoken(words)] if words == "前天"));
    let marks = chinese.spell(&Spoken { words: "…".to_owned(), ..Spoken::default() });
    assert!(marks.is_empty());
}

/// A second of voice between two of silence.
fn voice() -> Vec<i16> {
    let second = SAMPLE_RATE as usize;
    let loud = |at: usize| if (second..2 * second).contains(&at) { ((at % 100) as i16 - 50) * 200 } else { 0 };
    (0..3 * second).map(loud).collect()
}

/// Somebody at a microphone and a keyboard, who types `stop` when everything has been said.
struct Speaker {
    samples: Vec<i16>,
    said: Sender<()>,
}

struct Voice(std::vec::IntoIter<i16>, Sender<()>);

struct Typing {
    lines: VecDeque<&'static str>,
    said: Receiver<()>,
}

impl Microphone for Speaker {
    fn open(&mut self) -> Result<Box<dyn Hearing>, SoundError> {
        Ok(Box::new(Voice(self.samples.clone().into_iter(), self.said.clone())))
    }
}

impl Hearing for Voice {
    fn hear(&mut self) -> Result<Option<Frame>, SoundError> {
        if self.0.len() == 0 {
            self.1.send(()).unwrap();
            return Ok(None);
        }
        Ok(Some(std::array::from_fn(|_| self.0.next().unwrap_or(0))))
    }
}

impl Read for Typing {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let line = match self.lines.pop_front() {
            Some("stop") => {
                self.said.recv().unwrap();
                "\n"
            }
            Some("enter") => "\n",
            Some(letter) => letter,
            None => return Ok(0),
        };
        buffer[..line.len()].copy_from_slice(line.as_bytes());
        Ok(line.len())
    }
}

/// Reads these prompts with this typed on the keyboard; gives what the terminal showed.
fn read_aloud(samples: Vec<i16>, typed: &[&'static str], wanted: &[Recorded], into: &mut Pack) -> String {
    let (said, hear) = channel();
    let booth = Booth::open(Box::new(Speaker { samples, said }), Box::new(Loud), &Prompts::own(Language::Chinese));
    let typing = Typing { lines: typed.iter().copied().collect(), said: hear };
    let mut shown = Vec::new();
    let (input, output) = (&mut BufReader::new(typing), &mut shown);
    Studio { booth: booth.unwrap(), wording: terminal_wording(), input, output }.record(wanted, into).unwrap();
    String::from_utf8(shown).unwrap()
}

/// A loudspeaker that is heard by nobody.
struct Loud;

impl Loudspeaker for Loud {
    fn open(&mut self) -> Result<Box<dyn hardware::sound::Speaking>, SoundError> {
        Ok(Box::new(Self))
    }
}

impl hardware::sound::Speaking for Loud {
    fn play(&mut self, _frame: &Frame) -> Result<(), SoundError> {
        Ok(())
    }

    fn finish(&mut self) -> Result<(), SoundError> {
        Ok(())
    }
}

#[test]
fn a_village_says_it_with_its_own_voice() {
    let directory = tempfile("prompts-own");
    let wanted: Vec<_> = Prompts::own(Language::Chinese).recorded().into_iter().take(3).collect();
    let pack_directory = directory.join("prompts/zh-CN");
    let mut pack = Pack::empty(pack_directory.clone(), Language::Chinese, "石桥话".into(), "Shiqiao".into());
    // The first is read, heard, read again and kept; the second is passed over; the third is read and kept.
    let typed = ["enter", "stop", "a\n", "enter", "stop", "enter", "s\n", "enter", "stop", "enter"];
    let shown = read_aloud(voice(), &typed, &wanted, &mut pack);
    assert!(shown.contains(&wanted[0].says) && shown.contains("都念完了"), "{shown}");

    let voices = Prompts::all(Some(&directory));
    assert_eq!(voices.iter().map(|voice| voice.name().zh.as_str()).collect::<Vec<_>>(), ["石桥话", "英语"]);
    let states: Vec<_> = voices[0].recorded().into_iter().take(4).map(|one| one.state).collect();
    assert_eq!(states, [State::Spoken, State::Placeholder, State::Spoken, State::Placeholder]);
    // The silence around the voice is gone, but for its edges.
    let sound = voices[0].sound(&wanted[0].name, &wanted[0].says).unwrap();
    let length = opus::read(&sound).unwrap().len() as f64 / f64::from(SAMPLE_RATE);
    assert!((1.0..1.6).contains(&length), "{length} s");
    fs::remove_dir_all(directory).unwrap();
}

#[test]
fn silence_is_not_taken_for_a_prompt_and_a_missing_microphone_is_told() {
    let directory = tempfile("prompts-silent");
    let wanted: Vec<_> = Prompts::own(Language::Chinese).recorded().into_iter().take(1).collect();
    let mut pack = Pack::empty(directory.join("prompts/zh-CN"), Language::Chinese, "甲".into(), "A".into());
    let shown = read_aloud(vec![3; 8_000], &["enter", "stop", "q\n"], &wanted, &mut pack);
    assert!(shown.contains("没有听到声音") && pack.list.recordings.is_empty(), "{shown}");

    let booth = Booth::open(Box::new(Absent), Box::new(Absent), &Prompts::own(Language::Chinese)).unwrap();
    let mut shown = Vec::new();
    let (input, output) = (&mut Cursor::new(b"\n\n".to_vec()), &mut shown);
    let why = Studio { booth, wording: terminal_wording(), input, output }.record(&wanted, &mut pack).unwrap_err();
    assert!(format!("{why:#}").contains("there is no microphone"), "{why:#}");
    fs::remove_dir_all(directory).unwrap();
}

#[test]
fn a_pack_that_cannot_be_read_silences_no_other() {
    let directory = tempfile("prompts-bad");
    for name in ["zh-CN", "fangyan"] {
        fs::create_dir_all(directory.join("prompts").join(name)).unwrap();
    }
    fs::write(directory.join("prompts/zh-CN/pack.toml"), "language = ").unwrap();
    fs::write(directory.join("prompts/fangyan/pack.toml"), "language = 'zh-CN'\nzh = '石桥话'\nen = 'Shiqiao'\n")
        .unwrap();
    let voices = Prompts::all(Some(&directory));
    assert_eq!(voices.iter().map(|voice| voice.name().zh.as_str()).collect::<Vec<_>>(), ["普通话", "英语", "石桥话"]);
    let recorded = voices[2].recorded();
    assert!(recorded.iter().all(|one| one.state == State::Placeholder), "the program's own voice stands in");
    fs::remove_dir_all(directory).unwrap();
}

fn tempfile(name: &str) -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("huiyin-kiosk-{name}-{}", std::process::id()));
    fs::create_dir_all(&path).unwrap();
    path
}
