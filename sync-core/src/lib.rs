//! Feeds, spaces, runs, receipts and the session state machine: pure.
