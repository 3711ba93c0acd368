// A broad round trip with the vendor's SDK for Node, as an administrator's script would: prints what it saw as JSON.
import okta from '@okta/okta-sdk-nodejs';

const client = new okta.Client();
const seen = {};
const all = async (promise) => {
    const found = [];
    await (await promise).each((item) => { found.push(item); });
    return found;
};
const person = (name) => ({profile: {login: `${name}@acme.example`, email: `${name}@acme.example`, firstName: 'Node', lastName: name}});

async function manyPeople(count) {
    const ids = [];
    for (let start = 0; start < count; start += 20) {
        const some = Array.from({length: Math.min(20, count - start)}, (_, n) => client.userApi.createUser({
            body: person(`node${start + n}`), activate: false}));
        ids.push(...(await Promise.all(some)).map((user) => user.id));
    }
    const found = await all(client.userApi.listUsers({limit: 200, search: 'profile.firstName eq "Node"'}));
    seen.created = ids.length;
    seen.paged = new Set(found.map((user) => user.id)).size;
    return ids;
}

async function people() {
    const body = {...person('nora'), credentials: {password: {value: 'Rather-Long-0-One'}}};
    const user = await client.userApi.createUser({body, activate: true});
    await client.schemaApi.updateUserProfile({schemaId: 'default', userSchema: {definitions: {custom: {
        id: '#custom', type: 'object', properties: {nodeBadge: {title: 'Badge', type: 'string'}}}}}});
    const changed = await client.userApi.updateUser({userId: user.id, user: {profile: {nodeBadge: 'N7', department: 'Node'}}});
    await client.userApi.suspendUser({userId: user.id});
    await client.userApi.unsuspendUser({userId: user.id});
    const [sms] = [await client.userFactorApi.enrollFactor({userId: user.id, body: {
        factorType: 'sms', provider: 'OKTA', profile: {phoneNumber: '+14155550188'}}, activate: true})];
    const factors = await all(client.userFactorApi.listFactors({userId: user.id}));
    await client.userFactorApi.unenrollFactor({userId: user.id, factorId: sms.id});
    seen.people = [user.status, changed.profile.nodeBadge, (await client.userApi.getUser({userId: user.id})).status, factors.length];
    return user;
}

async function groups(user) {
    const group = await client.groupApi.createGroup({group: {profile: {name: 'Noders', description: 'd'}}});
    await client.groupApi.assignUserToGroup({groupId: group.id, userId: user.id});
    const members = await all(client.groupApi.listGroupUsers({groupId: group.id}));
    await client.groupApi.unassignUserFromGroup({groupId: group.id, userId: user.id});
    const rule = await client.groupApi.createGroupRule({groupRule: {type: 'group_rule', name: 'Node rule',
        conditions: {expression: {value: 'user.department=="Node"', type: 'urn:okta:expression:1.0'}},
        actions: {assignUserToGroups: {groupIds: [group.id]}}}});
    await client.groupApi.activateGroupRule({ruleId: rule.id});
    const byRule = await all(client.groupApi.listGroupUsers({groupId: group.id}));
    await client.groupApi.deactivateGroupRule({ruleId: rule.id});
    seen.groups = [group.type, members.length, byRule.length];
    return group;
}

async function apps(user, group) {
    const app = await client.applicationApi.createApplication({application: {name: 'bookmark', label: 'Node wiki',
        signOnMode: 'BOOKMARK', settings: {app: {requestIntegration: false, url: 'https://wiki.example'}}}});
    const assigned = await client.applicationApi.assignUserToApplication({appId: app.id, appUser: {id: user.id, scope: 'USER',
        credentials: {userName: 'nora'}}});
    await client.applicationApi.assignGroupToApplication({appId: app.id, groupId: group.id, applicationGroupAssignment: {priority: 0}});
    const people = await all(client.applicationApi.listApplicationUsers({appId: app.id}));
    await client.schemaApi.updateApplicationUserProfile({appInstanceId: app.id, body: {definitions: {custom: {
        id: '#custom', type: 'object', properties: {shelf: {title: 'Shelf', type: 'string'}}}}}});
    const [mapping] = await all(client.profileMappingApi.listProfileMappings({targetId: app.id}));
    // Writing one is left out: this SDK (7.3) sends an empty object in place of the properties that it is given.
    const mapped = await client.profileMappingApi.getProfileMapping({mappingId: mapping.id});
    const listed = await all(client.applicationApi.listApplications({q: 'Node wiki'}));
    seen.apps = [app.status, assigned.scope, people.length, mapped.target.type, listed.length];
    return app;
}

