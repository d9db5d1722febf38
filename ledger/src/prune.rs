//! Letting go: what a device wrote leaves its log once the hub has it in a backup and the tables here hold it.
//!
//! The tables are then all that tells of it on this device. Where they are made anew they begin with what is left, and the
//! log asks the hub for the rest ([`Log::miss`](replica::store::Log::miss)); until that has come, it is at the hub alone.

use std::time::Duration;

use civic_core::time::UnixSeconds;
use replica::store::StoreError;
use tokio::{task::spawn_blocking, time::sleep};
use tracing::{debug, warn};

use crate::{Ledger, LedgerError};

/// Own runs stay here for so long after the hub first said that a verified backup has them, 35 days of its clock.
const AFTER_S: i64 = 35 * 86_400;
/// How often they are looked for.
const EVERY: Duration = Duration::from_secs(86_400);

impl Ledger {
    /// Lets go of own runs of the log that are in a verified backup of the hub since `before`, by the hub's clock, and that the
    /// tables hold on the disk; returns how many entries. A hub lets go of nothing.
    pub async fn prune(&self, before: UnixSeconds) -> Result<u64, LedgerError> {
        if self.is_hub() {
            return Ok(0);
        }
        let ledger = self.clone();
        let row = spawn_blocking(move || ledger.row_on_disk()).await.map_err(|_| StoreError::Stopped)??;
        Ok(self.log().prune(before, row).await?)
    }

    /// Does so at once and every day, for as long as the program runs.
    pub(crate) async fn keep_pruning(&self) {
        loop {
            // A card that takes nothing any more ends nothing else: what is on it must still leave.
            match self.prune_in_time().await {
                Ok(entries) => debug!(entries, "Let go of what is in the hub's backups"),
                Err(error) => warn!(%error, "What is in the hub's backups stays here"),
            }
            sleep(EVERY).await;
        }
    }

    /// What time it is the hub alone says: a clock that was wrong when something was written, or is wrong now, lets nothing go.
    pub(crate) async fn prune_in_time(&self) -> Result<u64, LedgerError> {
        match self.log().heard_at()? {
            Some(now) => self.prune(UnixSeconds(now.0.saturating_sub(AFTER_S))).await,
            None => Ok(0),
        }
    }

    /// The row of the log up to which the tables are merged, even after a power cut.
    fn row_on_disk(&self) -> Result<i64, LedgerError> {
        let tables = self.writer();
        let row = tables.progress()?.row;
        tables.sync()?;
        Ok(row)
    }
}
