//! The rules of creating, changing and deleting objects: decode, default, admit, validate, store, in the API server's order.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::admission;
use super::authorizer::Asker;
use super::decode;
use super::defaults;
use super::escalation;
use super::model::Cluster;
use super::objects::{Key, metadata, name_of, namespace_of, rfc3339, text, uid_of};
use super::patch::apply::{Applied, Intent};
use super::patch::{self, json as json_patch, strategic};
use super::resources::{self, Emulation, Resource};
use super::selector::Selector;
use super::status::{self, Status};
use super::validation;
use crate::cloud::profile::Profile;

/// What the server does about fields that a kind does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldValidation {
    Ignore,
    Warn,
    Strict,
}

/// How a write is meant.
#[derive(Debug, Clone)]
pub(crate) struct WriteOptions {
    pub(crate) dry_run: bool,
    pub(crate) fields: FieldValidation,
    pub(crate) field_manager: String,
    pub(crate) force: bool,
}

/// The result of a write: the object, whether it is new, and warnings for the client.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) object: Value,
    pub(crate) created: bool,
    pub(crate) warnings: Vec<String>,
}

/// Where a write happens.
#[derive(Debug)]
pub(crate) struct Target<'a> {
    pub(crate) cluster: &'a mut Cluster,
    /// Whose write it is.
    pub(crate) author: Asker,
    pub(crate) profile: &'a Profile,
    pub(crate) resource: &'static Resource,
    /// Empty for cluster-scoped kinds.
    pub(crate) namespace: &'a str,
    pub(crate) now: Timestamp,
}

