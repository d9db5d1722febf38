//! Keeping to the time for which personal details are kept (`vault/retention.rs` counts it): in the vault piece by piece, and
//! in the log and on every device once the last piece of an opinion has had its time.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use civic_core::{id::DocId, time::UnixSeconds};
use ledger::{
    Ledger,
    erase::{Depth, Ground},
};
use replica::clock;
use tracing::error;

use crate::{
    audit::{Action, Audit, By, Event},
    vault::{Item, Vault, erase::Why},
};

const EVERY: Duration = Duration::from_secs(3_600);

/// Whoever erases what was kept for its time, while the hub serves.
pub struct Retention {
    /// The county's ledger.
    pub ledger: Ledger,
    /// Holds personal details, and says which have had their time.
    pub vault: Arc<Vault>,
    /// Where it is noted.
    pub audit: Arc<Audit>,
    /// Whether there is a hub above this one: that one erases what lies in the log, for both.
    pub is_beneath: bool,
}

impl Retention {
    /// Everything that is due now, by the hub's clock; what is not noted is not erased. What fails is tried again at the next pass, and the rest does
    /// not wait for it.
    pub(crate) fn pass(&self, now: UnixSeconds) -> anyhow::Result<()> {
        let mut due: BTreeMap<DocId, Vec<Item>> = BTreeMap::new();
        for item in self.vault.due(&self.ledger, now)? {
            due.entry(item.doc).or_default().push(item);
        }
        let failed = |doc: &DocId, failure: anyhow::Error| {
            let error = format!("{failure:#}");
            error!(record = %doc, error, "What was kept for its time could not be erased");
        };
        for (doc, items) in due {
            self.expire(&doc, &items, now).unwrap_or_else(|failure| failed(&doc, failure));
        }
        if !self.is_beneath {
            for doc in self.vault.due_unread(&self.ledger)? {
                self.expire_unread(&doc).unwrap_or_else(|failure| failed(&doc, failure));
            }
        }
        Ok(())
    }

    /// Erases these details of a record. Once nothing of its opinion's details is left here, what devices and the log still
    /// hold of them goes, too: first, so that what a power cut leaves undone is due again.
    fn expire(&self, doc: &DocId, due: &[Item], now: UnixSeconds) -> anyhow::Result<()> {
        for item in due {
            let event = Event::new(By::hub(), Action::Erase).upon(doc);
            self.audit.note(&event.because(format!("{} {}", item.detail.word(), Why::Expired.word())))?;
        }
        if let Some(home) = self.ledger.home_of(doc)?.filter(|_| !self.is_beneath) {
            let items = self.vault.items(&self.ledger.records_of(&home.opinion)?)?;
            if items.iter().all(|item| due.contains(item)) {
                self.ledger.erase(&home.opinion, Depth::Details, Ground::Expired)?;
            }
        }
        Ok(self.vault.expire(due, now)?)
    }

    /// Erases the details of an opinion that a hub beneath this one opens: that one cannot have the log of both let go of them.
    /// What of them can be opened here has its own time, and goes with the last of it.
    fn expire_unread(&self, doc: &DocId) -> anyhow::Result<()> {
        let Some(home) = self.ledger.home_of(doc)? else { return Ok(()) };
        let is_over = self.vault.items(&self.ledger.records_of(&home.opinion)?)?.is_empty();
        if is_over && self.ledger.erased(&home.opinion)?.is_none() {
            let event = Event::new(By::hub(), Action::Erase).upon(home.opinion);
            self.audit.note(&event.because(Why::Expired.word()))?;
            self.ledger.erase(&home.opinion, Depth::Details, Ground::Expired)?;
        }
        Ok(())
    }

    /// Erases what was kept for its time, every hour, for as long as the hub serves.
    pub async fn keep_to(self) {
        let retention = Arc::new(self);
        loop {
            let worker = retention.clone();
            match tokio::task::spawn_blocking(move || worker.pass(clock::now())).await {
                Ok(Ok(())) => {}
                Ok(Err(failure)) => {
                    error!(error = format!("{failure:#}"), "What was kept for its time could not be erased")
                }
                Err(failure) => error!(error = %failure, "Erasing stopped in the middle"),
            }
            tokio::time::sleep(EVERY).await;
        }
    }
}
