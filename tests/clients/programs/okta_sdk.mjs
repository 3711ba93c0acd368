import okta from '@okta/okta-sdk-nodejs';

const domains = new Set();
await (await new okta.Client().userApi.listUsers({limit: 200})).each(user => { domains.add(user.profile.login.split('@')[1]); });
console.log([...domains].sort().join(' '));
try {
    const other = new okta.Client({orgUrl: 'https://somebody-else.okta.com', token: 'x'});
    await (await other.userApi.listUsers({limit: 1})).next();
    console.log('reached');
} catch (error) { console.log(`refused: ${error.name}`); }
