//! Neighbours on the local network, found without typing an address: mDNS (RFC 6762) and service discovery (RFC 6763).
//!
//! Whoever lets neighbours in says that a device of this county is here, and at which port: a name by lot, another at each
//! start, and a mark of the county. Who it is, what it carries and what waits on it is told to nobody who has not proven
//! itself by its certificate. What is found is an address to be called and nothing more: whoever answers there must prove
//! itself like any other.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use civic_core::id::hex;
use mdns_sd::{ResolvedService, ServiceDaemon, ServiceEvent, ServiceInfo};
use tokio::sync::watch;
use tracing::{debug, info};

use crate::clock;

const SERVICE: &str = "_huiyin._tcp.local.";
const COUNTY: &str = "county";
/// Neighbours that are known at one time; further ones are not looked at until some are gone.
const FOUND_MAX: usize = 64;

/// Why nobody can be found.
#[derive(Debug, thiserror::Error)]
#[error("the local network cannot be looked through: {0}")]
pub struct FindError(#[from] mdns_sd::Error);

impl FindError {
    /// The thread that looked has ended.
    pub(super) fn gone() -> Self {
        Self(mdns_sd::Error::Again)
    }
}

/// Looks through the local network, and is found. Cheap to clone; the last one that goes says farewell.
#[derive(Clone)]
pub struct Finder(Arc<Inner>);

struct Inner {
    daemon: ServiceDaemon,
    /// What this device is called while this process runs.
    name: String,
    county: String,
    found: watch::Sender<BTreeMap<String, SocketAddr>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        let _ = self.daemon.shutdown();
    }
}

/// The mark of the county whose hub has this key.
fn mark(hub: &[u8; 32]) -> String {
    hex(&blake3::derive_key("huiyin county mark v1", hub)[..8])
}

impl Finder {
    /// One for devices of the county whose hub has this key.
    pub fn new(hub: &[u8; 32]) -> Result<Self, FindError> {
        let daemon = ServiceDaemon::new()?;
        let (name, found) = (hex(&clock::random::<8>()), watch::channel(BTreeMap::new()).0);
        Ok(Self(Arc::new(Inner { daemon, name, county: mark(hub), found })))
    }

    /// Tells the local network that somebody is at this door. A door that is open to this machine alone is told to nobody.
    pub fn announce(&self, door: SocketAddr) -> Result<(), FindError> {
        if !door.ip().is_loopback() {
            self.0.daemon.register(announcement(&self.0.name, &self.0.county, door)?)?;
        }
        Ok(())
    }

    /// Where neighbours are at this moment.
    pub fn found(&self) -> Vec<SocketAddr> {
        self.0.found.borrow().values().copied().collect()
    }

    /// Changes whenever one comes or goes.
    pub fn changed(&self) -> watch::Receiver<BTreeMap<String, SocketAddr>> {
        self.0.found.subscribe()
    }

    /// Looks for neighbours, for ever.
    pub async fn look(&self) -> Result<(), FindError> {
        let events = self.0.daemon.browse(SERVICE)?;
        while let Ok(event) = events.recv_async().await {
            if let ServiceEvent::ServiceResolved(service) = &event
                && let Some((name, at)) = neighbour(service, &self.0.county).filter(|(name, _)| *name != self.0.name)
            {
                info!(%at, "A neighbour is here");
                self.0.found.send_if_modified(|found| {
                    let has_room = found.len() < FOUND_MAX || found.contains_key(&name);
                    has_room && found.insert(name, at) != Some(at)
                });
            }
            if let ServiceEvent::ServiceRemoved(_, full) = &event {
                debug!(full, "A neighbour is gone");
                self.0.found.send_if_modified(|found| found.remove(name_in(full)).is_some());
            }
        }
        Ok(())
    }
}

/// All that the local network is told.
fn announcement(name: &str, county: &str, door: SocketAddr) -> Result<ServiceInfo, FindError> {
    let (host, told) = (format!("{name}.local."), [(COUNTY, county)]);
    Ok(if door.ip().is_unspecified() {
        ServiceInfo::new(SERVICE, name, &host, "", door.port(), &told[..])?.enable_addr_auto()
    } else {
        ServiceInfo::new(SERVICE, name, &host, door.ip(), door.port(), &told[..])?
    })
}

/// Who announced itself so, and where it is to be called; `None` for one of another county.
fn neighbour(service: &ResolvedService, county: &str) -> Option<(String, SocketAddr)> {
    if service.get_property_val_str(COUNTY) != Some(county) {
        return None;
    }
    let mut addresses: Vec<IpAddr> = service.get_addresses().iter().map(|address| address.to_ip_addr()).collect();
    // An address of IPv6 that counts on this link alone cannot be called by its number.
    addresses.retain(|address| match address {
        IpAddr::V4(_) => true,
        IpAddr::V6(address) => !address.is_unicast_link_local(),
    });
    addresses.sort();
    let at = SocketAddr::new(*addresses.first()?, service.get_port());
    Some((name_in(service.get_fullname()).to_owned(), at))
}

fn name_in(full: &str) -> &str {
    full.split('.').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_announcement_tells_of_a_county_and_a_port_and_of_nothing_else() {
        let county = mark(&[7; 32]);
        let door = SocketAddr::from(([10, 0, 0, 7], 4434));
        let told = announcement("ab12", &county, door).unwrap().as_resolved_service();
        assert_eq!((told.get_fullname(), told.get_hostname()), ("ab12._huiyin._tcp.local.", "ab12.local."));
        let properties: Vec<_> = told.get_properties().iter().map(|property| property.key()).collect();
        assert_eq!(properties, [COUNTY]);
        assert_eq!(neighbour(&told, &county), Some(("ab12".to_owned(), door)));
        assert_eq!(neighbour(&told, &mark(&[8; 32])), None, "another county is no neighbour");
        assert!(county.len() == 16 && !county.contains("0707"), "the mark does not tell the key");
    }
}
