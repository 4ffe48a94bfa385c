//! Directory objects as Graph v1.0 shows them. Every shape is from a recording of 2022 or later.

use serde_json::{Value, json};

use super::directory::shown_password;
use crate::cloud::clock::whole_seconds;
use crate::cloud::identity::entra::model::{Application, Group, Model, Principal, ServicePrincipal, ServicePrincipalKind, User};

/// The default properties of a user. Recorded: `id` comes last.
pub(crate) fn user(user: &User) -> Value {
    json!({
        "businessPhones": [],
        "displayName": user.display_name,
        "givenName": user.given_name,
        "jobTitle": null,
        "mail": null,
        "mobilePhone": null,
        "officeLocation": null,
        "preferredLanguage": null,
        "surname": user.surname,
        "userPrincipalName": user.user_principal_name,
        "id": user.object_id,
    })
}

/// A security group.
pub(crate) fn group(group: &Group) -> Value {
    json!({
        "id": group.object_id,
        "deletedDateTime": null,
        "classification": null,
        "createdDateTime": whole_seconds(group.created),
        "creationOptions": [],
        "description": group.description,
        "displayName": group.display_name,
        "groupTypes": [],
        "mail": null,
        "mailEnabled": false,
        "mailNickname": group.mail_nickname,
        "securityEnabled": true,
    })
}

/// A service principal.
pub(crate) fn service_principal(directory: &Model, principal: &ServicePrincipal) -> Value {
    let managed = principal.kind == ServicePrincipalKind::ManagedIdentity;
    // Documented: a user-assigned identity names its resource in `alternativeNames`.
    let alternative: Vec<&str> = if managed { vec!["isExplicit=True", &principal.resource_id] } else { Vec::new() };
    json!({
        "id": principal.object_id,
        "deletedDateTime": null,
        "accountEnabled": true,
        "alternativeNames": alternative,
        "appDisplayName": if managed { Value::Null } else { json!(principal.display_name) },
        "appDescription": null,
        "appId": principal.app_id,
        "applicationTemplateId": null,
        "appOwnerOrganizationId": if managed { Value::Null } else { json!(directory.tenant.id) },
        "appRoleAssignmentRequired": false,
        "createdDateTime": whole_seconds(principal.created),
        "description": null,
        "disabledByMicrosoftStatus": null,
        "displayName": principal.display_name,
        "homepage": null,
        "loginUrl": null,
        "logoutUrl": null,
        "notes": null,
        "notificationEmailAddresses": [],
        "preferredSingleSignOnMode": null,
        "preferredTokenSigningKeyThumbprint": null,
        "replyUrls": [],
        "servicePrincipalNames": service_principal_names(principal),
        "servicePrincipalType": if managed { "ManagedIdentity" } else { "Application" },
        "signInAudience": if managed { Value::Null } else { json!("AzureADMyOrg") },
        "tags": [],
        "tokenEncryptionKeyId": null,
        "samlSingleSignOnSettings": null,
        "verifiedPublisher": {"displayName": null, "verifiedPublisherId": null, "addedDateTime": null},
        "addIns": [],
        "appRoles": [],
        "info": {"logoUrl": null, "marketingUrl": null, "privacyStatementUrl": null, "supportUrl": null, "termsOfServiceUrl": null},
        "keyCredentials": [],
        "oauth2PermissionScopes": [],
        "passwordCredentials": [],
        "resourceSpecificApplicationPermissions": [],
    })
}

/// The registration of an application. Graph reference, resource `application`: the properties that az prints.
pub(crate) fn application(directory: &Model, application: &Application) -> Value {
    let passwords: Vec<Value> = application.passwords.iter().map(shown_password).collect();
    json!({
        "id": application.object_id,
        "deletedDateTime": null,
        "appId": application.app_id,
        "applicationTemplateId": null,
        "disabledByMicrosoftStatus": null,
        "createdDateTime": whole_seconds(application.created),
        "displayName": application.display_name,
        "description": null,
        "groupMembershipClaims": null,
        "identifierUris": [],
        "isDeviceOnlyAuthSupported": null,
        "isFallbackPublicClient": null,
        "notes": null,
        "publisherDomain": directory.tenant.default_domain,
        "serviceManagementReference": null,
        "signInAudience": "AzureADMyOrg",
        "tags": [],
        "tokenEncryptionKeyId": null,
        "defaultRedirectUri": null,
        "certification": null,
        "optionalClaims": null,
        "addIns": [],
        "api": {"acceptMappedClaims": null, "knownClientApplications": [], "requestedAccessTokenVersion": null, "oauth2PermissionScopes": [], "preAuthorizedApplications": []},
        "appRoles": [],
        "info": {"logoUrl": null, "marketingUrl": null, "privacyStatementUrl": null, "supportUrl": null, "termsOfServiceUrl": null},
        "keyCredentials": [],
        "parentalControlSettings": {"countriesBlockedForMinors": [], "legalAgeGroupRule": "Allow"},
        "passwordCredentials": passwords,
        "publicClient": {"redirectUris": []},
        "requiredResourceAccess": [],
        "verifiedPublisher": {"displayName": null, "verifiedPublisherId": null, "addedDateTime": null},
        "web": {"homePageUrl": null, "logoutUrl": null, "redirectUris": [], "implicitGrantSettings": {"enableAccessTokenIssuance": false, "enableIdTokenIssuance": false}, "redirectUriSettings": []},
        "spa": {"redirectUris": []},
    })
}

/// The names by which a service principal is looked up. A managed identity also has one below `identity.azure.net`, which is left out.
pub(crate) fn service_principal_names(principal: &ServicePrincipal) -> Vec<&str> {
    vec![&principal.app_id]
}

/// Any directory object with its type first, as lists of mixed objects show it.
pub(crate) fn typed(directory: &Model, principal: Principal<'_>) -> Value {
    let (kind, shown) = match principal {
        Principal::User(found) => ("#microsoft.graph.user", user(found)),
        Principal::Group(found) => ("#microsoft.graph.group", group(found)),
        Principal::Service(found) => ("#microsoft.graph.servicePrincipal", service_principal(directory, found)),
    };
    let mut object = serde_json::Map::new();
    object.insert("@odata.type".to_owned(), json!(kind));
    if let Value::Object(members) = shown {
        object.extend(members);
    }
    Value::Object(object)
}
