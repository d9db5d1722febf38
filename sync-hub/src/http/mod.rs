//! The operators' pages.

use std::sync::Arc;

use axum::Router;
use ledger::Ledger;
use replica::hub::Hub;

use crate::register::Register;

/// What the pages work with.
#[derive(Clone)]
pub struct Console {
    /// The merged documents.
    pub ledger: Ledger,
    /// The devices.
    pub register: Arc<Register>,
    /// Who is connected.
    pub hub: Arc<Hub>,
}

/// Every page.
pub fn router(console: Console) -> Router {
    Router::new().with_state(console)
}
