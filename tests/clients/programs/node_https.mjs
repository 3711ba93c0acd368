import https from 'node:https';

const env = process.env;
const ask = (url, options = {}, body) => new Promise((done, failed) => {
    const request = https.request(url, options, async answer => {
        let text = '';
        for await (const part of answer) text += part;
        done(JSON.parse(text));
    });
    request.on('error', failed);
    request.end(body);
});
const form = new URLSearchParams({grant_type: 'client_credentials', client_id: env.AZURE_CLIENT_ID,
    client_secret: env.AZURE_CLIENT_SECRET, scope: 'https://graph.microsoft.com/.default'}).toString();
const token = await ask(`https://login.microsoftonline.com/${env.AZURE_TENANT_ID}/oauth2/v2.0/token`,
    {method: 'POST', headers: {'content-type': 'application/x-www-form-urlencoded'}}, form);
const domains = await ask('https://graph.microsoft.com/v1.0/domains', {headers: {authorization: `Bearer ${token.access_token}`}});
console.log(domains.value.map(domain => domain.id).sort().join(' '));
try { await ask('https://example.com/'); console.log('reached'); } catch (error) { console.log(`refused: ${error.message}`); }
