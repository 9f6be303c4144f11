/** Configurations of the peers that have one: Sluice and KrakenD (the same file), nginx, HAProxy. */

const PASS = ['/150.txt', '/16k.txt', '/1m.txt']

/**
 * A KrakenD v3 configuration with every path of the cases.
 * @param {{ port: number, upstream: string, logged: boolean, endpoints: number }} options `endpoints`: how many pass-through routes there are besides
 */
export function gatewayConfig({ port, upstream, logged, endpoints }) {
  const backend = (url_pattern, more = {}) => ({ host: [upstream], url_pattern, ...more })
  const pass = (endpoint, method = 'GET') => ({
    endpoint,
    method,
    output_encoding: 'no-op',
    input_headers: ['*'],
    backend: [backend(endpoint, { method })]
  })
  const list = []
  // half of them with a parameter; those that are asked for come last
  for (let i = 0; i < endpoints; i++) list.push(pass(i % 2 === 0 ? `/section${i}/items/{id}` : `/section${i}/list`))
  for (const path of PASS) list.push(pass(path))
  list.push({
    endpoint: '/files/{name}',
    output_encoding: 'no-op',
    input_headers: ['*'],
    backend: [backend('/{name}')]
  })
  list.push(pass('/upload', 'POST'))
  list.push({ endpoint: '/json/150', backend: [backend('/150.json')] })
  list.push({ endpoint: '/json/16k', backend: [backend('/16k.json')] })
  list.push({ endpoint: '/json/1m', backend: [backend('/1m.json')] })
  list.push({ endpoint: '/merge', backend: [backend('/a.json'), backend('/b.json'), backend('/c.json')] })
  list.push({
    endpoint: '/group',
    backend: [backend('/a.json', { group: 'a' }), backend('/16k.json', { group: 'b' }), backend('/c.json', { group: 'c' })]
  })
  list.push({ endpoint: '/allow', backend: [backend('/16k.json', { allow: ['id', 'name', 'total'] })] })
  return {
    version: 3,
    name: 'bench',
    port,
    listen_ip: '127.0.0.1',
    timeout: '10s',
    max_idle_connections_per_host: 256,
    endpoints: list,
    extra_config: {
      router: { disable_access_log: !logged },
      'telemetry/logging': { level: logged ? 'INFO' : 'WARNING', prefix: '[BENCH]', stdout: true }
    }
  }
}

// without a master process, as one hides its environment, by which a machine may know whose priority to lower
const ONE_PROCESS = 'worker_processes 1; daemon off; master_process off;'

export const nginxUpstream = ({ port, folder, root }) => `
${ONE_PROCESS} error_log stderr crit; pid ${folder}/upstream.pid;
events { worker_connections 4096; }
http {
  access_log off; sendfile on; tcp_nopush off; keepalive_timeout 75s; keepalive_requests 1000000000;
  types { application/json json; text/plain txt; } client_max_body_size 64m; client_body_buffer_size 64k;
  open_file_cache max=100 inactive=600s; ${temporary(folder)}
  server {
    listen 127.0.0.1:${port} backlog=1024; root ${root};
    location = /upload { return 200 "ok"; }
    location /cached/ { alias ${root}/; add_header Cache-Control "max-age=3600"; }
  }
}
`

export const nginxGateway = ({ port, folder, upstream }) => `
${ONE_PROCESS} error_log stderr crit; pid ${folder}/gateway.pid;
events { worker_connections 4096; }
http {
  access_log off; keepalive_timeout 75s; keepalive_requests 1000000000; client_max_body_size 64m; client_body_buffer_size 64k; ${temporary(folder)}
  upstream backend { server ${upstream.replace('http://', '')}; keepalive 256; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port} backlog=1024;
    location / { proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_max_temp_file_size 0; }
  }
}
`

const temporary = folder =>
  ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${folder}/${name}_temp;`).join(' ')

export const haproxyGateway = ({ port, upstream }) => `
global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 75s
  timeout server 75s
  http-reuse always
listen bench
  bind 127.0.0.1:${port}
  server upstream ${upstream.replace('http://', '')} pool-max-conn 256
`
