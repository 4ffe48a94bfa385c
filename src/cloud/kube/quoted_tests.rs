//! Cells that others describe: Microsoft's documentation, that of Kubernetes, and public reports. Each has an address of its own, and each is a
//! request through the whole cloud by an identity of the tenant, a service account, or nobody.
//!
//! The matrix and the code could share one misreading of the role data; what is said here was written by those who know or have seen it.

use std::collections::BTreeSet;

use http::{HeaderName, HeaderValue, Method};
use serde_json::{Value, json};

use super::bench::{Bench, SERVER, azure_rbac, managed};
use crate::cloud::http::endpoint::{Reply, Request};
use crate::cloud::identity::entra::model::Group;
use crate::cloud::lab::Who;
use crate::cloud::state::State;

/// What the asker was given before.
enum Given {
    /// An Azure role at the subscription, the group, the cluster, or a namespace of it.
    Azure(&'static str, At),
    /// A role of one's own: a permission as in a role definition.
    Custom(&'static str, At),
    /// A default cluster role, everywhere or in a namespace.
    Default(&'static str, &'static str),
    /// Rules of one's own, everywhere or in a namespace.
    Rules(&'static str, &'static str),
    /// An object that is there: path of its collection and object; `{U}` is the asker.
    Object(&'static str, &'static str),
    /// Membership in so many groups of the directory.
    Groups(usize),
}

enum At {
    Subscription,
    Group,
    Cluster,
    Namespace(&'static str),
}

/// Who asks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// The identity to whom everything was given.
    Identity,
    /// A service account, by namespace and name.
    Account(&'static str, &'static str),
    /// Without credentials.
    Nobody,
}

/// What is asked.
enum Asks {
    /// The API server, with a body unless it is empty, and headers.
    Api(&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]),
    /// Resource Manager, at the cluster.
    Arm(&'static str),
}

/// What comes of it. `{U}` is the asker's object id and `{C}` the cluster's id.
enum Comes {
    /// It is let in.
    In,
    /// It is let in, and the answer has this in it.
    With(&'static str),
    /// Status and message.
    Refused(u16, &'static str),
    /// Status and a part of the message.
    RefusedWith(u16, &'static str),
}

use Asks::{Api, Arm};
use At::{Cluster, Namespace, Subscription};
use By::{Account, Identity, Nobody};
use Comes::{In, Refused, RefusedWith, With};
use Given::{Azure, Custom, Default, Groups, Object, Rules};

/// Which cluster is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum On {
    /// Entra integration; the cluster's own roles decide.
    Kubernetes,
    /// Azure's roles decide too.
    AzureRbac,
    /// Local accounts are off.
    NoLocalAccounts,
}

struct Cell {
    address: &'static str,
    on: On,
    given: &'static [Given],
    by: By,
    asks: Asks,
    comes: Comes,
}

const fn cell(address: &'static str, on: On, given: &'static [Given], asks: Asks, comes: Comes) -> Cell {
    Cell { address, on, given, by: Identity, asks, comes }
}

const fn get(path: &'static str) -> Asks {
    Api("GET", path, "", &[])
}

const PODS: &str = "/api/v1/namespaces/dev/pods";
const ALL_PODS: &str = "/api/v1/pods";
const SECRETS: &str = "/api/v1/namespaces/dev/secrets";
const ROLES: &str = "/apis/rbac.authorization.k8s.io/v1/namespaces/dev/roles";
const BINDINGS: &str = "/apis/rbac.authorization.k8s.io/v1/namespaces/dev/rolebindings";
const CLUSTER_ROLES: &str = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
const REVIEWS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
const WHO_AM_I: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
const REVIEW: &str = r#"{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}"#;
const SECRET: &str = r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"data":{"k":"aGlkZGVu"}}"#;
const POD: &str = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"serviceAccountName":"default","containers":[{"name":"a","image":"nginx"}]}}"#;
const NAMESPACE: &str = r#"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"new"}}"#;
const QUOTA: &str = r#"{"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"q"},"spec":{"hard":{"pods":"9"}}}"#;
const POD_READER: &str = r#"[{"apiGroups":[""],"resources":["pods"],"verbs":["get","watch","list"]}]"#;
const MAKES_ROLES: &str = r#"[{"apiGroups":["rbac.authorization.k8s.io"],"resources":["roles"],"verbs":["create"]}]"#;
const ESCALATES: &str = r#"[{"apiGroups":["rbac.authorization.k8s.io"],"resources":["roles"],"verbs":["create","escalate"]}]"#;
const MAKES_BINDINGS: &str = r#"[{"apiGroups":["rbac.authorization.k8s.io"],"resources":["rolebindings"],"verbs":["create"]}]"#;
const BINDS: &str = r#"[{"apiGroups":["rbac.authorization.k8s.io"],"resources":["rolebindings"],"verbs":["create"]},{"apiGroups":["rbac.authorization.k8s.io"],"resources":["clusterroles"],"verbs":["bind"],"resourceNames":["admin"]}]"#;
const READS_SECRETS: &str = r#"{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"r"},"rules":[{"apiGroups":[""],"resources":["secrets"],"verbs":["list"]}]}"#;
const BINDS_ADMIN: &str = r#"{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"b"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"admin"},"subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"user2"}]}"#;
const BINDS_VIEW: &str = r#"{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"user2-volume"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"},"subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"user2"}]}"#;

static CELLS: &[Cell] = &[
    // Microsoft's documentation.
    cell(
        "learn.microsoft.com/azure/aks/entra-id-authorization#aks-built-in-roles",
        On::AzureRbac,
        &[Azure("Azure Kubernetes Service RBAC Reader", Cluster)],
        get(SECRETS),
        RefusedWith(403, "User does not have access to the resource in Azure. Update role assignment to allow access."),
    ),
    cell(
        "learn.microsoft.com/azure/aks/concepts-cluster-authorization#microsoft-entra-id-authorization-for-the-kubernetes-api",
        On::AzureRbac,
        &[Azure("Azure Kubernetes Service RBAC Reader", At::Group)],
        get(PODS),
        In,
    ),
    cell(
        "learn.microsoft.com/azure/aks/concepts-cluster-authorization#comparison",
        On::AzureRbac,
        &[Azure("Azure Kubernetes Service RBAC Cluster Admin", Subscription)],
        get("/api/v1/nodes"),
        In,
    ),
    cell(
        "learn.microsoft.com/azure/aks/concepts-cluster-authorization#kubernetes-rbac",
        On::AzureRbac,
        &[Default("view", "dev")],
        get(PODS),
        In,
    ),
    cell(
        "learn.microsoft.com/azure/role-based-access-control/built-in-roles/containers#azure-kubernetes-service-rbac-reader",
        On::AzureRbac,
        &[Azure("Azure Kubernetes Service RBAC Reader", Cluster), Object(PODS, POD)],
        get("/api/v1/namespaces/dev/pods/p/log"),
        In,
    ),
    cell(
        "learn.microsoft.com/azure/role-based-access-control/built-in-roles/containers#azure-kubernetes-service-rbac-writer",
        On::AzureRbac,
        &[Azure("Azure Kubernetes Service RBAC Writer", Cluster)],
        Api("POST", "/api/v1/namespaces/dev/pods/p/exec?command=ls", "", &[]),
        In,
    ),
    cell(
        "learn.microsoft.com/azure/role-based-access-control/built-in-roles/containers#azure-kubernetes-service-rbac-admin",
        On::AzureRbac,
        &[Azure("Azure Kubernetes Service RBAC Admin", Cluster)],
        Api("POST", "/api/v1/namespaces/dev/resourcequotas", QUOTA, &[]),
        Refused(
            403,
            "resourcequotas is forbidden: User \"{U}\" cannot create resource \"resourcequotas\" in API group \"\" in the namespace \"dev\": User does not have access to the resource in Azure. Update role assignment to allow access.",
        ),
    ),
    cell(
        "learn.microsoft.com/azure/role-based-access-control/built-in-roles/containers#azure-kubernetes-service-rbac-cluster-admin",
        On::AzureRbac,
        &[Azure("Azure Kubernetes Service RBAC Cluster Admin", Cluster)],
        Api("POST", "/api/v1/namespaces", NAMESPACE, &[]),
        In,
    ),
    cell(
        "learn.microsoft.com/azure/role-based-access-control/built-in-roles/containers#azure-kubernetes-service-cluster-user-role",
        On::AzureRbac,
        &[Azure("Azure Kubernetes Service Cluster User Role", Cluster)],
        Arm("listClusterUserCredential"),
        With("clusterUser"),
    ),
    cell(
        "learn.microsoft.com/azure/role-based-access-control/built-in-roles/containers#azure-kubernetes-service-cluster-admin-role",
        On::AzureRbac,
        &[Azure("Azure Kubernetes Service Cluster Admin Role", Cluster)],
        Arm("listClusterAdminCredential"),
        With("clusterAdmin"),
    ),
    cell(
        "learn.microsoft.com/azure/aks/control-kubeconfig-access#available-permissions-for-cluster-roles",
        On::Kubernetes,
        &[Azure("Azure Kubernetes Service Cluster User Role", Cluster)],
        Arm("listClusterAdminCredential"),
        RefusedWith(403, "Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action"),
    ),
    cell(
        "learn.microsoft.com/azure/aks/entra-id-authorization#create-custom-roles-definitions",
        On::AzureRbac,
        &[Custom(r#"{"dataActions":["Microsoft.ContainerService/managedClusters/apps/deployments/read"]}"#, Cluster)],
        get("/apis/apps/v1/namespaces/dev/deployments"),
        In,
    ),
    cell(
        "learn.microsoft.com/azure/aks/entra-id-authorization#restrict-custom-resource-access-using-abac-conditions-preview",
        On::AzureRbac,
        &[Custom(r#"{"dataActions":["Microsoft.ContainerService/managedClusters/customresources/read"]}"#, Cluster)],
        get("/apis/cert-manager.io/v1/namespaces/dev/certificates"),
        In,
    ),
    cell(
        "learn.microsoft.com/azure/aks/concepts-identity#c-aks-resource-authorization-azure-resource-manager",
        On::AzureRbac,
        &[Azure("Owner", Subscription)],
        get(PODS),
        RefusedWith(403, "User does not have access to the resource in Azure."),
    ),
    cell(
        "learn.microsoft.com/azure/aks/kubernetes-rbac-entra-id#create-and-view-cluster-resources-outside-of-the-assigned-namespace",
        On::Kubernetes,
        &[Default("admin", "dev")],
        get(ALL_PODS),
        Refused(403, "pods is forbidden: User \"{U}\" cannot list resource \"pods\" in API group \"\" at the cluster scope"),
    ),
    cell(
        "learn.microsoft.com/azure/aks/kubernetes-rbac-entra-id#access-aks-cluster-resources-with-microsoft-entra-identities",
        On::Kubernetes,
        &[Rules(r#"[{"apiGroups":["","apps"],"resources":["*"],"verbs":["*"]}]"#, "dev")],
        Api("POST", PODS, POD, &[]),
        In,
    ),
    cell(
        "learn.microsoft.com/azure/aks/local-accounts#disable-local-accounts-on-an-existing-cluster",
        On::NoLocalAccounts,
        &[Azure("Owner", Subscription)],
        Arm("listClusterAdminCredential"),
        RefusedWith(400, "because this cluster is set to disable local accounts."),
    ),
    cell(
        "learn.microsoft.com/azure/aks/kubelogin-authentication#kubelogin-authentication-in-aks-limitations",
        On::Kubernetes,
        &[Groups(200)],
        Api("POST", WHO_AM_I, REVIEW, &[]),
        In,
    ),
    // The documentation of Kubernetes.
    cell(
        "kubernetes.io/docs/reference/access-authn-authz/rbac/#role-and-clusterrole",
        On::Kubernetes,
        &[Rules(POD_READER, "dev")],
        Api("DELETE", "/api/v1/namespaces/dev/pods/p", "", &[]),
        Refused(403, "pods \"p\" is forbidden: User \"{U}\" cannot delete resource \"pods\" in API group \"\" in the namespace \"dev\""),
    ),
    cell(
        "kubernetes.io/docs/reference/access-authn-authz/rbac/#rolebinding-and-clusterrolebinding",
        On::Kubernetes,
        &[Default("edit", "dev")],
        get("/api/v1/namespaces/default/secrets"),
        Refused(403, "secrets is forbidden: User \"{U}\" cannot list resource \"secrets\" in API group \"\" in the namespace \"default\""),
    ),
    cell(
        "kubernetes.io/docs/reference/access-authn-authz/rbac/#referring-to-resources",
        On::Kubernetes,
        &[Rules(
            r#"[{"apiGroups":[""],"resources":["configmaps"],"resourceNames":["my-configmap"],"verbs":["update","get","list"]}]"#,
            "dev",
        )],
        get("/api/v1/namespaces/dev/configmaps"),
        RefusedWith(403, "cannot list resource \"configmaps\""),
    ),
    cell(
        "kubernetes.io/docs/reference/access-authn-authz/rbac/#aggregated-clusterroles",
        On::Kubernetes,
        &[
            Object(
                CLUSTER_ROLES,
                r#"{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"monitoring"},"aggregationRule":{"clusterRoleSelectors":[{"matchLabels":{"rbac.example.com/aggregate-to-monitoring":"true"}}]}}"#,
            ),
            Object(
                CLUSTER_ROLES,
                r#"{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"monitoring-endpoints","labels":{"rbac.example.com/aggregate-to-monitoring":"true"}},"rules":[{"apiGroups":[""],"resources":["endpoints"],"verbs":["list"]}]}"#,
            ),
            Default("monitoring", ""),
        ],
        get("/api/v1/endpoints"),
        In,
    ),
    cell(
        "kubernetes.io/docs/reference/access-authn-authz/rbac/#role-examples",
        On::Kubernetes,
        &[Rules(r#"[{"nonResourceURLs":["/metrics","/metrics/*"],"verbs":["get"]}]"#, "")],
        Api("POST", "/metrics/x", "", &[]),
        Refused(403, "forbidden: User \"{U}\" cannot post path \"/metrics/x\""),
    ),
    Cell {
        address: "kubernetes.io/docs/reference/access-authn-authz/rbac/#role-binding-examples",
        on: On::Kubernetes,
        given: &[Object(
            BINDINGS,
            r#"{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"qa"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"view"},"subjects":[{"apiGroup":"rbac.authorization.k8s.io","kind":"Group","name":"system:serviceaccounts:default"}]}"#,
        )],
        by: Account("default", "default"),
        asks: get(PODS),
        comes: In,
    },
    cell("kubernetes.io/docs/reference/access-authn-authz/rbac/#discovery-roles", On::Kubernetes, &[], get("/apis"), In),
    cell(
        "kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles",
        On::Kubernetes,
        &[Default("view", "dev")],
        get(SECRETS),
        RefusedWith(403, "cannot list resource \"secrets\""),
    ),
    cell(
        "kubernetes.io/docs/reference/access-authn-authz/rbac/#restrictions-on-role-creation-or-update",
        On::Kubernetes,
        &[Rules(MAKES_ROLES, "dev")],
        Api("POST", ROLES, READS_SECRETS, &[]),
        RefusedWith(
            403,
            "is attempting to grant RBAC permissions not currently held:\n{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"list\"]}",
        ),
    ),
    cell(
        "kubernetes.io/docs/reference/access-authn-authz/rbac/#restrictions-on-role-binding-creation-or-update",
        On::Kubernetes,
        &[Rules(BINDS, "dev")],
        Api("POST", BINDINGS, BINDS_ADMIN, &[]),
        In,
    ),
    cell(
        "kubernetes.io/docs/concepts/security/rbac-good-practices/#listing-secrets",
        On::Kubernetes,
        &[Object(SECRETS, SECRET), Rules(r#"[{"apiGroups":[""],"resources":["secrets"],"verbs":["list"]}]"#, "dev")],
        get(SECRETS),
        With("aGlkZGVu"),
    ),
    cell(
        "kubernetes.io/docs/concepts/security/rbac-good-practices/#workload-creation",
        On::Kubernetes,
        &[Rules(r#"[{"apiGroups":[""],"resources":["pods"],"verbs":["create"]}]"#, "dev")],
        Api("POST", PODS, POD, &[]),
        With("\"serviceAccountName\":\"default\""),
    ),
    cell(
        "kubernetes.io/docs/concepts/security/rbac-good-practices/#escalate-verb",
        On::Kubernetes,
        &[Rules(ESCALATES, "dev")],
        Api("POST", ROLES, READS_SECRETS, &[]),
        In,
    ),
    cell(
        "kubernetes.io/docs/concepts/security/rbac-good-practices/#bind-verb",
        On::Kubernetes,
        &[Rules(MAKES_BINDINGS, "dev")],
        Api("POST", BINDINGS, BINDS_ADMIN, &[]),
        RefusedWith(403, "is attempting to grant RBAC permissions not currently held"),
    ),
    cell(
        "kubernetes.io/docs/concepts/security/rbac-good-practices/#impersonate-verb",
        On::Kubernetes,
        &[Rules(r#"[{"apiGroups":[""],"resources":["users","groups"],"verbs":["impersonate"]}]"#, "")],
        Api("GET", SECRETS, "", &[("impersonate-user", "x"), ("impersonate-group", "system:masters")]),
        In,
    ),
    cell(
        "kubernetes.io/docs/concepts/security/rbac-good-practices/#token-request",
        On::Kubernetes,
        &[Rules(r#"[{"apiGroups":[""],"resources":["serviceaccounts/token"],"verbs":["create"]}]"#, "dev")],
        Api(
            "POST",
            "/api/v1/namespaces/dev/serviceaccounts/default/token",
            r#"{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest"}"#,
            &[],
        ),
        With("\"token\":\"ey"),
    ),
    Cell {
        address: "kubernetes.io/docs/reference/access-authn-authz/authentication/#anonymous-requests",
        on: On::Kubernetes,
        given: &[],
        by: Nobody,
        asks: get("/healthz"),
        comes: Refused(401, "Unauthorized"),
    },
    cell(
        "kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation",
        On::Kubernetes,
        &[Rules(r#"[{"apiGroups":[""],"resources":["users"],"verbs":["impersonate"],"resourceNames":["jane"]}]"#, "")],
        Api("POST", WHO_AM_I, REVIEW, &[("impersonate-user", "jane")]),
        With("\"username\":\"jane\""),
    ),
    cell(
        "kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access",
        On::Kubernetes,
        &[],
        Api(
            "POST",
            REVIEWS,
            r#"{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","spec":{"resourceAttributes":{"group":"apps","resource":"deployments","verb":"create","namespace":"dev"}}}"#,
            &[],
        ),
        With("\"allowed\":false"),
    ),
    // Public reports.
    cell(
        "github.com/Azure/AKS/issues/3336",
        On::AzureRbac,
        &[Azure("Azure Kubernetes Service RBAC Reader", Cluster)],
        get("/api/v1/nodes"),
        RefusedWith(403, "nodes is forbidden"),
    ),
    cell(
        "learn.microsoft.com/azure/role-based-access-control/permissions/containers#microsoftcontainerservice",
        On::AzureRbac,
        &[Custom(r#"{"dataActions":["Microsoft.ContainerService/managedClusters/nodes/read"]}"#, Cluster)],
        get("/api/v1/nodes"),
        In,
    ),
    Cell {
        address: "github.com/kubeguard/guard/issues/345",
        on: On::AzureRbac,
        given: &[],
        by: Account("default", "default"),
        asks: get("/api/v1/namespaces/default/secrets"),
        comes: Refused(
            403,
            "secrets is forbidden: User \"system:serviceaccount:default:default\" cannot list resource \"secrets\" in API group \"\" in the namespace \"default\": Azure does not have opinion for this user.",
        ),
    },
    Cell {
        address: "github.com/fluent/fluent-bit-docs/pull/601",
        on: On::AzureRbac,
        given: &[],
        by: Account("default", "default"),
        asks: Api(
            "POST",
            REVIEWS,
            r#"{"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","spec":{"resourceAttributes":{"resource":"pods","verb":"list"}}}"#,
            &[],
        ),
        comes: With("\"allowed\":false,\"reason\":\"Azure does not have opinion for this user.\""),
    },
    Cell {
        address: "github.com/Azure/AKS/issues/954",
        on: On::Kubernetes,
        given: &[],
        by: Account("default", "default"),
        asks: get("/api/v1/namespaces/xyz/services/sample-api"),
        comes: Refused(
            403,
            "services \"sample-api\" is forbidden: User \"system:serviceaccount:default:default\" cannot get resource \"services\" in API group \"\" in the namespace \"xyz\"",
        ),
    },
    cell(
        "github.com/Azure/AKS/issues/5508",
        On::AzureRbac,
        &[Azure("Azure Kubernetes Service RBAC Reader", Cluster)],
        get("/apis/gateway.networking.k8s.io/v1/namespaces/dev/httproutes"),
        RefusedWith(403, "httproutes.gateway.networking.k8s.io is forbidden"),
    ),
    cell(
        "github.com/Azure/AKS/issues/4539",
        On::AzureRbac,
        &[Azure("Contributor", At::Group), Azure("Azure Kubernetes Service RBAC Reader", Cluster)],
        Api("POST", "/api/v1/namespaces/dev/pods/web/portforward", "", &[]),
        Refused(
            403,
            "pods \"web\" is forbidden: User \"{U}\" cannot create resource \"pods/portforward\" in API group \"\" in the namespace \"dev\": User does not have access to the resource in Azure. Update role assignment to allow access.",
        ),
    ),
    cell(
        "github.com/MicrosoftDocs/azure-docs/issues/67753",
        On::Kubernetes,
        &[Azure("Azure Kubernetes Service Cluster User Role", Cluster)],
        get("/api/v1/nodes"),
        Refused(403, "nodes is forbidden: User \"{U}\" cannot list resource \"nodes\" in API group \"\" at the cluster scope"),
    ),
    cell(
        "github.com/MicrosoftDocs/azure-docs/issues/72399",
        On::Kubernetes,
        &[Azure("Contributor", At::Group)],
        get("/api/v1/namespaces/default/pods"),
        Refused(403, "pods is forbidden: User \"{U}\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\""),
    ),
    cell(
        "github.com/Azure/AKS/issues/2302",
        On::AzureRbac,
        &[
            Azure("Azure Kubernetes Service RBAC Reader", Namespace("team1")),
            Azure("Azure Kubernetes Service RBAC Writer", Namespace("team2")),
        ],
        get("/api/v1/namespaces/team1/pods"),
        In,
    ),
    cell(
        "github.com/MicrosoftDocs/azure-docs/issues/87119",
        On::AzureRbac,
        &[Azure("Azure Kubernetes Service RBAC Reader", Namespace("dev"))],
        get("/api/v1/namespaces"),
        RefusedWith(403, "namespaces is forbidden"),
    ),
    cell(
        "github.com/Azure/AKS/issues/2416",
        On::AzureRbac,
        &[Azure("Azure Kubernetes Service RBAC Reader", Cluster)],
        Arm("listClusterUserCredential"),
        RefusedWith(403, "does not have authorization to perform action"),
    ),
    cell(
        "github.com/MicrosoftDocs/azure-docs/issues/55492",
        On::Kubernetes,
        &[],
        Arm("listClusterUserCredential"),
        Refused(
            403,
            "The client '{U}' with object id '{U}' does not have authorization to perform action 'Microsoft.ContainerService/managedClusters/listClusterUserCredential/action' over scope '{C}' or the scope is invalid. If access was recently granted, please refresh your credentials.",
        ),
    ),
    cell(
        "github.com/Azure/azure-cli/issues/7138",
        On::Kubernetes,
        &[Custom(
            r#"{"actions":["*"],"notActions":["Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action"]}"#,
            Subscription,
        )],
        Arm("listClusterAdminCredential"),
        RefusedWith(403, "listClusterAdminCredential/action"),
    ),
    cell(
        "github.com/Azure/kubelogin/issues/136",
        On::Kubernetes,
        &[Groups(201), Default("cluster-admin", "")],
        get(PODS),
        Refused(401, "Unauthorized"),
    ),
    cell(
        "github.com/kubeguard/guard/pull/409",
        On::AzureRbac,
        &[Custom(r#"{"dataActions":["Microsoft.ContainerService/managedClusters/cert-manager.io/certificates/read"]}"#, Cluster)],
        get("/apis/cert-manager.io/v1/namespaces/dev/certificates"),
        RefusedWith(403, "certificates.cert-manager.io is forbidden"),
    ),
    cell(
        "github.com/kubernetes/kubernetes/pull/65909",
        On::Kubernetes,
        &[Default("admin", "dev")],
        Api("POST", BINDINGS, BINDS_VIEW, &[]),
        RefusedWith(
            403,
            "rolebindings.rbac.authorization.k8s.io \"user2-volume\" is forbidden: user \"{U}\" (groups=[\"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[\"*\"], Resources:[\"*\"], Verbs:[\"*\"]}",
        ),
    ),
    cell(
        "github.com/kubernetes/kubernetes/issues/104127",
        On::Kubernetes,
        &[],
        Api("GET", PODS, "", &[("impersonate-user", "xxx@xxx.it")]),
        Refused(
            403,
            "users \"xxx@xxx.it\" is forbidden: User \"{U}\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope",
        ),
    ),
    cell(
        "github.com/OpenUnison/helm-charts/issues/186",
        On::Kubernetes,
        &[Rules(r#"[{"apiGroups":[""],"resources":["users"],"verbs":["impersonate"]}]"#, "")],
        Api("GET", PODS, "", &[("impersonate-user", "x"), ("impersonate-extra-authentication.kubernetes.io%2fcredential-id", "JTI=CUhk")]),
        Refused(
            403,
            "userextras.authentication.k8s.io \"JTI=CUhk\" is forbidden: User \"{U}\" cannot impersonate resource \"userextras/authentication.kubernetes.io/credential-id\" in API group \"authentication.k8s.io\" at the cluster scope",
        ),
    ),
];

/// A cluster, the identity that asks, and the state to which each cell comes back.
struct Place {
    bench: Bench,
    client: String,
    principal: String,
    before: State,
    local: String,
}

impl Place {
    fn new(entra: Value, disable_local_accounts: bool) -> Self {
        let bench = Bench::new(entra, disable_local_accounts);
        let (client, principal) = bench.lab.identity("asker");
        let local = {
            let state = bench.lab.cloud.shared.state();
            state.aks.get(&bench.cluster()).and_then(|cluster| cluster.credentials.clone()).expect("made").token
        };
        for name in ["dev", "team1", "team2"] {
            let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
            bench.as_local(&local, "POST", "/api/v1/namespaces", &body);
        }
        let before = bench.lab.cloud.shared.state().clone();
        Self { bench, client, principal, before, local }
    }

    fn scope(&self, at: &At) -> String {
        match at {
            Subscription => self.bench.lab.path(""),
            At::Group => self.bench.lab.path("/resourceGroups/rg"),
            Cluster => self.bench.cluster(),
            Namespace(name) => format!("{}/namespaces/{name}", self.bench.cluster()),
        }
    }

    fn give(&self, given: &Given) {
        let lab = &self.bench.lab;
        match given {
            Azure(role, at) => drop(lab.assign(&self.principal, role, &self.scope(at))),
            Custom(permission, at) => {
                let id = "99999999-0000-4000-8000-000000000001";
                let permission: Value = serde_json::from_str(permission).expect("JSON");
                let body = json!({"properties": {"roleName": "Own", "assignableScopes": [lab.path("")], "permissions": [permission]}});
                let target = lab.path(&format!("/providers/Microsoft.Authorization/roleDefinitions/{id}"));
                assert_eq!(lab.arm(Method::PUT, &target, &body).0, 201);
                let assignment = format!("{}/providers/Microsoft.Authorization/roleAssignments/{id}", self.scope(at));
                assert_eq!(lab.arm(Method::PUT, &assignment, &lab.assignment_body(id, &self.principal)).0, 201);
            }
            Default(role, namespace) => self.bind("ClusterRole", role, namespace),
            Rules(rules, namespace) => {
                let rules: Value = serde_json::from_str(rules).expect("JSON");
                let kind = if namespace.is_empty() { "ClusterRole" } else { "Role" };
                let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": "own"}, "rules": rules});
                self.bench.as_local(
                    &self.local,
                    "POST",
                    &of_rbac(namespace, if namespace.is_empty() { "clusterroles" } else { "roles" }),
                    &role,
                );
                self.bind(kind, "own", namespace);
            }
            Object(path, object) => {
                let object: Value = serde_json::from_str(&object.replace("{U}", &self.principal)).expect("JSON");
                self.bench.as_local(&self.local, "POST", path, &object);
            }
            Groups(count) => {
                let mut state = lab.cloud.shared.state();
                let groups = (0..*count).map(|number| Group {
                    object_id: format!("22222222-0000-4000-8000-{number:012}"),
                    display_name: format!("g{number}"),
                    mail_nickname: format!("g{number}"),
                    description: None,
                    created: jiff::Timestamp::UNIX_EPOCH,
                    members: vec![self.principal.clone()],
                });
                state.directory.groups.extend(groups);
            }
        }
    }

    fn bind(&self, kind: &str, role: &str, namespace: &str) {
        let (binding, plural) =
            if namespace.is_empty() { ("ClusterRoleBinding", "clusterrolebindings") } else { ("RoleBinding", "rolebindings") };
        let group = "rbac.authorization.k8s.io";
        let body = json!({
            "apiVersion": format!("{group}/v1"), "kind": binding, "metadata": {"name": "given"},
            "roleRef": {"apiGroup": group, "kind": kind, "name": role},
            "subjects": [{"apiGroup": group, "kind": "User", "name": self.principal}],
        });
        self.bench.as_local(&self.local, "POST", &of_rbac(namespace, plural), &body);
    }

    fn ask(&self, by: By, asks: &Asks) -> Reply {
        let lab = &self.bench.lab;
        let (method, path, body, headers) = match asks {
            Arm(child) => {
                let target = format!("{}/{child}?api-version=2026-02-01", self.bench.cluster());
                let who = Who::App(&self.client);
                return lab.send(who, "https://management.azure.com/", Method::POST, "management.azure.com", &target, &Value::Null);
            }
            Api(method, path, body, headers) => (method, path, body, headers),
        };
        let mut request = Request::new(Method::from_bytes(method.as_bytes()).expect("a method"), &self.bench.host, path);
        if !body.is_empty() {
            request = request.with_json(&serde_json::from_str(body).expect("JSON"));
        }
        request = match by {
            Nobody => request,
            Identity => request.with_bearer(&lab.token(Who::App(&self.client), SERVER).expect("a token")),
            Account(namespace, name) => {
                let target = format!("/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token");
                let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest"});
                let made = self.bench.as_local(&self.local, "POST", &target, &body);
                request.with_bearer(made["status"]["token"].as_str().expect("a token"))
            }
        };
        for (name, value) in *headers {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            request.headers.insert(name, HeaderValue::from_static(value));
        }
        lab.cloud.shared.handle(&request)
    }
}

fn of_rbac(namespace: &str, plural: &str) -> String {
    let home = if namespace.is_empty() { String::new() } else { format!("namespaces/{namespace}/") };
    format!("/apis/rbac.authorization.k8s.io/v1/{home}{plural}")
}

#[test]
fn what_others_say_of_access_is_so() {
    let addresses: BTreeSet<&str> = CELLS.iter().map(|cell| cell.address).collect();
    assert_eq!(addresses.len(), CELLS.len(), "each cell has an address of its own");
    assert!(addresses.len() >= 40, "{}", addresses.len());
    for on in [On::Kubernetes, On::AzureRbac, On::NoLocalAccounts] {
        let place = match on {
            On::Kubernetes => Place::new(managed(), false),
            On::AzureRbac => Place::new(azure_rbac(), false),
            On::NoLocalAccounts => Place::new(managed(), true),
        };
        for cell in CELLS.iter().filter(|cell| cell.on == on) {
            place.bench.lab.cloud.shared.restore(&place.before);
            cell.given.iter().for_each(|given| place.give(given));
            let reply = place.ask(cell.by, &cell.asks);
            let body = reply.as_json().cloned().unwrap_or_default();
            let message = [&body["message"], &body["error"]["message"]].into_iter().find_map(Value::as_str).unwrap_or_default().to_owned();
            let filled = |text: &str| text.replace("{U}", &place.principal).replace("{C}", &place.bench.cluster());
            let found = format!("{}: {} {body}", cell.address, reply.status);
            match &cell.comes {
                In => assert!(!matches!(reply.status, 401 | 403), "{found}"),
                With(part) => assert!(!matches!(reply.status, 401 | 403) && body.to_string().contains(*part), "{found}"),
                Refused(status, text) => assert_eq!((reply.status, message), (*status, filled(text)), "{}", cell.address),
                RefusedWith(status, part) => {
                    assert!(reply.status == *status && message.contains(&filled(part)), "{found}");
                }
            }
        }
    }
}

/// Who was given nothing is refused what the cells above let in, so it is the gift that opens, and not the emptiness of the lab.
#[test]
fn without_what_was_given_nobody_is_let_in() {
    for on in [On::Kubernetes, On::AzureRbac] {
        let place = if on == On::Kubernetes { Place::new(managed(), false) } else { Place::new(azure_rbac(), false) };
        for cell in CELLS.iter().filter(|cell| cell.on == on && cell.by == Identity && matches!(cell.comes, In | With(_))) {
            place.bench.lab.cloud.shared.restore(&place.before);
            let asks_about_oneself = matches!(cell.asks, Api(_, path, ..) if path.contains("selfsubject") || path == "/apis");
            let is_impersonating = matches!(cell.asks, Api(_, _, _, headers) if !headers.is_empty());
            if !asks_about_oneself || is_impersonating {
                let reply = place.ask(cell.by, &cell.asks);
                assert_eq!(reply.status, 403, "{}", cell.address);
            }
        }
    }
}
