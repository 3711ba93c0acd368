"""The whole round of an administrator with Microsoft's own JavaScript client, over TLS and under the real host name.

Create, page, filter, delta, batch, license, federate, restore: one run of one script that says what it saw.
"""

import json

import pytest

from .test_node_clients import lab, run

__all__ = ["lab"]
pytestmark = pytest.mark.clients

SCRIPT = r"""
import { ClientSecretCredential } from '@azure/identity';
import { Client, PageIterator, BatchRequestContent, BatchResponseContent } from '@microsoft/microsoft-graph-client';
import auth from '@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js';

const env = process.env, seen = {};
const credential = new ClientSecretCredential(env.AZURE_TENANT_ID, env.AZURE_CLIENT_ID, env.AZURE_CLIENT_SECRET);
const authProvider = new auth.TokenCredentialAuthenticationProvider(
    credential, {scopes: ['https://graph.microsoft.com/.default']});
const graph = Client.initWithMiddleware({authProvider});
const initial = (await graph.api('/domains').get()).value.find(domain => domain.isInitial).id;
const person = name => ({
    accountEnabled: true, displayName: name, mailNickname: name, usageLocation: 'US',
    userPrincipalName: `${name}@${initial}`, passwordProfile: {password: 'Correct-Horse-1'},
});

// delta: a token now, what changed later
const whole = async path => {
    let page = await graph.api(path).get(), rows = [...page.value];
    while (page['@odata.nextLink']) { page = await graph.api(page['@odata.nextLink']).get(); rows.push(...page.value); }
    return {rows, link: page['@odata.deltaLink']};
};
const before = await whole('/users/delta?$select=displayName');

// create
const made = [];
for (const name of ['nodeann', 'nodebob', 'nodecyd']) made.push(await graph.api('/users').post(person(name)));
seen.created = made.map(user => user.displayName);

// page
let pages = 0, ids = 0;
const first = await graph.api('/users').top(2).select('id').get();
const iterator = new PageIterator(graph, first, () => { ids += 1; return true; });
await iterator.iterate();
const {'@odata.count': total} = await graph.api('/users').header('ConsistencyLevel', 'eventual').count(true).top(1).get();
seen.paged = ids === total;

// filter and search
const filtered = await graph.api('/users').filter("startswith(displayName,'node')").orderby('displayName')
    .header('ConsistencyLevel', 'eventual').count(true).get();
seen.filtered = filtered['@odata.count'];
const found = await graph.api('/users').search('"displayName:nodebob"').header('ConsistencyLevel', 'eventual').get();
seen.searched = found.value.length;
seen.delta = (await whole(before.link)).rows.map(user => user.displayName).sort();

// batch, with a step that needs another
const batch = new BatchRequestContent([
    {id: '1', request: new Request(`https://graph.microsoft.com/v1.0/users/${made[0].id}`)},
    {id: '2', request: new Request('https://graph.microsoft.com/v1.0/users/nobody'), dependsOn: ['1']},
    {id: '3', request: new Request(`https://graph.microsoft.com/v1.0/users/${made[1].id}`), dependsOn: ['1']},
]);
const answers = new BatchResponseContent(await graph.api('/$batch').post(await batch.getContent()));
seen.batch = ['1', '2', '3'].map(id => answers.getResponseById(id).status);

// groups
const group = await graph.api('/groups').post(
    {displayName: 'Node', mailEnabled: false, mailNickname: 'nodegroup', securityEnabled: true});
await graph.api(`/groups/${group.id}/members/$ref`).post(
    {'@odata.id': `https://graph.microsoft.com/v1.0/directoryObjects/${made[0].id}`});
seen.members = (await graph.api(`/groups/${group.id}/members`).get()).value.map(user => user['@odata.type']);

// license
const skus = (await graph.api('/subscribedSkus').get()).value;
const sku = skus.find(item => item.appliesTo === 'User' && item.prepaidUnits.enabled > item.consumedUnits);
await graph.api(`/users/${made[0].id}/assignLicense`).post({addLicenses: [{skuId: sku.skuId}], removeLicenses: []});
const after = await graph.api(`/subscribedSkus/${sku.id}`).get();
seen.license = after.consumedUnits - sku.consumedUnits;

// federate with the certificate of a domain that is federated, and back
const held = (await graph.api('/domains').get()).value.find(item => item.authenticationType === 'Federated').id;
const known = (await graph.api(`/domains/${held}/federationConfiguration`).get()).value[0];
const domain = (await graph.api('/domains').get()).value.find(
    item => item.isVerified && !item.isInitial && !item.isDefault && item.authenticationType === 'Managed' && item.isRoot).id;
const federation = await graph.api(`/domains/${domain}/federationConfiguration`).post({
    displayName: 'Node', issuerUri: `urn:node:${domain}`, passiveSignInUri: 'https://idp.example/passive',
    activeSignInUri: 'https://idp.example/active', metadataExchangeUri: 'https://idp.example/mex',
    signOutUri: 'https://idp.example/out', preferredAuthenticationProtocol: 'wsFed', signingCertificate: known.signingCertificate});
const kinds = [(await graph.api(`/domains/${domain}`).get()).authenticationType];
await graph.api(`/domains/${domain}/federationConfiguration/${federation.id}`).delete();
kinds.push((await graph.api(`/domains/${domain}`).get()).authenticationType);
seen.federated = kinds;

// delete and restore
await graph.api(`/users/${made[2].id}`).delete();
const gone = await graph.api('/directory/deletedItems/microsoft.graph.user').get();
const back = await graph.api(`/directory/deletedItems/${made[2].id}/restore`).post({});
seen.restored = [gone.value.some(user => user.id === made[2].id), back.displayName];

// a refusal is an error object
try { await graph.api('/users').post(person('nodeann')); } catch (error) { seen.refused = [error.statusCode, error.code]; }
console.log(JSON.stringify(seen));
"""


def test_create_page_filter_delta_batch_license_federate_restore(lab):
    seen = json.loads(run(lab, SCRIPT))
    names = ["nodeann", "nodebob", "nodecyd"]
    assert seen == {
        "created": names, "paged": True, "filtered": 3, "searched": 1, "delta": names, "batch": [200, 404, 200],
        "members": ["#microsoft.graph.user"], "license": 1, "federated": ["Federated", "Managed"],
        "restored": [True, "nodecyd"], "refused": [400, "Request_BadRequest"],
    }  # fmt: skip
