//! Who a request comes from, once it is known.

/// The authenticated party behind a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Nobody said who they are; only public endpoints see this.
    Anonymous,
    /// A user or service principal of the directory, by token.
    Entra(EntraCaller),
    /// A user of a cluster's API server.
    Kube(KubeUser),
}

impl Caller {
    /// The directory's principal, when it is one.
    pub(crate) fn entra(&self) -> Option<&EntraCaller> {
        match self {
            Self::Entra(caller) => Some(caller),
            Self::Anonymous | Self::Kube(_) => None,
        }
    }

    /// The cluster's user, when it is one.
    pub(crate) fn kube(&self) -> Option<&KubeUser> {
        match self {
            Self::Kube(user) => Some(user),
            Self::Anonymous | Self::Entra(_) => None,
        }
    }

    /// The object id of the principal; empty when it is not of the directory.
    pub(crate) fn object_id(&self) -> &str {
        self.entra().map_or("", |caller| caller.object_id.as_str())
    }
}

/// What a token says about its bearer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EntraCaller {
    pub(crate) tenant_id: String,
    pub(crate) object_id: String,
    /// The client that the token was issued to.
    pub(crate) app_id: String,
    pub(crate) kind: CallerKind,
    /// `upn` of a user, display name of a service principal.
    pub(crate) name: String,
}

/// What kind of principal calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallerKind {
    /// A person, through an application.
    User,
    /// A service principal or managed identity.
    Application,
}

/// A user as Kubernetes knows one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct KubeUser {
    pub(crate) name: String,
    pub(crate) uid: String,
    pub(crate) groups: Vec<String>,
    pub(crate) extra: Vec<(String, Vec<String>)>,
}
