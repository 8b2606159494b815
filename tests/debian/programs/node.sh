# limit: 300
node --version
node -p 'process.arch.length > 0 && process.platform' # the rest doesn't say where it runs
node -e 'console.log(1 + 1)'
cat >job.js <<'JS'
const assert = require('assert');
const crypto = require('crypto');
const fs = require('fs');
const zlib = require('zlib');

// Objects, JSON, regular expressions, sorting.
const rows = [];
let x = 7;
for (let i = 0; i < 20000; i++) {
  x = (Math.imul(x, 1103515245) + 12345) >>> 1;
  rows.push({ id: i, name: `item-${x % 997}`, value: x / 3, tags: [x % 3, x % 5].map(String) });
}
const text = JSON.stringify(rows);
const again = JSON.parse(text);
assert.deepStrictEqual(again[777], rows[777]);
console.log(text.length, again.filter((r) => /^item-1\d*7$/.test(r.name)).length);
rows.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : b.value - a.value));
console.log(rows.slice(0, 3).map((r) => r.id).join(' '), text.replace(/(\d+)\.(\d)\d*/g, '$2:$1').length);
console.log('aXbXc'.match(/(?<first>\w)X(?<rest>.*)/).groups.rest, 'ÄÖÜ'.toLowerCase(), '\u{1f600}'.length);

// Classes, private fields, generators, closures, maps, big integers, typed arrays.
class Shape {
  #sides;
  constructor(sides) { this.#sides = sides; }
  get sides() { return this.#sides; }
  static from(list) { return list.map((n) => new this(n)); }
  *[Symbol.iterator]() { for (let i = 0; i < this.#sides; i++) yield i * i; }
}
class Named extends Shape {
  constructor(sides) { super(sides); this.name = `shape${sides}`; }
  toString() { return `${this.name}:${[...this].join()}`; }
}
console.log(Named.from([3, 4, 5]).join(' '));
const counts = new Map();
for (const r of rows) counts.set(r.name, (counts.get(r.name) ?? 0) + 1);
console.log(counts.size, [...counts.values()].reduce((a, b) => Math.max(a, b)));
let big = 1n;
for (let i = 1n; i <= 200n; i++) big *= i;
console.log(String(big).slice(0, 30), big % 1000003n);
const floats = new Float64Array(100000);
for (let r = 0; r < 5; r++) for (let i = 0; i < floats.length; i++) floats[i] += Math.sin(i * r) / (i + 1);
console.log(floats.reduce((a, b) => a + b).toFixed(9), Math.hypot(3, 4), 2 ** 0.5, -7 % 3, 1 / -0, NaN | 0, 2 ** 31 | 0);
console.log([0.1 + 0.2, 1e21, 123456789012345680000, 5e-324, (25).toString(36), parseFloat('1e-7')].join(' '));
const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2));
console.log(fib(24));
try { null.f(); } catch (e) { console.log(e instanceof TypeError, e.message); }
const deep = (n) => deep(n + 1) + 1;
try { deep(0); } catch (e) { console.log(e.constructor.name); }

// What is native: hashes, ciphers, compression, files, buffers.
const data = Buffer.from(text);
for (const name of ['md5', 'sha1', 'sha256', 'sha512']) console.log(name, crypto.createHash(name).update(data).digest('hex'));
console.log(crypto.pbkdf2Sync('word', 'salt', 1000, 16, 'sha256').toString('hex'));
const cipher = crypto.createCipheriv('aes-256-gcm', Buffer.alloc(32, 1), Buffer.alloc(12, 2));
console.log(Buffer.concat([cipher.update(data), cipher.final()]).subarray(-8).toString('hex'), cipher.getAuthTag().toString('hex'));
const packed = zlib.gzipSync(data, { level: 6 });
assert(zlib.gunzipSync(packed).equals(data));
assert(zlib.brotliDecompressSync(zlib.brotliCompressSync(data.subarray(0, 50000))).length === 50000);
fs.writeFileSync('out.json', text);
console.log(fs.statSync('out.json').size, fs.readFileSync('out.json', 'latin1').length, fs.readdirSync('.').includes('job.js'));

// What waits: promises, timers, streams, children, threads that share memory.
const { Worker } = require('worker_threads');
const { execFileSync, spawn } = require('child_process');
const sleep = (ms, v) => new Promise((done) => setTimeout(done, ms, v));
const worker = (from, to, shared) => new Promise((done, failed) => {
  const w = new Worker(`
    const { parentPort, workerData: { from, to, shared } } = require('worker_threads');
    const cells = new Int32Array(shared);
    let sum = 0;
    for (let i = from; i < to; i++) { sum += i % 7; Atomics.add(cells, 0, 1); }
    parentPort.postMessage(sum);`, { eval: true, workerData: { from, to, shared } });
  w.once('message', done);
  w.once('error', failed);
});
(async () => {
  console.log((await Promise.all([sleep(20, 'a'), sleep(5, 'b'), 'c'])).join(), await Promise.race([sleep(50, 'slow'), sleep(1, 'quick')]));
  const shared = new SharedArrayBuffer(4);
  const sums = await Promise.all([0, 1, 2, 3].map((n) => worker(n * 50000, (n + 1) * 50000, shared)));
  console.log(sums.join(), new Int32Array(shared)[0]);
  console.log(execFileSync('sh', ['-c', 'echo from a child; exit 0']).toString().trim());
  const child = spawn('cat');
  child.stdin.end('through cat');
  for await (const chunk of child.stdout) console.log(String(chunk));
  const hashes = await Promise.all([1, 2, 3].map((n) => new Promise((done, failed) =>
    crypto.scrypt('word', `salt${n}`, 16, { N: 1024 }, (e, key) => (e ? failed(e) : done(key.toString('hex')))))));
  console.log(hashes.join());
  await new Promise((done) => fs.createReadStream('out.json').pipe(zlib.createGzip()).pipe(fs.createWriteStream('out.gz')).on('finish', done));
  console.log(zlib.gunzipSync(fs.readFileSync('out.gz')).length === text.length);
  const server = require('http').createServer((q, s) => s.end(`you asked for ${q.url}`));
  await new Promise((done) => server.listen('socket', done));
  console.log(await new Promise((done) => require('http').get({ socketPath: 'socket', path: '/this' }, (s) => s.on('data', (d) => done(String(d))))));
  server.close();
  process.on('SIGUSR2', () => { console.log('signal'); clearInterval(waiting); });
  const waiting = setInterval(() => {}, 1000);
  process.kill(process.pid, 'SIGUSR2');
  process.on('exit', (code) => console.log('exit', code));
  process.exitCode = 3;
})();
JS
node job.js
echo "status $?"
node --jitless -e 'console.log([3, 1, 2].sort().join(), "abc".replace(/b/, "x"))' 2>/dev/null
node -e 'WebAssembly.instantiate(new Uint8Array([0,97,115,109,1,0,0,0,1,7,1,96,2,127,127,1,127,3,2,1,0,7,7,1,3,97,100,100,0,0,10,9,1,7,0,32,0,32,1,106,11])).then((m) => console.log(m.instance.exports.add(40, 2)))'
echo 'throw new Error("thrown")' | node - 2>&1 | grep thrown
node --check job.js && echo checked
