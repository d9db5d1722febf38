//! In which network this device is: enough to remember what worked there, and nothing that needs a right.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket},
    time::Duration,
};

/// The port of RFC 863.
const DISCARD: u16 = 9;
/// A gateway that is there is known within so many looks.
const ASKS: u32 = 10;
const ASK_EVERY: Duration = Duration::from_millis(10);

/// A name for the network from which `hub` is called at this moment: a hash of the gateway and its hardware address where
/// the system tells them, else of the prefix of this machine's own address. Nobody can read from it where that is.
pub async fn here(hub: SocketAddr) -> String {
    let mut told = gateway();
    if told.is_none() && ask_gateway() {
        // The system learns the hardware address when something is sent there.
        for _ in 0..ASKS {
            tokio::time::sleep(ASK_EVERY).await;
            told = gateway();
            if told.is_some() {
                break;
            }
        }
    }
    let told = told.unwrap_or_else(|| prefix(hub));
    blake3::hash(told.as_bytes()).to_hex()[..16].to_owned()
}

/// Sends the gateway a word to its port for words that are thrown away; `false` if there is no gateway.
fn ask_gateway() -> bool {
    let Some(gateway) = fs::read_to_string("/proc/net/route").ok().and_then(|routes| default_gateway(&routes)) else {
        return false;
    };
    UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).and_then(|socket| socket.send_to(b"?", (gateway, DISCARD))).is_ok()
}

/// The gateway's address and hardware address.
fn gateway() -> Option<String> {
    let routes = fs::read_to_string("/proc/net/route").ok()?;
    let gateway = default_gateway(&routes)?;
    let neighbours = fs::read_to_string("/proc/net/arp").ok()?;
    let hardware = hardware_of(&neighbours, gateway)?;
    Some(format!("gateway {gateway} {hardware}"))
}

/// The gateway of the default route in what `/proc/net/route` says.
fn default_gateway(routes: &str) -> Option<Ipv4Addr> {
    let of_line = |line: &str| {
        let mut fields = line.split_whitespace().skip(1);
        let (destination, gateway) = (fields.next()?, fields.next()?);
        let gateway = u32::from_str_radix(gateway, 16).ok()?;
        (destination == "00000000" && gateway != 0).then(|| Ipv4Addr::from(gateway.to_le_bytes()))
    };
    routes.lines().skip(1).find_map(of_line)
}

/// The hardware address of a neighbour in what `/proc/net/arp` says.
fn hardware_of(neighbours: &str, of: Ipv4Addr) -> Option<&str> {
    let line = neighbours.lines().skip(1).find(|line| line.split_whitespace().next() == Some(&of.to_string()))?;
    line.split_whitespace().nth(3).filter(|hardware| *hardware != "00:00:00:00:00:00")
}

/// The first half of the address from which the hub would be called.
fn prefix(hub: SocketAddr) -> String {
    let any: IpAddr = if hub.is_ipv4() { [0, 0, 0, 0].into() } else { [0u16; 8].into() };
    // Nothing is sent: the system is only asked which of its addresses it would use.
    let own = UdpSocket::bind((any, 0)).and_then(|socket| {
        socket.connect(hub)?;
        socket.local_addr()
    });
    match own.map(|own| own.ip()) {
        Ok(IpAddr::V4(own)) => format!("prefix {:?}", &own.octets()[..3]),
        Ok(IpAddr::V6(own)) => format!("prefix {:?}", &own.segments()[..4]),
        Err(_) => "none".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_known_by_its_gateway() {
        let routes =
            "Iface\tDestination\tGateway \tFlags\nwlan0\t0000A8C0\t00000000\t0001\nwlan0\t00000000\t0100A8C0\t0003\n";
        let gateway = default_gateway(routes).unwrap();
        assert_eq!(gateway, Ipv4Addr::new(192, 168, 0, 1));
        let arp = "IP address  HW type  Flags  HW address  Mask  Device\n\
                   192.168.0.7  0x1  0x2  aa:bb:cc:dd:ee:07  *  wlan0\n\
                   192.168.0.1  0x1  0x2  aa:bb:cc:dd:ee:01  *  wlan0\n";
        assert_eq!(hardware_of(arp, gateway), Some("aa:bb:cc:dd:ee:01"));
        assert_eq!(hardware_of(arp, Ipv4Addr::new(10, 0, 0, 1)), None);
        assert_eq!(default_gateway("Iface\tDestination\nlo\tgarbage\n"), None);
    }

    #[tokio::test]
    async fn the_same_place_has_the_same_name_and_says_nothing_of_where_it_is() {
        let hub = SocketAddr::from(([127, 0, 0, 1], 4433));
        assert_eq!(here(hub).await, here(hub).await);
        assert_eq!(here(hub).await.len(), 16);
    }
}