impl Target<'_> {
    fn key(&self, name: &str) -> Key {
        let namespace = if self.resource.namespaced { self.namespace } else { "" };
        Key::new(self.resource, namespace, name)
    }

    fn existing(&self, name: &str) -> Result<Value, Status> {
        self.cluster.store.get(&self.key(name)).map(|object| (**object).clone()).ok_or_else(|| Status::not_found(self.resource, name))
    }

    fn require_emulated(&self) -> Result<(), Status> {
        match self.resource.emulation {
            Emulation::ReadAsEmpty => Err(Status::not_emulated(&format!("creating a {}", self.resource.kind))),
            Emulation::Stored | Emulation::Review => Ok(()),
        }
    }

    /// Decodes a body as the kind of this resource; unknown fields become an error, warnings, or nothing.
    fn decode(&self, body: &Value, fields: FieldValidation) -> Result<(Value, Vec<String>), Status> {
        let Resource { kind, version, .. } = self.resource;
        let cannot = |why: &str| Status::bad_request(format!("{kind} in version \"{version}\" cannot be handled as a {kind}: {why}"));
        let (asked_version, asked_kind) = (text(body, "/apiVersion"), text(body, "/kind"));
        if asked_kind.is_empty() || asked_version.is_empty() {
            let missing = if asked_kind.is_empty() { "Kind" } else { "apiVersion" };
            return Err(Status::bad_request(format!("Object '{missing}' is missing in '{body}'")));
        }
        if asked_version != self.resource.api_version() || asked_kind != *kind {
            let why = format!(
                "the API version in the data ({asked_version}) does not match the expected API version ({})",
                self.resource.api_version()
            );
            return Err(Status::bad_request(why));
        }
        let decoded = decode::decode(kind, body).map_err(|why| cannot(&why))?;
        let quoted: Vec<String> = decoded.unknown_fields.iter().map(|field| format!("unknown field \"{field}\"")).collect();
        match fields {
            FieldValidation::Strict if !quoted.is_empty() => Err(cannot(&format!("strict decoding error: {}", quoted.join(", ")))),
            FieldValidation::Warn => Ok((decoded.value, quoted)),
            _ => Ok((decoded.value, Vec::new())),
        }
    }

    fn check_namespace(&self, object: &mut Value) -> Result<(), Status> {
        if !self.resource.namespaced {
            metadata(object).shift_remove("namespace");
            return Ok(());
        }
        let said = namespace_of(object).to_owned();
        if !said.is_empty() && said != self.namespace {
            return Err(Status::bad_request("the namespace of the provided object does not match the namespace sent on the request"));
        }
        metadata(object).insert("namespace".to_owned(), json!(self.namespace));
        Ok(())
    }

    fn require_namespace(&self, name: &str) -> Result<(), Status> {
        if !self.resource.namespaced {
            return Ok(());
        }
        let namespaces = resources::find("", "v1", "namespaces").expect("namespaces are in the table");
        let Some(namespace) = self.cluster.store.find(namespaces, "", self.namespace) else {
            return Err(Status::not_found(namespaces, self.namespace));
        };
        if text(namespace, "/status/phase") == "Terminating" {
            let why = format!("unable to create new content in namespace {} because it is being terminated", self.namespace);
            return Err(Status::forbidden(self.resource, name, &why));
        }
        Ok(())
    }

    /// Creates an object.
    pub(crate) fn create(&mut self, body: &Value, options: &WriteOptions) -> Result<Written, Status> {
        self.require_emulated()?;
        let (mut object, warnings) = self.decode(body, options.fields)?;
        self.check_namespace(&mut object)?;
        let prefix = text(&object, "/metadata/generateName").to_owned();
        if name_of(&object).is_empty() && !prefix.is_empty() {
            let name = format!("{prefix}{}", self.cluster.store.draw_suffix());
            metadata(&mut object).insert("name".to_owned(), json!(name));
        }
        let name = name_of(&object).to_owned();
        self.require_namespace(&name)?;
        for server_owned in ["uid", "resourceVersion", "creationTimestamp", "generation", "selfLink", "deletionTimestamp", "managedFields"]
        {
            metadata(&mut object).shift_remove(server_owned);
        }
        if let Some(object) = object.as_object_mut() {
            object.shift_remove("status");
        }
        refuse_what_needs_a_controller(self.resource, &object)?;
        defaults::apply(self.resource, &mut object);
        admission::admit(self.cluster, self.profile, self.resource, &mut object)?;
        escalation::check(&self.cluster.store, &self.author, self.resource, self.namespace, &object)?;
        let causes = validation::validate(self.resource, &object);
        if !causes.is_empty() {
            return Err(Status::invalid(self.resource, &name, &causes));
        }
        let key = self.key(&name);
        if self.cluster.store.get(&key).is_some() {
            return Err(Status::already_exists(self.resource, &name));
        }
        let object = self.store_new(key, object, options.dry_run);
        Ok(Written { object, created: true, warnings })
    }

    fn store_new(&mut self, key: Key, object: Value, dry_run: bool) -> Value {
        if dry_run {
            let mut copy = self.cluster.store.clone();
            return (*copy.create(self.resource, key, ordered(object), self.now)).clone();
        }
        (*self.cluster.store.create(self.resource, key, ordered(object), self.now)).clone()
    }

    /// Replaces an object, or its status.
    pub(crate) fn update(&mut self, name: &str, body: &Value, subresource: &str, options: &WriteOptions) -> Result<Written, Status> {
        self.require_emulated()?;
        let (mut object, warnings) = self.decode(body, options.fields)?;
        self.check_namespace(&mut object)?;
        if name_of(&object) != name {
            let why = format!("the name of the object ({}) does not match the name on the URL ({name})", name_of(&object));
            return Err(Status::bad_request(why));
        }
        let old = self.existing(name)?;
        let object = self.replace(&old, object, subresource, options)?;
        Ok(Written { object, created: false, warnings })
    }

    /// Changes an object by a patch of the given content type.
    pub(crate) fn patch(
        &mut self,
        name: &str,
        kind: PatchKind,
        change: &Value,
        subresource: &str,
        options: &WriteOptions,
    ) -> Result<Written, Status> {
        self.require_emulated()?;
        if kind == PatchKind::Apply {
            return self.apply(name, change, options);
        }
        let old = self.existing(name)?;
        let patched = match kind {
            PatchKind::Strategic => {
                strategic::apply(self.resource.kind, &old, change).map_err(|error| Status::bad_request(error.to_string()))?
            }
            PatchKind::Json => json_patch::apply(&old, change).map_err(|error| Status::invalid_patch(&error.to_string()))?,
            PatchKind::Merge | PatchKind::Apply => {
                let mut merged = old.clone();
                patch::merge(&mut merged, change);
                merged
            }
        };
        let (mut object, warnings) = self.decode(&patched, options.fields)?;
        self.check_namespace(&mut object)?;
        if name_of(&object) != name {
            let cause = status::Cause::invalid("metadata.name", &json!(name_of(&object)), "field is immutable");
            return Err(Status::invalid(self.resource, name, &[cause]));
        }
        let object = self.replace(&old, object, subresource, options)?;
        Ok(Written { object, created: false, warnings })
    }

    fn apply(&mut self, name: &str, wanted: &Value, options: &WriteOptions) -> Result<Written, Status> {
        let (mut applied, warnings) = self.decode(wanted, options.fields)?;
        self.check_namespace(&mut applied)?;
        if !wanted["metadata"]["managedFields"].as_array().is_none_or(Vec::is_empty) {
            return Err(Status::bad_request("metadata.managedFields must be nil"));
        }
        let live = self.cluster.store.get(&self.key(name)).map(|object| (**object).clone());
        let time = rfc3339(self.now);
        let api_version = self.resource.api_version();
        let intent = Intent { manager: &options.field_manager, force: options.force, api_version: &api_version, time: &time };
        let base =
            live.clone().unwrap_or_else(|| json!({"apiVersion": api_version, "kind": self.resource.kind, "metadata": {"name": name}}));
        let merged = match patch::apply::apply(self.resource.kind, &base, &applied, &intent) {
            Applied::Merged(merged) => merged,
            Applied::Conflicts(conflicts) => return Err(Status::apply_conflict(&conflicts)),
        };
        let managed = merged["metadata"]["managedFields"].clone();
        match live {
            Some(old) => {
                let object = self.replace(&old, merged, "", options)?;
                Ok(Written { object, created: false, warnings })
            }
            None => {
                let created = self.create(&merged, &WriteOptions { fields: FieldValidation::Ignore, ..options.clone() })?;
                if options.dry_run {
                    return Ok(Written { warnings, ..created });
                }
                let mut object = created.object;
                metadata(&mut object).insert("managedFields".to_owned(), managed);
                let key = self.key(name);
                let object = self.cluster.store.update(self.resource, &key, object).map(|object| (*object).clone()).unwrap_or_default();
                Ok(Written { object, created: true, warnings })
            }
        }
    }

    /// Puts `new` in the place of `old`: the parts that this request may not change are kept, the rest is validated.
    fn replace(&mut self, old: &Value, mut new: Value, subresource: &str, options: &WriteOptions) -> Result<Value, Status> {
        let name = name_of(old).to_owned();
        let said = text(&new, "/metadata/resourceVersion");
        if !said.is_empty() && said != text(old, "/metadata/resourceVersion") {
            return Err(Status::stale(self.resource, &name));
        }
        let said = text(&new, "/metadata/uid");
        if !said.is_empty() && said != uid_of(old) {
            let why = format!("Precondition failed: UID in precondition: {said}, UID in object meta: {}", uid_of(old));
            return Err(Status::conflict(self.resource, &name, &why));
        }
        if subresource == "status" {
            let status = new["status"].clone();
            let meta = new["metadata"].clone();
            new = old.clone();
            new["status"] = status;
            for kept in ["labels", "annotations"] {
                if !meta[kept].is_null() {
                    new["metadata"][kept] = meta[kept].clone();
                }
            }
        } else {
            if self.resource.subresource("status").is_some() {
                match old.get("status") {
                    Some(status) => new["status"] = status.clone(),
                    None => drop(new.as_object_mut().map(|new| new.shift_remove("status"))),
                }
            }
            complete_update(self.resource, old, &mut new);
        }
        escalation::check(&self.cluster.store, &self.author, self.resource, self.namespace, &new)?;
        let causes = validation::validate_update(self.resource, old, &new);
        if !causes.is_empty() {
            return Err(Status::invalid(self.resource, &name, &causes));
        }
        let key = self.key(&name);
        let new = ordered(new);
        if options.dry_run {
            let mut copy = self.cluster.store.clone();
            return Ok(copy.update(self.resource, &key, new).map(|object| (*object).clone()).unwrap_or_default());
        }
        let stored = self.cluster.store.update(self.resource, &key, new).map(|object| (*object).clone()).unwrap_or_default();
        let is_released = stored["metadata"]["finalizers"].as_array().is_none_or(Vec::is_empty);
        if is_released && !text(&stored, "/metadata/deletionTimestamp").is_empty() {
            self.remove(&key);
        }
        Ok(stored)
    }

    /// Deletes one object and returns the body of the answer.
    pub(crate) fn delete(&mut self, name: &str, options: &Value, dry_run: bool) -> Result<Value, Status> {
        let object = self.existing(name)?;
        let preconditions = &options["preconditions"];
        for (field, actual) in [("uid", uid_of(&object)), ("resourceVersion", text(&object, "/metadata/resourceVersion"))] {
            let wanted = text(preconditions, &format!("/{field}"));
            if !wanted.is_empty() && wanted != actual {
                let label = if field == "uid" { "UID" } else { "ResourceVersion" };
                let why = format!("Precondition failed: {label} in precondition: {wanted}, {label} in object meta: {actual}");
                return Err(Status::conflict(self.resource, name, &why));
            }
        }
        let is_namespace = (self.resource.group, self.resource.plural) == ("", "namespaces");
        if is_namespace && admission::IMMORTAL.contains(&name) {
            return Err(Status::forbidden(self.resource, name, "this namespace may not be deleted"));
        }
        let answer = self.deletion_answer(&object, options);
        if dry_run {
            return Ok(answer);
        }
        if object["metadata"]["finalizers"].as_array().is_some_and(|finalizers| !finalizers.is_empty()) {
            let mut marked = object;
            metadata(&mut marked).insert("deletionTimestamp".to_owned(), json!(rfc3339(self.now)));
            metadata(&mut marked).insert("deletionGracePeriodSeconds".to_owned(), json!(0));
            let key = self.key(name);
            return Ok(self.cluster.store.update(self.resource, &key, marked).map(|object| (*object).clone()).unwrap_or_default());
        }
        if is_namespace {
            self.empty_namespace(name);
        }
        self.remove(&self.key(name));
        Ok(answer)
    }

    /// Assumed: pods and namespaces go at once. A real pod has its grace period and a real namespace is emptied by a controller; a client
    /// that waits for the end sees the same.
    fn deletion_answer(&self, object: &Value, options: &Value) -> Value {
        let is_returned = matches!((self.resource.group, self.resource.plural), ("", "pods" | "namespaces"));
        if !is_returned {
            return status::deleted(self.resource, name_of(object), uid_of(object));
        }
        let mut last = object.clone();
        metadata(&mut last).insert("deletionTimestamp".to_owned(), json!(rfc3339(self.now)));
        if self.resource.plural == "pods" {
            let grace = options["gracePeriodSeconds"].as_i64().or_else(|| object["spec"]["terminationGracePeriodSeconds"].as_i64());
            metadata(&mut last).insert("deletionGracePeriodSeconds".to_owned(), json!(grace.unwrap_or(30)));
        } else {
            last["status"]["phase"] = json!("Terminating");
        }
        last
    }

    fn remove(&mut self, key: &Key) {
        if let Some(last) = self.cluster.store.delete(key) {
            self.cluster.logs.forget(uid_of(&last));
        }
    }

    fn empty_namespace(&mut self, namespace: &str) {
        for resource in resources::all().iter().filter(|resource| resource.namespaced) {
            let keys: Vec<Key> = self.cluster.store.list(resource, Some(namespace)).map(|(key, _)| key.clone()).collect();
            keys.iter().for_each(|key| self.remove(key));
        }
    }

    /// Deletes what a selector selects, and returns the deleted objects.
    pub(crate) fn delete_collection(&mut self, selector: &Selector, options: &Value, dry_run: bool) -> Result<Vec<Value>, Status> {
        let namespace = Some(self.namespace).filter(|namespace| !namespace.is_empty());
        let names: Vec<(String, Value)> = self
            .cluster
            .store
            .list(self.resource, namespace)
            .filter(|(_, object)| selector.matches(object))
            .map(|(key, object)| (key.name.clone(), (**object).clone()))
            .collect();
        for (name, _) in &names {
            self.delete(name, options, dry_run)?;
        }
        Ok(names.into_iter().map(|(_, object)| object).collect())
    }
}

