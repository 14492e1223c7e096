//! A network by its first address and how many of its bits are fixed: `10.64.0.0/16`.

use std::net::IpAddr;
use std::str::FromStr;

/// A range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subnet {
    first: u128,
    fixed: u128,
    is_v4: bool,
}

impl Subnet {
    /// Whether an address is in it. What is an IPv4 address in the clothes of an IPv6 one has to be undressed before.
    pub fn holds(&self, address: IpAddr) -> bool {
        address.is_ipv4() == self.is_v4 && bits(address) & self.fixed == self.first
    }
}

impl FromStr for Subnet {
    type Err = ();

    /// Reads `10.64.0.0/16` or a single address. What is not the first address of its range is a mistake.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (address, length) = match text.split_once('/') {
            Some((address, length))
                if length.len() <= 3 && length.bytes().all(|byte| byte.is_ascii_digit()) =>
            {
                (address, Some(length.parse::<u32>().map_err(drop)?))
            }
            Some(_) => return Err(()),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(drop)?;
        let all: u32 = if address.is_ipv4() { 32 } else { 128 };
        let free = all.checked_sub(length.unwrap_or(all)).ok_or(())?;
        let fixed = u128::MAX.checked_shl(free).unwrap_or(0);
        let first = bits(address);
        let is_first = first & fixed == first;
        is_first.then_some(Self { first, fixed, is_v4: address.is_ipv4() }).ok_or(())
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}
