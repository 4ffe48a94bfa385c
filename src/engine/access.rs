//! Who decided about the requests of a step, and what they took: material for whoever asks why, and for the least that a role needs.

/// A request that the world answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Method and address.
    pub request: String,
    /// The status of the answer.
    pub status: u16,
    /// It was refused because of who asked.
    pub refused: bool,
    /// Who asked; empty when nobody said.
    pub caller: String,
    /// What was looked at, in order: what, and what was found.
    pub checks: Vec<(String, String)>,
    /// Permissions without which it would have been refused.
    pub uses: Vec<Use>,
}

/// A permission that somebody used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Use {
    /// Who, as roles are assigned to them.
    pub principal: String,
    /// Who, for people.
    pub name: String,
    /// What.
    pub permission: Permission,
}

/// What roles are made of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// An action on a resource.
    Action {
        /// The id of the resource.
        scope: String,
        /// Its name.
        action: String,
        /// It is about what is in the resource.
        on_data: bool,
    },
    /// A verb on a kind of object of a cluster.
    Rule {
        /// The cluster's id.
        cluster: String,
        /// Empty for what belongs to none.
        namespace: String,
        /// Empty for the core group.
        group: String,
        /// Plural, with a subresource behind a slash.
        resource: String,
        /// The verb.
        verb: String,
    },
    /// A verb on a path of a cluster's server.
    Path {
        /// The cluster's id.
        cluster: String,
        /// The path.
        path: String,
        /// The verb.
        verb: String,
    },
}
