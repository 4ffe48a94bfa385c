//! Identifiers derived from the run's seed: GUIDs, random bytes.

use std::collections::BTreeMap;

use uuid::{Builder, Uuid};

/// The source of every identifier of one cloud. The same seed and the same draws give the same identifiers.
#[derive(Debug, Clone)]
pub(crate) struct Ids {
    seed: Uuid,
    drawn: BTreeMap<String, u64>,
}

impl Ids {
    /// The source for `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed: Uuid::new_v5(&Uuid::NAMESPACE_OID, &seed.to_be_bytes()), drawn: BTreeMap::new() }
    }

    /// The next GUID of `kind`. Draws of one kind do not depend on draws of another; put a resource's id into `kind` to make it
    /// independent of its neighbours too.
    pub(crate) fn guid(&mut self, kind: &str) -> String {
        self.draw(kind).to_string()
    }

    /// A GUID that is always the same for this seed and `name`.
    pub(crate) fn fixed_guid(&self, name: &str) -> String {
        random_looking(Uuid::new_v5(&self.seed, name.as_bytes())).to_string()
    }

    /// The next `count` random bytes of `kind` as lower-case hexadecimal digits.
    pub(crate) fn hex(&mut self, kind: &str, count: usize) -> String {
        use std::fmt::Write as _;
        self.bytes(kind, count).into_iter().fold(String::with_capacity(count * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// The next `count` random bytes of `kind`.
    pub(crate) fn bytes(&mut self, kind: &str, count: usize) -> Vec<u8> {
        let key = self.draw(kind);
        let mut bytes = Vec::with_capacity(count + 32);
        let mut block = 0u64;
        while bytes.len() < count {
            let mut context = ring::digest::Context::new(&ring::digest::SHA256);
            context.update(key.as_bytes());
            context.update(&block.to_be_bytes());
            bytes.extend_from_slice(context.finish().as_ref());
            block += 1;
        }
        bytes.truncate(count);
        bytes
    }

    fn draw(&mut self, kind: &str) -> Uuid {
        let count = self.drawn.entry(kind.to_owned()).or_default();
        *count += 1;
        random_looking(Uuid::new_v5(&self.seed, format!("{kind}\0{count}").as_bytes()))
    }
}

/// The same bits in the clothes of a version 4 GUID, which is what Azure hands out and what documents' patterns expect.
fn random_looking(derived: Uuid) -> Uuid {
    Builder::from_random_bytes(*derived.as_bytes()).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_ids_and_another_seed_gives_others() {
        let (mut one, mut same, mut other) = (Ids::new(0), Ids::new(0), Ids::new(1));
        let first = one.guid("vault");
        assert_eq!(first, same.guid("vault"));
        assert_ne!(first, other.guid("vault"));
        assert_ne!(first, one.guid("vault"));
        assert_eq!(Uuid::parse_str(&first).unwrap().get_version_num(), 4);
    }

    #[test]
    fn kinds_do_not_disturb_each_other() {
        let (mut one, mut two) = (Ids::new(7), Ids::new(7));
        one.guid("a");
        assert_eq!(one.hex("b", 40), two.hex("b", 40));
        assert_eq!(one.hex("b", 3).len(), 6);
    }
}
