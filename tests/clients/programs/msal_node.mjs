import { ConfidentialClientApplication } from '@azure/msal-node';

const env = process.env;
const auth = {clientId: env.AZURE_CLIENT_ID, clientSecret: env.AZURE_CLIENT_SECRET};
const scopes = ['https://graph.microsoft.com/.default'];
const app = new ConfidentialClientApplication({auth: {...auth, authority: `https://login.microsoftonline.com/${env.AZURE_TENANT_ID}`}});
const { accessToken } = await app.acquireTokenByClientCredential({scopes});
const headers = {Authorization: `Bearer ${accessToken}`};
const domains = await (await fetch('https://graph.microsoft.com/v1.0/domains', {headers})).json();
console.log(domains.value.map(domain => domain.id).sort().join(' '));
try {
    const other = new ConfidentialClientApplication({auth: {...auth, authority: 'https://example.com/adfs', knownAuthorities: ['example.com']}});
    await other.acquireTokenByClientCredential({scopes});
    console.log('reached');
} catch (error) { console.log(`refused: ${error.errorCode}`); }
