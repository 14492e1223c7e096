//! Which addresses may be connected to: public ones, and those of the networks that the file names.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::config::Subnet;

/// What a check may connect to. It is asked of the addresses that a name leads to at the moment of connecting, so that a
/// name that leads elsewhere a moment later leads nowhere.
#[derive(Clone, Debug)]
pub(super) struct Allowed {
    networks: Vec<Subnet>,
    /// Public addresses too.
    public: bool,
}

impl Allowed {
    /// For an address of this scheme: over http whoever is on the way can answer, so only one's own networks are asked.
    pub(super) fn new(url: &Url, networks: &[Subnet]) -> Self {
        Self { networks: networks.to_vec(), public: url.scheme() == "https" }
    }

    /// Whether an address may be connected to.
    pub(super) fn is(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        if is_nowhere(address) {
            return false;
        }
        self.networks.iter().any(|network| network.holds(address)) || self.public && is_public(address)
    }

    /// Why it may not.
    pub(super) fn refusal(&self, host: &str, address: IpAddr) -> Refused {
        Refused(format!("{host} leads to {}, which is in none of its networks", address.to_canonical()))
    }
}

/// An address that is not connected to.
#[derive(Debug)]
pub(super) struct Refused(String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

/// Finds the addresses of names, and gives only those that may be connected to.
#[derive(Debug)]
pub(super) struct Names {
    allowed: Allowed,
    /// This host is asked, whatever name is looked for.
    host: Option<String>,
}

impl Names {
    pub(super) fn new(allowed: Allowed, host: Option<String>) -> Self {
        Self { allowed, host }
    }
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let host = self.host.clone().unwrap_or_else(|| name.as_str().to_owned());
        let allowed = self.allowed.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = match host.parse::<IpAddr>() {
                Ok(address) => vec![SocketAddr::new(address, 0)],
                Err(_) => tokio::net::lookup_host((host.as_str(), 0)).await?.collect(),
            };
            let (good, bad): (Vec<SocketAddr>, Vec<SocketAddr>) =
                found.into_iter().partition(|found| allowed.is(found.ip()));
            match (good.is_empty(), bad.first()) {
                (false, _) => Ok(Box::new(good.into_iter()) as Addrs),
                (true, Some(bad)) => Err(allowed.refusal(&host, bad.ip()).into()),
                (true, None) => Err(Refused(format!("{host} has no address")).into()),
            }
        })
    }
}

/// What is never connected to, whatever the file says: where cloud machines are given their keys, whole networks at once,
/// and no address at all.
fn is_nowhere(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            address.is_link_local()
                || address.is_multicast()
                || address.is_broadcast()
                || address.octets()[0] == 0
        }
        IpAddr::V6(address) => {
            address.is_unspecified()
                || address.is_multicast()
                || address.is_unicast_link_local()
                // The same keys, by IPv6.
                || address == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)
                || embedded(address).is_some_and(|inner| is_nowhere(IpAddr::V4(inner)))
        }
    }
}

/// Whether an address is one of the Internet, reached by anybody in the same way.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            !(matches!(a, 0 | 10 | 127 | 224..)
                || address.is_private()
                || address.is_link_local()
                || address.is_documentation()
                || (a == 100 && b & 0b1100_0000 == 64)
                || (a == 192 && b == 0 && c == 0)
                || (a == 192 && b == 88 && c == 99)
                || (a == 198 && b & 0b1111_1110 == 18))
        }
        IpAddr::V6(address) => {
            let [a, b, ..] = address.segments();
            // Of what was given out, without documentation, tunnels and other ways to write IPv4.
            a & 0xe000 == 0x2000
                && a != 0x2002
                && !(a == 0x2001 && (b < 0x200 || b == 0xdb8))
                && !(a == 0x3fff && b < 0x1000)
        }
    }
}

/// The IPv4 address that a gateway would take out of this one.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let of = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match (a, b) {
        (0x64, 0xff9b) if (c, d, e, f) == (0, 0, 0, 0) => Some(of(g, h)),
        (0x2002, _) => Some(of(b, c)),
        (0, 0) if (c, d, e, f) == (0, 0, 0, 0) => Some(of(g, h)),
        _ => None,
    }
}
