// Loaded by `node --require` (NODE_OPTIONS) where Node itself ignores HTTPS_PROXY: connections to an emulated host's
// port 443 go to the lab's own TLS port, and no other host but loopback is reached.
'use strict';

const net = require('net');

const hosts = new Set((process.env.TENANTLAB_HOSTS || '').toLowerCase().split(',').filter(Boolean));
const target = new URL(process.env.TENANTLAB_TLS || 'https://127.0.0.1:0');
const loopback = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/;
const connect = net.Socket.prototype.connect;

net.Socket.prototype.connect = function (...args) {
  const normalized = Array.isArray(args[0]) ? args[0] : net._normalizeArgs(args);
  const options = normalized[0];
  const host = String(options.host || 'localhost').toLowerCase();
  if (!options.path && hosts.has(host) && Number(options.port) === 443) {
    normalized[0] = { ...options, host: target.hostname, port: Number(target.port) };
  } else if (!options.path && !loopback.test(host)) {
    process.nextTick(() => this.destroy(new Error(`${host} is not an emulated host, and no other is reached here`)));
    return this;
  }
  return connect.apply(this, [normalized]);
};
