//! One installation's durable copy: log, identity, roads, pump.
