//! The store of one cluster: objects by kind, namespace and name, one global revision, and the history that watches read.
//!
//! It assigns identity (uid, resourceVersion, generation, creationTimestamp) and nothing else: defaults, validation and admission
//! happen before an object comes here.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::ops::Bound;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::resources::Resource;

/// Changes kept for watches; older ones answer 410, as after etcd's compaction.
const HISTORY_MAX: usize = 10_000;

/// The letters of generated names: apimachinery `pkg/util/rand`, without vowels and look-alikes.
const NAME_LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// Where an object lives. `namespace` is empty for cluster-scoped kinds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) group: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Key {
    pub(crate) fn new(resource: &Resource, namespace: &str, name: &str) -> Key {
        Key { group: resource.group, plural: resource.plural, namespace: namespace.to_owned(), name: name.to_owned() }
    }
}

/// One write, as a watch reports it.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) revision: u64,
    pub(crate) key: Key,
    pub(crate) before: Option<Arc<Value>>,
    /// `None` when it was deleted.
    pub(crate) after: Option<Arc<Value>>,
}

/// The objects of one cluster. Cloning shares the objects.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    /// Uids and generated names derive from it.
    identity: Uuid,
    revision: u64,
    draws: u64,
    objects: BTreeMap<Key, Arc<Value>>,
    history: VecDeque<Change>,
}

impl Store {
    pub(crate) fn new(identity: Uuid) -> Store {
        Store { identity, revision: 0, draws: 0, objects: BTreeMap::new(), history: VecDeque::new() }
    }

    /// The revision of the last write.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&Arc<Value>> {
        self.objects.get(key)
    }

    /// The object of a kind by namespace and name.
    pub(crate) fn find(&self, resource: &Resource, namespace: &str, name: &str) -> Option<&Arc<Value>> {
        self.objects.get(&Key::new(resource, namespace, name))
    }

    /// Objects of a kind by namespace, then name; all namespaces when `namespace` is `None`.
    pub(crate) fn list<'a>(&'a self, resource: &Resource, namespace: Option<&'a str>) -> impl Iterator<Item = (&'a Key, &'a Arc<Value>)> {
        let (group, plural) = (resource.group, resource.plural);
        let first = Key { group, plural, namespace: namespace.unwrap_or_default().to_owned(), name: String::new() };
        self.objects.range((Bound::Included(first), Bound::Unbounded)).take_while(move |(key, _)| {
            key.group == group && key.plural == plural && namespace.is_none_or(|namespace| key.namespace == namespace)
        })
    }

    /// Stores a new object and returns it with its identity. The caller has made sure that the name is free.
    pub(crate) fn create(&mut self, resource: &Resource, key: Key, mut object: Value, now: Timestamp) -> Arc<Value> {
        self.revision += 1;
        let uid = self.draw("uid").to_string();
        let meta = metadata(&mut object);
        let mut fresh = Map::new();
        fresh.insert("name".to_owned(), json!(key.name));
        if resource.namespaced {
            fresh.insert("namespace".to_owned(), json!(key.namespace));
        }
        fresh.insert("uid".to_owned(), json!(uid));
        fresh.insert("resourceVersion".to_owned(), json!(self.revision.to_string()));
        if resource.has_generation {
            fresh.insert("generation".to_owned(), json!(1));
        }
        fresh.insert("creationTimestamp".to_owned(), json!(rfc3339(now)));
        for (name, value) in std::mem::take(meta) {
            fresh.entry(name).or_insert(value);
        }
        *meta = fresh;
        self.commit(key, Some(object))
    }

    /// Replaces an object, keeping its identity; returns the stored one unchanged when nothing differs.
    pub(crate) fn update(&mut self, resource: &Resource, key: &Key, object: Value) -> Option<Arc<Value>> {
        self.replace(resource, key, object, true)
    }

    /// The same for a change of the spec that is not its author's, such as the binding of a pod to a node: the generation stays.
    pub(crate) fn bind(&mut self, resource: &Resource, key: &Key, object: Value) -> Option<Arc<Value>> {
        self.replace(resource, key, object, false)
    }

    fn replace(&mut self, resource: &Resource, key: &Key, mut object: Value, counts: bool) -> Option<Arc<Value>> {
        let before = self.objects.get(key)?.clone();
        let same_spec = before.get("spec") == object.get("spec");
        let old = before.get("metadata").cloned().unwrap_or_default();
        let meta = metadata(&mut object);
        for name in ["uid", "creationTimestamp", "resourceVersion", "generation", "name", "namespace"] {
            match old.get(name) {
                Some(value) => drop(meta.insert(name.to_owned(), value.clone())),
                None => drop(meta.shift_remove(name)),
            }
        }
        if object == *before {
            return Some(before);
        }
        self.revision += 1;
        let generation = old.get("generation").and_then(Value::as_u64).unwrap_or(1);
        let revision = self.revision.to_string();
        let meta = metadata(&mut object);
        meta.insert("resourceVersion".to_owned(), json!(revision));
        if counts && resource.has_generation && !same_spec {
            meta.insert("generation".to_owned(), json!(generation + 1));
        }
        Some(self.commit(key.clone(), Some(object)))
    }

    /// Removes an object and returns its last state.
    pub(crate) fn delete(&mut self, key: &Key) -> Option<Arc<Value>> {
        let last = self.objects.get(key)?.clone();
        self.revision += 1;
        self.commit(key.clone(), None);
        Some(last)
    }

    /// The changes after `revision`; `Err` holds the oldest revision that is still known.
    pub(crate) fn changes_since(&self, revision: u64) -> Result<impl Iterator<Item = &Change>, u64> {
        let oldest = self.history.front().map_or(self.revision, |change| change.revision.saturating_sub(1));
        if revision < oldest {
            return Err(oldest);
        }
        let from = self.history.partition_point(|change| change.revision <= revision);
        Ok(self.history.iter().skip(from))
    }

    /// A name suffix as the API server generates it (`-x7k2p`): five letters.
    pub(crate) fn draw_suffix(&mut self) -> String {
        let drawn = self.draw("name");
        drawn.as_bytes()[..5].iter().map(|byte| char::from(NAME_LETTERS[usize::from(*byte) % NAME_LETTERS.len()])).collect()
    }

    /// A draw from the cluster's identity, new at each call.
    pub(crate) fn draw(&mut self, purpose: &str) -> Uuid {
        self.draws += 1;
        // Kubernetes makes version 4 uids; these derive from the seed and say the same shape.
        let mut bytes = *Uuid::new_v5(&self.identity, format!("{purpose} {}", self.draws).as_bytes()).as_bytes();
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        Uuid::from_bytes(bytes)
    }

    fn commit(&mut self, key: Key, after: Option<Value>) -> Arc<Value> {
        let before = self.objects.get(&key).cloned();
        let after = after.map(Arc::new);
        match &after {
            Some(object) => drop(self.objects.insert(key.clone(), object.clone())),
            None => drop(self.objects.remove(&key)),
        }
        if self.history.len() == HISTORY_MAX {
            self.history.pop_front();
        }
        let result = after.clone().or_else(|| before.clone()).unwrap_or_default();
        self.history.push_back(Change { revision: self.revision, key, before, after });
        result
    }
}

