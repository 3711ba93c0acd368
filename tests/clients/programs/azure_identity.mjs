import { ClientSecretCredential } from '@azure/identity';
import { createDefaultHttpClient, createPipelineFromOptions, createPipelineRequest } from '@azure/core-rest-pipeline';

const env = process.env;
const scope = 'https://graph.microsoft.com/.default';
const { token } = await new ClientSecretCredential(env.AZURE_TENANT_ID, env.AZURE_CLIENT_ID, env.AZURE_CLIENT_SECRET).getToken(scope);
const request = createPipelineRequest({url: 'https://graph.microsoft.com/v1.0/domains'});
request.headers.set('Authorization', `Bearer ${token}`);
const answer = await createPipelineFromOptions({}).sendRequest(createDefaultHttpClient(), request);
console.log(JSON.parse(answer.bodyAsText).value.map(domain => domain.id).sort().join(' '));
try {
    const other = new ClientSecretCredential('t', 'c', 's', {authorityHost: 'https://example.com', disableInstanceDiscovery: true, retryOptions: {maxRetries: 0}});
    await other.getToken(scope);
    console.log('reached');
} catch (error) { console.log(`refused: ${error.name}`); }
