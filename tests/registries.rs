//! Images of a private registry: who may pull them decides whether a pod runs.

use crate::support::test_document;

const DOCUMENT: &str = r#"# Registry

```bash
az group create -n g -l eastus -o none
az acr create -g g -n shopregistry1 --sku Basic --query loginServer -o tsv
az acr import -n shopregistry1 --source docker.io/library/nginx:1.27 --image web:v1
az aks create -g g -n k --node-count 1 --generate-ssh-keys -o none 2>/dev/null
az aks get-credentials -g g -n k 2>/dev/null
cat <<'END' | kubectl apply -f -
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers: [{name: web, image: "shopregistry1.azurecr.io/web:v1"}]
END
sleep 60
kubectl get pod web -o jsonpath='{.status.containerStatuses[0].state.waiting.reason}'
kubectl get events -o jsonpath='{.items[*].message}' | grep -o 'anonymous token.*Unauthorized' | head -n 1
```

<!-- docent: name=attached -->

```bash
az aks update -g g -n k --attach-acr shopregistry1 -o none
sleep 400
kubectl get pod web -o jsonpath='{.status.phase} '
KUBELET=$(az aks show -g g -n k --query identityProfile.kubeletidentity.objectId -o tsv)
az role assignment list --assignee $KUBELET --all --query '[].roleDefinitionName' -o tsv
az role assignment list --assignee $(az aks show -g g -n k --query identity.principalId -o tsv) --all --query '[].roleDefinitionName' -o tsv
az aks update -g g -n k --detach-acr shopregistry1 -o none
az role assignment list --assignee $KUBELET --all --query '[].roleDefinitionName' -o tsv
```

<!-- docent: name=linked -->

```bash
az identity create -g g -n own -o none
az ad sp create-for-rbac --name ci --role "Azure Kubernetes Service Contributor Role" --scopes $(az group show -n g --query id -o tsv) -o none 2>/dev/null
export OWN=$(az identity show -g g -n own --query id -o tsv)
```

<!-- docent: as=ci name=refused expect-exit=1 -->

```bash
az aks create -g g -n k2 -l eastus --node-count 1 --generate-ssh-keys --assign-identity $OWN -o none
```

<!-- docent: name=owned -->

```bash
az aks create -g g -n k2 --node-count 1 --generate-ssh-keys --assign-identity $OWN --query identity.type -o tsv 2>/dev/null
az acr show -n shopregistry1 --query '[sku.name, adminUserEnabled]' -o tsv
az acr delete -n shopregistry1 --yes
az acr list -o tsv
```
"#;

#[test]
fn a_pod_runs_when_the_kubelet_may_pull_its_image() {
    let ended = test_document(DOCUMENT, &[]);
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    let output = |id: &str| ended.step(id)["stdout"].as_str().unwrap_or_default().to_owned();
    let waiting = output("registry");
    assert!(
        waiting.starts_with("shopregistry1.azurecr.io\npod/web created\nImagePullBackOffanonymous token: unexpected status"),
        "{waiting}"
    );
    assert_eq!(output("attached"), "Running AcrPull\nContributor\n");
    let refused = ended.step("refused")["stderr"].as_str().unwrap_or_default();
    assert!(refused.contains("(LinkedAuthorizationFailed)") && refused.contains("userAssignedIdentities/assign/action"), "{refused}");
    assert_eq!(output("owned"), "UserAssigned\nBasic\nfalse\n");
}
