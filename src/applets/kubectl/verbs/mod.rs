//! One file a verb; the table of all of them with the options that each has.

mod api_resources;
mod apply;
mod auth;
mod cluster_info;
mod config;
mod create;
mod create_rbac;
mod delete;
mod describe;
mod get;
mod label;
mod logs;
mod object;
mod version;
mod wait;

use super::failure::Failure;
use super::session::Session;

/// A command that docent has.
pub(crate) struct Verb {
    pub(crate) path: &'static str,
    /// Its own options; the global ones come on top.
    pub(crate) options: &'static [&'static str],
    pub(crate) run: fn(&mut Session<'_, '_>) -> Result<i32, Failure>,
}

const fn verb(path: &'static str, options: &'static [&'static str], run: fn(&mut Session<'_, '_>) -> Result<i32, Failure>) -> Verb {
    Verb { path, options, run }
}

const CREATE: &[&str] =
    &["allow-missing-template-keys", "dry-run", "field-manager", "output", "save-config", "show-managed-fields", "template", "validate"];
const CREATE_DATA: &[&str] = &[
    "allow-missing-template-keys",
    "dry-run",
    "field-manager",
    "from-env-file",
    "from-file",
    "from-literal",
    "output",
    "save-config",
    "show-managed-fields",
    "template",
    "validate",
];
const CREATE_SECRET: &[&str] = &[
    "allow-missing-template-keys",
    "dry-run",
    "field-manager",
    "from-env-file",
    "from-file",
    "from-literal",
    "output",
    "save-config",
    "show-managed-fields",
    "template",
    "type",
    "validate",
];
const CREATE_CLUSTER_BINDING: &[&str] = &[
    "allow-missing-template-keys",
    "clusterrole",
    "dry-run",
    "field-manager",
    "group",
    "output",
    "save-config",
    "serviceaccount",
    "show-managed-fields",
    "template",
    "user",
    "validate",
];
const CREATE_BINDING: &[&str] = &[
    "allow-missing-template-keys",
    "clusterrole",
    "dry-run",
    "field-manager",
    "group",
    "output",
    "role",
    "save-config",
    "serviceaccount",
    "show-managed-fields",
    "template",
    "user",
    "validate",
];
const MARK: &[&str] = &[
    "all",
    "allow-missing-template-keys",
    "all-namespaces",
    "dry-run",
    "field-manager",
    "field-selector",
    "filename",
    "list",
    "local",
    "output",
    "overwrite",
    "recursive",
    "selector",
    "show-managed-fields",
    "template",
];
const VIEW: &[&str] = &["allow-missing-template-keys", "flatten", "merge", "minify", "output", "raw", "show-managed-fields", "template"];

pub(crate) const VERBS: &[Verb] = &[
    verb("annotate", MARK, label::annotate),
    verb("api-resources", &["api-group", "cached", "namespaced", "no-headers", "output", "verbs"], api_resources::resources),
    verb("api-versions", &[], api_resources::versions),
    verb(
        "apply",
        &[
            "allow-missing-template-keys",
            "dry-run",
            "field-manager",
            "filename",
            "force-conflicts",
            "output",
            "overwrite",
            "recursive",
            "selector",
            "server-side",
            "show-managed-fields",
            "template",
            "validate",
        ],
        apply::run,
    ),
    verb("auth can-i", &["all-namespaces", "list", "no-headers", "quiet", "subresource"], auth::can_i),
    verb("auth whoami", &["allow-missing-template-keys", "output", "show-managed-fields", "template"], auth::whoami),
    verb("cluster-info", &[], cluster_info::run),
    verb("config current-context", &[], config::current_context),
    verb("config delete-cluster", &[], config::delete_cluster),
    verb("config delete-context", &[], config::delete_context),
    verb("config delete-user", &[], config::delete_user),
    verb("config get-clusters", &[], config::get_clusters),
    verb("config get-contexts", &["no-headers", "output"], config::get_contexts),
    verb("config get-users", &[], config::get_users),
    verb("config rename-context", &[], config::rename_context),
    verb(
        "config set-cluster",
        &["insecure-skip-tls-verify", "server", "certificate-authority", "tls-server-name", "proxy-url"],
        config::set_cluster,
    ),
    verb("config set-context", &["cluster", "current", "namespace", "user"], config::set_context),
    verb("config set-credentials", &["token", "username", "password", "client-certificate", "client-key"], config::set_credentials),
    verb("config unset", &[], config::unset),
    verb("config use-context", &[], config::use_context),
    verb("config view", VIEW, config::view),
    verb(
        "create",
        &[
            "allow-missing-template-keys",
            "dry-run",
            "field-manager",
            "filename",
            "output",
            "recursive",
            "save-config",
            "show-managed-fields",
            "template",
            "validate",
        ],
        create::from_files,
    ),
    verb(
        "create clusterrole",
        &[
            "aggregation-rule",
            "allow-missing-template-keys",
            "dry-run",
            "field-manager",
            "non-resource-url",
            "output",
            "resource",
            "resource-name",
            "save-config",
            "show-managed-fields",
            "template",
            "validate",
            "verb",
        ],
        create_rbac::cluster_role,
    ),
    verb("create clusterrolebinding", CREATE_CLUSTER_BINDING, create_rbac::cluster_role_binding),
    verb("create configmap", CREATE_DATA, create::config_map),
    verb("create namespace", CREATE, create::namespace),
    verb(
        "create role",
        &[
            "allow-missing-template-keys",
            "dry-run",
            "field-manager",
            "output",
            "resource",
            "resource-name",
            "save-config",
            "show-managed-fields",
            "template",
            "validate",
            "verb",
        ],
        create_rbac::role,
    ),
    verb("create rolebinding", CREATE_BINDING, create_rbac::role_binding),
    verb("create secret generic", CREATE_SECRET, create::secret),
    verb("create serviceaccount", CREATE, create::service_account),
    verb(
        "create token",
        &[
            "allow-missing-template-keys",
            "audience",
            "bound-object-kind",
            "bound-object-name",
            "bound-object-uid",
            "duration",
            "output",
            "show-managed-fields",
            "template",
        ],
        create::token,
    ),
    verb(
        "delete",
        &[
            "all",
            "all-namespaces",
            "cascade",
            "field-selector",
            "filename",
            "force",
            "grace-period",
            "ignore-not-found",
            "now",
            "output",
            "recursive",
            "selector",
            "timeout",
            "wait",
        ],
        delete::run,
    ),
    verb("describe", &["all-namespaces", "chunk-size", "filename", "recursive", "selector", "show-events"], describe::run),
    verb(
        "get",
        &[
            "all-namespaces",
            "allow-missing-template-keys",
            "chunk-size",
            "field-selector",
            "filename",
            "ignore-not-found",
            "label-columns",
            "no-headers",
            "output",
            "raw",
            "recursive",
            "selector",
            "server-print",
            "show-kind",
            "show-labels",
            "show-managed-fields",
            "sort-by",
            "template",
        ],
        get::run,
    ),
    verb("label", MARK, label::label),
    verb(
        "logs",
        &[
            "all-containers",
            "container",
            "follow",
            "ignore-errors",
            "limit-bytes",
            "max-log-requests",
            "pod-running-timeout",
            "prefix",
            "previous",
            "selector",
            "since",
            "since-time",
            "tail",
            "timestamps",
        ],
        logs::run,
    ),
    verb("version", &["client", "output"], version::run),
    verb(
        "wait",
        &[
            "all",
            "all-namespaces",
            "allow-missing-template-keys",
            "field-selector",
            "filename",
            "for",
            "output",
            "recursive",
            "selector",
            "show-managed-fields",
            "template",
            "timeout",
        ],
        wait::run,
    ),
];
