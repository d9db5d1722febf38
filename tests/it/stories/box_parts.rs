//! The real kiosk with a printer and a scanner on wires: files in their places, which the kernel's own would be.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    time::Duration,
};

use hardware::printer::{
    ROW_BYTES,
    paper::{Interpreter, Paper},
};
use tests::world::{Part, wait_for};

use super::{SHIQIAO, Story, people::Villager};

/// How the kernel names Enter and the digits 0 to 9 (linux/input-event-codes.h).
const ENTER: u16 = 28;
const DIGITS: [u16; 10] = [11, 2, 3, 4, 5, 6, 7, 8, 9, 10];

/// What the kernel writes when these keys are pressed two milliseconds apart.
fn pressed(keys: impl Iterator<Item = u16>) -> Vec<u8> {
    let event = |(place, code): (usize, u16)| {
        let (seconds, micros) = (100_usize.to_ne_bytes(), (place * 2_000).to_ne_bytes());
        [&seconds[..], &micros, &1_u16.to_ne_bytes(), &code.to_ne_bytes(), &1_i32.to_ne_bytes()].concat()
    };
    keys.enumerate().flat_map(event).collect()
}

#[test]
fn a_slip_comes_out_of_the_printer_and_opens_its_progress_under_the_scanner() {
    let mut story = Story::begin("slip");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    let world = &story.world;
    let (printer, scanner) = (story.dir.join("lp0"), story.dir.join("scanner"));
    fs::write(&printer, "").unwrap();
    // A pipe with a name is what a device is: it is there, and says something now and then.
    assert!(std::process::Command::new("mkfifo").arg(&scanner).status().unwrap().success());
    let wiring = format!("[printer]\ndevice = {printer:?}\n\n[[keyboard]]\ndevice = {scanner:?}\n");
    fs::write(world.data("kiosk").join("wiring.toml"), wiring).unwrap();
    world.start("kiosk").unwrap();
    let mut scans = OpenOptions::new().write(true).open(&scanner).unwrap();
    let villager = Villager::at(world, "kiosk").unwrap();
    villager.compose("饮水安全", "家里停水了。").unwrap();
    let ticket = villager.file().unwrap();
    wait_for("the slip", || villager.words().ok()?.join("\n").contains("请拿好").then_some(())).unwrap();
    let mut paper = Interpreter::new(Paper::Plenty);
    paper.take(&fs::read(&printer).unwrap());
    let is_black = |row: &[u8; ROW_BYTES]| row.iter().any(|byte| *byte != 0);
    assert!(paper.printed().rows.iter().filter(|row| is_black(row)).count() > 300, "a number, a code and some words");
    villager.leave().unwrap();

    let digits = ticket.digits();
    let scan = digits.bytes().map(|digit| DIGITS[usize::from(digit - b'0')]).chain([ENTER]);
    scans.write_all(&pressed(scan)).unwrap();
    let number = ticket.to_string();
    let is_found = || {
        let view = villager.view().ok()?;
        (view["screen"] == "Progress" && view["words"].to_string().contains(&number)).then_some(())
    };
    wait_for("the progress of the slip", is_found).unwrap();
}

/// Processor time of a program, in hundredths of a second.
fn processor_ticks(id: u32) -> u64 {
    let line = fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    let (_, rest) = line.rsplit_once(')').unwrap();
    rest.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
}

#[test]
fn a_kiosk_before_which_nobody_stands_does_nothing() {
    let mut story = Story::begin("idle");
    story.enrolled("kiosk", Part::Kiosk, "石桥村", &[SHIQIAO]);
    let world = &story.world;
    world.start("kiosk").unwrap();
    wait_for("an open road", || (world.status("kiosk")?["road"]["is_open"] == true).then_some(())).unwrap();
    let id = world.process("kiosk").unwrap();
    let second = || {
        let before = processor_ticks(id);
        std::thread::sleep(Duration::from_secs(1));
        processor_ticks(id) - before
    };
    // What the start still works off, on a machine that does much else, is waited for.
    wait_for("the work of the start to end", || (second() <= 1).then_some(())).unwrap();
    // What is still done then is done for nobody. Some seconds may hold a word from the hub, most must hold nothing.
    let idle: Vec<u64> = (0..6).map(|_| second()).collect();
    assert!(idle.iter().filter(|ticks| **ticks <= 1).count() >= 4, "{idle:?} hundredths of each second");
}
