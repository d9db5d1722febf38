//! The deputy's app: visits and opinions, with or without signal.
