const env = process.env;
const form = {grant_type: 'client_credentials', client_id: env.AZURE_CLIENT_ID, client_secret: env.AZURE_CLIENT_SECRET,
    scope: 'https://graph.microsoft.com/.default'};
const answer = await fetch(`https://login.microsoftonline.com/${env.AZURE_TENANT_ID}/oauth2/v2.0/token`,
    {method: 'POST', body: new URLSearchParams(form)});
const headers = {Authorization: `Bearer ${(await answer.json()).access_token}`};
const domains = await (await fetch('https://graph.microsoft.com/v1.0/domains', {headers})).json();
console.log(domains.value.map(domain => domain.id).sort().join(' '));
try { await fetch('https://example.com/'); console.log('reached'); } catch (error) { console.log(`refused: ${error.cause}`); }