/// The object's metadata, made when missing.
pub(crate) fn metadata(object: &mut Value) -> &mut Map<String, Value> {
    if !object.get("metadata").is_some_and(Value::is_object) {
        object["metadata"] = json!({});
    }
    object["metadata"].as_object_mut().expect("it was made an object just above")
}

/// Whole seconds with `Z`, as `metav1.Time` is written.
pub(crate) fn rfc3339(time: Timestamp) -> String {
    Timestamp::from_second(time.as_second()).unwrap_or(time).to_string()
}

/// `metadata.name`, empty when missing.
pub(crate) fn name_of(object: &Value) -> &str {
    text(object, "/metadata/name")
}

/// `metadata.namespace`, empty when missing.
pub(crate) fn namespace_of(object: &Value) -> &str {
    text(object, "/metadata/namespace")
}

/// `metadata.uid`, empty when missing.
pub(crate) fn uid_of(object: &Value) -> &str {
    text(object, "/metadata/uid")
}

/// A text by JSON pointer, empty when missing or of another type.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::resources;
    use super::*;

    fn pods() -> &'static Resource {
        resources::find("", "v1", "pods").expect("pods are known")
    }

    fn store_with(name: &str) -> (Store, Key) {
        let mut store = Store::new(Uuid::nil());
        let key = Key::new(pods(), "default", name);
        store.create(pods(), key.clone(), json!({"metadata":{"name":name},"spec":{"a":1}}), Timestamp::UNIX_EPOCH);
        (store, key)
    }

    #[test]
    fn a_new_object_gets_identity_and_a_change_of_spec_counts() {
        let (mut store, key) = store_with("p");
        let created = store.get(&key).expect("stored").clone();
        assert_eq!(created["metadata"]["generation"], 1);
        assert_eq!(created["metadata"]["creationTimestamp"], "1970-01-01T00:00:00Z");
        let mut changed = (*created).clone();
        changed["spec"]["a"] = json!(2);
        changed["metadata"]["uid"] = json!("forged");
        let changed = store.update(pods(), &key, changed).expect("exists");
        assert_eq!(changed["metadata"]["uid"], created["metadata"]["uid"]);
        assert_eq!(changed["metadata"]["generation"], 2);
        assert_eq!(changed["metadata"]["resourceVersion"], "2");
        let mut labelled = (*changed).clone();
        labelled["metadata"]["labels"] = json!({"a":"b"});
        assert_eq!(store.update(pods(), &key, labelled).expect("exists")["metadata"]["generation"], 2);
    }

    #[test]
    fn an_update_without_a_difference_makes_no_revision() {
        let (mut store, key) = store_with("p");
        let same = (**store.get(&key).expect("stored")).clone();
        store.update(pods(), &key, same);
        assert_eq!(store.revision(), 1);
    }

    #[test]
    fn changes_are_replayed_from_a_revision() {
        let (mut store, key) = store_with("p");
        store.delete(&key);
        let changes: Vec<_> = store.changes_since(1).expect("kept").collect();
        assert_eq!(changes.len(), 1);
        assert!(changes[0].after.is_none() && changes[0].before.is_some());
        assert_eq!(store.changes_since(2).expect("kept").count(), 0);
    }

    #[test]
    fn lists_stop_at_the_namespace_and_at_the_kind() {
        let (mut store, _) = store_with("p");
        for (namespace, name) in [("a", "z"), ("default", "b"), ("zz", "a")] {
            store.create(pods(), Key::new(pods(), namespace, name), json!({}), Timestamp::UNIX_EPOCH);
        }
        let names = |namespace| store.list(pods(), namespace).map(|(key, _)| key.name.clone()).collect::<Vec<_>>();
        assert_eq!(names(Some("default")), ["b", "p"]);
        assert_eq!(names(None), ["z", "b", "p", "a"]);
    }

    #[test]
    fn the_same_identity_draws_the_same_names() {
        let (mut one, _) = store_with("p");
        let (mut two, _) = store_with("p");
        assert_eq!(one.draw_suffix(), two.draw_suffix());
        assert_ne!(one.draw_suffix(), Store::new(Uuid::max()).draw_suffix());
    }
}
