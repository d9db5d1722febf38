//! The county on one desk, the stories told over it, and the gate.
