//! What is looked for in an output: keys with how often each was found.

/// A place for a key that the index has no room for, which is never found.
const NO_ROOM: u32 = u32::MAX;

/// Keys in the order in which they were first asked for, and how often each was found and not yet taken.
///
/// What was printed mostly has the order of what was shown, so the key after the last one found is tried before any table is.
pub(super) struct Index {
    /// For each place of the table, the low half of a key and above it one more than the key's number; 0 when it is free.
    slots: Vec<u64>,
    /// How far a mixed key is shifted to become a place.
    shift: u32,
    keys: Vec<u64>,
    found: Vec<u32>,
    /// The number of the key after the last one found.
    next: usize,
}

impl Index {
    /// Room for so many keys.
    pub(super) fn new(keys_max: usize) -> Self {
        let bits = (keys_max.max(4) * 2).next_power_of_two().trailing_zeros();
        Self { slots: vec![0; 1 << bits], shift: u64::BITS - bits, keys: Vec::new(), found: Vec::new(), next: 0 }
    }

    /// Asks for a key; its number.
    pub(super) fn ask(&mut self, key: u64) -> u32 {
        let slot = match self.find(key) {
            Ok(number) => return number as u32,
            Err(slot) => slot,
        };
        let number = self.keys.len();
        // Half of the table stays free, or looking for a key would not end.
        if number >= self.slots.len() / 2 || number >= NO_ROOM as usize {
            return NO_ROOM;
        }
        self.slots[slot] = (number as u64 + 1) << 32 | key & 0xFFFF_FFFF;
        self.keys.push(key);
        self.found.push(0);
        number as u32
    }

    /// Counts a key when it was asked for.
    pub(super) fn count(&mut self, key: u64) {
        if self.keys.get(self.next) != Some(&key) {
            match self.find(key) {
                Ok(number) => self.next = number,
                Err(_) => return,
            }
        }
        let count = &mut self.found[self.next];
        *count = count.saturating_add(1);
        self.next += 1;
    }

    /// Asks for a key and counts it; its number.
    pub(super) fn put(&mut self, key: u64) -> u32 {
        let number = self.ask(key);
        if let Some(count) = self.found.get_mut(number as usize) {
            *count = count.saturating_add(1);
        }
        number
    }

    /// Takes one of what was found of a key that may never have been asked for; its number.
    pub(super) fn take_key(&mut self, key: u64) -> Option<usize> {
        if self.keys.get(self.next) != Some(&key) {
            self.next = self.find(key).ok()?;
        }
        let number = self.next;
        self.next += 1;
        self.take(number as u32).then_some(number)
    }

    /// Takes one of what was found of a key.
    pub(super) fn take(&mut self, number: u32) -> bool {
        match self.found.get_mut(number as usize) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        }
    }

    /// Whether nothing was asked for.
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The number of a key, or the free place of the table where it belongs.
    fn find(&self, key: u64) -> Result<usize, usize> {
        let mask = self.slots.len() - 1;
        let mut slot = (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> self.shift) as usize;
        loop {
            let held = self.slots[slot];
            if held == 0 {
                return Err(slot);
            }
            let number = (held >> 32) as usize - 1;
            if held as u32 == key as u32 && self.keys[number] == key {
                return Ok(number);
            }
            slot = (slot + 1) & mask;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Index;

    #[test]
    fn what_was_found_is_taken_as_often_as_it_was_found() {
        let mut index = Index::new(4);
        let (one, two) = (index.ask(7), index.ask(7 << 32 | 5));
        assert_eq!(index.ask(7), one);
        for key in [7, 7, 5, 7 << 32 | 5] {
            index.count(key);
        }
        assert_eq!([index.take(one), index.take(one), index.take(one)], [true, true, false]);
        assert_eq!([index.take(two), index.take(two)], [true, false]);
    }

    #[test]
    fn keys_in_any_order_are_counted_like_those_in_theirs() {
        let keys: Vec<u64> = (0..1000_u64).map(|at| at.wrapping_mul(0xD134_2543_DE82_EF95)).collect();
        let mut index = Index::new(keys.len());
        let numbers: Vec<u32> = keys.iter().map(|key| index.ask(*key)).collect();
        keys.iter().chain(keys.iter().rev()).chain(&[1, 2, 3]).for_each(|key| index.count(*key));
        assert!(numbers.iter().all(|number| index.take(*number) && index.take(*number) && !index.take(*number)));
    }

    #[test]
    fn what_was_put_is_taken_by_its_key_as_often_as_it_was_put() {
        let mut index = Index::new(3);
        assert_eq!([index.put(7), index.put(8), index.put(7)], [0, 1, 0]);
        assert_eq!([7, 8, 9, 7, 7, 8].map(|key| index.take_key(key)), [Some(0), Some(1), None, Some(0), None, None]);
    }

    #[test]
    fn what_it_has_no_room_for_is_never_found() {
        let mut index = Index::new(0);
        let numbers: Vec<u32> = (1..40).map(|key| index.ask(key)).collect();
        (1..40).for_each(|key| index.count(key));
        let found = numbers.iter().filter(|number| index.take(**number)).count();
        assert!((4..20).contains(&found), "{found}");
    }
}