async function rules(group) {
    const zone = await client.networkZoneApi.createNetworkZone({zone: {type: 'IP', name: 'Node office',
        gateways: [{type: 'CIDR', value: '192.0.2.0/24'}]}});
    const policy = await client.policyApi.createPolicy({policy: {type: 'OKTA_SIGN_ON', name: 'Node policy', description: 'd',
        conditions: {people: {groups: {include: [group.id]}}}}});
    const rule = await client.policyApi.createPolicyRule({policyId: policy.id, policyRule: {type: 'SIGN_ON', name: 'In office',
        conditions: {network: {connection: 'ZONE', include: [zone.id]}}, actions: {signon: {access: 'ALLOW', requireFactor: false}}}});
    const listed = await all(client.policyApi.listPolicyRules({policyId: policy.id}));
    seen.rules = [zone.status, policy.type, rule.name, listed.length];
    await client.policyApi.deletePolicyRule({policyId: policy.id, ruleId: rule.id});
    await client.policyApi.deletePolicy({policyId: policy.id});
    await client.networkZoneApi.deactivateNetworkZone({zoneId: zone.id});
    await client.networkZoneApi.deleteNetworkZone({zoneId: zone.id});
}

async function logs(user) {
    const day = 24 * 60 * 60 * 1000;
    const [since, until] = [-day, day].map((shift) => new Date(Date.now() + shift).toISOString());
    const found = await all(client.systemLogApi.listLogEvents({since, until, filter: `target.id eq "${user.id}"`, limit: 3}));
    const kinds = found.map((event) => event.eventType);
    seen.logs = [kinds.length > 3, kinds.includes('user.lifecycle.create'), kinds.includes('user.lifecycle.suspend')];
}

async function away(user, group, app) {
    await client.applicationApi.deactivateApplication({appId: app.id});
    await client.applicationApi.deleteApplication({appId: app.id});
    await client.groupApi.deleteGroup({groupId: group.id});
    await client.userApi.deactivateUser({userId: user.id});
    await client.userApi.deleteUser({userId: user.id});
    try {
        await client.userApi.getUser({userId: user.id});
    } catch (error) {
        seen.gone = [error.status, error.errorCode];
    }
}

const lab = (path, body) => fetch(process.env.OKTA_DIRECT + path, {
    method: 'PATCH', headers: {'content-type': 'application/json'}, body: JSON.stringify(body)});

// A limit that is reached three seconds before it is lifted: the client waits, and its call succeeds. It goes straight to
// the lab: what this SDK (7.3) sends again has lost the agent that goes through a proxy.
async function patience() {
    for (const name of ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy']) delete process.env[name];
    const client = new okta.Client({orgUrl: process.env.OKTA_DIRECT});
    await lab('/_lab/clock', {advance: 'PT61S'});
    await lab('/_lab/limits', {limits: {'okta.apps': 2}});
    await client.applicationApi.createApplication({application: {name: 'bookmark', label: 'Patience', signOnMode: 'BOOKMARK',
        settings: {app: {requestIntegration: false, url: 'https://wiki.example'}}}});
    await lab('/_lab/clock', {advance: 'PT57S'});
    const began = Date.now();
    for (let n = 0; n < 2; n++) await all(client.applicationApi.listApplications({limit: 200}));
    seen.waited = Date.now() - began > 1000;
    await lab('/_lab/limits', {limits: 'off'});
}

const user = await people();
const group = await groups(user);
const app = await apps(user, group);
await rules(group);
await logs(user);
await away(user, group, app);
await manyPeople(1000);
await patience();
console.log(JSON.stringify(seen));
