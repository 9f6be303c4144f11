import { createGateway } from 'sluice'

/** Comma-separated values without quotes, with a heading. */
const csv = {
  // a backend's bytes become data: an object
  decode(bytes) {
    const [heading = '', ...lines] = bytes.toString('utf8').trimEnd().split('\n')
    const names = heading.split(',')
    return { rows: lines.map(line => Object.fromEntries(line.split(',').map((cell, i) => [names[i], cell]))) }
  },
  // an endpoint's data becomes a body
  render(data) {
    const rows = data?.rows ?? []
    const names = Object.keys(rows[0] ?? {})
    const lines = [names, ...rows.map(row => names.map(name => row[name]))]
    return { contentType: 'text/csv; charset=utf-8', body: lines.map(cells => `${cells.join(',')}\n`).join('') }
  }
}

const gateway = await createGateway(
  {
    version: 3,
    listen_ip: '127.0.0.1',
    host: [process.env.UPSTREAM ?? 'http://127.0.0.1:3000'],
    endpoints: [
      { endpoint: '/stock', backend: [{ url_pattern: '/stock.csv', encoding: 'csv' }] },
      {
        endpoint: '/prices.csv',
        output_encoding: 'csv',
        backend: [{ url_pattern: '/products', mapping: { products: 'rows' } }]
      }
    ]
  },
  { port: Number(process.env.PORT ?? 8080), encodings: { csv } }
)

const { port } = await gateway.listen()
console.log(`listening on http://127.0.0.1:${port}`)
process.once('SIGTERM', () => gateway.close())
