//! Sets of rows of one block: as a list where they are few, else as a bit for each row.

/// A block has at most so many rows, so that a row in it is 16 bits.
pub(crate) const MOST: usize = 1 << 16;

const LANES: usize = MOST / 64;

/// From so many on, a bit for each row takes less room than a list.
const LISTED: usize = MOST / 16;

/// Rows of one block, by their place in it.
#[derive(Clone, Debug)]
pub(crate) enum Set {
    /// Rising.
    Few(Vec<u16>),
    /// A bit for each.
    Many(Box<[u64; LANES]>),
}

impl Set {
    fn none() -> Box<[u64; LANES]> {
        Box::new([0; LANES])
    }

    /// All rows from `first` up to and not with `end`.
    pub(crate) fn range(first: usize, end: usize) -> Self {
        let mut lanes = Self::none();
        for (index, lane) in lanes.iter_mut().enumerate().take(end.div_ceil(64)).skip(first / 64) {
            let from = first.saturating_sub(index * 64);
            let to = (end - index * 64).min(64);
            *lane = (u64::MAX >> (64 - to)) & (u64::MAX << from);
        }
        Self::Many(lanes)
    }

    /// How many bytes `count` rows take.
    pub(crate) fn stored_len(count: usize) -> usize {
        if count > LISTED { MOST / 8 } else { 2 * count }
    }

    /// Reads what [`store`](Self::store) wrote.
    pub(crate) fn read(bytes: &[u8], count: usize) -> Self {
        if count > LISTED {
            let mut lanes = Self::none();
            for (lane, bytes) in lanes.iter_mut().zip(bytes.as_chunks::<8>().0) {
                *lane = u64::from_le_bytes(*bytes);
            }
            Self::Many(lanes)
        } else {
            Self::Few(bytes.as_chunks::<2>().0.iter().map(|bytes| u16::from_le_bytes(*bytes)).collect())
        }
    }

    /// Appends the set, as many bytes as [`stored_len`](Self::stored_len) says.
    pub(crate) fn store(&self, out: &mut Vec<u8>) {
        let count = self.len();
        match self {
            Self::Few(rows) if count <= LISTED => out.extend(rows.iter().flat_map(|row| row.to_le_bytes())),
            Self::Many(lanes) if count > LISTED => {
                out.extend(lanes.iter().flat_map(|lane| lane.to_le_bytes()));
            }
            Self::Few(_) => Self::Many(self.lanes()).store(out),
            Self::Many(_) => {
                let mut rows: Vec<u16> = self.descending().collect();
                rows.reverse();
                Self::Few(rows).store(out);
            }
        }
    }

    fn lanes(&self) -> Box<[u64; LANES]> {
        match self {
            Self::Many(lanes) => lanes.clone(),
            Self::Few(rows) => {
                let mut lanes = Self::none();
                for row in rows {
                    lanes[usize::from(row >> 6)] |= 1 << (row & 63);
                }
                lanes
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Few(rows) => rows.len(),
            Self::Many(lanes) => lanes.iter().map(|lane| lane.count_ones() as usize).sum(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Few(rows) => rows.is_empty(),
            Self::Many(lanes) => lanes.iter().all(|lane| *lane == 0),
        }
    }

    pub(crate) fn contains(&self, row: u16) -> bool {
        match self {
            Self::Few(rows) => rows.binary_search(&row).is_ok(),
            Self::Many(lanes) => lanes[usize::from(row >> 6)] >> (row & 63) & 1 == 1,
        }
    }

    /// What is in both.
    pub(crate) fn and(self, other: &Self) -> Self {
        match (self, other) {
            (Self::Many(mut lanes), Self::Many(others)) => {
                lanes.iter_mut().zip(others.iter()).for_each(|(lane, other)| *lane &= other);
                Self::Many(lanes)
            }
            (Self::Few(mut rows), Self::Few(others)) => {
                let mut others = others.iter().peekable();
                rows.retain(|row| {
                    while others.next_if(|other| *other < row).is_some() {}
                    others.peek().is_some_and(|other| *other == row)
                });
                Self::Few(rows)
            }
            (Self::Few(mut rows), many) => {
                rows.retain(|row| many.contains(*row));
                Self::Few(rows)
            }
            (many, Self::Few(rows)) => {
                Self::Few(rows.iter().copied().filter(|row| many.contains(*row)).collect())
            }
        }
    }

    /// What is in this one and not in the other.
    pub(crate) fn minus(self, other: &Self) -> Self {
        match (self, other) {
            (Self::Many(mut lanes), Self::Many(others)) => {
                lanes.iter_mut().zip(others.iter()).for_each(|(lane, other)| *lane &= !other);
                Self::Many(lanes)
            }
            (Self::Many(mut lanes), Self::Few(rows)) => {
                rows.iter().for_each(|row| lanes[usize::from(row >> 6)] &= !(1 << (row & 63)));
                Self::Many(lanes)
            }
            (Self::Few(mut rows), other) => {
                rows.retain(|row| !other.contains(*row));
                Self::Few(rows)
            }
        }
    }

    /// What is in either.
    pub(crate) fn or(self, other: &Self) -> Self {
        let mut lanes = match self {
            Self::Many(lanes) => lanes,
            few @ Self::Few(_) => few.lanes(),
        };
        match other {
            Self::Many(others) => {
                lanes.iter_mut().zip(others.iter()).for_each(|(lane, other)| *lane |= other);
            }
            Self::Few(rows) => rows.iter().for_each(|row| lanes[usize::from(row >> 6)] |= 1 << (row & 63)),
        }
        Self::Many(lanes)
    }

    /// The rows, the newest first.
    pub(crate) fn descending(&self) -> Box<dyn Iterator<Item = u16> + '_> {
        match self {
            Self::Few(rows) => Box::new(rows.iter().rev().copied()),
            Self::Many(lanes) => Box::new(lanes.iter().enumerate().rev().flat_map(|(index, lane)| {
                let mut left = *lane;
                std::iter::from_fn(move || {
                    let bit = 63_u32.checked_sub(left.leading_zeros())?;
                    left &= !(1 << bit);
                    Some((index * 64) as u16 + bit as u16)
                })
            })),
        }
    }
}
