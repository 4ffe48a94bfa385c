//! What the nodes of a cluster can pull from the registries of the subscription.

use std::collections::BTreeSet;

use crate::cloud::authorization;
use crate::cloud::identity::azure_rbac::{self, Decision, Plane};
use crate::cloud::kube::pods::images::Image;
use crate::cloud::state::State;

/// The action of the role AcrPull.
const PULL: &str = "Microsoft.ContainerRegistry/registries/pull/read";
/// What the hosts of registries end with.
const SUFFIX: &str = ".azurecr.io";

/// The registries as the nodes of one cluster see them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Registries {
    seen: Vec<Seen>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    host: String,
    /// Whether the kubelet's identity may pull.
    may_pull: bool,
    images: BTreeSet<String>,
}

/// The registries as somebody with that object id sees them; the groups that they are in count.
pub(crate) fn seen_by(state: &State, object_id: &str) -> Registries {
    if state.registries.all().next().is_none() {
        return Registries::default();
    }
    let (grants, principals) = (authorization::grants(state), state.directory.with_groups(object_id));
    let may_pull = |id: &str| matches!(azure_rbac::decide(&grants, &principals, PULL, id, Plane::Control), Decision::Allowed(_));
    let seen = state.registries.all().map(|registry| Seen {
        host: registry.login_server(),
        may_pull: may_pull(&registry.id()),
        images: registry.images.clone(),
    });
    Registries { seen: seen.collect() }
}

impl Registries {
    /// Why an image cannot be pulled; none when it can, or when it is in no registry of Azure.
    pub(crate) fn failure(&self, image: &Image) -> Option<String> {
        let host = image.registry.to_lowercase();
        if !host.ends_with(SUFFIX) {
            return None;
        }
        let full = image.full();
        let why = match self.seen.iter().find(|known| known.host == host) {
            // As for every other name of a service that nobody has made. Assumed: no stranger's registry lets everybody pull.
            None => {
                let reference = if image.digest.is_empty() { &image.tag } else { &image.digest };
                format!(
                    "failed to do request: Head \"https://{host}/v2/{}/manifests/{reference}\": dial tcp: lookup {host} on 168.63.129.16:53: no such host",
                    image.repository
                )
            }
            // Public reports Azure/AKS#4459, Azure/karpenter-provider-azure#411.
            Some(known) if !known.may_pull => {
                let scope = image.repository.replace('/', "%2F");
                format!(
                    "failed to authorize: failed to fetch anonymous token: unexpected status from GET request to \
                     https://{host}/oauth2/token?scope=repository%3A{scope}%3Apull&service={host}: 401 Unauthorized"
                )
            }
            Some(known) if image.digest.is_empty() && !known.images.contains(&format!("{}:{}", image.repository, image.tag)) => {
                format!("{full}: not found")
            }
            Some(_) => return None,
        };
        Some(format!("failed to pull and unpack image \"{full}\": failed to resolve reference \"{full}\": {why}"))
    }
}
