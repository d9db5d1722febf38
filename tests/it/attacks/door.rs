//! Somebody reaches the port at which the county's devices call, over UDP and over TCP, with no device of the county.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream, UdpSocket},
    time::Duration,
};

use replica::clock;
use tests::world::Part;

use super::{Field, Ground};
use crate::stories::SHIQIAO;

static GROUND: Ground = Ground::new();

/// Says `bytes` over TCP, and hears what is answered until the other end closes or a second has passed.
fn say(at: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let _ = stream.write_all(bytes);
    let mut heard = Vec::new();
    let _ = stream.read_to_end(&mut heard);
    heard
}

/// A ClientHello of TLS 1.2 that offers what a server of its day would have taken, and no later version.
fn hello_of_tls_1_2() -> Vec<u8> {
    let suites = [0xc0, 0x2b, 0xc0, 0x2f, 0x00, 0x9c, 0x00, 0x2f];
    let groups_and_signatures = [
        0x00, 0x0a, 0x00, 0x06, 0x00, 0x04, 0x00, 0x1d, 0x00, 0x17, // supported_groups: x25519, secp256r1
        0x00, 0x0d, 0x00, 0x08, 0x00, 0x06, 0x04, 0x03, 0x08, 0x07, 0x04, 0x01, // signature_algorithms
    ];
    let mut body = vec![0x03, 0x03];
    body.extend(clock::random::<32>());
    body.extend([0, 0, suites.len() as u8]);
    body.extend(suites);
    body.extend([1, 0, 0, groups_and_signatures.len() as u8]);
    body.extend(groups_and_signatures);
    let handshake = [&[1, 0, 0, body.len() as u8][..], &body].concat();
    [&[0x16, 0x03, 0x01, 0, handshake.len() as u8][..], &handshake].concat()
}

/// A device that is as it should be meets the hub.
fn assert_open(field: &mut Field<'_>, key: &str) {
    let file = field.story().file(31, 1);
    field.story().enrolled(key, Part::Kiosk, "石桥村", &[SHIQIAO]);
    let world = &field.story().world;
    world.tell(key, &["import", file.to_str().unwrap()]).unwrap().good().unwrap();
    let said = world.tell(key, &["sync", "--once", "--json"]).unwrap().good().unwrap();
    assert!(said.contains("\"in_step\":true"), "{said}");
}

/// 降级 an old version of TLS is asked for (downgrade)
/// - refused: hub: TLS 1.3 and nothing else
/// - audit: nothing: nobody said who they are
#[test]
fn no_older_tls_is_spoken() {
    let mut field = GROUND.enter("door");
    let heard = say(field.story().world.hub_at(), &hello_of_tls_1_2());
    // An alert of seven bytes, and no ServerHello.
    assert_eq!((heard.first(), heard.len()), (Some(&0x15), 7), "{heard:02x?}");
}

/// 明文 words in the clear, and letters of other protocols
/// - refused: hub: nothing is heard before the handshake, and nothing is said
/// - audit: nothing, likewise
#[test]
fn nothing_is_answered_in_the_clear() {
    let mut field = GROUND.enter("door");
    let at = field.story().world.hub_at();
    for words in [&b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"[..], b"SSH-2.0-x\r\n", b"\0\0\0\x05hello", &[0xff; 70_000]] {
        let heard = say(at, words);
        assert!(heard.len() <= 7, "an alert at most: {heard:02x?}");
    }
}

/// 占满连接 hundreds of connections that never say who they are
/// - refused: hub: a handshake has eight seconds; whoever is of the county is let in meanwhile
/// - audit: nothing, likewise
#[test]
fn whoever_holds_the_door_keeps_nobody_out() {
    let mut field = GROUND.enter("door");
    let at = field.story().world.hub_at();
    let silent: Vec<_> = (0..400).map(|_| TcpStream::connect(at).unwrap()).collect();
    assert_open(&mut field, "passing");
    drop(silent);
}

/// 乱包 datagrams of noise, and old ones again
/// - refused: hub, QUIC: a packet that no key opens is dropped
/// - audit: nothing, likewise
#[test]
fn noise_on_the_line_disturbs_nobody() {
    let mut field = GROUND.enter("door");
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let at = field.story().world.hub_at();
    for round in 0..2_000_u32 {
        let mut packet: Vec<u8> = (0..40).flat_map(|_| clock::random::<32>()).collect();
        // Every other one begins as a first packet of QUIC does.
        if round % 2 == 0 {
            packet[..5].copy_from_slice(&[0xc3, 0, 0, 0, 1]);
        }
        let _ = socket.send_to(&packet, at);
    }
    assert_open(&mut field, "undisturbed");
}

/// 放大攻击 a small packet with somebody else's address asks for a large answer
/// - refused: hub, QUIC: before an address is proven it gets at most three times what it sent
/// - audit: nothing, likewise
#[test]
fn no_flood_can_be_called_down_upon_somebody_else() {
    let mut field = GROUND.enter("door");
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(700))).unwrap();
    let mut asked = vec![0; 1_200];
    // A version that does not exist, which every server must answer.
    asked[..15].copy_from_slice(&[0xc0, 0x1a, 0x2a, 0x3a, 0x4a, 4, 1, 2, 3, 4, 4, 5, 6, 7, 8]);
    socket.send_to(&asked, field.story().world.hub_at()).unwrap();
    let (mut heard, mut packet) = (0, [0; 65_536]);
    while let Ok(len) = socket.recv(&mut packet) {
        heard += len;
    }
    assert!((1..=3 * asked.len()).contains(&heard), "{heard} bytes for {}", asked.len());
}
