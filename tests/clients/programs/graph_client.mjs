import { ClientSecretCredential } from '@azure/identity';
import { Client } from '@microsoft/microsoft-graph-client';
import auth from '@microsoft/microsoft-graph-client/authProviders/azureTokenCredentials/index.js';

const env = process.env;
const credential = new ClientSecretCredential(env.AZURE_TENANT_ID, env.AZURE_CLIENT_ID, env.AZURE_CLIENT_SECRET);
const authProvider = new auth.TokenCredentialAuthenticationProvider(credential, {scopes: ['https://graph.microsoft.com/.default']});
const domains = await Client.initWithMiddleware({authProvider}).api('/domains').get();
console.log(domains.value.map(domain => domain.id).sort().join(' '));
try {
    await Client.initWithMiddleware({authProvider, baseUrl: 'https://example.com/'}).api('/domains').get();
    console.log('reached');
} catch (error) { console.log(`refused: ${error.code}`); }
