//! W5: two deputies and the hub change the same two hundred documents without knowing of each other.

use anyhow::ensure;
use tests::world::Part;

use crate::{
    Bench, FLOOR_DEVICE, KIOSK,
    end::End,
    pair::Who,
    stage::{Copy, Device, HUB, Heard, Load, Stage},
    table::{Row, Sample, number},
    talk::{Ask, Holding, Met},
};

/// Documents.
const DOCUMENTS: usize = 200;
/// Meetings of each deputy after the changes.
const MEETINGS: usize = 2;
/// The number of the file of records; its first village is where both deputies work.
const NUMBER: usize = 160;
/// Who brings the documents, and who changes them.
const BEGINNER: &str = "together-kiosk";
const DEPUTIES: [&str; 2] = ["together-a", "together-b"];
const FLOOR_BEGINNER: &str = "floor-together";
const BY: [&str; 3] = ["dep-911", "dep-912", "县人大联络科"];

/// The devices to be enrolled.
pub fn devices() -> impl Iterator<Item = Device> {
    let kiosk = Device::new(BEGINNER, Part::Kiosk);
    DEPUTIES.into_iter().map(|key| Device::new(key, Part::Field)).chain([kiosk])
}

/// Measures and shows.
pub fn run(bench: &mut Bench) -> anyhow::Result<()> {
    let records = bench.stage.hear(&Heard { number: NUMBER, count: DOCUMENTS, is_new: false })?;
    let load = |role, key| Load { role, key, file: &records.file, is_each_alone: false };
    bench.stage.load(&[load(KIOSK, BEGINNER), load(FLOOR_DEVICE, FLOOR_BEGINNER)])?;
    let (mut floor, mut ours) = (Row::new("floor"), Row::new("ours"));
    for run in 0..bench.options.runs {
        bench.tell(&format!("W5: run {} of {}", run + 1, bench.options.runs));
        floor.push(edit(&bench.stage, &records.ids, Who::Floor, FLOOR_BEGINNER, ["floor-a", "floor-b"], "floor-hub")?);
        ours.push(edit(&bench.stage, &records.ids, Who::DeputyAndHub, BEGINNER, DEPUTIES, HUB)?);
    }
    let table = &mut bench.table;
    table.begin(&format!(
        "W5  the same {DOCUMENTS} documents changed in three places; both deputies meet the hub twice"
    ));
    table.row(&floor);
    table.row(&ours);
    table.note("every change of all three is in every document at all three, in each run");
    table.note(&format!("both ways {} B, the floor {} B", number(ours.road()), number(floor.road())));
    table.at_most("W5: datagrams of all meetings both ways", "B", 250_000.0, Some(ours.road()));
    Ok(())
}

/// Brings the documents to all three, changes them everywhere, and lets each deputy meet the hub twice in turn.
fn edit(
    stage: &Stage,
    ids: &[String],
    who: Who,
    beginner: &str,
    deputies: [&str; 2],
    hub: &str,
) -> anyhow::Result<Sample> {
    let [deputy_role, hub_role] = who.roles();
    let hub_copy = stage.copy(hub)?;
    let mut hub = End::start(hub_role, hub_copy.path())?;
    let address = hub.address()?;
    let beginner_copy = stage.copy(beginner)?;
    let beginner_role = if who == Who::Floor { FLOOR_DEVICE } else { KIOSK };
    let mut beginner = End::start(beginner_role, beginner_copy.path())?;
    let _: Met = beginner.ask(&Ask::Meet(address))?;
    let () = hub.ask(&Ask::Merge)?;
    let copies = deputies.map(|key| if who == Who::Floor { stage.copy(FLOOR_BEGINNER) } else { stage.copy(key) });
    let copies = copies.into_iter().collect::<anyhow::Result<Vec<Copy>>>()?;
    let mut ends =
        copies.iter().map(|copy| End::start(deputy_role, copy.path())).collect::<anyhow::Result<Vec<_>>>()?;
    for end in &mut ends {
        let _: Met = end.ask(&Ask::Meet(address))?;
        let () = end.ask(&Ask::Merge)?;
    }
    for (end, by) in ends.iter_mut().chain([&mut hub]).zip(BY) {
        let () = end.ask(&Ask::Change { ids: ids.to_vec(), by: by.to_owned() })?;
    }

    let cpu_s = |ends: &[End], hub: &End| -> anyhow::Result<[f64; 2]> {
        Ok([ends.iter().map(End::cpu_s).sum::<anyhow::Result<f64>>()?, hub.cpu_s()?])
    };
    let before = cpu_s(&ends, &hub)?;
    let mut sample = Sample { payload: Some([0; 2]), ..Sample::default() };
    for _ in 0..MEETINGS {
        for end in &mut ends {
            let met: Met = end.ask(&Ask::Meet(address))?;
            sample.wall_s += met.wall_s;
            sample.round_trips += met.round_trips;
            for side in 0..2 {
                sample.road[side] += met.road[side];
            }
            sample.payload = sample.payload.zip(met.payload).map(|(sum, met)| [sum[0] + met[0], sum[1] + met[1]]);
        }
    }
    let after = cpu_s(&ends, &hub)?;
    sample.cpu_s = [after[0] - before[0], after[1] - before[1]];
    sample.memory_mib = [ends[0].memory_mib()?, hub.memory_mib()?];

    let mut held = Vec::new();
    for end in ends.iter_mut().chain([&mut hub]) {
        let () = end.ask(&Ask::Merge)?;
        held.push(end.ask::<Holding>(&Ask::Hold { by: BY.map(str::to_owned).to_vec() })?);
    }
    ensure!(held.iter().all(|holding| *holding == held[0]), "the three do not hold the same: {held:?}");
    ensure!(held[0].changed == [DOCUMENTS as u64; 3], "changes are missing: {:?}", held[0].changed);
    Ok(sample)
}
