//! Our own ends: a device, and a hub that does nothing but answer, with or without a ledger that follows its log.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
};

use anyhow::{Context as _, bail};
use civic_core::{access::Role, bulk::Record, document::Kind, id::DocId};
use ledger::{Ledger, command};
use replica::{
    device::{Device, Road},
    hub::{Entrance, Hub},
    identity::Identity,
    road::tls,
};
use serde_json::{Value, json};
use sync_hub::{
    county,
    register::{self, Register},
};
use tokio::runtime::Runtime;

use crate::{
    edit::Edits,
    talk::{self, Ask, Holding, Met},
};

/// Records that are entered in one transaction, as `import` does.
const BATCH: usize = 100;

/// A device of `role` in `dir`.
pub fn device(role: Role, dir: &Path) -> anyhow::Result<()> {
    let (_dir, identity, ledger) = command::open(role, dir)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    talk::answer(None, |ask| match ask {
        Ask::Meet(hub) => Ok(json!(meet(&runtime, &identity, &ledger, hub, Road::Quic)?)),
        Ask::MeetOverTcp(hub) => Ok(json!(meet(&runtime, &identity, &ledger, hub, Road::Tcp)?)),
        Ask::Wait => {
            while runtime.block_on(ledger.log().join_waiting())? > 0 {}
            Ok(Value::Null)
        }
        Ask::Load { .. } | Ask::Change { .. } | Ask::Merge | Ask::Hold { .. } => keep(&ledger, ask),
    })
}

/// The hub in `dir`; its ledger merges behind the log only if it `follows`.
pub fn hub(dir: &Path, follows: bool) -> anyhow::Result<()> {
    let (dir, identity, ledger) = command::open(Role::Hub, dir)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let _running = runtime.enter();
    let authority = county::authority(&dir, &identity.card)?;
    let register = Register::open_for_enrolment(&dir.file(register::FILE), authority, identity.card.clone())?;
    let register = Arc::new(register);
    let door = Arc::new(county::door(&identity.card, register.clone())?);
    let config = tls::hub_config(&identity.key, door.clone())?;
    let entrance = Entrance::open(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), config)?;
    let address = entrance.address()?;
    let county = ledger.codebook().county.area.clone();
    let hub = Arc::new(Hub::new(ledger.log().clone(), county, identity.key.clone(), register, door));
    runtime.spawn(async move { hub.serve(&entrance).await });
    if follows {
        runtime.spawn(ledger.clone().follow());
    }
    let answered = talk::answer(Some(address), |ask| match ask {
        Ask::Meet(_) | Ask::MeetOverTcp(_) | Ask::Wait => bail!("a hub calls nobody"),
        Ask::Load { .. } | Ask::Change { .. } | Ask::Merge | Ask::Hold { .. } => keep(&ledger, ask),
    });
    drop(_running);
    runtime.shutdown_background();
    answered
}

fn meet(runtime: &Runtime, identity: &Identity, ledger: &Ledger, hub: SocketAddr, road: Road) -> anyhow::Result<Met> {
    let mut identity = Identity::new(identity.home(), identity.key.clone(), identity.card.clone());
    identity.card.hub = hub.to_string();
    let device = Device::new(Arc::new(identity), ledger.log().clone()).only(road);
    let report = runtime.block_on(device.meet_once())?;
    Ok(Met::of_report(&json!(report)))
}

/// What device and hub do alike.
fn keep(ledger: &Ledger, ask: Ask) -> anyhow::Result<Value> {
    match ask {
        Ask::Load { file, is_each_alone } => {
            let lines = fs::read_to_string(&file).with_context(|| format!("Reading {}", file.display()))?;
            let records: Result<Vec<_>, _> = lines.lines().map(Record::parse).collect();
            let records = records.map_err(anyhow::Error::msg)?;
            let mut villages = ledger.codebook().villages_in(&ledger.card().scope.areas);
            let home = villages.next().context("The device has no village")?.area.clone();
            for batch in records.chunks(if is_each_alone { 1 } else { BATCH }) {
                for entered in ledger.import(&home, batch)? {
                    entered?;
                }
            }
            Ok(json!(records.len()))
        }
        Ask::Change { ids, by } => {
            for (id, edit) in ids.iter().zip(Edits::by(&by)?) {
                let id = DocId::parse(id).context("Reading the name of a document")?;
                if !ledger.edit(&id, &by, &edit)? {
                    bail!("{id} was not changed");
                }
            }
            Ok(Value::Null)
        }
        Ask::Merge => {
            ledger.catch_up()?;
            Ok(Value::Null)
        }
        Ask::Hold { by } => {
            let marks: Vec<String> = by.iter().map(|by| format!("\"by\":{}", json!(by))).collect();
            let mut changed = vec![0; marks.len()];
            let mut digest = blake3::Hasher::new();
            ledger.export(|line| {
                let line = line.to_string();
                digest.update(line.as_bytes());
                for (mark, changed) in marks.iter().zip(&mut changed) {
                    *changed += u64::from(line.contains(mark));
                }
                Ok(())
            })??;
            let documents = ledger.count(Kind::Opinion)?;
            Ok(json!(Holding { documents, digest: digest.finalize().to_string(), changed }))
        }
        Ask::Meet(_) | Ask::MeetOverTcp(_) | Ask::Wait => bail!("only a device meets"),
    }
}