/// The content types of a PATCH.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PatchKind {
    Json,
    Merge,
    Strategic,
    Apply,
}

impl PatchKind {
    pub(crate) const ACCEPTED: &str =
        "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml";

    pub(crate) fn of(content_type: &str) -> Option<PatchKind> {
        match content_type.split(';').next().unwrap_or_default().trim() {
            "application/json-patch+json" => Some(PatchKind::Json),
            "application/merge-patch+json" => Some(PatchKind::Merge),
            "application/strategic-merge-patch+json" => Some(PatchKind::Strategic),
            "application/apply-patch+yaml" => Some(PatchKind::Apply),
            _ => None,
        }
    }
}

/// Objects that would be stored and then never become what a real cluster makes of them.
fn refuse_what_needs_a_controller(resource: &Resource, object: &Value) -> Result<(), Status> {
    match (resource.group, resource.plural) {
        ("", "secrets") if text(object, "/type") == "kubernetes.io/service-account-token" => {
            Err(Status::not_emulated("filling secrets of the type kubernetes.io/service-account-token"))
        }
        ("", "services" | "endpoints") => Err(Status::not_emulated(&format!("creating a {}", resource.kind))),
        _ => Ok(()),
    }
}

/// Fields that an update fills in again: `PrepareForUpdate` of the registries.
fn complete_update(resource: &Resource, old: &Value, new: &mut Value) {
    match (resource.group, resource.plural) {
        ("", "pods") => {
            for kind in ["containers", "initContainers"] {
                for container in new["spec"].get_mut(kind).and_then(Value::as_array_mut).into_iter().flatten() {
                    defaults::container(container);
                }
            }
        }
        ("", "secrets") => {
            let status = new.get("status").cloned();
            defaults::apply(resource, new);
            if status.is_none()
                && let Some(new) = new.as_object_mut()
            {
                new.shift_remove("status");
            }
        }
        ("", "namespaces") => {
            new["spec"] = old["spec"].clone();
            new["metadata"]["labels"]["kubernetes.io/metadata.name"] = json!(name_of(old));
        }
        (_, "rolebindings" | "clusterrolebindings") => defaults::apply(resource, new),
        _ => {}
    }
}

/// `apiVersion`, `kind` and `metadata` first, whatever order a patch left.
fn ordered(object: Value) -> Value {
    let Value::Object(mut fields) = object else { return object };
    let mut result = serde_json::Map::new();
    for name in ["apiVersion", "kind", "metadata"] {
        if let Some(value) = fields.shift_remove(name) {
            result.insert(name.to_owned(), value);
        }
    }
    result.extend(fields);
    Value::Object(result)
}
